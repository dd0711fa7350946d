package server

import (
	"net/http"
	"net/url"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// The pages of a PIN: to change it, and to set another one when it is forgotten.
const (
	pathPIN          = "/mon-code-pin"
	pathPINForgotten = "/mon-code-pin/oublie"
	pathPINSignIn    = "/mon-code-pin/oublie/connexion"
)

// pinScreen is either page.
type pinScreen struct {
	Ask       string // which of several keys; empty: one is meant
	Which     []navLink
	Without   bool     // there is no key to speak of
	NoKey     string   // said where they have none at all
	Do        *navLink // where they go on instead
	NoPIN     bool     // it was chosen before OKEY: only the way of a forgotten one leads on
	Serial    okey.Serial
	Waits     bool   // the key still waits to be handed over
	Changed   string // said in its stead where it has just been done
	Key       string // the key's page, for whoever has it in hand
	Form      *form  // nil: sign in afresh first
	Forgotten string // the other page
	SignIn    *form
}

// askedPIN is the visitor's key that the page is about. The parameter or field clef chooses among several.
func (s *Server) askedPIN(v *visit) (sql.KeptPIN, error) {
	typed := v.Query("clef")
	if v.Request.Method == http.MethodPost {
		if v.Request.ParseForm() != nil {
			return sql.KeptPIN{}, okey.Errorf(okey.CodeInvalid, "Ce formulaire est arrivé abîmé : revenez en arrière et recommencez.")
		}
		typed = v.Request.PostForm.Get("clef")
	}
	if typed == "" {
		return s.ownPIN(v.ctx(), v.Actor, "")
	}
	serial, err := okey.ParseSerial(typed)
	if err != nil {
		return sql.KeptPIN{}, noSuchKey()
	}
	return s.ownPIN(v.ctx(), v.Actor, serial)
}

func ofKey(path string, serial okey.Serial) string {
	return path + "?" + url.Values{"clef": {string(serial)}}.Encode()
}

// pinLinks lead to the pages of a key's PIN.
type pinLinks struct {
	Change, Forgotten string
	Of                string // " de la clef 0048000012", where its reader has another one besides
}

// ChangeName is what the link to a change says.
func (l *pinLinks) ChangeName() string { return "Changer " + l.what() }

// ForgottenName is what the link for a forgotten PIN says.
func (l *pinLinks) ForgottenName() string { return "J'ai oublié " + l.what() }

func (l *pinLinks) what() string {
	if l.Of != "" {
		return "le code PIN" + l.Of
	}
	return "mon code PIN"
}

// tellApart has each of the links name its key, where the visitor has the PINs of two: the one in hand, and the one that will replace it.
func (s *Server) tellApart(v *visit, links map[okey.Serial]*pinLinks) error {
	own, err := s.store.PINsOf(v.ctx(), v.Actor.ID)
	if err != nil || len(own) < 2 {
		return err
	}
	for serial, l := range links {
		l.Of = " de la clef " + string(serial)
	}
	return nil
}

func linksOfPIN(serial okey.Serial) *pinLinks {
	return &pinLinks{Change: ofKey(pathPIN, serial), Forgotten: ofKey(pathPINForgotten, serial)}
}

// pinLinks are there from awaiting_handover on; a key in hand has a page of its own for them.
func (d dossier) pinLinks(v *visit) *pinLinks {
	if d.Stage != okey.AwaitingHandover || d.Key == "" || !d.mine(v) {
		return nil
	}
	return linksOfPIN(d.Key)
}

func pinForm(v *visit, path string, kept sql.KeptPIN) *form {
	f := newForm(v, "pin", path, "Changer mon code PIN", map[string]field{
		"clef": {}, "pin": {Label: "Nouveau code PIN", Hint: "4 à 8 chiffres."}, "pin2": {Label: "Le même nouveau code PIN, une seconde fois"},
	})
	if path == pathPIN {
		f.Fields["current"] = field{Label: "Code PIN actuel"}
	}
	f.Values["clef"] = string(kept.Serial)
	return f
}

// choosePIN asks which key whoever has two means, and answers true where it did: an address that names none would mean either.
func (s *Server) choosePIN(v *visit, path, title string) (bool, error) {
	if v.Query("clef") != "" || v.Query("fait") != "" {
		return false, nil
	}
	own, err := s.store.PINsOf(v.ctx(), v.Actor.ID)
	if err != nil || len(own) < 2 {
		return false, err
	}
	body := pinScreen{Ask: "De quelle clef ?"}
	for _, kept := range own {
		which := navLink{Name: "Clef " + string(kept.Serial) + ", que vous avez", Path: ofKey(path, kept.Serial)}
		if kept.State == okey.Attributed {
			which.Name = "Clef " + string(kept.Serial) + ", qui attend de vous être remise"
		}
		body.Which = append(body.Which, which)
	}
	return true, s.show(v, http.StatusOK, "pin", screen{Title: title, Body: body})
}

// pinPage offers to change one's PIN.
func (s *Server) pinPage(v *visit) error {
	if asked, err := s.choosePIN(v, pathPIN, "Changer mon code PIN"); asked || err != nil {
		return err
	}
	kept, err := s.askedPIN(v)
	if err != nil {
		return s.noPINHere(v, err)
	}
	done, found, err := s.justDone(v)
	if err != nil {
		return err
	}
	if found && done.Name == okey.ActionPINChange {
		return s.showChanged(v, kept, done.Key)
	}
	guard, err := s.store.PINGuardOf(v.ctx(), kept.Serial)
	if err != nil {
		return err
	}
	blocked := ""
	if _, err := guard.Try(v.Now); err != nil {
		blocked = okey.ErrorMessage(err) // said before they type in vain
	}
	return s.showPIN(v, http.StatusOK, kept, pinForm(v, pathPIN, kept), blocked)
}

// noPINHere is for whoever has no key now, or no longer the one that an old link names.
func (s *Server) noPINHere(v *visit, err error) error {
	switch okey.ErrorCode(err) {
	case okey.CodeNoKey:
		return s.showNoKey(v, http.StatusOK, "")
	case okey.CodeNotFound:
		if serial, typed := okey.ParseSerial(v.Query("clef")); typed == nil {
			return s.formerly(v, serial, err)
		}
	}
	return err
}

// showNoKey leads on whoever has no key whose PIN this could be about.
func (s *Server) showNoKey(v *visit, status int, warning string) error {
	body := pinScreen{Without: true}
	own, err := s.store.PINsOf(v.ctx(), v.Actor.ID)
	if err != nil {
		return err
	}
	if len(own) == 0 {
		if body.NoKey, err = s.sayNoKey(v); err != nil {
			return err
		}
	}
	if body.Do, err = s.nextKey(v); err != nil {
		return err
	}
	return s.show(v, status, "pin", screen{Title: "Mon code PIN", Warning: warning, Body: body})
}

// sayNoKey tells whoever has signed, and waits for another key, that their PIN waits with them.
func (s *Server) sayNoKey(v *visit) (string, error) {
	open, err := s.store.OpenRequestOf(v.ctx(), v.Actor.ID)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return noKeyYet, nil
	case err != nil:
		return "", err
	case !open.SignedAt.IsZero():
		return "Vous n'avez pas de clef en ce moment : le code PIN que vous avez choisi servira avec la prochaine.", nil
	}
	return noKeyYet, nil
}

// pinGone is for whoever sends the form of a key that has left them meanwhile.
func (s *Server) pinGone(v *visit, err error) error {
	code := okey.ErrorCode(err)
	if code != okey.CodeNotFound && code != okey.CodeForbidden || v.Request.PostForm.Get("person") != v.Actor.ID.String() {
		return err
	}
	return s.showNoKey(v, statusOf(err), pinUnchanged)
}

func (s *Server) showPIN(v *visit, status int, kept sql.KeptPIN, f *form, warning string) error {
	body := pinScreen{
		Serial: kept.Serial, NoPIN: kept.Hash == "", Waits: kept.State == okey.Attributed, Form: f, Forgotten: ofKey(pathPINForgotten, kept.Serial),
	}
	if body.NoPIN {
		body.Form = nil
	}
	return s.show(v, status, "pin", screen{Title: "Changer mon code PIN", Warning: warning, Body: body})
}

// showChanged says that it is done, and where to go from there: nobody changes it twice in a row.
func (s *Server) showChanged(v *visit, kept sql.KeptPIN, serial okey.Serial) error {
	body := pinScreen{Serial: serial, Waits: kept.State == okey.Attributed, Changed: "Le prochain code à taper est le nouveau, suivi du nombre qu'affiche la clef."}
	if kept.State == okey.InService && kept.Serial == serial {
		body.Key = keyURL(serial)
	}
	notice := "C'est fait : le code PIN de votre clef " + string(serial) + " a changé. Un courriel vous le confirme."
	return s.show(v, http.StatusOK, "pin", screen{Title: "Mon code PIN", Notice: notice, Body: body})
}

// changePIN takes the form with the current PIN.
func (s *Server) changePIN(v *visit) error {
	kept, err := s.askedPIN(v)
	if err != nil {
		return s.pinGone(v, err)
	}
	f := pinForm(v, pathPIN, kept)
	return s.sendPIN(v, kept, f, okey.ProofCurrent, func(status int, warning string) error {
		return s.showPIN(v, status, kept, f, warning)
	})
}

// sendPIN takes either form the one way through.
func (s *Server) sendPIN(v *visit, kept sql.KeptPIN, f *form, proof okey.PINProof, again func(status int, warning string) error) error {
	if err := s.read(v, f); err != nil {
		return err
	}
	sent := v.Request.PostForm
	f.Values["clef"] = string(kept.Serial)
	if _, asked := f.Fields["current"]; asked && sent.Get("current") == "" {
		f.wrong("current", "Tapez votre code PIN actuel.")
	}
	if err := okey.CheckPIN(sent.Get("pin"), kept.Serial); err != nil {
		f.wrong("pin", okey.ErrorMessage(err))
	} else if sent.Get("pin") == sent.Get("current") { // whether that is the key's or not: nothing is told of it, and no mail says that it has changed
		f.wrong("pin", "C'est le même code PIN que l'actuel : choisissez-en un autre.")
	} else if sent.Get("pin") != sent.Get("pin2") {
		f.wrong("pin2", "Les deux nouveaux codes PIN sont différents : tapez deux fois le même.")
	}
	if len(f.Errors) > 0 {
		return again(http.StatusUnprocessableEntity, "")
	}
	if proof == okey.ProofSignIn {
		if err := s.useFresh(v, f.Action); err != nil {
			return err
		}
	}
	done, err := s.act(v.ctx(), v.Actor, wish{
		Action: f.Action, Name: okey.ActionPINChange, Key: kept.Serial, Via: okey.ViaWeb,
		Content: okey.Content{Proof: proof}, PIN: sent.Get("pin"), Current: sent.Get("current"),
	})
	switch code := okey.ErrorCode(err); {
	case code == okey.CodeThrottled || code == okey.CodePINLocked || code == okey.CodeNoPIN:
		retryAfter(v.Context, statusOf(err), err)
		return again(statusOf(err), okey.ErrorMessage(err))
	case err != nil:
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	if proof == okey.ProofSignIn && (done.recorded() || done.accepted()) {
		s.sessions.Remove(v.ctx(), sessionFresh) // it serves once
	}
	return s.answerForm(v, f, done, pathPIN, again)
}

// pinForgottenPage asks to sign in afresh and then, for some minutes, offers to set another PIN.
func (s *Server) pinForgottenPage(v *visit) error {
	if asked, err := s.choosePIN(v, pathPINForgotten, "J'ai oublié mon code PIN"); asked || err != nil {
		return err
	}
	kept, err := s.askedPIN(v)
	if err != nil {
		return s.noPINHere(v, err)
	}
	var f *form
	if s.isFresh(v) {
		f = pinForm(v, pathPINForgotten, kept)
	}
	return s.showForgotten(v, http.StatusOK, kept, f, "")
}

func (s *Server) showForgotten(v *visit, status int, kept sql.KeptPIN, f *form, warning string) error {
	body := pinScreen{Serial: kept.Serial, Waits: kept.State == okey.Attributed, Form: f}
	if f == nil {
		body.SignIn = newForm(v, "connexion", pathPINSignIn, "Me connecter de nouveau", map[string]field{"clef": {}})
		body.SignIn.Values["clef"] = string(kept.Serial)
	}
	return s.show(v, status, "pin_forgotten", screen{Title: "J'ai oublié mon code PIN", Warning: warning, Body: body})
}

// sentBefore tells whether the form that was sent is one of the visitor's own that has been taken already: a double click.
func (s *Server) sentBefore(v *visit) bool {
	id, err := uuid.Parse(v.Request.PostForm.Get("action"))
	if err != nil {
		return false
	}
	a, err := s.store.Action(v.ctx(), id)
	return err == nil && a.By == v.Actor.ID && a.Name == okey.ActionPINChange && a.Content.Proof == okey.ProofSignIn
}

// setForgottenPIN takes the form that follows a fresh sign-in.
func (s *Server) setForgottenPIN(v *visit) error {
	kept, err := s.askedPIN(v)
	if err != nil {
		return s.pinGone(v, err)
	}
	if !s.isFresh(v) && !s.sentBefore(v) {
		return s.showForgotten(v, http.StatusForbidden, kept, nil, "Votre dernière connexion date de plus de cinq minutes, ou a déjà servi : connectez-vous de nouveau. Votre code PIN n'a pas changé.")
	}
	f := pinForm(v, pathPINForgotten, kept)
	return s.sendPIN(v, kept, f, okey.ProofSignIn, func(status int, warning string) error {
		return s.showForgotten(v, status, kept, f, warning)
	})
}

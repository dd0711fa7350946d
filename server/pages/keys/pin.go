package keys

import (
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/signin"
	"okey/server/web"
	"okey/sql"
)

// pinScreen is the page that changes a PIN.
type pinScreen struct {
	pinOf
	NoPIN     bool // it was chosen before OKEY: only the way of a forgotten one leads on
	Form      *web.Form
	Forgotten string // the page of a forgotten one
}

// pinOf is of which key it is.
type pinOf struct {
	Serial okey.Serial
	Waits  bool // it still waits to be handed over
}

// pinChangedScreen says that it is done.
type pinChangedScreen struct {
	pinOf
	Key string // the key's page, for whoever has it in hand
}

// pinNoneScreen is for whoever has no key whose PIN this could be about.
type pinNoneScreen struct {
	NoKey string       // said where they have none at all
	Do    *web.NavLink // where they go on instead
}

// askedPIN is the visitor's key that the page is about. The parameter or field clef chooses among several.
func (s *Pages) askedPIN(v *web.Visit) (sql.KeptPIN, error) {
	typed := v.Query("clef")
	if v.Request.Method == http.MethodPost {
		if v.Request.ParseForm() != nil {
			return sql.KeptPIN{}, okey.Errorf(okey.CodeInvalid, "Ce formulaire est arrivé abîmé : revenez en arrière et recommencez.")
		}
		typed = v.Request.PostForm.Get("clef")
	}
	if typed == "" {
		return s.act.OwnPIN(v.Ctx(), v.Actor, "")
	}
	serial, err := okey.ParseSerial(typed)
	if err != nil {
		return sql.KeptPIN{}, act.NoSuchKey()
	}
	return s.act.OwnPIN(v.Ctx(), v.Actor, serial)
}

func pinForm(v *web.Visit, path string, kept sql.KeptPIN) *web.Form {
	f := web.NewForm(v, "pin", path, "Changer mon code PIN", map[string]web.Field{
		"clef": {},
		"pin":  {Label: "Nouveau code PIN", Hint: "4 à 8 chiffres."},
		"pin2": {Label: "Le même nouveau code PIN, une seconde fois"},
	})
	if path == address.PathPIN {
		f.Fields["current"] = web.Field{Label: "Code PIN actuel"}
	}
	f.Values["clef"] = string(kept.Serial)
	return f
}

// choosePIN asks which key whoever has two means, and answers true where it did: an address that names none would mean either.
func (s *Pages) choosePIN(v *web.Visit, path, title string) (bool, error) {
	if v.Query("clef") != "" || v.Query("fait") != "" {
		return false, nil
	}
	own, err := s.store.PINsOf(v.Ctx(), v.Actor.ID)
	if err != nil || len(own) < 2 {
		return false, err
	}
	var choice []web.NavLink
	for _, kept := range own {
		which := web.NavLink{Name: "Clef " + string(kept.Serial) + ", que vous avez", Path: ofKey(path, kept.Serial)}
		switch kept.State {
		case okey.Lent:
			which.Name = "Clef " + string(kept.Serial) + ", qui vous est prêtée"
		case okey.Suspended:
			which.Name = "Clef " + string(kept.Serial) + ", égarée"
		case okey.Attributed:
			which.Name = "Clef " + string(kept.Serial) + ", qui attend de vous être remise"
		}
		choice = append(choice, which)
	}
	return true, s.Show(v, http.StatusOK, "pin_which", web.Screen{Title: title, Body: choice})
}

// pinPage offers to change one's PIN.
func (s *Pages) pinPage(v *web.Visit) error {
	if asked, err := s.choosePIN(v, address.PathPIN, "Changer mon code PIN"); asked || err != nil {
		return err
	}
	kept, err := s.askedPIN(v)
	if err != nil {
		return s.noPINHere(v, err)
	}
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	if found && done.Name == okey.ActionPINChange {
		return s.showChanged(v, kept, done.Key)
	}
	guard, err := s.store.PINGuardOf(v.Ctx(), kept.Serial)
	if err != nil {
		return err
	}
	blocked := ""
	if _, err := guard.Try(v.Now); err != nil {
		blocked = okey.ErrorMessage(err) // said before they type in vain
	}
	return s.showPIN(v, http.StatusOK, kept, pinForm(v, address.PathPIN, kept), blocked)
}

// noPINHere is for whoever has no key now, or no longer the one that an old link names.
func (s *Pages) noPINHere(v *web.Visit, err error) error {
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
func (s *Pages) showNoKey(v *web.Visit, status int, warning string) error {
	body := pinNoneScreen{}
	own, err := s.store.PINsOf(v.Ctx(), v.Actor.ID)
	if err != nil {
		return err
	}
	if len(own) == 0 {
		if body.NoKey, err = s.sayNoKey(v); err != nil {
			return err
		}
	}
	if body.Do, err = s.NextKey(v); err != nil {
		return err
	}
	return s.Show(v, status, "pin_none", web.Screen{Title: "Mon code PIN", Warning: warning, Body: body})
}

// sayNoKey tells whoever has signed, and waits for another key, that their PIN waits with them.
func (s *Pages) sayNoKey(v *web.Visit) (string, error) {
	open, err := s.store.OpenRequestOf(v.Ctx(), v.Actor.ID)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return act.NoKeyYet, nil
	case err != nil:
		return "", err
	case !open.SignedAt.IsZero():
		return "Vous n'avez pas de clef en ce moment : le code PIN que vous avez choisi servira avec la prochaine.", nil
	}
	return act.NoKeyYet, nil
}

// pinGone is for whoever sends the form of a key that has left them meanwhile.
func (s *Pages) pinGone(v *web.Visit, err error) error {
	code := okey.ErrorCode(err)
	if code != okey.CodeNotFound && code != okey.CodeForbidden || v.Request.PostForm.Get("person") != v.Actor.ID.String() {
		return err
	}
	return s.showNoKey(v, respond.StatusOf(err), act.PINUnchanged)
}

func ofKept(kept sql.KeptPIN) pinOf {
	return pinOf{Serial: kept.Serial, Waits: kept.State == okey.Attributed}
}

func (s *Pages) showPIN(v *web.Visit, status int, kept sql.KeptPIN, f *web.Form, warning string) error {
	body := pinScreen{pinOf: ofKept(kept), NoPIN: kept.Hash == "", Form: f, Forgotten: ofKey(address.PathPINForgotten, kept.Serial)}
	if body.NoPIN {
		body.Form = nil
	}
	return s.Show(v, status, "pin", web.Screen{Title: "Changer mon code PIN", Warning: warning, Body: body})
}

// showChanged says that it is done, and where to go from there: nobody changes it twice in a row.
func (s *Pages) showChanged(v *web.Visit, kept sql.KeptPIN, serial okey.Serial) error {
	body := pinChangedScreen{pinOf: pinOf{Serial: serial, Waits: kept.State == okey.Attributed}}
	if kept.State.InHand() && kept.Serial == serial {
		body.Key = address.KeyURL(serial)
	}
	notice := "C'est fait : le code PIN de votre clef " + string(serial) + " a changé. Un courriel vous le confirme."
	return s.Show(v, http.StatusOK, "pin_changed", web.Screen{Title: "Mon code PIN", Notice: notice, Body: body})
}

// changePIN takes the form with the current PIN.
func (s *Pages) changePIN(v *web.Visit) error {
	kept, err := s.askedPIN(v)
	if err != nil {
		return s.pinGone(v, err)
	}
	f := pinForm(v, address.PathPIN, kept)
	return s.sendPIN(v, kept, f, okey.ProofCurrent, func(status int, warning string) error {
		return s.showPIN(v, status, kept, f, warning)
	})
}

// sendPIN takes either form the one way through.
func (s *Pages) sendPIN(v *web.Visit, kept sql.KeptPIN, f *web.Form, proof okey.PINProof, again web.Again) error {
	if err := s.Read(v, f); err != nil {
		return err
	}
	sent := v.Request.PostForm
	f.Values["clef"] = string(kept.Serial)
	if _, asked := f.Fields["current"]; asked && sent.Get("current") == "" {
		f.Wrong("current", "Tapez votre code PIN actuel.")
	}
	switch err := okey.CheckPIN(sent.Get("pin"), kept.Serial); {
	case err != nil:
		f.Wrong("pin", okey.ErrorMessage(err))
	case sent.Get("pin") == sent.Get("current"): // the key's or not: nothing is told of it, and no mail says that it has changed
		f.Wrong("pin", "C'est le même code PIN que l'actuel : choisissez-en un autre.")
	case sent.Get("pin") != sent.Get("pin2"):
		f.Wrong("pin2", "Les deux nouveaux codes PIN sont différents : tapez deux fois le même.")
	}
	if len(f.Errors) > 0 {
		return again(http.StatusUnprocessableEntity, "")
	}
	if proof == okey.ProofSignIn {
		if err := s.signin.UseFresh(v, f.Action); err != nil {
			return err
		}
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{
		Action: f.Action, Name: okey.ActionPINChange, Key: kept.Serial, Via: okey.ViaWeb,
		Content: okey.Content{Proof: proof}, PIN: sent.Get("pin"), Current: sent.Get("current"),
	})
	switch code := okey.ErrorCode(err); {
	case code == okey.CodeThrottled || code == okey.CodePINLocked || code == okey.CodeNoPIN:
		respond.RetryAfter(v.Context, respond.StatusOf(err), err)
		return again(respond.StatusOf(err), okey.ErrorMessage(err))
	case err != nil:
		return f.Amend(err, again)
	}
	if proof == okey.ProofSignIn && (done.Recorded() || done.Accepted()) {
		s.session.Remove(v.Ctx(), signin.SessionFresh) // it serves once
	}
	return s.Answer(v, f, done, address.PathPIN, again)
}

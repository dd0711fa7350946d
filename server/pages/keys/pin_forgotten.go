package keys

import (
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/signin"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// pinForgottenScreen is the page of a forgotten PIN: first to sign in afresh, then to choose another one.
type pinForgottenScreen struct {
	pinOf
	SignIn *web.Form
	Form   *web.Form
}

// pinForgottenPage asks to sign in afresh and then, for some minutes, offers to set another PIN.
func (s *Pages) pinForgottenPage(v *web.Visit) error {
	if asked, err := s.choosePIN(v, address.PathPINForgotten, "J'ai oublié mon code PIN"); asked || err != nil {
		return err
	}
	kept, err := s.askedPIN(v)
	if err != nil {
		return s.noPINHere(v, err)
	}
	var f *web.Form
	if s.signin.IsFresh(v) {
		f = pinForm(v, address.PathPINForgotten, kept)
	}
	return s.showForgotten(v, http.StatusOK, kept, f, "")
}

func (s *Pages) showForgotten(v *web.Visit, status int, kept sql.KeptPIN, f *web.Form, warning string) error {
	body := pinForgottenScreen{pinOf: ofKept(kept), Form: f}
	if f == nil {
		body.SignIn = web.NewForm(v, "connexion", address.PathPINSignIn, "Me connecter de nouveau", map[string]web.Field{"clef": {}})
		body.SignIn.Values["clef"] = string(kept.Serial)
	}
	return s.Show(v, status, "pin_forgotten", web.Screen{Title: "J'ai oublié mon code PIN", Warning: warning, Body: body})
}

// sentBefore tells whether the form that was sent is one of the visitor's own that has been taken already: a double click.
func (s *Pages) sentBefore(v *web.Visit) bool {
	id, err := uuid.Parse(v.Request.PostForm.Get("action"))
	if err != nil {
		return false
	}
	a, err := s.store.Action(v.Ctx(), id)
	return err == nil && a.By == v.Actor.ID && a.Name == okey.ActionPINChange && a.Content.Proof == okey.ProofSignIn
}

// setForgottenPIN takes the form that follows a fresh sign-in.
func (s *Pages) setForgottenPIN(v *web.Visit) error {
	kept, err := s.askedPIN(v)
	if err != nil {
		return s.pinGone(v, err)
	}
	if !s.signin.IsFresh(v) && !s.sentBefore(v) {
		return s.showForgotten(v, http.StatusForbidden, kept, nil, "Votre dernière connexion date de plus de cinq minutes, "+
			"ou a déjà servi : connectez-vous de nouveau. Votre code PIN n'a pas changé.")
	}
	f := pinForm(v, address.PathPINForgotten, kept)
	return s.sendPIN(v, kept, f, okey.ProofSignIn, func(status int, warning string) error {
		return s.showForgotten(v, status, kept, f, warning)
	})
}

// signInAfresh leads to the provider, which must ask again who it is, session or not.
func (s *Pages) signInAfresh(v *web.Visit) error {
	kept, err := s.askedPIN(v)
	if err != nil {
		return err
	}
	f := signin.NewFlow(ofKey(address.PathPINForgotten, kept.Serial))
	f.Afresh, f.Began = v.Actor.ID.String(), v.Now
	return s.signin.LeadToProvider(v.Context, f, signin.AskAgain...)
}

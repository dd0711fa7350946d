package server

import (
	"fmt"
	"net/http"

	"okey"

	"github.com/google/uuid"
)

// keyNews tells what the visitor's accepted change of a key has done, and to whom.
func (s *Server) keyNews(v *visit, key okey.Key, done okey.Action) (string, error) {
	reason := done.Content.KeyReason
	news := fmt.Sprintf("C'est fait : la clef est maintenant %s.", key.State.French())
	former, err := s.formerHolder(v, key, done)
	if err != nil {
		return news, err
	}
	unusable := reason == okey.ReasonLost || reason == okey.ReasonDefective
	switch {
	case former != "" && unusable:
		news += fmt.Sprintf(" Elle n'est plus à %s, qui peut en demander une autre dès maintenant.", former)
	case former != "" && reason == okey.ReasonReturn:
		news += fmt.Sprintf(" Elle n'est plus à %s, et son code PIN est effacé.", former)
	}
	next, err := s.keptFor(v, key)
	if err == nil && next != "" && !unusable {
		news += fmt.Sprintf(" Elle est réservée à %s, la personne suivante dans la file.", next)
	}
	if unusable && (done.Verdict.OtherKey == okey.Reserved || done.Verdict.OtherKey == okey.Attributed) {
		news += " La demande pour laquelle elle était réservée continue avec une autre clef, ou garde sa place."
	}
	return news, err
}

// formerHolder is who had the key when the change came: its line of the key's story says so, as long as it is the last one that a person wrote.
func (s *Server) formerHolder(v *visit, key okey.Key, done okey.Action) (string, error) {
	story, err := s.store.KeyStory(v.ctx(), key.Serial)
	for _, e := range story {
		if e.Reason == done.Content.KeyReason {
			return e.Holder, err
		}
	}
	return "", err
}

// keptFor is whose request keeps the key; empty for none.
func (s *Server) keptFor(v *visit, key okey.Key) (string, error) {
	if key.Request == uuid.Nil || (key.State != okey.Reserved && key.State != okey.Attributed) {
		return "", nil
	}
	r, err := s.store.Request(v.ctx(), key.Request)
	if err != nil {
		return "", err
	}
	who, err := s.store.Person(v.ctx(), r.Person)
	return who.Name(), err
}

// keyGone is what comes after a key that somebody had.
type keyGone struct {
	Lost    bool
	Request string // the one that is open already
}

// gone is the page for somebody who has just declared the key that they had: they no longer see it, and learn what comes next.
func (s *Server) gone(v *visit, unseen error) error {
	done, found, err := s.justDone(v)
	if err != nil {
		return err
	}
	serial, parseErr := okey.ParseSerial(v.Param("serial"))
	if !found || parseErr != nil || done.Name != okey.ActionKeyChange || done.Key != serial {
		return unseen
	}
	body := keyGone{Lost: done.Content.KeyReason == okey.ReasonLost}
	next := "Vous pouvez en demander une autre dès maintenant ; la direction est prévenue."
	open, err := s.store.OpenRequestOf(v.ctx(), v.Actor.ID)
	switch {
	case err == nil:
		next, body.Request = "Vous en avez déjà demandé une autre ; la direction est prévenue.", requestURL(open.ID)
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return err
	}
	notice := fmt.Sprintf("C'est fait : « %s ». La clef %s n'est plus à vous. %s", done.Content.KeyReason.French(), serial, next)
	return s.show(v, http.StatusOK, "key_gone", screen{Title: "Ma clef " + string(serial), Notice: notice, Body: body})
}

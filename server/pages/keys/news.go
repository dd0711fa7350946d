package keys

import (
	"fmt"
	"net/http"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"

	"github.com/google/uuid"
)

// keyNews tells what the visitor's accepted change of a key has done, and to whom.
func (s *Pages) keyNews(v *web.Visit, key okey.Key, done okey.Action) (string, error) {
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
	if key.State == okey.Suspended {
		news += fmt.Sprintf(" Retrouvée avant le %s au soir, elle servira de nouveau ; sinon, elle sera perdue.",
			web.Paris(v).Day(key.DueAt))
	}
	if reason == okey.ReasonRecovered {
		held, err := s.store.KeysHeldBy(v.Ctx(), key.Holder)
		if err != nil {
			return news, err
		}
		for _, lent := range held[len(okey.Own(held)):] {
			news += fmt.Sprintf(" La clef prêtée, la %s, est à rendre.", lent.Serial)
		}
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

// formerHolder is who had the key when the change came: its line of the key's story says so, as long as it is the last one that a
// person wrote.
func (s *Pages) formerHolder(v *web.Visit, key okey.Key, done okey.Action) (string, error) {
	story, err := s.store.KeyStory(v.Ctx(), key.Serial)
	for _, e := range story {
		if e.Reason == done.Content.KeyReason {
			return e.Holder, err
		}
	}
	return "", err
}

// keptFor is whose request keeps the key; empty for none.
func (s *Pages) keptFor(v *web.Visit, key okey.Key) (string, error) {
	if key.Request == uuid.Nil || (key.State != okey.Reserved && key.State != okey.Attributed) {
		return "", nil
	}
	r, err := s.store.Request(v.Ctx(), key.Request)
	if err != nil {
		return "", err
	}
	who, err := s.store.Person(v.Ctx(), r.Person)
	return who.Name(), err
}

// keyGone is the page of a key that its reader had, and what comes after.
type keyGone struct {
	Said   string
	Advice string // with the key, where it may still be in their pocket
	Do     *web.NavLink
}

// gone is the page for somebody who had the key, and no longer sees it: just after they have declared it, and whenever an old mail
// leads them there. To anybody else the key does not exist.
func (s *Pages) gone(v *web.Visit, unseen error) error {
	serial, err := okey.ParseSerial(v.Param("serial"))
	if err != nil || okey.ErrorCode(unseen) != okey.CodeNotFound {
		return unseen
	}
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	if !found || done.Name != okey.ActionKeyChange || done.Key != serial {
		return s.formerly(v, serial, unseen)
	}
	school, err := s.schoolOf(v, serial)
	if err != nil {
		return err
	}
	body := keyGone{}
	state, next := "déclarée défectueuse", "La direction est prévenue."
	if body.Advice = fmt.Sprintf("Rendez-la à la direction %s, qui s'en occupe.", school); done.Content.KeyReason == okey.ReasonLost {
		state, body.Advice = "déclarée perdue", fmt.Sprintf("Vous la retrouvez ? Rapportez-la à la direction %s.", school)
	}
	if body.Do, err = s.NextKey(v); err != nil {
		return err
	}
	switch {
	case body.Do == nil:
	case body.Do.Path == address.PathAsk:
		next, body.Do.Name = "Vous pouvez en demander une autre dès maintenant ; la direction est prévenue.", "Demander une autre clef"
	case body.Do.Name == SeeRequest:
		next = "Vous en avez déjà demandé une autre ; la direction est prévenue."
	}
	notice := fmt.Sprintf("C'est fait : votre clef %s est %s et n'est plus à vous. %s", serial, state, next)
	return s.Show(v, http.StatusOK, "key_gone", web.Screen{Title: "Ma clef " + string(serial), Notice: notice, Body: body})
}

// schoolOf is whose stock the key belongs to: "du collège des Tilleuls". Whoever brings it back may work there no more.
func (s *Pages) schoolOf(v *web.Visit, serial okey.Serial) (string, error) {
	key, err := s.store.Key(v.Ctx(), serial)
	if err != nil {
		return "", err
	}
	place, err := s.store.Place(v.Ctx(), key.UAI)
	return okey.SayOfSchool(okey.SayEstablishment(place.Name)), err
}

// followedElsewhere tells whoever looked after a key where it has gone: the mails about it that they have lead here.
func (s *Pages) followedElsewhere(v *web.Visit, serial okey.Serial, left time.Time) error {
	key, err := s.store.Key(v.Ctx(), serial)
	if err != nil {
		return err
	}
	place, err := s.store.Place(v.Ctx(), key.UAI)
	if err != nil {
		return err
	}
	said := fmt.Sprintf("La clef %s n'est plus dans votre établissement depuis le %s : elle est maintenant suivie par %s (%s).",
		serial, okey.DayOf(left, web.Paris(v).Zone).SayWithYear(), okey.SayEstablishment(place.Name), place.UAI)
	return s.Show(v, http.StatusNotFound, "key_gone", web.Screen{Title: "Cette clef est suivie ailleurs", Body: keyGone{Said: said}})
}

// formerly tells whoever had a key since when it is no longer theirs, and what to do.
func (s *Pages) formerly(v *web.Visit, serial okey.Serial, unseen error) error {
	left, until, err := s.store.SeenUntil(v.Ctx(), serial, v.Actor.ID)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound || err == nil && until.IsZero() && left.IsZero():
		return unseen
	case err != nil:
		return err
	case until.Before(left):
		return s.followedElsewhere(v, serial, left)
	}
	key, err := s.store.Key(v.Ctx(), serial)
	if err != nil {
		return err
	}
	c, err := s.ClockAt(v.Ctx(), v, key.UAI)
	if err != nil {
		return err
	}
	body := keyGone{Said: fmt.Sprintf("La clef %s n'est plus à vous depuis le %s.", serial, okey.DayOf(until, c.Zone).SayWithYear())}
	place, err := s.store.Place(v.Ctx(), key.UAI)
	if err != nil {
		return err
	}
	switch school := okey.SayOfSchool(okey.SayEstablishment(place.Name)); key.State {
	case okey.Lost:
		body.Advice = fmt.Sprintf("Elle a été déclarée perdue. Vous la retrouvez ? Rapportez-la à la direction %s.", school)
	case okey.Defective:
		body.Advice = fmt.Sprintf("Elle a été déclarée défectueuse. Si vous l'avez encore, rendez-la à la direction %s.", school)
	}
	if body.Do, err = s.NextKey(v); err != nil {
		return err
	}
	return s.Show(v, http.StatusNotFound, "key_gone", web.Screen{Title: "Cette clef n'est plus à vous", Body: body})
}

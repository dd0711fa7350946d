package people

import (
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// sameLine offers support to make two rows one person.
type sameLine struct {
	Path, UID, Name string // of the other one
	Old             bool   // the page is the old one's
	Apart           bool
	Form            *web.Form // none for auditors
}

// personAlike says who may be the same person, under another uid.
func (s *Pages) personAlike(v *web.Visit, p okey.Person, page *personScreen) error {
	found, err := s.store.Likenesses(v.Ctx(), v.Today(), p.ID)
	page.Alike = each(found, func(pair sql.Likeness) sameLine {
		line := sameLine{UID: pair.New.UID, Name: pair.New.Name(), Path: address.PersonURL(pair.New.ID), Old: true, Apart: pair.Apart}
		if pair.New.ID == p.ID {
			line = sameLine{UID: pair.Old.UID, Name: pair.Old.Name(), Path: address.PersonURL(pair.Old.ID), Apart: pair.Apart}
		}
		if web.MayArrange(v) == nil {
			line.Form = sameForm(v, pair.Old.ID)
			line.Form.Values["other"] = pair.New.ID.String()
		}
		return line
	})
	return err
}

func sameForm(v *web.Visit, old okey.PersonID) *web.Form {
	return web.NewForm(v, "meme", address.SamePersonURL(old), "C'est la même personne", map[string]web.Field{
		"other": {Label: "Nouvel identifiant"}, "two": {},
	})
}

// samePerson takes support's word that two rows are one person, or two.
func (s *Pages) samePerson(v *web.Visit) error {
	if err := web.MayArrange(v); err != nil {
		return err
	}
	old, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	f := sameForm(v, old)
	if err := s.Read(v, f); err != nil {
		return err
	}
	other, err := uuid.Parse(f.Values["other"])
	if err != nil {
		return okey.Errorf(okey.CodeInvalid, "Ce formulaire ne dit pas avec qui : rechargez la page de la personne.")
	}
	say := s.store.MakeOne
	if f.Values["two"] != "" {
		say = s.store.KeepApart
	}
	if err := say(v.Ctx(), old, other, v.Actor.ID, v.Today(), v.Now.UTC()); err != nil {
		return err
	}
	v.Redirect(http.StatusSeeOther, address.PersonURL(old))
	return nil
}

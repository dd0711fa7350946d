package people

import (
	"fmt"
	"strings"

	"okey/okey"
	"okey/server/web"
	"okey/sql"
)

// Whom and what support names in a form.

// meant is the person whom support names by uid, address or name. Neither addresses nor names are unique: then the uids are listed.
func (s *Pages) meant(v *web.Visit, f *web.Form, typed string) (okey.PersonID, error) {
	var found []okey.Person
	if typed != "" && len(typed) <= okey.MaxText && web.IsPlainText(typed) {
		person, err := s.store.PersonByUID(v.Ctx(), typed)
		switch okey.ErrorCode(err) {
		case "":
			found = []okey.Person{person}
		case okey.CodeNotFound:
			if found, err = s.store.PeopleByMail(v.Ctx(), typed); err != nil {
				return okey.PersonID{}, err
			}
		default:
			return okey.PersonID{}, err
		}
	}
	switch {
	case typed == "":
		f.Note("who", "Écrivez le nom, l'identifiant ou l'adresse de la personne.")
	case len(found) == 0:
		return s.meantByName(v, f, typed)
	case len(found) > 1:
		uids := make([]string, len(found))
		for i, p := range found {
			uids[i] = fmt.Sprintf("%s (%s)", p.UID, p.Name())
		}
		f.Note("who",
			"Plusieurs personnes ont cette adresse. Écrivez l'identifiant de celle que vous voulez : "+strings.Join(uids, ", ")+".")
	case found[0].ID == v.Actor.ID:
		f.Note("who", "C'est vous : demandez à un collègue de l'assistance de le faire.")
	default:
		return found[0].ID, nil
	}
	return okey.PersonID{}, nil
}

// manyNamesakes is how many people of one name a form lists.
const manyNamesakes = 5

// meantByName is the one person of a name. Of several, and of those whose name only has in it what was typed, support chooses.
func (s *Pages) meantByName(v *web.Visit, f *web.Form, typed string) (okey.PersonID, error) {
	var found []sql.FoundPerson
	if len(typed) <= okey.MaxText && web.IsPlainText(typed) {
		var err error
		if found, err = s.store.FindPeople(v.Ctx(), web.NameTyped(typed), "", v.Today(), manyNamesakes+1); err != nil {
			return okey.PersonID{}, err
		}
	}
	switch {
	case len(found) == 0:
		f.Note("who", "OKEY ne connaît personne sous ce nom, cet identifiant ni cette adresse : "+
			"vérifiez, ou demandez à la personne de se connecter une première fois.")
	case len(found) > manyNamesakes:
		f.Note("who", "Trop de personnes répondent à ce nom : écrivez-le en entier, ou tapez l'identifiant.")
	case found[0].ID == v.Actor.ID && len(found) == 1:
		f.Note("who", "C'est vous : demandez à un collègue de l'assistance de le faire.")
	case found[0].Exact && (len(found) == 1 || !found[1].Exact):
		return found[0].ID, nil
	default:
		named := make([]string, len(found))
		for i, p := range found {
			named[i] = p.UID + " (" + p.Name() + web.SayPosts(p, ", ") + ")"
		}
		f.Note("who", "Écrivez l'identifiant de la personne que vous voulez : "+strings.Join(named, ", ")+".")
	}
	return okey.PersonID{}, nil
}

// servedPlace is the establishment that a field of the form names: one that OKEY serves.
func (s *Pages) servedPlace(v *web.Visit, f *web.Form, name string) (sql.Place, error) {
	if err := s.ReadSchools(v, f, name); err != nil {
		return sql.Place{}, err
	}
	uai, err := okey.ParseUAI(f.Values[name])
	if err == nil {
		_, err = s.act.Receiver(v.Ctx(), name, uai)
	}
	if err != nil {
		if okey.ErrorCode(err) == okey.CodeInvalid {
			f.Wrong(name, okey.ErrorMessage(err))
			return sql.Place{}, nil
		}
		return sql.Place{}, err
	}
	return s.store.Place(v.Ctx(), uai)
}

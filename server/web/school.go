package web

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"okey/okey"
	"okey/sql"
)

// Which establishment somebody means, wherever one can be typed: a code goes on as it is, a name is looked for as the search does.

// SchoolHint says what a field takes that asks for an establishment.
const SchoolHint = "Son nom et sa commune, ou son code UAI."

// manyPlaces is how many establishments of one name are told apart; beyond, more of the name is asked for.
const manyPlaces = 5

// OfferedSchools is up to how many establishments a field offers before anything is typed: all of an academy, or of two. A country's would
// weigh more than the page: there what is typed is looked up, and those that it may mean are offered.
const OfferedSchools = 500

// longestTown is how many words are tried as the town of a name.
const longestTown = 3

// PlacesMeant is the establishment that was typed, or those that it may be: none that OKEY knows, or up to one more than are told apart.
// What looks like a code, and is none, is invalid.
func (s *Site) PlacesMeant(ctx context.Context, typed string) (clear okey.UAI, among []sql.FoundPlace, err error) {
	typed = strings.TrimSpace(typed)
	if code := CodeTyped(typed); code != "" {
		return code, nil, nil
	}
	if typed == "" || strings.ContainsAny(typed[:1], "0123456789") || len(typed) > okey.MaxText || !IsPlainText(typed) {
		_, err := okey.ParseUAI(typed)
		return "", nil, err
	}
	found, err := s.PlacesNamed(ctx, typed, manyPlaces+1)
	if err != nil {
		return "", nil, err
	}
	// those that are served come first: another one is meant only where there is none of them
	among = found
	if served := slices.DeleteFunc(slices.Clone(found), func(p sql.FoundPlace) bool { return !p.Served }); len(served) > 0 {
		among = served
	}
	exact := slices.DeleteFunc(slices.Clone(among), func(p sql.FoundPlace) bool { return !p.Exact })
	for _, only := range [][]sql.FoundPlace{exact, among} {
		if len(only) == 1 && (len(exact) == 1 || len(found) <= manyPlaces) {
			return only[0].UAI, among, nil
		}
	}
	return "", among, nil
}

// School is the establishment that was typed; else invalid for the field, with those that may be meant.
func (s *Site) School(ctx context.Context, field, typed string) (okey.UAI, []Choice, error) {
	uai, among, err := s.PlacesMeant(ctx, typed)
	switch {
	case okey.ErrorCode(err) == okey.CodeInvalid:
		return "", nil, okey.InvalidField(field, "%s", okey.ErrorMessage(err))
	case err != nil || uai != "":
		return uai, nil, err
	case len(among) == 0:
		return s.noSuchSchool(ctx, field, typed)
	case len(among) > manyPlaces:
		return "", nil, okey.InvalidField(field, "Trop d'établissements répondent à ce nom : ajoutez la commune, ou tapez le code UAI.")
	}
	choices, named := apart(among)
	return "", choices, okey.InvalidField(field, "Plusieurs établissements répondent à ce nom. Choisissez-en un : %s.", named)
}

// apart tells establishments from each other by code and town.
func apart(among []sql.FoundPlace) (choices []Choice, named string) {
	said := make([]string, len(among))
	for i, p := range among {
		choices = append(choices, offered(p.Place))
		said[i] = choices[i].Value + ", " + p.Commune
	}
	return choices, strings.Join(said, " ; ")
}

// kindAlone is what is left of a name without what tells it from others.
var kindAlone = regexp.MustCompile(`(?i)^(coll[eè]ge|clg|lyc[eé]e|lyc|lp|lpo|lgt|[ée]cole)$`)

// noSuchSchool is invalid for a name that no establishment has. The town may be what is wrong: it comes last, and is left out.
func (s *Site) noSuchSchool(ctx context.Context, field, typed string) (okey.UAI, []Choice, error) {
	words := strings.Fields(typed)
	for n := len(words) - 1; n > 0 && n >= len(words)-longestTown; n-- {
		rest := strings.Trim(strings.Join(words[:n], " "), ",;()")
		if kindAlone.MatchString(rest) {
			break
		}
		clear, among, err := s.PlacesMeant(ctx, rest)
		if err != nil && okey.ErrorCode(err) != okey.CodeInvalid {
			return "", nil, err
		}
		if clear != "" {
			among = slices.DeleteFunc(among, func(p sql.FoundPlace) bool { return p.UAI != clear })
		}
		if len(among) > 0 && len(among) <= manyPlaces {
			choices, named := apart(among)
			return "", choices, okey.InvalidField(field, "Aucun établissement ne porte ce nom dans cette commune. Peut-être : %s.", named)
		}
	}
	return "", nil, okey.InvalidField(field, "OKEY ne connaît aucun établissement de ce nom : essayez un seul mot, ou son code UAI.")
}

// offered is a choice that can be sent as it is: the code in it is read.
func offered(p sql.Place) Choice { return Choice{okey.SayPlace(p.Name, p.UAI), p.Commune} }

// OfferSchools has fields of a form offer the establishments, where they are few enough.
func (s *Site) OfferSchools(v *Visit, f *Form, fields ...string) error {
	some, err := s.store.ServedPlaces(v.Ctx(), OfferedSchools)
	for _, name := range fields {
		how, asked := f.Fields[name]
		if !asked {
			continue
		}
		for _, p := range some {
			how.Offered = append(how.Offered, offered(p))
		}
		f.Fields[name] = how
	}
	return err
}

// ReadSchools puts codes in place of the names that were typed into fields of a form. What is wrong stands beside its field.
func (s *Site) ReadSchools(v *Visit, f *Form, fields ...string) error {
	for _, name := range fields {
		if strings.TrimSpace(f.Values[name]) == "" {
			continue // each form says itself what is missing
		}
		uai, among, err := s.School(v.Ctx(), name, f.Values[name])
		if okey.ErrorCode(err) == okey.CodeInvalid {
			how := f.Fields[name]
			how.Offered = among
			f.Fields[name] = how
			f.Note(name, okey.ErrorMessage(err))
			continue
		}
		if err != nil {
			return err
		}
		f.Values[name] = string(uai)
	}
	return nil
}

// readSchool leads support from an address with an establishment's name to the one with its code, which all lists, downloads and pages
// read; a name that says no establishment is told by the page's filter.
func (s *Site) readSchool(v *Visit) error {
	typed := strings.TrimSpace(v.Query("etablissement"))
	if typed == "" || !v.Desk() || v.Request.Method == http.MethodPost {
		return nil
	}
	if _, err := okey.ParseUAI(typed); err == nil {
		return nil
	}
	uai, among, err := s.School(v.Ctx(), "etablissement", typed)
	switch {
	case okey.ErrorCode(err) == okey.CodeInvalid:
		v.unread, v.meant = err, among
		return nil
	case err != nil:
		return err
	}
	query := v.Request.URL.Query()
	query.Set("etablissement", string(uai))
	v.Redirect(http.StatusSeeOther, v.Request.URL.Path+"?"+query.Encode())
	v.Abort()
	return nil
}

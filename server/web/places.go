package web

import (
	"context"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/sql"
)

// PlacesNamed are the establishments that somebody may mean, however they write a name, a town or a code.
func (s *Site) PlacesNamed(ctx context.Context, asked string, limit int) (found []sql.FoundPlace, err error) {
	code := CodeTyped(asked)
	if code != "" {
		asked = string(code)
	}
	asked = strings.TrimSpace(aroundNames.Replace(asked))
	spelt := []string{asked, abbreviations.whole(asked), abbreviations.short(asked)} // as it is typed first, else as others write it
	for _, asked := range spelt {
		if found, err = s.store.FindEstablishments(ctx, asked, code, limit); err != nil || len(found) > 0 {
			break
		}
	}
	return found, err
}

// SayPosts says what somebody does and where, each after the mark.
func SayPosts(p sql.FoundPerson, mark string) string {
	said := ""
	for _, post := range p.Posts {
		said += mark + post.Function.French() + " " + okey.SayAtSchool(okey.SayEstablishment(post.School))
	}
	return said
}

// PlacesWhere are the visitor's establishments at which the permission table lets them act. Support is let in without any; whoever else
// has none is answered what the table says.
func PlacesWhere(v *Visit, act okey.Act) ([]okey.UAI, error) {
	refused := okey.May(act, v.Actor, okey.Subject{HasReason: true}, v.Today())
	var uais []okey.UAI
	for _, uai := range v.Actor.Answers(v.Today()) {
		err := okey.May(act, v.Actor, okey.Subject{UAI: uai}, v.Today())
		if err == nil {
			uais = append(uais, uai)
		}
		refused = Graver(refused, err)
	}
	return uais, refused
}

// ManagesKeys tells whether the visitor changes keys somewhere; others read, or see their own.
func (v *Visit) ManagesKeys() bool {
	if !v.Oversees() {
		return false
	}
	_, refused := PlacesWhere(v, okey.ActManageKeys)
	return refused == nil
}

// MayArrange is for support alone; auditors read.
func MayArrange(v *Visit) error {
	return okey.May(okey.ActAttach, v.Actor, okey.Subject{}, v.Today())
}

// TodayAt is the day that it is at an establishment.
func TodayAt(v *Visit, place sql.Place) okey.Day {
	return okey.DayOf(v.Now, okey.ZoneOf(place.Academy))
}

// SchoolsFor leads to a page for each of the establishments where the visitor may act; nil for whoever has only one.
func (s *Site) SchoolsFor(v *Visit, path string, act okey.Act) ([]NavLink, error) {
	uais, refused := PlacesWhere(v, act)
	if refused != nil || len(uais) < 2 {
		return nil, nil //nolint:nilerr // the table says no: there is nothing to choose
	}
	places, err := s.store.Establishments(v.Ctx(), uais...)
	if err != nil {
		return nil, err
	}
	links := make([]NavLink, len(places))
	for i, place := range places {
		links[i] = NavLink{Name: okey.SayPlace(place.Name, place.UAI), Path: address.Narrowed(path, place.UAI)}
	}
	return links, nil
}

// ActingAt is the establishment that something is done for: the one chosen, else the visitor's only one. Of several none is taken
// for granted: one drawer would be counted against the other's list.
func ActingAt(v *Visit) okey.UAI {
	uai := OrderingAt(v)
	if ChosenSchool(v) == "" && len(v.Actor.Answers(v.Today())) > 1 {
		return ""
	}
	return uai
}

// OrderingAt is the establishment that is looked at: the one chosen, else the visitor's only one, else the first.
func OrderingAt(v *Visit) okey.UAI {
	if uai := ChosenSchool(v); uai != "" {
		return uai
	}
	if uais := v.Actor.Answers(v.Today()); len(uais) > 0 {
		return uais[0]
	}
	return ""
}

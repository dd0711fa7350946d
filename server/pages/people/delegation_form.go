package people

import (
	"fmt"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"
)

func delegationForm(v *web.Visit, place sql.Place) *web.Form {
	return web.NewForm(v, "delegation-"+string(place.UAI), address.PathDelegations+"/"+string(place.UAI), "Déléguer", map[string]web.Field{
		"delegate": {Label: "*À qui", Hint: "Nom, adresse ou identifiant d'une personne de cet établissement."},
		"chosen":   {},
		"from":     {Label: "*Premier jour"},
		"until":    {Label: "*Dernier jour", Hint: "Ce jour est compris. Un an au plus."},
		"scope": {Label: "*Quoi", Choices: []web.Choice{
			{Value: string(okey.Everything), Label: okey.Capitalize(okey.Everything.French())},
			{Value: string(okey.HandoverAndStock), Label: okey.Capitalize(okey.HandoverAndStock.French())},
		}},
	})
}

// giveDelegation writes what an approver delegates.
func (s *Pages) giveDelegation(v *web.Visit) error {
	place, err := s.delegatesAt(v, okey.UAI(v.Param("id")))
	if err != nil {
		return err
	}
	f := delegationForm(v, place)
	if err := s.Read(v, f); err != nil {
		return err
	}
	d, err := s.readDelegation(v, f, place)
	if err != nil {
		return err
	}
	give := func() (okey.Action, error) { return s.store.GiveDelegation(v.Ctx(), d, web.TodayAt(v, place)) }
	return s.arrange(v, f, address.PathDelegations, give, s.showDelegations)
}

// delegatesAt is an establishment at which the visitor may name and end delegates.
func (s *Pages) delegatesAt(v *web.Visit, typed okey.UAI) (sql.Place, error) {
	uai, err := okey.ParseUAI(string(typed))
	if err != nil {
		return sql.Place{}, okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	place, err := s.store.Place(v.Ctx(), uai)
	if err != nil {
		return place, err
	}
	return place, okey.May(okey.ActDelegate, v.Actor, okey.Subject{UAI: uai}, web.TodayAt(v, place))
}

// readDelegation is what the form says; what is wrong with it stands in the form.
func (s *Pages) readDelegation(v *web.Visit, f *web.Form, place sql.Place) (okey.GivenDelegation, error) {
	today := web.TodayAt(v, place)
	d := okey.GivenDelegation{
		ID: okey.DerivedID(v.Actor.ID, "delegation/"+f.Action.String()), By: v.Actor.ID, At: v.Now.UTC(),
		Delegation: okey.Delegation{UAI: place.UAI, Scope: okey.Scope(f.Values["scope"])},
	}
	d.From, d.Until = f.Day("from", today), f.Day("until", today)
	on := today
	if on.Before(d.From) {
		on = d.From
	}
	var err error
	if d.To, err = s.colleague(v, f, place.UAI, on); err != nil {
		return d, err
	}
	for _, wrong := range d.Check(today) {
		f.Wrong(wrong.Field, wrong.Message)
	}
	f.InOrder("delegate", "from", "until", "scope")
	return d, nil
}

// colleague is the person of an establishment whom the form means. Where several answer to what was typed, the form asks which.
func (s *Pages) colleague(v *web.Visit, f *web.Form, uai okey.UAI, on okey.Day) (okey.PersonID, error) {
	typed := strings.TrimSpace(f.Values["delegate"])
	if typed == "" || len(typed) > okey.MaxText || !web.IsPlainText(typed) {
		f.Note("delegate", "Écrivez à qui vous déléguez.")
		return okey.PersonID{}, nil
	}
	found, err := s.store.Colleagues(v.Ctx(), uai, typed, on, mostColleagues+1)
	switch {
	case err != nil:
		return okey.PersonID{}, err
	case len(found) == 0:
		f.Note("delegate", "Personne de ce nom ne travaille dans cet établissement à ces dates : vérifiez, ou tapez son adresse.")
		return okey.PersonID{}, nil
	case len(found) == 1:
		return found[0].ID, nil
	case len(found) > mostColleagues:
		f.Note("delegate", "Trop de personnes répondent à ce nom : écrivez-le en entier, ou tapez son adresse.")
		return okey.PersonID{}, nil
	}
	which := web.Field{Label: "*Laquelle de ces personnes"}
	for _, p := range found {
		if f.Values["chosen"] == p.ID.String() {
			return p.ID, nil
		}
		which.Choices = append(which.Choices, web.Choice{Value: p.ID.String(), Label: fmt.Sprintf("%s, %s (%s)", p.Name(), p.Mail, p.UID)})
	}
	f.Add("chosen", "", which)
	f.Note("chosen", "Plusieurs personnes répondent à ce nom : choisissez laquelle.")
	return okey.PersonID{}, nil
}

// endDelegation ends one at once.
func (s *Pages) endDelegation(v *web.Visit) error {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.store.Delegation(v.Ctx(), id)
	if err != nil {
		return err
	}
	if _, err := s.delegatesAt(v, d.UAI); err != nil {
		return err
	}
	return s.endArrangement(v, id, s.store.EndDelegation, address.PathDelegations+"?fini="+id.String())
}

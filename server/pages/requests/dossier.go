package requests

import (
	"fmt"
	"slices"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// Dossier is a request with all that its page needs to know.
type Dossier struct {
	act.Case
	sql.Dossier
	Waits []act.Awaited
	Clock web.Clock
}

// Dossier loads a request that the visitor may see; not_found otherwise.
func (s *Pages) Dossier(v *web.Visit, id uuid.UUID) (Dossier, error) {
	c, err := s.act.Visible(v.Ctx(), v.Actor, id)
	if err != nil {
		return Dossier{}, err
	}
	return s.dossierOf(v, c)
}

// OwnDossier is Dossier for the visitor's own request, which is there already, with the establishment where it is.
func (s *Pages) OwnDossier(v *web.Visit, own okey.Request, place sql.Place) (Dossier, error) {
	c, err := s.act.CaseAt(v.Ctx(), v.Actor.ID, sql.RequestRecord{Request: own, Requester: v.Actor.Person, Place: place})
	if err != nil {
		return Dossier{}, err
	}
	return s.dossierOf(v, c)
}

// dossierOf adds to a request what its page shows.
func (s *Pages) dossierOf(v *web.Visit, c act.Case) (d Dossier, err error) {
	d.Case, d.Clock = c, web.Clock{Now: v.Now, Zone: okey.ZoneOf(c.Place.Academy)}
	if d.Dossier, err = s.store.DossierOf(v.Ctx(), c.Request, c.Today); err != nil {
		return d, err
	}
	d.Waits = d.Case.Waits()
	d.nameSuccessors()
	if !d.mine(v) {
		d.Due = nil // for whoever asked
	}
	return d, nil
}

func (d Dossier) mine(v *web.Visit) bool { return d.Person == v.Actor.ID }

// Standing says whom the request waits for, and until when, as the visitor reads it.
func (d Dossier) Standing(v *web.Visit) string {
	if d.mine(v) && d.Stage.Closed() {
		return d.ended()
	}
	if said := d.awaitsReader(v); said != "" {
		return said
	}
	if d.mine(v) && d.Stage == okey.AwaitingHandover && d.Waits[0].ID == v.Actor.ID { // the only approver's own key
		return fmt.Sprintf(
			"Votre clef vous attend. Personne d'autre que vous ne peut la remettre ici : faites-le vous-même, au plus tard le %s.",
			d.Clock.Day(d.KeptUntil),
		)
	}
	at := ""
	moved := slices.ContainsFunc(d.Events, func(e okey.Event) bool { return e.Kind == okey.EventMoved })
	if moved || len(v.Actor.Establishments(v.Today())) > 1 { // whoever has one school, the same as ever, knows where
		at = okey.SayAtSchool(okey.SayEstablishment(d.Place.Name)) + ", "
	}
	return web.Standing(d.Request, d.Waits, d.Line.Place, d.mine(v), at, d.Clock)
}

// awaitsReader is standing as whoever may act themselves reads it; empty for everybody else.
func (d Dossier) awaitsReader(v *web.Visit) string {
	var others []string
	for _, w := range d.Waits {
		if w.ID != v.Actor.ID {
			others = append(others, w.Name)
		}
	}
	if d.mine(v) || len(others) == len(d.Waits) {
		return ""
	}
	said := "Votre réponse est attendue depuis " + d.Clock.Day(d.Since)
	switch handing := d.Stage == okey.AwaitingHandover; {
	case handing && len(others) > 1:
		said = fmt.Sprintf(
			"La clef est à remettre depuis %s, par %s",
			d.Clock.Day(d.Since),
			okey.SayNames(append([]string{"vous"}, others...)),
		)
	case handing && len(others) > 0:
		said = fmt.Sprintf("La clef est à remettre depuis %s, par vous ou par %s", d.Clock.Day(d.Since), okey.SayNames(others))
	case handing:
		said = fmt.Sprintf("La clef est à remettre depuis %s, par vous", d.Clock.Day(d.Since))
	case len(others) > 0:
		said += ", ou celle " + okey.SayOf(okey.SayNames(others))
	}
	if !d.KeptUntil.IsZero() {
		said += ". Sans suite, la demande expire " + d.Clock.Day(d.KeptUntil)
	}
	return said + "."
}

// nameSuccessors has the story name the establishment that a request went to, of which it keeps the code.
func (d Dossier) nameSuccessors() {
	for i, e := range d.Events {
		if name := d.Names[okey.UAI(e.Comment)]; e.Kind == okey.EventMoved && name != "" {
			d.Events[i].Comment = fmt.Sprintf("%s (%s)", okey.SayEstablishment(name), e.Comment)
		}
	}
}

// story is what has happened to the request, oldest first.
func (d Dossier) story() []web.StoryLine {
	lines, said := make([]web.StoryLine, len(d.Events)), web.SayEvents(d.Events)
	for i, e := range d.Events {
		lines[i] = web.StoryLine{When: okey.Capitalize(d.Clock.Time(e.At)), What: said[i], Comment: e.Comment, At: e.At}
		if e.Kind == okey.EventHandedOver && d.Retired() != "" {
			lines[i].What += " " + d.Retired()
		}
		if e.Kind == okey.EventAsked { // the need stands among the facts
			lines[i].Comment = ""
		}
		if e.Kind == okey.EventMoved { // its comment is the successor's code, said above
			lines[i].Comment = ""
		}
	}
	return lines
}

// Facts are what stands at the head of the page: for whom, where, why, which key.
func (d Dossier) Facts(v *web.Visit) []web.Fact {
	facts := []web.Fact{
		v.OfPerson("Pour", d.Requester),
		v.OfSchool(d.Place),
		{Name: "Besoin", Value: d.Need},
		{Name: "Motif", Value: okey.Capitalize(web.SayReason(d.Request))},
		{Name: "Demandée", Value: okey.Capitalize(d.Clock.Time(d.AskedAt))},
	}
	if v.Desk() { // lists, the audit and the search know it by that
		facts = append(facts, web.Fact{Name: "Numéro", Value: story.ShortID(d.ID)})
	}
	if d.Key != "" {
		key := web.Fact{Name: "Clef", Value: string(d.Key)}
		if !d.mine(v) { // who waits for a key may not see its page: it is not theirs yet
			key.Path = address.KeyURL(d.Key)
		}
		facts = append(facts, key)
	}
	if !d.SignedAt.IsZero() {
		facts = append(
			facts,
			web.Fact{
				Name:  "Charte",
				Value: fmt.Sprintf("version %d, signée %s", d.Charter, d.Clock.Day(d.SignedAt)),
				Path:  address.SignedURL(d.ID),
			},
		)
	}
	if d.mine(v) {
		facts = facts[1:]
	}
	return facts
}

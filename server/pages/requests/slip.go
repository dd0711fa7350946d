package requests

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/respond"
	"okey/server/web"
)

// slipScreen is the paper that both sign when a key changes hands. It says nothing of the PIN, which is nobody's but its owner's.
type slipScreen struct {
	Copy    string // whose copy it is
	Facts   []web.Fact
	Who     string // whose signature it is: "d'Éloïse Petit"
	Request string
	Loan    bool
}

// slipPage is that paper, for whoever may see the request, from the moment the key awaits its person on; before, and where it never came to
// that, the address leads to the request.
func (s *Pages) slipPage(v *web.Visit) error {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.Dossier(v, id)
	if err != nil {
		return err
	}
	if !d.hasSlip() {
		return backToRequest(v)
	}
	key, err := s.store.Key(v.Ctx(), d.Key)
	if err != nil {
		return err
	}
	who := d.Requester.Name()
	if !d.SignedAt.IsZero() {
		signed, err := s.store.Signature(v.Ctx(), id)
		if err != nil {
			return err
		}
		if signed.Name != "" { // as it was then: names change
			who = signed.Name
		}
	}
	if key.DueAt, err = s.lentUntil(v, d, key); err != nil {
		return err
	}
	page := slipScreen{
		Copy: "Exemplaire de l'établissement", Who: okey.SayOf(who), Request: address.RequestURL(id),
		Facts: d.slipFacts(who, key, s.triedBefore(d)), Loan: d.Reason == okey.Loan,
	}
	if v.Actor.ID == d.Requester.ID {
		page.Copy = "Exemplaire de la personne qui reçoit la clef"
	}
	return s.Show(v, http.StatusOK, "slip", web.Screen{Title: "Bordereau de remise d'une clef", Body: page})
}

// lentUntil is when a loan that was handed over is to be back, or was.
func (s *Pages) lentUntil(v *web.Visit, d Dossier, key okey.Key) (time.Time, error) {
	for _, e := range d.Events {
		if d.Reason == okey.Loan && e.Kind == okey.EventHandedOver {
			ended, err := s.store.LoanEnd(v.Ctx(), key.Serial, e.At)
			if err != nil || !ended.IsZero() {
				return ended, err
			}
		}
	}
	return key.DueAt, nil
}

// triedBefore is when the key that awaits its handover was last accepted, where that is to stand in the record; zero for never.
func (s *Pages) triedBefore(d Dossier) time.Time {
	if !s.keys.ProvesKeys(d.Place.Academy) {
		return time.Time{}
	}
	return okey.ProofOf(d.Trials, d.Key).HoldsAt(d.Clock.Now)
}

// slipFacts are what both sign: who is given which key, tried or not, for what charter, and when.
func (d Dossier) slipFacts(who string, key okey.Key, tried time.Time) []web.Fact {
	facts := []web.Fact{
		{Name: "Demande", Value: story.ShortID(d.ID)},
		{Name: "Remise à", Value: who},
		{Name: "Établissement", Value: d.Place.Name},
		{Name: "UAI", Value: string(d.UAI)},
		{Name: "Numéro de série de la clef", Value: string(d.Key)},
		{Name: "Valable jusqu'au", Value: d.Clock.Date(key.ExpiresOn)},
	}
	if academy, known := okey.AcademyByCode(d.Place.Academy); known {
		facts = slices.Insert(facts, 4, web.Fact{Name: "Académie", Value: academy.Name})
	}
	if !d.SignedAt.IsZero() {
		facts = append(facts, web.Fact{
			Name: "Charte", Value: fmt.Sprintf("version %d, signée le %s", d.Charter, okey.DayOf(d.SignedAt, d.Clock.Zone).SayWithYear()),
		})
	}
	switch {
	case d.Reason == okey.Loan && d.Stage == okey.HandedOver:
		facts = append(facts, web.Fact{Name: "Prêtée jusqu'au", Value: okey.DayOf(key.DueAt, d.Clock.Zone).SayWithYear()})
	case d.Reason == okey.Loan:
		facts = append(facts, web.Fact{
			Name: "Prêtée", Value: loanTime(),
		})
	}
	if len(d.Old) > 0 {
		facts = append(facts, web.Fact{
			Name:  okey.SayEither(len(d.Old), "Ancienne clef, reprise à la remise", "Anciennes clefs, reprises à la remise"),
			Value: web.SayList(d.Old),
		})
	}
	handed := web.Fact{Name: "Date de la remise", Value: "……………………………"}
	for _, e := range d.Events {
		if e.Kind == okey.EventHandedOver {
			handed.Value, tried = okey.DayOf(e.At, d.Clock.Zone).SayWithYear(), e.TriedAt
			facts = append(facts, web.Fact{Name: "Remise par", Value: e.ByName})
		}
	}
	if !tried.IsZero() {
		facts = append(facts, web.Fact{
			Name: "Essayée le", Value: okey.DayOf(tried, d.Clock.Zone).SayWithYear() + " : elle fonctionne",
		})
	}
	return append(facts, handed)
}

// hasSlip tells whether there is something to sign for: a key that awaits its person, or that they have.
func (d Dossier) hasSlip() bool {
	return d.Key != "" && (d.Stage == okey.AwaitingHandover || d.Stage == okey.HandedOver)
}

package server

import (
	"fmt"
	"net/http"

	"okey/okey"

	"github.com/google/uuid"
)

const pathSlip = "/bordereau"

func slipURL(request uuid.UUID) string { return requestURL(request) + pathSlip }

// slipScreen is the paper that both sign when a key changes hands. It says nothing of the PIN, which is nobody's but its owner's.
type slipScreen struct {
	Facts   []fact
	Who     string // whose signature it is: "d'Éloïse Petit"
	Request string
}

// slipPage is that paper, for whoever may see the request, from the moment the key awaits its person on; before, and where it never came to that,
// the address leads to the request.
func (s *Server) slipPage(v *visit) error {
	id, err := idOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.dossier(v, id)
	if err != nil {
		return err
	}
	if !d.hasSlip() {
		return backToRequest(v)
	}
	key, err := s.store.Key(v.ctx(), d.Key)
	if err != nil {
		return err
	}
	who := d.requester.Name()
	if !d.SignedAt.IsZero() {
		signed, err := s.store.Signature(v.ctx(), id)
		if err != nil {
			return err
		}
		if signed.Name != "" { // as it was then: names change
			who = signed.Name
		}
	}
	page := slipScreen{Who: okey.SayOf(who), Request: requestURL(id), Facts: []fact{
		{Name: "Remise à", Value: who},
		{Name: "Établissement", Value: d.place.Name},
		{Name: "UAI", Value: string(d.UAI)},
		{Name: "Numéro de série de la clef", Value: string(d.Key)},
		{Name: "Valable jusqu'au", Value: d.clock.date(key.ExpiresOn)},
	}}
	if !d.SignedAt.IsZero() {
		page.Facts = append(page.Facts, fact{Name: "Charte", Value: fmt.Sprintf("version %d, signée le %s", d.Charter, okey.DayOf(d.SignedAt, d.clock.zone).SayWithYear())})
	}
	if len(d.old) > 0 {
		page.Facts = append(page.Facts, fact{Name: okey.SayEither(len(d.old), "Ancienne clef, reprise à la remise", "Anciennes clefs, reprises à la remise"), Value: sayList(d.old)})
	}
	handed := fact{Name: "Date de la remise", Value: "……………………………"}
	for _, e := range d.events {
		if e.Kind == okey.EventHandedOver {
			handed.Value = okey.DayOf(e.At, d.clock.zone).SayWithYear()
			page.Facts = append(page.Facts, fact{Name: "Remise par", Value: e.ByName})
		}
	}
	page.Facts = append(page.Facts, handed)
	return s.show(v, http.StatusOK, "slip", screen{Title: "Bordereau de remise d'une clef", Body: page})
}

// hasSlip tells whether there is something to sign for: a key that awaits its person, or that they have.
func (d dossier) hasSlip() bool {
	return d.Key != "" && (d.Stage == okey.AwaitingHandover || d.Stage == okey.HandedOver)
}

package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// arrivalScreen is where a school confirms what it received of an announced delivery.
type arrivalScreen struct {
	Form  *form
	Where string
	Keys  []arrivalLine
	All   bool   // the box for all of them is ticked
	Shown string // what that box stands for, whatever happens to the keys meanwhile
}

type arrivalLine struct {
	Serial okey.Serial
	Batch  string
	Ticked bool
}

// everyKey is the box that stands for all the others: nothing is ticked beforehand, for what is confirmed is lent at once.
const everyKey = "toutes"

// arrivalLines are the keys still on their way; on a form that comes back, those that its writer had ticked. A single one is ticked: the button
// speaks of nothing else.
func arrivalLines(v *visit, awaited []okey.Key) []arrivalLine {
	ticked := v.Request.PostForm["serials"]
	lines := make([]arrivalLine, len(awaited))
	for i, k := range awaited {
		lines[i] = arrivalLine{k.Serial, k.Batch, len(awaited) == 1 || slices.Contains(ticked, string(k.Serial)) || slices.Contains(ticked, everyKey)}
	}
	return lines
}

// saySettled tells what became of keys that nobody can confirm any more, and by whom.
func (s *Server) saySettled(ctx context.Context, faults []okey.KeyFault, now time.Time, zone *time.Location) (string, error) {
	const most = 20
	var said []string
	for _, fault := range faults[:min(most, len(faults))] {
		line := fmt.Sprintf("La clef %s %s", fault.Serial, fault.Why.French())
		if fault.Why == okey.ArrivalSettled {
			story, err := s.store.KeyStory(ctx, fault.Serial)
			if err != nil {
				return "", err
			}
			line += sayEnd(story, now, zone)
		}
		said = append(said, line+".")
	}
	if more := len(faults) - most; more > 0 {
		said = append(said, fmt.Sprintf("Et %s de plus.", okey.SayCount(more, "clef")))
	}
	return strings.Join(said, " "), nil
}

// sayEnd is how a key's way here ended: the first line of its story after it was announced. The story's newest line comes first.
func sayEnd(story []sql.KeyEvent, now time.Time, zone *time.Location) string {
	end := sql.KeyEvent{}
	for _, e := range story {
		if e.State == okey.InTransit {
			break
		}
		end = e
	}
	if end.Reason == "" {
		return ""
	}
	by := end.By
	if by == "" {
		by = "OKEY"
	}
	return fmt.Sprintf(" : « %s », %s, par %s", end.Reason.French(), okey.SayTime(end.At, now, zone), by)
}

// arrivalPage shows an approver the keys that are on their way to an establishment of theirs.
func (s *Server) arrivalPage(v *visit) error {
	return s.showArrival(v, http.StatusOK, nil, "")
}

func (s *Server) showArrival(v *visit, status int, f *form, warning string) error {
	d, uai, awaited, err := s.awaitedHere(v)
	if err != nil {
		return err
	}
	notice := ""
	if done, found, err := s.justDone(v); err != nil {
		return err
	} else if found && done.Subject == d.ID {
		settled, err := s.saySettled(v.ctx(), done.Verdict.Faults, v.Now, paris(v).zone)
		if err != nil {
			return err
		}
		notice = strings.TrimSpace(fmt.Sprintf("C'est fait : %s en stock. Les personnes qui attendaient sont servies dans l'ordre. %s", okey.SayCount(done.Verdict.Count, "clef"), settled))
	}
	if f == nil {
		f = arrivalForm(v, d.ID)
	}
	place, err := s.store.Place(v.ctx(), uai)
	if err != nil {
		return err
	}
	f.Values["etablissement"] = string(uai)
	page := arrivalScreen{Form: f, Where: okey.SayEstablishment(place.Name), Keys: arrivalLines(v, awaited), All: slices.Contains(v.Request.PostForm["serials"], everyKey)}
	for _, line := range page.Keys {
		page.Shown = strings.TrimSpace(page.Shown + " " + string(line.Serial))
	}
	return s.show(v, status, "arrival", screen{
		Title: "Confirmer une livraison", Notice: notice, Warning: warning, Body: page,
	})
}

func arrivalForm(v *visit, id uuid.UUID) *form {
	return newForm(v, "arrivee", "/livraisons/"+id.String(), "Ces clefs sont arrivées", map[string]field{
		"serials": {Label: "Clefs que vous avez en main"}, "etablissement": {},
	})
}

// arrivalURL is where what a delivery brings to an establishment is confirmed.
func arrivalURL(delivery uuid.UUID, uai okey.UAI) string {
	return narrowed("/livraisons/"+delivery.String(), uai)
}

// awaitedHere finds the delivery and the establishment that address or form name, or the first that the visitor manages keys of, with what is on its
// way there.
func (s *Server) awaitedHere(v *visit) (sql.Delivery, okey.UAI, []okey.Key, error) {
	d, err := s.deliveryOf(v)
	if err != nil {
		return d, "", nil, err
	}
	awaited, err := s.store.InTransit(v.ctx(), d.ID)
	if err != nil {
		return d, "", nil, err
	}
	rows, err := s.store.DeliveryRows(v.ctx(), d.ID)
	if err != nil {
		return d, "", nil, err
	}
	var places []okey.UAI
	for _, k := range awaited {
		places = append(places, k.UAI)
	}
	for _, row := range rows {
		places = append(places, row.UAI)
	}
	for _, named := range []okey.UAI{okey.UAI(v.Request.PostForm.Get("etablissement")), chosenSchool(v)} {
		if slices.Contains(places, named) {
			places = append([]okey.UAI{named}, places...)
		}
	}
	refused := okey.Errorf(okey.CodeNotFound, "Cette livraison n'existe pas, ou elle n'est pas pour vous.")
	if !d.Announced || d.State == okey.DeliveryDraft {
		return d, "", nil, refused
	}
	for _, uai := range places {
		err := s.permitAt(v.ctx(), v.Actor, &wish{}, okey.ActManageKeys, uai)
		if err == nil {
			return d, uai, slices.DeleteFunc(awaited, func(k okey.Key) bool { return k.UAI != uai }), nil
		}
		if okey.ErrorCode(err) == okey.CodeForbidden { // auditors see it
			refused = asError(err)
		}
	}
	return d, "", nil, refused
}

// confirmArrival takes the ticked keys into stock.
func (s *Server) confirmArrival(v *visit) error {
	d, uai, _, err := s.awaitedHere(v)
	if err != nil {
		return err
	}
	f := arrivalForm(v, d.ID)
	if err := s.read(v, f); err != nil {
		return err
	}
	content := okey.Content{Establishment: uai}
	if sent := okey.UAI(f.Values["etablissement"]); sent != "" {
		content.Establishment = sent // of two schools, the one that the form was about
	}
	ticked := v.Request.PostForm["serials"]
	if slices.Contains(ticked, everyKey) {
		ticked = strings.Fields(v.Request.PostForm.Get("shown"))
	}
	for _, serial := range ticked {
		content.Serials = append(content.Serials, okey.Serial(serial))
	}
	again := func(status int, warning string) error { return s.showArrival(v, status, f, warning) }
	done, err := s.act(v.ctx(), v.Actor, wish{Action: f.Action, Name: okey.ActionArrival, Subject: d.ID, Via: okey.ViaWeb, Content: content})
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, "/livraisons/"+d.ID.String(), again)
}

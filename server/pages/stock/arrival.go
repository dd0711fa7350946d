package stock

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// arrivalScreen is where a school confirms what it received of an announced delivery.
type arrivalScreen struct {
	Form  *web.Form
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

// arrivalLines are the keys still on their way; on a form that comes back, those that its writer had ticked. A single one is
// ticked: the button speaks of nothing else.
func arrivalLines(v *web.Visit, awaited []okey.Key) []arrivalLine {
	ticked := v.Request.PostForm["serials"]
	all := len(awaited) == 1 || slices.Contains(ticked, everyKey)
	lines := make([]arrivalLine, len(awaited))
	for i, k := range awaited {
		lines[i] = arrivalLine{k.Serial, k.Batch, all || slices.Contains(ticked, string(k.Serial))}
	}
	return lines
}

// arrivalPage shows an approver the keys that are on their way to an establishment of theirs.
func (s *Pages) arrivalPage(v *web.Visit) error {
	return s.showArrival(v, http.StatusOK, nil, "")
}

func (s *Pages) showArrival(v *web.Visit, status int, f *web.Form, warning string) error {
	d, uai, awaited, err := s.awaitedHere(v)
	if err != nil {
		return err
	}
	notice := ""
	if done, found, err := s.JustDone(v); err != nil {
		return err
	} else if found && done.Subject == d.ID {
		settled, err := s.act.SaySettled(v.Ctx(), done.Verdict.Faults, v.Now, web.Paris(v).Zone)
		if err != nil {
			return err
		}
		notice = strings.TrimSpace(fmt.Sprintf("C'est fait : %s en stock. Les personnes qui attendaient sont servies dans l'ordre. %s",
			okey.SayCount(done.Verdict.Count, "clef"), settled))
	}
	if f == nil {
		f = arrivalForm(v, d.ID)
	}
	place, err := s.store.Place(v.Ctx(), uai)
	if err != nil {
		return err
	}
	f.Values["etablissement"] = string(uai)
	page := arrivalScreen{
		Form: f, Where: okey.SayEstablishment(place.Name), Keys: arrivalLines(v, awaited),
		All: slices.Contains(v.Request.PostForm["serials"], everyKey),
	}
	for _, line := range page.Keys {
		page.Shown = strings.TrimSpace(page.Shown + " " + string(line.Serial))
	}
	return s.Show(v, status, "arrival", web.Screen{
		Title: "Confirmer une livraison", Notice: notice, Warning: warning, Body: page,
	})
}

// arrivalURL is a delivery as the establishments see it that it comes to.
func arrivalURL(id uuid.UUID) string { return address.PathArrival + "/" + id.String() }

func arrivalForm(v *web.Visit, id uuid.UUID) *web.Form {
	return web.NewForm(v, "arrivee", arrivalURL(id), "Ces clefs sont arrivées", map[string]web.Field{
		"serials": {Label: "Clefs que vous avez en main"}, "etablissement": {},
	})
}

// awaitedHere finds the delivery and the establishment that address or form name, or the first that the visitor manages keys of,
// with what is on its way there.
func (s *Pages) awaitedHere(v *web.Visit) (sql.Delivery, okey.UAI, []okey.Key, error) {
	d, err := s.deliveryOf(v)
	if err != nil {
		return d, "", nil, err
	}
	awaited, err := s.store.InTransit(v.Ctx(), d.ID)
	if err != nil {
		return d, "", nil, err
	}
	rows, err := s.store.DeliveryRows(v.Ctx(), d.ID)
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
	for _, named := range []okey.UAI{okey.UAI(v.Request.PostForm.Get("etablissement")), web.ChosenSchool(v)} {
		if slices.Contains(places, named) {
			places = append([]okey.UAI{named}, places...)
		}
	}
	refused := okey.Errorf(okey.CodeNotFound, "Cette livraison n'existe pas, ou elle n'est pas pour vous.")
	if !d.Announced || d.State == okey.DeliveryDraft {
		return d, "", nil, refused
	}
	for _, uai := range places {
		err := s.act.PermitAt(v.Ctx(), v.Actor, okey.ActManageKeys, uai)
		if err == nil {
			return d, uai, slices.DeleteFunc(awaited, func(k okey.Key) bool { return k.UAI != uai }), nil
		}
		if okey.ErrorCode(err) == okey.CodeForbidden { // auditors see it
			refused = respond.AsError(err)
		}
	}
	return d, "", nil, refused
}

// confirmArrival takes the ticked keys into stock.
func (s *Pages) confirmArrival(v *web.Visit) error {
	d, uai, _, err := s.awaitedHere(v)
	if err != nil {
		return err
	}
	f := arrivalForm(v, d.ID)
	if err := s.Read(v, f); err != nil {
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
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{
		Action: f.Action, Name: okey.ActionArrival, Subject: d.ID, Via: okey.ViaWeb, Content: content,
	})
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Answer(v, f, done, arrivalURL(d.ID), again)
}

package stock

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// deliveryScreen is support's page of one delivery: what it would bring, with the button that takes it, or what has become of it.
type deliveryScreen struct {
	Facts    []web.Fact
	Doubts   []web.NavLink // keys that another establishment says it has: no reason to refuse, and one to ask
	Form     *web.Form
	Refused  bool          // it was in order when it was read, and is no more
	Arrivals []web.NavLink // where support confirms in a school's place
	Schools  []web.Fact
	Rows     []deliveryRow // the first ones
	More     int
	Sheet    string
	Taken    bool // its keys are in OKEY
	Desk     *story.DeskSide
}

// deliveryRow is a key of a delivery; it has a page once it is stock.
type deliveryRow struct {
	Line, Serial, Path, Batch, Where string
	Expires                          web.Cell
	State, Confirmed                 string // empty before it is stock
}

func deliveryURL(id uuid.UUID) string { return address.PathDeliveries + "/" + id.String() }

func (s *Pages) deliveryOf(v *web.Visit) (sql.Delivery, error) {
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return sql.Delivery{}, okey.Errorf(okey.CodeNotFound, "Cette livraison n'existe pas, ou elle n'est pas pour vous.")
	}
	return s.store.Delivery(v.Ctx(), id)
}

// deliveryPage shows a delivery: before it is taken, with the button that takes it.
func (s *Pages) deliveryPage(v *web.Visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	d, err := s.deliveryOf(v)
	if err != nil {
		return err
	}
	return s.showDelivery(v, http.StatusOK, d, confirmForm(v, d), "")
}

func confirmForm(v *web.Visit, d sql.Delivery) *web.Form {
	f := web.NewForm(v, "prendre", deliveryURL(d.ID), "Enregistrer la livraison", map[string]web.Field{"zeros": {}})
	f.Values["zeros"] = v.Query("zeros")
	return f
}

func (s *Pages) showDelivery(v *web.Visit, status int, d sql.Delivery, f *web.Form, warning string) error {
	rows, err := s.store.DeliveryRows(v.Ctx(), d.ID)
	if err != nil {
		return err
	}
	page := deliveryScreen{Facts: deliveryFacts(v, d), Sheet: deliveryURL(d.ID) + "/tableau.xlsx"}
	if err := s.fillDeliveryKeys(v, &page, d, rows); err != nil {
		return err
	}
	switch d.State {
	case okey.DeliveryDraft:
		if v.MayImport() == nil {
			page.Form, page.Refused = f, warning != ""
		}
		page.Doubts, err = s.doubtsAbout(v, d, rows)
	case okey.DeliveryInTransit:
		page.Arrivals, err = s.arrivalsOf(v, d)
	}
	if err != nil {
		return err
	}
	if page.Taken = d.State != okey.DeliveryDraft; page.Taken {
		if page.Desk, err = s.story.SubjectSide(v, d.ID, web.Paris(v)); err != nil {
			return err
		}
	}
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	notice := ""
	if found && done.Subject == d.ID {
		n := done.Verdict.Count
		notice = fmt.Sprintf("C'est fait : %s %s. %s", okey.SayCount(n, "clef"), okey.SayEither(n, "enregistrée", "enregistrées"),
			okey.SayEither(len(page.Schools), "L'établissement est prévenu.", "Les établissements sont prévenus."))
	}
	return s.Show(v, status, "delivery", web.Screen{Title: "Livraison", Notice: notice, Warning: warning, Body: page})
}

func deliveryFacts(v *web.Visit, d sql.Delivery) []web.Fact {
	facts := []web.Fact{
		{Name: "Fichier", Value: d.FileName},
		{Name: "Envoyé", Value: web.Paris(v).Time(d.CreatedAt) + " par " + d.ByName},
		{Name: "État", Value: okey.Capitalize(d.State.French())},
		{Name: "Clefs", Value: okey.SayNumber(d.Keys)},
	}
	switch {
	case d.State == okey.DeliveryInTransit:
		return append(facts, web.Fact{Name: "Encore en route", Value: okey.SayNumber(d.InTransit)})
	case d.State != okey.DeliveryDraft:
		return facts
	case d.Announced:
		return append(facts, web.Fact{
			Name: "Ces clefs sont", Value: "en route : données à personne avant que l'établissement confirme leur arrivée",
		})
	}
	return append(facts, web.Fact{Name: "Ces clefs sont", Value: "arrivées : elles entrent en stock tout de suite"})
}

// fillDeliveryKeys shows the first keys, and how many go to each school.
func (s *Pages) fillDeliveryKeys(v *web.Visit, page *deliveryScreen, d sql.Delivery, rows []okey.ImportedKey) error {
	stand, err := s.store.DeliveredKeys(v.Ctx(), d.ID)
	if err != nil {
		return err
	}
	counts := map[okey.UAI]int{}
	for _, row := range rows {
		counts[stand[row.Serial].Receiver(row)]++
	}
	uais := slices.Sorted(maps.Keys(counts))
	names, err := s.store.Names(v.Ctx(), uais...)
	if err != nil {
		return err
	}
	for _, uai := range uais {
		page.Schools = append(page.Schools, web.Fact{
			Name: okey.SayPlace(names[uai], uai), Value: okey.SayNumber(counts[uai]), Path: address.Narrowed(address.PathKeys, uai),
		})
	}
	page.More = max(0, len(rows)-web.ShownRows)
	for _, row := range rows[:min(len(rows), web.ShownRows)] {
		line := deliveryRow{
			Line: fmt.Sprint(row.Line), Serial: string(row.Serial), Batch: row.Batch, Expires: web.StampDay(row.ExpiresOn),
		}
		uai := stand[row.Serial].Receiver(row)
		if line.Where = okey.SayPlace(names[uai], uai); uai != row.UAI {
			line.Where += fmt.Sprintf(", et non plus %s", row.UAI)
		}
		if k, in := stand[row.Serial]; in {
			line.Path, line.State = address.KeyURL(row.Serial), okey.Capitalize(k.State.French())
			line.Confirmed = sayConfirmed(d, k, web.Paris(v))
		}
		page.Rows = append(page.Rows, line)
	}
	return nil
}

// doubtsAbout names the rows of a draft whose key another establishment has found in its drawer.
func (s *Pages) doubtsAbout(v *web.Visit, d sql.Delivery, rows []okey.ImportedKey) ([]web.NavLink, error) {
	found, err := s.store.ReportsAgainst(v.Ctx(), d.ID, web.ShownRows)
	var doubts []web.NavLink
	for _, r := range found {
		at := slices.IndexFunc(rows, func(row okey.ImportedKey) bool { return row.Serial == r.Serial })
		doubts = append(doubts, web.NavLink{
			Path: address.PathReports + "/" + r.ID.String(),
			Name: fmt.Sprintf("Ligne %d, %s. Signalée par %s %s : elle est dans son tiroir.",
				rows[at].Line, r.Serial, okey.SayEstablishment(r.Establishment), web.Paris(v).Day(r.At)),
		})
	}
	return doubts, err
}

// sayConfirmed tells who saw an announced key arrive, and when.
func sayConfirmed(d sql.Delivery, k sql.DeliveredKey, c web.Clock) string {
	switch {
	case !d.Announced:
		return "pas à confirmer"
	case k.Confirmed.Valid && k.By != "":
		return okey.Capitalize(c.Time(k.Confirmed.Time)) + " par " + k.By
	case k.Confirmed.Valid:
		return okey.Capitalize(c.Time(k.Confirmed.Time))
	case k.State == okey.InTransit:
		return "pas encore"
	}
	return "non"
}

// arrivalsOf leads support to each school that has not confirmed all its keys.
func (s *Pages) arrivalsOf(v *web.Visit, d sql.Delivery) ([]web.NavLink, error) {
	if v.MayImport() != nil {
		return nil, nil //nolint:nilerr // the table says no: nothing is shown
	}
	awaited, err := s.store.InTransit(v.Ctx(), d.ID)
	if err != nil {
		return nil, err
	}
	var uais []okey.UAI
	for _, k := range awaited {
		if !slices.Contains(uais, k.UAI) {
			uais = append(uais, k.UAI)
		}
	}
	names, err := s.store.Names(v.Ctx(), uais...)
	links := make([]web.NavLink, len(uais))
	for i, uai := range uais {
		links[i] = web.NavLink{Name: okey.SayPlace(names[uai], uai), Path: address.ArrivalURL(d.ID, uai)}
	}
	return links, err
}

// takeDelivery confirms what the page showed.
func (s *Pages) takeDelivery(v *web.Visit) error {
	d, err := s.deliveryOf(v)
	if err != nil {
		return err
	}
	f := confirmForm(v, d)
	if err := s.Read(v, f); err != nil {
		return err
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{
		Action: f.Action, Name: okey.ActionDelivery, Subject: d.ID, Via: okey.ViaWeb,
		Content: okey.Content{Sum: d.Sum, Announced: d.Announced, LookAlikes: f.Values["zeros"] != ""},
	})
	if err != nil {
		return err
	}
	return s.Answer(v, f, done, deliveryURL(d.ID), func(status int, warning string) error {
		return s.showDelivery(v, status, d, f, warning)
	})
}

// Cells are the columns of "Clefs", the last two once it is stock.
func (r deliveryRow) Cells() []web.Cell {
	shown := []web.Cell{
		{Text: r.Serial, Path: r.Path, Whole: true}, {Text: r.Line, Number: true}, {Text: r.Batch, Whole: true}, r.Expires, {Text: r.Where},
	}
	if r.State == "" {
		return shown
	}
	return append(shown, web.Cell{Text: r.State}, web.Cell{Text: r.Confirmed})
}

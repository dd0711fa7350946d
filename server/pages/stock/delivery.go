package stock

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"

	"okey/imports"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/story"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// deliveryScreen is support's page of deliveries: the upload, what is wrong with it, or what it would bring.
type deliveryScreen struct {
	Form      *web.Form
	File      string
	Refused   bool // it was in order when it was read, and is no more
	Bad       []imports.RowError
	BadSheet  template.URL
	Rows      []deliveryRow // the first ones
	More      int
	Schools   []web.Fact
	Facts     []web.Fact
	Arrivals  []web.NavLink // where support confirms in a school's place
	Delivered []deliveryLine
	Sheet     string
	Taken     bool          // its keys are in OKEY
	Doubts    []web.NavLink // keys that another establishment says it has: no reason to refuse, and one to ask
	Desk      *story.DeskSide
}

// deliveryRow is a key of a delivery; it has a page once it is stock.
type deliveryRow struct {
	Line, Serial, Path, Batch, Expires, Where string
	State, Confirmed                          string // empty before it is stock
}

type deliveryLine struct{ Path, When, File, State, By, Keys string }

const (
	maxBadRows = 5_000 // how many of those that are wrong its spreadsheet names
)

func uploadForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "livraison", web.PathDeliveries, "Vérifier le fichier", map[string]web.Field{
		"file":        {Label: "*Fichier", Hint: "Excel (.xlsx) ou CSV : numero_de_serie ; lot ; date_d_expiration ; uai. Ou PSKC (.xml), la liste normalisée (RFC 6030) que donnent les fabricants de clefs. 20 Mo au plus."},
		"announced":   {Label: "Ces clefs sont en route : les établissements confirmeront ce qui arrive"},
		"uai":         {Label: "Établissement (UAI)", Hint: "Pour un fichier PSKC seulement."},
		"lot":         {Label: "Lot", Hint: "Pour un fichier PSKC seulement."},
		"look_alikes": {Label: "Accepter les numéros qui ne diffèrent d'un autre que par des zéros au début"},
	})
}

// deliveriesPage lists deliveries and offers to bring one.
func (s *Pages) deliveriesPage(v *web.Visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	return s.showDeliveries(v, http.StatusOK, uploadForm(v), deliveryScreen{})
}

func (s *Pages) showDeliveries(v *web.Visit, status int, f *web.Form, page deliveryScreen) error {
	if v.MayImport() == nil {
		page.Form = f
	}
	found, err := s.store.Deliveries(v.Ctx(), web.PageLines)
	if err != nil {
		return err
	}
	for _, d := range found {
		page.Delivered = append(page.Delivered, deliveryLine{
			Path: web.PathDeliveries + "/" + d.ID.String(), When: okey.Capitalize(web.Paris(v).Time(d.CreatedAt)), File: d.FileName,
			State: d.State.French(), By: d.ByName, Keys: okey.SayNumber(d.Keys),
		})
	}
	page.Sheet = web.PathDeliveries + ".xlsx"
	return s.Show(v, status, "deliveries", web.Screen{Title: "Livraisons", Body: page})
}

// uploadDelivery reads a file and shows what it would bring, or each row that keeps it from being taken. Nothing enters the stock yet.
func (s *Pages) uploadDelivery(v *web.Visit) error {
	if err := v.MayImport(); err != nil {
		return err
	}
	f := uploadForm(v)
	up, err := act.ReadUpload(v.Request)
	if err == nil {
		if f.Action, err = uuid.Parse(up.Values["action"]); err != nil {
			err = act.DamagedForm()
		}
	}
	if err != nil {
		return err
	}
	for name := range f.Fields {
		f.Values[name] = up.Values[name]
	}
	d, err := s.act.Receive(v.Ctx(), v.Actor, okey.DerivedID(f.Action, string(okey.ActionDelivery)), up, up.Values["announced"] != "")
	var bad respond.BadRows
	switch {
	case errors.As(err, &bad):
		f.Action = uuid.New()
		return s.showBadRows(v, f, up.Name, bad.Result.Errors)
	case err != nil:
		f.Action = uuid.New()
		if err = f.Refuse(err); err != nil {
			return err
		}
		return s.showDeliveries(v, http.StatusUnprocessableEntity, f, deliveryScreen{})
	}
	query := ""
	if up.Values["look_alikes"] != "" {
		query = "?zeros=oui"
	}
	v.Redirect(http.StatusSeeOther, web.PathDeliveries+"/"+d.ID.String()+query)
	return nil
}

// showBadRows names what is wrong: the first rows on the page, the rest (up to a bound) in the spreadsheet, for whoever made the file.
func (s *Pages) showBadRows(v *web.Visit, f *web.Form, file string, bad []imports.RowError) error {
	page := deliveryScreen{File: file, Bad: bad[:min(len(bad), web.ShownRows)], More: max(0, len(bad)-web.ShownRows)}
	var err error
	page.BadSheet, err = web.Enclosed(v, web.Spreadsheet{Name: "lignes", Title: "Lignes fautives de " + file, Sheets: []workbook.Sheet{{Name: "Lignes fautives", Columns: []workbook.Column{
		{Title: "Ligne", Kind: workbook.Number}, {Title: "Colonne"}, {Title: "Ce qui ne va pas", Width: 80},
	}, Rows: web.RowsOf(bad[:min(len(bad), maxBadRows)], func(e imports.RowError) []any { return []any{e.Line, e.Column, e.Message} })}}})
	if err != nil {
		return err
	}
	return s.showDeliveries(v, http.StatusUnprocessableEntity, f, page)
}

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
	return s.showDelivery(v, http.StatusOK, d, confirmForm(v, d), "", "")
}

func confirmForm(v *web.Visit, d sql.Delivery) *web.Form {
	f := web.NewForm(v, "prendre", web.PathDeliveries+"/"+d.ID.String(), "Enregistrer la livraison", map[string]web.Field{"zeros": {}})
	f.Values["zeros"] = v.Query("zeros")
	return f
}

func (s *Pages) showDelivery(v *web.Visit, status int, d sql.Delivery, f *web.Form, notice, warning string) error {
	rows, err := s.store.DeliveryRows(v.Ctx(), d.ID)
	if err != nil {
		return err
	}
	page := deliveryScreen{File: d.FileName, More: max(0, len(rows)-web.ShownRows), Sheet: web.PathDeliveries + "/" + d.ID.String() + "/tableau.xlsx"}
	stand, err := s.store.DeliveredKeys(v.Ctx(), d.ID)
	if err != nil {
		return err
	}
	counts := map[okey.UAI]int{}
	for _, row := range rows {
		counts[stand[row.Serial].Receiver(row)]++
	}
	var uais []okey.UAI
	for uai := range counts {
		uais = append(uais, uai)
	}
	slices.Sort(uais)
	names, err := s.store.Names(v.Ctx(), uais...)
	if err != nil {
		return err
	}
	page.Taken = d.State != okey.DeliveryDraft
	for _, row := range rows[:min(len(rows), web.ShownRows)] {
		line := deliveryRow{
			Line: fmt.Sprint(row.Line), Serial: string(row.Serial), Batch: row.Batch, Expires: web.Paris(v).Date(row.ExpiresOn),
		}
		uai := stand[row.Serial].Receiver(row)
		if line.Where = fmt.Sprintf("%s (%s)", names[uai], uai); uai != row.UAI {
			line.Where += fmt.Sprintf(", et non plus %s", row.UAI)
		}
		if k, in := stand[row.Serial]; in {
			line.Path, line.State, line.Confirmed = web.KeyURL(row.Serial), okey.Capitalize(k.State.French()), sayConfirmed(d, k, web.Paris(v))
		}
		page.Rows = append(page.Rows, line)
	}
	for _, uai := range uais {
		page.Schools = append(page.Schools, web.Fact{Name: fmt.Sprintf("%s (%s)", names[uai], uai), Value: okey.SayNumber(counts[uai]), Path: "/clefs?etablissement=" + string(uai)})
	}
	page.Facts = []web.Fact{
		{Name: "Fichier", Value: d.FileName},
		{Name: "Envoyé", Value: web.Paris(v).Time(d.CreatedAt) + " par " + d.ByName},
		{Name: "État", Value: okey.Capitalize(d.State.French())},
		{Name: "Clefs", Value: okey.SayNumber(d.Keys)},
	}
	if d.State == okey.DeliveryDraft {
		how := "arrivées : elles entrent en stock tout de suite"
		if d.Announced {
			how = "en route : données à personne avant que l'établissement confirme leur arrivée"
		}
		page.Facts = append(page.Facts, web.Fact{Name: "Ces clefs sont", Value: how})
	}
	if d.State == okey.DeliveryInTransit {
		page.Facts = append(page.Facts, web.Fact{Name: "Encore en route", Value: okey.SayNumber(d.InTransit)})
		if page.Arrivals, err = s.arrivalsOf(v, d); err != nil {
			return err
		}
	}
	if page.Taken {
		if page.Desk, err = s.story.SubjectSide(v, d.ID, web.Paris(v)); err != nil {
			return err
		}
	}
	if d.State == okey.DeliveryDraft {
		if page.Doubts, err = s.doubtsAbout(v, d, rows); err != nil {
			return err
		}
	}
	if d.State == okey.DeliveryDraft && v.MayImport() == nil {
		page.Form, page.Refused = f, warning != ""
	}
	if done, found, err := s.JustDone(v); err != nil {
		return err
	} else if found && done.Subject == d.ID {
		notice = fmt.Sprintf("C'est fait : %s %s. %s", okey.SayCount(done.Verdict.Count, "clef"), okey.SayEither(done.Verdict.Count, "enregistrée", "enregistrées"),
			okey.SayEither(len(page.Schools), "L'établissement est prévenu.", "Les établissements sont prévenus."))
	}
	return s.Show(v, status, "delivery", web.Screen{Title: "Livraison", Notice: notice, Warning: warning, Body: page})
}

// doubtsAbout names the rows of a draft whose key another establishment has found in its drawer.
func (s *Pages) doubtsAbout(v *web.Visit, d sql.Delivery, rows []okey.ImportedKey) ([]web.NavLink, error) {
	found, err := s.store.ReportsAgainst(v.Ctx(), d.ID, web.ShownRows)
	var doubts []web.NavLink
	for _, r := range found {
		at := slices.IndexFunc(rows, func(row okey.ImportedKey) bool { return row.Serial == r.Serial })
		doubts = append(doubts, web.NavLink{
			Path: web.PathReports + "/" + r.ID.String(),
			Name: fmt.Sprintf("Ligne %d, %s. Signalée par %s %s : elle est dans son tiroir.", rows[at].Line, r.Serial, okey.SayEstablishment(r.Establishment), web.Paris(v).Day(r.At)),
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
		links[i] = web.NavLink{Name: fmt.Sprintf("%s (%s)", names[uai], uai), Path: web.ArrivalURL(d.ID, uai)}
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
	return s.Answer(v, f, done, web.PathDeliveries+"/"+d.ID.String(), func(status int, warning string) error {
		return s.showDelivery(v, status, d, f, "", warning)
	})
}

func (l deliveryLine) Cells() []web.Cell {
	return []web.Cell{{Text: l.When, Path: l.Path}, {Text: l.File}, {Text: l.Keys}, {Text: l.State}, {Text: l.By}}
}

func (r deliveryRow) Cells() []web.Cell {
	shown := []web.Cell{{Text: r.Serial, Path: r.Path}, {Text: r.Line}, {Text: r.Batch}, {Text: r.Expires}, {Text: r.Where}}
	if r.State == "" {
		return shown
	}
	return append(shown, web.Cell{Text: r.State}, web.Cell{Text: r.Confirmed})
}

// badLine is what is wrong with a line of a file.
type badLine struct{ imports.RowError }

func (l badLine) Cells() []web.Cell {
	line := "fichier"
	if l.Line > 0 {
		line = strconv.Itoa(l.Line)
	}
	return []web.Cell{{Text: line}, {Text: l.Column}, {Text: l.Message}}
}

// BadLines are the lines that keep a file out.
func (d deliveryScreen) BadLines() []badLine {
	lines := make([]badLine, len(d.Bad))
	for i, wrong := range d.Bad {
		lines[i] = badLine{wrong}
	}
	return lines
}

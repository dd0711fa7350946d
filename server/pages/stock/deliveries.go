package stock

import (
	"errors"
	"html/template"
	"net/http"
	"strconv"

	"okey/imports"
	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"

	"github.com/google/uuid"
)

// deliveriesScreen is support's page of deliveries: the upload, what is wrong with a file, and those that came before.
type deliveriesScreen struct {
	Form      *web.Form
	File      string // that is refused
	Bad       []imports.RowError
	More      int
	BadSheet  template.URL
	Delivered []web.Row
	Sheet     string
}

const maxBadRows = 5_000 // how many of those that are wrong its spreadsheet names

func uploadForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "livraison", address.PathDeliveries, "Vérifier le fichier", map[string]web.Field{
		"file": {
			Label: "*Fichier",
			Hint: "Excel (.xlsx) ou CSV : numero_de_serie ; lot ; date_d_expiration ; uai. " +
				"Ou PSKC (.xml), la liste normalisée (RFC 6030) que donnent les fabricants de clefs. 20 Mo au plus.",
		},
		"announced":   {Label: "Ces clefs sont en route : les établissements confirmeront ce qui arrive"},
		"uai":         {Label: "Établissement", Hint: "Pour un fichier PSKC seulement. " + web.SchoolHint},
		"lot":         {Label: "Lot", Hint: "Pour un fichier PSKC seulement ; sinon le nom du fichier et la date."},
		"expires":     {Label: "Expiration", Hint: "Pour un fichier PSKC qui ne la dit pas, par exemple 31/12/2031."},
		"look_alikes": {Label: "Accepter les numéros qui ne diffèrent d'un autre que par des zéros au début"},
	})
}

// deliveriesPage lists deliveries and offers to bring one.
func (s *Pages) deliveriesPage(v *web.Visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	f := uploadForm(v)
	if v.MayImport() == nil {
		if err := s.OfferSchools(v, f, "uai"); err != nil {
			return err
		}
	}
	return s.showDeliveries(v, http.StatusOK, f, deliveriesScreen{})
}

func (s *Pages) showDeliveries(v *web.Visit, status int, f *web.Form, page deliveriesScreen) error {
	if v.MayImport() == nil {
		page.Form = f
	}
	found, err := s.store.Deliveries(v.Ctx(), web.PageLines)
	if err != nil {
		return err
	}
	for _, d := range found {
		page.Delivered = append(page.Delivered, web.Row{
			web.Paris(v).Stamp(d.CreatedAt).To(deliveryURL(d.ID)),
			{Text: d.FileName},
			{Text: okey.SayNumber(d.Keys), Number: true},
			{Text: d.State.French()},
			{Text: d.ByName, Whole: true},
		})
	}
	page.Sheet = address.PathDeliveries + ".xlsx"
	return s.Show(v, status, "deliveries", web.Screen{Title: "Livraisons", Body: page})
}

// uploadDelivery reads a file and shows what it would bring, or each row that keeps it from being taken. Nothing enters the stock
// yet.
func (s *Pages) uploadDelivery(v *web.Visit) error {
	if err := v.MayImport(); err != nil {
		return err
	}
	f := uploadForm(v)
	up, err := act.ReadUpload(v.Request)
	if err != nil {
		return err
	}
	if f.Action, err = uuid.Parse(up.Values["action"]); err != nil {
		return act.DamagedForm()
	}
	for name := range f.Fields {
		f.Values[name] = up.Values[name]
	}
	if err := s.ReadSchools(v, f, "uai"); err != nil || len(f.Errors) > 0 {
		clear(up.Content) // as Receive does: a PSKC may hold secrets
		return s.refuseUpload(v, f, up.Name, err)
	}
	up.Values["uai"] = f.Values["uai"]
	id := okey.DerivedID(f.Action, string(okey.ActionDelivery))
	d, err := s.act.Receive(v.Ctx(), v.Actor, id, up, up.Values["announced"] != "")
	if err != nil {
		return s.refuseUpload(v, f, up.Name, err)
	}
	query := ""
	if up.Values["look_alikes"] != "" {
		query = "?zeros=oui"
	}
	v.Redirect(http.StatusSeeOther, deliveryURL(d.ID)+query)
	return nil
}

// refuseUpload shows the page anew with what is wrong. The form is another one: a corrected file is no repeat.
func (s *Pages) refuseUpload(v *web.Visit, f *web.Form, file string, err error) error {
	f.Action = uuid.New()
	if bad, rows := errors.AsType[respond.BadRows](err); rows {
		return s.showBadRows(v, f, file, bad.Result.Errors)
	}
	if err = f.Refuse(err); err != nil {
		return err
	}
	return s.showDeliveries(v, http.StatusUnprocessableEntity, f, deliveriesScreen{})
}

// showBadRows names what is wrong: the first rows on the page, the rest (up to a bound) in the spreadsheet, for whoever made the
// file.
func (s *Pages) showBadRows(v *web.Visit, f *web.Form, file string, bad []imports.RowError) error {
	sheet, err := web.Enclosed(v, oneSheet("lignes", "Lignes fautives de "+file, workbook.Sheet{
		Name:    "Lignes fautives",
		Columns: []workbook.Column{{Title: "Ligne", Kind: workbook.Number}, {Title: "Colonne"}, {Title: "Ce qui ne va pas", Width: 80}},
		Rows: web.RowsOf(bad[:min(len(bad), maxBadRows)], func(e imports.RowError) []any {
			return []any{e.Line, e.Column, e.Message}
		}),
	}))
	if err != nil {
		return err
	}
	return s.showDeliveries(v, http.StatusUnprocessableEntity, f, deliveriesScreen{
		File: file, Bad: bad[:min(len(bad), web.ShownRows)], More: max(0, len(bad)-web.ShownRows), BadSheet: sheet,
	})
}

// badLine is what is wrong with a line of a file.
type badLine struct{ imports.RowError }

// Cells are the columns of "Lignes fautives".
func (l badLine) Cells() []web.Cell {
	line := "fichier"
	if l.Line > 0 {
		line = strconv.Itoa(l.Line)
	}
	return []web.Cell{{Text: line}, {Text: l.Column}, {Text: l.Message}}
}

// BadLines are the lines that keep a file out.
func (d deliveriesScreen) BadLines() []badLine {
	lines := make([]badLine, len(d.Bad))
	for i, wrong := range d.Bad {
		lines[i] = badLine{wrong}
	}
	return lines
}

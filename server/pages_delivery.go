package server

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"

	"okey/imports"
	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

const pathDeliveries = "/assistance/livraisons"

// deliveryScreen is support's page of deliveries: the upload, what is wrong with it, or what it would bring.
type deliveryScreen struct {
	Form      *form
	File      string
	Refused   bool // it was in order when it was read, and is no more
	Bad       []imports.RowError
	BadSheet  template.URL
	Rows      []deliveryRow // the first ones
	More      int
	Schools   []fact
	Facts     []fact
	Arrivals  []navLink // where support confirms in a school's place
	Delivered []deliveryLine
	Sheet     string
	Taken     bool      // its keys are in OKEY
	Doubts    []navLink // keys that another establishment says it has: no reason to refuse, and one to ask
	Desk      *deskSide
}

// deliveryRow is a key of a delivery; it has a page once it is stock.
type deliveryRow struct {
	Line, Serial, Path, Batch, Expires, Where string
	State, Confirmed                          string // empty before it is stock
}

type deliveryLine struct{ Path, When, File, State, By, Keys string }

const (
	shownRows  = 100   // how many rows of a file a page shows
	maxBadRows = 5_000 // how many of those that are wrong its spreadsheet names
)

func (v *visit) mayImport() error {
	return okey.May(okey.ActImport, v.Actor, okey.Subject{}, v.today())
}

func uploadForm(v *visit) *form {
	return newForm(v, "livraison", pathDeliveries, "Vérifier le fichier", map[string]field{
		"file":        {Label: "*Fichier", Hint: "Excel (.xlsx) ou CSV : numero_de_serie ; lot ; date_d_expiration ; uai. Ou PSKC (.xml), la liste normalisée (RFC 6030) que donnent les fabricants de clefs. 20 Mo au plus."},
		"announced":   {Label: "Ces clefs sont en route : les établissements confirmeront ce qui arrive"},
		"uai":         {Label: "Établissement (UAI)", Hint: "Pour un fichier PSKC seulement."},
		"lot":         {Label: "Lot", Hint: "Pour un fichier PSKC seulement."},
		"look_alikes": {Label: "Accepter les numéros qui ne diffèrent d'un autre que par des zéros au début"},
	})
}

// deliveriesPage lists deliveries and offers to bring one.
func (s *Server) deliveriesPage(v *visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	return s.showDeliveries(v, http.StatusOK, uploadForm(v), deliveryScreen{})
}

func (s *Server) showDeliveries(v *visit, status int, f *form, page deliveryScreen) error {
	if v.mayImport() == nil {
		page.Form = f
	}
	found, err := s.store.Deliveries(v.ctx(), pageLines)
	if err != nil {
		return err
	}
	for _, d := range found {
		page.Delivered = append(page.Delivered, deliveryLine{
			Path: pathDeliveries + "/" + d.ID.String(), When: okey.Capitalize(paris(v).time(d.CreatedAt)), File: d.FileName,
			State: d.State.French(), By: d.ByName, Keys: okey.SayNumber(d.Keys),
		})
	}
	page.Sheet = pathDeliveries + ".xlsx"
	return s.show(v, status, "deliveries", screen{Title: "Livraisons", Body: page})
}

// uploadDelivery reads a file and shows what it would bring, or each row that keeps it from being taken. Nothing enters the stock yet.
func (s *Server) uploadDelivery(v *visit) error {
	if err := v.mayImport(); err != nil {
		return err
	}
	f := uploadForm(v)
	up, err := readUpload(v.Request)
	if err == nil {
		if f.Action, err = uuid.Parse(up.Values["action"]); err != nil {
			err = damagedForm()
		}
	}
	if err != nil {
		return err
	}
	for name := range f.Fields {
		f.Values[name] = up.Values[name]
	}
	d, err := s.receive(v.ctx(), v.Actor, okey.DerivedID(f.Action, string(okey.ActionDelivery)), up, up.Values["announced"] != "")
	var bad badRows
	switch {
	case errors.As(err, &bad):
		f.Action = uuid.New()
		return s.showBadRows(v, f, up.Name, bad.result.Errors)
	case err != nil:
		f.Action = uuid.New()
		if err = f.refuse(err); err != nil {
			return err
		}
		return s.showDeliveries(v, http.StatusUnprocessableEntity, f, deliveryScreen{})
	}
	query := ""
	if up.Values["look_alikes"] != "" {
		query = "?zeros=oui"
	}
	v.Redirect(http.StatusSeeOther, pathDeliveries+"/"+d.ID.String()+query)
	return nil
}

// showBadRows names what is wrong: the first rows on the page, the rest (up to a bound) in the spreadsheet, for whoever made the file.
func (s *Server) showBadRows(v *visit, f *form, file string, bad []imports.RowError) error {
	page := deliveryScreen{File: file, Bad: bad[:min(len(bad), shownRows)], More: max(0, len(bad)-shownRows)}
	var err error
	page.BadSheet, err = enclosed(v, spreadsheet{Name: "lignes", Title: "Lignes fautives de " + file, Sheets: []workbook.Sheet{{Name: "Lignes fautives", Columns: []workbook.Column{
		{Title: "Ligne", Kind: workbook.Number}, {Title: "Colonne"}, {Title: "Ce qui ne va pas", Width: 80},
	}, Rows: rowsOf(bad[:min(len(bad), maxBadRows)], func(e imports.RowError) []any { return []any{e.Line, e.Column, e.Message} })}}})
	if err != nil {
		return err
	}
	return s.showDeliveries(v, http.StatusUnprocessableEntity, f, page)
}

func (s *Server) deliveryOf(v *visit) (sql.Delivery, error) {
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return sql.Delivery{}, okey.Errorf(okey.CodeNotFound, "Cette livraison n'existe pas, ou elle n'est pas pour vous.")
	}
	return s.store.Delivery(v.ctx(), id)
}

// deliveryPage shows a delivery: before it is taken, with the button that takes it.
func (s *Server) deliveryPage(v *visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	d, err := s.deliveryOf(v)
	if err != nil {
		return err
	}
	return s.showDelivery(v, http.StatusOK, d, confirmForm(v, d), "", "")
}

func confirmForm(v *visit, d sql.Delivery) *form {
	f := newForm(v, "prendre", pathDeliveries+"/"+d.ID.String(), "Enregistrer la livraison", map[string]field{"zeros": {}})
	f.Values["zeros"] = v.Query("zeros")
	return f
}

func (s *Server) showDelivery(v *visit, status int, d sql.Delivery, f *form, notice, warning string) error {
	rows, err := s.store.DeliveryRows(v.ctx(), d.ID)
	if err != nil {
		return err
	}
	page := deliveryScreen{File: d.FileName, More: max(0, len(rows)-shownRows), Sheet: pathDeliveries + "/" + d.ID.String() + "/tableau.xlsx"}
	stand, err := s.store.DeliveredKeys(v.ctx(), d.ID)
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
	names, err := s.store.Names(v.ctx(), uais...)
	if err != nil {
		return err
	}
	page.Taken = d.State != okey.DeliveryDraft
	for _, row := range rows[:min(len(rows), shownRows)] {
		line := deliveryRow{
			Line: fmt.Sprint(row.Line), Serial: string(row.Serial), Batch: row.Batch, Expires: paris(v).date(row.ExpiresOn),
		}
		uai := stand[row.Serial].Receiver(row)
		if line.Where = fmt.Sprintf("%s (%s)", names[uai], uai); uai != row.UAI {
			line.Where += fmt.Sprintf(", et non plus %s", row.UAI)
		}
		if k, in := stand[row.Serial]; in {
			line.Path, line.State, line.Confirmed = keyURL(row.Serial), okey.Capitalize(k.State.French()), sayConfirmed(d, k, paris(v))
		}
		page.Rows = append(page.Rows, line)
	}
	for _, uai := range uais {
		page.Schools = append(page.Schools, fact{Name: fmt.Sprintf("%s (%s)", names[uai], uai), Value: okey.SayNumber(counts[uai]), Path: "/clefs?etablissement=" + string(uai)})
	}
	page.Facts = []fact{
		{Name: "Fichier", Value: d.FileName},
		{Name: "Envoyé", Value: paris(v).time(d.CreatedAt) + " par " + d.ByName},
		{Name: "État", Value: okey.Capitalize(d.State.French())},
		{Name: "Clefs", Value: okey.SayNumber(d.Keys)},
	}
	if d.State == okey.DeliveryDraft {
		how := "arrivées : elles entrent en stock tout de suite"
		if d.Announced {
			how = "en route : données à personne avant que l'établissement confirme leur arrivée"
		}
		page.Facts = append(page.Facts, fact{Name: "Ces clefs sont", Value: how})
	}
	if d.State == okey.DeliveryInTransit {
		page.Facts = append(page.Facts, fact{Name: "Encore en route", Value: okey.SayNumber(d.InTransit)})
		if page.Arrivals, err = s.arrivalsOf(v, d); err != nil {
			return err
		}
	}
	if page.Taken {
		if page.Desk, err = s.subjectSide(v, d.ID, paris(v)); err != nil {
			return err
		}
	}
	if d.State == okey.DeliveryDraft {
		if page.Doubts, err = s.doubtsAbout(v, d, rows); err != nil {
			return err
		}
	}
	if d.State == okey.DeliveryDraft && v.mayImport() == nil {
		page.Form, page.Refused = f, warning != ""
	}
	if done, found, err := s.justDone(v); err != nil {
		return err
	} else if found && done.Subject == d.ID {
		notice = fmt.Sprintf("C'est fait : %s %s. %s", okey.SayCount(done.Verdict.Count, "clef"), okey.SayEither(done.Verdict.Count, "enregistrée", "enregistrées"),
			okey.SayEither(len(page.Schools), "L'établissement est prévenu.", "Les établissements sont prévenus."))
	}
	return s.show(v, status, "delivery", screen{Title: "Livraison", Notice: notice, Warning: warning, Body: page})
}

// doubtsAbout names the rows of a draft whose key another establishment has found in its drawer.
func (s *Server) doubtsAbout(v *visit, d sql.Delivery, rows []okey.ImportedKey) ([]navLink, error) {
	found, err := s.store.ReportsAgainst(v.ctx(), d.ID, shownRows)
	var doubts []navLink
	for _, r := range found {
		at := slices.IndexFunc(rows, func(row okey.ImportedKey) bool { return row.Serial == r.Serial })
		doubts = append(doubts, navLink{
			Path: pathReports + "/" + r.ID.String(),
			Name: fmt.Sprintf("Ligne %d, %s. Signalée par %s %s : elle est dans son tiroir.", rows[at].Line, r.Serial, okey.SayEstablishment(r.Establishment), paris(v).day(r.At)),
		})
	}
	return doubts, err
}

// sayConfirmed tells who saw an announced key arrive, and when.
func sayConfirmed(d sql.Delivery, k sql.DeliveredKey, c clock) string {
	switch {
	case !d.Announced:
		return "pas à confirmer"
	case k.Confirmed.Valid && k.By != "":
		return okey.Capitalize(c.time(k.Confirmed.Time)) + " par " + k.By
	case k.Confirmed.Valid:
		return okey.Capitalize(c.time(k.Confirmed.Time))
	case k.State == okey.InTransit:
		return "pas encore"
	}
	return "non"
}

// arrivalsOf leads support to each school that has not confirmed all its keys.
func (s *Server) arrivalsOf(v *visit, d sql.Delivery) ([]navLink, error) {
	if v.mayImport() != nil {
		return nil, nil //nolint:nilerr // the table says no: nothing is shown
	}
	awaited, err := s.store.InTransit(v.ctx(), d.ID)
	if err != nil {
		return nil, err
	}
	var uais []okey.UAI
	for _, k := range awaited {
		if !slices.Contains(uais, k.UAI) {
			uais = append(uais, k.UAI)
		}
	}
	names, err := s.store.Names(v.ctx(), uais...)
	links := make([]navLink, len(uais))
	for i, uai := range uais {
		links[i] = navLink{Name: fmt.Sprintf("%s (%s)", names[uai], uai), Path: arrivalURL(d.ID, uai)}
	}
	return links, err
}

// takeDelivery confirms what the page showed.
func (s *Server) takeDelivery(v *visit) error {
	d, err := s.deliveryOf(v)
	if err != nil {
		return err
	}
	f := confirmForm(v, d)
	if err := s.read(v, f); err != nil {
		return err
	}
	done, err := s.act(v.ctx(), v.Actor, wish{
		Action: f.Action, Name: okey.ActionDelivery, Subject: d.ID, Via: okey.ViaWeb,
		Content: okey.Content{Sum: d.Sum, Announced: d.Announced, LookAlikes: f.Values["zeros"] != ""},
	})
	if err != nil {
		return err
	}
	return s.answerForm(v, f, done, pathDeliveries+"/"+d.ID.String(), func(status int, warning string) error {
		return s.showDelivery(v, status, d, f, "", warning)
	})
}

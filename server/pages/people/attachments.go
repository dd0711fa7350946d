package people

import (
	"context"
	"fmt"
	"strings"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

var attachmentPage = arrangementPage{
	path: address.PathAttachments, template: "attachments", title: "Personnes rattachées par l'assistance",
	form: attachmentForm, done: (*Pages).sayAttached,
}

func attachmentForm(v *web.Visit) *web.Form {
	f := web.NewForm(v, "rattachement", address.PathAttachments, "Rattacher", map[string]web.Field{
		"who":           {Label: "*Personne", Hint: "Son nom, son identifiant (uid) ou son adresse."},
		"establishment": {Label: "*Établissement", Hint: web.SchoolHint},
		"function": {Label: "*Fonction", Choices: []web.Choice{
			{Value: string(okey.Principal), Label: okey.Capitalize(okey.Principal.French())},
			{Value: string(okey.Deputy), Label: okey.Capitalize(okey.Deputy.French())},
			{Value: string(okey.Staff), Label: okey.Capitalize(okey.Staff.French())},
		}},
		"until": {Label: "*Dernier jour", Hint: "Ce jour est compris. Un an au plus."},
		"comment": {
			Label: "*Raison", Hint: "La personne et la direction la liront.",
			Missing: "Écrivez pourquoi vous rattachez cette personne.",
		},
	})
	f.Values["who"], f.Values["establishment"] = web.PlainQuery(v, "personne"), string(web.ChosenSchool(v))
	return f
}

func (s *Pages) attachmentsPage(v *web.Visit) error { return s.showAttachments(v, nil) }

func (s *Pages) showAttachments(v *web.Visit, sent *web.Form) error {
	found, err := arranged(v, s.store.Attachments)
	if err != nil {
		return err
	}
	lines := each(found, func(a sql.ListedAttachment) arrangementLine { return attachmentLine(v, a) })
	return s.showArrangements(v, attachmentPage, lines, sent)
}

func (s *Pages) sayAttached(ctx context.Context, id uuid.UUID) (string, error) {
	a, err := s.store.Attachment(ctx, id)
	school := okey.SayEstablishment(a.School)
	switch {
	case err != nil:
		return "", err
	case a.EndedAt.IsZero():
		return fmt.Sprintf("C'est fait : %s compte comme %s pour %s. Cette personne et la direction sont prévenues.",
			a.Name, a.Function.French(), school), nil
	}
	return fmt.Sprintf("C'est fait : %s n'est plus parmi les personnes rattachées %s.", a.Name, okey.SayAtSchool(school)), nil
}

func attachmentLine(v *web.Visit, a sql.ListedAttachment) arrangementLine {
	who, until := fmt.Sprintf("%s (%s)", a.Name, a.UID), "sans fin"
	if !a.Until.IsZero() {
		until = a.Until.SayWithYear()
	}
	return arrangementLine{
		id: a.ID, over: !a.EndedAt.IsZero() || attachmentPassed(v, a), does: "Mettre fin au rattachement de " + who,
		texts: []string{
			who, okey.Capitalize(a.Function.French()), okey.SayPlace(a.School, a.UAI), until, a.Reason, a.ByName,
			sayAttachment(v, a),
		},
	}
}

func attachmentPassed(v *web.Visit, a sql.ListedAttachment) bool {
	return !a.Until.IsZero() && a.Until.Before(v.Today())
}

// sayAttachment is where an attachment stands.
func sayAttachment(v *web.Visit, a sql.ListedAttachment) string {
	switch {
	case !a.EndedAt.IsZero():
		return fmt.Sprintf("terminé %s par %s", web.Paris(v).Day(a.EndedAt), a.EndedByName)
	case a.Void:
		return voidPost
	case attachmentPassed(v, a):
		return "passé, sans effet"
	}
	return "en cours"
}

// attach gives a person a function at an establishment.
func (s *Pages) attach(v *web.Visit) error {
	if err := web.MayArrange(v); err != nil {
		return err
	}
	f := attachmentForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	a, err := s.readAttachment(v, f)
	if err != nil {
		return err
	}
	give := func() (okey.Action, error) { return s.store.Attach(v.Ctx(), a) }
	return s.arrange(v, f, address.PathAttachments, give, s.showAttachments)
}

// readAttachment is what the form says; what is wrong with it stands in the form.
func (s *Pages) readAttachment(v *web.Visit, f *web.Form) (okey.Attachment, error) {
	a := okey.Attachment{
		ID: okey.DerivedID(v.Actor.ID, "attachment/"+f.Action.String()), By: v.Actor.ID, At: v.Now.UTC(),
		Function: okey.Function(f.Values["function"]),
	}
	var err error
	if a.Person, err = s.meant(v, f, strings.TrimSpace(f.Values["who"])); err != nil {
		return a, err
	}
	place, err := s.servedPlace(v, f, "establishment")
	if err != nil {
		return a, err
	}
	a.UAI = place.UAI
	if !a.Function.Valid() {
		f.Note("function", "Choisissez la fonction de cette personne.")
	}
	today := web.TodayAt(v, place)
	a.Until = f.Day("until", today)
	switch {
	case a.Until.IsZero():
	case a.Until.Before(today):
		f.Note("until", "Ce jour est passé : donnez-en un à venir.")
	case today.AddMonths(okey.MaxDelegation).Before(a.Until):
		f.Note("until", "Un rattachement dure un an au plus : donnez un dernier jour plus proche.")
	}
	a.Reason = f.Text("comment")
	return a, nil
}

// detach ends an attachment at once.
func (s *Pages) detach(v *web.Visit) error {
	return s.endArranged(v, address.PathAttachments, s.store.Detach)
}

func (s *Pages) attachmentsTable(v *web.Visit) (web.Spreadsheet, error) {
	found, err := arranged(v, s.store.Attachments)
	rows := web.RowsOf(found, func(a sql.ListedAttachment) []any {
		state := sayAttachment(v, a)
		if !a.EndedAt.IsZero() {
			state = "terminé"
		}
		return []any{
			a.UID, a.Name, a.Function.French(), a.UAI, a.School, a.Until, a.Reason, a.ByName, state,
			web.InZone(a.EndedAt, web.Paris(v).Zone), a.EndedByName,
		}
	})
	return web.Spreadsheet{Name: "rattachements", Title: attachmentPage.title, Sheets: []workbook.Sheet{{
		Name: "Rattachements", Rows: rows, Columns: []workbook.Column{
			{Title: "Identifiant"},
			{Title: "Personne"},
			{Title: "Fonction"},
			{Title: "UAI", Width: 12},
			{Title: "Établissement", Width: 36},
			{Title: "Dernier jour", Kind: workbook.Date},
			{Title: "Raison", Width: 48},
			{Title: "Par"},
			{Title: "État", Width: 18},
			{Title: "Terminé", Kind: workbook.Instant},
			{Title: "Terminé par"},
		},
	}}}, err
}

package stock

import (
	"cmp"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// reportsScreen is support's list of keys that inventories found and OKEY did not know.
type reportsScreen struct {
	Reports []web.Row
	Sheet   string
}

const mostReports = 200 // that the page shows; the spreadsheet has all

func (s *Pages) reportsPage(v *web.Visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	found, err := s.store.PendingReports(v.Ctx(), mostReports)
	if err != nil {
		return err
	}
	notice := ""
	if _, just, err := s.JustDone(v); err != nil {
		return err
	} else if just {
		notice = "C'est fait : la réponse est partie."
	}
	page := reportsScreen{Sheet: address.PathReports + ".xlsx"}
	for _, r := range found {
		page.Reports = append(page.Reports, web.Row{
			{Text: string(r.Serial), Path: reportURL(r.ID), Whole: true},
			{Text: okey.SayPlace(r.Establishment, r.UAI)},
			web.Paris(v).Stamp(r.At),
			{Text: r.ByName, Whole: true},
			{Text: web.SayList(r.Similar)},
			{Text: cmp.Or(r.KeptAt, "pas encore")},
		})
	}
	return s.Show(v, http.StatusOK, "reports", web.Screen{Title: "Clefs à confirmer", Notice: notice, Body: page})
}

func reportURL(id uuid.UUID) string { return address.PathReports + "/" + id.String() }

func reportForm(v *web.Visit, id uuid.UUID) *web.Form {
	return web.NewForm(v, "signalement", reportURL(id), "Répondre", map[string]web.Field{
		"decision": {Label: "*Réponse", Choices: []web.Choice{
			{Value: string(okey.Approve), Label: "Cette clef est à nous : la mettre en stock"},
			{Value: string(okey.Refuse), Label: "Écarter cette clef"},
		}},
		"batch":      {Label: "Lot", Hint: "Pour la mettre en stock."},
		"expires_on": {Label: "Date d'expiration", Hint: "Par exemple 31/12/2029. Pour la mettre en stock."},
		"comment":    {Label: "Commentaire", Hint: "Pour l'écarter : dites pourquoi."},
	})
}

// reportScreen is where support answers one.
type reportScreen struct {
	Facts []web.Fact
	Form  *web.Form
	Desk  *story.DeskSide
}

func (s *Pages) reportPage(v *web.Visit) error { return s.showReport(v, http.StatusOK, nil, "") }

func (s *Pages) showReport(v *web.Visit, status int, f *web.Form, warning string) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return okey.Errorf(okey.CodeNotFound, "Ce signalement n'existe pas, ou il n'est pas pour vous.")
	}
	r, err := s.store.Report(v.Ctx(), id)
	if err != nil {
		return err
	}
	page := reportScreen{Facts: reportFacts(r, web.Paris(v))}
	if _, err := s.store.Key(v.Ctx(), r.Serial); err == nil { // it has a page by now
		page.Facts[0].Path = address.KeyURL(r.Serial)
	} else if okey.ErrorCode(err) != okey.CodeNotFound {
		return err
	}
	notice := ""
	switch pending := r.State == okey.ReportPending; {
	case pending && v.MayImport() == nil:
		if f == nil {
			f = reportForm(v, id)
			if s.Restore(v, f) {
				notice = web.RestoredNotice
			}
		}
		page.Form = f
	case !pending && warning == "": // nothing went wrong
		notice = "Ce signalement a déjà sa réponse."
	}
	if page.Desk, err = s.story.SubjectSide(v, r.ID, web.Paris(v)); err != nil {
		return err
	}
	return s.Show(v, status, "report", web.Screen{Title: "Clef à confirmer", Notice: notice, Warning: warning, Body: page})
}

func reportFacts(r sql.ListedReport, c web.Clock) []web.Fact {
	facts := []web.Fact{
		{Name: "Numéro de série", Value: string(r.Serial)},
		{Name: "Établissement", Value: okey.SayPlace(r.Establishment, r.UAI)},
		{Name: "Trouvée", Value: c.Time(r.At) + " par " + r.ByName},
	}
	if r.KeptAt != "" && r.State == okey.ReportPending {
		facts = append(facts, web.Fact{Name: "Entrée depuis dans OKEY", Value: r.KeptAt})
	}
	if len(r.Similar) > 0 {
		facts = append(facts, web.Fact{Name: "Ressemble, aux zéros près, à", Value: web.SayList(r.Similar)})
	}
	return append(facts, reportAnswer(r, c)...)
}

// reportAnswer is what support has answered, or that it has not yet.
func reportAnswer(r sql.ListedReport, c web.Clock) []web.Fact {
	if r.State == okey.ReportPending {
		return []web.Fact{{Name: "Réponse", Value: "Attendue de l'assistance"}}
	}
	facts := []web.Fact{
		{Name: "Réponse", Value: okey.Capitalize(r.State.French())},
		{Name: "Répondu", Value: okey.Capitalize(c.Time(r.DecidedAt)) + " par " + cmp.Or(r.DecidedBy, "OKEY")},
	}
	if r.Comment != "" {
		facts = append(facts, web.Fact{Name: "Commentaire", Value: r.Comment})
	}
	return facts
}

func (s *Pages) decideReport(v *web.Visit) error {
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return okey.Errorf(okey.CodeNotFound, "Ce signalement n'existe pas, ou il n'est pas pour vous.")
	}
	f := reportForm(v, id)
	if err := s.Read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error { return s.showReport(v, status, f, warning) }
	cmd := act.Command{Action: f.Action, Name: okey.ActionReportDecision, Subject: id, Via: okey.ViaWeb}
	cmd.Content = okey.Content{Decision: okey.Decision(f.Values["decision"]), Batch: f.Values["batch"], Comment: f.Values["comment"]}
	if cmd.Content.Decision == okey.Approve {
		if cmd.Content.ExpiresOn, err = okey.ParseDay(f.Values["expires_on"]); err != nil {
			f.Note("expires_on", "Écrivez une date comme 31/12/2029.")
			return again(http.StatusUnprocessableEntity, "")
		}
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, cmd)
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Answer(v, f, done, address.PathReports, again)
}

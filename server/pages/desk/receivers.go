package desk

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"
)

// receiversScreen is the list of the programs to which OKEY sends events.
type receiversScreen struct {
	Lines []web.Row
	Sheet string
}

// receiversPage is for support and auditors.
func (s *Pages) receiversPage(v *web.Visit) error {
	if err := seesDesk(v); err != nil {
		return err
	}
	found, err := s.store.WebhookReceivers(v.Ctx())
	if err != nil {
		return err
	}
	page, c := receiversScreen{Sheet: web.SheetURL(v)}, web.Paris(v)
	for _, r := range found {
		sent := web.Cell{Text: "jamais"}
		if !r.LastSent.IsZero() {
			sent = c.Stamp(r.LastSent)
		}
		page.Lines = append(page.Lines, web.Row{
			{Text: r.Name, Path: address.ReceiverURL(r.ID), Whole: true},
			{Text: r.Address},
			{Text: sayReceiver(r)},
			{Text: okey.SayNumber(int(r.Backlog())), Number: true},
			sent,
		})
	}
	return s.Show(v, http.StatusOK, "receivers", web.Screen{Title: "Récepteurs d'événements", Body: page})
}

// receiversTable is the list as a spreadsheet.
func (s *Pages) receiversTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := seesDesk(v); err != nil {
		return web.Spreadsheet{}, err
	}
	found, err := s.store.WebhookReceivers(v.Ctx())
	rows := web.RowsOf(found, func(r sql.WebhookReceiver) []any {
		zone := web.Paris(v).Zone
		return []any{r.Name, r.Address, sayReceiver(r), int(r.Backlog()), web.InZone(r.LastSent, zone), sayFailure(r)}
	})
	return web.Spreadsheet{Name: "recepteurs", Title: "Récepteurs d'événements", Sheets: []workbook.Sheet{{
		Name: "Récepteurs", Rows: rows, Columns: []workbook.Column{
			{Title: "Récepteur", Width: 24},
			{Title: "Adresse", Width: 40},
			{Title: "État", Width: 24},
			{Title: "En attente", Kind: workbook.Number},
			{Title: "Dernier envoi", Kind: workbook.Instant},
			{Title: "Dernière erreur", Width: 40},
		},
	}}}, err
}

// sayReceiver is how a receiver is, in a few words.
func sayReceiver(r sql.WebhookReceiver) string {
	switch {
	case r.State == okey.WebhookAbsent:
		return "retiré de la configuration"
	case r.State == okey.WebhookStopped:
		return "arrêté"
	case !r.FailingSince.IsZero():
		return "en échec"
	case r.Backlog() > 0:
		return "envoi en cours"
	}
	return "à jour"
}

// sayFailure is why a receiver did not take the last event that it did not take; empty where it has all.
func sayFailure(r sql.WebhookReceiver) string { return r.LastError.French(r.LastStatus) }

// receiverScreen is the page of one of them.
type receiverScreen struct {
	Facts  []web.Fact
	Test   *web.Form // nil for who may not
	Resume *web.Form
	Follow string // while a trial is under way
}

// receiverPage is for support, and to be read by auditors.
func (s *Pages) receiverPage(v *web.Visit) error {
	r, err := s.seenReceiver(v)
	if err != nil {
		return err
	}
	return s.showReceiver(v, http.StatusOK, r, testForm(v, r), resumeForm(v, r), "")
}

// seenReceiver is the receiver that the address names, for whoever sees the desk.
func (s *Pages) seenReceiver(v *web.Visit) (sql.WebhookReceiver, error) {
	if err := seesDesk(v); err != nil {
		return sql.WebhookReceiver{}, err
	}
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return sql.WebhookReceiver{}, err
	}
	return s.store.WebhookReceiverOf(v.Ctx(), id)
}

func testForm(v *web.Visit, r sql.WebhookReceiver) *web.Form {
	return web.NewForm(v, "essai", address.ReceiverURL(r.ID)+address.PathTest, "Envoyer un essai", nil)
}

func resumeForm(v *web.Visit, r sql.WebhookReceiver) *web.Form {
	return web.NewForm(v, "reprise", address.ReceiverURL(r.ID), "Reprendre l'envoi", map[string]web.Field{
		"from": {Label: "Depuis", Hint: "Vide : d'où il en était. Sinon, tout ce qui est arrivé depuis ce moment repart."},
	})
}

func (s *Pages) showReceiver(v *web.Visit, status int, r sql.WebhookReceiver, test, resume *web.Form, warning string) error {
	page := receiverScreen{Facts: receiverFacts(r, web.Paris(v))}
	if r.State != okey.WebhookAbsent && okey.May(okey.ActSettings, v.Actor, okey.Subject{}, v.Today()) == nil {
		page.Test, page.Resume = test, resume
	}
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	notice := ""
	switch {
	case !found || warning != "":
	case done.Name == okey.ActionWebhookResume:
		notice = sayResumed(done, web.Paris(v))
	case !r.TestAsked.IsZero():
		page.Follow = address.DoneURL(address.ReceiverURL(r.ID), done.ID)
	case r.TestError != "":
		warning = fmt.Sprintf("L'essai a échoué : %s %s.", r.Name, r.TestError.French(r.TestStatus))
	default:
		notice = fmt.Sprintf("L'essai a réussi : %s a répondu %d.", r.Name, r.TestStatus)
	}
	return s.Show(v, status, "receiver", web.Screen{Title: "Récepteur : " + r.Name, Notice: notice, Warning: warning, Body: page})
}

// sayResumed is what goes again, and what is gone: OKEY itself does not know which of them the receiver wants.
func sayResumed(a okey.Action, c web.Clock) string {
	said, v := "L'envoi reprend.", a.Verdict
	switch {
	case a.Content.From.IsZero():
		return said
	case v.Count == 0:
		said = "L'envoi reprend, mais aucun événement n'est gardé depuis ce moment : rien ne repart."
	default:
		said = fmt.Sprintf("L'envoi reprend depuis %s : %s, dont part ce que le récepteur demande.",
			c.Time(v.From), okey.SayCount(v.Count, "événement"))
	}
	if v.Detail == okey.DetailEventsGone {
		said += " Ceux d'avant sont effacés : s'il lui en manque, qu'il relise toutes les clefs."
	}
	return said
}

// receiverFacts are what is known of a receiver.
func receiverFacts(r sql.WebhookReceiver, c web.Clock) []web.Fact {
	facts := []web.Fact{
		{Name: "Adresse", Value: r.Address},
		{Name: "État", Value: okey.Capitalize(sayReceiver(r))},
		{Name: "En attente", Value: okey.Capitalize(web.SayUpTo(int(r.Backlog()), "événement"))},
	}
	add := func(name, value string, there bool) {
		if there {
			facts = append(facts, web.Fact{Name: name, Value: okey.Capitalize(value)})
		}
	}
	add("Événements gardés", "depuis "+c.Time(r.Kept), !r.Kept.IsZero())
	add("Dernier envoi", c.Time(r.LastSent), !r.LastSent.IsZero())
	add("Dernière erreur", sayFailure(r), r.LastError != "")
	add("En échec depuis", c.Time(r.FailingSince), !r.FailingSince.IsZero())
	add("Nouvel essai", c.Time(r.NextTry), !r.NextTry.IsZero())
	add("Clefs qui attendent", okey.SayNumber(len(r.Waiting)), len(r.Waiting) > 0)
	add("Perdus", sayMissed(r, c), r.Missed > 0)
	add("Dernier essai", c.Time(r.Tested), !r.Tested.IsZero())
	return facts
}

// sayMissed stays for good: OKEY can't know whether the receiver has read all keys since, whoever has it do so does.
func sayMissed(r sql.WebhookReceiver, c web.Clock) string {
	said := "il a manqué " + okey.SayCount(int(r.Missed), "événement")
	if r.MissedAt.IsZero() {
		return said + ". Il doit relire toutes les clefs."
	}
	return said + ", la dernière fois " + c.Time(r.MissedAt) + ". S'il n'a pas relu toutes les clefs depuis, qu'il les relise."
}

// testReceiver has a receiver be sent a trial.
func (s *Pages) testReceiver(v *web.Visit) error {
	r, err := s.seenReceiver(v)
	if err != nil {
		return err
	}
	f := testForm(v, r)
	if err := s.Read(v, f); err != nil {
		return err
	}
	cmd := act.Command{Action: f.Action, Name: okey.ActionWebhookTest, Subject: r.ID, Via: okey.ViaWeb}
	return s.Send(v, f, cmd, address.ReceiverURL(r.ID), func(status int, warning string) error {
		return s.showReceiver(v, status, r, f, resumeForm(v, r), warning)
	})
}

// resumeReceiver has a receiver be sent events again, from where it was or from a moment on.
func (s *Pages) resumeReceiver(v *web.Visit) error {
	r, err := s.seenReceiver(v)
	if err != nil {
		return err
	}
	f := resumeForm(v, r)
	if err := s.Read(v, f); err != nil {
		return err
	}
	cmd := act.Command{Action: f.Action, Name: okey.ActionWebhookResume, Subject: r.ID, Via: okey.ViaWeb}
	if f.Values["from"] != "" {
		cmd.Content.From = momentOf(v, f, "from")
	}
	again := func(status int, warning string) error {
		return s.showReceiver(v, status, r, testForm(v, r), f, warning)
	}
	if len(f.Errors) > 0 {
		if err := s.act.Permit(v.Ctx(), v.Actor, cmd); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Send(v, f, cmd, address.ReceiverURL(r.ID), again)
}

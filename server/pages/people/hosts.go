package people

import (
	"context"
	"fmt"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

var hostPage = arrangementPage{
	path: address.PathHosts, template: "hosts", title: "Établissements sans direction", form: hostForm, done: (*Pages).sayHosted,
}

// motherReason is why a school is proposed: in the form, to be changed.
const motherReason = "C'est l'établissement mère d'après l'annuaire de l'éducation."

// hostPath leads to the form, filled in as far as the register says it.
func hostPath(school, mother okey.UAI) string {
	path := address.PathHosts + "?etablissement=" + string(school)
	if mother != "" {
		path += "&hote=" + string(mother)
	}
	return path
}

func hostForm(v *web.Visit) *web.Form {
	f := web.NewForm(v, "hote", address.PathHosts, "Désigner", map[string]web.Field{
		"establishment": {
			Label: "*Établissement sans direction", Hint: web.SchoolHint,
			Missing: "Écrivez le nom ou le code UAI de l'établissement sans direction.",
		},
		"host": {
			Label: "*Établissement qui répond pour lui", Hint: web.SchoolHint,
			Missing: "Écrivez le nom ou le code UAI de celui qui répond pour lui.",
		},
		"comment": {
			Label: "*Raison", Hint: "La direction qui répond la lira.", Missing: "Écrivez pourquoi cet établissement répond pour l'autre.",
		},
	})
	f.Values["establishment"] = string(web.ChosenSchool(v))
	if host, err := okey.ParseUAI(v.Query("hote")); err == nil {
		f.Values["host"], f.Values["comment"] = string(host), motherReason
	}
	return f
}

func (s *Pages) hostsPage(v *web.Visit) error { return s.showHosts(v, nil) }

func (s *Pages) showHosts(v *web.Visit, sent *web.Form) error {
	found, err := arranged(v, s.store.Hostings)
	if err != nil {
		return err
	}
	lines := each(found, func(h sql.ListedHosting) arrangementLine { return hostLine(v, h) })
	proposed, err := s.store.ProposedHosts(v.Ctx(), v.Today(), arrangementRows)
	if err != nil {
		return err
	}
	return s.showArrangements(v, hostPage, lines, sent, each(proposed, func(p sql.ProposedHost) web.Row {
		return web.Row{
			{Text: okey.SayPlace(p.School, p.UAI)},
			{Text: okey.SayPlace(p.HostName, p.Host)},
			{Text: "Désigner " + p.HostName, Path: hostPath(p.UAI, p.Host), Act: true},
		}
	})...)
}

func (s *Pages) sayHosted(ctx context.Context, id uuid.UUID) (string, error) {
	h, err := s.store.Hosting(ctx, id)
	host, school := okey.SayEstablishment(h.HostName), okey.SayEstablishment(h.School)
	switch {
	case err != nil:
		return "", err
	case h.EndedAt.IsZero():
		return fmt.Sprintf("C'est fait : la direction %s répond maintenant pour %s ; elle est prévenue de ce qui l'attend.",
			okey.SayOfSchool(host), school), nil
	}
	return fmt.Sprintf("C'est fait : %s ne répond plus pour %s.", host, school), nil
}

func hostLine(v *web.Visit, h sql.ListedHosting) arrangementLine {
	school := okey.SayPlace(h.School, h.UAI)
	return arrangementLine{
		id: h.ID, over: !h.EndedAt.IsZero(), does: "Mettre fin pour " + school,
		texts: []string{school, okey.SayPlace(h.HostName, h.Host), h.Reason, h.ByName, sayHosting(v, h)},
	}
}

// sayHosting is where a hosting stands.
func sayHosting(v *web.Visit, h sql.ListedHosting) string {
	since := "depuis " + web.Paris(v).Day(h.At)
	switch {
	case !h.EndedAt.IsZero():
		return fmt.Sprintf("terminé %s par %s", web.Paris(v).Day(h.EndedAt), h.EndedByName)
	case h.Headed(v.Now):
		return since + " ; cet établissement a maintenant sa propre direction : mettez fin à ceci pour qu'elle réponde"
	}
	return since
}

// host lets one establishment's approvers answer for another one.
func (s *Pages) host(v *web.Visit) error {
	if err := web.MayArrange(v); err != nil {
		return err
	}
	f := hostForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	place, err := s.servedPlace(v, f, "establishment")
	if err != nil {
		return err
	}
	host, err := s.servedPlace(v, f, "host")
	if err != nil {
		return err
	}
	h := okey.Hosting{
		ID: okey.DerivedID(v.Actor.ID, "hosting/"+f.Action.String()), UAI: place.UAI, Host: host.UAI, By: v.Actor.ID, At: v.Now.UTC(),
		Reason: f.Text("comment"),
	}
	if h.UAI != "" && h.UAI == h.Host {
		f.Note("host", "Un établissement ne répond pas pour lui-même de cette façon : indiquez-en un autre.")
	}
	give := func() (okey.Action, error) { return s.store.Host(v.Ctx(), h, web.TodayAt(v, place)) }
	return s.arrange(v, f, address.PathHosts, give, s.showHosts)
}

func (s *Pages) endHosting(v *web.Visit) error {
	return s.endArranged(v, address.PathHosts, s.store.EndHosting)
}

func (s *Pages) hostsTable(v *web.Visit) (web.Spreadsheet, error) {
	found, err := arranged(v, s.store.Hostings)
	rows := web.RowsOf(found, func(h sql.ListedHosting) []any {
		zone, headed := web.Paris(v).Zone, "non"
		if h.Headed(v.Now) {
			headed = "oui"
		}
		return []any{
			h.UAI, h.School, h.Host, h.HostName, h.Reason, h.ByName, web.InZone(h.At, zone), web.InZone(h.EndedAt, zone),
			h.EndedByName, headed,
		}
	})
	return web.Spreadsheet{Name: "hotes", Title: hostPage.title, Sheets: []workbook.Sheet{{
		Name: "Sans direction", Rows: rows, Columns: []workbook.Column{
			{Title: "UAI", Width: 12},
			{Title: "Établissement", Width: 36},
			{Title: "UAI de l'hôte", Width: 14},
			{Title: "Qui répond", Width: 36},
			{Title: "Raison", Width: 48},
			{Title: "Par"},
			{Title: "Depuis", Kind: workbook.Instant},
			{Title: "Terminé", Kind: workbook.Instant},
			{Title: "Terminé par"},
			{Title: "A sa propre direction", Width: 14},
		},
	}}}, err
}

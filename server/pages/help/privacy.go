package help

import (
	"fmt"
	"net/http"
	"time"

	"okey/internal/workbook"
	"okey/okey"
	"okey/server/pages/people"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"
)

// privacyLine is a kind of data, for whoever it is about.
type privacyLine struct{ What, Why, Long string }

// privacyPage says what OKEY keeps of people, why and how long, from the table that the retention goes by. It is open: it says nothing of anybody.
func (s *Pages) privacyPage(v *web.Visit) error {
	var lines []privacyLine
	for _, k := range okey.Keepings() {
		line := privacyLine{What: k.What, Why: okey.Capitalize(k.Why), Long: okey.Capitalize(k.Until) + ", puis " + k.Then}
		if k.Months > 0 {
			line.Long = fmt.Sprintf("%s %s, puis %s", okey.Capitalize(sayMonths(k.Months)), k.Since, k.Then)
		}
		lines = append(lines, line)
	}
	return s.Show(v, http.StatusOK, "privacy", web.Screen{Title: "Vos données", Body: lines})
}

func sayMonths(n int) string {
	if n%12 == 0 {
		return okey.SayEither(n/12, "un an", okey.SayNumber(n/12)+" ans")
	}
	return okey.SayEither(n, "un mois", okey.SayNumber(n)+" mois")
}

// accountTable is all that OKEY knows of the visitor (RGPD, article 15): for them alone.
func (s *Pages) accountTable(v *web.Visit) (web.Spreadsheet, error) {
	known, err := s.store.KnownOf(v.Ctx(), v.Actor.ID)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	roles, err := s.rolesOf(v)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	zone := web.Paris(v).Zone
	return web.Spreadsheet{Name: "mes-donnees", Title: "Ce qu'OKEY sait de " + v.Actor.Name(), Sheets: []workbook.Sheet{
		{Name: "Identité", Columns: []workbook.Column{{Title: "Donnée", Width: 24}, {Title: "Valeur", Width: 60}}, Rows: web.RowsOf(identityOf(v.Actor, known, roles), func(f web.Fact) []any {
			return []any{f.Name, f.Value}
		})},
		{Name: "Demandes", Columns: []workbook.Column{
			{Title: "Demandée", Kind: workbook.Instant},
			{Title: "Établissement", Width: 36},
			{Title: "Besoin", Width: 48},
			{Title: "Étape"},
			{Title: "Charte, version", Kind: workbook.Number},
			{Title: "Charte, empreinte", Width: 66},
			{Title: "Signée", Kind: workbook.Instant},
			{Title: "Signée par", Width: 30},
			{Title: "Identifiant alors"},
			{Title: "Signée pour", Width: 36},
			{Title: "Clef"},
		}, Rows: web.RowsOf(known.Requests, func(r sql.KnownRequest) []any {
			return []any{web.InZone(r.AskedAt, zone), r.School, r.Need, r.Stage.French(), versionOf(r), r.CharterSum, web.InZone(r.SignedAt.Time, zone), r.SignedAs, r.SignedUID, r.SignedFor, r.Key}
		})},
		{Name: "Suites de vos demandes", Columns: []workbook.Column{{Title: "Quand", Kind: workbook.Instant}, {Title: "Quoi", Width: 60}, {Title: "Texte", Width: 60}}, Rows: web.RowsOf(known.Answers, func(e okey.Event) []any {
			return []any{web.InZone(e.At, zone), web.SayEvent(e, ""), e.Comment}
		})},
		{Name: "Ce que vous avez fait", Columns: []workbook.Column{
			{Title: "Quand", Kind: workbook.Instant}, {Title: "Quoi", Width: 28}, {Title: "Par"}, {Title: "Texte", Width: 60},
		}, Rows: web.RowsOf(known.Actions, func(a sql.KnownAction) []any {
			return []any{web.InZone(a.At, zone), okey.Capitalize(web.SayAction(a.Name)), web.ViaNames[a.Via], a.Text}
		})},
		{Name: "Vos clefs", Columns: []workbook.Column{
			{Title: "Quand", Kind: workbook.Instant}, {Title: "Clef"}, {Title: "Quoi", Width: 28}, {Title: "Commentaire", Width: 60},
		}, Rows: web.RowsOf(known.Keys, func(k sql.KnownKeyEvent) []any {
			return []any{web.InZone(k.At, zone), k.Serial, k.Reason.French(), k.Comment}
		})},
		{Name: "Délégations", Columns: append([]workbook.Column{
			{Title: "Établissement", Width: 36},
			{Title: "Délégataire"},
			{Title: "Donnée par"},
			{Title: "Quoi", Width: 36},
			{Title: "Donnée", Kind: workbook.Instant},
		}, people.DelegationColumns...), Rows: web.RowsOf(known.Delegations, func(d sql.ListedDelegation) []any {
			return append([]any{d.School, d.ToName, d.ByName, d.Scope.French(), web.InZone(d.At, zone)}, people.DelegationCells(v, d)...)
		})},
		{Name: "Rattachements", Columns: []workbook.Column{
			{Title: "Établissement", Width: 36},
			{Title: "Fonction", Width: 24},
			{Title: "Motif", Width: 60},
			{Title: "Dernier jour", Kind: workbook.Date},
			{Title: "Depuis", Kind: workbook.Instant},
			{Title: "Terminé", Kind: workbook.Instant},
		}, Rows: web.RowsOf(known.Attachments, func(a sql.ListedAttachment) []any {
			return []any{a.School, a.Function.French(), a.Reason, a.Until, web.InZone(a.At, zone), web.InZone(a.EndedAt, zone)}
		})},
		{Name: "Sessions ouvertes", Columns: []workbook.Column{
			{Title: "Ouverte", Kind: workbook.Instant}, {Title: "Fermée si elle ne sert pas", Kind: workbook.Instant, Width: 28}, {Title: "Fermée au plus tard", Kind: workbook.Instant, Width: 24},
		}, Rows: web.RowsOf(s.session.OpenOf(v.Actor, known.Sessions), func(o web.OpenSession) []any {
			return []any{web.InZone(o.Began, zone), web.InZone(o.Idle, zone), web.InZone(o.Ends, zone)}
		})},
		{Name: "Courriels", Columns: []workbook.Column{
			{Title: "Quand", Kind: workbook.Instant}, {Title: "Adresse", Width: 36}, {Title: "Objet", Width: 60}, {Title: "État"},
		}, Rows: web.RowsOf(known.Mails, func(m sql.KnownMail) []any {
			return []any{web.InZone(m.At, zone), m.Address, m.Subject, story.MailStates[m.State]}
		})},
		{Name: "Journal d'audit", Columns: []workbook.Column{
			{Title: "Quand", Kind: workbook.Instant}, {Title: "Quoi", Width: 32}, {Title: "À propos de", Width: 48}, {Title: "Suite", Width: 28},
		}, Rows: web.RowsOf(known.Audit, func(e sql.Entry) []any {
			return []any{web.InZone(e.At, zone), okey.Capitalize(story.SayAudit(e.Event)), story.NewAuditSubject(sql.AuditedEntry{Entry: e}).Short(), story.SayAuditDetail(story.ShownDetail(e))}
		})},
	}}, nil
}

// versionOf leaves the cell empty where nothing was signed.
func versionOf(r sql.KnownRequest) any {
	if r.Charter == 0 {
		return nil
	}
	return r.Charter
}

func identityOf(a okey.Actor, known sql.Known, roles []string) []web.Fact {
	facts := []web.Fact{{Name: "Nom", Value: a.Name()}, {Name: "Identifiant", Value: a.UID}, {Name: "Courriel", Value: a.Mail}, {Name: "Numéro dans OKEY", Value: a.ID.String()}}
	for _, role := range roles {
		facts = append(facts, web.Fact{Name: "Fonction", Value: role})
	}
	for _, k := range known.Held {
		facts = append(facts, web.Fact{Name: "Clef en main", Value: string(k.Serial)})
		if !k.LastLoginAt.IsZero() {
			facts = append(facts, web.Fact{Name: "Dernière connexion avec elle", Value: k.LastLoginAt.Format(time.RFC3339)})
		}
	}
	facts = append(facts, web.Fact{Name: "Jetons d'accès en cours", Value: okey.SayNumber(known.Tokens)})
	return facts
}

func (l privacyLine) Cells() []web.Cell {
	return []web.Cell{{Text: l.What}, {Text: l.Why}, {Text: l.Long}}
}

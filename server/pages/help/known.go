package help

import (
	"time"

	"okey/internal/workbook"
	"okey/okey"
	"okey/server/pages/people"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"
)

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
		identitySheet(v.Actor, known, roles),
		requestSheet(known.Requests, zone),
		answerSheet(known.Answers, zone),
		actionSheet(known.Actions, zone),
		keySheet(known.Keys, zone),
		trialSheet(known.Trials, zone),
		delegationSheet(v, known.Delegations, zone),
		attachmentSheet(known.Attachments, zone),
		sessionSheet(s.session.OpenOf(v.Actor, known.Sessions), zone),
		mailSheet(known.Mails, zone),
		auditSheet(known.Audit, zone),
	}}, nil
}

func identitySheet(a okey.Actor, known sql.Known, roles []string) workbook.Sheet {
	facts := append(namesOf(a), web.Fact{Name: "Numéro dans OKEY", Value: a.ID.String()})
	for _, role := range roles {
		facts = append(facts, web.Fact{Name: "Fonction", Value: role})
	}
	for _, k := range known.Held {
		facts = append(facts, web.Fact{Name: "Clef", Value: string(k.Serial)})
		if !k.LastLoginAt.IsZero() {
			facts = append(facts, web.Fact{Name: "Dernière connexion avec elle", Value: k.LastLoginAt.Format(time.RFC3339)})
		}
	}
	facts = append(facts, web.Fact{Name: "Jetons d'accès en cours", Value: okey.SayNumber(known.Tokens)})
	return workbook.Sheet{Name: "Identité", Columns: []workbook.Column{
		{Title: "Donnée", Width: 24},
		{Title: "Valeur", Width: 60},
	}, Rows: web.RowsOf(facts, func(f web.Fact) []any {
		return []any{f.Name, f.Value}
	})}
}

func requestSheet(requests []sql.KnownRequest, zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: "Demandes", Columns: []workbook.Column{
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
	}, Rows: web.RowsOf(requests, func(r sql.KnownRequest) []any {
		return []any{
			web.InZone(r.AskedAt, zone), r.School, r.Need, r.Stage.French(), versionOf(r), r.CharterSum,
			web.InZone(r.SignedAt.Time, zone), r.SignedAs, r.SignedUID, r.SignedFor, r.Key,
		}
	})}
}

// versionOf leaves the cell empty where nothing was signed.
func versionOf(r sql.KnownRequest) any {
	if r.Charter == 0 {
		return nil
	}
	return r.Charter
}

func answerSheet(answers []okey.Event, zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: "Suites de vos demandes", Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant},
		{Title: "Quoi", Width: 60},
		{Title: "Texte", Width: 60},
	}, Rows: web.RowsOf(answers, func(e okey.Event) []any {
		return []any{web.InZone(e.At, zone), web.SayEvent(e, ""), e.Comment}
	})}
}

func actionSheet(actions []sql.KnownAction, zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: "Ce que vous avez fait", Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant},
		{Title: "Quoi", Width: 28},
		{Title: "Par"},
		{Title: "Texte", Width: 60},
	}, Rows: web.RowsOf(actions, func(a sql.KnownAction) []any {
		return []any{web.InZone(a.At, zone), okey.Capitalize(web.SayAction(a.Name)), web.ViaNames[a.Via], a.Text}
	})}
}

func keySheet(events []sql.KnownKeyEvent, zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: "Vos clefs", Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant},
		{Title: "Clef"},
		{Title: "Quoi", Width: 28},
		{Title: "Commentaire", Width: 60},
	}, Rows: web.RowsOf(events, func(k sql.KnownKeyEvent) []any {
		return []any{web.InZone(k.At, zone), k.Serial, k.Reason.French(), k.Comment}
	})}
}

func trialSheet(trials []okey.Trial, zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: "Essais de vos clefs", Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant},
		{Title: "Clef"},
		{Title: "Résultat", Width: 48},
	}, Rows: web.RowsOf(trials, func(t okey.Trial) []any {
		return []any{web.InZone(t.At, zone), t.Key, okey.Capitalize(t.French())}
	})}
}

func delegationSheet(v *web.Visit, delegations []sql.ListedDelegation, zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: "Délégations", Columns: append([]workbook.Column{
		{Title: "Établissement", Width: 36},
		{Title: "Délégataire"},
		{Title: "Donnée par"},
		{Title: "Quoi", Width: 36},
		{Title: "Donnée", Kind: workbook.Instant},
	}, people.DelegationColumns...), Rows: web.RowsOf(delegations, func(d sql.ListedDelegation) []any {
		given := []any{d.School, d.ToName, d.ByName, d.Scope.French(), web.InZone(d.At, zone)}
		return append(given, people.DelegationCells(v, d)...)
	})}
}

func attachmentSheet(attachments []sql.ListedAttachment, zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: "Rattachements", Columns: []workbook.Column{
		{Title: "Établissement", Width: 36},
		{Title: "Fonction", Width: 24},
		{Title: "Motif", Width: 60},
		{Title: "Dernier jour", Kind: workbook.Date},
		{Title: "Depuis", Kind: workbook.Instant},
		{Title: "Terminé", Kind: workbook.Instant},
	}, Rows: web.RowsOf(attachments, func(a sql.ListedAttachment) []any {
		return []any{a.School, a.Function.French(), a.Reason, a.Until, web.InZone(a.At, zone), web.InZone(a.EndedAt, zone)}
	})}
}

func sessionSheet(sessions []web.OpenSession, zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: "Sessions ouvertes", Columns: []workbook.Column{
		{Title: "Ouverte", Kind: workbook.Instant},
		{Title: "Fermée si elle ne sert pas", Kind: workbook.Instant, Width: 28},
		{Title: "Fermée au plus tard", Kind: workbook.Instant, Width: 24},
	}, Rows: web.RowsOf(sessions, func(o web.OpenSession) []any {
		return []any{web.InZone(o.Began, zone), web.InZone(o.Idle, zone), web.InZone(o.Ends, zone)}
	})}
}

func mailSheet(mails []sql.KnownMail, zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: "Courriels", Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant},
		{Title: "Adresse", Width: 36},
		{Title: "Objet", Width: 60},
		{Title: "État"},
	}, Rows: web.RowsOf(mails, func(m sql.KnownMail) []any {
		return []any{web.InZone(m.At, zone), m.Address, m.Subject, story.MailStates[m.State]}
	})}
}

func auditSheet(entries []sql.Entry, zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: "Journal d'audit", Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant},
		{Title: "Quoi", Width: 32},
		{Title: "À propos de", Width: 48},
		{Title: "Suite", Width: 28},
	}, Rows: web.RowsOf(entries, func(e sql.Entry) []any {
		about, detail := story.NewAuditSubject(sql.AuditedEntry{Entry: e}), story.SayAuditDetail(story.ShownDetail(e))
		return []any{web.InZone(e.At, zone), okey.Capitalize(story.SayAudit(e.Event)), about.Short(), detail}
	})}
}

package imports

import (
	"context"
	"fmt"
	"strings"
	"time"

	"okey"
	"okey/internal/spreadsheet"
	"okey/sql"
)

var loginLayout = spreadsheet.Layout{Columns: []spreadsheet.Column{{Name: "numero_de_serie"}, {Name: "derniere_connexion"}}}

// loginForms are how authentication servers write an instant; without an offset it is French time.
var loginForms = []string{
	time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "02/01/2006 15:04:05", "02/01/2006 15:04", "02/01/2006", "2006-01-02",
}

// CodeKeyIdle names a key that nobody has in hand.
const CodeKeyIdle okey.Code = "key_idle"

// Logins notes when keys were last used, from the authentication server's list. Only a later instant than the one that stands changes
// anything; a key that is unknown or not in service is named and left out.
func Logins(ctx context.Context, store *sql.Store, src Source, opts Options) (*Result, error) {
	r := &Result{What: "Dernières connexions", File: src.Name}
	f, err := spreadsheet.Open(src.Name, src.Content, src.Size)
	if err != nil {
		return r, err
	}
	var logins []sql.Login
	err = eachRow(ctx, f, r, opts, []spreadsheet.Layout{loginLayout}, func(_ int, l *line) {
		login := sql.Login{Line: l.Line, Serial: l.serial("numero_de_serie")}
		login.At = l.instant("derniere_connexion", opts.At)
		if !l.bad {
			logins = append(logins, login)
		}
	}, func() {})
	if err != nil {
		return r, err
	}
	opts.progress(StepWriting, 0, 0)
	var unknown, idle []int
	err = store.Do(ctx, func(tx *sql.Tx) error {
		r.Changed, unknown, idle, err = tx.ImportLogins(ctx, logins)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("import logins: %w", err)
	}
	for _, line := range unknown {
		r.refuse(line, "numero_de_serie", okey.CodeKeyUnknown, "OKEY ne connaît pas cette clef : vérifiez son numéro.")
	}
	for _, line := range idle {
		r.refuse(line, "numero_de_serie", CodeKeyIdle, "Cette clef n'est dans les mains de personne : seule une clef en service sert à se connecter.")
	}
	r.Unchanged = len(logins) - r.Changed - len(unknown) - len(idle)
	r.sort()
	return r, nil
}

// instant reads a day with its hour, which can't be to come.
func (l *line) instant(column string, now time.Time) time.Time {
	text := strings.TrimSpace(l.Text(column))
	for _, form := range loginForms {
		at, err := time.ParseInLocation(form, text, okey.ZoneOf(""))
		if err != nil {
			continue
		}
		if at.After(now.Add(okey.LoginAhead)) {
			l.refuse(column, okey.CodeInvalid, "%s est à venir : vérifiez la date.", text)
		}
		return at.UTC()
	}
	l.refuse(column, okey.CodeInvalid, "« %s » n'est pas une date : écrivez par exemple 24/11/2026 09:12.", text)
	return time.Time{}
}

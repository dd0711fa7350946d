package imports

import (
	"context"
	"fmt"
	"time"

	"okey/internal/spreadsheet"
	"okey/okey"
	"okey/sql"
)

var loginLayout = spreadsheet.Layout{Columns: []spreadsheet.Column{{Name: "numero_de_serie"}, {Name: "derniere_connexion"}}}

// CodeKeyIdle names a key that nobody has in hand.
const CodeKeyIdle okey.Code = "key_idle"

// Logins notes when keys were last used, from the authentication server's list. Only a later instant than the one that stands changes
// anything; a key that is unknown or not in service is named and left out. An hour without an offset is that of the key's academy.
func Logins(ctx context.Context, store *sql.Store, src Source, opts Options) (*Result, error) {
	r := &Result{What: "Dernières connexions", File: src.Name}
	f, err := spreadsheet.Open(src.Name, src.Content, src.Size)
	if err != nil {
		return r, err
	}
	var said []saidLogin
	err = eachRow(ctx, f, r, opts, []spreadsheet.Layout{loginLayout}, func(_ int, l *line) {
		row := saidLogin{line: l, Login: sql.Login{Line: l.Line, Serial: l.serial("numero_de_serie")}, at: l.instant("derniere_connexion")}
		if !l.bad {
			said = append(said, row)
		}
	}, func() {})
	if err != nil {
		return r, err
	}
	opts.progress(StepWriting, 0, 0)
	asRead := len(r.Errors)
	var logins []sql.Login
	var unknown, idle []int
	err = store.Do(ctx, func(tx *sql.Tx) error {
		academies, err := tx.AcademiesOf(ctx, serialsOf(said))
		if err != nil {
			return err
		}
		r.Errors = r.Errors[:asRead] // a transaction may be tried again
		logins = onTheirClocks(said, academies, opts.At)
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
		r.refuse(line, "numero_de_serie", CodeKeyIdle,
			"Cette clef n'est dans les mains de personne : seule une clef en service sert à se connecter.")
	}
	r.Unchanged = len(logins) - r.Changed - len(unknown) - len(idle)
	r.sort()
	return r, nil
}

// saidLogin is a row, whose hour may be that of the key's academy.
type saidLogin struct {
	line *line
	sql.Login
	at spreadsheet.Instant
}

func serialsOf(said []saidLogin) []okey.Serial {
	serials := make([]okey.Serial, len(said))
	for i, row := range said {
		serials[i] = row.Serial
	}
	return serials
}

// onTheirClocks gives each hour the zone of its key's academy, and leaves out what can't be.
func onTheirClocks(said []saidLogin, academies map[okey.Serial]string, now time.Time) []sql.Login {
	const column = "derniere_connexion"
	var logins []sql.Login
	for _, row := range said {
		row.At = row.at.In(okey.ZoneOf(academies[row.Serial]))
		if err := okey.CheckLogin(column, row.At, now); err != nil {
			row.line.refuse(column, okey.CodeInvalid, "« %s » : %s", okey.Quote(row.line.Text(column)), okey.ErrorMessage(err))
			continue
		}
		logins = append(logins, row.Login)
	}
	return logins
}

// instant reads a day with its hour.
func (l *line) instant(column string) spreadsheet.Instant {
	at, err := l.Instant(column)
	if err != nil {
		l.refuse(column, okey.ErrorCode(err), "%s", okey.ErrorMessage(err))
	}
	return at
}

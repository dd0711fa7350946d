package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/lib/pq"
)

// Login is when a key was last used to sign in, as the authentication server says.
type Login struct {
	Line   int
	Serial okey.Serial
	At     time.Time
}

// NoteLogin keeps when a key in service was last used; an older instant changes nothing. It answers what stands then.
// It is a fact, no change of the key: neither its story nor the audit grows by it, which sign-ins would flood. The
// errors are not_found and key_not_free (for a key that nobody has in hand).
func (s *Store) NoteLogin(ctx context.Context, serial okey.Serial, at time.Time) (okey.Key, error) {
	var key okey.Key
	err := s.Do(ctx, func(t *Tx) error {
		err := t.exec(ctx, `UPDATE key SET last_login_at = $2
			WHERE serial = $1 AND state IN ('in_service', 'lent') AND (last_login_at IS NULL OR last_login_at < $2)`, serial, at)
		if err != nil {
			return err
		}
		key, err = t.Key(ctx, serial)
		if err == nil && key.State != okey.InService && key.State != okey.Lent {
			return okey.Errorf(okey.CodeKeyNotFree, "La clef %s est %s : seule une clef en service sert à se connecter.", serial,
				key.State.French())
		}
		return err
	})
	return key, err
}

// ImportLogins notes many at once, and returns how many changed something, with the lines whose key is unknown or not in service.
func (t *Tx) ImportLogins(ctx context.Context, logins []Login) (changed int, unknown, idle []int, err error) {
	serials, instants := make([]string, len(logins)), make([]time.Time, len(logins))
	for i, l := range logins {
		serials[i], instants[i] = string(l.Serial), l.At
	}
	err = t.get(ctx, &changed, "", `WITH said AS (
			SELECT s.serial, max(s.at) AS at FROM unnest($1::text[], $2::timestamptz[]) AS s (serial, at) GROUP BY s.serial
		), noted AS (
			UPDATE key k SET last_login_at = said.at FROM said
			WHERE k.serial = said.serial AND k.state IN ('in_service', 'lent') AND (k.last_login_at IS NULL OR k.last_login_at < said.at)
			RETURNING 1
		) SELECT count(*) FROM noted`, pq.Array(serials), pq.Array(instants))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("note logins: %w", err)
	}
	var known []struct {
		Serial okey.Serial   `db:"serial"`
		State  okey.KeyState `db:"state"`
	}
	if err := t.all(ctx, &known, `SELECT serial, state FROM key WHERE serial = ANY ($1)`, pq.Array(serials)); err != nil {
		return 0, nil, nil, fmt.Errorf("look keys up: %w", err)
	}
	states := map[okey.Serial]okey.KeyState{}
	for _, k := range known {
		states[k.Serial] = k.State
	}
	for _, l := range logins {
		switch states[l.Serial] {
		case "":
			unknown = append(unknown, l.Line)
		case okey.InService, okey.Lent:
		default:
			idle = append(idle, l.Line)
		}
	}
	return changed, unknown, idle, nil
}

// AcademiesOf returns the academy of each of the keys that exist.
func (r reader) AcademiesOf(ctx context.Context, serials []okey.Serial) (map[okey.Serial]string, error) {
	var rows []struct {
		Serial  okey.Serial `db:"serial"`
		Academy string      `db:"academy"`
	}
	err := r.all(ctx, &rows,
		`SELECT k.serial, e.academy FROM key k JOIN establishment e USING (uai) WHERE k.serial = ANY ($1)`, pq.Array(texts(serials)))
	if err != nil {
		return nil, fmt.Errorf("look academies up: %w", err)
	}
	academies := make(map[okey.Serial]string, len(rows))
	for _, row := range rows {
		academies[row.Serial] = row.Academy
	}
	return academies, nil
}

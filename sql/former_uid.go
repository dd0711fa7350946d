package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"
)

// formerly finds p, whom support has found to have had the uid of f. A directory may give that to somebody else later: who has it today
// comes first, and a name that is said must be the person's.
const formerly = `FROM former_uid f JOIN person p ON p.id = f.person WHERE NOT EXISTS (SELECT FROM person o WHERE o.uid = f.uid)`

const sameName = `(fold(p.family_name), fold(p.given_name)) = `

// uidNow is the uid under which OKEY knows whom others may still name by an earlier one.
func (t *Tx) uidNow(ctx context.Context, p okey.Person) (string, error) {
	var now []string
	err := t.all(ctx, &now, `SELECT p.uid `+formerly+` AND f.uid = $1 AND ($2 || $3 = '' OR `+sameName+`(fold($2), fold($3)))`,
		p.UID, p.FamilyName, p.GivenName)
	if err != nil {
		return "", fmt.Errorf("look an earlier uid up: %w", err)
	}
	return append(now, p.UID)[0], nil
}

// Rows that name one person by both become one.
var followFormer = []string{
	`UPDATE import_staff i SET uid = p.uid ` + formerly + ` AND f.uid = i.uid
		AND (i.family_name || i.given_name = '' OR ` + sameName + `(fold(i.family_name), fold(i.given_name)))`,
	`UPDATE import_unsure i SET uid = p.uid ` + formerly + ` AND f.uid = i.uid`,
	`DELETE FROM import_staff i USING import_staff o WHERE o.line < i.line AND (o.uid, o.uai, o.function) = (i.uid, i.uai, i.function)`,
}

const followFormerHolders = `UPDATE import_key i SET holder = p.uid ` + formerly + ` AND f.uid = i.holder`

// becameUID notes that a person has another uid.
func (t *Tx) becameUID(ctx context.Context, person okey.PersonID, was, is string, at time.Time) error {
	if err := t.exec(ctx, `DELETE FROM former_uid WHERE uid = $1`, is); err != nil {
		return fmt.Errorf("note an earlier uid: %w", err)
	}
	err := t.exec(ctx, `INSERT INTO former_uid (uid, person, since) VALUES ($1, $2, $3)
		ON CONFLICT (uid) DO UPDATE SET person = excluded.person, since = excluded.since`, was, person, at)
	if err != nil {
		return fmt.Errorf("note an earlier uid: %w", err)
	}
	return nil
}

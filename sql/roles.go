package sql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// The audit's entry of a role: its detail is the role, with revoked after it where the role was taken, then a
// fingerprint, made with the audit's key, of whose it is: the uid by which the identity provider will know them. Where
// that becomes another, at a first sign-in or by a staff file, an entry says so.
const (
	eventGrant   = "grant"
	eventAdopted = "uid_known"
	revoked      = "_revoked"
)

// holderPrint is what the audit keeps of whose a role is.
func holderPrint(key []byte, id okey.PersonID, uid string) string {
	return fingerprint(key, "role holder", id.String(), uid)
}

// adopted audits that a person who was known by address is known by uid.
func (t *Tx) adopted(id okey.PersonID, uid string, at time.Time) {
	_, key := t.key.Current()
	t.Audit(Entry{At: at, Event: eventAdopted, Via: okey.ViaEngine, Subject: AboutPerson(id), Detail: holderPrint(key, id, uid)})
}

// SetRole gives or takes the role of support or auditor, and audits that: a role that the audit does not know was given behind OKEY's back.
func (t *Tx) SetRole(ctx context.Context, id okey.PersonID, role okey.Role, held bool, at time.Time) error {
	detail := string(role)
	if !held {
		detail += revoked
	}
	var uid string
	if err := t.get(ctx, &uid, nobody, `SELECT uid FROM person WHERE id = $1`, id); err != nil {
		return err
	}
	_, key := t.key.Current()
	detail += ":" + holderPrint(key, id, uid)
	t.Audit(Entry{At: at, Event: eventGrant, Via: okey.ViaSupport, Subject: AboutPerson(id), Detail: detail})
	switch role {
	case okey.RoleSupport:
		return t.exec(ctx, `UPDATE person SET support = $2 WHERE id = $1`, id, held)
	case okey.RoleAuditor:
		return t.exec(ctx, `UPDATE person SET auditor = $2 WHERE id = $1`, id, held)
	}
	return fmt.Errorf("role %q is not given by hand", role)
}

// HeldRole is a role that somebody has, or should have.
type HeldRole struct {
	Name  string    `db:"name"` // their name or, while no directory has told it, their address
	Role  okey.Role `db:"role"`
	Given bool      `db:"given"` // by the audit; otherwise it is the person's row that says so, alone

	Other bool `db:"-"` // the row has another uid than the one that the role was given to
}

// CheckRoles compares who is support or auditor with what the audit says was given last, and returns how many hold a
// role and where the two differ. Where they don't, and the key of an entry is not known: *UnknownKeyError.
func (s *Store) CheckRoles(ctx context.Context) (int, []HeldRole, error) {
	var differ []HeldRole
	err := s.all(ctx, &differ, `WITH last AS (SELECT DISTINCT ON (subject, role) subject, role, detail = role AS given
			FROM (SELECT seq, subject, split_part(detail, ':', 1) AS detail, replace(split_part(detail, ':', 1), $2, '') AS role
				FROM audit WHERE event = $1) a ORDER BY subject, role, seq DESC)
		SELECT coalesce(nullif(trim(p.given_name || ' ' || p.family_name), ''), p.mail) AS name, flag.role,
		coalesce(last.given, false) AS given
		FROM person p CROSS JOIN LATERAL (VALUES ('support', p.support), ('auditor', p.auditor)) flag (role, held)
		LEFT JOIN last ON last.subject = 'person:' || p.id AND last.role = flag.role
		WHERE flag.held <> coalesce(last.given, false) ORDER BY name, flag.role`, eventGrant, revoked)
	if err != nil {
		return 0, nil, fmt.Errorf("compare roles with the audit: %w", err)
	}
	others, err := s.otherHolders(ctx)
	differ = append(differ, others...)
	var unknown *UnknownKeyError
	if err != nil && (!errors.As(err, &unknown) || len(differ) == 0) {
		return 0, nil, err
	}
	var held int
	if err := s.get(ctx, &held, "", `SELECT count(*) FROM person WHERE support OR auditor`); err != nil {
		return 0, nil, fmt.Errorf("count who holds a role: %w", err)
	}
	return held, differ, nil
}

// otherHolders are those with a role whose row has another uid than the audit says: two people's rows exchanged, and with them their roles.
// Beside them, *UnknownKeyError: an entry could not be verified.
func (s *Store) otherHolders(ctx context.Context) ([]HeldRole, error) {
	var rows []struct {
		ID      uuid.UUID `db:"id"`
		UID     string    `db:"uid"`
		Name    string    `db:"name"`
		Auditor bool      `db:"auditor"`
		Detail  string    `db:"detail"`
		Key     int       `db:"key_version"`
	}
	err := s.all(ctx, &rows, `SELECT p.id, p.uid, p.auditor,
		coalesce(nullif(trim(p.given_name || ' ' || p.family_name), ''), p.mail) AS name, a.detail, a.key_version
		FROM person p CROSS JOIN LATERAL (SELECT detail, key_version FROM audit
			WHERE subject = 'person:' || p.id AND split_part(subject, ':', 2) = p.id::text
			AND event IN ($1, $2) ORDER BY seq DESC LIMIT 1) a
		WHERE (p.support OR p.auditor) AND p.erased_at IS NULL ORDER BY name`, eventGrant, eventAdopted)
	if err != nil {
		return nil, fmt.Errorf("compare who holds a role with the audit: %w", err)
	}
	var others []HeldRole
	var unknown error
	for _, row := range rows {
		print := row.Detail
		if role, given, kept := strings.Cut(row.Detail, ":"); kept {
			print = given
		} else if r := okey.Role(strings.TrimSuffix(role, revoked)); r == okey.RoleSupport || r == okey.RoleAuditor {
			continue // from before whose it is was kept
		}
		switch key := s.key.Get(row.Key); {
		case key == nil:
			unknown = unknownKey(row.Key, "")
		case print != holderPrint(key, row.ID, row.UID):
			role := okey.RoleSupport
			if row.Auditor {
				role = okey.RoleAuditor
			}
			others = append(others, HeldRole{Name: row.Name, Role: role, Other: true})
		}
	}
	return others, unknown
}

package sql

import (
	"context"
	"fmt"
	"time"

	"okey"
)

// The audit's entry of a role: its detail is the role, with revoked after it where the role was taken.
const (
	eventGrant = "grant"
	revoked    = "_revoked"
)

// SetRole gives or takes the role of support or auditor, and audits that: a role that the audit does not know was given behind OKEY's back.
func (t *Tx) SetRole(ctx context.Context, id okey.PersonID, role okey.Role, held bool, at time.Time) error {
	detail := string(role)
	if !held {
		detail += revoked
	}
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
}

// CheckRoles compares who is support or auditor with what the audit says was given last, and returns how many hold a role and where the two differ.
func (s *Store) CheckRoles(ctx context.Context) (int, []HeldRole, error) {
	var differ []HeldRole
	err := s.all(ctx, &differ, `WITH last AS (SELECT DISTINCT ON (subject, role) subject, role, detail = role AS given
			FROM (SELECT seq, subject, detail, replace(detail, $2, '') AS role FROM audit WHERE event = $1) a ORDER BY subject, role, seq DESC)
		SELECT coalesce(nullif(trim(p.given_name || ' ' || p.family_name), ''), p.mail) AS name, flag.role, coalesce(last.given, false) AS given
		FROM person p CROSS JOIN LATERAL (VALUES ('support', p.support), ('auditor', p.auditor)) flag (role, held)
		LEFT JOIN last ON last.subject = 'person:' || p.id AND last.role = flag.role
		WHERE flag.held <> coalesce(last.given, false) ORDER BY name, flag.role`, eventGrant, revoked)
	if err != nil {
		return 0, nil, fmt.Errorf("compare roles with the audit: %w", err)
	}
	var held int
	if err := s.get(ctx, &held, "", `SELECT count(*) FROM person WHERE support OR auditor`); err != nil {
		return 0, nil, fmt.Errorf("count who holds a role: %w", err)
	}
	return held, differ, nil
}

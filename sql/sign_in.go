package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// SignIn returns the person that an identity provider vouches for, matched by uid. An unknown one is created: signed
// in, and nothing more. Names and address follow the provider only where no import speaks of the person; says is what
// its claims say of their functions. verified says that the provider vouches for the address too: then a person who was
// granted a role by address alone, before the first sign-in, is that one.
func (s *Store) SignIn(ctx context.Context, p okey.Person, says okey.DirectorySays, verified bool, at time.Time) (okey.PersonID, error) {
	var id uuid.UUID
	err := s.Do(ctx, func(t *Tx) error {
		if err := t.respell(ctx, "$1", at, p.UID); err != nil {
			return err
		}
		var err error
		if p.UID, err = t.uidNow(ctx, p); err != nil {
			return err
		}
		if verified {
			if err := t.adopt(ctx, p, at); err != nil {
				return err
			}
		}
		if err := t.notPlaceholder(ctx, p, verified); err != nil {
			return err
		}
		// An empty claim takes nothing away.
		err = t.get(ctx, &id, nobody, `INSERT INTO person AS known (uid, family_name, given_name, mail, mail_denied, created_at)
			VALUES ($1, $2, $3, $4, $6, $5)
			ON CONFLICT (uid) DO UPDATE SET (family_name, given_name, mail, mail_denied) = (
				SELECT CASE WHEN known_by_import THEN known.family_name
					ELSE coalesce(nullif(excluded.family_name, ''), known.family_name) END,
					CASE WHEN known_by_import THEN known.given_name ELSE coalesce(nullif(excluded.given_name, ''), known.given_name) END,
					CASE WHEN known_by_import THEN known.mail ELSE coalesce(nullif(excluded.mail, ''), known.mail) END,
					CASE WHEN known_by_import OR excluded.mail = '' THEN known.mail_denied ELSE excluded.mail_denied END
				FROM (SELECT EXISTS (SELECT FROM assignment a
					WHERE a.person = known.id AND a.source IN ('import', 'directory')) AS known_by_import) AS directory)
			RETURNING id`, p.UID, p.FamilyName, p.GivenName, p.Mail, at, p.MailDenied)
		if err != nil {
			return err
		}
		return t.saveDirectory(ctx, id, says, at)
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("sign in: %w", err)
	}
	return id, nil
}

// adopt gives the uid of a first sign-in to the person whom `okey grant` made from a mail address: one who
// works nowhere, has asked for nothing and holds nothing.
func (t *Tx) adopt(ctx context.Context, p okey.Person, at time.Time) error {
	var known []uuid.UUID
	err := t.all(ctx, &known, `UPDATE person SET uid = $1
		WHERE uid = lower($2) AND uid <> '' AND NOT EXISTS (SELECT FROM person WHERE uid = $1)
		AND NOT EXISTS (SELECT FROM assignment a WHERE a.person = person.id)
		AND NOT EXISTS (SELECT FROM request r WHERE r.person = person.id)
		AND NOT EXISTS (SELECT FROM key k WHERE k.holder = person.id) RETURNING id`, p.UID, p.Mail)
	for _, id := range known {
		t.adopted(id, p.UID, at)
	}
	return err
}

// notPlaceholder refuses whoever has, as uid, the address by which a role was granted before anybody's first sign-in:
// that row waits for its address, vouched for.
func (t *Tx) notPlaceholder(ctx context.Context, p okey.Person, verified bool) error {
	if verified && strings.EqualFold(p.Mail, p.UID) {
		return nil
	}
	var waits bool
	err := t.get(ctx, &waits, "", `SELECT EXISTS (SELECT FROM person
			WHERE uid = $1 AND lower(mail) = uid AND family_name = '' AND given_name = '' AND (support OR auditor))`, p.UID)
	if err == nil && waits {
		err = okey.Errorf(okey.CodeForbidden, "Un rôle attend cette adresse, et le service d'identité ne garantit pas "+
			"qu'elle est la vôtre : rien n'est ouvert. Écrivez à l'assistance.")
	}
	return err
}

// Session reads what a session holds, and when it ends; found is false for one that has ended.
func (s *Store) Session(ctx context.Context, token string) (data []byte, expiry time.Time, found bool, err error) {
	err = s.db.QueryRowxContext(ctx, `SELECT data, expiry FROM session WHERE token = $1 AND expiry > current_timestamp`, token).
		Scan(&data, &expiry)
	switch {
	case errors.Is(err, stdsql.ErrNoRows):
		return nil, expiry, false, nil
	case err != nil:
		return nil, expiry, false, fmt.Errorf("read a session: %w", err)
	}
	return data, expiry, true, nil
}

// EndSession ends a session, and answers whether it was still there.
func (s *Store) EndSession(ctx context.Context, token string) (bool, error) {
	ended, err := s.db.ExecContext(context.WithoutCancel(ctx), `DELETE FROM session WHERE token = $1`, token)
	if err != nil {
		return false, fmt.Errorf("end a session: %w", err)
	}
	n, err := ended.RowsAffected()
	return n > 0, err
}

// KeepSession writes a session that has begun; one that has ended meanwhile stays ended.
func (s *Store) KeepSession(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, err := s.db.ExecContext(ctx, `UPDATE session SET data = $2, expiry = $3 WHERE token = $1`, token, data, expiry)
	if err != nil {
		return fmt.Errorf("prolong a session: %w", err)
	}
	return nil
}

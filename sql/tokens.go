package sql

import (
	"context"
	"crypto/sha256"
	stdsql "database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Bearer is whom a token of the API stands for: a person, or a service with scopes.
type Bearer struct {
	Person  okey.PersonID // zero for a service
	Service string        // empty for a person
	Scopes  []string      // of a service
}

// hashToken is all that is kept of a token. Tokens are 32 random bytes, so a plain hash can't be turned back.
func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// SaveToken keeps a token's hash until it expires. The audit says whose it is, and what a service may do with it.
func (t *Tx) SaveToken(ctx context.Context, token string, b Bearer, at, expires time.Time) error {
	if b.Scopes == nil {
		b.Scopes = []string{}
	}
	err := t.exec(ctx, `INSERT INTO api_token (hash, person, service, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		hashToken(token), nullID(b.Person), nullText(b.Service), pq.Array(b.Scopes), at, expires)
	if err != nil {
		return fmt.Errorf("save a token: %w", err)
	}
	t.Audit(Entry{
		At: at, Event: "token", Via: okey.ViaSupport, Subject: b.about(),
		Detail: strings.TrimSuffix("created:"+strings.Join(b.Scopes, "+"), ":"),
	})
	return nil
}

// about names the bearer as a subject of the audit.
func (b Bearer) about() string {
	if b.Service != "" {
		return "service:" + b.Service
	}
	return AboutPerson(b.Person)
}

// RevokeTokens ends all tokens of a person, or of a service, and returns how many still held.
func (t *Tx) RevokeTokens(ctx context.Context, b Bearer, at time.Time) (int, error) {
	var n int
	err := t.get(ctx, &n, "", `WITH revoked AS (
			UPDATE api_token SET revoked_at = $3 WHERE revoked_at IS NULL AND expires_at > $3 AND (person = $1 OR service = $2) RETURNING 1
		) SELECT count(*) FROM revoked`, nullID(b.Person), nullText(b.Service), at)
	if err != nil {
		return 0, fmt.Errorf("revoke tokens: %w", err)
	}
	t.Audit(Entry{At: at, Event: "token", Via: okey.ViaSupport, Subject: b.about(), Detail: "revoked"})
	return n, nil
}

// Bearer tells whom a token stands for at an instant; unauthorized where it is unknown, has expired or was revoked: all three alike.
func (r reader) Bearer(ctx context.Context, token string, at time.Time) (Bearer, error) {
	var row struct {
		Person  uuid.NullUUID     `db:"person"`
		Service stdsql.NullString `db:"service"`
		Scopes  pq.StringArray    `db:"scopes"`
	}
	err := sqlx.GetContext(ctx, r.q, &row, `SELECT person, service, scopes FROM api_token
		WHERE hash = $1 AND expires_at > $2 AND revoked_at IS NULL`, hashToken(token), at)
	if errors.Is(err, stdsql.ErrNoRows) {
		return Bearer{}, okey.Errorf(okey.CodeUnauthorized,
			"Ce jeton est inconnu ou n'est plus valable : demandez-en un autre avec « okey token ».")
	}
	if err != nil {
		return Bearer{}, fmt.Errorf("read a token: %w", err)
	}
	return Bearer{Person: row.Person.UUID, Service: row.Service.String, Scopes: row.Scopes}, nil
}

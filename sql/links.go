package sql

import (
	"context"
	"time"

	"okey"

	"github.com/google/uuid"
)

// EmailedLink is what the database knows of a link: all but its token.
type EmailedLink struct {
	okey.Link
	ExpiresAt time.Time
	Replaced  bool // by a later issue
}

// SaveLink makes a link good until expires. Saved again, as each retry and reminder does, it is still one link.
func (s *Store) SaveLink(ctx context.Context, token okey.LinkToken, l okey.Link, expires, at time.Time) error {
	return s.Do(ctx, func(t *Tx) error {
		return t.exec(ctx, `INSERT INTO link (hash, request, person, purpose, issue, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at`,
			token.Hash(), l.Request, l.Person, string(l.Purpose), l.Issue, expires, at)
	})
}

// Link answers not_found for a hash that no mail carried. An expired or replaced one is returned as it is: whether it still acts, its caller
// decides, by its time, its issue, the request's stage and the person's role.
func (r reader) Link(ctx context.Context, hash []byte) (EmailedLink, error) {
	var row struct {
		Request   uuid.UUID        `db:"request"`
		Person    uuid.UUID        `db:"person"`
		Purpose   okey.LinkPurpose `db:"purpose"`
		Issue     int              `db:"issue"`
		ExpiresAt time.Time        `db:"expires_at"`
		Replaced  bool             `db:"replaced"`
	}
	err := r.get(ctx, &row, "Ce lien n'est pas valable, ou ne l'est plus.", `SELECT l.request, l.person, l.purpose, l.issue, l.expires_at,
		r.link_issue <> l.issue AS replaced FROM link l JOIN request r ON r.id = l.request WHERE l.hash = $1`, hash)
	return EmailedLink{
		Link:      okey.Link{Request: row.Request, Person: row.Person, Purpose: row.Purpose, Issue: row.Issue},
		ExpiresAt: utc(row.ExpiresAt), Replaced: row.Replaced,
	}, err
}

// LinkIssue is the number of the links that a request's people have: the first, until support issues others.
func (r reader) LinkIssue(ctx context.Context, request uuid.UUID) (int, error) {
	var issue int
	err := r.get(ctx, &issue, noRequest, `SELECT link_issue FROM request WHERE id = $1`, request)
	return issue, err
}

// RaiseLinkIssue ends all links of a request that have been mailed; the next mails have others.
func (t *Tx) RaiseLinkIssue(ctx context.Context, request uuid.UUID) error {
	return t.exec(ctx, `UPDATE request SET link_issue = link_issue + 1 WHERE id = $1`, request)
}

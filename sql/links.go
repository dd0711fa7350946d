package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// EmailedLink is what the database knows of a link: all but its token.
type EmailedLink struct {
	okey.Link
	ExpiresAt time.Time
	MailedAt  time.Time // first
	Replaced  bool      // by a later issue
}

// SaveLink makes a link good until expires. Saved again, as each retry and reminder does, it is still one link.
func (s *Store) SaveLink(ctx context.Context, token okey.LinkToken, l okey.Link, expires, at time.Time) error {
	return s.write(ctx, `INSERT INTO link (hash, request, person, purpose, issue, since, expires_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at`,
		token.Hash(), l.Request, l.Person, string(l.Purpose), l.Issue, nullTime(l.Since), expires, at)
}

// Link answers not_found for a hash that no mail carried. An expired or replaced one is returned as it is: whether it
// still acts, its caller decides, by its time, its issue, the request's stage and the person's role.
func (r reader) Link(ctx context.Context, hash []byte) (EmailedLink, error) {
	var row struct {
		Request   uuid.UUID        `db:"request"`
		Person    uuid.UUID        `db:"person"`
		Purpose   okey.LinkPurpose `db:"purpose"`
		Issue     int              `db:"issue"`
		Since     stdsql.NullTime  `db:"since"`
		ExpiresAt time.Time        `db:"expires_at"`
		MailedAt  time.Time        `db:"created_at"`
		Replaced  bool             `db:"replaced"`
	}
	err := r.get(ctx, &row, "Ce lien n'est pas valable, ou ne l'est plus.", `SELECT l.request, l.person, l.purpose, l.issue, l.since,
		l.expires_at, l.created_at,
		r.link_issue <> l.issue AS replaced FROM link l JOIN request r ON r.id = l.request WHERE l.hash = $1`, hash)
	return EmailedLink{
		Link:      okey.Link{Request: row.Request, Person: row.Person, Purpose: row.Purpose, Issue: row.Issue, Since: utc(row.Since.Time)},
		ExpiresAt: utc(row.ExpiresAt), MailedAt: utc(row.MailedAt), Replaced: row.Replaced,
	}, err
}

// AnswersSince is since when a person may answer a request as they may on the day, without a break that the database
// knows of; zero where they may not. Of several functions and delegations at once the oldest counts. What ends and
// comes back begins anew: a function, a delegation, the function of whoever gave it, the assignment of whoever has it,
// the arrangement by which an establishment answers for another one.
func (r reader) AnswersSince(
	ctx context.Context, person okey.PersonID, request okey.Request, on okey.Day, zone *time.Location,
) (time.Time, error) {
	var held []struct {
		Since time.Time       `db:"since"`
		From  stdsql.NullTime `db:"from_day"` // a delegation's first day
		Hosts stdsql.NullTime `db:"hosts"`
	}
	err := r.all(ctx, &held, `SELECT role.since, role.from_day,
		(SELECT max(h.created_at) FROM hosting h WHERE h.uai = $4 AND h.host = $2 AND h.ended_at IS NULL) AS hosts
		FROM (
			SELECT a.since, NULL::date AS from_day FROM assignment a
			WHERE a.person = $1 AND a.uai = $2 AND a.function IN ('chef', 'adjoint') AND (a.until IS NULL OR a.until >= $3::date)
			UNION ALL
			SELECT greatest(d.created_at, giver.since, CASE d.source WHEN 'page' THEN holder.since END), d.from_day FROM delegation d
			CROSS JOIN LATERAL (SELECT min(a.since) AS since FROM assignment a WHERE a.person = d.given_by AND a.uai = d.uai
				AND a.function IN ('chef', 'adjoint') AND (a.until IS NULL OR a.until >= $3::date)) giver
			CROSS JOIN LATERAL (SELECT min(a.since) AS since FROM assignment a WHERE a.person = d.given_to AND a.uai = d.uai
				AND (a.until IS NULL OR a.until >= $3::date)) holder
			WHERE d.given_to = $1 AND d.uai = $2 AND d.scope = 'everything' AND d.ended_at IS NULL
			AND $3::date BETWEEN d.from_day AND d.until_day
		) role`, person, string(request.AnsweredBy()), on.String(), string(request.UAI))
	if err != nil {
		return time.Time{}, fmt.Errorf("read since when somebody may answer: %w", err)
	}
	var since time.Time
	for _, h := range held {
		began := utc(h.Since)
		if day := dayOf(h.From); !day.IsZero() && began.Before(day.In(zone)) {
			began = day.In(zone).UTC()
		}
		if h.Hosts.Valid && began.Before(h.Hosts.Time) {
			began = utc(h.Hosts.Time)
		}
		if since.IsZero() || began.Before(since) {
			since = began
		}
	}
	return since, nil
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

// Reissues counts how many times new links were mailed for a request since an instant. The caller holds the request's lock.
func (t *Tx) Reissues(ctx context.Context, request uuid.UUID, since time.Time) (int, error) {
	var n int
	err := t.get(ctx, &n, "", `SELECT count(*) FROM action WHERE request = $1 AND name = $2 AND outcome = 'accepted' AND judged_at > $3`,
		request, string(okey.ActionLinkReissue), since)
	return n, err
}

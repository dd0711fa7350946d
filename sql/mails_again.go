package sql

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// WrittenMail is a mail with what it was written from.
type WrittenMail struct {
	Mail
	Order *okey.MailOrder // nil: it is not written again
	Key   okey.Serial     // that it is about
	About uuid.UUID       // the order, the delivery ... that it is about
	Sent  time.Time       // zero: it has not left
}

// First is the mail that this one repeats, or itself.
func (m WrittenMail) First() uuid.UUID {
	if m.AgainOf.Valid {
		return m.AgainOf.UUID
	}
	return m.ID
}

// MayLeaveAgain tells whether sending it again makes sense at an instant; the Error says why not.
func (m WrittenMail) MayLeaveAgain(at time.Time) error {
	switch {
	case m.Order == nil:
		return okey.Errorf(okey.CodeMailForgotten, "Ce courriel ne peut pas être renvoyé.")
	case m.State == MailQueued && at.Before(m.CreatedAt.Add(okey.MailLife)):
		return okey.Errorf(okey.CodeMailLeaving, "Ce courriel est encore en train de partir.")
	}
	return nil
}

// orderJSON is how an order stands in the database.
func orderJSON(order *okey.MailOrder) (stdsql.NullString, error) {
	if order == nil {
		return stdsql.NullString{}, nil
	}
	text, err := document(order)
	if err != nil {
		return stdsql.NullString{}, fmt.Errorf("write what a mail is made from: %w", err)
	}
	return stdsql.NullString{String: text, Valid: true}, nil
}

// WrittenMail answers not_found for an unknown id.
func (r reader) WrittenMail(ctx context.Context, id uuid.UUID) (WrittenMail, error) {
	return r.writtenMail(ctx, `SELECT `+mailColumns+`, m.key, m.subject_id, m.mail_order, m.sent_at FROM mail m WHERE m.id = $1`, id)
}

func (r reader) writtenMail(ctx context.Context, query string, id uuid.UUID) (WrittenMail, error) {
	var row struct {
		Mail
		Key   stdsql.NullString `db:"key"`
		About uuid.NullUUID     `db:"subject_id"`
		Order stdsql.NullString `db:"mail_order"`
		Sent  stdsql.NullTime   `db:"sent_at"`
	}
	if err := r.get(ctx, &row, noMail, query, id); err != nil {
		return WrittenMail{}, err
	}
	m := WrittenMail{Mail: row.Mail, Key: okey.Serial(row.Key.String), About: row.About.UUID, Sent: utc(row.Sent.Time)}
	m.CreatedAt = utc(m.CreatedAt)
	if row.Order.Valid {
		m.Order = new(okey.MailOrder)
		if err := json.Unmarshal([]byte(row.Order.String), m.Order); err != nil {
			return m, fmt.Errorf("read what mail %s is made from: %w", id, err)
		}
	}
	return m, nil
}

// LockMail returns a mail as it is once nobody else can have it sent again.
func (t *Tx) LockMail(ctx context.Context, id uuid.UUID) (WrittenMail, error) {
	var locked []uuid.UUID
	err := t.all(ctx, &locked,
		`SELECT m.id FROM mail m WHERE m.id = $1 OR m.id = (SELECT again_of FROM mail WHERE id = $1) ORDER BY m.id FOR UPDATE`, id)
	if err != nil {
		return WrittenMail{}, fmt.Errorf("lock a mail: %w", err)
	}
	return t.WrittenMail(ctx, id)
}

// FailedBetween returns mails that were written between two instants, refused for good and not sent again since, but at the instant now,
// and can be written again: by their ids, those after one, at most limit.
func (r reader) FailedBetween(ctx context.Context, from, until, now time.Time, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	var failed []uuid.UUID
	err := r.all(ctx, &failed, `SELECT m.id FROM mail m WHERE m.state = 'failed' AND m.created_at >= $1 AND m.created_at < $2 AND m.id > $4
		AND m.mail_order IS NOT NULL
		AND NOT EXISTS (SELECT FROM mail n WHERE n.again_of = coalesce(m.again_of, m.id)
			AND n.created_at > m.created_at AND n.created_at <> $3)
		ORDER BY m.id LIMIT $5`, from, until, now, after, limit)
	return failed, err
}

// Repeats returns a mail and all that repeat it, oldest first.
func (r reader) Repeats(ctx context.Context, first uuid.UUID) ([]Mail, error) {
	var mails []Mail
	err := r.all(ctx, &mails, `SELECT `+mailColumns+` FROM mail m WHERE m.id = $1 OR m.again_of = $1 ORDER BY m.created_at, m.id`, first)
	return mails, err
}

// RepeatedSince tells whether a mail has been sent again since an instant.
func (r reader) RepeatedSince(ctx context.Context, first uuid.UUID, since time.Time) (bool, error) {
	var some bool
	err := r.get(ctx, &some, "", `SELECT EXISTS (SELECT FROM mail WHERE again_of = $1 AND created_at > $2)`, first, since)
	return some, err
}

// QueueAgain writes the row of a mail that repeats another, to an address.
func (t *Tx) QueueAgain(ctx context.Context, id uuid.UUID, of WrittenMail, address string, at time.Time) error {
	order, err := orderJSON(of.Order)
	if err != nil {
		return err
	}
	// The host of the Message-ID is this installation's: the first one has it.
	err = t.exec(ctx, `INSERT INTO mail (id, request, key, kind, ref, person, address, issue, message_id, subject, state, created_at,
			subject_id, mail_order, again_of)
		SELECT $1::uuid, m.request, m.key, m.kind, m.ref, m.person, $3, m.issue,
		'<' || ($1::uuid)::text || '@' || substr(m.message_id, strpos(m.message_id, '@') + 1),
			m.subject, 'queued', $4, m.subject_id, $5::jsonb, $6 FROM mail m WHERE m.id = $2 ON CONFLICT (id) DO NOTHING`,
		id, of.ID, address, at, order, of.First())
	if err != nil {
		return fmt.Errorf("queue a mail again: %w", err)
	}
	return nil
}

// MailLeavesTo corrects the address and the issue of a mail that has not left yet.
func (s *Store) MailLeavesTo(ctx context.Context, id uuid.UUID, address string, issue int) error {
	return s.attempt(ctx, `UPDATE mail SET address = $2, issue = $3 WHERE id = $1 AND state = 'queued'`, id, address, issue)
}

// MailIsDropped notes that a mail sent again has nothing to say any more.
func (s *Store) MailIsDropped(ctx context.Context, id uuid.UUID) error {
	return s.attempt(ctx, `UPDATE mail SET state = 'dropped' WHERE id = $1 AND state = 'queued'`, id)
}

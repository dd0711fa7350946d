package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// Bounce is a report that a mail, which its relay had taken, did not arrive.
type Bounce struct {
	Mail   uuid.UUID
	Why    string // in the words of the server that gave it up
	Passes bool   // another day the mailbox may take it
	At     time.Time
}

// MailCameBack notes a report, and has what follows from it done, in one transaction: the mail goes out once more, or support is told. It
// answers false, and changes nothing, for a mail that has not left, or of which that is known already.
func (s *Store) MailCameBack(ctx context.Context, b Bounce) (noted bool, err error) {
	err = s.Do(ctx, func(t *Tx) error {
		var id []uuid.UUID
		err := t.all(ctx, &id, `UPDATE mail SET state = 'failed', error = $2, returned_at = $3
			WHERE id = $1 AND state = 'sent' RETURNING id`, b.Mail, b.Why, b.At)
		if noted = len(id) > 0; err != nil || !noted {
			return err
		}
		name := okey.ActionMailReturned
		if b.Passes {
			name = okey.ActionMailRetried
		}
		return t.FollowUp(ctx, okey.Action{
			ID: okey.DerivedID(b.Mail, string(name)), Subject: b.Mail, Name: name, Via: okey.ViaEngine, CreatedAt: b.At,
		})
	})
	if err != nil {
		return false, fmt.Errorf("note that a mail came back: %w", err)
	}
	return noted, nil
}

// HoldMail keeps a mail that has not left back until an instant.
func (t *Tx) HoldMail(ctx context.Context, id uuid.UUID, until time.Time) error {
	return t.exec(ctx, `UPDATE mail SET not_before = $2 WHERE id = $1 AND state = 'queued'`, id, until)
}

// MailboxMark is how far a mailbox has been read.
type MailboxMark struct {
	Validity uint32 `db:"validity"` // of the UIDs
	Next     uint32 `db:"next"`     // the first UID that has still to be looked at
	Counted  uint32 `db:"counted"`  // the last that is in the figures
}

// MailboxMark is that of a mailbox; the zero value where nothing was read there.
func (r reader) MailboxMark(ctx context.Context, mailbox string) (MailboxMark, error) {
	marks, err := listed(ctx, r, func(m MailboxMark) MailboxMark { return m },
		`SELECT validity, next, counted FROM mailbox_mark WHERE mailbox = $1`, mailbox)
	if err != nil || len(marks) == 0 {
		return MailboxMark{}, err
	}
	return marks[0], nil
}

// KeepMailboxMark writes it.
func (s *Store) KeepMailboxMark(ctx context.Context, mailbox string, m MailboxMark) error {
	return s.attempt(ctx, `INSERT INTO mailbox_mark (mailbox, validity, next, counted) VALUES ($1, $2, $3, $4)
		ON CONFLICT (mailbox) DO UPDATE SET validity = excluded.validity, next = excluded.next, counted = excluded.counted`,
		mailbox, m.Validity, m.Next, m.Counted)
}

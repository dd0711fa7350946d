package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// MailState is what became of a mail.
type MailState string

// The states of a mail.
const (
	MailQueued MailState = "queued"
	MailSent   MailState = "sent"
	MailFailed MailState = "failed" // refused for good, or come back
	// MailDropped is a mail sent again whose letter has nothing to say any more: what it asked for is done.
	MailDropped MailState = "dropped"
)

// Mail is one mail to one address: written before it is sent, so that a second attempt finds it. Its text is not kept.
type Mail struct {
	ID        uuid.UUID     `db:"id"`
	Request   uuid.NullUUID `db:"request"` // none for a mail about a key
	Kind      okey.MailKind `db:"kind"`
	Ref       int           `db:"ref"`
	Person    uuid.NullUUID `db:"person"` // none for a mailbox: support's, an establishment's
	Address   string        `db:"address"`
	Issue     int           `db:"issue"`
	MessageID string        `db:"message_id"`
	Subject   string        `db:"subject"`
	State     MailState     `db:"state"`
	Attempts  int           `db:"attempts"`
	Error     string        `db:"error"`
	CreatedAt time.Time     `db:"created_at"`
	AgainOf   uuid.NullUUID `db:"again_of"` // the first of those that repeat it; none: it is the first
	// Unanswered counts the attempts that ended with the whole message at the relay, and no word whether it took it.
	Unanswered int             `db:"unanswered"`
	NotBefore  stdsql.NullTime `db:"not_before"`  // when it is tried again at the earliest
	ReturnedAt stdsql.NullTime `db:"returned_at"` // when a report came that it had not arrived

	Found bool `db:"-"` // by QueueMail: another attempt had queued it
}

const mailColumns = `m.id, m.request, m.kind, m.ref, m.person, m.address, m.issue, m.message_id, m.subject, m.state, m.attempts,
	m.error, m.created_at, m.again_of, m.unanswered, m.not_before, m.returned_at`

// NewMail is a mail to be queued. Key stands in for Request where it is about a key.
type NewMail struct {
	ID        uuid.UUID
	Request   uuid.UUID
	Key       okey.Serial
	Subject   uuid.UUID // of an action about stock
	Title     string    // its subject line, as far as it can be said by now
	Kind      okey.MailKind
	Ref       int
	Person    okey.PersonID
	Address   string
	Issue     int
	MessageID string
	At        time.Time
	Order     *okey.MailOrder // what it is written from, so that it can be written again; nil: it can't
}

// QueueMail writes a mail's row, and returns it as it stands: a mail that was queued before, by whichever attempt or request, is
// returned as it is.
func (r reader) QueueMail(ctx context.Context, n NewMail) (m Mail, err error) {
	order, err := orderJSON(n.Order)
	if err != nil {
		return m, err
	}
	err = r.get(ctx, &m, noMail, `INSERT INTO mail AS m (id, request, key, kind, ref, person, address, issue, message_id, state, created_at,
			subject_id, mail_order, subject)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $11, $12, $13) ON CONFLICT (id) DO NOTHING RETURNING `+mailColumns,
		n.ID, nullID(n.Request), nullText(n.Key), string(n.Kind), n.Ref, nullID(n.Person), n.Address, n.Issue,
		n.MessageID, n.At, nullID(n.Subject), order, n.Title)
	if okey.ErrorCode(err) == okey.CodeNotFound { // it was there before
		m.Found = true
		err = r.get(ctx, &m, noMail, `SELECT `+mailColumns+` FROM mail m WHERE m.id = $1`, n.ID)
	}
	if err != nil {
		return m, fmt.Errorf("queue a mail: %w", err)
	}
	m.CreatedAt = utc(m.CreatedAt)
	return m, nil
}

// DropUnsaid notes that what an earlier attempt at an order had queued, but for kept, has nothing to say any more. When the order was given
// does not matter: the judging says one moment, the workflow another.
func (s *Store) DropUnsaid(ctx context.Context, order okey.MailOrder, kept []uuid.UUID) error {
	said, err := orderJSON(&order)
	if err != nil {
		return err
	}
	of, about := "subject_id", order.Subject.String()
	switch {
	case order.Key != "":
		of, about = "key", string(order.Key)
	case order.Request != uuid.Nil:
		of, about = "request", order.Request.String()
	}
	return s.attempt(ctx, `UPDATE mail SET state = 'dropped' WHERE `+of+` = $1 AND state = 'queued' AND again_of IS NULL
		AND mail_order - 'at' - 'made' = $2::jsonb - 'at' - 'made' AND NOT id = ANY ($3)`, about, said, pq.Array(kept))
}

// LockMails makes those who count the mails of a kind to a person wait for one another. The transaction takes no other lock.
func (t *Tx) LockMails(ctx context.Context, person okey.PersonID, kind okey.MailKind) error {
	name := "okey mails " + string(kind) + " " + person.String()
	if err := t.exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, name); err != nil {
		return fmt.Errorf("count mails one at a time: %w", err)
	}
	return nil
}

const noMail = "Ce courriel n'existe pas."

// MailWasSent notes that the relay took a mail.
func (s *Store) MailWasSent(ctx context.Context, id uuid.UUID, subject string, at time.Time) error {
	return s.attempt(ctx,
		`UPDATE mail SET state = 'sent', subject = $2, sent_at = $3, error = '', attempts = attempts + 1 WHERE id = $1`, id, subject, at)
}

// MailFailsForGood notes that a mail was refused and will not be tried again.
func (s *Store) MailFailsForGood(ctx context.Context, id uuid.UUID, subject, why string) error {
	return s.attempt(ctx,
		`UPDATE mail SET state = 'failed', subject = $2, error = $3, attempts = attempts + 1 WHERE id = $1`, id, subject, why)
}

// MailMustWait notes an attempt that is to be repeated.
func (s *Store) MailMustWait(ctx context.Context, id uuid.UUID, subject, why string) error {
	return s.attempt(ctx, `UPDATE mail SET subject = $2, error = $3, attempts = attempts + 1 WHERE id = $1`, id, subject, why)
}

// MailWasNotAnswered notes an attempt after which the relay may have the mail; notBefore is when it is tried again, zero for at any time.
func (s *Store) MailWasNotAnswered(ctx context.Context, id uuid.UUID, subject, why string, notBefore time.Time) error {
	return s.attempt(ctx, `UPDATE mail SET subject = $2, error = $3, attempts = attempts + 1, unanswered = unanswered + 1, not_before = $4
		WHERE id = $1`, id, subject, why, stdsql.NullTime{Time: notBefore, Valid: !notBefore.IsZero()})
}

func (s *Store) attempt(ctx context.Context, query string, args ...any) error {
	if err := s.write(ctx, query, args...); err != nil {
		return fmt.Errorf("note what became of a mail: %w", err)
	}
	return nil
}

// FindMail returns a mail by id; ok is false where none was queued.
func (r reader) FindMail(ctx context.Context, id uuid.UUID) (m Mail, ok bool, err error) {
	err = r.get(ctx, &m, noMail, `SELECT `+mailColumns+` FROM mail m WHERE m.id = $1`, id)
	if isNoRow(err) {
		return Mail{}, false, nil
	}
	return m, err == nil, err
}

// UnsentMails returns a request's mails that did not leave, oldest first.
func (r reader) UnsentMails(ctx context.Context, request uuid.UUID) ([]Mail, error) {
	var mails []Mail
	err := r.all(ctx, &mails,
		`SELECT `+mailColumns+` FROM mail m WHERE m.request = $1 AND m.state IN ('queued', 'failed') ORDER BY m.created_at, m.id`, request)
	return mails, err
}

// UnsentStockMails returns the mails about a key, or about another subject of the stock, that were made since the
// instant and did not leave.
func (r reader) UnsentStockMails(ctx context.Context, key okey.Serial, subject uuid.UUID, since time.Time) ([]Mail, error) {
	var mails []Mail
	err := r.all(ctx, &mails, `SELECT `+mailColumns+` FROM mail m
		WHERE (m.key = $1 OR m.subject_id = $2) AND m.created_at >= $3 AND m.state IN ('queued', 'failed') ORDER BY m.created_at, m.id`,
		nullText(key), nullID(subject), since)
	return mails, err
}

// MailsSince counts the mails of a kind made for a person after an instant; what support had sent again is not counted twice.
func (r reader) MailsSince(ctx context.Context, person okey.PersonID, kind okey.MailKind, after time.Time) (int, error) {
	var n int
	err := r.get(ctx, &n, "",
		`SELECT count(*) FROM mail WHERE person = $1 AND kind = $2 AND created_at > $3 AND again_of IS NULL`, person, string(kind), after)
	return n, err
}

// LastMail returns the newest mail of a kind made for a person that did not fail; ok is false where there is none.
func (r reader) LastMail(ctx context.Context, person okey.PersonID, kind okey.MailKind) (m Mail, ok bool, err error) {
	err = r.get(ctx, &m, noMail, `SELECT `+mailColumns+` FROM mail m
		WHERE m.person = $1 AND m.kind = $2 AND m.state <> 'failed' AND m.again_of IS NULL
		ORDER BY m.created_at DESC, m.id LIMIT 1`, person, string(kind))
	if isNoRow(err) {
		return Mail{}, false, nil
	}
	m.CreatedAt = utc(m.CreatedAt)
	return m, err == nil, err
}

// Line is who waits for a key at an establishment.
type Line struct {
	Waiting int `db:"waiting"` // requests in line for a key, and those without an answer yet
	Place   int `db:"place"`   // of the request asked about, from 1; 0 where it is not in line
}

// LineAt counts who waits for a key at an establishment, and where in line a request stands.
func (r reader) LineAt(ctx context.Context, uai okey.UAI, request uuid.UUID) (Line, error) {
	var line Line
	err := r.get(ctx, &line, "", lineAt, uai, request)
	return line, err
}

const lineAt = `SELECT count(*) AS waiting,
	coalesce((SELECT count(*) FROM request mine JOIN request r ON r.uai = mine.uai AND r.stage = 'awaiting_stock'
		AND (r.approved_at, r.id) <= (mine.approved_at, mine.id) WHERE mine.id = $2 AND mine.stage = 'awaiting_stock'), 0) AS place
	FROM request WHERE uai = $1 AND stage IN ('awaiting_decision', 'awaiting_stock')`

// Awaited is a request on which somebody of the direction must act.
type Awaited struct {
	okey.Request
	Requester okey.Person
	School    string
}

// AwaitedFrom returns the requests at a stage that are answered by one of the establishments, oldest first: from those up to limit, and
// how many there are in all. The person's own are left out.
func (r reader) AwaitedFrom(
	ctx context.Context, uais []okey.UAI, stage okey.Stage, person okey.PersonID, limit int,
) ([]Awaited, int, error) {
	return r.awaited(ctx, answered, uais, stage, person, limit)
}

// AwaitedAt is AwaitedFrom for the requests made at the establishments, whoever answers for them.
func (r reader) AwaitedAt(ctx context.Context, uais []okey.UAI, stage okey.Stage, person okey.PersonID, limit int) ([]Awaited, int, error) {
	return r.awaited(ctx, `= ANY ($3)`, uais, stage, person, limit)
}

func (r reader) awaited(
	ctx context.Context, which string, uais []okey.UAI, stage okey.Stage, person okey.PersonID, limit int,
) ([]Awaited, int, error) {
	var found AwaitedList
	err := r.together(ctx, awaited(&found, which, uais, stage, person, limit))
	return found.Requests, found.Total, err
}

// AwaitedList is the beginning of a list, and how long it is.
type AwaitedList struct {
	Requests []Awaited
	Total    int
}

type awaitedRow struct {
	requestRow
	Given  string `db:"given_name"`
	Family string `db:"family_name"`
	School string `db:"school"`
	Total  int    `db:"total"`
}

func awaited(to *AwaitedList, which string, uais []okey.UAI, stage okey.Stage, person okey.PersonID, limit int) question {
	return list(&to.Requests, func(row awaitedRow) Awaited {
		to.Total = row.Total
		return Awaited{
			Request:   row.request(),
			Requester: okey.Person{ID: row.Person, GivenName: row.Given, FamilyName: row.Family},
			School:    row.School,
		}
	}, `SELECT `+requestColumns+`, p.given_name, p.family_name, e.name AS school, count(*) OVER () AS total`+requestTables+`
		JOIN person p ON p.id = r.person WHERE r.stage = $1 AND r.closed_at IS NULL AND r.person <> $2
		AND r.uai `+which+` ORDER BY r.since, r.id LIMIT $4`,
		string(stage), person, pq.Array(texts(uais)), limit)
}

// KeptKeyGone is what became of a key that was kept for a request.
type KeptKeyGone struct {
	Serial  okey.Serial    `db:"serial"`
	Reason  okey.KeyReason `db:"reason"`
	Comment string         `db:"comment"`
}

// GoneFromRequest returns the last key that a request had lost before another took its place, or none did; without a
// serial where there was none.
func (r reader) GoneFromRequest(ctx context.Context, request uuid.UUID) (KeptKeyGone, error) {
	var gone KeptKeyGone
	err := r.get(ctx, &gone, noKey, `SELECT v.serial, v.reason, v.comment FROM timeline t
		JOIN key_event v ON v.serial = t.key AND v.at >= t.at AND v.reason IN ('lost', 'defective', 'retired')
		WHERE t.request = $1 AND t.kind = 'key_reserved' ORDER BY t.seq DESC, v.seq LIMIT 1`, request)
	if isNoRow(err) {
		return gone, nil
	}
	return gone, err
}

// LostBy returns who had a key before it changed for the reason at the instant; the zero id for nobody.
func (r reader) LostBy(ctx context.Context, serial okey.Serial, reason okey.KeyReason, at time.Time) (okey.PersonID, error) {
	var holder uuid.NullUUID
	err := r.get(ctx, &holder, noKey,
		`SELECT v.holder FROM key_event v WHERE v.serial = $1 AND v.reason = $2 AND v.at = $3 ORDER BY v.seq LIMIT 1`,
		serial, string(reason), at)
	if isNoRow(err) {
		return okey.PersonID{}, nil
	}
	return holder.UUID, err
}

package sql

import (
	"context"
	stdsql "database/sql"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// Known is all that OKEY keeps of one person.
type Known struct {
	Held     []okey.Key
	Tokens   int // that still open something
	Requests []KnownRequest
	Answers  []okey.Event // what was written of their requests
	Actions  []KnownAction
	Keys     []KnownKeyEvent
	Trials   []okey.Trial
	Mails    []KnownMail
	Audit    []Entry

	Delegations []ListedDelegation // given to them or by them, whatever became of them
	Attachments []ListedAttachment
	Sessions    []KnownSession
}

// KnownSession is a row that mentions the person among the sessions that are open; what it holds, whoever keeps sessions reads.
type KnownSession struct {
	Data   []byte    `db:"data"`
	Expiry time.Time `db:"expiry"` // should nobody use it
}

// KnownRequest is a request of theirs.
type KnownRequest struct {
	AskedAt    time.Time       `db:"asked_at"`
	School     string          `db:"school"`
	Need       string          `db:"need"`
	Stage      okey.Stage      `db:"stage"`
	Charter    int             `db:"charter"` // version; 0: nothing was signed
	CharterSum string          `db:"charter_sha256"`
	SignedAt   stdsql.NullTime `db:"signed_at"`
	SignedAs   string          `db:"signer_name"`
	SignedUID  string          `db:"signer_uid"`
	SignedFor  string          `db:"signed_school"`
	Key        string          `db:"handed_over_key"`
}

// KnownAction is something that they wanted.
type KnownAction struct {
	At   time.Time       `db:"created_at"`
	Name okey.ActionName `db:"name"`
	Via  okey.Via        `db:"via"`
	Text string          `db:"words"`
}

// KnownKeyEvent is what happened to a key while it was theirs.
type KnownKeyEvent struct {
	At      time.Time      `db:"at"`
	Serial  okey.Serial    `db:"serial"`
	Reason  okey.KeyReason `db:"reason"`
	Comment string         `db:"comment"`
}

// KnownMail is a mail to them.
type KnownMail struct {
	At      time.Time `db:"created_at"`
	Address string    `db:"address"`
	Subject string    `db:"subject"`
	State   MailState `db:"state"`
}

// KnownOf gathers what OKEY keeps of a person, newest first. Hashes are left out: nobody can read them.
func (r reader) KnownOf(ctx context.Context, person okey.PersonID) (Known, error) {
	var k Known
	var err error
	if k.Held, err = r.KeysHeldBy(ctx, person); err != nil {
		return k, err
	}
	if err = r.get(ctx, &k.Tokens, "",
		`SELECT count(*) FROM api_token WHERE person = $1 AND revoked_at IS NULL AND expires_at > now()`, person); err != nil {
		return k, err
	}
	if err = r.all(ctx, &k.Requests, `SELECT r.asked_at, e.name AS school, r.need, r.stage, coalesce(r.charter, 0) AS charter,
		coalesce(r.charter_sha256, '') AS charter_sha256, r.signed_at,
		coalesce(r.signer_name, '') AS signer_name, coalesce(r.signer_uid, '') AS signer_uid,
		coalesce(r.signed_school, '') AS signed_school,
		coalesce(r.handed_over_key, k.serial, '') AS handed_over_key FROM request r JOIN establishment e ON e.uai = r.uai
		LEFT JOIN key k ON k.request = r.id WHERE r.person = $1 ORDER BY r.asked_at DESC`, person); err != nil {
		return k, err
	}
	if k.Answers, err = r.answersTo(ctx, person); err != nil {
		return k, err
	}
	if err = r.all(ctx, &k.Actions, `SELECT created_at, name, via, trim(concat_ws(' ', content->>'need', content->>'comment')) AS words
		FROM action WHERE by_person = $1 ORDER BY created_at DESC, id`, person); err != nil {
		return k, err
	}
	if err = r.together(
		ctx,
		rows(&k.Keys, `SELECT at, serial, reason, comment FROM key_event WHERE holder = $1 ORDER BY at DESC, serial`, person),
		list(&k.Trials, trialRow.trial, trials+` WHERE person = $1 ORDER BY at DESC, id`, person),
	); err != nil {
		return k, err
	}
	if err = r.all(ctx, &k.Mails,
		`SELECT created_at, address, subject, state FROM mail WHERE person = $1 ORDER BY created_at DESC, id`, person); err != nil {
		return k, err
	}
	if k.Audit, err = r.auditOf(ctx, person); err != nil {
		return k, err
	}
	err = r.arrangementsOf(ctx, person, &k)
	return k, err
}

func (r reader) arrangementsOf(ctx context.Context, person uuid.UUID, k *Known) error {
	var err error
	k.Delegations, err = listed(ctx, r, delegationRow.delegation, selectDelegation+`WHERE d.given_to = $1 OR d.given_by = $1
		ORDER BY d.from_day DESC, d.id`, person)
	if err != nil {
		return err
	}
	k.Attachments, err = listed(ctx, r, attachmentRow.attachment, selectAttachment+`WHERE d.person = $1
		ORDER BY d.created_at DESC, d.id`, person)
	if err != nil {
		return err
	}
	return r.all(ctx, &k.Sessions, `SELECT data, expiry FROM session WHERE expiry > now() AND position(convert_to($1, 'UTF8') IN data) > 0
		ORDER BY expiry DESC`, person.String())
}

// answersTo returns what happened to a person's requests, with what was written of it.
func (r reader) answersTo(ctx context.Context, person uuid.UUID) ([]okey.Event, error) {
	var rows []struct {
		At      time.Time      `db:"at"`
		Kind    okey.EventKind `db:"kind"`
		By      string         `db:"by_name"`
		Comment string         `db:"comment"`
		Key     okey.Serial    `db:"key"`
	}
	err := r.all(ctx, &rows, `SELECT t.at, t.kind, trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name,
		t.comment, t.key
		FROM timeline t JOIN request r ON r.id = t.request LEFT JOIN person p ON p.id = t.by_person WHERE r.person = $1
		ORDER BY t.at DESC, t.seq DESC`, person)
	events := make([]okey.Event, len(rows))
	for i, row := range rows {
		events[i] = okey.Event{At: utc(row.At), Kind: row.Kind, ByName: row.By, Comment: row.Comment, Key: row.Key}
	}
	return events, err
}

func (r reader) auditOf(ctx context.Context, person uuid.UUID) ([]Entry, error) {
	var rows []struct {
		At      time.Time `db:"at"`
		Event   string    `db:"event"`
		Via     okey.Via  `db:"via"`
		Subject string    `db:"subject"`
		Detail  string    `db:"detail"`
	}
	err := r.all(ctx, &rows, `SELECT at, event, via, subject, detail FROM audit WHERE actor = $1 OR split_part(subject, ':', 2) = $1::text
		ORDER BY seq DESC`, person)
	entries := make([]Entry, len(rows))
	for i, row := range rows {
		entries[i] = Entry{At: utc(row.At), Event: row.Event, Via: row.Via, Subject: row.Subject, Detail: row.Detail}
	}
	return entries, err
}

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

type requestRow struct {
	ID         uuid.UUID          `db:"id"`
	Person     uuid.UUID          `db:"person"`
	UAI        okey.UAI           `db:"uai"`
	Host       stdsql.NullString  `db:"host"`
	Need       string             `db:"need"`
	Reason     okey.RequestReason `db:"reason"`
	Stage      okey.Stage         `db:"stage"`
	Turn       int                `db:"turn"`
	Since      time.Time          `db:"since"`
	KeptUntil  stdsql.NullTime    `db:"kept_until"`
	AskedAt    time.Time          `db:"asked_at"`
	ApprovedAt stdsql.NullTime    `db:"approved_at"`
	SignedAt   stdsql.NullTime    `db:"signed_at"`
	Charter    stdsql.NullInt64   `db:"charter"`
	Key        stdsql.NullString  `db:"key"`
	OldGone    stdsql.NullString  `db:"old_gone"`
	Owed       bool               `db:"wake_up_owed"`
}

// A closed request shows the key that it ended with.
const requestColumns = `r.id, r.person, r.uai, e.host, r.need, r.reason, r.stage, r.turn, r.since, r.kept_until, r.asked_at, r.approved_at,
	r.signed_at, r.charter, coalesce(k.serial, r.handed_over_key) AS key, r.wake_up_owed,
	CASE WHEN r.reason = 'renewal' AND r.closed_at IS NULL THEN (SELECT v.reason FROM key_event v
		WHERE v.holder = r.person AND v.reason IN ('lost', 'defective') AND v.at >= r.asked_at
		ORDER BY v.at DESC, v.serial LIMIT 1) END AS old_gone`

const requestTables = ` FROM request r JOIN establishment e ON e.uai = r.uai LEFT JOIN key k ON k.request = r.id `

func (r requestRow) request() okey.Request {
	return okey.Request{
		ID: r.ID, Person: r.Person, UAI: r.UAI, Host: okey.UAI(r.Host.String), Need: r.Need, Reason: r.Reason,
		Stage: r.Stage, Turn: r.Turn, Since: utc(r.Since), KeptUntil: utc(r.KeptUntil.Time), AskedAt: utc(r.AskedAt),
		ApprovedAt: utc(r.ApprovedAt.Time), SignedAt: utc(r.SignedAt.Time), Charter: int(r.Charter.Int64),
		Key: okey.Serial(r.Key.String), OldGone: okey.KeyReason(r.OldGone.String), WakeUpOwed: r.Owed,
	}
}

const noRequest = "Cette demande n'existe pas, ou elle n'est pas pour vous."

// Request answers not_found for an unknown id.
func (r reader) Request(ctx context.Context, id uuid.UUID) (okey.Request, error) {
	var row requestRow
	err := r.get(ctx, &row, noRequest, `SELECT `+requestColumns+requestTables+`WHERE r.id = $1`, id)
	return row.request(), err
}

// RequestRecord is a request with who asks and where.
type RequestRecord struct {
	okey.Request
	Requester okey.Person
	Place     Place
}

// RequestRecord answers not_found for an unknown id.
func (r reader) RequestRecord(ctx context.Context, id uuid.UUID) (RequestRecord, error) {
	return r.record(ctx, id, "")
}

func (r reader) record(ctx context.Context, id uuid.UUID, locking string) (RequestRecord, error) {
	var row struct {
		requestRow
		Requester personRow `db:"p"`
		Place     placeRow  `db:"e"`
	}
	err := r.get(ctx, &row, noRequest, `SELECT `+requestColumns+`, `+nested(personColumns)+`, `+nested(placeColumns)+requestTables+
		`JOIN person p ON p.id = r.person WHERE r.id = $1`+locking, id)
	return RequestRecord{row.request(), row.Requester.person(), row.Place.place()}, err
}

// nested names columns by their table too, for a struct in a field of that name: p.id is "p.id".
func nested(columns string) string {
	var all []string
	for column := range strings.SplitSeq(columns, ",") {
		column = strings.TrimSpace(column)
		all = append(all, column+` AS "`+column+`"`)
	}
	return strings.Join(all, ", ")
}

// LockRequest takes the establishment's lock, then the request's, and returns it as it is then.
func (t *Tx) LockRequest(ctx context.Context, id uuid.UUID) (RequestRecord, error) {
	var uai okey.UAI
	err := t.get(ctx, &uai, noRequest, `SELECT e.uai FROM establishment e WHERE e.uai = (SELECT r.uai FROM request r WHERE r.id = $1)
		FOR NO KEY UPDATE SKIP LOCKED`, id)
	if okey.ErrorCode(err) == okey.CodeNotFound { // somebody has the lock, or there is no such request
		if err = t.get(ctx, &uai, noRequest, `SELECT uai FROM request WHERE id = $1`, id); err == nil {
			err = t.LockEstablishment(ctx, uai)
		}
	}
	if err != nil {
		return RequestRecord{}, err
	}
	record, err := t.record(ctx, id, ` FOR UPDATE OF r`)
	if err == nil && record.UAI != uai {
		return RequestRecord{}, fmt.Errorf("request %s moved while it was being locked", id)
	}
	return record, err
}

// OpenRequest writes a new request in its first stage; already_open where the person has one.
func (t *Tx) OpenRequest(ctx context.Context, r okey.Request) error {
	var opened uuid.UUID
	err := t.get(ctx, &opened, "", `INSERT INTO request (id, person, uai, need, reason, stage, turn, since, kept_until, asked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8) ON CONFLICT (person) WHERE closed_at IS NULL DO NOTHING RETURNING id`,
		r.ID, r.Person, r.UAI, r.Need, string(r.Reason), string(r.Stage), r.Turn, r.Since, nullTime(r.KeptUntil))
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.Errorf(okey.CodeAlreadyOpen, "Vous avez déjà une demande en cours.")
	}
	return err
}

// MoveRequest writes a request's stage, turn and all that came with them.
func (t *Tx) MoveRequest(ctx context.Context, r okey.Request) error {
	var closed time.Time
	var key okey.Serial
	if r.Stage.Closed() {
		closed = r.Since
	}
	if r.Stage == okey.HandedOver {
		key = r.Key
	}
	return t.exec(ctx, `UPDATE request SET stage = $2, turn = $3, since = $4, kept_until = $5, approved_at = $6, closed_at = $7,
		handed_over_key = $8, wake_up_owed = false WHERE id = $1`,
		r.ID, string(r.Stage), r.Turn, r.Since, nullTime(r.KeptUntil), nullTime(r.ApprovedAt), nullTime(closed), nullText(key))
}

// StorePIN keeps a PIN's hash with the request, for the time between the loss of a signed-for key and the next one; empty clears it.
func (t *Tx) StorePIN(ctx context.Context, id uuid.UUID, hash string) error {
	return t.exec(ctx, `UPDATE request SET pin_hash = $2 WHERE id = $1`, id, nullText(hash))
}

// TakePIN returns the hash that StorePIN kept, and forgets it there.
func (t *Tx) TakePIN(ctx context.Context, id uuid.UUID) (string, error) {
	var hash stdsql.NullString
	if err := t.get(ctx, &hash, noRequest, `SELECT pin_hash FROM request WHERE id = $1`, id); err != nil {
		return "", err
	}
	if !hash.Valid {
		return "", nil
	}
	return hash.String, t.StorePIN(ctx, id, "")
}

// NoWakeUpOwed notes that a request has nothing to be woken for: its gift was taken away again.
func (t *Tx) NoWakeUpOwed(ctx context.Context, id uuid.UUID) error {
	return t.exec(ctx, `UPDATE request SET wake_up_owed = false WHERE id = $1 AND wake_up_owed`, id)
}

// OpenRequestOf returns the person's open request; not_found where there is none.
func (r reader) OpenRequestOf(ctx context.Context, person okey.PersonID) (okey.Request, error) {
	var row requestRow
	err := r.get(ctx, &row, "Aucune demande en cours.",
		`SELECT `+requestColumns+requestTables+`WHERE r.person = $1 AND r.closed_at IS NULL`, person)
	return row.request(), err
}

// AskForGood has a request for a loan ask for a key for good: the mislaid one is not coming back to its holder.
func (t *Tx) AskForGood(ctx context.Context, id uuid.UUID, reason okey.RequestReason) error {
	return t.exec(ctx, `UPDATE request SET reason = $2 WHERE id = $1`, id, string(reason))
}

// deadlines are what is due while a request stands where it does, as the flow was told last; none where the rows of its
// actions are gone, or nothing is due.
const deadlines = `SELECT a.verdict -> 'standing' -> 'deadlines' AS due FROM action a
	WHERE a.request = $1 AND a.outcome = 'accepted' AND (a.verdict -> 'standing' ->> 'turn')::integer = $2
	ORDER BY a.judged_at DESC, a.id LIMIT 1`

// AddEvent appends a line to a request's timeline.
func (t *Tx) AddEvent(ctx context.Context, request uuid.UUID, e okey.Event) error {
	return t.exec(ctx, `INSERT INTO timeline (request, seq, at, kind, by_person, via, comment, key, tried_at)
		SELECT $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8 FROM timeline WHERE request = $1`,
		request, e.At, string(e.Kind), nullID(e.By), string(e.Via), e.Comment, string(e.Key), nullTime(e.TriedAt))
}

// Timeline returns a request's story, oldest first.
func (r reader) Timeline(ctx context.Context, request uuid.UUID) ([]okey.Event, error) {
	return listed(ctx, r, eventRow.event, timeline, request)
}

type eventRow struct {
	At      time.Time       `db:"at"`
	Kind    okey.EventKind  `db:"kind"`
	By      uuid.NullUUID   `db:"by_person"`
	Given   string          `db:"given_name"`
	Family  string          `db:"family_name"`
	Via     okey.Via        `db:"via"`
	Comment string          `db:"comment"`
	Key     okey.Serial     `db:"key"`
	TriedAt stdsql.NullTime `db:"tried_at"`
}

func (e eventRow) event() okey.Event {
	name := okey.Person{GivenName: e.Given, FamilyName: e.Family}.Name()
	return okey.Event{
		At: utc(e.At), Kind: e.Kind, By: e.By.UUID, ByName: name, Via: e.Via, Comment: e.Comment, Key: e.Key, TriedAt: utc(e.TriedAt.Time),
	}
}

const timeline = `SELECT t.at, t.kind, t.by_person, coalesce(p.given_name, '') AS given_name,
	coalesce(p.family_name, '') AS family_name, t.via, t.comment, t.key, t.tried_at
	FROM timeline t LEFT JOIN person p ON p.id = t.by_person WHERE t.request = $1 ORDER BY t.seq`

// LastEvent returns the newest line of a kind in a request's timeline; ok is false where there is none.
func (r reader) LastEvent(ctx context.Context, request uuid.UUID, kinds ...okey.EventKind) (event okey.Event, ok bool, err error) {
	events, err := r.Timeline(ctx, request)
	for i := len(events) - 1; i >= 0; i-- {
		for _, kind := range kinds {
			if events[i].Kind == kind {
				return events[i], true, err
			}
		}
	}
	return okey.Event{}, false, err
}

// Owed returns requests after the given one, by id, that were given a key, or may have been, and whose workflow has not taken it yet.
func (r reader) Owed(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := r.all(ctx, &ids, `SELECT id FROM request WHERE wake_up_owed AND id > $1 ORDER BY id LIMIT $2`, after, limit)
	return ids, err
}

// FirstBesideFreeKeys returns, of each establishment where a key that can be lent lies beside people who wait, who is first in line: the
// allocation has missed it. Where the establishment's own day counts otherwise, the allocation says so.
func (r reader) FirstBesideFreeKeys(ctx context.Context, today okey.Day, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := r.all(ctx, &ids, `SELECT first.id
		FROM (SELECT DISTINCT uai FROM request WHERE stage = 'awaiting_stock' AND NOT wake_up_owed) line
		CROSS JOIN LATERAL (SELECT r.id FROM request r WHERE r.uai = line.uai AND r.stage = 'awaiting_stock' AND NOT r.wake_up_owed
			AND NOT EXISTS (SELECT FROM key k WHERE k.request = r.id) ORDER BY r.approved_at, r.id LIMIT 1) first
		WHERE EXISTS (SELECT FROM key k WHERE k.uai = line.uai AND k.state = 'in_stock' AND k.expires_on >= $1::date)
		ORDER BY line.uai LIMIT $2`, today.AddMonths(okey.LendableMonths).AddDays(1).String(), limit)
	return ids, err
}

// StuckWakeUps returns requests that were given a key before the instant and have not been woken since.
func (r reader) StuckWakeUps(ctx context.Context, before time.Time, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := r.all(ctx, &ids, `SELECT r.id FROM request r WHERE r.wake_up_owed
		AND NOT EXISTS (SELECT FROM key k WHERE k.request = r.id AND k.changed_at >= $1) ORDER BY r.id LIMIT $2`, before, limit)
	return ids, err
}

// OpenRequests returns ids of open requests after the given one, in their order: the watcher walks them all.
func (r reader) OpenRequests(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := r.all(ctx, &ids, `SELECT id FROM request WHERE closed_at IS NULL AND id > $1 ORDER BY id LIMIT $2`, after, limit)
	return ids, err
}

func isNoRow(err error) bool {
	return errors.Is(err, stdsql.ErrNoRows) || okey.ErrorCode(err) == okey.CodeNotFound
}

// SubjectOf is a request as the permission table sees it. approvers are those of the establishment that answers.
func SubjectOf(r okey.Request, approvers []okey.Person, actor okey.PersonID, hasReason bool) okey.Subject {
	s := okey.Subject{Owner: r.Person, UAI: r.AnsweredBy(), Stage: r.Stage, HasReason: hasReason}
	for _, p := range approvers {
		s.OtherApprovers = s.OtherApprovers || p.ID != actor
	}
	return s
}

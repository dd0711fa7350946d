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

// EventChannel is where PostgreSQL tells that there are events to take; the payload says nothing.
const EventChannel = "okey_event"

// Tell has other programs told of a key, with the transaction that it tells of. Events are numbered at the commit, under the lock of the
// audit's head, so that they appear in the order of their numbers: one that commits late has a late number.
func (t *Tx) Tell(e okey.OutboxEvent) {
	if e.Type != "" {
		t.told = append(t.told, e)
	}
}

// tellOf is Tell of a key as it was before a change, or stays.
func (t *Tx) tellOf(kind okey.EventType, k okey.Key, at time.Time) {
	t.Tell(okey.OutboxEvent{
		Type: kind, At: at, Serial: k.Serial, State: k.State, UAI: k.UAI, Holder: k.Holder, Request: k.Request, DueAt: k.DueAt,
	})
}

// tellChange is Tell of a change. Of a key that changes hands, or is nobody's any more, the holder is whose it was.
func (t *Tx) tellChange(before, after okey.Key, c KeyChange) {
	e := okey.OutboxEvent{
		Type: okey.EventOf(c.Reason), At: c.At, Serial: after.Serial, State: after.State, UAI: after.UAI, Holder: after.Holder,
		Request: after.Request, DueAt: after.DueAt,
	}
	if e.Holder == uuid.Nil {
		e.Holder = before.Holder
	}
	if e.Request == uuid.Nil {
		e.Request = before.Request
	}
	t.Tell(e)
	if c.PINHash != "" && (before.State == okey.Reserved || before.State == okey.InStock) { // where no key has one
		e.Type = okey.KeyEventPINSet
		t.Tell(e)
	}
}

// tellMove is Tell of a key that goes to another establishment.
func (t *Tx) tellMove(k okey.Key, to okey.UAI, at time.Time) {
	t.Tell(okey.OutboxEvent{
		Type: okey.EventOf(okey.ReasonMoved), At: at, Serial: k.Serial, State: k.State, UAI: to, From: k.UAI, Holder: k.Holder,
		Request: k.Request, DueAt: k.DueAt,
	})
}

// tellRenamed tells of each key that is a person's, or is to be, that they have another uid.
func (t *Tx) tellRenamed(ctx context.Context, person okey.PersonID, at time.Time) error {
	keys, err := listed(ctx, t.reader, keyRow.key, `SELECT `+keyColumns+` FROM key k WHERE k.holder = $1
		OR k.state = 'attributed' AND k.request = ANY (ARRAY(SELECT q.id FROM request q WHERE q.person = $1))
		ORDER BY k.serial FOR UPDATE`, person)
	for _, key := range keys {
		t.tellOf(okey.KeyEventHolderRenamed, key, at)
	}
	return err
}

// listedEvents are events that a statement of the database's own lists, by the thousand, after the number $1.
type listedEvents struct {
	query string
	args  []any
}

func (t *Tx) tells() bool { return len(t.told)+len(t.listed) > 0 }

// writeOutbox writes events behind the number $1, and notes the last one's beside the audit's head, whose lock is held.
const writeOutbox = `WITH told AS (INSERT INTO outbox (seq, type, at, serial, state, uai, from_uai, holder, due_at)
		SELECT $1::bigint + e.n, e.type, e.at::timestamptz, e.serial, e.state, e.uai, nullif(e.from_uai, ''),
			coalesce(nullif(e.holder::uuid, $11::uuid), (SELECT q.person FROM request q WHERE q.id = nullif(e.request::uuid, $11::uuid))),
			nullif(e.due_at, '')::timestamptz
		FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
			WITH ORDINALITY AS e (type, at, serial, state, uai, from_uai, holder, request, due_at, n))
	UPDATE audit_head SET event_seq = $1 + cardinality($2) RETURNING pg_notify('` + EventChannel + `', '')`

// publish numbers what is to be told. The caller holds the lock of the audit's head, where the last number stands.
func (t *Tx) publish(ctx context.Context, last int64) error {
	before := last
	for _, list := range t.listed {
		if err := t.get(ctx, &last, "", list.query, append([]any{last}, list.args...)...); err != nil {
			return err
		}
	}
	switch {
	case len(t.told) > 0:
	case last > before:
		return t.hintEvents(ctx)
	default:
		return nil
	}
	columns := make([][]string, 9)
	for _, e := range t.told {
		due := ""
		if !e.DueAt.IsZero() {
			due = e.DueAt.UTC().Format(time.RFC3339Nano)
		}
		for i, value := range []string{
			string(e.Type), e.At.UTC().Format(time.RFC3339Nano), string(e.Serial), string(e.State), string(e.UAI), string(e.From),
			e.Holder.String(), e.Request.String(), due,
		} {
			columns[i] = append(columns[i], value)
		}
	}
	args := []any{last}
	for _, column := range columns {
		args = append(args, pq.Array(column))
	}
	return t.exec(ctx, writeOutbox, append(args, uuid.Nil)...)
}

// Outbox is a part of the events, and how far they reach.
type Outbox struct {
	Events []okey.OutboxEvent // by number
	Last   int64              // the number of the last there is; 0: none ever was
	Gone   int64              // the number of the last that is kept no more; 0: all are
}

type outboxRow struct {
	Seq     int64             `db:"seq"`
	ID      uuid.UUID         `db:"id"`
	Type    okey.EventType    `db:"type"`
	At      time.Time         `db:"at"`
	Serial  okey.Serial       `db:"serial"`
	State   okey.KeyState     `db:"state"`
	UAI     okey.UAI          `db:"uai"`
	From    stdsql.NullString `db:"from_uai"`
	Holder  uuid.NullUUID     `db:"holder"`
	UID     stdsql.NullString `db:"uid"`
	DueAt   stdsql.NullTime   `db:"due_at"`
	Expires stdsql.NullTime   `db:"expires_on"`
}

func (o outboxRow) event() okey.OutboxEvent {
	return okey.OutboxEvent{
		Seq: o.Seq, ID: o.ID, Type: o.Type, At: utc(o.At), Serial: o.Serial, State: o.State, UAI: o.UAI, From: okey.UAI(o.From.String),
		Holder: o.Holder.UUID, DueAt: utc(o.DueAt.Time), UID: o.UID.String, Expires: dayOf(o.Expires),
	}
}

// A holder is named as OKEY knows them now, and one who was erased not at all.
const eventsAfter = `SELECT o.seq, o.id, o.type, o.at, o.serial, o.state, o.uai, o.from_uai, o.holder, o.due_at, k.expires_on,
		CASE WHEN p.erased_at IS NULL THEN p.uid END AS uid
	FROM outbox o JOIN key k ON k.serial = o.serial LEFT JOIN person p ON p.id = o.holder
	WHERE o.seq > $1 ORDER BY o.seq LIMIT $2`

const outboxReach = `SELECT h.event_seq AS last, coalesce((SELECT min(seq) FROM outbox), h.event_seq + 1) - 1 AS gone FROM audit_head h`

// BeginEventsAnew is for a database that was restored: numbers go on where no reader has been, and what came before is kept no more, so
// that each is told to begin anew, for good. They go on from the clock's microseconds since 1970, which no numbering has reached however
// many restores of one backup there were: none has an event a microsecond, and programs that count in floating point read them whole until
// 2255. It returns the receivers of webhooks, whom nothing tells, by name; found is false where there was never an event. It holds the
// audit's head: nobody writes meanwhile.
func (s *Store) BeginEventsAnew(ctx context.Context) (receivers []string, found bool, err error) {
	err = s.Do(ctx, func(t *Tx) error {
		receivers, found = nil, false
		var last, now int64
		err := t.get(ctx, &last, "", `SELECT event_seq FROM audit_head FOR UPDATE`)
		if found = last > 0; err != nil || !found {
			return err
		}
		err = t.get(ctx, &now, "", `UPDATE audit_head
			SET event_seq = greatest(event_seq + 1, (extract(epoch FROM clock_timestamp()) * 1e6)::bigint) RETURNING event_seq`)
		if err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM outbox`); err != nil {
			return err
		}
		return t.all(ctx, &receivers, `WITH begun AS (UPDATE webhook_receiver SET epoch = epoch + 1, position = $1, ahead = '{}',
				waiting = '{}', missed = missed + greatest(0, $2 - position - cardinality(ahead)),
				missed_at = CASE WHEN $2 > position + cardinality(ahead) THEN clock_timestamp() ELSE missed_at END,
				failing_since = NULL, attempts = 0, alive = true, next_try_at = NULL RETURNING name, state)
			SELECT name FROM begun WHERE state <> 'absent' ORDER BY name`, now, last)
	})
	if err != nil {
		return nil, found, fmt.Errorf("begin the numbers of events anew: %w", err)
	}
	return receivers, found, nil
}

// Events returns those with a greater number than after, at most limit of them, as of one instant.
func (r reader) Events(ctx context.Context, after int64, limit int) (Outbox, error) {
	var found Outbox
	var reach struct {
		Last int64 `db:"last"`
		Gone int64 `db:"gone"`
	}
	err := r.together(ctx, list(&found.Events, outboxRow.event, eventsAfter, after, limit), one(&reach, outboxReach))
	if err != nil {
		return found, fmt.Errorf("read events: %w", err)
	}
	found.Last, found.Gone = reach.Last, reach.Gone
	return found, nil
}

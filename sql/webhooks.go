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

// WebhookReceiver is how far a receiver of events has come, and how it is. Instants are UTC, zero for never.
type WebhookReceiver struct {
	ID           uuid.UUID
	Name         string
	Address      string // its host, for people
	State        okey.WebhookState
	Idle         bool      // its workflow waits to be woken
	Seen         int64     // the last event that its workflow has looked at
	Epoch        int       // counts how often support had it go on: what a turn did before is not kept
	Position     int64     // it has, or does not want, all events up to this one
	Ahead        []int64   // and these after it
	Waiting      []string  // serials whose next event it did not take
	FailingSince time.Time // that the oldest of them is tried
	Attempts     int       // in a row that failed
	Alive        bool      // it takes events of other keys meanwhile
	NextTry      time.Time
	LastTry      time.Time
	LastStatus   int                 // of HTTP; 0: no answer, or all is taken
	LastError    okey.WebhookFailure // "" where all is taken
	LastSent     time.Time
	Missed       int64     // events that it never gets, of all times
	MissedAt     time.Time // when that was last found
	TestAsked    time.Time
	Tested       time.Time
	TestStatus   int
	TestError    okey.WebhookFailure
	Last         int64     // the number of the last event there is
	Kept         time.Time // since when events are kept, that is the first of them; zero: none is
}

type webhookRow struct {
	ID           uuid.UUID           `db:"id"`
	Name         string              `db:"name"`
	Address      string              `db:"address"`
	State        okey.WebhookState   `db:"state"`
	Idle         bool                `db:"idle"`
	Seen         int64               `db:"seen"`
	Epoch        int                 `db:"epoch"`
	Position     int64               `db:"position"`
	Ahead        pq.Int64Array       `db:"ahead"`
	Waiting      pq.StringArray      `db:"waiting"`
	FailingSince stdsql.NullTime     `db:"failing_since"`
	Attempts     int                 `db:"attempts"`
	Alive        bool                `db:"alive"`
	NextTry      stdsql.NullTime     `db:"next_try_at"`
	LastTry      stdsql.NullTime     `db:"last_try_at"`
	LastStatus   int                 `db:"last_status"`
	LastError    okey.WebhookFailure `db:"last_error"`
	LastSent     stdsql.NullTime     `db:"last_sent_at"`
	Missed       int64               `db:"missed"`
	MissedAt     stdsql.NullTime     `db:"missed_at"`
	TestAsked    stdsql.NullTime     `db:"test_asked_at"`
	Tested       stdsql.NullTime     `db:"tested_at"`
	TestStatus   int                 `db:"test_status"`
	TestError    okey.WebhookFailure `db:"test_error"`
	Last         int64               `db:"last"`
	Kept         stdsql.NullTime     `db:"kept"`
}

func (w webhookRow) receiver() WebhookReceiver {
	return WebhookReceiver{
		ID: w.ID, Name: w.Name, Address: w.Address, State: w.State, Idle: w.Idle, Seen: w.Seen, Epoch: w.Epoch, Position: w.Position,
		Ahead: w.Ahead, Waiting: w.Waiting, FailingSince: utc(w.FailingSince.Time), Attempts: w.Attempts, Alive: w.Alive,
		NextTry: utc(w.NextTry.Time), LastTry: utc(w.LastTry.Time), LastStatus: w.LastStatus, LastError: w.LastError,
		LastSent: utc(w.LastSent.Time), Missed: w.Missed, MissedAt: utc(w.MissedAt.Time),
		TestAsked: utc(w.TestAsked.Time), Tested: utc(w.Tested.Time),
		TestStatus: w.TestStatus, TestError: w.TestError, Last: w.Last, Kept: utc(w.Kept.Time),
	}
}

// Backlog is how many events it has not taken; those that it does not want are counted too.
func (w WebhookReceiver) Backlog() int64 { return max(0, w.Last-w.Position-int64(len(w.Ahead))) }

const webhookReceivers = `SELECT w.id, w.name, w.address, w.state, w.idle, w.seen, w.epoch, w.position, w.ahead, w.waiting, w.failing_since,
		w.attempts, w.alive, w.next_try_at, w.last_try_at, w.last_status, w.last_error, w.last_sent_at, w.missed, w.missed_at,
		w.test_asked_at,
		w.tested_at, w.test_status, w.test_error, (SELECT h.event_seq FROM audit_head h) AS last,
		(SELECT o.created_at FROM outbox o ORDER BY o.seq LIMIT 1) AS kept
	FROM webhook_receiver w `

// WebhookReceivers returns all that there ever were, by name.
func (r reader) WebhookReceivers(ctx context.Context) ([]WebhookReceiver, error) {
	return listed(ctx, r, webhookRow.receiver, webhookReceivers+`ORDER BY w.name`)
}

const noReceiver = "Ce récepteur n'existe pas."

// WebhookReceiver answers not_found for an unknown name.
func (r reader) WebhookReceiver(ctx context.Context, name string) (WebhookReceiver, error) {
	var found webhookRow
	err := r.get(ctx, &found, noReceiver, webhookReceivers+`WHERE w.name = $1`, name)
	return found.receiver(), err
}

// WebhookReceiverOf is WebhookReceiver by its id.
func (r reader) WebhookReceiverOf(ctx context.Context, id uuid.UUID) (WebhookReceiver, error) {
	var found webhookRow
	err := r.get(ctx, &found, noReceiver, webhookReceivers+`WHERE w.id = $1`, id)
	return found.receiver(), err
}

// lockReceiver keeps others from writing of a receiver. What is asked afterwards is as of a later instant.
func (t *Tx) lockReceiver(ctx context.Context, name string) error {
	var locked string
	return t.get(ctx, &locked, noReceiver, `SELECT name FROM webhook_receiver WHERE name = $1 FOR UPDATE`, name)
}

// KeepReceivers makes the receivers those of the configuration: name to address. A new one begins with the next event; one that is back
// goes on where it was. It returns those that the configuration has no more since now: their workflows are to end.
func (s *Store) KeepReceivers(ctx context.Context, addresses map[string]string) (gone []string, err error) {
	names, hosts := []string{}, []string{} // an absent array is not an empty one
	for name, host := range addresses {
		names, hosts = append(names, name), append(hosts, host)
	}
	err = s.Do(ctx, func(t *Tx) error {
		gone = nil
		err := t.exec(ctx, `INSERT INTO webhook_receiver AS w (id, name, address, state, position, seen)
			SELECT gen_random_uuid(), c.name, c.address, 'active', h.event_seq, h.event_seq
			FROM unnest($1::text[], $2::text[]) AS c (name, address), audit_head h ORDER BY c.name
			ON CONFLICT (name) DO UPDATE SET address = excluded.address, state = CASE w.state WHEN 'absent' THEN 'active' ELSE w.state END
			WHERE w.address <> excluded.address OR w.state = 'absent'`, pq.Array(names), pq.Array(hosts))
		if err != nil {
			return err
		}
		return t.all(ctx, &gone,
			`UPDATE webhook_receiver SET state = 'absent' WHERE state <> 'absent' AND name <> ALL ($1) RETURNING name`, pq.Array(names))
	})
	if err != nil {
		return nil, fmt.Errorf("keep the receivers of events: %w", err)
	}
	return gone, nil
}

// WakeReceivers returns those whose workflow waits, and has something to do: they are taken not to wait any more, so that one caller alone
// wakes each. Their rows are locked first: a turn that ends just now is seen as ended.
func (s *Store) WakeReceivers(ctx context.Context) (woken []WokenReceiver, err error) {
	err = s.Do(ctx, func(t *Tx) error {
		woken = nil
		var locked []string
		if err := t.all(ctx, &locked, `SELECT name FROM webhook_receiver ORDER BY name FOR UPDATE`); err != nil {
			return err
		}
		return t.all(ctx, &woken, `UPDATE webhook_receiver w SET idle = false FROM audit_head h
			WHERE w.idle AND (w.seen < h.event_seq AND w.state = 'active' OR w.test_asked_at IS NOT NULL)
			RETURNING w.name, w.seen < 0 OR w.test_asked_at IS NOT NULL AS asked`)
	})
	if err != nil {
		return nil, fmt.Errorf("look which receivers have something to do: %w", err)
	}
	return woken, nil
}

// WokenReceiver is a receiver whose workflow has something to do.
type WokenReceiver struct {
	Name  string `db:"name"`
	Asked bool   `db:"asked"` // support wants it
}

// ReceiversBehind returns those that wait for nothing and have not been tried since the instant although something is to be done: whoever
// was to wake them died.
func (r reader) ReceiversBehind(ctx context.Context, before time.Time) (names []string, err error) {
	err = r.all(ctx, &names, `SELECT w.name FROM webhook_receiver w, audit_head h
		WHERE coalesce(w.last_try_at, '-infinity') < $1 AND coalesce(w.next_try_at, '-infinity') < $1
		AND (w.state = 'active' AND w.position < h.event_seq OR w.state <> 'absent' AND w.test_asked_at IS NOT NULL)
		ORDER BY w.name`, before)
	return names, err
}

// EndTurn keeps what a turn has come to: the receiver as it was read, with what has changed. answered is the trial that it sent, zero for
// none. idle tells that its workflow may wait: with a trial, or with events that it has not seen, it may not. Where support had it go on
// otherwise meanwhile, nothing is kept of the turn: kept is false.
func (s *Store) EndTurn(ctx context.Context, w WebhookReceiver, answered time.Time) (kept, idle bool, err error) {
	err = s.Do(ctx, func(t *Tx) error {
		kept, idle = false, false
		if err := t.lockReceiver(ctx, w.Name); err != nil {
			return err
		}
		now, err := t.WebhookReceiver(ctx, w.Name)
		if err != nil || now.Epoch != w.Epoch || now.State == okey.WebhookAbsent {
			return err
		}
		asked := !now.TestAsked.IsZero() && !now.TestAsked.Equal(answered)
		kept, idle = true, w.Idle && !asked && (w.Seen >= now.Last || w.State == okey.WebhookStopped)
		err = t.exec(ctx, `UPDATE webhook_receiver SET state = $2, idle = $3, seen = $4, position = $5,
			ahead = coalesce($6::bigint[], '{}'), waiting = coalesce($7::text[], '{}'), failing_since = $8,
			attempts = $9, alive = $10, next_try_at = $11, last_try_at = $12, last_status = $13, last_error = $14, last_sent_at = $15,
			missed = $16, missed_at = $17 WHERE name = $1`,
			w.Name, string(w.State), idle, w.Seen, w.Position, pq.Array(w.Ahead), pq.Array(w.Waiting), nullTime(w.FailingSince), w.Attempts,
			w.Alive, nullTime(w.NextTry), nullTime(w.LastTry), w.LastStatus, string(w.LastError), nullTime(w.LastSent), w.Missed,
			nullTime(w.MissedAt))
		if err != nil || asked || answered.IsZero() {
			return err
		}
		return t.exec(ctx, `UPDATE webhook_receiver SET test_asked_at = NULL, tested_at = $2, test_status = $3, test_error = $4
			WHERE name = $1`, w.Name, nullTime(w.Tested), w.TestStatus, string(w.TestError))
	})
	if err != nil {
		return false, false, fmt.Errorf("keep how far receiver %s has come: %w", w.Name, err)
	}
	return kept, idle, nil
}

// ResumeReceiver has a receiver be sent events again, from the first one that was numbered at the instant or later, or, where that is zero,
// from where it was. not_found for an unknown one, or one that the configuration has no more.
func (t *Tx) ResumeReceiver(ctx context.Context, id uuid.UUID, from time.Time) (on Resumed, err error) {
	err = t.get(ctx, &on.Position, noReceiver, `UPDATE webhook_receiver w SET state = 'active', epoch = epoch + 1, idle = true, seen = -1,
			position = CASE WHEN $2::timestamptz IS NULL THEN position
				ELSE coalesce((SELECT o.seq FROM outbox o WHERE o.created_at >= $2 ORDER BY o.created_at, o.seq LIMIT 1) - 1,
					h.event_seq) END,
			ahead = CASE WHEN $2 IS NULL THEN ahead ELSE '{}' END, waiting = '{}', failing_since = NULL, attempts = 0, alive = true,
			next_try_at = NULL
		FROM audit_head h WHERE w.id = $1 AND w.state <> 'absent' RETURNING w.position`, id, nullTime(from))
	if err != nil {
		return on, err
	}
	var again struct {
		Count int             `db:"count"`
		Since stdsql.NullTime `db:"since"`
		Gone  bool            `db:"gone"`
	}
	err = t.get(ctx, &again, "", `SELECT count(*), min(created_at) AS since,
			$1::bigint > 0 AND NOT EXISTS (SELECT FROM outbox WHERE seq <= $1) AS gone
		FROM outbox WHERE seq > $1`, on.Position)
	if err != nil {
		return on, err
	}
	on.Count, on.Since = again.Count, utc(again.Since.Time)
	on.Gone = again.Gone && !from.IsZero() && (on.Count == 0 || from.Before(on.Since))
	return on, t.hintEvents(ctx)
}

// Resumed is from where a receiver goes on.
type Resumed struct {
	Position int64     // after this event
	Count    int       // how many there are, those that it does not want among them
	Since    time.Time // when the first of them was numbered; zero: there is none
	Gone     bool      // there were events before that are kept no more: since the moment that was asked for, perhaps
}

// TestReceiver has a receiver be sent a trial; not_found as with ResumeReceiver.
func (t *Tx) TestReceiver(ctx context.Context, id uuid.UUID, at time.Time) error {
	var name string
	err := t.get(ctx, &name, noReceiver, `UPDATE webhook_receiver SET test_asked_at = $2, idle = true, tested_at = NULL
		WHERE id = $1 AND state <> 'absent' RETURNING name`, id, at)
	if err != nil {
		return err
	}
	return t.hintEvents(ctx)
}

func (t *Tx) hintEvents(ctx context.Context) error {
	return t.exec(ctx, `SELECT pg_notify('`+EventChannel+`', '')`)
}

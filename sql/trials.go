package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

type trialRow struct {
	ID      uuid.UUID         `db:"id"`
	Serial  okey.Serial       `db:"serial"`
	Person  uuid.UUID         `db:"person"`
	At      time.Time         `db:"at"`
	Outcome okey.TrialOutcome `db:"outcome"`
	Cause   okey.TrialCause   `db:"cause"`
}

func (t trialRow) trial() okey.Trial {
	return okey.Trial{ID: t.ID, Key: t.Serial, By: t.Person, At: utc(t.At), Outcome: t.Outcome, Cause: t.Cause}
}

const trials = `SELECT id, serial, person, at, outcome, cause FROM key_trial`

// RecordTrial keeps that a key was tried, and what became of it; the same one twice is kept once.
func (s *Store) RecordTrial(ctx context.Context, tried okey.Trial) error {
	err := s.Do(ctx, func(t *Tx) error {
		n, err := t.touch(ctx, `INSERT INTO key_trial (id, serial, person, at, outcome, cause) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (id) DO NOTHING`, tried.ID, tried.Key, tried.By, tried.At, string(tried.Outcome), string(tried.Cause))
		if err != nil || n == 0 {
			return err
		}
		detail := string(tried.Outcome)
		if tried.Cause != "" {
			detail += ":" + string(tried.Cause)
		}
		t.Audit(Entry{At: tried.At, Event: "key_tried", Actor: tried.By, Via: okey.ViaWeb, Subject: AboutKey(tried.Key), Detail: detail})
		return nil
	})
	if err != nil {
		return fmt.Errorf("record a trial of key %s: %w", tried.Key, err)
	}
	return nil
}

// Trial answers not_found for one that is not there.
func (r reader) Trial(ctx context.Context, id uuid.UUID) (okey.Trial, error) {
	var row trialRow
	err := r.get(ctx, &row, "Cet essai n'est pas connu.", trials+` WHERE id = $1`, id)
	return row.trial(), err
}

// LastTrial is the last trial of a key between two instants; false where there is none.
func (r reader) LastTrial(ctx context.Context, serial okey.Serial, from, until time.Time) (okey.Trial, bool, error) {
	found, err := listed(ctx, r, trialRow.trial, lastTrial, serial, from, until)
	if err != nil || len(found) == 0 {
		return okey.Trial{}, false, err
	}
	return found[0], true, nil
}

// HasTried tells whether somebody has tried the key that a request has given them, and it was accepted.
func (r reader) HasTried(ctx context.Context, request uuid.UUID) (tried bool, err error) {
	err = r.get(ctx, &tried, "", `SELECT EXISTS (SELECT FROM key_trial t
		JOIN request r ON r.handed_over_key = t.serial AND r.person = t.person
		WHERE r.id = $1 AND t.outcome = 'accepted')`, request)
	return tried, err
}

// ReportBeside is what whoever reports their key is told besides: whether they have a request open, and the last trial of the key since
// an instant; nil for none.
func (r reader) ReportBeside(
	ctx context.Context, person okey.PersonID, serial okey.Serial, from, until time.Time,
) (open bool, last *okey.Trial, err error) {
	var tried []okey.Trial
	err = r.together(
		ctx,
		one(&open, `SELECT EXISTS (SELECT FROM request WHERE person = $1 AND closed_at IS NULL)`, person),
		list(&tried, trialRow.trial, lastTrial, serial, from, until),
	)
	if len(tried) > 0 {
		last = &tried[0]
	}
	return open, last, err
}

const lastTrial = trials + ` WHERE serial = $1 AND at > $2 AND at <= $3 ORDER BY at DESC LIMIT 1`

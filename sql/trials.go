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
	Request uuid.NullUUID     `db:"request"`
	Witness uuid.NullUUID     `db:"witness"`
}

func (t trialRow) trial() okey.Trial {
	return okey.Trial{
		ID: t.ID, Key: t.Serial, By: t.Person, At: utc(t.At), Outcome: t.Outcome, Cause: t.Cause,
		Request: t.Request.UUID, Witness: t.Witness.UUID,
	}
}

const trials = `SELECT id, serial, person, at, outcome, cause, request, witness FROM key_trial`

// trialsFor are those of the keys that a request was to be handed, the latest first: as many as may be made in a while. A key that came
// back to it, mended, begins anew: what counts is after it was reserved last.
const trialsFor = trials + ` t WHERE request = $1 AND at > coalesce((SELECT max(e.at) FROM key_event e
		WHERE e.serial = t.serial AND e.reason = 'reserved'), '-infinity')
	ORDER BY at DESC, id LIMIT 20`

// TrialsFor reads them.
func (r reader) TrialsFor(ctx context.Context, request uuid.UUID) ([]okey.Trial, error) {
	return listed(ctx, r, trialRow.trial, trialsFor, request)
}

// trialsOf are those of a key in its holder's hands since an instant, the latest first.
const trialsOf = trials + ` WHERE serial = $1 AND person = $2 AND at > $3 AND request IS NULL ORDER BY at DESC, id LIMIT 20`

// TrialsOf reads them.
func (r reader) TrialsOf(ctx context.Context, key okey.Key, since time.Time) ([]okey.Trial, error) {
	return listed(ctx, r, trialRow.trial, trialsOf, key.Serial, key.Holder, since)
}

// HolderTrials is TrialsOf, and whose the key is.
func (r reader) HolderTrials(ctx context.Context, key okey.Key, since time.Time) (holder okey.Person, tried []okey.Trial, err error) {
	var row personRow
	err = r.together(
		ctx,
		one(&row, `SELECT `+personColumns+` FROM person p WHERE p.id = $1`, key.Holder),
		list(&tried, trialRow.trial, trialsOf, key.Serial, key.Holder, since),
	)
	return row.person(), tried, err
}

// BeginProof notes that a key which nobody has in hand is being tried, so that pin-checks answers for it; RecordTrial takes that back.
func (s *Store) BeginProof(ctx context.Context, serial okey.Serial, at time.Time) error {
	err := s.Do(ctx, func(t *Tx) error {
		return t.exec(ctx, `INSERT INTO key_proof (serial, begun_at) VALUES ($1, $2)
			ON CONFLICT (serial) DO UPDATE SET begun_at = excluded.begun_at`, serial, at)
	})
	if err != nil {
		return fmt.Errorf("note that key %s is being tried: %w", serial, err)
	}
	return nil
}

// ProofUnderWay tells whether such a trial has begun since an instant, and not ended.
func (r reader) ProofUnderWay(ctx context.Context, serial okey.Serial, since time.Time) (under bool, err error) {
	err = r.get(ctx, &under, "", `SELECT EXISTS (SELECT FROM key_proof WHERE serial = $1 AND begun_at > $2)`, serial, since)
	return under, err
}

// RecordTrial keeps that a key was tried, and what became of it; the same one twice is kept once.
func (s *Store) RecordTrial(ctx context.Context, tried okey.Trial) error {
	err := s.Do(ctx, func(t *Tx) error {
		if tried.Request != uuid.Nil {
			if err := t.exec(ctx, `DELETE FROM key_proof WHERE serial = $1`, tried.Key); err != nil {
				return err
			}
		}
		n, err := t.touch(ctx, `INSERT INTO key_trial (id, serial, person, at, outcome, cause, request, witness)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING`, tried.ID, tried.Key, tried.By, tried.At,
			string(tried.Outcome), string(tried.Cause), nullID(tried.Request), nullID(tried.Witness))
		if err != nil || n == 0 {
			return err
		}
		detail := string(tried.Outcome)
		if tried.Cause != "" {
			detail += ":" + string(tried.Cause)
		}
		actor := tried.By
		if tried.Witness != uuid.Nil {
			actor = tried.Witness
		}
		t.Audit(Entry{At: tried.At, Event: "key_tried", Actor: actor, Via: okey.ViaWeb, Subject: AboutKey(tried.Key), Detail: detail})
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

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

// Allocate gives an establishment's free keys, soonest to expire first, to the requests that wait, in the order of approval, and
// returns whom it gave to. Each is owed a wake-up until its workflow has taken the key. It also notes when a shortage begins or ends.
//
// A request whose kept key was lost waits from that instant, whatever its stage says until its flow has taken note: it keeps its place.
//
// The caller holds the establishment's lock: without it an approval that sees no key and a delivery that sees nobody waiting
// would both commit, and a key lie idle. at is the caller's instant; the day is the academy's.
func (t *Tx) Allocate(ctx context.Context, uai okey.UAI, at time.Time) ([]uuid.UUID, error) {
	today, err := t.Today(ctx, uai, at)
	if err != nil {
		return nil, err
	}
	return t.AllocateOn(ctx, uai, today, at)
}

// AllocateOn is Allocate for whoever knows the day at the establishment.
func (t *Tx) AllocateOn(ctx context.Context, uai okey.UAI, today okey.Day, at time.Time) ([]uuid.UUID, error) {
	var pairs []struct {
		Request uuid.UUID   `db:"request"`
		Serial  okey.Serial `db:"serial"`
	}
	err := t.all(ctx, &pairs, `WITH waiting AS (
			SELECT r.id, row_number() OVER (ORDER BY r.approved_at, r.id) AS place FROM request r
			WHERE r.uai = $1 AND r.stage IN ('awaiting_stock', 'awaiting_charter', 'awaiting_handover')
				AND NOT EXISTS (SELECT FROM key k WHERE k.request = r.id)
		), free AS (
			SELECT k.serial, row_number() OVER (ORDER BY k.expires_on, k.serial) AS place FROM key k
			WHERE k.uai = $1 AND k.state = 'in_stock' AND k.expires_on >= $2::date
		)
		SELECT w.id AS request, f.serial FROM waiting w JOIN free f USING (place) ORDER BY place`,
		uai, today.AddMonths(okey.LendableMonths).String())
	if err != nil {
		return nil, fmt.Errorf("match keys and requests of %s: %w", uai, err)
	}
	var given []uuid.UUID
	for _, p := range pairs {
		if _, err := t.ChangeKey(ctx, p.Serial, KeyChange{
			Reason: okey.ReasonReserved, At: at, Via: okey.ViaEngine, Request: p.Request,
		}); err != nil {
			return nil, fmt.Errorf("give key %s: %w", p.Serial, err)
		}
		if err := t.exec(ctx, `UPDATE request SET wake_up_owed = true WHERE id = $1`, p.Request); err != nil {
			return nil, fmt.Errorf("owe a wake-up: %w", err)
		}
		given = append(given, p.Request)
	}
	return given, t.noteShortage(ctx, uai, today, at)
}

// OthersWait tells whether somebody waits in line for a key at an establishment.
func (t *Tx) OthersWait(ctx context.Context, uai okey.UAI) (wait bool, err error) {
	err = t.get(ctx, &wait, "", `SELECT EXISTS (SELECT FROM request r WHERE r.uai = $1 AND r.stage = 'awaiting_stock'
		AND NOT EXISTS (SELECT FROM key k WHERE k.request = r.id))`, uai)
	return wait, err
}

// Reserve is a key that lies ready for somebody: since when, and until when.
type Reserve struct {
	ID        uuid.UUID `db:"id"`
	Since     time.Time `db:"since"`
	KeptUntil time.Time `db:"kept_until"`
}

// Reserves are the requests whose keys await their handover at an establishment.
func (t *Tx) Reserves(ctx context.Context, uai okey.UAI) ([]Reserve, error) {
	var reserves []Reserve
	err := t.all(ctx, &reserves, `SELECT id, since, kept_until FROM request
		WHERE uai = $1 AND stage = 'awaiting_handover' AND kept_until IS NOT NULL ORDER BY id`, uai)
	return reserves, err
}

// OweWakeUps notes that requests are to look where they stand.
func (t *Tx) OweWakeUps(ctx context.Context, requests []uuid.UUID) error {
	return t.exec(ctx, `UPDATE request SET wake_up_owed = true WHERE id = ANY ($1)`, pq.Array(requests))
}

// KeepUntil ends a request's stage at another instant than it began with; whoever it was woken by has done its part.
func (t *Tx) KeepUntil(ctx context.Context, id uuid.UUID, until time.Time) error {
	return t.exec(ctx, `UPDATE request SET kept_until = $2, wake_up_owed = false WHERE id = $1`, id, until)
}

// noteShortage keeps since when no key is free while someone waits for one or for an answer: told once, ended by a free key.
func (t *Tx) noteShortage(ctx context.Context, uai okey.UAI, today okey.Day, at time.Time) error {
	free, err := t.FreeKeys(ctx, uai, today)
	if err != nil {
		return fmt.Errorf("count free keys of %s: %w", uai, err)
	}
	if free > 0 {
		return t.exec(ctx,
			`UPDATE establishment SET shortage_since = NULL, shortage_told = false WHERE uai = $1 AND shortage_since IS NOT NULL`, uai)
	}
	return t.exec(ctx, `UPDATE establishment SET shortage_since = $2 WHERE uai = $1 AND shortage_since IS NULL
		AND EXISTS (SELECT FROM request WHERE uai = $1 AND stage IN ('awaiting_decision', 'awaiting_stock'))`, uai, at)
}

// TellShortage answers true once a shortage: the step that it is true for tells the approvers.
func (t *Tx) TellShortage(ctx context.Context, uai okey.UAI) (bool, error) {
	var told string
	err := t.get(ctx, &told, "", `UPDATE establishment SET shortage_told = true
		WHERE uai = $1 AND shortage_since IS NOT NULL AND NOT shortage_told RETURNING uai`, uai)
	if isNoRow(err) {
		return false, nil
	}
	return err == nil, err
}

// Today is the day that it is at an establishment.
func (r reader) Today(ctx context.Context, uai okey.UAI, at time.Time) (okey.Day, error) {
	zone, err := r.Zone(ctx, uai)
	if err != nil {
		return okey.Day{}, err
	}
	return okey.DayOf(at, zone), nil
}

// Zone is the time zone of an establishment's academy.
func (r reader) Zone(ctx context.Context, uai okey.UAI) (*time.Location, error) {
	var academy stdsql.NullString
	if err := r.get(ctx, &academy, "Cet établissement n'est pas dans OKEY.",
		`SELECT academy FROM establishment WHERE uai = $1`, uai); err != nil {
		return nil, err
	}
	return okey.ZoneOf(academy.String), nil
}

package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// KeptPIN is a key as far as its PIN goes. The PIN belongs to whoever has the key in hand or, before that, for whom it is attributed.
type KeptPIN struct {
	okey.Key
	Owner okey.PersonID // zero: nobody
	Hash  string        // empty: none was chosen in OKEY
}

type keptRow struct {
	keyRow
	Owner uuid.NullUUID     `db:"owner"`
	Hash  stdsql.NullString `db:"pin_hash"`
}

func (k keptRow) kept() KeptPIN {
	return KeptPIN{Key: k.key(), Owner: k.Owner.UUID, Hash: k.Hash.String}
}

const keptPIN = `SELECT ` + keyColumns + `,
	k.pin_hash, CASE WHEN k.state IN ('in_service', 'suspended', 'lent') THEN k.holder
		WHEN k.state = 'attributed' THEN r.person END AS owner
	FROM key k LEFT JOIN request r ON r.id = k.request`

// KeptPIN answers not_found for an unknown serial.
func (r reader) KeptPIN(ctx context.Context, serial okey.Serial) (KeptPIN, error) {
	var row keptRow
	err := r.get(ctx, &row, noKey, keptPIN+` WHERE k.serial = $1`, serial)
	return row.kept(), err
}

// PINsOf returns the keys whose PIN is a person's to set: those in hand first, the one that expires last before the others.
func (r reader) PINsOf(ctx context.Context, person okey.PersonID) ([]KeptPIN, error) {
	return listed(ctx, r, keptRow.kept, pinsOf, person)
}

const pinsOf = keptPIN + ` WHERE k.state IN ('in_service', 'suspended', 'lent') AND k.holder = $1
	OR k.state = 'attributed' AND k.request = ANY (ARRAY(SELECT q.id FROM request q WHERE q.person = $1))
	ORDER BY array_position('{in_service,lent,suspended,attributed}'::text[], k.state), k.expires_on DESC, k.serial`

// SetPIN gives a key another PIN and begins its count of wrong ones anew. It answers false, and changes nothing, where
// a change that was asked for later has come first. The caller holds the lock of the key's establishment.
func (t *Tx) SetPIN(ctx context.Context, serial okey.Serial, hash string, asked time.Time) (bool, error) {
	set, err := listed(ctx, t.reader, keyRow.key, `UPDATE key k SET pin_hash = $2, pin_set_at = $3
		WHERE serial = $1 AND (pin_set_at IS NULL OR pin_set_at < $3) RETURNING `+keyColumns, serial, hash, asked)
	if err != nil {
		return false, fmt.Errorf("set the PIN of key %s: %w", serial, err)
	}
	if len(set) == 0 {
		return false, nil
	}
	t.tellOf(okey.KeyEventPINSet, set[0], asked)
	return true, t.forgetWrongPINs(ctx, serial)
}

func (t *Tx) forgetWrongPINs(ctx context.Context, serial okey.Serial) error {
	return t.exec(ctx, `DELETE FROM pin_guard WHERE serial = $1`, serial)
}

// CountPINTry counts a try under the row's lock, before anybody looks whether it is right, and returns how many were
// wrong in a row with this one. The errors are throttled and pin_locked: then it must not be looked at.
func (s *Store) CountPINTry(ctx context.Context, serial okey.Serial, at time.Time) (int, error) {
	wrong := 0
	err := s.Do(ctx, func(t *Tx) error {
		var row struct {
			Wrong        int             `db:"wrong"`
			BlockedUntil stdsql.NullTime `db:"blocked_until"`
		}
		// The update changes nothing: it takes the lock of a row that was there.
		err := t.get(ctx, &row, noKey, `INSERT INTO pin_guard (serial, wrong) VALUES ($1, 0)
			ON CONFLICT (serial) DO UPDATE SET wrong = pin_guard.wrong RETURNING wrong, blocked_until`, serial)
		if err != nil {
			return fmt.Errorf("count a PIN: %w", err)
		}
		next, err := okey.PINGuard{Wrong: row.Wrong, BlockedUntil: row.BlockedUntil.Time}.Try(at)
		if err != nil {
			return err
		}
		wrong = next.Wrong
		return t.exec(ctx,
			`UPDATE pin_guard SET wrong = $2, blocked_until = $3 WHERE serial = $1`, serial, next.Wrong, nullTime(next.BlockedUntil))
	})
	return wrong, err
}

// PINGuardOf returns how many wrong PINs a key has had in a row.
func (r reader) PINGuardOf(ctx context.Context, serial okey.Serial) (okey.PINGuard, error) {
	var rows []struct {
		Wrong        int             `db:"wrong"`
		BlockedUntil stdsql.NullTime `db:"blocked_until"`
	}
	err := r.all(ctx, &rows, `SELECT wrong, blocked_until FROM pin_guard WHERE serial = $1`, serial)
	if err != nil || len(rows) == 0 {
		return okey.PINGuard{}, err
	}
	return okey.PINGuard{Wrong: rows[0].Wrong, BlockedUntil: utc(rows[0].BlockedUntil.Time)}, nil
}

// PINWasRight ends a row of wrong PINs.
func (s *Store) PINWasRight(ctx context.Context, serial okey.Serial) error {
	return s.Do(ctx, func(t *Tx) error { return t.forgetWrongPINs(ctx, serial) })
}

// LockPIN records that a key's PIN is locked from now on: the action's workflow tells the holder.
func (s *Store) LockPIN(ctx context.Context, serial okey.Serial, at time.Time) (okey.Action, error) {
	lock := okey.Action{ID: uuid.New(), Key: serial, Name: okey.ActionPINLock, Via: okey.ViaEngine, CreatedAt: at}
	err := s.Do(ctx, func(t *Tx) error { return t.FollowUp(ctx, lock) })
	return lock, err
}

// RehashPIN keeps the same PIN under another pepper or other parameters, unless it was replaced meanwhile.
func (s *Store) RehashPIN(ctx context.Context, serial okey.Serial, before, after string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE key SET pin_hash = $3 WHERE serial = $1 AND pin_hash = $2`, serial, before, after)
	if err != nil {
		return fmt.Errorf("hash the PIN of key %s anew: %w", serial, err)
	}
	return nil
}

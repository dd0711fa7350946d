package sql

import (
	"bytes"
	"context"
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

type actionRow struct {
	ID        uuid.UUID         `db:"id"`
	Request   uuid.NullUUID     `db:"request"`
	Key       stdsql.NullString `db:"key"`
	Subject   uuid.NullUUID     `db:"subject"`
	Name      okey.ActionName   `db:"name"`
	By        uuid.NullUUID     `db:"by_person"`
	Via       okey.Via          `db:"via"`
	Content   []byte            `db:"content"`
	Digest    []byte            `db:"digest"`
	PINHash   stdsql.NullString `db:"pin_hash"`
	CreatedAt time.Time         `db:"created_at"`
	Verdict   []byte            `db:"verdict"`
	At        string            `db:"at_school"`
	School    string            `db:"school"`
}

const actionColumns = `id, request, key, subject, name, by_person, via, content, digest, pin_hash, created_at, verdict,
	` + actionSchool + ` AS at_school, coalesce((SELECT e.name FROM establishment e WHERE e.uai = ` + actionSchool + `), '') AS school`

// actionSchool is the code of the school that an action is about, empty where it names none.
const actionSchool = `coalesce(action.content->>'establishment', (SELECT k.uai FROM key k WHERE k.serial = action.key),
	(SELECT o.uai FROM key_order o WHERE o.id = action.subject), '')`

// errUnreadable is of a row that somebody has written by hand, or a later version. What the action is about is known all the same.
var errUnreadable = errors.New("unreadable")

func (r actionRow) action() (okey.Action, error) {
	a := okey.Action{
		ID: r.ID, Request: r.Request.UUID, Key: okey.Serial(r.Key.String), Subject: r.Subject.UUID, Name: r.Name, By: r.By.UUID, Via: r.Via,
		Digest: r.Digest, PINHash: r.PINHash.String, CreatedAt: utc(r.CreatedAt), At: okey.UAI(r.At), School: r.School,
	}
	if err := json.Unmarshal(r.Content, &a.Content); err != nil {
		return a, fmt.Errorf("read action %s: %w: %w", r.ID, errUnreadable, err)
	}
	if r.Verdict != nil {
		a.Verdict = new(okey.Verdict)
		if err := json.Unmarshal(r.Verdict, a.Verdict); err != nil {
			return a, fmt.Errorf("read the verdict of action %s: %w: %w", r.ID, errUnreadable, err)
		}
	}
	return a, nil
}

// RecordAction writes the row that says who wants what, before anything is signalled. The same action again is answered with
// the row as it stands; the same id from another person, for another request or with other content is action_reused.
func (s *Store) RecordAction(ctx context.Context, a okey.Action) (okey.Action, error) {
	values, err := actionValues(a)
	if err != nil {
		return okey.Action{}, err
	}
	var recorded okey.Action
	err = again(func() error {
		recorded, err = s.action(ctx, insertAction+` RETURNING `+actionColumns, values...)
		return err
	})
	if okey.ErrorCode(err) == okey.CodeNotFound { // it was there before
		recorded, err = s.Action(ctx, a.ID)
	}
	if err != nil {
		return okey.Action{}, fmt.Errorf("record the action: %w", err)
	}
	if recorded.Request != a.Request || recorded.Key != a.Key || recorded.Subject != a.Subject || recorded.Name != a.Name ||
		recorded.By != a.By || !bytes.Equal(recorded.Digest, a.Digest) {
		return okey.Action{}, okey.Errorf(okey.CodeActionReused,
			"Cet envoi a déjà servi pour autre chose : recommencez avec un nouveau.")
	}
	return recorded, nil
}

const insertAction = `INSERT INTO action (id, request, key, name, by_person, via, content, digest, pin_hash, created_at, subject)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING`

func actionValues(a okey.Action) ([]any, error) {
	content, err := document(a.Content)
	if err != nil {
		return nil, fmt.Errorf("write an action's content: %w", err)
	}
	return []any{
		a.ID, nullID(a.Request), nullText(a.Key), string(a.Name), nullID(a.By), string(a.Via), content, a.Digest, nullText(a.PINHash),
		a.CreatedAt, nullID(a.Subject),
	}, nil
}

func (t *Tx) insertAction(ctx context.Context, a okey.Action) error {
	values, err := actionValues(a)
	if err != nil {
		return err
	}
	return t.exec(ctx, insertAction, values...)
}

// FollowUp records an action of the flow itself in the transaction that makes it necessary; delivering it comes after
// the commit. Its id is derived from others, which people choose with their forms: where somebody has put an action of
// theirs under it beforehand, this one takes another.
func (t *Tx) FollowUp(ctx context.Context, a okey.Action) error {
	a.Digest = []byte{}
	if err := t.insertAction(ctx, a); err != nil {
		return err
	}
	var ours bool
	err := t.get(ctx, &ours, noAction, `SELECT name = $2 AND via = $3 AND digest = '' AND subject IS NOT DISTINCT FROM $4
		AND request IS NOT DISTINCT FROM $5 FROM action WHERE id = $1`,
		a.ID, string(a.Name), string(a.Via), nullID(a.Subject), nullID(a.Request))
	if err != nil || ours {
		return err
	}
	a.ID = uuid.New()
	return t.insertAction(ctx, a)
}

const noAction = "Cette action n'a pas été enregistrée."

// Action answers not_found for an id that was never recorded.
func (r reader) Action(ctx context.Context, id uuid.UUID) (okey.Action, error) {
	return r.action(ctx, `SELECT `+actionColumns+` FROM action WHERE id = $1`, id)
}

// LockAction is Action under the row's lock.
func (t *Tx) LockAction(ctx context.Context, id uuid.UUID) (okey.Action, error) {
	return t.action(ctx, `SELECT `+actionColumns+` FROM action WHERE id = $1 FOR UPDATE`, id)
}

// AskOf returns the action that asked for a request, whether or not it was accepted.
func (r reader) AskOf(ctx context.Context, request uuid.UUID) (okey.Action, error) {
	return r.action(ctx, `SELECT `+actionColumns+` FROM action WHERE request = $1 AND name = 'ask' ORDER BY created_at LIMIT 1`, request)
}

func (r reader) action(ctx context.Context, query string, args ...any) (okey.Action, error) {
	var row actionRow
	if err := r.get(ctx, &row, noAction, query, args...); err != nil {
		return okey.Action{}, err
	}
	return row.action()
}

// Judged writes an action's outcome with all that was answered, drops its PIN, and tells whoever waits for it (OutcomeChannel).
func (t *Tx) Judged(ctx context.Context, id uuid.UUID, v okey.Verdict, at time.Time) error {
	verdict, err := document(v)
	if err != nil {
		return fmt.Errorf("write a verdict: %w", err)
	}
	outcome := "refused"
	if v.Accepted {
		outcome = "accepted"
	}
	var judged struct {
		Promised bool          `db:"promised"`
		By       uuid.NullUUID `db:"by_person"`
	}
	err = t.get(ctx, &judged, noAction, `WITH judged AS (
			UPDATE action SET outcome = $2, reason = $3, verdict = $4, judged_at = $5, pin_hash = NULL
			WHERE id = $1 AND outcome IS NULL RETURNING promised_at IS NOT NULL AS promised, by_person)
		SELECT judged.promised, judged.by_person FROM judged CROSS JOIN pg_notify('`+OutcomeChannel+`', $6)`,
		id, outcome, nullText(v.Reason), verdict, at, id.String())
	if okey.ErrorCode(err) == okey.CodeNotFound { // judged before: told already
		return nil
	}
	if err != nil {
		return fmt.Errorf("write the outcome of action %s: %w", id, err)
	}
	if judged.Promised && judged.By.Valid && !v.Accepted {
		return t.FollowUp(ctx, okey.Action{
			ID: okey.DerivedID(id, string(okey.ActionRefusalTold)), Subject: id, Name: okey.ActionRefusalTold,
			Via: okey.ViaEngine, CreatedAt: at,
		})
	}
	return nil
}

// Promise notes that whoever sent an action is told that it is kept: should it be refused after all, they learn of it by mail. delivered
// tells that its workflow has it. It returns the action as it stands: with a verdict, where that came just now, nothing is promised.
func (s *Store) Promise(ctx context.Context, id uuid.UUID, at time.Time, delivered bool) (okey.Action, error) {
	err := s.Do(ctx, func(t *Tx) error {
		return t.exec(ctx, `UPDATE action SET promised_at = coalesce(promised_at, $2),
			delivered_at = CASE WHEN $3 THEN $2 ELSE delivered_at END,
			looked_at = CASE WHEN $3 THEN $2 ELSE looked_at END WHERE id = $1 AND outcome IS NULL`, id, at, delivered)
	})
	if err != nil {
		return okey.Action{}, fmt.Errorf("promise that an action is kept: %w", err)
	}
	return s.Action(ctx, id)
}

// RefuseClosed completes actions on requests that are closed: no workflow will. Others are left alone.
func (s *Store) RefuseClosed(ctx context.Context, id uuid.UUID, at time.Time) (okey.Action, error) {
	var refused okey.Action
	err := s.Do(ctx, func(t *Tx) error {
		a, err := t.LockAction(ctx, id)
		if errors.Is(err, errUnreadable) {
			err = nil
		}
		if err != nil || a.Verdict != nil {
			refused = a
			return err
		}
		r, err := t.Request(ctx, a.Request)
		if err != nil || !r.Stage.Closed() {
			refused = a
			return err
		}
		v := okey.Verdict{Reason: okey.CodeClosed, Standing: okey.Standing{Stage: r.Stage, Turn: r.Turn, Since: r.Since, UAI: r.UAI}}
		a.Verdict = &v
		refused = a
		t.Audit(Entry{At: at, Event: string(a.Name), Actor: a.By, Via: a.Via, Subject: AboutRequest(r.ID), Detail: string(okey.CodeClosed)})
		return t.Judged(ctx, id, v, at)
	})
	return refused, err
}

// Undelivered returns actions without an outcome that were recorded before the instant and whose turn it is to be brought to their
// workflow: at once, then with the pauses of okey.Pause. Those that have waited longest for their turn come first.
func (r reader) Undelivered(ctx context.Context, before, now time.Time, limit int) ([]okey.Action, error) {
	return r.actions(ctx, `SELECT `+actionColumns+` FROM action WHERE outcome IS NULL AND created_at < $1 AND (looked_at IS NULL
		OR looked_at <= CASE WHEN looks <= 1 THEN $2::timestamptz WHEN looks = 2 THEN $3 ELSE $4 END)
		ORDER BY looked_at NULLS FIRST, created_at, id LIMIT $5`,
		before, now.Add(-okey.Pause(1)), now.Add(-okey.Pause(2)), now.Add(-okey.Pause(3)), limit)
}

// DeliveredAt is when an action was last brought to its workflow; zero where no watch did so yet.
func (r reader) DeliveredAt(ctx context.Context, id uuid.UUID) (time.Time, error) {
	var at stdsql.NullTime
	err := r.get(ctx, &at, noAction, `SELECT delivered_at FROM action WHERE id = $1`, id)
	return utc(at.Time), err
}

// Looked notes that an action had its turn; delivered, that it was brought to its workflow, which has it from now on.
func (s *Store) Looked(ctx context.Context, id uuid.UUID, at time.Time, delivered bool) error {
	return s.attempt(ctx, `UPDATE action SET looked_at = $2, looks = looks + 1, delivered_at = CASE WHEN $3 THEN $2 ELSE delivered_at END
		WHERE id = $1`, id, at, delivered)
}

// LookAgain has every action without an outcome be looked at now, however often that was in vain: whoever does is new.
func (s *Store) LookAgain(ctx context.Context) error {
	return s.write(ctx, `UPDATE action SET looked_at = NULL, looks = 0 WHERE outcome IS NULL AND looked_at IS NOT NULL`)
}

// Unjudged returns a request's signals that were recorded before the instant and have no outcome, in the order of their recording.
func (r reader) Unjudged(ctx context.Context, request uuid.UUID, before time.Time) ([]okey.Action, error) {
	found, err := r.actions(ctx, `SELECT `+actionColumns+` FROM action
		WHERE request = $1 AND outcome IS NULL AND created_at < $2 ORDER BY created_at, id`, request, before)
	return slices.DeleteFunc(found, func(a okey.Action) bool { return !a.Name.Signal().Valid() || a.Name.Kind().Workflow != "" }), err
}

// FollowUps returns the flow's own actions that have no outcome yet, oldest first.
func (r reader) FollowUps(ctx context.Context, limit int) ([]okey.Action, error) {
	return r.actions(ctx,
		`SELECT `+actionColumns+` FROM action WHERE outcome IS NULL AND via = 'engine' ORDER BY created_at, id LIMIT $1`, limit)
}

// actions are read as far as they can be: one that is unreadable, which its judge will say, keeps no other back.
func (r reader) actions(ctx context.Context, query string, args ...any) ([]okey.Action, error) {
	var rows []actionRow
	if err := r.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read actions: %w", err)
	}
	actions := make([]okey.Action, len(rows))
	for i, row := range rows {
		actions[i] = row.legible()
	}
	return actions, nil
}

// legible is the action without what can't be read of it.
func (r actionRow) legible() okey.Action {
	a, err := r.action()
	if err != nil {
		slog.Warn("what an action holds is left out", "action", r.ID, "error", err)
	}
	return a
}

// DropOldPINs forgets the PINs of actions that nobody has judged since the instant.
func (s *Store) DropOldPINs(ctx context.Context, before time.Time) error {
	if _, err := s.db.ExecContext(ctx,
		`UPDATE action SET pin_hash = NULL WHERE pin_hash IS NOT NULL AND created_at < $1`, before); err != nil {
		return fmt.Errorf("drop old PINs: %w", err)
	}
	return nil
}

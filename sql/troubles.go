package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// TroubleKind says what does not get on.
type TroubleKind string

// The kinds of trouble.
const (
	TroubleActivity TroubleKind = "activity" // a piece of work of a workflow fails at each attempt
	TroubleWorkflow TroubleKind = "workflow" // a workflow has failed
	TroubleAction   TroubleKind = "action"   // what somebody recorded is with its workflow, and has no outcome
)

// Trouble is work that does not get on by itself.
type Trouble struct {
	ID       uuid.UUID   `db:"id"`
	Kind     TroubleKind `db:"kind"`
	Workflow string      `db:"workflow"` // its id in the engine; empty for an action that has none yet
	What     string      `db:"what"`     // the name of the activity, workflow or action
	Error    string      `db:"error"`    // as it was met last; it may quote the database: for support's page, not for mails or logs
	Attempts int         `db:"attempts"`
	Since    time.Time   `db:"since"`
	LastAt   time.Time   `db:"last_at"`
}

// TroubleID names a trouble: the same thing in trouble again is the same row.
func TroubleID(kind TroubleKind, workflow, what string) uuid.UUID {
	return okey.DerivedID(okey.TroubleSpace, string(kind)+"/"+workflow+"/"+what)
}

// NoteTrouble writes what does not get on, or how it is by now; since when is kept.
func (s *Store) NoteTrouble(ctx context.Context, t Trouble) error {
	err := s.Do(ctx, func(tx *Tx) error {
		return tx.exec(ctx, `INSERT INTO trouble (id, kind, workflow, what, error, attempts, since, last_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE
			SET error = excluded.error, attempts = excluded.attempts, last_at = excluded.last_at`,
			TroubleID(t.Kind, t.Workflow, t.What), string(t.Kind), t.Workflow, t.What, t.Error, t.Attempts, t.Since, t.LastAt)
	})
	if err != nil {
		return fmt.Errorf("note what does not get on: %w", err)
	}
	return nil
}

// ToldWith returns the troubles that are told together with one, oldest first, as far as they last.
func (r reader) ToldWith(ctx context.Context, id uuid.UUID) ([]Trouble, error) {
	var found []Trouble
	err := r.all(ctx, &found, troubles+`WHERE told_at = (SELECT max(created_at) FROM action WHERE subject = $1 AND name = $2)
		ORDER BY since, id`, id, string(okey.ActionTroubleTold))
	return found, err
}

// TroubleOver forgets a trouble: it got on.
func (s *Store) TroubleOver(ctx context.Context, id uuid.UUID) error {
	return s.attempt(ctx, `DELETE FROM trouble WHERE id = $1`, id)
}

// ForgetTroubles forgets the troubles of a kind that nobody has met since the instant.
func (s *Store) ForgetTroubles(ctx context.Context, kind TroubleKind, before time.Time) error {
	return s.attempt(ctx, `DELETE FROM trouble WHERE kind = $1 AND last_at < $2`, string(kind), before)
}

const troubles = `SELECT id, kind, workflow, what, error, attempts, since, last_at FROM trouble `

// Troubles returns the work that does not get on, oldest first: actions without an outcome are StuckActions.
func (r reader) Troubles(ctx context.Context, limit int) ([]Trouble, error) {
	var found []Trouble
	err := r.all(ctx, &found, troublesOfWork, limit)
	return found, err
}

const troublesOfWork = troubles + `WHERE kind <> 'action' ORDER BY since, id LIMIT $1`

// Trouble answers not_found for one that is over.
func (r reader) Trouble(ctx context.Context, id uuid.UUID) (Trouble, error) {
	var found Trouble
	err := r.get(ctx, &found, "C'est réglé : cela avance de nouveau.", troubles+`WHERE id = $1`, id)
	return found, err
}

// TellTroubles has support told, once, of the troubles that began before the instant: by one action of OKEY's own for all of them, for the
// repair watch to deliver, and within an hour no other. An action without an outcome whose workflow is in trouble itself is told with that.
// It returns of how many.
func (s *Store) TellTroubles(ctx context.Context, before, at time.Time) (int, error) {
	told := 0
	err := s.Do(ctx, func(t *Tx) error {
		var ids []uuid.UUID
		err := t.all(ctx, &ids, `UPDATE trouble SET told_at = $2 WHERE id IN (SELECT id FROM trouble t WHERE since < $1 AND told_at IS NULL
			AND NOT EXISTS (SELECT FROM trouble WHERE told_at > $2::timestamptz - interval '1 hour')
			AND NOT (kind = 'action' AND EXISTS (SELECT FROM action a JOIN trouble w ON w.kind = 'activity'
				AND right(w.workflow, 36) IN (a.id::text, a.request::text, a.subject::text) WHERE a.id::text = t.workflow))
			FOR UPDATE SKIP LOCKED) RETURNING id`, before, at)
		if told = len(ids); err != nil || told == 0 {
			return err
		}
		return t.FollowUp(ctx, okey.Action{
			ID: okey.DerivedID(ids[0], "told/"+at.Format(time.RFC3339)), Subject: ids[0], Name: okey.ActionTroubleTold,
			Via: okey.ViaEngine, CreatedAt: at,
		})
	})
	return told, err
}

// NoteUnjudged keeps as troubles the actions that were brought to their workflow and have no outcome since before the instant, and forgets
// those that have one by now.
func (s *Store) NoteUnjudged(ctx context.Context, before, at time.Time) error {
	return s.Do(ctx, func(t *Tx) error {
		if err := t.exec(ctx, `DELETE FROM trouble t WHERE kind = 'action'
			AND NOT EXISTS (SELECT FROM action a WHERE a.id::text = t.workflow AND a.outcome IS NULL)`); err != nil {
			return err
		}
		var waiting []struct {
			ID   uuid.UUID `db:"id"`
			Name string    `db:"name"`
			At   time.Time `db:"delivered_at"`
		}
		if err := t.all(ctx, &waiting, `SELECT id, name, delivered_at FROM action WHERE outcome IS NULL AND delivered_at < $1
			AND NOT EXISTS (SELECT FROM trouble WHERE kind = 'action' AND workflow = action.id::text)
			ORDER BY delivered_at, id LIMIT 500`, before); err != nil {
			return err
		}
		for _, w := range waiting {
			if err := t.exec(ctx, `INSERT INTO trouble (id, kind, workflow, what, error, attempts, since, last_at)
				VALUES ($1, 'action', $2, $3, '', 0, $4, $5) ON CONFLICT (id) DO NOTHING`,
				TroubleID(TroubleAction, w.ID.String(), w.Name), w.ID.String(), w.Name, w.At, at); err != nil {
				return err
			}
		}
		return nil
	})
}

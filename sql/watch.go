package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// WatchLetter is a letter that the daily watch owes somebody.
type WatchLetter struct {
	ID      uuid.UUID     `db:"letter"`
	Kind    okey.MailKind `db:"kind"`
	Subject string        `db:"subject"` // a serial, an establishment or a proposal; for a list, the first of its serials
	UAI     okey.UAI      `db:"uai"`
	At      time.Time     `db:"at"`    // when it fell due
	Stuck   bool          `db:"stuck"` // one of its mails was tried and has not left
}

// An establishment that is served by itself and wants a reserve.
const keepsReserve = ` FROM establishment e WHERE e.served AND e.successor IS NULL AND e.minimum_stock > 0
	AND (SELECT count(*) FROM key k WHERE k.uai = e.uai AND k.state = 'in_stock' AND k.expires_on >= $2::date) < e.minimum_stock`

// An establishment with fewer free keys than support wants there. Where people wait and no key is left, the shortage has been told already.
const lowStock = `SELECT 'low_stock' AS kind, e.uai AS subject, '' AS step, e.uai` + keepsReserve + ` AND NOT e.shortage_told`

// hasLeft tells of a key whose holder no longer works at its establishment, nor at one that this one succeeded. Where nobody is known at
// all, nobody has left. Who is to take the key along to another establishment has it rightly until that answers, and
// then, as where support moved it, until the staff file has had three months to follow. Whose uid has changed, it seems, has not left.
// Asked of a key at a time, key_away (migration 00048) answers for nearly all; OFFSET keeps PostgreSQL from reading everybody's functions.
const hasLeft = `k.state = 'in_service' AND EXISTS (SELECT FROM key_away w WHERE w.serial = k.serial AND w.since <= $1::date)
	AND ` + elsewhere

// elsewhere is that of a key in whatever state, for all who are asked about.
const elsewhere = `NOT EXISTS (SELECT FROM assignment a JOIN establishment e ON e.uai = a.uai
		WHERE a.person = k.holder AND (a.uai = k.uai OR e.successor = k.uai) AND (a.until IS NULL OR a.until >= $1::date))
	AND EXISTS (SELECT FROM assignment a WHERE a.uai = k.uai OFFSET 0)
	AND NOT EXISTS (SELECT FROM key_move m WHERE m.serial = k.serial AND m.state = 'proposed' AND m.holder = k.holder
		AND m.from_uai = k.uai)
	AND NOT ` + stayed + `
	AND NOT EXISTS (SELECT FROM key_moved m WHERE m.serial = k.serial AND m.to_uai = k.uai AND m.at > $1::date - interval '3 months')`

const left = `SELECT k.serial, k.holder, k.uai FROM key k WHERE ` + hasLeft

// Whose key is mislaid may leave as well: programs are told, people are not, for there is nothing to collect yet.
const leftMislaid = `SELECT k.serial, k.holder, k.uai FROM key k WHERE k.state = 'suspended' AND ` + elsewhere

// noteAway adds to key_away who was overlooked: a key handed over in the instant in which its holder's function ended.
const noteAway = `INSERT INTO key_away (serial, since) SELECT k.serial, '-infinity' FROM key k WHERE k.state = 'in_service'
	AND NOT EXISTS (SELECT FROM assignment a WHERE a.person = k.holder AND a.uai = k.uai AND a.until IS NULL)
	ON CONFLICT (serial) DO NOTHING`

// The holder is told, and the establishment; both once more when a month ($6) has gone by, then never again.
const holderLeft = `SELECT told.kind, gone.serial AS subject, gone.holder::text || again.step AS step, gone.uai
	FROM (` + left + `) gone, (VALUES ('holder_left'), ('holders_left')) told (kind), (VALUES (''), ('/again')) again (step)
	WHERE again.step = '' OR EXISTS (SELECT FROM watch_notice n
		WHERE n.kind = told.kind AND n.subject = gone.serial AND n.step = gone.holder::text AND n.told_at <= $6::timestamptz)
	UNION ALL SELECT 'holders_left', gone.serial, gone.holder::text || '` + mislaidStep + `', gone.uai FROM (` + leftMislaid + `) gone
	WHERE NOT EXISTS (SELECT FROM watch_notice n
		WHERE n.kind = 'holders_left' AND n.subject = gone.serial AND n.step = gone.holder::text AND n.uai = gone.uai)`

// mislaidStep ends the step of a notice of which no letter speaks: WatchedKeys leaves it out.
const mislaidStep = "/mislaid"

// A key in service that ends within three months ($3), one month ($4), or has ended. Who has asked for the next one
// already is left in peace, and who has left can't ask.
const ending = `SELECT k.serial, k.holder, k.uai, k.expires_on FROM key k WHERE k.state = 'in_service' AND k.expires_on <= $3::date
	AND NOT EXISTS (SELECT FROM request r WHERE r.person = k.holder AND r.closed_at IS NULL)
	AND NOT EXISTS (SELECT FROM (` + left + `) gone WHERE gone.serial = k.serial)`

const keyExpires = `SELECT told.kind, k.serial AS subject, k.holder::text || '/' || k.expires_on::text
		|| CASE WHEN k.expires_on < $1::date THEN '/ended' WHEN k.expires_on <= $4::date THEN '/1' ELSE '/3' END AS step, k.uai
	FROM (` + ending + `) k, (VALUES ('key_expires'), ('keys_expire')) told (kind)`

const lentKeys = `SELECT k.serial, k.holder, k.uai, extract(epoch FROM k.due_at)::bigint::text AS due FROM key k
	WHERE k.state = 'lent' AND k.due_at <= `

// A loan that ends soon ($8) is told to its holder, and one that is over ($7) to the establishment as well.
const loansEnd = `SELECT 'loan_ends' AS kind, k.serial AS subject, k.holder::text || '/' || k.due || '/soon' AS step, k.uai
		FROM (` + lentKeys + `$8 AND k.due_at > $7) k
	UNION ALL SELECT told.kind, k.serial, k.holder::text || '/' || k.due || '/over', k.uai
		FROM (` + lentKeys + `$7) k, (VALUES ('loan_ends'), ('loans_over')) told (kind)`

// What has ended is forgotten, so that it is told again when it begins again: to another holder, or at another establishment, it does.
const forgetNotices = `DELETE FROM watch_notice n WHERE
	(n.kind = 'low_stock' AND NOT EXISTS (SELECT` + keepsReserve + ` AND e.uai = n.subject))
	OR (n.kind IN ('holder_left', 'holders_left') AND NOT EXISTS (SELECT FROM (` + left + ` UNION ALL ` + leftMislaid + `) gone
		WHERE gone.serial = n.subject AND gone.holder::text = split_part(n.step, '/', 1) AND gone.uai = n.uai))
	OR (n.kind IN ('key_expires', 'keys_expire') AND NOT EXISTS (SELECT FROM key k WHERE k.serial = n.subject AND k.state = 'in_service'
		AND k.holder::text || '/' || k.expires_on::text = split_part(n.step, '/', 1) || '/' || split_part(n.step, '/', 2)
		AND (k.uai = n.uai OR n.kind = 'key_expires')))
	OR (n.kind IN ('loan_ends', 'loans_over') AND NOT EXISTS (SELECT FROM key k WHERE k.serial = n.subject AND k.state = 'lent'
		AND k.holder::text = split_part(n.step, '/', 1) AND k.uai = n.uai))
	OR (n.kind = 'move_expired' AND n.told_at IS NOT NULL)`

// A school's keys of one run go into one letter; everything else is a letter of its own.
const claimNotices = `INSERT INTO watch_notice (id, kind, subject, step, uai, run, at, taken_at, letter)
	SELECT gen_random_uuid(), due.kind, due.subject, due.step, due.uai, $5, $7::timestamptz, $7,
		CASE WHEN due.kind IN ('keys_expire', 'holders_left', 'loans_over') THEN md5($5::text || due.kind || due.uai)::uuid
			ELSE gen_random_uuid() END
	FROM (` + lowStock + ` UNION ALL ` + holderLeft + ` UNION ALL ` + keyExpires + ` UNION ALL ` + loansEnd + `) due
	ON CONFLICT (kind, subject, step) DO NOTHING RETURNING kind, subject, step`

// Watch claims for a run what is due at the instant and has not been told, with the letters of earlier runs that must
// have ended before they left. Proposals to take a key along that nobody answered end with it.
func (s *Store) Watch(ctx context.Context, run string, today okey.Day, at time.Time) error {
	return s.Do(ctx, func(t *Tx) error {
		if err := t.exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('okey watch'))`); err != nil {
			return fmt.Errorf("one watch at a time: %w", err)
		}
		if err := t.claimExpiredMoves(ctx, run, at); err != nil {
			return err
		}
		if err := t.tellLikenesses(ctx, today, at); err != nil {
			return err
		}
		if err := t.exec(ctx, noteAway); err != nil {
			return fmt.Errorf("note whose holder may have left: %w", err)
		}
		lendable := today.AddMonths(okey.LendableMonths).String()
		if err := t.exec(ctx, forgetNotices, today.String(), lendable); err != nil {
			return fmt.Errorf("forget what has ended: %w", err)
		}
		err := t.exec(ctx, `UPDATE watch_notice SET run = $1, taken_at = $2
			WHERE told_at IS NULL AND run <> $1 AND taken_at <= $3`, run, at, at.Add(-okey.WatchLife))
		if err != nil {
			return fmt.Errorf("take over what has not left: %w", err)
		}
		var claimed []watchNotice
		err = t.all(ctx, &claimed, claimNotices, today.String(), lendable, today.AddMonths(okey.RenewalMonths).String(),
			today.AddMonths(1).String(), run,
			at.Add(-okey.LeftAgain), at, at.Add(okey.LoanReminder))
		if err != nil {
			return fmt.Errorf("claim what is due: %w", err)
		}
		return t.tellWatched(ctx, claimed, at)
	})
}

type watchNotice struct {
	Kind    okey.MailKind `db:"kind"`
	Subject string        `db:"subject"`
	Step    string        `db:"step"`
}

// tellWatched tells other programs, once, of whose holder has left, and of loans that are over. The keys are locked: what is told of them
// is true until it is numbered.
func (t *Tx) tellWatched(ctx context.Context, claimed []watchNotice, at time.Time) error {
	types := map[okey.Serial]okey.EventType{}
	for _, n := range claimed {
		switch {
		case n.Kind == okey.MailHoldersLeft && !strings.HasSuffix(n.Step, "/again"):
			types[okey.Serial(n.Subject)] = okey.KeyEventHolderLeft
		case n.Kind == okey.MailLoansOver:
			types[okey.Serial(n.Subject)] = okey.KeyEventLoanEnded
		}
	}
	keys, err := t.LockKeys(ctx, slices.Collect(maps.Keys(types)))
	if err != nil {
		return fmt.Errorf("lock the keys to tell of: %w", err)
	}
	var over []okey.Key
	for _, key := range keys {
		switch kind := types[key.Serial]; {
		case kind == okey.KeyEventLoanEnded && key.LoanOver(at):
			over = append(over, key)
		case kind == okey.KeyEventHolderLeft && (key.State == okey.InService || key.State == okey.Suspended):
			t.tellOf(kind, key, at)
		}
	}
	if len(over) == 0 {
		return nil
	}
	return t.loansOver(ctx, over, at)
}

func (t *Tx) claimExpiredMoves(ctx context.Context, run string, at time.Time) error {
	expired, err := t.ExpireMoves(ctx, at)
	if err != nil {
		return err
	}
	for _, move := range expired {
		err := t.exec(ctx, `INSERT INTO watch_notice (id, kind, subject, step, uai, run, at, taken_at, letter)
			VALUES ($1, $2, $3, '', $4, $5, $6, $6, $1) ON CONFLICT (kind, subject, step) DO NOTHING`,
			uuid.New(), string(okey.MailMoveExpired), move.ID.String(), string(move.To), run, at)
		if err != nil {
			return fmt.Errorf("claim the letter of an expired proposal: %w", err)
		}
	}
	return nil
}

// WatchLetters returns what a run has claimed, told or not, always in the same order: at most limit of it, but the
// first. Only those that fell due by the instant can be stuck.
func (r reader) WatchLetters(ctx context.Context, run string, dueBy time.Time, after, limit int) ([]WatchLetter, error) {
	var letters []WatchLetter
	err := r.all(ctx, &letters, `SELECT n.letter, n.kind, min(n.subject) AS subject, n.uai, min(n.at) AS at,
			bool_or(CASE WHEN n.at > $2 THEN false
				ELSE EXISTS (SELECT FROM mail m WHERE m.state = 'queued' AND m.kind = n.kind AND m.created_at >= n.at
				AND (m.key = n.subject OR m.subject_id::text IN (n.letter::text, n.subject))) END) AS stuck
		FROM watch_notice n WHERE n.run = $1 GROUP BY n.letter, n.kind, n.uai
		ORDER BY min(n.at), n.letter OFFSET $3 LIMIT $4`, run, dueBy, after, limit)
	return letters, err
}

// WatchLetterLeft notes that a letter needs no run any more.
func (s *Store) WatchLetterLeft(ctx context.Context, letter uuid.UUID, at time.Time) error {
	err := s.Do(ctx, func(t *Tx) error {
		return t.exec(ctx, `UPDATE watch_notice SET told_at = $2 WHERE letter = $1 AND told_at IS NULL`, letter, at)
	})
	if err != nil {
		return fmt.Errorf("note that a letter has left: %w", err)
	}
	return nil
}

// WatchedKey is a key that a letter of the watch speaks of.
type WatchedKey struct {
	Serial  okey.Serial
	Expires okey.Day
	DueAt   time.Time // of a lent one: when it is to be back
	Holder  okey.Person
}

// WatchedKeys returns the keys of a letter of which it is still true on the day, soonest to expire first.
func (r reader) WatchedKeys(ctx context.Context, letter uuid.UUID, today okey.Day) ([]WatchedKey, error) {
	var rows []struct {
		personRow
		Serial  okey.Serial     `db:"serial"`
		Expires stdsql.NullTime `db:"expires_on"`
		DueAt   stdsql.NullTime `db:"due_at"`
	}
	err := r.all(ctx, &rows, `SELECT DISTINCT `+personColumns+`, due.serial, due.expires_on, due.due_at
		FROM watch_notice n
		CROSS JOIN LATERAL (SELECT 'left' AS why, gone.*, k.expires_on, k.due_at
			FROM (`+left+` AND k.serial = n.subject) gone JOIN key k USING (serial)
			UNION ALL SELECT 'ending' AS why, ending.*, NULL FROM (`+ending+` AND k.serial = n.subject) ending
			UNION ALL SELECT 'lent' AS why, k.serial, k.holder, k.uai, k.expires_on, k.due_at FROM key k
				WHERE k.state = 'lent' AND k.serial = n.subject) due
		JOIN person p ON p.id = due.holder
		WHERE n.letter = $2 AND due.holder::text = split_part(n.step, '/', 1)
			AND due.why = CASE WHEN n.kind LIKE 'key%' THEN 'ending' WHEN n.kind LIKE 'loan%' THEN 'lent' ELSE 'left' END
			AND (due.uai = n.uai OR n.kind = 'key_expires')
		ORDER BY due.expires_on, due.serial`, today.String(), letter, today.AddMonths(okey.RenewalMonths).String())
	keys := make([]WatchedKey, len(rows))
	for i, row := range rows {
		keys[i] = WatchedKey{Serial: row.Serial, Expires: dayOf(row.Expires), DueAt: utc(row.DueAt.Time), Holder: row.person()}
	}
	return keys, err
}

package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"
)

// retentionBatch is how many rows one transaction of the retention touches: people work meanwhile. lookBatch is how many people it only
// looks at.
const (
	retentionBatch = 500
	lookBatch      = 10_000
)

// idle is somebody who is nothing to OKEY on the day $2: no function, no role, no delegation, no key, no open request,
// nothing said of a key that they are to take along.
const idle = `NOT p.support AND NOT p.auditor
	AND NOT EXISTS (SELECT FROM assignment a WHERE a.person = p.id AND (a.until IS NULL OR a.until >= $2::date))
	AND NOT EXISTS (SELECT FROM delegation d WHERE d.given_to = p.id AND d.ended_at IS NULL AND d.until_day >= $2::date)
	AND NOT EXISTS (SELECT FROM key k WHERE k.holder = p.id)
	AND NOT EXISTS (SELECT FROM request r WHERE r.person = p.id AND r.closed_at IS NULL)
	AND NOT EXISTS (SELECT FROM key_move m WHERE m.holder = p.id AND m.state = 'proposed')`

// retentionRules end what is due before the instant $1: each statement takes at most $2 rows, and is repeated until it
// takes none. They answer how many they took.
var retentionRules = map[okey.KeptData][]string{
	okey.KeptTexts: {
		`UPDATE request SET need = '' WHERE id = ANY (ARRAY(SELECT id FROM request WHERE closed_at < $1 AND need <> '' LIMIT $2))`,
		`UPDATE timeline SET comment = ''
			WHERE (request, seq) IN (SELECT t.request, t.seq FROM timeline t JOIN request r ON r.id = t.request
			WHERE t.at < $1 AND r.closed_at < $1 AND t.comment <> '' LIMIT $2)`,
		`UPDATE action SET content = content - 'comment' - 'need'
			WHERE id IN (SELECT a.id FROM action a LEFT JOIN request r ON r.id = a.request
			WHERE a.judged_at < $1 AND (r.id IS NULL OR r.closed_at < $1) AND (a.content ? 'comment' OR a.content ? 'need')
			ORDER BY a.judged_at LIMIT $2)`,
		`UPDATE key_event SET comment = ''
			WHERE (serial, seq) IN (SELECT serial, seq FROM key_event WHERE at < $1 AND comment <> '' LIMIT $2)`,
		`UPDATE key_order SET comment = '' WHERE id IN (SELECT id FROM key_order WHERE closed_at < $1 AND comment <> '' LIMIT $2)`,
		`UPDATE order_event SET comment = ''
			WHERE (key_order, seq) IN (SELECT v.key_order, v.seq FROM order_event v JOIN key_order o ON o.id = v.key_order
			WHERE o.closed_at < $1 AND v.comment <> '' LIMIT $2)`,
		`UPDATE inventory SET comment = '' WHERE id IN (SELECT id FROM inventory WHERE at < $1 AND comment <> '' LIMIT $2)`,
		`UPDATE key_report SET comment = '' WHERE id IN (SELECT id FROM key_report WHERE decided_at < $1 AND comment <> '' LIMIT $2)`,
		`UPDATE key_move SET comment = '', answer = '' WHERE id IN (SELECT id FROM key_move
			WHERE decided_at < $1 AND state <> 'proposed' AND (comment <> '' OR answer <> '') LIMIT $2)`,
		`UPDATE succession SET comment = '' WHERE id IN (SELECT id FROM succession WHERE at < $1 AND comment <> '' LIMIT $2)`,
		`UPDATE assignment SET reason = '' WHERE (person, uai, function, source) IN (SELECT person, uai, function, source FROM assignment
			WHERE until < $1::date AND reason <> '' LIMIT $2)`,
	},
	okey.KeptMails: {
		`DELETE FROM mail WHERE id IN (SELECT m.id FROM mail m LEFT JOIN request r ON r.id = m.request
			WHERE m.created_at < $1 AND m.state <> 'queued' AND (r.id IS NULL OR r.closed_at < $1) LIMIT $2)`,
	},
	okey.KeptLinks: {
		`DELETE FROM link WHERE hash = ANY (ARRAY(SELECT hash FROM link WHERE expires_at < $1 LIMIT $2))`,
		`DELETE FROM api_token WHERE hash IN (SELECT hash FROM api_token WHERE expires_at < $1 OR revoked_at < $1 LIMIT $2)`,
		`DELETE FROM attempt WHERE (kind, mark) IN (SELECT kind, mark FROM attempt WHERE since < $1 LIMIT $2)`,
	},
	okey.KeptTrials: {
		`DELETE FROM key_trial WHERE id = ANY (ARRAY(SELECT id FROM key_trial WHERE at < $1 LIMIT $2))`,
		`DELETE FROM key_proof WHERE serial = ANY (ARRAY(SELECT serial FROM key_proof WHERE begun_at < $1 LIMIT $2))`,
	},
	okey.KeptImports: {`DELETE FROM import_run WHERE id IN (SELECT id FROM import_run WHERE at < $1 LIMIT $2)`},
	// The oldest first, and none between others: who reads them learns from the number of the oldest what is gone.
	okey.KeptEvents: {
		`DELETE FROM outbox WHERE seq IN (SELECT seq FROM (SELECT seq, created_at FROM outbox ORDER BY seq LIMIT $2) oldest
			WHERE created_at < $1)`,
	},
	okey.KeptExports: {
		`UPDATE order_export SET workbook = '' WHERE id IN (SELECT id FROM order_export WHERE at < $1 AND length(workbook) > 0 LIMIT $2)`,
	},
}

// ended is a request that nobody needs any more: closed for long, and its key no longer with whoever it was handed to.
const ended = `SELECT r.id FROM request r WHERE r.closed_at < $1
	AND NOT EXISTS (SELECT FROM key k WHERE k.request = r.id OR (k.serial = r.handed_over_key AND k.holder = r.person)) LIMIT $2`

// Retain ends, of one kind of data, what is due before the instant, a batch in a transaction, and counts it. What it
// does is audited: how much, never of whom.
func (s *Store) Retain(ctx context.Context, data okey.KeptData, before, at time.Time) (int, error) {
	if data == okey.KeptPeople {
		if err := s.lookAtAll(ctx, at); err != nil {
			return 0, fmt.Errorf("look who is nothing to OKEY any more: %w", err)
		}
	}
	total := 0
	for {
		var n int
		err := s.Do(ctx, func(t *Tx) error {
			var err error
			switch data {
			case okey.KeptRequests:
				n, err = t.endRequests(ctx, before)
			case okey.KeptPeople:
				n, err = t.endPeople(ctx, before, at)
			default:
				n, err = t.endRows(ctx, data, before)
			}
			if err == nil && n > 0 {
				t.Audit(Entry{At: at, Event: "retention", Via: okey.ViaEngine, Subject: "retention:" + string(data), Detail: fmt.Sprint(n)})
			}
			return err
		})
		if err != nil {
			return total, fmt.Errorf("end what is due of %s: %w", data, err)
		}
		if total += n; n == 0 {
			return total, nil
		}
	}
}

func (s *Store) lookAtAll(ctx context.Context, at time.Time) error {
	for looked := 1; looked > 0; {
		err := s.Do(ctx, func(t *Tx) (err error) {
			looked, err = t.lookAtPeople(ctx, at)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) endRows(ctx context.Context, data okey.KeptData, before time.Time) (int, error) {
	total := 0
	for _, statement := range retentionRules[data] {
		n, err := t.touch(ctx, statement, before, retentionBatch)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// touch runs a statement and tells how many rows it took.
func (t *Tx) touch(ctx context.Context, statement string, args ...any) (int, error) {
	var n int
	err := t.get(ctx, &n, "", `WITH touched AS (`+statement+` RETURNING 1) SELECT count(*) FROM touched`, args...)
	return n, err
}

// gather keeps the ids that a query finds, for the rest of the transaction, and counts them.
func (t *Tx) gather(ctx context.Context, name, query string, args ...any) (int, error) {
	if err := t.exec(ctx, `CREATE TEMPORARY TABLE `+name+` (id uuid PRIMARY KEY) ON COMMIT DROP`); err != nil {
		return 0, err
	}
	return t.touch(ctx, `INSERT INTO `+name+` (id) `+query, args...)
}

// endRequests removes requests with all that hangs on them.
func (t *Tx) endRequests(ctx context.Context, before time.Time) (int, error) {
	if n, err := t.gather(ctx, "ended", ended, before, retentionBatch); n == 0 || err != nil {
		return 0, err
	}
	for _, statement := range []string{
		`DELETE FROM timeline WHERE request = ANY (ARRAY(SELECT id FROM ended))`,
		`DELETE FROM link WHERE request = ANY (ARRAY(SELECT id FROM ended))`,
		`DELETE FROM mail WHERE request = ANY (ARRAY(SELECT id FROM ended))`,
		`DELETE FROM action WHERE request = ANY (ARRAY(SELECT id FROM ended))`,
	} {
		if err := t.exec(ctx, statement); err != nil {
			return 0, err
		}
	}
	return t.touch(ctx, `DELETE FROM request WHERE id = ANY (ARRAY(SELECT id FROM ended))`)
}

// lookAtPeople notes since when people are nothing to OKEY any more, of those of whom something has changed (migration 00048) or whose
// function has ended by its date, and counts them.
func (t *Tx) lookAtPeople(ctx context.Context, at time.Time) (int, error) {
	day := okey.DayOf(at, okey.ZoneOf("")).String()
	n, err := t.gather(ctx, "looked", `SELECT DISTINCT person FROM (
		SELECT person FROM person_look WHERE due <= $1::date ORDER BY due LIMIT $2 FOR UPDATE SKIP LOCKED) due`, day, lookBatch)
	if n == 0 || err != nil {
		return 0, err
	}
	err = t.exec(ctx, `DELETE FROM person_look WHERE due <= $1::date AND person = ANY (ARRAY(SELECT id FROM looked))`, day)
	if err != nil {
		return 0, err
	}
	err = t.exec(ctx, `UPDATE person p SET idle_since = CASE WHEN p.idle_since IS NULL THEN $1::timestamptz END
		WHERE p.id = ANY (ARRAY(SELECT id FROM looked)) AND p.erased_at IS NULL AND (p.idle_since IS NULL) = (`+idle+`)`, at, day)
	if err != nil {
		return 0, err
	}
	return n, t.exec(ctx, `INSERT INTO person_look (person, due) SELECT person, max(until) + 1 FROM (
			SELECT person, coalesce(until, 'infinity') AS until FROM assignment WHERE person = ANY (ARRAY(SELECT id FROM looked))
			UNION ALL SELECT given_to, until_day FROM delegation WHERE ended_at IS NULL AND given_to = ANY (ARRAY(SELECT id FROM looked))) f
		GROUP BY person HAVING max(until) >= $1::date AND max(until) < 'infinity' ON CONFLICT DO NOTHING`, day)
}

// endPeople takes name, address and uid from those who have been nothing to OKEY for long enough. Their row stays, nameless: what it stands
// beside stays whole. Who comes back is somebody new.
func (t *Tx) endPeople(ctx context.Context, before, at time.Time) (int, error) {
	n, err := t.gather(ctx, "gone", `SELECT p.id FROM person p
		WHERE p.idle_since < $1 AND p.erased_at IS NULL ORDER BY p.idle_since LIMIT $2`, before, retentionBatch)
	if n == 0 || err != nil {
		return 0, err
	}
	for _, statement := range []string{
		`DELETE FROM assignment WHERE person = ANY (ARRAY(SELECT id FROM gone))`,
		`DELETE FROM api_token WHERE person = ANY (ARRAY(SELECT id FROM gone))`,
		`DELETE FROM former_uid WHERE person = ANY (ARRAY(SELECT id FROM gone))`,
		`UPDATE mail SET address = '', error = '' WHERE person = ANY (ARRAY(SELECT id FROM gone))`,
		`UPDATE request SET signer_name = '', signer_uid = '' WHERE signed_at IS NOT NULL AND person = ANY (ARRAY(
			SELECT id FROM gone UNION SELECT m.id FROM person m JOIN gone ON gone.id = m.merged_into))`,
	} {
		if err := t.exec(ctx, statement); err != nil {
			return 0, err
		}
	}
	return t.touch(ctx, `UPDATE person SET uid = 'efface:' || id, family_name = '', given_name = '', mail = '', erased_at = $1
		WHERE id = ANY (ARRAY(SELECT id FROM gone))`, at)
}

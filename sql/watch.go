package sql

import (
	"context"
	"fmt"
	"time"

	"okey"

	"github.com/google/uuid"
)

// Notice is something that the daily watch tells, once.
type Notice struct {
	ID      uuid.UUID     `db:"id"`
	Kind    okey.MailKind `db:"kind"`
	Subject string        `db:"subject"` // a serial, or an establishment
	UAI     okey.UAI      `db:"uai"`
}

// What has ended is forgotten, so that it is told again when it begins again. $1: the day, $2: until when a key may be lent.
const forgetNotices = `DELETE FROM watch_notice n WHERE
	(n.kind = 'low_stock' AND NOT EXISTS (SELECT FROM (` + lowStock + `) low WHERE low.subject = n.subject))
	OR (n.kind = 'holder_left' AND NOT EXISTS (SELECT FROM (` + holderLeft + `) gone WHERE gone.subject = n.subject))
	OR (n.kind = 'key_expires' AND NOT EXISTS (SELECT FROM key k WHERE k.serial = n.subject AND k.state = 'in_service'))`

// An establishment with fewer free keys than support wants there. Where people wait and no key is left, the shortage has been told already.
const lowStock = `SELECT 'low_stock' AS kind, e.uai AS subject, '' AS step, e.uai FROM establishment e
	WHERE e.served AND e.minimum_stock > 0 AND NOT e.shortage_told
	AND (SELECT count(*) FROM key k WHERE k.uai = e.uai AND k.state = 'in_stock' AND k.expires_on >= $2::date) < e.minimum_stock`

// A key whose holder no longer works at its establishment, nor at one that this one succeeded. Where nobody is known at all, nobody has left.
const holderLeft = `SELECT 'holder_left' AS kind, k.serial AS subject, k.holder::text AS step, k.uai FROM key k
	WHERE k.state = 'in_service' AND EXISTS (SELECT FROM assignment a WHERE a.uai = k.uai)
	AND NOT EXISTS (SELECT FROM assignment a JOIN establishment e ON e.uai = a.uai
		WHERE a.person = k.holder AND (a.uai = k.uai OR e.successor = k.uai) AND (a.until IS NULL OR a.until >= $1::date))`

// A key in service that ends within three months ($3), one month ($4), or has ended. Who has asked for the next one already is left in peace.
const keyExpires = `SELECT 'key_expires' AS kind, k.serial AS subject,
	k.expires_on::text || CASE WHEN k.expires_on < $1::date THEN '/ended' WHEN k.expires_on <= $4::date THEN '/1' ELSE '/3' END AS step, k.uai
	FROM key k WHERE k.state = 'in_service' AND k.expires_on <= $3::date
	AND NOT EXISTS (SELECT FROM request r WHERE r.person = k.holder AND r.closed_at IS NULL)`

// Watch claims for a run what is due on the day and has not been told, and returns all that the run has claimed, tried again or not.
func (s *Store) Watch(ctx context.Context, run string, today okey.Day, at time.Time) ([]Notice, error) {
	var notices []Notice
	err := s.Do(ctx, func(t *Tx) error {
		lendable := today.AddMonths(okey.LendableMonths).String()
		if err := t.exec(ctx, forgetNotices, today.String(), lendable); err != nil {
			return fmt.Errorf("forget what has ended: %w", err)
		}
		const claim = `INSERT INTO watch_notice (id, kind, subject, step, uai, run, at)
			SELECT gen_random_uuid(), due.kind, due.subject, due.step, due.uai, $5, $6::timestamptz FROM (` + lowStock + ` UNION ALL ` + holderLeft + ` UNION ALL ` + keyExpires + `) due
			ON CONFLICT (kind, subject, step) DO NOTHING`
		err := t.exec(ctx, claim, today.String(), lendable, today.AddMonths(okey.RenewalMonths).String(), today.AddMonths(1).String(), run, at)
		if err != nil {
			return fmt.Errorf("claim what is due: %w", err)
		}
		return t.all(ctx, &notices, `SELECT id, kind, subject, uai FROM watch_notice WHERE run = $1 ORDER BY kind, uai, subject`, run)
	})
	return notices, err
}

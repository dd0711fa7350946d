package sql

import (
	"context"
	stdsql "database/sql"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// UnusableKey is the last key that was reported lost or broken while the person had it, and which of the two: the next
// one replaces it. Empty for none.
func (r reader) UnusableKey(ctx context.Context, person okey.PersonID) (okey.Serial, okey.KeyState, error) {
	var rows []struct {
		Serial okey.Serial   `db:"serial"`
		State  okey.KeyState `db:"state"`
	}
	err := r.all(ctx, &rows, `SELECT serial, state FROM key_event WHERE holder = $1 AND state IN ('lost', 'defective')
		ORDER BY at DESC, seq DESC LIMIT 1`, person)
	if err != nil || len(rows) == 0 {
		return "", "", err
	}
	return rows[0].Serial, rows[0].State, nil
}

// pendingOn is what was recorded about a request and has no outcome yet, oldest first.
const pendingOn = `SELECT ` + actionColumns + ` FROM action WHERE request = $1 AND outcome IS NULL ORDER BY created_at, id`

// DeskAction is an action as support reads it.
type DeskAction struct {
	ID        uuid.UUID
	Request   uuid.UUID // zero where it is about none that exists
	Key       okey.Serial
	Name      okey.ActionName
	Order     uuid.UUID // alike
	Delivery  uuid.UUID // alike
	Person    uuid.UUID // zero for the flow itself
	By        string    // "" for the flow itself
	Via       okey.Via
	Outcome   string // accepted, refused, or "" for none yet
	Reason    okey.Code
	CreatedAt time.Time
}

type deskActionRow struct {
	ID        uuid.UUID         `db:"id"`
	Request   uuid.NullUUID     `db:"request"`
	Key       stdsql.NullString `db:"key"`
	Name      okey.ActionName   `db:"name"`
	Order     uuid.NullUUID     `db:"key_order"`
	Delivery  uuid.NullUUID     `db:"delivery"`
	Person    uuid.NullUUID     `db:"by_person"`
	By        string            `db:"by_name"`
	Via       okey.Via          `db:"via"`
	Outcome   stdsql.NullString `db:"outcome"`
	Reason    stdsql.NullString `db:"reason"`
	CreatedAt time.Time         `db:"created_at"`
}

const deskActions = `SELECT a.id, r.id AS request, a.key, o.id AS key_order, d.id AS delivery, a.by_person, a.name,
	trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name,
	a.via, a.outcome, a.reason, a.created_at FROM action a LEFT JOIN person p ON p.id = a.by_person LEFT JOIN request r ON r.id = a.request
	LEFT JOIN key_order o ON o.id = a.subject LEFT JOIN delivery d ON d.id = a.subject `

func (a deskActionRow) action() DeskAction {
	return DeskAction{
		ID: a.ID, Request: a.Request.UUID, Key: okey.Serial(a.Key.String), Name: a.Name, Order: a.Order.UUID,
		Delivery: a.Delivery.UUID, Person: a.Person.UUID, By: a.By, Via: a.Via,
		Outcome: a.Outcome.String, Reason: okey.Code(a.Reason.String), CreatedAt: utc(a.CreatedAt),
	}
}

func (r reader) deskActions(ctx context.Context, query string, args ...any) ([]DeskAction, error) {
	return listed(ctx, r, deskActionRow.action, query, args...)
}

// StuckActions returns actions recorded before the instant that nobody has judged, oldest first.
func (r reader) StuckActions(ctx context.Context, before time.Time, limit int) ([]DeskAction, error) {
	return r.deskActions(ctx, stuckActions, before, limit)
}

const stuckActions = deskActions + `WHERE a.outcome IS NULL AND a.created_at < $1 ORDER BY a.created_at, a.id LIMIT $2`

// RefusedActions returns what was refused since the instant, newest first. That no key was free is an answer to whoever
// looked for one, no refusal.
func (r reader) RefusedActions(ctx context.Context, since time.Time, limit int) ([]DeskAction, error) {
	return r.deskActions(ctx, refusedActions, since, limit)
}

const refusedActions = deskActions + `WHERE a.outcome = 'refused' AND a.reason IS DISTINCT FROM 'no_key_free' AND a.created_at >= $1
	ORDER BY a.created_at DESC, a.id LIMIT $2`

// ActionsOn returns everything that anybody wanted of a request, oldest first.
func (r reader) ActionsOn(ctx context.Context, request uuid.UUID) ([]DeskAction, error) {
	return r.deskActions(ctx, deskActions+`WHERE a.request = $1 ORDER BY a.created_at, a.id`, request)
}

// FailedMails returns mails that were refused for good since the instant, newest first. What has been sent again since is not among them.
func (r reader) FailedMails(ctx context.Context, since time.Time, limit int) ([]Mail, error) {
	var mails []Mail
	err := r.all(ctx, &mails, `SELECT `+mailColumns+` FROM mail m `+refusedForGood, since, limit)
	return mails, err
}

const refusedForGood = `WHERE m.state = 'failed' AND m.created_at >= $1
	AND NOT EXISTS (SELECT FROM mail n WHERE n.again_of = coalesce(m.again_of, m.id) AND n.created_at > m.created_at)
	ORDER BY m.created_at DESC, m.id LIMIT $2`

// FailedMail is a mail that was refused for good, and the school of whoever was to read it.
type FailedMail struct {
	Mail
	School string `db:"school"` // where they work, there first where they would read of it; else the one that it is about; empty: none
}

const failedMails = `SELECT ` + mailColumns + `, coalesce(
		(SELECT e.name FROM assignment a JOIN establishment e ON e.uai = a.uai
			WHERE a.person = m.person AND (a.until IS NULL OR a.until >= $3::date)
			ORDER BY (e.uai = about.uai) IS TRUE DESC, e.uai LIMIT 1),
		(SELECT e.name FROM establishment e WHERE e.uai = about.uai), '') AS school
	FROM mail m CROSS JOIN LATERAL (SELECT coalesce((SELECT r.uai FROM request r WHERE r.id = m.request),
		(SELECT k.uai FROM key k WHERE k.serial = m.key), m.mail_order->>'uai',
		upper(substring(m.address FROM '^ce\.([0-9]{7}[A-Za-z])@'))) AS uai) about ` + refusedForGood

// MailsOf returns every mail about a request, oldest first.
func (r reader) MailsOf(ctx context.Context, request uuid.UUID) ([]Mail, error) {
	var mails []Mail
	err := r.all(ctx, &mails, `SELECT `+mailColumns+` FROM mail m WHERE m.id IN (
			SELECT o.id FROM mail o WHERE o.request = $1
			UNION SELECT o.id FROM request r JOIN succession_item i ON i.kind = 'request' AND i.id = r.id::text
				JOIN mail o ON o.subject_id = i.succession AND o.kind = 'request_follows' AND o.person = r.person WHERE r.id = $1
		) ORDER BY m.created_at, m.id`, request)
	return mails, err
}

type escalatedRow struct {
	requestRow
	UID    string `db:"uid"`
	Given  string `db:"given_name"`
	Family string `db:"family_name"`
	School string `db:"school"`
}

func (e escalatedRow) awaited() Awaited {
	requester := okey.Person{ID: e.Person, UID: e.UID, GivenName: e.Given, FamilyName: e.Family}
	return Awaited{Request: e.request(), Requester: requester, School: e.School}
}

// escalated are open requests that came to support at the stage where they still are (nobody can answer, or the time to do so has passed),
// those that wait longest first.
const escalated = `SELECT ` + requestColumns + `, p.uid, p.given_name, p.family_name, e.name AS school` + requestTables + `
	JOIN person p ON p.id = r.person WHERE r.id IN (
		SELECT q.id FROM request q JOIN mail m ON m.request = q.id AND m.created_at >= q.since
		WHERE q.closed_at IS NULL AND m.kind IN ('nobody', 'decision_late', 'order_late', 'handover_late') AND (m.kind, q.stage) IN
			(('nobody', 'awaiting_decision'), ('decision_late', 'awaiting_decision'), ('order_late', 'awaiting_stock'),
				('handover_late', 'awaiting_handover'))
		UNION ALL SELECT q.id FROM request q JOIN timeline t ON t.request = q.id
		WHERE q.closed_at IS NULL AND q.stage = 'awaiting_decision' AND t.kind = 'to_support')
	ORDER BY r.since, r.id LIMIT $1`

package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// LockSuccession takes the locks of all establishments that a succession writes: both ends, those whose approvers are the closing one's,
// and those that it has followed itself.
func (t *Tx) LockSuccession(ctx context.Context, from, to okey.UAI) error {
	var uais []okey.UAI
	if err := t.all(ctx, &uais, `SELECT uai FROM establishment WHERE host = $1 OR successor = $1`, string(from)); err != nil {
		return fmt.Errorf("find what hangs on %s: %w", from, err)
	}
	return t.LockEstablishments(ctx, append(uais, from, to)...)
}

// Succeed makes one establishment go on at another: keys in every state, open requests with their place in line, orders, proposals,
// staff. Each request that moved is owed a wake-up: its workflow learns where it stands. The caller holds the locks of LockSuccession, and
// allocates at the successor afterwards.
func (t *Tx) Succeed(ctx context.Context, s okey.Succession) (okey.Moved, error) {
	err := t.exec(ctx, `INSERT INTO succession (id, from_uai, to_uai, by_person, at, comment) VALUES ($1, $2, $3, $4, $5, $6)`,
		s.ID, string(s.From), string(s.To), nullID(s.By), s.At, s.Comment)
	if err != nil {
		return okey.Moved{}, fmt.Errorf("record the succession: %w", err)
	}
	steps := []func(context.Context, okey.Succession) error{
		t.followRequests, t.followKeys, t.followProposals, t.followOrders, t.followReports, t.appoint, t.followStaff,
	}
	for _, step := range steps {
		if err := step(ctx, s); err != nil {
			return okey.Moved{}, fmt.Errorf("let %s follow %s: %w", s.To, s.From, err)
		}
	}
	return t.SuccessionCounts(ctx, s.ID)
}

func (t *Tx) followRequests(ctx context.Context, s okey.Succession) error {
	var ids []uuid.UUID
	err := t.all(ctx, &ids, `SELECT id FROM request WHERE uai = $1 AND closed_at IS NULL ORDER BY id FOR UPDATE`, string(s.From))
	if err != nil {
		return err
	}
	err = t.exec(ctx, `INSERT INTO succession_item (succession, kind, id)
		SELECT $1, 'request', id::text FROM request WHERE uai = $2 AND closed_at IS NULL`, s.ID, string(s.From))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := t.AddEvent(ctx, id, okey.Event{
			At: s.At, Kind: okey.EventMoved, By: s.By, Via: okey.ViaSupport, Comment: string(s.To),
		}); err != nil {
			return err
		}
		t.Audit(Entry{At: s.At, Event: "request_moved", Actor: s.By, Via: okey.ViaSupport, Subject: AboutRequest(id), Detail: string(s.To)})
	}
	return t.exec(ctx,
		`UPDATE request SET uai = $2, wake_up_owed = true WHERE uai = $1 AND closed_at IS NULL`, string(s.From), string(s.To))
}

func (t *Tx) followKeys(ctx context.Context, s okey.Succession) error {
	var rows []keyRow
	err := t.all(ctx, &rows, `SELECT `+keyColumns+` FROM key k WHERE k.uai = $1 ORDER BY k.serial FOR UPDATE`, string(s.From))
	if err != nil {
		return err
	}
	const record = `INSERT INTO succession_item (succession, kind, id) SELECT $1, 'key', serial FROM key WHERE uai = $2`
	const place = `INSERT INTO key_moved (subject, serial, from_uai, to_uai, at) SELECT $1, serial, $2, $3, $4 FROM key WHERE uai = $2`
	const tell = `INSERT INTO key_event (serial, seq, at, reason, state, by_person, holder, comment)
		SELECT k.serial, coalesce((SELECT max(v.seq) FROM key_event v WHERE v.serial = k.serial), 0) + 1, $2, $3, k.state, $4, k.holder, $5
		FROM key k WHERE k.uai = $1`
	if err := t.exec(ctx, record, s.ID, string(s.From)); err != nil {
		return err
	}
	if err := t.exec(ctx, place, s.ID, string(s.From), string(s.To), s.At); err != nil {
		return err
	}
	if err := t.exec(ctx, tell, string(s.From), s.At, string(okey.ReasonMoved), nullID(s.By), movedFrom(s.From, s.To, "")); err != nil {
		return err
	}
	for _, row := range rows {
		t.Audit(Entry{At: s.At, Event: "key_moved", Actor: s.By, Via: okey.ViaSupport, Subject: AboutKey(row.Serial), Detail: string(s.To)})
		t.tellMove(row.key(), s.To, s.At)
	}
	return t.exec(ctx, `UPDATE key SET uai = $2, changed_at = $3 WHERE uai = $1`, string(s.From), string(s.To), s.At)
}

// followProposals re-points what is proposed to or from the closing establishment. Between the two ends there is nothing left to propose.
func (t *Tx) followProposals(ctx context.Context, s okey.Succession) error {
	err := t.exec(ctx, `INSERT INTO succession_item (succession, kind, id)
		SELECT $1, 'proposal', id::text FROM key_move WHERE state = 'proposed' AND $2 IN (from_uai, to_uai)`, s.ID, string(s.From))
	if err != nil {
		return err
	}
	err = t.exec(ctx, `UPDATE key_move SET state = 'ended', decided_at = $3
		WHERE state = 'proposed' AND (from_uai, to_uai) IN (($1, $2), ($2, $1))`, string(s.From), string(s.To), s.At)
	if err != nil {
		return err
	}
	return t.exec(ctx, `UPDATE key_move SET from_uai = CASE from_uai WHEN $1 THEN $2 ELSE from_uai END,
		to_uai = CASE to_uai WHEN $1 THEN $2 ELSE to_uai END
		WHERE state = 'proposed' AND $1 IN (from_uai, to_uai)`, string(s.From), string(s.To))
}

func (t *Tx) followOrders(ctx context.Context, s okey.Succession) error {
	var ids []uuid.UUID
	err := t.all(ctx, &ids, `SELECT id FROM key_order WHERE uai = $1 AND closed_at IS NULL ORDER BY id FOR UPDATE`, string(s.From))
	if err != nil {
		return err
	}
	const record = `INSERT INTO succession_item (succession, kind, id) SELECT $1, 'order', id::text FROM key_order
		WHERE uai = $2 AND closed_at IS NULL`
	const tell = `INSERT INTO order_event (key_order, seq, at, state, by_person, comment)
		SELECT o.id, coalesce((SELECT max(v.seq) FROM order_event v WHERE v.key_order = o.id), 0) + 1, $2, o.state, $3, $4
		FROM key_order o WHERE o.uai = $1 AND o.closed_at IS NULL`
	if err := t.exec(ctx, record, s.ID, string(s.From)); err != nil {
		return err
	}
	if err := t.exec(ctx, tell, string(s.From), s.At, nullID(s.By), movedFrom(s.From, s.To, "")); err != nil {
		return err
	}
	for _, id := range ids {
		t.Audit(Entry{
			At: s.At, Event: "order_moved", Actor: s.By, Via: okey.ViaSupport, Subject: "order:" + id.String(),
			Detail: string(s.To),
		})
	}
	return t.exec(ctx, `UPDATE key_order SET uai = $2 WHERE uai = $1 AND closed_at IS NULL`, string(s.From), string(s.To))
}

// followReports re-points the keys that support is still to confirm: confirmed, they are the successor's stock, which
// somebody waits for. A number that the successor has reported itself is one report.
func (t *Tx) followReports(ctx context.Context, s okey.Succession) error {
	err := t.exec(ctx, `UPDATE key_report o SET state = 'rejected', decided_by = $3, decided_at = $4, comment = $5
		WHERE o.uai = $1 AND o.state = 'pending'
		AND EXISTS (SELECT FROM key_report other WHERE other.uai = $2 AND other.serial = o.serial AND other.state = 'pending')`,
		string(s.From), string(s.To), nullID(s.By), s.At, "Signalée aussi par "+string(s.To)+".")
	if err != nil {
		return err
	}
	var ids []uuid.UUID
	err = t.all(ctx, &ids, `SELECT id FROM key_report WHERE uai = $1 AND state = 'pending' ORDER BY id FOR UPDATE`, string(s.From))
	if err != nil {
		return err
	}
	err = t.exec(ctx, `INSERT INTO succession_item (succession, kind, id)
		SELECT $1, 'report', id::text FROM key_report WHERE uai = $2 AND state = 'pending'`, s.ID, string(s.From))
	if err != nil {
		return err
	}
	for _, id := range ids {
		t.Audit(Entry{
			At: s.At, Event: "report_moved", Actor: s.By, Via: okey.ViaSupport, Subject: "report:" + id.String(),
			Detail: string(s.To),
		})
	}
	return t.exec(ctx, `UPDATE key_report SET uai = $2 WHERE uai = $1 AND state = 'pending'`, string(s.From), string(s.To))
}

// appoint names the successor, also of what the closing establishment had followed itself: the last of a chain answers for all of it. Those
// whose approvers were the closing one's have the successor's.
func (t *Tx) appoint(ctx context.Context, s okey.Succession) error {
	err := t.exec(ctx, `UPDATE establishment SET successor = $2, shortage_since = NULL, shortage_told = false
		WHERE uai = $1`, string(s.From), string(s.To))
	if err != nil {
		return err
	}
	if err := t.exec(ctx, `UPDATE establishment SET successor = $2 WHERE successor = $1`, string(s.From), string(s.To)); err != nil {
		return err
	}
	return t.exec(ctx, `UPDATE establishment SET host = nullif($2, uai) WHERE host = $1`, string(s.From), string(s.To))
}

// SuccessionCounts counts what moved with a succession.
func (r reader) SuccessionCounts(ctx context.Context, id uuid.UUID) (okey.Moved, error) {
	return r.moved(ctx, `SELECT count(*) FILTER (WHERE kind = 'key') AS keys, count(*) FILTER (WHERE kind = 'request') AS requests,
		count(*) FILTER (WHERE kind = 'order') AS orders, count(*) FILTER (WHERE kind = 'proposal') AS proposals,
		count(*) FILTER (WHERE kind = 'report') AS reports,
		(SELECT count(*) FROM succession_staff WHERE succession = $1 AND function IS NOT NULL) AS staff
		FROM succession_item WHERE succession = $1`, id)
}

func (r reader) moved(ctx context.Context, query string, args ...any) (okey.Moved, error) {
	var row struct {
		Keys      int `db:"keys"`
		Requests  int `db:"requests"`
		Orders    int `db:"orders"`
		Proposals int `db:"proposals"`
		Reports   int `db:"reports"`
		Staff     int `db:"staff"`
	}
	err := r.get(ctx, &row, "", query, args...)
	return okey.Moved(row), err
}

// WouldMove counts what would follow an establishment on the day.
func (r reader) WouldMove(ctx context.Context, from okey.UAI, on okey.Day) (okey.Moved, error) {
	return r.moved(ctx, `SELECT (SELECT count(*) FROM key WHERE uai = $1) AS keys,
		(SELECT count(*) FROM request WHERE uai = $1 AND closed_at IS NULL) AS requests,
		(SELECT count(*) FROM key_order WHERE uai = $1 AND closed_at IS NULL) AS orders,
		(SELECT count(*) FROM key_move WHERE state = 'proposed' AND $1 IN (from_uai, to_uai)) AS proposals,
		(SELECT count(*) FROM key_report WHERE uai = $1 AND state = 'pending') AS reports,
		(SELECT count(DISTINCT a.person) FROM assignment a WHERE `+staysOn+`) AS staff`, string(from), on.String())
}

// Succession is one that has happened, with the names of both ends and of who wanted it.
type Succession struct {
	okey.Succession
	FromName, ToName, ByName string
}

type successionRow struct {
	ID       uuid.UUID     `db:"id"`
	From     okey.UAI      `db:"from_uai"`
	To       okey.UAI      `db:"to_uai"`
	By       uuid.NullUUID `db:"by_person"`
	At       time.Time     `db:"at"`
	Comment  string        `db:"comment"`
	FromName string        `db:"from_name"`
	ToName   string        `db:"to_name"`
	ByName   string        `db:"by_name"`
}

const selectSuccession = `SELECT s.id, s.from_uai, s.to_uai, s.by_person, s.at, s.comment, f.name AS from_name, t.name AS to_name,
	trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name
	FROM succession s JOIN establishment f ON f.uai = s.from_uai JOIN establishment t ON t.uai = s.to_uai
	LEFT JOIN person p ON p.id = s.by_person `

func (s successionRow) succession() Succession {
	return Succession{
		Succession: okey.Succession{ID: s.ID, From: s.From, To: s.To, By: s.By.UUID, At: utc(s.At), Comment: s.Comment},
		FromName:   s.FromName, ToName: s.ToName, ByName: s.ByName,
	}
}

// Succession answers not_found for an unknown id.
func (r reader) Succession(ctx context.Context, id uuid.UUID) (Succession, error) {
	var row successionRow
	err := r.get(ctx, &row, "Cette succession n'existe pas.", selectSuccession+`WHERE s.id = $1`, id)
	return row.succession(), err
}

// Successions returns the latest, newest first.
func (r reader) Successions(ctx context.Context, limit int) ([]Succession, error) {
	return listed(ctx, r, successionRow.succession, selectSuccession+`ORDER BY s.at DESC, s.id LIMIT $1`, limit)
}

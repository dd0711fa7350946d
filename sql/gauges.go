package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"
)

// Gauges are what operators watch: how much waits, and for how long. They count no further than is bad enough.
type Gauges struct {
	Requests []RequestGauge // open ones
	Actions  Backlog        // recorded, and not judged
	WakeUps  Backlog        // owed to requests that have been given a key
	Queued   Backlog        // mails that have not left
	Mails    []MailGauge    // made within a day, without those
	Stock    []StockGauge
	Troubles []TroubleGauge
	Webhooks []WebhookGauge // receivers of events that the configuration has
	Audit    int64          // entries
	Examined time.Time      // the audit was found whole last; zero: never
	BackedUp time.Time      // a backup was taken last; zero: none has noted it
}

// RequestGauge counts the open requests of a stage that have been in it for about as long.
type RequestGauge struct {
	Stage okey.Stage `db:"stage"`
	Age   string     `db:"age"` // one of RequestAges
	N     int        `db:"n"`
}

// RequestAges are how long requests have been in their stage.
var RequestAges = []string{"under_1d", "1d_to_7d", "7d_to_30d", "over_30d"}

// Backlog is how many wait, and since when the first of them does; zero: none does.
type Backlog struct {
	N     int       `db:"n"`
	Since time.Time `db:"since"`
}

// MailGauge counts mails by what became of them.
type MailGauge struct {
	State string `db:"state"` // as the mail's, or returned
	N     int    `db:"n"`
}

// StockGauge counts the keys of an academy's schools that are in nobody's hands yet, or still on their way.
type StockGauge struct {
	Academy string        `db:"academy"`
	State   okey.KeyState `db:"state"`
	N       int           `db:"n"`
}

// TroubleGauge counts what does not get on.
type TroubleGauge struct {
	Kind TroubleKind `db:"kind"`
	N    int         `db:"n"`
}

// WebhookGauge is how many events a receiver has not taken, and since when the oldest of them waits.
type WebhookGauge struct {
	Name string `db:"name"`
	Backlog
}

// Gauges reads them as of the instant. Of each table that grows an index has what is asked: internal/nation holds that.
func (r reader) Gauges(ctx context.Context, at time.Time) (Gauges, error) {
	const most = 10_000
	var g Gauges
	var audit struct {
		Seq int64 `db:"seq"`
	}
	var noted struct {
		Examined stdsql.NullTime `db:"examined"`
		BackedUp stdsql.NullTime `db:"backed_up"`
	}
	day := 24 * time.Hour
	err := r.together(ctx,
		rows(&g.Requests, `SELECT stage, CASE WHEN since > $1 THEN $4 WHEN since > $2 THEN $5 WHEN since > $3 THEN $6 ELSE $7 END AS age,
			count(*) AS n FROM request WHERE closed_at IS NULL GROUP BY 1, 2`,
			at.Add(-day), at.Add(-7*day), at.Add(-30*day), RequestAges[0], RequestAges[1], RequestAges[2], RequestAges[3]),
		one(&g.Actions, `SELECT count(*) AS n, min(created_at) AS since
			FROM (SELECT created_at FROM action WHERE outcome IS NULL ORDER BY created_at LIMIT $1) a`, most),
		one(&g.WakeUps, `SELECT count(*) AS n, min(k.changed_at) AS since
			FROM (SELECT id FROM request WHERE wake_up_owed LIMIT $1) r LEFT JOIN key k ON k.request = r.id`, most),
		one(&g.Queued, `SELECT count(*) AS n, min(created_at) AS since
			FROM (SELECT created_at FROM mail WHERE state = 'queued' ORDER BY created_at LIMIT $1) m`, most),
		rows(&g.Mails, `SELECT CASE WHEN returned_at IS NOT NULL THEN 'returned' ELSE state END AS state, count(*) AS n
			FROM mail WHERE created_at > $1 AND state <> 'queued' GROUP BY 1`, at.Add(-day)),
		rows(&g.Stock, stock),
		rows(&g.Troubles, `SELECT kind, count(*) AS n FROM trouble GROUP BY kind`),
		rows(&g.Webhooks, `SELECT w.name, greatest(h.event_seq - w.position - cardinality(w.ahead), 0) AS n,
			(SELECT o.created_at FROM outbox o WHERE o.seq > w.position ORDER BY o.seq LIMIT 1) AS since
			FROM webhook_receiver w, audit_head h WHERE w.state <> 'absent' ORDER BY w.name`),
		one(&audit, `SELECT seq FROM audit_head`),
		one(&noted, `SELECT max(changed_at) FILTER (WHERE name = $1) AS examined, max(changed_at) FILTER (WHERE name = $2) AS backed_up
			FROM setting WHERE name IN ($1, $2)`, examinedSetting, backupSetting),
	)
	g.Audit, g.Examined, g.BackedUp = audit.Seq, noted.Examined.Time, noted.BackedUp.Time
	if err != nil {
		return Gauges{}, fmt.Errorf("read what waits: %w", err)
	}
	return g, nil
}

// stock counts what the index key_to_give has; the keys that people have, or had, are most of a million. A school without a key makes its
// academy known.
const stock = `SELECT e.academy, coalesce(k.state, 'in_stock') AS state, coalesce(sum(k.n), 0) AS n FROM establishment e LEFT JOIN (
		SELECT uai, state, count(*) AS n FROM key WHERE state IN ('in_transit', 'in_stock', 'reserved', 'attributed') GROUP BY 1, 2
	) k ON k.uai = e.uai WHERE e.served OR k.uai IS NOT NULL GROUP BY 1, 2`

// examinedSetting is when the audit was found whole last. That is for operators' figures alone: whoever can write here can write that, too.
// What counts is the mark that is kept outside.
const examinedSetting = "audit_examined"

// NoteExamined keeps that the audit was found whole at the instant.
func (s *Store) NoteExamined(ctx context.Context, at time.Time) error {
	return s.note(ctx, examinedSetting, at)
}

// backupSetting is when a backup was taken last. docker-compose.yml's service `backup` writes it, and docs/backup.md shows others how.
const backupSetting = "backup_taken"

// NoteBackup keeps that a backup was taken at the instant.
func (s *Store) NoteBackup(ctx context.Context, at time.Time) error {
	return s.note(ctx, backupSetting, at)
}

func (s *Store) note(ctx context.Context, name string, at time.Time) error {
	return s.write(ctx, `INSERT INTO setting (name, value, changed_at) VALUES ($1, 'true', $2)
		ON CONFLICT (name) DO UPDATE SET changed_at = excluded.changed_at`, name, at)
}

// ConnectionLimit answers how many connections the database gives this role at most, whoever else holds some of them.
func (r reader) ConnectionLimit(ctx context.Context) (most int, err error) {
	err = r.get(ctx, &most, "", `SELECT least(
		current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer,
		(SELECT NULLIF(datconnlimit, -1) FROM pg_database WHERE datname = current_database()),
		(SELECT NULLIF(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user))`)
	if err != nil {
		return 0, fmt.Errorf("ask how many connections there are: %w", err)
	}
	return most, nil
}

// LastBackup answers when a backup was taken last (zero: none has noted it), and since when there is a database to be saved.
func (r reader) LastBackup(ctx context.Context) (last, since time.Time, err error) {
	var found struct {
		Last  stdsql.NullTime `db:"last"`
		Since stdsql.NullTime `db:"since"`
	}
	err = r.get(ctx, &found, "", `SELECT (SELECT changed_at FROM setting WHERE name = $1) AS last,
		(SELECT min(tstamp) FROM goose_db_version)::timestamptz AS since`, backupSetting)
	if err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("ask for the last backup: %w", err)
	}
	return found.Last.Time, found.Since.Time, nil
}

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

// KeysForInventory returns the keys of an establishment's drawer, those that were typed, wherever they are, and those
// of the establishment that differ from these by leading zeros only.
func (r reader) KeysForInventory(ctx context.Context, uai okey.UAI, typed []okey.Serial) ([]okey.Key, error) {
	stems := make([]string, len(typed))
	for i, serial := range typed {
		stems[i] = serial.Stem()
	}
	return listed(ctx, r, keyRow.key, `SELECT `+keyColumns+` FROM key k WHERE k.serial = ANY ($2)
		OR (k.uai = $1 AND (k.state IN ('in_stock', 'reserved', 'attributed') OR ltrim(k.serial, '0') = ANY ($3))) ORDER BY k.serial`,
		uai, pq.Array(texts(typed)), pq.Array(stems))
}

// SaveInventory writes an inventory as it stands, and a report for each key that OKEY does not know and nobody there
// has reported yet. It returns how many keys are unknown, those that wait for an answer already among them.
func (t *Tx) SaveInventory(ctx context.Context, v okey.Inventory) (unknown int, err error) {
	err = t.exec(ctx,
		`INSERT INTO inventory (id, uai, by_person, at, comment) VALUES ($1, $2, $3, $4, $5)`, v.ID, v.UAI, nullID(v.By), v.At, v.Comment)
	if err != nil {
		return 0, fmt.Errorf("save an inventory: %w", err)
	}
	columns := []string{"inventory", "serial", "finding", "state"}
	err = t.copyIn(ctx, "inventory_line", columns, len(v.Lines), func(i int) []any {
		return []any{v.ID.String(), string(v.Lines[i].Serial), string(v.Lines[i].Finding), string(v.Lines[i].State)}
	})
	if err != nil {
		return 0, fmt.Errorf("save an inventory's lines: %w", err)
	}
	for _, line := range v.Lines {
		if line.Finding != okey.FoundUnknown {
			continue
		}
		err := t.exec(ctx, `INSERT INTO key_report (id, serial, uai, inventory, by_person, at, state)
			VALUES ($1, $2, $3, $4, $5, $6, 'pending')
			ON CONFLICT (serial, uai) WHERE state = 'pending' DO NOTHING`,
			okey.DerivedID(v.ID, "report/"+string(line.Serial)), line.Serial, v.UAI, v.ID, nullID(v.By), v.At)
		if err != nil {
			return 0, fmt.Errorf("report a key: %w", err)
		}
		unknown++
	}
	return unknown, nil
}

// ListedInventory is an inventory with what a list shows.
type ListedInventory struct {
	ID            uuid.UUID `db:"id"`
	UAI           okey.UAI  `db:"uai"`
	Establishment string    `db:"name"`
	ByName        string    `db:"by_name"`
	At            time.Time `db:"at"`
	Comment       string    `db:"comment"`
	Found         int       `db:"found"`
	Missing       int       `db:"missing"`
	Others        int       `db:"others"`
}

const inventories = `SELECT v.id, v.uai, e.name, trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name,
	v.at, v.comment,
	count(*) FILTER (WHERE l.finding = 'found') AS found, count(*) FILTER (WHERE l.finding = 'missing') AS missing,
	count(*) FILTER (WHERE l.finding NOT IN ('found', 'missing')) AS others
	FROM inventory v JOIN establishment e ON e.uai = v.uai LEFT JOIN person p ON p.id = v.by_person
	LEFT JOIN inventory_line l ON l.inventory = v.id `

const inventoryGroups = ` GROUP BY v.id, e.name, p.given_name, p.family_name `

// Inventories returns the latest of an establishment, newest first.
func (r reader) Inventories(ctx context.Context, uai okey.UAI, limit int) ([]ListedInventory, error) {
	var found []ListedInventory
	err := r.all(ctx, &found, inventories+`WHERE v.uai = $1`+inventoryGroups+`ORDER BY v.at DESC, v.id LIMIT $2`, uai, limit)
	return found, err
}

// Inventory answers an inventory with its lines by serial; not_found for an unknown id.
func (r reader) Inventory(ctx context.Context, id uuid.UUID) (ListedInventory, []okey.InventoryLine, error) {
	var v ListedInventory
	err := r.get(ctx, &v, "Cet inventaire n'existe pas, ou il n'est pas pour vous.", inventories+`WHERE v.id = $1`+inventoryGroups, id)
	if err != nil {
		return v, nil, err
	}
	var rows []struct {
		Serial  okey.Serial   `db:"serial"`
		Finding okey.Finding  `db:"finding"`
		State   okey.KeyState `db:"state"`
	}
	err = r.all(ctx, &rows, `SELECT serial, finding, state FROM inventory_line WHERE inventory = $1 ORDER BY serial`, id)
	lines := make([]okey.InventoryLine, len(rows))
	for i, row := range rows {
		lines[i] = okey.InventoryLine(row)
	}
	return v, lines, err
}

// ListedReport is a report with what a list shows.
type ListedReport struct {
	okey.KeyReport
	Establishment string
	ByName        string
	Similar       []okey.Serial // known serials that differ from it by leading zeros only
	Comment       string        // of whoever decided
	DecidedBy     string
	DecidedAt     time.Time
	KeptAt        string // the establishment whose key it has become meanwhile; empty while OKEY has no such key
}

type reportRow struct {
	ID      uuid.UUID        `db:"id"`
	Serial  okey.Serial      `db:"serial"`
	UAI     okey.UAI         `db:"uai"`
	By      uuid.NullUUID    `db:"by_person"`
	At      time.Time        `db:"at"`
	State   okey.ReportState `db:"state"`
	Name    string           `db:"name"`
	ByName  string           `db:"by_name"`
	Similar pq.StringArray   `db:"similar"`
	Comment string           `db:"comment"`

	DecidedBy string          `db:"decider_name"`
	DecidedAt stdsql.NullTime `db:"decided_at"`
	KeptAt    string          `db:"kept_at"`
}

func (r reportRow) report() ListedReport {
	l := ListedReport{
		KeyReport:     okey.KeyReport{ID: r.ID, Serial: r.Serial, UAI: r.UAI, By: r.By.UUID, At: utc(r.At), State: r.State},
		Establishment: r.Name, ByName: r.ByName, Comment: r.Comment, DecidedBy: r.DecidedBy, DecidedAt: utc(r.DecidedAt.Time),
		KeptAt: r.KeptAt,
	}
	for _, s := range r.Similar {
		l.Similar = append(l.Similar, okey.Serial(s))
	}
	return l
}

const reports = `SELECT o.id, o.serial, o.uai, o.by_person, o.at, o.state, e.name, o.comment,
	trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name,
	trim(coalesce(d.given_name, '') || ' ' || coalesce(d.family_name, '')) AS decider_name, o.decided_at,
	coalesce((SELECT h.name FROM key k JOIN establishment h ON h.uai = k.uai WHERE k.serial = o.serial), '') AS kept_at,
	ARRAY(SELECT k.serial FROM key k WHERE ltrim(k.serial, '0') = ltrim(o.serial, '0') AND k.serial <> o.serial
		ORDER BY k.serial) AS similar
	FROM key_report o JOIN establishment e ON e.uai = o.uai LEFT JOIN person p ON p.id = o.by_person
	LEFT JOIN person d ON d.id = o.decided_by `

const noReport = "Ce signalement n'existe pas, ou il n'est pas pour vous."

// PendingReports returns the keys that support is to confirm, oldest first.
func (r reader) PendingReports(ctx context.Context, limit int) ([]ListedReport, error) {
	return listed(ctx, r, reportRow.report, pendingReports, limit)
}

const pendingReports = reports + `WHERE o.state = 'pending' ORDER BY o.at, o.id LIMIT $1`

// ReportsAgainst returns the pending reports of keys that a delivery would give to another establishment than the one that found them.
func (r reader) ReportsAgainst(ctx context.Context, delivery uuid.UUID, limit int) ([]ListedReport, error) {
	return listed(ctx, r, reportRow.report, reports+`JOIN delivery_row w ON w.serial = o.serial AND w.uai <> o.uai
		WHERE w.delivery = $1 AND o.state = 'pending' ORDER BY w.line, o.at, o.id LIMIT $2`, delivery, limit)
}

// Report answers not_found for an unknown id.
func (r reader) Report(ctx context.Context, id uuid.UUID) (ListedReport, error) {
	var row reportRow
	err := r.get(ctx, &row, noReport, reports+`WHERE o.id = $1`, id)
	return row.report(), err
}

// LastReports answers, by serial, the last report of each of the serials that an inventory or anybody at its establishment has made.
func (r reader) LastReports(
	ctx context.Context, uai okey.UAI, inventory uuid.UUID, serials []string,
) (map[okey.Serial]ListedReport, error) {
	var rows []reportRow
	err := r.all(ctx, &rows, reports+`WHERE o.serial = ANY ($1) AND (o.uai = $2 OR o.inventory = $3)
		ORDER BY o.at, o.id`, pq.Array(serials), uai, inventory)
	last := make(map[okey.Serial]ListedReport, len(rows))
	for _, row := range rows {
		last[row.Serial] = row.report()
	}
	return last, err
}

// WaitingReports counts the establishment's reported keys that support has not answered yet.
func (r reader) WaitingReports(ctx context.Context, uai okey.UAI) (int, error) {
	var n int
	err := r.get(ctx, &n, "", `SELECT count(*) FROM key_report WHERE uai = $1 AND state = 'pending'`, uai)
	return n, err
}

// ReportedAs returns the report that a key was confirmed from; known is false for a key that came otherwise.
func (r reader) ReportedAs(ctx context.Context, serial okey.Serial) (report ListedReport, known bool, err error) {
	var row reportRow
	err = r.get(ctx, &row, noReport, reports+`WHERE o.serial = $1 AND o.state = 'confirmed'
		ORDER BY o.at DESC, o.id LIMIT 1`, string(serial))
	if isNoRow(err) {
		return ListedReport{}, false, nil
	}
	return row.report(), err == nil, err
}

// DecideReport writes what support said of a report that is pending.
func (t *Tx) DecideReport(ctx context.Context, id uuid.UUID, state okey.ReportState, by okey.PersonID, comment string, at time.Time) error {
	return t.exec(ctx,
		`UPDATE key_report SET state = $2, decided_by = $3, decided_at = $4, comment = $5 WHERE id = $1 AND state = 'pending'`,
		id, string(state), nullID(by), at, comment)
}

// LockReport is Report under the locks of its establishment and its row.
func (t *Tx) LockReport(ctx context.Context, id uuid.UUID) (ListedReport, error) {
	var uai okey.UAI
	if err := t.get(ctx, &uai, noReport, `SELECT uai FROM key_report WHERE id = $1`, id); err != nil {
		return ListedReport{}, err
	}
	if err := t.LockEstablishment(ctx, uai); err != nil {
		return ListedReport{}, err
	}
	var locked okey.UAI
	if err := t.get(ctx, &locked, noReport, `SELECT uai FROM key_report WHERE id = $1 FOR UPDATE`, id); err != nil {
		return ListedReport{}, err
	}
	if locked != uai { // its establishment has a successor since: the caller tries again
		return ListedReport{}, fmt.Errorf("report %s moved while it was being locked", id)
	}
	return t.Report(ctx, id)
}

// AddKey writes one key that is new, in stock; report_known where the serial is known. The caller holds the establishment's lock.
func (t *Tx) AddKey(ctx context.Context, k okey.Key, reason okey.KeyReason, by okey.PersonID, via okey.Via, at time.Time) error {
	var added string
	err := t.get(ctx, &added, "", `INSERT INTO key (serial, uai, state, batch, expires_on, changed_at)
		VALUES ($1, $2, 'in_stock', $3, $4, $5)
		ON CONFLICT (serial) DO NOTHING RETURNING serial`, k.Serial, k.UAI, k.Batch, k.ExpiresOn.String(), at)
	if isNoRow(err) {
		return okey.Errorf(okey.CodeReportKnown, "La clef %s est déjà dans OKEY.", k.Serial)
	}
	if err != nil {
		return fmt.Errorf("add key %s: %w", k.Serial, err)
	}
	err = t.exec(ctx, `INSERT INTO key_event (serial, seq, at, reason, state, by_person)
		VALUES ($1, 1, $2, $3, 'in_stock', $4)`, k.Serial, at, string(reason), nullID(by))
	t.Audit(Entry{At: at, Event: "key_" + string(reason), Actor: by, Via: via, Subject: AboutKey(k.Serial), Detail: string(okey.InStock)})
	return err
}

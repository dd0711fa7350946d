package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// ImportKind says what an import of schools or people read.
type ImportKind string

// The kinds of imports that are recorded.
const (
	ImportedEstablishments ImportKind = "establishments"
	ImportedStaff          ImportKind = "staff"
	ImportedDirectory      ImportKind = "directory"
)

// CodeTooManyGone says that a school would lose more people than an import may remove unasked.
const CodeTooManyGone okey.Code = "too_many_removed"

// ImportFault is one thing that was wrong.
type ImportFault struct {
	Where   string    `json:"where"` // line and column, or the entry and its attribute; empty: the whole
	Code    okey.Code `json:"code"`
	Message string    `json:"message"`
}

// ImportRun is the record of an import of schools or people: what it did, or why it took nothing.
type ImportRun struct {
	ID    uuid.UUID
	At    time.Time
	What  ImportKind
	File  string // or the directory's address
	Via   okey.Via
	By    okey.PersonID // nobody: the operator's command, a program, the engine
	Taken bool
	Read  int
	Tally
	LeftOut    int
	Kept       int
	FaultCount int
	Faults     []ImportFault // the first of them
	Gone       []string      // who was removed, or would have been
	Notes      []string      // what support should know, and nothing is wrong with: the first of it

	ByName string // read, never written
}

// mostFaultsKept is how many faults and notes of an import are recorded: nobody corrects more before the next one.
const mostFaultsKept = 1000

// RecordImport writes what an import did, in the transaction that did it.
func (t *Tx) RecordImport(ctx context.Context, run ImportRun) error {
	faults, err := document(append([]ImportFault{}, run.Faults[:min(len(run.Faults), mostFaultsKept)]...))
	if err != nil {
		return fmt.Errorf("record an import: %w", err)
	}
	err = t.exec(ctx, `INSERT INTO import_run (id, at, what, file, via, by_person, taken, read, added, changed, unchanged, removed,
			left_out, kept, fault_count, faults, gone, notes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		run.ID, run.At, string(run.What), run.File, string(run.Via), nullID(run.By), run.Taken, run.Read, run.Added, run.Changed,
		run.Unchanged, run.Removed, run.LeftOut, run.Kept, len(run.Faults), faults, pq.Array(append([]string{}, run.Gone...)),
		pq.Array(append([]string{}, run.Notes[:min(len(run.Notes), mostFaultsKept)]...)))
	if err != nil {
		return fmt.Errorf("record an import: %w", err)
	}
	return nil
}

type importRunRow struct {
	ID         uuid.UUID      `db:"id"`
	At         time.Time      `db:"at"`
	What       ImportKind     `db:"what"`
	File       string         `db:"file"`
	Via        okey.Via       `db:"via"`
	By         uuid.NullUUID  `db:"by_person"`
	ByName     string         `db:"by_name"`
	Taken      bool           `db:"taken"`
	Read       int            `db:"read"`
	Added      int            `db:"added"`
	Changed    int            `db:"changed"`
	Unchanged  int            `db:"unchanged"`
	Removed    int            `db:"removed"`
	LeftOut    int            `db:"left_out"`
	Kept       int            `db:"kept"`
	FaultCount int            `db:"fault_count"`
	Faults     []byte         `db:"faults"`
	Gone       pq.StringArray `db:"gone"`
	Notes      pq.StringArray `db:"notes"`
}

func (r importRunRow) run() ImportRun {
	run := ImportRun{
		ID: r.ID, At: utc(r.At), What: r.What, File: r.File, Via: r.Via, By: r.By.UUID, ByName: r.ByName, Taken: r.Taken, Read: r.Read,
		Tally:   Tally{Added: r.Added, Changed: r.Changed, Unchanged: r.Unchanged, Removed: r.Removed},
		LeftOut: r.LeftOut, Kept: r.Kept, FaultCount: r.FaultCount, Gone: r.Gone, Notes: r.Notes,
	}
	_ = json.Unmarshal(r.Faults, &run.Faults) // RecordImport wrote it
	return run
}

const selectImportRun = `SELECT r.id, r.at, r.what, r.file, r.via, r.by_person, r.taken, r.read, r.added, r.changed, r.unchanged, r.removed,
	r.left_out, r.kept, r.fault_count, r.faults, r.gone, r.notes, trim(coalesce(p.given_name || ' ' || p.family_name, '')) AS by_name
	FROM import_run r LEFT JOIN person p ON p.id = r.by_person `

// ImportList is a page of the records of imports, newest first.
type ImportList struct {
	At    time.Time // with ID: where the page before ended; zero for the first page
	ID    uuid.UUID
	Ahead bool // what comes before that place instead, the nearest first
	Limit int
}

// importWays are the two ways to read the list: on from an import, and back.
var importWays = map[bool]string{
	false: `WHERE ($1::timestamptz IS NULL OR (r.at <= $1 AND (r.at < $1 OR r.id > $2))) ORDER BY r.at DESC, r.id LIMIT $3`,
	true:  `WHERE r.at >= $1 AND (r.at > $1 OR r.id < $2) ORDER BY r.at, r.id DESC LIMIT $3`,
}

// ImportRuns returns a page of the list, and how many there are in all, up to one more than CountMost.
func (r reader) ImportRuns(ctx context.Context, l ImportList) (found []ImportRun, n int, err error) {
	err = r.together(ctx, list(&found, importRunRow.run, selectImportRun+importWays[l.Ahead], nullTime(l.At), l.ID, l.Limit),
		one(&n, `SELECT count(*) FROM (SELECT FROM import_run LIMIT $1) counted`, CountMost+1))
	if err != nil {
		return nil, 0, fmt.Errorf("list imports: %w", err)
	}
	return found, n, nil
}

// ImportRun answers not_found for an unknown id.
func (r reader) ImportRun(ctx context.Context, id uuid.UUID) (ImportRun, error) {
	var row importRunRow
	err := r.get(ctx, &row, "Cet import n'est pas dans OKEY, ou plus : ce qu'ils ont fait s'efface au bout d'un an.",
		selectImportRun+`WHERE r.id = $1`, id)
	return row.run(), err
}

package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"okey/okey"
)

// Tally is what an import changed.
type Tally struct{ Added, Changed, Unchanged, Removed int }

// Quiet tells whether the import changed nothing.
func (t Tally) Quiet() bool { return t.Added+t.Changed+t.Removed == 0 }

// stage copies rows into a temporary table that goes with the transaction. Column names are constants of this package.
func (t *Tx) stage(ctx context.Context, table, create string, columns []string, count int, row func(i int) []any) error {
	if err := t.exec(ctx, create); err != nil {
		return fmt.Errorf("create %s: %w", table, err)
	}
	if err := t.copyIn(ctx, table, columns, count, row); err != nil {
		return fmt.Errorf("copy into %s: %w", table, err)
	}
	return t.exec(ctx, "ANALYZE "+table) // fresh temporary tables have no statistics, and nothing else collects them
}

// copyIn sends rows by COPY: an Exec without arguments ends it, and Close tells whether the end was heard.
func (t *Tx) copyIn(ctx context.Context, table string, columns []string, count int, row func(i int) []any) (err error) {
	into, err := t.tx.PrepareContext(ctx, fmt.Sprintf("COPY %s (%s) FROM STDIN", table, strings.Join(columns, ", ")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	for i := range count {
		if _, err := into.ExecContext(ctx, row(i)...); err != nil {
			return err
		}
	}
	_, err = into.ExecContext(ctx)
	return err
}

// auditImport names who did it; nobody for the operator's commands, programs and the engine.
func (t *Tx) auditImport(what ImportKind, tally Tally, by okey.PersonID, via okey.Via, at time.Time) {
	if tally.Quiet() {
		return
	}
	t.Audit(Entry{At: at, Event: "import", Actor: by, Via: via, Subject: "import:" + string(what), Detail: "applied"})
}

const createImportEstablishment = `CREATE TEMPORARY TABLE import_establishment (
	uai text PRIMARY KEY, name text, nature integer, contract text, state text, academy text, street text, commune text, postcode text,
	mother text, left_out text
) ON COMMIT DROP`

const lockImportedEstablishments = `SELECT e.uai FROM establishment e
	WHERE e.uai IN (SELECT i.uai FROM import_establishment i) ORDER BY e.uai FOR NO KEY UPDATE`

// What is compared. A file that does not say a street, or of which school one is a part, takes away nothing that is known.
const (
	establishmentKept = `(e.name, e.nature, e.contract, e.state, e.academy, e.street, e.commune, e.postcode, e.mother, e.served)`
	establishmentRead = `(i.name, i.nature, i.contract, i.state, i.academy, coalesce(nullif(i.street, ''), e.street), i.commune, i.postcode,
		coalesce(i.mother, e.mother), true)`
)

const tallyEstablishments = `SELECT
	count(*) FILTER (WHERE i.left_out = '' AND e.uai IS NULL) AS added,
	count(*) FILTER (WHERE i.left_out = '' AND ` + establishmentKept + ` IS DISTINCT FROM ` + establishmentRead + ` AND e.uai IS NOT NULL)
		AS changed,
	count(*) FILTER (WHERE i.left_out = '' AND ` + establishmentKept + ` IS NOT DISTINCT FROM ` + establishmentRead + `) AS unchanged,
	count(*) FILTER (WHERE i.left_out <> '' AND e.served) AS removed
	FROM import_establishment i LEFT JOIN establishment e ON e.uai = i.uai`

const writeEstablishments = `INSERT INTO establishment AS e (uai, name, nature, contract, state, academy, street, commune, postcode, mother,
		imported_at)
	SELECT i.uai, i.name, i.nature, i.contract, i.state, i.academy, i.street, i.commune, i.postcode, i.mother, $1
	FROM import_establishment i WHERE i.left_out = '' ORDER BY i.uai
	ON CONFLICT (uai) DO UPDATE SET name = excluded.name, nature = excluded.nature, contract = excluded.contract, state = excluded.state,
		academy = excluded.academy, street = coalesce(nullif(excluded.street, ''), e.street), commune = excluded.commune,
		postcode = excluded.postcode, mother = coalesce(excluded.mother, e.mother), served = true, imported_at = excluded.imported_at
	WHERE ` + establishmentKept + ` IS DISTINCT FROM (excluded.name, excluded.nature, excluded.contract, excluded.state,
			excluded.academy, coalesce(nullif(excluded.street, ''), e.street), excluded.commune, excluded.postcode,
			coalesce(excluded.mother, e.mother), true)`

// What was served once keeps its row: its keys are still in people's hands.
const closeEstablishments = `UPDATE establishment e SET served = false, state = i.state, contract = i.contract, imported_at = $1
	FROM import_establishment i WHERE i.uai = e.uai AND i.left_out <> '' AND e.served`

const writeLeftOut = `INSERT INTO establishment_left_out AS l (uai, name, reason)
	SELECT i.uai, i.name, i.left_out FROM import_establishment i WHERE i.left_out <> '' ORDER BY i.uai
	ON CONFLICT (uai) DO UPDATE SET name = excluded.name, reason = excluded.reason
	WHERE (l.name, l.reason) IS DISTINCT FROM (excluded.name, excluded.reason)`

const forgetLeftOut = `DELETE FROM establishment_left_out l USING import_establishment i WHERE i.uai = l.uai AND i.left_out = ''`

// ImportEstablishments writes what a register says: those that OKEY serves, and why not the others. Establishments that the file
// does not name stay as they are; Removed counts those that were served and no longer are. UAIs are distinct.
// By and via are of whoever imports, as in the audit.
func (t *Tx) ImportEstablishments(
	ctx context.Context, rows []okey.ImportedEstablishment, by okey.PersonID, via okey.Via, at time.Time,
) (Tally, error) {
	columns := []string{"uai", "name", "nature", "contract", "state", "academy", "street", "commune", "postcode", "mother", "left_out"}
	err := t.stage(ctx, "import_establishment", createImportEstablishment, columns, len(rows), func(i int) []any {
		e := rows[i].Establishment
		_, why := e.Served()
		return []any{
			string(e.UAI), e.Name, e.Nature, e.Contract, e.State, e.Academy, e.Street, e.Commune, e.Postcode,
			stdsql.NullString{String: string(e.Mother), Valid: rows[i].Mothers},
			string(why),
		}
	})
	if err != nil {
		return Tally{}, err
	}
	if err := t.exec(ctx, lockImportedEstablishments); err != nil {
		return Tally{}, fmt.Errorf("lock establishments: %w", err)
	}
	var tally Tally
	if err := t.get(ctx, &tally, "", tallyEstablishments); err != nil {
		return Tally{}, fmt.Errorf("compare establishments: %w", err)
	}
	for _, statement := range []string{writeEstablishments, closeEstablishments} {
		if err := t.exec(ctx, statement, at); err != nil {
			return Tally{}, fmt.Errorf("write establishments: %w", err)
		}
	}
	for _, statement := range []string{writeLeftOut, forgetLeftOut} {
		if err := t.exec(ctx, statement); err != nil {
			return Tally{}, fmt.Errorf("write what is left out: %w", err)
		}
	}
	t.auditImport(ImportedEstablishments, tally, by, via, at)
	return tally, nil
}

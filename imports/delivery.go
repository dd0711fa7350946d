package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"okey/internal/spreadsheet"
	"okey/okey"
	"okey/sql"
)

// MaxDelivery is the most bytes of a delivery's file.
const MaxDelivery = 20 << 20

// Deliveries come from outside, often through a page: a hostile one costs less than a second and 64 MB. A hundred thousand keys in one
// file are more than any school district has.
var deliveryLimits = spreadsheet.Limits{Bytes: MaxDelivery, Unzipped: 48 << 20, Held: 1 << 20, Rows: 100_000, Elements: 1_350_000}

// mostFaults is how many faults of a delivery are told: nobody corrects more before the next try.
const mostFaults = 1_000

// CodeHasHolder refuses a delivered key that somebody would already have.
const CodeHasHolder okey.Code = "has_holder"

// DeliveryRows is what a delivery's file says, read whole and checked: rows are good for taking only where the Result is OK.
type DeliveryRows struct {
	Rows []okey.ImportedKey
	Sum  string // SHA-256 of what the rows say, the same for the same content in whatever file
}

// ReadDelivery reads a file of new keys (a workbook, CSV, or PSKC with opts.UAI) and names everything that is wrong with it.
// Nothing is written: a delivery is taken whole or not at all.
func ReadDelivery(ctx context.Context, src Source, opts Options) (DeliveryRows, *Result, error) {
	r := &Result{What: "Livraison", File: src.Name, most: mostFaults}
	rows, err := readKeys(ctx, src, r, opts, deliveryLayout, deliveryLimits)
	if err != nil {
		return DeliveryRows{}, r, err
	}
	for _, row := range rows {
		if r.full() {
			break
		}
		if row.Holder != "" || row.State != okey.InStock {
			r.refuse(row.Line, "titulaire", CodeHasHolder,
				"Une livraison n'apporte que des clefs neuves : retirez le titulaire et l'état, ou %s.", opts.otherwise())
		}
	}
	if len(rows) == 0 && r.OK() {
		r.refuse(0, "", CodeMissing, "%s n'a aucune clef : il n'y a rien à livrer.", src.Name)
	}
	if r.full() {
		r.refuse(0, "", okey.CodeTooLarge, "La lecture s'arrête après %d anomalies : corrigez-les, puis renvoyez le fichier.", mostFaults)
	}
	r.sort()
	return DeliveryRows{Rows: rows, Sum: sumOf(rows)}, r, nil
}

func sumOf(rows []okey.ImportedKey) string {
	h := sha256.New()
	for _, row := range rows {
		fmt.Fprintf(h, "%s;%s;%s;%s\n", row.Serial, row.Batch, row.ExpiresOn, row.UAI)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// CheckDelivery says what OKEY knows against taking the rows, row by row, and writes nothing.
func CheckDelivery(ctx context.Context, store *sql.Store, rows []okey.ImportedKey, r *Result, opts Options) error {
	err := store.Do(ctx, func(tx *sql.Tx) error {
		out, err := tx.ImportKeys(ctx, rows, sql.KeyImport{Today: opts.today(), LookAlikes: opts.Force, New: true}, opts.At)
		if err != nil {
			return err
		}
		r.keyProblems(rows, out.Problems, opts)
		r.sort()
		return errNothingTaken
	})
	if errors.Is(err, errNothingTaken) {
		return nil
	}
	return fmt.Errorf("check a delivery: %w", err)
}

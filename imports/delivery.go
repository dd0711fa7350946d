package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"okey"
	"okey/sql"
)

// CodeHasHolder refuses a delivered key that somebody would already have.
const CodeHasHolder okey.Code = "has_holder"

// DeliveryRows is what a delivery's file says, read whole and checked: rows are good for taking only where the Result is OK.
type DeliveryRows struct {
	Rows []okey.ImportedKey
	Sum  string // SHA-256 of what the rows say, the same for the same content in whatever file
}

// ReadDelivery reads a file of new keys (a workbook, CSV, or PSKC with opts.UAI and opts.Batch) and names everything that is wrong with it.
// Nothing is written: a delivery is taken whole or not at all.
func ReadDelivery(ctx context.Context, src Source, opts Options) (DeliveryRows, *Result, error) {
	r := &Result{What: "Livraison", File: src.Name}
	rows, err := readKeys(ctx, src, r, opts)
	if err != nil {
		return DeliveryRows{}, r, err
	}
	for _, row := range rows {
		if row.Holder != "" || row.State != okey.InStock {
			r.refuse(row.Line, "titulaire", CodeHasHolder,
				"Une livraison n'apporte que des clefs neuves : retirez le titulaire et l'état, ou passez par « okey import keys ».")
		}
	}
	if len(rows) == 0 && r.OK() {
		r.refuse(0, "", CodeMissing, "%s n'a aucune clef : il n'y a rien à livrer.", src.Name)
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
		r.keyProblems(rows, out.Problems)
		r.sort()
		return errNothingTaken
	})
	if errors.Is(err, errNothingTaken) {
		return nil
	}
	return fmt.Errorf("check a delivery: %w", err)
}

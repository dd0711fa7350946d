package activities

import (
	"context"

	"okey/okey"
	"okey/sql"
)

// Retention makes the table of what is kept true.
type Retention struct {
	store  *sql.Store
	events int
}

// NewRetention makes it. events is for how many months events are kept; 0: as the table says.
func NewRetention(store *sql.Store, events int) *Retention {
	return &Retention{store: store, events: events}
}

// Retain ends what is due of every kind of data. Twice is as good as once. Only the workflow Retention calls it.
func (r *Retention) Retain(ctx context.Context, in okey.RetentionInput) (okey.RetentionReport, error) {
	report := okey.RetentionReport{Ended: map[okey.KeptData]int{}}
	for _, k := range okey.KeepingsWith(r.events) {
		if k.Data == "" {
			continue
		}
		n, err := r.store.Retain(ctx, k.Data, in.At.AddDate(0, -k.Months, 0), in.At)
		if err != nil {
			return report, err
		}
		if n > 0 {
			report.Ended[k.Data] = n
		}
	}
	return report, nil
}

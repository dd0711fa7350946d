package activities

import (
	"context"
	"fmt"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// Watch looks over the stock each morning.
type Watch struct{ store *sql.Store }

// NewWatch makes the watcher.
func NewWatch(store *sql.Store) *Watch { return &Watch{store: store} }

// Due claims what is to be told today and returns a batch of it. Only the workflow StockWatch calls it.
func (w *Watch) Due(ctx context.Context, in okey.WatchInput) (okey.WatchReport, error) {
	var report okey.WatchReport
	if in.After == 0 {
		if err := w.store.Watch(ctx, in.Run, okey.DayOf(in.At, okey.ZoneOf("")), in.At); err != nil {
			return report, err
		}
		if err := w.countStuck(ctx, in.At); err != nil {
			return report, err
		}
	}
	letters, err := w.store.WatchLetters(ctx, in.Run, in.At.Add(-okey.WatchGiveUp), in.After, okey.WatchBatch+1)
	if err != nil {
		return report, fmt.Errorf("read what the run has claimed: %w", err)
	}
	for _, letter := range letters[:min(okey.WatchBatch, len(letters))] {
		order, err := orderOf(letter, in)
		if err != nil {
			return report, err
		}
		report.Letters = append(report.Letters, order)
	}
	if len(letters) > okey.WatchBatch {
		report.Next = in.After + okey.WatchBatch
	}
	return report, nil
}

// countStuck keeps how much waits for support this morning: its desk says what has become of that in a week.
func (w *Watch) countStuck(ctx context.Context, at time.Time) error {
	stuck, err := w.store.Stuck(ctx, sql.StuckAt(at, sql.CountMost))
	if err != nil {
		return err
	}
	return w.store.KeepStuckOn(ctx, okey.DayOf(at, okey.ZoneOf("")), stuck.Count())
}

// orderOf has a letter sent; of one that has not left for days, support told.
func orderOf(letter sql.WatchLetter, in okey.WatchInput) (okey.MailOrder, error) {
	order := okey.MailOrder{Letter: letter.ID, Cause: letter.ID, UAI: letter.UAI, Step: okey.MailStep{Kind: letter.Kind, Ref: 1}, At: in.At}
	switch letter.Kind {
	case okey.MailKeyExpires, okey.MailHolderLeft, okey.MailLoanEnds:
		order.Key = okey.Serial(letter.Subject)
	case okey.MailMoveExpired:
		move, err := uuid.Parse(letter.Subject)
		if err != nil {
			return order, fmt.Errorf("read the subject of letter %s: %w", letter.ID, err)
		}
		order.Subject = move
	default:
		order.Subject = letter.ID
	}
	if letter.Stuck {
		order.Step.Kind, order.At = okey.MailUndelivered, letter.At.UTC() // it counts the mails made since
	}
	return order, nil
}

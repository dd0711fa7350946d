package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// TellSources has support told of what a reading of people's sources asks of them: why it was refused, who has another uid. It is by one
// action of OKEY's own, for the repair watch to deliver. The reading is an import's id, or that of a morning's look.
func (t *Tx) TellSources(ctx context.Context, reading uuid.UUID, at time.Time) error {
	if err := t.FollowUp(ctx, followUp(reading, okey.ActionSourcesTold, "", at)); err != nil {
		return fmt.Errorf("have support told of a reading: %w", err)
	}
	return nil
}

// tellLikenesses has support told of people whose uid has changed, it seems, since what they signed in with says so: imports tell theirs.
func (t *Tx) tellLikenesses(ctx context.Context, today okey.Day, at time.Time) error {
	reading := uuid.New()
	found, err := t.noteLikenesses(ctx, today, reading, at)
	if err != nil {
		return fmt.Errorf("look for people whose uid has changed: %w", err)
	}
	if len(found) == 0 {
		return nil
	}
	return t.TellSources(ctx, reading, at)
}

const lastReading = selectImportRun + `WHERE r.what = 'directory' ORDER BY r.at DESC, r.id LIMIT 1`

// LastReading is the record of the last reading of the directory that was tried, whoever began it; found is false where there is none.
func (r reader) LastReading(ctx context.Context) (run ImportRun, found bool, err error) {
	runs, err := listed(ctx, r, importRunRow.run, lastReading)
	if err != nil || len(runs) == 0 {
		return ImportRun{}, false, err
	}
	return runs[0], true, nil
}

// WhyKept says why people whom an import no longer names stay.
func (r ImportRun) WhyKept() string {
	var held, unread bool
	for _, fault := range r.Faults {
		held, unread = held || fault.Code == CodeTooManyGone, unread || fault.Code != CodeTooManyGone
	}
	switch {
	case held && unread:
		return "leur établissement en perdrait trop, ou tout n'a pu en être lu"
	case held:
		return "leur établissement en perdrait trop"
	}
	return "tout n'a pu être lu de leur établissement"
}

// HeldBack are the faults for which an import took nothing, or nobody was removed from a school that would lose too many.
func (r ImportRun) HeldBack() []ImportFault {
	var held []ImportFault
	for _, fault := range r.Faults {
		if !r.Taken || fault.Code == CodeTooManyGone {
			held = append(held, fault)
		}
	}
	return held
}

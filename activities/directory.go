package activities

import (
	"context"
	"errors"

	"okey/imports"
	"okey/okey"
	"okey/sql"

	"go.temporal.io/sdk/temporal"
)

// Directory reads the academy's directory.
type Directory struct {
	store *sql.Store
	from  *imports.Directory
}

// NewDirectory makes the reader; from is nil where OKEY has no directory.
func NewDirectory(store *sql.Store, from *imports.Directory) *Directory {
	return &Directory{store: store, from: from}
}

// Sync makes people and functions what the directory says. A directory that does not answer is tried again; what must not be taken ends the
// run. Only the workflow DirectorySync calls it.
func (d *Directory) Sync(ctx context.Context, in okey.SyncInput) (okey.SyncReport, error) {
	if d.from == nil {
		return okey.SyncReport{}, nil
	}
	r, err := imports.SyncDirectory(ctx, d.store, *d.from, imports.Options{At: in.At, Via: okey.ViaEngine})
	switch {
	case okey.ErrorCode(err) == okey.CodeUnavailable: // without its cause, which would pass for the database being away
		return okey.SyncReport{}, errors.New(okey.ErrorMessage(err))
	case err != nil:
		return okey.SyncReport{}, err
	case !r.Taken:
		return okey.SyncReport{}, temporal.NewNonRetryableApplicationError("nothing was taken", okey.SyncRefused, nil)
	case r.HeldBack():
		return okey.SyncReport{}, temporal.NewNonRetryableApplicationError("some schools would lose too many people", okey.SyncRefused, nil)
	}
	return okey.SyncReport{Read: r.Read, Added: r.Added, Changed: r.Changed, Removed: r.Removed, Faults: len(r.Errors)}, nil
}

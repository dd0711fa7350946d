package activities

import (
	"context"
	"errors"

	"okey/imports"
	"okey/okey"
	"okey/sql"
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

// Sync makes people and functions what the directory says. A directory that does not answer is tried again; that what it says must not be
// taken is an outcome, of which support is told. Only the workflow DirectorySync calls it.
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
	}
	return okey.SyncReport{
		Read: r.Read, Added: r.Added, Changed: r.Changed, Removed: r.Removed, Faults: len(r.Errors), Refused: !r.Taken || r.HeldBack(),
	}, nil
}

package act

import (
	"bytes"
	"context"
	"time"

	"okey/imports"
	"okey/okey"
	"okey/server/respond"
	"okey/sql"
)

// importers are what a file of people or schools is taken by.
var importers = map[sql.ImportKind]func(context.Context, *sql.Store, imports.Source, imports.Options) (*imports.Result, error){
	sql.ImportedStaff: imports.Staff, sql.ImportedEstablishments: imports.Establishments,
}

// Import takes a file of people or schools whole, as the command of that name does, or nothing: rows that can't be taken are a BadRows
// error. A check takes nothing at all. by is nobody for a program.
func (s *Dispatcher) Import(
	ctx context.Context, what sql.ImportKind, by okey.PersonID, up Upload, check, force bool,
) (*imports.Result, error) {
	if len(up.Content) == 0 {
		return nil, okey.InvalidField("file", "Envoyez le fichier, Excel ou CSV, dans le champ « file » : il manque, ou il est vide.")
	}
	result, err := importers[what](ctx, s.store,
		imports.Source{Name: up.Name, Content: bytes.NewReader(up.Content), Size: int64(len(up.Content))},
		imports.Options{At: time.Now().UTC(), Form: true, Whole: true, Check: check, Force: force, By: by, Via: okey.ViaAPI})
	if err != nil {
		return nil, respond.InFile(err)
	}
	if !result.OK() {
		return nil, respond.BadRows{Result: result}
	}
	return result, nil
}

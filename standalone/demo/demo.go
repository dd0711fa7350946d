// Package demo fills a new OKEY with made-up schools, people and keys: a small demonstration in which nothing has happened yet, and around
// it a school year, lived by the ways in that production has, each with its own clock. It starts no workflow: it says which are to run.
package demo

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"strings"
	"time"

	"okey/imports"
	"okey/okey"
	"okey/sql"
)

//go:embed *.csv
var files embed.FS

// take is one of the imports.
type take func(context.Context, *sql.Store, imports.Source, imports.Options) (*imports.Result, error)

// Small fills OKEY with the small demonstration as of an instant. Repeated, it changes nothing.
func Small(ctx context.Context, store *sql.Store, now time.Time) error {
	for _, file := range []struct {
		name string
		take take
	}{{"establishments.csv", imports.Establishments}, {"staff.csv", imports.Staff}, {"keys.csv", imports.Keys}} {
		if err := bring(ctx, store, file.take, file.name, small(file.name, now), now); err != nil {
			return err
		}
	}
	return store.Do(ctx, func(tx *sql.Tx) error { return saveSupport(ctx, tx, now) })
}

// small is a file of the small demonstration. Keys that end on a fixed day would have ended one day.
func small(name string, now time.Time) string {
	content, _ := files.ReadFile(name) // it is embedded
	soon, late := now.AddDate(0, 2, 0).Format(time.DateOnly), now.AddDate(4, 0, 0).Format(time.DateOnly)
	return strings.NewReplacer("SOON", soon, "LATE", late).Replace(string(content))
}

func bring(ctx context.Context, store *sql.Store, take take, name, content string, at time.Time) error {
	source := imports.Source{Name: name, Content: bytes.NewReader([]byte(content)), Size: int64(len(content))}
	result, err := take(ctx, store, source, imports.Options{At: at})
	if err == nil && !result.OK() {
		err = fmt.Errorf("%s: %v", name, result.Errors)
	}
	return err
}

var (
	support = okey.Person{UID: "ndurand", FamilyName: "Durand", GivenName: "Nadia", Mail: "nadia.durand@ac-nice.fr"}
	auditor = okey.Person{UID: "oauditeur", FamilyName: "Vidal", GivenName: "Olivier", Mail: "olivier.vidal@ac-nice.fr"}
)

// saveSupport adds those who belong to no school.
func saveSupport(ctx context.Context, tx *sql.Tx, now time.Time) error {
	for role, person := range map[okey.Role]okey.Person{okey.RoleSupport: support, okey.RoleAuditor: auditor} {
		id, err := tx.SavePerson(ctx, person, now)
		if err != nil {
			return err
		}
		if err := tx.SetRole(ctx, id, role, true, now); err != nil {
			return err
		}
	}
	return nil
}

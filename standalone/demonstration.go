package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"okey/imports"
	"okey/okey"
	"okey/sql"
)

//go:embed demo/*.csv
var demonstration embed.FS

// loadDemonstration fills a new OKEY with made-up schools, people and keys, on a first start that is not told otherwise.
// The imports change nothing when repeated, so a process killed half-way just begins again.
func (h *house) loadDemonstration(ctx context.Context, store *sql.Store) error {
	marker := h.marker()
	if _, err := os.Stat(marker); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if !h.flags.Demo {
		return writeWhole(marker, withoutDemonstration)
	}
	now := time.Now()
	if err := importDemonstration(ctx, store, now); err != nil {
		return fmt.Errorf("load the demonstration: %w", err)
	}
	if err := store.Do(ctx, func(tx *sql.Tx) error { return saveSupport(ctx, tx, now) }); err != nil {
		return fmt.Errorf("load the demonstration: %w", err)
	}
	return writeWhole(marker, "loaded\n")
}

const withoutDemonstration = "none\n"

func (h *house) marker() string { return filepath.Join(h.flags.Data, "demonstration") }

// demonstrates tells whether the people here are, or are about to be, those of the demonstration.
func (h *house) demonstrates() bool {
	loaded, err := os.ReadFile(h.marker())
	return h.flags.Demo && (err != nil || string(loaded) != withoutDemonstration)
}

// tourInbox is the setting that has pages lead newcomers: only here is it ever set by itself, where everybody is made up and signs in
// without a password.
func (h *house) tourInbox() string {
	if !h.demonstrates() {
		return ""
	}
	return h.addresses.inbox.url()
}

func importDemonstration(ctx context.Context, store *sql.Store, now time.Time) error {
	for _, file := range []struct {
		name string
		take func(context.Context, *sql.Store, imports.Source, imports.Options) (*imports.Result, error)
	}{
		{"establishments.csv", imports.Establishments},
		{"staff.csv", imports.Staff},
		{"keys.csv", imports.Keys},
	} {
		content, err := demonstration.ReadFile("demo/" + file.name)
		if err != nil {
			return err
		}
		// Keys that expire on a fixed day would have expired one day.
		soon, late := now.AddDate(0, 2, 0).Format(time.DateOnly), now.AddDate(4, 0, 0).Format(time.DateOnly)
		content = []byte(strings.NewReplacer("SOON", soon, "LATE", late).Replace(string(content)))
		result, err := file.take(
			ctx,
			store,
			imports.Source{Name: file.name, Content: bytes.NewReader(content), Size: int64(len(content))},
			imports.Options{At: now},
		)
		if err != nil {
			return err
		}
		if !result.OK() {
			return fmt.Errorf("%s: %v", file.name, result.Errors)
		}
	}
	return nil
}

// saveSupport adds those who belong to no school.
func saveSupport(ctx context.Context, tx *sql.Tx, now time.Time) error {
	for _, someone := range []struct {
		person okey.Person
		role   okey.Role
	}{
		{okey.Person{UID: "ndurand", FamilyName: "Durand", GivenName: "Nadia", Mail: "nadia.durand@ac-nice.fr"}, okey.RoleSupport},
		{okey.Person{UID: "oauditeur", FamilyName: "Vidal", GivenName: "Olivier", Mail: "olivier.vidal@ac-nice.fr"}, okey.RoleAuditor},
	} {
		id, err := tx.SavePerson(ctx, someone.person, now)
		if err != nil {
			return err
		}
		if err := tx.SetRole(ctx, id, someone.role, true, now); err != nil {
			return err
		}
	}
	return nil
}

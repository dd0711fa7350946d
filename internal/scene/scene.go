// Package scene sets up what tests begin with: a school, its people and keys, in a real database. Tests only.
package scene

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"okey/config"
	"okey/internal/pgtest"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Now is the instant that scenes play at: a Tuesday morning of term.
var Now = time.Date(2026, time.November, 24, 9, 12, 0, 0, time.UTC)

// The schools of every scene, in the academies of Nice and of Guadeloupe.
const (
	Tilleuls = okey.UAI("0069001B")
	Acacias  = okey.UAI("0069002C")
)

// Scene is a database with two schools.
type Scene struct {
	testing.TB
	Store *sql.Store
	URL   string // the application's role
	Admin *stdsql.DB
	Keys  config.Keyring // of the audit
	n     int
}

// New opens a scene: two schools, nobody in them.
func New(t testing.TB) *Scene {
	t.Helper()
	db := pgtest.New(t)
	admin, err := stdsql.Open("postgres", db.AdminURL)
	require.NoError(t, err)
	keys := config.NewKeyring()
	store, err := sql.Open(db.AppURL, keys)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = store.Close(), admin.Close() })
	s := &Scene{TB: t, Store: store, URL: db.AppURL, Admin: admin, Keys: keys}
	s.school(Tilleuls, "Collège des Tilleuls", "23")
	s.school(Acacias, "Lycée des Acacias", "32")
	return s
}

func (s *Scene) school(uai okey.UAI, name, academy string) {
	s.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		VALUES ($1, $2, 340, '99', '1', $3, 'Nice', '06000', $4)`, uai, name, academy, Now)
}

// Exec runs a statement as the owner of the database.
func (s *Scene) Exec(query string, args ...any) {
	s.Helper()
	_, err := s.Admin.ExecContext(context.Background(), query, args...)
	require.NoError(s, err)
}

// Count answers a question whose answer is a number.
func (s *Scene) Count(query string, args ...any) int {
	s.Helper()
	var n int
	require.NoError(s, s.Admin.QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}

// Text answers a question whose answer is a text.
func (s *Scene) Text(query string, args ...any) string {
	s.Helper()
	var text stdsql.NullString
	require.NoError(s, s.Admin.QueryRowContext(context.Background(), query, args...).Scan(&text))
	return text.String
}

// Person adds somebody with a function at a school; the name is "Given Family", the uid made from it.
func (s *Scene) Person(name string, function okey.Function, uais ...okey.UAI) okey.Person {
	s.Helper()
	given, family, _ := strings.Cut(name, " ")
	uid := strings.ToLower(given[:1] + family)
	p := okey.Person{UID: uid, GivenName: given, FamilyName: family, Mail: uid + "@ac-nice.fr"}
	err := s.Store.Do(context.Background(), func(tx *sql.Tx) error {
		id, err := tx.SavePerson(context.Background(), p, Now)
		p.ID = id
		return err
	})
	require.NoError(s, err)
	for _, uai := range uais {
		s.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, $3, 'import', $4)`, p.ID, uai,
			string(function), Now)
	}
	return p
}

// Support makes a person one of the academy's team.
func (s *Scene) Support(name string) okey.Person {
	s.Helper()
	p := s.Person(name, okey.Staff)
	s.Grant(p, okey.RoleSupport)
	return p
}

// Grant gives a person a role, as `okey grant` does.
func (s *Scene) Grant(p okey.Person, role okey.Role) {
	s.Helper()
	require.NoError(s, s.Store.Do(context.Background(), func(tx *sql.Tx) error {
		return tx.SetRole(context.Background(), p.ID, role, true, Now)
	}))
}

// Key adds a key in stock that is good for two years, and returns its serial.
func (s *Scene) Key(uai okey.UAI) okey.Serial {
	s.Helper()
	s.n++
	return s.KeyUntil(uai, okey.NewDay(2028, time.December, 31).AddDays(s.n))
}

// KeyUntil adds a key in stock with an expiry of its own.
func (s *Scene) KeyUntil(uai okey.UAI, expires okey.Day) okey.Serial {
	s.Helper()
	s.n++
	serial := okey.Serial(fmt.Sprintf("00480%05d", s.n))
	s.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, changed_at) VALUES ($1, $2, 'in_stock', 'L1', $3, $4)`,
		string(serial), uai, expires.String(), Now)
	return serial
}

// KeyOf adds a key in a person's hands.
func (s *Scene) KeyOf(p okey.Person, uai okey.UAI, expires okey.Day) okey.Serial {
	s.Helper()
	serial := s.KeyUntil(uai, expires)
	s.Exec(`DELETE FROM key WHERE serial = $1`, string(serial))
	s.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, holder, changed_at) VALUES ($1, $2, 'in_service', 'L1', $3, $4, $5)`,
		string(serial), uai, expires.String(), p.ID, Now)
	return serial
}

// Record writes an action as the server does, and returns it.
func (s *Scene) Record(a okey.Action) okey.Action {
	s.Helper()
	if a.ID == uuid.Nil {
		a.ID = uuid.New()
	}
	if a.Name == okey.ActionAsk && a.Request == uuid.Nil {
		a.Request = okey.RequestIDOf(a.By, a.ID)
	}
	if a.Via == "" {
		a.Via = okey.ViaAPI
	}
	if a.CreatedAt.IsZero() {
		a.CreatedAt = Now
	}
	a.Digest = []byte{1}
	recorded, err := s.Store.RecordAction(context.Background(), a)
	require.NoError(s, err)
	return recorded
}

// Ask records that a person asks for a key at a school.
func (s *Scene) Ask(p okey.Person, uai okey.UAI) okey.Action {
	s.Helper()
	return s.Record(okey.Action{
		Name: okey.ActionAsk, By: p.ID,
		Content: okey.Content{Establishment: uai, Need: "saisie des absences", Reason: okey.FirstKey},
	})
}

// Request reads a request as it is now.
func (s *Scene) Request(id uuid.UUID) okey.Request {
	s.Helper()
	r, err := s.Store.Request(context.Background(), id)
	require.NoError(s, err)
	return r
}

// KeyState reads a key's state.
func (s *Scene) KeyState(serial okey.Serial) okey.KeyState {
	s.Helper()
	k, err := s.Store.Key(context.Background(), serial)
	require.NoError(s, err)
	return k.State
}

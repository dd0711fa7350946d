package nation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"okey/activities"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// grow are the tables that grow with the nation and its years; nobody who waits for an answer reads one of them from end to end.
var grow = []string{
	"key", "request", "person", "assignment", "timeline", "key_event", "action", "mail", "audit", "session", "delivery_row", "watch_notice",
}

// readWhole are statements that read such a table from end to end all the same, known by words of theirs, and why they may.
var readWhole = []struct{ words, why string }{
	{`DELETE FROM watch_notice n WHERE`, "once a morning: what was told and holds still is as much as there is to look at"},
	{`INSERT INTO watch_notice (id, kind, subject, step, uai, run, at, taken_at, letter)`, "the same"},
	{`INSERT INTO key_away (serial, since) SELECT`, "once a morning, all keys beside all functions: what triggers may have overlooked"},
	{`WITH old AS (SELECT p.id, p.uid`, "once a morning: who stands there twice is asked of everybody"},
	{`SELECT DISTINCT uai FROM request WHERE stage = 'awaiting_stock'`, "a test's requests have few pages; of more, request_waits is read"},
	{`AND NOT EXISTS (SELECT FROM assignment a WHERE a.uai = coalesce(e.host, e.uai) AND a.function`, "all open requests are looked at; heads are hashed"},
}

// TestNoStatementReadsAGrowingTableFromEndToEnd looks at the plan of every statement that pages, judges and watches ask, as PostgreSQL itself
// tells it.
func TestNoStatementReadsAGrowingTableFromEndToEnd(t *testing.T) {
	admin, db := filled(t, 0.05)
	for _, setting := range []string{
		`session_preload_libraries = 'auto_explain'`, `auto_explain.log_min_duration = 0`, `auto_explain.log_format = json`,
		`auto_explain.log_nested_statements = on`,
	} {
		_, err := admin.ExecContext(t.Context(), fmt.Sprintf(`ALTER DATABASE %s SET %s`, db.Name, setting))
		require.NoError(t, err)
	}
	s := newStage(t, admin, db.AppURL)
	s.walk()
	s.programs()
	s.judges()
	s.nights()
	s.homesPlannedOnce(db.AppURL)
	plans := plansIn(t, db.Log)
	require.Greater(t, len(plans), 100, "statements whose plan was seen")
	for _, query := range slices.Sorted(maps.Keys(plans)) {
		for _, table := range slices.Sorted(maps.Keys(plans[query])) {
			known := slices.ContainsFunc(readWhole, func(e struct{ words, why string }) bool { return strings.Contains(query, e.words) })
			assert.True(t, known, "%s is read from end to end, by %.400s", table, query)
		}
	}
}

// homesPlannedOnce asks what a head's home asks, by one session, and has PostgreSQL tell that it keeps the plan: to make one takes it three
// times as long as to answer.
func (s *stage) homesPlannedOnce(address string) {
	store, err := sql.OpenPool(address, s.keys, sql.Pool{Connections: 1})
	require.NoError(s, err)
	defer func() { _ = store.Close() }()
	var schools []okey.UAI
	for _, uai := range strings.Split(s.text(`SELECT string_agg(uai, ' ') FROM (SELECT uai FROM establishment ORDER BY uai LIMIT 4) e`), " ") {
		schools = append(schools, okey.UAI(uai))
	}
	for visit := range 16 {
		uais := schools[:1+visit%len(schools)]
		reach := sql.Reach{UAIs: uais}
		_, err := store.House(context.Background(), sql.HouseOf{
			Reach: reach, Schools: uais, Decides: uais, Hands: uais, Heads: uais, Now: time.Now(), Lines: 20, Delegations: 50, Loans: 20,
		})
		require.NoError(s, err)
	}
	var kept, made int
	require.NoError(s, store.DB().QueryRow(`SELECT generic_plans, custom_plans FROM pg_prepared_statements
		WHERE statement LIKE '%loans_over%'`).Scan(&kept, &made))
	assert.Greater(s, kept, made, "answers by the plan that is kept, and by one made for the occasion")
}

// walk has people look at every list and search that grows.
func (s *stage) walk() {
	support := s.support()
	name := s.text(`SELECT given_name || ' ' || family_name FROM person WHERE idle_since IS NULL ORDER BY id LIMIT 1`)
	for _, asked := range []string{
		"martin", name, name[:1] + " " + strings.Fields(name)[1], "une clef à remettre à " + name, s.text(`SELECT mail FROM person ORDER BY id LIMIT 1`),
		s.text(`SELECT serial FROM key ORDER BY serial DESC LIMIT 1`), s.text(`SELECT uai FROM establishment LIMIT 1`), "saint-étienne", "LOT-2024-007",
		s.text(`SELECT id FROM request ORDER BY id LIMIT 1`), "zzzz",
	} {
		support.get(searched(asked))
	}
	for _, path := range []string{"/", "/assistance", "/assistance/journal", "/demandes", "/demandes?etape=awaiting_decision&depuis=5", "/commandes", "/compte"} {
		support.get(path)
	}
	for _, order := range slices.Sorted(maps.Keys(sorts)) {
		support.get("/clefs?tri=" + order)
		support.get("/clefs?tri=-" + order)
	}
	for _, filter := range []string{"suivi=parties", "suivi=expirent", "suivi=defectueuses", "suivi=parties&tri=titulaire", "etat=lost", "q=martin", "q=0010000", "lot=LOT-2024-007", "expire=01/01/2027"} {
		support.get("/clefs?" + filter)
	}
	head := s.principal(`SELECT uai FROM request WHERE stage = 'awaiting_decision' ORDER BY uai LIMIT 1`)
	for _, path := range []string{"/", "/demandes", "/clefs", "/clefs?tri=titulaire", "/commandes", "/inventaire", "/delegations", "/compte"} {
		head.get(path)
	}
	holder := s.visitor(`SELECT holder FROM key WHERE state = 'in_service' ORDER BY serial LIMIT 1`)
	for _, path := range []string{"/", "/demandes", "/clefs", "/compte", "/confidentialite"} {
		holder.get(path)
	}
}

// programs have lists narrowed as no page does: to what has changed since, all of it or nothing, and to a person.
func (s *stage) programs() {
	ctx, all, page := context.Background(), sql.Reach{All: true}, 51
	uid := s.text(`SELECT uid FROM person p JOIN key k ON k.holder = p.id ORDER BY k.serial LIMIT 1`)
	for _, since := range []time.Time{time.Now().AddDate(-20, 0, 0), time.Now().Add(time.Hour)} {
		_, err := s.store.ListRequests(ctx, all, sql.RequestFilter{ChangedSince: since, Limit: page})
		require.NoError(s, err)
		_, err = s.store.ListOrders(ctx, all, sql.OrderFilter{ChangedSince: since, Limit: page})
		require.NoError(s, err)
		_, err = s.store.ListKeys(ctx, all, sql.KeyFilter{ChangedSince: since, Limit: page})
		require.NoError(s, err)
	}
	_, err := s.store.ListRequests(ctx, all, sql.RequestFilter{Requester: uid, Limit: page})
	require.NoError(s, err)
	_, err = s.store.ListKeys(ctx, all, sql.KeyFilter{Holder: uid, Limit: page})
	require.NoError(s, err)
	_, err = s.store.ListKeys(ctx, all, sql.KeyFilter{KeptFor: uid, Limit: page})
	require.NoError(s, err)
	_, err = s.store.Gauges(ctx, time.Now()) // Prometheus, each half minute
	require.NoError(s, err)
}

// nights has the watches look for what is due.
func (s *stage) nights() {
	ctx, now := context.Background(), time.Now().UTC()
	in := okey.WatchInput{Run: "plans/" + uuid.NewString(), At: now}
	report, err := activities.NewWatch(s.store).Due(ctx, in)
	require.NoError(s, err)
	require.NotEmpty(s, report.Letters)
	for _, letter := range report.Letters[:10] {
		_, err := s.store.WatchedKeys(ctx, letter.Letter, okey.DayOf(now, time.UTC))
		require.NoError(s, err)
	}
	for _, look := range s.repairs(ctx, now) {
		require.NoError(s, look())
	}
	_, err = activities.NewRetention(s.store, 0).Retain(ctx, okey.RetentionInput{At: now})
	require.NoError(s, err)
}

// repairs are what the repair watch asks the database each minute.
func (s *stage) repairs(ctx context.Context, now time.Time) map[string]func() error {
	return map[string]func() error{
		"actions without an outcome": func() error { _, err := s.store.Undelivered(ctx, now, now, 500); return err },
		"requests owed a wake-up":    func() error { _, err := s.store.Owed(ctx, uuid.Nil, 500); return err },
		"free keys beside who waits": func() error { _, err := s.store.FirstBesideFreeKeys(ctx, okey.DayOf(now, time.UTC), 500); return err },
		"open requests":              func() error { _, err := s.store.OpenRequests(ctx, uuid.Nil, 500); return err },
		"open orders":                func() error { _, err := s.store.OpenOrders(ctx, uuid.Nil, 500); return err },
		"delegations that begin":     func() error { return s.store.BeginDelegations(ctx, now) },
		"mislaid keys":               func() error { return s.store.LapseKeys(ctx, now) },
		"what nobody judges":         func() error { return s.store.NoteUnjudged(ctx, now.Add(-time.Minute), now) },
		"old PINs":                   func() error { return s.store.DropOldPINs(ctx, now.AddDate(0, 0, -7)) },
		"old drafts":                 func() error { return s.store.DropOldDrafts(ctx, now.AddDate(0, 0, -1)) },
		"follow-ups":                 func() error { _, err := s.store.FollowUps(ctx, 500); return err },
	}
}

var planned = regexp.MustCompile(`(?m)duration: [0-9.]+ ms  plan:\n((?:\t.*\n)+)`)

// plansIn are the statements of a log of auto_explain, each with the growing tables that its plan reads from end to end.
func plansIn(t *testing.T, log string) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	found := map[string]map[string]bool{}
	for _, entry := range planned.FindAllStringSubmatch(string(text), -1) {
		var said struct {
			Query string `json:"Query Text"`
			Plan  plan
		}
		require.NoError(t, json.Unmarshal([]byte(entry[1]), &said), entry[1])
		if found[said.Query] == nil {
			found[said.Query] = map[string]bool{}
		}
		said.Plan.readWhole(found[said.Query], false)
	}
	return found
}

type plan struct {
	Node  string  `json:"Node Type"`
	Table string  `json:"Relation Name"`
	Cost  float64 `json:"Total Cost"`
	Plans []plan
}

// whole are the nodes that take in all that is below them before they give anything.
var whole = []string{"Hash", "Sort", "Aggregate", "Materialize", "Bitmap Heap Scan"}

// readWhole adds the tables that are read from end to end. stops tells that PostgreSQL reckons to have enough, and to stop, before half of
// what is below is read: a list's first rows, a count that goes to a thousand.
func (p plan) readWhole(tables map[string]bool, stops bool) {
	if p.Node == "Seq Scan" && !stops && slices.Contains(grow, p.Table) {
		tables[p.Table] = true
	}
	for _, below := range p.Plans {
		early := stops && !slices.Contains(whole, p.Node) || p.Node == "Limit" && p.Cost < below.Cost/2
		below.readWhole(tables, early)
	}
}

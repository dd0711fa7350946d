package server_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/server"
	"okey/sql"

	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pageStatements is what each page asks of the database at most, whoever looks at it, however many schools they answer for and however much
// there is to list: the session read and prolonged, the actor, and what the page is about. A statement outside a transaction is one, so it
// is as many transactions.
var pageStatements = map[string]int{
	"GET /":                                               9,
	"GET /accessibilite":                                  3,
	"GET /aide":                                           3,
	"GET /aide/:situation":                                3,
	"GET /api":                                            3,
	"GET /api/":                                           0,
	"GET /api/v1/openapi.json":                            0,
	"GET /api/v1/openapi.yaml":                            0,
	"GET /assistance":                                     5,
	"GET /assistance.xlsx":                                5,
	"GET /assistance/clefs-a-confirmer":                   4,
	"GET /assistance/clefs-a-confirmer.xlsx":              4,
	"GET /assistance/clefs-a-confirmer/:id":               7,
	"GET /assistance/courriels":                           3,
	"GET /assistance/courriels/:lettre":                   3,
	"GET /assistance/courriels/:lettre/apercu":            3,
	"GET /assistance/deplacer":                            4,
	"GET /assistance/envois/:id":                          18,
	"GET /assistance/envois":                              5,
	"GET /assistance/envois.xlsx":                         4,
	"GET /assistance/etablissements/:uai":                 22,
	"GET /assistance/hotes":                               7,
	"GET /assistance/hotes.xlsx":                          4,
	"GET /assistance/imports":                             6,
	"GET /assistance/imports.xlsx":                        4,
	"GET /assistance/imports/:id":                         4,
	"GET /assistance/imports/:id/tableau.xlsx":            4,
	"GET /assistance/journal":                             7,
	"GET /assistance/journal.xlsx":                        5,
	"GET /assistance/livraisons":                          5,
	"GET /assistance/livraisons.xlsx":                     4,
	"GET /assistance/livraisons/:id":                      8,
	"GET /assistance/livraisons/:id/tableau.xlsx":         6,
	"GET /assistance/personnes/:id":                       13,
	"GET /assistance/recepteurs":                          4,
	"GET /assistance/recepteurs.xlsx":                     4,
	"GET /assistance/recepteurs/:id":                      4,
	"GET /assistance/rattachements":                       6,
	"GET /assistance/rattachements.xlsx":                  4,
	"GET /assistance/succession":                          5,
	"GET /assistance/succession/:id":                      12,
	"GET /assistance/succession/:id/tableau.xlsx":         9,
	"GET /assistance/tableau-de-bord":                     8,
	"GET /assistance/tableau-de-bord/commandes.xlsx":      5,
	"GET /assistance/tableau-de-bord/delais.xlsx":         5,
	"GET /assistance/tableau-de-bord/etablissements.xlsx": 5,
	"GET /assistance/tableau-de-bord/semaines.xlsx":       5,
	"GET /charte":                                         4,
	"GET /charte/:version":                                4,
	"GET /clefs":                                          8,
	"GET /clefs.xlsx":                                     4,
	"GET /clefs/:serial":                                  15,
	"GET /clefs/:serial/depart":                           10,
	"GET /clefs/:serial/je-pars":                          10,
	"GET /clefs/:serial/essai":                            8,
	"GET /clefs/:serial/ne-marche-plus":                   8,
	"GET /clefs/:serial/ne-marche-plus/code":              8,
	"GET /clefs/:serial/ne-marche-plus/decalage":          8,
	"GET /clefs/:serial/ne-marche-plus/ecran":             8,
	"GET /clefs/:serial/ne-marche-plus/expiree":           8,
	"GET /clefs/:serial/ne-marche-plus/introuvable":       8,
	"GET /clefs/:serial/ne-marche-plus/signaler":          7,
	"GET /clefs/:serial/perdue":                           7,
	"GET /clefs/:serial/egaree":                           6,
	"GET /clefs/:serial/retrouvee":                        6,
	"GET /commandes":                                      13,
	"GET /commandes.xlsx":                                 5,
	"GET /commandes/:id":                                  13,
	"GET /commandes/exports/:id":                          5,
	"GET /compte":                                         5,
	"GET /compte.xlsx":                                    15,
	"GET /confidentialite":                                3,
	"GET /delegations":                                    5,
	"GET /delegations.xlsx":                               5,
	"GET /demandes":                                       6,
	"GET /demandes.xlsx":                                  5,
	"GET /demandes/:id":                                   8,
	"GET /demandes/:id/bordereau":                         8,
	"GET /demandes/:id/charte":                            7,
	"GET /demandes/:id/charte.txt":                        7,
	"GET /demandes/:id/numero-illisible":                  8,
	"GET /demandes/:id/tableau.xlsx":                      10,
	"GET /demandes/a-repondre":                            6,
	"GET /demandes/a-repondre/:id":                        8,
	"GET /demandes/nouvelle":                              9,
	"GET /deplacements/:id":                               15,
	"GET /healthz":                                        0,
	"GET /inventaire":                                     8,
	"GET /inventaire.xlsx":                                6,
	"GET /inventaire/:id":                                 8,
	"GET /inventaire/:id/tableau.xlsx":                    6,
	"GET /livraisons/:id":                                 8,
	"GET /mon-code-pin":                                   7,
	"GET /mon-code-pin/oublie":                            6,
	"GET /readyz":                                         2,
	"GET /remise":                                         8,
	"GET /remise/:id":                                     9,
	"GET /static/:file":                                   0,
	"GET /stock":                                          16,
	"GET /stock.xlsx":                                     10,
	"GET /valider/:token":                                 9,
}

// counting is a walk of which the database's questions are counted.
type counting struct {
	*walk
	store *sql.Store
	proxy *pgtest.Proxy
}

func newCounting(t *testing.T) *counting {
	t.Helper()
	w := &counting{walk: newWalk(newHouseWith(t, whereNobodyListens))}
	w.proxy = pgtest.NewProxy(t, w.Scene.URL)
	w.serve(t)
	return w
}

// serve has a server of its own answer, over one connection.
func (w *counting) serve(t *testing.T) {
	t.Helper()
	store, err := sql.OpenPool(w.proxy.URL, w.Keys, sql.Pool{Connections: 1})
	require.NoError(t, err)
	outcomes, err := w.Store.ListenOutcomes(t.Context()) // past the proxy: what is counted is the page's
	require.NoError(t, err)
	w.store = store
	s := server.New(w.Config, store, outcomes, w.Judges)
	w.handler = s.Handler()
	t.Cleanup(func() {
		s.Close()
		_ = store.Close()
	})
}

// ask answers how a page answers, and what it asks of the database, where its reader has been away for a while.
func (w *counting) ask(r row, p *player, about thing) (status int, asked []string) {
	w.Helper()
	w.Exec(`UPDATE session SET expiry = now() + interval '1 hour'`)
	w.proxy.Asked()
	status = w.visit(http.MethodGet, r, p, about, true).Code
	return status, w.proxy.Asked()
}

// readers are people of each kind, who see every page; home, which differs most, is everybody's.
var readers = []string{
	"Principal Tilleuls", "Bothschools Head", "Delegate Today", "Stockdelegate Today", "Supportworker Tilleuls", "Auditor Academy",
	"Colleague Tilleuls", "Gone Principal",
}

// costs holds every page to the table; it answers what each costs at most.
func (w *counting) costs(t *testing.T) map[string]int {
	t.Helper()
	most := map[string]int{}
	w.ask(pageRows[0], w.all[0], thing{}) // opens the connection
	for _, r := range slices.Concat(openRows, pageRows) {
		things := []thing{{}}
		if r.things != nil {
			things = r.things(w.walk)
		}
		for _, about := range things[:min(3, len(things))] { // the others are of other schools
			for _, p := range w.walkers(about) {
				named := slices.Contains(readers, p.name) || p.ID == about.owner || r.route == "GET /"
				if p.service() || p.anonymous || !named || !strings.HasPrefix(r.route, "GET ") {
					continue
				}
				status, asked := w.ask(r, p, about)
				if status != http.StatusOK {
					continue
				}
				most[r.route] = max(most[r.route], len(asked))
				assert.LessOrEqual(t, len(asked), pageStatements[r.route], "%s for %s, on %s, asks:\n%s",
					r.route, p.name, about.name, strings.Join(asked, "\n"))
			}
		}
	}
	return most
}

func TestAPageAsksAsLittleHoweverMuchThereIs(t *testing.T) {
	w := newCounting(t)
	few := w.costs(t)
	for route, n := range pageStatements {
		assert.Equal(t, n, few[route], "%s costs less than the table allows, or is no page", route)
	}
	w.grow()
	many := w.costs(t)
	if t.Failed() {
		for _, route := range slices.Sorted(maps.Keys(few)) {
			t.Logf("%q: %d,", route, few[route])
			if many[route] > few[route] {
				t.Logf("GROWS %q: %d to %d", route, few[route], many[route])
			}
		}
	}
	w.keepsItsPlans(t)
}

// keepsItsPlans: to plan what home asks takes the database longer than to answer it.
func (w *counting) keepsItsPlans(t *testing.T) {
	t.Helper()
	w.serve(t)
	for range 10 { // the database looks at five plans before it keeps one
		w.ask(row{route: "GET /"}, w.who("Principal Tilleuls"), thing{})
	}
	var planned []string
	rows, err := w.store.DB().QueryContext(t.Context(), `SELECT statement FROM pg_prepared_statements WHERE custom_plans > 5`)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var statement string
		require.NoError(t, rows.Scan(&statement))
		planned = append(planned, statement)
	}
	require.NoError(t, rows.Err())
	assert.Empty(t, slices.DeleteFunc(planned, func(s string) bool { return !strings.Contains(s, "json_agg") }), "planned each time")
}

// grow makes twenty more of each thing, with other people: nine at the same schools, the others at eleven schools that the Tilleuls'
// principal heads too, where today's delegate has been named and a colleague works.
func (w *counting) grow() {
	w.Helper()
	var schools []string
	principal, delegate, colleague := w.who("Principal Tilleuls"), w.who("Delegate Today"), w.who("Colleague Tilleuls")
	for n := range 11 {
		uai := rightUAI(fmt.Sprintf("00691%02dA", n))
		schools = append(schools, string(uai))
		w.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
			VALUES ($1, $2, 340, '99', '1', '23', 'Nice', '06000', $3)`, uai, fmt.Sprintf("Collège %d", n), scene.Now)
		w.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'chef', 'import', $3)`,
			principal.ID, uai, scene.Now)
		w.Exec(`INSERT INTO assignment (person, uai, function, source, since)
			VALUES ($1, $3, 'personnel', 'import', $4), ($2, $3, 'personnel', 'import', $4)`, delegate.ID, colleague.ID, uai, scene.Now)
		w.Exec(`INSERT INTO delegation (id, uai, given_by, given_to, scope, from_day, until_day, source, created_at, begun_at)
			VALUES (gen_random_uuid(), $1, $2, $3, 'everything', $4, $4, 'page', now(), now())`,
			uai, principal.ID, delegate.ID, w.day.String())
	}
	w.Exec(`CREATE FUNCTION grown(line jsonb, n int, schools text[]) RETURNS jsonb LANGUAGE sql AS $$
		SELECT jsonb_object_agg(key, CASE
			WHEN jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^[0-9a-f]{8}-[0-9a-f-]{27}$' THEN to_jsonb(md5((value #>> '{}') || n)::uuid)
			WHEN key IN ('serial', 'handed_over_key', 'uid', 'message_id') THEN to_jsonb((value #>> '{}') || lpad(n::text, 2, '0'))
			WHEN key = 'number' THEN to_jsonb(value::bigint + 1000 * n)
			WHEN value = to_jsonb('` + string(scene.Tilleuls) + `'::text) AND n > 9 THEN to_jsonb(schools[n - 9])
			ELSE value END) FROM jsonb_each(line) $$`)
	for _, table := range []string{
		"person", "assignment", "delegation", "request", "timeline", "key", "key_event", "action", "mail", "delivery", "delivery_row",
		"order_export", "key_order", "order_event", "inventory", "inventory_line", "key_report", "key_move", "attachment", "import_run",
	} {
		// Neither triggers nor foreign keys: all that a line names is copied, too.
		_, err := w.Admin.ExecContext(context.Background(), `BEGIN; SET LOCAL session_replication_role = replica;
			INSERT INTO `+table+` OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(t, grown(to_jsonb(t), n, `+
			pq.QuoteLiteral("{"+strings.Join(schools, ",")+"}")+`))).* FROM `+table+` t, generate_series(1, 20) n
			ON CONFLICT DO NOTHING; COMMIT`)
		require.NoError(w, err, table)
	}
	w.Exec(`ANALYZE`)
}

// What home allocates, for whom it shows most: twice that would be a page that is made twice.
func TestHomeAllocatesLittle(t *testing.T) {
	pgtest.Alone(t)
	w := newWalk(newHouse(t))
	principal, home := w.who("Principal Tilleuls"), row{route: "GET /"}
	w.visit(http.MethodGet, home, principal, thing{}, true)
	allocations := testing.AllocsPerRun(20, func() { w.visit(http.MethodGet, home, principal, thing{}, true) })
	assert.Less(t, allocations, 11_000.0) // 7,100 when that was written
}

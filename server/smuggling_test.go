package server_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// smuggled is an id that somebody would give to what they make.
var smuggled = uuid.MustParse("5a5a5a5a-5a5a-4a5a-8a5a-5a5a5a5a5a5a")

// contraband are fields that are nobody's to send: columns, roles, other people, other schools.
func (w *walk) contraband() map[string]string {
	victim := w.who("Nobody Anywhere").ID.String()
	fields := map[string]string{
		"id": smuggled.String(), "request": smuggled.String(), "subject": smuggled.String(), "state": "received", "stage": "handed_over",
		"role":    "support",
		"support": "true", "auditor": "true", "via": "support", "uai": string(scene.Acacias), "from_uai": string(scene.Acacias),
		"to_uai": string(scene.Acacias),
		"at":     "2001-01-01T00:00:00Z", "placed_at": "2001-01-01T00:00:00Z", "received": "500", "pin_hash": "x", "proof": "sign_in",
		"name": "handover", "outcome": "accepted",
	}
	for _, name := range []string{"by", "by_person", "given_by", "given_to", "owner", "holder", "actor", "requester"} {
		fields[name] = victim
	}
	return fields
}

// permitted is the first try of a route that succeeds.
func (w *walk) permitted(r row) (*player, thing) {
	w.Helper()
	things := []thing{{}}
	if r.things != nil {
		things = r.things(w)
	}
	method, _, _ := strings.Cut(r.route, " ")
	for _, about := range things {
		for _, p := range w.walkers(about) {
			refused := w.judged(r, p, about, true)
			if refused == nil && (!p.service() || forAPI(r.route)) && w.expected(method, r, p, about, nil) == max(r.ok, http.StatusOK) {
				return p, about
			}
		}
	}
	w.Fatalf("nobody may: %s", r.route)
	return nil, thing{}
}

// sent sends a body that has been tampered with.
func (w *walk) sent(r row, p *player, about thing, body any) *httptest.ResponseRecorder {
	r.body = func(*walk, *player, thing, bool) any { return body }
	method, _, _ := strings.Cut(r.route, " ")
	return w.visit(method, r, p, about, true)
}

// Every write of the API refuses fields that it does not name, each by its name, and does nothing then.
func TestAPIWritesRefuseFieldsThatAreNotTheirs(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("api/openapi.yaml")
	require.NoError(t, err)
	rows := map[string]row{}
	for _, r := range apiRows {
		rows[r.route] = r
	}
	w := newWalk(newHouse(t))
	parameter := regexp.MustCompile(`\{(\w+)\}`)
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			route := method + " /api/v1" + parameter.ReplaceAllString(path, ":$1")
			if method == http.MethodGet || operation.RequestBody != nil && operation.RequestBody.Value.Content.Get("multipart/form-data") != nil {
				// a form, which ignores them, or a push: below
				continue
			}
			t.Run(route, func(t *testing.T) {
				r, listed := rows[route]
				require.True(t, listed)
				named := map[string]bool{}
				if operation.RequestBody != nil {
					schema := operation.RequestBody.Value.Content.Get("application/json").Schema.Value
					require.NotNil(t, schema.AdditionalProperties.Has)
					require.False(t, *schema.AdditionalProperties.Has, "the description says so too")
					for name := range schema.Properties {
						named[name] = true
					}
				}
				p, about := w.permitted(r)
				good := object{}
				if r.body != nil {
					good = r.body(w, p, about, true).(object)
				}
				foreign := w.contraband()
				foreign["establishment"], foreign["person"] = string(scene.Acacias), foreign["by"]
				maps.DeleteFunc(foreign, func(name, _ string) bool { return named[name] })
				body := maps.Clone(good)
				for name, value := range foreign {
					body[name] = value
				}
				body["support"] = true
				a := w.sent(r, p, about, body)
				assert.Equal(t, http.StatusUnprocessableEntity, a.Code, a.Body.String())
				for name := range foreign {
					assert.Contains(t, a.Body.String(), `"field":"`+name+`"`)
				}
				alone := maps.Clone(good)
				alone["support"] = true
				assert.Equal(t, http.StatusUnprocessableEntity, w.sent(r, p, about, alone).Code)
				assert.Empty(t, w.changed(), "refused whole")
				assert.Equal(t, max(r.ok, http.StatusOK), w.sent(r, p, about, good).Code, "without them it is done")
				w.restore(t)
			})
		}
	}
}

// A push refuses them, as it would JSON: who misspells a dry run has not asked for a real one.
func TestPushesRefuseFieldsThatAreNotTheirs(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("api/openapi.yaml")
	require.NoError(t, err)
	w := newWalk(newHouse(t))
	for _, r := range apiRows {
		if pushed[r.route] == "" {
			continue
		}
		method, path, _ := strings.Cut(r.route, " /api/v1")
		schema := doc.Paths.Find(path).GetOperation(method).RequestBody.Value.Content.Get("multipart/form-data").Schema.Value
		require.False(t, *schema.AdditionalProperties.Has, "the description says so too")
		p, about := w.permitted(r)
		for name, value := range w.contraband() {
			request := uploadOf(w.URL, "envoi.csv", pushed[r.route], name, value)
			assert.Equal(t, http.StatusUnprocessableEntity, w.sent(r, p, about, request).Code, "%s: %s", r.route, name)
		}
		assert.Empty(t, w.changed(), r.route)
		assert.Equal(t, http.StatusOK, w.sent(r, p, about, r.body(w, p, about, true)).Code, "without them it is done")
		w.restore(t)
	}
}

// Forms ignore what they do not ask: with and without it, the database is the same afterwards.
func TestFormsIgnoreFieldsThatAreNotTheirs(t *testing.T) {
	w := newWalk(newHouse(t))
	before := w.dump(t)
	for _, r := range slices.Concat(openRows, writtenRows, apiRows) {
		if r.body == nil || pushed[r.route] != "" {
			continue
		}
		p, about := w.permitted(r)
		switch body := r.body(w, p, about, true).(type) {
		case url.Values:
			t.Run(r.route, func(t *testing.T) {
				body.Set("action", uuid.NewString())
				plain := w.sent(r, p, about, body)
				without := masked(w.dump(t), before)
				w.restore(t)
				for name, value := range w.contraband() {
					if !body.Has(name) {
						body.Set(name, value)
					}
				}
				extra := w.sent(r, p, about, body)
				assert.Equal(t, plain.Code, extra.Code)
				w.same(t, without, before)
			})
		case *http.Request:
			t.Run(r.route, func(t *testing.T) {
				action := uuid.NewString()
				send := func(fields ...string) {
					request := uploadOf(w.URL, "livraison.csv", fileOf("00490040", scene.Tilleuls), append(fields, "action", action)...)
					request.Header.Set("Idempotency-Key", action)
					assert.Equal(t, max(r.ok, http.StatusOK), w.sent(r, p, about, request).Code)
				}
				send()
				without := masked(w.dump(t), before)
				w.restore(t)
				var fields []string
				for name, value := range w.contraband() {
					if name != "uai" { // of PSKC files: asked
						fields = append(fields, name, value)
					}
				}
				send(fields...)
				w.same(t, without, before)
			})
		}
	}
}

// same holds the database to what it was without the contraband.
func (w *walk) same(t *testing.T, without []string, before string) {
	t.Helper()
	with := w.dump(t)
	assert.NotContains(t, with, smuggled.String())
	assert.Equal(t, without, masked(with, before))
	w.restore(t)
}

// dump is every row of every table but sessions.
func (w *walk) dump(t *testing.T) string {
	t.Helper()
	var all []string
	for _, table := range w.tables {
		if table == "session" {
			continue
		}
		rows, err := w.Admin.QueryContext(context.Background(), `SELECT '`+table+` ' || to_jsonb(t)::text FROM public.`+table+` t`)
		require.NoError(t, err)
		for rows.Next() {
			var line string
			require.NoError(t, rows.Scan(&line))
			all = append(all, line)
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

var (
	anyID    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	changing = regexp.MustCompile(`\\\\x[0-9a-f]+|"number": \d+|"sha256": "\w+"|"file_name": "[^"]*"` +
		`|\d{4}-\d\d-\d\dT[\d:.]+([+-]\d\d:\d\d|Z)|v\d\$argon2id[^"]*|:[0-9a-f]{64}:`)
)

// masked leaves out of a dump what differs from one time to the next: instants, sums, random ids.
func masked(dump, before string) []string {
	dump = anyID.ReplaceAllStringFunc(dump, func(id string) string {
		if id == smuggled.String() || strings.Contains(before, id) {
			return id
		}
		return "(new)"
	})
	lines := strings.Split(changing.ReplaceAllString(dump, "(then)"), "\n")
	slices.Sort(lines)
	return lines
}

// Whoever may not see a thing can't tell it from one that does not exist: not by the status, not by a word.
func TestWhatOneMayNotSeeIsLikeWhatDoesNotExist(t *testing.T) {
	w := newWalk(newHouse(t))
	p := w.who("Delegate Acacias")
	for _, r := range slices.Concat(openRows, pageRows, writtenRows, apiRows) {
		if r.things == nil || r.gate != asking {
			continue
		}
		i := slices.IndexFunc(r.things(w), func(about thing) bool {
			return okey.ErrorCode(w.judged(r, p, about, true)) == okey.CodeNotFound
		})
		if i < 0 {
			continue
		}
		t.Run(r.route, func(t *testing.T) {
			hidden := r.things(w)[i]
			unknown := hidden
			switch {
			case strings.Contains(r.route, ":serial"), r.query != nil && r.query(hidden) == byClef(hidden), strings.Contains(r.route,
				"pin"):
				unknown.id = "00999999"
			case anyID.MatchString(hidden.id):
				unknown.id = uuid.NewString()
			default:
				unknown.id = string(rightUAI("0069999A"))
			}
			method, _, _ := strings.Cut(r.route, " ")
			there, nowhere := w.visit(method, r, p, hidden, true), w.visit(method, r, p, unknown, true)
			want := http.StatusNotFound
			if r.each { // it stands in the outcome of the item
				want = http.StatusOK
				assert.Contains(t, there.Body.String(), `"status":404`)
			}
			assert.Equal(t, want, there.Code)
			assert.Equal(t, there.Code, nowhere.Code)
			assert.Equal(t, without(hidden.id, there.Body.String()), without(unknown.id, nowhere.Body.String()))
		})
	}
}

// without leaves out of an answer what the asker said, and what differs each time.
func without(id, text string) string {
	var problem map[string]any
	if json.Unmarshal([]byte(text), &problem) == nil {
		delete(problem, "instance")
		made, _ := json.Marshal(problem) // a map of texts
		text = string(made)
	}
	return anyID.ReplaceAllString(strings.ReplaceAll(text, id, "(it)"), "(id)")
}

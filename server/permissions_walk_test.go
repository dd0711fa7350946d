package server_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gate is who a route lets through before it looks at what it is about.
type gate int

const (
	open     gate = iota // everybody
	signedIn             // whoever has signed in, or has a token: about themselves, or a list of what they see
	asking               // whom the permission table lets
	service              // a service's token with the scope, and nobody else
)

// row is what a route asks. What comes back is not written here: it follows from the permission table.
type row struct {
	route  string
	gate   gate
	acts   []okey.Act                              // one of them is enough, on the thing
	scope  string                                  // of a service's token that is let through, too
	things func(*walk) []thing                     // nil: it is about no establishment in particular
	judge  func(*walk, *player, thing, bool) error // where one May is not the whole of it
	body   func(*walk, *player, thing, bool) any
	query  func(thing) string
	bare   bool                            // walked without a comment, too
	ok     int                             // zero: 200
	by     []string                        // who tries it, where it is not everybody: what counts is in the address
	lists  func(*walk) []thing             // shown to those who may see them, to nobody else
	tabs   []string                        // queries of the pages that make up the list
	each   bool                            // 200 for whoever has a token: what the table says stands in the outcome of its one item
	domain func(*walk, *player, thing) int // once permitted: what the domain says instead of ok; zero: nothing
	denied int                             // what whoever sees it but may not do it is answered: 403 where zero
	guest  int                             // what anonymous visitors are answered, where that is not the rule
}

// The permission table is the one place that says who may: every route is tried by everybody, on things of one's own, of one's
// establishment, of the section that it answers for and of others, and has to answer as the table says. What is refused, or
// merely read, changes nothing.
func TestEveryRouteAnswersAsThePermissionTableSays(t *testing.T) {
	h := newHouseWith(t, whereNobodyListens)
	known := map[string]row{}
	for _, r := range slices.Concat(openRows, pageRows, writtenRows, apiRows) {
		_, twice := known[r.route]
		require.False(t, twice, "%s has two rows", r.route)
		known[r.route] = r
	}
	routes := h.Server.Routes()
	for _, route := range routes {
		_, listed := known[strings.Replace(route, "HEAD ", "GET ", 1)]
		assert.True(t, listed, "%s is in no row: say who may", route)
	}
	for route := range known {
		assert.Contains(t, routes, route, "a row without a route")
	}
	used := map[okey.Act]bool{}
	for _, r := range known {
		for _, act := range r.acts {
			used[act] = true
		}
	}
	for act := range okey.Permissions {
		assert.True(t, used[act], "no row asks %s", act)
	}
	if t.Failed() {
		return
	}
	w := newWalk(h)
	slices.Sort(routes)
	for _, route := range routes {
		t.Run(route, func(t *testing.T) {
			method, _, _ := strings.Cut(route, " ")
			w.try(t, method, known[strings.Replace(route, "HEAD ", "GET ", 1)])
		})
	}
	left := w.digests(w.tables)
	maps.DeleteFunc(left, func(table, digest string) bool { return unwatched(table) || digest == w.kept[table] })
	assert.Empty(t, left, "what the walk has not put back: something was written that no table noted")
}

// try has everybody try one route on everything that it can be about.
func (w *walk) try(t *testing.T, method string, r row) {
	things := []thing{{}}
	if r.things != nil {
		things = r.things(w)
	}
	reasons := []bool{true}
	if r.bare {
		reasons = []bool{true, false}
	}
	if method == http.MethodHead {
		things = things[:1] // of GET's own handler
	}
	for _, about := range things {
		w.Exec(`DELETE FROM attempt`) // all the world is one address here
		for _, reason := range reasons {
			var let, refused []*player
			for _, p := range w.walkers(about) {
				if r.by != nil && !slices.Contains(r.by, p.name) {
					continue
				}
				if p.service() && !forAPI(r.route) {
					continue // a page knows no token
				}
				if w.judged(r, p, about, reason) == nil && method != http.MethodGet && method != http.MethodHead {
					let = append(let, p)
					continue
				}
				refused = append(refused, p)
			}
			beside(refused, func(p *player) { w.step(t, method, r, p, about, reason) }) // none of them changes anything
			if !assert.Empty(t, w.changed(), "refused, or only read: nothing changes (%s)", about.name) {
				w.restore(t)
			}
			for _, p := range let {
				w.step(t, method, r, p, about, reason)
				w.restore(t)
			}
		}
	}
}

// beside does something for several, a few at a time.
func beside[T any](all []T, do func(T)) {
	var each sync.WaitGroup
	next := make(chan T)
	for range 2 * runtime.GOMAXPROCS(0) {
		each.Go(func() {
			for one := range next {
				do(one)
			}
		})
	}
	for _, one := range all {
		next <- one
	}
	close(next)
	each.Wait()
}

func forAPI(route string) bool { return strings.Contains(route, " /api/") }

var errAnonymous = okey.Errorf(okey.CodeUnauthorized, "nobody has signed in")

// judged is what the table says of a player: nil, or why not.
func (w *walk) judged(r row, p *player, about thing, reason bool) error {
	scoped := p.service() && r.scope != "" && p.scope == r.scope
	switch {
	case r.gate == open:
		if r.judge != nil {
			return r.judge(w, p, about, reason)
		}
		return nil
	case p.anonymous:
		return errAnonymous
	case scoped:
		return nil
	case p.service() || r.gate == service:
		return okey.Errorf(okey.CodeForbidden, "this token does not open it")
	case r.gate == signedIn:
		return nil
	case r.judge != nil:
		return r.judge(w, p, about, reason)
	}
	return w.may(p, about, reason, r.acts...)
}

var refusals = map[okey.Code]int{
	okey.CodeNotFound: http.StatusNotFound, okey.CodeForbidden: http.StatusForbidden, okey.CodeOwnRequest: http.StatusForbidden,
	okey.CodeInvalid: http.StatusUnprocessableEntity, okey.CodeKeyTransition: http.StatusConflict,
	okey.CodeUnauthorized: http.StatusUnauthorized,
	okey.CodeNoKey:        http.StatusConflict,
}

// expected is the status that follows.
func (w *walk) expected(method string, r row, p *player, about thing, refused error) int {
	switch {
	case refused == nil:
		if r.domain != nil {
			if status := r.domain(w, p, about); status != 0 {
				return status
			}
		}
		if p.anonymous && r.guest != 0 {
			return r.guest
		}
		return max(r.ok, http.StatusOK)
	case errors.Is(refused, errAnonymous) && !forAPI(r.route) && method != http.MethodPost:
		return http.StatusSeeOther
	case refusals[okey.ErrorCode(refused)] == http.StatusForbidden && r.denied != 0:
		return r.denied
	}
	return refusals[okey.ErrorCode(refused)]
}

func (w *walk) step(t *testing.T, method string, r row, p *player, about thing, reason bool) {
	t.Helper()
	refused := w.judged(r, p, about, reason)
	status := w.expected(method, r, p, about, refused)
	a := w.visit(method, r, p, about, reason)
	if r.each && a.Code == http.StatusOK {
		a = onlyOutcome(t, a)
	}
	who := fmt.Sprintf("%s on %s, reason %t: the table says %q: %s", p.name, about.name, reason, okey.ErrorCode(refused),
		shortened(a.Body.String()))
	if !assert.Equal(t, status, a.Code, who) {
		return
	}
	switch {
	case errors.Is(refused, errAnonymous) && status == http.StatusSeeOther:
		assert.True(t, strings.HasPrefix(a.Header().Get("Location"), "/connexion?vers="), who)
	case refused != nil && forAPI(r.route) && method != http.MethodHead:
		var problem struct{ Code okey.Code }
		assert.NoError(t, json.Unmarshal(a.Body.Bytes(), &problem), who)
		assert.Equal(t, okey.ErrorCode(refused), problem.Code, who)
	case refused == nil && r.lists != nil && method == http.MethodGet:
		w.listed(t, r, p, a.Body.Bytes())
	}
}

// onlyOutcome is what became of the one item of a list, as if it had been sent alone.
func onlyOutcome(t *testing.T, a *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	t.Helper()
	var answer struct {
		Outcomes []struct {
			Status  int
			Problem json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal(a.Body.Bytes(), &answer))
	require.Len(t, answer.Outcomes, 1)
	alone := httptest.NewRecorder()
	alone.Code, alone.Body = answer.Outcomes[0].Status, bytes.NewBuffer(answer.Outcomes[0].Problem)
	return alone
}

// listed holds a list to what its reader may see.
func (w *walk) listed(t *testing.T, r row, p *player, body []byte) {
	t.Helper()
	text := string(body)
	if strings.Contains(r.route, ".xlsx") {
		text = sheetText(t, body)
	}
	for _, tab := range r.tabs {
		r.query = func(thing) string { return tab }
		text += w.visit(http.MethodGet, r, p, thing{}, true).Body.String()
	}
	text = html.UnescapeString(text)
	for _, one := range r.lists(w) {
		sees := p.service() || w.may(p, one, false, okey.ActSee) == nil
		shown := slices.ContainsFunc(one.marks, func(mark string) bool { return strings.Contains(text, mark) })
		assert.Equal(t, sees, shown, "%s, shown to %s", one.name, p.name)
	}
}

// sheetText is everything that a workbook says.
func sheetText(t *testing.T, file []byte) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	var text strings.Builder
	for _, part := range archive.File {
		content, err := part.Open()
		require.NoError(t, err)
		_, err = io.Copy(&text, content) //nolint:gosec // of our own making
		require.NoError(t, err)
	}
	return text.String()
}

func shortened(text string) string {
	text = text[:min(len(text), 3000)]
	text = strings.TrimSpace(spaces.ReplaceAllString(tags.ReplaceAllString(text, " "), " "))
	return text[:min(len(text), 300)]
}

// visit asks as the player's browser or program does.
func (w *walk) visit(method string, r row, p *player, about thing, reason bool) *httptest.ResponseRecorder {
	w.Helper()
	_, route, _ := strings.Cut(r.route, " ")
	parts := strings.Split(route, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, ":") {
			parts[i] = url.PathEscape(about.id)
		}
	}
	target := strings.Join(parts, "/")
	if r.query != nil {
		target += "?" + r.query(about)
	}
	var body any
	if r.body != nil {
		body = r.body(w, p, about, reason)
	}
	request := w.asked(method, target, p, body)
	if forAPI(r.route) {
		if p.token != "" {
			request.Header.Set("Authorization", "Bearer "+p.token)
		}
	} else if p.cookie != "" {
		request.AddCookie(&http.Cookie{Name: w.cookie, Value: p.cookie})
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, request)
	return answer
}

// asked makes the request: a form, JSON, or a file.
func (w *walk) asked(method, target string, p *player, body any) *http.Request {
	w.Helper()
	switch b := body.(type) {
	case url.Values:
		sent := url.Values{"action": {uuid.NewString()}, "person": {p.ID.String()}}
		if strings.HasPrefix(target, "/valider/") { // the form is the link's person's, whoever looks at it
			sent.Del("person")
		}
		for name, values := range b {
			sent[name] = values
		}
		r := httptest.NewRequestWithContext(context.Background(), method, target, strings.NewReader(sent.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	case *http.Request:
		r := httptest.NewRequestWithContext(context.Background(), method, target, b.Body)
		r.Header = b.Header
		return r
	case map[string]any:
		content, err := json.Marshal(b)
		require.NoError(w, err)
		r := httptest.NewRequestWithContext(context.Background(), method, target, bytes.NewReader(content))
		r.Header.Set("Content-Type", "application/json")
		return r
	}
	return httptest.NewRequestWithContext(context.Background(), method, target, nil)
}

// upload is a form with a file of one key; fields are pairs.
func upload(target, serial string, uai okey.UAI, fields ...string) *http.Request {
	return uploadOf(target, "livraison.csv", fileOf(serial, uai), fields...)
}

// uploadOf is a form with a file.
func uploadOf(target, name, content string, fields ...string) *http.Request {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, _ := form.CreateFormFile("file", name) // writing to memory
	_, _ = io.WriteString(file, content)
	for i := 0; i+1 < len(fields); i += 2 {
		_ = form.WriteField(fields[i], fields[i+1])
	}
	_ = form.Close()
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, target, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return r
}

// mark stands for all that is in a row.
const mark = `hashtextextended(t::text, 0)`

// keep copies every table aside, and has each note from then on that it was written: most steps write few, and only those are looked at.
func (w *walk) keep() {
	w.Helper()
	names := w.Text(`SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'
		AND tablename <> 'goose_db_version'`)
	w.tables = strings.Fields(names)
	w.Exec(`CREATE SCHEMA kept`)
	w.Exec(`CREATE TABLE kept.written (name text)`)
	w.Exec(`CREATE FUNCTION kept.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
		INSERT INTO kept.written VALUES (TG_TABLE_NAME); RETURN NULL; END $$`)
	for _, table := range w.tables {
		w.Exec(`CREATE TABLE kept.` + table + ` AS SELECT t AS was, ` + mark + ` AS mark FROM public.` + table + ` t`)
		if !unwatched(table) {
			w.Exec(`CREATE TRIGGER written AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.` + table + ` EXECUTE FUNCTION kept.note()`)
		}
	}
	w.written, w.kept = map[string]bool{}, w.digests(w.tables)
}

// Sessions are not looked at: each page notes that its visitor is still there, and a form without a session is kept for its writer.
// Neither are wrong guesses, which are counted.
func unwatched(table string) bool { return table == "session" || table == "attempt" }

// digests stand for what the tables hold.
func (w *walk) digests(tables []string) map[string]string {
	w.Helper()
	if len(tables) == 0 {
		return nil
	}
	parts := make([]string, len(tables))
	for i, table := range tables {
		parts[i] = `SELECT '` + table + `', count(*) || '/' || coalesce(sum(` + mark + `), 0) FROM public.` + table + ` t`
	}
	return w.pairs(strings.Join(parts, " UNION ALL "))
}

// pairs are the rows of two columns that a statement answers.
func (w *walk) pairs(query string) map[string]string {
	w.Helper()
	rows, err := w.Admin.QueryContext(context.Background(), query)
	require.NoError(w, err)
	defer func() { _ = rows.Close() }()
	found := map[string]string{}
	for rows.Next() {
		var name, value string
		require.NoError(w, rows.Scan(&name, &value))
		found[name] = value
	}
	require.NoError(w, rows.Err())
	return found
}

// touched names the tables that have been written since they were last put back.
func (w *walk) touched() []string {
	w.Helper()
	for table := range w.pairs(`DELETE FROM kept.written RETURNING name, ''`) {
		w.written[table] = true
	}
	return slices.Sorted(maps.Keys(w.written))
}

// changed names those that are no longer as the walk began.
func (w *walk) changed() []string {
	w.Helper()
	w.touched()
	for table, digest := range w.digests(slices.Sorted(maps.Keys(w.written))) {
		if digest == w.kept[table] {
			delete(w.written, table) // written, with what it had
		}
	}
	return slices.Sorted(maps.Keys(w.written))
}

// restore puts everything back as it was. A session that was ended begins again.
func (w *walk) restore(t *testing.T) {
	t.Helper()
	statements := []string{`BEGIN`, `SET LOCAL session_replication_role = replica`} // no triggers, no foreign keys
	for _, table := range w.touched() {
		statements = append(statements,
			`DELETE FROM public.`+table+` t WHERE NOT EXISTS (SELECT FROM kept.`+table+` k WHERE k.mark = `+mark+`)`,
			`INSERT INTO public.`+table+` OVERRIDING SYSTEM VALUE SELECT (k.was).*
				FROM kept.`+table+` k WHERE NOT EXISTS (SELECT FROM public.`+table+` t WHERE k.mark = `+mark+`)`)
	}
	statements = append(statements, `INSERT INTO session AS s SELECT (k.was).* FROM kept.session k ON CONFLICT (token) DO UPDATE
		SET data = excluded.data, expiry = excluded.expiry WHERE (s.data, s.expiry) <> (excluded.data, excluded.expiry)`, `COMMIT`)
	_, err := w.Admin.ExecContext(context.Background(), strings.Join(statements, "; "))
	require.NoError(t, err)
	clear(w.written)
}

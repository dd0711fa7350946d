package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"okey/activities"
	"okey/calendar"
	"okey/config"
	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/okey"
	"okey/server"
	"okey/sql"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	openapi3filter.RegisterBodyDecoder("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", openapi3filter.FileBodyDecoder)
	flag.Parse()
	if !testing.Verbose() { // thousands of lines, side by side
		slog.SetDefault(slog.New(slog.DiscardHandler))
	}
	debug.SetGCPercent(400) // memory is there, processors are few
	pgtest.Main(m)
}

// judges deliver actions straight to the activities that judge them: what the engine does, without the way between. away makes it
// an engine that does not answer.
type judges struct {
	store     *sql.Store
	requests  *activities.Requests
	keys      *activities.Keys
	stock     *activities.Stock
	calls     atomic.Int64 // of whatever kind, but whether it answers
	away      atomic.Bool
	hold      chan struct{} // where there is one, a request learns of the loss of its key only after it is closed
	lost      uuid.UUID     // a request whose workflow is gone
	forgetful atomic.Bool   // it knows no runs any more
	before    func()        // where there is one: what happens just before a key change is judged
}

var errAway = errors.New("the engine is away")

func (j *judges) Deliver(ctx context.Context, a okey.Action) error {
	j.calls.Add(1)
	if j.away.Load() {
		return errAway
	}
	if a.Name == okey.ActionKeyChange {
		if j.before != nil {
			j.before()
		}
		verdict, err := j.keys.Change(ctx, okey.KeyMatter{Action: a.ID, At: time.Now().UTC()})
		if err == nil && verdict.Wake {
			if j.hold != nil {
				go func() {
					<-j.hold
					if err := j.followUp(context.WithoutCancel(ctx), okey.DerivedID(a.ID, string(okey.KeyUnavailable))); err != nil {
						panic(err)
					}
				}()
				return nil
			}
			return j.followUp(ctx, okey.DerivedID(a.ID, string(okey.KeyUnavailable)))
		}
		return err
	}
	if a.Name.Kind().Workflow != "" || a.Name.Kind().About == okey.ThingOrder {
		_, err := j.stock.Change(ctx, okey.StockMatter{Action: a.ID, At: time.Now().UTC()})
		return err
	}
	m := okey.Matter{
		Kind: okey.MatterAction, Request: a.Request, Action: a.ID, Signal: a.Name.Signal(), At: time.Now().UTC(),
		Waits: okey.DefaultWaits(),
	}
	if a.Name == okey.ActionAsk {
		m.Kind, m.Signal = okey.MatterOpen, ""
	}
	_, err := j.requests.Judge(ctx, m)
	return err
}

// followUp judges what a key change owes the request that had kept the key, where there was one.
func (j *judges) followUp(ctx context.Context, id uuid.UUID) error {
	a, err := j.store.Action(ctx, id)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return j.Deliver(ctx, a)
}

func (j *judges) Ready(context.Context) error {
	if j.away.Load() {
		return errAway
	}
	return nil
}

// CountRunning and RunningRequests: every open request is followed, but the lost one.
func (j *judges) CountRunning(ctx context.Context) (int, error) {
	running, err := j.RunningRequests(ctx)
	return len(running), err
}

func (j *judges) RunningRequests(ctx context.Context) (map[uuid.UUID]bool, error) {
	if j.away.Load() {
		return nil, errAway
	}
	ids, err := j.store.OpenRequests(ctx, uuid.Nil, 1000)
	running := map[uuid.UUID]bool{}
	for _, id := range ids {
		running[id] = id != j.lost
	}
	delete(running, j.lost)
	return running, err
}

func (j *judges) RunID(ctx context.Context, workflow string) (string, error) {
	runs, err := j.RunIDs(ctx, []string{workflow})
	return runs[workflow], err
}

func (j *judges) RunIDs(_ context.Context, workflows []string) (map[string]string, error) {
	j.calls.Add(1)
	if j.away.Load() {
		return nil, errAway
	}
	runs := map[string]string{}
	for _, id := range workflows {
		if !j.forgetful.Load() {
			runs[id] = runOf(id)
		}
	}
	return runs, nil
}

// runOf is the run that the engine has of a workflow.
func runOf(workflow string) string { return okey.DerivedID(uuid.Nil, workflow).String() }

// How long a test's person waits for what has become of something: on a busy machine longer than people, and hardly at all where nobody
// will say.
const (
	patient   = 30 * time.Second
	impatient = 300 * time.Millisecond
)

// cutOff takes the engine away, or brings it back.
func (h *house) cutOff(away bool) {
	h.Judges.away.Store(away)
	if away {
		h.Server.SetPatience(impatient)
	} else {
		h.Server.SetPatience(patient)
	}
}

// house is a running server over a scene.
type house struct {
	*scene.Scene
	URL    string
	Config config.Config
	Judges *judges
	Server *server.Server
	spec   routers.Router

	cookie string // the name of its sessions' cookie, once somebody has asked
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseWith(t, func(*config.Config) {})
}

// newHouseWith is newHouse with other settings.
func newHouseWith(t testing.TB, change func(*config.Config)) *house {
	t.Helper()
	s := scene.New(t)
	h := &house{Scene: s, Judges: &judges{store: s.Store, requests: activities.NewRequests(s.Store,
		calendar.PublicOnly()), keys: activities.NewKeys(s.Store, calendar.PublicOnly()), stock: activities.NewStock(s.Store)}}
	var err error
	h.Config, err = config.Load(nil) // the defaults
	require.NoError(t, err)
	h.Config.TemporalUIURL, h.Config.SupportMail = "http://127.0.0.1:8233", "assistance@ac-nice.fr"
	h.Config.AccessibilityState = "non conforme"
	h.Config.OIDCIssuer, h.Config.OIDCClientID = "http://127.0.0.1:1", "okey"
	h.Config.PINPeppers, h.Config.LinkKeys, h.Config.AuditKeys = config.NewKeyring(), config.NewKeyring(), s.Keys
	return h.beside(change)
}

// beside runs another server over the same database, with other settings.
func (h *house) beside(change func(*config.Config)) *house {
	h.Helper()
	t := h.TB
	h = &house{Scene: h.Scene, Judges: h.Judges, Config: h.Config}
	var handler http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	h.URL, h.Config.URL = web.URL, web.URL
	change(&h.Config)
	ctx, cancel := context.WithCancel(context.Background())
	outcomes, err := h.Store.ListenOutcomes(ctx)
	require.NoError(t, err)
	h.Server = server.New(h.Config, h.Store, outcomes, h.Judges)
	h.Server.SetPatience(patient)
	handler = h.Server.Handler()
	t.Cleanup(func() {
		web.Close()
		h.Server.Close()
		cancel()
	})
	h.spec, err = specification()
	require.NoError(t, err)
	return h
}

// specification is openapi.yaml, as the program serves it. Read and validated once.
var specification = sync.OnceValues(func() (routers.Router, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile("api/openapi.yaml")
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(loader.Context); err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

// token makes a bearer token for a person.
func (h *house) token(p okey.Person) string {
	h.Helper()
	return h.tokenFor(sql.Bearer{Person: p.ID}, time.Hour)
}

func (h *house) tokenFor(b sql.Bearer, life time.Duration) string {
	h.Helper()
	token := uuid.NewString()
	err := h.Store.Do(context.Background(), func(tx *sql.Tx) error {
		return tx.SaveToken(context.Background(), token, b, time.Now(), time.Now().Add(life))
	})
	require.NoError(h, err)
	return token
}

// answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Text   string
	body   map[string]any
}

// at reads a value of the body by its path: "requester", "name"; numbers index lists.
func (a answer) at(path ...any) any {
	var value any = a.body
	for _, step := range path {
		switch s := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[s]
		case int:
			list, _ := value.([]any)
			if s >= len(list) {
				return nil
			}
			value = list[s]
		}
	}
	return value
}

// call is one API call by a person; body may be nil, a string sent as it is, or a value sent as JSON.
func (h *house) call(who okey.Person, method, path string, body any, headers ...string) answer {
	h.Helper()
	return h.send(h.token(who), method, path, body, headers...)
}

// send is one API call. What comes back is held against the specification.
func (h *house) send(token, method, path string, body any, headers ...string) answer {
	h.Helper()
	var content []byte
	switch b := body.(type) {
	case nil:
	case string:
		content = []byte(b)
	default:
		var err error
		content, err = json.Marshal(b)
		require.NoError(h, err)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, h.URL+"/api/v1"+path, bytes.NewReader(content))
	require.NoError(h, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(h, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(h, err)
	a := answer{Status: response.StatusCode, Header: response.Header, Text: string(text)}
	_ = json.Unmarshal(text, &a.body)
	h.holdAgainstSpecification(method, path, a)
	return a
}

func (h *house) holdAgainstSpecification(method, path string, a answer) {
	h.Helper()
	asked, err := http.NewRequestWithContext(context.Background(), method, "/api/v1"+path, nil)
	require.NoError(h, err)
	route, parameters, err := h.spec.FindRoute(asked)
	if err != nil {
		require.Contains(h, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, a.Status, "%s %s is not in openapi.yaml", method, path)
		return
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: parameters, Route: route},
		Status:                 a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader([]byte(a.Text))),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	require.NoError(h, err, "%s %s answered %d: %s", method, path, a.Status, a.Text)
	if code, failed := a.at("code").(string); failed {
		require.Contains(h, codesOf(route.Operation, a.Status), code, "%s %s answered %d: openapi.yaml has no example of it", method, path, a.Status)
	}
}

// codesOf are the codes that openapi.yaml has examples of, where an operation is answered so; elsewhere those that any of them may answer.
func codesOf(o *openapi3.Operation, status int) (codes []string) {
	said := o.Responses.Status(status)
	if said == nil {
		said = o.Responses.Default()
	}
	for _, example := range said.Value.Content.Get("application/problem+json").Examples {
		codes = append(codes, example.Value.Value.(map[string]any)["code"].(string))
	}
	return codes
}

// cast are the people of most tests, at the Tilleuls.
type cast struct {
	lea, roux, blanc, support, stranger okey.Person
}

func (h *house) cast() cast {
	return cast{
		lea: h.Person("Léa Martin", okey.Staff, scene.Tilleuls), roux: h.Person("Marc Roux", okey.Principal, scene.Tilleuls),
		blanc: h.Person("Anne Blanc", okey.Deputy, scene.Tilleuls), support: h.Support("Sam Secours"),
		stranger: h.Person("Zoé Ailleurs", okey.Staff, scene.Acacias),
	}
}

func want(establishment okey.UAI) map[string]any {
	return map[string]any{"establishment": establishment, "need": "saisie des absences"}
}

// ask opens a request and returns its path.
func (h *house) ask(p okey.Person, uai okey.UAI) string {
	h.Helper()
	a := h.call(p, http.MethodPost, "/requests", want(uai))
	require.Equal(h, http.StatusCreated, a.Status, a.Text)
	return "/requests/" + a.at("id").(string)
}

func (h *house) signal(p okey.Person, path string, signal okey.Signal, body any, headers ...string) answer {
	h.Helper()
	return h.call(p, http.MethodPost, path+"/signals/"+string(signal), body, headers...)
}

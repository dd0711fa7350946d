package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"okey/engine"
	"okey/internal/pgtest"
	"okey/okey"
)

// stack is the whole of OKEY, running, with a school of its own: what a user's programs and browser see of it.
type stack struct {
	*program
	t       *testing.T
	tokens  map[string]string
	instead string // of bin/okey, where another release is tried
}

const (
	school  = "0069901E"
	school2 = "0069902F"
)

const schools = `numero_uai;appellation_officielle;nature_uai;etat_etablissement;secteur_prive_code_type_contrat;code_academie;libelle_commune;code_postal_uai
0069901E;Collège des Essais;340;1;99;23;Nice;06000
0069902F;Lycée des Essais;302;1;99;23;Nice;06000
0069905J;École des Essais;151;1;99;23;Nice;06000
0759906K;Institut libre des Essais;302;1;10;01;Paris;75019
`

const staff = `uai;uid;nom;prenom;mail;fonction
0069901E;roux;Roux;Paul;roux@ecole.test;chef
0069901E;blanc;Blanc;Sophie;blanc@ecole.test;adjoint
0069901E;lea;Martin;Léa;lea@ecole.test;personnel
0069901E;ali;Benali;Ali;ali@ecole.test;personnel
0069901E;eva;Simon;Eva;eva@ecole.test;personnel
0069901E;noa;Petit;Noa;noa@ecole.test;personnel
0069902F;fontaine;Fontaine;Claire;fontaine@ecole.test;chef
0069902F;ana;Garcia;Ana;ana@ecole.test;personnel
`

var first sync.Once

// newStack starts OKEY without demonstration, with the school in it: from a copy of what a first start and its imports have left, since
// making that takes longer than most tests.
func newStack(t *testing.T, arguments ...string) *stack {
	t.Helper()
	pgtest.Beside(t)
	first.Do(func() {
		s := firstStack(t)
		s.stop(t)
		copied(t, s.dir, filepath.Join(folder, "first"))
	})
	dir := private(t)
	copied(t, filepath.Join(folder, "first"), dir)
	s := &stack{program: start(t, dir, append([]string{"--no-demo"}, arguments...)...), t: t, tokens: map[string]string{}}
	t.Cleanup(func() {
		for _, name := range []string{"okey.log", "temporal.log"} {
			if log, err := os.ReadFile(filepath.Join(dir, name)); err == nil && t.Failed() {
				t.Logf("the end of %s: %s", name, log[max(0, len(log)-8192):])
			}
		}
	})
	return s
}

// firstStack starts OKEY for the first time, and brings in the school.
func firstStack(t *testing.T) *stack {
	t.Helper()
	s := &stack{program: start(t, private(t), "--no-demo"), t: t, tokens: map[string]string{}}
	s.importFile("establishments", "ecoles.csv", schools)
	s.importFile("staff", "personnels.csv", staff)
	s.okey("grant", "support", "sam@ecole.test")
	return s
}

// copied copies a folder with the owners of what is in it: as root, PostgreSQL runs as somebody else.
func copied(t *testing.T, from, to string) {
	t.Helper()
	said, err := exec.Command("cp", "-Rp", from, to).CombinedOutput()
	require.NoError(t, err, "%s", said)
}

// keys brings free keys of the school in.
func (s *stack) keys(serials ...string) {
	s.t.Helper()
	text := "numero_de_serie;lot;date_d_expiration;uai\n"
	for _, serial := range serials {
		text += serial + ";LOT1;31/12/2030;" + school + "\n"
	}
	s.importFile("keys", "clefs.csv", text)
}

func (s *stack) importFile(kind, name, text string) {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name)
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	s.okey("import", kind, path)
}

var product struct {
	sync.Once
	path string
	err  error
	said []byte
}

// binary builds bin/okey once.
func binary(t *testing.T) string {
	t.Helper()
	product.Do(func() {
		dir, err := os.MkdirTemp("", "okey")
		if err != nil {
			product.err = err
			return
		}
		product.path = filepath.Join(dir, "okey")
		build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", product.path, "./cmd/okey")
		build.Dir = ".."
		product.said, product.err = build.CombinedOutput()
	})
	require.NoError(t, product.err, string(product.said))
	return product.path
}

// advice runs `okey doctor`, which ends with an error where something is wrong.
func (s *stack) advice() string {
	s.t.Helper()
	c := exec.Command(s.product(), "doctor")
	c.Env = s.environment()
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	_ = c.Run() // what it says counts
	return said.String()
}

// environment is what DIR/okey.env says, with changes.
func (s *stack) environment(changes ...string) []string {
	environ := append(os.Environ(), settingsOf(s.t)...)
	for name, value := range s.env {
		environ = append(environ, name+"="+value)
	}
	return append(environ, changes...)
}

// product is the bin/okey that commands run.
func (s *stack) product() string {
	s.t.Helper()
	return cmp.Or(s.instead, binary(s.t))
}

// okey runs a command of bin/okey and returns what it printed.
func (s *stack) okey(arguments ...string) string {
	s.t.Helper()
	c := exec.Command(s.product(), arguments...)
	c.Env = s.environment()
	var wrong bytes.Buffer
	c.Stderr = &wrong
	printed, err := c.Output()
	require.NoError(s.t, err, "%s\n%s", printed, wrong.String())
	return strings.TrimSpace(string(printed))
}

func (s *stack) token(person string) string {
	if s.tokens[person] == "" {
		s.tokens[person] = s.okey("token", person+"@ecole.test")
	}
	return s.tokens[person]
}

// answer is what the API said.
type answer struct {
	Status   int
	Location string
	Body     map[string]any
}

func (a answer) text(name string) string {
	text, _ := a.Body[name].(string)
	return text
}

// call asks the API. What is recorded only is sent again, as the same action, until somebody has judged it: on a busy machine that may be
// after the answer.
func (s *stack) call(person, method, path string, body any, headers ...string) (a answer) {
	s.t.Helper()
	if method == http.MethodPost && len(headers) == 0 {
		headers = []string{"Idempotency-Key", newAction()}
	}
	require.Eventually(s.t, func() bool {
		var err error
		a, err = s.try(s.env["OKEY_URL"], person, method, path, body, headers...)
		require.NoError(s.t, err)
		return a.Status != http.StatusAccepted
	}, patience, 50*time.Millisecond)
	return a
}

// recorded asks for what nobody can judge now.
func (s *stack) recorded(person, path string, body any) answer {
	s.t.Helper()
	a, err := s.try(s.env["OKEY_URL"], person, http.MethodPost, path, body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusAccepted, a.Status, "recorded, not yet judged: %v", a.Body)
	return a
}

func (s *stack) try(base, person, method, path string, body any, headers ...string) (answer, error) {
	s.t.Helper()
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		require.NoError(s.t, err)
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, base+"/api/v1"+path, content)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+s.token(person))
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{Status: response.StatusCode, Location: response.Header.Get("Location")}
	text, err := io.ReadAll(response.Body)
	if err == nil && len(text) > 0 {
		require.NoError(s.t, json.Unmarshal(text, &a.Body), "%s", text)
	}
	return a, err
}

type fields = map[string]any

// ask opens a request and returns its id.
func (s *stack) ask(person string) string {
	s.t.Helper()
	a := s.call(person, http.MethodPost, "/requests", fields{"establishment": school, "need": "saisie des absences"})
	require.Equal(s.t, http.StatusCreated, a.Status, "%v", a.Body)
	return a.text("id")
}

// signal sends a signal, and returns what its judge said.
func (s *stack) signal(person, request string, signal okey.Signal, body any) answer {
	s.t.Helper()
	return s.call(person, http.MethodPost, "/requests/"+request+"/signals/"+string(signal), body)
}

// applied sends a signal that must be applied.
func (s *stack) applied(person, request string, signal okey.Signal, body any) answer {
	s.t.Helper()
	a := s.signal(person, request, signal, body)
	require.Equal(s.t, http.StatusOK, a.Status, "%s: %v", signal, a.Body)
	return a
}

var (
	approval = fields{"decision": "approve", "comment": ""}
	signing  = fields{"charter": 1, "pin": "40718263"}
)

// until brings a new request of someone's to a stage.
func (s *stack) until(person string, stage okey.Stage, serial string) string {
	s.t.Helper()
	id := s.ask(person)
	if stage == okey.AwaitingDecision {
		return id
	}
	s.applied("roux", id, okey.PrincipalDecision, approval)
	if stage == okey.AwaitingHandover || stage == okey.HandedOver {
		s.applied(person, id, okey.CharterAndPIN, signing)
	}
	if stage == okey.HandedOver {
		s.applied("roux", id, okey.Handover, fields{"serial": serial})
	}
	s.awaitStage(id, stage)
	return id
}

func (s *stack) stage(id string) string {
	s.t.Helper()
	return s.call("sam", "GET", "/requests/"+id, nil).text("stage")
}

func (s *stack) awaitStage(id string, stage okey.Stage) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.stage(id) == string(stage) }, patience, 50*time.Millisecond, "%s of %s", stage, id)
}

// letter is a mail as the inbox shows it.
type letter struct {
	ID, Subject, Text, HTML, From string
	Date                          time.Time
	To                            []string
}

func (s *stack) letters(to string) []letter {
	s.t.Helper()
	_, text := get(s.t, s.address(s.t, "Courriels")+"/messages.json")
	var all, found []letter
	require.NoError(s.t, json.Unmarshal([]byte(text), &all))
	for _, l := range all {
		if strings.Contains(strings.Join(l.To, " "), to) {
			found = append(found, l)
		}
	}
	return found
}

// awaitLetter returns the newest mail to an address whose text or subject contains the words.
func (s *stack) awaitLetter(to, words string) letter {
	s.t.Helper()
	var found letter
	has := func() bool {
		for _, l := range s.letters(to) {
			if strings.Contains(l.Subject+l.Text, words) {
				found = l
				return true
			}
		}
		return false
	}
	if !assert.Eventually(s.t, has, patience, 50*time.Millisecond, "a mail to %s with %q", to, words) {
		for _, l := range s.letters("") {
			s.t.Logf("there is: %q to %s, %s", l.Subject, l.To, l.Date)
		}
		s.t.FailNow()
	}
	return found
}

// engineClient is a client of the engine, as the temporal command is.
func (s *stack) engineClient() client.Client {
	s.t.Helper()
	c, err := client.Dial(client.Options{HostPort: s.env["TEMPORAL_ADDRESS"], Namespace: s.env["TEMPORAL_NAMESPACE"], Logger: quiet})
	require.NoError(s.t, err)
	s.t.Cleanup(c.Close)
	return c
}

func (s *stack) repair() {
	s.t.Helper()
	require.NoError(s.t, engine.TriggerRepair(context.Background(), s.engineClient()))
}

// workflowOf is the id of a request's workflow.
func workflowOf(request string) string { return okey.RequestWorkflowID(uuid.MustParse(request)) }

// restart kills OKEY with -9 and starts it again.
func (s *stack) restart() {
	s.t.Helper()
	s.kill(s.t)
	s.program = start(s.t, s.dir, "--no-demo")
}

//go:build upgrade

package main

import (
	"bytes"
	"context"
	stdsql "database/sql"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"okey/internal/version"
	"okey/okey"
)

// previousBinary builds bin/okey as the release before this one had it, from the commit that testdata/previous names: every clone has its
// source, and no place has to keep its binaries. Where that commit is not (an archive of files, a shallow clone) `make test` says that this
// is left out.
func previousBinary(t *testing.T) string {
	t.Helper()
	name, err := os.ReadFile("testdata/previous")
	require.NoError(t, err)
	commit := strings.TrimSpace(string(name))
	dir := t.TempDir()
	archive := exec.Command("git", "archive", "--format=tar", "--output="+filepath.Join(dir, "previous.tar"), commit)
	archive.Dir = ".."
	require.NoError(t, archive.Run(), "commit %s: git fetch --unshallow", commit)
	for _, c := range [][]string{{"tar", "-xf", "previous.tar"}, {"go", "build", "-ldflags", "-s -w", "-o", "okey-previous", "./cmd/okey"}} {
		step := exec.Command(c[0], c[1:]...)
		step.Dir = dir
		said, err := step.CombinedOutput()
		require.NoError(t, err, "%s: %s", c, said)
	}
	return filepath.Join(dir, "okey-previous")
}

// release is one state of the product, with its server and its worker where they run.
type release struct {
	h       *hall
	program string
	url     string // where its server answers
	running []*exec.Cmd
}

// run starts the release's server and worker.
func (r *release) run() {
	r.h.t.Helper()
	address := freeAddress(r.h.t)
	r.url = "http://" + address
	for _, name := range []string{"server", "worker"} {
		c := exec.Command(r.program, name)
		c.Env = r.h.environment("OKEY_HTTP="+address, "OKEY_METRICS=")
		require.NoError(r.h.t, c.Start())
		r.running = append(r.running, c)
		r.h.t.Cleanup(func() {
			if c.ProcessState == nil {
				_ = c.Process.Kill()
				_ = c.Wait()
			}
		})
	}
	require.Eventually(r.h.t, func() bool { return answers(context.Background(), r.url+"/readyz") }, patience, 20*time.Millisecond)
}

// stop ends both as an operator does.
func (r *release) stop() {
	r.h.t.Helper()
	for _, c := range r.running {
		require.NoError(r.h.t, c.Process.Signal(os.Interrupt))
		require.NoError(r.h.t, c.Wait(), "okey %s", c.Args[1])
	}
	r.running = nil
}

// people is somebody who goes on working, whatever is upgraded: behind what a proxy does, which takes the next server where one is stopped.
type people struct {
	lock    sync.Mutex
	servers []string
	wrong   []string
	calls   int
}

func (p *people) at(servers ...string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.servers = servers
}

func (p *people) work(over <-chan struct{}, token, uai string) {
	paths := []struct{ method, path, body string }{
		{http.MethodGet, "/api/v1/requests", ""},
		{http.MethodPost, "/api/v1/requests", `{"establishment": "` + uai + `", "need": "pendant la mise à jour"}`},
		{http.MethodGet, "/aide", ""},
		{http.MethodGet, "/api/v1/charter", ""},
	}
	for n := 0; ; n++ {
		select {
		case <-over:
			return
		default:
			to := paths[n%len(paths)]
			p.call(n, token, to.method, to.path, to.body)
		}
	}
}

func (p *people) call(n int, token, method, path, body string) {
	p.lock.Lock()
	servers := p.servers
	p.lock.Unlock()
	for i := range servers {
		request, _ := http.NewRequest(method, servers[(n+i)%len(servers)]+path, strings.NewReader(body))
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		p.lock.Lock()
		p.calls++
		if status := response.StatusCode; status >= 500 && (status != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "") {
			p.wrong = append(p.wrong, fmt.Sprint(method, " ", path, ": ", status))
		}
		p.lock.Unlock()
		return
	}
}

// database makes a database of its own in the cluster, which no program has migrated yet.
func (s *stack) database(name string) (owner *stdsql.DB, adminURL string) {
	s.t.Helper()
	_, err := s.ownersDatabase().Exec("CREATE DATABASE " + name)
	require.NoError(s.t, err)
	admin := readEnvironment(s.t, filepath.Join(s.dir, "okey-admin.env"))["OKEY_ADMIN_DATABASE_URL"]
	s.env["OKEY_DATABASE_URL"] = strings.Replace(s.env["OKEY_DATABASE_URL"], "/"+okeyDatabase+"?", "/"+name+"?", 1)
	admin = strings.Replace(admin, "/"+okeyDatabase+"?", "/"+name+"?", 1)
	owner, err = stdsql.Open("postgres", admin)
	require.NoError(s.t, err)
	owner.SetMaxIdleConns(0)
	s.t.Cleanup(func() { _ = owner.Close() })
	return owner, admin
}

func (r *release) migrate(adminURL string) {
	r.h.t.Helper()
	c := exec.Command(r.program, "migrate")
	c.Env = r.h.environment("OKEY_ADMIN_DATABASE_URL=" + adminURL)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	require.NoError(r.h.t, c.Run(), said.String())
}

// The release before this one and this one, over one database and one engine, while people work: forward, side by side, and back.
func TestUpgradeAndBackWhileRequestsGoOn(t *testing.T) {
	s := newStack(t, "--no-okey")
	h := &hall{stack: s}
	before, after := &release{h: h, program: previousBinary(t)}, &release{h: h, program: binary(t)}
	var adminURL string
	h.owner, adminURL = s.database("okey_upgraded")
	s.tokens, s.instead = map[string]string{}, before.program
	before.migrate(adminURL)
	places := h.found(map[string]int{"vide": 9, "plein": 9, "autre": 1})
	s.okey("grant", "support", places["autre"].member(1)+"@ecole.test")
	h.tokens["sam"] = h.tokens[places["autre"].member(1)]
	dry, full := places["vide"], places["plein"]
	h.keysFor(full, "00500001", "00500002", "00500003", "00500004", "00500005", "00500006")
	use := func(r *release) { h.env["OKEY_URL"], s.instead = r.url, r.program }

	before.run()
	use(before)
	asked, charter, handover := h.asks(full, full.member(1)), h.asks(full, full.member(2)), h.asks(full, full.member(3))
	waiting := h.asks(dry, dry.member(1))
	h.settled(dry.head(), waiting, okey.PrincipalDecision, approval)
	h.settled(full.head(), charter, okey.PrincipalDecision, approval)
	h.onTo(full, full.member(3), handover)

	crowd, over, done := &people{}, make(chan struct{}), sync.WaitGroup{}
	crowd.at(before.url)
	done.Go(func() { crowd.work(over, h.tokens[places["autre"].head()], places["autre"].uai) })
	after.migrate(adminURL)
	after.run()
	crowd.at(before.url, after.url)
	beside := h.asks(full, full.member(4))
	use(after)
	h.settled(full.head(), beside, okey.PrincipalDecision, approval)
	use(before)
	h.settled(full.member(4), beside, okey.CharterAndPIN, signing)
	use(after)
	h.handOver(full, beside)
	crowd.at(after.url)
	before.stop()

	// Every stage that the previous release has left goes on in this one.
	h.settled(full.head(), asked, okey.PrincipalDecision, approval)
	h.onFrom(full, full.member(1), asked)
	h.onFrom(full, full.member(2), charter)
	h.handOver(full, handover)
	h.keysFor(dry, "00510001")
	h.awaitStage(waiting, okey.AwaitingCharter)
	h.onFrom(dry, dry.member(1), waiting)
	h.sound(asked, charter, handover, waiting, beside)

	// Back: whatever this release has begun goes on in the previous one, which can replay it.
	served, lined := h.asks(dry, dry.member(2)), h.asks(dry, dry.member(3))
	h.settled(dry.head(), served, okey.PrincipalDecision, approval)
	h.awaitQuiet(served)
	h.keysFor(dry, "00510002")
	h.awaitStage(served, okey.AwaitingCharter)
	h.settled(dry.head(), lined, okey.PrincipalDecision, approval)
	h.fastForward(lined, 40*24*time.Hour)
	asked, charter = h.asks(full, full.member(5)), h.asks(full, full.member(6))
	h.settled(full.head(), charter, okey.PrincipalDecision, approval)
	for _, id := range []string{lined, served, asked, charter} {
		h.awaitQuiet(id)
	}
	after.stop()
	before.run()
	use(before)
	crowd.at(before.url)
	h.settled(full.head(), asked, okey.PrincipalDecision, approval)
	h.onFrom(full, full.member(5), asked)
	h.onFrom(full, full.member(6), charter)
	h.onFrom(dry, dry.member(2), served)
	h.settled(dry.member(3), lined, okey.Withdrawal, fields{"comment": ""})
	h.sound(asked, charter, served, lined)

	// And forward again.
	again := h.asks(dry, dry.member(4))
	before.stop()
	after.run()
	use(after)
	crowd.at(after.url)
	h.settled(dry.head(), again, okey.PrincipalDecision, fields{"decision": "refuse", "comment": "non"})
	h.sound(again)
	close(over)
	done.Wait()
	assert.Empty(t, crowd.wrong)
	assert.Positive(t, crowd.calls)
	assert.Contains(t, h.advice(), "chaîne intacte")
	after.stop()
}

// The worker of the release before, which tells the engine no version, and two builds of this one that do, side by side over one engine
// while people work: the promoted one has all the work, what is under way goes on in it, and back again.
func TestWorkGoesToThePromotedVersionAndBack(t *testing.T) {
	s := newStack(t, "--no-okey")
	h := &hall{stack: s}
	h.env["OKEY_WORKER_DEPLOYMENT"] = "okey" // of which the release before knows nothing
	const one, two = version.Number + "+000000000001", version.Number + "+000000000002"
	before := &release{h: h, program: previousBinary(t)}
	first, second := &release{h: h, program: stampedBinary(t, "000000000001")}, &release{h: h, program: stampedBinary(t, "000000000002")}
	var adminURL string
	h.owner, adminURL = s.database("okey_promoted")
	s.tokens, s.instead = map[string]string{}, first.program
	first.migrate(adminURL)
	p := h.found(map[string]int{"version": 9})["version"]
	s.okey("grant", "support", p.deputy()+"@ecole.test")
	h.tokens["sam"] = h.tokens[p.deputy()]
	h.keysFor(p, "00500001", "00500002", "00500003", "00500004", "00500005")
	use := func(r *release) { h.env["OKEY_URL"], s.instead = r.url, r.program }
	doctorSays := func(words string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(h.advice(), words) }, patience, 100*time.Millisecond, words)
	}

	// One that nobody has promoted yet, alone.
	first.run()
	use(first)
	doctorSays("✗ workers : aucun n'est de la version qui reçoit le travail")
	before.run()
	use(before)
	long, other := h.asks(p, p.member(1)), h.asks(p, p.member(2))
	refused := exec.Command(second.program, "promote", "--wait=0s")
	refused.Env = h.environment()
	said, err := refused.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(said), "aucun worker de cette version ne s'est présenté au moteur")

	crowd, over, done := &people{}, make(chan struct{}), sync.WaitGroup{}
	crowd.at(before.url)
	done.Go(func() { crowd.work(over, h.tokens[p.member(9)], p.uai) })
	second.run()
	crowd.at(before.url, first.url, second.url)
	use(first)
	doctorSays("workers : 1 au travail, 2 sans travail.")
	h.settled(p.head(), other, okey.PrincipalDecision, approval)
	h.awaitQuiet(other)

	assert.Equal(t, "Le travail va maintenant aux workers "+one+".", s.okey("promote"))
	h.settled(p.head(), long, okey.PrincipalDecision, approval)
	h.awaitQuiet(long)
	begun := h.asks(p, p.member(3))
	use(second)
	s.okey("promote")
	for _, id := range []string{long, other} {
		h.settled(map[string]string{long: p.member(1), other: p.member(2)}[id], id, okey.CharterAndPIN, signing)
		h.awaitQuiet(id)
	}
	h.settled(p.head(), begun, okey.PrincipalDecision, approval)
	h.awaitQuiet(begun)

	// The promoted one is gone: the one before is promoted again.
	second.stop()
	use(first)
	crowd.at(before.url, first.url)
	s.okey("promote")
	h.handOver(p, long)
	h.settled(p.member(3), begun, okey.CharterAndPIN, signing)
	h.awaitQuiet(begun)

	// And back to the release before: what the other has in its cache it would lead until it is stopped.
	assert.Equal(t, "Le travail va maintenant aux workers sans version.", s.okey("promote", "--unversioned"))
	use(before)
	crowd.at(before.url)
	first.stop()
	h.handOver(p, other)
	h.handOver(p, begun)
	last := h.asks(p, p.member(4))
	h.onTo(p, p.member(4), last)
	h.handOver(p, last)
	h.sound(long, other, begun, last)
	assert.Equal(t, []string{"", one, two, one}, h.builds(long))
	assert.Equal(t, []string{"", two, ""}, h.builds(other))
	assert.Equal(t, []string{one, two, one, ""}, h.builds(begun))
	assert.Equal(t, []string{""}, h.builds(last))
	close(over)
	done.Wait()
	assert.Empty(t, crowd.wrong)
	assert.Positive(t, crowd.calls)
	before.stop()
}

// builds are those that have led a request, in turn; empty for one that tells no version.
func (h *hall) builds(request string) []string {
	h.t.Helper()
	var found []string
	for _, event := range h.history(workflowOf(request)).GetEvents() {
		if done := event.GetWorkflowTaskCompletedEventAttributes(); done != nil {
			found = append(found, done.GetDeploymentVersion().GetBuildId())
		}
	}
	return slices.Compact(found)
}

// onTo brings a request that was asked for to the handover.
func (h *hall) onTo(p place, person, request string) {
	h.t.Helper()
	h.settled(p.head(), request, okey.PrincipalDecision, approval)
	h.settled(person, request, okey.CharterAndPIN, signing)
}

// onFrom brings a request with a key kept aside to its end.
func (h *hall) onFrom(p place, person, request string) {
	h.t.Helper()
	h.settled(person, request, okey.CharterAndPIN, signing)
	h.handOver(p, request)
}

func (h *hall) handOver(p place, request string) {
	h.t.Helper()
	serial := look[string](h, `SELECT serial FROM key WHERE request = $1`, request)
	h.settled(p.head(), request, okey.Handover, fields{"serial": serial})
}

// sound holds that the workflows of requests have ended without one failing task: no code was asked to replay what it had not written.
func (h *hall) sound(requests ...string) {
	h.t.Helper()
	for _, id := range requests {
		h.awaitEnd(id)
		assert.Zero(h.t, h.taskFailures(id), "workflow tasks of %s", id)
	}
}

// taskFailures counts the failures of a workflow's tasks.
func (h *hall) taskFailures(request string) int {
	h.t.Helper()
	failures := 0
	for _, event := range h.history(workflowOf(request)).GetEvents() {
		if event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_FAILED {
			failures++
		}
	}
	return failures
}

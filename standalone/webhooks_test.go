package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"okey/okey"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G" // made up

// receiver is another program, which checks what it is sent with the convention's own library and remembers what it took.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	ids   map[string]bool
	taken map[string][]int // numbers, by key: each once, in the order in which they came
	tried int
}

// newReceiver answers as before says, where that is not 0, and takes the event otherwise. l is where it listens, nil: anywhere.
func newReceiver(t *testing.T, l net.Listener, before func(w http.ResponseWriter, r *http.Request, tried int) int) *receiver {
	t.Helper()
	p := &receiver{ids: map[string]bool{}, taken: map[string][]int{}}
	verifier, err := standardwebhooks.NewWebhook(webhookSecret)
	require.NoError(t, err)
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil { // a killed worker's
			return
		}
		assert.NoError(t, verifier.Verify(body, r.Header))
		p.mu.Lock()
		p.tried++
		tried := p.tried
		p.mu.Unlock()
		if status := before(w, r, tried); status != 0 {
			w.WriteHeader(status)
			return
		}
		p.take(t, r.Header.Get("webhook-id"), body)
	}))
	if l != nil {
		p.Listener = l
	}
	p.Start()
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

func (p *receiver) take(t *testing.T, id string, body []byte) {
	var m okey.EventMessage
	assert.NoError(t, json.Unmarshal(body, &m))
	assert.Equal(t, id, m.ID.String())
	p.mu.Lock()
	defer p.mu.Unlock()
	if serial := fmt.Sprint(m.Data["serial"]); !p.ids[id] {
		p.ids[id] = true
		p.taken[serial] = append(p.taken[serial], int(m.Sequence))
	}
}

// has is how many events it took, each once, and whether those of each key came in order.
func (p *receiver) has() (n int, ordered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ordered = true
	for _, numbers := range p.taken {
		n += len(numbers)
		ordered = ordered && slices.IsSorted(numbers)
	}
	return n, ordered
}

func takes(http.ResponseWriter, *http.Request, int) int { return 0 }

// receivers writes the file of OKEY_WEBHOOKS for the worker to be started.
func (h *hall) receivers(urls map[string]string) {
	h.t.Helper()
	type entry struct {
		Name    string   `json:"name"`
		URL     string   `json:"url"`
		Secrets []string `json:"secrets"`
		Private bool     `json:"private"`
		Plain   bool     `json:"plain_http"`
	}
	var file struct {
		Receivers []entry `json:"receivers"`
	}
	for name, url := range urls {
		file.Receivers = append(file.Receivers, entry{name, url, []string{webhookSecret}, true, true})
	}
	text, err := json.Marshal(file)
	require.NoError(h.t, err)
	path := filepath.Join(h.t.TempDir(), "webhooks.json")
	require.NoError(h.t, os.WriteFile(path, text, 0o600))
	h.env["OKEY_WEBHOOKS"] = path
}

func (h *hall) receiverPage(name string) string {
	h.t.Helper()
	return h.env["OKEY_URL"] + "/assistance/recepteurs/" + look[string](h, `SELECT id FROM webhook_receiver WHERE name = $1`, name)
}

// resume has support have a receiver go on.
func (b *browser) resume(page string) {
	b.t.Helper()
	b.open(page)
	b.submit(page[len(b.env["OKEY_URL"]):], map[string][]string{"from": {""}})
	require.Contains(b.t, b.page, "L&#39;envoi reprend.", "%d", b.status)
}

// Whatever receivers do (die, fail, hang, redirect, take their time), and though the worker is killed: each gets every event, of each key in
// order, and none waits for another.
func TestReceiversGetEveryEventInOrderWhateverTheOthersDo(t *testing.T) {
	const keys, changes = 4, 6
	h, places := newHall(t, map[string]int{"web": 1})
	h.killWorker()
	elsewhere := newReceiver(t, nil, takes)
	late, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := late.Addr().String()
	require.NoError(t, late.Close()) // nobody listens there yet
	good := newReceiver(t, nil, takes)
	failing := newReceiver(t, nil, func(_ http.ResponseWriter, _ *http.Request, tried int) int {
		if tried%7 == 1 {
			return http.StatusInternalServerError
		}
		return 0
	})
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	hanging := newReceiver(t, nil, func(_ http.ResponseWriter, r *http.Request, tried int) int {
		if tried == 1 {
			select {
			case <-r.Context().Done():
			case <-ended:
			}
			return http.StatusGatewayTimeout
		}
		return 0
	})
	redirecting := newReceiver(t, nil, func(w http.ResponseWriter, r *http.Request, _ int) int {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		return 0
	})
	slow := newReceiver(t, nil, func(http.ResponseWriter, *http.Request, int) int {
		<-time.After(300 * time.Millisecond)
		return 0
	})
	h.receivers(map[string]string{
		"good": good.URL, "failing": failing.URL, "hanging": hanging.URL, "redirecting": redirecting.URL, "slow": slow.URL,
		"late": "http://" + address,
	})
	h.startWorker()
	h.counts(h.owner, 6, `SELECT count(*) FROM webhook_receiver WHERE state = 'active'`)

	serials := make([]string, keys)
	for i := range serials {
		serials[i] = fmt.Sprintf("0048100%d", i)
	}
	h.keysFor(places["web"], serials...)
	change := func(serial string, n int) {
		reason := []string{"lost", "found"}[n%2]
		a := h.call(places["web"].head(), "POST", "/keys/"+serial+"/changes", fields{"reason": reason, "comment": "essai"})
		require.Less(t, a.Status, 300, "%v", a.Body)
	}
	for n := range changes {
		for _, serial := range serials {
			change(serial, n)
		}
		if n == changes/2 {
			h.killWorker()
			h.startWorker()
		}
	}
	all := func(p *receiver) bool {
		n, ordered := p.has()
		require.True(t, ordered, "of each key in order")
		return n == keys*changes
	}
	require.Eventually(t, func() bool { return all(good) }, patience, 20*time.Millisecond)
	assert.NotZero(t, look[int](h, `SELECT count(*) FROM webhook_receiver WHERE last_error <> ''`), "others have not got theirs yet")
	back, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	revived := newReceiver(t, back, takes)
	h.signIn("sam@ecole.test").resume(h.receiverPage("late")) // rather than after its pause
	for name, p := range map[string]*receiver{"failing": failing, "hanging": hanging, "slow": slow, "late": revived} {
		require.Eventually(t, func() bool { return all(p) }, patience, 50*time.Millisecond, name)
	}
	n, _ := elsewhere.has()
	assert.Zero(t, n, "nobody is sent elsewhere")
	assert.Equal(t, "redirect", look[string](h, `SELECT last_error FROM webhook_receiver WHERE name = 'redirecting'`))
	h.keepRun(okey.WebhookWorkflowID("failing"), "", "webhook_failing")
	h.keepRun(okey.WebhookWorkflowID("good"), "", "webhook")

	// Whoever is taken out of the configuration is followed no more.
	h.killWorker()
	delete(h.env, "OKEY_WEBHOOKS")
	h.startWorker()
	require.Eventually(t, func() bool {
		d, err := h.engineClient().DescribeWorkflowExecution(context.Background(), okey.WebhookWorkflowID("good"), "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}, patience, 100*time.Millisecond)
}

// A receiver that says that it is gone is stopped; support is told, and has it go on: nothing is lost.
func TestAStoppedReceiverIsToldAndResumed(t *testing.T) {
	h, places := newHall(t, map[string]int{"arret": 1})
	h.killWorker()
	var mu sync.Mutex
	status := http.StatusGone
	answer := func(to int) {
		mu.Lock()
		defer mu.Unlock()
		status = to
	}
	peer := newReceiver(t, nil, func(http.ResponseWriter, *http.Request, int) int {
		mu.Lock()
		defer mu.Unlock()
		return status
	})
	h.receivers(map[string]string{"portail": peer.URL})
	h.startWorker()
	h.counts(h.owner, 1, `SELECT count(*) FROM webhook_receiver WHERE state = 'active'`)
	h.keysFor(places["arret"], "00482001")
	a := h.call(places["arret"].head(), "POST", "/keys/00482001/changes", fields{"reason": "lost", "comment": "essai"})
	require.Less(t, a.Status, 300, "%v", a.Body)
	assert.Contains(t, h.awaitLetter("assistance@", "Récepteur arrêté : portail").Text, "il a répondu 410")
	h.counts(h.owner, 1, `SELECT count(*) FROM webhook_receiver WHERE state = 'stopped'`)

	b := h.signIn("sam@ecole.test")
	page := h.receiverPage("portail")
	answer(0)
	b.open(page)
	require.Contains(t, b.page, "Arrêté")
	b.submit("/essai", nil)
	h.counts(h.owner, 1, `SELECT count(*) FROM webhook_receiver WHERE tested_at IS NOT NULL AND test_status = 200`)
	b.resume(page)
	require.Eventually(t, func() bool { n, _ := peer.has(); return n == 2 }, patience, 50*time.Millisecond, "the trial, and what waited")
	h.counts(h.owner, 1, `SELECT count(*) FROM webhook_receiver WHERE state = 'active' AND position = 1`)
	h.keep(okey.WebhookWorkflowID("portail"), "webhook_stopped")
	h.keepFirst("WorkflowType = 'WebhookChange' AND ExecutionStatus = 'Completed'", "webhook_change")
}

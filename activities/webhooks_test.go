package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"okey/activities"
	"okey/config"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"
	"okey/webhook"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

const madeUpSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G"

// peer is a receiver of another make: it checks what it is sent with the convention's own library, and remembers what it took.
type peer struct {
	testing.TB
	*httptest.Server
	mu     sync.Mutex
	answer func(okey.EventMessage) int // the status; 0: the connection is broken off
	taken  []okey.EventMessage
	tried  int
}

func newPeer(t testing.TB) *peer {
	p := &peer{TB: t, answer: func(okey.EventMessage) int { return http.StatusOK }}
	verifier, err := standardwebhooks.NewWebhook(madeUpSecret)
	require.NoError(t, err)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(p, err)
		assert.NoError(p, verifier.Verify(body, r.Header))
		var m okey.EventMessage
		assert.NoError(p, json.Unmarshal(body, &m))
		p.mu.Lock()
		p.tried++
		status := p.answer(m)
		if status >= 200 && status < 300 {
			p.taken = append(p.taken, m)
		}
		p.mu.Unlock()
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *peer) answers(how func(okey.EventMessage) int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = how
}

// numbers are those of the events that it took, of one key or, where that is empty, of all.
func (p *peer) numbers(serial okey.Serial) (all []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.taken {
		if serial == "" || m.Data["serial"] == string(serial) {
			all = append(all, int(m.Sequence))
		}
	}
	return all
}

// sending is OKEY with receivers.
type sending struct {
	*scene.Scene
	webhooks *activities.Webhooks
	at       time.Time
}

func newSending(t *testing.T, receivers ...config.Webhook) *sending {
	t.Helper()
	s := &sending{Scene: scene.New(t), at: scene.Now}
	var made []*webhook.Receiver
	hosts := map[string]string{}
	for _, w := range receivers {
		w.Private, w.Secrets = true, []string{madeUpSecret}
		r, err := webhook.NewReceiver(w, okey.EventFields(), "OKEY/test")
		require.NoError(t, err)
		made, hosts[w.Name] = append(made, r), webhook.Host(w)
	}
	_, err := s.Store.KeepReceivers(t.Context(), hosts)
	require.NoError(t, err)
	s.webhooks = activities.NewWebhooks(s.Store, made)
	return s
}

// happens has something happen to a key, and returns the number of its event.
func (s *sending) happens(serial okey.Serial, reasons ...okey.KeyReason) {
	s.Helper()
	for _, reason := range reasons {
		require.NoError(s, s.Store.Do(context.Background(), func(tx *sql.Tx) error {
			_, err := tx.ChangeKey(context.Background(), serial, sql.KeyChange{Reason: reason, At: scene.Now, Via: okey.ViaEngine})
			return err
		}))
	}
}

func (s *sending) turn(name string, retry bool) okey.WebhookReport {
	s.Helper()
	report, err := s.webhooks.Deliver(context.Background(), okey.WebhookTurn{Receiver: name, Retry: retry, At: s.at})
	require.NoError(s, err)
	return report
}

func (s *sending) row(name string) sql.WebhookReceiver {
	s.Helper()
	row, err := s.Store.WebhookReceiver(context.Background(), name)
	require.NoError(s, err)
	return row
}

// resume has a receiver go on from where it was.
func (s *sending) resume(name string) {
	s.Helper()
	id := s.row(name).ID
	require.NoError(s, s.Store.Do(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.ResumeReceiver(context.Background(), id, time.Time{})
		return err
	}))
}

func TestAReceiverGetsWhatHappensFromItsBeginningOn(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	one, two := s.Key(scene.Tilleuls), s.Key(scene.Tilleuls)
	assert.Equal(t, okey.WebhookReport{State: okey.WebhookActive}, s.turn("a", true), "nothing is to be sent")
	s.happens(one, okey.ReasonLost, okey.ReasonFound)
	s.happens(two, okey.ReasonDefective)
	assert.Equal(t, okey.WebhookReport{State: okey.WebhookActive}, s.turn("a", true))
	assert.Equal(t, []int{1, 2}, p.numbers(one), "of one key in order")
	assert.Equal(t, []int{3}, p.numbers(two))
	row := s.row("a")
	assert.EqualValues(t, 3, row.Position)
	assert.Zero(t, row.Backlog())
	assert.True(t, row.Idle)
	s.turn("a", true)
	assert.Len(t, p.numbers(""), 3, "each once")
	_, err := s.Store.KeepReceivers(t.Context(), map[string]string{"a": "h", "late": "h"})
	require.NoError(t, err)
	assert.EqualValues(t, 3, s.row("late").Position, "who comes later begins later")
}

func TestAReceiverGetsWhatItWants(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL, Events: []okey.EventType{okey.KeyEventFound}})
	serial := s.Key(scene.Tilleuls)
	s.happens(serial, okey.ReasonLost, okey.ReasonFound, okey.ReasonLost)
	s.turn("a", true)
	assert.Equal(t, []int{2}, p.numbers(""))
	assert.Zero(t, s.row("a").Backlog())
}

// A key whose event is not taken keeps back what follows of it, and no other key.
func TestWhatIsNotTakenKeepsBackItsKeyAlone(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	bad, good := s.Key(scene.Tilleuls), s.Key(scene.Tilleuls)
	s.happens(bad, okey.ReasonLost, okey.ReasonFound)
	s.happens(good, okey.ReasonLost, okey.ReasonFound)
	p.answers(func(m okey.EventMessage) int {
		if m.Data["serial"] == string(bad) {
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	})
	report := s.turn("a", true)
	assert.Equal(t, okey.WebhookReport{State: okey.WebhookActive, Pause: 5 * time.Second, Alive: true}, report)
	assert.Empty(t, p.numbers(bad))
	assert.Equal(t, []int{3, 4}, p.numbers(good))
	row := s.row("a")
	assert.EqualValues(t, 0, row.Position)
	assert.EqualValues(t, 2, row.Backlog())
	assert.Equal(t, []string{string(bad)}, row.Waiting)
	assert.Equal(t, http.StatusInternalServerError, row.LastStatus)
	assert.Equal(t, okey.WebhookFailureStatus, row.LastError)

	s.happens(good, okey.ReasonLost)
	tried := p.tried
	s.at = s.at.Add(time.Second)
	report = s.turn("a", false)
	assert.Equal(t, 4*time.Second, report.Pause, "the pause goes on")
	assert.Equal(t, []int{3, 4, 5}, p.numbers(good))
	assert.Equal(t, tried+1, p.tried, "what was not taken has its time")

	p.answers(func(okey.EventMessage) int { return http.StatusOK })
	s.at = s.at.Add(4 * time.Second)
	assert.Equal(t, okey.WebhookReport{State: okey.WebhookActive}, s.turn("a", true))
	assert.Equal(t, []int{1, 2}, p.numbers(bad), "nothing is lost, and in order")
	assert.Equal(t, []int{3, 4, 5}, p.numbers(good), "nor sent again")
	row = s.row("a")
	assert.EqualValues(t, 5, row.Position)
	assert.Empty(t, row.Ahead)
	assert.Zero(t, row.FailingSince)
}

func TestSupportHasAReceiverGoOnFromAMoment(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	serial := s.Key(scene.Tilleuls)
	s.happens(serial, okey.ReasonLost, okey.ReasonFound, okey.ReasonLost)
	s.turn("a", true)
	s.Exec(`UPDATE outbox SET created_at = $1::timestamptz + seq * interval '1 hour'`, scene.Now)
	hour := func(n time.Duration) time.Time { return scene.Now.UTC().Add(n * time.Hour) }
	from := func(at time.Time) (on sql.Resumed) {
		require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) (err error) {
			on, err = tx.ResumeReceiver(t.Context(), s.row("a").ID, at)
			return err
		}))
		return on
	}
	assert.Equal(t, sql.Resumed{Position: 1, Count: 2, Since: hour(2)}, from(hour(2).Add(-time.Minute)))
	s.turn("a", true)
	assert.Equal(t, []int{1, 2, 3, 2, 3}, p.numbers(""))
	assert.Equal(t, sql.Resumed{Count: 3, Since: hour(1)}, from(scene.Now))
	assert.Equal(t, sql.Resumed{Position: 3}, from(scene.Now.AddDate(1, 0, 0)), "of what is to come, nothing is sent again")

	s.Exec(`DELETE FROM outbox WHERE seq = 1`) // it is old
	assert.Equal(t, sql.Resumed{Position: 1, Count: 2, Since: hour(2), Gone: true}, from(scene.Now))
	assert.Equal(t, sql.Resumed{Position: 1, Count: 2, Since: hour(2)}, from(hour(2)))
	assert.Equal(t, sql.Resumed{Position: 2, Count: 1, Since: hour(3)}, from(hour(3)))
	assert.False(t, from(time.Time{}).Gone, "from where it was, which it knows")
}

// What was told before a restore is kept no more: what has happened since goes again, for whichever moment support names.
func TestAReceiverThatGoesOnFromBeforeARestoreIsSentAllThatIsKept(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	serial := s.Key(scene.Tilleuls)
	s.happens(serial, okey.ReasonLost)
	s.turn("a", true)
	_, _, err := s.Store.BeginEventsAnew(t.Context())
	require.NoError(t, err)
	from := func() (on sql.Resumed) {
		require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) (err error) {
			on, err = tx.ResumeReceiver(t.Context(), s.row("a").ID, scene.Now.AddDate(-1, 0, 0))
			return err
		}))
		return on
	}
	nothing := from()
	assert.Zero(t, nothing.Count)
	assert.True(t, nothing.Gone)
	s.happens(serial, okey.ReasonFound, okey.ReasonLost)
	for range 2 {
		on := from()
		assert.Equal(t, 2, on.Count)
		assert.True(t, on.Gone)
		s.turn("a", true)
	}
	assert.Len(t, p.numbers(""), 5)
	assert.Zero(t, s.row("a").Missed)
}

// What support says while a turn is under way holds; nothing of that turn is kept.
func TestAWordOfSupportsDuringATurnHolds(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	serial := s.Key(scene.Tilleuls)
	s.happens(serial, okey.ReasonLost, okey.ReasonFound)
	s.turn("a", true)
	s.happens(serial, okey.ReasonLost)
	row := s.row("a")
	p.answers(func(okey.EventMessage) int {
		assert.NoError(t, s.Store.Do(context.Background(), func(tx *sql.Tx) error {
			_, err := tx.ResumeReceiver(context.Background(), row.ID, scene.Now.AddDate(-1, 0, 0))
			return err
		}))
		return http.StatusOK
	})
	assert.True(t, s.turn("a", true).More)
	assert.Zero(t, s.row("a").Position)
	p.answers(func(okey.EventMessage) int { return http.StatusOK })
	s.turn("a", true)
	assert.Equal(t, []int{1, 2, 3, 1, 2, 3}, p.numbers(""))
}

func TestSupportTriesAReceiver(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	try := func() {
		require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) error { return tx.TestReceiver(t.Context(), s.row("a").ID, s.at) }))
		woken, err := s.Store.WakeReceivers(t.Context())
		require.NoError(t, err)
		require.Equal(t, []sql.WokenReceiver{{Name: "a", Asked: true}}, woken)
		s.turn("a", false)
	}
	s.turn("a", true)
	try()
	row := s.row("a")
	assert.Equal(t, []int{0}, p.numbers("TEST"))
	assert.Equal(t, http.StatusOK, row.TestStatus)
	assert.NotZero(t, row.Tested)
	assert.Zero(t, row.TestAsked)
	s.Exec(`UPDATE webhook_receiver SET state = 'stopped'`)
	p.answers(func(okey.EventMessage) int { return http.StatusTeapot })
	s.at = s.at.Add(time.Minute)
	try()
	assert.Equal(t, http.StatusTeapot, s.row("a").TestStatus)
	assert.Equal(t, okey.WebhookStopped, s.row("a").State, "a trial starts nothing")
}

// Each receiver has its own way: one that fails, redirects or takes its time delays no other.
func TestReceiversAreIndependent(t *testing.T) {
	bad, good := newPeer(t), newPeer(t)
	bad.answers(func(okey.EventMessage) int { return http.StatusFound })
	s := newSending(t, config.Webhook{Name: "bad", URL: bad.URL}, config.Webhook{Name: "good", URL: good.URL})
	s.happens(s.Key(scene.Tilleuls), okey.ReasonLost)
	s.turn("bad", true)
	s.turn("good", true)
	assert.Equal(t, okey.WebhookFailureRedirect, s.row("bad").LastError)
	assert.Equal(t, []int{1}, good.numbers(""))
}

// Events that are kept no more are counted: whoever looks at the receiver sees that it has to read all keys.
func TestWhatAReceiverCanNeverGetIsCounted(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	serial := s.Key(scene.Tilleuls)
	s.happens(serial, okey.ReasonLost, okey.ReasonFound, okey.ReasonLost)
	s.Exec(`DELETE FROM outbox WHERE seq <= 2`)
	s.turn("a", true)
	assert.Equal(t, []int{3}, p.numbers(""))
	assert.EqualValues(t, 2, s.row("a").Missed)
	assert.Equal(t, s.at, s.row("a").MissedAt)
	s.resume("a")
	s.at = s.at.Add(time.Hour)
	s.turn("a", true)
	assert.Equal(t, s.at.Add(-time.Hour), s.row("a").MissedAt, "that it goes on does not undo it")
	assert.EqualValues(t, 2, s.row("a").Missed)
}

// A receiver is woken once for what nobody has looked at, and not while a turn is under way.
func TestAReceiverIsWokenOnceForWhatIsNew(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	wake := func() []sql.WokenReceiver {
		woken, err := s.Store.WakeReceivers(t.Context())
		require.NoError(t, err)
		return woken
	}
	serial := s.Key(scene.Tilleuls)
	s.turn("a", true)
	assert.Empty(t, wake())
	s.happens(serial, okey.ReasonLost)
	assert.Equal(t, []sql.WokenReceiver{{Name: "a"}}, wake())
	assert.Empty(t, wake())
	p.answers(func(m okey.EventMessage) int {
		if m.Sequence == 1 { // something happens during the turn: it does not end idle
			s.happens(serial, okey.ReasonFound)
		}
		return http.StatusOK
	})
	assert.True(t, s.turn("a", true).News)
	assert.Empty(t, wake(), "its workflow knows")
	assert.Equal(t, okey.WebhookReport{State: okey.WebhookActive}, s.turn("a", true))
	behind, err := s.Store.ReceiversBehind(t.Context(), s.at.Add(time.Hour))
	require.NoError(t, err)
	assert.Empty(t, behind)
	s.happens(serial, okey.ReasonLost)
	behind, err = s.Store.ReceiversBehind(t.Context(), s.at.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, behind, "whoever was to wake it died")
}

func TestAReceiverThatIsConfiguredNoMoreEnds(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	gone, err := s.Store.KeepReceivers(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, gone)
	assert.Equal(t, okey.WebhookReport{State: okey.WebhookAbsent}, s.turn("a", true))
	s.happens(s.Key(scene.Tilleuls), okey.ReasonLost)
	gone, err = s.Store.KeepReceivers(t.Context(), map[string]string{"a": "h"})
	require.NoError(t, err)
	assert.Empty(t, gone)
	s.turn("a", true)
	assert.Equal(t, []int{1}, p.numbers(""), "back, it goes on where it was")
	elsewhere, turn := activities.NewWebhooks(s.Store, nil), okey.WebhookTurn{Receiver: "a", At: s.at}
	_, err = elsewhere.Deliver(t.Context(), turn)
	left, is := errors.AsType[*temporal.ApplicationError](err)
	require.True(t, is, "a worker that does not know it leaves it to others")
	assert.Equal(t, temporal.ApplicationErrorCategoryBenign, left.Category(), "and calls that no error")
	s.Exec(`UPDATE webhook_receiver SET state = 'stopped'`)
	report, err := elsewhere.Deliver(t.Context(), turn)
	require.NoError(t, err, "nothing is to be sent to it")
	assert.Equal(t, okey.WebhookStopped, report.State)
	assert.Equal(t, okey.WebhookReport{State: okey.WebhookAbsent}, s.turn("unknown", true))
}

// Many keys go side by side: the receiver's time is waited for once for several.
func TestKeysGoSideBySide(t *testing.T) {
	var most, now int
	var mu sync.Mutex
	full := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		if now++; now > most {
			if most = now; most == webhook.Together {
				close(full)
			}
		}
		mu.Unlock()
		<-full
		mu.Lock()
		now--
		mu.Unlock()
	}))
	defer server.Close()
	s := newSending(t, config.Webhook{Name: "a", URL: server.URL})
	for range 2 * webhook.Together {
		s.happens(s.Key(scene.Tilleuls), okey.ReasonLost)
	}
	s.turn("a", true)
	assert.Equal(t, webhook.Together, most)
	assert.Zero(t, s.row("a").Backlog())
}

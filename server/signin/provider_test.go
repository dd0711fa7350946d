package signin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told is a provider that only says what it is.
type told struct {
	*httptest.Server
	asked atomic.Int32
	away  atomic.Bool
	hold  chan struct{} // where there is one, it answers once that is closed
}

func newTold(t *testing.T) *told {
	t.Helper()
	p := &told{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		if p.hold != nil {
			<-p.hold
		}
		if p.away.Load() {
			http.Error(w, "later", http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/a", "token_endpoint": p.URL + "/t", "jwks_uri": p.URL + "/k",
		})
	}))
	t.Cleanup(p.Close)
	return p
}

// later has some time gone by since the last discovery.
func (p *provider) later(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = p.asked.Add(-by)
}

func TestNobodyWaitsForAProviderThatIsKnownToBeDead(t *testing.T) {
	says := newTold(t)
	says.away.Store(true)
	p := newProvider(Settings{Issuer: says.URL})
	_, err := p.get(t.Context())
	require.Error(t, err)
	p.later(-time.Hour) // whatever the machine takes
	for range 5 {
		_, err := p.get(t.Context())
		require.Error(t, err)
	}
	assert.EqualValues(t, 1, says.asked.Load())

	says.hold = make(chan struct{})
	p.later(time.Hour + deadFor)
	tried, begun := make(chan error, 1), make(chan struct{})
	go func() {
		close(begun)
		_, err := p.get(context.Background())
		tried <- err
	}()
	<-begun
	require.Eventually(t, func() bool { return says.asked.Load() == 2 }, 10*time.Second, time.Millisecond)
	_, err = p.get(t.Context())
	require.Error(t, err, "while another one tries")
	says.away.Store(false)
	close(says.hold)
	require.NoError(t, <-tried)
	_, err = p.get(t.Context())
	require.NoError(t, err)
}

func TestOneDiscoveryServesAllWhoWaitForIt(t *testing.T) {
	says := newTold(t)
	says.hold = make(chan struct{})
	p := newProvider(Settings{Issuer: says.URL})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			_, err := p.get(context.Background())
			assert.NoError(t, err)
		})
	}
	require.Eventually(t, func() bool { return says.asked.Load() == 1 }, 10*time.Second, time.Millisecond)
	left, leave := context.WithCancel(t.Context())
	leave()
	_, err := p.get(left)
	require.ErrorIs(t, err, context.Canceled)
	close(says.hold)
	all.Wait()
	assert.EqualValues(t, 1, says.asked.Load())
}

func TestWhatAProviderSaysOfItselfIsLearntAnewWhileItServesOn(t *testing.T) {
	says := newTold(t)
	p := newProvider(Settings{Issuer: says.URL})
	known, err := p.get(t.Context())
	require.NoError(t, err)
	says.away.Store(true)
	p.later(knownFor)
	again, err := p.get(t.Context())
	require.NoError(t, err)
	assert.Same(t, known, again)
	ended := func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.asking == nil }
	require.Eventually(t, ended, 10*time.Second, time.Millisecond)
	again, err = p.get(t.Context())
	require.NoError(t, err, "away when it was asked again")
	assert.Same(t, known, again)
	says.away.Store(false)
	p.later(refreshGap)
	anew := func() bool { again, err := p.get(t.Context()); return err == nil && again != known }
	require.Eventually(t, anew, 10*time.Second, time.Millisecond)
	assert.EqualValues(t, 3, says.asked.Load())
}

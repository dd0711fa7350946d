package server_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"okey/internal/scene"
	"okey/server"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a decision's form reads before its row is written is what the decision needs: who (three), which request, where, who answers there,
// whether the same was sent before. The page's other questions wait until it is shown.
func TestADecisionReadsWhatItNeedsBeforeItsRow(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	heard := h.overhear()
	roux := heard.as(c.roux)
	form := roux.get(page).form(t, page+"/reponse", "decision", "approve")
	heard.queries()
	require.Equal(t, http.StatusSeeOther, roux.post(page+"/reponse", form).Status)
	read := heard.queries()
	row := slices.IndexFunc(read, func(q string) bool { return strings.Contains(q, "INSERT INTO action") })
	require.Positive(t, row, "%q", read)
	reads := slices.DeleteFunc(read[:row], func(q string) bool { return !strings.HasPrefix(q, "SELECT") || strings.Contains(q, "FROM session") })
	assert.LessOrEqual(t, len(reads), 7, "%q", reads)
}

// overheard is a house whose server asks the database through a relay that notes what it asks.
type overheard struct {
	*house
	relay *relay
}

// overhear runs another server over the same database, behind a relay.
func (h *house) overhear() overheard {
	h.Helper()
	r := newRelay(h.TB, h.Scene.URL)
	store, err := sql.Open(r.url, h.Keys)
	require.NoError(h, err)
	ctx, cancel := context.WithCancel(context.Background())
	outcomes, err := h.Store.ListenOutcomes(ctx)
	require.NoError(h, err)
	other := &house{Scene: h.Scene, Judges: h.Judges, Config: h.Config, spec: h.spec}
	web := httptest.NewUnstartedServer(nil)
	other.URL = "http://" + web.Listener.Addr().String()
	other.Config.URL = other.URL
	other.Server = server.New(other.Config, store, outcomes, h.Judges)
	web.Config.Handler = other.Server.Handler()
	web.Start()
	h.Cleanup(func() {
		web.Close()
		other.Server.Close()
		_ = store.Close()
		cancel()
	})
	return overheard{house: other, relay: r}
}

// queries are the statements since the last look, in their order.
func (o overheard) queries() []string {
	o.relay.mu.Lock()
	defer o.relay.mu.Unlock()
	asked := o.relay.asked
	o.relay.asked = nil
	return asked
}

// relay passes a program's conversation with PostgreSQL on (protocol 3.0), and notes each statement that is parsed or sent as it is.
type relay struct {
	url   string
	mu    sync.Mutex
	asked []string
	on    func(string) // where there is one: called with each, before it is passed on
}

func newRelay(t testing.TB, database string) *relay {
	t.Helper()
	to, err := url.Parse(database)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	server := to.Host
	to.Host = listener.Addr().String()
	r := &relay{url: to.String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go r.pass(client, server)
		}
	}()
	return r
}

func (r *relay) pass(client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	database, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer func() { _ = database.Close() }()
	go func() {
		_, _ = io.Copy(client, database)
		_ = client.Close()
	}()
	first := true // the start-up has no type before its length
	for {
		var head [5]byte
		kind := head[:1]
		if first {
			kind = nil
		}
		if _, err := io.ReadFull(client, head[1-len(kind):]); err != nil {
			return
		}
		rest := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(client, rest); err != nil {
			return
		}
		if !first {
			r.note(head[0], string(rest))
		}
		if _, err := database.Write(append(head[1-len(kind):], rest...)); err != nil {
			return
		}
		first = false
	}
}

func (r *relay) note(kind byte, text string) {
	statement := ""
	switch kind {
	case 'P': // Parse: a name, then the statement
		_, statement, _ = strings.Cut(text, "\x00")
	case 'Q':
		statement = text
	default:
		return
	}
	statement, _, _ = strings.Cut(statement, "\x00")
	r.mu.Lock()
	on := r.on
	r.mu.Unlock()
	if on != nil {
		on(statement)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, strings.Join(strings.Fields(statement), " "))
}

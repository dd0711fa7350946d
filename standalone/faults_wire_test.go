package main

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wire is a TCP proxy of the test's own between one program and what it calls, and fails as networks do.
type wire struct {
	at string // where the program calls
	to string // who answers there

	mu      sync.Mutex
	changed *sync.Cond
	closed  bool // new calls are hung up on
	silent  bool // calls are taken, and nothing is passed on, not even that an end has hung up
	delay   time.Duration
	calls   map[*call]bool
}

// call is one connection through the wire. Under its lock.
type call struct {
	ends [2]net.Conn
	lost bool // silent for good
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{at: listener.Addr().String(), to: to, calls: map[*call]bool{}}
	w.changed = sync.NewCond(&w.mu)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go w.join(client)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		w.cut()
	})
	return w
}

func (w *wire) join(client net.Conn) {
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		_ = client.Close()
		return
	}
	c := &call{ends: [2]net.Conn{client, server}}
	w.mu.Lock()
	refused := w.closed
	if !refused {
		w.calls[c] = true
	}
	w.mu.Unlock()
	if refused {
		_, _ = client.Close(), server.Close()
		return
	}
	go w.pass(c, client, server)
	go w.pass(c, server, client)
}

// pass carries what one end says to the other.
func (w *wire) pass(c *call, from, to net.Conn) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if !w.open(c) || err != nil {
			break
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			break
		}
	}
	w.hangUp(c)
}

// open waits for as long as the wire is silent, or slow, and tells whether the call stands still.
func (w *wire) open(c *call) bool {
	w.mu.Lock()
	for w.calls[c] && (w.silent || c.lost) {
		w.changed.Wait()
	}
	stands, delay := w.calls[c], w.delay
	w.mu.Unlock()
	if delay > 0 {
		<-time.After(delay)
	}
	return stands
}

func (w *wire) hangUp(c *call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end(c)
	w.changed.Broadcast()
}

func (w *wire) end(c *call) {
	delete(w.calls, c)
	for _, end := range c.ends {
		_ = end.Close()
	}
}

// change is everything that happens to a wire, at once for all that waits on it.
func (w *wire) change(how func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	how()
	w.changed.Broadcast()
}

// cut ends all calls, and those that come, until mend.
func (w *wire) cut() {
	w.change(func() {
		w.closed = true
		for c := range w.calls {
			w.end(c)
		}
	})
}

// silence passes nothing on until mend, which passes on what was held back.
func (w *wire) silence() { w.change(func() { w.silent = true }) }

// slow holds everything back for a while, each way, until mend.
func (w *wire) slow() { w.change(func() { w.delay = 100 * time.Millisecond }) }

// lose has the calls that stand be silent for good. New ones are well.
func (w *wire) lose() {
	w.change(func() {
		for c := range w.calls {
			c.lost = true
		}
	})
}

// mend undoes all but lose.
func (w *wire) mend() { w.change(func() { w.closed, w.silent, w.delay = false, false, 0 }) }

// forget ends the lost calls on both sides, as kernels do in the end.
func (w *wire) forget() {
	w.change(func() {
		for c := range w.calls {
			if c.lost {
				w.end(c)
			}
		}
	})
}

package sql

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// line is the wire of one connection. Whoever waits on it for longer than the database may take gets an error, and the connection is
// broken: a server that is frozen, or a network that has lost it, would otherwise keep a goroutine for hours.
type line struct {
	net.Conn
	lost   func() // told that nobody answers; nil: nobody wants to know
	closed func() // nil: nobody wants to know

	pressed time.Duration // silence, once another line is known to be silent

	mu      sync.Mutex
	silence time.Duration // how long a read or a write may take
	given   time.Time     // the driver's own limit, while it connects
	asked   int64         // number of the question under way
	ending  time.Time     // its context has ended: what is not there by now is not waited for
}

// overtime is how long after its context's end a question is waited for: the driver has asked the server to cancel it.
const overtime = 2 * time.Second

// Read is part of net.Conn.
func (l *line) Read(p []byte) (int, error) {
	if err := l.limit(l.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	n, err := l.Conn.Read(p)
	if l.lost != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		l.lost()
	}
	return n, err
}

// Write is part of net.Conn.
func (l *line) Write(p []byte) (int, error) {
	if err := l.limit(l.Conn.SetWriteDeadline); err != nil {
		return 0, err
	}
	return l.Conn.Write(p)
}

// Close is part of net.Conn.
func (l *line) Close() error {
	if l.closed != nil {
		l.closed()
	}
	return l.Conn.Close()
}

// press leaves whoever waits, and whoever asks from now on, less time for an answer.
func (l *line) press() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pressed < l.silence {
		l.silence = l.pressed
		_ = l.Conn.SetDeadline(l.until()) // of the read that waits already
	}
}

// limit sets when the next read or write must have ended.
func (l *line) limit(set func(time.Time) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return set(l.until())
}

// until is under the lock.
func (l *line) until() time.Time {
	end := time.Now().Add(l.silence)
	for _, other := range []time.Time{l.given, l.ending} {
		if !other.IsZero() && other.Before(end) {
			end = other
		}
	}
	return end
}

// SetDeadline is part of net.Conn.
func (l *line) SetDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.given = t
	return l.Conn.SetDeadline(t)
}

// ask begins a question. The returned function is for the end of its context: it does nothing once another question has begun.
func (l *line) ask() (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	l.ending = time.Time{}
	this := l.asked
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.asked == this {
			l.ending = time.Now().Add(overtime)
			_ = l.Conn.SetDeadline(l.ending) // of the read that waits already
		}
	}
}

// lines are those that are open.
type lines struct {
	mu   sync.Mutex
	open map[*line]bool
}

func (ls *lines) add(l *line) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.open[l] = true
	l.closed = func() {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		delete(ls.open, l)
	}
}

func (ls *lines) press() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for l := range ls.open {
		l.press()
	}
}

// dialer opens lines that notice the loss of their network.
type dialer struct {
	of      *connector
	silence time.Duration
	opened  atomic.Pointer[line] // the last one
	settled atomic.Bool          // the connection stands: what is opened now only cancels
}

// hangUp ends what is being opened: whoever asked has left.
func (d *dialer) hangUp() {
	if l := d.opened.Load(); l != nil && !d.settled.Load() {
		_ = l.Close()
	}
}

// Where nobody has answered for half a minute, nobody will.
const unanswered = 30 * time.Second

var network = net.Dialer{
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
	Control:         limitUnanswered,
}

// DialContext is part of pq.DialerContext.
func (d *dialer) DialContext(ctx context.Context, kind, address string) (net.Conn, error) {
	conn, err := network.DialContext(ctx, kind, address)
	if err != nil {
		return nil, err
	}
	if d.settled.Load() {
		return &line{Conn: conn, silence: overtime}, nil
	}
	l := &line{Conn: conn, silence: d.silence, pressed: d.of.pressed}
	d.of.lines.add(l)
	d.opened.Store(l)
	return l, nil
}

// Dial is part of pq.Dialer.
func (d *dialer) Dial(kind, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), kind, address)
}

// DialTimeout is part of pq.Dialer.
func (d *dialer) DialTimeout(kind, address string, limit time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return d.DialContext(ctx, kind, address)
}

package demo

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"

	"okey/mail"

	"github.com/emersion/go-smtp"
)

// post is the relay of the year's letters. Most were read long ago: it keeps the last ones alone.
type post struct {
	listener net.Listener
	server   *smtp.Server
	mu       sync.Mutex // letters of one step come side by side
	last     []letter
}

type letter struct {
	from    string
	to      []string
	message []byte
}

const lastLetters = 12

func newPost() (*post, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &post{listener: listener}
	p.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &counter{post: p}, nil }))
	p.server.Domain, p.server.MaxMessageBytes = "localhost", 30<<20
	p.server.ErrorLog = slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)
	go func() { _ = p.server.Serve(listener) }() // until it is closed
	return p, nil
}

func (p *post) relay() mail.Relay {
	return mail.Relay{Host: "127.0.0.1", Port: p.listener.Addr().(*net.TCPAddr).Port}
}

func (p *post) close() { _ = p.server.Close() } // nobody is in a dialogue any more

// hand gives the last letters to somebody who keeps them.
func (p *post) hand(keep func(from string, to []string, message []byte) error) error {
	var failed error
	for _, l := range p.last {
		failed = errors.Join(failed, keep(l.from, l.to, l.message))
	}
	return failed
}

// counter takes one letter after the other.
type counter struct {
	post *post
	letter
}

// Mail begins a letter.
func (c *counter) Mail(from string, _ *smtp.MailOptions) error {
	c.from = from
	return nil
}

// Rcpt adds a reader.
func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = append(c.to, to)
	return nil
}

// Data takes the letter.
func (c *counter) Data(r io.Reader) error {
	var message bytes.Buffer
	if _, err := message.ReadFrom(r); err != nil {
		return err
	}
	c.message = message.Bytes()
	c.post.mu.Lock()
	defer c.post.mu.Unlock()
	c.post.last = append(c.post.last, c.letter)
	c.post.last = c.post.last[max(0, len(c.post.last)-lastLetters):]
	return nil
}

// Reset drops a letter on its way.
func (c *counter) Reset() { c.letter = letter{} }

// Logout has nothing to let go of.
func (c *counter) Logout() error { return nil }

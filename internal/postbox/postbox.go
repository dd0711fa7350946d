// Package postbox is a mail relay for tests: it speaks SMTP, keeps what it takes, and refuses what it is told to refuse. Tests only.
package postbox

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// Letter is a message as it arrived.
type Letter struct {
	To      string // of the envelope
	From    string // of the envelope
	Header  netmail.Header
	Subject string
	Text    string
	HTML    string
	Wishes  Wishes
	Session int // which dialogue brought it, from 1
	TLS     bool
}

// Wishes are what its sender wants to be told of (RFC 3461).
type Wishes struct {
	Return smtp.DSNReturn
	Notify []smtp.DSNNotify
}

// Box is a relay of its own for one test.
type Box struct {
	t        testing.TB
	Host     string
	Port     int
	mu       sync.Mutex
	letters  []Letter
	refusals map[string]*smtp.SMTPError
	asked    []string
	atAsked  func(address string)
	atDot    func(hangUp func())
	sessions int
	server   *smtp.Server
	listener net.Listener
}

// Open starts a relay on a port of its own.
func Open(t testing.TB) *Box { return OpenTLS(t, nil) }

// OpenTLS starts a relay that offers STARTTLS with the configuration.
func OpenTLS(t testing.TB, config *tls.Config) *Box {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	host, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	box := serve(t, listener, config)
	box.Host = host
	box.Port, err = strconv.Atoi(port)
	require.NoError(t, err)
	return box
}

// OpenPipe starts a relay that is called through Dial alone, in memory: time can be skipped around it.
func OpenPipe(t testing.TB) *Box {
	t.Helper()
	box := serve(t, &pipes{calls: make(chan net.Conn), closed: make(chan struct{})}, nil)
	box.Host, box.Port = "127.0.0.1", 25
	return box
}

func serve(t testing.TB, listener net.Listener, config *tls.Config) *Box {
	box := &Box{t: t, refusals: map[string]*smtp.SMTPError{}, listener: listener}
	box.server = smtp.NewServer(smtp.BackendFunc(box.session))
	box.server.Domain = "postbox"
	box.server.TLSConfig, box.server.EnableDSN = config, true
	box.server.ErrorLog = log.New(io.Discard, "", 0)
	go func() { _ = box.server.Serve(listener) }()
	t.Cleanup(box.Close)
	return box
}

// Close stops the relay, before the test ends by itself.
func (b *Box) Close() {
	_ = b.listener.Close() // the server may not have it yet
	_ = b.server.Close()
}

// Whom a refusal is for, where it is not one recipient.
const (
	Sender   = "sender" // of the envelope
	Everyone = "everyone"
	Content  = "data" // once it is there
)

// Refuse answers a recipient with an SMTP code from now on, as it does who is not known here; 0 takes mail again.
func (b *Box) Refuse(address string, code int) {
	b.RefuseAs(address, code, smtp.EnhancedCode{code / 100, 1, 1})
}

// RefuseAs is Refuse with a status of RFC 3463; smtp.NoEnhancedCode gives none.
func (b *Box) RefuseAs(address string, code int, status smtp.EnhancedCode) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.refusals, address)
	if code != 0 {
		b.refusals[address] = &smtp.SMTPError{Code: code, EnhancedCode: status, Message: "not for " + address}
	}
}

// AtDot is called with each message that has been taken, before the relay says so; it may end the connection instead. nil calls nothing.
func (b *Box) AtDot(f func(hangUp func())) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.atDot = f
}

// AtAsked is called with each recipient that is named to the relay, before it answers.
func (b *Box) AtAsked(f func(address string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.atAsked = f
}

// Asked returns the recipients that were named to the relay, in their order.
func (b *Box) Asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.asked...)
}

// Letters returns what has arrived, in its order.
func (b *Box) Letters() []Letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Letter(nil), b.letters...)
}

// To returns what has arrived for an address.
func (b *Box) To(address string) []Letter {
	var found []Letter
	for _, l := range b.Letters() {
		if strings.EqualFold(l.To, address) {
			found = append(found, l)
		}
	}
	return found
}

func (b *Box) session(c *smtp.Conn) (smtp.Session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions++
	_, encrypted := c.TLSConnectionState()
	return &session{box: b, connection: c, number: b.sessions, tls: encrypted}, nil
}

func (b *Box) refusal(address string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if refusal := b.refusals[address]; refusal != nil {
		return refusal
	}
	return nil
}

type session struct {
	box        *Box
	connection *smtp.Conn
	number     int
	tls        bool
	from       string
	to         []string
	wishes     Wishes
}

// Mail begins a message.
func (s *session) Mail(from string, options *smtp.MailOptions) error {
	s.from, s.wishes.Return = from, options.Return
	return s.box.refusal(Sender)
}

// Rcpt takes a recipient, or refuses it.
func (s *session) Rcpt(to string, options *smtp.RcptOptions) error {
	s.box.mu.Lock()
	s.box.asked = append(s.box.asked, to)
	atAsked := s.box.atAsked
	s.box.mu.Unlock()
	if atAsked != nil {
		atAsked(to)
	}
	for _, whom := range []string{Everyone, to} {
		if err := s.box.refusal(whom); err != nil {
			return err
		}
	}
	s.to, s.wishes.Notify = append(s.to, to), options.Notify
	return nil
}

// Data keeps the message.
func (s *session) Data(r io.Reader) error {
	var data bytes.Buffer
	if _, err := data.ReadFrom(r); err != nil {
		return err
	}
	if err := s.box.refusal(Content); err != nil {
		return err
	}
	letter := read(s.box.t, data.Bytes())
	letter.From, letter.Wishes, letter.Session, letter.TLS = s.from, s.wishes, s.number, s.tls
	s.box.mu.Lock()
	for _, to := range s.to {
		letter.To = to
		s.box.letters = append(s.box.letters, letter)
	}
	atDot := s.box.atDot
	s.box.mu.Unlock()
	if atDot != nil {
		atDot(func() { _ = s.connection.Conn().Close() })
	}
	return nil
}

// Reset forgets what has begun.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout ends the dialogue.
func (s *session) Logout() error { return nil }

// read takes a message of two parts, text and HTML, to pieces.
func read(t testing.TB, data []byte) Letter {
	message, err := netmail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Errorf("postbox: %v", err)
		return Letter{}
	}
	letter := Letter{Header: message.Header}
	if letter.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		t.Errorf("postbox: subject: %v", err)
	}
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Errorf("postbox: a message is %q: %v", kind, err)
		return letter
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return letter
		}
		content, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Errorf("postbox: a part: %v", err)
		}
		text := strings.ReplaceAll(string(content), "\r\n", "\n")
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			letter.HTML = text
		} else {
			letter.Text = text
		}
	}
}

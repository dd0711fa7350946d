package inbox

import (
	"bytes"
	"io"
	"log/slog"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	biggestMessage = 30 << 20
	patience       = time.Minute
)

// SMTP returns a server that puts all it is given into the inbox.
func (box *Inbox) SMTP() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{box: box}, nil }))
	server.Domain = "localhost"
	server.MaxMessageBytes = biggestMessage
	server.MaxRecipients = 1000
	server.EnableSMTPUTF8 = true
	server.ReadTimeout, server.WriteTimeout = patience, patience
	server.ErrorLog = slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)
	return server
}

// session is one message on its way in.
type session struct {
	box  *Inbox
	from string
	to   []string
}

// Mail begins a message.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt adds somebody to the envelope: everybody is at home here.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

// Data keeps the message; the sender hears yes only then.
func (s *session) Data(r io.Reader) error {
	var data bytes.Buffer
	if _, err := data.ReadFrom(r); err != nil {
		return err
	}
	return s.box.Receive(s.from, s.to, data.Bytes())
}

// Reset drops a message on its way in.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout has nothing to let go of.
func (s *session) Logout() error { return nil }

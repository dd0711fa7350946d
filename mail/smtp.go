package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Relay is where mail is handed in.
type Relay struct {
	Host     string
	Port     int
	TLS      bool // from the first byte; otherwise STARTTLS where the relay offers it
	User     string
	Password string
}

// Sender hands messages to a relay.
type Sender struct {
	relay Relay
	from  string
}

// NewSender makes a sender; from is an RFC 5322 address. It does not connect yet.
func NewSender(relay Relay, from string) *Sender { return &Sender{relay: relay, from: from} }

// Permanent is a refusal that no repetition mends: the address is wrong, or does not want this message. Every other error of
// Connection.Send is worth another attempt, later.
type Permanent struct{ Err error }

// Error implements error. It may hold an address: it is for the database, not for logs.
func (p *Permanent) Error() string { return p.Err.Error() }

// Unwrap gives the cause.
func (p *Permanent) Unwrap() error { return p.Err }

// patience is how long a connection, and each message on it, may take.
const patience = 15 * time.Second

// Connection is one dialogue with the relay, for all messages of a step. It is for one goroutine.
type Connection struct {
	client *gomail.Client
	from   string
	open   bool
	away   error // why the relay could not be called: it is not called again for the rest of a step
}

// Open prepares a connection; the relay is called with the first message.
func (s *Sender) Open() (*Connection, error) {
	client, err := gomail.NewClient(s.relay.Host, s.options()...)
	if err != nil {
		return nil, fmt.Errorf("prepare to send mail: %w", err)
	}
	return &Connection{client: client, from: s.from}, nil
}

// options: a password goes over a verified, encrypted connection only. Without one, encryption is taken where it is offered, whatever
// the certificate, as mail servers do among themselves (RFC 7435). On this very machine there is nothing to encrypt.
func (s *Sender) options() []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.relay.Port), gomail.WithTimeout(patience),
		gomail.WithoutSMTPUTF8(), // our headers are ASCII: no relay further on has to know the extension
	}
	auth := gomail.SMTPAuthAutoDiscover
	switch {
	case s.relay.TLS:
		options = append(options, gomail.WithSSL())
	case loopback(s.relay.Host):
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
		auth = gomail.SMTPAuthPlainNoEnc
	case s.relay.User != "":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic), gomail.WithTLSConfig(&tls.Config{
			ServerName: s.relay.Host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: true,
		}))
	}
	if s.relay.User != "" {
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(s.relay.User), gomail.WithPassword(s.relay.Password))
	}
	return options
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Send hands over one message. A connection that has broken since the last one is made again, once.
func (c *Connection) Send(ctx context.Context, m Message) error {
	message, err := c.compose(m)
	if err != nil {
		return err
	}
	fresh := !c.open
	if err := c.dial(ctx); err != nil {
		return err
	}
	err = c.client.Send(message)
	if failedBy(err, gomail.ErrConnCheck) && !fresh {
		c.open = false
		if err := c.dial(ctx); err != nil {
			return err
		}
		err = c.client.Send(message)
	}
	return c.judge(message, err)
}

func (c *Connection) dial(ctx context.Context) error {
	if c.open || c.away != nil {
		return c.away
	}
	if err := c.client.DialWithContext(ctx); err != nil {
		c.away = fmt.Errorf("call the mail relay: %w", err)
	}
	c.open = c.away == nil
	return c.away
}

// judge tells whether a failure is for good. What the relay holds against the sender or the session, an operator can mend: that is worth
// repeating. What it holds against the recipient or the message is not.
func (c *Connection) judge(message *gomail.Msg, err error) error {
	if err == nil {
		return nil
	}
	if message.IsDelivered() { // the message is with the relay: only the goodbye failed
		c.open = false
		return nil
	}
	if c.client.Reset() != nil {
		_ = c.client.Close()
		c.open = false
	}
	var failure *gomail.SendError
	if errors.As(err, &failure) && failure.ErrorCode() >= 500 && failure.ErrorCode() != 530 && failure.Reason != gomail.ErrSMTPMailFrom {
		return &Permanent{fmt.Errorf("send mail: %w", err)}
	}
	return fmt.Errorf("send mail: %w", err)
}

func failedBy(err error, reason gomail.SendErrReason) bool {
	var failure *gomail.SendError
	return errors.As(err, &failure) && failure.Reason == reason
}

// Close ends the dialogue.
func (c *Connection) Close() {
	if c.open {
		_ = c.client.Close() // all messages are with the relay by now
		c.open = false
	}
}

func (c *Connection) compose(m Message) (*gomail.Msg, error) {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := message.From(c.from); err != nil {
		return nil, fmt.Errorf("read the sender's address: %w", err)
	}
	if err := message.To(m.To); err != nil {
		return nil, &Permanent{fmt.Errorf("read the recipient's address: %w", err)}
	}
	message.SetMessageIDWithValue(m.ID)
	message.SetDateWithValue(m.Date)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: holiday notices don't answer it
	message.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	message.Subject(oneLine(m.Subject))
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	for _, a := range m.Attached {
		contentType := gomail.WithFileContentType(gomail.ContentType(a.Type))
		if err := message.AttachReader(a.Name, bytes.NewReader(a.Content), contentType); err != nil {
			return nil, fmt.Errorf("attach %s: %w", a.Name, err)
		}
	}
	return message, nil
}

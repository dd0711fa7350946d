package mail

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	netmail "net/mail"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
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
	relay   Relay
	from    string
	witness string // bare; empty: no refusal is believed
	call    gomail.DialContextFunc
}

// NewSender makes a sender; from is an RFC 5322 address, and so is witness: a mailbox that must work. Where the relay refuses that one
// too, it refuses everybody, and no recipient is to blame. It does not connect yet.
func NewSender(relay Relay, from, witness string) *Sender {
	s := &Sender{relay: relay, from: from}
	if address, err := netmail.ParseAddress(witness); err == nil {
		s.witness = address.Address
	}
	return s
}

// Permanent is a refusal that no repetition mends: the relay has nothing against us, and does not know this one recipient. Every other
// error of Connection.Send is worth another attempt, later.
type Permanent struct{ Err error }

// Error implements error. It may hold an address: it is for the database, not for logs.
func (p *Permanent) Error() string { return p.Err.Error() }

// Unwrap gives the cause.
func (p *Permanent) Unwrap() error { return p.Err }

// Unanswered is an attempt that ended with the whole message at the relay, which did not say whether it took it: each repetition may be one
// more copy.
type Unanswered struct{ Err error }

// Error implements error. It is for the database, not for logs.
func (u *Unanswered) Error() string { return u.Err.Error() }

// Unwrap gives the cause.
func (u *Unanswered) Unwrap() error { return u.Err }

// RFC 5321, 4.5.3.2, has a client wait for minutes at each command. Only where the message has been handed over does giving up make a
// second copy of it: there the relay has the ten minutes of 4.5.3.2.6, in which it may look through the content. Before, another attempt
// costs nothing, and a relay that is silent for so long is better called again than waited for: a step's other mails wait behind it.
const (
	commandPatience = 30 * time.Second
	answerPatience  = 10 * time.Minute
)

// Connection is one dialogue with the relay, for all messages of a step. It is for one goroutine.
type Connection struct {
	caller  *gomail.Client
	relay   *smtp.Client // nil while there is no dialogue
	from    string
	sender  string // of the envelope, in angle brackets
	witness string
	away    error // why the relay could not be called, or did not answer: it is not called again for the rest of a step
	others  error // that the relay refuses the witness, or why that is not known; nil: it took it when asked last, or was not asked
	asked   time.Time
}

// Open prepares a connection; the relay is called with the first message.
func (s *Sender) Open() (*Connection, error) {
	caller, err := gomail.NewClient(s.relay.Host, s.options()...)
	if err != nil {
		return nil, fmt.Errorf("prepare to send mail: %w", err)
	}
	from, err := netmail.ParseAddress(s.from)
	if err != nil {
		return nil, fmt.Errorf("read the sender's address: %w", err)
	}
	return &Connection{caller: caller, from: s.from, sender: "<" + from.Address + ">", witness: s.witness}, nil
}

// options: a password goes over a verified, encrypted connection only. Without one, encryption is taken where it is offered, whatever
// the certificate, as mail servers do among themselves (RFC 7435). On this very machine there is nothing to encrypt.
func (s *Sender) options() []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.relay.Port), gomail.WithTimeout(commandPatience),
		gomail.WithoutSMTPUTF8(), // our headers are ASCII: no relay further on has to know the extension
	}
	if s.call != nil {
		options = append(options, gomail.WithDialContextFunc(s.call))
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

// suppressed are the automatic answers that Exchange keeps to itself ([MS-OXCMAIL] 2.1.3.2.20): all but NDR, the report of a mail that
// could not be delivered.
const suppressed = "DR, RN, NRN, OOF, AutoReply"

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
	// RFC 3834: holiday notices don't answer it. Headers of lists (List-Unsubscribe, Precedence) would be untrue: nobody subscribes.
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetGenHeader(gomail.HeaderXAutoResponseSuppress, suppressed)
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

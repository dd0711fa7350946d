package bounces

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"golang.org/x/net/netutil"
)

// Whoever reaches the port can't keep it from others for long, nor make OKEY hold much: a message is read as it comes.
const (
	callers     = 20
	biggest     = 64 << 20 // bytes: a report may bring the whole mail back, with what was attached
	longestLine = 64 << 10 // bytes: more than RFC 5321 has, for texts that others pass on
	longestCall = 10 * time.Minute
	stepTime    = time.Minute
)

// Serve takes messages at a listener, which it closes, until ctx ends. What names no mail of OKEY's is refused; while the database is away
// the answer is to come again later (4xx).
func (t *Taker) Serve(ctx context.Context, listener net.Listener, lmtp bool) error {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		end := time.AfterFunc(longestCall, func() { _ = c.Conn().Close() })
		return &session{ctx: ctx, taker: t, end: end}, nil
	}))
	server.LMTP, server.Domain = lmtp, "okey"
	server.MaxRecipients = 1 // one answer for one mail; a report has no other recipients
	server.MaxMessageBytes, server.MaxLineLength = biggest, longestLine
	server.ReadTimeout, server.WriteTimeout = stepTime, stepTime
	server.ErrorLog = slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err := server.Serve(netutil.LimitListener(listener, callers))
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// session is one dialogue.
type session struct {
	ctx   context.Context
	taker *Taker
	end   *time.Timer
	mail  uuid.UUID
}

var (
	errNobody = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such recipient here"}
	errBroken = &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "A line of this message is too long"}
	errLater  = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Not now, try again later"}
)

// Mail begins a message. Reports come from nobody (<>), automatic replies from somebody: neither is refused for that.
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes the envelope sender of one of OKEY's mails, and no other address.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	id, ours := s.taker.address.Mail(to)
	if !ours {
		s.taker.taken.WithLabelValues(outcomeForged).Inc()
		return errNobody
	}
	s.mail = id
	return nil
}

// Data takes the message; the sender hears yes only once the database has it.
func (s *session) Data(r io.Reader) error {
	err := s.taker.take(s.ctx, s.mail, r)
	if err == nil {
		return nil
	}
	if errors.Is(err, smtp.ErrDataTooLarge) {
		return smtp.ErrDataTooLarge
	}
	if errors.Is(err, smtp.ErrTooLongLine) { // it would be no shorter later
		slog.Warn("what came back has a line that is too long, and was refused", "mail", s.mail)
		return errBroken
	}
	slog.Warn("what came back could not be taken, its relay keeps it", "mail", s.mail, "error", err)
	return errLater
}

// Reset drops a message on its way in.
func (s *session) Reset() { s.mail = uuid.Nil }

// Logout ends the dialogue.
func (s *session) Logout() error {
	s.end.Stop()
	return nil
}

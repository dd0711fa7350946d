// Package bounces takes in what comes back of OKEY's mails: reports that mail servers write of what they could not deliver (RFC 3464). They
// are handed over by LMTP or SMTP, or fetched from a mailbox by IMAP. Whoever has a report keeps it until the database has taken it.
package bounces

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
)

// What became of a message that came in, beside the fates that a report tells.
const (
	outcomeForged   = "forged"   // to an address that OKEY gave to no mail
	outcomeUnknown  = "unknown"  // about a mail that is forgotten
	outcomeRepeated = "repeated" // nothing new
)

// Taker holds reports against the mails that they are about.
type Taker struct {
	store   *sql.Store
	address mail.BounceAddress
	taken   *prometheus.CounterVec // by outcome
}

// NewTaker makes it, and counts in a registry what comes in.
func NewTaker(store *sql.Store, address mail.BounceAddress, registry prometheus.Registerer) *Taker {
	t := &Taker{store: store, address: address, taken: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "okey_bounces_total",
		Help: "Messages that came back, by outcome: gone, passes, delayed, arrived, untold (no report), forged, unknown, repeated.",
	}, []string{"outcome"})}
	registry.MustRegister(t.taken)
	return t
}

// patience is how long the database has for one report: whoever has it waits.
const patience = 30 * time.Second

var errOnItsWay = errors.New("it is not noted yet that the mail has left")

// take reads a message about a mail to its end, and notes what it says. An error is worth another attempt.
func (t *Taker) take(ctx context.Context, id uuid.UUID, message io.Reader) error {
	report, err := mail.ReadReport(message)
	if err != nil {
		return fmt.Errorf("read what came back: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	outcome, err := t.note(ctx, id, report)
	if err != nil {
		return err
	}
	slog.Info("something came back", "mail", id, "outcome", outcome)
	t.taken.WithLabelValues(outcome).Inc()
	return nil
}

func (t *Taker) note(ctx context.Context, id uuid.UUID, report mail.Report) (outcome string, err error) {
	sent, known, err := t.store.FindMail(ctx, id)
	if err != nil {
		return "", fmt.Errorf("find the mail that came back: %w", err)
	}
	if !known {
		return outcomeUnknown, nil
	}
	fate, why := report.About(sent.Address)
	if fate != mail.FateGone && fate != mail.FatePasses {
		return string(fate), nil
	}
	now := time.Now().UTC()
	if sent.State == sql.MailQueued && now.Before(sent.CreatedAt.Add(okey.MailLife)) {
		return "", errOnItsWay
	}
	noted, err := t.store.MailCameBack(ctx, sql.Bounce{Mail: id, Why: why, Passes: fate == mail.FatePasses, At: now})
	if err != nil {
		return "", err
	}
	if !noted {
		return outcomeRepeated, nil
	}
	return string(fate), nil
}

package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"time"
)

// Send hands over one message. A connection that has broken since the last one is made again.
func (c *Connection) Send(ctx context.Context, m Message) error {
	message, err := c.compose(m)
	if err != nil {
		return err
	}
	var content bytes.Buffer // written before it is sent: what can't be written does not leave a dialogue in its middle
	if _, err := message.WriteTo(&content); err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	to, err := message.GetRecipients()
	if err != nil {
		return fmt.Errorf("read the recipient's address: %w", err)
	}
	if err := c.dial(ctx); err != nil {
		return err
	}
	from := c.sender
	if m.Return != "" {
		from = "<" + m.Return + ">"
	}
	return c.judge(ctx, to[0], c.hand(ctx, from, to[0], content.Bytes()))
}

func (c *Connection) dial(ctx context.Context) error {
	if c.relay != nil && (c.allow(ctx, commandPatience) != nil || c.relay.Noop() != nil) {
		c.hangUp()
	}
	if c.relay != nil || c.away != nil {
		return c.away
	}
	relay, err := c.caller.DialToSMTPClientWithContext(ctx)
	if err != nil {
		c.away = fmt.Errorf("call the mail relay: %w", err)
		return c.away
	}
	// RFC 3461, where the relay knows it: a report of what failed, without the text, which may hold a link that acts.
	relay.SetDSNMailReturnOption("HDRS")
	relay.SetDSNRcptNotifyOption("FAILURE")
	c.relay, c.others = relay, nil
	return nil
}

// allow gives what comes next its time, and none beyond that of the whole attempt.
func (c *Connection) allow(ctx context.Context, patience time.Duration) error {
	if end, bound := ctx.Deadline(); bound {
		patience = min(patience, time.Until(end))
	}
	if err := c.relay.UpdateDeadline(patience); err != nil {
		return fmt.Errorf("set the time for an answer: %w", err)
	}
	return nil
}

// step is how far the dialogue about a message has come.
type step string

const (
	stepSender    step = "MAIL"
	stepRecipient step = "RCPT"
	stepContent   step = "DATA"
	stepDot       step = "dot"
)

// halt is where the dialogue about a message ended, and why.
type halt struct {
	step step
	err  error
}

// hand goes through the dialogue about one message; nil: the relay has taken it.
func (c *Connection) hand(ctx context.Context, from, to string, content []byte) *halt {
	var body io.WriteCloser
	for _, next := range []struct {
		step     step
		patience time.Duration
		say      func() error
	}{
		{stepSender, commandPatience, func() error { return c.relay.Mail(from) }},
		{stepRecipient, commandPatience, func() error { return c.relay.Rcpt(to) }},
		{stepContent, commandPatience, func() (err error) { body, err = c.relay.Data(); return err }},
		{stepContent, commandPatience, func() error { _, err := body.Write(content); return err }},
		{stepDot, answerPatience, func() error { return body.Close() }},
	} {
		err := c.allow(ctx, next.patience)
		if err == nil {
			err = next.say()
		}
		if err != nil {
			return &halt{next.step, err}
		}
	}
	return nil
}

// judge tells what a halt means for the message, and leaves the connection ready for the next one.
func (c *Connection) judge(ctx context.Context, to string, h *halt) error {
	if h == nil {
		return nil
	}
	err := fmt.Errorf("send mail: %s: %w", h.step, h.err)
	var reply *textproto.Error
	if !errors.As(h.err, &reply) {
		c.hangUp()
		if h.step != stepDot {
			return err
		}
		if timedOut(h.err) {
			c.away = errors.New("the mail relay does not answer")
		}
		return &Unanswered{fmt.Errorf("%w: %w", err, errUnanswered)}
	}
	c.reset(ctx)
	if h.step != stepRecipient || !concernsRecipient(reply) {
		return err
	}
	if others := c.refusesOthers(ctx); others != nil {
		return fmt.Errorf("%w: %w: %w", err, errRefusesAll, others)
	}
	// Between the two answers the relay may have stopped refusing everybody: it is to refuse this one still.
	if !errors.As(c.ask(ctx, to), &reply) || !concernsRecipient(reply) {
		return fmt.Errorf("%w: %w, or did so just before", err, errRefusesAll)
	}
	return &Permanent{err}
}

func timedOut(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

func (c *Connection) reset(ctx context.Context) {
	if c.relay != nil && (c.allow(ctx, commandPatience) != nil || c.relay.Reset() != nil) {
		c.hangUp()
	}
}

// hangUp leaves a dialogue of which nothing more can be had.
func (c *Connection) hangUp() {
	_ = c.relay.Close()
	c.relay = nil
}

// Close ends the dialogue.
func (c *Connection) Close() {
	if c.relay == nil {
		return
	}
	_ = c.relay.UpdateDeadline(commandPatience)
	if c.relay.Quit() != nil { // all messages are with the relay by now
		_ = c.relay.Close()
	}
	c.relay = nil
}

package mail

import (
	"context"
	"errors"
	"net/textproto"
	"regexp"
	"time"
)

// What is kept of a mail that must wait says more than the relay's own words: support's pages look for it.
var (
	errRefusesAll = errors.New("the relay refuses everybody")
	errUnanswered = errors.New("the relay did not say whether it took it")
)

// believed is how long a refusal of the witness holds within a connection: relays count who asks for whom, and remember it.
const believed = time.Minute

// enhanced is how RFC 3463 numbers an answer, at the beginning of its text: a class, what it is about, and what is wrong there.
var enhanced = regexp.MustCompile(`^([245])\.(\d{1,3})\.(\d{1,3})\b`)

// concernsRecipient tells whether an answer to RCPT says that this one mailbox is not there, or is closed. A full mailbox, a policy, a
// sender that the relay does not want: those pass, or an operator mends them.
func concernsRecipient(reply *textproto.Error) bool {
	switch reply.Code {
	case 550, 551, 553:
	default:
		return false
	}
	status := enhanced.FindStringSubmatch(reply.Msg)
	if status == nil {
		return true
	}
	switch class, subject, detail := status[1], status[2], status[3]; {
	case class != "5":
		return false
	case subject == "1":
		return detail != "7" && detail != "8" // those are about the sender's address
	case subject == "4":
		return detail == "4" // no way leads there: as a rule a misspelled domain
	default:
		return subject == "2" && detail == "1"
	}
}

// refusesOthers asks the relay, in the same dialogue, whether it takes mail for the witness: nil where it does. That it does not holds for
// a minute; that it did a moment ago says nothing of now.
func (c *Connection) refusesOthers(ctx context.Context) error {
	if c.others == nil || time.Since(c.asked) >= believed {
		c.others, c.asked = c.ask(ctx, "<"+c.witness+">"), time.Now()
	}
	return c.others
}

// ask asks whether the relay takes mail for an address in angle brackets, and sends none.
func (c *Connection) ask(ctx context.Context, address string) error {
	if address == "<>" {
		return errors.New("there is no other recipient to ask for")
	}
	if c.relay == nil || c.allow(ctx, commandPatience) != nil {
		return errors.New("the connection has ended")
	}
	defer c.reset(ctx)
	if err := c.relay.Mail(c.sender); err != nil {
		return err
	}
	return c.relay.Rcpt(address)
}

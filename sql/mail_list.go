package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// MailList is a page of the mails that OKEY has written, newest first.
type MailList struct {
	Establishment okey.UAI  // about it: its requests, its keys, and whatever its people are told of its stock; empty: about any
	At            time.Time // with ID: where the page before ended; zero for the first page
	ID            uuid.UUID
	Ahead         bool // what comes before that place instead, the nearest first
	Limit         int
}

// mailsAbout are the mails about an establishment.
const mailsAbout = `m.id IN (SELECT o.id FROM request r JOIN mail o ON o.request = r.id WHERE r.uai = $1
	UNION SELECT o.id FROM key k JOIN mail o ON o.key = k.serial WHERE k.uai = $1
	UNION SELECT o.id FROM mail o WHERE o.subject_id IS NOT NULL AND o.mail_order->>'uai' = $1)`

// mailWays are the two ways to read the list: on from a mail, and back.
var mailWays = map[bool]struct{ beyond, order string }{
	false: {`m.created_at <= $1 AND (m.created_at < $1 OR m.id > $2)`, ` ORDER BY m.created_at DESC, m.id LIMIT $1`},
	true:  {`m.created_at >= $1 AND (m.created_at > $1 OR m.id < $2)`, ` ORDER BY m.created_at, m.id DESC LIMIT $1`},
}

func (l MailList) from(s *composed, goesOn bool) {
	s.add(` FROM mail m WHERE true`)
	if l.Establishment != "" {
		s.add(` AND `+mailsAbout, string(l.Establishment))
	}
	if goesOn {
		s.add(` AND `+mailWays[l.Ahead].beyond, l.At, l.ID)
	}
}

// Mails returns a page of the list, and how many there are in all, up to one more than CountMost.
func (r reader) Mails(ctx context.Context, l MailList) (found []Mail, n int, err error) {
	page, counted := &composed{}, &composed{}
	page.add(`SELECT ` + mailColumns)
	l.from(page, !l.At.IsZero())
	page.add(mailWays[l.Ahead].order, l.Limit)
	counted.add(`SELECT count(*) FROM (SELECT`)
	l.from(counted, false)
	counted.add(` LIMIT $1) counted`, CountMost+1)
	err = r.together(ctx, rows(&found, page.text.String(), page.args...), one(&n, counted.text.String(), counted.args...))
	if err != nil {
		return nil, 0, fmt.Errorf("list mails: %w", err)
	}
	return found, n, nil
}

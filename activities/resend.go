package activities

import (
	"context"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// resendMail writes the row of a mail that repeats another. Judged again, it is the same row; asked again within minutes, it is refused.
func resendMail(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActResendMail, ""); err != nil {
		return okey.Verdict{}, err
	}
	order, err := c.repeat(ctx, c.action.Subject, okey.DerivedID(c.action.ID, "mail"))
	if err != nil {
		return okey.Verdict{}, err
	}
	return okey.Verdict{Accepted: true, Letters: []okey.MailOrder{order}}, nil
}

// resendMails judges whether all that failed between two instants is sent again: ResendMails does it.
func resendMails(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActResendMail, ""); err != nil {
		return okey.Verdict{}, err
	}
	failed, err := c.FailedBetween(ctx, c.action.Content.From, endOf(c.action), time.Time{}, uuid.Nil, 1)
	if err != nil {
		return okey.Verdict{}, err
	}
	if len(failed) == 0 {
		return okey.Verdict{Reason: okey.CodeNoFailedMails}, nil
	}
	return okey.Verdict{Accepted: true}, nil
}

// ResendMails writes the rows of the next mails that an accepted ActionMailsResend repeats. A mail that can't be sent again, or just was,
// is left out; a second attempt answers what the first one did. Only the workflow MailsResend calls it.
func (s *Stock) ResendMails(ctx context.Context, r okey.ResendRound) (report okey.ResendReport, err error) {
	err = s.store.Do(ctx, func(tx *sql.Tx) error {
		report = okey.ResendReport{}
		action, err := tx.Action(ctx, r.Action)
		if err != nil {
			return err
		}
		failed, err := tx.FailedBetween(ctx, action.Content.From, endOf(action), r.At, r.After, okey.ResendBatch)
		if err != nil {
			return err
		}
		c := &stockTx{Tx: tx, action: action, StockMatter: okey.StockMatter{Action: action.ID, At: r.At}}
		for _, mail := range failed {
			order, err := c.repeat(ctx, mail, okey.DerivedID(action.ID, mail.String()))
			switch okey.ErrorCode(err) {
			case "":
				report.Letters = append(report.Letters, order)
			case okey.CodeMailLeaving, okey.CodeMailJustSent, okey.CodeMailForgotten, okey.CodeMailNoAddress, okey.CodeNotFound:
			default:
				return err
			}
		}
		if len(failed) == okey.ResendBatch {
			report.Next = failed[len(failed)-1]
		}
		return nil
	})
	return report, err
}

// endOf leaves out what was written after the action: what goes out by it, above all.
func endOf(a okey.Action) time.Time {
	if a.CreatedAt.Before(a.Content.Until) {
		return a.CreatedAt
	}
	return a.Content.Until
}

// repeat writes, under an id, the row of a mail that repeats another, and returns what it is sent by. The Error says why that one stays.
func (c *stockTx) repeat(ctx context.Context, mail, id uuid.UUID) (okey.MailOrder, error) {
	m, err := c.LockMail(ctx, mail)
	if err != nil {
		return okey.MailOrder{}, err
	}
	_, done, err := c.FindMail(ctx, id)
	if err != nil {
		return okey.MailOrder{}, err
	}
	if !done {
		if err := c.mayRepeat(ctx, m); err != nil {
			return okey.MailOrder{}, err
		}
		address, err := presentAddress(ctx, c, m)
		if err != nil {
			return okey.MailOrder{}, err
		}
		if err := c.QueueAgain(ctx, id, m, address, c.At); err != nil {
			return okey.MailOrder{}, err
		}
	}
	order := *m.Order
	order.Again, order.Made, order.At = id, m.Order.Happened(), c.At
	return order, nil
}

// cameBack judges what follows from a report that a mail did not arrive. Sent again since, it is nobody's affair any more. Where its
// mailbox may take it another day it goes out once more, for as long as any mail is tried, counted from the first; else support is told.
func cameBack(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	m, err := c.LockMail(ctx, c.action.Subject)
	if err != nil {
		return okey.Verdict{}, err
	}
	again, err := c.RepeatedSince(ctx, m.First(), m.CreatedAt)
	if err != nil || again {
		return okey.Verdict{Accepted: true}, err
	}
	letter := c.letter(okey.MailReturned, m.Ref, "")
	if c.action.Name == okey.ActionMailRetried {
		retry, retried, err := c.retry(ctx, m)
		if err != nil {
			return okey.Verdict{}, err
		}
		if retried {
			letter = retry
		}
	}
	return okey.Verdict{Accepted: true, Letters: []okey.MailOrder{letter}}, nil
}

// retry writes the row of a mail that repeats another, after a pause; retried is false where it has been tried for long enough, or can't be
// written again.
func (c *stockTx) retry(ctx context.Context, m sql.WrittenMail) (order okey.MailOrder, retried bool, err error) {
	tries, err := c.Repeats(ctx, m.First())
	if err != nil || len(tries) == 0 || !c.At.Before(tries[0].CreatedAt.Add(okey.MailLife)) {
		return order, false, err
	}
	id := okey.DerivedID(c.action.ID, "mail")
	order, err = c.repeat(ctx, m.ID, id)
	switch okey.ErrorCode(err) {
	case "":
		return order, true, c.HoldMail(ctx, id, c.At.Add(okey.RetryPause))
	case okey.CodeMailForgotten, okey.CodeMailNoAddress:
		return order, false, nil
	}
	return order, false, err
}

func (c *stockTx) mayRepeat(ctx context.Context, m sql.WrittenMail) error {
	if err := m.MayLeaveAgain(c.At); err != nil {
		return err
	}
	just, err := c.RepeatedSince(ctx, m.First(), c.At.Add(-okey.ResendPause))
	if err == nil && just {
		err = okey.Errorf(okey.CodeMailJustSent, "Ce courriel vient d'être renvoyé.")
	}
	return err
}

// presentAddress is where a mail's reader is reached now; a mailbox is where it was until the letter is written.
func presentAddress(ctx context.Context, c *stockTx, m sql.WrittenMail) (string, error) {
	if !m.Person.Valid {
		return m.Address, nil
	}
	person, err := c.Person(ctx, m.Person.UUID)
	if err == nil && person.Mail == "" {
		err = okey.Errorf(okey.CodeMailNoAddress, "OKEY n'a pas d'adresse de cette personne.")
	}
	return person.Mail, err
}

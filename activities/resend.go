package activities

import (
	"context"

	"okey/okey"
	"okey/sql"
)

// resendMail writes the row of a mail that repeats another. Judged again, it is the same row; asked again within minutes, it is refused.
func resendMail(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActResendMail, ""); err != nil {
		return okey.Verdict{}, err
	}
	m, err := c.LockMail(ctx, c.action.Subject)
	if err != nil {
		return okey.Verdict{}, err
	}
	if err := m.MayLeaveAgain(c.At); err != nil {
		return okey.Verdict{}, err
	}
	just, err := c.RepeatedSince(ctx, m.First(), c.At.Add(-okey.ResendPause))
	if err != nil {
		return okey.Verdict{}, err
	}
	if just {
		return okey.Verdict{Reason: okey.CodeMailJustSent}, nil
	}
	address, err := presentAddress(ctx, c, m)
	if err != nil {
		return okey.Verdict{}, err
	}
	order := *m.Order
	order.Again, order.Made, order.At = okey.DerivedID(c.action.ID, "mail"), m.Order.Happened(), c.At
	if err := c.QueueAgain(ctx, order.Again, m, address, c.At); err != nil {
		return okey.Verdict{}, err
	}
	return okey.Verdict{Accepted: true, Letters: []okey.MailOrder{order}}, nil
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

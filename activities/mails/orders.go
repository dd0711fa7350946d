package mails

import (
	"context"
	netmail "net/mail"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
	"okey/sql"
)

const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// ordersExported sends the workbook to the supplier; without an address of theirs, to support.
func ordersExported(ctx context.Context, p *mailing) error {
	x, err := p.store.Export(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	file, err := p.store.Workbook(ctx, x.ID)
	if err != nil {
		return err
	}
	to := p.support
	if address, err := netmail.ParseAddress(p.settings.Supplier); err == nil {
		to = address.Address
	}
	p.facts.Total, p.facts.Free, p.facts.At = x.Orders, x.Keys, p.day(x.At)
	p.facts.Own = to == p.support // support passes it on
	p.facts.Link = p.settings.URL + address.ExportURL(x.ID)
	p.put(envelope{
		letter: mail.OrdersExported, address: to, facts: p.facts,
		files: []mail.Attachment{{Name: x.FileName, Type: workbookType, Content: file}},
	})
	return nil
}

// orderOverdue tells support of an order whose keys do not come.
func orderOverdue(ctx context.Context, p *mailing) error {
	o, err := p.store.Order(ctx, p.order.Subject)
	if err != nil || o.State.Closed() {
		return err
	}
	p.facts.Place, p.facts.Total, p.facts.Free = int(o.Number), o.Quantity, o.Received
	p.facts.Since = p.day(o.ExportedAt)
	p.facts.Link = p.settings.URL + address.OrderURL(o.ID)
	p.toSupport(mail.OrderOverdue)
	return nil
}

// aboutOrder reads the order that a mail is about, and who did what the mail tells of.
func (p *mailing) aboutOrder(ctx context.Context) (sql.ListedOrder, okey.Person, error) {
	o, err := p.store.Order(ctx, p.order.Subject)
	if err != nil {
		return o, okey.Person{}, err
	}
	action, err := p.store.Action(ctx, p.order.Cause)
	if err != nil {
		return o, okey.Person{}, err
	}
	by, err := p.store.Person(ctx, action.By)
	p.facts.By, p.facts.Comment, p.facts.Total, p.facts.Place = by.Name(), action.Content.Comment, o.Quantity, int(o.Number)
	p.facts.Link = p.settings.URL + address.OrderURL(o.ID)
	return o, by, err
}

// supportOrdered tells the approvers what support ordered in their place.
func supportOrdered(ctx context.Context, p *mailing) error {
	if _, _, err := p.aboutOrder(ctx); err != nil {
		return err
	}
	keepers, err := p.keepers(ctx)
	if err != nil {
		return err
	}
	for _, person := range keepers {
		p.toPerson(mail.SupportOrdered, person)
	}
	return nil
}

// orderClosed tells those who look after the stock, among them whoever ordered, that support ended an order in their place.
func orderClosed(ctx context.Context, p *mailing) error {
	o, by, err := p.aboutOrder(ctx)
	if err != nil {
		return err
	}
	keepers, err := p.keepers(ctx)
	if err != nil {
		return err
	}
	p.facts.Free = o.Received
	for _, person := range without(keepers, by.ID) {
		p.toPerson(mail.OrderClosed, person)
	}
	return nil
}

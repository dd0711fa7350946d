package mails

import (
	"context"
	netmail "net/mail"

	"okey/mail"
	"okey/okey"
)

// delivered tells an establishment's approvers what a delivery brings them.
func delivered(letter mail.Letter) func(context.Context, *post) error {
	return func(ctx context.Context, p *post) error {
		var err error
		if p.facts.Total, err = p.delivered(ctx, letter); err != nil || p.facts.Total == 0 {
			return err
		}
		if p.facts.Free, err = p.store.FreeKeys(ctx, p.order.UAI, p.today); err != nil {
			return err
		}
		keepers, err := p.approvers(ctx, okey.Everything, okey.HandoverAndStock)
		if err != nil {
			return err
		}
		p.facts.Link = p.settings.URL + "/clefs?etablissement=" + string(p.order.UAI)
		if letter == mail.DeliveryAnnounced {
			p.facts.Link = p.settings.URL + "/livraisons/" + p.order.Subject.String()
		}
		p.toApprovers(letter, keepers)
		return nil
	}
}

// delivered counts the keys that the letter tells the establishment of. One that is sent again asks for those alone that are still on their way
// there, and tells of none once another establishment has them all.
func (p *post) delivered(ctx context.Context, letter mail.Letter) (int, error) {
	if p.again != nil && p.place.Successor != "" {
		return 0, nil
	}
	count := 0
	if p.again != nil && letter == mail.DeliveryAnnounced {
		awaited, err := p.store.InTransit(ctx, p.order.Subject)
		for _, key := range awaited {
			if key.UAI == p.order.UAI {
				count++
			}
		}
		return count, err
	}
	rows, err := p.store.DeliveryRows(ctx, p.order.Subject)
	for _, row := range rows {
		if row.UAI == p.order.UAI {
			count++
		}
	}
	return count, err
}

const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// ordersExported sends the workbook to the supplier; without an address of theirs, to support.
func ordersExported(ctx context.Context, p *post) error {
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
	p.facts.Link = p.settings.URL + "/commandes/exports/" + x.ID.String()
	p.put(envelope{letter: mail.OrdersExported, address: to, facts: p.facts, files: []mail.Attachment{{Name: x.FileName, Type: workbookType, Content: file}}})
	return nil
}

// orderOverdue tells support of an order whose keys do not come.
func orderOverdue(ctx context.Context, p *post) error {
	o, err := p.store.Order(ctx, p.order.Subject)
	if err != nil || o.State.Closed() {
		return err
	}
	p.facts.Place, p.facts.Total, p.facts.Free = int(o.Number), o.Quantity, o.Received
	p.facts.Since = p.day(o.ExportedAt)
	p.facts.Link = p.settings.URL + "/commandes/" + o.ID.String()
	p.toSupport(mail.OrderOverdue)
	return nil
}

// orderClosed tells those who look after the stock, among them whoever ordered, that support ended an order in their place.
func orderClosed(ctx context.Context, p *post) error {
	o, err := p.store.Order(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	action, err := p.store.Action(ctx, p.order.Cause)
	if err != nil {
		return err
	}
	by, err := p.store.Person(ctx, action.By)
	if err != nil {
		return err
	}
	keepers, err := p.approvers(ctx, okey.Everything, okey.HandoverAndStock)
	if err != nil {
		return err
	}
	p.facts.Place, p.facts.Total, p.facts.Free = int(o.Number), o.Quantity, o.Received
	p.facts.By, p.facts.Comment, p.facts.Link = by.Name(), action.Content.Comment, p.settings.URL+"/commandes/"+o.ID.String()
	for _, person := range without(keepers, by.ID) {
		p.toPerson(mail.OrderClosed, person)
	}
	return nil
}

// lowStock tells an establishment's approvers that the drawer is nearly empty.
func lowStock(ctx context.Context, p *post) error {
	needs, err := p.store.NeedsOf(ctx, p.order.UAI, p.today)
	if err != nil || needs.Free >= needs.Minimum {
		return err
	}
	p.facts.Free, p.facts.Total, p.facts.Place = needs.Free, needs.Minimum, needs.Suggested()
	p.facts.Link = p.settings.URL + "/commandes?etablissement=" + string(p.order.UAI)
	return p.toKeepers(ctx, mail.LowStock)
}

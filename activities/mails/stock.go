package mails

import (
	"context"

	"okey/internal/address"
	"okey/mail"
)

// delivered tells an establishment's approvers what a delivery brings them.
func delivered(letter mail.Letter) func(context.Context, *mailing) error {
	return func(ctx context.Context, p *mailing) error {
		var err error
		if p.facts.Total, err = p.delivered(ctx, letter); err != nil || p.facts.Total == 0 {
			return err
		}
		if p.facts.Free, err = p.store.FreeKeys(ctx, p.order.UAI, p.today); err != nil {
			return err
		}
		keepers, err := p.keepers(ctx)
		if err != nil {
			return err
		}
		p.facts.Link = p.settings.URL + address.Narrowed(address.PathKeys, p.order.UAI)
		if letter == mail.DeliveryAnnounced {
			p.facts.Link = p.settings.URL + address.PathArrival + "/" + p.order.Subject.String()
		}
		p.toApprovers(letter, keepers)
		return nil
	}
}

// delivered counts the keys that the letter tells the establishment of. One that is sent again asks for those alone that are still on their
// way there, and tells of none once another establishment has them all.
func (p *mailing) delivered(ctx context.Context, letter mail.Letter) (int, error) {
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

// lowStock tells an establishment's approvers that the drawer is nearly empty.
func lowStock(ctx context.Context, p *mailing) error {
	needs, err := p.store.NeedsOf(ctx, p.order.UAI, p.today)
	if err != nil || needs.Free >= needs.Minimum {
		return err
	}
	p.facts.Free, p.facts.Total, p.facts.Place = needs.Free, needs.Minimum, needs.Suggested()
	p.facts.Link = p.settings.URL + address.Narrowed(address.PathOrders, p.order.UAI)
	return p.toKeepers(ctx, mail.LowStock)
}

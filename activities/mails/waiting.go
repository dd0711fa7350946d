package mails

import (
	"context"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
)

// The letters while no key is free.

// shortage tells, once a shortage, those who can order.
func (p *mailing) shortage(ctx context.Context) error {
	if !p.order.Step.Shortage {
		return nil
	}
	return p.toStockKeepers(ctx, mail.Shortage)
}

// toStockKeepers writes, last of its order, to those who can order.
func (p *mailing) toStockKeepers(ctx context.Context, letter mail.Letter) error {
	line, err := p.store.LineAt(ctx, p.request.UAI, p.request.ID)
	if err != nil {
		return err
	}
	keepers, err := p.keepers(ctx)
	if err != nil {
		return err
	}
	p.facts.Waiting, p.facts.Place = line.Waiting, line.Place
	// they are asked to order: what awaits has its own mail
	p.facts.Link = p.settings.URL + address.Narrowed(address.PathOrders, p.request.UAI)
	p.toApprovers(letter, keepers)
	return nil
}

func keepsPlace(ctx context.Context, p *mailing) error {
	line, err := p.store.LineAt(ctx, p.request.UAI, p.request.ID)
	if err != nil {
		return err
	}
	if err := p.decidedBy(ctx); err != nil {
		return err
	}
	p.facts.Place = line.Place
	p.toRequester(mail.KeepsPlace)
	return p.shortage(ctx)
}

func stillWaiting(ctx context.Context, p *mailing) error {
	line, err := p.store.LineAt(ctx, p.request.UAI, p.request.ID)
	if err != nil || p.past(okey.AwaitingStock) {
		return err
	}
	p.facts.Place = line.Place
	p.toRequester(mail.StillWaiting)
	return nil
}

// orderReminder goes out while the shortage lasts, for the first in line alone: ten requests that wait are one missing order.
func orderReminder(ctx context.Context, p *mailing) error {
	first, err := p.firstInLine(ctx)
	if err != nil || !first || p.ordered {
		return err
	}
	p.facts.Since, p.facts.ToSupport = p.day(p.place.ShortageSince), p.next(okey.AwaitingStock, okey.DueOrderAgain)
	return p.toStockKeepers(ctx, mail.OrderReminder)
}

func orderLate(ctx context.Context, p *mailing) error {
	first, err := p.firstInLine(ctx)
	if err != nil || !first || p.ordered {
		return err
	}
	p.facts.Since = p.day(p.place.ShortageSince)
	p.facts.Link = p.settings.URL + address.SchoolURL(p.request.UAI)
	p.toSupport(mail.OrderLate)
	return nil
}

func (p *mailing) firstInLine(ctx context.Context) (bool, error) {
	if p.past(okey.AwaitingStock) || p.place.ShortageSince.IsZero() {
		return false, nil
	}
	line, err := p.store.LineAt(ctx, p.request.UAI, p.request.ID)
	if err != nil {
		return false, err
	}
	p.facts.Waiting = line.Waiting
	needs, err := p.store.NeedsOf(ctx, p.request.UAI, p.today)
	p.ordered = needs.UnderWay >= line.Waiting
	return line.Place == 1, err
}

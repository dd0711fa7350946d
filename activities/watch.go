package activities

import (
	"context"

	"okey"
	"okey/mail"
	"okey/sql"
)

// Watch looks over the stock each morning.
type Watch struct{ store *sql.Store }

// NewWatch makes the watcher.
func NewWatch(store *sql.Store) *Watch { return &Watch{store: store} }

// Due claims what is to be told today and returns a batch of it. Only the workflow StockWatch calls it.
func (w *Watch) Due(ctx context.Context, in okey.WatchInput) (okey.WatchReport, error) {
	notices, err := w.store.Watch(ctx, in.Run, okey.DayOf(in.At, okey.ZoneOf("")), in.At)
	if err != nil {
		return okey.WatchReport{}, err
	}
	var report okey.WatchReport
	if in.After == 0 {
		if report.Letters, err = ExpireMoves(ctx, w.store, in.At); err != nil {
			return report, err
		}
	}
	end := min(in.After+okey.WatchBatch, len(notices))
	for _, n := range notices[min(in.After, end):end] {
		order := okey.MailOrder{Cause: n.ID, UAI: n.UAI, Step: okey.MailStep{Kind: n.Kind, Ref: 1}, At: in.At}
		if n.Kind == okey.MailLowStock {
			order.Subject = n.ID
		} else {
			order.Key = okey.Serial(n.Subject)
		}
		report.Letters = append(report.Letters, order)
	}
	if end < len(notices) {
		report.Next = end
	}
	return report, nil
}

// lowStock tells an establishment's approvers that the drawer is nearly empty.
func lowStock(ctx context.Context, p *post) error {
	needs, err := p.store.NeedsOf(ctx, p.order.UAI, p.today)
	if err != nil || needs.Free >= needs.Minimum {
		return err
	}
	keepers, err := p.approvers(ctx, okey.Everything, okey.HandoverAndStock)
	if err != nil {
		return err
	}
	p.facts.Free, p.facts.Total, p.facts.Place = needs.Free, needs.Minimum, needs.Suggested()
	p.facts.Link = p.settings.URL + "/commandes?etablissement=" + string(p.order.UAI)
	p.toApprovers(mail.LowStock, keepers)
	return nil
}

// keyExpires tells a key's holder and the approvers that it ends, or has ended.
func keyExpires(ctx context.Context, p *post) error {
	holder, err := p.holder(ctx)
	if err != nil || holder.ID == (okey.PersonID{}) {
		return err
	}
	key, err := p.store.Key(ctx, p.order.Key)
	if err != nil {
		return err
	}
	p.facts.Expiry, p.facts.Requester = key.ExpiresOn.Say(p.today), holder.Name()
	p.facts.Place = 0
	if key.ExpiresOn.Before(p.today) {
		p.facts.Place = 1 // it has ended
	}
	own := p.facts
	own.Link = p.settings.URL + "/demandes/nouvelle"
	p.put(envelope{letter: mail.KeyExpires, person: holder.ID, address: holder.Mail, facts: own})
	return p.tellKeepers(ctx, mail.KeyExpiresApprover, holder)
}

// holderLeft tells the approvers that somebody who no longer works there has a key, and that person too.
func holderLeft(ctx context.Context, p *post) error {
	holder, err := p.holder(ctx)
	if err != nil || holder.ID == (okey.PersonID{}) {
		return err
	}
	p.facts.Requester = holder.Name()
	p.put(envelope{letter: mail.HolderLeft, person: holder.ID, address: holder.Mail, facts: p.facts})
	return p.tellKeepers(ctx, mail.HolderLeftApprover, holder)
}

// tellKeepers writes to the approvers of the key's establishment; its holder is told as such.
func (p *post) tellKeepers(ctx context.Context, letter mail.Letter, holder okey.Person) error {
	keepers, err := p.approvers(ctx, okey.Everything, okey.HandoverAndStock)
	p.toApprovers(letter, without(keepers, holder.ID))
	return err
}

// holder is who has the order's key in hand; nobody where that has changed.
func (p *post) holder(ctx context.Context) (okey.Person, error) {
	key, err := p.store.Key(ctx, p.order.Key)
	if err != nil || key.Holder == (okey.PersonID{}) {
		return okey.Person{}, err
	}
	return p.store.Person(ctx, key.Holder)
}

package activities

import (
	"context"
	"fmt"
	"slices"

	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// Watch looks over the stock each morning.
type Watch struct{ store *sql.Store }

// NewWatch makes the watcher.
func NewWatch(store *sql.Store) *Watch { return &Watch{store: store} }

// Due claims what is to be told today and returns a batch of it. Only the workflow StockWatch calls it.
func (w *Watch) Due(ctx context.Context, in okey.WatchInput) (okey.WatchReport, error) {
	var report okey.WatchReport
	if in.After == 0 {
		if err := w.store.Watch(ctx, in.Run, okey.DayOf(in.At, okey.ZoneOf("")), in.At); err != nil {
			return report, err
		}
	}
	letters, err := w.store.WatchLetters(ctx, in.Run, in.At.Add(-okey.WatchGiveUp), in.After, okey.WatchBatch+1)
	if err != nil {
		return report, fmt.Errorf("read what the run has claimed: %w", err)
	}
	for _, letter := range letters[:min(okey.WatchBatch, len(letters))] {
		order, err := orderOf(letter, in)
		if err != nil {
			return report, err
		}
		report.Letters = append(report.Letters, order)
	}
	if next := in.After + okey.WatchBatch; len(letters) > okey.WatchBatch && next < okey.WatchMost {
		report.Next = next
	}
	return report, nil
}

// orderOf has a letter sent; of one that has not left for days, support told.
func orderOf(letter sql.WatchLetter, in okey.WatchInput) (okey.MailOrder, error) {
	order := okey.MailOrder{Letter: letter.ID, Cause: letter.ID, UAI: letter.UAI, Step: okey.MailStep{Kind: letter.Kind, Ref: 1}, At: in.At}
	switch letter.Kind {
	case okey.MailKeyExpires, okey.MailHolderLeft:
		order.Key = okey.Serial(letter.Subject)
	case okey.MailMoveExpired:
		move, err := uuid.Parse(letter.Subject)
		if err != nil {
			return order, fmt.Errorf("read the subject of letter %s: %w", letter.ID, err)
		}
		order.Subject = move
	default:
		order.Subject = letter.ID
	}
	if letter.Stuck {
		order.Step.Kind, order.At = okey.MailUndelivered, letter.At.UTC() // it counts the mails made since
	}
	return order, nil
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

// watched are the keys of the letter of which it is still true. The watch is the ministry's: its day is the same everywhere.
func (p *post) watched(ctx context.Context) ([]sql.WatchedKey, error) {
	return p.store.WatchedKeys(ctx, p.order.Letter, okey.DayOf(p.order.At, okey.ZoneOf("")))
}

// keyExpires tells a key's holder that it ends, or has ended.
func keyExpires(ctx context.Context, p *post) error {
	keys, err := p.watched(ctx)
	if err != nil || len(keys) == 0 {
		return err
	}
	p.facts.Expiry, p.facts.Place = keys[0].Expires.Say(p.today), 0
	if keys[0].Expires.Before(p.today) {
		p.facts.Place = 1 // it has ended
	}
	p.facts.Link = p.settings.URL + "/demandes/nouvelle"
	p.toPerson(mail.KeyExpires, keys[0].Holder)
	return nil
}

// holderLeft tells somebody who no longer works at a school to give the key back.
func holderLeft(ctx context.Context, p *post) error {
	keys, err := p.watched(ctx)
	if err != nil || len(keys) == 0 {
		return err
	}
	p.toPerson(mail.HolderLeft, keys[0].Holder)
	return nil
}

// keysExpire tells the approvers, in one list, which keys end or have ended.
func keysExpire(ctx context.Context, p *post) error { return p.listKeys(ctx, mail.KeysExpire) }

// holdersLeft tells the approvers, in one list, who has left with a key.
func holdersLeft(ctx context.Context, p *post) error { return p.listKeys(ctx, mail.HoldersLeft) }

// listKeys sends each approver the list without their own keys: of those they are told as holders. Where mail reaches nobody, to support.
func (p *post) listKeys(ctx context.Context, letter mail.Letter) error {
	keys, err := p.watched(ctx)
	if err != nil || len(keys) == 0 {
		return err
	}
	keepers, err := p.approvers(ctx, okey.Everything, okey.HandoverAndStock)
	if err != nil {
		return err
	}
	keepers = slices.DeleteFunc(keepers, func(person okey.Person) bool { return person.Mail == "" })
	p.facts.Link = p.settings.URL + "/clefs?etablissement=" + string(p.order.UAI)
	if len(keepers) == 0 {
		p.listHeld(keys)
		p.toSupport(letter)
	}
	for _, keeper := range keepers {
		others := slices.DeleteFunc(slices.Clone(keys), func(k sql.WatchedKey) bool { return k.Holder.ID == keeper.ID })
		if p.listHeld(others); len(others) > 0 {
			p.toPerson(letter, keeper)
		}
	}
	return nil
}

// listHeld puts keys and their holders into the facts.
func (p *post) listHeld(keys []sql.WatchedKey) {
	const most = 50
	p.facts.Items, p.facts.Total = nil, len(keys)
	for _, k := range keys[:min(most, len(keys))] {
		p.facts.Items = append(p.facts.Items, mail.Item{
			Serial: k.Serial, Requester: k.Holder.Name(), Since: k.Expires.Say(p.today), Ended: k.Expires.Before(p.today), Unreached: k.Holder.Mail == "",
		})
	}
}

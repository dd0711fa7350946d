package activities

import (
	"context"
	"fmt"

	"okey"
	"okey/mail"
)

// keysMoved tells the people of one establishment which of its keys support took away, or which ones it brought.
func keysMoved(ctx context.Context, p *post) error {
	action, err := p.store.Action(ctx, p.order.Cause)
	if err != nil {
		return err
	}
	moved, err := p.store.MovedBy(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	to := action.Content.Establishment
	for _, key := range moved {
		if p.order.UAI == to || p.order.UAI == key.From {
			p.facts.Items = append(p.facts.Items, mail.Item{Serial: key.Serial})
		}
	}
	const most = 50
	p.facts.Total = len(p.facts.Items)
	p.facts.Items = p.facts.Items[:min(most, p.facts.Total)]
	p.facts.Comment, p.facts.Link = action.Content.Comment, p.settings.URL+"/clefs"
	if p.order.UAI != to {
		if p.facts.Other, err = p.nameOf(ctx, to); err != nil {
			return err
		}
	}
	return p.toKeepers(ctx, mail.KeysMoved)
}

// nameOf is an establishment within a sentence.
func (p *post) nameOf(ctx context.Context, uai okey.UAI) (string, error) {
	place, err := p.store.Place(ctx, uai)
	return fmt.Sprintf("%s (%s)", okey.SayEstablishment(place.Name), uai), err
}

// toKeepers sends to those who look after the stock of the order's establishment.
func (p *post) toKeepers(ctx context.Context, letter mail.Letter) error {
	keepers, err := p.approvers(ctx, okey.Everything, okey.HandoverAndStock)
	if err != nil {
		return err
	}
	p.toApprovers(letter, keepers)
	return nil
}

// aboutMove reads the proposal that a mail is about, and whose key it is.
func (p *post) aboutMove(ctx context.Context) (okey.Move, okey.Person, error) {
	move, err := p.store.Move(ctx, p.order.Subject)
	if err != nil {
		return move, okey.Person{}, err
	}
	holder, err := p.store.Person(ctx, move.Holder)
	if err != nil {
		return move, holder, err
	}
	p.facts.Serial, p.facts.Requester = move.Serial, holder.Name()
	p.facts.Link = p.settings.URL + "/deplacements/" + move.ID.String()
	p.facts.Other, err = p.nameOf(ctx, move.From)
	return move, holder, err
}

// moveProposed asks the new establishment, whoever of it is not the holder, and tells the holder.
func moveProposed(ctx context.Context, p *post) error {
	move, holder, err := p.aboutMove(ctx)
	if err != nil || move.State != okey.MoveProposed {
		return err
	}
	keepers, err := p.approvers(ctx, okey.Everything, okey.HandoverAndStock)
	if err != nil {
		return err
	}
	proposer, err := p.store.Person(ctx, move.ProposedBy)
	if err != nil {
		return err
	}
	p.facts.By, p.facts.Comment = proposer.Name(), move.Comment
	p.facts.Expiry = p.day(move.ProposedAt.Add(okey.MoveLife))
	p.toApprovers(mail.MoveProposed, without(keepers, holder.ID))
	p.facts.Link = p.keyPage(move.Serial)
	p.toPerson(mail.YourKeyMoves, holder)
	return nil
}

func (p *post) keyPage(serial okey.Serial) string { return p.settings.URL + "/clefs/" + string(serial) }

// moveDecided tells the holder and the proposer the answer.
func moveDecided(ctx context.Context, p *post) error {
	move, holder, err := p.aboutMove(ctx)
	if err != nil {
		return err
	}
	proposer, err := p.store.Person(ctx, move.ProposedBy)
	if err != nil {
		return err
	}
	by, err := p.store.Person(ctx, move.DecidedBy)
	if err != nil {
		return err
	}
	p.facts.By, p.facts.Comment, p.facts.Accepted = by.Name(), move.Answer, move.State == okey.MoveAccepted
	p.toPerson(mail.MoveDecided, proposer)
	if holder.ID != proposer.ID {
		p.facts.Link = p.keyPage(move.Serial)
		p.toPerson(mail.YourMoveDecided, holder)
	}
	return nil
}

func moveExpired(ctx context.Context, p *post) error {
	move, _, err := p.aboutMove(ctx)
	if err != nil {
		return err
	}
	proposer, err := p.store.Person(ctx, move.ProposedBy)
	if err != nil {
		return err
	}
	p.facts.Link = p.keyPage(move.Serial)
	p.toPerson(mail.MoveExpired, proposer)
	return nil
}

// succeeded tells those who answer for the successor what awaits them from now on: once, whatever has come.
func succeeded(ctx context.Context, p *post) error {
	succession, err := p.store.Succession(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	counts, err := p.store.SuccessionCounts(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	p.facts.Other, p.facts.Comment = okey.SayEstablishment(succession.FromName), succession.Comment
	p.facts.Total, p.facts.Waiting, p.facts.Link = counts.Keys, counts.Requests, p.list()
	return p.toKeepers(ctx, mail.Succeeded)
}

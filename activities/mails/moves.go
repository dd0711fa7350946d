package mails

import (
	"context"
	"slices"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
	"okey/sql"
)

// keysMoved tells the people of one establishment which of its keys support took away, or which ones it brought,
// from where and in whose hands.
func keysMoved(ctx context.Context, p *mailing) error {
	action, err := p.store.Action(ctx, p.order.Cause)
	if err != nil {
		return err
	}
	moved, err := p.stillMoved(ctx)
	if err != nil || len(moved) == 0 {
		return err
	}
	holders, err := p.store.HolderNames(ctx, action.Content.Serials)
	if err != nil {
		return err
	}
	to, from := action.Content.Establishment, map[okey.UAI]string{}
	for _, key := range moved {
		if p.order.UAI != to && p.order.UAI != key.From {
			continue
		}
		if from[key.From] == "" {
			if from[key.From], err = p.nameOf(ctx, key.From); err != nil {
				return err
			}
		}
		p.facts.Other = from[key.From]
		p.facts.Items = append(p.facts.Items, mail.Item{Serial: key.Serial, Requester: holders[key.Serial], School: from[key.From]})
	}
	const most = 50
	p.facts.Total = len(p.facts.Items)
	p.facts.Items = p.facts.Items[:min(most, p.facts.Total)]
	p.facts.Comment, p.facts.Link = action.Content.Comment, p.settings.URL+address.PathKeys
	p.facts.Own = p.order.UAI == to
	switch {
	case !p.facts.Own:
		if p.facts.Other, err = p.nameOf(ctx, to); err != nil {
			return err
		}
	case len(from) > 1:
		p.facts.Other = "" // each line says it
	}
	for i := range p.facts.Items {
		if p.facts.Other != "" {
			p.facts.Items[i].School = ""
		}
	}
	return p.toKeepers(ctx, mail.KeysMoved)
}

// stillMoved is what the order's action moved; where its letter is sent again, only what is still where it was taken to: a key that has
// gone on would be told to be where it no longer is.
func (p *mailing) stillMoved(ctx context.Context) ([]sql.MovedKey, error) {
	moved, err := p.store.MovedBy(ctx, p.order.Subject)
	if err != nil || p.again == nil {
		return moved, err
	}
	serials := make([]okey.Serial, len(moved))
	for i, m := range moved {
		serials[i] = m.Serial
	}
	keys, err := p.store.KeysWith(ctx, serials)
	return slices.DeleteFunc(moved, func(m sql.MovedKey) bool {
		return !slices.ContainsFunc(keys, func(k okey.Key) bool { return k.Serial == m.Serial && k.UAI == m.To })
	}), err
}

// nameOf is an establishment within a sentence.
func (p *mailing) nameOf(ctx context.Context, uai okey.UAI) (string, error) {
	place, err := p.store.Place(ctx, uai)
	return okey.SayPlace(okey.SayEstablishment(place.Name), uai), err
}

// toKeepers sends to those who look after the stock of the order's establishment.
func (p *mailing) toKeepers(ctx context.Context, letter mail.Letter) error {
	keepers, err := p.keepers(ctx)
	if err != nil {
		return err
	}
	p.toApprovers(letter, keepers)
	return nil
}

// aboutMove reads the proposal that a mail is about, and whose key it is.
func (p *mailing) aboutMove(ctx context.Context) (okey.Move, okey.Person, error) {
	move, err := p.store.Move(ctx, p.order.Subject)
	if err != nil {
		return move, okey.Person{}, err
	}
	holder, err := p.store.Person(ctx, move.Holder)
	if err != nil {
		return move, holder, err
	}
	p.facts.Serial, p.facts.Requester = move.Serial, holder.Name()
	p.facts.Link = p.settings.URL + address.MoveURL(move.ID)
	p.facts.Other, err = p.nameOf(ctx, move.From)
	return move, holder, err
}

// overtaken tells whether a letter about a move's end, sent again, would say what is no longer so: the key has gone on, or it is proposed
// anew that it goes along.
func (p *mailing) overtaken(ctx context.Context, move okey.Move) (bool, error) {
	if p.again == nil {
		return false, nil
	}
	key, err := p.store.Key(ctx, move.Serial)
	if err != nil || !move.Lasts(key) {
		return true, err
	}
	_, err = p.store.OpenMoveOf(ctx, move.Serial)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return false, nil
	}
	return true, err
}

// moveProposed asks the new establishment, whoever of it is not the holder, and tells the holder.
func moveProposed(ctx context.Context, p *mailing) error {
	move, holder, err := p.aboutMove(ctx)
	if err != nil || move.State != okey.MoveProposed {
		return err
	}
	keepers, err := p.keepers(ctx)
	if err != nil {
		return err
	}
	proposer, err := p.store.Person(ctx, move.ProposedBy)
	if err != nil {
		return err
	}
	p.facts.By, p.facts.Comment = proposer.Name(), move.Comment
	p.facts.Expiry = p.day(move.ProposedAt.Add(okey.MoveLife))
	answering := without(keepers, holder.ID)
	p.facts.Givers = namesOf(answering)
	p.toApprovers(mail.MoveProposed, answering)
	p.facts.Link = p.keyPage(move.Serial)
	p.toPerson(mail.YourKeyMoves, holder)
	return nil
}

func (p *mailing) keyPage(serial okey.Serial) string {
	return p.settings.URL + address.KeyURL(serial)
}

// moveDecided tells the answer to the holder, and to whoever waited for it.
func moveDecided(ctx context.Context, p *mailing) error {
	move, holder, err := p.aboutMove(ctx)
	if err != nil {
		return err
	}
	if over, err := p.overtaken(ctx, move); err != nil || over {
		return err
	}
	by, err := p.store.Person(ctx, move.DecidedBy)
	if err != nil {
		return err
	}
	p.facts.By, p.facts.Comment, p.facts.Accepted = by.Name(), move.Answer, move.State == okey.MoveAccepted
	if err := p.toProposer(ctx, mail.MoveDecided, move); err != nil {
		return err
	}
	if holder.ID != move.ProposedBy {
		p.facts.Link = p.keyPage(move.Serial)
		p.toPerson(mail.YourMoveDecided, holder)
	}
	return nil
}

// moveWithdrawn tells those who had been asked, and the holder, that there is nothing to answer any more.
func moveWithdrawn(ctx context.Context, p *mailing) error {
	move, holder, err := p.aboutMove(ctx)
	if err != nil {
		return err
	}
	if over, err := p.overtaken(ctx, move); err != nil || over {
		return err
	}
	keepers, err := p.keepers(ctx)
	if err != nil {
		return err
	}
	by, err := p.store.Person(ctx, move.DecidedBy)
	if err != nil {
		return err
	}
	p.facts.By, p.facts.Comment = by.Name(), move.Answer
	p.toApprovers(mail.MoveWithdrawn, without(keepers, holder.ID))
	if holder.ID != by.ID {
		p.facts.Link = p.keyPage(move.Serial)
		p.toPerson(mail.YourMoveWithdrawn, holder)
	}
	return nil
}

func moveExpired(ctx context.Context, p *mailing) error {
	move, _, err := p.aboutMove(ctx)
	if err != nil {
		return err
	}
	if over, err := p.overtaken(ctx, move); err != nil || over {
		return err
	}
	p.facts.Link = p.keyPage(move.Serial)
	return p.toProposer(ctx, mail.MoveExpired, move)
}

// toProposer sends to whoever proposed the move, where they still answer for the establishment that the key leaves; else to those who do by
// now (it may have a successor) and, where they may still see it, to the proposer.
func (p *mailing) toProposer(ctx context.Context, letter mail.Letter, move okey.Move) error {
	place, err := p.standingPlace(ctx, move.From)
	if err != nil {
		return err
	}
	keepers, err := p.approversAt(ctx, place.AnsweredBy(), okey.Everything, okey.HandoverAndStock)
	if err != nil {
		return err
	}
	proposer, err := p.store.Actor(ctx, move.ProposedBy)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(keepers, func(k okey.Person) bool { return k.ID == proposer.ID }) {
		p.toPerson(letter, proposer.Person)
		return nil
	}
	p.toApprovers(letter, without(keepers, move.Holder))
	subject := okey.Subject{Owner: move.Holder, UAI: place.AnsweredBy()}
	if move.Holder != proposer.ID && okey.May(okey.ActSee, proposer, subject, p.today) == nil {
		p.toPerson(letter, proposer.Person)
	}
	return nil
}

// standingPlace is an establishment or, where it has closed, the one that continues it.
func (p *mailing) standingPlace(ctx context.Context, uai okey.UAI) (sql.Place, error) {
	place, err := p.store.Place(ctx, uai)
	if err != nil || place.Successor == "" {
		return place, err
	}
	return p.store.Place(ctx, place.Successor)
}

// yourKeyMoved tells the holders of the keys that support has moved who follows them now.
func yourKeyMoved(ctx context.Context, p *mailing) error {
	action, err := p.store.Action(ctx, p.order.Cause)
	if err != nil {
		return err
	}
	moved, err := p.store.MovedBy(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	keepers, err := p.keepers(ctx)
	if err != nil {
		return err
	}
	p.facts.Comment = action.Content.Comment
	for _, m := range moved {
		key, err := p.store.Key(ctx, m.Serial)
		if err != nil {
			return err
		}
		if key.State != okey.InService || key.UAI != p.order.UAI {
			continue // it has gone on since
		}
		holder, err := p.store.Person(ctx, key.Holder)
		if err != nil {
			return err
		}
		facts := p.facts
		facts.Serial, facts.Link, facts.Givers = key.Serial, p.keyPage(key.Serial), namesOf(without(slices.Clone(keepers), holder.ID))
		p.put(envelope{
			id:     p.idOf(mail.YourKeyMoved, string(key.Serial), 1),
			letter: mail.YourKeyMoved, person: holder.ID, address: holder.Mail, facts: facts,
		})
	}
	return nil
}

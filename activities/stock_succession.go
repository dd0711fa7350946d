package activities

import (
	"context"
	"slices"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// succeed lets everything of one establishment go on at another, in one transaction under the locks of both: keys, requests with their
// place in line, orders, proposals. The workflows of the requests are woken: they learn where they stand.
func succeed(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActMoveKeys, ""); err != nil {
		return okey.Verdict{}, err
	}
	from, to := c.action.Content.Establishment, c.action.Content.Successor
	if from == to {
		return okey.Verdict{}, okey.Errorf(okey.CodeKeysStay, "Un établissement ne se remplace pas lui-même.")
	}
	if err := c.LockSuccession(ctx, from, to); err != nil {
		return okey.Verdict{}, err
	}
	closing, err := c.Place(ctx, from)
	if err != nil {
		return okey.Verdict{}, err
	}
	if closing.Successor != "" {
		return okey.Verdict{}, okey.Errorf(okey.CodeSucceeded, "%s a déjà été remplacé par %s.", from, closing.Successor)
	}
	// A successor that has one itself is refused, so no circle can close: the last of a chain never has one.
	if err := c.mayReceive(ctx, to); err != nil {
		return okey.Verdict{}, err
	}
	moved, err := c.Succeed(ctx, okey.Succession{
		ID: c.action.Subject, From: from, To: to, By: c.action.By, At: c.At, Comment: c.action.Content.Comment,
	})
	if err != nil {
		return okey.Verdict{}, err
	}
	given, err := c.Allocate(ctx, to, c.At)
	if err != nil {
		return okey.Verdict{}, err
	}
	followers, err := c.SuccessionRequests(ctx, c.action.Subject)
	if err != nil {
		return okey.Verdict{}, err
	}
	var woken []uuid.UUID
	for _, r := range followers {
		woken = append(woken, r.ID)
	}
	return okey.Verdict{
		Accepted: true, Count: moved.Keys, Woken: append(woken, given...), Letters: []okey.MailOrder{
			c.letter(okey.MailSucceeded, 1, to), c.letter(okey.MailSucceededClosing, 1, from), c.letter(okey.MailSucceededRequests, 1, to),
		},
	}, c.tellUnanswered(ctx, to, followers)
}

// tellUnanswered has the requests that await a decision which nobody at the successor can take go to support at once.
func (c *stockTx) tellUnanswered(ctx context.Context, to okey.UAI, requests []sql.SuccessionRequest) error {
	place, err := c.Place(ctx, to)
	if err != nil {
		return err
	}
	people, err := deciders(ctx, c.Tx, place.AnsweredBy(), okey.DayOf(c.At, okey.ZoneOf(place.Academy)))
	if err != nil {
		return err
	}
	for _, r := range requests {
		if r.Stage != okey.AwaitingDecision || slices.ContainsFunc(people, func(p okey.Responder) bool { return p.ID != r.Person }) {
			continue
		}
		if err := c.AddEvent(ctx, r.ID, okey.Event{At: c.At, Kind: okey.EventToSupport, Via: okey.ViaEngine}); err != nil {
			return err
		}
	}
	return nil
}

package activities

import (
	"context"
	"fmt"
	"slices"

	"okey/okey"
	"okey/sql"
)

// moveKeys is support's moving of keys to another establishment: all of them or none, and each that may not move is named.
func moveKeys(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActMoveKeys, ""); err != nil {
		return okey.Verdict{}, err
	}
	to := c.action.Content.Establishment
	if err := c.mayReceive(ctx, to); err != nil {
		return okey.Verdict{}, err
	}
	keys, uais, err := c.lockKeys(ctx, to)
	if err != nil {
		return okey.Verdict{}, err
	}
	if err := c.mayReceive(ctx, to); err != nil { // again, under the lock
		return okey.Verdict{}, err
	}
	var faults []okey.KeyFault
	for _, serial := range c.action.Content.Serials {
		if why := keys[serial].Movable(to); why != "" {
			faults = append(faults, okey.KeyFault{Serial: serial, Why: why})
		}
	}
	if len(faults) > 0 {
		return okey.Verdict{Reason: okey.CodeKeysStay, Faults: faults}, nil
	}
	for _, serial := range c.action.Content.Serials {
		if err := c.MoveKey(ctx, keys[serial], c.moving(to)); err != nil {
			return okey.Verdict{}, err
		}
	}
	v := okey.Verdict{Accepted: true, Count: len(c.action.Content.Serials)}
	c.tellSchools(&v, okey.MailKeysMoved, uais...)
	if err := c.serve(ctx, &v, uais...); err != nil {
		return okey.Verdict{}, err
	}
	if slices.ContainsFunc(c.action.Content.Serials, func(serial okey.Serial) bool { return keys[serial].State == okey.InService }) {
		v.Letters = append(v.Letters, c.letter(okey.MailYourKeyMoved, 1, to))
	}
	return v, nil
}

// lockKeys locks the establishments that have the keys, the one that they go to, and the keys, and returns both. A key that went elsewhere
// before its establishment was locked makes the activity try again.
func (c *stockTx) lockKeys(ctx context.Context, to okey.UAI) (map[okey.Serial]okey.Key, []okey.UAI, error) {
	found, err := c.KeysWith(ctx, c.action.Content.Serials)
	if err != nil {
		return nil, nil, err
	}
	uais := []okey.UAI{to}
	for _, key := range found {
		uais = append(uais, key.UAI)
	}
	slices.Sort(uais)
	uais = slices.Compact(uais)
	if err := c.LockEstablishments(ctx, uais...); err != nil {
		return nil, nil, err
	}
	if found, err = c.LockKeys(ctx, c.action.Content.Serials); err != nil {
		return nil, nil, err
	}
	keys := make(map[okey.Serial]okey.Key, len(found))
	for _, key := range found {
		if !slices.Contains(uais, key.UAI) {
			return nil, nil, fmt.Errorf("key %s moved while it was being locked", key.Serial)
		}
		keys[key.Serial] = key
	}
	return keys, uais, nil
}

// mayReceive refuses an establishment that keys can't go to.
func (c *stockTx) mayReceive(ctx context.Context, uai okey.UAI) error {
	place, err := c.Establishment(ctx, uai)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return okey.Errorf(okey.CodeNotServed, "OKEY ne sert pas l'établissement %s.", uai)
	case err == nil && place.Successor != "":
		return okey.Errorf(okey.CodeSucceeded, "%s a été remplacé par %s.", uai, place.Successor)
	}
	return err
}

func (c *stockTx) moving(to okey.UAI) sql.KeyMoving {
	return sql.KeyMoving{Subject: c.action.Subject, To: to, At: c.At, By: c.action.By, Via: c.action.Via, Comment: c.action.Content.Comment}
}

// takeAlong writes the proposal that a holder who goes to another establishment takes the key along.
func takeAlong(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	key, err := c.Key(ctx, c.action.Key)
	if err != nil {
		return okey.Verdict{}, err
	}
	to := c.action.Content.Establishment
	if err := c.mayReceive(ctx, to); err != nil {
		return okey.Verdict{}, err
	}
	before := key.UAI
	if err := c.LockEstablishments(ctx, before, to); err != nil {
		return okey.Verdict{}, err
	}
	if key, err = c.Key(ctx, c.action.Key); err != nil {
		return okey.Verdict{}, err
	}
	if key.UAI != before {
		return okey.Verdict{}, fmt.Errorf("key %s moved while it was being locked", key.Serial)
	}
	if err := c.mayReceive(ctx, to); err != nil {
		return okey.Verdict{}, err
	}
	if err := c.permit(ctx, okey.ActManageKeys, key.UAI); err != nil {
		return okey.Verdict{}, err
	}
	switch {
	case key.State != okey.InService:
		return okey.Verdict{Reason: okey.CodeMoveOver}, nil
	case key.UAI == to:
		return okey.Verdict{Reason: okey.CodeKeysStay, Faults: []okey.KeyFault{{Serial: key.Serial, Why: okey.MoveThere}}}, nil
	}
	err = c.ProposeMove(ctx, okey.Move{
		ID: c.action.Subject, Serial: key.Serial, Holder: key.Holder, From: key.UAI, To: to,
		Comment: c.action.Content.Comment, ProposedBy: c.action.By, ProposedAt: c.At,
	})
	return okey.Verdict{Accepted: true, Letters: []okey.MailOrder{c.letter(okey.MailMoveProposed, 1, to)}}, err
}

// decideMove is the new establishment's answer. Nobody lets their own key in, and a key that went another way ends the proposal.
func decideMove(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	move, key, err := c.lockMove(ctx)
	if err != nil {
		return okey.Verdict{}, err
	}
	if err := c.permit(ctx, okey.ActManageKeys, move.To); err != nil {
		return okey.Verdict{}, err
	}
	switch {
	case c.action.By == move.Holder:
		return okey.Verdict{Reason: okey.CodeOwnKey}, nil
	case move.State != okey.MoveProposed:
		return okey.Verdict{Reason: okey.CodeMoveOver}, nil
	}
	if !move.Holds(key) {
		move.State, move.DecidedAt = okey.MoveEnded, c.At
		return okey.Verdict{Reason: okey.CodeMoveOver}, c.SettleMove(ctx, move)
	}
	return c.settleMove(ctx, move, key)
}

// lockMove locks the proposal that the action is about, with its establishments and its key.
func (c *stockTx) lockMove(ctx context.Context) (okey.Move, okey.Key, error) {
	before, err := c.Move(ctx, c.action.Subject)
	if err != nil {
		return before, okey.Key{}, err
	}
	if err := c.LockEstablishments(ctx, before.From, before.To); err != nil {
		return before, okey.Key{}, err
	}
	keys, err := c.LockKeys(ctx, []okey.Serial{before.Serial})
	if err != nil {
		return before, okey.Key{}, err
	}
	move, err := c.LockMove(ctx, before.ID)
	if err == nil && (move.From != before.From || move.To != before.To) {
		err = fmt.Errorf("move %s changed while it was being locked", move.ID)
	}
	return move, keys[0], err
}

// withdrawMove takes a proposal back: whoever manages the keys of the establishment that the key leaves may, while nobody has answered. The
// key stays where it is, and where it no longer is with that holder the proposal is over anyway.
func withdrawMove(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	move, _, err := c.lockMove(ctx)
	if err != nil {
		return okey.Verdict{}, err
	}
	if err := c.permit(ctx, okey.ActManageKeys, move.From); err != nil {
		return okey.Verdict{}, err
	}
	if move.State != okey.MoveProposed {
		return okey.Verdict{Reason: okey.CodeMoveOver}, nil
	}
	move.State, move.DecidedBy, move.DecidedAt, move.Answer = okey.MoveWithdrawn, c.action.By, c.At, c.action.Content.Comment
	return okey.Verdict{Accepted: true, Letters: []okey.MailOrder{c.letter(okey.MailMoveWithdrawn, 1, move.To)}}, c.SettleMove(ctx, move)
}

func (c *stockTx) settleMove(ctx context.Context, move okey.Move, key okey.Key) (okey.Verdict, error) {
	v := okey.Verdict{
		Accepted: true, Decided: c.action.Content.Decision, Letters: []okey.MailOrder{c.letter(okey.MailMoveDecided, 1, move.To)},
	}
	move.State, move.DecidedBy, move.DecidedAt, move.Answer = okey.MoveRefused, c.action.By, c.At, c.action.Content.Comment
	if c.action.Content.Decision == okey.Approve {
		if err := c.mayReceive(ctx, move.To); err != nil {
			return okey.Verdict{}, err
		}
		move.State = okey.MoveAccepted
		v.Count = 1
		if err := c.MoveKey(ctx, key, c.moving(move.To)); err != nil {
			return okey.Verdict{}, err
		}
	}
	return v, c.SettleMove(ctx, move)
}

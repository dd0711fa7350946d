package activities

import (
	"context"

	"okey/okey"
	"okey/sql"
)

// changePIN moves the PIN of an action to the key, as long as that is still its author's. What the proof says was looked at before the
// action was recorded: the pepper is the server's alone.
func changePIN(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if _, err := lockKey(ctx, c.Tx, c.action.Key); err != nil {
		return okey.Verdict{}, err
	}
	kept, err := c.KeptPIN(ctx, c.action.Key)
	if err != nil {
		return okey.Verdict{}, err
	}
	actor, err := c.actor(ctx)
	if err != nil {
		return okey.Verdict{}, err
	}
	if err := okey.May(okey.ActSetPIN, actor, okey.Subject{Owner: kept.Owner}, okey.Day{}); err != nil {
		return okey.Verdict{}, err
	}
	if c.action.PINHash == "" { // a day old: deleted
		return okey.Verdict{Reason: okey.CodeInvalid, Detail: "pin"}, nil
	}
	set, err := c.SetPIN(ctx, kept.Serial, c.action.PINHash, c.action.CreatedAt)
	if err != nil || !set {
		return okey.Verdict{Reason: okey.CodePINReplaced}, err
	}
	c.Audit(sql.Entry{
		At: c.At, Event: "pin_set", Actor: c.action.By, Via: c.action.Via, Subject: sql.AboutKey(kept.Serial),
		Detail: string(c.action.Content.Proof),
	})
	return c.tellHolder(okey.MailPINChanged), nil
}

// lockPIN has the holder told that nobody's PINs are looked at any more; the lock itself stands since the last wrong one.
func lockPIN(_ context.Context, c *stockTx) (okey.Verdict, error) {
	return c.tellHolder(okey.MailPINLocked), nil
}

func (c *stockTx) tellHolder(kind okey.MailKind) okey.Verdict {
	letter := okey.MailOrder{Key: c.action.Key, Cause: c.action.ID, Step: okey.MailStep{Kind: kind, Ref: 1}, At: c.At}
	return okey.Verdict{Accepted: true, Letters: []okey.MailOrder{letter}}
}

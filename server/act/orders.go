package act

import (
	"context"

	"okey/okey"
	"okey/server/respond"
)

func permitOrder(act okey.Act) func(context.Context, *Dispatcher, okey.Actor, *Command) error {
	return func(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd *Command) error {
		o, err := s.store.Order(ctx, cmd.Subject)
		if err != nil {
			return err
		}
		return s.PermitAt(ctx, actor, cmd, act, o.UAI)
	}
}

func normaliseOrder(cmd *Command) error {
	var wrong respond.Invalid
	uai, err := okey.ParseUAI(string(cmd.Content.Establishment))
	if err := wrong.Add(respond.InField("establishment", err)); err != nil {
		return err
	}
	if cmd.Content.Quantity < 1 || cmd.Content.Quantity > okey.MaxOrder {
		wrong = append(wrong, okey.InvalidField("quantity", "Commandez de 1 à %d clefs.", okey.MaxOrder))
	}
	comment, err := okey.CheckText("comment", cmd.Content.Comment, true)
	if err := wrong.Add(err); err != nil {
		return err
	}
	cmd.Content = okey.Content{Establishment: uai, Quantity: cmd.Content.Quantity, Comment: comment}
	return wrong.OrNil()
}

func normaliseComment(cmd *Command) error {
	comment, err := okey.CheckText("comment", cmd.Content.Comment, false)
	cmd.Content = okey.Content{Comment: comment}
	return err
}

// normaliseReason is for what support may do only if it says why.
func normaliseReason(cmd *Command) error {
	comment, err := okey.CheckText("comment", cmd.Content.Comment, true)
	cmd.Content = okey.Content{Comment: comment}
	return err
}

func normaliseReceipt(cmd *Command) error {
	quantity := cmd.Content.Quantity
	err := normaliseComment(cmd)
	cmd.Content.Quantity = quantity
	if err == nil && quantity < 1 {
		err = okey.InvalidField("quantity", "Écrivez combien de clefs sont arrivées.")
	}
	return err
}

package act

import (
	"context"

	"okey/okey"
	"okey/server/respond"
)

func permitOrder(act okey.Act) permits {
	return func(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
		o, err := s.store.Order(ctx, cmd.Subject)
		if err != nil {
			return permission{}, err
		}
		return s.permitAt(ctx, actor, cmd, act, o.UAI)
	}
}

func normaliseOrder(cmd Command) (okey.Content, error) {
	var wrong respond.Invalid
	uai, err := okey.ParseUAI(string(cmd.Content.Establishment))
	if err := wrong.Add(respond.InField("establishment", err)); err != nil {
		return cmd.Content, err
	}
	if cmd.Content.Quantity < 1 || cmd.Content.Quantity > okey.MaxOrder {
		wrong = append(wrong, okey.InvalidField("quantity", "Commandez de 1 à %d clefs.", okey.MaxOrder))
	}
	comment, err := okey.CheckText("comment", cmd.Content.Comment, true)
	if err := wrong.Add(err); err != nil {
		return cmd.Content, err
	}
	cmd.Content = okey.Content{Establishment: uai, Quantity: cmd.Content.Quantity, Comment: comment}
	return cmd.Content, wrong.OrNil()
}

func normaliseReceipt(cmd Command) (okey.Content, error) {
	content, err := normaliseComment(cmd)
	content.Quantity = cmd.Content.Quantity
	if err == nil && content.Quantity < 1 {
		err = okey.InvalidField("quantity", "Écrivez combien de clefs sont arrivées.")
	}
	return content, err
}

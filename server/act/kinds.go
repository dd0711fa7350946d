package act

import (
	"context"
	"fmt"
	"strings"
	"time"

	"okey/okey"
	"okey/server/respond"
	"okey/sql"
)

// kind says how an action about stock is taken in, whichever way it comes: act does the rest.
type kind struct {
	// normalise brings what was typed into the form that is kept, and says all that is wrong with it.
	normalise func(cmd *Command) error
	// permit asks the permission table; it may set Via to support in someone's place.
	Permit func(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd *Command) error
}

// Kinds are the actions about stock.
var Kinds = map[okey.ActionName]kind{
	okey.ActionMoveKeys:       {normalise: normaliseMove, Permit: permitSupport(okey.ActMoveKeys)},
	okey.ActionTakeAlong:      {normalise: normaliseTakeAlong, Permit: permitTakeAlong},
	okey.ActionMoveDecision:   {normalise: normaliseMoveDecision, Permit: permitMoveDecision},
	okey.ActionMoveWithdrawal: {normalise: normaliseComment, Permit: permitMoveWithdrawal},
	okey.ActionSuccession:     {normalise: normaliseSuccession, Permit: permitSupport(okey.ActMoveKeys)},
	okey.ActionDelivery:       {normalise: nothingToNormalise, Permit: permitSupport(okey.ActImport)},

	okey.ActionOrder:        {normalise: normaliseOrder, Permit: permitNewOrder},
	okey.ActionCancellation: {normalise: normaliseComment, Permit: permitOrder(okey.ActOrder)},
	okey.ActionShipment:     {normalise: normaliseComment, Permit: permitOrder(okey.ActExportOrders)},
	okey.ActionReceipt:      {normalise: normaliseReceipt, Permit: permitOrder(okey.ActOrder)},
	okey.ActionClosing:      {normalise: normaliseReason, Permit: permitOrder(okey.ActCloseOrder)},
	okey.ActionExport:       {normalise: nothingToNormalise, Permit: permitSupport(okey.ActExportOrders)},

	okey.ActionInventory:      {normalise: normaliseInventory, Permit: permitThere(okey.ActManageKeys)},
	okey.ActionReportDecision: {normalise: normaliseReport, Permit: permitSupport(okey.ActImport)},

	okey.ActionPINChange: {normalise: normalisePIN, Permit: permitPIN},

	okey.ActionLinkReissue: {normalise: nothingToNormalise, Permit: permitReissue},
	okey.ActionMailResend:  {normalise: nothingToNormalise, Permit: permitSupport(okey.ActResendMail)},

	okey.ActionArrival: {normalise: normaliseArrival, Permit: permitThere(okey.ActManageKeys)},
}

func nothingToNormalise(*Command) error { return nil }

// permitSupport is for acts that concern no establishment in particular.
func permitSupport(act okey.Act) func(context.Context, *Dispatcher, okey.Actor, *Command) error {
	return func(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd *Command) error {
		return s.PermitAt(ctx, actor, cmd, act, "")
	}
}

// permitThere is for acts on the stock of the establishment that the content names.
func permitThere(act okey.Act) func(context.Context, *Dispatcher, okey.Actor, *Command) error {
	return func(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd *Command) error {
		return s.PermitAt(ctx, actor, cmd, act, cmd.Content.Establishment)
	}
}

// permitNewOrder is permitThere, where keys can still go to: what is ordered for an establishment that was replaced would follow nobody.
func permitNewOrder(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd *Command) error {
	if err := s.PermitAt(ctx, actor, cmd, okey.ActOrder, cmd.Content.Establishment); err != nil {
		return err
	}
	return s.NotReplaced(ctx, "establishment", cmd.Content.Establishment)
}

func (s *Dispatcher) NotReplaced(ctx context.Context, field string, uai okey.UAI) error {
	place, err := s.store.Place(ctx, uai)
	if err != nil || place.Successor == "" {
		return err
	}
	return Replaced(field, place)
}

// Replaced says of an establishment that was replaced which one to name instead; the error is about the field.
func Replaced(field string, place sql.Place) error {
	return okey.InvalidField(field, "%s a été remplacé par %s : indiquez %s.", place.UAI, place.Successor, place.Successor)
}

// Followed says of an establishment that was replaced where all it had is now; empty for any other.
func (s *Dispatcher) Followed(ctx context.Context, place sql.Place) (string, error) {
	if place.Successor == "" {
		return "", nil
	}
	heir, err := s.store.Place(ctx, place.Successor)
	return fmt.Sprintf("Cet établissement a été remplacé par %s (%s) : ses clefs, ses demandes et ses commandes y ont suivi.", okey.SayEstablishment(heir.Name), heir.UAI), err
}

// PermitAt asks the permission table about an act on an establishment's stock; empty for what concerns all of them. Support acting where
// only support may is noted as such.
func (s *Dispatcher) PermitAt(ctx context.Context, actor okey.Actor, cmd *Command, act okey.Act, uai okey.UAI) error {
	subject, today := okey.Subject{HasReason: cmd.Content.Comment != ""}, okey.DayOf(time.Now(), okey.ZoneOf(""))
	if uai != "" {
		place, err := s.store.Place(ctx, uai)
		if err != nil {
			return err
		}
		subject.UAI, today = place.AnsweredBy(), okey.DayOf(time.Now(), okey.ZoneOf(place.Academy))
	}
	if err := okey.May(act, actor, subject, today); err != nil {
		return err
	}
	if inPlaceOfOthers(actor, func(a okey.Actor) error { return okey.May(act, a, subject, today) }) {
		cmd.Via = okey.ViaSupport
	}
	return nil
}

func normaliseInventory(cmd *Command) error {
	comment, err := okey.CheckText("comment", cmd.Content.Comment, false)
	cmd.Content.Comment = comment
	if err == nil && len(cmd.Content.Serials) > okey.MaxInventory {
		err = okey.InvalidField("serials", "Un inventaire prend %d clefs au plus.", okey.MaxInventory)
	}
	return err
}

func normaliseReport(cmd *Command) error {
	var wrong respond.Invalid
	approve := cmd.Content.Decision == okey.Approve
	if !approve && cmd.Content.Decision != okey.Refuse {
		wrong = append(wrong, okey.InvalidField("decision", "Choisissez de mettre la clef en stock ou de l'écarter."))
	}
	comment, err := okey.CheckText("comment", cmd.Content.Comment, cmd.Content.Decision == okey.Refuse)
	if err := wrong.Add(err); err != nil {
		return err
	}
	cmd.Content.Comment = comment
	if !approve {
		cmd.Content.Batch, cmd.Content.ExpiresOn = "", okey.Day{}
		return wrong.OrNil()
	}
	if cmd.Content.Batch, err = okey.CheckText("batch", cmd.Content.Batch, false); err != nil || cmd.Content.Batch == "" || len(cmd.Content.Batch) > 100 {
		wrong = append(wrong, okey.InvalidField("batch", "Écrivez le lot de la clef, 100 caractères au plus."))
	}
	if cmd.Content.ExpiresOn.Before(okey.DayOf(time.Now(), okey.ZoneOf(""))) {
		wrong = append(wrong, okey.InvalidField("expires_on", "Écrivez une date d'expiration à venir, par exemple 31/12/2029."))
	}
	return wrong.OrNil()
}

// TypedDay reads a day as people type it, 31/12/2029, or as programs do, 2029-12-31.
func TypedDay(text string) (okey.Day, error) {
	if day, ok := ReadDay(strings.TrimSpace(text)); ok {
		return day, nil
	}
	return okey.Day{}, okey.InvalidField("expires_on", "Écrivez une date comme 31/12/2029.")
}

// ReadDay reads a day as a browser's date field sends it, or as people type it.
func ReadDay(typed string) (okey.Day, bool) {
	for _, layout := range []string{time.DateOnly, "02/01/2006", "2/1/2006"} {
		if t, err := time.Parse(layout, typed); err == nil {
			return okey.NewDay(t.Date()), true
		}
	}
	return okey.Day{}, false
}

// permitReissue is support's alone, for a request that it sees.
func permitReissue(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd *Command) error {
	request, err := s.store.Request(ctx, cmd.Request)
	if err != nil {
		return err
	}
	subject, today, err := s.SubjectOf(ctx, request, actor.ID, false)
	if err != nil {
		return err
	}
	cmd.Via = okey.ViaSupport // nobody else may
	return okey.May(okey.ActResendMail, actor, subject, today)
}

package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"okey/okey"
	"okey/sql"
)

// stockKind says how an action about stock is taken in, whichever way it comes: act does the rest.
type stockKind struct {
	// normalise brings what was typed into the form that is kept, and says all that is wrong with it.
	normalise func(w *wish) error
	// permit asks the permission table; it may set Via to support in someone's place.
	permit func(ctx context.Context, s *Server, actor okey.Actor, w *wish) error
}

// stockKinds are the actions about stock.
var stockKinds = map[okey.ActionName]stockKind{
	okey.ActionMoveKeys:       {normalise: normaliseMove, permit: permitSupport(okey.ActMoveKeys)},
	okey.ActionTakeAlong:      {normalise: normaliseTakeAlong, permit: permitTakeAlong},
	okey.ActionMoveDecision:   {normalise: normaliseMoveDecision, permit: permitMoveDecision},
	okey.ActionMoveWithdrawal: {normalise: normaliseComment, permit: permitMoveWithdrawal},
	okey.ActionSuccession:     {normalise: normaliseSuccession, permit: permitSupport(okey.ActMoveKeys)},
	okey.ActionDelivery:       {normalise: nothingToNormalise, permit: permitSupport(okey.ActImport)},

	okey.ActionOrder:        {normalise: normaliseOrder, permit: permitNewOrder},
	okey.ActionCancellation: {normalise: normaliseComment, permit: permitOrder(okey.ActOrder)},
	okey.ActionShipment:     {normalise: normaliseComment, permit: permitOrder(okey.ActExportOrders)},
	okey.ActionReceipt:      {normalise: normaliseReceipt, permit: permitOrder(okey.ActOrder)},
	okey.ActionClosing:      {normalise: normaliseReason, permit: permitOrder(okey.ActCloseOrder)},
	okey.ActionExport:       {normalise: nothingToNormalise, permit: permitSupport(okey.ActExportOrders)},

	okey.ActionInventory:      {normalise: normaliseInventory, permit: permitThere(okey.ActManageKeys)},
	okey.ActionReportDecision: {normalise: normaliseReport, permit: permitSupport(okey.ActImport)},

	okey.ActionPINChange: {normalise: normalisePIN, permit: permitPIN},

	okey.ActionLinkReissue: {normalise: nothingToNormalise, permit: permitReissue},
	okey.ActionMailResend:  {normalise: nothingToNormalise, permit: permitSupport(okey.ActResendMail)},

	okey.ActionArrival: {normalise: normaliseArrival, permit: permitThere(okey.ActManageKeys)},
}

func nothingToNormalise(*wish) error { return nil }

// permitSupport is for acts that concern no establishment in particular.
func permitSupport(act okey.Act) func(context.Context, *Server, okey.Actor, *wish) error {
	return func(ctx context.Context, s *Server, actor okey.Actor, w *wish) error {
		return s.permitAt(ctx, actor, w, act, "")
	}
}

// permitThere is for acts on the stock of the establishment that the content names.
func permitThere(act okey.Act) func(context.Context, *Server, okey.Actor, *wish) error {
	return func(ctx context.Context, s *Server, actor okey.Actor, w *wish) error {
		return s.permitAt(ctx, actor, w, act, w.Content.Establishment)
	}
}

// permitNewOrder is permitThere, where keys can still go to: what is ordered for an establishment that was replaced would follow nobody.
func permitNewOrder(ctx context.Context, s *Server, actor okey.Actor, w *wish) error {
	if err := s.permitAt(ctx, actor, w, okey.ActOrder, w.Content.Establishment); err != nil {
		return err
	}
	return s.notReplaced(ctx, "establishment", w.Content.Establishment)
}

func (s *Server) notReplaced(ctx context.Context, field string, uai okey.UAI) error {
	place, err := s.store.Place(ctx, uai)
	if err != nil || place.Successor == "" {
		return err
	}
	return replaced(field, place)
}

// replaced says of an establishment that was replaced which one to name instead; the error is about the field.
func replaced(field string, place sql.Place) error {
	return okey.InvalidField(field, "%s a été remplacé par %s : indiquez %s.", place.UAI, place.Successor, place.Successor)
}

// followed says of an establishment that was replaced where all it had is now; empty for any other.
func (s *Server) followed(ctx context.Context, place sql.Place) (string, error) {
	if place.Successor == "" {
		return "", nil
	}
	heir, err := s.store.Place(ctx, place.Successor)
	return fmt.Sprintf("Cet établissement a été remplacé par %s (%s) : ses clefs, ses demandes et ses commandes y ont suivi.", okey.SayEstablishment(heir.Name), heir.UAI), err
}

// permitAt asks the permission table about an act on an establishment's stock; empty for what concerns all of them. Support acting where
// only support may is noted as such.
func (s *Server) permitAt(ctx context.Context, actor okey.Actor, w *wish, act okey.Act, uai okey.UAI) error {
	subject, today := okey.Subject{HasReason: w.Content.Comment != ""}, okey.DayOf(time.Now(), okey.ZoneOf(""))
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
		w.Via = okey.ViaSupport
	}
	return nil
}

func normaliseInventory(w *wish) error {
	comment, err := okey.CheckText("comment", w.Content.Comment, false)
	w.Content.Comment = comment
	if err == nil && len(w.Content.Serials) > okey.MaxInventory {
		err = okey.InvalidField("serials", "Un inventaire prend %d clefs au plus.", okey.MaxInventory)
	}
	return err
}

func normaliseReport(w *wish) error {
	var wrong invalid
	approve := w.Content.Decision == okey.Approve
	if !approve && w.Content.Decision != okey.Refuse {
		wrong = append(wrong, okey.InvalidField("decision", "Choisissez de mettre la clef en stock ou de l'écarter."))
	}
	comment, err := okey.CheckText("comment", w.Content.Comment, w.Content.Decision == okey.Refuse)
	if err := wrong.add(err); err != nil {
		return err
	}
	w.Content.Comment = comment
	if !approve {
		w.Content.Batch, w.Content.ExpiresOn = "", okey.Day{}
		return wrong.orNil()
	}
	if w.Content.Batch, err = okey.CheckText("batch", w.Content.Batch, false); err != nil || w.Content.Batch == "" || len(w.Content.Batch) > 100 {
		wrong = append(wrong, okey.InvalidField("batch", "Écrivez le lot de la clef, 100 caractères au plus."))
	}
	if w.Content.ExpiresOn.Before(okey.DayOf(time.Now(), okey.ZoneOf(""))) {
		wrong = append(wrong, okey.InvalidField("expires_on", "Écrivez une date d'expiration à venir, par exemple 31/12/2029."))
	}
	return wrong.orNil()
}

// typedDay reads a day as people type it, 31/12/2029, or as programs do, 2029-12-31.
func typedDay(text string) (okey.Day, error) {
	if day, ok := readDay(strings.TrimSpace(text)); ok {
		return day, nil
	}
	return okey.Day{}, okey.InvalidField("expires_on", "Écrivez une date comme 31/12/2029.")
}

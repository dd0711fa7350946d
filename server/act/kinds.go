package act

import (
	"context"
	"fmt"
	"slices"
	"time"

	"okey/okey"
	"okey/server/respond"
	"okey/sql"
)

// kind says how a command is taken in, whichever way it comes. What its action is called, and is about, says the domain: okey.ActionKinds.
type kind struct {
	// normalise brings what was typed into the form that is kept, so that the same command typed twice is the same, and says all that is
	// wrong with it. It looks nothing up: what depends on the request is for check.
	normalise func(Command) (okey.Content, error)
	permit    permits
}

// permits asks the permission table about a command. The errors are those of okey.May, and invalid for what the right depends on.
type permits func(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error)

// permission is what was found when the permission table was asked.
type permission struct {
	via     okey.Via     // the way in that is recorded: support acting where only support may is support in someone's place
	request okey.Request // of a command about one
}

// kinds are the commands that somebody may send: a row for each.
var kinds = map[okey.ActionName]kind{
	okey.ActionAsk:                        {normaliseAsk, permitAsk},
	okey.ActionOf(okey.PrincipalDecision): {normaliseDecision, permitSignal},
	okey.ActionOf(okey.CharterAndPIN):     {normaliseCharter, permitSignal},
	okey.ActionOf(okey.StockAvailable):    {normaliseNothing, permitSignal},
	okey.ActionOf(okey.Handover):          {normaliseHandover, permitSignal},
	okey.ActionOf(okey.Withdrawal):        {normaliseComment, permitSignal},
	okey.ActionLinkReissue:                {asTyped, permitReissue},

	okey.ActionKeyChange: {normaliseKeyChange, permitKeyChange},
	okey.ActionPINChange: {normalisePIN, permitPIN},

	okey.ActionMoveKeys:       {normaliseMove, permitSupport(okey.ActMoveKeys)},
	okey.ActionTakeAlong:      {normaliseTakeAlong, permitTakeAlong},
	okey.ActionMoveDecision:   {normaliseDecision, permitMoveDecision},
	okey.ActionMoveWithdrawal: {normaliseComment, permitMoveWithdrawal},
	okey.ActionSuccession:     {normaliseSuccession, permitSupport(okey.ActMoveKeys)},

	okey.ActionOrder:        {normaliseOrder, permitNewOrder},
	okey.ActionCancellation: {normaliseComment, permitOrder(okey.ActOrder)},
	okey.ActionShipment:     {normaliseComment, permitOrder(okey.ActExportOrders)},
	okey.ActionReceipt:      {normaliseReceipt, permitOrder(okey.ActOrder)},
	okey.ActionClosing:      {normaliseReason, permitOrder(okey.ActCloseOrder)},
	okey.ActionExport:       {asTyped, permitSupport(okey.ActExportOrders)},

	okey.ActionDelivery:       {asTyped, permitSupport(okey.ActImport)},
	okey.ActionArrival:        {normaliseArrival, permitThere(okey.ActManageKeys)},
	okey.ActionInventory:      {normaliseInventory, permitThere(okey.ActManageKeys)},
	okey.ActionReportDecision: {normaliseReport, permitSupport(okey.ActImport)},

	okey.ActionMailResend:  {asTyped, permitSupport(okey.ActResendMail)},
	okey.ActionMailsResend: {normaliseSpan, permitSupport(okey.ActResendMail)},

	okey.ActionWebhookTest:   {normaliseNothing, permitSupport(okey.ActSettings)},
	okey.ActionWebhookResume: {normaliseFrom, permitSupport(okey.ActSettings)},
}

func asTyped(cmd Command) (okey.Content, error) { return cmd.Content, nil }

func permitAsk(_ context.Context, _ *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
	return permission{via: cmd.Via}, okey.May(okey.ActAsk, actor, okey.Subject{Owner: actor.ID}, okey.Day{})
}

// permitSignal is for what a request waits for.
func permitSignal(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
	c, err := s.caseOf(ctx, actor, cmd)
	if err != nil {
		return permission{}, err
	}
	c.Subject.HasReason = cmd.Content.Comment != ""
	act := okey.ActOf(cmd.Name.Signal())
	via, err := viaOf(actor, cmd, func(a okey.Actor) error { return okey.May(act, a, c.Subject, c.Today) })
	return permission{via: via, request: c.Request}, err
}

func permitKeyChange(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
	key, err := s.store.Key(ctx, cmd.Key)
	if err != nil {
		return permission{}, err
	}
	subject, err := s.store.SubjectOfKey(ctx, key)
	if err != nil {
		return permission{}, err
	}
	today, err := s.store.Today(ctx, key.UAI, time.Now())
	if err != nil {
		return permission{}, err
	}
	reason := cmd.Content.KeyReason
	if !slices.Contains(okey.ChangeReasons(), reason) {
		reason = okey.ReasonLost // what every holder may declare: whoever may declare something is told that this is nothing
	}
	via, err := viaOf(actor, cmd, func(a okey.Actor) error { return okey.MayChangeKey(a, key, subject, reason, today) })
	if err == nil && actor.ID != key.Holder { // who has found their own key need not say where
		_, err = okey.CheckText("comment", cmd.Content.Comment, true)
	}
	return permission{via: via}, err
}

// viaOf asks the permission table by may, and answers the way in: support where the actor may do it by that role alone.
func viaOf(actor okey.Actor, cmd Command, may func(okey.Actor) error) (okey.Via, error) {
	if err := may(actor); err != nil {
		return cmd.Via, err
	}
	plain := actor
	plain.Support = false
	if bySupport := actor.Support && may(plain) != nil; bySupport {
		return okey.ViaSupport, nil
	}
	return cmd.Via, nil
}

// permitSupport is for acts that concern no establishment in particular.
func permitSupport(act okey.Act) permits {
	return func(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
		return s.permitAt(ctx, actor, cmd, act, "")
	}
}

// permitThere is for acts on the stock of the establishment that the content names.
func permitThere(act okey.Act) permits {
	return func(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
		return s.permitAt(ctx, actor, cmd, act, cmd.Content.Establishment)
	}
}

// permitNewOrder is permitThere, where keys can still go to: what is ordered for an establishment that was replaced would follow nobody.
func permitNewOrder(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
	found, err := s.permitAt(ctx, actor, cmd, okey.ActOrder, cmd.Content.Establishment)
	if err != nil {
		return found, err
	}
	return found, s.NotReplaced(ctx, "establishment", cmd.Content.Establishment)
}

// permitReissue is support's alone, for a request that it sees.
func permitReissue(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
	c, err := s.caseOf(ctx, actor, cmd)
	if err != nil {
		return permission{}, err
	}
	return permission{via: okey.ViaSupport, request: c.Request}, okey.May(okey.ActResendMail, actor, c.Subject, c.Today)
}

// permitAt asks about an act on an establishment's stock; empty for what concerns all of them.
func (s *Dispatcher) permitAt(ctx context.Context, actor okey.Actor, cmd Command, act okey.Act, uai okey.UAI) (permission, error) {
	subject, today := okey.Subject{HasReason: cmd.Content.Comment != ""}, okey.DayOf(time.Now(), okey.ZoneOf(""))
	if uai != "" {
		place, err := s.store.Place(ctx, uai)
		if err != nil {
			return permission{}, err
		}
		subject.UAI, today = place.AnsweredBy(), okey.DayOf(time.Now(), okey.ZoneOf(place.Academy))
	}
	via, err := viaOf(actor, cmd, func(a okey.Actor) error { return okey.May(act, a, subject, today) })
	return permission{via: via}, err
}

// PermitAt asks the permission table about an act on an establishment's stock, without a reason; empty for what concerns all of them.
func (s *Dispatcher) PermitAt(ctx context.Context, actor okey.Actor, act okey.Act, uai okey.UAI) error {
	_, err := s.permitAt(ctx, actor, Command{}, act, uai)
	return err
}

// Permit asks the permission table about a command that is not sent yet: pages show what their reader may do.
func (s *Dispatcher) Permit(ctx context.Context, actor okey.Actor, cmd Command) error {
	kind, known := kinds[cmd.Name]
	if !known {
		return fmt.Errorf("nobody sends %q", cmd.Name)
	}
	_, err := kind.permit(ctx, s, actor, cmd)
	return err
}

// NotReplaced answers invalid, about the field, for an establishment that another one has replaced.
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
	return fmt.Sprintf(
		"Cet établissement a été remplacé par %s (%s) : ses clefs, ses demandes et ses commandes y ont suivi.",
		okey.SayEstablishment(heir.Name),
		heir.UAI,
	), err
}

func normaliseInventory(cmd Command) (okey.Content, error) {
	comment, err := okey.CheckText("comment", cmd.Content.Comment, false)
	cmd.Content.Comment = comment
	if err == nil && len(cmd.Content.Serials) > okey.MaxInventory {
		err = okey.InvalidField("serials", "Un inventaire prend %d clefs au plus.", okey.MaxInventory)
	}
	return cmd.Content, err
}

func normaliseReport(cmd Command) (okey.Content, error) {
	var wrong respond.Invalid
	approve := cmd.Content.Decision == okey.Approve
	if !approve && cmd.Content.Decision != okey.Refuse {
		wrong = append(wrong, okey.InvalidField("decision", "Choisissez de mettre la clef en stock ou de l'écarter."))
	}
	comment, err := okey.CheckText("comment", cmd.Content.Comment, cmd.Content.Decision == okey.Refuse)
	if err := wrong.Add(err); err != nil {
		return cmd.Content, err
	}
	cmd.Content.Comment = comment
	if !approve {
		cmd.Content.Batch, cmd.Content.ExpiresOn = "", okey.Day{}
		return cmd.Content, wrong.OrNil()
	}
	cmd.Content.Batch, err = okey.CheckText("batch", cmd.Content.Batch, false)
	if err != nil || cmd.Content.Batch == "" || len(cmd.Content.Batch) > 100 {
		wrong = append(wrong, okey.InvalidField("batch", "Écrivez le lot de la clef, 100 caractères au plus."))
	}
	if cmd.Content.ExpiresOn.Before(okey.DayOf(time.Now(), okey.ZoneOf(""))) {
		wrong = append(wrong, okey.InvalidField("expires_on", "Écrivez une date d'expiration à venir, par exemple 31/12/2029."))
	}
	return cmd.Content, wrong.OrNil()
}

// normaliseSpan is for what happened between two instants.
func normaliseSpan(cmd Command) (okey.Content, error) {
	span := okey.Content{From: cmd.Content.From.UTC(), Until: cmd.Content.Until.UTC()}
	if !span.From.Before(span.Until) {
		return span, okey.InvalidField("until", "Écrivez une fin qui vient après le début.")
	}
	return span, nil
}

// normaliseFrom keeps a moment alone, which may lack.
func normaliseFrom(cmd Command) (okey.Content, error) {
	content := okey.Content{From: cmd.Content.From.UTC()}
	if content.From.After(time.Now()) {
		return content, okey.InvalidField("from", "Écrivez un moment passé.")
	}
	return content, nil
}

// normaliseComment keeps a comment alone, which may lack.
func normaliseComment(cmd Command) (okey.Content, error) {
	comment, err := okey.CheckText("comment", cmd.Content.Comment, false)
	cmd.Content = okey.Content{Comment: comment}
	return cmd.Content, err
}

// normaliseReason is for what support may do only if it says why.
func normaliseReason(cmd Command) (okey.Content, error) {
	comment, err := okey.CheckText("comment", cmd.Content.Comment, true)
	cmd.Content = okey.Content{Comment: comment}
	return cmd.Content, err
}

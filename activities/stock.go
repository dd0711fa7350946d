package activities

import (
	"context"

	"okey/okey"
	"okey/sql"
)

// Stock judges what people want of the stock: deliveries, inventories, moves, successions.
type Stock struct {
	store *sql.Store
	buyer Buyer
}

// NewStock makes the keeper of the stock.
func NewStock(store *sql.Store) *Stock { return &Stock{store: store} }

// For has orders say who orders.
func (s *Stock) For(buyer Buyer) *Stock { return &Stock{store: s.store, buyer: buyer} }

// stockJudges say, for each action about stock, how it is judged and applied. An Error of the domain refuses the action and undoes all that
// its judge wrote; anything else is tried again. A judge takes its locks first: establishments in order, then requests, then keys.
var stockJudges = map[okey.ActionName]func(context.Context, *stockTx) (okey.Verdict, error){
	okey.ActionMoveKeys:       moveKeys,
	okey.ActionTakeAlong:      takeAlong,
	okey.ActionMoveDecision:   decideMove,
	okey.ActionMoveWithdrawal: withdrawMove,
	okey.ActionSuccession:     succeed,
	okey.ActionDelivery:       takeDelivery,
	okey.ActionArrival:        confirmArrival,

	okey.ActionOrder:         placeOrder,
	okey.ActionCancellation:  orderAct(okey.ActOrder, cancel),
	okey.ActionShipment:      orderAct(okey.ActExportOrders, ship),
	okey.ActionReceipt:       orderAct(okey.ActOrder, receive),
	okey.ActionClosing:       orderAct(okey.ActCloseOrder, closeShort),
	okey.ActionOrderExported: seeOrder,
	okey.ActionOrderArrived:  seeOrder,
	okey.ActionExport:        exportOrders,

	okey.ActionInventory:      saveInventory,
	okey.ActionReportDecision: decideReport,

	okey.ActionDelegationGiven: told(okey.MailDelegationGiven),
	okey.ActionDelegationBegun: told(okey.MailDelegationBegins),
	okey.ActionDelegationEnded: told(okey.MailDelegationEnded),
	okey.ActionAttached:        told(okey.MailAttached),
	okey.ActionDetached:        told(okey.MailDetached),
	okey.ActionApproverArrived: told(okey.MailApproverArrived),
	okey.ActionHostingGiven:    told(okey.MailHosting),
	okey.ActionHostingEnded:    told(okey.MailHostingEnded),
	okey.ActionPINChange:       changePIN,
	okey.ActionPINLock:         lockPIN,
	okey.ActionLinkReissue:     reissueLinks,
	okey.ActionMailResend:      resendMail,
	okey.ActionRefusalTold:     told(okey.MailNotDone),
	okey.ActionTroubleTold:     told(okey.MailStuck),
	okey.ActionSourcesTold:     told(okey.MailSourcesTold),
	okey.ActionMailsResend:     resendMails,
	okey.ActionWebhookTest:     testReceiver,
	okey.ActionWebhookResume:   resumeReceiver,
	okey.ActionMailReturned:    cameBack,
	okey.ActionMailRetried:     cameBack,
}

// stockTx is the transaction in which one action about stock is judged.
type stockTx struct {
	*sql.Tx
	action okey.Action
	buyer  Buyer
	okey.StockMatter
}

// Change judges and applies a recorded action about stock in one transaction: outcome, state and audit. A second attempt answers what the
// first one did. Only the workflow StockChange calls it.
func (s *Stock) Change(ctx context.Context, m okey.StockMatter) (okey.StockVerdict, error) {
	var verdict okey.StockVerdict
	err := s.store.Do(ctx, func(tx *sql.Tx) error {
		v, err := s.change(ctx, &stockTx{Tx: tx, buyer: s.buyer, StockMatter: m})
		verdict = okey.StockVerdict{Accepted: v.Accepted, Reason: v.Reason, Letters: v.Letters, Wake: len(v.Woken) > 0, Stored: v.Stored}
		return err
	})
	return verdict, err
}

func (s *Stock) change(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if c.Fault != "" {
		return c.stray(ctx)
	}
	action, err := c.LockAction(ctx, c.Action)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.Verdict{Reason: okey.CodeUnknownAction}, c.Leads(ctx)
	}
	if err != nil {
		return okey.Verdict{}, err
	}
	if action.Verdict != nil {
		return *action.Verdict, nil
	}
	judge, known := stockJudges[action.Name]
	if !known {
		return okey.Verdict{Reason: okey.CodeUnknownAction}, nil
	}
	c.action = action
	var v okey.Verdict
	err = c.Attempt(ctx, func() error {
		v, err = judge(ctx, c)
		return err
	})
	if err != nil {
		if v, err = refusal(err); err != nil {
			return v, err
		}
	}
	if len(v.Letters) > okey.MaxLetters {
		if err := c.KeepLetters(ctx, action.ID, v.Letters); err != nil {
			return v, err
		}
		v.Letters, v.Stored = nil, len(v.Letters)
	}
	c.Audit(sql.Entry{
		At: c.At, Event: string(action.Name), Actor: action.By, Via: action.Via, Subject: sql.AboutAction(action), Detail: outcomeOf(v),
	})
	return v, c.Judged(ctx, action.ID, v, c.At)
}

// Letters returns those of an action's letters that are kept as rows and have not left yet. Only the workflow StockChange calls it.
func (s *Stock) Letters(ctx context.Context, in okey.LettersInput) (okey.LettersPage, error) {
	letters, err := s.store.LettersWaiting(ctx, in.Action, in.After, okey.MaxLetters)
	page := okey.LettersPage{Letters: letters}
	if len(letters) == okey.MaxLetters {
		page.Next = letters[len(letters)-1].Row
	}
	return page, err
}

// stray records a signal that has no standing, once, and changes nothing.
func (c *stockTx) stray(ctx context.Context) (okey.Verdict, error) {
	const name = okey.ActionUnknown
	v := okey.Verdict{Reason: c.Fault}
	id := okey.DerivedID(c.Subject, string(name)+"/"+c.Once)
	if err := c.FollowUp(ctx, okey.Action{ID: id, Subject: c.Subject, Name: name, Via: okey.ViaEngine, CreatedAt: c.At}); err != nil {
		return v, err
	}
	action, err := c.LockAction(ctx, id)
	if err != nil || action.Verdict != nil {
		return v, err
	}
	c.Audit(sql.Entry{
		At: c.At, Event: string(name), Via: okey.ViaEngine, Subject: sql.AboutSubject(okey.ActionOrder, c.Subject), Detail: string(c.Fault),
	})
	return v, c.Judged(ctx, id, v, c.At)
}

func outcomeOf(v okey.Verdict) string {
	if v.Accepted {
		return "accepted"
	}
	return string(v.Reason)
}

// actor is whoever wants it, with the rights of this moment; empty for a command, which acts with the database's own rights.
func (c *stockTx) actor(ctx context.Context) (okey.Actor, error) {
	return c.Actor(ctx, c.action.By)
}

// permit asks the permission table again, as the database stands now. Nobody's action is a command of the operator, or
// the flow's own: it may.
func (c *stockTx) permit(ctx context.Context, act okey.Act, uai okey.UAI) error {
	if c.action.By == (okey.PersonID{}) && (c.action.Via == okey.ViaSupport || c.action.Via == okey.ViaEngine) {
		return nil
	}
	actor, err := c.actor(ctx)
	if err != nil {
		return err
	}
	if uai == "" {
		return okey.May(act, actor, okey.Subject{}, okey.DayOf(c.At, okey.ZoneOf("")))
	}
	place, err := c.Place(ctx, uai)
	if err != nil {
		return err
	}
	subject := okey.Subject{UAI: place.AnsweredBy(), HasReason: c.action.Content.Comment != ""}
	return okey.May(act, actor, subject, okey.DayOf(c.At, okey.ZoneOf(place.Academy)))
}

// lockServed locks an establishment, and refuses one that has been replaced: its keys and orders have followed, and whatever comes now
// would stay behind.
func (c *stockTx) lockServed(ctx context.Context, uai okey.UAI) error {
	if err := c.LockEstablishment(ctx, uai); err != nil {
		return err
	}
	place, err := c.Place(ctx, uai)
	if err == nil && place.Successor != "" {
		err = okey.Errorf(okey.CodeSucceeded, "%s a été remplacé par %s.", uai, place.Successor)
	}
	return err
}

// told judges the follow-up of what the server has arranged between people: nothing is left to do but to tell those concerned.
func told(kind okey.MailKind) func(context.Context, *stockTx) (okey.Verdict, error) {
	return func(_ context.Context, c *stockTx) (okey.Verdict, error) {
		return okey.Verdict{Accepted: true, Letters: []okey.MailOrder{c.letter(kind, 1, c.action.Content.Establishment)}}, nil
	}
}

// letter is a mail about the action's subject to the people of an establishment.
func (c *stockTx) letter(kind okey.MailKind, ref int, uai okey.UAI) okey.MailOrder {
	return okey.MailOrder{Cause: c.action.ID, Subject: c.action.Subject, UAI: uai, Step: okey.MailStep{Kind: kind, Ref: ref}, At: c.At}
}

package okey

import (
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Thing is what an action is about, and what a line of the audit names.
type Thing string

// The things that actions are about. Of those that have a page, only the server knows where.
const (
	ThingRequest    Thing = "request"
	ThingKey        Thing = "key"
	ThingOrder      Thing = "order"
	ThingExport     Thing = "export" // a workbook of orders
	ThingDelivery   Thing = "delivery"
	ThingInventory  Thing = "inventory"
	ThingReport     Thing = "report"     // of a serial that OKEY does not know
	ThingMove       Thing = "key-move"   // support's, of many keys
	ThingDeparture  Thing = "take-along" // of a holder, with their key
	ThingSuccession Thing = "succession"
	ThingDelegation Thing = "delegation"
	ThingAttachment Thing = "attachment"
	ThingHosting    Thing = "hosting"
	ThingPerson     Thing = "person"
	ThingMail       Thing = "mail"
	ThingAction     Thing = "action"
	ThingTrouble    Thing = "trouble"  // what does not get on
	ThingReading    Thing = "reading"  // of a source of people
	ThingMails      Thing = "mails"    // those of a time in which a relay refused them
	ThingReceiver   Thing = "receiver" // of events
)

// ActionKind is all that holds for every action of one name, whoever takes it in or judges it.
type ActionKind struct {
	French   string // as support reads it, without an article
	About    Thing
	Workflow string       // the short workflow that carries it alone; empty: that of its request or order takes it as a signal
	From     []OrderState // of an action about an order: the states in which it may be done
	ByStep   bool         // a step of the request's story tells it, once it is taken: who, when and how
}

// ActionKinds has a row for each action. What the server asks before it takes one in stands in package act, what a judge does with it in
// package activities: a row there, too.
var ActionKinds = map[ActionName]ActionKind{
	ActionAsk:                   {French: "demande", About: ThingRequest, ByStep: true},
	ActionExpire:                {French: "expiration", About: ThingRequest, ByStep: true},
	ActionOf(PrincipalDecision): {French: "réponse", About: ThingRequest, ByStep: true},
	ActionOf(StockAvailable):    {French: "recherche d'une clef", About: ThingRequest},
	ActionOf(CharterAndPIN):     {French: "charte et code PIN", About: ThingRequest, ByStep: true},
	ActionOf(Handover):          {French: "remise", About: ThingRequest, ByStep: true},
	ActionOf(Withdrawal):        {French: "retrait", About: ThingRequest, ByStep: true},
	ActionOf(KeyUnavailable):    {French: "clef indisponible", About: ThingRequest, ByStep: true},
	ActionUnknown:               {French: "signal inconnu", About: ThingRequest},
	ActionLinkReissue:           {French: "nouveaux liens", About: ThingRequest, Workflow: WorkflowLinkReissue},

	ActionKeyChange: {French: "changement d'une clef", About: ThingKey, Workflow: WorkflowKeyChange},
	ActionPINChange: {French: "changement de code PIN", About: ThingKey, Workflow: WorkflowPINChange},
	ActionPINLock:   {French: "code PIN bloqué", About: ThingKey, Workflow: WorkflowPINChange},

	ActionOrder:        {French: "commande", About: ThingOrder},
	ActionCancellation: {French: "annulation", About: ThingOrder, From: []OrderState{OrderPlaced}},
	ActionShipment:     {French: "expédition", About: ThingOrder, From: []OrderState{OrderExported}},
	ActionReceipt:      {French: "réception", About: ThingOrder, From: []OrderState{OrderExported, OrderShipped, OrderPartlyReceived}},
	ActionClosing: {
		French: "clôture d'une commande",
		About:  ThingOrder,
		From:   []OrderState{OrderExported, OrderShipped, OrderPartlyReceived},
	},
	ActionOrderExported: {French: "commande transmise au fournisseur", About: ThingOrder},
	ActionOrderArrived:  {French: "clefs reçues par une livraison", About: ThingOrder},
	ActionExport:        {French: "classeur de commandes", About: ThingExport, Workflow: WorkflowOrderExport},

	ActionDelivery:       {French: "livraison", About: ThingDelivery, Workflow: WorkflowStockImport},
	ActionArrival:        {French: "arrivée d'une livraison", About: ThingDelivery, Workflow: WorkflowStockImport},
	ActionInventory:      {French: "inventaire", About: ThingInventory, Workflow: WorkflowInventory},
	ActionReportDecision: {French: "réponse à un signalement", About: ThingReport, Workflow: WorkflowInventory},
	ActionMoveKeys:       {French: "déplacement de clefs", About: ThingMove, Workflow: WorkflowKeyMove},
	ActionTakeAlong:      {French: "départ avec une clef", About: ThingDeparture, Workflow: WorkflowKeyMove},
	ActionMoveDecision:   {French: "réponse à un départ", About: ThingDeparture, Workflow: WorkflowKeyMove},
	ActionMoveWithdrawal: {French: "retrait d'une proposition de départ", About: ThingDeparture, Workflow: WorkflowKeyMove},
	ActionSuccession:     {French: "succession", About: ThingSuccession, Workflow: WorkflowSuccession},

	ActionDelegationGiven: {French: "délégation donnée", About: ThingDelegation, Workflow: WorkflowDelegation},
	ActionDelegationBegun: {French: "délégation qui commence", About: ThingDelegation, Workflow: WorkflowDelegation},
	ActionDelegationEnded: {French: "fin d'une délégation", About: ThingDelegation, Workflow: WorkflowDelegation},
	ActionAttached:        {French: "rattachement", About: ThingAttachment, Workflow: WorkflowAttachment},
	ActionDetached:        {French: "fin d'un rattachement", About: ThingAttachment, Workflow: WorkflowAttachment},
	ActionApproverArrived: {French: "nouvelle direction", About: ThingPerson, Workflow: WorkflowAttachment},
	ActionHostingGiven:    {French: "établissement qui répond pour un autre", About: ThingHosting, Workflow: WorkflowHosting},
	ActionHostingEnded:    {French: "fin d'une réponse pour un autre", About: ThingHosting, Workflow: WorkflowHosting},
	ActionRefusalTold:     {French: "annonce d'un refus", About: ThingAction, Workflow: WorkflowTelling},
	ActionTroubleTold:     {French: "annonce d'un blocage", About: ThingTrouble, Workflow: WorkflowTelling},
	ActionSourcesTold:     {French: "annonce d'une lecture", About: ThingReading, Workflow: WorkflowTelling},
	ActionMailResend:      {French: "courriel renvoyé", About: ThingMail, Workflow: WorkflowMailResend},
	ActionMailsResend:     {French: "courriels renvoyés", About: ThingMails, Workflow: WorkflowMailsResend},
	ActionWebhookTest:     {French: "essai d'un récepteur", About: ThingReceiver, Workflow: WorkflowWebhookChange},
	ActionWebhookResume:   {French: "reprise d'un récepteur", About: ThingReceiver, Workflow: WorkflowWebhookChange},
	ActionMailReturned:    {French: "annonce d'un courriel revenu", About: ThingMail, Workflow: WorkflowTelling},
	ActionMailRetried:     {French: "courriel revenu et réessayé", About: ThingMail, Workflow: WorkflowMailResend},
}

// Kind is the row of an action's name; empty for a name that is none.
func (n ActionName) Kind() ActionKind { return ActionKinds[n] }

// OwnWorkflowID is the id of the workflow that carries an action alone; empty where that of its request or order takes it.
func OwnWorkflowID(name ActionName, action uuid.UUID) string {
	if name.Kind().Workflow == "" {
		return ""
	}
	return string(name) + "-" + action.String()
}

// ActionOfWorkflow is the action that a workflow of OwnWorkflowID carries; the zero id for any other.
func ActionOfWorkflow(id string) uuid.UUID {
	const length = 36 // of an id in its usual form
	if len(id) <= length {
		return uuid.Nil
	}
	action, err := uuid.Parse(id[len(id)-length:])
	if err != nil || OwnWorkflowID(ActionName(id[:len(id)-length-1]), action) != id {
		return uuid.Nil
	}
	return action
}

// runOfSchedule is what the engine puts behind the name of a workflow that a schedule starts: when that was due.
var runOfSchedule = regexp.MustCompile(`-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)

// ScheduleOf is the id of a workflow without what tells the runs of a schedule apart: what fails each minute is one trouble.
func ScheduleOf(workflow string) string { return runOfSchedule.ReplaceAllString(workflow, "") }

// Pause is how long something waits that did not get on at so many attempts, before the next one: at once, then a minute, five, and an
// hour.
func Pause(attempts int) time.Duration {
	switch attempts {
	case 0:
		return 0
	case 1:
		return time.Minute
	case 2:
		return 5 * time.Minute
	}
	return time.Hour
}

// StockWorkflows returns the names of the workflows that carry one action each, sorted: all are the same function, but for that of a key
// change, which goes on with the request whose key it was, and that of many mails, which goes in rounds.
func StockWorkflows() []string {
	var names []string
	for _, kind := range ActionKinds {
		if kind.Workflow != "" && kind.Workflow != WorkflowKeyChange && kind.Workflow != WorkflowMailsResend {
			names = append(names, kind.Workflow)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

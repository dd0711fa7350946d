package okey

import (
	"time"

	"github.com/google/uuid"
)

// OrderState is where an order of keys stands. The values are contract.
type OrderState string

// The states of an order.
const (
	OrderPlaced         OrderState = "placed"
	OrderExported       OrderState = "exported" // in a workbook that went to the supplier
	OrderShipped        OrderState = "shipped"
	OrderPartlyReceived OrderState = "partly_received"
	OrderReceived       OrderState = "received"
	OrderCancelled      OrderState = "cancelled"
)

// OrderStates returns every state, in the order of an order's life.
func OrderStates() []OrderState {
	return []OrderState{OrderPlaced, OrderExported, OrderShipped, OrderPartlyReceived, OrderReceived, OrderCancelled}
}

var orderStateNames = map[OrderState]string{
	OrderPlaced: "enregistrée", OrderExported: "transmise au fournisseur", OrderShipped: "expédiée",
	OrderPartlyReceived: "reçue en partie", OrderReceived: "reçue", OrderCancelled: "annulée",
}

// French names the state on pages and in mails.
func (s OrderState) French() string { return orderStateNames[s] }

// Say is French of an order of which so many keys came: one that was closed without the others is not simply received.
func (s OrderState) Say(received, quantity int) string {
	if s == OrderReceived && received < quantity {
		return "close, incomplète"
	}
	return s.French()
}

// Valid tells whether s is a state at all.
func (s OrderState) Valid() bool { return orderStateNames[s] != "" }

// Closed tells whether nothing more can happen.
func (s OrderState) Closed() bool { return s == OrderReceived || s == OrderCancelled }

// The actions about an order; each is the signal of its workflow too. Their subject is the order.
const (
	ActionOrder         ActionName = "order"
	ActionCancellation  ActionName = "cancellation"
	ActionShipment      ActionName = "shipment"
	ActionReceipt       ActionName = "receipt"
	ActionClosing       ActionName = "closing"  // support: what is missing will not come
	ActionOrderExported ActionName = "exported" // the flow's own: an export has taken it
	ActionOrderArrived  ActionName = "arrived"  // the flow's own: a delivery has brought keys of it
)

// MaxOrder is the most keys that one order asks for.
const MaxOrder = 500

// Order is an establishment's order of keys.
type Order struct {
	ID         uuid.UUID
	Number     int64 // as people name it
	UAI        UAI
	Quantity   int
	Received   int
	Noted      int // of Received: by hand, and not among the keys that entered the stock yet
	Comment    string
	State      OrderState
	By         PersonID
	PlacedAt   time.Time
	Export     uuid.UUID // zero: in none yet
	ExportedAt time.Time
	ClosedAt   time.Time
}

// Needs are what an order is reckoned from, at one establishment.
type Needs struct {
	Waiting  int // requests in line for a key, and those without an answer yet
	Expiring int // keys in service that expire within RenewalMonths, and whose holders have not asked for another yet
	Minimum  int // that support wants in the drawer
	Free     int // lendable keys in the drawer
	UnderWay int // ordered and not received yet, or in transit
}

// Suggested is how many keys to order: what is needed beyond what is there or on its way, never less than none nor more than MaxOrder.
func (n Needs) Suggested() int {
	return min(max(0, n.Waiting+n.Expiring+n.Minimum-n.Free-n.UnderWay), MaxOrder)
}

// The workflows of orders.
const (
	WorkflowOrder          = "Order"
	WorkflowOrderExport    = "OrderExport"
	WorkflowExportSchedule = "ExportSchedule"
	ActivityLoadOrder      = "LoadOrder"  // OrderInput -> OrderStanding
	ActivityPlanExport     = "PlanExport" // ExportPlan -> uuid of the export's action, zero where nothing is placed
)

// OrderWorkflowID is order-<order id>.
func OrderWorkflowID(order uuid.UUID) string { return "order-" + order.String() }

// OrderInput starts an order's workflow, or goes on with it: where it stands is read from the database.
type OrderInput struct {
	Order   uuid.UUID `json:"order"`
	Overdue []int     `json:"overdue"`        // after how many open days without all keys support is told
	Page    string    `json:"page,omitempty"` // of the order, for whoever reads its details in the Temporal UI
}

// DefaultOverdue tells support of an order that is late, three times.
func DefaultOverdue() []int { return []int{20, 30, 40} }

// OrderStanding is where an order stands: all that its workflow needs.
type OrderStanding struct {
	State   OrderState  `json:"state,omitempty"` // empty: no such order
	UAI     UAI         `json:"uai,omitempty"`
	Overdue []time.Time `json:"overdue,omitempty"` // when support is told, once exported; in the academy's time zone
}

// ExportPlan asks for the export of a schedule's run.
type ExportPlan struct {
	Run uuid.UUID `json:"run"` // names it: tried twice, it is one
	At  time.Time `json:"at"`
}

// Receive books n keys that arrived.
func (o *Order) Receive(n int) {
	o.Received += n
	o.State = OrderPartlyReceived
	if o.Received >= o.Quantity {
		o.State = OrderReceived
	}
}

// ReceiveByHand notes n keys that somebody has counted: OKEY does not know them yet, and they are not counted again when it does.
func (o *Order) ReceiveByHand(n int) {
	o.Receive(n)
	o.Noted += n
}

// CloseShort ends an order whose other keys will never come: received where some did, else cancelled.
func (o *Order) CloseShort() {
	o.State = OrderCancelled
	if o.Received > 0 {
		o.State = OrderReceived
	}
}

// ExportSpace is the name space of the exports that a schedule asks for.
var ExportSpace = uuid.MustParse("5f0b6b0e-2a67-5d0c-9d2e-6f6b65790002")

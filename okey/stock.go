package okey

import (
	"time"

	"github.com/google/uuid"
)

// The actions about stock. Each is judged by one activity, in one transaction, and carried by a workflow of its own: its row in ActionKinds
// names it.
const (
	ActionDelivery       ActionName = "delivery"        // a file of keys, arrived or announced; subject: the delivery
	ActionArrival        ActionName = "arrival"         // what arrived of an announced delivery; subject: the delivery
	ActionInventory      ActionName = "inventory"       // what lies in the drawer; subject: the inventory
	ActionReportDecision ActionName = "report-decision" // support on a serial that OKEY did not know; subject: the report
	ActionMoveKeys       ActionName = "key-move"        // support moves keys to another establishment; subject: the move
	ActionTakeAlong      ActionName = "take-along"      // the old approver proposes that a holder takes the key along; subject: the move
	ActionMoveDecision   ActionName = "move-decision"   // the new approver accepts it or not; subject: the move
	ActionMoveWithdrawal ActionName = "move-withdrawal" // the old approver takes the proposal back; subject: the move
	ActionSuccession     ActionName = "succession"      // support names an establishment's successor; subject: the succession
	ActionExport         ActionName = "export"          // of all placed orders; subject: the export
)

// StockInput starts the workflow of an action about stock.
type StockInput struct {
	Action  uuid.UUID `json:"action"`
	Letters bool      `json:"letters,omitempty"` // all is done but to send the letters that are kept as rows
}

// StockMatter is what that workflow asks: what is to become of an action or, with a Fault, that a signal without standing came.
type StockMatter struct {
	Action  uuid.UUID `json:"action"`
	At      time.Time `json:"at"`
	Fault   Code      `json:"fault,omitempty"`
	Subject uuid.UUID `json:"subject,omitzero"` // whose workflow the stray came to
	Once    string    `json:"once,omitempty"`   // names the stray: run and number
}

// StockVerdict is what became of an action about stock: ids, enums and times only.
type StockVerdict struct {
	Accepted bool        `json:"accepted"`
	Reason   Code        `json:"reason,omitempty"`
	Letters  []MailOrder `json:"letters,omitempty"`
	Wake     bool        `json:"wake,omitempty"`   // requests were given a key, lost theirs, or moved
	Stored   int         `json:"stored,omitempty"` // letters that are kept as rows, being too many to travel
}

// MaxLetters is how many letters an answer to the engine carries, which takes 2 MB at most and warns from 256 KB on: more are rows, and are
// fetched by as many.
const MaxLetters = 200

// LettersInput asks for the letters of an action that are kept as rows and have not left, after a row.
type LettersInput struct {
	Action uuid.UUID `json:"action"`
	After  int       `json:"after,omitempty"`
}

// LettersPage is up to MaxLetters of them; Next is the row to ask after, 0 for none left.
type LettersPage struct {
	Letters []MailOrder `json:"letters,omitempty"`
	Next    int         `json:"next,omitempty"`
}

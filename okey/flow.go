package okey

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// What workflows, activities and the senders of signals say to each other: names, and values that are ids, enums and times only.
// Histories keep them for weeks, so a name or a field, once shipped, is never changed: one is added.

// TaskQueue is where okey's workers take their work.
const TaskQueue = "okey"

// The workflows, by the names that the Temporal UI shows.
const (
	WorkflowKeyRequest  = "KeyRequest"
	WorkflowKeyChange   = "KeyChange"
	WorkflowRepairWatch = "RepairWatch"
	WorkflowStockImport = "StockImport"
	WorkflowInventory   = "Inventory"
	WorkflowKeyMove     = "KeyMove"
	WorkflowSuccession  = "Succession"
	WorkflowTelling     = "Telling" // of what went wrong behind somebody's back
)

// The activities, by the names that histories keep.
const (
	ActivityJudge = "JudgeRequest" // Matter -> Verdict
	// A local activity, Matter -> Verdict: it judges and sends; what mails remain in the verdict have not left.
	ActivityJudgeAndTell = "JudgeRequestAndTell"
	ActivitySendMails    = "SendMails"      // MailOrder -> MailReport
	ActivityWakeUp       = "WakeUpOwed"     // WakeInput -> RepairReport
	ActivityChangeKey    = "ChangeKey"      // KeyMatter -> KeyVerdict
	ActivityRepair       = "RepairRequests" // -> RepairReport
	ActivityLapse        = "LapseKeys"      // KeyMatter -> RepairReport
	ActivityStock        = "ChangeStock"    // StockMatter -> StockVerdict
	ActivityLetters      = "StoredLetters"  // LettersInput -> LettersPage
)

// SignalFound tells the workflow of a mislaid key that it is so no more.
const SignalFound = "found"

// The search attributes that every request carries in the engine.
const (
	AttributeStage        = "OkeyStage"        // Keyword
	AttributeUAI          = "OkeyUAI"          // Keyword
	AttributeWaitingSince = "OkeyWaitingSince" // Datetime
)

// RequestWorkflowID is contract: key-request-<request id>.
func RequestWorkflowID(request uuid.UUID) string { return "key-request-" + request.String() }

// FollowedBy reads a workflow id of RequestWorkflowID or OrderWorkflowID back: the request or the order; ok is false for any other.
func FollowedBy(workflow string) (id uuid.UUID, ok bool) {
	for _, prefix := range []string{"key-request-", "order-"} {
		if text, found := strings.CutPrefix(workflow, prefix); found {
			id, err := uuid.Parse(text)
			return id, err == nil
		}
	}
	return uuid.Nil, false
}

// KeyRequestInput starts a request's workflow, or goes on with it: what stands in the database is loaded first.
type KeyRequestInput struct {
	Request uuid.UUID `json:"request"`
	Ask     uuid.UUID `json:"ask"` // the action that asks; zero where the request exists already
	Waits   Waits     `json:"waits"`
	Page    string    `json:"page"` // of the request, for whoever reads its details in the Temporal UI
	// JudgeLocally has matters judged within the workflow task. A worker from before it was there leaves it unread, see KeyRequest.
	JudgeLocally bool `json:"judge_locally,omitempty"`
}

// ActionSignal is all that a signal carries.
type ActionSignal struct {
	Action uuid.UUID `json:"action"`
}

// MatterKind is what a judging activity is asked about.
type MatterKind string

// The matters of a request.
const (
	MatterOpen   MatterKind = "open"   // the first: judge the asking, or load a request that exists
	MatterAction MatterKind = "action" // someone's recorded action arrived as a signal
	MatterNudge  MatterKind = "nudge"  // stock-available without an action, or the daily look
	MatterExpiry MatterKind = "expiry" // the stage has lasted its time
	MatterStray  MatterKind = "stray"  // a signal without standing, or a cancellation: recorded, nothing else
)

// Matter is what the workflow asks the judging activity.
type Matter struct {
	Kind    MatterKind `json:"kind"`
	Request uuid.UUID  `json:"request"`
	Action  uuid.UUID  `json:"action"`
	Signal  Signal     `json:"signal,omitempty"` // as which it arrived
	Fault   Code       `json:"fault,omitempty"`  // of a stray
	Turn    int        `json:"turn,omitempty"`   // in which the expiry fell due
	Once    string     `json:"once,omitempty"`   // names a matter without an action: run and number
	At      time.Time  `json:"at"`
	Waits   Waits      `json:"waits"`
}

// MailOrder asks for the mails of one step.
type MailOrder struct {
	Request uuid.UUID `json:"request"`
	Key     Serial    `json:"key,omitempty"`    // of a key change
	Cause   uuid.UUID `json:"cause"`            // the action of a key change
	Subject uuid.UUID `json:"subject,omitzero"` // an order, an export, a delivery, an inventory, a move: the recipe knows which
	UAI     UAI       `json:"uai,omitempty"`    // whose approvers are told, with Subject
	Letter  uuid.UUID `json:"letter,omitzero"`  // of the daily watch: noted once it has left
	Row     int       `json:"row,omitempty"`    // of the letters that Cause keeps as rows: noted once it has left
	Step    MailStep  `json:"step"`
	At      time.Time `json:"at"`
	Again   uuid.UUID `json:"again,omitzero"` // the mail that support sends again: it alone
	Made    time.Time `json:"made,omitzero"`  // with Again: when the step was, where At is when it is sent again
}

// Happened is when the order's step was, however much later its mails leave.
func (o MailOrder) Happened() time.Time {
	if o.Made.IsZero() {
		return o.At
	}
	return o.Made
}

// MailReport counts what became of one step's mails.
type MailReport struct {
	Sent   int `json:"sent"`
	Failed int `json:"failed"` // refused for good: support is told
}

// KeyChangeInput starts the workflow of a key change.
type KeyChangeInput struct {
	Action uuid.UUID `json:"action"`
}

// KeyMatter is what that workflow asks.
type KeyMatter struct {
	Action uuid.UUID `json:"action"`
	At     time.Time `json:"at"`
}

// WakeInput says which of the requests that were given a key are woken. Nothing is said in histories that began before it: some.
type WakeInput struct {
	All bool `json:"all,omitempty"` // however many: a delivery may have given thousands
}

// RepairReport counts what a repair watch found lost and sent off again.
type RepairReport struct {
	Started   int `json:"started"`   // workflows of open requests that were gone
	Delivered int `json:"delivered"` // actions without an outcome
	Woken     int `json:"woken"`     // requests owed a wake-up
}

// KeyVerdict is what became of a key change.
type KeyVerdict struct {
	Accepted bool       `json:"accepted"`
	Reason   Code       `json:"reason,omitempty"`
	Mails    []MailStep `json:"mails,omitempty"`
	Key      Serial     `json:"key,omitempty"`
	Wake     bool       `json:"wake,omitempty"` // requests were given a key, or lost theirs
	// Of a key that was mislaid: what is due while it is not found. A verdict from before there were such keys has none.
	Deadlines []Deadline `json:"deadlines,omitempty"`
	// Of one that is so no more: the action that said it was, whose workflow has nothing to wait for.
	Mislaid uuid.UUID `json:"mislaid,omitzero"`
}

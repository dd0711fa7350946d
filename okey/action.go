package okey

import (
	"time"

	"github.com/google/uuid"
)

// ActionName says what a recorded action wants: a signal of a request, or one of the names below.
type ActionName string

// The actions that are not signals.
const (
	ActionAsk         ActionName = "ask"
	ActionExpire      ActionName = "expire"         // the flow's own: time has run out
	ActionKeyChange   ActionName = "key-change"     // about a key, not a request
	ActionRefusalTold ActionName = "refusal-told"   // OKEY's own: whoever was told that an action is kept learns of its refusal
	ActionTroubleTold ActionName = "trouble-told"   // OKEY's own: support learns of what does not get on; subject: the trouble
	ActionUnknown     ActionName = "unknown-signal" // as which the audit keeps a signal that is none
)

// ActionOf names the action behind a signal.
func ActionOf(s Signal) ActionName { return ActionName(s) }

// Signal returns the signal that the action travels as; it is not Valid for actions that are none.
func (n ActionName) Signal() Signal { return Signal(n) }

// Via is the way in that an action took.
type Via string

// The ways in.
const (
	ViaWeb     Via = "web"
	ViaLink    Via = "link" // an emailed link
	ViaAPI     Via = "api"
	ViaSupport Via = "support" // support in someone's place
	ViaEngine  Via = "engine"  // the flow itself, or a signal that nobody recorded
)

// Content is what a person gives with an action. It stays in the database: no part of it enters the engine.
type Content struct {
	Establishment UAI           `json:"establishment,omitempty"`
	Need          string        `json:"need,omitempty"`
	Reason        RequestReason `json:"reason,omitempty"`
	Decision      Decision      `json:"decision,omitempty"`
	Comment       string        `json:"comment,omitempty"`
	Charter       int           `json:"charter,omitempty"`
	Serial        Serial        `json:"serial,omitempty"`
	KeyReason     KeyReason     `json:"key_reason,omitempty"`
	Sum           string        `json:"sum,omitempty"` // of a delivery: what its file says
	Announced     bool          `json:"announced,omitempty"`
	LookAlikes    bool          `json:"look_alikes,omitempty"` // serials that differ by leading zeros from known ones are others
	Serials       []Serial      `json:"serials,omitempty"`
	Batch         string        `json:"batch,omitempty"` // of a key that support confirms
	ExpiresOn     Day           `json:"expires_on,omitzero"`
	Quantity      int           `json:"quantity,omitempty"`  // of an order, or of what was received of it
	Successor     UAI           `json:"successor,omitempty"` // of a succession
	From          time.Time     `json:"from,omitzero"`       // of mails that are sent again
	Until         time.Time     `json:"until,omitzero"`
	Proof         PINProof      `json:"proof,omitempty"` // of a change of PIN
}

// Action is the row that says who wants what. It is written before anything is signalled; the signal carries only its ID.
type Action struct {
	ID        uuid.UUID // made with the form: the idempotency key
	Request   uuid.UUID // zero for a key change
	Key       Serial    // of a key change
	Subject   uuid.UUID // of an action about stock: the order, the delivery, the inventory, the move
	Name      ActionName
	By        PersonID // zero for the flow itself
	Via       Via
	Content   Content
	Digest    []byte // HMAC-SHA-256 of content and PIN: tells a repeat from a reuse
	PINHash   string // argon2id; gone once judged
	CreatedAt time.Time
	Verdict   *Verdict // nil until judged
	At        UAI      // of the establishment that it is about: its content, key or order says; read with it, never written
	School    string   // as the register calls that one; read with it too
}

// TroubleSpace is the ground of the ids of what does not get on.
var TroubleSpace = uuid.MustParse("5f0b6b0e-2a67-5d0c-9d2e-6f6b65790003")

// requestSpace is the name space of request ids (RFC 9562, version 5).
var requestSpace = uuid.MustParse("5f0b6b0e-2a67-5d0c-9d2e-6f6b65790001")

// RequestIDOf is the id of the request that a person opens by an action: the same POST twice is the same request.
func RequestIDOf(person PersonID, action uuid.UUID) uuid.UUID {
	return uuid.NewSHA1(requestSpace, append(person[:], action[:]...))
}

// DerivedID names something that follows from id, the same at each attempt.
func DerivedID(id uuid.UUID, name string) uuid.UUID { return uuid.NewSHA1(id, []byte(name)) }

// Verdict is what the judging activity answers, and keeps with the action so that a second attempt returns the same.
// It travels through the engine: ids, enums and times only.
type Verdict struct {
	Accepted bool        `json:"accepted"`
	Reason   Code        `json:"reason,omitempty"` // why not
	Detail   string      `json:"detail,omitempty"` // an enum that narrows the reason, such as first_degree
	Standing Standing    `json:"standing"`
	Mails    []MailStep  `json:"mails,omitempty"`
	Woken    []uuid.UUID `json:"woken,omitempty"` // requests owed a wake-up by this transaction
	Decided  Decision    `json:"decided,omitempty"`
	Swapped  bool        `json:"swapped,omitempty"` // at handover another key changed places with the attributed one
	OtherKey KeyState    `json:"other_key,omitempty"`
	Mislaid  uuid.UUID   `json:"mislaid,omitzero"`  // of a key that was: the action that said so
	Faults   []KeyFault  `json:"faults,omitempty"`  // keys that may not move
	Letters  []MailOrder `json:"letters,omitempty"` // of an action about stock: what to send, about what
	Stored   int         `json:"stored,omitempty"`  // how many of them are rows
	Count    int         `json:"count,omitempty"`   // of an action about stock: how many keys, orders or events
	From     time.Time   `json:"from,omitzero"`     // of a receiver that goes on: when the first of those events was numbered
}

// Details that narrow a refused asking, beside the reasons why an establishment is not served (NotServed).
const (
	DetailUnknownEstablishment = "unknown_establishment"
	DetailNotAssigned          = "not_assigned"     // works elsewhere
	DetailNoEstablishment      = "no_establishment" // works nowhere that OKEY knows
	DetailNotYetRenewable      = "not_yet_renewable"
	DetailLent                 = "lent"        // with CodeAlreadyHolds: a key was lent to them already
	DetailNotMislaid           = "not_mislaid" // with CodeAlreadyHolds or CodeInvalid: there is no mislaid key to lend one for
	DetailReason               = "reason"      // with CodeInvalid: there is no key to replace
	DetailEventsGone           = "events_gone" // accepted: events before those that go again are kept no more
	DetailExpired              = "expired"     // with CodeKeyNotFree: it is in stock, and serves nobody any more
)

// Standing is where a request stands after a verdict: all that its workflow needs to go on.
type Standing struct {
	Stage     Stage      `json:"stage,omitempty"` // empty: the request does not exist
	Turn      int        `json:"turn,omitempty"`  // counts changes of stage
	Since     time.Time  `json:"since"`
	UAI       UAI        `json:"uai,omitempty"`
	Deadlines []Deadline `json:"deadlines,omitempty"`
}

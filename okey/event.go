package okey

import (
	"time"

	"github.com/google/uuid"
)

// EventType says what an event tells other programs of a key. The values are contract.
type EventType string

// The types of events.
const (
	KeyEventAttributed    EventType = "key.attributed"     // charter signed, a key kept for its person
	KeyEventPINSet        EventType = "key.pin_set"        // it carries a PIN, or another one
	KeyEventHandedOver    EventType = "key.handed_over"    // in its holder's hands
	KeyEventLent          EventType = "key.lent"           // for some days, until due_at
	KeyEventLoanEnded     EventType = "key.loan_ended"     // it is to be back, and is accepted nowhere
	KeyEventMislaid       EventType = "key.mislaid"        // accepted nowhere until it is found
	KeyEventRecovered     EventType = "key.recovered"      // found in time
	KeyEventLost          EventType = "key.lost"           //
	KeyEventReturned      EventType = "key.returned"       // back in the drawer
	KeyEventDefective     EventType = "key.defective"      //
	KeyEventFound         EventType = "key.found"          // lost once, or scrapped by mistake; in the drawer now
	KeyEventRetired       EventType = "key.retired"        //
	KeyEventReleased      EventType = "key.released"       // attributed or kept aside no longer
	KeyEventMoved         EventType = "key.moved"          // to another establishment
	KeyEventHolderLeft    EventType = "key.holder_left"    // whoever has it does not work at its establishment any more
	KeyEventHolderRenamed EventType = "key.holder_renamed" // whoever has it has another uid
	EventTest             EventType = "test"               // support tries a receiver; only webhooks have it
)

// keyEvents says which event each reason of a key's change is; none for what makes a key nobody's, or keeps one aside, without a PIN: no
// program has accepted it before, none is to accept it now. Imported keys are in importedEvents.
var keyEvents = map[KeyReason]EventType{
	ReasonSigned:     KeyEventAttributed,
	ReasonHandedOver: KeyEventHandedOver,
	ReasonLent:       KeyEventLent,
	ReasonLoanOver:   KeyEventLoanEnded,
	ReasonMislaid:    KeyEventMislaid,
	ReasonRecovered:  KeyEventRecovered,
	ReasonLost:       KeyEventLost,
	ReasonReturn:     KeyEventReturned,
	ReasonDefective:  KeyEventDefective,
	ReasonFound:      KeyEventFound,
	ReasonRetired:    KeyEventRetired,
	ReasonReleased:   KeyEventReleased,
	ReasonMoved:      KeyEventMoved,
	ReasonReserved:   "",
	ReasonArrived:    "",
	ReasonAnnounced:  "",
	ReasonReported:   "",
	ReasonImported:   "",
}

// importedEvents says which event a key is that an import brought in a state; none for one in a drawer.
var importedEvents = map[KeyState]EventType{InService: KeyEventHandedOver, Lost: KeyEventLost}

// EventOf is the event that a reason of a key's change is; "" for none.
func EventOf(reason KeyReason) EventType { return keyEvents[reason] }

// ImportedEvents are the states in which imported keys are an event, and which.
func ImportedEvents() map[KeyState]EventType { return importedEvents }

// EventTypes returns what a receiver may want.
func EventTypes() []EventType {
	return []EventType{
		KeyEventAttributed, KeyEventPINSet, KeyEventHandedOver, KeyEventLent, KeyEventLoanEnded, KeyEventMislaid, KeyEventRecovered,
		KeyEventLost, KeyEventReturned, KeyEventDefective, KeyEventFound, KeyEventRetired, KeyEventReleased, KeyEventMoved,
		KeyEventHolderLeft, KeyEventHolderRenamed,
	}
}

// OutboxEvent is what OKEY tells other programs of a key: no name, no text, no secret. State and establishment are those right after what
// it tells of.
type OutboxEvent struct {
	Seq     int64 // its number: without gaps, in the order of the transactions
	ID      uuid.UUID
	Type    EventType
	At      time.Time
	Serial  Serial
	State   KeyState
	UAI     UAI
	From    UAI       // of a key that was moved: where it was
	Holder  PersonID  // who has it, is to have it, or had it until now; zero: nobody
	Request uuid.UUID // for whom it is kept aside, where nobody has it: its person is the holder
	DueAt   time.Time // of a mislaid or a lent key, see Key
	UID     string    // the holder's; read, not written
	Expires Day       // the key's; read, not written
}

// EventField is a field of an event's data that a setting may leave out.
type EventField string

// The fields of an event's data. Serial is always there.
const (
	FieldState         EventField = "state"
	FieldEstablishment EventField = "establishment"
	FieldFrom          EventField = "from_establishment"
	FieldHolder        EventField = "holder"
	FieldDueAt         EventField = "due_at"
	FieldExpiresOn     EventField = "expires_on"
)

// EventFields returns all of them.
func EventFields() []EventField {
	return []EventField{FieldState, FieldEstablishment, FieldFrom, FieldHolder, FieldDueAt, FieldExpiresOn}
}

// EventMessage is an event as other programs read it, by GET /events and by webhooks alike: Standard Webhooks' type, timestamp and data
// (standard-webhooks.com), and what tells repeats apart and puts them in order.
type EventMessage struct {
	ID        uuid.UUID      `json:"id"`
	Sequence  int64          `json:"sequence"`
	Type      EventType      `json:"type"`
	Timestamp time.Time      `json:"timestamp"` // UTC
	Data      map[string]any `json:"data"`
}

// Message is the event with the fields that are wanted. A value that is not there is nil.
func (e OutboxEvent) Message(fields []EventField) EventMessage {
	data := map[string]any{"serial": e.Serial}
	for _, field := range fields {
		if value := eventValues[field](e); value != "" {
			data[string(field)] = value
		} else {
			data[string(field)] = nil
		}
	}
	return EventMessage{ID: e.ID, Sequence: e.Seq, Type: e.Type, Timestamp: e.At.UTC(), Data: data}
}

// eventValues say what an event has in a field; "" for nothing.
var eventValues = map[EventField]func(OutboxEvent) string{
	FieldState:         func(e OutboxEvent) string { return string(e.State) },
	FieldEstablishment: func(e OutboxEvent) string { return string(e.UAI) },
	FieldFrom:          func(e OutboxEvent) string { return string(e.From) },
	FieldHolder:        func(e OutboxEvent) string { return e.UID },
	FieldDueAt: func(e OutboxEvent) string {
		if e.DueAt.IsZero() {
			return ""
		}
		return e.DueAt.UTC().Format(time.RFC3339Nano)
	},
	FieldExpiresOn: func(e OutboxEvent) string {
		if e.Expires.IsZero() {
			return ""
		}
		return e.Expires.String()
	},
}

package okey

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// RequestReason is why someone asks for a key. The values are contract.
type RequestReason string

// The reasons of a request.
const (
	FirstKey    RequestReason = "first"
	Renewal     RequestReason = "renewal"     // own key expires within RenewalMonths: it serves until handover retires it
	Replacement RequestReason = "replacement" // own key was reported unusable
	Loan        RequestReason = "loan"        // own key is mislaid: another one for LoanDays
)

// Valid tells whether r is a reason that OKEY has.
func (r RequestReason) Valid() bool {
	return r == FirstKey || r == Renewal || r == Replacement || r == Loan
}

// Request is what one person asks: one key, from asking to holding it.
type Request struct {
	ID         uuid.UUID
	Person     PersonID
	UAI        UAI // whose stock serves it
	Host       UAI // whose approvers answer in place of UAI's own; empty: its own
	Need       string
	Reason     RequestReason
	Stage      Stage
	Turn       int
	Since      time.Time // when Stage began
	AskedAt    time.Time
	ApprovedAt time.Time // the place in line
	SignedAt   time.Time
	Charter    int // the version signed, 0 until then
	Key        Serial
	OldGone    KeyReason // lost or defective: of an open renewal, what has become of the key that it was to replace; else empty
	KeptUntil  time.Time // when the stage expires, zero where it does not
	WakeUpOwed bool
}

// AnsweredBy is the establishment whose approvers answer.
func (r Request) AnsweredBy() UAI {
	if r.Host != "" {
		return r.Host
	}
	return r.UAI
}

// MaxText is the longest need or comment, in characters.
const MaxText = 500

// CheckText cleans and trims what a person wrote and answers invalid, naming the field, where it is longer than MaxText, holds control
// characters, or is empty though required.
func CheckText(field, text string, required bool) (string, error) {
	if !utf8.ValidString(text) {
		return "", InvalidField(field, "Ce texte contient des caractères illisibles : retapez-le.")
	}
	text = strings.TrimSpace(Visible(strings.ReplaceAll(text, "\r\n", "\n")))
	switch n := utf8.RuneCountInString(text); {
	case n == 0 && required:
		return "", InvalidField(field, "%s", missing[field])
	case n > MaxText:
		return "", InvalidField(field, "Ce texte est trop long : %d caractères, %d au plus.", n, MaxText)
	case strings.ContainsFunc(text, func(r rune) bool { return (r < ' ' && r != '\n' && r != '\t') || r == 0x7f }):
		return "", InvalidField(field, "Ce texte contient des signes qui ne s'affichent pas : retapez-le.")
	}
	return text, nil
}

var missing = map[string]string{
	"need":    "Écrivez en quelques mots pourquoi vous avez besoin d'une clef.",
	"comment": "Écrivez un commentaire : la personne concernée le lira.",
}

// EventKind is one line of a request's story.
type EventKind string

// What a request's timeline tells.
const (
	EventAsked         EventKind = "asked"
	EventApproved      EventKind = "approved"
	EventRefused       EventKind = "refused"
	EventWaitsForStock EventKind = "waits_for_stock"
	EventKeyReserved   EventKind = "key_reserved"
	EventSigned        EventKind = "charter_signed"
	EventKeyLost       EventKind = "key_unavailable"
	EventSwapped       EventKind = "key_swapped"
	EventHandedOver    EventKind = "handed_over"
	EventWithdrawn     EventKind = "withdrawn"
	EventExpired       EventKind = "expired"
	EventToSupport     EventKind = "to_support"
	EventForGood       EventKind = "for_good" // what was asked for as a loan
)

// Event is one line of a request's timeline: what, when, who, and what they wrote.
type Event struct {
	At      time.Time
	Kind    EventKind
	By      PersonID // zero for the flow itself
	ByName  string
	Via     Via
	Comment string
	Key     Serial
	TriedAt time.Time // of a handover: when the authentication server had accepted the key; zero: it was not tried
}

// Package okey is the domain of OKEY, which lends one-time-password keys to the staff of French second-degree schools: requests, keys,
// orders, people, charters, PIN rules, UAI, permissions and errors. It imports nothing else of the product; everything else reads its
// tables.
package okey

import (
	"errors"
	"fmt"
	"time"
)

// Code is a stable, machine-readable reason: the `code` of a problem+json answer, the reason of a refused action.
// Programs decide on codes; people read messages.
type Code string

// The codes that OKEY answers with. They are contract: one is added, none changes its meaning.
const (
	CodeInternal        Code = "internal"      // a fault of ours; details are in the log only
	CodeInvalid         Code = "invalid"       // what was typed can't be taken; Field says where
	CodeNotFound        Code = "not_found"     // unknown, or not for this person to see
	CodeForbidden       Code = "forbidden"     // visible, but not for this person to do
	CodeOwnRequest      Code = "own_request"   // nobody decides on their own request
	CodeUnauthorized    Code = "unauthorized"  // no session, no token, or one that has ended
	CodeActionReused    Code = "action_reused" // the same action id with other content, person or request
	CodeAlreadyOpen     Code = "already_open"  // the person has an open request
	CodeAlreadyHolds    Code = "already_holds_key"
	CodeNotEligible     Code = "not_eligible"
	CodeWrongStage      Code = "wrong_stage"      // the request is past, or not yet at, the stage of this signal
	CodeClosed          Code = "closed"           // the request has ended
	CodeUnknownAction   Code = "unknown_action"   // a signal that no recorded action stands behind
	CodeUnreadable      Code = "unreadable"       // a signal whose content can't be read
	CodeUnknownSignal   Code = "unknown_signal"   // a signal that OKEY does not have
	CodeCancelIgnored   Code = "cancel_ignored"   // somebody asked the engine to cancel: recorded, not done
	CodeNoKeyFree       Code = "no_key_free"      // stock-available where the stock is empty
	CodeCharterOutdated Code = "charter_outdated" // another version of the charter is in force
	CodeKeyUnknown      Code = "key_unknown"
	CodeKeyElsewhere    Code = "key_elsewhere"  // a key of another establishment
	CodeKeyNotFree      Code = "key_not_free"   // a key whose state forbids what was asked
	CodeKeySuspended    Code = "key_suspended"  // a mislaid key: it serves again once it is found
	CodeLoanOver        Code = "loan_over"      // a key that was lent for some days, and is to be back
	CodeKeyExpired      Code = "key_expired"    // a key whose last day is over
	CodeProofMissing    Code = "proof_missing"  // the academy wants a key tried before its handover, and it was not
	CodeKeyTransition   Code = "key_transition" // this reason does not apply to a key in this state
	CodeRateLimited     Code = "rate_limited"
	CodeUnavailable     Code = "unavailable" // a part that OKEY needs does not answer
	CodeTooLarge        Code = "too_large"
	CodeOrderState      Code = "order_state"       // an order whose state forbids what was asked
	CodeOrderQuantity   Code = "order_quantity"    // more keys than are left to receive
	CodeNothingToExport Code = "nothing_to_export" // no order is placed
	CodeReportDecided   Code = "report_decided"    // support has answered it already
	CodeReportKnown     Code = "report_known"      // the reported key came into OKEY another way
	CodeDeliveryTaken   Code = "delivery_taken"    // a delivery that is in the stock already
	CodeDeliveryChanged Code = "delivery_changed"  // rows of a delivery can no longer be taken
	CodeEventsGone      Code = "events_gone"       // events after a number that are kept no more, or never were
)

// Error is a failure that someone decides on: a code for programs, a French sentence for people, never a secret.
// Field names the input at fault, as the API spells it. Err is for the log and reaches no page.
type Error struct {
	Code       Code
	Message    string
	Field      string
	RetryAfter time.Duration // where time alone mends it; zero: it does not
	Err        error
}

// Errorf makes an Error from a code and a French sentence.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// InvalidField makes an `invalid` Error about one field of a form or a JSON body.
func InvalidField(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// ErrorCode returns the code of the first Error in err's chain, CodeInternal where there is none, "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// ErrorMessage returns what a person may read of err. Faults that are not an Error show nothing of themselves.
func ErrorMessage(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "Une erreur s'est produite de notre côté. Réessayez dans un instant ; si elle persiste, écrivez à l'assistance."
}

package okey

import (
	"fmt"
	"strings"
	"time"
)

// CheckPIN answers invalid, with field pin, unless the PIN has 4 to 8 digits and is none of: all digits equal, wholly rising or
// falling by one, contained in the serial. Nothing else is refused. The message never repeats the PIN.
func CheckPIN(pin string, serial Serial) error {
	refuse := func(why string) error { return &Error{Code: CodeInvalid, Field: "pin", Message: why} }
	if len(pin) < 4 || len(pin) > 8 || strings.Trim(pin, "0123456789") != "" {
		return refuse("Le code PIN compte 4 à 8 chiffres, sans espace.")
	}
	switch {
	case steps(pin, 0):
		return refuse("Ce code PIN répète un seul chiffre : choisissez-en un autre.")
	case steps(pin, 1), steps(pin, -1):
		return refuse("Ce code PIN est une suite : choisissez-en un autre.")
	case serial != "" && strings.Contains(string(serial), pin):
		return refuse("Ce code PIN se lit sur la clef, dans son numéro de série : choisissez-en un autre.")
	}
	return nil
}

// steps tells whether each digit is the one before plus by.
func steps(pin string, by int) bool {
	for i := 1; i < len(pin); i++ {
		if int(pin[i])-int(pin[i-1]) != by {
			return false
		}
	}
	return true
}

// The actions about the PIN of a key: carried by WorkflowPINChange, one workflow each, as actions about stock are.
const (
	ActionPINChange ActionName = "pin-change" // the holder sets another one
	ActionPINLock   ActionName = "pin-lock"   // OKEY's own: too many wrong ones, so the holder is told
)

// WorkflowPINChange is what the Temporal UI shows of them.
const WorkflowPINChange = "PINChange"

// The mails about a PIN, to the key's holder.
const (
	MailPINChanged MailKind = "pin_changed"
	MailPINLocked  MailKind = "pin_locked"
)

// PINProof is how somebody showed that the key is theirs before they set another PIN.
type PINProof string

// The proofs.
const (
	ProofCurrent PINProof = "current" // they gave the PIN that they replace
	ProofSignIn  PINProof = "sign_in" // forgotten: they have signed in afresh
)

// The codes of PINs.
const (
	CodeNoKey       Code = "no_key"       // this person has no key yet, hence no PIN
	CodeNoPIN       Code = "no_pin"       // a key whose PIN was chosen before OKEY, elsewhere
	CodePINReplaced Code = "pin_replaced" // the person has set yet another PIN since
	CodeThrottled   Code = "throttled"    // some wrong PINs in a row: RetryAfter says when the next one is looked at
	CodePINLocked   Code = "pin_locked"   // many in a row: none is looked at until RetryAfter, or until another PIN is set
)

// How many wrong PINs in a row are let through at once, how many lock a key's PIN, and for how long.
const (
	PINFree  = 4
	PINLimit = 10
	PINLock  = 24 * time.Hour
)

// PINGuard counts wrong PINs in a row of one key. A right one, or another PIN, ends the row; so does the end of a lock.
type PINGuard struct {
	Wrong        int
	BlockedUntil time.Time // zero: not at all
}

// Try counts a try as wrong before anybody looks at it: tries that come at the same time can't all slip through. The error, throttled or
// pin_locked, says that it may not be looked at yet, and counts nothing.
func (g PINGuard) Try(at time.Time) (PINGuard, error) {
	if g.BlockedUntil.After(at) {
		return g, g.refusal(at)
	}
	if g.Wrong >= PINLimit {
		g = PINGuard{}
	}
	next := PINGuard{Wrong: g.Wrong + 1}
	if wait := pinWait(next.Wrong); wait > 0 {
		next.BlockedUntil = at.Add(wait)
	}
	return next, nil
}

// pinWait doubles from a minute on.
func pinWait(wrong int) time.Duration {
	switch {
	case wrong <= PINFree:
		return 0
	case wrong >= PINLimit:
		return PINLock
	}
	return time.Minute << (wrong - PINFree - 1)
}

// Locked tells whether no PIN is looked at until BlockedUntil, or until another one is set.
func (g PINGuard) Locked(at time.Time) bool { return g.Wrong >= PINLimit && g.BlockedUntil.After(at) }

func (g PINGuard) refusal(at time.Time) error {
	e := &Error{Code: CodeThrottled, RetryAfter: g.BlockedUntil.Sub(at)}
	e.Message = fmt.Sprintf(
		"Trop de codes PIN faux de suite : attendez %s avant de réessayer.",
		SayCount(int(e.RetryAfter/time.Minute)+1, "minute"),
	)
	if g.Wrong >= PINLimit {
		e.Code = CodePINLocked
		e.Message = "Trop de codes PIN faux de suite : plus aucun n'est accepté pendant un jour, ou jusqu'à ce que la personne en " +
			"choisisse un nouveau (« J'ai oublié mon code PIN »)."
	}
	return e
}

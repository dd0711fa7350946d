package okey

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// CounterProof is whether a key is tried with the authentication server before it changes hands: an academy's own choice.
type CounterProof string

// The choices.
const (
	CounterProofOff      CounterProof = "off"
	CounterProofOffered  CounterProof = "offered"
	CounterProofRequired CounterProof = "required" // no handover without, but by support, who says why
)

// ProofHolds is how long a right trial stands for the handover. ProofAnswers is how long pin-checks answers for a key that is tried before
// anybody has it in hand. ProofTries is how many refusals in a row mean that the key is to be exchanged.
const (
	ProofHolds   = 30 * time.Minute
	ProofAnswers = 2 * time.Minute
	ProofTries   = 3
)

// AuditTried ends what the audit says of the handover, or return, of a key that was tried.
const AuditTried = ":tried"

// CounterProofs is what each academy has chosen, by its code; under "" what all others have.
type CounterProofs map[string]CounterProof

// At is what holds in an academy, by its code.
func (p CounterProofs) At(academy string) CounterProof {
	for _, code := range []string{academy, ""} {
		if chosen, said := p[code]; said {
			return chosen
		}
	}
	return CounterProofOff
}

// Offered tells whether keys are tried at the counters of an academy.
func (p CounterProofs) Offered(academy string) bool { return p.At(academy) != CounterProofOff }

// ParseCounterProofs reads entries such as "offered" or "nice=required". An academy is called as its mail domain calls it.
func ParseCounterProofs(entries []string) (CounterProofs, error) {
	proofs := CounterProofs{}
	for _, entry := range entries {
		name, chosen, one := strings.Cut(entry, "=")
		if !one {
			name, chosen = "", entry
		}
		code, known := academyCalled(name)
		switch CounterProof(chosen) {
		case CounterProofOff, CounterProofOffered, CounterProofRequired:
		default:
			known = false
		}
		if _, twice := proofs[code]; twice || !known {
			return nil, fmt.Errorf("OKEY_COUNTER_PROOF: %q: write off, offered or required, or once for each academy, "+
				"as its mail domain calls it, nice=required", entry)
		}
		proofs[code] = CounterProof(chosen)
	}
	return proofs, nil
}

// academyCalled finds the code of the academy whose mail domain is ac-<name>; that of no name is empty.
func academyCalled(name string) (code string, known bool) {
	for _, a := range academies {
		if called, _, _ := strings.Cut(strings.TrimPrefix(a.Domain, "ac-"), "."); name != "" && called == name {
			return a.Code, true
		}
	}
	return "", name == ""
}

// Proof is what the trials of a key have shown that is to change hands.
type Proof struct {
	Last    Trial     // zero: nobody has tried it
	RightAt time.Time // when it was accepted last; zero: never
	Refused int       // how many numbers in a row were refused since, although the PIN was not known to be wrong
	Typed   int       // how often one was
}

// ProofOf reads the trials of a key, the latest first. A wrong PIN is not the key's fault, nor is a server that is away; refusals within
// TrialNext are of one number, however often it was typed.
func ProofOf(latest []Trial, key Serial) (p Proof) {
	var counted time.Time
	for _, t := range latest {
		if t.Key != key || !p.RightAt.IsZero() {
			continue
		}
		if p.Last.ID == uuid.Nil {
			p.Last = t
		}
		switch {
		case t.Outcome == TrialAccepted:
			p.RightAt = t.At
		case t.Outcome == TrialRefused && t.Cause.ofKey():
			if p.Typed++; counted.IsZero() || counted.Sub(t.At) >= TrialNext {
				p.Refused++
				counted = t.At
			}
		}
	}
	return p
}

func (c TrialCause) ofKey() bool { return c == CauseStep || c == CauseStill || c == CausePINOrCode }

// HoldsAt is when the key was accepted, where that stands at an instant; zero where it does not.
func (p Proof) HoldsAt(at time.Time) time.Time {
	if at.Sub(p.RightAt) > ProofHolds {
		return time.Time{}
	}
	return p.RightAt
}

// Failed tells whether the key is to be exchanged. Who types in haste has no trial left soon: one refusal more is enough then.
func (p Proof) Failed() bool { return p.Refused >= ProofTries || p.Typed > ProofTries }

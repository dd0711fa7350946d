package okey

import (
	"time"

	"github.com/google/uuid"
)

// Trial is that the holder of a key has tried it: OKEY asked the academy's authentication server (RADIUS, RFC 2865). Of PIN and code
// nothing is kept.
type Trial struct {
	ID      uuid.UUID // made with the form: sent twice, it is one trial
	Key     Serial
	By      PersonID
	At      time.Time
	Outcome TrialOutcome
	Cause   TrialCause // of a refusal
	Request uuid.UUID  // whose key it was, before its handover; zero: it was in hand
	Witness PersonID   // on whose screen; zero: on the holder's own
}

// TrialOutcome is what became of a trial.
type TrialOutcome string

// The outcomes.
const (
	TrialAccepted TrialOutcome = "accepted"
	TrialRefused  TrialOutcome = "refused"
	TrialAway     TrialOutcome = "away" // no server has answered
)

// TrialCause is why a key was likely refused, from what OKEY knows.
type TrialCause string

// The causes.
const (
	CauseMislaid   TrialCause = "mislaid"
	CauseLoanOver  TrialCause = "loan_over"
	CauseExpired   TrialCause = "expired"
	CausePINLocked TrialCause = "pin_locked"
	CausePINWrong  TrialCause = "pin_wrong"
	CauseStill     TrialCause = "still_out_of_step" // the PIN is right, and the code of a second trial was refused as well
	CauseStep      TrialCause = "out_of_step"       // the PIN is right: the code is not what the server expects
	CausePINOrCode TrialCause = "pin_or_code"       // OKEY does not know the PIN
)

// PINKnown is what OKEY knows of a PIN that was typed.
type PINKnown string

// What it may know.
const (
	PINUnknown PINKnown = "" // it was chosen before OKEY
	PINRight   PINKnown = "right"
	PINWrong   PINKnown = "wrong"
	PINLocked  PINKnown = "locked" // so that none is looked at
)

// TrialFacts is what OKEY knows of a key and its PIN when it is tried.
type TrialFacts struct {
	Key   Key
	PIN   PINKnown
	Again bool // a trial of late, see TrialAgain, was refused although its PIN was right
	At    time.Time
	Today Day
}

// trialCauses are the causes in the order in which they explain a refusal: what is certain, and nothing else mends, first.
var trialCauses = []struct {
	cause TrialCause
	holds func(TrialFacts) bool
}{
	{CauseMislaid, func(f TrialFacts) bool { return f.Key.State == Suspended }},
	{CauseLoanOver, func(f TrialFacts) bool { return f.Key.LoanOver(f.At) }},
	{CauseExpired, func(f TrialFacts) bool { return f.Key.ExpiresOn.Before(f.Today) }},
	{CausePINLocked, func(f TrialFacts) bool { return f.PIN == PINLocked }},
	{CausePINWrong, func(f TrialFacts) bool { return f.PIN == PINWrong }},
	{CauseStill, func(f TrialFacts) bool { return f.PIN == PINRight && f.Again }},
	{CauseStep, func(f TrialFacts) bool { return f.PIN == PINRight }},
	{CausePINOrCode, func(TrialFacts) bool { return true }},
}

// LikelyCause is why a key was refused.
func (f TrialFacts) LikelyCause() TrialCause {
	for _, c := range trialCauses {
		if c.holds(f) {
			return c.cause
		}
	}
	return CausePINOrCode
}

// Certain tells that the key is refused whatever the server says, so that it need not be asked: pin-checks answers the same.
func (f TrialFacts) Certain() bool {
	switch f.LikelyCause() { //nolint:exhaustive // the others are for the server to say
	case CauseMislaid, CauseLoanOver, CauseExpired, CausePINLocked, CausePINWrong:
		return true
	}
	return f.PIN == PINWrong || f.PIN == PINLocked
}

// TrialAgain is within what time a second refusal means that the key does not come into step again, if TrialNext lies between: sooner it
// was not of the next code (RFC 6238, 5.2: a code for 30 seconds). TrialNews is how long a trial is told with the report that the key does
// not work.
const (
	TrialAgain = 10 * time.Minute
	TrialNext  = 30 * time.Second
	TrialNews  = time.Hour
)

var trialWords = map[TrialCause]string{
	CauseMislaid: "clef égarée", CauseLoanOver: "prêt terminé", CauseExpired: "clef expirée", CausePINLocked: "code PIN bloqué",
	CausePINWrong: "code PIN faux", CauseStill: "code PIN juste, deux refus", CauseStep: "code PIN juste",
	CausePINOrCode: "code PIN choisi avant OKEY",
}

// French says a trial in a few words: "refusée, code PIN juste".
func (t Trial) French() string {
	switch t.Outcome {
	case TrialAccepted:
		return "acceptée"
	case TrialRefused:
		return "refusée, " + t.Cause.French()
	}
	return "sans réponse du serveur"
}

// French names the cause.
func (c TrialCause) French() string { return trialWords[c] }

// TrialCauses are all causes, in the order in which they explain.
func TrialCauses() []TrialCause {
	causes := make([]TrialCause, len(trialCauses))
	for i, c := range trialCauses {
		causes[i] = c.cause
	}
	return causes
}

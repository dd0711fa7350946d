package act

import (
	"context"
	"errors"
	"time"

	"okey/config"
	"okey/internal/radius"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// Trials have the academy's authentication server judge a key that its holder tries. PIN and code are in memory for as long as that takes,
// and nowhere else: no row, log, trace or error has them.
type Trials struct {
	*Dispatcher
	Server radius.Settings
	ByMail bool // the server knows people by their mail address, else by their uid
	Alone  bool // the code is the whole password, else it stands behind the PIN
	Links  config.Keyring
	Proofs okey.CounterProofs // where keys are tried before their handover
}

// Trier is whose key is tried, and where.
type Trier struct {
	Holder  okey.PersonID // whose key it is, or whom it awaits
	Request uuid.UUID     // for which it awaits them; zero: it is in hand
	Witness okey.PersonID // on whose screen; zero: on the holder's own
}

// Typed is what a holder has typed.
type Typed struct {
	Trial     uuid.UUID // made with the form
	PIN, Code string
}

// Begun is a trial that the server wants the key's next code for, as it does of one that is out of step (Access-Challenge).
type Begun struct {
	Key    okey.Serial   `json:"key"`
	Server int           `json:"server"`
	State  []byte        `json:"state"`
	Says   string        `json:"says"` // in the server's own words
	PIN    okey.PINKnown `json:"pin"`
	At     time.Time     `json:"at"`
}

// TrialPatience is how long a server that wants the next code is taken to wait for it.
const TrialPatience = 5 * time.Minute

// Try has a key judged: what became of it or, where the server wants the next code first, how to go on. The errors are rate_limited where
// the key was tried too often, throttled where OKEY does not look at its PIN yet, and unavailable.
func (s *Trials) Try(ctx context.Context, who Trier, kept sql.KeptPIN, typed Typed) (okey.Trial, *Begun, error) {
	facts, err := s.facts(ctx, who, kept)
	if err != nil {
		return okey.Trial{}, nil, err
	}
	if facts.PIN, err = s.knowPIN(ctx, kept, typed.PIN); err != nil {
		return okey.Trial{}, nil, err
	}
	trial := who.trial(typed, facts)
	if facts.Certain() {
		return s.settleTrial(ctx, trial, facts, radius.Answer{Verdict: radius.Reject}, nil)
	}
	password := typed.PIN + typed.Code
	if s.Alone {
		password = typed.Code
	}
	user, err := s.asked(ctx, who, facts)
	if err != nil {
		return trial, nil, err
	}
	answer, err := s.Server.Ask(ctx, user, password)
	return s.settleTrial(ctx, trial, facts, answer, err)
}

// GoOn gives the server the next code.
func (s *Trials) GoOn(
	ctx context.Context, who Trier, kept sql.KeptPIN, begun Begun, typed Typed,
) (okey.Trial, *Begun, error) {
	facts, err := s.facts(ctx, who, kept)
	if err != nil {
		return okey.Trial{}, nil, err
	}
	facts.PIN = begun.PIN
	if facts.Certain() { // since the first code
		return s.settleTrial(ctx, who.trial(typed, facts), facts, radius.Answer{Verdict: radius.Reject}, nil)
	}
	user, err := s.asked(ctx, who, facts)
	if err != nil {
		return okey.Trial{}, nil, err
	}
	answer, err := s.Server.Follow(ctx, user, typed.Code, radius.Answer{Server: begun.Server, State: begun.State})
	return s.settleTrial(ctx, who.trial(typed, facts), facts, answer, err)
}

// facts are what OKEY knows before the PIN is looked at, once the trial is counted: whoever has the key of somebody else in hand is not to
// guess here what the server would refuse elsewhere, nor to have it locked.
func (s *Trials) facts(ctx context.Context, who Trier, kept sql.KeptPIN) (okey.TrialFacts, error) {
	facts := okey.TrialFacts{Key: kept.Key, At: time.Now().UTC()}
	whose := string(kept.Serial) + "/" + kept.Owner.String() // whoever has it next is not kept from trying it
	before, err := s.store.CountAttempt(ctx, okey.AttemptTrial, okey.AttemptMark(okey.AttemptTrial, whose, s.Links), facts.At)
	if err == nil {
		err = okey.AttemptTrial.Limit().Check(before, facts.At)
	}
	if err != nil {
		return facts, err
	}
	if facts.Today, err = s.store.Today(ctx, kept.UAI, facts.At); err != nil {
		return facts, err
	}
	facts.Again, err = s.refusedBefore(ctx, who, kept.Key, facts.At)
	return facts, err
}

// refusedBefore tells whether the last trial of late was refused although its PIN was right: of those since the key was reserved for whom
// it awaits, or since it is in its holder's hands.
func (s *Trials) refusedBefore(ctx context.Context, who Trier, key okey.Key, at time.Time) (bool, error) {
	from, until := at.Add(-okey.TrialAgain), at.Add(-okey.TrialNext)
	read := func() ([]okey.Trial, error) { return s.store.TrialsOf(ctx, key, from) }
	if who.Request != uuid.Nil {
		read = func() ([]okey.Trial, error) { return s.store.TrialsFor(ctx, who.Request) }
	}
	latest, err := read()
	for _, t := range latest {
		if t.Key == key.Serial && t.At.After(from) && !t.At.After(until) {
			return t.Cause == okey.CauseStep || t.Cause == okey.CauseStill, nil
		}
	}
	return false, err
}

// knowPIN judges the PIN by the same count as pin-checks and the change of a PIN do.
func (s *Trials) knowPIN(ctx context.Context, kept sql.KeptPIN, pin string) (okey.PINKnown, error) {
	if kept.Hash == "" {
		return okey.PINUnknown, nil
	}
	right, err := s.CheckPIN(ctx, kept, pin)
	switch {
	case okey.ErrorCode(err) == okey.CodePINLocked:
		return okey.PINLocked, nil
	case err != nil:
		return "", err
	case right:
		return okey.PINRight, nil
	}
	return okey.PINWrong, nil
}

func (w Trier) trial(typed Typed, f okey.TrialFacts) okey.Trial {
	return okey.Trial{ID: typed.Trial, Key: f.Key.Serial, By: w.Holder, At: f.At, Request: w.Request, Witness: w.Witness}
}

// asked is whom the server is asked about. For a key that nobody has in hand yet, pin-checks has to answer from here on.
func (s *Trials) asked(ctx context.Context, who Trier, f okey.TrialFacts) (string, error) {
	if who.Request != uuid.Nil {
		if err := s.store.BeginProof(ctx, f.Key.Serial, f.At); err != nil {
			return "", err
		}
	}
	person, err := s.store.Person(ctx, who.Holder)
	if s.ByMail {
		return person.Mail, err
	}
	return person.UID, err
}

func (s *Trials) settleTrial(
	ctx context.Context, trial okey.Trial, facts okey.TrialFacts, answer radius.Answer, err error,
) (okey.Trial, *Begun, error) {
	switch {
	case errors.Is(err, radius.ErrAway):
		trial.Outcome = okey.TrialAway
	case err != nil:
		return trial, nil, err
	case answer.Verdict == radius.Challenge:
		return trial, &Begun{
			Key: trial.Key, Server: answer.Server, State: answer.State, Says: answer.Message, PIN: facts.PIN, At: facts.At,
		}, nil
	case answer.Verdict == radius.Accept:
		trial.Outcome = okey.TrialAccepted
	default:
		trial.Outcome, trial.Cause = okey.TrialRefused, facts.LikelyCause()
	}
	return trial, nil, s.store.RecordTrial(context.WithoutCancel(ctx), trial)
}

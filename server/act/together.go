package act

import (
	"context"
	"time"

	"okey/okey"
)

// togetherWait is how long what was sent at once is waited for, all together.
const togetherWait = 3 * OutcomeWait

// Kept is a command that is recorded, whatever happens next; closed tells that its request was, already.
type Kept struct {
	okey.Action
	Closed bool
}

// Settled is what became of one of several commands, or why Do would have failed with it.
type Settled struct {
	Outcome
	Err error
}

// DoTogether records all commands first, in their order, so that none that may be done is lost and keys go in that order; then it has them
// judged. What is wrong with one of them, or not permitted, holds up no other.
func (s *Dispatcher) DoTogether(ctx context.Context, actor okey.Actor, cmds []Command) []Settled {
	all := make([]Settled, len(cmds))
	var kept []Kept
	var places []int
	for n, cmd := range cmds {
		action, closed, err := s.Record(ctx, actor, cmd)
		if all[n].Err = err; err == nil {
			kept, places = append(kept, Kept{action, closed}), append(places, n)
		}
	}
	for n, done := range s.SettleInTurn(ctx, kept) {
		all[places[n]] = done
	}
	return all
}

// SettleInTurn has recorded actions judged one after the other. Once one of them takes its time, the others are only passed on.
func (s *Dispatcher) SettleInTurn(ctx context.Context, kept []Kept) []Settled {
	began, slow := time.Now(), false
	all := make([]Settled, len(kept))
	var rest []okey.Action
	for n, one := range kept {
		if slow {
			all[n].Action = one.Action
			rest = append(rest, one.Action)
			continue
		}
		all[n].Outcome, all[n].Err = s.Settle(ctx, one.Action, one.Closed)
		slow = all[n].Err == nil && all[n].Recorded() || time.Since(began) > togetherWait
	}
	s.PassOn(ctx, rest)
	return all
}

package decisions

import (
	"time"

	"okey/okey"
	"okey/server/web"
)

// mayTry refuses, unseen, what comes from a place that has guessed wrong too often: rate_limited. It only looks: a right guess
// leaves no trace.
func (s *Pages) mayTry(v *web.Visit, kind okey.AttemptKind) error {
	made, err := s.store.Attempts(v.Ctx(), kind, okey.AttemptMark(kind, v.ClientIP(), s.linkKeys))
	if err != nil {
		return err
	}
	return kind.Limit().Check(made, v.Now)
}

// wrongTry counts a wrong guess and answers what is to be said of it: rate_limited too, where many that came at the same time have
// all passed mayTry.
func (s *Pages) wrongTry(v *web.Visit, kind okey.AttemptKind, wrong error) error {
	now := time.Now()
	before, err := s.store.CountAttempt(v.Ctx(), kind, okey.AttemptMark(kind, v.ClientIP(), s.linkKeys), now)
	if err != nil {
		return err
	}
	if err := kind.Limit().Check(before, now); err != nil {
		return err
	}
	return wrong
}

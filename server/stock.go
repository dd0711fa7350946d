package server

import (
	"context"
	"time"

	"okey"
)

// stockKind says how an action about stock is taken in, whichever way it comes: act does the rest.
type stockKind struct {
	// normalise brings what was typed into the form that is kept, and says all that is wrong with it.
	normalise func(w *wish) error
	// permit asks the permission table; it may set Via to support in someone's place.
	permit func(ctx context.Context, s *Server, actor okey.Actor, w *wish) error
}

// stockKinds are the actions about stock.
var stockKinds = map[okey.ActionName]stockKind{}

// permitAt asks the permission table about an act on an establishment's stock; empty for what concerns all of them. Support acting where
// only support may is noted as such.
func (s *Server) permitAt(ctx context.Context, actor okey.Actor, w *wish, act okey.Act, uai okey.UAI) error {
	subject, today := okey.Subject{HasReason: w.Content.Comment != ""}, okey.DayOf(time.Now(), okey.ZoneOf(""))
	if uai != "" {
		place, err := s.store.Place(ctx, uai)
		if err != nil {
			return err
		}
		subject.UAI, today = place.AnsweredBy(), okey.DayOf(time.Now(), okey.ZoneOf(place.Academy))
	}
	if err := okey.May(act, actor, subject, today); err != nil {
		return err
	}
	if inPlaceOfOthers(actor, func(a okey.Actor) error { return okey.May(act, a, subject, today) }) {
		w.Via = okey.ViaSupport
	}
	return nil
}

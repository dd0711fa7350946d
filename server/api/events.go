package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"okey/okey"
	"okey/server/respond"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// The waits of GET /events. longestWait is less than the connection stays open for; mostWaiting bounds how many calls hold one at a time;
// lookAgain is for hints that were lost.
const (
	longestWait = 30
	mostWaiting = 64
	lookAgain   = 2 * time.Second
)

// getEvents answers what happened to keys after a number, in order: a program's own token (scope events), nobody else's. Without `after`
// it answers where the events end now, and none. With `wait`, in seconds, it answers as soon as there is one. The errors are invalid,
// events_gone for a number whose next event is kept no more, or that was never given, and unavailable where too many wait.
func (s *API) getEvents(c *gin.Context) error {
	if callerOf(c).service == "" {
		return okey.Errorf(okey.CodeForbidden, "Seul un programme, avec son propre jeton, lit les événements.")
	}
	var wrong respond.Invalid
	after, given, err := countOf(c, "after", 0, 1<<53,
		"Donnez le « next » de la lecture d'avant, ou rien pour savoir où en sont les événements.")
	_ = wrong.Add(err)
	wait, _, err := countOf(c, "wait", 0, longestWait, "L'attente va de 0 à 30 secondes.")
	_ = wrong.Add(err)
	limit, err := respond.LimitOf(c)
	_ = wrong.Add(err)
	_ = wrong.Add(respond.UnknownQuery(c, "after", "wait", "limit"))
	if err := wrong.OrNil(); err != nil {
		return err
	}
	if !given {
		found, err := s.store.Events(c.Request.Context(), 0, 0)
		return s.tellEvents(c, found, found.Last, err)
	}
	found, err := s.awaitEvents(c.Request.Context(), after, limit, time.Duration(wait)*time.Second)
	if err == nil && (after < found.Gone || after > found.Last) {
		return okey.Errorf(okey.CodeEventsGone,
			"OKEY n'a pas tout ce qui suit %d : demandez « next » sans « after », lisez toutes les clefs, puis suivez depuis "+
				"ce « next ».", after)
	}
	next := after
	if n := len(found.Events); n > 0 {
		next = found.Events[n-1].Seq
	}
	return s.tellEvents(c, found, next, err)
}

func (s *API) tellEvents(c *gin.Context, found sql.Outbox, next int64, err error) error {
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{
		"events": viewsOf(found.Events, func(e okey.OutboxEvent) okey.EventMessage { return e.Message(s.fields) }),
		"next":   next, "last": found.Last,
	})
	return nil
}

// awaitEvents reads events, and again while there are none, until the wait is over, the caller is gone or the server stops.
func (s *API) awaitEvents(ctx context.Context, after int64, limit int, wait time.Duration) (sql.Outbox, error) {
	hint, done := s.outcomes.Events() // before the first look: what comes after it is hinted
	defer done()
	found, err := s.store.Events(ctx, after, limit)
	if wait == 0 || err != nil || len(found.Events) > 0 || after != found.Last {
		return found, err
	}
	select {
	case s.waiting <- struct{}{}:
		defer func() { <-s.waiting }()
	default:
		return found, &okey.Error{
			Code: okey.CodeUnavailable, RetryAfter: longestWait * time.Second / 2,
			Message: "Trop de programmes attendent des événements : réessayez, ou lisez sans « wait ».",
		}
	}
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	over := time.After(wait)
	for {
		select {
		case <-ctx.Done():
			return found, ctx.Err()
		case <-s.leaving:
			return found, nil
		case <-over:
			return found, nil
		case <-hint:
		case <-tick.C:
		}
		if found, err = s.store.Events(ctx, after, limit); err != nil || len(found.Events) > 0 {
			return found, err
		}
	}
}

// Waiting counts the calls that wait for events now.
func (s *API) Waiting() int { return len(s.waiting) }

// countOf reads a whole number of the address; false where there is none.
func countOf(c *gin.Context, name string, least, most int64, advice string) (int64, bool, error) {
	text := c.Query(name)
	if text == "" {
		return 0, false, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, true, okey.InvalidField(name, "%s", advice)
	}
	return n, true, nil
}

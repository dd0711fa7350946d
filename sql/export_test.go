package sql

import (
	"cmp"
	"time"
)

// NeverLookAgain leaves only notifications and the end of a wait.
func NeverLookAgain(o *Outcomes) { o.lookAgain = time.Hour }

// Waiting tells whether somebody waits.
func Waiting(o *Outcomes) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting) > 0
}

// Limits are those of a session.
type Limits struct{ Lock, Statement, Idle, Listening, Pressed, Following time.Duration }

// OpenLimited is Open with limits of a test's own; what it leaves out has no limit that matters.
func OpenLimited(url string, keys AuditKeys, given Limits) (*Store, error) {
	or := func(limit time.Duration) time.Duration { return cmp.Or(limit, time.Hour) }
	return open(url, keys, limits{
		connections: 20,
		lock:        or(given.Lock), statement: or(given.Statement), idle: or(given.Idle), listening: or(given.Listening),
		pressed: or(given.Pressed), following: or(given.Following),
	}, newLead())
}

// OpenBeside opens a second pool as OpenPools does.
func OpenBeside(s *Store) (*Store, error) { return open(s.url, s.key, s.limits, s.connector.lead) }

// SeekAtMost looks up no more keys before a list is made of them, until it is undone.
func SeekAtMost(n int) (undo func()) {
	before := mostKeysSought
	mostKeysSought = n
	return func() { mostKeysSought = before }
}

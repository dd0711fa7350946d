package web

import (
	"time"

	"okey/okey"
)

// Hit is one thing that a search has come upon.
type Hit struct {
	Kind, Name, Path, More string
	Exact                  bool   // it is what was typed, not merely like it
	Pages                  []Fact // what else there is of it
}

// Graver is what somebody is told of several refusals: nothing where one thing is allowed, and whoever sees one of them is not told that it
// does not exist.
func Graver(a, b error) error {
	switch {
	case a == nil || b == nil:
		return nil
	case okey.ErrorCode(a) == okey.CodeNotFound:
		return b
	}
	return a
}

// Card is a request in a list.
type Card struct {
	Path, Who, Where, Need, State string

	Replaces string    // in a sentence, what the key replaces; empty for a first one
	Acts     []NavLink // what the visitor may do about it, the likeliest first
}

// HomeLines is how many of each kind home shows.
const HomeLines = 20

// Fact is one thing known of what a page is about, with where to read more of it.
type Fact struct{ Name, Value, Path string }

// StoryLine is one thing that has happened, as people read it; At puts several stories into one.
type StoryLine struct {
	When, What, Comment string

	At time.Time
}

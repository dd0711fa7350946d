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

// Card is a request in a list.
type Card struct {
	Path, Who, Where, Need, State string

	Replaces string    // in a sentence, what the key replaces; empty for a first one
	Acts     []NavLink // what the visitor may do about it, the likeliest first
}

// SayState is where a request stands, in one line.
func SayState(r okey.Request, c Clock) string {
	said := okey.Capitalize(r.Stage.French()) + " depuis " + c.Day(r.Since)
	if r.Stage == okey.AwaitingHandover {
		return said + " : clef " + string(r.Key)
	}
	if r.Stage.Closed() {
		return okey.Capitalize(r.Stage.French()) + " " + c.Day(r.Since)
	}
	return said
}

// Nowhere is told to whoever works at no school that OKEY knows.
const Nowhere = "Nous ne vous trouvons dans aucun établissement. Demandez à votre secrétariat de vérifier votre affectation, ou " +
	"écrivez à l'assistance."

// HomeLines is how many of each kind home shows.
const HomeLines = 20

// Fact is one thing known of what a page is about, with where to read more of it.
type Fact struct{ Name, Value, Path string }

// StoryLine is one thing that has happened, as people read it; At puts several stories into one.
type StoryLine struct {
	When, What, Comment string

	At time.Time
}

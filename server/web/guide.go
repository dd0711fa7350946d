package web

import "okey/internal/cast"

// Guide is what a demonstration adds to every page: the steps that a newcomer tries, and whom they may become. Without one no byte of it is
// there.
type Guide struct {
	Shown bool   // the steps; put away, they can be called back
	Whole bool   // all of them in a panel, or the next alone in the header, where it takes no height from the page
	Home  string // where all are seen; empty where nothing but the line is
	Said  string
	Steps []GuideStep
	Next  *GuideWay // to the first that is not done; nil once all are

	Groups        []cast.Group
	Me            string // uid of whoever is signed in
	Become, Visit string // where the forms lead
}

// GuideStep is one thing to try.
type GuideStep struct {
	Name  string
	State string // done, now or next
}

// GuideWay leads to a step: a link for whoever is the right person, else a button to become that person.
type GuideWay struct {
	Name, How string
	Do, Path  string // the link
	As, Who   string // uid and name of whom to become
	Become    string // the form's address
	To        string // and where that leads then
}

// GuideBy has pages show what make returns; nil for nothing. It is for demonstrations alone.
func (s *Site) GuideBy(make func(*Visit) *Guide) { s.guide = make }

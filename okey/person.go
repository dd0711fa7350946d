package okey

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// PersonID is opaque: it may enter the engine and the audit, a uid or a name may not.
type PersonID = uuid.UUID

// Person is somebody of the directory, matched by UID. Mail addresses are not unique.
type Person struct {
	ID         PersonID
	UID        string
	FamilyName string
	GivenName  string
	Mail       string

	MailDenied bool // the identity provider says that nobody has checked the address
}

// Name is how pages and mails name someone: "Léa Martin".
func (p Person) Name() string { return strings.TrimSpace(p.GivenName + " " + p.FamilyName) }

// Function is what someone is at an establishment, as staff files spell it.
type Function string

// The functions of a staff file. Principal and deputy are the approvers.
const (
	Principal Function = "chef"
	Deputy    Function = "adjoint"
	Staff     Function = "personnel"
)

// Approves tells whether the function answers requests.
func (f Function) Approves() bool { return f == Principal || f == Deputy }

// Assignment is a person's function at an establishment; Until is the last day, zero where there is none.
type Assignment struct {
	UAI      UAI
	Function Function
	Until    Day
}

// Scope is how much a delegation gives.
type Scope string

// A delegation is for everything, or for handover and stock only.
const (
	Everything       Scope = "everything"
	HandoverAndStock Scope = "handover_and_stock"
)

// Delegation makes its holder answer for an establishment from From to Until, both days included.
type Delegation struct {
	UAI   UAI
	Scope Scope
	From  Day
	Until Day
}

// Actor is a person with all that they may act for. It is loaded anew for each action: roles end without notice.
type Actor struct {
	Person
	Assignments []Assignment
	Delegations []Delegation
	Support     bool
	Auditor     bool

	SessionsFrom time.Time // sessions that began before have been ended; zero: none has
}

// At returns the actor's assignments at an establishment that hold on the day.
func (a Actor) At(uai UAI, on Day) []Assignment {
	var held []Assignment
	for _, as := range a.Assignments {
		if as.UAI == uai && as.holds(on) {
			held = append(held, as)
		}
	}
	return held
}

// Establishments returns, without repeats and in the order of assignment, where the actor works on the day.
func (a Actor) Establishments(on Day) []UAI {
	return a.uais(on, func(Assignment) bool { return true }, false)
}

// Answers returns the establishments that the actor answers for on the day, by function or by delegation.
func (a Actor) Answers(on Day) []UAI {
	return a.uais(on, func(as Assignment) bool { return as.Function.Approves() }, true)
}

func (a Actor) uais(on Day, keep func(Assignment) bool, delegated bool) []UAI {
	var uais []UAI
	seen := map[UAI]bool{}
	add := func(uai UAI) {
		if !seen[uai] {
			seen[uai] = true
			uais = append(uais, uai)
		}
	}
	for _, as := range a.Assignments {
		if as.holds(on) && keep(as) {
			add(as.UAI)
		}
	}
	if delegated {
		for _, d := range a.Delegations {
			if d.Holds(on) {
				add(d.UAI)
			}
		}
	}
	return uais
}

func (as Assignment) holds(on Day) bool { return as.Until.IsZero() || !as.Until.Before(on) }

// Holds tells whether the delegation gives its right on the day.
func (d Delegation) Holds(on Day) bool { return !on.Before(d.From) && !d.Until.Before(on) }

// Day is a calendar day in the time zone of an academy: no hour, no zone. The zero Day is no day.
type Day struct{ t time.Time }

// DayOf returns the day that it is at t in the given zone.
func DayOf(t time.Time, zone *time.Location) Day {
	y, m, d := t.In(zone).Date()
	return NewDay(y, m, d)
}

// NewDay makes a day from its parts.
func NewDay(year int, month time.Month, day int) Day {
	return Day{time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// IsZero tells whether d is no day.
func (d Day) IsZero() bool { return d.t.IsZero() }

// Before tells whether d comes before other.
func (d Day) Before(other Day) bool { return d.t.Before(other.t) }

// AddMonths returns the day n months later, the month's last day where the day does not exist (31 August + 6 = 28 February).
func (d Day) AddMonths(n int) Day {
	y, m, day := d.t.Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return NewDay(first.Year(), first.Month(), min(day, last))
}

// AddDays returns the day n days later.
func (d Day) AddDays(n int) Day { return Day{d.t.AddDate(0, 0, n)} }

// Week is the Monday that the day's week begins with.
func (d Day) Week() Day { return d.AddDays(-(int(d.t.Weekday()) + 6) % 7) }

// In is the instant at which the day begins in a zone.
func (d Day) In(zone *time.Location) time.Time {
	y, m, day := d.t.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, zone)
}

// Time is midnight UTC of the day, for libraries that want a time.
func (d Day) Time() time.Time { return d.t }

// String is the ISO form, 2027-12-31; empty for no day.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.t.Format(time.DateOnly)
}

// MarshalText writes a day as ISO 8601 does; the zero Day is empty.
func (d Day) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (d *Day) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Day{}
		return nil
	}
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return InvalidField("", "« %s » n'est pas une date.", text)
	}
	*d = DayOf(t, time.UTC)
	return nil
}

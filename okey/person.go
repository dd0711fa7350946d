package okey

import (
	"net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"
)

// PersonID is opaque: it may enter the engine and the audit, a uid or a name may not.
type PersonID = uuid.UUID

// What a person is called and known by, at most, whether a file or the identity provider says it.
const (
	LongestName = 200 // in characters, of the given and of the family name
	LongestUID  = 254
	LongestMail = 254 // RFC 5321, 4.5.3.1.3
)

// NormalUID is the spelling in which OKEY keeps and compares a uid: it has no case (RFC 4519, 2.39), so small letters, and
// each accent is composed with its letter (NFC). Whatever says a uid, a file, a directory, a claim or a person, comes through here.
func NormalUID(uid string) string { return norm.NFC.String(strings.ToLower(strings.TrimSpace(uid))) }

// PersonName is a name as directories and providers give it, without what nobody sees and cut to LongestName.
func PersonName(text string) string {
	name := []rune(VisibleLine(text))
	return strings.TrimSpace(string(name[:min(len(name), LongestName)]))
}

var schoolMailbox = regexp.MustCompile(`(?i)^ce\.[0-9]{7}[a-z]@`)

// IsSchoolMailbox tells whether an address is an establishment's own, ce.<UAI>@, which others read too.
func IsSchoolMailbox(address string) bool { return schoolMailbox.MatchString(address) }

// IsAddress tells whether a text is a bare mail address (RFC 5322, addr-spec) and, for people's eyes, what it is for machines:
// "X" <a@b.fr> would be another person's to whoever compares.
func IsAddress(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text && HidesNothing(text) && len(text) <= LongestMail
}

// Person is somebody of the directory, matched by UID. Mail addresses are not unique.
type Person struct {
	ID         PersonID
	UID        string // as NormalUID leaves it
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

package okey

import (
	"time"

	"github.com/google/uuid"
)

// What is arranged between people, outside requests and stock: delegations, and what support sets right by hand. The server writes it; a
// follow-up action has those concerned told.
const (
	ActionDelegationGiven ActionName = "delegation-given" // subject: the delegation
	ActionDelegationBegun ActionName = "delegation-begun" // its first day has come
	ActionDelegationEnded ActionName = "delegation-ended"
	ActionAttached        ActionName = "attachment-given" // subject: the attachment
	ActionDetached        ActionName = "attachment-ended"
	ActionHostingGiven    ActionName = "hosting-given" // subject: the hosting
	ActionHostingEnded    ActionName = "hosting-ended"
	ActionApproverArrived ActionName = "approver-arrived" // subject: the person, whom a staff file made an approver
)

// The workflows that tell of it, by the names that the Temporal UI shows.
const (
	WorkflowDelegation = "Delegation"
	WorkflowAttachment = "Attachment"
	WorkflowHosting    = "Hosting"
)

// The mails about it.
const (
	MailDelegationGiven  MailKind = "delegation_given"  // the delegate, with what awaits; the other approvers
	MailDelegationBegins MailKind = "delegation_begins" // the delegate, with what awaits
	MailDelegationEnded  MailKind = "delegation_ended"  // the delegate, the other approvers
	MailAttached         MailKind = "attached"          // the person, with what awaits; the approvers
	MailDetached         MailKind = "detached"          // the person
	MailApproverArrived  MailKind = "approver_arrived"  // a new approver, with all that awaits
	MailHosting          MailKind = "hosting"           // the host's approvers, with what awaits
	MailHostingEnded     MailKind = "hosting_ended"     // the host's approvers
	MailSupportOrdered   MailKind = "support_ordered"   // approvers: support ordered in your place, or called an order off
)

// MaxDelegation is how many months a delegation, or an attachment by support, lasts at most: a school year.
const MaxDelegation = 12

var scopeNames = map[Scope]string{Everything: "tout : réponses, remises et stock", HandoverAndStock: "remises et stock seulement"}

// French names the scope on pages.
func (s Scope) French() string { return scopeNames[s] }

// Valid tells whether s is one of the scopes.
func (s Scope) Valid() bool { return scopeNames[s] != "" }

var functionNames = map[Function]string{Principal: "chef d'établissement", Deputy: "adjoint", Staff: "personnel"}

// French names the function on pages and in mails.
func (f Function) French() string { return functionNames[f] }

// Valid tells whether f is one of the functions.
func (f Function) Valid() bool { return functionNames[f] != "" }

// DelegationState is where a delegation stands on a day.
type DelegationState string

// The states of a delegation.
const (
	DelegationComing  DelegationState = "coming"
	DelegationCurrent DelegationState = "current"
	DelegationPast    DelegationState = "past"   // its last day is over
	DelegationEnded   DelegationState = "ended"  // somebody ended it
	DelegationLapsed  DelegationState = "lapsed" // its giver no longer approves there, or its holder no longer works there
)

// GivenDelegation is a delegation with its story.
type GivenDelegation struct {
	Delegation
	ID      uuid.UUID
	By, To  PersonID
	At      time.Time
	EndedAt time.Time // zero: nobody ended it
	EndedBy PersonID
	Valid   Day // the last day on which giver and holder are what it takes; zero: they no longer are
}

// State tells where the delegation stands on the day.
func (d GivenDelegation) State(today Day) DelegationState {
	switch {
	case !d.EndedAt.IsZero():
		return DelegationEnded
	case d.Until.Before(today):
		return DelegationPast
	case d.Valid.IsZero() || d.Valid.Before(today) || d.Valid.Before(d.From):
		return DelegationLapsed
	case today.Before(d.From):
		return DelegationComing
	}
	return DelegationCurrent
}

// CalledOff tells of a delegation that is over whether that was so before its first day: it gave nobody a right, and takes none away.
func (d GivenDelegation) CalledOff(today Day, zone *time.Location) bool {
	over := today
	if !d.EndedAt.IsZero() {
		over = DayOf(d.EndedAt, zone)
	}
	return !d.Live(today) && over.Before(d.From)
}

// Live tells whether the delegation gives a right on the day, or will.
func (d GivenDelegation) Live(today Day) bool {
	state := d.State(today)
	return state == DelegationComing || state == DelegationCurrent
}

// Check tells what is wrong with the dates and scope of a delegation given on the day; nil for nothing.
func (d Delegation) Check(today Day) []*Error {
	var wrong []*Error
	switch {
	case d.From.IsZero() || d.Until.IsZero(): // said where they are read
	case d.Until.Before(d.From):
		wrong = append(wrong, InvalidField("until", "Le dernier jour vient avant le premier : corrigez l'un des deux."))
	case d.Until.Before(today):
		wrong = append(wrong, InvalidField("until", "Ces dates sont passées : donnez un dernier jour à venir."))
	case d.From.Before(today):
		wrong = append(wrong, InvalidField("from", "Ce premier jour est passé : donnez aujourd'hui, ou un jour à venir."))
	case today.AddMonths(MaxDelegation).Before(d.From):
		wrong = append(wrong, InvalidField("from", "Une délégation commence dans l'année : donnez un premier jour plus proche."))
	case d.From.AddMonths(MaxDelegation).AddDays(-1).Before(d.Until):
		wrong = append(wrong, InvalidField("until", "Une délégation dure un an au plus : donnez un dernier jour plus proche."))
	}
	if !d.Scope.Valid() {
		wrong = append(wrong, InvalidField("scope", "Choisissez ce que vous déléguez."))
	}
	return wrong
}

// SayDays names the days of the delegation within a sentence, for somebody who reads it today: one day is no span.
func (d Delegation) SayDays(today Day) string {
	if d.From == d.Until {
		return "le " + d.From.Say(today)
	}
	return "du " + d.From.Say(today) + " au " + d.Until.Say(today)
}

// Attachment is a person whom support attached to an establishment.
type Attachment struct {
	ID       uuid.UUID
	Person   PersonID
	UAI      UAI
	Function Function
	Until    Day // zero for those of before OKEY asked for a last day
	Reason   string
	By       PersonID
	At       time.Time
	EndedAt  time.Time
	EndedBy  PersonID
}

// Hosting is an establishment that answers for another one.
type Hosting struct {
	ID      uuid.UUID
	UAI     UAI
	Host    UAI
	Reason  string
	By      PersonID
	At      time.Time
	EndedAt time.Time
	EndedBy PersonID
}

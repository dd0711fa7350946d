package okey

import "slices"

// lettersOfStage are the letters that say where a request stands, or ask for what comes next: true in that stage alone.
var lettersOfStage = map[MailKind][]Stage{
	"no_key_yet":       {AwaitingDecision},
	MailAsked:          {AwaitingDecision},
	MailNobody:         {AwaitingDecision},
	"nobody_mailbox":   {AwaitingDecision},
	MailDecisionLate:   {AwaitingDecision},
	MailKeepsPlace:     {AwaitingStock},
	MailStillWaiting:   {AwaitingStock},
	MailOrderReminder:  {AwaitingStock},
	MailOrderLate:      {AwaitingStock},
	MailApproved:       {AwaitingCharter},
	MailKeyFree:        {AwaitingCharter},
	MailRemindCharter:  {AwaitingCharter},
	MailKeyReplaced:    {AwaitingStock, AwaitingCharter, AwaitingHandover},
	MailSigned:         {AwaitingHandover},
	"handover":         {AwaitingHandover},
	MailRemindHandover: {AwaitingHandover},
	MailHandoverLate:   {AwaitingHandover},
	MailOthersWait:     {AwaitingHandover},
	"hand_over_soon":   {AwaitingHandover},
}

// Outlived tells whether a letter of the step speaks of a stage that the request has left: written again, it would tell what is no longer
// so.
func (m MailStep) Outlived(letter MailKind, r Request) bool {
	stages, of := lettersOfStage[letter]
	return of && (!slices.Contains(stages, r.Stage) || m.turn() != r.Turn)
}

// turn is the request's when the step was made. No request takes a hundred turns.
func (m MailStep) turn() int {
	if m.Ref > 100 {
		return m.Ref / 100
	}
	return m.Ref
}

package okey

import (
	"fmt"

	"github.com/google/uuid"
)

// MailKind is one row of the table of mails.
type MailKind string

// The mails that concern a request.
const (
	MailAsked          MailKind = "asked"  // approvers: answer; where no key is free, the requester and once a shortage the approvers too
	MailNobody         MailKind = "nobody" // nobody can answer: support, and the establishment's mailbox
	MailRemindDecision MailKind = "remind_decision"
	MailDecisionLate   MailKind = "decision_late" // support
	MailRefused        MailKind = "refused"
	MailApproved       MailKind = "approved"       // requester: sign the charter
	MailKeepsPlace     MailKind = "keeps_place"    // requester: accepted, no key yet; approvers once a shortage
	MailStillWaiting   MailKind = "still_waiting"  // requester, monthly
	MailOrderReminder  MailKind = "order_reminder" // approvers: no order yet
	MailOrderLate      MailKind = "order_late"     // support
	MailKeyFree        MailKind = "key_free"       // requester: a key is free, go on
	MailKeyReplaced    MailKind = "key_replaced"   // requester: the kept key is gone, another or the place is kept; signed: approvers too
	MailRemindCharter  MailKind = "remind_charter"
	MailSigned         MailKind = "signed"          // requester: your key awaits you; approvers: a key to hand over
	MailRemindHandover MailKind = "remind_handover" // both
	MailHandoverLate   MailKind = "handover_late"   // support
	MailOthersWait     MailKind = "others_wait"     // both: somebody waits for a key, the reserve ends sooner
	MailHandedOver     MailKind = "handed_over"     // receipt
	MailWithdrawn      MailKind = "withdrawn"
	MailExpired        MailKind = "expired"
	MailSupportDecided MailKind = "support_decided" // approvers: support decided in your place
	MailUndelivered    MailKind = "undelivered"     // support: mails that could not be sent
	MailKeyChanged     MailKind = "key_changed"     // former holder, approvers
	MailRemindMislaid  MailKind = "remind_mislaid"  // holder: not found yet
	MailForGood        MailKind = "for_good"        // approvers: what was asked for as a loan is a key for good
	MailNotDone        MailKind = "not_done"        // whoever was told that their action is kept: it was refused
	MailStuck          MailKind = "stuck"           // support: something does not get on by itself
	MailWebhookStopped MailKind = "webhook_stopped" // support: a receiver of events is sent none any more

	MailOrdersExported    MailKind = "orders_exported"    // supplier: the workbook
	MailOrderOverdue      MailKind = "order_overdue"      // support: ordered keys that do not come
	MailOrderClosed       MailKind = "order_closed"       // approvers: support cancelled or closed an order of theirs
	MailKeysReported      MailKind = "keys_reported"      // support: keys of an inventory that OKEY does not know
	MailReportDecided     MailKind = "report_decided"     // whoever reported it
	MailLowStock          MailKind = "low_stock"          // approvers: fewer keys than support wants there
	MailKeyExpires        MailKind = "key_expires"        // holder
	MailKeysExpire        MailKind = "keys_expire"        // approvers: one list
	MailLoanEnds          MailKind = "loan_ends"          // holder
	MailLoansOver         MailKind = "loans_over"         // approvers: one list
	MailHolderLeft        MailKind = "holder_left"        // holder
	MailHoldersLeft       MailKind = "holders_left"       // approvers: one list
	MailDeliveryArrived   MailKind = "delivery_arrived"   // approvers: keys are in their stock
	MailDeliveryAnnounced MailKind = "delivery_announced" // approvers: keys are on their way, confirm what arrives
)

// MailStep is one step's mails. Request, Kind and Ref name it for good: each recipient gets it once, under one Message-ID,
// however often the step is tried.
type MailStep struct {
	Kind     MailKind `json:"kind"`
	Ref      int      `json:"ref"`                // the request's turn, or for reminders turn*100+n
	Shortage bool     `json:"shortage,omitempty"` // also tell the approvers that no key is left
}

// Key names the mail of this step to one address, the same at each attempt. issue is that of the links; a mail that support sends again is
// named by the action.
func (m MailStep) Key(subject uuid.UUID, address string, issue int) uuid.UUID {
	return DerivedID(subject, fmt.Sprintf("%s/%d/%s/%d", m.Kind, m.Ref, address, issue))
}

package mails

import (
	"context"

	"okey/mail"
	"okey/okey"
)

// recipes say, for each kind of step, which letters go to whom.
var recipes = map[okey.MailKind]func(context.Context, *mailing) error{
	okey.MailAsked:          asked,
	okey.MailNobody:         asked, // somebody may answer by now; and the other way round
	okey.MailRemindDecision: remindDecision,
	okey.MailDecisionLate:   late(okey.AwaitingDecision, mail.DecisionLate),
	okey.MailRefused:        decided(mail.Refused),
	okey.MailApproved:       decided(mail.Approved),
	okey.MailKeepsPlace:     keepsPlace,
	okey.MailStillWaiting:   stillWaiting,
	okey.MailOrderReminder:  orderReminder,
	okey.MailOrderLate:      orderLate,
	okey.MailKeyFree:        keyFree,
	okey.MailKeyReplaced:    keyReplaced,
	okey.MailRemindCharter:  remindCharter,
	okey.MailSigned:         signed,
	okey.MailRemindHandover: remindHandover,
	okey.MailHandoverLate:   late(okey.AwaitingHandover, mail.HandoverLate),
	okey.MailOthersWait:     othersWait,
	okey.MailHandedOver:     handedOver,
	okey.MailWithdrawn:      withdrawn,
	okey.MailExpired:        expired,
	okey.MailSupportDecided: supportDecided,
	okey.MailUndelivered:    undelivered,
	okey.MailKeyChanged:     keyChanged,
	okey.MailRemindMislaid:  remindMislaid,
	okey.MailForGood:        forGood,

	okey.MailKeysMoved:     keysMoved,
	okey.MailMoveProposed:  moveProposed,
	okey.MailMoveDecided:   moveDecided,
	okey.MailMoveExpired:   moveExpired,
	okey.MailMoveWithdrawn: moveWithdrawn,
	okey.MailSucceeded:     succeeded,
	okey.MailYourKeyMoved:  yourKeyMoved,

	okey.MailSucceededClosing:  succeededClosing,
	okey.MailSucceededRequests: requestsFollow,

	okey.MailDelegationGiven:  delegationGiven,
	okey.MailDelegationBegins: delegationBegins,
	okey.MailDelegationEnded:  delegationEnded,
	okey.MailAttached:         attached,
	okey.MailApproverArrived:  approverArrived,
	okey.MailDetached:         detached,
	okey.MailHosting:          hosting,
	okey.MailHostingEnded:     hostingEnded,
	okey.MailSupportOrdered:   supportOrdered,

	okey.MailOrdersExported:    ordersExported,
	okey.MailOrderOverdue:      orderOverdue,
	okey.MailOrderClosed:       orderClosed,
	okey.MailKeysReported:      keysReported,
	okey.MailReportDecided:     reportDecided,
	okey.MailLowStock:          lowStock,
	okey.MailKeyExpires:        keyExpires,
	okey.MailKeysExpire:        keysExpire,
	okey.MailLoanEnds:          loanEnds,
	okey.MailLoansOver:         loansOver,
	okey.MailHolderLeft:        holderLeft,
	okey.MailHoldersLeft:       holdersLeft,
	okey.MailDeliveryArrived:   delivered(mail.DeliveryArrived),
	okey.MailDeliveryAnnounced: delivered(mail.DeliveryAnnounced),

	okey.MailPINChanged: pinChanged,
	okey.MailPINLocked:  pinLocked,

	okey.MailLinkReissued: linkReissued,

	okey.MailNotDone: notDone,
	okey.MailStuck:   stuck,

	okey.MailWebhookStopped: webhookStopped,

	okey.MailReturned: returned,

	okey.MailSourcesTold: sourcesTold,
}

package okey

import (
	"time"

	"github.com/google/uuid"
)

// ActionMailResend is support's: a mail goes out once more, written anew from what is true now, to where its reader is reached now;
// subject: the mail. It is carried as actions about stock are.
const ActionMailResend ActionName = "mail-resend"

// ActionMailsResend is support's, after a relay that refused mail: all that failed between two instants goes out once more, each as with
// ActionMailResend; subject: this one time.
const ActionMailsResend ActionName = "mails-resend"

// ActionMailReturned and ActionMailRetried are OKEY's own, where a report says that a mail did not arrive: support is told, or it goes out
// once more, where the mailbox does not take it for now; subject: the mail.
const (
	ActionMailReturned ActionName = "mail-returned"
	ActionMailRetried  ActionName = "mail-retried"
)

// MailReturned tells support of a mail that came back.
const MailReturned MailKind = "mail_returned"

// RetryPause is how long a mail that came back from a full mailbox waits until it is tried again.
const RetryPause = 6 * time.Hour

// WorkflowMailResend and WorkflowMailsResend are what the Temporal UI shows of them.
const (
	WorkflowMailResend  = "MailResend"
	WorkflowMailsResend = "MailsResend"
)

// ActivityResendMails has a round of an ActionMailsResend go out: ResendRound -> ResendReport.
const ActivityResendMails = "ResendMails"

// ResendBatch is how many mails a round looks at: a result of the engine is far below its two megabytes.
const ResendBatch = 200

// MailsResendInput starts the workflow of an ActionMailsResend, as a StockInput does, or goes on with it.
type MailsResendInput struct {
	Action uuid.UUID `json:"action"`
	After  uuid.UUID `json:"after,omitzero"` // the last mail that was looked at
}

// ResendRound asks for the next mails of an ActionMailsResend.
type ResendRound struct {
	Action uuid.UUID `json:"action"`
	At     time.Time `json:"at"`
	After  uuid.UUID `json:"after,omitzero"`
}

// ResendReport is what goes out by a round, and after which mail the next one begins; zero: it was the last.
type ResendReport struct {
	Letters []MailOrder `json:"letters,omitempty"`
	Next    uuid.UUID   `json:"next,omitzero"`
}

// Why a mail does not go out once more.
const (
	CodeMailLeaving   Code = "mail_leaving"    // it is still being tried
	CodeMailJustSent  Code = "mail_just_sent"  // support has had it sent moments ago
	CodeMailForgotten Code = "mail_forgotten"  // nothing is known any more of what it was written from
	CodeMailNoAddress Code = "mail_no_address" // whom it concerns has no address
	CodeNoFailedMails Code = "no_failed_mails" // nothing failed between the two instants
)

// MailLife is how long a mail is tried, the time that mail servers give each other (RFC 5321, 4.5.4.1).
const MailLife = 5 * 24 * time.Hour

// ResendPause is how long a mail that support has had sent again is left alone: it takes minutes to arrive, and impatience makes two of it.
const ResendPause = 10 * time.Minute

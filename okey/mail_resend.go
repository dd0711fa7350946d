package okey

import "time"

// ActionMailResend is support's: a mail goes out once more, written anew from what is true now, to where its reader is reached now;
// subject: the mail. It is carried as actions about stock are.
const ActionMailResend ActionName = "mail-resend"

// WorkflowMailResend is what the Temporal UI shows of it.
const WorkflowMailResend = "MailResend"

// Why a mail does not go out once more.
const (
	CodeMailLeaving   Code = "mail_leaving"    // it is still being tried
	CodeMailJustSent  Code = "mail_just_sent"  // support has had it sent moments ago
	CodeMailForgotten Code = "mail_forgotten"  // nothing is known any more of what it was written from
	CodeMailNoAddress Code = "mail_no_address" // whom it concerns has no address
)

// MailLife is how long a mail is tried, the time that mail servers give each other (RFC 5321, 4.5.4.1).
const MailLife = 5 * 24 * time.Hour

// ResendPause is how long a mail that support has had sent again is left alone: it takes minutes to arrive, and impatience makes two of it.
const ResendPause = 10 * time.Minute

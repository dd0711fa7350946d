package okey

import (
	"slices"
	"time"
)

// DeadlineKind is what is due when a stage lasts.
type DeadlineKind string

// What is due while a stage lasts.
const (
	DueReminder   DeadlineKind = "reminder"
	DueSupport    DeadlineKind = "support" // support is told
	DueExpiry     DeadlineKind = "expiry"
	DueOrder      DeadlineKind = "order"         // no order yet: the approvers
	DueOrderAgain DeadlineKind = "order_support" // still none: support
	DueMonthly    DeadlineKind = "monthly"       // the place in line is kept
)

// Deadline is something due at an instant, counted in open days from the beginning of the stage.
type Deadline struct {
	Kind DeadlineKind `json:"kind"`
	N    int          `json:"n"`
	At   time.Time    `json:"at"`
}

// Waits are the lengths of a request's waits in open days. They are given with the workflow's input, so that a changed
// setting never breaks a running request.
type Waits struct {
	DecisionReminders []int `json:"decision_reminders"`
	DecisionSupport   int   `json:"decision_support"`
	DecisionExpiry    int   `json:"decision_expiry"`
	CharterReminders  []int `json:"charter_reminders"`
	CharterExpiry     int   `json:"charter_expiry"`
	HandoverReminders []int `json:"handover_reminders"`
	HandoverSupport   int   `json:"handover_support"`
	HandoverExpiry    int   `json:"handover_expiry"`
	// HandoverShared is HandoverExpiry where others wait in line, and HandoverNotice how long who was promised more still has from then on;
	// 0, as in the input of requests from before they were there: never shorter.
	HandoverShared int `json:"handover_shared,omitempty"`
	HandoverNotice int `json:"handover_notice,omitempty"`
	OrderReminder  int `json:"order_reminder"`
	OrderSupport   int `json:"order_support"`
	// LoanCharter and LoanHandover are CharterExpiry and HandoverExpiry of a loan, which the mislaid key ends soon in any case; 0, as in
	// the input of requests from before they were there: those of any request.
	LoanCharter  int `json:"loan_charter,omitempty"`
	LoanHandover int `json:"loan_handover,omitempty"`
}

// DefaultWaits are the lengths for who sets nothing else.
func DefaultWaits() Waits {
	return Waits{
		DecisionReminders: []int{2, 5, 10}, DecisionSupport: 10, DecisionExpiry: 30,
		CharterReminders: []int{2, 5, 10}, CharterExpiry: 30,
		HandoverReminders: []int{3, 8}, HandoverSupport: 15, HandoverExpiry: 20, HandoverShared: 10, HandoverNotice: 3,
		OrderReminder: 5, OrderSupport: 15,
		LoanCharter: MislaidExpiry, LoanHandover: MislaidExpiry,
	}
}

// For are the lengths for a request with a reason.
func (w Waits) For(reason RequestReason) Waits {
	if reason == Loan && w.LoanCharter > 0 && w.LoanHandover > 0 {
		w.CharterExpiry, w.HandoverExpiry = w.LoanCharter, w.LoanHandover
	}
	return w
}

// Deadlines lists what is due in a stage begun at since, in the order of time. openDays gives the instant n open days later, in the
// academy's time zone: reminders are due at the hour at which the stage began, but pages and mails name only the day on which it expires,
// so that day counts whole.
func (w Waits) Deadlines(stage Stage, since time.Time, openDays func(time.Time, int) time.Time) []Deadline {
	var due []Deadline
	add := func(kind DeadlineKind, days ...int) {
		for i, n := range days {
			due = append(due, Deadline{Kind: kind, N: i + 1, At: openDays(since, n)})
		}
	}
	expires := func(days int) {
		at := openDays(since, days)
		if days > 0 {
			at = endOfDay(at)
		}
		due = append(due, Deadline{Kind: DueExpiry, N: 1, At: at})
	}
	switch stage {
	case AwaitingDecision:
		add(DueReminder, w.DecisionReminders...)
		add(DueSupport, w.DecisionSupport)
		expires(w.DecisionExpiry)
	case AwaitingStock:
		add(DueOrder, w.OrderReminder)
		add(DueOrderAgain, w.OrderSupport)
	case AwaitingCharter:
		add(DueReminder, w.CharterReminders...)
		expires(w.CharterExpiry)
	case AwaitingHandover:
		add(DueReminder, w.HandoverReminders...)
		add(DueSupport, w.HandoverSupport)
		expires(w.HandoverExpiry)
	}
	return due
}

// SharedUntil is when the reserve of a key that awaits its handover since an instant ends where, as is known at a later one, others wait in
// line; zero: no sooner for it. openDays is that of Deadlines.
func (w Waits) SharedUntil(since, known time.Time, openDays func(time.Time, int) time.Time) time.Time {
	if w.HandoverShared == 0 {
		return time.Time{}
	}
	until, notice := endOfDay(openDays(since, w.HandoverShared)), endOfDay(openDays(known, w.HandoverNotice))
	if until.Before(notice) {
		return notice
	}
	return until
}

// The wait for a mislaid key to be found, in open days.
const (
	MislaidReminder = 3
	MislaidExpiry   = 5
)

// MislaidDeadlines lists what is due while a key that was mislaid at since is not found, as Deadlines does: its last day counts whole.
func MislaidDeadlines(since time.Time, openDays func(time.Time, int) time.Time) []Deadline {
	return []Deadline{
		{Kind: DueReminder, N: 1, At: openDays(since, MislaidReminder)},
		{Kind: DueExpiry, N: 1, At: endOfDay(openDays(since, MislaidExpiry))},
	}
}

// LoanDays is how long a key is lent while another is mislaid, in open days.
const LoanDays = 5

// LoanReminder is how long before the end of a loan the daily watch reminds its holder: on the morning before.
const LoanReminder = 48 * time.Hour

// LoanUntil is when a key that was lent at since is to be back, as MislaidDeadlines has it: its last day counts whole.
func LoanUntil(since time.Time, openDays func(time.Time, int) time.Time) time.Time {
	return endOfDay(openDays(since, LoanDays))
}

// endOfDay is the last second of the day that t's own clock shows.
func endOfDay(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, t.Location())
}

// Until leaves out what would fall due after the end of a stage that ends at an instant.
func Until(end time.Time, due []Deadline) []Deadline {
	return slices.DeleteFunc(due, func(d Deadline) bool { return !end.IsZero() && d.Kind != DueExpiry && d.At.After(end) })
}

// ExpiryOf returns when the standing expires, zero where it does not.
func (s Standing) ExpiryOf() time.Time {
	for _, d := range s.Deadlines {
		if d.Kind == DueExpiry {
			return d.At
		}
	}
	return time.Time{}
}

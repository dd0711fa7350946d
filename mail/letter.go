// Package mail writes OKEY's mails and hands them to a relay. What a mail says stands in words/, one file a letter; layout.txt and
// layout.html make the same words into the two parts of a message.
package mail

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	texttemplate "text/template"
	"time"

	"okey/okey"
)

// Letter names what a mail says: a file in words/.
type Letter string

// The letters, by whom they are for.
const (
	// To the requester.
	NoKeyYet       Letter = "no_key_yet"
	Refused        Letter = "refused"
	Approved       Letter = "approved"
	KeepsPlace     Letter = "keeps_place"
	StillWaiting   Letter = "still_waiting"
	KeyFree        Letter = "key_free"
	KeyReplaced    Letter = "key_replaced"
	RemindCharter  Letter = "remind_charter"
	KeyAwaitsYou   Letter = "signed"
	RemindHandover Letter = "remind_handover"
	OthersWait     Letter = "others_wait"
	Receipt        Letter = "handed_over"
	Withdrawn      Letter = "withdrawn"
	Expired        Letter = "expired"
	YourKeyChanged Letter = "key_changed"
	KeyMislaid     Letter = "mislaid"
	RemindMislaid  Letter = "remind_mislaid"
	KeyRecovered   Letter = "recovered"
	PINChanged     Letter = "pin_changed"
	PINLocked      Letter = "pin_locked"
	// To whoever was told that what they sent is kept.
	NotDone Letter = "not_done"
	// To approvers and delegates.
	Asked           Letter = "asked"
	AskedList       Letter = "asked_list"
	Reminder        Letter = "reminder"
	Shortage        Letter = "shortage"
	OrderReminder   Letter = "order_reminder"
	KeyToHandOver   Letter = "handover"
	HandOverSoon    Letter = "hand_over_soon"
	AskedWithdrawn  Letter = "withdrawn_approver"
	AskedExpired    Letter = "expired_approver"
	SupportDecided  Letter = "support_decided"
	StockKeyChanged Letter = "key_changed_approver"
	LoanForGood     Letter = "for_good"

	SupportHandedOver Letter = "support_handed_over"
	SupportOrdered    Letter = "support_ordered"

	// About who answers: delegates, people whom support attached, and those who answer for another establishment.
	DelegationGiven         Letter = "delegation_given"
	DelegationGivenApprover Letter = "delegation_given_approver"
	DelegationBegins        Letter = "delegation_begins"
	DelegationEnded         Letter = "delegation_ended"
	DelegationEndedApprover Letter = "delegation_ended_approver"
	Attached                Letter = "attached"
	ApproverArrived         Letter = "approver_arrived"
	AttachedApprover        Letter = "attached_approver"
	Detached                Letter = "detached"
	Hosting                 Letter = "hosting"
	HostingEnded            Letter = "hosting_ended"

	OrdersExported    Letter = "orders_exported"
	OrderOverdue      Letter = "order_overdue"
	OrderClosed       Letter = "order_closed"
	KeysReported      Letter = "keys_reported"
	ReportDecided     Letter = "report_decided"
	LowStock          Letter = "low_stock"
	KeyExpires        Letter = "key_expires"
	KeysExpire        Letter = "keys_expire"
	LoanEnds          Letter = "loan_ends"
	LoansOver         Letter = "loans_over"
	HolderLeft        Letter = "holder_left"
	HoldersLeft       Letter = "holders_left"
	DeliveryArrived   Letter = "delivery_arrived"
	DeliveryAnnounced Letter = "delivery_announced"

	// About keys that change establishment: approvers of either, and the holder.
	KeysMoved         Letter = "keys_moved"
	MoveProposed      Letter = "move_proposed"
	YourKeyMoves      Letter = "move_proposed_holder"
	MoveDecided       Letter = "move_decided"
	YourMoveDecided   Letter = "move_decided_holder"
	MoveWithdrawn     Letter = "move_withdrawn"
	YourMoveWithdrawn Letter = "move_withdrawn_holder"
	MoveExpired       Letter = "move_expired"
	Succeeded         Letter = "succeeded"
	YourKeyMoved      Letter = "your_key_moved"

	// About an establishment that has a successor: its former approvers, the requesters who follow, support where nobody answers.
	SucceededClosing Letter = "succeeded_closing"
	RequestFollows   Letter = "request_follows"
	SuccessorNobody  Letter = "successor_nobody"

	// To support, and to an establishment's mailbox.
	Nobody           Letter = "nobody"
	NobodyMailbox    Letter = "nobody_mailbox"
	DecisionLate     Letter = "decision_late"
	OrderLate        Letter = "order_late"
	HandoverLate     Letter = "handover_late"
	OwnHandover      Letter = "own_handover"
	Undelivered      Letter = "undelivered"
	StockUndelivered Letter = "undelivered_stock"
	Bounced          Letter = "bounced"
	NoAddress        Letter = "no_address"
	Stuck            Letter = "stuck"
	WebhookStopped   Letter = "webhook_stopped"
	SourcesTold      Letter = "sources_told"
	Examined         Letter = "examined"
)

// Facts are what a letter may speak of. Days and instants are written out already, in the academy's own zone; what people wrote is as
// they wrote it: rendering makes it harmless.
type Facts struct {
	Requester string
	School    string // within a sentence: "le collège L'Archet"
	UAI       okey.UAI
	Need      string
	Reason    okey.RequestReason // why the key is asked for
	Comment   string
	By        string // who decided, withdrew, handed over or changed
	Own       bool   // it was the reader
	Noted     bool   // by support, who was not there
	Asked     bool   // the reader waits for another key already
	Givers    string // who hands keys over there
	Stage     okey.Stage
	Serial    okey.Serial
	Change    okey.KeyReason
	Found     bool        // what was asked for is a loan, and ended because the mislaid key is found
	Gone      okey.Serial // the key that was kept first, of which Change and Comment speak; empty: the first one still is
	Old       string      // the keys that this one replaces: "0048000007"; empty for none
	Tried     string      // the last trial of the key, where there was one of late: "à 9 h 02 : refusée, code PIN juste"
	Charter   int
	Free      int // keys that may be lent
	Waiting   int // people who wait for one
	Place     int // in line, from 1; 0 for no place
	Since     string
	At        string
	Reminder  string // the next one
	ToSupport string // when support is told
	Expiry    string
	Other     string // the other establishment of a move, within a sentence
	Accepted  bool   // a move
	Function  string // of somebody whom support attached
	// Everything tells a delegation for everything from one for handovers and stock only.
	Everything bool
	CalledOff  bool   // a delegation, before its first day
	Left       string // who has left the function that a delegation hung on; empty: the reader, where Own is said, or it is not known
	Coming     bool   // a delegation whose first day is still to come
	Moved      string // what follows to a successor: "3 clefs et 1 demande"; empty for nothing
	Returned   bool   // a mail: it had left, and came back
	Forgotten  bool   // the PIN that was replaced
	Reissued   bool   // the link: the one from before is dead
	Known      bool   // a reported key that came into OKEY at that school another way
	Items      []Item
	Total      int // of which Items may be the first
	Link       string
	Support    string // the mailbox, for questions
	Academy    string // whose OKEY it is: "Académie de Nice"; empty: not said
}

// Item is one line of a list.
type Item struct {
	Requester string
	School    string
	Apart     string // School, where not everybody on the list is of it
	Need      string
	Serial    okey.Serial // to be handed over; empty: to be answered
	Since     string
	Address   string // of a mail that did not leave
	Kind      string
	Ended     bool // the key has expired
	Unreached bool // OKEY has no address of theirs
}

// Message is a mail ready to be sent.
type Message struct {
	ID       string // of the header Message-ID, without brackets: the same at each attempt
	Return   string // bare: where it comes back to if it can't be delivered; empty: to the sender
	To       string
	Date     time.Time
	Subject  string
	Text     string
	HTML     string
	Attached []Attachment
}

// Attachment is a file that goes with a mail.
type Attachment struct {
	Name    string
	Type    string // RFC 6838
	Content []byte
}

//go:embed words/*.txt layout.html layout.txt
var files embed.FS

var (
	letters    = parseLetters()
	htmlLayout = template.Must(template.New("layout.html").ParseFS(files, "layout.html"))
	textLayout = texttemplate.Must(texttemplate.New("layout.txt").ParseFS(files, "layout.txt"))
)

// parts is a letter's words: what happened and what to do now, the button, what happens otherwise. Each part is a template of its own,
// so nothing that a person wrote can become a part.
type parts struct {
	subject *texttemplate.Template
	before  []*texttemplate.Template
	item    *texttemplate.Template
	button  *texttemplate.Template
	after   []*texttemplate.Template
}

var buttonLine = regexp.MustCompile(`^\[(.+)\]$`)

func parseLetters() map[Letter]*parts {
	all := map[Letter]*parts{}
	entries, _ := files.ReadDir("words") // embedded: it is there, and so are its files
	for _, entry := range entries {
		name := Letter(strings.TrimSuffix(entry.Name(), ".txt"))
		content, _ := files.ReadFile("words/" + entry.Name())
		all[name] = parseLetter(name, string(content))
	}
	return all
}

// parseLetter reads blocks, parted by blank lines: the subject, paragraphs, a list's line after a dash, the button in brackets.
func parseLetter(name Letter, content string) *parts {
	compile := func(block string) *texttemplate.Template {
		return texttemplate.Must(texttemplate.New(string(name)).Funcs(words).Parse(strings.Join(strings.Fields(block), " ")))
	}
	blocks := strings.Split(strings.TrimSpace(content), "\n\n")
	p := &parts{subject: compile(blocks[0])}
	for _, block := range blocks[1:] {
		button := buttonLine.FindStringSubmatch(block)
		switch {
		case button != nil:
			p.button = compile(button[1])
		case strings.HasPrefix(block, "- "):
			p.item = compile(block[2:])
		case p.button == nil:
			p.before = append(p.before, compile(block))
		default:
			p.after = append(p.after, compile(block))
		}
	}
	if p.button == nil {
		panic("mail: " + string(name) + " has no button")
	}
	return p
}

// page is a letter with its facts filled in, for the layouts.
type page struct {
	Subject string
	Before  []string
	List    []string
	More    int // that the list leaves out
	Button  string
	Link    string
	After   []string
	Support string
	Academy string
}

// Write makes a letter into a message; ID, To and Date are the sender's to fill in.
func Write(name Letter, f Facts) (Message, error) {
	letter, known := letters[name]
	if !known {
		return Message{}, fmt.Errorf("write mail %q: it has no words", name)
	}
	p, err := letter.fill(f)
	if err != nil {
		return Message{}, fmt.Errorf("write mail %q: %w", name, err)
	}
	var text, html bytes.Buffer
	if err := textLayout.Execute(&text, p); err != nil {
		return Message{}, fmt.Errorf("lay out mail %q: %w", name, err)
	}
	if err := htmlLayout.Execute(&html, p.unbroken()); err != nil {
		return Message{}, fmt.Errorf("lay out mail %q: %w", name, err)
	}
	return Message{Subject: p.Subject, Text: text.String(), HTML: html.String()}, nil
}

func (l *parts) fill(f Facts) (page, error) {
	var failed error
	say := func(t *texttemplate.Template, data any) string {
		var said strings.Builder
		if err := t.Execute(&said, data); err != nil {
			failed = err
		}
		return oneLine(said.String())
	}
	each := func(templates []*texttemplate.Template) []string {
		var said []string
		for _, t := range templates {
			if s := say(t, f); s != "" {
				said = append(said, s)
			}
		}
		return said
	}
	p := page{
		Subject: short(f, func(f Facts) string { return say(l.subject, f) }),
		Before:  each(l.before), Button: say(l.button, f), Link: f.Link, After: each(l.after),
		Support: oneLine(f.Support), Academy: oneLine(f.Academy),
	}
	if l.item != nil {
		for _, item := range f.Items {
			if item.Apart = item.School; shared(f) != "" {
				item.Apart = ""
			}
			p.List = append(p.List, say(l.item, item))
		}
		p.More = max(0, f.Total-len(f.Items))
	}
	return p, failed
}

package mail

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	"github.com/emersion/go-message"
)

// Fate is what a message that came back says of the mail that it answers.
type Fate string

// The fates. Only the last two tell of a mail that did not arrive.
const (
	FateUntold  Fate = "untold"  // no report: an automatic reply, a receipt, somebody's letter
	FateDelayed Fate = "delayed" // it is still being tried
	FateArrived Fate = "arrived"
	FatePasses  Fate = "passes" // given up, though this mailbox may take it another day: it is full, or its server is away
	FateGone    Fate = "gone"   // this mailbox is not there, or is closed
)

// Report is what a server reports of a message that it had taken (RFC 3464). The zero value is that of any other message.
type Report struct{ recipients []reported }

// reported is what stands about one recipient. Each field is as it came, but for its type.
type reported struct{ original, final, action, status, diagnostic string }

// statusBytes is how much of a report's fields is read: enough for a hundred recipients. What is nested deeper than this is no report.
const (
	statusBytes = 64 << 10
	nested      = 5
)

// ReadReport reads a message to its end. What it says for people counts for nothing: it is in any language. An error is one of reading: a
// message that can't be understood, or is no report, is the zero Report.
func ReadReport(message io.Reader) (Report, error) {
	source := &sticky{from: message}
	report := readReport(source)
	_, err := io.Copy(io.Discard, source)
	return report, err
}

// sticky keeps the error that ended its reading, whoever asks next.
type sticky struct {
	from io.Reader
	err  error
}

// Read implements io.Reader.
func (s *sticky) Read(into []byte) (n int, err error) {
	if s.err == nil {
		n, s.err = s.from.Read(into)
	}
	return n, s.err
}

var errEnough = errors.New("enough was read")

func readReport(source io.Reader) (report Report) {
	whole, _ := message.Read(source) // what is encoded in a way that is not known can be read all the same
	if whole == nil {
		return report
	}
	// The part is in a multipart/report, which gateways may wrap again. One that somebody passes on is within a message: not looked at.
	_ = whole.Walk(func(path []int, part *message.Entity, _ error) error {
		if kind, _, _ := part.Header.ContentType(); len(path) > 0 && statusKinds[kind] {
			report.recipients = readStatus(part.Body)
			return errEnough
		}
		if len(path) > nested {
			return errEnough
		}
		return nil
	})
	return report
}

// statusKinds are the types of the part that programs read: RFC 3464, and RFC 6533 for addresses beyond ASCII.
var statusKinds = map[string]bool{"message/delivery-status": true, "message/global-delivery-status": true}

// readStatus reads groups of fields, parted by blank lines: one about the message, then one for each recipient.
func readStatus(body io.Reader) (recipients []reported) {
	fields := textproto.NewReader(bufio.NewReader(io.LimitReader(body, statusBytes)))
	for {
		group, err := fields.ReadMIMEHeader()
		if action := strings.Fields(group.Get("Action")); len(action) > 0 {
			recipients = append(recipients, reported{
				original: untyped(group.Get("Original-Recipient")), final: untyped(group.Get("Final-Recipient")),
				action: strings.ToLower(action[0]), status: group.Get("Status"), diagnostic: group.Get("Diagnostic-Code"),
			})
		}
		if err != nil { // the end, or what is no field: what came before counts
			return recipients
		}
	}
}

// untyped is the address of a field "rfc822; address".
func untyped(field string) string {
	_, address, _ := strings.Cut(field, ";")
	return strings.Trim(address, " <>")
}

// About tells what became of the mail to an address, and why, as its server puts it: that may hold addresses, and is for the database, not
// for logs. Where the mail went on from there, to the members of a list or to another mailbox, the report names those, and one that has the
// mail is enough.
func (r Report) About(address string) (fate Fate, why string) {
	about := r.recipients
	for _, one := range r.recipients {
		if strings.EqualFold(one.original, address) || strings.EqualFold(one.final, address) {
			about = []reported{one}
			break
		}
	}
	fate = FateUntold
	for _, one := range about {
		theirs, said := one.fate()
		if ranks[theirs] > ranks[fate] {
			fate, why = theirs, said
		}
	}
	return fate, why
}

// ranks say which of several recipients' fates is the mail's.
var ranks = map[Fate]int{FateUntold: 0, FateGone: 1, FatePasses: 2, FateDelayed: 3, FateArrived: 4}

var actions = map[string]Fate{
	"delayed": FateDelayed, "delivered": FateArrived, "relayed": FateArrived, "expanded": FateArrived, "failed": FateGone,
}

// statusNumber is one of RFC 3463 within a field, and smtpAnswer an answer of SMTP: its code, and that number where it has one.
var (
	statusNumber = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	smtpAnswer   = regexp.MustCompile(`(?i)^smtp\s*;\s*([245]\d\d)(?:[ -]+([245]\.\d{1,3}\.\d{1,3})\b)?`)
)

// fate holds a failure against what refusals are held against, as if the mail's own relay had answered so. A number that says no more than
// that it failed gives way to the answer of the server further on, where that is told.
func (r reported) fate() (Fate, string) {
	if fate := actions[r.action]; fate != FateGone {
		return cmp.Or(fate, FateUntold), ""
	}
	number, answer := statusNumber.FindString(r.status), &textproto.Error{Code: codeUnknownMailbox}
	if said := smtpAnswer.FindStringSubmatch(r.diagnostic); said != nil && vague(number) {
		answer.Code, _ = strconv.Atoi(said[1]) // three digits
		number = cmp.Or(said[2], number)
	}
	if number != "5.0.0" {
		answer.Msg = number
	}
	why := strings.TrimSpace(number + " " + strings.ToValidUTF8(r.diagnostic, ""))
	if len(why) > whyBytes {
		why = strings.ToValidUTF8(why[:whyBytes], "")
	}
	if !concernsRecipient(answer) {
		return FatePasses, why
	}
	return FateGone, why
}

const (
	codeUnknownMailbox = 550
	whyBytes           = 500 // of an answer that may quote a whole page
)

func vague(number string) bool { return number == "" || strings.HasSuffix(number, ".0.0") }

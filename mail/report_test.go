package mail_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"okey/mail"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const reader = "lea.martin@ac-nice.fr"

// sample is a report as a server writes it, with the ends of lines that it has on its way.
func sample(t require.TestingT, name string) string {
	content, err := os.ReadFile("testdata/reports/" + name + ".eml")
	require.NoError(t, err)
	return strings.ReplaceAll(string(content), "\n", "\r\n")
}

// reporting is a report with these groups of fields about recipients.
func reporting(groups ...string) string {
	return "From: postmaster@ac-nice.fr\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\n" +
		strings.ReplaceAll("Reporting-MTA: dns; mx.ac-nice.fr\n\n"+strings.Join(groups, "\n\n"), "\n", "\r\n") + "\r\n--b--\r\n"
}

func fateOf(t require.TestingT, message string) (mail.Fate, string) {
	report, err := mail.ReadReport(strings.NewReader(message))
	require.NoError(t, err)
	return report.About(reader)
}

func TestReportsAsServersWriteThem(t *testing.T) {
	for name, why := range map[string]string{
		"postfix":  "5.1.1 smtp; 550 5.1.1 <lea.martin@ac-nice.fr>: Recipient address rejected: User unknown",
		"exim":     "5.0.0 smtp; 550 No such person at this address",
		"exchange": "5.1.10 smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient lea.martin@ac-nice.fr not found by SMTP address lookup",
		"gmail": "5.1.1 smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking" +
			" the recipient's email address for typos or 550 5.1.1 unnecessary spaces. a1-20020a05 - gsmtp",
	} {
		t.Run(name, func(t *testing.T) {
			fate, said := fateOf(t, sample(t, name))
			assert.Equal(t, mail.FateGone, fate)
			assert.Equal(t, why, said)
		})
	}
}

// A report means what the same answer to RCPT means, see TestRefusalsForNowAndForGood.
func TestWhatAFailureMeans(t *testing.T) {
	for _, c := range []struct {
		what, status, diagnostic string
		fate                     mail.Fate
	}{
		{"an unknown mailbox of the relay's own", "5.1.1", "x-unix; user unknown", mail.FateGone},
		{"no word why, of Exim", "5.0.0", "", mail.FateGone},
		{"a number that is remarked upon", "5.2.1 (mailbox disabled)", "smtp; 550 5.2.1 off", mail.FateGone},
		{"a misspelled domain, of Postfix", "5.4.4", "X-Postfix; Host or domain name not found.", mail.FateGone},
		{"a number that says more than the answer", "5.1.1", "smtp; 554 delivery error", mail.FateGone},
		{"the answer says more than the number", "5.0.0", "smtp; 550 5.2.2 mailbox full", mail.FatePasses},
		{"the answer alone", "", "smtp; 550-5.1.1 no such user", mail.FateGone},
		{"an answer without a number that is not about the mailbox", "5.0.0", "smtp; 554 delivery error", mail.FatePasses},
		{"a full mailbox", "5.2.2", "smtp;554 5.2.2 mailbox full; QuotaExceededException", mail.FatePasses},
		{"a full mailbox, given up after days", "4.2.2", "smtp; 452 4.2.2 over quota", mail.FatePasses},
		{"a server that was away for days", "4.4.1", "X-Postfix; connect to mx.ac-nice.fr[192.0.2.25]:25: timed out", mail.FatePasses},
		{"time has run out", "4.4.7", "", mail.FatePasses},
		{"a class alone", "4.0.0", "", mail.FatePasses},
		{"a policy", "5.7.1", "smtp; 550 5.7.1 refused by policy", mail.FatePasses},
		{"a sender's domain that is not found", "5.1.8", "smtp; 550 5.1.8 bad sender", mail.FatePasses},
	} {
		t.Run(c.what, func(t *testing.T) {
			fate, _ := fateOf(t, reporting("Final-Recipient: rfc822; "+reader+"\nAction: failed\nStatus: "+c.status+"\nDiagnostic-Code: "+c.diagnostic))
			assert.Equal(t, c.fate, fate)
		})
	}
}

func TestWhatTheAnswerSaysIsKeptWithinBounds(t *testing.T) {
	_, why := fateOf(t, reporting("Final-Recipient: rfc822;x@y\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 "+strings.Repeat("é", 2000)))
	assert.Less(t, len(why), 501)
	assert.True(t, strings.HasSuffix(why, "é"), why)
	_, why = fateOf(t, reporting("Final-Recipient: rfc822;x@y\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 inconnu\xe9e"))
	assert.Equal(t, "5.1.1 smtp; 550 inconnue", why, "the database takes it")
	_, why = fateOf(t, reporting("Final-Recipient: rfc822;x@y\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 \x00"))
	assert.Equal(t, "5.1.1", why, "the database takes it")
}

// A mail of OKEY's has one recipient; where it went on from there, a report may tell of several.
func TestOneReportMayTellOfSeveralRecipients(t *testing.T) {
	about := func(address, action string) string {
		return "Final-Recipient: rfc822; " + address + "\nAction: " + action + "\nStatus: 5.1.1"
	}
	original := func(address, group string) string { return "Original-Recipient: rfc822;" + address + "\n" + group }
	for _, c := range []struct {
		what   string
		groups []string
		fate   mail.Fate
	}{
		{"the reader among others", []string{about("un@y.fr", "delivered"), about("Lea.Martin@AC-Nice.fr", "Failed (for good)")}, mail.FateGone},
		{"others alone failed", []string{about(reader, "delivered"), about("un@y.fr", "failed")}, mail.FateArrived},
		{"another mailbox, to which it went on", []string{about("lea@chez-elle.example", "failed")}, mail.FateGone},
		{"that mailbox, with the one that it was for", []string{original(reader, about("lea@chez-elle.example", "failed"))}, mail.FateGone},
		{"a list, of which all failed", []string{about("un@y.fr", "failed"), about("deux@y.fr", "failed")}, mail.FateGone},
		{"a list, of which one has it", []string{about("un@y.fr", "failed"), about("deux@y.fr", "relayed")}, mail.FateArrived},
		{"a list, of which one is tried", []string{about("un@y.fr", "failed"), about("deux@y.fr", "delayed")}, mail.FateDelayed},
		{"delayed", []string{about(reader, "delayed") + "\nWill-Retry-Until: Sun, 29 Nov 2026 09:12:00 +0000"}, mail.FateDelayed},
		{"delivered", []string{about(reader, "delivered")}, mail.FateArrived},
		{"relayed", []string{about(reader, "relayed")}, mail.FateArrived},
		{"expanded", []string{about(reader, "expanded")}, mail.FateArrived},
		{"an action that RFC 3464 does not know", []string{about(reader, "eaten")}, mail.FateUntold},
		{"nobody", nil, mail.FateUntold},
	} {
		t.Run(c.what, func(t *testing.T) {
			for range 2 { // in whatever order
				fate, _ := fateOf(t, reporting(c.groups...))
				assert.Equal(t, c.fate, fate)
				slices.Reverse(c.groups)
			}
		})
	}
}

func TestWhatIsNoReportSaysNothing(t *testing.T) {
	failed := reporting("Final-Recipient: rfc822; " + reader + "\nAction: failed\nStatus: 5.1.1")
	for what, message := range map[string]string{
		"a holiday notice":   "From: lea\r\nAuto-Submitted: auto-replied\r\nSubject: Absente\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n",
		"a letter":           "From: lea\r\nSubject: Re: clef\r\n\r\nMerci !\r\n",
		"a report passed on": "From: lea\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n" + failed + "\r\n--m--\r\n",
		"a receipt": "From: lea\r\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n" +
			"--b\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; " + reader + "\r\nAction: failed\r\nDisposition: manual-action/MDN-sent-manually; deleted\r\n--b--\r\n",
		"fields without a report": "From: lea\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; " + reader + "\r\nAction: failed\r\nStatus: 5.1.1\r\n",
		"nothing":                 "",
		"no header":               "\x00\xff\r\n\r\n--b\r\n",
		"no boundary":             "Content-Type: multipart/report\r\n\r\n--b\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			fate, _ := fateOf(t, message)
			assert.Equal(t, mail.FateUntold, fate)
		})
	}
}

func TestAReportIsFoundWithinWhatGatewaysWrap(t *testing.T) {
	failed := reporting("Final-Recipient: rfc822; " + reader + "\nAction: failed\nStatus: 5.1.1")
	wrapped := "From: x\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n" + failed + "\r\n--m\r\nContent-Type: text/plain\r\n\r\nCe message est sûr.\r\n--m--\r\n"
	fate, _ := fateOf(t, wrapped)
	assert.Equal(t, mail.FateGone, fate)
	for level := range 10 {
		wrapped = fmt.Sprintf("Content-Type: multipart/mixed; boundary=m%[1]d\r\n\r\n--m%[1]d\r\n%[2]s\r\n--m%[1]d--\r\n", level, wrapped)
	}
	fate, _ = fateOf(t, wrapped)
	assert.Equal(t, mail.FateUntold, fate, "no report is that deep")
}

// Whoever hands a message over learns that it was not read to its end, wherever that is.
func TestABrokenLineIsNoReport(t *testing.T) {
	whole := sample(t, "postfix")
	broken := errors.New("the line broke")
	rapid.Check(t, func(t *rapid.T) {
		head := whole[:rapid.IntRange(0, len(whole)).Draw(t, "read")]
		_, err := mail.ReadReport(iotest.OneByteReader(readThen(head, broken)))
		require.ErrorIs(t, err, broken)
	})
}

func readThen(head string, err error) *then { return &then{strings.NewReader(head), err} }

type then struct {
	head *strings.Reader
	err  error
}

func (r *then) Read(into []byte) (int, error) {
	if r.head.Len() > 0 {
		return r.head.Read(into)
	}
	err := r.err
	r.err = io.EOF // said once, as buffers do
	return 0, err
}

// What is hostile, or damaged on its way, is read to its end and breaks nothing.
func TestNoMessageStopsTheReading(t *testing.T) {
	names := []string{"postfix", "exim", "exchange", "gmail"}
	rapid.Check(t, func(t *rapid.T) {
		content := []byte(sample(t, rapid.SampledFrom(names).Draw(t, "sample")))
		for range rapid.IntRange(0, 20).Draw(t, "faults") {
			content[rapid.IntRange(0, len(content)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "is")
		}
		left := strings.NewReader(string(content))
		report, err := mail.ReadReport(left)
		require.NoError(t, err)
		assert.Zero(t, left.Len())
		_, why := report.About(reader)
		assert.LessOrEqual(t, len(why), 500)
		assert.True(t, utf8.ValidString(why) && !strings.ContainsRune(why, 0), "%q: the database takes it", why)
	})
}

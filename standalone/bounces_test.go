package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/config"
	"okey/mail"
)

// report is what a mail server writes of a mail that it gave up (RFC 3464).
const report = "From: MAILER-DAEMON@relais.test\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" +
	"Reporting-MTA: dns; relais.test\r\n\r\nFinal-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: %s\r\n\r\n--b--\r\n"

// A mail comes back after it has left: from nobody, and support is told; from a full mailbox, and it waits to go out once more.
func TestAMailThatComesBackIsToldOrTriedAgain(t *testing.T) {
	s := newStack(t, "--no-okey")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	takes := listener.Addr().String()
	require.NoError(t, listener.Close())
	s.runProgram("worker", "OKEY_METRICS=", "OKEY_BOUNCE_ADDRESS=retours@ecole.test", "OKEY_BOUNCE_LISTEN=lmtp://"+takes)
	s.env["OKEY_URL"] = s.runServer()
	s.ask("lea")
	keys, err := config.ParseKeyring(s.env["OKEY_LINK_KEYS"])
	require.NoError(t, err)
	address, err := mail.NewBounceAddress("retours@ecole.test", keys)
	require.NoError(t, err)
	owner := s.ownersDatabase()
	sentTo := func(reader string) (id uuid.UUID) {
		require.Eventually(t, func() bool {
			return owner.QueryRow(`SELECT id FROM mail WHERE address = $1 AND kind = 'asked' AND state = 'sent'`, reader).Scan(&id) == nil
		}, patience, 50*time.Millisecond, reader)
		return id
	}
	comesBack := func(reader, status string) uuid.UUID {
		id := sentTo(reader)
		conn, err := net.Dial("tcp", takes)
		require.NoError(t, err)
		client := smtp.NewClientLMTP(conn)
		defer func() { _ = client.Close() }()
		require.NoError(t, client.SendMail("", []string{address.Of(id)}, strings.NewReader(fmt.Sprintf(report, reader, status))))
		return id
	}
	gone := comesBack("roux@ecole.test", "5.1.1")
	comesBack("blanc@ecole.test", "5.2.2")
	// As if they had come a minute ago: the repair watch leaves to its doer what is younger.
	_, err = owner.Exec(`UPDATE action SET created_at = now() - interval '1 minute' WHERE name IN ('mail-returned', 'mail-retried')`)
	require.NoError(t, err)
	s.awaitTold("assistance@", "Courriel revenu : roux@ecole.test")
	told := s.awaitLetter("assistance@", "Courriel revenu : roux@ecole.test")
	assert.Contains(t, told.Text, "/assistance/envois/"+gone.String())
	s.counts(owner, 1, `SELECT count(*) FROM mail WHERE address = 'blanc@ecole.test' AND state = 'queued' AND not_before > now() + interval '5 hours'`)
	s.counts(owner, 2, `SELECT count(*) FROM mail WHERE state = 'failed' AND returned_at IS NOT NULL`)
	assert.NotContains(t, s.awaitLetter("assistance@", "Courriel revenu").Text, "blanc@ecole.test")
}

package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	"okey/internal/postbox"
	"okey/mail"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	from    = "OKEY <okey@ac-exemple.fr>"
	witness = "assistance@ac-exemple.fr"
)

func connect(t *testing.T, box *postbox.Box) *mail.Connection {
	t.Helper()
	connection, err := mail.NewSender(mail.Relay{Host: box.Host, Port: box.Port}, from, "Assistance <"+witness+">").Open()
	require.NoError(t, err)
	t.Cleanup(connection.Close)
	return connection
}

func message(to string) mail.Message {
	return mail.Message{
		ID: "1@okey.ac-exemple.fr", To: to, Date: time.Date(2026, time.November, 24, 9, 12, 0, 0, time.UTC),
		Subject: "Léa\r\nBcc: tous@ac-exemple.fr", Text: "Clef réservée\n", HTML: "<p>Clef réservée</p>\n",
	}
}

func permanent(err error) bool {
	var p *mail.Permanent
	return errors.As(err, &p)
}

func unanswered(err error) bool {
	var u *mail.Unanswered
	return errors.As(err, &u)
}

func TestAMessageHasTwoPartsAndItsOwnHeaders(t *testing.T) {
	box := postbox.Open(t)
	require.NoError(t, connect(t, box).Send(t.Context(), message("lea@ac-exemple.fr")))
	require.Len(t, box.Letters(), 1)
	letter := box.Letters()[0]
	assert.Equal(t, "lea@ac-exemple.fr", letter.To)
	assert.Equal(t, "okey@ac-exemple.fr", letter.From)
	assert.Equal(t, "Léa Bcc: tous@ac-exemple.fr", letter.Subject)
	assert.Empty(t, letter.Header.Get("Bcc"))
	assert.Equal(t, "<1@okey.ac-exemple.fr>", letter.Header.Get("Message-ID"))
	assert.Equal(t, "auto-generated", letter.Header.Get("Auto-Submitted"))
	assert.Equal(t, "DR, RN, NRN, OOF, AutoReply", letter.Header.Get("X-Auto-Response-Suppress"), "reports of what failed are wanted")
	assert.Equal(t, `"OKEY" <okey@ac-exemple.fr>`, letter.Header.Get("From"))
	assert.Equal(t, "Tue, 24 Nov 2026 09:12:00 +0000", letter.Header.Get("Date"))
	assert.Equal(t, "Clef réservée\n", letter.Text)
	assert.Equal(t, "<p>Clef réservée</p>\n", letter.HTML)
}

// Each mail comes back to an address of its own; the relay is asked for reports of failures, without the text.
func TestAMailHasAnEnvelopeSenderOfItsOwn(t *testing.T) {
	box := postbox.Open(t)
	connection := connect(t, box)
	m := message("lea@ac-exemple.fr")
	m.Return = "retours+marque@ac-exemple.fr"
	require.NoError(t, connection.Send(t.Context(), m))
	require.NoError(t, connection.Send(t.Context(), message("lea@ac-exemple.fr")))
	require.Len(t, box.Letters(), 2)
	assert.Equal(t, "retours+marque@ac-exemple.fr", box.Letters()[0].From)
	assert.Equal(t, `"OKEY" <okey@ac-exemple.fr>`, box.Letters()[0].Header.Get("From"), "people answer the sender")
	assert.Equal(t, "okey@ac-exemple.fr", box.Letters()[1].From)
	for _, letter := range box.Letters() {
		assert.Equal(t, postbox.Wishes{Return: smtp.DSNReturnHeaders, Notify: []smtp.DSNNotify{smtp.DSNNotifyFailure}}, letter.Wishes)
	}
}

func TestOneConnectionServesAStep(t *testing.T) {
	box := postbox.Open(t)
	box.Refuse("b@ac-exemple.fr", 550)
	connection := connect(t, box)
	require.NoError(t, connection.Send(t.Context(), message("a@ac-exemple.fr")))
	require.Error(t, connection.Send(t.Context(), message("b@ac-exemple.fr")))
	require.NoError(t, connection.Send(t.Context(), message("c@ac-exemple.fr")))
	require.Len(t, box.Letters(), 2)
	assert.Equal(t, box.Letters()[0].Session, box.Letters()[1].Session)
}

func TestAnUnreadableAddressIsForGood(t *testing.T) {
	box := postbox.Open(t)
	for _, address := range []string{"", "lea", "a@b.fr, c@d.fr", "a@b.fr\r\nRCPT TO:<x@y.fr>"} {
		assert.True(t, permanent(connect(t, box).Send(t.Context(), message(address))), address)
	}
	assert.Empty(t, box.Letters())
}

func TestARelayThatIsAwayIsCalledOnceAStep(t *testing.T) {
	box := postbox.Open(t)
	box.Close()
	connection := connect(t, box)
	first := connection.Send(t.Context(), message("a@ac-exemple.fr"))
	require.Error(t, first)
	assert.False(t, permanent(first))
	assert.Equal(t, first, connection.Send(t.Context(), message("b@ac-exemple.fr")))
}

// On loopback nothing is encrypted; elsewhere what is offered is taken, whatever the certificate; a password goes to a relay that proves
// its name only. 0.0.0.0 leads here too, and is not known as loopback.
func TestEncryption(t *testing.T) {
	box := postbox.OpenTLS(t, selfSigned(t))
	send := func(relay mail.Relay) error {
		relay.Port = box.Port
		connection, err := mail.NewSender(relay, from, witness).Open()
		require.NoError(t, err)
		defer connection.Close()
		return connection.Send(t.Context(), message("lea@ac-exemple.fr"))
	}
	require.NoError(t, send(mail.Relay{Host: box.Host}))
	require.NoError(t, send(mail.Relay{Host: "0.0.0.0"}))
	require.Len(t, box.Letters(), 2)
	assert.False(t, box.Letters()[0].TLS)
	assert.True(t, box.Letters()[1].TLS)

	err := send(mail.Relay{Host: "0.0.0.0", User: "okey", Password: "secret"})
	require.ErrorContains(t, err, "certificate")
	assert.False(t, permanent(err))
	err = send(mail.Relay{Host: box.Host, TLS: true})
	require.Error(t, err)
	assert.False(t, permanent(err))
	assert.Len(t, box.Letters(), 2)
}

func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "relay"}, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

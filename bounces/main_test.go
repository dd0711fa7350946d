package bounces_test

import (
	"context"
	"strings"
	"testing"

	"okey/bounces"
	"okey/config"
	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const lea = "lmartin@ac-nice.fr"

// fixture is a database with people to write to, and the taker of what comes back.
type fixture struct {
	*scene.Scene
	taker   *bounces.Taker
	address mail.BounceAddress
	figures *prometheus.Registry
	person  okey.Person
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	s := scene.New(t)
	address, err := mail.NewBounceAddress("retours@ac-exemple.fr", config.NewKeyring())
	require.NoError(t, err)
	f := &fixture{Scene: s, address: address, figures: prometheus.NewRegistry(), person: s.Person("Léa Martin", okey.Staff, scene.Tilleuls)}
	f.taker = bounces.NewTaker(s.Store, address, f.figures)
	return f
}

// mail is one that the relay has taken.
func (f *fixture) mail() uuid.UUID {
	f.Helper()
	id := uuid.New()
	_, err := f.Store.QueueMail(context.Background(), sql.NewMail{
		ID: id, Kind: okey.MailPINChanged, Person: f.person.ID, Address: lea, Issue: 1, MessageID: "<" + id.String() + "@okey.ac-exemple.fr>",
		At: scene.Now, Title: "Votre code PIN a changé",
	})
	require.NoError(f, err)
	require.NoError(f, f.Store.MailWasSent(context.Background(), id, "Votre code PIN a changé", scene.Now))
	return id
}

func (f *fixture) state(id uuid.UUID) string {
	f.Helper()
	return f.Text(`SELECT state FROM mail WHERE id = $1`, id)
}

// counted is how many messages had an outcome.
func (f *fixture) counted() map[string]int {
	f.Helper()
	families, err := f.figures.Gather()
	require.NoError(f, err)
	counted := map[string]int{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			counted[metric.GetLabel()[0].GetValue()] = int(metric.GetCounter().GetValue())
		}
	}
	return counted
}

// report is what a server writes of a mail: to whom it came back, of whom, and what became of it.
func report(to, action, status string) string {
	return lines(
		"From: MAILER-DAEMON@relais.ac-exemple.fr", "To: "+to, "Subject: Undelivered Mail Returned to Sender", "Auto-Submitted: auto-replied",
		"MIME-Version: 1.0", "Content-Type: multipart/report; report-type=delivery-status; boundary=b", "",
		"--b", "Content-Type: text/plain", "", "Your message could not be delivered.",
		"--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; relais.ac-exemple.fr", "",
		"Final-Recipient: rfc822; "+lea, "Action: "+action, "Status: "+status, "",
		"--b", "Content-Type: text/rfc822-headers", "", "Subject: Votre code PIN", "", "--b--",
	)
}

// notice is what somebody's absence answers.
func notice(to string) string {
	return lines("From: "+lea, "To: "+to, "Subject: Absente", "Auto-Submitted: auto-replied (vacation)", "", "Je reviens le 30.", "Status: 5.1.1")
}

func lines(of ...string) string { return strings.Join(of, "\r\n") + "\r\n" }

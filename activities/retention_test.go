package activities_test

import (
	"context"
	"testing"
	"time"

	"okey/activities"
	"okey/config"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (c *fixture) retain(at time.Time) okey.RetentionReport {
	c.Helper()
	report, err := activities.NewRetention(c.Store, 0).Retain(context.Background(), okey.RetentionInput{At: at})
	require.NoError(c, err)
	return report
}

// months after the scene's now, and a day.
func (c *fixture) later(months int) time.Time { return c.now.AddDate(0, months, 1) }

// handed is a request of Léa's that has ended with a key in her hands.
func (c *fixture) handed() (uuid.UUID, okey.Serial) {
	c.Helper()
	request, serial := c.until(okey.AwaitingHandover)
	require.True(c, c.act(c.roux, request, okey.Handover, okey.Content{Serial: serial}).Accepted)
	return request, serial
}

func TestWhatIsWrittenOfARequestIsForgottenAYearAfterItsEnd(t *testing.T) {
	c := newFixture(t)
	request, serial := c.handed()
	require.True(t, c.change(c.roux, serial, okey.ReasonLost).Accepted)
	written := `SELECT (SELECT count(*) FROM request WHERE need <> '')
		+ (SELECT count(*) FROM action WHERE content ? 'need' OR content ? 'comment')
		+ (SELECT count(*) FROM key_event WHERE comment <> '')`
	before := c.Count(written)
	require.Positive(t, before)
	c.retain(c.now.AddDate(0, 12, -1))
	assert.Equal(t, before, c.Count(written), "not a day too early")
	report := c.retain(c.later(12))
	assert.Zero(t, c.Count(written))
	assert.GreaterOrEqual(t, report.Ended[okey.KeptTexts], before)
	assert.Equal(t, okey.HandedOver, c.Request(request).Stage, "the request itself stays")
	assert.NotZero(t, c.Request(request).Charter, "and what was signed")
}

func TestAnOpenRequestKeepsItsTexts(t *testing.T) {
	c := newFixture(t)
	request, v := c.ask(c.lea, okey.FirstKey)
	require.True(t, v.Accepted)
	c.retain(c.later(40))
	assert.NotEmpty(t, c.Request(request).Need)
	assert.NotEmpty(t, c.Text(`SELECT content->>'need' FROM action`))
}

func TestARequestIsRemovedOnceItsKeyIsBack(t *testing.T) {
	c := newFixture(t)
	request, serial := c.handed()
	c.retain(c.later(36))
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM request`), "she has the key that she signed for")
	require.True(t, c.change(c.roux, serial, okey.ReasonReturn).Accepted)
	report := c.retain(c.later(36))
	assert.Equal(t, 1, report.Ended[okey.KeptRequests])
	for _, table := range []string{"request", "timeline"} {
		assert.Zero(t, c.Count(`SELECT count(*) FROM `+table), table)
	}
	assert.Zero(t, c.Count(`SELECT count(*) FROM action WHERE request = $1`, request))
	_, err := c.Store.VerifyAudit(context.Background())
	require.NoError(t, err, "the chain is whole")
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM audit WHERE subject = 'retention:requests'`))
}

func TestWhoeverLeftIsANumberAYearLater(t *testing.T) {
	c := newFixture(t)
	_, serial := c.handed()
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	name := func() string { return c.Text(`SELECT family_name FROM person WHERE id = $1`, c.lea.ID) }
	c.retain(c.now)
	c.retain(c.later(24))
	assert.Equal(t, "Martin", name(), "she still has a key")
	require.True(t, c.change(c.roux, serial, okey.ReasonReturn).Accepted)
	c.retain(c.later(24))
	c.retain(c.later(30))
	assert.Equal(t, "Martin", name(), "half a year after it came back")
	c.Exec(`INSERT INTO mail (id, kind, ref, person, address, message_id, state, error, created_at) VALUES (gen_random_uuid(), 'pin_changed', 1,
		$1, $2, '<1@okey.invalid>', 'failed', '550 5.1.1 ' || $2, $3)`, c.lea.ID, c.lea.Mail, c.later(36))
	c.retain(c.later(36).AddDate(0, 0, 2))
	assert.Empty(t, name())
	assert.Empty(t, c.Text(`SELECT mail FROM person WHERE id = $1`, c.lea.ID))
	assert.Empty(t, c.Text(`SELECT address || error FROM mail WHERE person = $1`, c.lea.ID), "servers quote addresses")
	assert.Equal(t, "efface:"+c.lea.ID.String(), c.Text(`SELECT uid FROM person WHERE id = $1`, c.lea.ID))
	for _, p := range []okey.Person{c.roux, c.blanc} {
		assert.NotEmpty(t, c.Text(`SELECT family_name FROM person WHERE id = $1`, p.ID), "the direction is there as ever")
	}
}

func TestWhoeverComesBackInTimeIsKept(t *testing.T) {
	c := newFixture(t)
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	c.retain(c.now)
	c.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'import', now())`,
		c.lea.ID, scene.Acacias)
	c.retain(c.later(6))
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	c.retain(c.later(13))
	assert.Equal(t, "Martin", c.Text(`SELECT family_name FROM person WHERE id = $1`, c.lea.ID), "the year begins anew")
}

func TestMailsLinksTokensAndWorkbooksHaveTheirTime(t *testing.T) {
	c := newFixture(t)
	request, v := c.ask(c.lea, okey.FirstKey)
	require.True(t, v.Accepted)
	sent, err := c.Store.QueueMail(t.Context(), sql.NewMail{
		ID: uuid.New(), Request: request, Kind: okey.MailAsked, Ref: 1, Person: c.roux.ID, Address: c.roux.Mail, MessageID: "<1@okey>",
		At: c.now,
	})
	require.NoError(t, err)
	require.NoError(t, c.Store.MailWasSent(t.Context(), sent.ID, "Une demande", c.now))
	link := okey.Link{Request: request, Person: c.roux.ID, Purpose: okey.LinkDecision, Issue: 1, Since: c.now}
	require.NoError(t, c.Store.SaveLink(t.Context(), link.Token(config.NewKeyring()), link, c.now.AddDate(0, 0, 30), c.now))
	c.Exec(`INSERT INTO api_token (hash, service, created_at, expires_at) VALUES ('x', 's', $1, $1)`, c.now)
	c.Exec(
		`INSERT INTO order_export (id, at, orders, keys, file_name, workbook, sha256) VALUES (gen_random_uuid(), $1, 1, 1, 'x', 'PK', 'y')`,
		c.now,
	)
	require.Positive(t, c.Count(`SELECT count(*) FROM link`))
	c.retain(c.later(13))
	assert.Positive(t, c.Count(`SELECT count(*) FROM mail`), "the request is open")
	assert.Zero(t, c.Count(`SELECT count(*) FROM link`))
	assert.Zero(t, c.Count(`SELECT count(*) FROM api_token`))
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM order_export WHERE length(workbook) > 0`))
	require.True(t, c.act(c.lea, request, okey.Withdrawal, okey.Content{}).Accepted)
	c.retain(c.later(36))
	assert.Zero(t, c.Count(`SELECT count(*) FROM mail`))
	assert.Zero(t, c.Count(`SELECT count(*) FROM order_export WHERE length(workbook) > 0`))
}

// The table is what people are told: each line that has a time is done, and nothing else is.
func TestTheTableOfWhatIsKeptIsWhatIsDone(t *testing.T) {
	c := newFixture(t)
	for _, k := range okey.Keepings() {
		assert.NotEmpty(t, k.What)
		assert.NotEmpty(t, k.Why)
		assert.NotEmpty(t, k.Then)
		assert.Equal(t, k.Months > 0, k.Data != "", k.What)
		assert.Equal(t, k.Months > 0, k.Since != "", k.What)
		assert.Equal(t, k.Months == 0, k.Until != "", k.What)
		if k.Data != "" {
			n, err := c.Store.Retain(context.Background(), k.Data, c.now, c.now)
			require.NoError(t, err, "%s", k.Data)
			assert.Zero(t, n)
		}
	}
}

func TestASignersNameGoesWithThePersonThoughWhatWasSignedStays(t *testing.T) {
	c := newFixture(t)
	request, serial := c.handed()
	require.True(t, c.change(c.roux, serial, okey.ReasonReturn).Accepted)
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	c.retain(c.now)
	signer := func() string {
		return c.Text(`SELECT signer_name || '/' || signer_uid FROM request WHERE id = $1`, request)
	}
	c.retain(c.later(11))
	assert.Equal(t, "Léa Martin/"+c.lea.UID, signer())
	c.retain(c.later(13))
	assert.Equal(t, "/", signer())
	signed, err := c.Store.Signature(context.Background(), request)
	require.NoError(t, err)
	assert.True(t, signed.Intact())
	assert.Equal(t, "Collège des Tilleuls", signed.School)
}

func TestCountsOfGuessesAreForgotten(t *testing.T) {
	c := newFixture(t)
	_, err := c.Store.CountAttempt(context.Background(), okey.AttemptLink, []byte("somewhere"), c.now)
	require.NoError(t, err)
	c.retain(c.now.AddDate(0, 1, -1))
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM attempt`))
	c.retain(c.later(1))
	assert.Zero(t, c.Count(`SELECT count(*) FROM attempt`))
}

func TestTrialsOfKeysAreForgotten(t *testing.T) {
	c := newFixture(t)
	serial := c.Key(scene.Tilleuls)
	require.NoError(t, c.Store.RecordTrial(context.Background(), okey.Trial{
		ID: uuid.New(), Key: serial, By: c.lea.ID, At: c.now, Outcome: okey.TrialAccepted,
	}))
	c.retain(c.now.AddDate(0, 1, -1))
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM key_trial`))
	c.retain(c.later(1))
	assert.Zero(t, c.Count(`SELECT count(*) FROM key_trial`))
}

// Nothing happens to whose function ends by its date, and nobody else is looked at in vain: each night looks at those of whom something has
// changed, and at those whose day has come.
func TestANightLooksAtThoseAloneOfWhomSomethingHasChanged(t *testing.T) {
	c := newFixture(t)
	idle := `SELECT count(*) FROM person WHERE id = $1 AND idle_since IS NOT NULL`
	c.Exec(`UPDATE assignment SET until = $2 WHERE person = $1`, c.lea.ID, okey.DayOf(c.now, time.UTC).AddDays(10).String())
	c.retain(c.now)
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM person_look`), "Léa's day")
	assert.Zero(t, c.Count(idle, c.lea.ID))
	c.retain(c.now.AddDate(0, 0, 10))
	assert.Zero(t, c.Count(idle, c.lea.ID), "her last")
	c.retain(c.now.AddDate(0, 0, 11))
	assert.Equal(t, 1, c.Count(idle, c.lea.ID))
	assert.Zero(t, c.Count(`SELECT count(*) FROM person_look`))
	c.Exec(`UPDATE assignment SET until = NULL WHERE person = $1`, c.lea.ID)
	c.retain(c.now.AddDate(0, 0, 12))
	assert.Zero(t, c.Count(idle, c.lea.ID), "back")
	c.Exec(`UPDATE person SET idle_since = $1 WHERE id = $2`, c.now, c.roux.ID)
	c.retain(c.now.AddDate(0, 0, 13))
	assert.Equal(t, 1, c.Count(idle, c.roux.ID), "of whom nothing was said nobody asked")
}

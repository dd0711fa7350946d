package activities_test

import (
	"context"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (c *fixture) publish(text string) okey.Charter {
	c.Helper()
	var published okey.Charter
	err := c.Store.Do(context.Background(), func(tx *sql.Tx) (err error) {
		published, err = tx.PublishCharter(context.Background(), text, c.now)
		return err
	})
	require.NoError(c, err)
	return published
}

func TestWhatWasSignedStaysWhatWasSigned(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingHandover)
	c.now = c.now.Add(time.Hour)
	assert.Equal(t, 2, c.publish("Charte nouvelle.").Version)
	signed, err := c.Store.Signature(context.Background(), request)
	require.NoError(t, err)
	assert.Equal(t, okey.FirstCharter, signed.Charter.Text)
	assert.Equal(t, okey.CharterSum(okey.FirstCharter), signed.SHA256)
	assert.Equal(t, scene.Now, signed.At)
	assert.Equal(t, c.now, signed.Charter.ReplacedAt)
	assert.True(t, signed.Intact())
	assert.Equal(t, []any{"Léa Martin", c.lea.UID, "Collège des Tilleuls", scene.Tilleuls, scene.Now, false},
		[]any{signed.Name, signed.UID, signed.School, signed.UAI, signed.NotedAt, signed.NamedLater()})
	assert.Equal(t, signed.SHA256, c.Text(
		`SELECT split_part(detail, ':', 1) FROM audit WHERE event = 'charter_signed' AND subject = $1 AND actor = $2`,
		sql.AboutRequest(request), c.lea.ID,
	), "in the audit, too, who signed what")

	for _, change := range []string{
		`UPDATE request SET charter = 2`, `UPDATE request SET charter_sha256 = 'x'`, `UPDATE request SET signed_at = now()`,
		`UPDATE request SET charter = NULL, charter_sha256 = NULL, signed_at = NULL`,
		`UPDATE request SET person = '` + c.roux.ID.String() + `'`,
		`UPDATE request SET signer_name = 'Marc Roux'`, `UPDATE request SET signer_uid = 'mroux'`, `UPDATE request SET signer_name = ''`,
		`UPDATE request SET signer_name = NULL, signer_uid = NULL`,
		`UPDATE request SET signed_school = ''`, `UPDATE request SET signed_uai = NULL`, `UPDATE request SET signer_noted_at = now()`,
	} {
		_, err := c.Store.DB().ExecContext(context.Background(), change)
		assert.ErrorContains(t, err, "never rewritten", change)
	}
}

func TestARequestThatIsBackAtItsCharterIsSignedAnew(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingHandover)
	c.now = c.now.Add(time.Hour)
	c.publish("Charte nouvelle.")
	sign := func() error {
		return c.Store.Do(
			context.Background(), func(tx *sql.Tx) error { return tx.Sign(context.Background(), request, 2, c.now, c.lea.ID, okey.ViaWeb) },
		)
	}
	require.ErrorContains(t, sign(), "never rewritten")
	c.Exec(`UPDATE request SET stage = 'awaiting_charter'`)
	require.NoError(t, sign())
	signed, err := c.Store.Signature(context.Background(), request)
	require.NoError(t, err)
	assert.Equal(t, 2, signed.Charter.Version)
	assert.True(t, signed.Intact())
}

func TestASignatureIsKeptAsLongAsItsKeyIsHeld(t *testing.T) {
	c := newFixture(t)
	request, serial := c.handed()
	c.retain(c.later(36))
	signed, err := c.Store.Signature(context.Background(), request)
	require.NoError(t, err)
	assert.True(t, signed.Intact())
	require.True(t, c.change(c.roux, serial, okey.ReasonReturn).Accepted)
	c.retain(c.later(35))
	_, err = c.Store.Signature(context.Background(), request)
	require.NoError(t, err, "three years from the end of the request")
	c.retain(c.later(36))
	_, err = c.Store.Signature(context.Background(), request)
	assert.Equal(t, okey.CodeNotFound, okey.ErrorCode(err))
}

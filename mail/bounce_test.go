package mail_test

import (
	"strings"
	"testing"

	"okey/config"
	"okey/mail"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func returns(t require.TestingT, keys config.Keyring) mail.BounceAddress {
	address, err := mail.NewBounceAddress("retours@ac-exemple.fr", keys)
	require.NoError(t, err)
	return address
}

var ids = rapid.Custom(func(t *rapid.T) (id uuid.UUID) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	return id
})

// Relays may write an address in other capitals; nobody can make one, or turn one into that of another mail.
func TestAMailIsKnownByItsEnvelopeSenderAlone(t *testing.T) {
	keys := config.NewKeyring()
	address := returns(t, keys)
	rapid.Check(t, func(t *rapid.T) {
		id := ids.Draw(t, "mail")
		sender := address.Of(id)
		for _, written := range []string{sender, strings.ToUpper(sender), strings.ToLower(sender)} {
			found, ours := address.Mail(written)
			require.True(t, ours, written)
			require.Equal(t, id, found)
		}
		local, _, _ := strings.Cut(sender, "@")
		require.LessOrEqual(t, len(strings.Repeat("x", 21-len("retours"))+local), 64)

		at := rapid.IntRange(len("retours+"), len(local)-2).Draw(t, "changed") // the last letter has two bits to spare
		other := rapid.SampledFrom([]rune("0123456789abcdefghijklmnopqrstuv")).Filter(func(r rune) bool { return byte(r) != sender[at] }).Draw(t, "to")
		forged := sender[:at] + string(other) + sender[at+1:]
		_, ours := address.Mail(forged)
		require.False(t, ours, forged)
		require.True(t, address.Marked(forged), "it is counted as forged")
	})
}

func TestMarksOutliveTheirKeysTurn(t *testing.T) {
	keys := config.NewKeyring()
	id := uuid.New()
	before := returns(t, keys).Of(id)
	next, err := keys.Rotated()
	require.NoError(t, err)
	found, ours := returns(t, next).Mail(before)
	assert.True(t, ours)
	assert.Equal(t, id, found)
	assert.NotEqual(t, before, returns(t, next).Of(id))
	_, ours = returns(t, config.NewKeyring()).Mail(before)
	assert.False(t, ours, "another installation's")
}

func TestOtherAddressesAreNoMails(t *testing.T) {
	address := returns(t, config.NewKeyring())
	mark, _, _ := strings.Cut(address.Of(uuid.New()), "@")
	for _, other := range []string{
		"", "@", "retours@ac-exemple.fr", "retours+@ac-exemple.fr", "retours+x@ac-exemple.fr", mark, mark + "@ac-autre.fr",
		"x" + mark + "@ac-exemple.fr", mark + "0@ac-exemple.fr", strings.Replace(mark, "+", "-", 1) + "@ac-exemple.fr",
	} {
		_, ours := address.Mail(other)
		assert.False(t, ours, other)
		assert.False(t, address.Marked(other), other)
	}
	none, err := mail.NewBounceAddress("", config.NewKeyring())
	require.NoError(t, err)
	assert.Empty(t, none.Of(uuid.New()), "without one, mails come back to their sender")
	assert.False(t, none.Marked(mark+"@ac-exemple.fr"))
}

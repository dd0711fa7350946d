package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/config"
)

func TestWhereBouncesComeFrom(t *testing.T) {
	environ := complete()
	environ["OKEY_BOUNCE_ADDRESS"], environ["OKEY_BOUNCE_LISTEN"] = "retours@ac-exemple.fr", "lmtp://0.0.0.0:2424"
	environ["OKEY_BOUNCE_IMAP_URL"] = "imaps://okey:mot%40passe@courriel.ac-exemple.fr/Retours"
	c, err := config.Load(environ)
	require.NoError(t, err)
	assert.Equal(t, config.ListenURL{Protocol: "lmtp", Address: "0.0.0.0:2424"}, c.Bounces())
	assert.Equal(t, config.IMAPURL{
		Host: "courriel.ac-exemple.fr", Port: 993, TLS: true, User: "okey", Password: "mot@passe", Folder: "Retours",
	}, c.BounceIMAP)
	assert.Equal(t, "OKEY", c.BounceDoneFolder)
	box, err := config.ParseIMAPURL("imap://okey:x@127.0.0.1:1143")
	require.NoError(t, err)
	assert.Equal(t, config.IMAPURL{Host: "127.0.0.1", Port: 1143, User: "okey", Password: "x", Folder: "INBOX"}, box)
}

func TestBouncesThatNobodyWouldReadAreNamed(t *testing.T) {
	const address, listen, imap = "OKEY_BOUNCE_ADDRESS", "OKEY_BOUNCE_LISTEN", "OKEY_BOUNCE_IMAP_URL"
	for _, c := range []struct {
		name, value string
		wrong, says string
	}{
		{address, "", address, "manque"},
		{address, "retours", address, "n'est pas une adresse de retour"},
		{address, "OKEY <retours@ac-exemple.fr>", address, "n'est pas une adresse de retour"},
		{address, "retours+okey@ac-exemple.fr", address, "sans « + »"},
		{address, "retours-des-courriels-d-okey@ac-exemple.fr", address, "21 signes au plus"},
		{listen, "", address, "personne n'y lirait ce qui revient"},
		{listen, "127.0.0.1:2424", listen, "lmtp://"},
		{listen, "lmtp://", listen, "lmtp://"},
		{listen, "lmtp://127.0.0.1", listen, "hôte:port"},
		{listen, "pop3://127.0.0.1:110", listen, "lmtp://"},
		{imap, "https://okey:motdepasse@ac-exemple.fr", imap, "imaps://"},
		{imap, "imaps://ac-exemple.fr", imap, "ne dit pas"},
		{imap, "imaps://okey:motdepasse@ac-exemple.fr:0", imap, "port"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			environ := complete()
			environ[address], environ[listen] = "retours@ac-exemple.fr", "lmtp://127.0.0.1:2424"
			environ[c.name] = c.value
			_, err := config.Load(environ)
			var problems config.Problems
			require.ErrorAs(t, err, &problems)
			require.Len(t, problems, 1)
			assert.Equal(t, c.wrong, problems[0].Name)
			assert.Contains(t, problems.Error(), c.says)
			assert.NotContains(t, problems.Error(), "motdepasse")
		})
	}
}

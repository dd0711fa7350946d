package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/config"
	"okey/okey"
)

func TestTheDoctorSaysWhereMailsComeBackTo(t *testing.T) {
	const address = "retours@ac-exemple.fr"
	for said, cfg := range map[string]config.Config{
		"à l'expéditeur, où OKEY ne les lit pas (OKEY_BOUNCE_ADDRESS)": {},
		"à retours@ac-exemple.fr, reçus par le worker":                 {BounceAddress: address, BounceListen: "lmtp://127.0.0.1:2424"},
	} {
		told, err := (&doctor{cfg: &cfg}).bounces(t.Context())
		require.NoError(t, err)
		assert.Equal(t, said, told)
	}
	closed := config.IMAPURL{Host: "127.0.0.1", Port: 1, User: "okey", Password: "x", Folder: "INBOX"}
	_, err := (&doctor{cfg: &config.Config{BounceAddress: address, BounceIMAP: closed}}).bounces(t.Context())
	assert.Equal(t, "leur boîte ne s'ouvre pas : vérifiez OKEY_BOUNCE_IMAP_URL.", okey.ErrorMessage(err))
}

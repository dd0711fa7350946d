package config_test

import (
	"testing"

	"okey/config"

	"github.com/stretchr/testify/assert"
)

func TestAMisspeltSettingIsToldWithWhatWasMeant(t *testing.T) {
	environ := complete()
	assert.Empty(t, config.Misspelt(environ))
	environ["OKEY_LINK_KEYS_FILE"], environ["OKEY_BACKUP_FOLDER"], environ["SMPT_URL"] = "a secret's file", "compose's own", "not ours"
	assert.Empty(t, config.Misspelt(environ))
	environ["OKEY_SMPT_URL"], environ["OKEY_LDAP_PASWORD_FILE"] = "smtp://relais", "/run/secrets/x"
	assert.Equal(t, []string{
		"OKEY_LDAP_PASWORD_FILE n'est pas un réglage, et n'a aucun effet : écrivez OKEY_LDAP_PASSWORD_FILE.",
		"OKEY_SMPT_URL n'est pas un réglage, et n'a aucun effet : écrivez OKEY_SMTP_URL.",
	}, config.Misspelt(environ))
}

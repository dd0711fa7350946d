package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAShellReadsTheEnvironmentAsItWasMeant(t *testing.T) {
	for _, value := range []string{
		"", "127.0.0.1:8080", "Commande de clés OTP", "Académie d'Aix-Marseille", "https://tickets.example/?produit={produit}&objet={objet}", "OKEY <okey@ac-exemple.fr>",
		"ab'c$d", "L'académie `id` $HOME \"x\" \\e", `a\b`,
	} {
		read, err := exec.Command("sh", "-c", variable{"V", value}.line()+`printf %s "$V"`).Output()
		require.NoError(t, err, value)
		assert.Equal(t, value, string(read))
	}
	assert.Equal(t, "V=Fil@os\n", variable{"V", "Fil@os"}.line(), "bare where it can be")
	database := "postgres://okey_app:0123@127.0.0.1:45589/okey?sslmode=disable"
	assert.Equal(t, "V="+database+"\n", variable{"V", database}.line(), "bare where it can be")
}

func TestAFolderWithoutItsDatabaseIsRefused(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, databaseIsThere(dir), "a first start")
	require.NoError(t, os.WriteFile(secretsFile(dir), nil, 0o600))
	require.ErrorContains(t, databaseIsThere(dir), "une base a servi ici")
	require.NoError(t, os.Mkdir(databaseDir(dir), 0o700))
	require.NoError(t, databaseIsThere(dir))
}

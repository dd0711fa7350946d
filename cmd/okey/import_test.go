package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/config"
	"okey/internal/pgtest"
	"okey/okey"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestImportEndsWithoutErrorOnlyIfNothingWasWrong(t *testing.T) {
	cfg, err := config.Load(map[string]string{
		"OKEY_DATABASE_URL": pgtest.New(t).AppURL, "OKEY_AUDIT_KEYS": "1:" + strings.Repeat("0123456789abcdef", 4),
	})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "etablissements.csv")
	run := func(content string) error {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return (&ImportEstablishments{File: path}).Run(t.Context(), &cfg)
	}
	const header = "numero_uai;appellation_officielle;nature_uai;etat_etablissement;code_academie;secteur_prive_code_type_contrat\n"
	assert.NoError(t, run(header+"0060001U;Collège;340;1;23;99\n0060005Y;École;151;1;23;99\n"))
	assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(run(header+"0060001V;Collège;340;1;23;99\n")))
	assert.ErrorContains(t, run("a;b\n1;2\n"), "numero_uai")
	require.NoError(t, os.Remove(path))
	assert.ErrorContains(t, (&ImportKeys{File: path}).Run(t.Context(), &cfg), "ne s'ouvre pas")
	assert.ErrorContains(t, (&ImportStaff{File: filepath.Dir(path)}).Run(t.Context(), &cfg), "n'est pas un fichier")
}

func TestProgressBarShowsThePartAndStaysSilentWithoutATerminal(t *testing.T) {
	var drawn strings.Builder
	bar := &progressBar{out: &drawn}
	bar.show("Lecture", 50, 100)
	bar.last = time.Time{}
	bar.show("Lecture", 1234, 0)
	bar.show("Enregistrement", 0, 0)
	bar.clear()
	assert.Contains(t, drawn.String(), "50 %")
	assert.Contains(t, drawn.String(), "ligne 1234")
	assert.Contains(t, drawn.String(), "Enregistrement…")
	(&progressBar{}).show("Lecture", 1, 2)
}

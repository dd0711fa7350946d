package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever looks for why a door stays shut asks openssl: a certificate that is called as its authority looks self-signed to it.
func TestOpensslFindsTheDoorsCertificatesGood(t *testing.T) {
	made, err := NewDoor(time.Now())
	require.NoError(t, err)
	dir := t.TempDir()
	for name, text := range made {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for _, name := range []string{"engine_server_cert", "engine_client_cert"} {
		said, err := exec.CommandContext(t.Context(), "openssl", "verify", "-CAfile", filepath.Join(dir, "engine_ca"), filepath.Join(dir, name)).CombinedOutput()
		assert.NoError(t, err, "%s", said)
	}
}

package config_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"okey/config"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each failure is a real one, as the system gives it.
func TestWhatTheMachineAnswersIsSaidInFrench(t *testing.T) {
	dir := t.TempDir()
	open := func(path string) error {
		_, err := os.ReadFile(path)
		return err
	}
	file := filepath.Join(dir, "fichier")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	dial := func(address string) error {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = connection.Close()
		}
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, taken := net.Listen("tcp", l.Addr().String())
	require.NoError(t, l.Close())
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	get := func(url string) error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = answer.Body.Close()
		}
		return err
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	ended, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for said, err := range map[string]error{
		"il n'existe pas":  open(filepath.Join(dir, "absent")),
		"c'est un dossier": open(dir),
		"une partie de ce chemin n'est pas un dossier":      open(filepath.Join(file, "x")),
		"ce nom est trop long":                              open(filepath.Join(dir, fmt.Sprintf("%0300d", 1))),
		"rien n'écoute à cette adresse":                     dial(l.Addr().String()),
		"cette adresse est déjà prise":                      taken,
		"pas de réponse à temps":                            ended.Err(),
		"le nom « okey.invalid » ne désigne aucune machine": &net.DNSError{Name: "okey.invalid", IsNotFound: true},
		"son certificat n'est pas reconnu":                  get(secure.URL),
		"ce nom ne désigne aucune machine":                  errors.New(`desc = "dial tcp: lookup moteur: no such host"`),
		"accès refusé":                                      fmt.Errorf("open: %w", os.ErrPermission),
		"détail technique : quite another matter":           errors.New("quite another\n matter"),
	} {
		require.Error(t, err, said)
		assert.Equal(t, said, config.Cause(err))
		assert.Equal(t, said, config.Cause(fmt.Errorf("%w", err)), "wrapped")
	}
}

package idp

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// keys sign tokens. They outlive restarts, so that a client need not fetch them anew.
type keys struct {
	id     string
	rsa    *rsa.PrivateKey
	crypto [32]byte
}

const keyType = "PRIVATE KEY"

func loadKeys(dir string) (keys, error) {
	path := filepath.Join(dir, "signing.pem")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		text, err = makeKey(path)
	}
	if err != nil {
		return keys{}, fmt.Errorf("the provider's signing key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != keyType {
		return keys{}, fmt.Errorf("the provider's signing key: %s holds none", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return keys{}, fmt.Errorf("the provider's signing key: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return keys{}, fmt.Errorf("the provider's signing key: %s holds a %T", path, parsed)
	}
	id := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return keys{id: hex.EncodeToString(id[:8]), rsa: key, crypto: sha256.Sum256(block.Bytes)}, nil
}

// makeKey writes the file whole or not at all.
func makeKey(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: keyType, Bytes: der})
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return nil, err
	}
	return text, os.Rename(path+".new", path)
}

// SignatureAlgorithm is the one every client knows.
func (k keys) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

// Key is the private half.
func (k keys) Key() any { return k.rsa }

// ID follows from the key, so that a new key has a new one.
func (k keys) ID() string { return k.id }

// public is the half that clients fetch.
type public struct{ keys }

// Algorithm is the one every client knows.
func (p public) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }

// Use is signing.
func (p public) Use() string { return "sig" }

// Key is what clients verify with.
func (p public) Key() any { return &p.rsa.PublicKey }

var (
	_ op.SigningKey = keys{}
	_ op.Key        = public{}
)

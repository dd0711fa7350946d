package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"okey"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// pinParameters are OWASP's for argon2id with little memory (19 MiB, two passes, one lane): a PIN is short whatever the cost, the pepper is
// what keeps a stolen database mute.
var pinParameters = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hashPIN is all that is ever stored of a PIN: "v<version of the pepper>" before argon2id over HMAC-SHA-256.
func (s *Server) hashPIN(pin string) (string, error) {
	version, pepper := s.cfg.PINPeppers.Current()
	hash, err := argon2id.CreateHash(pepperedPIN(pepper, pin), &pinParameters)
	if err != nil {
		return "", fmt.Errorf("hash a PIN: %w", err)
	}
	return fmt.Sprintf("v%d%s", version, hash), nil
}

func pepperedPIN(pepper []byte, pin string) string {
	mac := hmac.New(sha256.New, pepper)
	mac.Write([]byte(pin))
	return hex.EncodeToString(mac.Sum(nil))
}

// seal makes the row of a wish.
func (s *Server) seal(actor okey.Actor, w wish) (okey.Action, error) {
	a := okey.Action{
		ID: w.Action, Request: w.Request, Key: w.Key, Name: w.Name, By: actor.ID, Via: w.Via, Content: w.Content, CreatedAt: time.Now().UTC(),
	}
	version, pepper := s.cfg.PINPeppers.Current()
	digest, err := digest(version, pepper, w)
	if err != nil {
		return a, err
	}
	a.Digest = digest
	if w.PIN != "" {
		a.PINHash, err = s.hashPIN(w.PIN)
	}
	return a, err
}

// sealedAlike tells whether a wish has the content of a recorded action. A pepper replaced since still serves here; one that was removed
// makes every content look different.
func (s *Server) sealedAlike(recorded okey.Action, w wish) (bool, error) {
	if len(recorded.Digest) < 4 {
		return false, nil
	}
	version := int(binary.BigEndian.Uint32(recorded.Digest))
	pepper := s.cfg.PINPeppers.Get(version)
	if pepper == nil {
		return false, nil
	}
	now, err := digest(version, pepper, w)
	return err == nil && hmac.Equal(recorded.Digest, now), err
}

// digest tells a repeat from a reuse: an HMAC over content and PIN, after the version of its key. The PIN enters it through argon2id too,
// salted with the action's id: the digest outlives the hash, and must be no quicker way to a PIN.
func digest(version int, pepper []byte, w wish) ([]byte, error) {
	content, err := json.Marshal(w.Content)
	if err != nil {
		return nil, fmt.Errorf("write an action's content: %w", err)
	}
	mac := hmac.New(sha256.New, pepper)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(content))))
	mac.Write(content)
	if w.PIN != "" {
		p := pinParameters
		mac.Write(argon2.IDKey([]byte(pepperedPIN(pepper, w.PIN)), w.Action[:], p.Iterations, p.Memory, p.Parallelism, p.KeyLength))
	}
	return mac.Sum(binary.BigEndian.AppendUint32(nil, uint32(version))), nil
}

package act

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"okey/config"
	"okey/okey"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"golang.org/x/crypto/argon2"
)

// pinParameters are OWASP's for argon2id with the least memory (Password Storage Cheat Sheet: 7 MiB, five passes, one lane, as good as
// formerParameters): half the time of these where several PINs are set at once, for caches hold it, and a third of the garbage. A PIN is
// short whatever the cost: the pepper is what keeps a stolen database mute.
var (
	pinParameters    = argon2id.Params{Memory: 7 * 1024, Iterations: 5, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	formerParameters = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
)

// hashPIN is all that is ever stored of a PIN: "v<version of the pepper>p" before argon2id over HMAC-SHA-256, which covers whose it is:
// copied in the database to another person's key, it opens nothing. The salt comes from the action's id, under the pepper: as unlike
// another as a random one, but the same where the same action comes again, so that one costly hash serves key and digest.
func hashPIN(version int, pepper []byte, action uuid.UUID, person okey.PersonID, pin string) string {
	return hashPINWith(pinParameters, version, pepper, action, person, pin)
}

func hashPINWith(p argon2id.Params, version int, pepper []byte, action uuid.UUID, person okey.PersonID, pin string) string {
	salt := keyed(pepper, "pin salt", action[:])[:p.SaltLength]
	hash := argon2.IDKey([]byte(pepperedPIN(pepper, person, pin)), salt, p.Iterations, p.Memory, p.Parallelism, p.KeyLength)
	return fmt.Sprintf("v%d"+ofPerson+"$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", version, argon2.Version, p.Memory, p.Iterations, p.Parallelism,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash))
}

// ofPerson follows the version of the pepper where a hash covers its person; one from before that does not, until its PIN is typed again.
const ofPerson = "p"

// pepperedPIN is what argon2id hashes: whoever checks a PIN makes the same of it. Nobody's is as PINs were once hashed.
func pepperedPIN(pepper []byte, person okey.PersonID, pin string) string {
	if person == (okey.PersonID{}) {
		return hex.EncodeToString(keyed(pepper, "", []byte(pin)))
	}
	return hex.EncodeToString(keyed(pepper, "code of", append(person[:], pin...)))
}

func keyed(key []byte, purpose string, content []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(purpose))
	mac.Write(content)
	return mac.Sum(nil)
}

// seal makes the row of a command.
func (s *Dispatcher) seal(ctx context.Context, actor okey.Actor, cmd Command) (okey.Action, error) {
	if cmd.PIN != "" {
		end, err := s.pinWork.begin(ctx)
		if err != nil {
			return okey.Action{}, err
		}
		defer end()
	}
	return sealed(s.peppers, actor.ID, cmd, time.Now().UTC())
}

// Seal makes the row of a command as if it had come at an instant: what is typed is normalised and sealed as ever, and its judge asks for
// the right to it. For a demonstration's past alone: whoever comes by HTTP is asked first, see Record.
func Seal(peppers config.Keyring, by okey.Person, cmd Command, at time.Time) (okey.Action, error) {
	cmd, err := cmd.identified(okey.Actor{Person: by}).Normalised()
	if err != nil {
		return okey.Action{}, err
	}
	return sealed(peppers, by.ID, cmd, at)
}

func sealed(peppers config.Keyring, by okey.PersonID, cmd Command, at time.Time) (okey.Action, error) {
	a := okey.Action{
		ID:        cmd.Action,
		Request:   cmd.Request,
		Key:       cmd.Key,
		Subject:   cmd.Subject,
		Name:      cmd.Name,
		By:        by,
		Via:       cmd.Via,
		Content:   cmd.Content,
		CreatedAt: at,
	}
	version, pepper := peppers.Current()
	if cmd.PIN != "" {
		a.PINHash = hashPIN(version, pepper, cmd.Action, by, cmd.PIN)
	}
	var err error
	a.Digest, err = digest(version, pepper, cmd.Content, a.PINHash)
	return a, err
}

// sealedAlike tells whether a command has the content of a recorded action. A pepper replaced since still serves here; one that was removed
// makes every content look different. Where there is a PIN in it, looking counts as a try at it: the id of an action is no secret.
func (s *Dispatcher) sealedAlike(ctx context.Context, recorded okey.Action, cmd Command) (bool, error) {
	if len(recorded.Digest) < 4 {
		return false, nil
	}
	version := int(binary.BigEndian.Uint32(recorded.Digest))
	pepper := s.peppers.Get(version)
	if pepper == nil {
		return false, nil
	}
	if cmd.PIN == "" {
		now, err := digest(version, pepper, cmd.Content, "")
		return err == nil && hmac.Equal(recorded.Digest, now), err
	}
	serial, err := s.keyOf(ctx, recorded)
	if err != nil || serial == "" {
		return false, err
	}
	return s.guarded(ctx, serial, func() (bool, error) {
		return sealedWithPIN(recorded, version, pepper, cmd)
	})
}

// sealedWithPIN is sealedAlike for a PIN: an action that was recorded before an upgrade may come again after it.
func sealedWithPIN(recorded okey.Action, version int, pepper []byte, cmd Command) (bool, error) {
	for _, p := range []argon2id.Params{pinParameters, formerParameters} {
		now, err := digest(version, pepper, cmd.Content, hashPINWith(p, version, pepper, cmd.Action, recorded.By, cmd.PIN))
		if err != nil || hmac.Equal(recorded.Digest, now) {
			return err == nil, err
		}
	}
	return false, nil
}

// digest tells a repeat from a reuse: an HMAC over content and PIN, after the version of its key. The PIN enters it hashed: the digest
// outlives the hash, and must be no quicker way to a PIN.
func digest(version int, pepper []byte, content okey.Content, pinHash string) ([]byte, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("write an action's content: %w", err)
	}
	text = binary.BigEndian.AppendUint64(text, uint64(len(text)))
	return append(binary.BigEndian.AppendUint32(nil, uint32(version)), keyed(pepper, "action", append(text, pinHash...))...), nil
}

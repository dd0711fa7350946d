package config

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// KeySize is the length of every key, in bytes.
const KeySize = 32

// Keyring is a set of versioned secret keys. The first one written is for new signatures, all serve to verify: a key is
// replaced by putting the new one in front, and removed once nothing that it signed counts any more.
//
// It prints as its versions, never as its keys.
type Keyring struct {
	current int
	keys    map[int][]byte
}

// maxVersion: a link token has one byte for the version of its key.
const maxVersion = 255

// ParseKeyring reads "version:hex[,version:hex...]": versions from 1 to 255, 64 hexadecimal digits each. The error is in
// French and repeats no part of a key.
func ParseKeyring(text string) (Keyring, error) {
	ring := Keyring{keys: make(map[int][]byte)}
	for i, entry := range strings.Split(text, ",") {
		number, digits, ok := strings.Cut(strings.TrimSpace(entry), ":")
		version, err := strconv.Atoi(number)
		if !ok || err != nil || version < 1 || version > maxVersion {
			return Keyring{}, fmt.Errorf("la clef n° %d n'a pas la forme version:clef, version étant un nombre de 1 à 255", i+1)
		}
		key, err := hex.DecodeString(digits)
		if err != nil || len(key) != KeySize {
			return Keyring{}, fmt.Errorf("la clef de version %d n'a pas %d chiffres hexadécimaux", version, 2*KeySize)
		}
		if bytes.Count(key, key[:1]) == len(key) {
			return Keyring{}, fmt.Errorf("la clef de version %d n'est pas tirée au hasard", version)
		}
		if _, twice := ring.keys[version]; twice {
			return Keyring{}, fmt.Errorf("la version %d est donnée deux fois", version)
		}
		ring.keys[version] = key
		if i == 0 {
			ring.current = version
		}
	}
	return ring, nil
}

// NewKeyring makes a ring of one random key, version 1.
func NewKeyring() Keyring {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // never fails, by its contract
	return Keyring{current: 1, keys: map[int][]byte{1: key}}
}

// Rotated is the ring with a new random key before the others. The error, in French, is for a ring whose versions are used up.
func (k Keyring) Rotated() (Keyring, error) {
	highest := slices.Max(append(k.Versions(), 0))
	if highest == maxVersion {
		return Keyring{}, fmt.Errorf("la version %d est la dernière possible : renumérotez les clefs qui ne servent plus", maxVersion)
	}
	next := Keyring{current: highest + 1, keys: maps.Clone(k.keys)}
	next.keys[next.current] = NewKeyring().keys[1]
	return next, nil
}

// Current returns the version and key for new signatures.
func (k Keyring) Current() (version int, key []byte) { return k.current, k.keys[k.current] }

// Get returns the key of a version, nil if the ring has none.
func (k Keyring) Get(version int) []byte { return k.keys[version] }

// Reveal writes the ring in the form that ParseKeyring reads, current key first: for whoever must store it.
func (k Keyring) Reveal() string {
	entries := []string{fmt.Sprintf("%d:%x", k.current, k.keys[k.current])}
	for version, key := range k.keys {
		if version != k.current {
			entries = append(entries, fmt.Sprintf("%d:%x", version, key))
		}
	}
	return strings.Join(entries, ",")
}

// String tells the current version alone.
func (k Keyring) String() string { return fmt.Sprintf("keyring(current %d)", k.current) }

// GoString keeps the keys out of %#v too.
func (k Keyring) GoString() string { return k.String() }

// MarshalText refuses: keys are not to be written by whatever writes structs.
func (k Keyring) MarshalText() ([]byte, error) {
	return nil, errors.New("a keyring is not written out")
}

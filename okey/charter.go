package okey

import (
	"crypto/sha256"
	_ "embed" // the first charter ships with OKEY
	"encoding/hex"
	"time"
)

// Charter is a version of the text that requesters sign. A published version is never edited.
type Charter struct {
	Version     int
	Text        string
	SHA256      string // of Text's bytes in UTF-8, in hexadecimal
	PublishedAt time.Time
	ReplacedAt  time.Time // zero: in force
}

// Signature is what somebody has signed for a key: evidence, kept with the request.
type Signature struct {
	Charter Charter // as it stands today
	SHA256  string  // of the text that was signed, noted at the signing
	At      time.Time

	// Who signed, and at which school, as they were called then. Name and UID are empty once the person is erased.
	Name    string
	UID     string
	UAI     UAI
	School  string
	NotedAt time.Time // of the four: At, or later where the signature is older than their being kept
}

// NamedLater tells whether name and school are not those of the signing, but what was known of them some time after it.
func (s Signature) NamedLater() bool { return s.NotedAt.After(s.At) }

// Intact tells whether the text is still, byte for byte, the one that was signed.
func (s Signature) Intact() bool { return CharterSum(s.Charter.Text) == s.SHA256 }

// FirstCharter is the text that ships with OKEY and is published by the first migrate.
//
//go:embed charter.txt
var FirstCharter string

// CharterSum is the fingerprint kept with each signature.
func CharterSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

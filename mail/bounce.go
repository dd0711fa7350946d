package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	netmail "net/mail"
	"strings"

	"okey/okey"

	"github.com/google/uuid"
)

// BounceAddress is where mails come back to that can't be delivered: each has an envelope sender of its own, bounces+<mark>@domain. The
// mark names the mail and proves that OKEY wrote it: whoever does not have that mail can't report of it. The zero value gives none.
type BounceAddress struct {
	local, domain string
	keys          okey.LinkKeys
}

// A mark is the version of its key, the mail's id and an HMAC-SHA-256 over it, cut to what leaves room in a local part of 64 octets
// (RFC 5321, 4.5.3.1.1). Base32 survives relays that write addresses in small letters.
const (
	markMAC    = 9
	markLength = 42
)

var markText = base32.HexEncoding.WithPadding(base32.NoPadding)

// NewBounceAddress makes it from a bare address; empty gives the zero value. The keys sign.
func NewBounceAddress(address string, keys okey.LinkKeys) (BounceAddress, error) {
	if address == "" {
		return BounceAddress{}, nil
	}
	parsed, err := netmail.ParseAddress(address)
	if err != nil {
		return BounceAddress{}, fmt.Errorf("read the address of bounces: %w", err)
	}
	local, domain, _ := strings.Cut(parsed.Address, "@")
	return BounceAddress{local, domain, keys}, nil
}

// Of is the envelope sender of a mail, a bare address; empty for the zero value.
func (b BounceAddress) Of(mail uuid.UUID) string {
	if b.local == "" {
		return ""
	}
	version, key := b.keys.Current()
	return b.local + "+" + strings.ToLower(markText.EncodeToString(mark(version, key, mail))) + "@" + b.domain
}

func mark(version int, key []byte, mail uuid.UUID) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("okey bounce\x00"))
	mac.Write(mail[:])
	return append(append([]byte{byte(version)}, mail[:]...), mac.Sum(nil)[:markMAC]...)
}

// Marked tells whether an address is made as Of makes them, whoever made this one.
func (b BounceAddress) Marked(address string) bool {
	_, marked := b.markOf(address)
	return marked
}

// Mail is the mail whose envelope sender an address was, in whatever capitals; ok is false where OKEY gave it to none.
func (b BounceAddress) Mail(address string) (mail uuid.UUID, ok bool) {
	text, marked := b.markOf(address)
	if !marked {
		return uuid.Nil, false
	}
	given, err := markText.DecodeString(strings.ToUpper(text))
	if err != nil {
		return uuid.Nil, false
	}
	version := int(given[0])
	key := b.keys.Get(version)
	copy(mail[:], given[1:])
	if key == nil || !hmac.Equal(given, mark(version, key, mail)) {
		return uuid.Nil, false
	}
	return mail, true
}

func (b BounceAddress) markOf(address string) (text string, marked bool) {
	at := strings.LastIndexByte(address, '@')
	if b.local == "" || at < 0 || !strings.EqualFold(address[at+1:], b.domain) {
		return "", false
	}
	base, text, _ := strings.Cut(address[:at], "+")
	return text, strings.EqualFold(base, b.local) && len(text) == markLength
}

package okey

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"time"
)

// AttemptKind is something that strangers may try: to guess, or to fill.
type AttemptKind string

// What is tried.
const (
	AttemptLink  AttemptKind = "link"  // the token of an emailed link
	AttemptProof AttemptKind = "proof" // a fresh sign-in, which serves for one action
	AttemptDraft AttemptKind = "draft" // a form sent without a session, which is kept until its writer has signed in again
)

// AttemptLimit is how many wrong guesses one place may make, and within what time. Past it nothing from there is looked at until that time
// is over.
type AttemptLimit struct {
	Wrong  int
	Within time.Duration
}

var attemptLimits = map[AttemptKind]AttemptLimit{
	AttemptLink:  {Wrong: 30, Within: 10 * time.Minute},
	AttemptDraft: {Wrong: 60, Within: 10 * time.Minute},
}

// Limit is how much guessing is let through.
func (k AttemptKind) Limit() AttemptLimit { return attemptLimits[k] }

// AttemptMark stands for the place that guesses come from: a keyed hash, since who came from where is not to be kept. Whoever has one IPv6
// address has the 2^64 beside it, so a place is a /64 there.
func AttemptMark(kind AttemptKind, from string, keys LinkKeys) []byte {
	if address, err := netip.ParseAddr(from); err == nil {
		if address = address.Unmap().WithZone(""); address.Is6() {
			block, _ := address.Prefix(64) // no error: an IPv6 address has 64 bits
			address = block.Addr()
		}
		from = address.String()
	}
	_, key := keys.Current()
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("okey attempt\x00" + string(kind) + "\x00" + from))
	return mac.Sum(nil)
}

// Attempts are the wrong guesses that one place has made since an instant.
type Attempts struct {
	Wrong int
	Since time.Time
}

// Check answers rate_limited, with RetryAfter, where a place has used up its wrong guesses.
func (l AttemptLimit) Check(a Attempts, at time.Time) error {
	wait := a.Since.Add(l.Within).Sub(at)
	if a.Wrong < l.Wrong || wait <= 0 {
		return nil
	}
	return &Error{
		Code:       CodeRateLimited,
		RetryAfter: wait,
		Message: fmt.Sprintf(
			"Trop d'essais depuis votre réseau : attendez %s. Vous pouvez aussi vous connecter à OKEY : tout ce qui vous attend y est.",
			SayCount(int(wait/time.Minute)+1, "minute"),
		),
	}
}

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
	AttemptTrial AttemptKind = "trial" // a key, with the authentication server
	AttemptDraft AttemptKind = "draft" // a form sent without a session, which is kept until its writer has signed in again
)

// AttemptLimit is how many wrong guesses one place may make, and within what time. Past it nothing from there is looked at until that time
// is over.
type AttemptLimit struct {
	Wrong  int
	Within time.Duration
	Say    string // with how long to wait
}

const tooManyFromThere = "Trop d'essais depuis votre réseau : attendez %s. Vous pouvez aussi vous connecter à OKEY : tout ce qui vous " +
	"attend y est."

var attemptLimits = map[AttemptKind]AttemptLimit{
	AttemptLink:  {Wrong: 30, Within: 10 * time.Minute, Say: tooManyFromThere},
	AttemptDraft: {Wrong: 60, Within: 10 * time.Minute, Say: tooManyFromThere},
	// Right ones count too. Fewer than lock a key with the servers that people have.
	AttemptTrial: {
		Wrong: 5, Within: 10 * time.Minute,
		Say: "Vous avez beaucoup essayé cette clef : attendez %s avant le prochain essai.",
	},
}

// Limit is how much guessing is let through.
func (k AttemptKind) Limit() AttemptLimit { return attemptLimits[k] }

// AttemptMark stands for the place that guesses come from, or for the key that is tried: a keyed hash, since who came from where is not to
// be kept. Whoever has one IPv6 address has the 2^64 beside it, so a place is a /64 there.
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
		Message:    fmt.Sprintf(l.Say, SayCount(int(wait/time.Minute)+1, "minute")),
	}
}

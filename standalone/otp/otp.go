// Package otp reckons what a key shows: time-based one-time passwords (RFC 6238) of six digits, by SHA-1, in steps of 30 seconds. The
// demonstration alone has need of it, for it plays the keys' part. It knows nothing of OKEY.
package otp

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what keys reckon with
	"encoding/binary"
	"fmt"
	"time"
)

// Step is how long a code is shown, in seconds.
const Step = 30

// Code is what a key with this secret shows at an instant.
func Code(secret []byte, at time.Time) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/Step)))
	sum := mac.Sum(nil)
	cut := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[cut:])&0x7fffffff)%1_000_000)
}

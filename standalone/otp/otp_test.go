package otp_test

import (
	"encoding/base32"
	"os/exec"
	"strings"
	"testing"
	"time"

	"okey/standalone/otp"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// RFC 6238, appendix B: the last six of its eight digits.
func TestTheExamplesOfRFC6238(t *testing.T) {
	for seconds, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		assert.Equal(t, code, otp.Code([]byte("12345678901234567890"), time.Unix(seconds, 0)))
	}
}

func TestOathtoolReckonsTheSame(t *testing.T) {
	secret, at := []byte("une clef de démonstration"), time.Now().UTC()
	said, err := exec.CommandContext(t.Context(), "oathtool", "--totp", "-b", "-N", at.Format("2006-01-02 15:04:05 UTC"),
		base32.StdEncoding.EncodeToString(secret)).Output()
	require.NoError(t, err, "apt-get install -y --no-install-recommends oathtool")
	assert.Equal(t, strings.TrimSpace(string(said)), otp.Code(secret, at))
}

package okey_test

import (
	"strings"
	"testing"

	"okey/okey"

	"pgregory.net/rapid"
)

// However a uid is written, it is kept in one way.
func TestAUIDHasOneSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		uid := rapid.StringMatching(`[a-z0-9éàçñü._-]{1,20}`).Draw(t, "uid")
		var written strings.Builder
		for _, c := range uid {
			text := string(c)
			if rapid.Bool().Draw(t, "capital") {
				text = strings.ToUpper(text)
			}
			written.WriteString(text)
		}
		if got := okey.NormalUID(" " + written.String() + "\t"); got != uid {
			t.Fatalf("%q is kept as %q", written.String(), got)
		}
	})
}

package okey_test

import (
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
)

func TestAnyEndOfFourCharactersAndMoreNamesAnExpectedKey(t *testing.T) {
	const key okey.Serial = "DEMO000102"
	for typed, names := range map[string]bool{
		"": false, "102": false, "0102": true, "00102": true, "000102": true, " 000-102 ": true, "o000102": true, "EMO000102": true,
		"DEMO000102": false, "ADEMO000102": false, "0103": false, "DEMO": false, // the whole number is no end of it, and needs none
	} {
		assert.Equal(t, names, key.EndsLike(typed), "%q", typed)
	}
	assert.False(t, okey.Serial("00010002").EndsLike("10002"), "zeros alone are missing: that is asked about")
	assert.True(t, okey.Serial("00002").EndsLike("0002"))
}

package okey_test

import (
	"testing"

	"okey"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestPINRules(t *testing.T) {
	const serial = okey.Serial("00482915")
	for _, c := range []struct {
		pin string
		ok  bool
	}{
		{"4071", true},
		{"40718236", true},
		{"1212", true},
		{"1357", true},
		{"9012", true},
		{"0000000", false},
		{"407", false},
		{"407182365", false},
		{"40 71", false},
		{"40a1", false},
		{"", false},
		{"４０７１", false},
		{"1111", false},
		{"1234", false},
		{"87654", false},
		{"4829", false},
		{"2915", false},
		{"00482915", false},
	} {
		err := okey.CheckPIN(c.pin, serial)
		assert.Equal(t, c.ok, err == nil, "%q", c.pin)
		if err != nil {
			assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
		}
	}
}

func TestARefusedPINIsNeverRepeated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pin := rapid.StringMatching(`[0-9]{4,8}`).Draw(t, "pin")
		if err := okey.CheckPIN(pin, okey.Serial("9"+pin)); err != nil {
			assert.NotContains(t, err.Error(), pin)
		} else {
			t.Fatal("a PIN that is part of the serial was taken")
		}
	})
}

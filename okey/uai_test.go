package okey

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestUAIIsReadAsPeopleTypeIt(t *testing.T) {
	for _, typed := range []string{"0061565U", "0061565u", " 006 1565-u ", "006\u00a01565\u202fU", "006‑1565U", "\ufeff0061565U"} {
		uai, err := ParseUAI(typed)
		require.NoError(t, err, typed)
		assert.Equal(t, UAI("0061565U"), uai)
	}
}

func TestWrongUAIIsRefusedWithWhatToDo(t *testing.T) {
	for typed, want := range map[string]string{
		"0061565V":    "la lettre est U, pas V",
		"61565U":      "Vouliez-vous écrire 0061565U ?",
		"61565V":      "n'a que 5 chiffres",
		"":            "manque",
		"college":     "n'est pas un code UAI",
		"00615650":    "n'est pas un code UAI",
		"00061565U":   "n'est pas un code UAI",
		"٠٠٦١٥٦٥U":    "n'est pas un code UAI",
		"0061565U\n;": "n'est pas un code UAI",
	} {
		_, err := ParseUAI(typed)
		require.Error(t, err, typed)
		assert.Equal(t, CodeInvalid, ErrorCode(err), typed)
		assert.Contains(t, ErrorMessage(err), want, typed)
	}
}

func TestOneLetterFitsEachSevenDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := fmt.Sprintf("%07d", rapid.IntRange(0, 9_999_999).Draw(t, "digits"))
		right, ok := CheckLetter(digits)
		if !ok {
			t.Fatalf("%s has no letter", digits)
		}
		for letter := byte('A'); letter <= 'Z'; letter++ {
			uai, err := ParseUAI(digits + string(letter))
			if (err == nil) != (letter == right) {
				t.Fatalf("%s%c: %v, right is %c", digits, letter, err, right)
			}
			if err == nil && string(uai) != digits+string(letter) {
				t.Fatalf("%s became %s", digits, uai)
			}
		}
	})
}

func TestOneWrongDigitIsNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := []byte(fmt.Sprintf("%07d", rapid.IntRange(0, 9_999_999).Draw(t, "digits")))
		letter, _ := CheckLetter(string(digits))
		at := rapid.IntRange(0, 6).Draw(t, "at")
		digits[at] = '0' + (digits[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if _, err := ParseUAI(string(digits) + string(letter)); err == nil {
			t.Fatalf("%s%c passes", digits, letter)
		}
	})
}

func TestParsingACodeTwiceIsParsingItOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typed := rapid.StringMatching(`[ \x{a0}\x{2011}0-9A-Za-z-]{0,70}`).Draw(t, "typed")
		once, err := ParseSerial(typed)
		if err != nil {
			return
		}
		twice, err := ParseSerial(string(once))
		if err != nil || twice != once {
			t.Fatalf("%q, then %q: %v", once, twice, err)
		}
	})
}

func TestSerialKeepsItsLeadingZeros(t *testing.T) {
	for typed, want := range map[string]Serial{
		"0012345": "0012345", " 00-12 345": "0012345", "ab12\u00a0c": "AB12C", "12E5": "12E5", "12E-5": "12E5", "E11": "E11",
	} {
		serial, err := ParseSerial(typed)
		require.NoError(t, err, typed)
		assert.Equal(t, want, serial)
	}
}

func TestNumbersAbbreviatedByExcelAreRefused(t *testing.T) {
	for _, typed := range []string{"1,23E+11", "1.23E+11", "1,23e+11", " 1,23 E+11", "1,23E11", "1,2E-5", "1E+11"} {
		_, err := ParseSerial(typed)
		assert.ErrorContains(t, err, "Excel a abrégé ce numéro : mettez la colonne au format Texte.", typed)
	}
	for _, typed := range []string{"", " - ", "1,23", "é12", "12_3", strings.Repeat("1", 65)} {
		_, err := ParseSerial(typed)
		assert.Equal(t, CodeInvalid, ErrorCode(err), typed)
	}
}

func TestSerialsThatDifferByZerosAreProposedNeverAssumed(t *testing.T) {
	assert.True(t, Serial("0012345").LooseEqual("12345"))
	assert.False(t, Serial("12345").LooseEqual("12345"), "equal is not loosely equal")
	assert.False(t, Serial("12345").LooseEqual("123450"))
	assert.Equal(t, []Serial{"0012345"}, Serial("12345").Propose([]Serial{"0012345", "99"}))
	assert.Empty(t, Serial("12345").Propose([]Serial{"0012345", "12345"}))
}

func FuzzParseUAI(f *testing.F) {
	f.Add("0061565U")
	f.Add("61565u")
	f.Fuzz(func(t *testing.T, typed string) {
		uai, err := ParseUAI(typed)
		if err != nil {
			assert.NotEmpty(t, ErrorMessage(err))
			return
		}
		again, err := ParseUAI(string(uai))
		assert.NoError(t, err)
		assert.Equal(t, uai, again)
	})
}

package okey

import (
	"strconv"
	"strings"
	"unicode"
)

// UAI is the code of an establishment (unité administrative immatriculée): seven digits and a check letter. A UAI that
// did not come from ParseUAI may be wrong.
type UAI string

// uaiLetters are the check letters in order: I, O and Q are left out because they look like digits. The rule is that of the
// national register of establishments (RAMSESE): the first seven digits modulo 23.
const uaiLetters = "ABCDEFGHJKLMNPRSTUVWXYZ"

const uaiDigits = 7

// CheckLetter returns the check letter of seven digits; false where digits are not seven digits.
func CheckLetter(digits string) (byte, bool) {
	if len(digits) != uaiDigits || !onlyDigits(digits) {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0, false
	}
	return uaiLetters[n%len(uaiLetters)], true
}

// ParseUAI reads a UAI as people type it: spaces (non-breaking ones too) and hyphens are dropped, letters become capitals.
// The Error has code `invalid`; its message names the right letter, or proposes the zeros that a spreadsheet dropped.
func ParseUAI(typed string) (UAI, error) {
	s := Compact(typed)
	if s == "" {
		return "", InvalidField("uai", "Le code UAI manque : sept chiffres et une lettre, par exemple 0061565U.")
	}
	if len(s) < 2 || !onlyDigits(s[:len(s)-1]) || s[len(s)-1] < 'A' || s[len(s)-1] > 'Z' || len(s) > uaiDigits+1 {
		return "", InvalidField("uai", "« %s » n'est pas un code UAI : sept chiffres et une lettre, par exemple 0061565U.", Quote(typed))
	}
	digits, letter := s[:len(s)-1], s[len(s)-1]
	if len(digits) < uaiDigits {
		return "", shortUAI(s, digits, letter)
	}
	if right, _ := CheckLetter(digits); right != letter {
		return "", InvalidField(
			"uai",
			"Le code UAI %s est faux : avec les chiffres %s, la lettre est %c, pas %c. Vérifiez les chiffres et la lettre.",
			s,
			digits,
			right,
			letter,
		)
	}
	return UAI(s), nil
}

// shortUAI proposes the leading zeros, never assumes them.
func shortUAI(s, digits string, letter byte) error {
	padded := strings.Repeat("0", uaiDigits-len(digits)) + digits
	if right, _ := CheckLetter(padded); right == letter {
		return InvalidField(
			"uai",
			"« %s » n'a pas sept chiffres. Vouliez-vous écrire %s%c ? (Excel retire les zéros du début.)",
			s,
			padded,
			letter,
		)
	}
	return InvalidField("uai", "« %s » n'a que %d chiffres : un code UAI en a sept, suivis d'une lettre.", s, len(digits))
}

// Compact drops what people put into codes for the eye (spaces of every kind, hyphens, invisible marks that spreadsheets
// and web pages leave) and turns letters into capitals. Leading zeros stay.
func Compact(typed string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zs, r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, typed))
}

func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

package okey

import (
	"regexp"
	"strings"
)

// Serial is the number engraved on a key: 1 to 64 letters and digits, capitals, leading zeros kept.
type Serial string

const serialLength = 64

// abbreviated is what a spreadsheet leaves of a long number: 1,23E+11 or 1.23E+11. Without comma, point or plus it may be a
// serial of letters and digits like any other.
var abbreviated = regexp.MustCompile(`^[0-9]+([.,][0-9]+E[+-]?|E\+)[0-9]+$`)

// AbbreviatedByExcel is what OKEY answers to 1,23E+11.
const AbbreviatedByExcel = "Excel a abrégé ce numéro : mettez la colonne au format Texte."

// ParseSerial reads a serial number as people type it: spaces (non-breaking ones too) and hyphens are dropped, letters
// become capitals, leading zeros stay. The Error has code `invalid`.
func ParseSerial(typed string) (Serial, error) {
	if abbreviated.MatchString(strings.ToUpper(strings.Join(strings.Fields(typed), ""))) {
		return "", InvalidField("serial", "« %s » : %s", Quote(typed), AbbreviatedByExcel)
	}
	s := Compact(typed)
	switch {
	case s == "":
		return "", InvalidField("serial", "Le numéro de série manque : recopiez celui qui est gravé sur la clef.")
	case !lettersAndDigits(s):
		return "", InvalidField(
			"serial",
			"« %s » n'est pas un numéro de série : il ne contient que des lettres sans accent et des chiffres.",
			Quote(typed),
		)
	case len(s) > serialLength:
		return "", InvalidField(
			"serial",
			"« %s » est trop long pour un numéro de série : %d caractères au plus.",
			Quote(typed),
			serialLength,
		)
	}
	return Serial(s), nil
}

// LastOfSerial is how many of a serial number's last characters are enough, at least, to say that the key in one's hand is the one that
// was expected.
const LastOfSerial = 4

// EndsLike tells whether what was typed is the end of the serial number, and as much of it as is enough for a key that was expected.
// Where zeros alone are missing from the whole, that is a question, as it is of any key.
func (s Serial) EndsLike(typed string) bool {
	end := Compact(typed)
	if len(end) < LastOfSerial || len(end) >= len(s) || !strings.HasSuffix(string(s), end) {
		return false
	}
	return len(end) == LastOfSerial || !s.LooseEqual(Serial(end))
}

// Stem is the serial without its leading zeros: two serials of one stem may be one key, of which a spreadsheet dropped the
// zeros. That is a question to ask, never a fact.
func (s Serial) Stem() string { return strings.TrimLeft(string(s), "0") }

// LooseEqual tells whether s and other are different but for nothing more than leading zeros.
func (s Serial) LooseEqual(other Serial) bool { return s != other && s.Stem() == other.Stem() }

// Propose returns those of known that s may stand for: differing only by leading zeros. Empty where s itself is known.
func (s Serial) Propose(known []Serial) []Serial {
	var proposed []Serial
	for _, k := range known {
		if k == s {
			return nil
		}
		if s.LooseEqual(k) {
			proposed = append(proposed, k)
		}
	}
	return proposed
}

func lettersAndDigits(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

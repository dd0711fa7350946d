package okey

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Text that people and files give is cleaned where it comes in, once, before it is compared, counted, kept or shown: imports, claims, forms
// and API all ask here.

// Visible returns the text without what nobody sees (marks that turn the direction of writing, characters without width, variation
// selectors: they make one name look like another), with Unicode's own line ends as ours, and with each accent composed with its letter
// (NFC), as keyboards write it. Apostrophes, hyphens, and every letter of every script stay.
func Visible(text string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028' || r == '\u2029' || r == '\u0085':
			return '\n'
		case r == '\u2800': // Braille's empty cell
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		}
		return r
	}, text))
}

// VisibleLine is Visible for what stands on one line, such as a name: line ends, tabs and other control characters become spaces, of which
// several are one.
func VisibleLine(text string) string {
	return strings.Join(strings.FieldsFunc(Visible(text), func(r rune) bool { return unicode.IsControl(r) || r == ' ' }), " ")
}

// HidesNothing tells whether the text is, but for composed accents, all there is to see. What identifies somebody is refused where it is
// not: cleaned, it might become somebody else's.
func HidesNothing(text string) bool { return Visible(text) == norm.NFC.String(text) }

package okey

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// How people in a school say dates, numbers and names. Pages, mails and messages all speak through this file.

var (
	weekdays = [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
	months   = [...]string{
		"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
	}
)

var shortMonths = [...]string{"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."}

// SayDay names a day as people do: "mardi 24 novembre", with its year where that is not this one: mails and slips are kept.
func SayDay(t, now time.Time, zone *time.Location) string {
	return DayOf(t, zone).Say(DayOf(now, zone))
}

// SayTime names an instant by the clock of zone: "mardi 24 novembre à 9 h 12".
func SayTime(t, now time.Time, zone *time.Location) string {
	return fmt.Sprintf("%s à %s", SayDay(t, now, zone), SayHour(t, zone))
}

// SayHour names an instant of a day by the clock of zone: "9 h 12".
func SayHour(t time.Time, zone *time.Location) string {
	local := t.In(zone)
	return fmt.Sprintf("%d h %02d", local.Hour(), local.Minute())
}

// Say names the day for somebody who reads it today.
func (d Day) Say(today Day) string {
	if d.t.Year() != today.t.Year() {
		return d.SayWithYear()
	}
	return d.say()
}

// SayWithYear names the day with its year: "mardi 19 janvier 2027".
func (d Day) SayWithYear() string { return fmt.Sprintf("%s %d", d.say(), d.t.Year()) }

// SayShort names the day where there is little room: "24 nov."
func (d Day) SayShort() string { return d.inMonth() + " " + shortMonths[d.t.Month()-1] }

func (d Day) say() string {
	return fmt.Sprintf("%s %s %s", weekdays[d.t.Weekday()], d.inMonth(), months[d.t.Month()-1])
}

// inMonth is the day's number: only the first has an ending.
func (d Day) inMonth() string {
	if d.t.Day() == 1 {
		return "1er"
	}
	return fmt.Sprint(d.t.Day())
}

// SayCount counts regular nouns: "0 clef", "1 clef", "3 clefs"; "6 mois": what ends like a plural is one already.
func SayCount(n int, noun string) string {
	if strings.ContainsRune("sxz", rune(noun[len(noun)-1])) {
		return SayNumber(n) + " " + noun
	}
	return SayNumber(n) + " " + SayEither(n, noun, noun+"s")
}

// SayEither chooses between singular and plural; in French the plural begins at two.
func SayEither(n int, one, many string) string {
	if n > -2 && n < 2 {
		return one
	}
	return many
}

// SayPosition says a place in line, from 1: "en 2e position".
func SayPosition(place int) string {
	if place <= 1 {
		return "en 1re position"
	}
	return fmt.Sprintf("en %de position", place)
}

// SayNumber groups digits by three, as French does: "12 480", with no-break spaces.
func SayNumber(n int) string {
	digits := fmt.Sprint(max(n, -n))
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	said := strings.Join(append([]string{digits}, groups...), "\u00a0")
	if n < 0 {
		return "-" + said
	}
	return said
}

// SayEstablishment names a school within a sentence: "le collège L'Archet" for "Collège L'Archet". A name that begins otherwise is
// left as the register has it.
func SayEstablishment(name string) string {
	first, rest, _ := strings.Cut(name, " ")
	for noun, article := range schoolNouns {
		if strings.EqualFold(first, noun) {
			return strings.TrimSpace(article + noun + " " + rest)
		}
	}
	return name
}

var schoolNouns = map[string]string{
	"collège":       "le ",
	"lycée":         "le ",
	"section":       "la ",
	"école":         "l'",
	"ecole":         "l'",
	"institut":      "l'",
	"institution":   "l'",
	"ensemble":      "l'",
	"établissement": "l'",
	"maison":        "la ",
	"micro-lycée":   "le ",
	"cours":         "le ",
	"centre":        "le ",
}

// SayNames joins names: "Marc Roux", "Marc Roux ou Anne Blanc", "A, B ou C". Past three it stops with "ou un autre membre de la direction".
func SayNames(names []string) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > 3:
		return strings.Join(names[:2], ", ") + " ou un autre membre de la direction"
	default:
		return strings.Join(names[:n-1], ", ") + " ou " + names[n-1]
	}
}

// SayOf puts "de" before a name: "de Léa Martin", "d'Ana Garcia". Before H it stays "de": which H is silent, only its bearer knows.
func SayOf(name string) string {
	first, _ := utf8.DecodeRuneInString(norm.NFD.String(name)) // Ó is an O
	if strings.ContainsRune("AEIOUŒÆØ", unicode.ToUpper(first)) {
		return "d'" + name
	}
	return "de " + name
}

// SayOfSchool puts "de" before a school as SayEstablishment names it: "du collège L'Archet", "de la section Nord", "de l'école Nord".
func SayOfSchool(said string) string {
	if rest, masculine := strings.CutPrefix(said, "le "); masculine {
		return "du " + rest
	}
	return SayOf(said)
}

// SayAtSchool puts "à" before a school as SayEstablishment names it: "au collège L'Archet", "à la section Nord", "à l'école Nord".
func SayAtSchool(said string) string {
	if rest, masculine := strings.CutPrefix(said, "le "); masculine {
		return "au " + rest
	}
	return "à " + said
}

// SayMonth names the month of a day: "novembre 2026".
func (d Day) SayMonth() string { return fmt.Sprintf("%s %d", months[d.t.Month()-1], d.t.Year()) }

// Capitalize makes a sentence begin as it should.
func Capitalize(s string) string {
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

package mail

import (
	"cmp"
	"strings"
	texttemplate "text/template"
	"unicode"

	"okey/okey"
)

// words are what the letters can say besides their facts.
var words = texttemplate.FuncMap{
	"of":         okey.SayOf,
	"ofSchool":   okey.SayOfSchool,
	"atSchool":   okey.SayAtSchool,
	"count":      okey.SayCount,
	"either":     okey.SayEither,
	"capitalize": okey.Capitalize,
	"changed":    changed,
	"did":        did,
	"ending":     ending,
	"shared":     shared,
	"position":   okey.SayPosition,
	"stop":       fullStop,
}

// changes tell what became of a key, and what who did it has done.
var changes = map[okey.KeyReason]struct{ became, did string }{
	okey.ReasonLost:      {"a été déclarée perdue", "déclaré perdue"},
	okey.ReasonReturn:    {"a été remise en stock", "remis en stock"},
	okey.ReasonDefective: {"a été déclarée défectueuse", "déclaré défectueuse"},
	okey.ReasonFound:     {"a été retrouvée", "déclaré retrouvée"},
	okey.ReasonRetired:   {"a été mise au rebut", "mis au rebut"},
	okey.ReasonMislaid:   {"a été déclarée égarée", "déclaré égarée"},
	okey.ReasonRecovered: {"a été retrouvée", "déclaré retrouvée"},
}

func changed(r okey.KeyReason) string { return cmp.Or(changes[r].became, "n'est plus disponible") }

func did(r okey.KeyReason) string { return cmp.Or(changes[r].did, "changé l'état de") }

// ending tells of listed keys whether they end soon or have ended.
func ending(f Facts) string {
	ended := 0
	for _, item := range f.Items {
		if item.Ended {
			ended++
		}
	}
	switch {
	case ended == 0 && f.Total <= len(f.Items):
		return okey.SayEither(f.Total, "expire bientôt", "expirent bientôt")
	case ended == f.Total:
		return okey.SayEither(f.Total, "a expiré", "ont expiré")
	}
	return "expirent bientôt, ou ont expiré"
}

// shared is the school of everybody on a list, which is said once; empty where they are of several, or the list leaves some out.
func shared(f Facts) string {
	if len(f.Items) < 2 || f.Total > len(f.Items) {
		return ""
	}
	for _, item := range f.Items {
		if item.School != f.Items[0].School {
			return ""
		}
	}
	return f.Items[0].School
}

// fullStop ends a sentence that ends with what somebody wrote: « Merci ! » needs no full stop of its own before the closing mark.
func fullStop(text string) string { return strings.TrimRight(strings.TrimSpace(text), ".") }

// oneLine drops line ends, tabs and invisible marks: whatever stands in a subject or a paragraph, it stays there.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		if unicode.Is(unicode.Cf, r) { // marks that turn the direction of writing, among others
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " ")
}

// unbroken keeps French punctuation with its word where a browser breaks lines.
func (p page) unbroken() page {
	for _, lines := range []*[]string{&p.Before, &p.List, &p.After} {
		kept := make([]string, len(*lines))
		for i, line := range *lines {
			kept[i] = noBreak.Replace(line)
		}
		*lines = kept
	}
	return p
}

var noBreak = strings.NewReplacer(
	" :", "\u00a0:", " ;", "\u00a0;", " ?", "\u00a0?", " !", "\u00a0!",
	"« ", "«\u00a0", " »", "\u00a0»", "n° ", "n°\u00a0", " h ", "\u00a0h\u00a0",
)

package mail

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// A subject is read on a phone, in a list: past this many letters nobody sees the rest. Only names make one longer.
const (
	maxSubject   = 60
	shortestName = 12
)

// code is the UAI that follows a school's name.
var code = regexp.MustCompile(` \([0-9]{7}[A-Z]\)$`)

// short says a subject without codes and with its names cut, all to the same length, as far as it takes; the mail itself has them whole.
func short(f Facts, say func(Facts) string) string {
	said := say(f)
	for most := maxSubject; utf8.RuneCountInString(said) > maxSubject && most >= shortestName; most-- {
		said = say(f.cut(most))
	}
	return said
}

// cut shortens the names that a subject may have.
func (f Facts) cut(most int) Facts {
	f.Requester = cut(f.Requester, most)
	f.School = cut(code.ReplaceAllString(f.School, ""), most)
	f.Other = cut(code.ReplaceAllString(f.Other, ""), most)
	if len(f.Items) > 0 {
		first := f.Items[0]
		first.Requester, first.Address = cut(first.Requester, most), cut(first.Address, most)
		f.Items = []Item{first}
	}
	return f
}

// cut ends a name that is too long between two words where it has some, with an ellipsis.
func cut(name string, most int) string {
	letters := []rune(name)
	if len(letters) <= most {
		return name
	}
	kept := string(letters[:most-1])
	if space := strings.LastIndexByte(kept, ' '); space > len(kept)/2 {
		kept = kept[:space]
	}
	return strings.TrimRight(kept, " ,;:-'(") + "…"
}

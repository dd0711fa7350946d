package okey

import (
	"regexp"
	"strings"
)

// secret is what a token's seed looks like: hexadecimal, base32 or base64. A list of seeds without titles has one in its first line.
var secret = regexp.MustCompile(`^(?:[0-9A-Fa-f]{20,}|[A-Z2-7]{16,}=*|[A-Za-z0-9+/]{24,}={0,2})$`)

// grouped is a seed that is written in groups.
var grouped = regexp.MustCompile(`\b(?:(?:[0-9A-Fa-f]{2}[ :]){9,}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4,8}[ :]){4,}[0-9A-Fa-f]{4,8})\b`)

// Quote shortens a text that a message quotes, and quotes nothing that may be a secret, wherever in the text it stands.
func Quote(s string) string {
	const most, looked = 40, 400 // letters; a cell may have 32,767
	clipped := strings.TrimSpace(strings.ToValidUTF8(s, "?"))
	if runes := []rune(clipped[:min(len(clipped), 4*looked)]); len(runes) > looked {
		clipped = lastWord.ReplaceAllString(string(runes[:looked]), "…") // half a secret is one
	}
	clipped = grouped.ReplaceAllString(clipped, "…")
	clipped = word.ReplaceAllStringFunc(clipped, func(word string) string {
		if secret.MatchString(word) && strings.ContainsAny(word, "0123456789") {
			return "…"
		}
		return word
	})
	if runes := []rune(clipped); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return clipped
}

// word is what a secret is written as, between blanks and signs.
var (
	word     = regexp.MustCompile(`[A-Za-z0-9+/]+=*`)
	lastWord = regexp.MustCompile(`[A-Za-z0-9+/=]+$`)
)

package web

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// French punctuation stands apart from its word, and on the same line: a space that breaks no line goes before ; : ! ? and », and after «.
// An hour and a day stay whole, too: 11 h 12, 25 novembre. The patterns are looked for in that order, where a text has one of the marks:
// most have none, and to look for a mark takes a hundredth of the time.
var spaces = []struct {
	marks   []string
	pattern *regexp.Regexp
	becomes []byte
}{
	{closing, before, []byte("\u00a0$1$2")},
	{closing, before, []byte("\u00a0$1$2")}, // the space between two of them belongs to both
	{[]string{"«"}, regexp.MustCompile(`«[ \n]`), []byte("«\u00a0")},
	{[]string{" h "}, regexp.MustCompile(`(\d) h (\d\d)\b`), []byte("$1\u00a0h\u00a0$2")},
	{months, regexp.MustCompile(`(\d|1er) (` + strings.Join(months, "|") + `)`), []byte("$1\u00a0$2")},
}

var (
	closing = []string{" »", " ?", " !", " ;", " :", "\n»", "\n?", "\n!", "\n;", "\n:"}
	before  = regexp.MustCompile(`[ \n]([»?!;:]+)([\s.,)»]|$)`)
	months  = []string{
		"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
	}
)

// asTyped are the elements whose text stays as it is: somebody may take it along.
var asTyped = map[string]bool{"textarea": true, "script": true, "style": true, "pre": true, "code": true, "title": true}

// unbroken sets the spaces of a page's texts. What is typed stays as it is, and so does a charter, which has the fingerprint of its
// very letters.
func unbroken(page []byte) []byte {
	out := bytes.NewBuffer(make([]byte, 0, len(page)+len(page)/64))
	z := html.NewTokenizer(bytes.NewReader(page))
	within, depth := "", 0 // the element that is left alone, and how many of its name are open
	for {
		kind := z.Next()
		raw := z.Raw()
		if kind == html.TextToken && within == "" {
			raw = spaced(raw)
		}
		out.Write(raw)
		switch kind {
		case html.ErrorToken: // the end
			return out.Bytes()
		case html.StartTagToken:
			name, _ := z.TagName()
			switch {
			case within == "" && (asTyped[string(name)] || bytes.Contains(raw, []byte("charter")) && isCharter(z)):
				within, depth = string(name), 1
			case within == string(name):
				depth++
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); within != "" && string(name) == within {
				if depth--; depth == 0 {
					within = ""
				}
			}
		}
	}
}

func spaced(text []byte) []byte {
	if len(bytes.TrimSpace(text)) == 0 { // between two elements, as most texts
		return text
	}
	for _, one := range spaces {
		if slices.ContainsFunc(one.marks, func(mark string) bool { return bytes.Contains(text, []byte(mark)) }) {
			text = one.pattern.ReplaceAll(text, one.becomes)
		}
	}
	return text
}

// isCharter tells whether the tag is of the class.
func isCharter(z *html.Tokenizer) bool {
	for more := true; more; {
		var key, value []byte
		if key, value, more = z.TagAttr(); string(key) == "class" && slices.Contains(strings.Fields(string(value)), "charter") {
			return true
		}
	}
	return false
}

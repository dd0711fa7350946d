package web

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// French punctuation stands apart from its word, and on the same line: a space that breaks no line goes before ; : ! ? and », and after «.
var (
	spaceBefore = regexp.MustCompile(`[ \n]([»?!;:]+)([\s.,)»]|$)`)
	spaceAfter  = regexp.MustCompile(`«[ \n]`)

	// An hour and a day stay whole, too: 11 h 12, 25 novembre.
	hour = regexp.MustCompile(`(\d) h (\d\d)\b`)
	day  = regexp.MustCompile(`(\d|1er) (janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)`)
)

// asTyped are the elements whose text stays as it is: somebody may take it along.
var asTyped = []string{"textarea", "script", "style", "pre", "code", "title"}

// unbroken sets the spaces of a page's texts. What is typed stays as it is, and so does a charter, which has the fingerprint of its
// very letters.
func unbroken(page []byte) []byte {
	out := bytes.NewBuffer(make([]byte, 0, len(page)+len(page)/64))
	z := html.NewTokenizer(bytes.NewReader(page))
	within, depth := "", 0 // the element that is left alone, and how many of its name are open
	for {
		kind := z.Next()
		raw := z.Raw()
		switch kind {
		case html.ErrorToken: // the end
			out.Write(raw)
			return out.Bytes()
		case html.TextToken:
			if within == "" {
				for range 2 { // the space between two of them belongs to both
					raw = spaceBefore.ReplaceAll(raw, []byte("\u00a0$1$2"))
				}
				raw = spaceAfter.ReplaceAll(raw, []byte("«\u00a0"))
				raw = hour.ReplaceAll(raw, []byte("$1\u00a0h\u00a0$2"))
				raw = day.ReplaceAll(raw, []byte("$1\u00a0$2"))
			}
			out.Write(raw)
		case html.StartTagToken:
			out.Write(raw)
			name, class := tagOf(z)
			switch {
			case within == "" && (slices.Contains(asTyped, name) || slices.Contains(strings.Fields(class), "charter")):
				within, depth = name, 1
			case within == name:
				depth++
			}
		case html.EndTagToken:
			out.Write(raw)
			if name, _ := z.TagName(); within != "" && string(name) == within {
				if depth--; depth == 0 {
					within = ""
				}
			}
		default:
			out.Write(raw)
		}
	}
}

func tagOf(z *html.Tokenizer) (name, class string) {
	tag, more := z.TagName()
	name = string(tag)
	for more {
		var key, value []byte
		if key, value, more = z.TagAttr(); string(key) == "class" {
			class = string(value)
		}
	}
	return name, class
}

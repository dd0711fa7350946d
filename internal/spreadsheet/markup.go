package spreadsheet

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"okey"
)

// markup looks at the tags of an XML part as it streams by, before any parser sees it: it stops at a document type, and in a sheet
// at the first formula, whose value nobody can vouch for.
type markup struct {
	name  string
	sheet bool
	tag   []byte // since the last "<"; nil outside a tag
	cell  string
}

// longestTag is as much of a tag as matters here: names and the first attributes.
const longestTag = 256

var cellReference = regexp.MustCompile(`\sr\s*=\s*["']([A-Z]{1,3}[0-9]{1,7})["']`)

// Write implements io.Writer; its error is the refusal.
func (m *markup) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if m.tag == nil {
			i := bytes.IndexByte(rest, '<')
			if i < 0 {
				break
			}
			m.tag, rest = make([]byte, 0, longestTag), rest[i+1:]
			continue
		}
		end := bytes.IndexByte(rest, '>')
		piece := rest
		if end >= 0 {
			piece = rest[:end]
		}
		m.tag = append(m.tag, piece[:min(len(piece), longestTag-len(m.tag))]...)
		if end < 0 {
			break
		}
		if err := m.judge(string(m.tag)); err != nil {
			return 0, err
		}
		m.tag, rest = nil, rest[end+1:]
	}
	return len(p), nil
}

func (m *markup) judge(tag string) error {
	if strings.HasPrefix(strings.ToUpper(tag), "!DOCTYPE") {
		return okey.Errorf(okey.CodeInvalid, "%s déclare un type de document : OKEY refuse ces fichiers.", m.name)
	}
	if !m.sheet {
		return nil
	}
	name := strings.TrimRight(tag, "/")
	if end := strings.IndexAny(name, " \t\r\n"); end >= 0 { // XML 1.0, production 3: all of these end a name
		name = name[:end]
	}
	if _, local, prefixed := strings.Cut(name, ":"); prefixed {
		name = local
	}
	switch name {
	case "c":
		m.cell = ""
		if found := cellReference.FindStringSubmatch(tag); found != nil {
			m.cell = found[1]
		}
	case "f":
		where := "une cellule"
		if m.cell != "" {
			where = fmt.Sprintf("la cellule %s", m.cell)
		}
		return okey.Errorf(okey.CodeInvalid, "%s : %s contient une formule. Copiez la feuille et collez-la « valeurs seulement », puis renvoyez-la.", m.name, where)
	}
	return nil
}

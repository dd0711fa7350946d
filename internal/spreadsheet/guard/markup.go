package guard

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"okey/okey"
)

// markup looks at XML as it streams by, before any parser sees it: what a parser would hold in memory, expand or follow without end is
// refused, and in a sheet whatever a reader could be misled by. It knows tags as encoding/xml does, which reads the same bytes next: "<"
// always begins one, and outside quotes ">" always ends it.
type markup struct {
	name   string // of the file
	limits Limits
	role   role
	used   *usage // by all parts of the file
	sheet  sheet

	line   int // counted from 0
	read   int // bytes before the piece at hand
	length int // of the text or tag at hand
	inTag  bool
	tag    []byte // as much of the tag as may matter
	last   [2]byte
	quote  byte
	names  []byte // of the open elements, one after the other
	open   []int  // where each begins
	texts  int    // where the cell or shared string at hand begins, counted from 1; 0 outside
}

// role is what a stream of XML is for.
type role int

const (
	asideRole     role = iota // read by nobody
	structureRole             // the workbook and its relationships
	stringsRole               // the texts that cells share
	sheetRole
	containerRole // PSKC
)

// usage counts against the limits of a file.
type usage struct {
	elements, structure, strings int
	sheets, links                int
	highest                      int   // number of a shared string, counted from 0, that a cell names
	ends                         []int // the last row of each sheet
}

// longestAside is as much of a tag as matters in a part that nobody reads.
const longestAside = 256

var declaration = regexp.MustCompile(`^(?i)\?xml\s[^>]*\?$`)

var declaredEncoding = regexp.MustCompile(`(?i)encoding\s*=\s*["']([^"']*)["']`)

// Write implements io.Writer; its error is the refusal.
func (m *markup) Write(p []byte) (int, error) {
	if m.role != asideRole && bytes.IndexByte(p, 0) >= 0 {
		return 0, m.refuse(okey.CodeInvalid, "est en UTF-16 ou endommagé : enregistrez-le de nouveau, en UTF-8.")
	}
	from := 0 // of the line count
	for i := 0; i < len(p); {
		if !m.inTag {
			n := bytes.IndexByte(p[i:], '<')
			text := n
			if n < 0 {
				text = len(p) - i
			}
			if m.length += text; m.role != asideRole {
				if m.length > maxToken {
					return 0, m.tooLong()
				}
				m.tag = append(m.tag, p[i:i+text]...)
			}
			if i += text; n >= 0 {
				if i++; !m.sound(m.tag) {
					return 0, m.broken()
				}
				m.text(m.tag)
				m.inTag, m.tag, m.length, m.quote, m.last = true, m.tag[:0], 0, 0, [2]byte{}
			}
			continue
		}
		c := p[i]
		i++
		if !m.ends(c) {
			if m.length++; len(m.tag) < m.most() {
				m.tag = append(m.tag, c)
			} else if m.role != asideRole {
				return 0, m.tooLong()
			}
			m.last = [2]byte{m.last[1], c}
			continue
		}
		if !m.sound(m.tag) {
			return 0, m.broken()
		}
		m.inTag, m.length = false, 0
		m.line, from = m.line+bytes.Count(p[from:i], []byte("\n")), i
		if err := m.judge(m.tag, m.read+i); err != nil {
			return 0, err
		}
		m.tag = m.tag[:0]
	}
	m.line += bytes.Count(p[from:], []byte("\n"))
	m.read += len(p)
	return len(p), nil
}

func (m *markup) most() int {
	if m.role == asideRole {
		return longestAside
	}
	return maxToken
}

// ends tells whether c ends the tag at hand.
func (m *markup) ends(c byte) bool {
	switch {
	case len(m.tag) == 0:
		return c == '>'
	case m.tag[0] == '?':
		return c == '>' && m.last[1] == '?' && m.length > 1
	case m.tag[0] == '!':
		comment, data := bytes.HasPrefix(m.tag, []byte("!--")), bytes.HasPrefix(m.tag, []byte("![CDATA["))
		switch {
		case comment:
			return c == '>' && m.last == [2]byte{'-', '-'} && m.length >= len("!----")
		case data:
			return c == '>' && m.last == [2]byte{']', ']'}
		}
		return c == '>'
	case m.quote != 0:
		if c == m.quote {
			m.quote = 0
		}
		return false
	case c == '"' || c == '\'':
		m.quote = c
		return false
	}
	return c == '>'
}

// judge looks at a whole tag, without its brackets, that ends at a place in the stream.
func (m *markup) judge(tag []byte, end int) error {
	switch {
	case len(tag) == 0:
		return m.broken()
	case tag[0] == '!':
		if bytes.HasPrefix(tag, []byte("!--")) || bytes.HasPrefix(tag, []byte("![CDATA[")) {
			return m.textsEndedBy(end)
		}
		return m.refuse(okey.CodeInvalid, "déclare un type de document : OKEY refuse ces fichiers.")
	case tag[0] == '?':
		if m.role == asideRole || bytes.HasPrefix(tag, []byte("?xml-")) || m.asciiLike(tag) {
			return m.textsEndedBy(end)
		}
		return m.refuse(okey.CodeInvalid, "déclare un encodage que OKEY ne lit pas : enregistrez-le de nouveau, en UTF-8.")
	case m.role == asideRole:
		return nil
	case tag[0] == '/':
		name, last := fullName(tag[1:]), len(m.open)-1
		if last < 0 || !bytes.Equal(m.names[m.open[last]:], name) {
			return m.broken()
		}
		m.names, m.open = m.names[:m.open[last]], m.open[:last]
		return m.closed(localName(tag[1:]), end)
	}
	return m.opened(tag, end)
}

// asciiLike tells whether what looks like ASCII is ASCII, as declared: in any other encoding, tags can hide.
func (m *markup) asciiLike(tag []byte) bool {
	if !bytes.HasPrefix(bytes.ToLower(tag), []byte("?xml")) {
		return true
	}
	if !declaration.Match(tag) {
		return false
	}
	if !bytes.Contains(bytes.ToLower(tag), []byte("encoding")) {
		return true
	}
	found := declaredEncoding.FindAllSubmatch(tag, -1)
	if len(found) != 1 {
		return false
	}
	switch strings.ToLower(string(found[0][1])) {
	case "utf-8", "us-ascii":
		return true
	case "iso-8859-1", "windows-1252":
		return m.role == containerRole
	}
	return false
}

func (m *markup) opened(tag []byte, end int) error {
	closes := tag[len(tag)-1] == '/'
	if len(m.open) >= maxDepth {
		return m.refuse(okey.CodeInvalid, "est endommagé : des éléments y sont imbriqués sans fin.")
	}
	if err := m.count(); err != nil {
		return err
	}
	name := localName(tag)
	if err := m.element(string(name), tag, closes); err != nil {
		return err
	}
	if m.texts == 0 && m.isText(name) {
		m.texts = end
	}
	if closes {
		return m.closed(name, end)
	}
	m.open = append(m.open, len(m.names))
	m.names = append(m.names, fullName(tag)...)
	return m.textsEndedBy(end)
}

// element looks at what its part is about.
func (m *markup) element(name string, tag []byte, closes bool) error {
	switch {
	case m.role == sheetRole:
		return m.cell(name, tag, closes)
	case m.role == containerRole:
	case name == "row": // a part of another kind that is said to be a sheet
		return m.broken()
	case name == "si":
		if m.used.strings++; m.used.strings > m.limits.strings() {
			return m.refuse(okey.CodeTooLarge, "contient trop de textes : découpez-le en plusieurs fichiers.")
		}
	case name == "sheet":
		if m.used.sheets++; m.used.sheets > maxSheets {
			return m.refuse(okey.CodeTooLarge, fmt.Sprintf("a plus de %d feuilles : copiez la liste dans un nouveau classeur.", maxSheets))
		}
	case name == "Relationship":
		if m.used.links++; m.used.links > maxParts {
			return m.broken()
		}
	}
	return nil
}

// isText tells the elements whose texts a parser joins in memory.
func (m *markup) isText(name []byte) bool {
	return m.role == stringsRole && string(name) == "si" || m.role == sheetRole && string(name) == "c"
}

func (m *markup) closed(name []byte, end int) error {
	err := m.textsEndedBy(end)
	if m.isText(name) {
		m.texts = 0
		m.sheet.inCell, m.sheet.sharing = false, false
	}
	return err
}

func (m *markup) textsEndedBy(end int) error {
	if m.texts > 0 && end-m.texts > maxToken {
		return m.tooLong()
	}
	return nil
}

func (m *markup) count() error {
	if m.used.elements++; m.used.elements > m.limits.Elements {
		return m.refuse(okey.CodeTooLarge, "contient trop de cellules ou d'éléments : découpez-le en plusieurs fichiers.")
	}
	if m.role == structureRole {
		if m.used.structure++; m.used.structure > maxStructure {
			return m.refuse(okey.CodeTooLarge, "contient trop de feuilles ou de noms : copiez la liste dans un nouveau classeur.")
		}
	}
	return nil
}

// whole tells whether every element that was opened was closed.
func (m *markup) whole() bool { return len(m.open) == 0 && !m.inTag }

func (m *markup) tooLong() error {
	return m.refuse(okey.CodeTooLarge, "contient un texte démesuré, de plus de 130 Ko d'un seul tenant : retirez-le.")
}

func (m *markup) broken() error {
	return m.refuse(okey.CodeInvalid, "est endommagé : enregistrez-le de nouveau, ou demandez-le de nouveau.")
}

// refuse says what is wrong; a line makes sense to people only where they see the XML itself.
func (m *markup) refuse(code okey.Code, what string) error {
	if m.role == containerRole {
		return okey.Errorf(code, "%s (ligne %d) %s", m.name, m.line+1, what)
	}
	return okey.Errorf(code, "%s %s", m.name, what)
}

// fullName is the name of a tag.
func fullName(tag []byte) []byte {
	if end := bytes.IndexAny(tag, " \t\r\n/"); end >= 0 { // XML 1.0, production 3: white space ends a name
		return tag[:end]
	}
	return tag
}

// localName is the name of a tag without its prefix.
func localName(tag []byte) []byte {
	name := fullName(tag)
	return name[bytes.IndexByte(name, ':')+1:]
}

// sound tells whether a tag or text of a workbook is such that the parser behind takes it; that of PSKC says so itself.
func (m *markup) sound(token []byte) bool {
	if m.role == asideRole || m.role == containerRole {
		return true
	}
	data := m.inTag && len(token) > 0 && (token[0] == '!' || token[0] == '?')
	for i, c := range token {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == '&' && !data &&
			!reference.Match(token[i:min(len(token), i+longestReference)]) {
			return false
		}
	}
	return utf8.Valid(token)
}

// reference is a character that XML writes in another way.
var reference = regexp.MustCompile(`^&(?:lt|gt|amp|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});`)

const longestReference = 12

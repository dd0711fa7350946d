package spreadsheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"okey/internal/spreadsheet/guard"
	"okey/okey"
)

var byteOrderMark = []byte("\xEF\xBB\xBF")

type csvSource struct {
	name   string
	reader *csv.Reader
	leash  *guard.Leash
	before int // lines before those that the reader counts
	last   int // the line that was read last
	total  int64
}

func openCSV(f *File) (*csvSource, error) {
	utf, err := isUTF8(f)
	if err != nil {
		return nil, err
	}
	rope := &guard.Leash{Left: guard.MaxRecord}
	text := f.text(utf, rope)
	first, err := firstLine(f.Name, text)
	if err != nil {
		return nil, err
	}
	src := &csvSource{name: f.Name, total: f.size, leash: rope}
	comma, announced := announcedSeparator(first)
	if announced { // "sep=;": a line that only Excel shows as part of the file's form
		if _, err := text.ReadString('\n'); err != nil {
			return nil, okey.Errorf(okey.CodeInvalid, "%s est vide.", f.Name)
		}
		src.before = 1
	} else {
		comma = commonest(first)
	}
	src.reader = csv.NewReader(bufio.NewReaderSize(&unquoted{Reader: text, comma: byte(comma)}, 64<<10))
	src.reader.Comma, src.reader.FieldsPerRecord, src.reader.ReuseRecord = comma, -1, false
	return src, nil
}

// text is the file in UTF-8, without byte order mark, read through the leash.
func (f *File) text(utf bool, rope *guard.Leash) *bufio.Reader {
	rope.Reader = f.Content()
	if !utf {
		rope.Reader = charmap.Windows1252.NewDecoder().Reader(f.Content())
	}
	text := bufio.NewReaderSize(rope, 64<<10)
	if head, err := text.Peek(len(byteOrderMark)); utf && err == nil && bytes.Equal(head, byteOrderMark) {
		_, _ = text.Discard(len(byteOrderMark)) // just peeked at
	}
	return text
}

// isUTF8 reads the whole file once: one stray byte decides, so there is no guessing from its beginning. A file that is mostly
// UTF-8 but not all of it was put together from two: taken either way, half of its names would be wrong.
func isUTF8(f *File) (bool, error) {
	r := bufio.NewReaderSize(f.Content(), 256<<10)
	line, valid, invalid, firstInvalid := 1, 0, 0, 0
	for {
		c, size, err := r.ReadRune()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, fmt.Errorf("read %s: %w", f.Name, err)
		}
		switch {
		case c == utf8.RuneError && size == 1:
			if invalid++; firstInvalid == 0 {
				firstInvalid = line
			}
		case c == 0:
			return false, okey.Errorf(okey.CodeInvalid,
				"%s n'est pas un tableau (ligne %d) : OKEY lit les fichiers .xlsx, .csv et PSKC (.xml).", f.Name, line)
		case size > 1:
			valid++
		case c == '\n':
			line++
		}
	}
	if invalid > 0 && valid > invalid {
		return false, okey.Errorf(okey.CodeInvalid, "%s mélange deux encodages (ligne %d) : enregistrez-le au format « CSV UTF-8 ».",
			f.Name, firstInvalid)
	}
	return invalid == 0, nil
}

// firstLine is the first line that is not blank, without taking anything from the reader; all lines in the first 32 KB.
func firstLine(name string, text *bufio.Reader) (string, error) {
	head, err := text.Peek(32 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("read the header of %s: %w", name, err)
	}
	line, rest, _ := strings.Cut(strings.TrimLeft(string(head), " \t\r\n"), "\n")
	if rest == "" && strings.Count(line, "\r") > 1 {
		return "", okey.Errorf(okey.CodeInvalid, "%s a des fins de ligne d'ancien Macintosh : enregistrez-le au format « CSV UTF-8 ».",
			name)
	}
	return line, nil
}

func announcedSeparator(line string) (rune, bool) {
	s, ok := strings.CutPrefix(strings.ToLower(strings.TrimRight(line, "\r\n")), "sep=")
	if !ok || utf8.RuneCountInString(s) != 1 || !strings.ContainsAny(s, ";,\t|") {
		return 0, false
	}
	c, _ := utf8.DecodeRuneInString(s)
	return c, true
}

// commonest counts the separators of the header outside quotes. None at all: a file of one column.
func commonest(header string) rune {
	counts := map[rune]int{}
	quoted := false
	for _, c := range header {
		if c == '"' {
			quoted = !quoted
		}
		if !quoted {
			counts[c]++
		}
	}
	best := ';'
	for _, c := range []rune{',', '\t'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

func (s *csvSource) next() (int, []string, error) {
	s.leash.Left = guard.MaxRecord
	cells, err := s.reader.Read()
	var parse *csv.ParseError
	switch {
	case errors.Is(err, guard.ErrLeash):
		return 0, nil, s.endless()
	case errors.As(err, &parse):
		line := parse.StartLine + s.before
		return line, nil, &RowError{Line: line, Message: quoteMessage(parse, s.before)}
	case errors.Is(err, io.EOF):
		return 0, nil, io.EOF
	case err != nil:
		return 0, nil, fmt.Errorf("read %s: %w", s.name, err)
	}
	for i, cell := range cells {
		if len(cell) > 1 && (cell[0] == '=' || strings.Contains(cell, "'")) {
			cells[i] = plainCell(cell)
		}
	}
	line, _ := s.reader.FieldPos(0)
	s.last = line + s.before
	return s.last, cells, nil
}

func (s *csvSource) endless() error {
	return okey.Errorf(okey.CodeTooLarge, "%s : après la ligne %d, plus de %d Ko sans fin de ligne ou entre deux guillemets. Vérifiez "+
		"les guillemets de la ligne suivante.", s.name, s.last, guard.MaxRecord/1000)
}

func quoteMessage(err *csv.ParseError, before int) string {
	if err.Line != err.StartLine {
		return fmt.Sprintf("Un guillemet s'ouvre à cette ligne et n'est pas bien refermé (vu jusqu'à la ligne %d) : vérifiez les "+
			"guillemets.", err.Line+before)
	}
	return "Un guillemet est mal placé : retirez-le, ou doublez-le (\"\") dans une cellule entre guillemets."
}

// progress counts decoded bytes: close enough to the file's own for a bar.
func (s *csvSource) progress() (int64, int64) { return min(s.reader.InputOffset(), s.total), s.total }

func (s *csvSource) close() error { return nil }

// plainCell undoes how a text is kept from becoming a number: ="0012345" (RFC 4180 has no word for it, Excel writes and reads it) and
// '0012345. An apostrophe before anything but a digit is a name's own: 't Hooft.
func plainCell(cell string) string {
	if inner, ok := strings.CutPrefix(cell, `="`); ok {
		if inner, ok = strings.CutSuffix(inner, `"`); ok && !strings.Contains(inner, `"`) {
			return inner
		}
	}
	if text := strings.TrimSpace(cell); len(text) > 1 && text[0] == '\'' && text[1] >= '0' && text[1] <= '9' {
		return text[1:]
	}
	return cell
}

// unquoted drops the equals sign of a cell that begins with =", which the reader of CSV would take for a quote out of place.
type unquoted struct {
	*bufio.Reader
	comma  byte
	quoted bool
	inside bool // of a cell
}

// Read implements io.Reader.
func (u *unquoted) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	kept := 0
	for i, c := range p[:n] {
		switch {
		case c == '"' && (u.quoted || !u.inside):
			u.quoted, u.inside = !u.quoted, true
		case u.quoted:
		case c == u.comma || c == '\n':
			u.inside = false
		case c == '=' && !u.inside && u.beforeQuote(p[i+1:n]):
			continue
		default:
			u.inside = true
		}
		p[kept] = c
		kept++
	}
	return kept, err
}

// beforeQuote tells whether a quote comes next, in what was read or after it.
func (u *unquoted) beforeQuote(read []byte) bool {
	if len(read) == 0 {
		read, _ = u.Peek(1) // the end of the file: no quote
	}
	return len(read) > 0 && read[0] == '"'
}

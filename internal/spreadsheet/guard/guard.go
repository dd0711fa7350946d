// Package guard looks at what strangers send before any parser does. What a parser would hold in memory, expand or follow without end is
// refused, and in a sheet whatever a reader could be misled by. Refusals are okey.Error with French messages; what a table says is the
// reader's business.
package guard

import (
	"errors"
	"io"

	"okey/okey"
)

// Limits are what a file may be at most: checked before, or while, the work that they bound is done.
type Limits struct {
	Bytes    int64 // of a file
	Unzipped int64 // of all that an XLSX file unpacks to
	Held     int64 // of one part of an XLSX file in memory; a larger sheet is unpacked to a temporary file
	Rows     int   // with something in them
	Elements int   // of XML, in all that is read of a file
}

// What is the same for all files. Real ones stay far below.
const (
	MaxColumns = 256
	MaxAbove   = 50      // lines of a sheet that may stand above its header
	MaxRecord  = 256_000 // bytes of one line of CSV, which its parser holds in memory

	maxToken     = 132_000 // bytes of one tag, text or comment of XML, which its parser holds in memory, and of all texts of one cell
	maxDepth     = 100     // elements of XML inside one another
	maxStructure = 50_000  // elements of XML in the parts of a workbook that are no sheets
	maxWide      = 100     // cells beyond MaxColumns
)

// Lines is how many lines a table may have, the empty ones included.
func (l Limits) Lines() int { return 5 * l.Rows }

// strings is how many different texts a workbook may have.
func (l Limits) strings() int { return l.Elements / 8 }

// XML is content that is looked at as it is given out: no document type, nothing that a parser would gather in memory without end.
func (l Limits) XML(name string, content io.Reader) io.Reader {
	return io.TeeReader(content, &markup{name: name, limits: l, role: containerRole, used: &usage{}})
}

// TooManyRows refuses a table with more rows than the limits let through.
func (l Limits) TooManyRows(name string) error {
	return okey.Errorf(okey.CodeTooLarge, "%s a plus de %d lignes : découpez-le en plusieurs fichiers.", name, l.Rows)
}

// TooManyLines refuses a table with more lines, the empty ones included.
func (l Limits) TooManyLines(name string) error {
	return okey.Errorf(okey.CodeTooLarge, "%s a plus de %d lignes, vides comprises : supprimez les lignes vides, ou découpez-le en "+
		"plusieurs fichiers.", name, l.Lines())
}

// Damaged is a workbook that is not what its format asks for; err says why, to whoever reads the log.
func Damaged(name string, err error) error {
	e := okey.Errorf(okey.CodeInvalid, "%s est un classeur endommagé : ouvrez-le dans Excel et enregistrez-le de nouveau.", name)
	e.Err = err
	return e
}

// Leash lets a parser read only so far past what it has given out: a record without end is not gathered in memory.
type Leash struct {
	io.Reader
	Left int
}

// ErrLeash is what a reader at the end of its leash gets.
var ErrLeash = errors.New("a record has no end")

// Read implements io.Reader.
func (l *Leash) Read(p []byte) (int, error) {
	if l.Left <= 0 {
		return 0, ErrLeash
	}
	n, err := l.Reader.Read(p[:min(len(p), l.Left)])
	l.Left -= n
	return n, err
}

package spreadsheet

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

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

// Usual limits are generous. The largest file that OKEY is meant for, the whole register of establishments, has some 70,000 rows and 35 MB.
var Usual = Limits{Bytes: 100 << 20, Unzipped: 256 << 20, Held: 16 << 20, Rows: 250_000, Elements: 40_000_000}

// What is the same for all files. Real ones stay far below.
const (
	maxColumns   = 256
	maxCell      = 32_767  // characters, as in Excel
	maxToken     = 132_000 // bytes of one tag, text or comment of XML, which its parser holds in memory, and of all texts of one cell
	maxRecord    = 256_000 // bytes of one line of CSV, which its parser holds in memory
	maxDepth     = 100     // elements of XML inside one another
	maxStructure = 50_000  // elements of XML in the parts of a workbook that are no sheets
	maxWide      = 100     // cells beyond maxColumns
)

// lines is how many lines a table may have, the empty ones included.
func (l Limits) lines() int { return 5 * l.Rows }

// strings is how many different texts a workbook may have.
func (l Limits) strings() int { return l.Elements / 8 }

// Open looks at the first bytes. It refuses at once what is too large, no table, or something else than its name says.
func (l Limits) Open(name string, src io.ReaderAt, size int64) (*File, error) {
	if size > l.Bytes {
		return nil, okey.Errorf(okey.CodeTooLarge, "%s pèse plus de %d Mo : découpez-le en plusieurs fichiers.", name, l.Bytes>>20)
	}
	head := make([]byte, min(size, 512))
	if _, err := src.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the beginning of %s: %w", name, err)
	}
	kind, refusal := sniff(head)
	if refusal != "" {
		return nil, okey.Errorf(okey.CodeInvalid, "%s %s", name, refusal)
	}
	if named, says := kindOfName[strings.ToLower(filepath.Ext(name))]; says && named != kind {
		return nil, okey.Errorf(okey.CodeInvalid, "%s porte le nom d'%s, mais c'est %s : enregistrez-le sous le type qu'il a, ou renommez-le.", name, kindNames[named], kindNames[kind])
	}
	return &File{Name: name, Kind: kind, src: src, size: size, limits: l}, nil
}

// kindOfName is what a file's name promises; a name without a promise is taken by its content.
var kindOfName = map[string]Kind{".xlsx": XLSX, ".xlsm": XLSX, ".csv": CSV, ".xml": XML, ".pskcxml": XML, ".pskc": XML}

var kindNames = map[Kind]string{XLSX: "un classeur Excel", CSV: "un fichier texte", XML: "un fichier XML"}

func (f *File) tooManyRows() error {
	return okey.Errorf(okey.CodeTooLarge, "%s a plus de %d lignes : découpez-le en plusieurs fichiers.", f.Name, f.limits.Rows)
}

func (f *File) tooManyLines() error {
	return okey.Errorf(okey.CodeTooLarge, "%s a plus de %d lignes, vides comprises : supprimez les lignes vides, ou découpez-le en plusieurs fichiers.", f.Name, f.limits.lines())
}

// leash lets a parser read only so far past what it has given out: a record without end is not gathered in memory.
type leash struct {
	io.Reader
	left int
}

var errLeash = errors.New("a record has no end")

// Read implements io.Reader.
func (l *leash) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLeash
	}
	n, err := l.Reader.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

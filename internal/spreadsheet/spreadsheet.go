// Package spreadsheet reads the tables that French offices send: CSV in Windows-1252 or UTF-8, separated by semicolons,
// commas or tabs, and XLSX, one row at a time. It goes by what is in a file; a name that promises something else is refused. Every limit is
// checked before the work that it bounds. Refusals are okey.Error with French messages that say what to do.
package spreadsheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"okey/internal/spreadsheet/guard"
	"okey/okey"
)

// Kind is what a file is, judged by its content.
type Kind int

// The kinds that OKEY reads. XML files are recognised here and read elsewhere.
const (
	CSV Kind = iota
	XLSX
	XML
)

// File is an opened file whose kind is known and whose size is within bounds.
type File struct {
	Name   string
	Kind   Kind
	src    io.ReaderAt
	size   int64
	limits Limits
}

// Limits are what a file may be at most: the guard knows them one by one.
type Limits = guard.Limits

// Usual limits are generous. The largest file that OKEY is meant for, the whole register of establishments, has some 70,000 rows and 35 MB.
var Usual = Limits{Bytes: 100 << 20, Unzipped: 256 << 20, Held: 16 << 20, Rows: 250_000, Elements: 40_000_000}

// Open opens a file within the Usual limits.
func Open(name string, src io.ReaderAt, size int64) (*File, error) {
	return OpenWithin(Usual, name, src, size)
}

// OpenWithin looks at the first bytes. It refuses at once what is too large, no table, or something else than its name says.
func OpenWithin(l Limits, name string, src io.ReaderAt, size int64) (*File, error) {
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
		return nil, okey.Errorf(okey.CodeInvalid, "%s porte le nom d'%s, mais c'est %s : enregistrez-le sous le type qu'il a, ou "+
			"renommez-le.", name, kindNames[named], kindNames[kind])
	}
	return &File{Name: name, Kind: kind, src: src, size: size, limits: l}, nil
}

// kindOfName is what a file's name promises; a name without a promise is taken by its content.
var kindOfName = map[string]Kind{".xlsx": XLSX, ".xlsm": XLSX, ".csv": CSV, ".xml": XML, ".pskcxml": XML, ".pskc": XML}

var kindNames = map[Kind]string{XLSX: "un classeur Excel", CSV: "un fichier texte", XML: "un fichier XML"}

// XML is a file's content that is looked at before it is given out: no document type, nothing that a parser would gather in memory without
// end.
func (f *File) XML() io.Reader {
	return f.limits.XML(f.Name, f.Content())
}

// Content is the file from its first byte.
func (f *File) Content() io.Reader { return io.NewSectionReader(f.src, 0, f.size) }

// Limits are those that the file was opened within.
func (f *File) Limits() Limits { return f.limits }

// Size is in bytes.
func (f *File) Size() int64 { return f.size }

var webPage = regexp.MustCompile(`^(?i)<(?:!doctype\s+html|html|table|head|body)\b`)

func sniff(head []byte) (Kind, string) {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")
	switch {
	case len(text) == 0:
		return 0, "est vide."
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) && bytes.Contains(head, []byte("opendocument")):
		return 0, "est un classeur LibreOffice : enregistrez-le au format Excel (.xlsx) ou CSV."
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return XLSX, ""
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0")):
		return 0, "est un ancien classeur Excel (.xls) ou un classeur protégé par un mot de passe : enregistrez-le au format .xlsx, sans " +
			"mot de passe."
	case bytes.HasPrefix(head, []byte("%PDF")):
		return 0, "est un PDF : envoyez le tableau lui-même, en .xlsx ou en CSV."
	case bytes.HasPrefix(head, []byte("\x89PNG")), bytes.HasPrefix(head, []byte("\xFF\xD8\xFF")), bytes.HasPrefix(head, []byte("GIF8")):
		return 0, "est une image, même si son nom dit autre chose : envoyez le tableau lui-même, en .xlsx ou en CSV."
	case webPage.Match(text):
		return 0, "est une page web, même si son nom dit autre chose : ouvrez-la dans Excel et enregistrez-la au format .xlsx."
	case bytes.HasPrefix(text, []byte("<")):
		return XML, ""
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return 0, "est en UTF-16 : enregistrez-le en UTF-8 (dans Excel, « CSV UTF-8 »)."
	case bytes.IndexByte(head, 0) >= 0:
		return 0, "n'est pas un tableau : OKEY lit les fichiers .xlsx, .csv et PSKC (.xml)."
	}
	return CSV, ""
}

// maxCell is in characters, as in Excel.
const maxCell = 32_767

// source is what CSV and XLSX have in common: raw lines in order, io.EOF at the end. Blank lines may be left out.
type source interface {
	next() (line int, cells []string, err error)
	progress() (done, total int64)
	close() error
}

// Rows reads a table row by row under a header that one of the layouts fits.
type Rows struct {
	Layout int // which of the layouts fits

	file    *File
	src     source
	header  []string       // as written in the file
	columns map[string]int // by name in the layout
	dates   dateSystem
	read    int
	blank   int
}

// Rows finds the header and the layout that fits it. The Error names the columns that are missing or unknown.
func (f *File) Rows(layouts ...Layout) (*Rows, error) {
	switch f.Kind {
	case CSV:
		src, err := openCSV(f)
		if err != nil {
			return nil, err
		}
		return f.rowsOf(src, layouts)
	case XLSX:
		return rowsOfWorkbook(f, layouts)
	}
	return nil, okey.Errorf(okey.CodeInvalid, "%s est un fichier XML : seules les clefs se lisent en XML (PSKC).", f.Name)
}

func (f *File) rowsOf(src source, layouts []Layout) (*Rows, error) {
	rows := &Rows{file: f, src: src}
	_, header, err := rows.something()
	if errors.Is(err, io.EOF) {
		return nil, okey.Errorf(okey.CodeInvalid, "%s est vide.", f.Name)
	}
	var unreadable *RowError
	if errors.As(err, &unreadable) {
		return nil, okey.Errorf(okey.CodeInvalid, "%s : la ligne des titres (ligne %d) est illisible. %s", f.Name, unreadable.Line,
			unreadable.Message)
	}
	if err != nil {
		return nil, err
	}
	rows.header = trimRight(header)
	rows.Layout, rows.columns, err = fit(f.Name, rows.header, layouts)
	return rows, err
}

// Close lets go of the file.
func (r *Rows) Close() error { return r.src.close() }

// Progress tells how far reading has come; total is zero where nobody can know.
func (r *Rows) Progress() (done, total int64) { return r.src.progress() }

// RowError is a row that can't be read while those that follow can: the reader goes on after it.
type RowError struct {
	Line    int
	Column  string
	Message string
}

// Error implements error.
func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Next returns the next row that has something in it, io.EOF after the last. After a *RowError the next call goes on with the
// following row; any other error is final.
func (r *Rows) Next() (Row, error) {
	line, cells, err := r.something()
	if err != nil {
		return Row{Line: line}, err
	}
	if r.read++; r.read > r.file.limits.Rows {
		return Row{}, r.file.limits.TooManyRows(r.file.Name)
	}
	if fault := r.check(line, cells); fault != nil {
		return Row{Line: line}, fault
	}
	return Row{Line: line, cells: cells, rows: r}, nil
}

// something passes over empty lines, so many and no more.
func (r *Rows) something() (line int, cells []string, err error) {
	line, cells, err = r.src.next()
	for err == nil && blank(cells) {
		if r.blank++; r.blank > r.file.limits.Lines() {
			return line, nil, r.file.limits.TooManyLines(r.file.Name)
		}
		line, cells, err = r.src.next()
	}
	return line, cells, err
}

func (r *Rows) check(line int, cells []string) error {
	for i, cell := range cells {
		switch {
		case strings.TrimSpace(cell) == "":
		case i >= len(r.header) || strings.TrimSpace(r.header[i]) == "":
			return &RowError{Line: line, Message: fmt.Sprintf("« %s » est dans une colonne sans titre : vérifiez les séparateurs de "+
				"cette ligne.", okey.Quote(cell))}
		case utf8.RuneCountInString(cell) > maxCell:
			return &RowError{Line: line, Column: okey.Quote(r.header[i]), Message: "Cette cellule est trop longue."}
		}
	}
	return nil
}

// Row is one line of the table.
type Row struct {
	Line  int // as a person sees it in the file: the header is usually line 1
	cells []string
	rows  *Rows
}

// Has tells whether the file has an optional column.
func (r Row) Has(column string) bool {
	_, ok := r.rows.columns[column]
	return ok
}

// Text returns a cell by its column's name in the layout, without the blanks around it; inner runs of blanks, non-breaking
// ones too, become one space. Empty where the file does not have the column.
func (r Row) Text(column string) string {
	i, ok := r.rows.columns[column]
	if !ok || i >= len(r.cells) {
		return ""
	}
	return strings.Join(strings.Fields(r.cells[i]), " ")
}

// Title returns the column's title as the file writes it, for messages; the layout's name where the file does not have it.
func (r Row) Title(column string) string {
	if i, ok := r.rows.columns[column]; ok {
		return okey.Quote(r.rows.header[i])
	}
	return column
}

// Date reads a cell as a day: 31/12/2027, 2027-12-31, or the number that Excel keeps a date as. The zero Day for an empty
// cell.
func (r Row) Date(column string) (okey.Day, error) {
	return parseDate(r.Text(column), r.rows.dates)
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

func trimRight(cells []string) []string {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	return slices.Clone(cells)
}

// Package spreadsheet reads the tables that French offices send: CSV in Windows-1252 or UTF-8, separated by semicolons,
// commas or tabs, and XLSX, one row at a time. It goes by what is in a file, not by the file's name, and every limit is
// checked before the work that it bounds. Refusals are okey.Error with French messages that say what to do.
package spreadsheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"okey"
)

// What a file may be at most. The largest file that OKEY is meant for, the whole register of establishments, has some 70,000
// rows and 35 MB.
const (
	MaxBytes    = 100 << 20 // of a file
	maxUnzipped = 256 << 20 // of all that an XLSX file unpacks to
	maxRows     = 250_000   // with something in them
	maxColumns  = 256
	maxCell     = 32_767 // characters, as in Excel
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
	Name string
	Kind Kind
	src  io.ReaderAt
	size int64
}

// Open looks at the first bytes. It refuses at once what is too large or no table; name is for messages only.
func Open(name string, src io.ReaderAt, size int64) (*File, error) {
	if size > MaxBytes {
		return nil, okey.Errorf(okey.CodeTooLarge, "%s pèse %d Mo : 100 Mo au plus. Découpez-le en plusieurs fichiers.", name, size>>20)
	}
	head := make([]byte, min(size, 512))
	if _, err := src.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the beginning of %s: %w", name, err)
	}
	kind, refusal := sniff(head)
	if refusal != "" {
		return nil, okey.Errorf(okey.CodeInvalid, "%s %s", name, refusal)
	}
	return &File{Name: name, Kind: kind, src: src, size: size}, nil
}

// Content is the file from its first byte.
func (f *File) Content() io.Reader { return io.NewSectionReader(f.src, 0, f.size) }

// Size is in bytes.
func (f *File) Size() int64 { return f.size }

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
		return 0, "est un ancien classeur Excel (.xls) ou un classeur protégé par un mot de passe : enregistrez-le au format .xlsx, sans mot de passe."
	case bytes.HasPrefix(head, []byte("%PDF")):
		return 0, "est un PDF : envoyez le tableau lui-même, en .xlsx ou en CSV."
	case bytes.HasPrefix(text, []byte("<")):
		return XML, ""
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return 0, "est en UTF-16 : enregistrez-le au format « CSV UTF-8 »."
	case bytes.IndexByte(head, 0) >= 0:
		return 0, "n'est pas un tableau : OKEY lit les fichiers .xlsx, .csv et PSKC (.xml)."
	}
	return CSV, ""
}

// source is what CSV and XLSX have in common: raw lines in order, io.EOF at the end. Blank lines may be left out.
type source interface {
	next() (line int, cells []string, err error)
	progress() (done, total int64)
	close() error
}

// Rows reads a table row by row under a header that one of the layouts fits.
type Rows struct {
	Layout int // which of the layouts fits

	name    string
	src     source
	header  []string       // as written in the file
	columns map[string]int // by name in the layout
	dates   dateSystem
	read    int
}

// Rows finds the header and the layout that fits it. The Error names the columns that are missing or unknown.
func (f *File) Rows(layouts ...Layout) (*Rows, error) {
	switch f.Kind {
	case CSV:
		src, err := openCSV(f)
		if err != nil {
			return nil, err
		}
		return rowsOf(f.Name, src, layouts)
	case XLSX:
		return rowsOfWorkbook(f, layouts)
	}
	return nil, okey.Errorf(okey.CodeInvalid, "%s est un fichier XML : seules les clefs se lisent en XML (PSKC).", f.Name)
}

func rowsOf(name string, src source, layouts []Layout) (*Rows, error) {
	_, header, err := src.next()
	for err == nil && blank(header) {
		_, header, err = src.next()
	}
	if errors.Is(err, io.EOF) {
		return nil, okey.Errorf(okey.CodeInvalid, "%s est vide.", name)
	}
	var unreadable *RowError
	if errors.As(err, &unreadable) {
		return nil, okey.Errorf(okey.CodeInvalid, "%s : la ligne des titres (ligne %d) est illisible. %s", name, unreadable.Line, unreadable.Message)
	}
	if err != nil {
		return nil, err
	}
	rows := &Rows{name: name, src: src, header: trimRight(header)}
	rows.Layout, rows.columns, err = fit(name, rows.header, layouts)
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
	for {
		line, cells, err := r.src.next()
		if err != nil {
			return Row{Line: line}, err
		}
		if blank(cells) {
			continue
		}
		if r.read++; r.read > maxRows {
			return Row{}, okey.Errorf(okey.CodeTooLarge, "%s a plus de %d lignes : découpez-le en plusieurs fichiers.", r.name, maxRows)
		}
		if fault := r.check(line, cells); fault != nil {
			return Row{Line: line}, fault
		}
		return Row{Line: line, cells: cells, rows: r}, nil
	}
}

func (r *Rows) check(line int, cells []string) error {
	for i, cell := range cells {
		switch {
		case strings.TrimSpace(cell) == "":
		case i >= len(r.header) || strings.TrimSpace(r.header[i]) == "":
			return &RowError{Line: line, Message: fmt.Sprintf("« %s » est dans une colonne sans titre : vérifiez les séparateurs de cette ligne.", clip(cell))}
		case utf8.RuneCountInString(cell) > maxCell:
			return &RowError{Line: line, Column: r.header[i], Message: "Cette cellule est trop longue."}
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
		return strings.TrimSpace(r.rows.header[i])
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

func clip(s string) string {
	runes := []rune(strings.TrimSpace(s))
	if len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return string(runes)
}

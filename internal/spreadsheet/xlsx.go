package spreadsheet

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"okey/okey"
)

const (
	maxParts     = 1_000 // files inside a workbook
	maxSheets    = 256
	maxTried     = 20      // sheets that are looked at for a header
	maxAbove     = 50      // lines of a sheet that are looked at for a header
	maxDirectory = 1 << 20 // bytes of the list of parts
	maxDigits    = 15      // that Excel keeps of a number: beyond, it has replaced them by zeros
)

// long is a number that may not be what was typed: written with an exponent, or of more digits than Excel keeps.
var long = regexp.MustCompile(`^(?:[0-9]+(?:\.[0-9]+)?[Ee]\+?[0-9]+|[0-9]{16,})$`)

type xlsxSource struct {
	name  string
	book  *excelize.File
	sheet string
	raw   *excelize.Rows
	line  int
	last  int   // the line after which nothing is read
	ends  []int // the last lines of all sheets, for excelize does not tell which part a sheet is
	shown *shownRows
}

// rowsOfWorkbook takes the first visible sheet whose header fits; where none does, the error is about the first one.
func rowsOfWorkbook(f *File, layouts []Layout) (*Rows, error) {
	book, ends, err := openWorkbook(f)
	if err != nil {
		return nil, err
	}
	var first error
	tried := 0
	for _, sheet := range book.GetSheetList() {
		if visible, err := book.GetSheetVisible(sheet); err != nil || !visible {
			continue
		}
		if tried++; tried > maxTried {
			break
		}
		rows, err := rowsOfSheet(f, book, ends, sheet, layouts)
		if err == nil {
			return rows, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = okey.Errorf(okey.CodeInvalid, "%s n'a aucune feuille visible.", f.Name)
	}
	return nil, errors.Join(first, book.Close())
}

func openWorkbook(f *File) (*excelize.File, []int, error) {
	src := &directory{ReaderAt: f.src, left: maxDirectory}
	archive, err := zip.NewReader(src, f.size)
	src.left = math.MaxInt64
	if err != nil {
		return nil, nil, damaged(f.Name, err)
	}
	ends, err := verify(f, archive)
	if err != nil {
		return nil, nil, err
	}
	book, err := excelize.OpenReader(readParts(archive), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: f.limits.Unzipped, UnzipXMLSizeLimit: f.limits.Held,
	})
	if err != nil {
		if book != nil {
			err = errors.Join(err, book.Close()) // it may have temporary files
		}
		return nil, nil, damaged(f.Name, err)
	}
	return book, ends, nil
}

// directory lets an archive's list of parts be read, as far as it is not without end.
type directory struct {
	io.ReaderAt
	left int64
}

// ReadAt implements io.ReaderAt.
func (d *directory) ReadAt(p []byte, at int64) (int, error) {
	if d.left -= int64(len(p)); d.left < 0 {
		return 0, errLeash
	}
	return d.ReaderAt.ReadAt(p, at)
}

// roleOf tells what a part is for. Rows come from sheets in the folder where every program writes them, under names that Excel gives.
func roleOf(part *zip.File) role {
	name := strings.ToLower(part.Name)
	switch {
	case name == "xl/sharedstrings.xml":
		return stringsRole
	case strings.HasPrefix(name, "xl/worksheets/") && strings.HasSuffix(name, ".xml"):
		return sheetRole
	case name == "[content_types].xml", name == "_rels/.rels", name == "xl/workbook.xml", name == "xl/_rels/workbook.xml.rels":
		return structureRole
	}
	return asideRole
}

// readParts is the archive without the parts that nobody needs to read its rows: styles, pictures, macros, links to other files.
func readParts(archive *zip.Reader) io.Reader {
	out, in := io.Pipe()
	go func() {
		w := zip.NewWriter(in)
		for _, part := range archive.File {
			if roleOf(part) == asideRole {
				continue
			}
			if err := w.Copy(part); err != nil {
				in.CloseWithError(err)
				return
			}
		}
		in.CloseWithError(w.Close())
	}()
	return out
}

// verify unpacks the whole file to nowhere: excelize goes by the sizes that a file claims and takes a sheet that breaks off
// for a complete one. It returns the number of each sheet's last row.
func verify(f *File, archive *zip.Reader) (ends []int, err error) {
	if len(archive.File) > maxParts {
		return nil, damaged(f.Name, fmt.Errorf("%d parts", len(archive.File)))
	}
	if claimed(archive, uint64(f.limits.Unzipped)) > uint64(f.limits.Unzipped) { // before unpacking anything
		return nil, okey.Errorf(okey.CodeTooLarge, "%s contient plus de %d Mo une fois décompressé : découpez-le en plusieurs fichiers.", f.Name, f.limits.Unzipped>>20)
	}
	used, names := &usage{}, map[string]bool{}
	for _, part := range archive.File {
		name := strings.ToLower(strings.ReplaceAll(part.Name, "\\", "/"))
		if names[name] {
			return nil, damaged(f.Name, fmt.Errorf("two parts are %s", name))
		}
		names[name] = true
		err := verifyPart(f, used, part)
		var refused *okey.Error
		if errors.As(err, &refused) {
			return nil, refused
		}
		if err != nil {
			return nil, damaged(f.Name, err)
		}
	}
	if !names["xl/workbook.xml"] {
		return nil, okey.Errorf(okey.CodeInvalid, "%s n'est pas un classeur Excel : enregistrez-le au format .xlsx ou CSV.", f.Name)
	}
	if used.highest > 0 && used.highest >= used.strings {
		return nil, damaged(f.Name, fmt.Errorf("shared string %d of %d", used.highest, used.strings))
	}
	return used.ends, nil
}

// claimed is what the archive says that it unpacks to, as far as more than most; verifyPart holds each part to it.
func claimed(archive *zip.Reader, most uint64) uint64 {
	var sum uint64
	for _, part := range archive.File {
		if sum += min(part.UncompressedSize64, most+1); sum > most {
			break
		}
	}
	return sum
}

func verifyPart(f *File, used *usage, part *zip.File) error {
	role := roleOf(part)
	size := int64(part.UncompressedSize64) // claimed bounds it
	spilled := role == stringsRole || strings.HasPrefix(strings.ToLower(part.Name), "xl/worksheets/sheet")
	if size > f.limits.Held && role != asideRole && !spilled {
		return fmt.Errorf("%s is too large to be held", part.Name)
	}
	content, err := part.Open()
	if err != nil {
		return err
	}
	defer content.Close() // only read from
	m := &markup{file: f, role: role, used: used}
	n, err := io.Copy(m, io.LimitReader(content, size+1))
	switch {
	case err != nil:
		return err
	case n > size:
		return errors.New("a part is larger than it claims")
	case role != asideRole && !m.whole():
		return fmt.Errorf("%s breaks off", part.Name)
	}
	if role == sheetRole {
		used.ends = append(used.ends, m.sheet.row)
	}
	return nil
}

func damaged(name string, err error) error {
	e := okey.Errorf(okey.CodeInvalid, "%s est un classeur endommagé : ouvrez-le dans Excel et enregistrez-le de nouveau.", name)
	e.Err = err
	return e
}

func rowsOfSheet(f *File, book *excelize.File, ends []int, sheet string, layouts []Layout) (*Rows, error) {
	raw, err := book.Rows(sheet)
	if err != nil {
		return nil, damaged(f.Name, err)
	}
	src := &xlsxSource{name: f.Name, book: book, sheet: sheet, raw: raw, ends: ends, last: maxAbove, shown: &shownRows{book: book, sheet: sheet}}
	rows, err := f.rowsOf(src, layouts)
	src.last = excelRows
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	props, err := book.GetWorkbookProps()
	if err != nil {
		return nil, damaged(f.Name, err)
	}
	rows.dates.from1904 = props.Date1904 != nil && *props.Date1904
	return rows, nil
}

func (s *xlsxSource) next() (int, []string, error) {
	for s.raw.Next() {
		if s.line++; s.line > s.last {
			return s.line, nil, okey.Errorf(okey.CodeInvalid, "%s n'a pas de titres dans ses %d premières lignes.", s.name, s.last)
		}
		cells, err := s.raw.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return s.line, nil, damaged(s.name, err)
		}
		if blank(cells) {
			continue
		}
		if len(trimRight(cells)) > maxColumns {
			return s.line, nil, &RowError{Line: s.line, Message: fmt.Sprintf("Cette ligne a plus de %d colonnes.", maxColumns)}
		}
		return s.line, cells, s.settle(cells)
	}
	if err := s.raw.Error(); err != nil {
		return s.line, nil, damaged(s.name, err)
	}
	if !slices.Contains(s.ends, s.line) { // excelize takes a fault for the end
		return s.line, nil, damaged(s.name, fmt.Errorf("reading ends at line %d", s.line))
	}
	return s.line, nil, io.EOF
}

// settle replaces numbers that the file keeps with an exponent by their digits, as far as Excel kept them all. Only a number
// is shown otherwise than it is kept: a text that says 1.23E+11 stays as it is, to be refused by whoever reads the column.
func (s *xlsxSource) settle(cells []string) error {
	for i, cell := range cells {
		if !long.MatchString(cell) {
			continue
		}
		shown, err := s.shown.cell(s.line, i)
		if err != nil {
			return damaged(s.name, err)
		}
		if shown == cell {
			continue
		}
		digits, whole := allDigits(cell)
		if !whole {
			digits = strings.ToUpper(shown)
			if n, err := strconv.ParseFloat(cell, 64); err == nil {
				digits = strings.Replace(strconv.FormatFloat(n, 'E', 2, 64), ".", ",", 1) // what Excel shows
			}
		}
		cells[i] = digits
	}
	return nil
}

// allDigits writes a whole number out; false where it is none or has more digits than Excel keeps.
func allDigits(number string) (string, bool) {
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 {
		return "", false
	}
	digits := strconv.FormatFloat(n, 'f', -1, 64)
	return digits, len(digits) <= maxDigits && !strings.Contains(digits, ".")
}

// shownRows reads the sheet a second time, as it is displayed, no further than asked and only if asked.
type shownRows struct {
	book  *excelize.File
	sheet string
	rows  *excelize.Rows
	line  int
	cells []string
}

func (s *shownRows) cell(line, column int) (string, error) {
	if s.rows == nil {
		rows, err := s.book.Rows(s.sheet)
		if err != nil {
			return "", err
		}
		s.rows = rows
	}
	for s.line < line && s.rows.Next() {
		s.line++
		cells, err := s.rows.Columns(excelize.Options{RawCellValue: false})
		if err != nil {
			return "", err
		}
		s.cells = cells
	}
	if column >= len(s.cells) {
		return "", nil
	}
	return s.cells[column], nil
}

func (s *xlsxSource) progress() (int64, int64) { return int64(s.line), 0 }

func (s *xlsxSource) close() error {
	if s.shown.rows != nil {
		if err := s.shown.rows.Close(); err != nil {
			return fmt.Errorf("close %s: %w", s.name, err)
		}
	}
	return errors.Join(s.raw.Close(), s.book.Close())
}

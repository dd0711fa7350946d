package spreadsheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"okey"
)

const (
	maxParts    = 1_000    // files inside a workbook
	maxPartHeld = 16 << 20 // larger sheets are unpacked to a temporary file rather than held in memory
	maxDigits   = 15       // that Excel keeps of a number: beyond, it has replaced them by zeros
)

// long is a number that may not be what was typed: written with an exponent, or of more digits than Excel keeps.
var long = regexp.MustCompile(`^(?:[0-9]+(?:\.[0-9]+)?[Ee]\+?[0-9]+|[0-9]{16,})$`)

type xlsxSource struct {
	name  string
	book  *excelize.File
	sheet string
	raw   *excelize.Rows
	line  int
	shown *shownRows
}

// rowsOfWorkbook takes the first visible sheet whose header fits; where none does, the error is about the first one.
func rowsOfWorkbook(f *File, layouts []Layout) (*Rows, error) {
	book, err := openWorkbook(f)
	if err != nil {
		return nil, err
	}
	var first error
	for _, sheet := range book.GetSheetList() {
		if visible, err := book.GetSheetVisible(sheet); err != nil || !visible {
			continue
		}
		rows, err := rowsOfSheet(f.Name, book, sheet, layouts)
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

func openWorkbook(f *File) (*excelize.File, error) {
	if err := verify(f); err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(f.Content(), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxPartHeld,
	})
	if err != nil {
		return nil, damaged(f.Name, err)
	}
	return book, nil
}

// verify unpacks the whole file to nowhere: excelize goes by the sizes that a file claims and takes a sheet that breaks off
// for a complete one.
func verify(f *File) error {
	archive, err := zip.NewReader(f.src, f.size)
	if err != nil {
		return damaged(f.Name, err)
	}
	if len(archive.File) > maxParts {
		return damaged(f.Name, fmt.Errorf("%d parts", len(archive.File)))
	}
	left := int64(maxUnzipped)
	if claimed(archive) > maxUnzipped { // before unpacking anything
		return tooLargeUnpacked(f.Name)
	}
	workbook := false
	for _, part := range archive.File {
		workbook = workbook || strings.EqualFold(part.Name, "xl/workbook.xml")
		n, err := verifyPart(f.Name, part)
		var refused *okey.Error
		if errors.As(err, &refused) {
			return refused
		}
		if err != nil {
			return damaged(f.Name, err)
		}
		if left -= n; left < 0 {
			return tooLargeUnpacked(f.Name)
		}
	}
	if !workbook {
		return okey.Errorf(okey.CodeInvalid, "%s n'est pas un classeur Excel : enregistrez-le au format .xlsx ou CSV.", f.Name)
	}
	return nil
}

// claimed is what the archive says that it unpacks to; verifyPart holds each part to it.
func claimed(archive *zip.Reader) uint64 {
	var sum uint64
	for _, part := range archive.File {
		if part.UncompressedSize64 > maxUnzipped {
			return part.UncompressedSize64
		}
		sum += part.UncompressedSize64
	}
	return sum
}

func tooLargeUnpacked(name string) error {
	return okey.Errorf(okey.CodeTooLarge, "%s contient plus de 256 Mo une fois décompressé : découpez-le en plusieurs fichiers.", name)
}

func verifyPart(file string, part *zip.File) (int64, error) {
	content, err := part.Open()
	if err != nil {
		return 0, err
	}
	defer content.Close() // only read from
	var end tail
	sheet := strings.HasPrefix(strings.ToLower(part.Name), "xl/worksheets/") && strings.HasSuffix(strings.ToLower(part.Name), ".xml")
	most := int64(part.UncompressedSize64) // claimed bounds it
	n, err := io.Copy(io.MultiWriter(&end, &markup{name: file, sheet: sheet}), io.LimitReader(content, most+1))
	if err != nil {
		return n, err
	}
	if n > most {
		return n, errors.New("a part is larger than it claims")
	}
	if sheet && !bytes.HasSuffix(bytes.TrimSpace(end.last), []byte("worksheet>")) {
		return n, errors.New("a sheet breaks off")
	}
	return n, nil
}

// tail keeps the last bytes of what is written to it.
type tail struct{ last []byte }

func (t *tail) Write(p []byte) (int, error) {
	const keep = 64
	t.last = append(t.last, p[max(0, len(p)-keep):]...)
	t.last = slices.Clone(t.last[max(0, len(t.last)-keep):])
	return len(p), nil
}

func damaged(name string, err error) error {
	e := okey.Errorf(okey.CodeInvalid, "%s est un classeur endommagé : ouvrez-le dans Excel et enregistrez-le de nouveau.", name)
	e.Err = err
	return e
}

func rowsOfSheet(name string, book *excelize.File, sheet string, layouts []Layout) (*Rows, error) {
	raw, err := book.Rows(sheet)
	if err != nil {
		return nil, damaged(name, err)
	}
	src := &xlsxSource{name: name, book: book, sheet: sheet, raw: raw, shown: &shownRows{book: book, sheet: sheet}}
	rows, err := rowsOf(name, src, layouts)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	props, err := book.GetWorkbookProps()
	if err != nil {
		return nil, damaged(name, err)
	}
	rows.dates.from1904 = props.Date1904 != nil && *props.Date1904
	return rows, nil
}

func (s *xlsxSource) next() (int, []string, error) {
	for s.raw.Next() {
		s.line++
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

package spreadsheet

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"okey/internal/spreadsheet/guard"
	"okey/okey"
)

const (
	maxTried  = 20 // sheets that are looked at for a header
	maxDigits = 15 // that Excel keeps of a number: beyond, it has replaced them by zeros
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
	sound, err := f.limits.Workbook(f.Name, f.src, f.size)
	if err != nil {
		return nil, nil, err
	}
	book, err := excelize.OpenReader(sound.Packed(), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: f.limits.Unzipped, UnzipXMLSizeLimit: f.limits.Held,
	})
	if err != nil {
		if book != nil {
			err = errors.Join(err, book.Close()) // it may have temporary files
		}
		return nil, nil, guard.Damaged(f.Name, err)
	}
	return book, sound.Ends, nil
}

func rowsOfSheet(f *File, book *excelize.File, ends []int, sheet string, layouts []Layout) (*Rows, error) {
	raw, err := book.Rows(sheet)
	if err != nil {
		return nil, guard.Damaged(f.Name, err)
	}
	src := &xlsxSource{
		name: f.Name, book: book, sheet: sheet, raw: raw, ends: ends, last: guard.MaxAbove,
		shown: &shownRows{book: book, sheet: sheet},
	}
	rows, err := f.rowsOf(src, layouts)
	src.last = guard.ExcelRows
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	props, err := book.GetWorkbookProps()
	if err != nil {
		return nil, guard.Damaged(f.Name, err)
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
			return s.line, nil, guard.Damaged(s.name, err)
		}
		if blank(cells) {
			continue
		}
		if len(trimRight(cells)) > guard.MaxColumns {
			return s.line, nil, &RowError{Line: s.line, Message: fmt.Sprintf("Cette ligne a plus de %d colonnes.", guard.MaxColumns)}
		}
		return s.line, cells, s.settle(cells)
	}
	if err := s.raw.Error(); err != nil {
		return s.line, nil, guard.Damaged(s.name, err)
	}
	if !slices.Contains(s.ends, s.line) { // excelize takes a fault for the end
		return s.line, nil, guard.Damaged(s.name, fmt.Errorf("reading ends at line %d", s.line))
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
			return guard.Damaged(s.name, err)
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

// Package workbook writes tables as xlsx files for people: typed cells, a header that stays in sight, a filter, a layout that prints on A4.
// What somebody typed stays text, whatever it begins with: no cell ever holds a formula.
package workbook

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"okey/okey"

	"github.com/xuri/excelize/v2"
)

// Kind is how a column's cells are typed.
type Kind int

// The kinds of columns. Number takes any Go number, Date an okey.Day or a time.Time, Instant a time.Time in the zone in which it is to be
// read. Zero days and times, and nil, leave a cell empty.
const (
	Text Kind = iota
	Number
	Date
	Instant
)

// Column is one column of a sheet; its width is in characters, 0 for the kind's own.
type Column struct {
	Title string
	Kind  Kind
	Width float64
}

// Sheet is one table. Rows is run through once, cell by cell in the order of Columns; its error ends the writing. Totals, where given, is a
// last row in bold that the filter leaves alone.
type Sheet struct {
	Name    string
	Columns []Column
	Rows    iter.Seq2[[]any, error]
	Totals  []any
}

// Properties say what the file is. The same properties and rows make the same bytes.
type Properties struct {
	Title   string
	Subject string
	Created time.Time
}

// MaxText is how long a cell's text may be, in UTF-16 units: Excel's own limit. Longer text is cut, and says so.
const MaxText = excelize.TotalCellChars

const cutMark = " […texte coupé par OKEY]"

// MaxRows is how many rows a sheet may have below its header: Excel's own limit.
const MaxRows = excelize.TotalRows - 1

// Write writes a workbook with these sheets. Nothing reaches w before all rows have been read: until then what is more than 16 MB waits in
// a file, in the folder for such, or where there is none in memory. Of one sheet the whole file is never in memory.
func Write(w io.Writer, about Properties, sheets ...Sheet) error {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }() // only removes its temporary files
	b := book{File: f, about: about}
	if err := b.prepare(); err != nil {
		return fmt.Errorf("prepare workbook: %w", err)
	}
	for i, sheet := range sheets {
		if err := b.add(i, sheet); err != nil {
			return fmt.Errorf("write sheet %q: %w", sheet.Name, err)
		}
	}
	if len(sheets) == 1 {
		f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w) }) // else it would be packed in memory
		if err := f.Write(io.Discard); err != nil {
			return fmt.Errorf("pack workbook: %w", err)
		}
		return nil
	}
	packed, err := f.WriteToBuffer()
	if err != nil {
		return fmt.Errorf("pack workbook: %w", err)
	}
	return inOrder(w, packed.Bytes())
}

// inOrder writes the parts of a zip file by name: excelize packs several sheets in the order of a map, which is another one each time.
func inOrder(w io.Writer, packed []byte) error {
	from, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return fmt.Errorf("read back workbook: %w", err)
	}
	slices.SortFunc(from.File, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	to := zip.NewWriter(w)
	for _, part := range from.File {
		if err := to.Copy(part); err != nil {
			return fmt.Errorf("pack %s: %w", part.Name, err)
		}
	}
	return to.Close()
}

type book struct {
	*excelize.File
	about  Properties
	header int
	kinds  map[Kind]int // styles
	totals map[Kind]int
	names  []string // of the sheets so far
}

var formats = map[Kind]string{Text: "@", Number: "General", Date: "dd/mm/yyyy", Instant: "dd/mm/yyyy hh:mm"}

var widths = map[Kind]float64{Text: 24, Number: 12, Date: 14, Instant: 18}

func (b *book) prepare() error {
	created := b.about.Created.UTC().Format(time.RFC3339)
	err := b.SetDocProps(&excelize.DocProperties{
		Title: clean(b.about.Title), Subject: clean(b.about.Subject), Creator: "OKEY", LastModifiedBy: "OKEY",
		Created: created, Modified: created, Language: "fr-FR",
	})
	if err != nil {
		return err
	}
	b.header, err = b.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E4E9F1"}},
		Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"},
	})
	if err != nil {
		return err
	}
	b.kinds, b.totals = map[Kind]int{}, map[Kind]int{}
	for _, kind := range []Kind{Text, Number, Date, Instant} {
		format := formats[kind]
		plain := &excelize.Style{CustomNumFmt: &format, Alignment: &excelize.Alignment{WrapText: kind == Text, Vertical: "top"}}
		if b.kinds[kind], err = b.NewStyle(plain); err != nil {
			return err
		}
		plain.Font = &excelize.Font{Bold: true}
		if b.totals[kind], err = b.NewStyle(plain); err != nil {
			return err
		}
	}
	return nil
}

// add streams one sheet. What stands before a sheet's rows in the file is set before its stream opens, the rest before it ends.
func (b *book) add(place int, sheet Sheet) error {
	name, err := b.newSheet(place, sheet.Name)
	if err != nil {
		return err
	}
	if err := b.printLayout(name); err != nil {
		return err
	}
	stream, err := b.NewStreamWriter(name)
	if err != nil {
		return err
	}
	if err := beginSheet(stream, sheet.Columns); err != nil {
		return err
	}
	last, err := b.writeRows(stream, sheet)
	if err != nil {
		return err
	}
	if len(sheet.Columns) > 0 {
		corner, err := excelize.CoordinatesToCellName(len(sheet.Columns), last)
		if err != nil {
			return err
		}
		if err := b.AutoFilter(name, "A1:"+corner, nil); err != nil {
			return err
		}
	}
	return stream.Flush()
}

func (b *book) newSheet(place int, wanted string) (string, error) {
	name := b.sheetName(wanted, place+1)
	b.names = append(b.names, name)
	if place == 0 {
		return name, b.SetSheetName(b.GetSheetName(0), name)
	}
	_, err := b.NewSheet(name)
	return name, err
}

// sheetName makes a name that Excel takes, unlike the names of the sheets before.
func (b *book) sheetName(wanted string, number int) string {
	name := strings.TrimSpace(strings.NewReplacer(":", " ", "\\", " ", "/", "-", "?", "", "*", "", "[", "(", "]", ")", "\n",
		" ").Replace(clean(wanted)))
	name = strings.Trim(name, "'")
	if name == "" {
		name = "Feuille"
	}
	same := func(other string) bool { return strings.EqualFold(other, cut(name, excelize.MaxSheetNameLength)) }
	if slices.ContainsFunc(b.names, same) {
		name = fmt.Sprintf("%s (%d)", cut(name, excelize.MaxSheetNameLength-5), number)
	}
	return cut(name, excelize.MaxSheetNameLength)
}

// printLayout fits a sheet on A4, one page wide, with its header on each page.
func (b *book) printLayout(name string) error {
	a4, landscape, width, height, fit := 9, "landscape", 1, 0, true
	if err := b.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	if err := b.SetPageLayout(name, &excelize.PageLayoutOptions{
		Size: &a4, Orientation: &landscape, FitToWidth: &width,
		FitToHeight: &height,
	}); err != nil {
		return err
	}
	title := strings.ReplaceAll(cut(clean(b.about.Title), 100), "&", "&&")
	if err := b.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: "&L" + title + "&RPage &P/&N"}); err != nil {
		return err
	}
	return b.SetDefinedName(&excelize.DefinedName{
		Name: "_xlnm.Print_Titles", RefersTo: "'" + strings.ReplaceAll(name, "'", "''") + "'!$1:$1", Scope: name,
	})
}

func beginSheet(stream *excelize.StreamWriter, columns []Column) error {
	for i, column := range slices.Backward(columns) { // excelize writes the last one set first, and Excel wants them in order
		width := column.Width
		if width == 0 {
			width = widths[column.Kind]
		}
		if err := stream.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	return stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// writeRows writes header, rows and totals, and returns the number of the last row that the filter covers.
func (b *book) writeRows(stream *excelize.StreamWriter, sheet Sheet) (int, error) {
	header := make([]any, len(sheet.Columns))
	for i, column := range sheet.Columns {
		header[i] = excelize.Cell{StyleID: b.header, Value: clean(column.Title)}
	}
	if err := stream.SetRow("A1", header); err != nil {
		return 0, err
	}
	last := 1
	write := func(row []any, styles map[Kind]int) error {
		cells, err := cellsOf(sheet.Columns, row, styles)
		if err != nil {
			return fmt.Errorf("row %d: %w", last+1, err)
		}
		at, err := excelize.CoordinatesToCellName(1, last+1)
		if err != nil {
			return err
		}
		return stream.SetRow(at, cells)
	}
	if sheet.Rows != nil {
		for row, err := range sheet.Rows {
			if err == nil {
				err = write(row, b.kinds)
			}
			if err != nil {
				return last, err
			}
			last++
		}
	}
	if sheet.Totals == nil {
		return last, nil
	}
	return last, write(sheet.Totals, b.totals)
}

func cellsOf(columns []Column, row []any, styles map[Kind]int) ([]any, error) {
	if len(row) > len(columns) {
		return nil, fmt.Errorf("%d cells for %d columns", len(row), len(columns))
	}
	cells := make([]any, len(row))
	for i, value := range row {
		kind := columns[i].Kind
		typed, err := typedAs(kind, value)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", columns[i].Title, err)
		}
		if typed == nil {
			continue
		}
		if _, isText := typed.(string); isText {
			kind = Text // a word among numbers: the label of a total
		}
		cells[i] = excelize.Cell{StyleID: styles[kind], Value: typed}
	}
	return cells, nil
}

// typedAs is a value as excelize is to write it: a text always as a string, which it never reads as a formula.
func typedAs(kind Kind, value any) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil //nolint:nilnil // an empty cell
	case string:
		if v = clean(v); v == "" {
			return nil, nil //nolint:nilnil // an empty cell
		}
		return v, nil
	case okey.Day:
		if v == (okey.Day{}) {
			return nil, nil //nolint:nilnil // an empty cell
		}
		return v.Time(), nil
	case time.Time:
		if v.IsZero() {
			return nil, nil //nolint:nilnil // an empty cell
		}
		return v, nil
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		if kind == Number {
			return v, nil
		}
	}
	if kind == Text {
		return typedAs(kind, clean(fmt.Sprint(value)))
	}
	return nil, fmt.Errorf("a %T is nothing for such a column", value)
}

// clean takes out what a cell can't hold: control characters but for line ends, halves of characters, what is past Excel's limit.
func clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t', r == '\r':
			return ' '
		case r < ' ', r == 0x7f, r >= 0x80 && r <= 0x9f, r == 0xfffe, r == 0xffff:
			return -1
		}
		return r
	}, text)
	if units(text) <= MaxText {
		return text
	}
	return cut(text, MaxText-units(cutMark)) + cutMark
}

// cut keeps whole characters, as many as fit into so many UTF-16 units: what Excel counts.
func cut(text string, most int) string {
	n := 0
	for i, r := range text {
		if n += utf16.RuneLen(r); n > most {
			return text[:i]
		}
	}
	return text
}

func units(text string) int {
	n := 0
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}

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
	"math"
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

// Column is one column of a sheet; its width is in characters, 0 for the kind's own, and never less than the longest word of its title.
type Column struct {
	Title string
	Kind  Kind
	Width float64
}

// Sheet is one table. Rows is run through once, cell by cell in the order of Columns; its error ends the writing. Totals, where given, is a
// last row in bold that the filter leaves alone. Head, where given, stands above the table: a heading, then a fact a line.
type Sheet struct {
	Name    string
	Heading string
	Head    []Fact
	Columns []Column
	Rows    iter.Seq2[[]any, error]
	Totals  []any
}

// Fact is a line above a table: its name in the first column, which is wide enough for it, and its value.
type Fact struct{ Name, Value string }

// top is the row that the columns' titles are in.
func (s Sheet) top() int {
	if s.Heading == "" {
		return 1
	}
	return len(s.Head) + 3 // heading, facts, an empty row
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
	about               Properties
	heading, name, fact int          // styles
	kinds               map[Kind]int // styles, as the next two
	totals, headers     map[Kind]int
	names               []string // of the sheets so far
}

var formats = map[Kind]string{Text: "@", Number: "General", Date: "dd/mm/yyyy", Instant: "dd/mm/yyyy hh:mm"}

var widths = map[Kind]float64{Text: 24, Number: 12, Date: 14, Instant: 20}

func (b *book) prepare() error {
	created := b.about.Created.UTC().Format(time.RFC3339)
	err := b.SetDocProps(&excelize.DocProperties{
		Title: clean(b.about.Title), Subject: clean(b.about.Subject), Creator: "OKEY", LastModifiedBy: "OKEY",
		Created: created, Modified: created, Language: "fr-FR",
	})
	if err != nil {
		return err
	}
	family, err := b.GetDefaultFont()
	if err != nil {
		return err
	}
	bold := excelize.Font{Bold: true, Family: family, Size: 11} // said in full: without a family LibreOffice takes a serif
	large := bold
	large.Size = 16
	shade := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E4E9F1"}}
	b.kinds, b.totals, b.headers = map[Kind]int{}, map[Kind]int{}, map[Kind]int{}
	made := func(style excelize.Style) (id int) {
		if err == nil {
			id, err = b.NewStyle(&style)
		}
		return id
	}
	for _, kind := range []Kind{Text, Number, Date, Instant} { // in this order each time
		format := formats[kind]
		place := &excelize.Alignment{WrapText: true, Vertical: "top"}
		switch kind {
		case Text:
		case Number:
			place = &excelize.Alignment{Horizontal: "right", Indent: 1, Vertical: "top"}
		case Date, Instant: // to the right they would touch the next column: LibreOffice forgets an indent here and there
			place = &excelize.Alignment{Horizontal: "left", Vertical: "top"}
		}
		b.kinds[kind] = made(excelize.Style{CustomNumFmt: &format, Alignment: place})
		b.totals[kind] = made(excelize.Style{CustomNumFmt: &format, Alignment: place, Font: &bold})
		title := *place
		title.WrapText = true
		b.headers[kind] = made(excelize.Style{Alignment: &title, Font: &bold, Fill: shade})
	}
	text := formats[Text]
	b.heading = made(excelize.Style{Font: &large, CustomNumFmt: &text})
	b.name = made(excelize.Style{Font: &bold, CustomNumFmt: &text})
	b.fact = made(excelize.Style{CustomNumFmt: &text}) // not wrapped: it runs on over the empty cells to its right
	return err
}

// add streams one sheet. What stands before a sheet's rows in the file is set before its stream opens, the rest before it ends.
func (b *book) add(place int, sheet Sheet) error {
	name, err := b.newSheet(place, sheet.Name)
	if err != nil {
		return err
	}
	if err := b.printLayout(name, sheet.top()); err != nil {
		return err
	}
	stream, err := b.NewStreamWriter(name)
	if err != nil {
		return err
	}
	if err := beginSheet(stream, sheet); err != nil {
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
		if err := b.AutoFilter(name, fmt.Sprintf("A%d:%s", sheet.top(), corner), nil); err != nil {
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
func (b *book) printLayout(name string, top int) error {
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
	beside, above, outer := 0.4, 0.75, 0.3 // inches, which any printer can; what is not said would be nought
	err := b.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{
		Left: &beside, Right: &beside, Top: &above, Bottom: &above, Header: &outer, Footer: &outer,
	})
	if err != nil {
		return err
	}
	title := strings.ReplaceAll(cut(clean(b.about.Title), 100), "&", "&&")
	if err := b.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: "&L" + title + "&RPage &P/&N"}); err != nil {
		return err
	}
	return b.SetDefinedName(&excelize.DefinedName{
		Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("'%s'!$%d:$%d", strings.ReplaceAll(name, "'", "''"), top, top), Scope: name,
	})
}

// width is how wide a column is, in digits.
func (c Column) width() float64 {
	width := c.Width
	if width == 0 {
		width = widths[c.Kind]
	}
	for word := range strings.FieldsSeq(c.Title) {
		width = max(width, math.Ceil(boldly*breadth(word)+margin(c.Kind)))
	}
	return width
}

func beginSheet(stream *excelize.StreamWriter, sheet Sheet) error {
	for i, column := range slices.Backward(sheet.Columns) { // excelize writes the last one set first, and Excel wants them in order
		if err := stream.SetColWidth(i+1, i+1, column.width()); err != nil {
			return err
		}
	}
	top := sheet.top()
	return stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: top, TopLeftCell: fmt.Sprintf("A%d", top+1), ActivePane: "bottomLeft"})
}

// writeHead writes what stands above the table.
func (b *book) writeHead(stream *excelize.StreamWriter, sheet Sheet) error {
	if sheet.Heading == "" {
		return nil
	}
	heading := []any{excelize.Cell{StyleID: b.heading, Value: clean(sheet.Heading)}}
	if err := stream.SetRow("A1", heading, excelize.RowOpts{Height: 2 * lineHeight}); err != nil {
		return err
	}
	for i, fact := range sheet.Head {
		line := []any{excelize.Cell{StyleID: b.name, Value: clean(fact.Name)}, excelize.Cell{StyleID: b.fact, Value: clean(fact.Value)}}
		if err := stream.SetRow(fmt.Sprintf("A%d", i+2), line); err != nil {
			return err
		}
	}
	return nil
}

// writeRows writes header, rows and totals, and returns the number of the last row that the filter covers.
func (b *book) writeRows(stream *excelize.StreamWriter, sheet Sheet) (int, error) {
	if err := b.writeHead(stream, sheet); err != nil {
		return 0, err
	}
	rooms := make([]float64, len(sheet.Columns))
	header := make([]any, len(sheet.Columns))
	titles := 1
	for i, column := range sheet.Columns {
		header[i] = excelize.Cell{StyleID: b.headers[column.Kind], Value: clean(column.Title)}
		rooms[i] = column.width() - margin(column.Kind)
		titles = max(titles, lines(clean(column.Title), rooms[i]/boldly))
	}
	last := sheet.top()
	if err := stream.SetRow(fmt.Sprintf("A%d", last), header, height(titles)...); err != nil {
		return 0, err
	}
	write := func(row []any, styles map[Kind]int, weight float64) error {
		cells, err := cellsOf(sheet.Columns, row, styles)
		if err != nil {
			return fmt.Errorf("row %d: %w", last+1, err)
		}
		at, err := excelize.CoordinatesToCellName(1, last+1)
		if err != nil {
			return err
		}
		return stream.SetRow(at, cells, height(highest(cells, rooms, weight))...)
	}
	if sheet.Rows != nil {
		for row, err := range sheet.Rows {
			if err == nil {
				err = write(row, b.kinds, 1)
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
	return last, write(sheet.Totals, b.totals, boldly)
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

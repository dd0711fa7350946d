package workbook_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"okey/internal/workbook"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

var paris = okey.ZoneOf("")

var about = workbook.Properties{Title: "Clefs & demandes", Subject: "Essai", Created: time.Date(2026, 11, 24, 9, 12, 0, 0, paris)}

var columns = []workbook.Column{
	{Title: "Numéro de série"},
	{Title: "Nombre", Kind: workbook.Number},
	{Title: "Expire", Kind: workbook.Date},
	{Title: "Vu", Kind: workbook.Instant},
}

func rows(all ...[]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, row := range all {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func sheet(all ...[]any) workbook.Sheet {
	return workbook.Sheet{Name: "Clefs", Columns: columns, Rows: rows(all...)}
}

func write(t *testing.T, sheets ...workbook.Sheet) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, workbook.Write(&out, about, sheets...))
	return out.Bytes()
}

func open(t *testing.T, content []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(content))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func part(t *testing.T, content []byte, name string) string {
	t.Helper()
	files, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	from, err := files.Open(name)
	require.NoError(t, err)
	text, err := io.ReadAll(from)
	require.NoError(t, err)
	return string(text)
}

func TestCellsHaveTheirTypes(t *testing.T) {
	day := okey.NewDay(2027, 12, 31)
	f := open(t, write(t, sheet([]any{okey.Serial("0048000012"), 12, day, time.Date(2026, 11, 24, 9, 12, 0, 0, paris)},
		[]any{"", nil, okey.Day{}, time.Time{}})))
	shown, err := f.GetRows("Clefs")
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"Numéro de série", "Nombre", "Expire", "Vu"}, {"0048000012", "12", "31/12/2027", "24/11/2026 09:12"}},
		shown[:2])
	kind, err := f.GetCellType("Clefs", "A2")
	require.NoError(t, err)
	assert.Equal(t, excelize.CellTypeInlineString, kind)
	raw, err := f.GetCellValue("Clefs", "C2", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	assert.Equal(t, "46752", raw, "a day is a number for Excel, that sorts and filters")
}

// What is not said of a margin is nought, where no printer prints.
func TestASheetHasMarginsOnEverySide(t *testing.T) {
	m, err := open(t, write(t, sheet())).GetPageMargins("Clefs")
	require.NoError(t, err)
	for _, inches := range []*float64{m.Left, m.Right, m.Top, m.Bottom, m.Header, m.Footer} {
		require.NotNil(t, inches)
		assert.GreaterOrEqual(t, *inches, 0.25)
	}
	assert.Greater(t, *m.Bottom, *m.Footer, "what stands below has room")
}

func TestTextNeverBecomesAFormula(t *testing.T) {
	for _, text := range []string{
		"=1+1", "+33 6", "-1", "@SUM(A1)", "=HYPERLINK(\"http://x\")", "_x0041_", "<b>&\"", "1,23E+11",
		"  bord  ",
	} {
		content := write(t, sheet([]any{text}))
		f := open(t, content)
		got, err := f.GetCellValue("Clefs", "A2")
		require.NoError(t, err)
		assert.Equal(t, text, got)
		formula, err := f.GetCellFormula("Clefs", "A2")
		require.NoError(t, err)
		assert.Empty(t, formula)
		assert.NotContains(t, part(t, content, "xl/worksheets/sheet1.xml"), "<f>")
	}
}

func TestWhatACellCannotHoldIsTakenOut(t *testing.T) {
	long := strings.Repeat("é", workbook.MaxText-1) + "😀😀"
	f := open(t, write(t, sheet([]any{"\tun\x00 deux\x1b\r\ntrois\ufffe"}, []any{long}, []any{"a\xffb"})))
	got, err := f.GetCellValue("Clefs", "A2")
	require.NoError(t, err)
	assert.Equal(t, " un deux\ntrois", got)
	got, err = f.GetCellValue("Clefs", "A3")
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(got, "coupé par OKEY]"), got[len(got)-40:])
	assert.Len(t, []rune(got), workbook.MaxText)
	got, err = f.GetCellValue("Clefs", "A4")
	require.NoError(t, err)
	assert.Equal(t, "a\ufffdb", got)
}

func TestTheSameTwiceIsTheSameBytes(t *testing.T) {
	one := func() []byte {
		second, third := sheet([]any{"c"}), sheet([]any{"d"})
		second.Name, third.Name = "Par établissement", "Résumé"
		return write(t, sheet([]any{"a"}, []any{"b"}), second, third)
	}
	first := one()
	for range 10 { // the order of a map, were it kept, would show
		require.Equal(t, first, one())
	}
}

func TestASheetIsLaidOutForReadingAndPrinting(t *testing.T) {
	counted := sheet([]any{"a", 1}, []any{"b", 2})
	counted.Totals = []any{"Total", 3}
	content := write(t, counted)
	xml := part(t, content, "xl/worksheets/sheet1.xml")
	for _, wanted := range []string{
		`ySplit="1"`, `state="frozen"`, `<autoFilter ref="$A$1:$D$3"`, `orientation="landscape"`, `paperSize="9"`, `fitToPage="true"`,
		`fitToHeight="0"`,
		`<cols><col min="1"`, `Clefs &amp;&amp; demandes`, `Page &amp;P/&amp;N`,
	} {
		assert.Contains(t, xml, wanted)
	}
	f := open(t, content)
	var names []string
	for _, name := range f.GetDefinedName() {
		names = append(names, name.Name+" "+name.RefersTo)
	}
	assert.Contains(t, names, "_xlnm.Print_Titles 'Clefs'!$1:$1")
	shown, err := f.GetRows("Clefs")
	require.NoError(t, err)
	assert.Equal(t, []string{"Total", "3"}, shown[3], "totals come last, outside of the filter")
	properties, err := f.GetDocProps()
	require.NoError(t, err)
	assert.Equal(t, about.Title, properties.Title)
	assert.Equal(t, "2026-11-24T08:12:00Z", properties.Created)
}

func TestARowIsAsHighAsItsLongestText(t *testing.T) {
	of := []workbook.Column{{Title: "UAI", Width: 11}, {Title: "Établissements de l'académie", Width: 11}, {Title: "Vu", Kind: workbook.Instant}}
	f := open(t, write(t, workbook.Sheet{Name: "Clefs", Columns: of, Rows: rows(
		[]any{"0069001B", "Les Acacias", about.Created},
		[]any{"une\ndeux\n\nquatre", nil, about.Created},
		[]any{nil, strings.Repeat("x", 55)},
		[]any{strings.Repeat("long ", 1000)},
		[]any{},
	), Totals: []any{"Total de l'académie"}}))
	for row, lines := range map[int]float64{2: 1, 3: 4, 4: 4, 5: 27, 6: 1, 7: 3} {
		height, err := f.GetRowHeight("Clefs", row)
		require.NoError(t, err)
		assert.InDelta(t, 15*lines, height, 0.01, "row %d", row)
	}
	wide, err := f.GetColWidth("Clefs", "B")
	require.NoError(t, err)
	assert.Greater(t, wide, 11.0, "no word of a title is broken")
}

func TestWhatStandsAboveATableLeavesItsHeaderInSight(t *testing.T) {
	headed := sheet([]any{"a", 1})
	headed.Heading, headed.Head = "Bon de commande", []workbook.Fact{{Name: "Numéro", Value: "=1+1"}, {Name: "Date", Value: "24/11/2026"}}
	content := write(t, headed)
	f := open(t, content)
	shown, err := f.GetRows("Clefs")
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"Bon de commande"}, {"Numéro", "=1+1"}, {"Date", "24/11/2026"}, nil, {"Numéro de série", "Nombre", "Expire", "Vu"}, {"a", "1"}},
		shown)
	xml := part(t, content, "xl/worksheets/sheet1.xml")
	for _, wanted := range []string{`ySplit="5"`, `topLeftCell="A6"`, `<autoFilter ref="$A$5:$D$6"`} {
		assert.Contains(t, xml, wanted)
	}
	assert.NotContains(t, xml, "<f>")
	assert.Equal(t, "'Clefs'!$5:$5", f.GetDefinedName()[0].RefersTo)
	styles := part(t, content, "xl/styles.xml")
	assert.Equal(t, strings.Count(styles, "<font>"), strings.Count(styles, "<name "), "a font without a name is any font")
}

func TestNamesOfSheetsAreMadeToFit(t *testing.T) {
	long := sheet()
	long.Name = "0060001A : [Lycée] des/Tilleuls et de la très grande Prairie"
	f := open(t, write(t, long, long, workbook.Sheet{Name: "'?'"}))
	assert.Len(t, f.GetSheetList(), 3)
	assert.Equal(t, "Feuille", f.GetSheetList()[2])
}

func TestAFailingSourceLeavesNothingBehind(t *testing.T) {
	broken := sheet()
	cause := errors.New("the database is away")
	broken.Rows = func(yield func([]any, error) bool) { _ = yield([]any{"a"}, nil) && yield(nil, cause) }
	var out bytes.Buffer
	require.ErrorIs(t, workbook.Write(&out, about, broken), cause)
	assert.Zero(t, out.Len())
	require.ErrorContains(t, workbook.Write(&out, about, sheet([]any{"a", true})), `column "Nombre"`)
	require.ErrorContains(t, workbook.Write(&out, about, sheet([]any{1, 2, nil, nil, 5})), "5 cells for 4 columns")
}

// held is what a sheet of so many rows has in memory when its first byte leaves, and what it has taken for each of them since it began.
func held(t *testing.T, many int) (kept, row float64) {
	t.Helper()
	all := func(yield func([]any, error) bool) {
		for range many {
			if !yield([]any{uuid.NewString(), 12, okey.NewDay(2027, time.March, 1), about.Created}, nil) {
				return
			}
		}
	}
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	out := first(func() {
		runtime.GC()
		runtime.ReadMemStats(&now)
	})
	require.NoError(t, workbook.Write(&out, about, workbook.Sheet{Name: "Clefs", Columns: columns, Rows: all}))
	return float64(now.HeapAlloc - before.HeapAlloc), float64(now.TotalAlloc-before.TotalAlloc) / float64(many)
}

// first does something at its first byte.
type first func()

func (f *first) Write(part []byte) (int, error) {
	if *f != nil {
		(*f)()
		*f = nil
	}
	return len(part), nil
}

// However many rows a sheet has, it holds no more in memory, and takes no more for each.
func TestALongSheetIsNotKeptInMemory(t *testing.T) {
	kept, row := held(t, 150_000)
	longKept, longRow := held(t, 600_000)
	assert.Less(t, longKept, 1.2*kept, "bytes")
	assert.Less(t, longRow, 1.1*row, "bytes a row")
}

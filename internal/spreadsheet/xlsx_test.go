package spreadsheet

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"okey/okey"
)

func workbook(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	require.NoError(t, f.Close())
	return b.Bytes()
}

func set(t testing.TB, f *excelize.File, sheet string, cells map[string]any) {
	t.Helper()
	for cell, value := range cells {
		require.NoError(t, f.SetCellValue(sheet, cell, value))
	}
}

func TestWorkbooksAreReadRowByRow(t *testing.T) {
	content := workbook(t, func(f *excelize.File) {
		set(t, f, "Sheet1", map[string]any{"A1": "Nom", "B1": "Prénom", "A2": "A", "B2": "B", "A9": "C", "B9": "D", "A12": " "})
	})
	said, lines := table(t, content)
	assert.Equal(t, []string{"A|B", "C|D"}, said)
	assert.Equal(t, []int{2, 9}, lines, "the rows' numbers in Excel")
}

func TestTheSheetThatFitsIsTaken(t *testing.T) {
	content := workbook(t, func(f *excelize.File) {
		set(t, f, "Sheet1", map[string]any{"A1": "Bonjour"})
		_, err := f.NewSheet("Liste")
		require.NoError(t, err)
		set(t, f, "Liste", map[string]any{"A3": "nom", "B3": "prenom", "A4": "A", "B4": "B"})
	})
	said, lines := table(t, content)
	assert.Equal(t, []string{"A|B"}, said)
	assert.Equal(t, []int{4}, lines)
}

func TestNumbersKeepTheirDigitsAndTextIsNotTouched(t *testing.T) {
	content := workbook(t, func(f *excelize.File) {
		set(t, f, "Sheet1", map[string]any{"A1": "nom", "B1": "prenom"})
		require.NoError(t, f.SetCellDefault("Sheet1", "A2", "123456789012"))
		require.NoError(t, f.SetCellDefault("Sheet1", "A3", "1.23456789012E11"))
		require.NoError(t, f.SetCellStr("Sheet1", "A4", "1.23E+11"))
		require.NoError(t, f.SetCellStr("Sheet1", "A5", "1,23E+11"))
		require.NoError(t, f.SetCellDefault("Sheet1", "A6", "1.2345678901234567E+18"))
		require.NoError(t, f.SetCellStr("Sheet1", "A7", "0012345678901234567"))
		require.NoError(t, f.SetCellStr("Sheet1", "A8", "12E5"))
	})
	said, _ := table(t, content)
	assert.Equal(t, []string{"123456789012|", "123456789012|", "1.23E+11|", "1,23E+11|", "1,23E+18|", "0012345678901234567|", "12E5|"},
		said)
	_, err := okey.ParseSerial("1,23E+18")
	assert.ErrorContains(t, err, okey.AbbreviatedByExcel)
}

func TestExcelDatesAreDays(t *testing.T) {
	for _, from1904 := range []bool{false, true} {
		content := workbook(t, func(f *excelize.File) {
			require.NoError(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &from1904}))
			set(t, f, "Sheet1", map[string]any{
				"A1": "nom", "B1": "prenom", "C1": "Date de fin",
				"C2": time.Date(2027, 12, 31, 0, 0, 0, 0, time.UTC), "C3": "31/12/2027",
			})
		})
		rows, err := open(content)
		require.NoError(t, err)
		for range 2 {
			row, err := rows.Next()
			require.NoError(t, err)
			day, err := row.Date("date_de_fin")
			require.NoError(t, err)
			assert.Equal(t, "2027-12-31", day.String(), "1904: %t, row %d", from1904, row.Line)
		}
	}
}

func TestAMillionSparseRowsAreNoWork(t *testing.T) {
	sheetEndingAt := func(last int) []byte {
		return workbook(t, func(f *excelize.File) {
			set(t, f, "Sheet1", map[string]any{"A1": "nom", "B1": "prenom", "A2": "A", fmt.Sprintf("A%d", last): "Z"})
		})
	}
	read := func(last int) float64 {
		content := sheetEndingAt(last)
		return testing.AllocsPerRun(1, func() {
			said, lines := table(t, content)
			assert.Equal(t, []string{"A|", "Z|"}, said)
			assert.Equal(t, []int{2, last}, lines)
		})
	}
	assert.Less(t, read(1048576), 2*read(3), "lines without anything take no memory")
}

func TestABombIsRefused(t *testing.T) {
	bomb := replacePart(t, workbook(t, func(*excelize.File) {}), "xl/worksheets/sheet1.xml", func(w io.Writer) {
		_, err := io.Copy(w, io.LimitReader(spaces{}, Usual.Unzipped+1))
		require.NoError(t, err)
	})
	require.Less(t, len(bomb), 2<<20)
	_, err := open(bomb)
	assert.Equal(t, okey.CodeTooLarge, okey.ErrorCode(err))
}

func TestASheetThatBreaksOffIsRefused(t *testing.T) {
	whole := workbook(t, func(f *excelize.File) { set(t, f, "Sheet1", map[string]any{"A1": "nom", "B1": "prenom", "A2": "A"}) })
	broken := replacePart(t, whole, "xl/worksheets/sheet1.xml", func(w io.Writer) {
		_, err := io.WriteString(w, `<worksheet><sheetData><row r="1"><c t="str"><v>nom</v></c><c t="str"><v>prenom</v></c></row>`)
		require.NoError(t, err)
	})
	_, err := open(broken)
	assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
	assert.Contains(t, okey.ErrorMessage(err), "endommagé")

	flipped := bytes.Clone(whole)
	flipped[len(flipped)/3] ^= 0xFF
	_, err = open(flipped)
	assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), "a flipped bit does not pass")
}

// Some programs on Windows name the parts of an archive as files are named there.
func TestAWorkbookWhosePartsHaveBackslashesIsReadLikeAnyOther(t *testing.T) {
	whole := workbook(t, func(f *excelize.File) {
		set(t, f, "Sheet1", map[string]any{"A1": "nom", "B1": "prenom", "A2": "Lefèvre", "B2": "Zoé"})
	})
	windows := renameParts(t, whole, func(name string) string { return strings.ReplaceAll(name, "/", "\\") })
	said, _ := table(t, windows)
	assert.Equal(t, []string{"Lefèvre|Zoé"}, said)
	bomb := renameParts(t, replacePart(t, whole, "xl/worksheets/sheet1.xml", func(w io.Writer) {
		_, err := io.CopyN(w, zeros{}, Usual.Unzipped+1)
		require.NoError(t, err)
	}), func(name string) string { return strings.ReplaceAll(name, "/", "\\") })
	_, err := open(bomb)
	assert.Equal(t, okey.CodeTooLarge, okey.ErrorCode(err), "the guard sees those parts")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func renameParts(t testing.TB, content []byte, to func(string) string) []byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, part := range archive.File {
		part.Name = to(part.Name)
		require.NoError(t, out.Copy(part))
	}
	require.NoError(t, out.Close())
	return b.Bytes()
}

func TestOtherArchivesAreRefused(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	part, err := w.Create("photo.txt")
	require.NoError(t, err)
	fmt.Fprint(part, "nothing")
	require.NoError(t, w.Close())
	_, err = open(b.Bytes())
	assert.ErrorContains(t, err, "n'est pas un classeur Excel")
}

func TestAWideRowIsNamed(t *testing.T) {
	content := workbook(t, func(f *excelize.File) {
		set(t, f, "Sheet1", map[string]any{"A1": "nom", "B1": "prenom", "XFD2": "x", "A3": "A"})
	})
	said, lines := table(t, content)
	assert.Equal(t, []int{2, 3}, lines)
	assert.True(t, strings.HasPrefix(said[0], "!"), said[0])
	assert.Equal(t, "A|", said[1])
}

func TestAFormulaIsRefusedByItsCell(t *testing.T) {
	content := workbook(t, func(f *excelize.File) {
		set(t, f, "Sheet1", map[string]any{"A1": "nom", "B1": "prenom", "A2": "A"})
		require.NoError(t, f.SetCellFormula("Sheet1", "B2", `HYPERLINK("x")`))
	})
	_, err := open(content)
	assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
	assert.Contains(t, okey.ErrorMessage(err), "la cellule B2 contient une formule")
}

func TestADocumentTypeInsideAWorkbookIsRefused(t *testing.T) {
	whole := workbook(t, func(f *excelize.File) { set(t, f, "Sheet1", map[string]any{"A1": "nom", "B1": "prenom"}) })
	for _, part := range []string{"xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"} {
		_, err := open(replacePart(t, whole, part, func(w io.Writer) {
			_, err := io.WriteString(w, `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>`)
			require.NoError(t, err)
		}))
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), part)
		assert.Contains(t, okey.ErrorMessage(err), "type de document", part)
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func replacePart(t testing.TB, archive []byte, name string, write func(io.Writer)) []byte {
	t.Helper()
	old, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	for _, part := range old.File {
		if part.Name != name {
			require.NoError(t, w.Copy(part))
			continue
		}
		fresh, err := w.Create(name)
		require.NoError(t, err)
		write(fresh)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

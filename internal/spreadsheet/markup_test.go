package spreadsheet

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"okey/okey"
)

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

func TestMarkupIsSeenAcrossTheSeamsOfReading(t *testing.T) {
	m := markupOf(sheetRole)
	var err error
	for _, b := range []byte(`<row r="12"><x:c s="1" r="AB12"><x:f>1+1</x:f></x:c>`) {
		if _, err = m.Write([]byte{b}); err != nil {
			break
		}
	}
	assert.Contains(t, okey.ErrorMessage(err), "la cellule AB12")
}

func TestAFormulaHidesBehindNoWhiteSpace(t *testing.T) {
	for _, tag := range []string{"<f>", "<f t=\"shared\">", "<f\tt=\"shared\">", "<f\nt=\"shared\">", "<f\r\n>", "<f/>", "<x:f\t/>"} {
		m := markupOf(sheetRole)
		_, err := m.Write([]byte(`<row r="2"><c r="A2">` + tag))
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), "%q", tag)
	}
}

func markupOf(r role) *markup {
	return &markup{file: &File{Name: "fichier", limits: Usual}, role: r, used: &usage{}}
}

package imports

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// holds checks what is true of whatever was read as a delivery.
func holds(t *testing.T, content []byte, opts Options) {
	t.Helper()
	opts.At = at
	d, r, err := ReadDelivery(t.Context(), bytesSource(content), opts)
	plain(t, r, err)
	assert.LessOrEqual(t, len(d.Rows), deliveryLimits.Rows)
	for _, e := range r.Errors {
		assert.GreaterOrEqual(t, e.Line, 0)
		assert.Less(t, len(e.Message), 1_000, "a message that nobody reads")
	}
	if err != nil {
		assert.Empty(t, d.Rows)
		return
	}
	assert.True(t, len(d.Rows) > 0 || !r.OK(), "nothing is no delivery")
	lines, serials := map[int]bool{}, map[okey.Serial]bool{}
	for _, row := range d.Rows {
		assert.Positive(t, row.Line)
		assert.False(t, serials[row.Serial], row.Serial)
		serials[row.Serial], lines[row.Line] = true, true
		again, err := okey.ParseSerial(string(row.Serial))
		assert.NoError(t, err)
		assert.Equal(t, row.Serial, again)
		assert.NotEmpty(t, row.Batch)
		assert.False(t, row.ExpiresOn.IsZero())
		_, err = okey.ParseUAI(string(row.UAI))
		assert.NoError(t, err)
	}
	if r.OK() {
		same, _, err := ReadDelivery(t.Context(), bytesSource(asCSV(d.Rows)), Options{At: at, Force: opts.Force})
		require.NoError(t, err)
		assert.Equal(t, d.Sum, same.Sum, "the same keys in another file")
	}
}

func asCSV(rows []okey.ImportedKey) []byte {
	b := bytes.NewBufferString(deliveryTitles)
	for _, row := range rows {
		fmt.Fprintf(b, "%s;%q;%s;%s\n", row.Serial, row.Batch, row.ExpiresOn, row.UAI)
	}
	return b.Bytes()
}

func FuzzDeliveryCSV(f *testing.F) {
	f.Add([]byte(deliveryTitles + goodLine))
	f.Add([]byte(keyHeader + "00-12 345;L1;31/12/2028;0060001U;;\nA1;L1;46752;0060001U;lmartin;perdue\n"))
	f.Add([]byte("sep=,\r\nUAI,Lot,\"Numéro de série\",Date d'expiration\r\n" + college + ",\"L\n1\",K1,2028-12-31\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) { holds(t, content, Options{}) })
}

func FuzzDeliveryPSKC(f *testing.F) {
	f.Add([]byte(container))
	f.Add(text(containerBegins, packageBegins, "<!-- --></KeyPackage>", containerEnds))
	f.Add(text(`<?xml version="1.0" encoding="ISO-8859-1"?>`, containerBegins, packageBegins,
		"<x:Key xmlns:x='a'><![CDATA[>]]></x:Key></KeyPackage>", containerEnds))
	f.Fuzz(func(t *testing.T, content []byte) { holds(t, content, Options{UAI: college, Batch: "L1"}) })
}

// FuzzDeliveryXLSX changes the parts of a workbook rather than the archive around them, of which little would be left.
func FuzzDeliveryXLSX(f *testing.F) {
	for _, sheet := range []string{
		sheetOf(titles + goodRow), sheetOf(rowsUpTo(3, fullRow)),
		sheetOf(titles + `<row r="5"><c t="s"><v>0</v></c><c><v>1.5E5</v></c><c s="1"><v>46752</v></c><c t="inlineStr"><is><r><t>` +
			college + `</t></r></is></c></row>`),
	} {
		archive := parts(f)
		f.Add(archive, []byte(sheet), []byte(stringsOf("<si><t>K1</t></si>")), []byte(relations("worksheets/sheet1.xml")), true)
	}
	for _, name := range []string{
		"a formula behind a bracket", "a sheet elsewhere", "cells that go back", "an encoding behind a bracket",
		"texts beyond the shared strings",
	} {
		f.Add(hostileWorkbooks[name].content(f), []byte(nil), []byte(nil), []byte(nil), false)
	}
	f.Fuzz(func(t *testing.T, archive, sheet, texts, relations []byte, byParts bool) {
		if byParts {
			archive = parts(t, part{name: theSheet, text: string(sheet)}, part{name: shared, text: string(texts)},
				part{name: "xl/_rels/workbook.xml.rels", text: string(relations)})
		}
		holds(t, archive, Options{})
	})
}

package imports

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// part is a file inside a workbook: its text, or what deflate made of it, with the size and the sum that it claims.
type part struct {
	name    string
	text    string
	deflate []byte
	claims  uint64
	sum     uint32
}

const (
	titles = `<row r="1"><c r="A1" t="str"><v>numero_de_serie</v></c><c r="B1" t="str"><v>lot</v></c>` +
		`<c r="C1" t="str"><v>date_d_expiration</v></c><c r="D1" t="str"><v>uai</v></c></row>`
	goodRow = `<row r="2"><c r="A2" t="str"><v>K1</v></c><c r="B2" t="str"><v>L1</v></c><c r="C2" t="str"><v>31/12/2028</v></c><c ` +
		`r="D2" t="str"><v>` + college + `</v></c></row>`
	theSheet = "xl/worksheets/sheet1.xml"
	shared   = "xl/sharedStrings.xml"
)

// parts is a workbook with one good key, its parts replaced or added to.
func parts(t testing.TB, others ...part) []byte {
	t.Helper()
	whole := []part{
		{name: "[Content_Types].xml", text: `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default ` +
			`Extension="xml" ContentType="application/xml"/></Types>`},
		{name: "_rels/.rels", text: `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship ` +
			`Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" ` +
			`Target="xl/workbook.xml"/></Relationships>`},
		{name: "xl/workbook.xml", text: `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
			`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Clefs" sheetId="1" ` +
			`r:id="rId1"/></sheets></workbook>`},
		{name: "xl/_rels/workbook.xml.rels", text: relations("worksheets/sheet1.xml")},
		{name: theSheet, text: sheetOf(titles + goodRow)},
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range whole {
		if !slices.ContainsFunc(others, func(o part) bool { return o.name == p.name }) {
			write(t, w, p)
		}
	}
	for _, p := range others {
		write(t, w, p)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func write(t testing.TB, w *zip.Writer, p part) {
	t.Helper()
	if p.deflate == nil {
		out, err := w.Create(p.name)
		require.NoError(t, err)
		_, err = io.WriteString(out, p.text)
		require.NoError(t, err)
		return
	}
	out, err := w.CreateRaw(&zip.FileHeader{
		Name: p.name, Method: zip.Deflate, CompressedSize64: uint64(len(p.deflate)),
		UncompressedSize64: p.claims, CRC32: p.sum,
	})
	require.NoError(t, err)
	_, err = out.Write(p.deflate)
	require.NoError(t, err)
}

func relations(targets ...string) string {
	var b strings.Builder
	b.WriteString(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`)
	for i, target := range targets {
		fmt.Fprintf(&b, `<Relationship Id="rId%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" `+
			`Target="%s"/>`, i+1, target)
	}
	return b.String() + `</Relationships>`
}

func sheetOf(rows string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` +
		`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + rows + `</sheetData></worksheet>`
}

func stringsOf(items string) string {
	return `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` + items + `</sst>`
}

// bomb is what deflate makes of a megabyte of one character, so many times.
func bomb(t testing.TB, before string, filler byte, megabytes int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	require.NoError(t, err)
	flushed := func(text []byte) []byte {
		b.Reset()
		_, err := w.Write(text)
		require.NoError(t, err)
		require.NoError(t, w.Flush())
		return bytes.Clone(b.Bytes())
	}
	all := flushed([]byte(before))
	mega := bytes.Repeat([]byte{filler}, 1<<20)
	all = append(all, flushed(mega)...)
	again := flushed(mega)
	for range megabytes - 1 {
		all = append(all, again...)
	}
	return append(all, 3, 0) // an empty last block
}

// aBomb is a workbook with a part that unpacks to so many megabytes and claims what it wants.
func aBomb(name string, megabytes int, claims uint64) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		return parts(t, part{name: name, deflate: bomb(t, "<a>", ' ', megabytes), claims: claims})
	}
}

func rowsUpTo(n int, row string) string {
	var b strings.Builder
	b.WriteString(titles)
	for i := 2; i <= n; i++ {
		b.WriteString(strings.ReplaceAll(row, "#", fmt.Sprint(i)))
	}
	return b.String()
}

const fullRow = `<row r="#"><c r="A#" t="str"><v>K#</v></c><c r="B#" t="str"><v>L1</v></c><c r="C#" t="str"><v>31/12/2028</v></c><c ` +
	`r="D#" t="str"><v>` + college + `</v></c></row>`

const laughs = `<!DOCTYPE a [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>`

func inUTF16(text string) string {
	b := []byte{0xFF, 0xFE}
	for _, c := range []byte(text) {
		b = append(b, c, 0)
	}
	return string(b)
}

func manyParts(n, size int) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.DefaultCompression)
		require.NoError(t, err)
		content := bytes.Repeat([]byte{'x'}, size)
		_, err = w.Write(content)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		others := make([]part, n)
		for i := range others {
			others[i] = part{
				name: fmt.Sprintf("xl/media/%d.bin", i), deflate: b.Bytes(), claims: uint64(size), sum: crc32.ChecksumIEEE(content),
			}
		}
		return parts(t, others...)
	}
}

// sharing is a sheet whose cells say the text of a number in the list, or of the next that is not there.
func sharing(index int) part {
	return part{name: theSheet, text: sheetOf(rowsUpTo(2_000, fmt.Sprintf(`<row r="#"><c r="A#" t="s"><v>%d</v></c></row>`, index)))}
}

func manySheets(n int, path, rows string) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		var others []part
		var targets []string
		for i := range n {
			name := fmt.Sprintf(path, i+2)
			others = append(others, part{name: name, text: sheetOf(rows)})
			targets = append(targets, "/"+name)
		}
		return parts(t, append(others, listing(n), part{name: "xl/_rels/workbook.xml.rels", text: relations(targets...)})...)
	}
}

func listing(n int) part {
	var b strings.Builder
	b.WriteString(`<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>`)
	for i := range n {
		fmt.Fprintf(&b, `<sheet name="F%d" sheetId="%d" r:id="rId%d"/>`, i, i+1, i+1)
	}
	return part{name: "xl/workbook.xml", text: b.String() + `</sheets></workbook>`}
}

// sameSheet is a workbook that names one sheet of many rows often.
func sameSheet(n int) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		var targets []string
		for i := range n {
			targets = append(targets, "worksheets/"+strings.Repeat("./", i%7)+"sheet1.xml")
		}
		rows := strings.Repeat(`<row>`+strings.Repeat("<c/>", 200)+`</row>`, 2_200)
		return parts(t, listing(n), part{name: "xl/_rels/workbook.xml.rels", text: relations(targets...)},
			part{name: theSheet, text: sheetOf(rows)})
	}
}

var sameID = regexp.MustCompile(`"rId\d+"`)

// crossed names one relation for each of many sheets, and each of them many times.
func crossed(n int) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		list := listing(n)
		list.text = sameID.ReplaceAllString(list.text, `"rId1"`)
		return parts(t, list, part{
			name: "xl/_rels/workbook.xml.rels",
			text: sameID.ReplaceAllString(relations(make([]string, n)...), `"rId1"`),
		})
	}
}

// slowFormat has numbers that are shown otherwise than they are kept, in a format that is slow to apply.
func slowFormat(t testing.TB) []byte {
	format := strings.Repeat(`[Red][&gt;5]0.00E+00`, 5_000)
	return parts(t,
		part{name: "xl/styles.xml", text: `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="` + format +
			`"/></numFmts><cellXfs><xf/><xf numFmtId="200" applyNumberFormat="1"/></cellXfs></styleSheet>`},
		part{name: theSheet, text: sheetOf(rowsUpTo(20_000,
			`<row><c s="1"><v>1.#E300</v></c><c s="1"><v>1E5</v></c><c s="1"><v>1E5</v></c><c s="1"><v>1E5</v></c></row>`))},
	)
}

// manyNames is an archive of empty parts.
func manyNames(t testing.TB, n int) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range n {
		_, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprint(i)})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func openDocument(t testing.TB) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	out, err := w.CreateHeader(&zip.FileHeader{Name: "mimetype", Method: zip.Store})
	require.NoError(t, err)
	_, err = io.WriteString(out, "application/vnd.oasis.opendocument.spreadsheet")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func manyNothings(t testing.TB) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	write(t, w, part{name: "photo.txt", text: "rien"})
	require.NoError(t, w.Close())
	return b.Bytes()
}

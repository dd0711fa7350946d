package imports

import (
	"strings"
	"testing"
)

var hostileWorkbooks = map[string]hostile{
	"a bomb that says so":                    {aBomb("xl/media/image1.png", 10_000, 10_000<<20), "une fois décompressé"},
	"a bomb that claims exabytes":            {aBomb("xl/media/image1.png", 1, 1<<63), "une fois décompressé"},
	"a bomb that lies, in the sheet":         {aBomb(theSheet, 10_000, 500), "endommagé"},
	"a bomb that lies, in the strings":       {aBomb(shared, 10_000, 500), "endommagé"},
	"a bomb that lies, in the styles":        {aBomb("xl/styles.xml", 10_000, 500), "endommagé"},
	"a bomb that lies, in the properties":    {aBomb("docProps/core.xml", 10_000, 500), "endommagé"},
	"a bomb just small enough, in the sheet": {aBomb(theSheet, 40, 40<<20+3), "démesuré"},
	"a bomb just small enough, in strings":   {aBomb(shared, 40, 40<<20+3), "démesuré"},
	"a bomb just small enough, in workbook":  {aBomb("xl/workbook.xml", 40, 40<<20+3), "endommagé"},
	"many bombs":                             {manyParts(900, 1<<20), "une fois décompressé"},
	"too many parts":                         {manyParts(5_000, 10), "endommagé"},
	"two parts of one name": {func(t testing.TB) []byte {
		return parts(t, part{name: "xl/WORKSHEETS\\sheet1.xml", text: sheetOf(titles)})
	}, "endommagé"},
	"a sheet elsewhere": {func(t testing.TB) []byte {
		return parts(t, part{name: "xl/_rels/workbook.xml.rels", text: relations("/docProps/x.bin")},
			part{name: "docProps/x.bin", text: sheetOf(titles + strings.Replace(goodRow, "<v>K1", "<f>1</f><v>K1", 1))})
	}, "endommagé"},
	"a sheet in UTF-16": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: inUTF16(sheetOf(titles + goodRow))})
	}, "UTF-16"},
	"a sheet that says UTF-16": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: strings.Replace(sheetOf(titles+goodRow), "UTF-8", "UTF-16", 1)})
	}, "encodage"},
	"a sheet that says UTF-7": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: strings.Replace(sheetOf(titles+goodRow), "UTF-8", "utf-7", 1)})
	}, "encodage"},
	"an encoding behind a bracket": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: strings.Replace(sheetOf(titles+goodRow), `encoding="UTF-8"`,
			`a=">" encoding="hz-gb-2312"`, 1)})
	}, "encodage"},
	"an encoding further down": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<?xml version="1.0" encoding="iso-2022-jp"?>` + goodRow)})
	}, "encodage"},
	"a document type in the sheet": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: laughs + sheetOf(titles+goodRow)})
	}, "type de document"},
	"a document type in the strings": {func(t testing.TB) []byte {
		return parts(t, part{name: shared, text: laughs + stringsOf("<si><t>&c;</t></si>")})
	}, "type de document"},
	"a document type in the workbook": {func(t testing.TB) []byte {
		return parts(t, part{name: "xl/workbook.xml", text: laughs + "<workbook/>"})
	}, "type de document"},
	"a document type in the styles": {func(t testing.TB) []byte {
		return parts(t, part{name: "xl/styles.xml", text: laughs + "<styleSheet/>"})
	}, "type de document"},
	"a document type in the properties": {func(t testing.TB) []byte {
		return parts(t, part{name: "docProps/core.xml", text: laughs + "<a/>"})
	}, "type de document"},
	"a document type within an element": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2"><c r="A2"><!DOCTYPE x></c></row>`)})
	}, "type de document"},
	"an entity of nowhere": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Replace(goodRow, "K1", "&lol;", 1))})
	}, "endommagé"},
	"an entity in the last row": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + goodRow + `<row r="3"><c r="A3" t="str"><v>&nbsp;K2</v></c></row>`)})
	}, "endommagé"},
	"a control character": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + goodRow + "<row r=\"3\"><c r=\"A3\" t=\"str\"><v>\x01</v></c></row>")})
	}, "endommagé"},
	"elements that cross": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + goodRow + `<row r="3"><c r="A3"><v>K2</c></v></row>`)})
	}, "endommagé"},
	"a fault in an attribute": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + goodRow + `<row r="3" =><c r="A3"><v>K2</v></c></row>`)})
	}, "endommagé"},
	"an unknown text in the strings": {func(t testing.TB) []byte {
		return parts(t, part{name: shared, text: stringsOf("<si><t>a</t></si><si><t>&eacute;</t></si>")}, sharing(1))
	}, "endommagé"},
	"a million sparse rows": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="1048576"><c r="A1048576" t="str"><v>K1</v></c></row>`)})
	}, "ligne 1048576"},
	"rows beyond the last": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="1048577"/>`)})
	}, "endommagé"},
	"rows beyond all numbers": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="99999999999999999999"/>`)})
	}, "endommagé"},
	"a million empty rows": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Repeat(`<row/>`, 1_000_000))})
	}, "500000 lignes, vides comprises"},
	"half a million empty rows": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Repeat(`<row/>`, 499_000))})
	}, "aucune clef"},
	"a million rows with a number": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(rowsUpTo(1_000_000, `<row r="#"/>`))})
	}, "500000 lignes, vides comprises"},
	"a million rows with an empty cell": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Repeat(`<row><c/></row>`, 1_000_000))})
	}, "trop de cellules vides"},
	"a million rows with a cell": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Repeat(`<row><c t="str"><v>K</v></c></row>`, 1_000_000))})
	}, "100000 lignes"},
	"rows without a header": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(strings.Repeat(`<row/>`, 499_000))})
	}, "50 premières lignes"},
	"a row again": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + goodRow + goodRow)})
	}, "pas à sa place après la ligne 2"},
	"a row that goes back": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="9"/>` + goodRow)})
	}, "pas à sa place après la ligne 9"},
	"a row with two numbers": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2" x:r="7"/>`)})
	}, "endommagé"},
	"a row with another's cells": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Replace(goodRow, `"B2"`, `"B3"`, 1))})
	}, "cellule de la ligne 2"},
	"cells that go back": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2"><c r="B2"/><c r="A2"/></row>`)})
	}, "cellule de la ligne 2"},
	"cells beyond the last column": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2"><c r="XFE2"/></row>`)})
	}, "cellule de la ligne 2"},
	"cells at the last column": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(rowsUpTo(1_000, `<row r="#"><c r="XFD#" t="str"><v> </v></c></row>`) +
			`<row><c r="XFD1001" t="str"><v>x</v></c></row>`)})
	}, "trop de cellules au-delà"},
	"very many at the last column": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(rowsUpTo(90_000, `<row r="#"><c r="XFD#" t="str"><v> </v></c></row>`))})
	}, "trop de cellules au-delà"},
	"a row of a million cells": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2">` + strings.Repeat(`<c/>`, 1_000_000) + `</row>`)})
	}, "trop de cellules au-delà"},
	"rows of a hundred blank cells": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(rowsUpTo(13_000, `<row r="#">`+strings.Repeat(`<c/>`, 100)+`</row>`))})
	}, "trop de cellules vides"},
	"a formula": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Replace(goodRow, "<v>K1", "<f>1+1</f><v>K1", 1))})
	}, "la cellule A2 contient une formule"},
	"a shared formula": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Replace(goodRow, "<v>L1", "<f t=\"shared\" si=\"0\"/><v>L1",
			1))})
	}, "la cellule B2 contient une formule"},
	"an array formula behind a comment": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Replace(goodRow, "<v>K1",
			"<!-- < > --><f\nt=\"array\" ref=\"A2\">1</f><v>K1", 1))})
	}, "la cellule A2 contient une formule"},
	"a formula behind a bracket": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2"><c r="A2" z="/>"><f>1</f></c></row>`)})
	}, "la cellule A2 contient une formule"},
	"a formula after the data": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: strings.Replace(sheetOf(titles+goodRow), "</sheetData>",
			`</sheetData><sheetData><row r="3"><c r="A3"><f>1</f></c></row></sheetData>`, 1)})
	}, "la cellule A3 contient une formule"},
	"a formula in another prefix": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2"><y:c xmlns:y="u"><y:f>1</y:f></y:c></row>`)})
	}, "formule"},
	"a cell within a cell": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2"><c r="A2"><c r="B2"></c><f>1</f></c></row>`)})
	}, "endommagé"},
	"a million open elements": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Repeat("<a>", 1_000_000))})
	}, "imbriqués"},
	"a million elements in the workbook": {func(t testing.TB) []byte {
		return parts(t, part{
			name: "xl/workbook.xml",
			text: `<workbook><definedNames>` + strings.Repeat(`<definedName/>`, 70_000) + `</definedNames></workbook>`,
		})
	}, "trop de feuilles"},
	"a huge attribute": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2" a="` + strings.Repeat("x", 30<<20) + `"/>`)})
	}, "démesuré"},
	"a huge number of attributes": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2" ` + strings.Repeat(`a="" `, 6<<20) + `/>`)})
	}, "démesuré"},
	"a huge comment": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<!--` + strings.Repeat("x", 30<<20) + `-->`)})
	}, "démesuré"},
	"a huge instruction": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<?x ` + strings.Repeat("x", 30<<20) + `?>`)})
	}, "démesuré"},
	"a huge cell": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Replace(goodRow, "K1", strings.Repeat("K", 30<<20), 1))})
	}, "démesuré"},
	"a huge cell in pieces": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + strings.Replace(goodRow, "K1", strings.Repeat("K<!-- -->", 3<<20), 1))})
	}, "démesuré"},
	"a huge cell of many runs": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(titles + `<row r="2"><c r="A2" t="inlineStr"><is>` +
			strings.Repeat("<r><t>a</t></r>", 400_000) + `</is></c></row>`)})
	}, "démesuré"},
	"huge shared strings": {func(t testing.TB) []byte {
		return parts(t, part{name: shared, text: stringsOf(strings.Repeat("<si><t>"+strings.Repeat("x", 120_000)+"</t></si>", 360))},
			sharing(1))
	}, "trop longue"},
	"one huge shared string": {func(t testing.TB) []byte {
		return parts(t, part{name: shared, text: stringsOf("<si><t>" + strings.Repeat("x", 40<<20) + "</t></si>")}, sharing(1))
	}, "démesuré"},
	"very many shared strings": {func(t testing.TB) []byte {
		return parts(t, part{name: shared, text: stringsOf(strings.Repeat("<si/>", 1_000_000))}, sharing(1))
	}, "trop de textes"},
	"many shared strings": {func(t testing.TB) []byte {
		return parts(t, part{name: shared, text: stringsOf(strings.Repeat("<si><t>a b</t></si>", 160_000))}, sharing(1))
	}, "anomalies"},
	"very many cells": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(rowsUpTo(90_000,
			`<row><c/><c/><c/><c/><c/><c/><c/><c/><c/><c/><c/><c/><c/><c/><c/></row>`))})
	}, "trop de cellules"},
	"many shared strings in memory": {func(t testing.TB) []byte {
		return parts(t, part{name: shared, text: stringsOf(strings.Repeat("<si/>", 160_000))}, sharing(1))
	}, "aucune clef"},
	"texts beyond the shared strings": {func(t testing.TB) []byte {
		return parts(t, part{name: shared, text: stringsOf("<si><t>a</t></si>")}, sharing(-1))
	}, "endommagé"},
	"hundreds of sheets": {
		manySheets(250, "xl/worksheets/sheet%d.xml", `<row r="1"><c t="str"><v>x</v></c></row>`),
		"il manque",
	},
	"a sheet 800 times":             {sameSheet(800), "plus de 256 feuilles"},
	"many names for many relations": {crossed(5_000), "plus de 256 feuilles"},
	"a sheet without rows":          {func(t testing.TB) []byte { return parts(t, part{name: theSheet, text: sheetOf("")}) }, "est vide"},
	"a sheet without anything": {
		func(t testing.TB) []byte { return parts(t, part{name: theSheet, text: "<worksheet/>"}) },
		"est vide",
	},
	"no sheet": {func(t testing.TB) []byte {
		return parts(t, part{
			name: "xl/workbook.xml",
			text: `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>`,
		})
	}, "aucune feuille"},
	"too many keys": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(rowsUpTo(130_000,
			`<row><c t="str"><v>K#</v></c><c t="str"><v>L1</v></c><c t="str"><v>31/12/2028</v></c><c t="str"><v>`+college+
				`</v></c></row>`))})
	}, "100000 lignes"},
	"bad keys without end": {func(t testing.TB) []byte {
		return parts(t, part{name: theSheet, text: sheetOf(rowsUpTo(90_000,
			`<row><c t="str"><v>é</v></c><c/><c t="str"><v>x</v></c><c t="str"><v>x</v></c></row>`))})
	}, "après 1000 anomalies"},
	"abbreviated numbers with a slow format": {slowFormat, "anomalies"},
	"a directory without end":                {func(t testing.TB) []byte { return manyNames(t, 150_000) }, "endommagé"},
	"a sheet among the strings": {func(t testing.TB) []byte {
		return parts(t, part{name: "xl/_rels/workbook.xml.rels", text: relations("sharedStrings.xml")},
			part{name: shared, text: sheetOf(titles + strings.Replace(goodRow, "<v>K1", "<f>1</f><v>K1", 1))})
	}, "endommagé"},
	"a sheet in the workbook": {func(t testing.TB) []byte {
		return parts(t, part{
			name: "xl/_rels/workbook.xml.rels",
			text: strings.Replace(relations("workbook.xml"), "</Relationships>", "<row/></Relationships>", 1),
		})
	}, "endommagé"},
	"a sheet two hundred times": {sameSheet(250), "50 premières lignes"},
	"a password": {func(testing.TB) []byte {
		return []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 600))
	}, "mot de passe"},
	"more than 20 MB": {func(testing.TB) []byte { return append([]byte("PK\x03\x04"), make([]byte, 100<<20)...) }, "plus de 20 Mo"},
}

package imports

import (
	"fmt"
	"strings"
	"testing"
)

const deliveryTitles = "numero_de_serie;lot;date_d_expiration;uai\n"

const deliveryRow = "K%d;L1;31/12/2028;" + college + "\n"

func text(pieces ...string) []byte { return []byte(strings.Join(pieces, "")) }

func aText(pieces ...string) func(testing.TB) []byte {
	return func(testing.TB) []byte { return text(pieces...) }
}

// filled repeats a piece up to the most that a delivery may have.
func filled(before, piece, after string) func(testing.TB) []byte {
	return func(testing.TB) []byte {
		return text(before, strings.Repeat(piece, (MaxDelivery-len(before)-len(after))/len(piece)), after)
	}
}

var goodLine = fmt.Sprintf(deliveryRow, 1)

var hostileCSV = map[string]hostile{
	"more than 20 MB": {
		func(testing.TB) []byte { return text(deliveryTitles, strings.Repeat("x", 100<<20)) },
		"plus de 20 Mo",
	},
	"a quote that never ends":        {filled(deliveryTitles+goodLine+`"`, goodLine, ""), "après la ligne 2"},
	"quotes within a cell":           {filled(deliveryTitles+goodLine+`"`, `""`, ""), "après la ligne 2"},
	"one line":                       {filled("", "x", ""), "après la ligne 0"},
	"one line of quotes":             {filled(deliveryTitles, `x"`, ""), "guillemet"},
	"a title of 20 MB":               {filled("numero_de_serie;lot;date_d_expiration;uai;", "x", "\n"), "après la ligne 0"},
	"a million columns":              {filled("numero_de_serie", ";x", "\n"), "après la ligne 0"},
	"a hundred thousand columns":     {func(testing.TB) []byte { return text("x", strings.Repeat(";x", 100_000), "\n") }, "256 colonnes"},
	"lines of very many columns":     {filled(deliveryTitles, strings.Repeat(";", 250_000)+"x\n", ""), "colonne sans titre"},
	"lines of very many empty cells": {filled(deliveryTitles, strings.Repeat(";", 250_000)+"\n", ""), "aucune clef"},
	"a million rows":                 {filled(deliveryTitles, "a;;;\n", ""), "après 1000 anomalies"},
	"a million good rows":            {goodLines(500_000), "100000 lignes"},
	"empty lines":                    {filled(deliveryTitles, "\n", ""), "sans fin de ligne"},
	"lines of separators":            {filled(deliveryTitles, ";\n", ""), "500000 lignes, vides comprises"},
	"separators before a header":     {filled("", ";\n", ""), "500000 lignes, vides comprises"},
	"the same key for ever":          {filled(deliveryTitles, goodLine, ""), "après 1000 anomalies"},
	"keys that contradict":           {contradicting(50_000), "après 1000 anomalies"},
	"people for ever":                {owned(90_000), "après 1000 anomalies"},
	"a zero byte":                    {aText(deliveryTitles, goodLine, "K\x00;L1"), "n'est pas un tableau"},
	"zero bytes":                     {filled(deliveryTitles, "\x00", ""), "n'est pas un tableau"},
	"two encodings":                  {filled(deliveryTitles+"é", "éé", "\xE9"), "deux encodages"},
	"no UTF-8":                       {filled(deliveryTitles, "\xE9\n", ""), "après 1000 anomalies"},
	"huge cells": {filled(deliveryTitles, "K;"+strings.Repeat("x", 200_000)+";\""+strings.Repeat("y", 50_000)+"\";\n",
		""), "trop longue"},
	"a formula":       {aText(deliveryTitles, "=HYPERLINK(\"\"x\"\");L1;31/12/2028;"+college+"\n"), "guillemet"},
	"wide characters": {filled(deliveryTitles, "\u3000;\u00a0\n", ""), "500000 lignes, vides comprises"},
	"a state of 30,000 letters": {filled("numero_de_serie;lot;date_d_expiration;uai;etat\n",
		"K1;L1;31/12/2028;"+college+";"+strings.Repeat("x", 30_000)+"\n", ""), "n'est pas un état"},
	"titles without end": {filled("", "\r", ""), "vide"},
}

func goodLines(n int) func(testing.TB) []byte {
	return func(testing.TB) []byte {
		var b strings.Builder
		b.WriteString(deliveryTitles)
		for i := range n {
			fmt.Fprintf(&b, deliveryRow, i)
		}
		return []byte(b.String())
	}
}

func contradicting(n int) func(testing.TB) []byte {
	return func(testing.TB) []byte {
		var b strings.Builder
		b.WriteString(deliveryTitles)
		for i := range n {
			fmt.Fprintf(&b, "K%d;L1;31/12/2028;%s\nK%d;L2;31/12/2028;%s\n", i, college, i, college)
		}
		return []byte(b.String())
	}
}

func owned(n int) func(testing.TB) []byte {
	return func(testing.TB) []byte {
		var b strings.Builder
		b.WriteString("numero_de_serie;lot;date_d_expiration;uai;titulaire\n")
		for i := range n {
			fmt.Fprintf(&b, "K%d;L1;31/12/2028;%s;lmartin\n", i, college)
		}
		return []byte(b.String())
	}
}

const (
	containerBegins = `<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:pskc">`
	containerEnds   = `</KeyContainer>`
	packageBegins   = `<KeyPackage><DeviceInfo><SerialNo>K1</SerialNo><ExpiryDate>2029-06-30</ExpiryDate></DeviceInfo>`
)

func aContainer(pieces ...string) func(testing.TB) []byte {
	return aText(containerBegins, strings.Join(pieces, ""), containerEnds)
}

var hostilePSKC = map[string]hostile{
	"more than 20 MB": {func(testing.TB) []byte {
		return text(containerBegins, strings.Repeat(" ", 100<<20),
			containerEnds)
	}, "plus de 20 Mo"},
	"a document type":             {aText(laughs, containerBegins, "&c;", containerEnds), "(ligne 1) déclare un type de document"},
	"a document type passed over": {aContainer("<x>", "\n<!DOCTYPE a>", "</x>"), "(ligne 2) déclare un type de document"},
	"a document type in a key": {
		aContainer(packageBegins, "<Key><Data><!doctype a></Data></Key></KeyPackage>"),
		"type de document",
	},
	"a document type after the end": {
		aText(containerBegins, packageBegins, "</KeyPackage>", containerEnds, "<!DOCTYPE a>"),
		"type de document",
	},
	"an entity": {
		aContainer("<KeyPackage><DeviceInfo><SerialNo>&c;</SerialNo></DeviceInfo></KeyPackage>"),
		"endommagé",
	},
	"another encoding":                 {aText(`<?xml version="1.0" encoding="UTF-16"?>`, containerBegins, containerEnds), "encodage"},
	"UTF-16":                           {aText(inUTF16(containerBegins)), "UTF-16"},
	"UTF-16 without a mark":            {aText(inUTF16(containerBegins)[2:]), "UTF-16"},
	"a million open elements":          {filled(containerBegins, "<a>", ""), "imbriqués"},
	"a million open elements in a key": {filled(containerBegins+packageBegins+"<Key>", "<Key>", ""), "imbriqués"},
	"a million elements":               {filled(containerBegins, "<a/>", containerEnds), "trop de cellules ou d'éléments"},
	"a million elements in a key": {
		filled(containerBegins+packageBegins, "<a/>", "</KeyPackage>"+containerEnds),
		"trop de cellules ou d'éléments",
	},
	"a million elements in a serial": {filled(containerBegins+"<KeyPackage><DeviceInfo><SerialNo>", "<a/>",
		"</SerialNo></DeviceInfo></KeyPackage>"+containerEnds), "trop de cellules ou d'éléments"},
	"many elements": {func(testing.TB) []byte {
		return text(containerBegins, strings.Repeat("<a></a>", 1_300_000), containerEnds)
	}, "aucune clef"},
	"a huge attribute":            {filled(containerBegins+`<a b="`, "x", `"/>`+containerEnds), "démesuré"},
	"a huge number of attributes": {filled(containerBegins+`<a `, `b="" `, `/>`+containerEnds), "démesuré"},
	"name spaces without end":     {filled(containerBegins, `<a xmlns:a="b" xmlns:c="d">`, containerEnds), "imbriqués"},
	"a huge text": {filled(containerBegins+packageBegins+"<Key><Data><Secret><PlainValue>", "QUJD",
		"</PlainValue></Secret></Data></Key></KeyPackage>"+containerEnds), "démesuré"},
	"a huge serial": {filled(containerBegins+"<KeyPackage><DeviceInfo><SerialNo>", "K",
		"</SerialNo></DeviceInfo></KeyPackage>"+containerEnds), "démesuré"},
	"a huge serial in pieces": {filled(containerBegins+"<KeyPackage><DeviceInfo><SerialNo>", "K<!---->",
		"</SerialNo></DeviceInfo></KeyPackage>"+containerEnds), "trop long"},
	"a huge name":           {filled(containerBegins+"<", "x", "/>"+containerEnds), "démesuré"},
	"a huge comment":        {filled(containerBegins+"<!--", "x", "-->"+containerEnds), "démesuré"},
	"a huge instruction":    {filled(containerBegins+"<?x ", "x", "?>"+containerEnds), "démesuré"},
	"huge data":             {filled(containerBegins+"<![CDATA[", "x", "]]>"+containerEnds), "démesuré"},
	"blanks":                {filled(containerBegins, " ", containerEnds), "démesuré"},
	"packages of nothing":   {filled(containerBegins, "<KeyPackage/>", containerEnds), "après 1000 anomalies"},
	"the same key for ever": {filled(containerBegins, packageBegins+"</KeyPackage>", containerEnds), "100000"},
	"very many keys":        {manyKeys(130_000), "100000"},
	"breaking off":          {aText(containerBegins, packageBegins), "endommagé"},
	"two containers": {
		aText(containerBegins, packageBegins, "</KeyPackage>", containerEnds, containerBegins, containerEnds),
		"plusieurs fichiers",
	},
}

func manyKeys(n int) func(testing.TB) []byte {
	return func(testing.TB) []byte {
		var b strings.Builder
		b.WriteString(containerBegins)
		for i := range n {
			fmt.Fprintf(&b, "<KeyPackage><DeviceInfo><SerialNo>K%d</SerialNo><ExpiryDate>2029-06-30</ExpiryDate></DeviceInfo></KeyPackage>",
				i)
		}
		return []byte(b.String() + containerEnds)
	}
}

var wrongTypes = map[string]hostile{
	"PDF":                     {aText("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n"), "est un PDF"},
	"program":                 {aText("\x7fELF\x02\x01\x01\x00\x00"), "n'est pas un tableau"},
	"Windows program":         {aText("MZ\x90\x00\x03\x00"), "n'est pas un tableau"},
	"picture":                 {aText("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "est une image"},
	"photograph":              {aText("\xFF\xD8\xFF\xE0\x00\x10JFIF\x00"), "est une image"},
	"gzip":                    {aText("\x1f\x8b\x08\x00\x00\x00\x00\x00"), "n'est pas un tableau"},
	"LibreOffice":             {openDocument, "LibreOffice"},
	"old Excel":               {aText("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), ".xls"},
	"web page":                {aText("<!DOCTYPE html>\n<html><body><table></table></body></html>"), "page web"},
	"web page without a type": {aText("\n<HTML><body><table></table></body></html>"), "page web"},
	"table of a web page":     {aText("<table><tr><td>numero_de_serie</td></tr></table>"), "page web"},
	"other XML": {
		aText("<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"/>"),
		"n'est pas un fichier PSKC",
	},
	"archive of something else": {manyNothings, "n'est pas un classeur Excel"},
	"empty archive": {
		func(testing.TB) []byte { return text("PK\x05\x06" + strings.Repeat("\x00", 18)) },
		"n'est pas un tableau",
	},
	"broken archive":  {aText("PK\x03\x04nothing"), "endommagé"},
	"table named XML": {aText("<numero_de_serie;lot\n"), "endommagé"},
	"nothing":         {aText(""), "est vide"},
	"JSON":            {aText(`{"numero_de_serie": "K1", "lot": "L1"}`), "ligne des titres"},
	"RTF":             {aText(`{\rtf1\ansi numero_de_serie}`), "il manque"},
}

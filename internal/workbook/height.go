package workbook

import (
	"strings"
	"unicode"

	"github.com/xuri/excelize/v2"
)

// A row says how high it is: where it doesn't, LibreOffice gives it one line, and prints the others over the next row. What fits is known
// by nobody but the program that draws: what stands here are upper bounds, for the fonts that Calibri is replaced by too.
const (
	lineHeight = 15  // points
	boldly     = 1.1 // times as wide
)

// margin is what a cell leaves empty of its width, in digits.
func margin(kind Kind) float64 {
	if kind == Text {
		return 0.8
	}
	return 2.5 // the indent too
}

// height is that of a row of so many lines, as far as Excel goes; one line is what a row has by itself.
func height(lines int) []excelize.RowOpts {
	if lines == 1 {
		return nil
	}
	return []excelize.RowOpts{{Height: float64(min(lines*lineHeight, excelize.MaxRowHeight/lineHeight*lineHeight))}}
}

// highest is how many lines the texts of a row take at most.
func highest(cells []any, rooms []float64, weight float64) int {
	most := 1
	for i, cell := range cells {
		if cell, is := cell.(excelize.Cell); is {
			if text, is := cell.Value.(string); is {
				most = max(most, lines(text, rooms[i]/weight))
			}
		}
	}
	return most
}

// lines is how many lines a text takes in a column that has room for so many digits. Words that fit aren't broken.
func lines(text string, room float64) int {
	if float64(len(text))*widest <= room && !strings.Contains(text, "\n") {
		return 1
	}
	n, used, word := 1, 0.0, 0.0 // of the line so far, and of its last word
	for _, r := range text {
		if r == '\n' {
			n, used, word = n+1, 0, 0
			continue
		}
		wide := breadthOf(r)
		used, word = used+wide, word+wide
		if used > room && r != ' ' { // a space goes beyond the edge
			n++
			if word > room { // a word longer than a line goes on in the next
				word = wide
			}
			used = word
		}
		if strings.ContainsRune(" -/|", r) {
			word = 0
		}
	}
	return n
}

func breadth(text string) float64 {
	sum := 0.0
	for _, r := range text {
		sum += breadthOf(r)
	}
	return sum
}

// widest is a Latin letter's greatest breadth.
const widest = 1.8

// breadthOf is how wide a character is at most, in digits, in Calibri, Carlito, Arial, Liberation Sans and DejaVu Sans.
func breadthOf(r rune) float64 {
	if r < rune(len(breadths)) {
		return breadths[r]
	}
	switch {
	case r == '\u00a0', r == '\u202f', r == '’':
		return breadths[' ']
	case r == 'œ', r == 'æ', r >= 0x250 && r < 0x1100, r >= 0x2000 && r < 0x2100:
		return widest
	case r < 0x250 && unicode.IsLower(r):
		return breadths['a']
	case r < 0x250:
		return breadths['A']
	}
	return 2.5
}

var breadths = func() (of [128]float64) {
	for r := range of {
		of[r] = 1.05
	}
	for characters, wide := range map[string]float64{
		".,: ;!|'ijl": 0.5, "()[]-frt": 0.7, "/\\`\"^*": 0.8, "cksvxyz": 0.95, "ABCDEFHIJKLNPRSTUVXYZ+=<>#~&_$w": 1.35, "GOQ": 1.4,
		"mMW@%": widest,
	} {
		for _, r := range characters {
			of[r] = wide
		}
	}
	return of
}()

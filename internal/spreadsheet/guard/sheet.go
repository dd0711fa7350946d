package guard

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"okey/okey"
)

// What a sheet of Excel has room for.
const (
	ExcelRows    = 1 << 20
	excelColumns = 1 << 14
)

// sheet follows the rows and cells of a worksheet. The reader behind it joins rows whose numbers do not rise and shifts cells that stand
// in no order, so that a person would see another table than OKEY takes: no program writes such sheets, and they are refused.
type sheet struct {
	lines, row, column int
	wide, empty        int    // cells beyond MaxColumns; with nothing in them
	filled, lastFilled int    // rows with something in them
	inCell, sharing    bool   // in a cell; one that names a shared string
	valued             bool   // the cell at hand has something in it
	name               []byte // of the cell, as the sheet has it
}

// cell looks at a tag of a sheet: rows and cells in order, and no formula, whose value nobody can vouch for.
func (m *markup) cell(name string, tag []byte, closes bool) error {
	s := &m.sheet
	switch name {
	case "row":
		if s.lines++; s.lines > m.limits.Lines() {
			return m.limits.TooManyLines(m.name)
		}
		if !s.nextRow(tag) {
			return m.refuse(okey.CodeInvalid, fmt.Sprintf("est un classeur endommagé : une ligne n'est pas à sa place après la ligne %d. "+
				"Ouvrez-le dans Excel et enregistrez-le de nouveau.", s.row))
		}
	case "c":
		if s.inCell || !s.nextCell(tag) {
			return m.refuse(okey.CodeInvalid, fmt.Sprintf("est un classeur endommagé : une cellule de la ligne %d n'est pas à sa place. "+
				"Ouvrez-le dans Excel et enregistrez-le de nouveau.", s.row))
		}
		if s.column > MaxColumns {
			if s.wide++; s.wide > maxWide {
				return m.refuse(okey.CodeTooLarge,
					fmt.Sprintf("a trop de cellules au-delà de la colonne %d (ligne %d) : supprimez-les.", MaxColumns, s.row))
			}
		}
		if s.empty++; s.empty > m.limits.Elements/3 {
			return m.refuse(okey.CodeTooLarge, "contient trop de cellules vides : copiez la liste seule dans un nouveau classeur.")
		}
		s.valued = false
		kind, _ := attribute(tag, "t")
		s.inCell, s.sharing = !closes, !closes && string(kind) == "s"
	case "v", "is":
		if !s.inCell || closes {
			return nil
		}
		if !s.valued {
			s.valued = true
			s.empty--
		}
		if s.lastFilled == s.row {
			return nil
		}
		s.lastFilled = s.row
		if s.filled++; s.filled > m.limits.Rows+MaxAbove {
			return m.limits.TooManyRows(m.name)
		}
	case "f":
		if s.inCell {
			return m.refuse(okey.CodeInvalid, fmt.Sprintf(": %s contient une formule. Copiez la feuille et collez-la « valeurs "+
				"seulement », puis renvoyez-la.", s.where()))
		}
	}
	return nil
}

// text remembers the highest shared string that a cell names: the reader behind takes one that is not there for an empty text.
func (m *markup) text(text []byte) {
	if m.sheet.sharing {
		n, _ := strconv.Atoi(string(bytes.TrimSpace(text)))
		if n < 0 {
			n = math.MaxInt
		}
		m.used.highest = max(m.used.highest, n)
	}
}

func (s *sheet) where() string {
	if len(s.name) > 0 {
		return fmt.Sprintf("la cellule %s", s.name)
	}
	return fmt.Sprintf("une cellule de la ligne %d", s.row)
}

func (s *sheet) nextRow(tag []byte) bool {
	number := s.row + 1
	r, times := attribute(tag, "r")
	if times > 0 {
		number = digits(r)
	}
	if times > 1 || number <= s.row || number > ExcelRows {
		return false
	}
	s.row, s.column = number, 0
	return true
}

func (s *sheet) nextCell(tag []byte) bool {
	column := s.column + 1
	r, times := attribute(tag, "r")
	if times > 0 {
		letters := 0
		for column = 0; letters < min(len(r), 3) && r[letters] >= 'A' && r[letters] <= 'Z'; letters++ {
			column = column*26 + int(r[letters]-'A') + 1
		}
		if digits(r[letters:]) != s.row {
			return false
		}
	}
	if times > 1 || column <= s.column || column > excelColumns {
		return false
	}
	s.column, s.name = column, append(s.name[:0], r...)
	return true
}

// digits reads a positive number, 0 where there is none.
func digits(text []byte) int {
	n := 0
	for i, c := range text {
		if c < '0' || c > '9' || i > 6 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// attribute finds an attribute of a tag by its local name, and how often it is there.
func attribute(tag []byte, name string) (value []byte, times int) {
	const space = " \t\r\n"
	for {
		equals := bytes.IndexByte(tag, '=')
		if equals < 0 {
			return value, times
		}
		title := bytes.TrimRight(tag[:equals], space)
		if begin := bytes.LastIndexAny(title, space+":"); begin >= 0 {
			title = title[begin+1:]
		}
		tag = bytes.TrimLeft(tag[equals+1:], space)
		if len(tag) == 0 {
			return value, times
		}
		end := bytes.IndexByte(tag[1:], tag[0])
		if end < 0 {
			return value, times
		}
		if string(title) == name {
			value, times = tag[1:1+end], times+1
		}
		tag = tag[end+2:]
	}
}

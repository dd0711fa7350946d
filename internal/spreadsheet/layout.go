package spreadsheet

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"okey/internal/spreadsheet/guard"
	"okey/okey"
)

// Column is a column that a layout knows, named as Plain spells it.
type Column struct {
	Name     string
	Optional bool
	Unasked  bool // it is known, so that what is wrong with its cells can be told; nobody is told to write it
}

// Layout is the columns of one kind of file. Order in the file does not matter.
type Layout struct {
	Columns []Column
	Others  bool // columns that the layout does not know are ignored; else they are refused by name
}

// Plain spells a title as layouts do: small letters, no accents, one underscore for anything between words.
// "Numéro de série" is numero_de_serie.
func Plain(title string) string {
	var b strings.Builder
	between := false
	for _, r := range norm.NFKD.String(strings.ToLower(title)) {
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if between && b.Len() > 0 {
				b.WriteByte('_')
			}
			between = false
			b.WriteRune(r)
		default:
			between = true
		}
	}
	return b.String()
}

// fit returns the first layout whose columns are all there. Where none fits, the error is about the layout that the header
// comes closest to.
func fit(file string, header []string, layouts []Layout) (int, map[string]int, error) {
	if len(header) > guard.MaxColumns {
		return 0, nil, okey.Errorf(okey.CodeInvalid, "%s a plus de %d colonnes.", file, guard.MaxColumns)
	}
	columns, err := byName(file, header)
	if err != nil {
		return 0, nil, err
	}
	closest, fewest := 0, -1
	for i, layout := range layouts {
		missing := len(layout.missing(columns))
		if missing == 0 {
			return i, columns, layout.refuseUnknown(file, header)
		}
		if fewest < 0 || missing < fewest {
			closest, fewest = i, missing
		}
	}
	return 0, nil, layouts[closest].complain(file, header, columns)
}

func byName(file string, header []string) (map[string]int, error) {
	columns := make(map[string]int, len(header))
	for i, title := range header {
		name := Plain(title)
		if name == "" {
			continue
		}
		if _, twice := columns[name]; twice {
			return nil, okey.Errorf(okey.CodeInvalid, "%s a deux colonnes « %s » : n'en gardez qu'une.", file, okey.Quote(title))
		}
		columns[name] = i
	}
	return columns, nil
}

func (l Layout) missing(columns map[string]int) []string {
	var names []string
	for _, c := range l.Columns {
		if _, there := columns[c.Name]; !there && !c.Optional {
			names = append(names, c.Name)
		}
	}
	return names
}

func (l Layout) unknown(header []string) []string {
	if l.Others {
		return nil
	}
	known := make(map[string]bool, len(l.Columns))
	for _, c := range l.Columns {
		known[c.Name] = true
	}
	var titles []string
	for _, title := range header {
		if name := Plain(title); name != "" && !known[name] {
			titles = append(titles, okey.Quote(title))
		}
	}
	return titles
}

func (l Layout) refuseUnknown(file string, header []string) error {
	unknown := l.unknown(header)
	if len(unknown) == 0 {
		return nil
	}
	return okey.Errorf(okey.CodeInvalid, "%s : OKEY ne connaît pas %s. Retirez-la ou corrigez son titre ; les colonnes possibles sont %s.",
		file, columnsNamed(unknown), l.names())
}

func (l Layout) complain(file string, header []string, columns map[string]int) error {
	message := fmt.Sprintf("%s : il manque %s en première ligne.", file, columnsNamed(l.missing(columns)))
	if unknown := l.unknown(header); len(unknown) > 0 {
		message += fmt.Sprintf(" OKEY ne connaît pas %s.", columnsNamed(unknown))
	}
	return okey.Errorf(okey.CodeInvalid, "%s La première ligne doit être : %s.", message, l.names())
}

func (l Layout) names() string {
	var b strings.Builder
	for i, c := range l.Columns {
		if c.Unasked {
			continue
		}
		separator := ";"
		if i == 0 {
			separator = ""
		}
		if c.Optional {
			fmt.Fprintf(&b, "[%s%s]", separator, c.Name)
			continue
		}
		b.WriteString(separator + c.Name)
	}
	return b.String()
}

func columnsNamed(titles []string) string {
	const most = 10
	if len(titles) == 1 {
		return fmt.Sprintf("la colonne « %s »", titles[0])
	}
	if len(titles) > most {
		titles = append(titles[:most:most], "…")
	}
	return fmt.Sprintf("les colonnes « %s »", strings.Join(titles, " », « "))
}

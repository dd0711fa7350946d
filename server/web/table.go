package web

import (
	"fmt"
	"reflect"
)

// Cell is one entry of a table: text, where it leads, and the form that ends what the row is about.
type Cell struct {
	Text   string
	More   string // said below it, in smaller letters
	Unseen string // said after it to who does not see the row
	Tag    string // the state that the text names: its shape and colour
	Alarm  string // what is wrong, said after it
	Path   string
	At     string // the instant or day that the text is short for, as machines read it
	Number bool   // a count, to be compared with those above and below
	Whole  bool   // no line may break it: a serial number, a lot, a name, a link's few words
	Clip   bool   // a text that is as long as its writer likes: where tables have columns, as much of it as one line has room for
	Act    bool   // it leads to what can be done: not for paper
	On     *Cell  // the day that belongs to the text, said after it
	Form   *Form
	Does   string // what the form does, for whoever hears its button without the row

	Column string // filled in by the table: a card names it
}

// rowOfCells is a line that tables can show. The first cell names the row.
type rowOfCells interface{ Cells() []Cell }

// Row is a line of a table that is its cells and nothing more.
type Row []Cell

// Cells are its own.
func (r Row) Cells() []Cell { return r }

// TableView is a table ready to be written.
type TableView struct {
	Name    string
	Columns []string
	Rows    [][]Cell
	Headed  string // the id of the visible heading that names it; empty: a caption does, heard and not seen
}

// By is the table under a heading of its name. It is for templates.
func (t TableView) By(id string) TableView {
	t.Headed = id
	return t
}

// Numeric tells whether a column counts something.
func (t TableView) Numeric(column int) bool { return len(t.Rows) > 0 && t.Rows[0][column].Number }

// Acts tells whether a column only leads on: paper does without it.
func (t TableView) Acts(column int) bool {
	return len(t.Rows) > 0 && (t.Rows[0][column].Act || t.Rows[0][column].Form != nil)
}

// TableOf makes a slice of rows into a table. It is a template's function, too: pages keep their own types of rows.
func TableOf(name string, rows any, columns ...string) (TableView, error) {
	view := TableView{Name: name, Columns: columns}
	lines := reflect.ValueOf(rows)
	if lines.Kind() != reflect.Slice {
		return view, fmt.Errorf("table %s: %T is no slice", name, rows)
	}
	for i := range lines.Len() {
		line, is := lines.Index(i).Interface().(rowOfCells)
		if !is {
			return view, fmt.Errorf("table %s: %T has no cells", name, lines.Index(i).Interface())
		}
		cells := line.Cells()
		if len(cells) != len(columns) {
			return view, fmt.Errorf("table %s: %d cells under %d columns", name, len(cells), len(columns))
		}
		for j := range cells {
			cells[j].Column = columns[j]
		}
		view.Rows = append(view.Rows, cells)
	}
	return view, nil
}

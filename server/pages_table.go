package server

import (
	"fmt"
	"reflect"
	"strconv"

	"okey/imports"
)

// cell is one entry of a table: text, where it leads, and the form that ends what the row is about.
type cell struct {
	Text string
	Path string
	Form *form
	Does string // what the form does, for whoever hears its button without the row

	Column string // filled in by the table: a card names it
}

// rowOfCells is a line that tables can show. The first cell names the row.
type rowOfCells interface{ Cells() []cell }

// tableView is a table ready to be written.
type tableView struct {
	Name    string
	Columns []string
	Rows    [][]cell
}

// tableOf makes a slice of rows into a table. It is a template's function: pages keep their own types of rows.
func tableOf(name string, rows any, columns ...string) (tableView, error) {
	view := tableView{Name: name, Columns: columns}
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

// What each kind of row shows, in the order of the columns that its page names.

func (l orderLine) Cells() []cell {
	return []cell{{Text: l.Number, Path: l.Path}, {Text: l.When}, {Text: l.Where}, {Text: l.Quantity}, {Text: l.State}, {Text: l.By}}
}

func (l exportLine) Cells() []cell {
	return []cell{{Text: l.When, Path: l.Path}, {Text: l.Orders}, {Text: l.Keys}, {Text: l.By}}
}

func (l deliveryLine) Cells() []cell {
	return []cell{{Text: l.When, Path: l.Path}, {Text: l.File}, {Text: l.Keys}, {Text: l.State}, {Text: l.By}}
}

func (r deliveryRow) Cells() []cell {
	shown := []cell{{Text: r.Serial, Path: r.Path}, {Text: r.Line}, {Text: r.Batch}, {Text: r.Expires}, {Text: r.Where}}
	if r.State == "" {
		return shown
	}
	return append(shown, cell{Text: r.State}, cell{Text: r.Confirmed})
}

// badLine is what is wrong with a line of a file.
type badLine struct{ imports.RowError }

func (l badLine) Cells() []cell {
	line := "fichier"
	if l.Line > 0 {
		line = strconv.Itoa(l.Line)
	}
	return []cell{{Text: line}, {Text: l.Column}, {Text: l.Message}}
}

// BadLines are the lines that keep a file out.
func (d deliveryScreen) BadLines() []badLine {
	lines := make([]badLine, len(d.Bad))
	for i, wrong := range d.Bad {
		lines[i] = badLine{wrong}
	}
	return lines
}

func (l reportLine) Cells() []cell {
	return []cell{{Text: l.Serial, Path: l.Path}, {Text: l.Where}, {Text: l.When}, {Text: l.By}, {Text: l.Similar}, {Text: l.Now}}
}

func (l inventoryLine) Cells() []cell {
	return []cell{{Text: l.When, Path: l.Path}, {Text: l.By}, {Text: l.Found}, {Text: l.Missing}, {Text: l.Others}}
}

func (l auditLine) Cells() []cell {
	return []cell{{Text: l.When}, {Text: l.What}, {Text: l.Who}, {Text: l.Via}, {Text: l.About, Path: l.Path}, {Text: l.Detail}}
}

func (l letterLine) Cells() []cell { return []cell{{Text: l.Subject, Path: l.Path}, {Text: l.When}} }

func (l privacyLine) Cells() []cell { return []cell{{Text: l.What}, {Text: l.Why}, {Text: l.Long}} }

func (l moveLine) Cells() []cell {
	may := "Oui"
	switch {
	case l.Fault != "":
		may = "Non. " + l.Fault
	case l.Doubt != "":
		may = "Oui, mais " + l.Doubt
	}
	return []cell{{Text: l.Serial, Path: l.Path}, {Text: l.Where}, {Text: l.State}, {Text: l.Holder}, {Text: may}}
}

func (l delegationLine) Cells() []cell {
	end := cell{Text: l.State, Form: l.End}
	if l.End != nil {
		end.Does = fmt.Sprintf("Mettre fin à la délégation %v", l.End.Extra)
	}
	return []cell{{Text: l.Who}, {Text: l.Scope}, {Text: l.From}, {Text: l.Until}, {Text: l.By}, end}
}

// Cells of somebody attached, or of a school that another one answers for: that has neither a function nor a last day.
func (l arrangementLine) Cells() []cell {
	if l.What == "" {
		return []cell{{Text: l.Who}, {Text: l.Where}, {Text: l.Reason}, {Text: l.By}, {Text: l.State, Form: l.End, Does: "Mettre fin pour " + l.Who}}
	}
	return []cell{
		{Text: l.Who},
		{Text: l.What},
		{Text: l.Where},
		{Text: l.Until},
		{Text: l.Reason},
		{Text: l.By},
		{Text: l.State, Form: l.End, Does: "Mettre fin au rattachement de " + l.Who},
	}
}

// View is the table as pages write it.
func (t recordTable) View() tableView {
	view := tableView{Name: t.Title}
	for _, column := range t.Columns {
		view.Columns = append(view.Columns, column.Title)
	}
	for _, row := range t.Rows {
		cells := make([]cell, len(row.Cells))
		for i, value := range row.Cells {
			cells[i] = cell{Text: fmt.Sprint(value), Column: t.Columns[i].Title}
		}
		cells[0].Path = row.Path
		view.Rows = append(view.Rows, cells)
	}
	return view
}

package web

import (
	"cmp"
	"encoding/base64"
	"html/template"
	"math"
	"slices"

	"okey/internal/plot"
	"okey/internal/workbook"
)

// A plot stands on a page as an image that the page itself carries (RFC 2397): what it shows is what the table behind it shows, read
// once, by one right to look; and an SVG in an image runs nothing, whatever is in it. To put one on a page:
//   - make its Figures with the same permission and filters as the page, and a Plotted of them in the page's screen;
//   - write `{{template "plot" .Weeks}}` under a heading of its own;
//   - register a spreadsheet of Figures.Sheet in the room's Routes, and give its address as Sheet.

// Figures are the numbers of a plot: the table that it is drawn from.
type Figures struct {
	Of      string // what the first column names: "Établissement"
	Columns []string
	Rows    []FigureRow
	Aside   int               // how many of the columns, the last ones, are for the table alone
	Taken   []workbook.Column // what the download has in place of the first column, where that says two things or a date
}

// FigureRow is one line of figures: its name, where that leads, and a value for each column: plot.Missing where there is none.
type FigureRow struct {
	Name, Path string
	Short      string // on the drawing, where Name is too long for it
	Values     []float64
	Taken      []any // what the download has in place of Name: a cell for each of Figures.Taken
}

// Plotted is a plot with all that goes with it.
type Plotted struct {
	Name    string // of the table, for whoever hears it
	Message string // what the plot says, in one sentence: it stands above
	Note    string // how it was counted
	Sheet   string // address of the download
	Nothing string // instead of a plot, where there is nothing to show: "Pas encore de données." if empty
	Drawn   bool
	Wide    image
	Narrow  image
	Of      string
	Columns []string
	Lines   []plotLine
}

type image struct {
	Source        template.URL
	Set           template.Srcset // the same, where a browser chooses
	Width, Height int
}

type plotLine struct {
	Name, Path string
	Cells      []plotCell
}

type plotCell struct{ Column, Value string }

// PlotOf draws the figures.
func PlotOf(f Figures, shape plot.Shape, about Plotted) (Plotted, error) {
	about.Of, about.Columns = f.Of, f.Columns
	for _, row := range f.Rows {
		line := plotLine{Name: row.Name, Path: row.Path}
		for i, v := range row.Values {
			line.Cells = append(line.Cells, plotCell{f.Columns[i], SayValue(v)})
		}
		about.Lines = append(about.Lines, line)
	}
	drawing := f.drawing(shape)
	about.Nothing = cmp.Or(about.Nothing, "Pas encore de données.")
	if about.Drawn = !drawing.Empty(); !about.Drawn {
		return about, nil
	}
	wide, err := plot.Draw(drawing, plot.Wide)
	if err != nil {
		return about, err
	}
	narrow, err := plot.Draw(drawing, plot.Narrow)
	about.Wide, about.Narrow = imageOf(wide), imageOf(narrow)
	return about, err
}

func (f Figures) drawing(shape plot.Shape) plot.Figure {
	drawing := plot.Figure{Shape: shape}
	for i, name := range f.Columns[:len(f.Columns)-f.Aside] {
		series := plot.Series{Name: name}
		for _, row := range f.Rows {
			series.Values = append(series.Values, row.Values[i])
		}
		drawing.Series = append(drawing.Series, series)
	}
	for _, row := range f.Rows {
		drawing.Categories = append(drawing.Categories, cmp.Or(row.Short, row.Name))
	}
	return drawing
}

func imageOf(d plot.Drawing) image {
	source := "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(d.SVG)
	return image{Source: template.URL(source), Set: template.Srcset(source), Width: d.Width, Height: d.Height} // base64 of our own making
}

// SayValue is a figure as tables show it; plot.Missing is a dash.
func SayValue(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return plot.Say(v)
}

// Sheet is the table behind the plot, to take along.
func (f Figures) Sheet(name string) workbook.Sheet {
	columns := slices.Clone(f.Taken)
	if columns == nil {
		columns = []workbook.Column{{Title: f.Of, Width: 36}}
	}
	for _, title := range f.Columns {
		columns = append(columns, workbook.Column{Title: title, Kind: workbook.Number, Width: 16})
	}
	return workbook.Sheet{Name: name, Columns: columns, Rows: RowsOf(f.Rows, func(row FigureRow) []any {
		cells := slices.Clone(row.Taken)
		if f.Taken == nil {
			cells = []any{row.Name}
		}
		for _, v := range row.Values {
			if math.IsNaN(v) {
				cells = append(cells, nil)
				continue
			}
			cells = append(cells, v)
		}
		return cells
	})}
}

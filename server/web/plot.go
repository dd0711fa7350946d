package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"okey/internal/plot"
	"okey/internal/workbook"
)

// A plot stands on a page as the page's own elements: it has the colours of the day, of the night and of the reader, is as broad as the
// page, and its names are text and links. What it shows is what the table behind it shows, read once, by one right to look. Lengths are
// attributes of SVG: the page's policy lets no style in. To put one on a page:
//   - make its Figures with the same permission and filters as the page, and a Plotted of them in the page's screen;
//   - write `{{template "plot" .Weeks}}`: a section, whose heading is what the plot says;
//   - register a spreadsheet of Figures.Sheet in the room's Routes, and give its address as Sheet.

// Figures are the numbers of a plot: the table that it is drawn from.
type Figures struct {
	Of      string // what the first column names: "Établissement"
	Columns []string
	Rows    []FigureRow
	Aside   int               // how many of the columns, the last ones, are for the table alone
	Drawn   []PlotSeries      // what is drawn, where that is not the columns: of FigureRow.Drawn
	Taken   []workbook.Column // what the download has in place of the first column, where that says two things or a date
	Bands   []plot.Span       // behind the columns
	All     int               // how many rows there are, where Rows are the first of them
}

// FigureRow is one line of figures: its name, where that leads, and a value for each column: plot.Missing where there is none.
type FigureRow struct {
	Name, Path string
	Short      string // on the drawing, where Name is too long for it
	Year       int    // of a column
	Values     []float64
	Drawn      []float64 // for each of Figures.Drawn
	Tick       float64   // as plot.Category has them
	Target     float64
	Label      string // the bar's number, in words
	Alarm      string // what of it is wrong
	Taken      []any  // what the download has in place of Name: a cell for each of Figures.Taken
}

// PlotSeries is what the legend names. An alarm is drawn in the colour of what is wrong.
type PlotSeries struct {
	Name  string
	Alarm bool
}

// PlotShape is how a plot is drawn.
type PlotShape int

// Columns stand, their parts one on the other: for what goes on through time. Bars lie, each after its name and before its number: for
// what has names.
const (
	Columns PlotShape = iota
	Bars
)

// Plotted is a plot with all that goes with it.
type Plotted struct {
	ID      string // of the page's elements
	Name    string // of the section, and of the table for whoever hears it
	Message string // what the plot says, in one sentence: it stands above
	Note    string // how it was counted
	Sheet   string // address of the download
	Nothing string // instead of a plot, where there is nothing to show: "Pas encore de données." if empty
	Band    string // what the legend calls what lies behind the columns
	Tick    string // and the marks on the bars
	Target  string
	Figure  Headline
	Drawn   bool
	Series  []PlotSeries
	Columns *plot.Columns
	Bars    []plotBar
	Of      string
	Heads   []string
	Lines   []plotLine
}

// Headline is one number that sums a plot up, and where that is listed.
type Headline struct {
	Number, Of, Path string
	Alarm            bool
}

// Legend tells whether colours and marks need names.
func (p Plotted) Legend() bool {
	return len(p.Series) > 1 || p.Band != "" || p.Tick != "" || p.Target != ""
}

type plotBar struct {
	plot.Bar
	FigureRow
}

type plotLine struct {
	Name, Path string
	Cells      []plotCell
}

type plotCell struct{ Column, Value string }

// PlotOf draws the figures.
func PlotOf(f Figures, shape PlotShape, about Plotted) Plotted {
	about.Of, about.Heads = f.Of, f.Columns
	for _, row := range f.Rows {
		line := plotLine{Name: row.Name, Path: row.Path}
		for i, v := range row.Values {
			line.Cells = append(line.Cells, plotCell{f.Columns[i], SayValue(v)})
		}
		about.Lines = append(about.Lines, line)
	}
	figure := f.figure()
	about.Nothing = cmp.Or(about.Nothing, "Pas encore de données.")
	if about.Drawn = !figure.Empty(); !about.Drawn {
		return about
	}
	if about.Series = f.series(); shape == Columns {
		columns := plot.ColumnsOf(figure)
		if about.Columns = &columns; len(columns.Bands) == 0 {
			about.Band = ""
		}
		return about
	}
	for i, bar := range plot.BarsOf(figure) {
		about.Bars = append(about.Bars, plotBar{bar, f.Rows[i]})
	}
	return about
}

// Tone is the class of a part of the drawing.
func (p Plotted) Tone(series int) string {
	if p.Series[series].Alarm {
		return "tone-alarm"
	}
	return fmt.Sprint("tone-", series)
}

func (f Figures) series() []PlotSeries {
	if f.Drawn != nil {
		return f.Drawn
	}
	var series []PlotSeries
	for _, name := range f.Columns[:len(f.Columns)-f.Aside] {
		series = append(series, PlotSeries{Name: name})
	}
	return series
}

func (f Figures) figure() plot.Figure {
	figure := plot.Figure{Series: len(f.series()), Bands: f.Bands}
	for _, row := range f.Rows {
		values := row.Values
		if f.Drawn != nil {
			values = row.Drawn
		}
		figure.Categories = append(figure.Categories, plot.Category{
			Name: cmp.Or(row.Short, row.Name), Year: row.Year, Values: values, Tick: row.Tick, Target: row.Target,
		})
	}
	return figure
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

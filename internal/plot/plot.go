// Package plot draws figures as SVG, to be shown as images: bars that black and white printers and eyes that confuse colours still tell
// apart, numbers as French writes them, no script, no font and nothing else from elsewhere.
// It knows of the domain how French writes numbers, and not what they count.
package plot

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"okey/okey"

	"github.com/go-analyze/charts"
)

// Figure is what is to be drawn: for each category one bar of each series. Values are never negative; what is missing is Missing.
type Figure struct {
	Categories []string
	Series     []Series
	Shape      Shape
}

// Series is one value for each category.
type Series struct {
	Name   string
	Values []float64
}

// Missing is a value that nobody knows: no bar, unlike zero.
var Missing = math.NaN()

// Shape is how the bars stand.
type Shape int

// Columns stand, their parts one on the other: for what goes on through time. Bars lie side by side with their number at the end: for
// categories that have names. Stack is bars whose parts follow each other.
const (
	Columns Shape = iota
	Bars
	Stack
)

// Size is the room that a drawing has, in the pixels of a screen that shows it as it is; its height follows from what is in it.
type Size int

// Wide is for screens and paper, Narrow for phones: the same letters, fewer of them.
const (
	Wide   Size = 720
	Narrow Size = 320
)

// Empty tells whether there is nothing to draw: no category, or no value above zero.
func (f Figure) Empty() bool {
	for _, s := range f.Series {
		for i, v := range s.Values {
			if i < len(f.Categories) && v > 0 {
				return false
			}
		}
	}
	return true
}

// Drawing is an SVG document and the size that it is made for.
type Drawing struct {
	SVG           []byte
	Width, Height int
}

// What the drawing is made of, in pixels.
const (
	letter      = 11 // points, some 15 pixels
	tall        = 230
	thickness   = 18 // of a lying bar
	broadest    = 48 // column
	betweenBars = 14 // categories
	legendLine  = 16
	legendBox   = 32 // before each name
	between     = 20 // names of the legend
	axisRoom    = 30
	margin      = 10
)

// Draw makes the drawing of a figure that is not empty.
func Draw(f Figure, size Size) (Drawing, error) {
	if f.Shape == Columns && len(f.Categories) == 1 {
		f.Shape = Stack // a single column would be a wall
	}
	paper := sheet{Figure: f, width: int(size), measure: charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG})}
	d := Drawing{Width: paper.width, Height: paper.height()}
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: d.Width, Height: d.Height, Theme: theme})
	if err := p.BarChart(paper.options()); err != nil {
		return Drawing{}, fmt.Errorf("draw a figure: %w", err)
	}
	drawn, err := p.Bytes()
	if err != nil {
		return Drawing{}, fmt.Errorf("draw a figure: %w", err)
	}
	d.SVG = patterned(paper.fitted(drawn))
	return d, nil
}

// sheet is a figure on its way to a drawing.
type sheet struct {
	Figure
	width   int
	measure *charts.Painter
}

// room is what a text takes, in pixels.
func (s sheet) room(text string) int { return s.measure.MeasureText(text, 0, style).Width() }

func (s sheet) height() int {
	bars, axis := 1, axisRoom
	switch s.Shape {
	case Columns:
		return s.legend() + tall
	case Bars:
		bars, axis = len(s.Series), 0
	}
	return s.legend() + axis + 2*margin + len(s.Categories)*(bars*thickness+betweenBars)
}

// legend is the height of the names of the series: as many lines as it takes to set them one after the other.
func (s sheet) legend() int {
	if len(s.Series) < 2 {
		return 0
	}
	lines, at := 1, 0
	for _, series := range s.Series {
		wide := legendBox + s.room(plain(series.Name))
		if at > 0 && at+wide > s.width-2*margin {
			lines, at = lines+1, 0
		}
		at += wide + between
	}
	return lines*legendLine + margin
}

func (s sheet) options() charts.BarChartOption {
	categories, names, values := s.lines()
	if s.Shape != Columns { // the library begins below
		slices.Reverse(categories)
		for _, v := range values {
			slices.Reverse(v)
		}
	}
	o := charts.NewBarChartOptionWithData(values)
	o.Theme, o.ValueFormatter = theme, Say
	o.Horizontal, o.StackSeries = s.Shape != Columns, charts.Ptr(s.Shape != Bars)
	o.Padding = charts.NewBox(margin, margin, margin, margin)
	o.Legend = charts.LegendOption{Show: charts.Ptr(len(names) > 1), SeriesNames: names, FontStyle: style, Offset: charts.OffsetLeft}
	o.CategoryAxis.Labels, o.CategoryAxis.LabelFontStyle, o.CategoryAxis.LabelCount = categories, style, len(categories)
	highest := s.highest()
	top, steps := scale(highest, s.steps(highest))
	o.ValueAxis = []charts.ValueAxisOption{{
		Min: charts.Ptr(0.0), Max: charts.Ptr(top), LabelCount: steps + 1, PreferNiceIntervals: charts.Ptr(false), LabelFontStyle: style,
		SplitLineShow: charts.Ptr(true), ValueFormatter: Say,
	}}
	switch s.Shape {
	case Columns:
		o.CategoryAxis.BoundaryGap = charts.Ptr(true) // else, of many columns, the names stand at the ticks and the columns between others
		o.Padding.Right += s.widest(categories) / 2
		o.BarSize = min(0.9, broadest*float64(len(categories))/float64(s.width))
	case Bars:
		o.Padding.Right += s.room(Say(highest))
		o.ValueAxis[0].Max = charts.Ptr(max(highest, 1))
		o.ValueAxis[0].Show, o.ValueAxis[0].SplitLineShow = charts.Ptr(false), charts.Ptr(false) // each bar has its number
		for i := range o.SeriesList {
			o.SeriesList[i].Label = charts.SeriesLabel{Show: charts.Ptr(true), ValueFormatter: Say, FontStyle: style}
		}
	}
	return o
}

// lines are the figure as the library takes it.
func (s sheet) lines() (categories, names []string, values [][]float64) {
	for _, series := range s.Series {
		row := make([]float64, len(s.Categories))
		for j := range row {
			row[j] = charts.GetNullValue()
			if j < len(series.Values) && known(series.Values[j]) {
				row[j] = max(series.Values[j], 0)
			}
		}
		names, values = append(names, s.cut(series.Name, s.width-2*margin-legendBox)), append(values, row)
	}
	categories = s.apart(s.width * 2 / 5)
	if s.Shape == Columns {
		s.thin(categories)
	}
	return categories, names, values
}

func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// thin leaves out the names of columns that stand too close, and keeps the last one: it is the latest.
func (s sheet) thin(names []string) {
	each := max(s.width-6*margin, 1) / max(len(names), 1)
	every := 1 + (s.widest(names)+margin)/max(each, 1)
	for i := range names {
		if (len(names)-1-i)%every != 0 {
			names[i] = ""
		}
	}
}

func (s sheet) widest(texts []string) int {
	widest := 0
	for _, text := range texts {
		widest = max(widest, s.room(text))
	}
	return widest
}

// cut puts a text on one line, and shortens it until it fits.
func (s sheet) cut(text string, room int) string {
	text = plain(text)
	if s.room(text) <= room {
		return text
	}
	runes := []rune(text)
	for n := min(len(runes), room); n > 0; n-- {
		if short := strings.TrimSpace(string(runes[:n])) + "…"; s.room(short) <= room {
			return short
		}
	}
	return "…"
}

// apart are the names of the categories, each cut to the room; where that leaves two alike, what differs stands at their ends, and is kept.
func (s sheet) apart(room int) []string {
	names, alike := make([]string, len(s.Categories)), map[string]int{}
	for i, name := range s.Categories {
		names[i] = s.cut(name, room)
		alike[names[i]]++
	}
	for i, name := range s.Categories {
		if whole := plain(name); alike[names[i]] > 1 && names[i] != whole {
			names[i] = s.cutWithin(whole, room)
		}
	}
	return names
}

// cutWithin shortens a text between its first word and its end.
func (s sheet) cutWithin(text string, room int) string {
	first, rest, _ := strings.Cut(text, " ")
	runes := []rune(rest)
	for n := 1; n < len(runes); n++ {
		if short := first + "…" + strings.TrimSpace(string(runes[n:])); s.room(short) <= room {
			return short
		}
	}
	return s.cut(text, room)
}

// steps is how many numbers the axis of values has room for.
func (s sheet) steps(highest float64) int {
	if s.Shape == Columns {
		return 5
	}
	return max(1, min(5, s.width/3/(s.room(Say(highest))+between)))
}

// highest is the end of the longest bar.
func (f Figure) highest() float64 {
	highest := 0.0
	for j := range f.Categories {
		sum := 0.0
		for _, s := range f.Series {
			if j >= len(s.Values) || !known(s.Values[j]) {
				continue
			}
			if sum += max(s.Values[j], 0); f.Shape == Bars {
				highest, sum = max(highest, sum), 0
			}
		}
		highest = max(highest, sum)
	}
	return highest
}

// scale is where the axis of values ends, and in how many steps: of 1, 2 or 5 times a power of ten, never in fractions of one thing.
func scale(highest float64, most int) (top float64, steps int) {
	step := 1.0
	for i := 0; highest > float64(most)*step; i++ {
		step *= []float64{2, 2.5, 2}[i%3]
	}
	steps = max(int(math.Ceil(highest/step)), 1)
	return step * float64(steps), steps
}

// plain is a text on one line, of characters that XML knows.
func plain(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "�"), func(r rune) bool {
		return r == ' ' || unicode.IsControl(r) || r == 0xfffe || r == 0xffff
	}), " ")
}

// Say writes a value as French does, with one digit after the comma where it is small: "12 480", "2,5".
func Say(v float64) string {
	whole := math.Round(v)
	if math.Abs(v-whole) < 0.05 || v >= 100 {
		return okey.SayNumber(int(min(whole, 1e15)))
	}
	return strings.Replace(fmt.Sprintf("%.1f", v), ".", ",", 1)
}

// Package plot measures figures for a drawing: where columns and bars stand and how long they are, in hundredths of the room, which is as
// broad as the page leaves it. What they are drawn with, and in which colours, is the page's.
// It knows of the domain how French writes numbers, and not what they count.
package plot

import (
	"fmt"
	"math"
	"strings"

	"okey/okey"
)

// Figure is what is to be drawn: for each category one value of each series. Values are never negative; what is missing is Missing.
type Figure struct {
	Categories []Category
	Series     int // how many
	Bands      []Span
}

// Category is a column, or a line of bars.
type Category struct {
	Name   string // under a column
	Year   int    // of a column; zero where none is told
	Values []float64
	Tick   float64 // a mark on a bar, as its ninth decile; zero: none
	Target float64 // what a bar is to stay below; zero: none
}

// Span is what lies behind columns: from so many columns from the left on to so many.
type Span struct{ From, To float64 }

// Missing is a value that nobody knows: no bar, unlike zero.
var Missing = math.NaN()

// Empty tells whether there is nothing to draw: no value above zero.
func (f Figure) Empty() bool {
	for _, c := range f.Categories {
		for series := range f.Series {
			if c.value(series) > 0 {
				return false
			}
		}
	}
	return true
}

// value is what is drawn of a series: zero where nobody knows it.
func (c Category) value(series int) float64 {
	if series >= len(c.Values) || math.IsNaN(c.Values[series]) || math.IsInf(c.Values[series], 0) {
		return 0
	}
	return max(c.Values[series], 0)
}

func (c Category) sum(series int) float64 {
	sum := 0.0
	for i := range series {
		sum += c.value(i)
	}
	return sum
}

// Percent is a length or a place, in hundredths of the drawing's room.
type Percent float64

func (p Percent) String() string { return fmt.Sprintf("%.2f%%", float64(p)) }

// Part is what stands for a value.
type Part struct {
	Series              int
	X, Y, Width, Height Percent
}

// Mark is a word beside the drawing. Narrow tells that there is room for it on a phone, too; Anchor is SVG's text-anchor.
type Mark struct {
	At     Percent
	Text   string
	Anchor string
	Narrow bool
}

// Columns is a figure through time: columns whose parts stand one on the other, over a scale that begins at zero.
type Columns struct {
	Parts []Part
	Bands []Part
	Lines []Mark // of the scale, from below
	Names []Mark // of columns
	Years []Mark // where each begins
}

// The room that columns have is above and below left for words; letters are as broad as the broadest font of a reader has them.
const (
	Floor   Percent = 82 // where columns stand
	ceiling Percent = 5
	broad           = 0.7 // of its room, a column
	letter          = 7.5 // pixels
	wide            = 600 // the narrowest that a desk's page leaves, and a phone's
	narrow          = 230
)

// ColumnsOf measures a figure that is not empty.
func ColumnsOf(f Figure) Columns {
	var c Columns
	top, steps := f.top()
	high := func(v float64) Percent { return Percent(v/top) * (Floor - ceiling) }
	for i := range steps + 1 {
		v := top / float64(steps) * float64(i)
		c.Lines = append(c.Lines, Mark{At: Floor - high(v), Text: Say(v), Narrow: true})
	}
	each := 100 / Percent(len(f.Categories))
	for _, b := range f.Bands {
		from, to := Percent(max(b.From, 0))*each, min(Percent(b.To)*each, 100)
		if to > from {
			c.Bands = append(c.Bands, Part{X: from, Y: ceiling, Width: to - from, Height: Floor - ceiling})
		}
	}
	for i, category := range f.Categories {
		at, from := Percent(i)*each, Floor
		for series := range f.Series {
			if v := category.value(series); v > 0 {
				from -= high(v)
				c.Parts = append(c.Parts, Part{Series: series, X: at + each*(1-broad)/2, Y: from, Width: each * broad, Height: high(v)})
			}
		}
	}
	c.Names, c.Years = f.names(each), f.years(each)
	return c
}

// top is where the scale ends, and in how many steps.
func (f Figure) top() (top float64, steps int) {
	highest := 0.0
	for _, c := range f.Categories {
		highest = max(highest, c.sum(f.Series))
	}
	return scale(highest, 4)
}

// names leaves out those that stand too close, and keeps the last one: it is the latest.
func (f Figure) names(each Percent) []Mark {
	longest := 0
	for _, c := range f.Categories {
		longest = max(longest, len([]rune(c.Name)))
	}
	every := func(room float64) int { // one at the edge stands half its length nearer to the one before
		return 1 + int((1.5*float64(longest)+0.5)*letter/(room*float64(each)/100))
	}
	onDesks, onPhones := every(wide), every(narrow)
	onPhones = (onPhones + onDesks - 1) / onDesks * onDesks
	var names []Mark
	for i, c := range f.Categories {
		if before := len(f.Categories) - 1 - i; before%onDesks == 0 {
			names = append(names, within(Percent(i)*each, each, c.Name, before%onPhones == 0))
		}
	}
	return names
}

// within puts a word under the middle of its column, or from an edge of it on where it would leave the room, a phone's even.
func within(left, each Percent, text string, onPhones bool) Mark {
	at := left + each/2
	half := Percent(float64(len([]rune(text))) * letter / 2 / narrow * 100)
	switch {
	case at+half > 100:
		return Mark{At: left + each, Text: text, Anchor: "end", Narrow: onPhones}
	case at-half < 0:
		return Mark{At: left, Text: text, Anchor: "start", Narrow: onPhones}
	}
	return Mark{At: at, Text: text, Anchor: "middle", Narrow: onPhones}
}

// years says each where its first column stands; one that has no room is told by its neighbours.
func (f Figure) years(each Percent) []Mark {
	const room = Percent(5 * letter / narrow * 100) // of four digits
	var years []Mark
	for i, c := range f.Categories {
		if c.Year == 0 || i > 0 && f.Categories[i-1].Year == c.Year {
			continue
		}
		mark := Mark{At: Percent(i) * each, Text: fmt.Sprint(c.Year), Anchor: "start", Narrow: true}
		if mark.At+room > 100 {
			mark.At, mark.Anchor = 100, "end"
		}
		if last := len(years) - 1; last >= 0 && min(mark.At, 100-room)-years[last].At < room {
			years = years[:last]
		}
		years = append(years, mark)
	}
	return years
}

// Bar is a lying bar whose parts follow each other, beside its name and number.
type Bar struct {
	Parts        []Part
	Tick, Target Percent // zero: none
}

// BarsOf measures a figure whose categories have names: a bar each, over one scale.
func BarsOf(f Figure) []Bar {
	const end = 99 // a tick at the end is seen whole
	longest := 0.0
	for _, c := range f.Categories {
		longest = max(longest, c.sum(f.Series), c.Tick, c.Target)
	}
	long := func(v float64) Percent {
		if longest == 0 || math.IsNaN(v) {
			return 0
		}
		return Percent(v/longest) * end
	}
	bars := make([]Bar, len(f.Categories))
	for i, c := range f.Categories {
		at := Percent(0)
		for series := range f.Series {
			if v := c.value(series); v > 0 {
				bars[i].Parts = append(bars[i].Parts, Part{Series: series, X: at, Width: long(v), Height: 100})
				at += long(v)
			}
		}
		bars[i].Tick, bars[i].Target = long(c.Tick), long(c.Target)
	}
	return bars
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

// Say writes a value as French does, with one digit after the comma where it is small: "12 480", "2,5".
func Say(v float64) string {
	whole := math.Round(v)
	if math.Abs(v-whole) < 0.05 || v >= 100 {
		return okey.SayNumber(int(min(whole, 1e15)))
	}
	return strings.Replace(fmt.Sprintf("%.1f", v), ".", ",", 1)
}

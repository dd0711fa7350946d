package plot_test

import (
	"fmt"
	"math"
	"testing"

	"okey/internal/plot"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// figures are any that a page may hold: up to two years of weeks, values that nobody knows, years that change.
func figures(t *rapid.T) plot.Figure {
	f := plot.Figure{Series: rapid.IntRange(1, 6).Draw(t, "series")}
	value := rapid.OneOf(rapid.Float64Range(0, 1e6), rapid.Just(plot.Missing), rapid.Just(0.0), rapid.Just(math.Inf(1)), rapid.Just(-3.0))
	months := rapid.IntRange(0, 12).Draw(t, "change of year")
	for i := range rapid.IntRange(1, 104).Draw(t, "categories") {
		f.Categories = append(f.Categories, plot.Category{
			Name: fmt.Sprintf("%d sept.", i%30+1), Year: 2026 + (i+months)/52, Values: rapid.SliceOfN(value, 0, f.Series).Draw(t, "values"),
			Tick: rapid.Float64Range(0, 100).Draw(t, "tick"), Target: rapid.Float64Range(0, 5).Draw(t, "target"),
		})
	}
	f.Categories[0].Values = []float64{1}
	return f
}

const hair = 0.001

func TestColumnsStandOnTheFloorAndWithinTheDrawing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := figures(t)
		f.Bands = []plot.Span{{From: -3, To: 0.5}, {From: 2, To: 1e3}}
		c := plot.ColumnsOf(f)
		top := map[plot.Percent]plot.Percent{} // where each column has got to
		for _, p := range append(c.Parts, c.Bands...) {
			require.True(t, p.X >= 0 && p.Y > 0 && p.X+p.Width <= 100+hair && p.Y+p.Height <= plot.Floor+hair, "%+v", p)
		}
		for _, p := range c.Parts {
			from, begun := top[p.X]
			if !begun {
				from = plot.Floor
			}
			require.InDelta(t, float64(from), float64(p.Y+p.Height), hair, "a part stands on the one before")
			top[p.X] = p.Y
		}
	})
}

// spans are where words lie, in the pixels of a drawing of that width; 7 pixels a letter are what a browser shows at most at their size.
func spans(marks []plot.Mark, width float64) (all [][2]float64) {
	for _, m := range marks {
		long := 7 * float64(len([]rune(m.Text)))
		at := float64(m.At)/100*width - map[string]float64{"middle": 0.5, "end": 1, "start": 0}[m.Anchor]*long
		all = append(all, [2]float64{at, at + long})
	}
	return all
}

func TestNoNamesOfColumnsOverlapAtAnyWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := figures(t)
		c := plot.ColumnsOf(f)
		var onPhones []plot.Mark
		for _, m := range c.Names {
			if m.Narrow {
				onPhones = append(onPhones, m)
			}
		}
		last := f.Categories[len(f.Categories)-1]
		require.NotEmpty(t, onPhones)
		require.Equal(t, last.Name, onPhones[len(onPhones)-1].Text, "the latest is named")
		require.Equal(t, fmt.Sprint(last.Year), c.Years[len(c.Years)-1].Text, "and its year")
		for width, rows := range map[float64][][]plot.Mark{230: {onPhones, c.Years}, 600: {c.Names, c.Years}, 1000: {c.Names, c.Years}} {
			for _, marks := range rows {
				end := -hair
				for _, s := range spans(marks, width) {
					require.GreaterOrEqual(t, s[0], end, "%v at %v", marks, width)
					require.LessOrEqual(t, s[1], width+hair)
					end = s[1]
				}
			}
		}
	})
}

func TestEveryColumnStandsOverItsName(t *testing.T) {
	for n := 2; n <= 60; n++ {
		f := plot.Figure{Series: 1}
		for i := range n {
			f.Categories = append(f.Categories, plot.Category{Name: fmt.Sprintf("s%d", i), Values: []float64{3}})
		}
		c := plot.ColumnsOf(f)
		require.Len(t, c.Parts, n)
		for _, name := range c.Names {
			var i int
			_, err := fmt.Sscanf(name.Text, "s%d", &i)
			require.NoError(t, err)
			if middle := c.Parts[i].X + c.Parts[i].Width/2; name.Anchor == "middle" {
				assert.InDelta(t, float64(middle), float64(name.At), hair, "%s of %d", name.Text, n)
			} else {
				assert.InDelta(t, float64(middle), float64(name.At), 7, "%s of %d stands at the edge", name.Text, n)
			}
		}
	}
}

func TestBarsAreAsLongAsTheirValuesAndStayWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := figures(t)
		bars := plot.BarsOf(f)
		require.Len(t, bars, len(f.Categories))
		for i, b := range bars {
			end := plot.Percent(0)
			for _, p := range b.Parts {
				require.InDelta(t, float64(end), float64(p.X), hair, "parts follow each other")
				require.Positive(t, f.Categories[i].Values[p.Series])
				end = p.X + p.Width
			}
			require.LessOrEqual(t, float64(max(end, b.Tick, b.Target)), 99+hair)
		}
	})
	two := plot.BarsOf(plot.Figure{Series: 1, Categories: []plot.Category{{Values: []float64{4}, Tick: 8, Target: 2}, {Values: []float64{2}}}})
	assert.InDelta(t, float64(two[0].Parts[0].Width), 2*float64(two[1].Parts[0].Width), hair)
	assert.InDelta(t, float64(two[0].Tick), 2*float64(two[0].Parts[0].Width), hair, "a tick is on the bar's scale")
	assert.InDelta(t, float64(two[0].Target), float64(two[1].Parts[0].Width), hair)
	assert.Zero(t, two[1].Tick)
}

func TestTheAxisCountsInWholeThings(t *testing.T) {
	for most, want := range map[float64][]string{
		1: {"0", "1"}, 3: {"0", "1", "2", "3"}, 7: {"0", "2", "4", "6", "8"}, 40: {"0", "10", "20", "30", "40"},
		1.2e9: {"0", "500\u00a0000\u00a0000", "1\u00a0000\u00a0000\u00a0000", "1\u00a0500\u00a0000\u00a0000"},
	} {
		f := plot.Figure{Series: 1, Categories: []plot.Category{{Values: []float64{most}}, {Values: []float64{0}}}}
		var said []string
		for _, line := range plot.ColumnsOf(f).Lines {
			said = append(said, line.Text)
		}
		assert.Equal(t, want, said, most)
	}
}

func TestAFigureWithoutDataSaysSo(t *testing.T) {
	of := func(values ...float64) plot.Figure {
		return plot.Figure{Series: 1, Categories: []plot.Category{{Values: values}}}
	}
	assert.True(t, plot.Figure{}.Empty())
	assert.True(t, of().Empty())
	assert.True(t, of(0).Empty())
	assert.True(t, of(plot.Missing).Empty())
	assert.False(t, of(0.5).Empty())
}

func TestNumbersAreWrittenAsFrenchDoes(t *testing.T) {
	for v, want := range map[float64]string{3: "3", 12480: "12\u00a0480", 0: "0", 2.5: "2,5", 0.04: "0", 99.5: "99,5", 100.4: "100"} {
		assert.Equal(t, want, plot.Say(v))
	}
}

// Wherever a name stands, it begins, ends or has its middle at its own column.
func TestANameStandsUnderItsOwnColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f plot.Figure
		f.Series = 1
		for i := range rapid.IntRange(1, 104).Draw(t, "columns") {
			f.Categories = append(f.Categories, plot.Category{Name: fmt.Sprintf("%d janvier", i), Values: []float64{1}})
		}
		each := plot.Percent(100) / plot.Percent(len(f.Categories))
		for _, mark := range plot.ColumnsOf(f).Names {
			var i int
			_, err := fmt.Sscanf(mark.Text, "%d janvier", &i)
			assert.NoError(t, err)
			left := plot.Percent(i) * each
			assert.InDelta(t, float64(left+each/2), float64(mark.At), float64(each/2)+0.001, "%s, anchored at its %s", mark.Text, mark.Anchor)
		}
	})
}

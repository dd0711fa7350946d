package plot_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"okey/internal/plot"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// seen is what a reader of a drawing finds in it.
type seen struct {
	texts  []string
	fills  map[string]int // pattern or colour -> shapes
	widest float64        // where the text that ends last ends
}

// look reads a drawing as XML does, and holds it to what every drawing must be: closed to scripts and to everything that is elsewhere.
func look(t *testing.T, d plot.Drawing) seen {
	t.Helper()
	found := seen{fills: map[string]int{}}
	decoder := xml.NewDecoder(strings.NewReader(string(d.SVG)))
	for inText, at, wide := false, 0.0, 0.0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, "%s", d.SVG)
		switch part := token.(type) {
		case xml.StartElement:
			assert.Contains(t, []string{"svg", "defs", "pattern", "rect", "circle", "path", "text"}, part.Name.Local)
			inText = part.Name.Local == "text"
			x := 0.0
			wide = 0
			for _, a := range part.Attr {
				assert.False(t, strings.HasPrefix(strings.ToLower(a.Name.Local), "on") || a.Name.Local == "href", "%s=%q", a.Name.Local,
					a.Value)
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					assert.NotRegexp(t, `(?i)https?:|javascript:|data:|@import|url\([^#]`, a.Value)
				}
				x = number(a, "x", x)
				wide = number(a, "textLength", wide)
				if fill := regexp.MustCompile(`fill:([^;]+)$`).FindStringSubmatch(a.Value); fill != nil {
					found.fills[fill[1]]++
				}
			}
			at = x + wide
		case xml.CharData:
			if inText {
				assert.Greater(t, wide, 3*float64(len([]rune(string(part)))), "%q has no room of its own", part)
				found.texts = append(found.texts, string(part))
				found.widest = max(found.widest, at)
				inText = false
			}
		}
	}
	return found
}

func number(a xml.Attr, name string, otherwise float64) float64 {
	if v, err := strconv.ParseFloat(a.Value, 64); err == nil && a.Name.Local == name {
		return v
	}
	return otherwise
}

func draw(t *testing.T, f plot.Figure) map[plot.Size]seen {
	t.Helper()
	all := map[plot.Size]seen{}
	for _, size := range []plot.Size{plot.Wide, plot.Narrow} {
		d, err := plot.Draw(f, size)
		require.NoError(t, err)
		assert.Equal(t, int(size), d.Width)
		assert.Contains(t, string(d.SVG), fmt.Sprintf(`viewBox="0 0 %d %d"`, d.Width, d.Height), "it grows and shrinks with its page")
		all[size] = look(t, d)
		assert.LessOrEqual(t, all[size].widest, float64(d.Width)+1, "a text leaves the drawing")
	}
	return all
}

func TestBarsSayTheirNumberAsFrenchDoes(t *testing.T) {
	f := plot.Figure{
		Shape: plot.Bars, Categories: []string{"Libres", "Prêtées", "Inconnues"},
		Series: []plot.Series{{Name: "Ici", Values: []float64{3, 12480, plot.Missing}}, {Name: "Ailleurs", Values: []float64{0, 2.5}}},
	}
	for _, s := range draw(t, f) {
		assert.ElementsMatch(t, []string{"Ici", "Ailleurs", "Libres", "Prêtées", "Inconnues", "3", "12\u00a0480", "0", "2,5"}, s.texts)
	}
}

func TestSeriesDifferWithoutTheirColours(t *testing.T) {
	f := plot.Figure{Shape: plot.Columns, Categories: []string{"a", "b"}}
	for i := range plot.MostSeries {
		f.Series = append(f.Series, plot.Series{Name: fmt.Sprint("Série ", i), Values: []float64{1, 2}})
	}
	for _, s := range draw(t, f) {
		patterns := 0
		for fill, shapes := range s.fills {
			if strings.HasPrefix(fill, "url(#") {
				patterns++
				assert.Equal(t, 3, shapes, "%s: two columns and a line of the legend", fill)
			}
		}
		assert.Equal(t, plot.MostSeries-1, patterns, "and one is plain")
	}
}

func TestHostileNamesStayText(t *testing.T) {
	hostile := []string{
		`<script>alert(1)</script>`, `"><image href="https://ailleurs/x.png"/>`, `&lt;b&gt; & "deux"`, "a\x00b\x1b[31m\ufffe\nc",
		"\xff\xfe",
		`;fill:rgb(176,86,0)"/>`, `</text></svg>`, strings.Repeat("très ", 5000),
	}
	for _, shape := range []plot.Shape{plot.Columns, plot.Bars, plot.Stack} {
		f := plot.Figure{Shape: shape, Categories: hostile}
		for _, name := range hostile[:plot.MostSeries] {
			f.Series = append(f.Series, plot.Series{Name: name, Values: []float64{1, 2, 3, 4, 5, 6, 7, 8}})
		}
		all := draw(t, f)
		assert.Contains(t, all[plot.Wide].texts, hostile[0])
		assert.Contains(t, all[plot.Wide].texts, hostile[2])
		assert.Contains(t, all[plot.Wide].texts, "a b [31m c", "on one line")
		assert.Contains(t, all[plot.Wide].texts, hostile[5])
	}
}

func TestLongNamesAreCutToTheRoomThereIs(t *testing.T) {
	f := plot.Figure{
		Shape: plot.Bars, Categories: []string{"Collège Jean-Baptiste Poquelin de la Très Longue Rue du Faubourg"},
		Series: []plot.Series{{Values: []float64{4}}},
	}
	all := draw(t, f)
	assert.Regexp(t, `^Collège Jean-Baptiste .*…$`, all[plot.Wide].texts[0])
	assert.Regexp(t, `^Collège .*…$`, all[plot.Narrow].texts[0])
	assert.Less(t, len(all[plot.Narrow].texts[0]), len(all[plot.Wide].texts[0]))
}

func TestNamesThatDifferAtTheirEndsAreToldApartOnAPhone(t *testing.T) {
	f := plot.Figure{
		Shape: plot.Bars,
		Categories: []string{
			"Lycée privé Saint-Joseph", "Lycée privé Saint-Jean", "Lycée des Acacias (0069002C)",
			"Lycée des Acacias (0069003D)", "Collège Neuf",
		},
		Series: []plot.Series{{Values: []float64{4, 3, 2, 1, 1}}},
	}
	names := draw(t, f)[plot.Narrow].texts[:5]
	for _, end := range []string{"Joseph", "Jean", "(0069002C)", "(0069003D)"} {
		assert.True(t, slices.ContainsFunc(names, func(name string) bool {
			return strings.HasPrefix(name, "Lycée") &&
				strings.HasSuffix(name, end)
		}), "%s in %q", end, names)
	}
}

func TestAPhoneShowsFewerNamesOfColumnsAndTheLatestAlways(t *testing.T) {
	f := plot.Figure{Shape: plot.Columns, Series: []plot.Series{{Name: "Demandes"}}}
	for i := range 26 {
		f.Categories = append(f.Categories, fmt.Sprintf("%d sept.", i+1))
		f.Series[0].Values = append(f.Series[0].Values, float64(i))
	}
	all := draw(t, f)
	assert.Contains(t, all[plot.Wide].texts, "26 sept.")
	assert.Contains(t, all[plot.Narrow].texts, "26 sept.")
	assert.Less(t, len(all[plot.Narrow].texts), len(all[plot.Wide].texts))
}

// middles are where the columns of a figure stand and where their names do, from the left: of one series, whose categories are numbers that
// no other text of the drawing holds.
func middles(t *testing.T, d plot.Drawing) (columns []float64, names map[string]float64) {
	t.Helper()
	names = map[string]float64{}
	column := regexp.MustCompile(`<path +d="M ([\d.]+) [\d.]+\s+L ([\d.]+) [^"]*" style="[^"]*fill:rgb\(28,79,138\)"/>`)
	for _, m := range column.FindAllStringSubmatch(string(d.SVG), -1) {
		left, _ := strconv.ParseFloat(m[1], 64)
		right, _ := strconv.ParseFloat(m[2], 64)
		columns = append(columns, (left+right)/2)
	}
	name := regexp.MustCompile(`<text x="([\d.]+)"[^>]* textLength="(\d+)"[^>]*>(s\d+)</text>`)
	for _, m := range name.FindAllStringSubmatch(string(d.SVG), -1) {
		at, _ := strconv.ParseFloat(m[1], 64)
		wide, _ := strconv.ParseFloat(m[2], 64)
		names[m[3]] = at + wide/2
	}
	return columns, names
}

func TestEveryColumnStandsOverItsName(t *testing.T) {
	for n := 2; n <= 60; n++ {
		f := plot.Figure{Shape: plot.Columns, Series: []plot.Series{{}}}
		for i := range n {
			f.Categories = append(f.Categories, fmt.Sprintf("s%d", i))
			f.Series[0].Values = append(f.Series[0].Values, 3)
		}
		for _, size := range []plot.Size{plot.Wide, plot.Narrow} {
			d, err := plot.Draw(f, size)
			require.NoError(t, err)
			columns, names := middles(t, d)
			require.Len(t, columns, n)
			assert.Contains(t, names, f.Categories[n-1], "the latest")
			for i, name := range f.Categories {
				if at, named := names[name]; named {
					assert.InDelta(t, columns[i], at, 2.5, "%s of %d, in %d pixels", name, n, size)
				}
			}
		}
	}
}

func TestTheAxisCountsInWholeThings(t *testing.T) {
	for most, want := range map[float64][]string{
		1: {"0", "1"}, 3: {"0", "1", "2", "3"}, 7: {"0", "2", "4", "6", "8"}, 40: {"0", "10", "20", "30", "40"},
		1.2e9: {"0", "500\u00a0000\u00a0000", "1\u00a0000\u00a0000\u00a0000", "1\u00a0500\u00a0000\u00a0000"},
	} {
		f := plot.Figure{Shape: plot.Columns, Categories: []string{"a", "b"}, Series: []plot.Series{{Values: []float64{most, 0}}}}
		assert.ElementsMatch(t, append(want, "a", "b"), draw(t, f)[plot.Wide].texts, most)
	}
}

func TestOneCategoryAndOddValuesAreDrawn(t *testing.T) {
	for _, shape := range []plot.Shape{plot.Columns, plot.Bars, plot.Stack} {
		for _, v := range []float64{1, 0.04, 1e15, math.MaxFloat64} {
			all := draw(t, plot.Figure{Shape: shape, Categories: []string{"23 nov."}, Series: []plot.Series{{Values: []float64{v}}}})
			assert.Contains(t, all[plot.Narrow].texts, "23 nov.")
		}
		odd := draw(t, plot.Figure{
			Shape: shape, Categories: []string{"a", "b", "c"},
			Series: []plot.Series{{Values: []float64{math.Inf(1), -3, math.NaN()}}, {Values: []float64{1}}},
		})
		assert.ElementsMatch(t, []string{"a", "b", "c", "0", "1"}, odd[plot.Wide].texts)
	}
}

func TestAFigureWithoutDataSaysSo(t *testing.T) {
	assert.True(t, plot.Figure{}.Empty())
	assert.True(t, plot.Figure{Categories: []string{"a"}, Series: []plot.Series{{Values: []float64{0}}}}.Empty())
	assert.True(t, plot.Figure{Categories: []string{"a"}, Series: []plot.Series{{Values: []float64{plot.Missing}}}}.Empty())
	assert.False(t, plot.Figure{Categories: []string{"a"}, Series: []plot.Series{{Values: []float64{0.5}}}}.Empty())
}

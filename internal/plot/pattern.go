package plot

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/go-analyze/charts"
)

// motif is how the bars of a series are filled: a colour that stands out from white (3 to 1 at least), and white on it, so that two series
// differ without their colours.
type motif struct {
	colour charts.Color
	drawn  string // over the colour, in a square of 8 pixels
}

var motifs = []motif{
	{charts.Color{R: 0x1c, G: 0x4f, B: 0x8a, A: 255}, ``},
	{charts.Color{R: 0xb0, G: 0x56, B: 0x00, A: 255}, `<path d="M-2 2l4 -4M0 8l8 -8M6 10l4 -4" stroke="white" stroke-width="2"/>`},
	{
		charts.Color{R: 0x00, G: 0x72, B: 0x5a, A: 255},
		`<circle cx="2" cy="2" r="1.5" fill="white"/><circle cx="6" cy="6" r="1.5" fill="white"/>`,
	},
	{charts.Color{R: 0x86, G: 0x3a, B: 0x7d, A: 255}, `<path d="M0 4h8" stroke="white" stroke-width="2"/>`},
	{charts.Color{R: 0x4f, G: 0x58, B: 0x66, A: 255}, `<path d="M0 4h8M4 0v8" stroke="white" stroke-width="1.5"/>`},
	{charts.Color{R: 0x8a, G: 0x1c, B: 0x2b, A: 255}, `<path d="M4 0v8" stroke="white" stroke-width="2"/>`},
}

// MostSeries is how many series a figure can tell apart.
var MostSeries = len(motifs)

var (
	ink   = charts.Color{R: 0x1d, G: 0x24, B: 0x30, A: 255}
	line  = charts.Color{R: 0xd5, G: 0xda, B: 0xe1, A: 255}
	theme = charts.MakeTheme(charts.ThemeOption{
		AxisStrokeColor: charts.Color{R: 0x76, G: 0x80, B: 0x8f, A: 255}, AxisSplitLineColor: line, BackgroundColor: charts.ColorWhite,
		TextColor: ink, SeriesColors: colours(),
	})
	style = charts.FontStyle{FontSize: letter, FontColor: ink, Font: charts.GetFont(charts.FontFamilyNotoSans)}
)

func colours() []charts.Color {
	all := make([]charts.Color, len(motifs))
	for i, m := range motifs {
		all[i] = m.colour
	}
	return all
}

var texts = regexp.MustCompile(`<text ([^>]*)>([^<]*)</text>`)

// fitted sets each text into the room that was measured for it: letters are the reader's own, and may be broader than those that the
// library knows.
func (s sheet) fitted(drawn []byte) []byte {
	return texts.ReplaceAllFunc(drawn, func(found []byte) []byte {
		parts := texts.FindSubmatch(found)
		room := s.room(html.UnescapeString(string(parts[2])))
		return fmt.Appendf(nil, `<text %s textLength="%d" lengthAdjust="spacingAndGlyphs">%s</text>`, parts[1], room, parts[2])
	})
}

// patterned gives each series its pattern: the library fills with colours alone. What is replaced ends with the end of an element, which
// no text of a drawing can hold: there, ">" is always escaped.
func patterned(drawn []byte) []byte {
	var patterns strings.Builder
	patterns.WriteString("<defs>")
	for i, m := range motifs {
		if m.drawn == "" {
			continue
		}
		name := "motif" + string(rune('0'+i))
		patterns.WriteString(`<pattern id="` + name +
			`" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" fill="` +
			m.colour.String() + `"/>` + m.drawn + `</pattern>`)
		drawn = bytes.ReplaceAll(drawn, []byte(`;fill:`+m.colour.String()+`"/>`), []byte(`;fill:url(#`+name+`)"/>`))
	}
	patterns.WriteString("</defs>")
	head := bytes.IndexByte(drawn, '>') + 1 // of the svg element: its attributes hold numbers and names of ours alone
	return bytes.Join([][]byte{drawn[:head], []byte(patterns.String()), drawn[head:]}, nil)
}

// Package bench keeps what `make bench` measures: a figure's rounds beside those of its floor, taken in turn in one run, so that the
// machine's speed cancels out. It prints them as a table, and keeps them as JSON. It knows nothing of what is measured.
package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// Figure is one measured quantity. Floor has the same quantity of the least that could be done, a value for each round of Ours; it is
// empty where a figure is held against nothing but its goal.
type Figure struct {
	Name  string    `json:"name"`
	Unit  string    `json:"unit"`
	Ours  []float64 `json:"ours"`
	Floor []float64 `json:"floor,omitempty"`
	Goal  string    `json:"goal"` // of the ratio where there is a floor, else of the figure
}

// Ratio is the median of ours to floor, round by round; 0 without a floor.
func (f Figure) Ratio() float64 {
	var ratios []float64
	for i := range min(len(f.Ours), len(f.Floor)) {
		ratios = append(ratios, f.Ours[i]/f.Floor[i])
	}
	return Median(ratios)
}

// Growth is the last of ours to the first; 0 where there is nothing to grow from.
func (f Figure) Growth() float64 {
	if len(f.Ours) == 0 || f.Ours[0] == 0 {
		return 0
	}
	return f.Ours[len(f.Ours)-1] / f.Ours[0]
}

// Median is the middle value, the mean of both where there are two; 0 of nothing.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// Percentile is the value that a share of all do not exceed, by the nearest rank; 0 of nothing.
func Percentile(values []float64, share float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// Print writes the figures as a table: medians, from least to most in brackets, and the ratio.
func Print(to io.Writer, figures []Figure) {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "figure\tunit\tOKEY\tfloor\tratio\tgoal")
	for _, f := range figures {
		ratio := "-"
		if len(f.Floor) > 0 {
			ratio = fmt.Sprintf("%.3g", f.Ratio())
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, f.Unit, spread(f.Ours), spread(f.Floor), ratio, cmp.Or(f.Goal, "-"))
	}
	_ = table.Flush()
}

func spread(values []float64) string {
	switch len(values) {
	case 0:
		return "-"
	case 1:
		return fmt.Sprintf("%.4g", values[0])
	default:
		return fmt.Sprintf("%.4g (%.4g to %.4g)", Median(values), slices.Min(values), slices.Max(values))
	}
}

// PrintCurve writes figures whose values are each of one point, and how much the last point's is of the first's.
func PrintCurve(to io.Writer, along string, points []string, figures []Figure) {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s\tunit\t%s\tgrowth\tgoal\n", along, strings.Join(points, "\t"))
	for _, f := range figures {
		fmt.Fprintf(table, "%s\t%s\t", f.Name, f.Unit)
		for i := range points {
			if i < len(f.Ours) {
				fmt.Fprintf(table, "%.4g", f.Ours[i])
			}
			fmt.Fprint(table, "\t")
		}
		fmt.Fprintf(table, "%.3g\t%s\n", f.Growth(), cmp.Or(f.Goal, "-"))
	}
	_ = table.Flush()
}

// Keep writes the figures into folder/name.json.
func Keep(folder, name string, figures []Figure) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".json"), append(text, '\n'), 0o644)
}

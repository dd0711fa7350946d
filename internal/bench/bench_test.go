package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARatioIsTheMedianOfTheRounds(t *testing.T) {
	f := Figure{Ours: []float64{10, 30, 8}, Floor: []float64{20, 20, 10}}
	assert.InDelta(t, 0.8, f.Ratio(), 1e-9, "not the ratio of medians: each round has its own noise")
	assert.Zero(t, Figure{Ours: []float64{1}}.Ratio())
	assert.InDelta(t, 2.5, Median([]float64{4, 1, 2, 3}), 1e-9)
	assert.InDelta(t, 95, Percentile([]float64{95, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 90}, 0.95), 1e-9)
}

func TestFiguresArePrintedAndKept(t *testing.T) {
	figures := []Figure{
		{Name: "whole requests, 1 at once", Unit: "1/s", Ours: []float64{4, 5, 6}, Floor: []float64{8, 10, 12}, Goal: "1.0"},
		{Name: "search", Unit: "ms", Ours: []float64{12}, Goal: "100"},
	}
	var table strings.Builder
	Print(&table, figures)
	assert.Contains(t, table.String(), "5 (4 to 6)")
	assert.Contains(t, table.String(), "0.5")
	folder := filepath.Join(t.TempDir(), "bench")
	require.NoError(t, Keep(folder, "requests", figures))
	text, err := os.ReadFile(filepath.Join(folder, "requests.json"))
	require.NoError(t, err)
	assert.Contains(t, string(text), `"floor"`)
}

func TestACurveHasAColumnForEachPoint(t *testing.T) {
	var table strings.Builder
	PrintCurve(&table, "requests that wait", []string{"20", "2000"}, []Figure{{Name: "a step", Unit: "ms", Ours: []float64{40, 50}}})
	lines := strings.Split(table.String(), "\n")
	assert.Equal(t, []string{"requests", "that", "wait", "unit", "20", "2000", "growth", "goal"}, strings.Fields(lines[0]))
	assert.Equal(t, []string{"a", "step", "ms", "40", "50", "1.25", "-"}, strings.Fields(lines[1]))
	assert.Zero(t, Figure{Ours: []float64{0, 5}}.Growth())
}

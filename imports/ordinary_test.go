package imports

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkOrdinaryDelivery is what a large delivery costs that is in order.
func BenchmarkOrdinaryDelivery(b *testing.B) {
	rows := [][]any{{"numero_de_serie", "lot", "date_d_expiration", "uai"}}
	for i := range 50_000 {
		rows = append(rows, []any{fmt.Sprintf("K%07d", i), "L1", time.Date(2028, 12, 31, 0, 0, 0, 0, time.UTC), college})
	}
	src := workbook(b, rows...)
	for b.Loop() {
		d, r, err := ReadDelivery(b.Context(), src, Options{At: at})
		require.NoError(b, err)
		require.True(b, r.OK())
		require.Len(b, d.Rows, 50_000)
	}
}

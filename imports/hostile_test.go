package imports

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// What a hostile delivery may cost, beside the file itself, which whoever reads it holds.
const (
	dearestTime   = time.Second
	dearestMemory = 64 << 20
)

// expense is what reading a delivery took, and the most memory that it had at any moment.
type expense struct {
	Time   time.Duration
	Memory int64
}

// inUse is the memory that the process has from the system.
func inUse() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}

// deliver reads a delivery and measures it; a slow reading is measured again, for others work on this machine too.
func deliver(t testing.TB, content []byte, opts Options) (r *Result, least expense, err error) {
	t.Helper()
	opts.At = at
	for try := range 5 {
		debug.FreeOSMemory()
		before := inUse()
		watch := watchMemory()
		start := time.Now()
		_, r, err = ReadDelivery(t.Context(), Source{Name: "lot", Content: bytes.NewReader(content), Size: int64(len(content))}, opts)
		spent := expense{time.Since(start), watch() - before}
		if try == 0 || spent.Time < least.Time {
			least = spent
		}
		if least.Time < dearestTime {
			break
		}
	}
	return r, least, err
}

// watchMemory looks at the memory in use a thousand times a second, and returns the function that ends it and tells the most.
func watchMemory() func() int64 {
	end, most := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		peak := inUse()
		for {
			select {
			case <-tick.C:
				peak = max(peak, inUse())
			case <-end:
				most <- max(peak, inUse())
				return
			}
		}
	}()
	return func() int64 {
		close(end)
		return <-most
	}
}

// hostile is a file and a piece of the sentence that refuses it.
type hostile struct {
	content func(t testing.TB) []byte
	want    string
}

func TestHostileFilesAreRefusedInASecondAnd64MB(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for kind, files := range map[string]map[string]hostile{
		"workbook": hostileWorkbooks, "csv": hostileCSV, "pskc": hostilePSKC, "wrong type": wrongTypes,
	} {
		for name, file := range files {
			t.Run(kind+"/"+name, func(t *testing.T) {
				content := file.content(t)
				var opts Options
				if kind == "pskc" {
					opts = Options{UAI: college, Batch: "L1"}
				}
				r, spent, err := deliver(t, content, opts)
				t.Logf("%d kB: %v, %d kB", len(content)>>10, spent.Time.Round(time.Millisecond), spent.Memory>>10)
				said := whatWasSaid(r, err)
				assert.False(t, err == nil && r.OK(), "it was taken")
				assert.NotEqual(t, okey.CodeInternal, okey.ErrorCode(err), err)
				assert.Contains(t, said, file.want)
				assert.Less(t, spent.Time, dearestTime)
				assert.Less(t, spent.Memory, int64(dearestMemory))
			})
		}
	}
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	for _, file := range left {
		assert.Fail(t, "left behind", file.Name())
	}
}

func whatWasSaid(r *Result, err error) string {
	if err != nil {
		return okey.ErrorMessage(err)
	}
	var said []string
	for _, e := range r.Errors[:min(len(r.Errors), 10)] {
		said = append(said, fmt.Sprintf("ligne %d : %s", e.Line, e.Message))
	}
	return strings.Join(said, "\n")
}

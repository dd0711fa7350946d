package imports

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// What a hostile delivery may cost at most, whatever machine reads it and whoever else works there.
const (
	dearestWork   = 3         // times the parsing of an honest sheet: see honestWork
	dearestRead   = 3         // times the file
	dearestWaste  = 512 << 20 // bytes allocated, given back or not
	dearestMemory = 64 << 20  // bytes in use at any moment, beside the file itself, which whoever reads it holds
)

// expense is what reading a delivery took.
type expense struct {
	Work          time.Duration // of the processor for us: the clock on the wall counts what others do, too
	Read          int64
	Waste, Memory int64
}

func worked(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// honestWork is what it takes to parse, and no more, the rows of a sheet as long as a delivery may be.
func honestWork(t testing.TB) time.Duration {
	t.Helper()
	row := strings.ReplaceAll(fullRow, "#", "12345")
	parser := xml.NewDecoder(strings.NewReader(strings.Repeat(row, MaxDelivery/len(row))))
	before := worked(t)
	for {
		if _, err := parser.RawToken(); err != nil {
			require.ErrorIs(t, err, io.EOF)
			return worked(t) - before
		}
	}
}

func gauge(names ...string) []int64 {
	samples := make([]metrics.Sample, len(names))
	for i, name := range names {
		samples[i].Name = name
	}
	metrics.Read(samples)
	values := make([]int64, len(names))
	for i, s := range samples {
		values[i] = int64(s.Value.Uint64())
	}
	return values
}

func allocated() int64 { return gauge("/gc/heap/allocs:bytes")[0] }

// inUse is the memory that the process has from the system.
func inUse() int64 {
	v := gauge("/memory/classes/total:bytes", "/memory/classes/heap/released:bytes")
	return v[0] - v[1]
}

// counted counts the bytes that are read of a file.
type counted struct {
	io.ReaderAt
	read *atomic.Int64
}

func (c counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, at)
	c.read.Add(int64(n))
	return n, err
}

// deliver reads a delivery and measures it.
func deliver(t testing.TB, content []byte, opts Options) (*Result, expense, error) {
	t.Helper()
	opts.At = at
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // what is needed is measured: garbage waits longer for its collector where others work
	debug.FreeOSMemory()
	var read atomic.Int64
	src := Source{Name: "lot", Content: counted{bytes.NewReader(content), &read}, Size: int64(len(content))}
	memory, waste, work := inUse(), allocated(), worked(t)
	most := watchMemory()
	_, r, err := ReadDelivery(t.Context(), src, opts)
	return r, expense{Work: worked(t) - work, Read: read.Load(), Waste: allocated() - waste, Memory: most() - memory}, err
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

func TestHostileFilesAreRefusedForLittleWorkAnd64MB(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	honest := max(honestWork(t), honestWork(t))
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
				work := float64(spent.Work) / float64(honest)
				t.Logf("%d kB: %.2f honest sheets (%v), %d kB read, %d MB allocated, %d kB in use", len(content)>>10, work,
					honest.Round(time.Millisecond), spent.Read>>10, spent.Waste>>20, spent.Memory>>10)
				said := whatWasSaid(r, err)
				assert.False(t, err == nil && r.OK(), "it was taken")
				assert.NotEqual(t, okey.CodeInternal, okey.ErrorCode(err), err)
				assert.Contains(t, said, file.want)
				assert.Less(t, work, float64(dearestWork))
				assert.LessOrEqual(t, spent.Read, int64(dearestRead*len(content)))
				assert.Less(t, spent.Waste, int64(dearestWaste))
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

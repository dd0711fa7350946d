package main

import (
	"bytes"
	"context"
	stdsql "database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"okey/internal/bench"
	"okey/internal/pgtest"
	"okey/okey"
)

// `make bench`: see docs/performance.md.
var rounds = flag.Int("rounds", 0, "how often each figure and its floor are measured, in turn; 0: once and briefly, to see that it can be")

// TestFiguresOfRequests measures whole requests, from the API to the last mail, against a bare workflow of the same shape on the same
// engine, in turn. It holds no time: without -rounds it sees only that both ways lead to their end.
func TestFiguresOfRequests(t *testing.T) {
	atOnce, each := []int{1, 12, 16}, 6
	if *rounds == 0 {
		atOnce, each = []int{2}, 2
	}
	journeys := each
	for _, n := range atOnce {
		journeys += max(1, *rounds) * each * n
	}
	m := newMeasured(t, journeys)
	f := newFloor(t, m.stack)
	measure(t, each, 1, m.whole) // what comes first is slower, for either
	measure(t, each, 1, f.whole)
	var figures []bench.Figure
	for _, n := range atOnce {
		rate := bench.Figure{Name: fmt.Sprintf("whole requests, %d at once", n), Unit: "1/s", Goal: "1.0"}
		step := bench.Figure{Name: fmt.Sprintf("a step, from click to outcome, %d at once", n), Unit: "ms"}
		work := bench.Figure{Name: fmt.Sprintf("processors, a whole request, %d at once", n), Unit: "ms"}
		if n == 1 {
			step.Goal = "1.2"
		}
		for range max(1, *rounds) {
			floor, ours := measure(t, each*n, n, f.whole), measure(t, each*n, n, m.whole)
			rate.Ours, rate.Floor = append(rate.Ours, ours.rate), append(rate.Floor, floor.rate)
			step.Ours, step.Floor = append(step.Ours, ours.step), append(step.Floor, floor.step)
			work.Ours, work.Floor = append(work.Ours, ours.work), append(work.Floor, floor.work)
		}
		figures = append(figures, rate, step, work)
	}
	bench.Print(os.Stdout, figures)
	if *rounds > 0 {
		require.NoError(t, bench.Keep(filepath.Join("..", "bin", "bench"), "requests", figures))
	}
}

// round is what one measuring gave.
type round struct {
	rate float64 // journeys a second
	step float64 // the median, in milliseconds
	work float64 // of all processors, for a journey, in milliseconds
}

// processorTime is what this process and all that it has started have used so far; 0 where the system does not tell.
func processorTime() (used time.Duration) {
	const tick = time.Second / 100 // of Linux, USER_HZ
	parents, times := map[int]int{}, map[int]time.Duration{}
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		var id int
		_, _ = fmt.Sscan(filepath.Base(filepath.Dir(path)), &id)
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // the name before may have spaces
		parents[id], _ = strconv.Atoi(fields[1])
		for _, field := range fields[11:15] { // in user and in system mode, and of children that have ended
			ticks, _ := strconv.Atoi(field)
			times[id] += time.Duration(ticks) * tick
		}
	}
	for id := range times {
		for at := id; at != 0; at = parents[at] {
			if at == os.Getpid() {
				used += times[id]
				break
			}
		}
	}
	return used
}

// measure goes the whole way so often, by so many at once.
func measure(t *testing.T, journeys, atOnce int, whole func(context.Context) (steps []float64, err error)) round {
	t.Helper()
	ahead := make(chan struct{}, journeys)
	for range journeys {
		ahead <- struct{}{}
	}
	close(ahead)
	var group sync.WaitGroup
	var mu sync.Mutex
	var steps []float64
	began, used := time.Now(), processorTime()
	for range atOnce {
		group.Go(func() {
			for range ahead {
				took, err := whole(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				steps = append(steps, took...)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	require.False(t, t.Failed())
	return round{
		rate: float64(journeys) / time.Since(began).Seconds(), step: bench.Median(steps),
		work: milliseconds(processorTime()-used) / float64(journeys),
	}
}

// measured is the whole of OKEY in one process, as `make run` starts it, and people in schools of their own.
type measured struct {
	*trial
	engine client.Client
	mu     sync.Mutex
}

func newMeasured(t *testing.T, journeys int) *measured {
	t.Helper()
	if *rounds > 0 {
		pgtest.Alone(t)
	}
	s := newStack(t)
	m := &measured{trial: &trial{stack: s, ctx: t.Context(), base: s.env["OKEY_URL"], seen: &seen{statuses: map[int]int{}}}}
	var err error
	m.admin, err = stdsql.Open("postgres", readEnvironment(t, filepath.Join(s.dir, "okey-admin.env"))["OKEY_ADMIN_DATABASE_URL"])
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.admin.Close() })
	m.prepare(journeys)
	m.engine = s.engineClient()
	return m
}

// whole is one person's way, until the last mail has left and the workflow has ended.
func (m *measured) whole(ctx context.Context) (steps []float64, err error) {
	m.mu.Lock()
	j := m.pool[0]
	m.pool = m.pool[1:]
	m.mu.Unlock()
	if err := j.walk(ctx); err != nil {
		return nil, err
	}
	for _, a := range j.actions {
		steps = append(steps, milliseconds(a.took))
	}
	return steps, m.engine.GetWorkflow(ctx, workflowOf(j.request), "").Get(ctx, nil)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// floor is the least that a durable workflow of a request's shape costs: start, three signals, four activities that the sender awaits and
// four beside them, three timers, four updates of attributes; activities that do nothing, ordinary ones, on a worker with OKEY's settings.
type floor struct {
	engine client.Client
	judged sync.Map // by workflow and step: a channel that is closed then
}

const floorQueue = "floor"

func newFloor(t *testing.T, s *stack) *floor {
	t.Helper()
	options := client.Options{HostPort: s.env["TEMPORAL_ADDRESS"], Namespace: s.env["TEMPORAL_NAMESPACE"], Logger: quiet}
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{} // as OKEY's own
	engine, err := client.Dial(options)
	require.NoError(t, err)
	t.Cleanup(engine.Close)
	f := &floor{engine: engine}
	w := worker.New(f.engine, floorQueue, worker.Options{StickyScheduleToStartTimeout: time.Second})
	w.RegisterWorkflowWithOptions(floorWorkflow, workflow.RegisterOptions{Name: "Floor"})
	w.RegisterActivityWithOptions(f.judge, activity.RegisterOptions{Name: "floor-judge"})
	w.RegisterActivityWithOptions(func(context.Context, floorMatter) error { return nil }, activity.RegisterOptions{Name: "floor-mail"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return f
}

type floorMatter struct {
	ID   string
	Step int
}

func (f *floor) outcome(m floorMatter) chan struct{} {
	c, _ := f.judged.LoadOrStore(m, make(chan struct{}))
	return c.(chan struct{})
}

func (f *floor) judge(_ context.Context, m floorMatter) error {
	close(f.outcome(m))
	return nil
}

// whole is one way of the bare workflow.
func (f *floor) whole(ctx context.Context) (steps []float64, err error) {
	id := "floor-" + uuid.NewString()
	for step := range 4 {
		began := time.Now()
		if step == 0 {
			options := client.StartWorkflowOptions{ID: id, TaskQueue: floorQueue}
			_, err = f.engine.ExecuteWorkflow(ctx, options, "Floor", id)
		} else {
			err = f.engine.SignalWorkflow(ctx, id, "", "go", floorMatter{id, step})
		}
		if err != nil {
			return nil, err
		}
		select {
		case <-f.outcome(floorMatter{id, step}):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		steps = append(steps, milliseconds(time.Since(began)))
	}
	return steps, f.engine.GetWorkflow(ctx, id, "").Get(ctx, nil)
}

var floorStage = temporal.NewSearchAttributeKeyKeyword(okey.AttributeStage)

func floorWorkflow(ctx workflow.Context, id string) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	mails := workflow.NewWaitGroup(ctx)
	for step := range 4 {
		if step > 0 {
			timer, cancel := workflow.WithCancel(ctx)
			selector := workflow.NewSelector(ctx)
			selector.AddFuture(workflow.NewTimer(timer, 24*time.Hour), func(workflow.Future) {})
			selector.AddReceive(workflow.GetSignalChannel(ctx, "go"), func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
			selector.Select(ctx)
			cancel()
		}
		m := floorMatter{id, step}
		if err := workflow.ExecuteActivity(ctx, "floor-judge", m).Get(ctx, nil); err != nil {
			return err
		}
		if err := workflow.UpsertTypedSearchAttributes(ctx, floorStage.ValueSet(fmt.Sprintf("floor-%d", step))); err != nil {
			return err
		}
		mails.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer mails.Done()
			_ = workflow.ExecuteActivity(ctx, "floor-mail", m).Get(ctx, nil)
		})
	}
	mails.Wait(ctx)
	return nil
}

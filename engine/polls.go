package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
)

// Polls watches whether a worker asks the engine for work, of each kind, is answered, and is of the version that work goes to.
type Polls struct {
	mu   sync.Mutex
	now  func() time.Time
	of   map[string]*polls // by the method that asks
	idle error             // why it is given none, though it asks
}

type polls struct {
	kind     string
	underWay int
	asked    time.Time // when the last one began
	ended    time.Time // and when one has ended last
	failing  time.Time // since when none has been answered; zero: the last one was
}

const (
	// An engine that restarts is away for less.
	failsFor = 10 * time.Second
	// A question waits for up to a minute with the engine; between two of them passes next to nothing.
	silentFor = time.Minute
	// One that waits for so long has been taken: a connection that leads nowhere fails after 20 seconds.
	takenAfter = 30 * time.Second
)

// NewPolls has seen none yet.
func NewPolls() *Polls {
	return &Polls{now: time.Now, of: map[string]*polls{
		workflowservice.WorkflowService_PollWorkflowTaskQueue_FullMethodName: {kind: "workflow"},
		workflowservice.WorkflowService_PollActivityTaskQueue_FullMethodName: {kind: "activity"},
	}}
}

// Watch is for Dial.
func (p *Polls) Watch(options *client.Options) {
	options.ConnectionOptions.DialOptions = append(options.ConnectionOptions.DialOptions, grpc.WithChainUnaryInterceptor(p.intercept))
}

func (p *Polls) intercept(
	ctx context.Context, method string, asked, answer any, c *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	of := p.of[method]
	if of == nil {
		return invoke(ctx, method, asked, answer, c, options...)
	}
	p.mu.Lock()
	of.underWay++
	of.asked = p.now()
	p.mu.Unlock()
	err := invoke(ctx, method, asked, answer, c, options...)
	p.mu.Lock()
	defer p.mu.Unlock()
	of.underWay--
	of.ended = p.now()
	switch {
	case err == nil:
		of.failing = time.Time{}
	case of.failing.IsZero() && ctx.Err() == nil:
		of.failing = of.ended
	}
	return err
}

// askEvery is how often a worker asks whether its version is given work.
const askEvery = 10 * time.Second

// Follow asks again and again, until ctx ends, whether the engine gives work to workers of a build (both empty: to those that tell none).
// One that is given none asks, is answered, and does nothing.
func (p *Polls) Follow(ctx context.Context, c client.Client, deployment, build string) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		given, err := givenTo(ctx, c, deployment, build)
		if err != nil { // away: Check says so, and what was known holds
			slog.DebugContext(ctx, "whether this worker is given work is not known", "error", err)
		} else {
			p.given(given, deployment, build)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *Polls) given(work bool, deployment, build string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.idle
	switch {
	case work:
		p.idle = nil
	case build == "":
		p.idle = errors.New("no work: another version was promoted, and this worker tells none (okey promote --unversioned)")
	default:
		p.idle = fmt.Errorf("no work: not promoted, %s %s (okey promote)", deployment, build)
	}
	if p.idle != nil && was == nil {
		slog.Warn("this worker is given no work", "error", p.idle)
	}
}

// Check says of which kind of work no worker asks the engine, or has no answer: it is away, or the worker is not up yet, or stuck. It says,
// too, where another version has all work.
func (p *Polls) Check() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	wrong := []error{p.idle}
	for _, of := range p.of {
		switch now := p.now(); {
		case of.underWay > 0 && now.Sub(of.asked) >= takenAfter: // whatever was before
		case !of.failing.IsZero() && now.Sub(of.failing) >= failsFor:
			wrong = append(wrong, fmt.Errorf("no answer to polls for %s tasks since %s", of.kind, of.failing.UTC().Format(time.RFC3339)))
		case of.underWay == 0 && now.Sub(of.ended) >= silentFor:
			wrong = append(wrong, fmt.Errorf("no poll for %s tasks", of.kind))
		}
	}
	return errors.Join(wrong...)
}

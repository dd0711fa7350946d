package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces sends spans to a collector. Nil, as where no collector is set, makes none: nothing is wrapped then.
type Traces struct{ provider *sdktrace.TracerProvider }

const scope = "okey"

// Open makes the traces of a program; nil without an endpoint. The library reads the other OTEL_ variables by itself: name of the service,
// share of traces that is kept, headers and certificate for the collector. The collector may be away: what it misses is lost.
func Open(ctx context.Context, service, endpoint string) (*Traces, error) {
	if endpoint == "" {
		return nil, nil //nolint:nilnil // nil is what makes no spans
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("make an exporter of traces: %w", err)
	}
	of, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", service)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(tellLoss))
	return &Traces{sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(of))}, nil
}

// lossEvery is how often the log says that traces are lost: each batch would.
const lossEvery = 10 * time.Minute

var lossTold atomic.Int64

func tellLoss(err error) {
	if now := time.Now().Unix(); now-lossTold.Load() > int64(lossEvery/time.Second) {
		lossTold.Store(now)
		slog.Warn("traces are lost: their collector does not take them", "error", err)
	}
}

// Close sends what is left.
func (t *Traces) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // tellLoss has been told
}

// Start begins a span whatever it stands in, a trace of its own where it stands in none. t is not nil.
func (t *Traces) Start(ctx context.Context, name string, with ...trace.SpanStartOption) (context.Context, trace.Span) {
	return t.provider.Tracer(scope).Start(ctx, name, with...)
}

// Start begins a span within the one of the context, which is all that makes it: without, nothing is made.
func Start(ctx context.Context, name string, kind trace.SpanKind) (context.Context, trace.Span) {
	around := trace.SpanFromContext(ctx)
	if !around.IsRecording() {
		return ctx, nothing
	}
	return around.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithSpanKind(kind))
}

var nothing = trace.SpanFromContext(context.Background())

// Fail says of a span that it has failed, and by which code: what an error says in words may name somebody.
func Fail(span trace.Span, code string) { span.SetStatus(codes.Error, code) }

// parent is the header of W3C Trace Context that tells the span around. Of what others may write there besides, such as tracestate, nothing
// is taken over.
const parent = "traceparent"

// Parent reads where a span stands, as Traceparent writes it.
func Parent(traceparent string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{parent: traceparent})
	return trace.SpanContextFromContext(ctx)
}

// Traceparent is the value of that header.
func Traceparent(at trace.SpanContext) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), at), carrier)
	return carrier[parent]
}

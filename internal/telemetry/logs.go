// Package telemetry is what operators see of single requests: lines of the log, and traces. It carries ids, and knows nothing of whom or
// what they stand for.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// NewHandler writes the log as text, or as JSON where format says so. Each line that is logged with a context carries the ids that Mark and
// Note have put there, and those of its trace.
func NewHandler(w io.Writer, format string, level slog.Level) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		options.ReplaceAttr = seconds
		return marking{slog.NewJSONHandler(w, options)}
	}
	return marking{slog.NewTextHandler(w, options)}
}

// seconds has JSON tell durations in seconds: of itself it counts nanoseconds.
func seconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.Float64Value(a.Value.Duration().Seconds())
	}
	return a
}

// marks are the ids of what a program is at. They are kept rather than handed on: whoever logs that a request was answered knows then which
// action it has brought.
type marks struct {
	mu    sync.Mutex
	attrs []slog.Attr
}

type marksKey struct{}

// Mark begins something with an id of its own.
func Mark(ctx context.Context, name, id string) context.Context {
	return context.WithValue(ctx, marksKey{}, &marks{attrs: []slog.Attr{slog.String(name, id)}})
}

// Note adds an id to what was begun, and to its span.
func Note(ctx context.Context, name, id string) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.String("okey."+name, id))
	}
	m, begun := ctx.Value(marksKey{}).(*marks)
	if !begun {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.attrs {
		if m.attrs[i].Key == name {
			m.attrs[i] = slog.String(name, id)
			return
		}
	}
	m.attrs = append(m.attrs, slog.String(name, id))
}

// Marked is the id that was given under a name; empty where there is none.
func Marked(ctx context.Context, name string) string {
	if m, begun := ctx.Value(marksKey{}).(*marks); begun {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, a := range m.attrs {
			if a.Key == name {
				return a.Value.String()
			}
		}
	}
	return ""
}

// marking adds the ids to each line, but those that the line has of its own.
type marking struct{ slog.Handler }

// Handle is part of slog.Handler.
func (h marking) Handle(ctx context.Context, line slog.Record) error {
	if m, begun := ctx.Value(marksKey{}).(*marks); begun {
		line = line.Clone()
		m.mu.Lock()
		for _, a := range m.attrs {
			if !says(line, a.Key) {
				line.AddAttrs(a)
			}
		}
		m.mu.Unlock()
	}
	if in := trace.SpanContextFromContext(ctx); in.IsValid() {
		line = line.Clone()
		line.AddAttrs(slog.String("trace_id", in.TraceID().String()), slog.String("span_id", in.SpanID().String()))
	}
	return h.Handler.Handle(ctx, line)
}

func says(line slog.Record, name string) (found bool) {
	line.Attrs(func(a slog.Attr) bool {
		found = a.Key == name
		return !found
	})
	return found
}

// WithAttrs is part of slog.Handler.
func (h marking) WithAttrs(attrs []slog.Attr) slog.Handler {
	return marking{h.Handler.WithAttrs(attrs)}
}

// WithGroup is part of slog.Handler.
func (h marking) WithGroup(name string) slog.Handler { return marking{h.Handler.WithGroup(name)} }

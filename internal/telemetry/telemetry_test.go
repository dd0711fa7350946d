package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"okey/internal/telemetry"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
)

func TestLinesCarryTheIdsOfWhatTheyAreAbout(t *testing.T) {
	var text, objects bytes.Buffer
	log := slog.New(slog.NewMultiHandler(
		telemetry.NewHandler(&text, "text", slog.LevelInfo), telemetry.NewHandler(&objects, "json", slog.LevelInfo)))
	ctx := telemetry.Mark(context.Background(), "request_id", "r1")
	telemetry.Note(ctx, "action", "a1")
	telemetry.Note(ctx, "action", "a2")
	within := trace.ContextWithSpanContext(ctx, telemetry.Parent(traceparent))
	log.With("part", "x").InfoContext(within, "one")
	log.InfoContext(ctx, "two", "action", "a3")
	log.Info("three")
	log.DebugContext(ctx, "four")

	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	require.Len(t, lines, 3)
	assert.Contains(t, lines[0], "msg=one part=x request_id=r1 action=a2 trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7")
	assert.Contains(t, lines[1], "msg=two action=a3 request_id=r1")
	assert.Equal(t, 1, strings.Count(lines[1], "action="))
	assert.True(t, strings.HasSuffix(lines[2], "msg=three"), lines[2])
	var first map[string]string
	require.NoError(t, json.NewDecoder(&objects).Decode(&first))
	assert.Equal(t, "a2", first["action"])
	assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", first["trace_id"])
}

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestWhereASpanStandsIsWrittenAndRead(t *testing.T) {
	assert.Equal(t, traceparent, telemetry.Traceparent(telemetry.Parent(traceparent)))
	for _, wrong := range []string{"", "x", "00-zz-00f067aa0ba902b7-01", traceparent + "\r\nx: y"} {
		assert.False(t, telemetry.Parent(wrong).IsValid(), wrong)
	}
}

func TestWithoutACollectorNothingIsMade(t *testing.T) {
	none, err := telemetry.Open(t.Context(), "okey", "")
	require.NoError(t, err)
	assert.Nil(t, none)
	none.Close()
	ctx := context.Background()
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, span := telemetry.Start(ctx, "x", trace.SpanKindClient)
		span.End()
	}))
}

func TestSpansLeaveForTheCollectorUnderTheirOwnName(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "okey-nice")
	var sent atomic.Value
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err == nil && r.URL.Path == "/otlp/v1/traces" {
			sent.Store(string(content))
		}
	}))
	defer collector.Close()
	traces, err := telemetry.Open(t.Context(), "okey-server", collector.URL+"/otlp/")
	require.NoError(t, err)
	ctx, outer := traces.Start(t.Context(), "outer")
	_, inner := telemetry.Start(ctx, "inner", trace.SpanKindClient)
	telemetry.Note(ctx, "action", "a1")
	telemetry.Fail(inner, "23505")
	assert.Equal(t, outer.SpanContext().TraceID(), inner.SpanContext().TraceID())
	inner.End()
	outer.End()
	traces.Close()
	said, _ := sent.Load().(string)
	for _, word := range []string{"outer", "inner", "okey-nice", "23505", "okey.action", "a1"} {
		assert.Contains(t, said, word)
	}
	assert.NotContains(t, said, "okey-server", "the operator has named it")
}

package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	sdkworker "go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/proto"

	"okey/engine"
	"okey/internal/telemetry"
	"okey/okey"
	"okey/worker"
)

// collector takes traces as Jaeger or Tempo does.
type collector struct {
	url string

	mu    sync.Mutex
	whole bytes.Buffer // all that it was sent
	spans []*tracepb.Span
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		var sent collectorpb.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(content, &sent) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.whole.Write(content)
		for _, of := range sent.GetResourceSpans() {
			for _, in := range of.GetScopeSpans() {
				c.spans = append(c.spans, in.GetSpans()...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *collector) all() []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// way is a span of the trace whose name begins so, and the names of those that it stands in, from within.
func (c *collector) way(trace, name string) []string {
	byID, within := map[string]*tracepb.Span{}, ""
	for _, s := range c.all() {
		if hex.EncodeToString(s.GetTraceId()) == trace {
			byID[string(s.GetSpanId())] = s
			if strings.HasPrefix(s.GetName(), name) {
				within = string(s.GetSpanId())
			}
		}
	}
	var names []string
	for s := byID[within]; s != nil; s = byID[string(s.GetParentSpanId())] {
		names = append(names, s.GetName())
	}
	return names
}

// From the click, by way of a proxy that is trusted, to the mail: one trace. A whole journey leaves nothing in any that says who or what it
// was about.
func TestOneTraceFromClickToMailAndNothingPersonalInAny(t *testing.T) {
	c := newCollector(t)
	set(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.url)
	set(t, "OTEL_BSP_SCHEDULE_DELAY", "100")
	set(t, "OKEY_TRUSTED_PROXIES", "127.0.0.1")
	s := newStack(t, "--no-okey")
	s.runProgram("server")
	require.Eventually(t, func() bool { return answers(t.Context(), s.env["OKEY_URL"]+"/readyz") }, patience, 20*time.Millisecond)
	s.runProgram("worker")
	s.keys("00480001", "00480002")
	home := s.env["OKEY_URL"]

	refused := s.call("ali", "POST", "/requests", fields{"establishment": school, "need": "zinzolin pour ali"}).text("id")
	trace := "4bf92f3577b34da6a3ce929d0e0e4736"
	decided := s.call("roux", "POST", "/requests/"+refused+"/signals/principal-decision", fields{"decision": "refuse", "comment": "zinzolin, non"},
		"Idempotency-Key", newAction(), "Traceparent", "00-"+trace+"-00f067aa0ba902b7-01", "Tracestate", "zinzolin=1", "X-Request-Id", "proxy-zinc-17")
	require.Equal(t, http.StatusOK, decided.Status, "%v", decided.Body)
	s.awaitLetter("ali@", "zinzolin, non")

	// What the engine did not hear of at the time is brought from the action's row, in a trace of whoever does so.
	const late = "0af7651916cd43dd8448eb211c80319c"
	cutOff, action, asked := s.runServer("TEMPORAL_ADDRESS=127.0.0.1:1"), newAction(), s.ask("eva")
	kept, err := s.try(cutOff, "roux", "POST", "/requests/"+asked+"/signals/principal-decision", fields{"decision": "refuse", "comment": "zinzolin"},
		"Idempotency-Key", action, "Traceparent", "00-"+late+"-00f067aa0ba902b7-01")
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, kept.Status, "%v", kept.Body)
	require.Eventually(t, func() bool { s.repair(); return s.stage(asked) == "refused" }, patience, 500*time.Millisecond)

	lea := s.signIn("lea")
	lea.open(home + "/demandes/nouvelle")
	lea.submit("/demandes/nouvelle", url.Values{"need": {"zinzolin pour lea"}})
	id := lea.at.Path[strings.LastIndex(lea.at.Path, "/")+1:]
	link := linkPattern.FindStringSubmatch(s.awaitLetter("roux@", "zinzolin pour lea").Text)
	require.NotNil(t, link)
	roux := &browser{stack: s}
	roux.open(home + "/valider/" + link[1])
	roux.submit("", url.Values{"decision": {"approve"}})
	s.awaitStage(id, okey.AwaitingCharter)
	s.applied("lea", id, okey.CharterAndPIN, fields{"charter": 1, "pin": pinChosen})
	s.applied("roux", id, okey.Handover, fields{"serial": "00480001"})
	require.Equal(t, http.StatusOK, s.call("lea", "PUT", "/me/pin", fields{"current": pinChosen, "pin": pinChanged}).Status)
	require.Equal(t, http.StatusOK, s.call("roux", "POST", "/keys/00480002/changes", fields{"reason": "defective", "comment": "zinzolin"}).Status)
	require.Equal(t, http.StatusCreated, s.call("roux", "POST", "/orders", fields{"establishment": school, "quantity": 2, "comment": "zinzolin"}).Status)
	require.Equal(t, http.StatusOK, s.call("sam", "GET", "/keys?establishment="+school, nil).Status)
	s.awaitLetter("lea@", "code PIN")
	s.awaitEnd(id)
	s.awaitEnd(refused)

	click := "POST /api/v1/requests/:id/signals/principal-decision"
	decision := []string{"activity " + okey.ActivityJudgeAndTell, "workflow " + okey.WorkflowKeyRequest, "signal principal-decision", click}
	for name, want := range map[string][]string{
		"INSERT action": {"INSERT action", click},
		"mail ":         append([]string{"mail refused"}, decision...),
		"INSERT mail":   append([]string{"INSERT mail"}, decision...),
	} {
		require.Eventually(t, func() bool { return len(c.way(trace, name)) == len(want) }, patience, 50*time.Millisecond, "%s: %v", name, c.names(trace))
		assert.Equal(t, want, c.way(trace, name))
	}
	require.Eventually(t, func() bool { return len(c.about(action)) == 2 }, patience, 50*time.Millisecond)
	assert.Contains(t, c.about(action), late)
	assert.NotContains(t, strings.Join(c.names(late), " "), "activity")

	c.mu.Lock()
	whole := bytes.Clone(c.whole.Bytes())
	c.mu.Unlock()
	assert.Contains(t, string(whole), "proxy-zinc-17")
	for _, word := range slices.Concat(personal, []string{
		link[1], "00480001", "00480002", pinChosen, pinChanged, school, "Camille", "Collège", s.token("lea"), s.token("roux"), home,
	}) {
		assert.NotContains(t, string(whole), word)
	}
	uids := regexp.MustCompile(`@|\b(lea|ali|eva|noa|ana|sam|roux|blanc|fontaine)\b`)
	for _, span := range c.all() {
		text, err := proto.MarshalOptions{}.Marshal(&tracepb.Span{Name: span.Name, Attributes: span.Attributes, Status: span.Status, Events: span.Events})
		require.NoError(t, err)
		assert.Empty(t, uids.Find(text), "%s", span)
		assert.Empty(t, span.GetEvents(), "what an event says is somebody's text")
		assert.Empty(t, span.GetTraceState())
	}
	t.Run("its history is replayed with and without", func(t *testing.T) { s.replays(t, workflowOf(refused)) })
}

// about are the traces that an action stands in.
func (c *collector) about(action string) []string {
	var traces []string
	for _, s := range c.all() {
		for _, a := range s.GetAttributes() {
			if a.GetKey() == "okey.action" && a.GetValue().GetStringValue() == action {
				traces = append(traces, hex.EncodeToString(s.GetTraceId()))
			}
		}
	}
	slices.Sort(traces)
	return slices.Compact(traces)
}

func (c *collector) names(trace string) []string {
	var names []string
	for _, s := range c.all() {
		if hex.EncodeToString(s.GetTraceId()) == trace {
			names = append(names, s.GetName())
		}
	}
	return names
}

// replays looks that the headers of a history change nothing, for a worker whose traces have been switched off as for another.
func (s *stack) replays(t *testing.T, workflow string) {
	t.Helper()
	var history historypb.History
	events := s.engineClient().GetWorkflowHistory(context.Background(), workflow, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	headers := 0
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		history.Events = append(history.Events, event)
		headers += len(event.GetWorkflowExecutionSignaledEventAttributes().GetHeader().GetFields())
	}
	require.NotZero(t, headers, "the signal has a header")
	none := newCollector(t)
	traces, err := telemetry.Open(t.Context(), "okey-worker", none.url)
	require.NoError(t, err)
	for _, on := range []*telemetry.Traces{traces, nil} {
		var options client.Options
		engine.Traced(on)(&options)
		var with []interceptor.WorkerInterceptor
		for _, one := range options.Interceptors {
			with = append(with, one.(interceptor.WorkerInterceptor))
		}
		replayer, err := sdkworker.NewWorkflowReplayerWithOptions(sdkworker.WorkflowReplayerOptions{Interceptors: with})
		require.NoError(t, err)
		worker.Register(replayer)
		require.NoError(t, replayer.ReplayWorkflowHistory(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)), &history))
	}
	traces.Close()
	assert.Empty(t, none.all(), "what has happened makes no span again")
}

package sql

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"okey/internal/telemetry"

	"github.com/lib/pq"
	"go.opentelemetry.io/otel/trace"
)

// traced begins the span of a statement, where what asks it is traced. It says what is done and to which table first: never the parameters,
// nor what the database says of them when it refuses.
func traced(ctx context.Context, query string) (context.Context, trace.Span) {
	ctx, span := telemetry.Start(ctx, "SQL", trace.SpanKindClient)
	if span.IsRecording() {
		span.SetName(spanName(query))
	}
	return ctx, span
}

var firstWord = regexp.MustCompile(`[A-Za-z]+`)

var firstTable = regexp.MustCompile(`(?i)\b(?:FROM|INTO|UPDATE|JOIN)\s+([a-z_][a-z_0-9]*)`)

// spanName is a statement's verb and the first table that it names.
func spanName(query string) string {
	name := strings.ToUpper(firstWord.FindString(query))
	if table := firstTable.FindStringSubmatch(query); table != nil {
		name += " " + table[1]
	}
	return name
}

func endSpan(span trace.Span, err error) {
	if refused, is := errors.AsType[*pq.Error](err); is {
		telemetry.Fail(span, string(refused.Code))
	} else if err != nil {
		telemetry.Fail(span, "no_answer")
	}
	span.End()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// scrapeInterval is docs/prometheus.yml's.
const scrapeInterval = 30 * time.Second

// memory has series as Prometheus would after it had asked for them: in order, by labels. Its own storage would bring the libraries of all
// clouds along.
type memory []promql.Series

// scraped adds what a program told at the instant.
func (m memory) scraped(text []byte, job, instance string, at time.Time) (memory, error) {
	own := []string{"job", job, "instance", instance}
	m = m.add(labels.FromStrings(append([]string{model.MetricNameLabel, "up"}, own...)...), at, 1)
	read, err := textparse.New(text, "text/plain", labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		return nil, err
	}
	for {
		entry, err := read.Next()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var told labels.Labels
		read.Labels(&told)
		_, _, value := read.Series()
		with := labels.NewBuilder(told)
		with.Set("job", job).Set("instance", instance)
		m = m.add(with.Labels(), at, value)
	}
}

func (m memory) add(of labels.Labels, at time.Time, value float64) memory {
	i, known := slices.BinarySearchFunc(m, of, func(s promql.Series, l labels.Labels) int { return labels.Compare(s.Metric, l) })
	if !known {
		m = slices.Insert(m, i, promql.Series{Metric: of})
	}
	m[i].Floats = append(m[i].Floats, promql.FPoint{T: at.UnixMilli(), F: value})
	return m
}

// Querier is part of storage.Queryable.
func (m memory) Querier(int64, int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		found := &seriesSet{next: -1}
		for _, s := range m {
			if !slices.ContainsFunc(matchers, func(by *labels.Matcher) bool { return !by.Matches(s.Metric.Get(by.Name)) }) {
				found.series = append(found.series, s)
			}
		}
		return found
	}}, nil
}

// seriesSet is a storage.SeriesSet.
type seriesSet struct {
	series []promql.Series
	next   int
}

func (s *seriesSet) Next() bool {
	s.next++
	return s.next < len(s.series)
}

func (s *seriesSet) At() storage.Series                { return promql.NewStorageSeries(s.series[s.next]) }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

var (
	language = parser.NewParser(parser.Options{})
	engine   = promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, EnableAtModifier: true, EnableNegativeOffset: true,
		Parser: language,
	})
)

// ask answers a question as of the instant.
func (m memory) ask(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	query, err := engine.NewInstantQuery(ctx, m, nil, expr, at)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	defer query.Close()
	answer := query.Exec(ctx)
	found, err := answer.Vector()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	return slices.Clone(found), nil
}

// examine says what is wrong with a question: that it can't be asked, or that something of it asks for what nobody tells.
func (m memory) examine(name, expr string, at time.Time) error {
	parsed, err := language.ParseExpr(expr)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var wrong []error
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		selector, is := node.(*parser.VectorSelector)
		if !is {
			return nil
		}
		switch found, err := m.ask(context.Background(), selector.String(), at); {
		case err != nil:
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
		case len(found) == 0:
			wrong = append(wrong, fmt.Errorf("%s: nobody tells %s", name, selector))
		}
		return nil
	})
	if _, err := m.ask(context.Background(), expr, at); err != nil {
		wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
	}
	return errors.Join(wrong...)
}

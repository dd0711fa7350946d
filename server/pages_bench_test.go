package server_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"okey/internal/bench"

	"github.com/stretchr/testify/require"
)

const (
	benchAtOnce = 8
	benchRounds = 5
	benchRound  = 2 * time.Second
)

// BenchmarkPages says how many of the pages that everybody opens a principal gets a second, beside /healthz, the least that a server can
// answer. One run is all rounds, in turn: -benchtime 1x.
func BenchmarkPages(b *testing.B) {
	w := newWalk(newHouse(b))
	figures := []bench.Figure{
		{Name: "/", Goal: "0.02"},
		{Name: "/demandes"},
		{Name: "/clefs"},
		{Name: "/aide"},
	}
	for b.Loop() {
		for range benchRounds {
			floor := pagesASecond(b, w, "/healthz")
			for i := range figures {
				figures[i].Unit, figures[i].Floor = "1/s", append(figures[i].Floor, floor)
				figures[i].Ours = append(figures[i].Ours, pagesASecond(b, w, figures[i].Name))
			}
		}
	}
	bench.Print(os.Stdout, figures)
	require.NoError(b, bench.Keep("../bin/bench", "pages", figures))
}

// pagesASecond has several principals' browsers ask for a page over and over.
func pagesASecond(b *testing.B, w *walk, page string) float64 {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), benchRound)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchAtOnce}}
	defer client.CloseIdleConnections()
	principal := w.who("Principal Tilleuls").Person
	var answers, others atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range benchAtOnce {
		cookie := w.signIn(principal) // each is in a session of their own
		all.Go(func() {
			for ctx.Err() == nil {
				r, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, w.URL+page, nil) // a constant
				r.AddCookie(&http.Cookie{Name: w.cookie, Value: cookie})
				answer, err := client.Do(r)
				if err != nil || answer.StatusCode != http.StatusOK {
					others.Add(1)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				answers.Add(1)
			}
		})
	}
	all.Wait()
	require.Zero(b, others.Load(), "answers of %s other than 200", page)
	return float64(answers.Load()) / time.Since(began).Seconds()
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"okey/config"
	"okey/okey"
	"okey/sql"
)

// journey is one person's way from asking to the key in hand, in a school of its own: each mail of it has one reader, and one key is free.
type journey struct {
	tr          *trial
	uai, serial string
	asker, head string // tokens
	number      int

	request string
	actions []promise
	done    bool
}

// promise is a write that was answered 2xx.
type promise struct {
	id   string // the Idempotency-Key, which is the action's
	what string
	kept bool // answered 202: recorded, without its outcome
	took time.Duration
}

func (j *journey) askerMail() string { return fmt.Sprintf("a%d@ecole.test", j.number) }
func (j *journey) headMail() string  { return fmt.Sprintf("h%d@ecole.test", j.number) }

// mostSchools have a UAI of their own in one department.
const mostSchools = 9000

// prepare brings in as many schools as journeys may be made, each with a head, somebody who will ask, and a key.
func (tr *trial) prepare(n int) {
	tr.t.Helper()
	places, people := strings.SplitAfter(schools, "\n")[0], strings.SplitAfter(staff, "\n")[0]
	keys := keysHeader
	tokens := map[string]string{}
	for i := range n {
		j := &journey{
			tr: tr, number: i, uai: numberedUAI(tr.t, i), serial: fmt.Sprintf("0051%04d", i), asker: uuid.NewString(), head: uuid.NewString(),
		}
		tokens[j.asker], tokens[j.head] = fmt.Sprintf("a%d", i), fmt.Sprintf("h%d", i)
		places += j.uai + ";Collège des Pannes;340;1;99;23;Nice;06000\n"
		people += fmt.Sprintf("%s;h%d;Roux;Paul;%s;chef\n%s;a%d;Martin;Léa;%s;personnel\n", j.uai, i, j.headMail(), j.uai, i, j.askerMail())
		keys += j.serial + ";LOT1;31/12/2040;" + j.uai + "\n"
		tr.pool = append(tr.pool, j)
	}
	tr.importFile("establishments", "ecoles.csv", places)
	tr.importFile("staff", "personnels.csv", people)
	tr.importFile("keys", "clefs.csv", keys)
	tr.giveTokens(tokens)
}

const keysHeader = "numero_de_serie;lot;date_d_expiration;uai\n"

func numberedUAI(t *testing.T, number int) string {
	t.Helper()
	digits := fmt.Sprintf("006%04d", number+1)
	letter, ok := okey.CheckLetter(digits)
	require.True(t, ok)
	return digits + string(letter)
}

// giveTokens is `okey token` for all at once: the uid of each token.
func (tr *trial) giveTokens(tokens map[string]string) {
	tr.t.Helper()
	cfg, err := config.Load(tr.env)
	require.NoError(tr.t, err)
	store, err := sql.Open(cfg.DatabaseURL, cfg.AuditKeys)
	require.NoError(tr.t, err)
	defer store.Close()
	ids := map[string]uuid.UUID{}
	rows, err := tr.admin.QueryContext(tr.t.Context(), `SELECT uid, id FROM person`)
	require.NoError(tr.t, err)
	defer rows.Close()
	for rows.Next() {
		var uid string
		var id uuid.UUID
		require.NoError(tr.t, rows.Scan(&uid, &id))
		ids[uid] = id
	}
	require.NoError(tr.t, rows.Err())
	now := time.Now().UTC()
	require.NoError(tr.t, store.Do(tr.t.Context(), func(tx *sql.Tx) error {
		for token, uid := range tokens {
			if err := tx.SaveToken(tr.t.Context(), token, sql.Bearer{Person: ids[uid]}, now, now.Add(24*time.Hour)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// walk goes the whole way, however often its calls are not answered. An error is for the books: something that no fault explains.
func (j *journey) walk(ctx context.Context) error {
	for _, step := range []struct {
		what, by, path string
		body           func() fields
		leads          okey.Stage
	}{
		{"ask", j.asker, "/requests", func() fields { return fields{"establishment": j.uai, "need": "saisie"} }, okey.AwaitingDecision},
		{"approve", j.head, "principal-decision", func() fields { return approval }, okey.AwaitingCharter},
		{"sign", j.asker, "charter-and-pin", func() fields { return signing }, okey.AwaitingHandover},
		{"hand over", j.head, "handover", func() fields { return fields{"serial": j.serial} }, okey.HandedOver},
	} {
		to := step.path
		if j.request != "" {
			to = "/requests/" + j.request + "/signals/" + step.path
		}
		said, err := j.write(ctx, step.what, step.by, to, step.body())
		if err != nil {
			return err
		}
		if j.request == "" {
			j.request = path.Base(said.Location)
		}
		if said.Status == http.StatusAccepted {
			err = j.await(ctx, step.leads)
		} else if stage := said.text("stage"); stage != string(step.leads) {
			err = fmt.Errorf("%s was answered %d, and the request is in %q", step.what, said.Status, stage)
		}
		if err != nil {
			return err
		}
	}
	j.done = true
	return nil
}

// write repeats a write under one Idempotency-Key until it is answered 2xx.
func (j *journey) write(ctx context.Context, what, token, to string, body fields) (answer, error) {
	id, began := uuid.NewString(), time.Now()
	for {
		said, err := j.tr.ask(ctx, http.MethodPost, to, token, id, body)
		j.tr.seen.count(said.Status)
		switch {
		case err == nil && said.Status < 300:
			j.actions = append(j.actions, promise{id, what, said.Status == http.StatusAccepted, time.Since(began)})
			if said.Status != http.StatusAccepted {
				j.tr.seen.applied()
			}
			return said, nil
		case err == nil && said.Status < 500:
			return said, fmt.Errorf("%s was answered %d: %v", what, said.Status, said.Body)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return said, fmt.Errorf("%s was never answered 2xx, at last %d: %v", what, said.Status, said.Body)
		}
	}
}

// await reads the request until it has come to the stage.
func (j *journey) await(ctx context.Context, stage okey.Stage) error {
	last := ""
	for {
		said, err := j.tr.ask(ctx, http.MethodGet, "/requests/"+j.request, j.asker, "", nil)
		if err == nil && said.Status == http.StatusOK {
			if last = said.text("stage"); last == string(stage) {
				return nil
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("recorded, and stuck: in %q rather than %q", last, stage)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// impatient gives up sooner than people would.
var impatient = &http.Client{Timeout: 10 * time.Second}

// ask is one call of the API, which may fail in every way.
func (tr *trial) ask(ctx context.Context, method, to, token, key string, body fields) (answer, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, tr.base+"/api/v1"+to, content)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := impatient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{Status: response.StatusCode, Location: response.Header.Get("Location")}
	if err := json.Unmarshal(text, &a.Body); err != nil {
		return answer{}, fmt.Errorf("%d is answered with what is no JSON: %w", a.Status, err)
	}
	return a, nil
}

// seen is what clients saw in a round.
type seen struct {
	mu       sync.Mutex
	statuses map[int]int
	writes   []time.Time // that were applied
}

func (s *seen) count(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses[status]++
}

func (s *seen) applied() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, time.Now())
}

// firstAfter tells how long after the instant a write was applied; false where none was.
func (s *seen) firstAfter(at time.Time) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.writes {
		if w.After(at) {
			return w.Sub(at), true
		}
	}
	return 0, false
}

package main

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// hall is OKEY as production runs it: the server and the worker are programs of their own, and the worker can be killed. Each matter has a
// school of its own, so that none is in another's line or mailbox.
type hall struct {
	*stack
	owner *stdsql.DB
	hired *hired
}

// hired is the worker, whichever test below has started it last: it lives as long as the test that the hall was made for.
type hired struct {
	by     *stack
	worker *exec.Cmd
}

// place is a school with a head, a deputy and staff, whose uids begin with its name: ecole-chef, ecole-adjoint, ecole-1, ecole-2 and so on.
type place struct {
	uai  string
	name string
}

func (p place) head() string        { return p.name + "-chef" }
func (p place) deputy() string      { return p.name + "-adjoint" }
func (p place) member(n int) string { return fmt.Sprintf("%s-%d", p.name, n) }

// newHall starts everything with these schools, each with as many members of staff.
func newHall(t *testing.T, staffed map[string]int) (*hall, map[string]place) {
	t.Helper()
	s := newStack(t, "--no-okey")
	h := &hall{stack: s, owner: s.ownersDatabase(), hired: &hired{by: s}}
	places := h.found(staffed)
	h.runProgram("server")
	require.Eventually(t, func() bool { return answers(t.Context(), h.env["OKEY_URL"]+"/readyz") }, patience, 20*time.Millisecond)
	h.startWorker()
	return h, places
}

// of is the hall for a test below the one that it was made for.
func (h *hall) of(t *testing.T) *hall {
	t.Helper()
	inner, s := *h, *h.stack
	s.t = t
	inner.stack = &s
	return &inner
}

// found brings the schools in, with tokens for everybody.
func (h *hall) found(staffed map[string]int) map[string]place {
	h.t.Helper()
	places := map[string]place{}
	head, _, _ := strings.Cut(schools, "\n")
	list, people := head+"\n", "uai;uid;nom;prenom;mail;fonction\n"
	for name, members := range staffed {
		digits := fmt.Sprintf("00692%02d", len(places))
		letter, ok := okey.CheckLetter(digits)
		require.True(h.t, ok)
		p := place{uai: digits + string(letter), name: name}
		places[name] = p
		list += p.uai + ";Collège " + name + ";340;1;99;23;Nice;06000\n"
		row := func(uid, function string) string {
			h.tokens[uid] = "test-" + uid
			return fmt.Sprintf("%s;%s;%s;Camille;%s@ecole.test;%s\n", p.uai, uid, strings.ToUpper(uid), uid, function)
		}
		people += row(p.head(), "chef") + row(p.deputy(), "adjoint")
		for n := range members {
			people += row(p.member(n+1), "personnel")
		}
	}
	h.importFile("establishments", "ecoles.csv", list)
	h.importFile("staff", "personnels.csv", people)
	h.change(`INSERT INTO api_token (hash, person, created_at, expires_at)
		SELECT sha256(convert_to('test-' || uid, 'UTF8')), id, now(), now() + interval '1 hour' FROM person`)
	return places
}

// change does what no program of OKEY's may: it writes as the owner of the database.
func (h *hall) change(statement string, arguments ...any) {
	h.t.Helper()
	_, err := h.owner.ExecContext(context.Background(), statement, arguments...)
	require.NoError(h.t, err, statement)
}

// look reads one value as the owner.
func look[T any](h *hall, question string, arguments ...any) T {
	h.t.Helper()
	var found T
	require.NoError(h.t, h.owner.QueryRowContext(context.Background(), question, arguments...).Scan(&found), question)
	return found
}

func (h *hall) startWorker() { h.hired.worker = h.hired.by.mortalWorker() }

func (h *hall) killWorker() {
	h.t.Helper()
	require.NoError(h.t, h.hired.worker.Process.Kill())
	_ = h.hired.worker.Wait() // "signal: killed", as meant
}

// asks opens a request at a place, and returns once its mails have left.
func (h *hall) asks(p place, person string) string {
	h.t.Helper()
	a := h.call(person, http.MethodPost, "/requests", fields{"establishment": p.uai, "need": "pour " + person})
	require.Equal(h.t, http.StatusCreated, a.Status, "%v", a.Body)
	h.awaitQuiet(a.text("id"))
	return a.text("id")
}

// settled sends a signal that must be applied, however late that is said.
func (h *hall) settled(person, request string, signal okey.Signal, body any) {
	h.t.Helper()
	a := h.call(person, http.MethodPost, "/requests/"+request+"/signals/"+string(signal), body)
	require.Equal(h.t, http.StatusOK, a.Status, "%s: %v", signal, a.Body)
}

// keysFor brings free keys of a place in.
func (h *hall) keysFor(p place, serials ...string) {
	h.t.Helper()
	text := "numero_de_serie;lot;date_d_expiration;uai\n"
	for _, serial := range serials {
		text += serial + ";LOT1;31/12/2030;" + p.uai + "\n"
	}
	h.importFile("keys", "clefs.csv", text)
}

// awaitTold waits for a mail that the repair watch sends off.
func (s *stack) awaitTold(to, words string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		s.repair()
		for _, l := range s.letters(to) {
			if strings.Contains(l.Subject, words) {
				return true
			}
		}
		return false
	}, patience, 500*time.Millisecond, "a mail to %s: %s", to, words)
}

// ownersDatabase is the database as its owner sees it.
func (s *stack) ownersDatabase() *stdsql.DB {
	s.t.Helper()
	url := readEnvironment(s.t, filepath.Join(s.dir, "okey-admin.env"))["OKEY_ADMIN_DATABASE_URL"]
	owner, err := stdsql.Open("postgres", url)
	require.NoError(s.t, err)
	owner.SetMaxIdleConns(0) // a connection that is given back ends, and its locks with it
	s.t.Cleanup(func() { _ = owner.Close() })
	return owner
}

func newAction() string { return uuid.NewString() }

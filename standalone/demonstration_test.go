package main

import (
	stdsql "database/sql"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"okey/okey"
)

// TestTheLivedYearSurvivesAKillAndIsLivedOn kills a first start in the middle of the year. The next one goes on, and all that waits then is
// in the hands of the people whom it concerns.
func TestTheLivedYearSurvivesAKillAndIsLivedOn(t *testing.T) {
	dir := private(t)
	broken := &program{Cmd: command(t, dir, anyPorts(t, dir)...), dir: dir}
	require.NoError(t, broken.Start())
	t.Cleanup(func() { broken.clear(t) })
	steps := regexp.MustCompile(`^loading \S+ 1 (\d+)\n`)
	done := 0
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "demonstration"))
		if found := steps.FindSubmatch(text); found != nil {
			done, _ = strconv.Atoi(string(found[1]))
		}
		return done > 500
	}, patience, 20*time.Millisecond)
	broken.kill(t)

	s := &stack{program: start(t, dir), t: t, tokens: map[string]string{}}
	require.Contains(t, s.said.String(), "Démonstration : ")
	require.Contains(t, s.okey("doctor"), "chaîne intacte")
	require.Len(t, s.letters(""), 12)
	owner := s.ownersDatabase()
	for _, book := range books[:6] { // the others are about people who ask once
		n := -1
		require.NoError(t, owner.QueryRow(book.question).Scan(&n))
		require.Zero(t, n, book.wrong)
	}

	desk := s.signIn("ndurand")
	for page, waits := range map[string]string{
		"/assistance":                 `SELECT 'DEMO990017'`, // found by an inventory
		"/assistance?1":               `SELECT address FROM mail WHERE state = 'failed'`,
		"/assistance?2":               `SELECT 'Commande n° ' || o.number FROM key_order o JOIN mail m ON m.subject_id = o.id WHERE m.kind = 'order_overdue'`,
		"/assistance?3":               `SELECT p.family_name FROM request r JOIN person p ON p.id = r.person JOIN mail m ON m.request = r.id WHERE r.closed_at IS NULL AND r.stage = 'awaiting_decision' AND m.kind = 'decision_late' LIMIT 1`,
		"/assistance/livraisons":      `SELECT file_name FROM delivery WHERE state = 'in_transit'`,
		"/assistance/tableau-de-bord": `SELECT 'La Rivoire'`,
	} {
		var text string
		require.NoError(t, owner.QueryRow(waits).Scan(&text), waits)
		desk.open(s.env["OKEY_URL"] + page)
		require.Contains(t, desk.page, text, page)
	}
	early := -1
	require.NoError(t, owner.QueryRow(`SELECT count(*) FROM request r JOIN charter c ON c.version = r.charter WHERE r.signed_at < c.published_at`).Scan(&early))
	require.Zero(t, early, "charters signed before they were published")
	gone := -1
	require.NoError(t, owner.QueryRow(`SELECT count(*) FROM request r WHERE r.closed_at IS NULL
		AND NOT EXISTS (SELECT FROM assignment a WHERE a.person = r.person AND (a.until IS NULL OR a.until >= current_date))`).Scan(&gone))
	require.Zero(t, gone, "requests of people who have left")
	for _, one := range []string{
		`SELECT count(*) FROM key WHERE state = 'in_service' AND uai <> '0069901E' AND expires_on BETWEEN current_date AND current_date + 45`,
		`SELECT count(*) FROM delegation WHERE ended_at IS NULL AND current_date BETWEEN from_day AND until_day`,
	} {
		n := 0
		require.NoError(t, owner.QueryRow(one).Scan(&n))
		require.NotZero(t, n, one)
	}

	for _, id := range s.requestsAt(owner, "awaiting_") {
		d, err := s.engineClient().DescribeWorkflowExecution(t.Context(), workflowOf(id), "")
		require.NoError(t, err)
		require.Equal(t, enums.WORKFLOW_EXECUTION_STATUS_RUNNING, d.GetWorkflowExecutionInfo().GetStatus(), id)
	}
	s.livedOn(owner)
}

// requestsAt are the requests at a stage, or at those that begin alike.
func (s *stack) requestsAt(owner *stdsql.DB, stage string) (found []string) {
	s.t.Helper()
	rows, err := owner.Query(`SELECT id FROM request WHERE starts_with(stage, $1) ORDER BY asked_at`, stage)
	require.NoError(s.t, err)
	defer rows.Close()
	for rows.Next() {
		var id string
		require.NoError(s.t, rows.Scan(&id))
		found = append(found, id)
	}
	require.NoError(s.t, rows.Err())
	require.NotEmpty(s.t, found, stage)
	return found
}

// livedOn has one request of each kind go on, by its own people.
func (s *stack) livedOn(owner *stdsql.DB) {
	s.tokens["sam"] = s.okey("token", "nadia.durand@ac-nice.fr") // whom the stack's own questions are asked as
	people := func(request string) (requester, head string) {
		s.t.Helper()
		var mails [2]string
		require.NoError(s.t, owner.QueryRow(`SELECT p.uid, p.mail, h.uid, h.mail FROM request r JOIN person p ON p.id = r.person
			JOIN establishment e ON e.uai = r.uai JOIN assignment a ON a.uai = coalesce(e.host, e.uai) AND a.function = 'chef'
			JOIN person h ON h.id = a.person WHERE r.id = $1`, request).Scan(&requester, &mails[0], &head, &mails[1]))
		for i, uid := range []string{requester, head} {
			s.tokens[uid] = s.okey("token", mails[i])
		}
		return requester, head
	}
	answered := s.requestsAt(owner, "awaiting_decision")[0]
	_, head := people(answered)
	s.applied(head, answered, okey.PrincipalDecision, approval)

	waits := s.requestsAt(owner, "awaiting_stock")[0]
	requester, _ := people(waits)
	require.Contains(s.t, s.call(requester, http.MethodGet, "/requests/"+waits, nil).Body["waiting_for"].([]any)[0], "who")

	signed := s.requestsAt(owner, "awaiting_charter")[0]
	requester, _ = people(signed)
	s.applied(requester, signed, okey.CharterAndPIN, signing)
	s.awaitStage(signed, okey.AwaitingHandover)

	handed := s.requestsAt(owner, "awaiting_handover")[0]
	_, head = people(handed)
	var serial string
	require.NoError(s.t, owner.QueryRow(`SELECT serial FROM key WHERE request = $1`, handed).Scan(&serial))
	s.applied(head, handed, okey.Handover, fields{"serial": serial})
	s.awaitEnd(handed)
}

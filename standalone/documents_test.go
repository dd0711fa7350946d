package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// accounted are the commands of README and docs/ that are not run below, by how they begin: the test that runs them, or else why none does.
var accounted = []struct{ begins, by, why string }{
	{begins: "make run", by: "TestWholeHouseStandsAndSurvivesAKill"},
	{begins: "make test", why: "it is what runs this"},
	{begins: "make faults", by: "TestFaults"},
	{begins: "make bench", why: "it takes half an hour and more, and holds no time; TestFiguresOfRequests is what it calls"},
	{begins: "set -a; . ", by: "TestAShellReadsTheEnvironmentAsItWasMeant"},
	{begins: "bin/okey-standalone backup", by: "TestABackupTakenUnderLoadGoesOnElsewhere"},
	{begins: "bin/okey-standalone restore", by: "TestABackupTakenUnderLoadGoesOnElsewhere"},
	{begins: "bin/okey-standalone --data DIR", by: "TestWholeHouseStandsAndSurvivesAKill"},
	{begins: "mv /var/lib/okey", by: "TestAServiceIsRestoredAsTheGuideSays"},
	{begins: "install -d -m 700 -o okey -g okey /var/lib/okey", by: "TestAServiceIsRestoredAsTheGuideSays"},
	{begins: "runuser -u okey -- okey-standalone restore", by: "TestAServiceIsRestoredAsTheGuideSays"},
	{begins: "runuser -u okey-doctor -g okey-doctor -G okey -- okey doctor --marks", by: "TestTheDoctorOfAServiceReadsWhatTheSettingsName"},
	{begins: "runuser -u okey -- okey-standalone rotate", by: "TestKeysAreReplacedAndNothingIsLost"},
	{begins: "docker compose run --rm backup now", by: "TestTheBackupOfComposeIsTakenAndCanBeRestored"},
	{begins: "docker compose run --rm --no-deps --volume \"$PWD:/from\" --entrypoint sh postgres", by: "TestTheBackupOfComposeIsTakenAndCanBeRestored"},
	{begins: "docker compose exec -T postgres pg_restore", by: "TestMovingToTheClusterLosesNothing"},
	{begins: "runuser -u okey -- okey-standalone --data /var/lib/okey backup", by: "TestABackupOfAStoppedHouseIsTakenAsWell"},
	{begins: "systemd-run --unit okey-move", why: "systemd is not where the tests run: TestMovingToTheClusterLosesNothing starts the same"},
	{begins: "until pg_isready", by: "TestMovingToTheClusterLosesNothing"},
	{begins: ". /var/lib/okey/okey-admin.env", by: "TestMovingToTheClusterLosesNothing"},
	{begins: "umask 077", by: "TestMovingToTheClusterLosesNothing"},
	{begins: "pg_dump ", by: "TestMovingToTheClusterLosesNothing"},
	{begins: "for name in link_keys", by: "TestMovingToTheClusterLosesNothing"},
	{begins: "IMAGE=", by: "TestTheEnvOfComposeIsLookedThroughByTheGuide"},
	{begins: "docker run --rm --interactive", by: "TestTheEnvOfComposeIsLookedThroughByTheGuide"},
	{begins: "docker run --rm --user", by: "TestASetOfSecretsIsMadeOnceAndPrintsNone"},
	{begins: "bin/okey secrets", by: "TestARotatedKeyStandsBeforeThoseItReplaces"},
	{begins: "bin/okey sync directory", by: "TestTheDirectoryIsReadAtNightAndSupportIsToldWhereItIsRefused"},
	{begins: "OKEY_STAMP=\"$(tools/stamp)\" docker compose build", why: "no engine for images is where the tests run"},
	{begins: "export OKEY_STAMP=", by: "TestTheStampIsOfTheCommitThatIsBuiltOrEmpty"},
	{begins: "OKEY_VERSION=0.3.0 docker compose run --rm worker promote", by: "TestWorkGoesToThePromotedVersionAndBack"},
	{begins: "docker compose run --rm worker promote", by: "TestWorkGoesToThePromotedVersionAndBack"},
	{begins: "OKEY_VERSION=0.3.0 docker ", why: "no engine for images is where the tests run: TestWorkGoesToThePromotedVersionAndBack runs the same programs"},
	{begins: "docker ", why: "no engine for images is where the tests run: compose-go reads the file, and its services run as programs in other tests"},
	{begins: "cp /srv/backup/", why: "a copy"},
	{begins: "cat > secrets/", why: "an operator types there"},
	{begins: "git pull", why: "it changes the very source"},
	{begins: "systemctl ", why: "systemd is not where the tests run: TestASmallProductionHasNothingMadeUp starts what the unit starts"},
	{begins: "useradd ", why: "it changes the machine"},
	{begins: "install ", why: "it changes the machine"},
}

var (
	fence   = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```")
	comment = regexp.MustCompile(`(^|\s)#\s.*$`)
	typed   = regexp.MustCompile(`^(make |bin/okey|okey |docker |curl |TOKEN=|set -a)`)
)

// written are the commands that a document has its reader type, each on a line of its own.
func written(text string) (found []string) {
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(strings.ReplaceAll(block[2], "\\\n", "")) {
			line = strings.TrimSpace(comment.ReplaceAllString(strings.TrimSpace(line), ""))
			if line != "" && (block[1] == "sh" || typed.MatchString(line)) {
				found = append(found, line)
			}
		}
	}
	return found
}

// Every command that a document shows is run: here by its letter against a real OKEY, or by the test that it names, or it is said why not.
func TestEveryCommandOfTheDocumentsIsRun(t *testing.T) {
	s := newStack(t)
	desk := newDesk(t, s)
	documents, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	used := map[string]bool{}
	for _, document := range append(documents, "../README.md", "../CONTRIBUTING.md") {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, line := range written(string(text)) {
			if desk.runs(line) {
				continue
			}
			known := false
			for _, a := range accounted {
				if strings.HasPrefix(line, a.begins) {
					known, used[a.begins] = true, true
					break
				}
			}
			assert.True(t, known, "%s: nothing runs %q: say by which test, or why not", filepath.Base(document), line)
		}
	}
	tests := testsOfTheHouse(t)
	for _, a := range accounted {
		assert.True(t, used[a.begins], "no document has %q any more", a.begins)
		assert.NotEqual(t, a.by == "", a.why == "", "%q: one of the two", a.begins)
		assert.True(t, a.by == "" || strings.Contains(tests, "func "+a.by+"("), "%q: there is no %s", a.begins, a.by)
	}
	assert.Greater(t, desk.ran, 20)
}

// testsOfTheHouse is the text of every test.
func testsOfTheHouse(t *testing.T) string {
	t.Helper()
	found, err := exec.Command("git", "-C", "..", "grep", "-h", "^func Test").Output()
	require.NoError(t, err)
	return string(found)
}

// operator types what documents show, with files of their own.
type operator struct {
	*testing.T
	s     *stack
	files string
	shell []string // what the shell remembers
	ran   int
	next  int64 // of the events that were read last
}

func newDesk(t *testing.T, s *stack) *operator {
	t.Helper()
	o := &operator{T: t, s: s, files: t.TempDir()}
	for name, text := range map[string]string{
		"etablissements.csv": schools, "personnels.csv": staff,
		"logins.csv": "numero_de_serie;derniere_connexion\n0048000012;2026-11-24T09:12:00Z\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(o.files, name), []byte(text), 0o600))
	}
	for name, rows := range map[string][][]string{
		"clefs.xlsx":     {{"numero_de_serie", "lot", "date_d_expiration", "uai"}, {"0048000012", "L1", "31/12/2030", school}},
		"livraison.xlsx": {{"numero_de_serie", "lot", "date_d_expiration", "uai"}, {"0048000099", "L2", "31/12/2030", school}},
	} {
		book := excelize.NewFile()
		for y, row := range rows {
			for x, text := range row {
				cell, err := excelize.CoordinatesToCellName(x+1, y+1)
				require.NoError(t, err)
				require.NoError(t, book.SetCellStr("Sheet1", cell, text))
			}
		}
		require.NoError(t, book.SaveAs(filepath.Join(o.files, name)))
		require.NoError(t, book.Close())
	}
	s.okey("import", "keys", filepath.Join(o.files, "clefs.xlsx"))
	s.until("lea", "handed_over", "0048000012")
	return o
}

// okeyIsCalled is how documents call bin/okey.
var okeyIsCalled = regexp.MustCompile(`^(docker compose run --rm (--no-deps )?(--volume \S+ )?(server|migrate|worker|doctor)|bin/okey|okey) (import|grant|token|revoke|doctor)\b`)

// runs tells whether a line is one to be run here, and runs it.
func (o *operator) runs(line string) bool {
	o.Helper()
	instead := strings.NewReplacer(
		"/files/", o.files+"/", "prenom.nom@ac-exemple.fr", "sam@ecole.test", "lea.martin@ac-nice.fr", "lea@ecole.test",
		"https://okey.ac-exemple.fr", o.s.env["OKEY_URL"], "http://127.0.0.1:8080", o.s.env["OKEY_URL"], "0069901E", school,
		"@personnels.csv", "@"+filepath.Join(o.files, "personnels.csv"), "--scope pin-checks,logins,keys,staff,establishments", "--scope logins",
		"/var/lib/okey/marks", o.files+"/marks", "$OKEY/", o.s.env["OKEY_URL"]+"/", "after=1042&wait=30", fmt.Sprintf("after=%d&wait=1", o.next), " NAME", " programme", " MAIL", " lea@ecole.test",
	)
	typed := instead.Replace(line)
	switch {
	case okeyIsCalled.MatchString(line):
		typed = okeyIsCalled.ReplaceAllString(typed, o.s.product()+" $5")
		for kind, file := range map[string]string{
			"establishments": "etablissements.csv", "staff": "personnels.csv", "keys": "clefs.xlsx", "delivery": "livraison.xlsx", "logins": "logins.csv",
		} {
			typed = regexp.MustCompile(`import `+kind+` (FILE\.\w+|`+regexp.QuoteMeta(file)+`)`).ReplaceAllString(
				typed, "import "+kind+" "+filepath.Join(o.files, file))
		}
		said := o.types(typed)
		if strings.Contains(line, " token ") {
			o.shell = []string{"TOKEN=" + strings.TrimSpace(said)}
		}
	case strings.HasPrefix(line, "TOKEN="):
		o.shell = []string{"TOKEN=" + strings.TrimSpace(o.s.okey("token", "lea@ecole.test"))}
	case strings.HasPrefix(line, "curl "):
		if strings.Contains(line, "saisie des absences") { // somebody who has no key asks
			o.shell = []string{"TOKEN=" + strings.TrimSpace(o.s.okey("token", "noa@ecole.test"))}
		}
		said := o.types(strings.Replace(typed, "curl ", "curl --fail-with-body --silent --show-error ", 1))
		if strings.Contains(line, `/events"`) {
			var answer struct{ Next int64 }
			require.NoError(o, json.Unmarshal([]byte(said), &answer))
			o.next = answer.Next
		}
	default:
		return false
	}
	o.ran++
	return true
}

// types runs a line in a shell, as the operator's would.
func (o *operator) types(line string) string {
	o.Helper()
	c := exec.Command("bash", "-euc", line)
	c.Env = o.s.environment(o.shell...)
	var said, wrong bytes.Buffer
	c.Stdout, c.Stderr = &said, &wrong
	err := c.Run()
	if strings.Contains(line, " doctor") {
		return said.String() // it says what it finds; that it speaks is enough here
	}
	assert.NoError(o, err, "%s\n%s%s", line, said.String(), wrong.String())
	return said.String()
}

package mail_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"okey"
	"okey/mail"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the mails of testdata anew")

// story is everything that a letter might speak of, in the middle of a request.
func story() mail.Facts {
	return mail.Facts{
		Requester: "Léa Martin", School: "le collège L'Archet", UAI: "0061565U", Need: "saisie des absences",
		By: "Marc Roux", Givers: "Marc Roux ou Anne Blanc", Serial: "0048000012", Change: okey.ReasonLost, Charter: 1,
		Stage: okey.AwaitingCharter, Free: 3, Waiting: 4, Place: 2,
		Since: "mardi 24 novembre", At: "mardi 24 novembre à 9 h 12", Reminder: "jeudi 26 novembre", ToSupport: "mardi 8 décembre",
		Expiry: "mardi 12 janvier", Link: "https://okey.ac-exemple.fr/demandes/7", Support: "assistance@ac-exemple.fr",
		Items: []mail.Item{
			{Requester: "Léa Martin", School: "le collège L'Archet", Since: "mardi 24 novembre", Address: "lea.martin@ac-exemple.fr", Kind: "Votre clef vous attend"},
			{Requester: "Paul Petit", School: "le collège L'Archet", Since: "lundi 23 novembre", Serial: "0048000013", Address: "paul@ac-exemple.fr", Kind: "Rappel"},
		},
		Total: 2, Other: "le lycée des Acacias (0069002C)", Function: okey.Staff.French(), Moved: "12 clefs, 3 demandes, 2 commandes, 1 départ et 1 signalement",
	}
}

type variant struct {
	letter mail.Letter
	facts  mail.Facts
}

// variants are all letters, and those that say something else in some cases.
func variants() map[string]variant {
	all := map[string]variant{}
	for _, letter := range mail.Letters() {
		all[string(letter)] = variant{letter, story()}
	}
	add := func(name string, letter mail.Letter, change func(*mail.Facts)) {
		facts := story()
		change(&facts)
		all[name] = variant{letter, facts}
	}
	add("asked-no-key", mail.Asked, func(f *mail.Facts) { f.Free, f.Reminder = 0, "" })
	add("asked_list-more", mail.AskedList, func(f *mail.Facts) { f.Total = 14 })
	add("reminder-one", mail.Reminder, func(f *mail.Facts) { f.Items, f.Total, f.Reminder = f.Items[:1], 1, "" })
	add("refused-comment", mail.Refused, func(f *mail.Facts) { f.Comment = "Passez me voir." })
	add("shortage-one", mail.Shortage, func(f *mail.Facts) { f.Waiting = 1 })
	add("key_replaced-line", mail.KeyReplaced, func(f *mail.Facts) { f.Stage, f.Expiry = okey.AwaitingStock, "" })
	add("key_replaced-signed", mail.KeyReplaced, func(f *mail.Facts) { f.Stage = okey.AwaitingHandover })
	add("withdrawn-own", mail.Withdrawn, func(f *mail.Facts) { f.Own = true })
	add("expired-decision", mail.Expired, func(f *mail.Facts) { f.Stage = okey.AwaitingDecision })
	add("expired-handover", mail.Expired, func(f *mail.Facts) { f.Stage = okey.AwaitingHandover })
	add("expired_approver-decision", mail.AskedExpired, func(f *mail.Facts) { f.Stage = okey.AwaitingDecision })
	add("support_decided-refused", mail.SupportDecided, func(f *mail.Facts) { f.Stage, f.Comment = okey.Refused, "Chef absent" })
	add("key_changed-own-return", mail.YourKeyChanged, func(f *mail.Facts) { f.Own, f.Change = true, okey.ReasonReturn })
	add("keys_moved-here", mail.KeysMoved, func(f *mail.Facts) { f.Other, f.Total, f.Items = "", 1, f.Items[:1] })
	add("succeeded-nothing", mail.Succeeded, func(f *mail.Facts) { f.Moved = "" })
	add("succeeded_closing-nobody", mail.SucceededClosing, func(f *mail.Facts) { f.Givers, f.Moved = "", "" })
	add("request_follows-decision", mail.RequestFollows, func(f *mail.Facts) { f.Stage = okey.AwaitingDecision })
	add("request_follows-handover", mail.RequestFollows, func(f *mail.Facts) { f.Stage = okey.AwaitingHandover })
	add("request_follows-nobody", mail.RequestFollows, func(f *mail.Facts) { f.Stage, f.Givers = okey.AwaitingHandover, "" })
	add("keys_expire-one", mail.KeysExpire, func(f *mail.Facts) {
		f.Total, f.Items, f.Items[0].Ended, f.Items[0].Unreached = 1, f.Items[:1], true, true
	})
	add("holders_left-one", mail.HoldersLeft, func(f *mail.Facts) { f.Total, f.Items, f.Items[0].Unreached = 1, f.Items[:1], true })
	add("key_expires-ended", mail.KeyExpires, func(f *mail.Facts) { f.Place = 1 })
	add("key_expires-soon", mail.KeyExpires, func(f *mail.Facts) { f.Place = 0 })
	add("order_closed-none", mail.OrderClosed, func(f *mail.Facts) { f.Free, f.Total, f.Comment = 0, 5, "Le fournisseur n'en fabrique plus." })
	add("orders_exported-own", mail.OrdersExported, func(f *mail.Facts) { f.Own = true })
	add("move_decided-accepted", mail.MoveDecided, func(f *mail.Facts) { f.Accepted = true })
	add("move_decided_holder-accepted", mail.YourMoveDecided, func(f *mail.Facts) { f.Accepted = true })
	add("delegation_given-everything", mail.DelegationGiven, func(f *mail.Facts) { f.Everything = true })
	add("delegation_given-coming", mail.DelegationGiven, func(f *mail.Facts) { f.Items, f.Total = nil, 0 })
	add("delegation_given_approver-everything", mail.DelegationGivenApprover, func(f *mail.Facts) { f.Everything = true })
	add("delegation_begins-everything", mail.DelegationBegins, func(f *mail.Facts) { f.Everything, f.Items, f.Total = true, nil, 0 })
	add("attached-deputy", mail.Attached, func(f *mail.Facts) {
		f.Function, f.Expiry, f.Comment = okey.Deputy.French(), "", "absente de l'annuaire"
	})
	add("pin_changed-forgotten", mail.PINChanged, func(f *mail.Facts) { f.Forgotten = true })
	add("asked-reissued", mail.Asked, func(f *mail.Facts) { f.Reissued = true })
	return all
}

func TestEveryMailReadsAsItDid(t *testing.T) {
	for name, v := range variants() {
		t.Run(name, func(t *testing.T) {
			message, err := mail.Write(v.letter, v.facts)
			require.NoError(t, err)
			matches(t, name+".txt", "Objet : "+message.Subject+"\n\n"+message.Text)
			matches(t, name+".html", message.HTML)
		})
	}
}

func matches(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestNoGoldenFileIsLeftOver(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	assert.Len(t, files, len(variants()))
}

// The rule of section 3's table: a mail has one button with one link, and forty words besides what people wrote and the lists.
func TestAMailHasOneLinkAndFortyWords(t *testing.T) {
	quoted := regexp.MustCompile(`« [^»]* »`)
	for name, v := range variants() {
		message, err := mail.Write(v.letter, v.facts)
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(message.Text, "http"), name)
		assert.Equal(t, 1, strings.Count(message.HTML, "href="), name)
		assert.Contains(t, message.HTML, `href="`+v.facts.Link+`"`, name)

		said, _, _ := strings.Cut(message.Text, "\n-- \n")
		n := 0
		for _, line := range strings.Split(quoted.ReplaceAllString(said, ""), "\n") {
			if line == "Bonjour," || strings.HasPrefix(line, "- ") {
				continue
			}
			for _, word := range strings.Fields(line) {
				if strings.ContainsFunc(word, unicode.IsLetter) && !strings.HasPrefix(word, "http") {
					n++
				}
			}
		}
		assert.LessOrEqual(t, n, 40, name)
	}
}

func TestLettersJoinNamesAsFrenchDoes(t *testing.T) {
	wrong := regexp.MustCompile(`\b[Dd]e (le|les) (collège|lycée)|\bà (le|les) (collège|lycée)|\bde [AEIOUÉ]|\((le|la|l') ?(collège|lycée)|avant (lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)`)
	for name, v := range variants() {
		v.facts.Requester, v.facts.By, v.facts.Givers = "Élodie Zola", "Alain Roux", "Alain Roux ou Ines Blanc"
		message, err := mail.Write(v.letter, v.facts)
		require.NoError(t, err)
		assert.Empty(t, wrong.FindAllString(message.Subject+"\n"+message.Text, -1), name)
	}
}

func TestOneKeyIsSpokenOfAsOne(t *testing.T) {
	for _, letter := range []mail.Letter{mail.DeliveryAnnounced, mail.KeysReported, mail.OrdersExported} {
		facts := story()
		facts.Total, facts.Free = 1, 1
		message, err := mail.Write(letter, facts)
		require.NoError(t, err)
		assert.NotRegexp(t, `(?i)\b(ces clefs|les commandes|les aurez|elles iront)`, message.Text, letter)
	}
}

func TestWhatPeopleWroteStaysText(t *testing.T) {
	facts := story()
	facts.Need = "<script>alert(1)</script>\r\nBcc: tous@ac-exemple.fr\n\n[Cliquez ici]\u202e {{.Link}}"
	facts.Requester = "Léa\nMartin <b>"
	message, err := mail.Write(mail.Asked, facts)
	require.NoError(t, err)
	assert.Equal(t, "Léa Martin <b> demande une clef", message.Subject)
	assert.Contains(t, message.HTML, "&lt;script&gt;alert(1)&lt;/script&gt; Bcc: tous@ac-exemple.fr [Cliquez ici] {{.Link}}")
	assert.NotContains(t, message.HTML, "<script")
	assert.NotContains(t, message.HTML, "<b>")
	assert.NotContains(t, message.Text, "\nBcc:")
	assert.NotContains(t, message.Text, "\n[Cliquez")
	assert.NotContains(t, message.Text+message.HTML, "\u202e")
}

// Who reads a mail sets nothing in a machine's environment.
func TestNoMailNamesASettingOfTheMachine(t *testing.T) {
	for name, v := range variants() {
		message, err := mail.Write(v.letter, v.facts)
		require.NoError(t, err)
		assert.NotContains(t, message.Text+message.HTML, "OKEY_", name)
	}
}

func TestAnUnknownLetterIsAnError(t *testing.T) {
	_, err := mail.Write("nothing", mail.Facts{})
	require.ErrorContains(t, err, "no words")
}

// Whatever somebody calls themselves or writes as their need stays a text: no markup in the HTML, no line of its own in the subject.
func TestWhatPeopleWriteStaysATextInLetters(t *testing.T) {
	const hostile = "Zoé\r\nBcc: tous@ac-exemple.fr\r\n\r\n<script>alert(1)</script><a href=\"https://ailleurs.fr\">{{.Link}}</a>"
	for name, v := range variants() {
		f := v.facts
		f.Requester, f.School, f.Need, f.Comment, f.By, f.Givers, f.Other = hostile, hostile, hostile, hostile, hostile, hostile, hostile
		for i := range f.Items {
			f.Items[i].Requester, f.Items[i].School, f.Items[i].Kind, f.Items[i].Address = hostile, hostile, hostile, hostile
		}
		message, err := mail.Write(v.letter, f)
		require.NoError(t, err, name)
		assert.NotContains(t, message.Subject, "\n", name)
		assert.NotContains(t, message.Subject, "\r", name)
		assert.NotContains(t, message.HTML, "<script", name)
		assert.NotContains(t, message.HTML, `href="https://ailleurs.fr"`, name)
		assert.NotRegexp(t, `(?m)^Bcc:`, message.Text, name)
	}
}

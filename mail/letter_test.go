package mail_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"okey/mail"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the mails of testdata anew")

func TestEveryMailReadsAsItDid(t *testing.T) {
	for _, v := range mail.Samples() {
		t.Run(v.Name, func(t *testing.T) {
			message, err := mail.Write(v.Letter, v.Facts)
			require.NoError(t, err)
			matches(t, v.Name+".txt", "Objet : "+message.Subject+"\n\n"+message.Text)
			matches(t, v.Name+".html", message.HTML)
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

func TestEveryGoldenFileHasItsSample(t *testing.T) {
	held := map[string]bool{}
	for _, v := range mail.Samples() {
		held[filepath.Join("testdata", v.Name+".txt")], held[filepath.Join("testdata", v.Name+".html")] = true, true
	}
	files, err := filepath.Glob("testdata/*")
	require.NoError(t, err)
	for _, file := range files {
		assert.True(t, held[file], "%s is no sample's any more", file)
	}
	assert.Len(t, files, len(held))
}

// usual are the facts of a letter's first sample.
func usual(letter mail.Letter) mail.Facts {
	all := mail.Samples()
	return all[slices.IndexFunc(all, func(s mail.Sample) bool { return s.Letter == letter })].Facts
}

// The rule of section 3's table: a mail has one button with one link, and forty words besides what people wrote and the lists.
func TestAMailHasOneLinkAndFortyWords(t *testing.T) {
	quoted := regexp.MustCompile(`« [^»]* »`)
	for _, v := range mail.Samples() {
		message, err := mail.Write(v.Letter, v.Facts)
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(message.Text, "http"), v.Name)
		assert.Equal(t, 1, strings.Count(message.HTML, "href="), v.Name)
		assert.Contains(t, message.HTML, `href="`+v.Facts.Link+`"`, v.Name)

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
		assert.LessOrEqual(t, n, 40, v.Name)
	}
}

// What a letter says at its end must not contradict what it said first.
func TestALetterDoesNotContradictItself(t *testing.T) {
	for said, never := range map[string]string{
		"n'a pas répondu à temps|Personne n'a répondu à temps": "retourne au stock",
		"^Objet : Votre clef n° [0-9]+ a expiré":               "vous reste jusqu'à la remise|vous ne pourrez plus",
		"^Objet : 1 demande attend votre réponse":              "ensemble",
		"a expiré le": "L'ancienne clef sert",
	} {
		first, otherwise, met := regexp.MustCompile(said), regexp.MustCompile(never), false
		for _, v := range mail.Samples() {
			message, err := mail.Write(v.Letter, v.Facts)
			require.NoError(t, err)
			if text := "Objet : " + message.Subject + "\n" + message.Text; first.MatchString(text) {
				met = true
				assert.NotRegexp(t, otherwise, text, v.Name)
			}
		}
		assert.True(t, met, "%s: said nowhere", said)
	}
	for _, v := range mail.Samples() {
		message, err := mail.Write(v.Letter, v.Facts)
		require.NoError(t, err)
		if strings.Contains(message.Text, "Passé ce délai") {
			assert.Contains(t, message.Text, "jusqu'au", "%s: no delay was named", v.Name)
		}
	}
}

// The desk has a refused mail sent again once its address is right: the letter that tells of it leads there.
func TestSupportReadsThatARefusedMailCanBeSentAgain(t *testing.T) {
	message, err := mail.Write(mail.Bounced, usual(mail.Bounced))
	require.NoError(t, err)
	assert.Contains(t, message.Text, "Faites corriger l'adresse dans l'annuaire, puis renvoyez-le")
}

func TestLettersJoinNamesAsFrenchDoes(t *testing.T) {
	wrong := regexp.MustCompile(`\b[Dd]e (le|les) (collège|lycée)|\bà (le|les) (collège|lycée)|\bde [AEIOUÉ]|\((le|la|l') ?(collège|lycée)|avant (lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)`)
	for _, v := range mail.Samples() {
		v.Facts.Requester, v.Facts.By, v.Facts.Givers = "Élodie Zola", "Alain Roux", "Alain Roux ou Ines Blanc"
		message, err := mail.Write(v.Letter, v.Facts)
		require.NoError(t, err)
		assert.Empty(t, wrong.FindAllString(message.Subject+"\n"+message.Text, -1), v.Name)
	}
}

func TestOneKeyIsSpokenOfAsOne(t *testing.T) {
	for _, letter := range []mail.Letter{mail.DeliveryAnnounced, mail.KeysReported, mail.OrdersExported} {
		facts := usual(letter)
		facts.Total, facts.Free = 1, 1
		message, err := mail.Write(letter, facts)
		require.NoError(t, err)
		assert.NotRegexp(t, `(?i)\b(ces clefs|les commandes|les aurez|elles iront)`, message.Text, letter)
	}
}

// Support looks at made-up mails to know what people read: they must be such as OKEY could send.
func TestSamplesSayWhatCanHappen(t *testing.T) {
	for _, sample := range mail.Samples() {
		message, err := mail.Write(sample.Letter, sample.Facts)
		require.NoError(t, err)
		switch sample.Letter {
		case mail.Refused:
			assert.Contains(t, message.Text, "« Passez me voir »", "nobody refuses without a word")
		case mail.Attached:
			listed := strings.Contains(message.Text, "Voici ce qui y attend.")
			assert.Equal(t, listed, strings.Contains(message.Text, "comme adjoint"), "%s: nothing awaits a member of staff", sample.Name)
		case mail.KeysExpire:
			assert.NotContains(t, message.Text, "expire le lundi 23 novembre", "%s: that was yesterday", sample.Name)
		case mail.RemindCharter:
			assert.NotContains(t, message.Subject, "avant", "%s: the last day counts", sample.Name)
		case mail.OrderLate:
			assert.Contains(t, message.Text, "/assistance/etablissements/", "it is about a school")
		case mail.OwnHandover:
			assert.NotContains(t, message.Text, "Léa Martin (0061565U)", "a person is no school")
		}
	}
}

func TestWhatPeopleWroteStaysText(t *testing.T) {
	facts := usual(mail.Asked)
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
	for _, v := range mail.Samples() {
		message, err := mail.Write(v.Letter, v.Facts)
		require.NoError(t, err)
		assert.NotContains(t, message.Text+message.HTML, "OKEY_", v.Name)
	}
}

func TestAnUnknownLetterIsAnError(t *testing.T) {
	_, err := mail.Write("nothing", mail.Facts{})
	require.ErrorContains(t, err, "no words")
}

// Whatever somebody calls themselves or writes as their need stays a text: no markup in the HTML, no line of its own in the subject.
func TestWhatPeopleWriteStaysATextInLetters(t *testing.T) {
	const hostile = "Zoé\r\nBcc: tous@ac-exemple.fr\r\n\r\n<script>alert(1)</script><a href=\"https://ailleurs.fr\">{{.Link}}</a>"
	for _, v := range mail.Samples() {
		f := v.Facts
		f.Requester, f.School, f.Need, f.Comment, f.By, f.Givers, f.Other = hostile, hostile, hostile, hostile, hostile, hostile, hostile
		for i := range f.Items {
			f.Items[i].Requester, f.Items[i].School, f.Items[i].Kind, f.Items[i].Address = hostile, hostile, hostile, hostile
		}
		message, err := mail.Write(v.Letter, f)
		require.NoError(t, err, v.Name)
		assert.NotContains(t, message.Subject, "\n", v.Name)
		assert.NotContains(t, message.Subject, "\r", v.Name)
		assert.NotContains(t, message.HTML, "<script", v.Name)
		assert.NotContains(t, message.HTML, `href="https://ailleurs.fr"`, v.Name)
		assert.NotRegexp(t, `(?m)^Bcc:`, message.Text, v.Name)
	}
}

package mail_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"okey/mail"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func write(t require.TestingT, letter mail.Letter, facts mail.Facts) mail.Message {
	message, err := mail.Write(letter, facts)
	require.NoError(t, err)
	return message
}

// The rule of section 3's table: a mail has one button with one link, and forty words besides what people wrote and the lists.
func TestAMailHasOneLinkAndFortyWords(t *testing.T) {
	quoted := regexp.MustCompile(`« [^»]* »`)
	for _, v := range mail.Samples() {
		message := write(t, v.Letter, v.Facts)
		assert.Equal(t, 1, strings.Count(message.Text, "http"), v.Name)
		assert.Contains(t, message.Text, " : "+v.Facts.Link+"\n", v.Name)

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
			message := write(t, v.Letter, v.Facts)
			if text := "Objet : " + message.Subject + "\n" + message.Text; first.MatchString(text) {
				met = true
				assert.NotRegexp(t, otherwise, text, v.Name)
			}
		}
		assert.True(t, met, "%s: said nowhere", said)
	}
	for _, v := range mail.Samples() {
		message := write(t, v.Letter, v.Facts)
		if strings.Contains(message.Text, "Passé ce délai") {
			assert.Contains(t, message.Text, "jusqu'au", "%s: no delay was named", v.Name)
		}
	}
}

func TestLettersJoinNamesAsFrenchDoes(t *testing.T) {
	wrong := regexp.MustCompile(`\b[Dd]e (le|les) (collège|lycée)|\bà (le|les) (collège|lycée)|\bde [AEIOUÉ]|` +
		`\((le|la|l') ?(collège|lycée)|avant (lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)`)
	for _, v := range mail.Samples() {
		v.Facts.Requester, v.Facts.By, v.Facts.Givers = "Élodie Zola", "Alain Roux", "Alain Roux ou Ines Blanc"
		message := write(t, v.Letter, v.Facts)
		assert.Empty(t, wrong.FindAllString(message.Subject+"\n"+message.Text, -1), v.Name)
	}
}

// Support looks at made-up mails to know what people read: they must be such as OKEY could send.
func TestSamplesSayWhatCanHappen(t *testing.T) {
	for _, v := range mail.Samples() {
		switch v.Letter {
		case mail.Refused:
			assert.NotEmpty(t, v.Facts.Comment, "nobody refuses without a word")
		case mail.Attached:
			approves := v.Facts.Function != okey.Staff.French()
			assert.Equal(t, approves, len(v.Facts.Items) > 0, "%s: nothing awaits a member of staff", v.Name)
		case mail.KeysExpire:
			for _, key := range v.Facts.Items {
				assert.Equal(t, key.Since == "lundi 23 novembre", key.Ended, "%s: that was yesterday", v.Name)
			}
		case mail.OrderLate:
			assert.Contains(t, v.Facts.Link, "/assistance/etablissements/", "it is about a school")
		}
	}
}

// Who reads a mail sets nothing in a machine's environment.
func TestNoMailNamesASettingOfTheMachine(t *testing.T) {
	for _, v := range mail.Samples() {
		message := write(t, v.Letter, v.Facts)
		assert.NotContains(t, message.Text+message.HTML, "OKEY_", v.Name)
	}
}

func TestAnUnknownLetterIsAnError(t *testing.T) {
	_, err := mail.Write("nothing", mail.Facts{})
	require.ErrorContains(t, err, "no words")
}

// Whatever somebody calls themselves or writes as their need stays a text: no markup, no line of its own, no turned writing.
func TestWhatPeopleWriteStaysText(t *testing.T) {
	const hostile = "Zoé\r\nBcc: tous@ac-exemple.fr\r\n\r\n[Cliquez ici]\u202e <script>alert(1)</script>" +
		`<a href="https://ailleurs.fr">{{.Link}}</a>`
	for _, v := range mail.Samples() {
		f := v.Facts
		for _, written := range []*string{&f.Requester, &f.School, &f.Need, &f.Comment, &f.By, &f.Givers, &f.Other} {
			*written = hostile
		}
		for i := range f.Items {
			f.Items[i].Requester, f.Items[i].School, f.Items[i].Kind, f.Items[i].Address = hostile, hostile, hostile, hostile
		}
		message := write(t, v.Letter, f)
		assert.NotRegexp(t, "[\r\n]", message.Subject, v.Name)
		assert.NotRegexp(t, `<script|<a href="https://ailleurs`, message.HTML, v.Name)
		assert.NotRegexp(t, `(?m)^(Bcc:|\[Cliquez)`, message.Text, v.Name)
		assert.NotContains(t, message.Subject+message.Text+message.HTML, "\u202e", v.Name)
		partsAgree(t, message, v.Name)
		if v.Letter == mail.Asked {
			assert.Contains(t, message.Text, "« Zoé Bcc: tous@ac-exemple.fr [Cliquez ici] <script>alert(1)</script>"+
				`<a href="https://ailleurs.fr">{{.Link}}</a> »`, "all of it, word for word")
		}
	}
}

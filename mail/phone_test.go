package mail_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"okey/mail"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A mail is read on a phone between two lessons: what is held here is that it can be.

func TestSubjectsFitAPhoneWhateverPeopleAreCalled(t *testing.T) {
	name := rapid.StringMatching(`[A-ZÉ][a-zéï]{1,14}([ '-][A-Za-zé]{1,14}){0,7}`)
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(mail.Samples()).Draw(t, "letter")
		f := v.Facts
		f.Requester, f.School, f.Other = name.Draw(t, "requester"), "le "+name.Draw(t, "school"), "le "+name.Draw(t, "other")
		f.Items = append([]mail.Item{}, f.Items...)
		for i := range f.Items {
			f.Items[i].Requester, f.Items[i].Address = name.Draw(t, "item"), name.Draw(t, "mail")+"@ac-exemple.fr"
		}
		message := write(t, v.Letter, f)
		if n := utf8.RuneCountInString(message.Subject); n > 60 {
			t.Fatalf("%s: %d letters: %s", v.Name, n, message.Subject)
		}
	})
}

func TestALongNameIsCutInTheSubjectAlone(t *testing.T) {
	const school = "le lycée polyvalent privé Notre-Dame-de-la-Providence et Saint-Joseph"
	message := write(t, mail.DecisionLate, mail.Facts{School: school})
	assert.Equal(t, "Sans réponse malgré nos rappels : le lycée polyvalent privé…", message.Subject)
	assert.Contains(t, message.Text, school)
}

func TestASubjectSaysSomethingOfItsOwn(t *testing.T) {
	said := map[string]mail.Letter{}
	for _, v := range mail.Samples() {
		message := write(t, v.Letter, v.Facts)
		other, taken := said[message.Subject]
		assert.False(t, taken && other != v.Letter && !alike[message.Subject], "%s and %s: %s", other, v.Letter, message.Subject)
		said[message.Subject] = v.Letter
	}
}

// alike are subjects that two letters share, to different readers, of the same matter.
var alike = map[string]bool{"Personne ne peut répondre : le collège L'Archet": true}

func TestMailsKeepFrenchTypography(t *testing.T) {
	wrong := regexp.MustCompile(`["’“”]|\.\.\.|[^ \x{a0}][;?!»]|[^ \x{a0}0-9sp]:|«[^ \x{a0}]|` +
		`[a-z]\(|  | [,.]|\.\.|\(s\)|{{|}}|<no value>|%!`)
	for _, v := range mail.Samples() {
		message := write(t, v.Letter, v.Facts)
		assert.Empty(t, wrong.FindAllString(message.Subject+"\n"+message.Text, -1), v.Name)
	}
}

func TestTheLayoutIsReadByScreenReadersAndInTheDark(t *testing.T) {
	content, err := os.ReadFile("layout.html")
	require.NoError(t, err)
	layout := string(content)
	assert.Contains(t, layout, `<html lang="fr">`)
	assert.Equal(t, strings.Count(layout, "<table"), strings.Count(layout, `<table role="presentation"`),
		"tables here are no tables of anything")
	assert.Contains(t, layout, `<meta name="color-scheme" content="light dark">`)
	assert.NotContains(t, layout, "<img")
	assert.NotRegexp(t, `url\(|@import|https?:`, layout)
	for _, pair := range [][2]string{
		{"#1b1b1b", "#ffffff"}, {"#4b5563", "#ffffff"}, {"#ffffff", "#1f3a8a"}, // by day
		{"#f3f4f6", "#23262d"}, {"#c9ced6", "#23262d"}, {"#111a3d", "#b4c4f8"}, // in the dark
	} {
		for _, colour := range pair {
			assert.Contains(t, layout, colour)
		}
		assert.GreaterOrEqual(t, contrast(t, pair[0], pair[1]), 7.0, fmt.Sprint(pair))
	}
}

// contrast is WCAG's ratio of two colours.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	light, dark := luminance(t, a), luminance(t, b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		part, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		require.NoError(t, err)
		c := float64(part) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestTheAcademySignsItsMails(t *testing.T) {
	message := write(t, mail.Asked, mail.Facts{Academy: "Académie d'Exemple"})
	assert.Contains(t, message.Text, "-- \nAcadémie d'Exemple · OKEY, les clefs OTP")
}

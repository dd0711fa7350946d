package okey_test

import (
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestWhatNobodySeesIsTakenOutOfTexts(t *testing.T) {
	for typed, want := range map[string]string{
		"Léa\u202e nitraM\u202c":                  "Léa nitraM",
		"\u2066Roux\u2069":                        "Roux",
		"Ma\u200brtin\u200d\u2060\ufeff":          "Martin",
		"Mar\u00adtin":                            "Martin",
		"Blanc\U000e0041\ufe0f\u034f\u180e\u3164": "Blanc",
		"Le\u0301a":                               "Léa",
		"\u2800\u200b":                            " ",
		"une\u2028deux\u2029trois\u0085":          "une\ndeux\ntrois\n",
	} {
		assert.Equal(t, want, okey.Visible(typed), "%+q", typed)
	}
}

func TestNamesStayAsTheirPeopleWriteThem(t *testing.T) {
	for _, name := range []string{
		"D'Aubigné", "L’Haÿ-les-Roses", "Jean‑Luc", "Nguyễn", "Ŋúñez‐Łoś", "Müller–Çelik", "عبد الله", "משה", "王小明", "Δημήτρης", "N’Diaye", "Kayⁿ", "François 👩",
		"Étienne\u00a0de la Tour",
	} {
		assert.Equal(t, name, okey.Visible(name))
		assert.True(t, okey.HidesNothing(name))
	}
	assert.Equal(t, "Léa Martin", okey.VisibleLine("\t Léa\r\n\x00Martin\u200e "))
	assert.True(t, okey.HidesNothing("le\u0301a"))
	assert.False(t, okey.HidesNothing("lea\u200b"))
}

func TestACleanTextStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := okey.Visible(rapid.String().Draw(t, "text"))
		assert.Equal(t, text, okey.Visible(text))
		assert.True(t, okey.HidesNothing(text))
		line := okey.VisibleLine(text)
		assert.Equal(t, line, okey.VisibleLine(line))
	})
}

func TestCommentsAndNeedsAreCleanedBeforeTheyAreCounted(t *testing.T) {
	text, err := okey.CheckText("comment", "non\u202e merci\u2028fin\u200b", true)
	assert.NoError(t, err)
	assert.Equal(t, "non merci\nfin", text)
	_, err = okey.CheckText("need", "\u200b\u2060", true)
	assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), "nothing that can be read was written")
}

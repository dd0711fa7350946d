package okey_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestANeedIsOneSentenceOfWhatIsTickedAndWritten(t *testing.T) {
	for _, test := range []struct {
		ticked []string
		text   string
		need   string
	}{
		{nil, "saisie des absences", "saisie des absences"},
		{[]string{"direction"}, "", "Direction de l'établissement"},
		{[]string{"examens", "secretariat"}, " je remplace Mme Petit ", "Secrétariat, examens (Cyclades) : je remplace Mme Petit"},
		{[]string{"eleves", "autre"}, "bourses", "Élèves et scolarité (SIECLE, livret scolaire) : bourses"},
		{[]string{"autre", "inconnu"}, "bourses", "bourses"},
	} {
		need, err := okey.NeedOf(test.ticked, test.text)
		require.NoError(t, err)
		assert.Equal(t, test.need, need)
	}
}

func TestANeedSaysSomethingAndFitsItsRow(t *testing.T) {
	var every []string
	for _, use := range okey.Uses() {
		every = append(every, use.Code)
	}
	for name, test := range map[string]struct {
		ticked []string
		text   string
		says   string
	}{
		"nothing":       {nil, " \n", "Cochez au moins une case"},
		"another thing": {[]string{okey.UseOther}, "", "dites en quelques mots"},
		"too long":      {nil, strings.Repeat("é", okey.MaxText+1), "501 caractères, 500 au plus"},
		"both too long": {[]string{"examens"}, strings.Repeat("é", okey.MaxText-20), "480 caractères, 479 au plus avec ce que vous " +
			"avez coché"},
	} {
		_, err := okey.NeedOf(test.ticked, test.text)
		require.Error(t, err, name)
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), name)
		assert.Contains(t, okey.ErrorMessage(err), test.says, name)
	}
	need, err := okey.NeedOf(every, strings.Repeat("é", 200))
	require.NoError(t, err, "everything ticked leaves room for words")
	assert.LessOrEqual(t, utf8.RuneCountInString(need), okey.MaxText)
}

package mail

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAMailWithoutASubjectYetHasAFrenchNameAllTheSame(t *testing.T) {
	assert.Equal(t, "Votre clef vous attend", NameOf(KeyToHandOver, "Votre clef vous attend"))
	for _, entry := range Register {
		name := NameOf(entry.Letter, "")
		assert.NotContains(t, name, string(entry.Letter))
		assert.NotEqual(t, "Pas encore écrit", name)
	}
	assert.Equal(t, "Pas encore écrit (quand l'assistance déplace des clefs)", NameOf(KeysMoved, ""),
		"what is no subject does not look like one")
	assert.Equal(t, "Pas encore écrit (à chaque demande qui attend une réponse)", NameOf(Asked, ""))
	assert.Equal(t, "Pas encore écrit", NameOf("brand_new", ""))
}

func TestTheRegisterHasEveryLetterOnce(t *testing.T) {
	entries := map[Letter]bool{}
	for _, entry := range Register {
		assert.False(t, entries[entry.Letter], "%s is there twice", entry.Letter)
		assert.NotEmpty(t, entry.Reader, entry.Letter)
		assert.True(t, strings.HasSuffix(entry.When, "."), entry.Letter)
		entries[entry.Letter] = true
	}
	for letter := range letters {
		assert.True(t, entries[letter], "%s has words, but no line in the register", letter)
	}
	assert.Len(t, entries, len(letters))
}

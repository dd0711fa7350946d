package guard

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"okey/okey"
)

func TestMarkupIsSeenAcrossTheSeamsOfReading(t *testing.T) {
	m := markupOf(sheetRole)
	var err error
	for _, b := range []byte(`<row r="12"><x:c s="1" r="AB12"><x:f>1+1</x:f></x:c>`) {
		if _, err = m.Write([]byte{b}); err != nil {
			break
		}
	}
	assert.Contains(t, okey.ErrorMessage(err), "la cellule AB12")
}

func TestAFormulaHidesBehindNoWhiteSpace(t *testing.T) {
	for _, tag := range []string{"<f>", "<f t=\"shared\">", "<f\tt=\"shared\">", "<f\nt=\"shared\">", "<f\r\n>", "<f/>", "<x:f\t/>"} {
		m := markupOf(sheetRole)
		_, err := m.Write([]byte(`<row r="2"><c r="A2">` + tag))
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), "%q", tag)
	}
}

func markupOf(r role) *markup {
	return &markup{name: "fichier", limits: Limits{Rows: 1_000, Elements: 1_000}, role: r, used: &usage{}}
}

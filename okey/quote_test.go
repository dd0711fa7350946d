package okey_test

import (
	"strings"
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
)

func TestAMessageQuotesNoSecret(t *testing.T) {
	const seed, base32 = "3132333435363738393031323334353637383930", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for text, want := range map[string]string{
		"2600000000001  " + seed:        "2600000000001  …",
		"2600000000001:" + seed + "|30": "2600000000001:…|30",
		seed:                            "…",
		"otpauth://totp/OKEY:lea?secret=" + base32 + "&digits=6":          "otpauth://totp/OKEY:lea?secret=…&digits=…",
		"2600000000001 3132 3334 3536 3738 3930 3132 3334 3536 3738 3930": "2600000000001 …",
		"numero_de_serie lot":                              "numero_de_serie lot",
		"ETABLISSEMENTSDELAREGION":                         "ETABLISSEMENTSDELAREGION",
		"Lycée Léopold Sédar Senghor de la rue des Écoles": "Lycée Léopold Sédar Senghor de la rue de…",
	} {
		assert.Equal(t, want, okey.Quote(text))
	}
	for _, long := range []string{strings.Repeat("é", 395), strings.Repeat("clef ", 76)} {
		quoted := okey.Quote(long + " " + seed + strings.Repeat(seed, 400))
		assert.NotContains(t, quoted, "3132")
		assert.LessOrEqual(t, len([]rune(quoted)), 41)
	}
}

func TestACodeOrADateThatIsNoneIsQuotedWithoutItsSecret(t *testing.T) {
	const seed = "3132333435363738393031323334353637383930"
	_, uai := okey.ParseUAI(seed)
	_, day := okey.ParseDay("31/12/2030 " + seed)
	_, serial := okey.ParseSerial("2600000000001 / " + seed)
	for _, err := range []error{uai, day, serial} {
		assert.Error(t, err)
		assert.NotContains(t, okey.ErrorMessage(err), seed[:8])
	}
}

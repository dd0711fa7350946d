package okey_test

import (
	"slices"
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// However often and in whichever order keys are scanned, the inventory is the same, and each finding is what it says.
func TestAnInventoryDoesNotDependOnTheOrderOfScanning(t *testing.T) {
	const here, there = okey.UAI("0069001B"), okey.UAI("0069002C")
	rapid.Check(t, func(t *rapid.T) {
		serials := rapid.SliceOfN(rapid.Map(rapid.StringMatching(`0?[0-9]`), func(s string) okey.Serial { return okey.Serial(s) }), 0, 20)
		known := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) okey.Key {
			return okey.Key{
				Serial: okey.Serial(
					rapid.StringMatching(`0?[0-9]`).Draw(t, "serial"),
				),
				UAI:   rapid.SampledFrom([]okey.UAI{here, there}).Draw(t, "uai"),
				State: rapid.SampledFrom(okey.KeyStates()).Draw(t, "state"),
			}
		}), 0, 15, func(k okey.Key) okey.Serial { return k.Serial }).Draw(t, "known")
		typed := serials.Draw(t, "typed")
		lines := okey.CompareInventory(here, typed, known)
		again := rapid.Permutation(append(slices.Clone(typed), typed...)).Draw(t, "scanned twice, in another order")
		require.Equal(t, lines, okey.CompareInventory(here, again, known))

		keys := map[okey.Serial]okey.Key{}
		for _, k := range known {
			keys[k.Serial] = k
		}
		proposed := okey.ProposeSerials(here, lines, known)
		for _, line := range lines {
			k, isKnown := keys[line.Serial]
			require.Equal(t, isKnown && k.UAI != here, line.Finding == okey.FoundElsewhere)
			require.Equal(t, isKnown && k.UAI == here && !k.State.InDrawer(), line.Finding == okey.Unexpected)
			var near []okey.Serial
			for _, k := range known {
				if line.Finding == okey.FoundUnknown && k.UAI == here && line.Serial.LooseEqual(k.Serial) {
					near = append(near, k.Serial)
				}
			}
			assert.ElementsMatch(t, near, proposed[line.Serial])
		}
	})
}

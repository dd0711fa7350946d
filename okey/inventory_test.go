package okey_test

import (
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Each key typed, and each key that should lie there, has one line; nothing else has.
func TestAnInventoryNamesEachKeyOnce(t *testing.T) {
	const here, there = okey.UAI("0069001B"), okey.UAI("0069002C")
	rapid.Check(t, func(t *rapid.T) {
		known := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) okey.Key {
			return okey.Key{
				Serial: okey.Serial(
					rapid.StringMatching(`[0-9]{2}`).Draw(t, "serial"),
				),
				UAI:   rapid.SampledFrom([]okey.UAI{here, there}).Draw(t, "uai"),
				State: rapid.SampledFrom(okey.KeyStates()).Draw(t, "state"),
			}
		}), 0, 30, func(k okey.Key) okey.Serial { return k.Serial }).Draw(t, "known")
		typed := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) okey.Serial {
			return okey.Serial(rapid.StringMatching(`[0-9]{2}`).Draw(t, "typed"))
		}), 0, 30).Draw(t, "typed")
		wanted := map[okey.Serial]bool{}
		was := map[okey.Serial]bool{}
		for _, s := range typed {
			wanted[s], was[s] = true, true
		}
		keys := map[okey.Serial]okey.Key{}
		for _, k := range known {
			keys[k.Serial] = k
			if k.UAI == here && k.State.InDrawer() {
				wanted[k.Serial] = true
			}
		}
		lines := okey.CompareInventory(here, typed, known)
		require.Len(t, lines, len(wanted))
		for _, line := range lines {
			require.True(t, wanted[line.Serial])
			k, isKnown := keys[line.Serial]
			should := isKnown && k.UAI == here && k.State.InDrawer()
			require.Equal(t, was[line.Serial] && should, line.Finding == okey.Found)
			require.Equal(t, !was[line.Serial] && should, line.Finding == okey.Missing)
			require.Equal(t, !isKnown, line.Finding == okey.FoundUnknown)
		}
	})
}

func TestSerialsAreReadAsTheyAreScanned(t *testing.T) {
	serials, unreadable := okey.ReadSerials("0048-0001\n00480002\r\n00480001; ab12,é!\n\n")
	assert.Equal(t, []okey.Serial{"00480001", "00480002", "AB12"}, serials)
	assert.Equal(t, []string{"é!"}, unreadable)

	serials, unreadable = okey.ReadSerials("shp 00001\n0048\u00a00003\n00480004 00480005\n")
	assert.Equal(
		t,
		[]okey.Serial{"SHP00001", "00480003", "00480004", "00480005"},
		serials,
		"a space is part of a number as it is printed, and parts whole ones",
	)
	assert.Empty(t, unreadable)
}

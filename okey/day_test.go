package okey_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"okey/okey"
)

// waysToWrite are the forms of a day that people and their files use: %[1]d is the year.
var waysToWrite = []string{
	"%02[3]d/%02[2]d/%04[1]d",
	"%[3]d/%[2]d/%04[1]d",
	"%02[3]d-%02[2]d-%04[1]d",
	"%[3]d.%[2]d.%04[1]d",
	"%04[1]d-%02[2]d-%02[3]d",
	"%04[1]d/%[2]d/%[3]d",
	" %02[3]d/%02[2]d/%04[1]d ",
	"%02[3]d/%02[2]d/%04[1]d 00:00",
	"%04[1]d-%02[2]d-%02[3]dT09:12:00Z",
}

func TestADayIsReadInEachWayToWriteIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := okey.NewDay(2027, time.January, 1).AddDays(rapid.IntRange(-700_000, 2_900_000).Draw(t, "days away"))
		y, m, d := day.Time().Date()
		written := fmt.Sprintf(rapid.SampledFrom(waysToWrite).Draw(t, "way"), y, m, d)
		read, err := okey.ParseDay(written)
		require.NoError(t, err)
		require.Equal(t, day, read, "%q", written)
	})
}

func TestADayThatIsOnNoCalendarIsNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, m, d := rapid.IntRange(0, 9999).Draw(t, "y"), rapid.IntRange(0, 99).Draw(t, "m"), rapid.IntRange(0, 99).Draw(t, "d")
		at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
		there := at.Year() == y && int(at.Month()) == m && at.Day() == d
		_, err := okey.ParseDay(fmt.Sprintf(rapid.SampledFrom(waysToWrite).Draw(t, "way"), y, m, d))
		require.Equal(t, there, err == nil, err)
		if err != nil {
			require.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
			require.ErrorContains(t, err, "n'existe pas au calendrier")
		}
	})
}

// Whatever is typed, and taken for a day, is that day however OKEY writes it afterwards.
func TestWhateverIsReadAsADayIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ 0-9/.T:-]{0,20}`)).Draw(t, "text")
		day, err := okey.ParseDay(text)
		if err != nil {
			require.Zero(t, day)
			require.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
			return
		}
		again, err := okey.ParseDay(day.Time().Format(time.DateOnly))
		require.NoError(t, err)
		require.Equal(t, day, again)
	})
}

func TestWhatIsNoDaySaysWhatToWrite(t *testing.T) {
	for text, said := range map[string]string{
		"31/12/27": "sur quatre chiffres", "31/02/2027": "n'existe pas", "12/31/2027": "n'existe pas", "0/1/2027": "n'existe pas",
		"": "31/12/2027", "2027": "31/12/2027", "demain": "31/12/2027", "46752": "31/12/2027", "31/12/2027 09:12": "31/12/2027", "١/١/٢٠٢٧": "31/12/2027",
	} {
		_, err := okey.ParseDay(text)
		assert.ErrorContains(t, err, said, text)
	}
}

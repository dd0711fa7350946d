package spreadsheet_test

import (
	"testing"
	"time"

	"okey/internal/spreadsheet"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInstantsAreReadAsServersAndSpreadsheetsWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"24/11/2026 09:12":              "2026-11-24T08:12:00Z",
		"4/7/2026 9:12":                 "2026-07-04T07:12:00Z", // summer
		"24/11/2026 09:12:33":           "2026-11-24T08:12:33Z",
		"24/11/2026 à 9 h 12":           "2026-11-24T08:12:00Z",
		"24-11-2026 9h12":               "2026-11-24T08:12:00Z",
		"24/11/2026":                    "2026-11-23T23:00:00Z",
		"2026-11-24":                    "2026-11-23T23:00:00Z",
		"2026-11-24 09:12:33":           "2026-11-24T08:12:33Z",
		"2026-11-24T09:12:33.250":       "2026-11-24T08:12:33.25Z",
		"2026-11-24T09:12:33Z":          "2026-11-24T09:12:33Z",
		"2026-11-24t09:12:33z":          "2026-11-24T09:12:33Z",
		"2026-11-24 09:12:33 UTC":       "2026-11-24T09:12:33Z",
		"2026-11-24T09:12:33-05:00":     "2026-11-24T14:12:33Z",
		"2026-11-24 09:12:33.123456+01": "2026-11-24T08:12:33.123456Z", // PostgreSQL
		"2026-11-24T09:12:33+0530":      "2026-11-24T03:42:33Z",
		"2016-12-31T23:59:60Z":          "2017-01-01T00:00:00Z", // a leap second
		"46350.383333333331":            "2026-11-24T08:12:00Z", // Excel
		"46350":                         "2026-11-23T23:00:00Z",
	} {
		at, err := spreadsheet.ParseInstant(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, at.In(okey.ZoneOf("")).Format(time.RFC3339Nano), text)
	}
	for _, text := range []string{
		"", "demain", "24/11/26 09:12", "31/02/2026 09:12", "24/11/2026 24:12", "24/11/2026 09:60", "2026-11-24T09:12:61Z",
		"2026-11-24T09:12+25:00", "1234567890", "12345",
		"24/11/2026 09:12 et après",
	} {
		_, err := spreadsheet.ParseInstant(text)
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), text)
	}
}

func FuzzInstant(f *testing.F) {
	f.Add("24/11/2026 à 9 h 12")
	f.Add("2026-11-24T09:12:33.5-05:00")
	f.Add("46350.38")
	f.Fuzz(func(t *testing.T, text string) {
		at, err := spreadsheet.ParseInstant(text)
		if err == nil {
			assert.LessOrEqual(t, at.In(okey.ZoneOf("")).Year(), 10000)
		}
	})
}

package calendar_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"okey/calendar"
	"okey/okey"
)

const (
	paris, lyon, normandie, reunion, martinique, mayotte, tahiti = "01", "10", "70", "28", "31", "43", "41"

	header = "description;population;start_date;end_date;location;zones;annee_scolaire\n"
)

func demonstration(t require.TestingT) *calendar.Calendar {
	c, err := calendar.Parse(calendar.Demonstration)
	require.NoError(t, err)
	return c
}

func parse(t *testing.T, lines ...string) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Parse([]byte(header + strings.Join(lines, "\n")))
	require.NoError(t, err)
	return c
}

// at reads a local time of the academy.
func at(t *testing.T, code, text string) time.Time {
	t.Helper()
	academy, ok := okey.AcademyByCode(code)
	require.True(t, ok)
	instant, err := time.ParseInLocation("2006-01-02 15:04", text, academy.Location())
	require.NoError(t, err)
	return instant
}

func TestDaysCountFromTheNextOpenDay(t *testing.T) {
	c := demonstration(t)
	for _, row := range []struct {
		why, academy, from string
		days               int
		want               string
	}{
		{"a plain week", paris, "2026-11-23 14:30", 2, "2026-11-25 14:30"},
		{"over a week-end", paris, "2026-11-27 14:30", 1, "2026-11-30 14:30"},
		{"asked on a Saturday", paris, "2026-11-28 09:00", 1, "2026-11-30 09:00"},
		{"no day, on an open day", paris, "2026-11-23 14:30", 0, "2026-11-23 14:30"},
		{"no day, on a Sunday", paris, "2026-11-29 09:00", 0, "2026-11-30 09:00"},
		{"over Armistice Day", paris, "2026-11-10 08:00", 1, "2026-11-12 08:00"},
		{"over Christmas, back on the very day of return", paris, "2026-12-18 10:00", 1, "2027-01-04 10:00"},
		{"winter holidays of zone C", paris, "2027-02-05 10:00", 1, "2027-02-22 10:00"},
		{"which zone A does not have then", lyon, "2027-02-05 10:00", 1, "2027-02-08 10:00"},
		{"winter holidays of zone A", lyon, "2027-02-12 10:00", 1, "2027-03-01 10:00"},
		{"winter holidays of zone B", normandie, "2027-02-19 10:00", 1, "2027-03-08 10:00"},
		{"the Friday after Ascension, a line of one day", paris, "2027-05-05 10:00", 1, "2027-05-10 10:00"},
		{"the whole summer, of which only the start is published", paris, "2027-07-02 10:00", 1, "2027-09-01 10:00"},
		{"the same time of day across the change of clocks", paris, "2027-03-26 10:00", 1, "2027-03-30 10:00"}, // 29: Easter Monday
	} {
		got := c.AddOpenDays(row.academy, at(t, row.academy, row.from), row.days)
		assert.Equal(t, at(t, row.academy, row.want), got, row.why)
	}
}

func TestTheAcademysClockDecidesWhichDayItIs(t *testing.T) {
	c := calendar.PublicOnly()
	mondayInParis := time.Date(2026, time.November, 30, 0, 30, 0, 0, time.UTC)
	assert.True(t, c.IsOpen(paris, mondayInParis))
	assert.False(t, c.IsOpen(tahiti, mondayInParis), "still Sunday afternoon in Papeete")
	assert.Equal(t, at(t, tahiti, "2026-11-30 14:30"), c.AddOpenDays(tahiti, mondayInParis, 1))
}

func TestPublicHolidaysOverseas(t *testing.T) {
	c := calendar.PublicOnly()
	for code, date := range map[string]string{
		reunion: "2027-12-20 10:00", martinique: "2028-05-22 10:00", mayotte: "2027-04-27 10:00", "32": "2027-05-27 10:00",
		"33": "2027-06-10 10:00",
	} {
		assert.False(t, c.IsOpen(code, at(t, code, date)), "%s in academy %s", date, code)
		assert.True(t, c.IsOpen(paris, at(t, paris, date)), "%s in Paris", date)
	}
}

func TestWithoutAFileOnlyWeekEndsAndPublicHolidaysCount(t *testing.T) {
	c, err := calendar.Load("")
	require.NoError(t, err)
	assert.Equal(t, at(t, paris, "2026-12-21 10:00"), c.AddOpenDays(paris, at(t, paris, "2026-12-18 10:00"), 1))
	_, known := c.KnownUntil(paris)
	assert.False(t, known)
}

func TestInstantsAreMidnightsOfParisOrOfTheAcademy(t *testing.T) {
	c := parse(t,
		"Vacances de la Toussaint;-;2026-10-16T22:00:00+00:00;2026-11-01T23:00:00+00:00;Paris;Zone C;2026-2027",
		"Vacances de Carnaval;-;2027-02-12T23:00:00+00:00;2027-02-21T23:00:00+00:00;Martinique;Martinique;2026-2027",
		"Vacances;-;2026-10-16T22:00:00+00:00;2026-10-20T22:00:00+00:00;Polynésie;Polynésie;2026-2027",
		"Vacances;-;2027-03-12T10:00:00+00:00;2027-03-16T10:00:00+00:00;Polynésie;Polynésie;2026-2027",
	)
	assert.Equal(t, at(t, paris, "2026-11-02 08:00"), c.AddOpenDays(paris, at(t, paris, "2026-10-16 08:00"), 1))
	assert.Equal(t, at(t, martinique, "2027-02-22 08:00"), c.AddOpenDays(martinique, at(t, martinique, "2027-02-12 08:00"), 1))
	assert.Equal(t, at(t, tahiti, "2026-10-21 08:00"), c.AddOpenDays(tahiti, at(t, tahiti, "2026-10-16 08:00"), 1))
	assert.Equal(t, at(t, tahiti, "2027-03-16 08:00"), c.AddOpenDays(tahiti, at(t, tahiti, "2027-03-11 08:00"), 1))
}

func TestAnAcademyTakesItsOwnLinesBeforeItsZones(t *testing.T) {
	c := parse(t,
		"Vacances d'Hiver;-;2027-02-13;2027-03-01;Lyon;Zone A;2026-2027",
		"Vacances d'Hiver;-;2027-02-15;2027-03-01;Dijon;Zone A;2026-2027",
		"Vacances de Noël;-;2027-12-18;2028-01-03;Lyon;Zone A;2027-2028",
	)
	assert.False(t, c.IsOpen("07", at(t, "07", "2027-02-15 10:00")))
	assert.True(t, c.IsOpen(lyon, at(t, lyon, "2027-03-01 10:00")))
	assert.False(t, c.IsOpen("03", at(t, "03", "2027-02-16 10:00")), "Besançon is not in the file: zone A is")
	assert.False(t, c.IsOpen("07", at(t, "07", "2027-12-20 10:00")), "Dijon has no line for that year: zone A has")
	assert.True(t, c.IsOpen(paris, at(t, paris, "2027-02-16 10:00")))
}

func TestReturnsToSchoolAndPrimarySchoolsCloseNothing(t *testing.T) {
	c := parse(t,
		"Prérentrée des Enseignants;Enseignants;2026-08-31;2026-08-31;Paris;Zone C;2026-2027",
		"Rentrée scolaire des élèves;Élèves;2026-09-01;2026-09-01;Paris;Zone C;2026-2027",
		"Pont;Premier degré;2026-11-23;2026-11-23;Paris;Zone C;2026-2027",
	)
	for _, date := range []string{"2026-08-31 10:00", "2026-09-01 10:00", "2026-11-23 10:00"} {
		assert.True(t, c.IsOpen(paris, at(t, paris, date)), date)
	}
}

func TestAFileThatWentThroughASpreadsheetIsRead(t *testing.T) {
	text := "Zones;Année_scolaire;Description;Population;Start_Date;End_Date;Location\r\n" +
		"Zone B;2026-2027;Vacances de Noël;-;19/12/2026;04/01/2027;Orléans-Tours\r\n;;;;;;\r\n"
	windows, err := charmap.Windows1252.NewEncoder().String(text)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "vacances.csv")
	require.NoError(t, os.WriteFile(path, []byte(windows), 0o600))
	c, err := calendar.Load(path)
	require.NoError(t, err)
	assert.False(t, c.IsOpen("18", at(t, "18", "2026-12-21 10:00")))
	until, known := c.KnownUntil("18")
	assert.True(t, known)
	assert.Equal(t, at(t, "18", "2027-01-04 00:00"), until)
}

func TestABadFileIsRefusedWithLineAndReason(t *testing.T) {
	line := func(start, end string) string {
		return header + "Vacances;-;" + start + ";" + end + ";Paris;Zone C;2026-2027\n"
	}
	for name, row := range map[string]struct{ content, want string }{
		"nothing":        {"", "vide"},
		"another header": {"a;b\n1;2\n", "start_date"},
		"no date":        {line("demain", "2027-01-04"), "ligne 2 : start_date « demain »"},
		"no end":         {line("2026-12-19", "plus tard"), "ligne 2 : end_date « plus tard »"},
		"back to front":  {line("2027-01-04", "2026-12-19"), "est-ce bien cela"},
		"a slip of year": {line("2026-12-19", "2072-01-04"), "est-ce bien cela"},
	} {
		_, err := calendar.Parse([]byte(row.content))
		require.ErrorContains(t, err, row.want, name)
	}
	_, err := calendar.Load(filepath.Join(t.TempDir(), "absent.csv"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOpenDaysAlwaysLandWell(t *testing.T) {
	c := demonstration(t)
	var codes []string
	for _, academy := range okey.Academies() {
		codes = append(codes, academy.Code)
	}
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom(codes).Draw(t, "academy")
		academy, _ := okey.AcademyByCode(code)
		start := time.Date(2026, time.August, 1, 0, 0, 0, 0, time.UTC)
		from := start.Add(time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)).Draw(t, "from")))
		n := rapid.IntRange(0, 40).Draw(t, "n")
		got := c.AddOpenDays(code, from, n)

		require.True(t, c.IsOpen(code, got), "%s is open", got)
		require.False(t, got.Before(from))
		require.Equal(t, academy.Location(), got.Location())
		require.False(t, c.AddOpenDays(code, from, n+1).Before(got), "more days are never sooner")
		require.False(t, date(c.AddOpenDays(code, from.Add(24*time.Hour), n)).Before(date(got)),
			"a later start never ends on an earlier day")
		if n > 0 {
			require.Equal(t, n, openDaysBetween(c, code, from, got))
			require.Equal(t, got, c.AddOpenDays(code, c.AddOpenDays(code, from, n-1), step(c, code, from, n)),
				"counting on from a day before")
		}
		if local := from.In(academy.Location()); local.Hour() != 2 { // an hour that exists every day
			require.Equal(t, local.Format("15:04:05"), got.Format("15:04:05"))
		}
	})
}

func date(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// step is how far the nth open day is from the one before: none where counting began on a closed day, for the first open
// day is then both number 0 and number 1.
func step(c *calendar.Calendar, code string, from time.Time, n int) int {
	if n == 1 && !c.IsOpen(code, from) {
		return 0
	}
	return 1
}

// openDaysBetween counts the open days after the day of from, up to that of to.
func openDaysBetween(c *calendar.Calendar, code string, from, to time.Time) int {
	academy, _ := okey.AcademyByCode(code)
	count := 0
	for noon := date(from.In(academy.Location())).AddDate(0, 0, 1); !noon.After(date(to)); noon = noon.AddDate(0, 0, 1) {
		if c.IsOpen(code, time.Date(noon.Year(), noon.Month(), noon.Day(), 12, 0, 0, 0, academy.Location())) {
			count++
		}
	}
	return count
}

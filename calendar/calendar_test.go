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
	c, err := calendar.Parse("vacances.csv", calendar.Demonstration)
	require.NoError(t, err)
	return c
}

func parse(t *testing.T, lines ...string) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Parse("vacances.csv", []byte(header+strings.Join(lines, "\n")))
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

// in is a lycée of an academy.
func in(academy string) okey.Establishment { return okey.Establishment{Academy: academy, Nature: 302} }

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
		got := c.AddOpenDays(in(row.academy), at(t, row.academy, row.from), row.days)
		assert.Equal(t, at(t, row.academy, row.want), got, row.why)
	}
}

func TestTheAcademysClockDecidesWhichDayItIs(t *testing.T) {
	c := calendar.PublicOnly()
	mondayInParis := time.Date(2026, time.November, 30, 0, 30, 0, 0, time.UTC)
	assert.True(t, c.IsOpen(in(paris), mondayInParis))
	assert.False(t, c.IsOpen(in(tahiti), mondayInParis), "still Sunday afternoon in Papeete")
	assert.Equal(t, at(t, tahiti, "2026-11-30 14:30"), c.AddOpenDays(in(tahiti), mondayInParis, 1))
}

func TestPublicHolidaysOverseas(t *testing.T) {
	c := calendar.PublicOnly()
	for code, date := range map[string]string{
		reunion: "2027-12-20 10:00", martinique: "2028-05-22 10:00", mayotte: "2027-04-27 10:00", "32": "2027-05-27 10:00",
		"33": "2027-06-10 10:00",
	} {
		assert.False(t, c.IsOpen(in(code), at(t, code, date)), "%s in academy %s", date, code)
		assert.True(t, c.IsOpen(in(paris), at(t, paris, date)), "%s in Paris", date)
	}
}

func TestWithoutAFileOnlyWeekEndsAndPublicHolidaysCount(t *testing.T) {
	c, err := calendar.Load("")
	require.NoError(t, err)
	assert.Equal(t, at(t, paris, "2026-12-21 10:00"), c.AddOpenDays(in(paris), at(t, paris, "2026-12-18 10:00"), 1))
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
	assert.Equal(t, at(t, paris, "2026-11-02 08:00"), c.AddOpenDays(in(paris), at(t, paris, "2026-10-16 08:00"), 1))
	assert.Equal(t, at(t, martinique, "2027-02-22 08:00"), c.AddOpenDays(in(martinique), at(t, martinique, "2027-02-12 08:00"), 1))
	assert.Equal(t, at(t, tahiti, "2026-10-21 08:00"), c.AddOpenDays(in(tahiti), at(t, tahiti, "2026-10-16 08:00"), 1))
	assert.Equal(t, at(t, tahiti, "2027-03-16 08:00"), c.AddOpenDays(in(tahiti), at(t, tahiti, "2027-03-11 08:00"), 1))
}

func TestAnAcademyTakesItsOwnLinesBeforeItsZones(t *testing.T) {
	c := parse(t,
		"Vacances d'Hiver;-;2027-02-13;2027-03-01;Lyon;Zone A;2026-2027",
		"Vacances d'Hiver;-;2027-02-15;2027-03-01;Dijon;Zone A;2026-2027",
		"Vacances de Noël;-;2027-12-18;2028-01-03;Lyon;Zone A;2027-2028",
	)
	assert.False(t, c.IsOpen(in("07"), at(t, "07", "2027-02-15 10:00")))
	assert.True(t, c.IsOpen(in(lyon), at(t, lyon, "2027-03-01 10:00")))
	assert.False(t, c.IsOpen(in("03"), at(t, "03", "2027-02-16 10:00")), "Besançon is not in the file: zone A is")
	assert.False(t, c.IsOpen(in("07"), at(t, "07", "2027-12-20 10:00")), "Dijon has no line for that year: zone A has")
	assert.True(t, c.IsOpen(in(paris), at(t, paris, "2027-02-16 10:00")))
}

func TestReturnsToSchoolAndPrimarySchoolsCloseNothing(t *testing.T) {
	c := parse(t,
		"Prérentrée des Enseignants;Enseignants;2026-08-31;2026-08-31;Paris;Zone C;2026-2027",
		"Rentrée scolaire des élèves;Élèves;2026-09-01;2026-09-01;Paris;Zone C;2026-2027",
		"Pont;Premier degré;2026-11-23;2026-11-23;Paris;Zone C;2026-2027",
	)
	for _, date := range []string{"2026-08-31 10:00", "2026-09-01 10:00", "2026-11-23 10:00"} {
		assert.True(t, c.IsOpen(in(paris), at(t, paris, date)), date)
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
	assert.False(t, c.IsOpen(in("18"), at(t, "18", "2026-12-21 10:00")))
	until, known := c.KnownUntil("18")
	assert.True(t, known)
	assert.Equal(t, at(t, "18", "2027-01-04 00:00"), until)
}

func TestABadFileIsRefusedWithReason(t *testing.T) {
	for content, want := range map[string]string{"": "vide", "a;b\n1;2\n": "start_date"} {
		_, err := calendar.Parse("vacances.csv", []byte(content))
		require.ErrorContains(t, err, want)
	}
	_, err := calendar.Load(filepath.Join(t.TempDir(), "absent.csv"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A slip of the pen in one line of two thousand takes that line alone.
func TestABadLineIsNamedAndTheOthersAreRead(t *testing.T) {
	line := func(start, end string) string { return "Vacances;-;" + start + ";" + end + ";Paris;Zone C;2026-2027" }
	for bad, want := range map[string]string{
		line("demain", "2027-01-04"): "ligne 2 : « demain »", line("2026-12-19", "plus tard"): "ligne 2 : « plus tard »",
		line("2027-01-04", "2026-12-19"): "est-ce bien cela", line("2026-12-19", "2072-01-04"): "est-ce bien cela",
		`Vacances;-;"2026;2027`: "guillemet",
	} {
		c := parse(t, bad, line("2027-02-06", "2027-02-22"))
		require.Len(t, c.Faults(), 1)
		assert.Contains(t, c.Faults()[0], want)
		if !strings.Contains(bad, `"`) {
			assert.False(t, c.IsOpen(in(paris), at(t, paris, "2027-02-08 10:00")), bad)
		}
	}
}

// The data set's own words on who has a day off, and its announcements of holidays whose end is not settled.
func TestWhatIsWrittenOverseas(t *testing.T) {
	c := parse(t,
		"Vacances d'Hiver austral;Élèves;2025-07-04T22:00:00+00:00;2025-08-18T22:00:00+00:00;Réunion;Réunion;2024-2025",
		"Début des Vacances d'Hiver austral;-;2026-07-03T22:00:00+00:00;2026-07-03T22:00:00+00:00;Réunion;Réunion;2025-2026",
		"Grandes Vacances;Élèves du second degré;2025-07-04T22:00:00+00:00;2025-08-11T22:00:00+00:00;Polynésie;Polynésie;2024-2025",
		"Début des Grandes Vacances;Premier degré;2026-07-02T22:00:00+00:00;2026-07-02T22:00:00+00:00;Polynésie;Polynésie;2025-2026",
		"Début des Grandes Vacances;Second degré;2026-07-03T22:00:00+00:00;2026-07-03T22:00:00+00:00;Polynésie;Polynésie;2025-2026",
		"Vacances de Mai;Premier degré et collèges;2025-05-23T22:00:00+00:00;2025-06-01T22:00:00+00:00;Polynésie;Polynésie;2024-2025",
		"Vacances;Élèves des lycées;2025-03-03;2025-03-05;Polynésie;Polynésie;2024-2025",
		"Début des Vacances d'Été;-;2025-12-19T23:00:00+00:00;2025-12-19T23:00:00+00:00;Nouvelle Calédonie;Nouvelle Calédonie;2025",
		"Vacances d'Été;Élèves;2024-12-13T23:00:00+00:00;2025-02-16T23:00:00+00:00;Nouvelle Calédonie;Nouvelle Calédonie;2024",
		"Début des Vacances d'Été;-;2025-12-19T23:00:00+00:00;2025-12-19T23:00:00+00:00;Wallis et Futuna;Wallis et Futuna;2025",
		"Abolition de l’esclavage;Saint-Barthélémy;2025-10-08T22:00:00+00:00;2025-10-08T22:00:00+00:00;Guadeloupe;Guadeloupe;2025-2026",
		"Mi-carême;Guadeloupe & Saint-Martin;2026-03-11T23:00:00+00:00;2026-03-11T23:00:00+00:00;Guadeloupe;Guadeloupe;2025-2026",
		"Pont;Guadeloupe sauf Saint-Martin;2026-03-15T23:00:00+00:00;2026-03-15T23:00:00+00:00;Guadeloupe;Guadeloupe;2025-2026",
		"Semaine en mai;Saint Martin;2026-05-28T22:00:00+00:00;2026-05-28T22:00:00+00:00;Guadeloupe;Guadeloupe;2025-2026",
	)
	const college, lycee, noumea, wallis, guadeloupe = 340, 302, "40", "42", "32"
	for _, row := range []struct {
		academy, postcode string
		nature            int
		date              string
		open              bool
	}{
		{reunion, "97400", lycee, "2026-07-03", true}, // the last lessons
		{reunion, "97400", lycee, "2026-07-06", false},
		{reunion, "97400", lycee, "2026-08-17", false},
		{reunion, "97400", lycee, "2026-08-18", true}, // 45 days, as the year before
		{tahiti, "98713", lycee, "2026-07-03", true},
		{tahiti, "98713", lycee, "2026-07-06", false},
		{tahiti, "98713", college, "2025-05-27", false},
		{tahiti, "98713", lycee, "2025-05-27", true},
		{tahiti, "98713", college, "2025-03-04", true},
		{tahiti, "98713", lycee, "2025-03-04", false},
		{noumea, "98800", lycee, "2025-12-19", true},
		{noumea, "98800", lycee, "2025-12-22", false},
		{wallis, "98600", lycee, "2026-01-06", false},
		{wallis, "98600", lycee, "2026-02-03", true}, // six weeks: the file has no other year
		{guadeloupe, "97110", lycee, "2025-10-09", true},
		{guadeloupe, "97150", lycee, "2025-10-09", true},
		{guadeloupe, "97133", lycee, "2025-10-09", false},
		{guadeloupe, "97110", lycee, "2026-05-28", true},
		{guadeloupe, "97150", lycee, "2026-05-28", false}, // a public holiday there
		{guadeloupe, "97150", lycee, "2026-05-27", true},
		{guadeloupe, "97110", lycee, "2026-05-27", false},
		{guadeloupe, "97110", lycee, "2026-05-29", true},
		{guadeloupe, "97150", lycee, "2026-05-29", false},
		{guadeloupe, "97110", lycee, "2026-03-12", false},
		{guadeloupe, "97150", lycee, "2026-03-12", false},
		{guadeloupe, "97133", lycee, "2026-03-12", true},
		{guadeloupe, "97133", lycee, "2026-03-16", false},
		{guadeloupe, "97150", lycee, "2026-03-16", true},
	} {
		school := okey.Establishment{Academy: row.academy, Postcode: row.postcode, Nature: row.nature}
		assert.Equal(t, row.open, c.IsOpen(school, at(t, row.academy, row.date+" 10:00")), "%v", row)
	}
	_, known := c.KnownUntil(guadeloupe)
	assert.True(t, known)
}

func TestAlsaceAndMoselleHaveTwoPublicHolidaysMore(t *testing.T) {
	c := calendar.PublicOnly()
	const strasbourg, nancyMetz = "15", "12"
	for _, date := range []string{"2026-04-03", "2028-12-26"} {
		for postcode, academy := range map[string]string{"67000": strasbourg, "68100": strasbourg, "57000": nancyMetz} {
			school := okey.Establishment{Academy: academy, Postcode: postcode}
			assert.False(t, c.IsOpen(school, at(t, academy, date+" 10:00")), "%s: %s", postcode, date)
		}
		assert.True(t, c.IsOpen(okey.Establishment{Academy: nancyMetz, Postcode: "54000"}, at(t, nancyMetz, date+" 10:00")), "Nancy")
	}
}

func TestTheExportWithLabelsIsReadAsTheOther(t *testing.T) {
	c, err := calendar.Parse("calendrier.csv", []byte("\ufeffDescription;Population;Date de début;Date de fin;Académies;Zones;annee_scolaire\n"+
		"Vacances de Noël;-;2024-12-20T23:00:00+00:00;2025-01-05T23:00:00+00:00;Strasbourg;Zone B;2024-2025\n"))
	require.NoError(t, err)
	assert.False(t, c.IsOpen(in("15"), at(t, "15", "2024-12-23 10:00")))
	assert.True(t, c.IsOpen(in("15"), at(t, "15", "2025-01-06 10:00")))
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
		got := c.AddOpenDays(in(code), from, n)

		require.True(t, c.IsOpen(in(code), got), "%s is open", got)
		require.False(t, got.Before(from))
		require.Equal(t, academy.Location(), got.Location())
		require.False(t, c.AddOpenDays(in(code), from, n+1).Before(got), "more days are never sooner")
		require.False(t, date(c.AddOpenDays(in(code), from.Add(24*time.Hour), n)).Before(date(got)),
			"a later start never ends on an earlier day")
		if n > 0 {
			require.Equal(t, n, openDaysBetween(c, code, from, got))
			require.Equal(t, got, c.AddOpenDays(in(code), c.AddOpenDays(in(code), from, n-1), step(c, code, from, n)),
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
	if n == 1 && !c.IsOpen(in(code), from) {
		return 0
	}
	return 1
}

// openDaysBetween counts the open days after the day of from, up to that of to.
func openDaysBetween(c *calendar.Calendar, code string, from, to time.Time) int {
	academy, _ := okey.AcademyByCode(code)
	count := 0
	for noon := date(from.In(academy.Location())).AddDate(0, 0, 1); !noon.After(date(to)); noon = noon.AddDate(0, 0, 1) {
		if c.IsOpen(in(code), time.Date(noon.Year(), noon.Month(), noon.Day(), 12, 0, 0, 0, academy.Location())) {
			count++
		}
	}
	return count
}

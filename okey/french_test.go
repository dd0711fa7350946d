package okey_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestDatesAreSaidAsPeopleSayThem(t *testing.T) {
	paris, guadeloupe := okey.ZoneOf("23"), okey.ZoneOf("32")
	now := time.Date(2026, time.November, 24, 8, 12, 0, 0, time.UTC)
	for _, c := range []struct {
		at   time.Time
		zone *time.Location
		want string
	}{
		{now, paris, "mardi 24 novembre à 9 h 12"},
		{now, guadeloupe, "mardi 24 novembre à 4 h 12"},
		{time.Date(2026, time.November, 30, 23, 5, 0, 0, time.UTC), paris, "mardi 1er décembre à 0 h 05"}, // already tomorrow there
		{time.Date(2026, time.November, 30, 23, 5, 0, 0, time.UTC), guadeloupe, "lundi 30 novembre à 19 h 05"},
		{time.Date(2027, time.September, 24, 12, 0, 0, 0, time.UTC), paris, "vendredi 24 septembre 2027 à 14 h 00"},
		{time.Date(2026, time.January, 23, 12, 0, 0, 0, time.UTC), paris, "vendredi 23 janvier à 13 h 00"},
		{time.Date(2026, time.December, 31, 23, 5, 0, 0, time.UTC), paris, "vendredi 1er janvier 2027 à 0 h 05"},
		{time.Date(2026, time.December, 31, 23, 5, 0, 0, time.UTC), guadeloupe, "jeudi 31 décembre à 19 h 05"},
	} {
		assert.Equal(t, c.want, okey.SayTime(c.at, now, c.zone))
	}
}

func TestNumbersAndNames(t *testing.T) {
	assert.Equal(t, "0 clef", okey.SayCount(0, "clef"))
	assert.Equal(t, "1 clef", okey.SayCount(1, "clef"))
	assert.Equal(t, "3 clefs", okey.SayCount(3, "clef"))
	assert.Equal(t, "1\u00a0234\u00a0567 clefs", okey.SayCount(1234567, "clef"))
	assert.Equal(t, "attend", okey.SayEither(1, "attend", "attendent"))
	assert.Equal(t, "le collège L'Archet", okey.SayEstablishment("Collège L'Archet"))
	assert.Equal(t, "le lycée polyvalent Tocqueville", okey.SayEstablishment("LYCÉE polyvalent Tocqueville"))
	assert.Equal(t, "Notre-Dame", okey.SayEstablishment("Notre-Dame"))
	assert.Equal(t, "A, B ou C", okey.SayNames([]string{"A", "B", "C"}))
	assert.Equal(t, "A, B ou un autre membre de la direction", okey.SayNames([]string{"A", "B", "C", "D"}))
	assert.Equal(t, "Élan", okey.Capitalize("élan"))
	assert.Empty(t, okey.Capitalize(""))
}

func TestASchoolIsJoinedWithItsArticle(t *testing.T) {
	for name, said := range map[string][2]string{
		"Collège L'Archet": {"du collège L'Archet", "au collège L'Archet"}, "LYCÉE des Acacias": {"du lycée des Acacias", "au lycée des Acacias"},
		"Section Nord": {"de la section Nord", "à la section Nord"}, "École Nord": {"de l'école Nord", "à l'école Nord"},
		"Notre-Dame": {"de Notre-Dame", "à Notre-Dame"}, "Albert Camus": {"d'Albert Camus", "à Albert Camus"}, "Le Rosaire": {"de Le Rosaire", "à Le Rosaire"},
	} {
		assert.Equal(t, said[0], okey.SayOfSchool(okey.SayEstablishment(name)))
		assert.Equal(t, said[1], okey.SayAtSchool(okey.SayEstablishment(name)))
	}
}

func TestDeIsElidedBeforeAVowel(t *testing.T) {
	for name, said := range map[string]string{
		"Ana Garcia": "d'Ana Garcia", "Émile Zola": "d'Émile Zola", "Óscar Ruiz": "d'Óscar Ruiz", "Léa Martin": "de Léa Martin", "Yanis Benali": "de Yanis Benali", "": "de ",
	} {
		assert.Equal(t, said, okey.SayOf(name))
	}
}

// Whatever the number: digits in groups of three, parted by a space that no line breaks at; the plural from two on.
func TestNumbersAreSaidAsFrenchWritesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(-3, 3), rapid.IntRange(990, 1010), rapid.IntRange(-1e12, 1e12)).Draw(t, "n")
		said := okey.SayNumber(n)
		back, err := strconv.Atoi(strings.ReplaceAll(said, "\u00a0", ""))
		if err != nil || back != n {
			t.Fatalf("%d is said %q", n, said)
		}
		for i, group := range strings.Split(strings.TrimPrefix(said, "-"), "\u00a0") {
			if len(group) > 3 || len(group) == 0 || i > 0 && len(group) != 3 {
				t.Fatalf("%d is said %q", n, said)
			}
		}
		counted := okey.SayCount(n, "clef")
		if many := n > 1 || n < -1; strings.HasSuffix(counted, "clefs") != many || !strings.HasPrefix(counted, said+" ") {
			t.Fatalf("%d is counted %q", n, counted)
		}
	})
}

// A day is named by its weekday, number and month; by its year too where there might be another such day.
func TestAPlaceInLineIsSaidAsFrenchDoes(t *testing.T) {
	assert.Equal(t, "en 1re position", okey.SayPosition(1))
	assert.Equal(t, "en 12e position", okey.SayPosition(12))
}

func TestDaysAreNamedWithoutDoubt(t *testing.T) {
	zone := okey.ZoneOf("")
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), 12, 0, 0, 0, zone)
		away := rapid.IntRange(-1200, 1200).Draw(t, "away")
		day := now.AddDate(0, 0, away)
		said := okey.SayDay(day, now, zone)
		if !regexp.MustCompile(`^(lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche) (1er|[2-9]|[12]\d|3[01]) \p{L}+( \d{4})?$`).
			MatchString(said) {
			t.Fatalf("%v is said %q", day, said)
		}
		if year := regexp.MustCompile(`\d{4}$`).MatchString(said); year == (day.Year() == now.Year()) {
			t.Fatalf("%v is said %q on %v", day, said, now)
		}
	})
}

// Names come joined as French joins them, however they begin.
func TestNamesAreJoinedAsFrenchDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-ZÀÂÉÈÊÎÔÛÇŒ][a-zéèêàçïô]{1,12}`).Draw(t, "name")
		said := okey.SayOf(name)
		vowel := strings.ContainsAny(name[:2], "AEIOUÀÂÉÈÊÎÔÛ") || strings.HasPrefix(name, "Œ")
		if vowel != strings.HasPrefix(said, "d'") || !strings.HasSuffix(said, name) {
			t.Fatalf("%q is said %q", name, said)
		}
		school := okey.SayEstablishment(rapid.SampledFrom([]string{"Collège ", "LYCÉE ", "École ", "Section ", ""}).Draw(t, "kind") + name)
		for _, joined := range []string{okey.SayOfSchool(school), okey.SayAtSchool(school)} {
			if regexp.MustCompile(`(?i)\b(de|à) les? `).MatchString(joined) || strings.Contains(joined, "  ") {
				t.Fatalf("%q is said %q", school, joined)
			}
		}
	})
}

func TestWhatEndsLikeAPluralTakesNoS(t *testing.T) {
	assert.Equal(t, "6 mois", okey.SayCount(6, "mois"))
	assert.Equal(t, "2 clefs", okey.SayCount(2, "clef"))
}

func TestTheFirstOfAMonthIsTheFirstAlsoWhereThereIsLittleRoom(t *testing.T) {
	assert.Equal(t, "1er juin", okey.NewDay(2026, time.June, 1).SayShort())
	assert.Equal(t, "24 nov.", okey.NewDay(2026, time.November, 24).SayShort())
}

package sql_test

import (
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Of more people than a search puts in order, those that it must not miss come first all the same: who is called just so, by name or uid, who
// works at the school, and who has the family name.
func TestASearchThatFindsManyMissesNobodyWhoIsMeant(t *testing.T) {
	s := scene.New(t)
	s.Exec(`INSERT INTO person (uid, family_name, given_name, mail, created_at)
		SELECT 'p' || n, 'Abel', 'Martin', 'martin.abel' || n || '@ac-nice.fr', now() FROM generate_series(1, 3000) n`)
	s.Exec(`INSERT INTO person (uid, family_name, given_name, mail, created_at)
		SELECT 'q' || n, 'Martin', 'Zoé', 'q' || n || '@ac-nice.fr', now() FROM generate_series(1, 3) n`)
	s.Exec(`INSERT INTO person (uid, family_name, given_name, mail, created_at) VALUES ('martin', 'Zazou', 'Ali', 'zz@ac-nice.fr', now())`)
	s.Person("Martin Zidane", okey.Staff, scene.Tilleuls)
	on := okey.DayOf(scene.Now, okey.ZoneOf(""))
	find := func(typed string, school okey.UAI) (uids []string) {
		found, err := s.Store.FindPeople(t.Context(), typed, school, on, 11)
		require.NoError(t, err)
		for _, person := range found {
			uids = append(uids, person.UID)
		}
		return uids
	}
	found := find("martin", "")
	assert.Len(t, found, 11)
	assert.Equal(t, []string{"martin", "q1", "q2", "q3"}, found[:4], "whose uid it is, then whose family name")
	assert.Equal(t, "mzidane", find("martin", scene.Tilleuls)[1], "the school's before all others")
	assert.Subset(t, find("martin z", ""), []string{"q1", "q2", "q3", "mzidane"})
	assert.Equal(t, []string{"q1", "q2", "q3"}, find("zoe martin", ""))
	assert.Len(t, find("abel martin", ""), 11)
	assert.Empty(t, find("martine", ""))

	named, err := s.Store.FindPeopleNamed(t.Context(), "Une clef pour M. Martin Zidane svp", on, 11)
	require.NoError(t, err)
	require.Len(t, named, 1)
	assert.Equal(t, "mzidane", named[0].UID)
	named, err = s.Store.FindPeopleNamed(t.Context(), "une clef à remettre à ZIDANE martin", on, 11)
	require.NoError(t, err)
	require.Len(t, named, 1)
}

package sql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"
)

// A list of keys is the same whether few are sought or so many that it is gone along until a page is full.
func TestKeysOfACommonNameAreListedAsThoseOfARareOne(t *testing.T) {
	pgtest.Alone(t)
	s := scene.New(t)
	for i, name := range []string{"Léa Martin", "Ali Martin", "Zoé Martinez", "Paul Roux", "Noé Le Martin", "Eva Martin"} {
		uai := []okey.UAI{scene.Tilleuls, scene.Acacias}[i%2]
		s.KeyOf(s.Person(name, okey.Staff, uai), uai, okey.NewDay(2027, 1, 1+i*i%5))
		s.Key(uai)
	}
	s.Exec(`UPDATE key SET state = 'lost', holder = NULL, batch = 'L' || substr(serial, 8) WHERE right(serial, 1)::int % 3 = 0`)
	for _, text := range []string{"martin", "MARTIN léa", "roux", "00", "personne", "martin 0"} {
		for _, sort := range []sql.KeySort{
			sql.BySerial, sql.ByHolder, sql.ByState, sql.ByBatch, sql.ByExpiry, sql.ByLastLogin, sql.ByEstablishment,
		} {
			for _, reach := range []sql.Reach{{All: true}, {UAIs: []okey.UAI{scene.Acacias}}} {
				for _, f := range []sql.KeyFilter{{}, {State: okey.Lost}, {Establishment: scene.Tilleuls, Descending: true}} {
					f.Search, f.Sort, f.Limit = text, sort, 2
					all := func(most int) (said []string) {
						defer sql.SeekAtMost(most)()
						for f := f; ; {
							found, n, err := s.Store.ListKeysCounted(t.Context(), reach, f)
							require.NoError(t, err)
							said = append(said, fmt.Sprint(n))
							for _, k := range found {
								said = append(said, string(k.Serial))
								f.AfterSerial, f.AfterPlace = k.Serial, k.Place
							}
							if len(found) < f.Limit {
								return said
							}
						}
					}
					assert.Equal(t, all(5000), all(1), "%q by %q, %v, %v", text, sort, reach, f)
				}
			}
		}
	}
}

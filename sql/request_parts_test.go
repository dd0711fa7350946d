package sql_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each part is leafed through whole, there and back, in its order; ties keep theirs.
func TestEveryPartOfTheRequestsIsLeafedThroughBothWays(t *testing.T) {
	s := scene.New(t)
	ended := []okey.Stage{okey.HandedOver, okey.Refused, okey.Withdrawn, okey.Expired}
	for i := range 60 {
		asked(s, []okey.UAI{scene.Tilleuls, scene.Acacias}[i%2], okey.Stages()[i%len(okey.Stages())], scene.Now.Add(time.Duration(i/7)*time.Hour))
	}
	var reader okey.PersonID
	require.NoError(t, reader.UnmarshalText([]byte(s.Text(`SELECT person::text FROM request WHERE uai = $1 AND stage = 'awaiting_decision' LIMIT 1`,
		string(scene.Tilleuls)))))
	for name, part := range map[string]struct {
		part  sql.RequestPart
		where string
		order string
	}{
		"all":    {sql.RequestPart{}, `true`, `asked_at DESC, id`},
		"open":   {sql.RequestPart{Others: true, Stages: []okey.Stage{okey.AwaitingDecision}}, `stage = 'awaiting_decision' AND person <> $1`, `since, id`},
		"ended":  {sql.RequestPart{Stages: ended}, `closed_at IS NOT NULL`, `closed_at DESC, id`},
		"their":  {sql.RequestPart{Own: true}, `person = $1`, `asked_at DESC, id`},
		"absent": {sql.RequestPart{Own: true, Stages: []okey.Stage{okey.Refused}}, `person = $1 AND stage = 'refused'`, `closed_at DESC, id`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, reach := range []sql.Reach{{All: true, Person: reader}, {Person: reader, UAIs: []okey.UAI{scene.Tilleuls}}} {
				where := part.where
				if !reach.All {
					where += ` AND (uai = '` + string(scene.Tilleuls) + `' OR person = $1)`
				}
				want := strings.Fields(s.Text(`SELECT coalesce(string_agg(id::text, ' ' ORDER BY `+part.order+`), '') FROM request
					WHERE $1::uuid IS NOT NULL AND `+where, reader))
				l := sql.RequestList{Reach: reach, Part: part.part, Limit: 4}
				there, counts := leaf(t, s, l, part.part)
				require.Equal(t, strings.Join(want, " "), strings.Join(there, " "))
				require.Equal(t, []int{len(want)}, counts)
				if l.Ahead = true; len(want) > 0 {
					last := s.Request(uuid.MustParse(want[len(want)-1]))
					l.At, l.ID = part.part.Place(last), last.ID
					back, _ := leaf(t, s, l)
					slices.Reverse(back)
					require.Equal(t, strings.Join(want[:len(want)-1], " "), strings.Join(back, " "))
				}
			}
		})
	}
}

func leaf(t *testing.T, s *scene.Scene, l sql.RequestList, parts ...sql.RequestPart) (ids []string, counts []int) {
	t.Helper()
	for range 40 {
		found, n, err := s.Store.RequestsIn(t.Context(), l, parts...)
		require.NoError(t, err)
		if len(found) == 0 {
			return ids, n
		}
		for _, r := range found {
			ids = append(ids, r.ID.String())
			l.At, l.ID = l.Part.Place(r.Request), r.ID
		}
	}
	t.Fatal("the list has no end")
	return nil, nil
}

func TestRequestsAreFoundByWhoAskedAndNotByMore(t *testing.T) {
	s := scene.New(t)
	lea := s.Person("Léa Dupont-Martin", okey.Staff, scene.Tilleuls)
	s.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at)
		VALUES (gen_random_uuid(), $1, $2, 'notes', 'first', 'awaiting_decision', $3, $3)`, lea.ID, string(scene.Tilleuls), scene.Now)
	asked(s, scene.Tilleuls, okey.AwaitingDecision, scene.Now)
	for name, want := range map[string]int{"lea": 1, "MARTIN léa": 1, "Dupont-Martin": 1, "dupónt": 1, "martin paul": 0, "": 2} {
		found, counts, err := s.Store.RequestsIn(t.Context(), sql.RequestList{Reach: sql.Reach{All: true}, Name: name, Limit: 10}, sql.RequestPart{})
		require.NoError(t, err, name)
		assert.Len(t, found, want, name)
		assert.Equal(t, []int{want}, counts, name)
	}
}

package sql_test

import (
	"testing"
	"time"

	"okey"
	"okey/internal/scene"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asked writes a request as it is once it has come to a stage.
func asked(s *scene.Scene, uai okey.UAI, stage okey.Stage, at time.Time) uuid.UUID {
	s.Helper()
	id := uuid.New()
	p := s.Person("P"+id.String()+" Demandeur"+id.String(), okey.Staff, uai)
	s.Exec(`INSERT INTO charter (version, body, sha256, published_at) VALUES (1, 'charte', 'x', $1) ON CONFLICT DO NOTHING`, at)
	s.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at, signed_at, charter, closed_at)
		VALUES ($1, $2, $3, 'saisie', 'first', $4, $5::timestamptz, $5, $5, $5, 1, CASE WHEN $6 THEN $5 END)`, id, p.ID, uai, string(stage), at, stage.Closed())
	return id
}

func TestWeeksBeginOnMondayInParis(t *testing.T) {
	s := scene.New(t)
	zone := okey.ZoneOf("")
	from := okey.NewDay(2026, time.October, 19)
	weeks := map[string]okey.Day{
		// The clocks go back on Sunday 25 October 2026: the week has 169 hours.
		"2026-10-18T23:59:59+02:00": {}, // before the first one
		"2026-10-19T00:00:00+02:00": okey.NewDay(2026, time.October, 19),
		"2026-10-25T23:59:59+01:00": okey.NewDay(2026, time.October, 19),
		"2026-10-26T00:00:00+01:00": okey.NewDay(2026, time.October, 26),
		// Week 53 of 2026 goes on into January.
		"2026-12-28T08:00:00+01:00": okey.NewDay(2026, time.December, 28),
		"2027-01-03T23:59:59+01:00": okey.NewDay(2026, time.December, 28),
		"2027-01-04T00:00:00+01:00": okey.NewDay(2027, time.January, 4),
		// And forward on Sunday 28 March 2027; 22:30 in London is already Monday in Paris.
		"2027-03-28T23:59:59+02:00": okey.NewDay(2027, time.March, 22),
		"2027-03-28T22:30:00+00:00": okey.NewDay(2027, time.March, 29),
	}
	want := map[okey.Day]int{}
	for text, week := range weeks {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		asked(s, scene.Tilleuls, okey.Refused, at)
		if !week.IsZero() {
			want[week]++
			assert.Equal(t, week, okey.DayOf(at, zone).Week(), text)
		}
	}
	counts, err := s.Store.RequestsByWeek(t.Context(), sql.DeskScope{}, from, zone)
	require.NoError(t, err)
	got := map[okey.Day]int{}
	for _, c := range counts {
		got[c.Week] += c.Count
	}
	assert.Equal(t, want, got)
	_, number := okey.NewDay(2026, time.December, 28).Time().ISOWeek()
	assert.Equal(t, 53, number)
}

func TestRequestsByWeekKeepToTheirScope(t *testing.T) {
	s := scene.New(t)
	zone, from := okey.ZoneOf(""), okey.DayOf(scene.Now, okey.ZoneOf("")).Week()
	asked(s, scene.Tilleuls, okey.Refused, scene.Now)
	asked(s, scene.Tilleuls, okey.HandedOver, scene.Now)
	asked(s, scene.Acacias, okey.AwaitingStock, scene.Now)
	for scope, want := range map[sql.DeskScope][]sql.WeekCount{
		{}:                              {{from, okey.AwaitingStock, 1}, {from, okey.HandedOver, 1}, {from, okey.Refused, 1}},
		{Academy: "23"}:                 {{from, okey.HandedOver, 1}, {from, okey.Refused, 1}},
		{Establishment: scene.Acacias}:  {{from, okey.AwaitingStock, 1}},
		{"23", scene.Acacias}:           {},
		{Establishment: "0130000X"}:     {},
		{Academy: "32"}:                 {{from, okey.AwaitingStock, 1}},
		{Establishment: scene.Tilleuls}: {{from, okey.HandedOver, 1}, {from, okey.Refused, 1}},
	} {
		got, err := s.Store.RequestsByWeek(t.Context(), scope, from, zone)
		require.NoError(t, err)
		assert.Equal(t, want, got, "%+v", scope)
	}
	codes, err := s.Store.ServedAcademies(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"23", "32"}, codes)
}

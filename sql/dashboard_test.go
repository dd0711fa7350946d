package sql_test

import (
	"math"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
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
		VALUES ($1, $2, $3, 'saisie', 'first', $4, $5::timestamptz, $5, $5, $5,
			1, CASE WHEN $6 THEN $5 END)`, id, p.ID, uai, string(stage), at, stage.Closed())
	return id
}

// told writes a request's timeline: pairs of a day, counted from the scene's, and what happened then.
func told(s *scene.Scene, request uuid.UUID, story ...any) {
	s.Helper()
	for i := 0; i+1 < len(story); i += 2 {
		at := scene.Now.Add(time.Duration(story[i].(float64) * float64(24*time.Hour)))
		s.Exec(`INSERT INTO timeline (request, seq, at, kind, via)
			VALUES ($1, $2, $3, $4, 'web')`, request, i, at, string(story[i+1].(okey.EventKind)))
	}
}

// A request's story is cut where its stage changes: what changes none (support told, keys swapped, a school that moves) cuts nothing.
func TestDaysOfAStageAreThoseOfTheTimeline(t *testing.T) {
	s := scene.New(t)
	straight := asked(s, scene.Tilleuls, okey.HandedOver, scene.Now.Add(20*24*time.Hour))
	told(s, straight, 0.0, okey.EventAsked, 0.5, okey.EventToSupport, 2.0, okey.EventApproved, 2.0, okey.EventKeyReserved,
		3.0, okey.EventSigned,
		3.5, okey.EventSwapped, 10.0, okey.EventHandedOver)
	bumpy := asked(s, scene.Tilleuls, okey.HandedOver, scene.Now.Add(40*24*time.Hour))
	told(s, bumpy, 0.0, okey.EventAsked, 4.0, okey.EventApproved, 4.0, okey.EventWaitsForStock, 10.0, okey.EventMoved,
		14.0, okey.EventKeyReserved,
		15.5, okey.EventSigned, 16.5, okey.EventKeyLost, 16.5, okey.EventWaitsForStock, 36.5, okey.EventKeyReserved,
		40.0, okey.EventHandedOver)
	refused := asked(s, scene.Acacias, okey.Refused, scene.Now.Add(9*24*time.Hour))
	told(s, refused, 0.0, okey.EventAsked, 9.0, okey.EventRefused)
	asked(s, scene.Acacias, okey.AwaitingDecision, scene.Now)

	all := map[okey.Stage]sql.StageDays{
		okey.AwaitingDecision: {okey.AwaitingDecision, 3, 4, 8},      // 2, 4, 9
		okey.AwaitingStock:    {okey.AwaitingStock, 2, 15, 19},       // 10, 20
		okey.AwaitingCharter:  {okey.AwaitingCharter, 2, 1.25, 1.45}, // 1, 1.5
		okey.AwaitingHandover: {okey.AwaitingHandover, 3, 3.5, 6.3},  // 7, 1, 3.5: signed for, so straight to the handover
	}
	assert.Equal(t, all, daysOf(t, s, sql.DeskScope{}, time.Time{}))
	assert.Equal(t, map[okey.Stage]sql.StageDays{
		okey.AwaitingDecision: {okey.AwaitingDecision, 1, 9, 9},
	}, daysOf(t, s, sql.DeskScope{Academy: "32"}, time.Time{}))
	assert.Equal(t, 2, daysOf(t, s, sql.DeskScope{Establishment: scene.Tilleuls}, time.Time{})[okey.AwaitingDecision].Passages)
	late := daysOf(t, s, sql.DeskScope{}, scene.Now.Add(15*24*time.Hour))
	assert.Equal(t, map[okey.Stage]sql.StageDays{
		okey.AwaitingCharter:  {okey.AwaitingCharter, 1, 1.5, 1.5},
		okey.AwaitingHandover: {okey.AwaitingHandover, 2, 2.25, 3.25}, okey.AwaitingStock: {okey.AwaitingStock, 1, 20, 20},
	}, late, "only what ended since")
}

// Lines that were there before their stages were written down get them as those do that come after.
func TestOlderTimelinesLearnWhichStagesTheyEnded(t *testing.T) {
	s := scene.New(t)
	id := asked(s, scene.Tilleuls, okey.HandedOver, scene.Now)
	told(s, id, 0.0, okey.EventAsked, 1.0, okey.EventApproved, 1.0, okey.EventKeyReserved, 3.0, okey.EventSigned,
		6.0, okey.EventToSupport, 8.0, okey.EventHandedOver)
	before := daysOf(t, s, sql.DeskScope{}, time.Time{})
	require.Len(t, before, 3)
	s.Exec(`UPDATE timeline SET ended = NULL, ended_since = NULL`)
	require.Empty(t, daysOf(t, s, sql.DeskScope{}, time.Time{}))
	s.Exec(fillsIn(t))
	assert.Equal(t, before, daysOf(t, s, sql.DeskScope{}, time.Time{}))
}

func daysOf(t *testing.T, s *scene.Scene, scope sql.DeskScope, since time.Time) map[okey.Stage]sql.StageDays {
	t.Helper()
	found, err := s.Store.DaysByStage(t.Context(), scope, since)
	require.NoError(t, err)
	days := map[okey.Stage]sql.StageDays{}
	for _, d := range found {
		d.Median, d.Ninth = math.Round(d.Median*1000)/1000, math.Round(d.Ninth*1000)/1000
		days[d.Stage] = d
	}
	return days
}

func TestWhoLacksMostKeysComesFirst(t *testing.T) {
	s := scene.New(t)
	on := okey.DayOf(scene.Now, okey.ZoneOf(""))
	for range 3 {
		asked(s, scene.Tilleuls, okey.AwaitingDecision, scene.Now)
	}
	asked(s, scene.Tilleuls, okey.AwaitingCharter, scene.Now) // has a key already
	asked(s, scene.Acacias, okey.AwaitingStock, scene.Now)
	asked(s, scene.Acacias, okey.AwaitingDecision, scene.Now)
	s.Key(scene.Tilleuls)
	s.Key(scene.Tilleuls)
	s.KeyUntil(scene.Tilleuls, on.AddMonths(okey.LendableMonths).AddDays(-1)) // too near its end to be lent
	tilleuls := sql.ShortPlace{UAI: scene.Tilleuls, Name: "Collège des Tilleuls", Unanswered: 3, Free: 2}
	acacias := sql.ShortPlace{UAI: scene.Acacias, Name: "Lycée des Acacias", Unanswered: 1, InLine: 1}
	for scope, want := range map[sql.DeskScope][]sql.ShortPlace{
		{}: {acacias, tilleuls}, {Academy: "23"}: {tilleuls}, {Establishment: scene.Acacias}: {acacias}, {Academy: "01"}: nil,
	} {
		got, all, err := s.Store.ShortPlaces(t.Context(), scope, on, 10)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Len(t, want, all)
	}
	s.Key(scene.Tilleuls)
	enough, _, err := s.Store.ShortPlaces(t.Context(), sql.DeskScope{Academy: "23"}, on, 10)
	require.NoError(t, err)
	assert.Empty(t, enough, "as many keys are free as people wait: none is lacking")
	first, _, err := s.Store.ShortPlaces(t.Context(), sql.DeskScope{}, on, 1)
	require.NoError(t, err)
	assert.Equal(t, []sql.ShortPlace{acacias}, first)
}

func TestOpenOrdersAreCountedByStateAndAge(t *testing.T) {
	s := scene.New(t)
	week, month := scene.Now.AddDate(0, 0, -7), scene.Now.AddDate(0, 0, -28)
	for _, o := range []struct {
		uai   okey.UAI
		state okey.OrderState
		at    time.Time
		got   int
	}{
		{scene.Tilleuls, okey.OrderPlaced, scene.Now, 0},
		{scene.Tilleuls, okey.OrderPlaced, week, 0},
		{scene.Tilleuls, okey.OrderPlaced, week.Add(-time.Second), 0},
		{scene.Acacias, okey.OrderPartlyReceived, month.Add(-time.Second), 3},
		{scene.Acacias, okey.OrderCancelled, month, 0},
		{scene.Acacias, okey.OrderReceived, month, 5},
	} {
		export := uuid.NullUUID{UUID: uuid.New(), Valid: o.state != okey.OrderPlaced && o.state != okey.OrderCancelled}
		if export.Valid {
			s.Exec(`INSERT INTO order_export (id, at, orders, keys, file_name, workbook, sha256)
				VALUES ($1, $2, 1, 5, 'f', '', '')`, export.UUID, o.at)
		}
		s.Exec(`INSERT INTO key_order (id, uai, quantity, received, comment, state, placed_at, export, exported_at, closed_at)
			VALUES ($1, $2, 5, $3, '', $4, $5::timestamptz, $6,
				$5, CASE WHEN $7 THEN $5 END)`, uuid.New(), o.uai, o.got, string(o.state), o.at, export, o.state.Closed())
	}
	got, err := s.Store.OpenOrdersByAge(t.Context(), sql.DeskScope{}, week, month)
	require.NoError(t, err)
	assert.Equal(t, []sql.OrdersOfAge{{0, okey.OrderPlaced, 2, 10, 0}, {1, okey.OrderPlaced, 1, 5, 0}, {2, okey.OrderPartlyReceived, 1, 2, 0}}, got)
	got, err = s.Store.OpenOrdersByAge(t.Context(), sql.DeskScope{Academy: "32"}, week, month)
	require.NoError(t, err)
	assert.Equal(t, []sql.OrdersOfAge{{2, okey.OrderPartlyReceived, 1, 2, 0}}, got)
	got, err = s.Store.OpenOrdersByAge(t.Context(), sql.DeskScope{Establishment: scene.Tilleuls}, week, month)
	require.NoError(t, err)
	assert.Len(t, got, 2)
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
	codes, places, err := s.Store.DeskChoices(t.Context(), 50)
	require.NoError(t, err)
	assert.Equal(t, []string{"23", "32"}, codes)
	assert.Equal(t, []okey.UAI{scene.Tilleuls, scene.Acacias}, uaisOf(places), "by name")
	places, err = s.Store.ServedPlaces(t.Context(), 1)
	require.NoError(t, err)
	assert.Empty(t, places, "all of them, or none")
	s.Exec(`UPDATE establishment SET served = false WHERE uai = $1`, scene.Tilleuls)
	places, err = s.Store.ServedPlaces(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, []okey.UAI{scene.Acacias}, uaisOf(places))
}

func uaisOf(places []sql.Place) (uais []okey.UAI) {
	for _, p := range places {
		uais = append(uais, p.UAI)
	}
	return uais
}

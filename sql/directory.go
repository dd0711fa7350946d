package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// claimedFor is how long the function of an approver lasts that the directory said at a sign-in, in days: who has left
// it signs in no more, and must not answer for ever.
const claimedFor = 365

// saveDirectory makes what claims said of a person what they say now: at schools that OKEY serves, and delegations
// whose giver OKEY knows. Imports and support's attachments stay.
func (t *Tx) saveDirectory(ctx context.Context, person uuid.UUID, says okey.DirectorySays, at time.Time) error {
	today := okey.DayOf(at, okey.ZoneOf(""))
	changed, err := t.saveClaimedAssignments(ctx, person, says.Assignments, today, at)
	if err != nil {
		return fmt.Errorf("write what claims say: %w", err)
	}
	given, err := t.saveClaimedDelegations(ctx, person, says.Delegations, today, at)
	if err != nil {
		return fmt.Errorf("write delegations of claims: %w", err)
	}
	if changed+given > 0 {
		t.Audit(Entry{
			At: at, Event: "claims", Actor: person, Via: okey.ViaWeb, Subject: AboutPerson(person),
			Detail: fmt.Sprint(changed + given),
		})
	}
	return nil
}

func (t *Tx) saveClaimedAssignments(
	ctx context.Context, person uuid.UUID, said []okey.Assignment, today okey.Day, at time.Time,
) (changed int, err error) {
	uais, functions := make([]string, len(said)), make([]string, len(said))
	for i, a := range said {
		uais[i], functions[i] = string(a.UAI), string(a.Function)
	}
	err = t.get(ctx, &changed, "", `WITH said AS (
			SELECT uai, function FROM unnest($2::text[], $3::text[]) AS said (uai, function) JOIN establishment USING (uai)
		), gone AS (
			DELETE FROM assignment a WHERE a.person = $1 AND a.source = 'claims'
			AND NOT EXISTS (SELECT FROM said WHERE said.uai = a.uai AND said.function = a.function) RETURNING 1
		), come AS (
			INSERT INTO assignment AS a (person, uai, function, source, until, since)
			SELECT $1, uai, function, 'claims', CASE WHEN function <> 'personnel' THEN $4::date END, $5 FROM said
			ON CONFLICT (person, uai, function, source) DO UPDATE SET until = excluded.until,
				since = CASE WHEN a.until < $6::date THEN excluded.since ELSE a.since END RETURNING xmax = 0 AS is_new
		) SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM come WHERE is_new)`,
		person, pq.Array(uais), pq.Array(functions), today.AddDays(claimedFor).String(), at, today.String())
	return changed, err
}

func (t *Tx) saveClaimedDelegations(
	ctx context.Context, person uuid.UUID, said []okey.DirectoryDelegation, today okey.Day, at time.Time,
) (changed int, err error) {
	kept := []string{} // not nil: NULL would end none
	for _, d := range said {
		if d.Until.Before(today) { // directories keep them for years
			continue
		}
		id := okey.DerivedID(person, fmt.Sprintf("delegation/%s/%s/%s/%s", d.UAI, d.GivenBy, d.From, d.Until))
		kept = append(kept, id.String())
		var n int
		err := t.get(ctx, &n, "", `WITH given AS (
				INSERT INTO delegation AS d (id, uai, given_by, given_to, scope, from_day, until_day, created_at, source)
				SELECT $1, e.uai, giver.id, $4, 'everything', $5::date, $6::date, $7, 'claims' FROM establishment e, person giver
				WHERE e.uai = $2 AND giver.uid = $3 AND giver.id <> $4
				ON CONFLICT (id) DO UPDATE SET ended_at = NULL, created_at = excluded.created_at
				WHERE d.ended_at IS NOT NULL AND d.ended_by IS NULL RETURNING 1
			) SELECT count(*) FROM given`, id, string(d.UAI), d.GivenBy, person, d.From.String(), d.Until.String(), at)
		if err != nil {
			return 0, err
		}
		changed += n
	}
	var ended int
	err = t.get(ctx, &ended, "", `WITH ended AS (
			UPDATE delegation SET ended_at = $3 WHERE given_to = $1 AND source = 'claims' AND ended_at IS NULL
			AND NOT id = ANY ($2::uuid[]) RETURNING 1
		) SELECT count(*) FROM ended`, person, pq.Array(kept), at)
	return changed + ended, err
}

// EndSessions ends every session that a person has open, at the next click in each.
func (t *Tx) EndSessions(ctx context.Context, person okey.PersonID, by okey.PersonID, via okey.Via, at time.Time) error {
	t.Audit(Entry{At: at, Event: "sessions_ended", Actor: by, Via: via, Subject: AboutPerson(person)})
	return t.exec(ctx, `UPDATE person SET sessions_from = $2 WHERE id = $1`, person, at)
}

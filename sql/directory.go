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

// saveDirectory makes what claims said of a person what they say now: at schools that OKEY serves, or at the successors of those that they
// name, and delegations whose giver OKEY knows. Imports and support's attachments stay.
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
	err = t.get(ctx, &changed, "", `WITH named AS (
			SELECT coalesce(e.successor, e.uai) AS uai, CASE WHEN e.successor IS NOT NULL THEN e.uai END AS old_code,
				CASE WHEN EXISTS (SELECT FROM assignment a WHERE a.uai = e.successor AND `+ownHead+`
					AND NOT (a.person = $4 AND a.source = 'claims')) THEN 'personnel' ELSE claimed.function END AS function
			FROM unnest($2::text[], $3::text[]) AS claimed (uai, function) JOIN establishment e USING (uai)
		), said AS (
			SELECT DISTINCT ON (uai, function) uai, function, old_code FROM named ORDER BY uai, function, old_code NULLS FIRST
		), gone AS (
			DELETE FROM assignment a WHERE a.person = $4 AND a.source = 'claims'
			AND NOT EXISTS (SELECT FROM said WHERE said.uai = a.uai AND said.function = a.function) RETURNING 1
		), come AS (
			INSERT INTO assignment AS a (person, uai, function, source, until, since, old_code)
			SELECT $4, uai, function, 'claims', CASE WHEN function <> 'personnel' THEN $5::date END, $6, old_code FROM said
			ON CONFLICT (person, uai, function, source) DO UPDATE SET until = excluded.until, old_code = excluded.old_code,
				since = CASE WHEN a.until < $1::date THEN excluded.since ELSE a.since END RETURNING xmax = 0 AS is_new
		) SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM come WHERE is_new)`,
		today.String(), pq.Array(uais), pq.Array(functions), person, today.AddDays(claimedFor).String(), at)
	if err != nil {
		return 0, err
	}
	return changed, t.endOldHeads(ctx, today)
}

func (t *Tx) saveClaimedDelegations(
	ctx context.Context, person uuid.UUID, said []okey.DirectoryDelegation, today okey.Day, at time.Time,
) (changed int, err error) {
	kept := []string{} // not nil: NULL would end none
	for _, d := range said {
		if d.Until.Before(today) { // directories keep them for years
			continue
		}
		id := delegationID(person, d)
		kept = append(kept, id.String())
		var n int
		err := t.get(ctx, &n, "", `WITH given AS (
				INSERT INTO delegation AS d (id, uai, given_by, given_to, scope, from_day, until_day, created_at, source)
				SELECT $1, e.uai, giver.id, $4, 'everything', $5::date, $6::date, $7, 'claims'
				FROM (SELECT coalesce(successor, uai) AS uai FROM establishment WHERE uai = $2) e, person giver
				WHERE giver.uid = $3 AND giver.id <> $4 AND NOT EXISTS (SELECT FROM delegation o WHERE o.id <> $1
					AND (o.uai, o.given_by, o.given_to, o.from_day, o.until_day) = (e.uai, giver.id, $4, $5::date, $6::date)
					AND o.source <> 'page' AND o.ended_by IS NOT NULL)
				ON CONFLICT (id) DO UPDATE SET uai = excluded.uai, ended_at = NULL, created_at = excluded.created_at
				WHERE d.ended_by IS NULL AND (d.ended_at IS NOT NULL OR d.uai <> excluded.uai) RETURNING 1
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

// delegationID is the same wherever the directory's delegation is read: at a sign-in, or with everybody's. Ids were once made with the
// giver's capitals: what somebody ended under such a one stays ended, too.
func delegationID(person okey.PersonID, d okey.DirectoryDelegation) uuid.UUID {
	return okey.DerivedID(person, fmt.Sprintf("delegation/%s/%s/%s/%s", d.UAI, d.GivenBy, d.From, d.Until))
}

// What a sign-in has read already, the directory takes over: later sign-ins do not end it. What somebody ended on a page stays ended.
// Nobody is told of a delegation that holds already: whoever has it was told where it was given.
const writeDirectoryDelegations = `WITH given AS (
		INSERT INTO delegation AS d (id, uai, given_by, given_to, scope, from_day, until_day, created_at, begun_at, source)
		SELECT DISTINCT ON (said.id) said.id, coalesce(e.successor, e.uai), giver.id, said.person, 'everything', said.from_day,
			said.until_day, $7,
			CASE WHEN said.from_day <= $8::date THEN $7::timestamptz END, 'directory'
		FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::date[], $6::date[])
			AS said (id, uai, giver, person, from_day, until_day)
		JOIN establishment e ON e.uai = said.uai
		JOIN person giver ON giver.uid = said.giver AND giver.id <> said.person
		WHERE NOT EXISTS (SELECT FROM delegation o WHERE o.id <> said.id
			AND (o.uai, o.given_by, o.given_to, o.from_day, o.until_day)
				= (coalesce(e.successor, e.uai), giver.id, said.person, said.from_day, said.until_day)
			AND o.source <> 'page' AND o.ended_by IS NOT NULL)
		ORDER BY said.id, giver.uid
		ON CONFLICT (id) DO UPDATE SET source = 'directory', uai = excluded.uai, created_at = excluded.created_at,
			ended_at = CASE WHEN d.ended_by IS NULL THEN NULL ELSE d.ended_at END
		WHERE d.source = 'claims' OR d.ended_by IS NULL AND (d.ended_at IS NOT NULL OR d.uai <> excluded.uai) RETURNING 1
	) SELECT count(*) FROM given`

const endDirectoryDelegations = `WITH ended AS (
		UPDATE delegation d SET ended_at = $1 WHERE d.source = 'directory' AND d.ended_at IS NULL AND NOT d.id = ANY ($2::uuid[])
		AND NOT $3 AND NOT EXISTS (SELECT FROM establishment e WHERE e.uai = ANY ($4) AND d.uai IN (e.uai, e.successor))
		RETURNING 1
	) SELECT count(*) FROM ended`

// saveDirectoryDelegations makes the delegations that the directory carries what it says now, of people whom OKEY knows, at schools that
// it has. It counts those that began or ended.
func (t *Tx) saveDirectoryDelegations(ctx context.Context, how StaffImport, at time.Time) (int, error) {
	if how.Source != SourceDirectory {
		return 0, nil
	}
	holders, err := t.peopleByUID(ctx, how.Delegations)
	if err != nil {
		return 0, err
	}
	ids, uais, givers, people, from, until := []string{}, []string{}, []string{}, []string{}, []string{}, []string{}
	for _, d := range how.Delegations {
		holder, known := holders[d.UID]
		if !known || d.Until.Before(how.Today) { // directories keep them for years
			continue
		}
		ids, people = append(ids, delegationID(holder, d.DirectoryDelegation).String()), append(people, holder.String())
		uais, givers = append(uais, string(d.UAI)), append(givers, d.GivenBy)
		from, until = append(from, d.From.String()), append(until, d.Until.String())
	}
	var given, ended int
	err = t.get(ctx, &given, "", writeDirectoryDelegations, pq.Array(ids), pq.Array(uais), pq.Array(givers), pq.Array(people),
		pq.Array(from), pq.Array(until), at, how.Today.String())
	if err != nil {
		return 0, fmt.Errorf("write the directory's delegations: %w", err)
	}
	if err := t.get(ctx, &ended, "", endDirectoryDelegations, at, pq.Array(ids), how.All, pq.Array(texts(how.Incomplete))); err != nil {
		return 0, fmt.Errorf("end the directory's delegations: %w", err)
	}
	return given + ended, nil
}

// peopleByUID finds those who hold the delegations, by their uid.
func (t *Tx) peopleByUID(ctx context.Context, delegations []okey.ImportedDelegation) (map[string]okey.PersonID, error) {
	uids := make([]string, len(delegations))
	for i, d := range delegations {
		uids[i] = d.UID
	}
	var found []struct {
		ID  uuid.UUID `db:"id"`
		UID string    `db:"uid"`
	}
	err := t.all(ctx, &found, `SELECT p.id, p.uid FROM person p WHERE p.uid = ANY ($1)`, pq.Array(uids))
	if err != nil {
		return nil, fmt.Errorf("find who holds delegations: %w", err)
	}
	known := make(map[string]okey.PersonID, len(found))
	for _, p := range found {
		known[p.UID] = p.ID
	}
	return known, nil
}

// EndSessions ends every session that a person has open, at the next click in each.
func (t *Tx) EndSessions(ctx context.Context, person okey.PersonID, by okey.PersonID, via okey.Via, at time.Time) error {
	t.Audit(Entry{At: at, Event: "sessions_ended", Actor: by, Via: via, Subject: AboutPerson(person)})
	return t.exec(ctx, `UPDATE person SET sessions_from = $2 WHERE id = $1`, person, at)
}

package sql

import (
	"context"
	stdsql "database/sql"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// What support's page of a person asks, besides what other pages ask too.

// PersonStatus is what OKEY itself knows of a person.
type PersonStatus struct {
	Support      bool            `db:"support"`
	Auditor      bool            `db:"auditor"`
	CreatedAt    time.Time       `db:"created_at"`
	ErasedAt     stdsql.NullTime `db:"erased_at"`
	MergedInto   uuid.NullUUID   `db:"merged_into"` // whose uid this was, too
	SessionsFrom stdsql.NullTime `db:"sessions_from"`
	Shared       int             `db:"shared"`   // how many others have the same address
	Tokens       int             `db:"tokens"`   // that still open something
	Refused      bool            `db:"refused"`  // the last mail to the present address
	Returned     bool            `db:"returned"` // after it had left
}

// PersonStatus answers not_found for an unknown id.
func (r reader) PersonStatus(ctx context.Context, id okey.PersonID, at time.Time) (PersonStatus, error) {
	var p PersonStatus
	err := r.get(ctx, &p, nobody, `SELECT p.support, p.auditor, p.created_at, p.erased_at, p.merged_into, p.sessions_from,
		CASE WHEN p.mail = '' THEN 0 ELSE (SELECT count(*) FROM person o
			WHERE lower(o.mail) = lower(p.mail) AND o.id <> p.id) END AS shared,
		(SELECT count(*) FROM api_token t WHERE t.person = p.id AND t.revoked_at IS NULL AND t.expires_at > $2) AS tokens,
		coalesce(l.state = 'failed', false) AS refused, l.returned_at IS NOT NULL AS returned
		FROM person p LEFT JOIN LATERAL (SELECT m.state, m.returned_at FROM mail m
			WHERE m.person = p.id AND m.address = p.mail AND m.state IN ('sent', 'failed')
			ORDER BY m.created_at DESC, m.id LIMIT 1) l ON true
		WHERE p.id = $1`, id, at)
	return p, err
}

// Source is where OKEY has an assignment from.
type Source string

// The sources of assignments.
const (
	SourceImport    Source = "import"    // a staff file
	SourceDirectory Source = "directory" // the directory, read by OKEY itself
	SourceClaims    Source = "claims"    // the directory, read at a sign-in
	SourceSupport   Source = "support"   // an attachment
)

// Post is a function of somebody at an establishment, and where OKEY has it from.
type Post struct {
	UAI      okey.UAI
	School   string
	Function okey.Function
	Source   Source
	Until    okey.Day // zero: no end
	Reason   string   // of an attachment
	Since    time.Time
	Ended    bool // the establishment has a successor, or is not served: the function gives nothing
	Person   okey.Person
}

// PostsOf returns the functions of a person as they stand in OKEY, in force or not.
func (r reader) PostsOf(ctx context.Context, person okey.PersonID, limit int) ([]Post, error) {
	return r.posts(ctx, `WHERE a.person = $1 ORDER BY e.name, a.uai, a.function, a.source LIMIT $2`, person, limit)
}

// PostsAt returns who has a function at an establishment on the day or later, those who approve first.
func (r reader) PostsAt(ctx context.Context, uai okey.UAI, on okey.Day, limit int) ([]Post, error) {
	return r.posts(ctx, `WHERE a.uai = $1 AND (a.until IS NULL OR a.until >= $2::date)
		ORDER BY array_position(ARRAY['chef', 'adjoint', 'personnel'], a.function), p.family_name, p.given_name, p.uid, a.source
		LIMIT $3`, string(uai), on.String(), limit)
}

func (r reader) posts(ctx context.Context, which string, args ...any) ([]Post, error) {
	var rows []struct {
		personRow
		UAI      okey.UAI        `db:"uai"`
		School   string          `db:"school"`
		Function okey.Function   `db:"function"`
		Source   Source          `db:"source"`
		Until    stdsql.NullTime `db:"until"`
		Reason   string          `db:"reason"`
		Since    time.Time       `db:"since"`
		Ended    bool            `db:"ended"`
	}
	err := r.all(ctx, &rows, `SELECT `+personColumns+`, a.uai, e.name AS school, a.function, a.source, a.until, a.reason, a.since,
		(e.successor IS NOT NULL OR NOT e.served) AS ended
		FROM assignment a JOIN establishment e ON e.uai = a.uai JOIN person p ON p.id = a.person `+which, args...)
	posts := make([]Post, len(rows))
	for i, row := range rows {
		posts[i] = Post{
			UAI: row.UAI, School: row.School, Function: row.Function, Source: row.Source, Until: dayOf(row.Until),
			Reason: row.Reason, Since: utc(row.Since),
			Ended: row.Ended, Person: row.person(),
		}
	}
	return posts, err
}

// DelegationsOf returns the delegations that a person has or has given, latest end first.
func (r reader) DelegationsOf(ctx context.Context, person okey.PersonID, limit int) ([]ListedDelegation, error) {
	return listed(ctx, r, delegationRow.delegation, selectDelegation+`WHERE d.given_to = $1 OR d.given_by = $1
		ORDER BY d.until_day DESC, d.id LIMIT $2`, person, limit)
}

// PersonalKey is a key that somebody has, has had, or is to have.
type PersonalKey struct {
	Serial  okey.Serial     `db:"serial"`
	State   okey.KeyState   `db:"state"`
	School  string          `db:"school"`
	Expires stdsql.NullTime `db:"expires_on"`
	Now     bool            `db:"now"`  // in their hands
	Kept    bool            `db:"kept"` // for their request
}

// KeysOfPerson returns the keys that were ever a person's: those in their hands first, then those kept for them.
func (r reader) KeysOfPerson(ctx context.Context, person okey.PersonID, limit int) ([]PersonalKey, error) {
	var keys []PersonalKey
	err := r.all(ctx, &keys, `SELECT k.serial, k.state, e.name AS school, k.expires_on, k.holder IS NOT DISTINCT FROM $1 AS now,
		r.id IS NOT NULL AS kept
		FROM (SELECT serial FROM key WHERE holder = $1 UNION SELECT serial FROM key_event WHERE holder = $1
			UNION SELECT k.serial FROM request r JOIN key k ON k.request = r.id WHERE r.person = $1) theirs
		JOIN key k USING (serial) JOIN establishment e ON e.uai = k.uai LEFT JOIN request r ON r.id = k.request AND r.person = $1
		ORDER BY now DESC, kept DESC, k.serial LIMIT $2`, person, limit)
	return keys, err
}

// MailsTo returns the mails to a person, newest first.
func (r reader) MailsTo(ctx context.Context, person okey.PersonID, limit int) ([]Mail, error) {
	var mails []Mail
	err := r.all(ctx, &mails,
		`SELECT `+mailColumns+` FROM mail m WHERE m.person = $1 ORDER BY m.created_at DESC, m.id LIMIT $2`, person, limit)
	return mails, err
}

// SessionsWith returns what is kept of sessions that name a person, as their library writes it.
func (r reader) SessionsWith(ctx context.Context, person okey.PersonID, at time.Time, limit int) ([][]byte, error) {
	var kept [][]byte
	err := r.all(ctx, &kept, `SELECT data FROM session WHERE expiry > $2 AND position(convert_to($1::text, 'UTF8') IN data) > 0
		LIMIT $3`, person.String(), at, limit)
	return kept, err
}

package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// LockKeys locks the keys with these serials in their order and returns those that exist.
func (t *Tx) LockKeys(ctx context.Context, serials []okey.Serial) ([]okey.Key, error) {
	return listed(ctx, t.reader, keyRow.key,
		`SELECT `+keyColumns+` FROM key k WHERE k.serial = ANY ($1) ORDER BY k.serial FOR UPDATE`, pq.Array(texts(serials)))
}

// KeysWith returns the keys with these serials, those that exist.
func (r reader) KeysWith(ctx context.Context, serials []okey.Serial) ([]okey.Key, error) {
	return listed(ctx, r, keyRow.key,
		`SELECT `+keyColumns+` FROM key k WHERE k.serial = ANY ($1) ORDER BY k.serial`, pq.Array(texts(serials)))
}

// HolderNames names the holders of keys; keys that nobody has are not in it.
func (r reader) HolderNames(ctx context.Context, serials []okey.Serial) (map[okey.Serial]string, error) {
	var rows []struct {
		Serial okey.Serial `db:"serial"`
		Given  string      `db:"given_name"`
		Family string      `db:"family_name"`
	}
	err := r.all(ctx, &rows, `SELECT k.serial, p.given_name, p.family_name FROM key k JOIN person p ON p.id = k.holder
		WHERE k.serial = ANY ($1)`, pq.Array(texts(serials)))
	names := make(map[okey.Serial]string, len(rows))
	for _, row := range rows {
		names[row.Serial] = okey.Person{GivenName: row.Given, FamilyName: row.Family}.Name()
	}
	return names, err
}

// HoldersUnknownAt returns those of the keys whose holder has no post at the establishment on the day.
func (r reader) HoldersUnknownAt(ctx context.Context, uai okey.UAI, serials []okey.Serial, on okey.Day) ([]okey.Serial, error) {
	var unknown []okey.Serial
	err := r.all(ctx, &unknown, `SELECT k.serial FROM key k WHERE k.serial = ANY ($1) AND k.holder IS NOT NULL
		AND NOT EXISTS (SELECT FROM assignment a WHERE a.person = k.holder AND a.uai = $2 AND (a.until IS NULL OR a.until >= $3::date))
		ORDER BY k.serial`,
		pq.Array(texts(serials)), string(uai), on.String())
	return unknown, err
}

// KeyMoving is a change of establishment.
type KeyMoving struct {
	Subject uuid.UUID // of the action that moves: every move is told under it
	To      okey.UAI
	At      time.Time
	By      okey.PersonID
	Via     okey.Via
	Comment string
}

// MoveKey takes a key to another establishment: state, holder and PIN stay. It ends another proposal that the key goes along. The caller
// holds the locks of both establishments, and allocates at both afterwards.
func (t *Tx) MoveKey(ctx context.Context, key okey.Key, m KeyMoving) error {
	if err := t.exec(ctx,
		`UPDATE key SET uai = $2, changed_at = $3 WHERE serial = $1`, string(key.Serial), string(m.To), m.At); err != nil {
		return fmt.Errorf("move key %s: %w", key.Serial, err)
	}
	err := t.exec(ctx, `INSERT INTO key_event (serial, seq, at, reason, state, by_person, holder, comment)
		SELECT $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6, $7 FROM key_event WHERE serial = $1`,
		string(key.Serial), m.At, string(okey.ReasonMoved), string(key.State), nullID(m.By), nullID(key.Holder),
		movedFrom(key.UAI, m.To, m.Comment))
	if err != nil {
		return fmt.Errorf("tell the story of key %s: %w", key.Serial, err)
	}
	err = t.exec(ctx, `INSERT INTO key_moved (subject, serial, from_uai, to_uai, at) VALUES ($1, $2, $3, $4, $5)`,
		m.Subject, string(key.Serial), string(key.UAI), string(m.To), m.At)
	if err != nil {
		return fmt.Errorf("record the move of key %s: %w", key.Serial, err)
	}
	t.Audit(Entry{At: m.At, Event: "key_moved", Actor: m.By, Via: m.Via, Subject: AboutKey(key.Serial), Detail: string(m.To)})
	t.tellMove(key, m.To, m.At)
	return t.exec(ctx, `UPDATE key_move SET state = 'ended', decided_at = $2 WHERE serial = $1 AND state = 'proposed' AND id <> $3`,
		string(key.Serial), m.At, m.Subject)
}

// movedFrom is the line of a key's story: the places, then what was written about it.
func movedFrom(from, to okey.UAI, comment string) string {
	said := fmt.Sprintf("De %s à %s.", from, to)
	if comment != "" {
		said += " " + comment
	}
	return said
}

// MovedKey is a key that an action has moved.
type MovedKey struct {
	Serial okey.Serial `db:"serial"`
	From   okey.UAI    `db:"from_uai"`
	To     okey.UAI    `db:"to_uai"`
}

// MovedBy returns what an action has moved, by serial.
func (r reader) MovedBy(ctx context.Context, subject uuid.UUID) ([]MovedKey, error) {
	var moved []MovedKey
	err := r.all(ctx, &moved, `SELECT serial, from_uai, to_uai FROM key_moved WHERE subject = $1 ORDER BY serial`, subject)
	return moved, err
}

// SeenUntil tells when a key went out of somebody's sight: when it left an establishment for which they answered at
// that moment, and when it was last in their hands. Zero where it never was.
func (r reader) SeenUntil(ctx context.Context, serial okey.Serial, person okey.PersonID) (left, returned time.Time, err error) {
	var row struct {
		Left     stdsql.NullTime `db:"left_at"`
		Returned stdsql.NullTime `db:"returned_at"`
	}
	err = r.get(ctx, &row, noKey, `SELECT (SELECT max(m.at) FROM key_moved m JOIN establishment e ON e.uai = m.from_uai
			WHERE m.serial = $1 AND (
			EXISTS (SELECT FROM assignment a WHERE a.person = $2 AND a.uai = coalesce(e.host, e.uai) AND a.function IN ('chef', 'adjoint')
				AND a.since <= m.at AND (a.until IS NULL OR a.until >= m.at::date))
			OR EXISTS (SELECT FROM delegation d WHERE d.given_to = $2 AND d.uai = coalesce(e.host, e.uai) AND d.created_at <= m.at
				AND m.at::date BETWEEN d.from_day AND d.until_day AND (d.ended_at IS NULL OR d.ended_at >= m.at)))) AS left_at,
		(SELECT max(v.at) FROM key_event v WHERE v.serial = $1 AND v.holder = $2) AS returned_at`, string(serial), person)
	return utc(row.Left.Time), utc(row.Returned.Time), err
}

type moveRow struct {
	ID         uuid.UUID       `db:"id"`
	Serial     okey.Serial     `db:"serial"`
	Holder     uuid.UUID       `db:"holder"`
	From       okey.UAI        `db:"from_uai"`
	To         okey.UAI        `db:"to_uai"`
	State      okey.MoveState  `db:"state"`
	Comment    string          `db:"comment"`
	ProposedBy uuid.UUID       `db:"proposed_by"`
	ProposedAt time.Time       `db:"proposed_at"`
	DecidedBy  uuid.NullUUID   `db:"decided_by"`
	DecidedAt  stdsql.NullTime `db:"decided_at"`
	Answer     string          `db:"answer"`
}

const moveColumns = `m.id, m.serial, m.holder, m.from_uai, m.to_uai, m.state, m.comment, m.proposed_by, m.proposed_at, m.decided_by,
	m.decided_at, m.answer`

func (m moveRow) move() okey.Move {
	return okey.Move{
		ID: m.ID, Serial: m.Serial, Holder: m.Holder, From: m.From, To: m.To, State: m.State, Comment: m.Comment,
		ProposedBy: m.ProposedBy, ProposedAt: utc(m.ProposedAt), DecidedBy: m.DecidedBy.UUID,
		DecidedAt: utc(m.DecidedAt.Time), Answer: m.Answer,
	}
}

const noMove = "Cette proposition n'existe pas, ou elle n'est pas pour vous."

// Move answers not_found for an unknown id.
func (r reader) Move(ctx context.Context, id uuid.UUID) (okey.Move, error) {
	var row moveRow
	err := r.get(ctx, &row, noMove, `SELECT `+moveColumns+` FROM key_move m WHERE m.id = $1`, id)
	return row.move(), err
}

// LockMove is Move under the row's lock. The caller holds the locks of both establishments.
func (t *Tx) LockMove(ctx context.Context, id uuid.UUID) (okey.Move, error) {
	var row moveRow
	err := t.get(ctx, &row, noMove, `SELECT `+moveColumns+` FROM key_move m WHERE m.id = $1 FOR UPDATE`, id)
	return row.move(), err
}

// OpenMoveOf returns the proposal that a key goes along, while it holds; not_found where there is none.
func (r reader) OpenMoveOf(ctx context.Context, serial okey.Serial) (okey.Move, error) {
	var row moveRow
	err := r.get(ctx, &row, noMove, `SELECT `+moveColumns+` FROM key_move m JOIN key k USING (serial)
		WHERE m.serial = $1 AND m.state = 'proposed' AND k.holder = m.holder AND k.uai = m.from_uai`, string(serial))
	return row.move(), err
}

// OpenMovesTo names the establishments for which keys are to leave, by serial, where that still waits for an answer.
func (r reader) OpenMovesTo(ctx context.Context, serials []okey.Serial) (map[okey.Serial]string, error) {
	var rows []struct {
		Serial okey.Serial `db:"serial"`
		Name   string      `db:"name"`
	}
	err := r.all(ctx, &rows, `SELECT m.serial, e.name FROM key_move m JOIN key k USING (serial) JOIN establishment e ON e.uai = m.to_uai
		WHERE m.serial = ANY ($1) AND m.state = 'proposed' AND k.holder = m.holder AND k.uai = m.from_uai`, pq.Array(texts(serials)))
	names := make(map[okey.Serial]string, len(rows))
	for _, row := range rows {
		names[row.Serial] = row.Name
	}
	return names, err
}

// AwaitedMove is a proposal in a list.
type AwaitedMove struct {
	okey.Move
	HolderName string
	FromName   string
}

type awaitedMoveRow struct {
	moveRow
	Given  string `db:"given_name"`
	Family string `db:"family_name"`
	School string `db:"school"`
}

func (m awaitedMoveRow) awaited() AwaitedMove {
	return AwaitedMove{
		Move: m.move(), HolderName: okey.Person{GivenName: m.Given, FamilyName: m.Family}.Name(), FromName: m.School,
	}
}

// movesAwaiting are the proposals that the establishments have to answer, oldest first, but nobody's own.
const movesAwaiting = `SELECT ` + moveColumns + `, p.given_name, p.family_name, f.name AS school
	FROM key_move m JOIN key k USING (serial) JOIN person p ON p.id = m.holder JOIN establishment f ON f.uai = m.from_uai
	JOIN establishment e ON e.uai = m.to_uai
	WHERE coalesce(e.host, e.uai) = ANY ($1) AND m.state = 'proposed' AND k.holder = m.holder AND k.uai = m.from_uai AND m.holder <> $2
	ORDER BY m.proposed_at, m.id LIMIT $3`

// ProposeMove writes a proposal; move_open where the key has one. One that no longer speaks of the key as it is makes room.
func (t *Tx) ProposeMove(ctx context.Context, m okey.Move) error {
	err := t.exec(ctx, `UPDATE key_move SET state = 'ended', decided_at = $4
		WHERE serial = $1 AND state = 'proposed'
		AND (holder <> $2 OR from_uai <> $3)`, string(m.Serial), m.Holder, string(m.From), m.ProposedAt)
	if err != nil {
		return fmt.Errorf("end an old proposal: %w", err)
	}
	err = t.exec(ctx, `INSERT INTO key_move (id, serial, holder, from_uai, to_uai, state, comment, proposed_by, proposed_at)
		VALUES ($1, $2, $3, $4, $5, 'proposed', $6, $7, $8)`,
		m.ID, string(m.Serial), m.Holder, string(m.From), string(m.To), m.Comment, m.ProposedBy, m.ProposedAt)
	if violates(err, "key_move_one_open") {
		return okey.Errorf(okey.CodeMoveOpen, "Un départ avec la clef %s est déjà proposé.", m.Serial)
	}
	return err
}

// SettleMove writes what became of a proposal.
func (t *Tx) SettleMove(ctx context.Context, m okey.Move) error {
	return t.exec(ctx, `UPDATE key_move SET state = $2, decided_by = $3, decided_at = $4, answer = $5 WHERE id = $1`,
		m.ID, string(m.State), nullID(m.DecidedBy), m.DecidedAt, m.Answer)
}

// ExpireMoves ends the proposals that nobody has answered in their time, and those whose key has gone another way; it returns the former:
// their proposers are to be told.
func (t *Tx) ExpireMoves(ctx context.Context, now time.Time) ([]okey.Move, error) {
	err := t.exec(ctx, `UPDATE key_move m SET state = 'ended', decided_at = $1 FROM key k
		WHERE k.serial = m.serial AND m.state = 'proposed' AND (k.holder IS DISTINCT FROM m.holder OR k.uai <> m.from_uai)`, now)
	if err != nil {
		return nil, fmt.Errorf("end proposals without object: %w", err)
	}
	expired, err := listed(ctx, t.reader, moveRow.move, `UPDATE key_move m SET state = 'expired', decided_at = $1
		WHERE m.state = 'proposed' AND m.proposed_at <= $2 RETURNING `+moveColumns, now, now.Add(-okey.MoveLife))
	if err != nil {
		return nil, fmt.Errorf("expire proposals: %w", err)
	}
	for _, m := range expired {
		t.Audit(Entry{
			At: now, Event: "move_expired", Via: okey.ViaEngine, Subject: AboutSubject(okey.ActionTakeAlong, m.ID),
			Detail: string(okey.MoveExpired),
		})
	}
	return expired, nil
}

package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

type keyRow struct {
	Serial    okey.Serial     `db:"serial"`
	UAI       okey.UAI        `db:"uai"`
	State     okey.KeyState   `db:"state"`
	Batch     string          `db:"batch"`
	ExpiresOn stdsql.NullTime `db:"expires_on"`
	Holder    uuid.NullUUID   `db:"holder"`
	Request   uuid.NullUUID   `db:"request"`
	LastLogin stdsql.NullTime `db:"last_login_at"`
	Prior     bool            `db:"prior_to_okey"`
	DueAt     stdsql.NullTime `db:"due_at"`
}

// KeyUse is whether the authentication server has ever told of a login, and the last trial of a key; nil for none.
func (r reader) KeyUse(ctx context.Context, serial okey.Serial, until time.Time) (known bool, last *okey.Trial, err error) {
	var tried []okey.Trial
	err = r.together(ctx, one(&known, loginsKnown), list(&tried, trialRow.trial, lastTrial, serial, time.Time{}, until))
	if len(tried) > 0 {
		last = &tried[0]
	}
	return known, last, err
}

// KeysBeside is what a list of keys tells besides: whether logins are known at all, and AwaitedDeliveries of the establishments.
func (r reader) KeysBeside(ctx context.Context, uais []okey.UAI) (known bool, awaited []Delivery, err error) {
	err = r.together(
		ctx,
		one(&known, loginsKnown),
		list(&awaited, deliveryRow.delivery, awaitedDeliveries, pq.Array(texts(uais))),
	)
	return known, awaited, err
}

const loginsKnown = `SELECT coalesce(min(coalesce(last_login_at, 'infinity')) < 'infinity', false) AS known FROM key`

const keyColumns = `k.serial, k.uai, k.state, k.batch, k.expires_on, k.holder, k.request, k.last_login_at, k.prior_to_okey, k.due_at`

func (k keyRow) key() okey.Key {
	return okey.Key{
		Serial: k.Serial, UAI: k.UAI, State: k.State, Batch: k.Batch, ExpiresOn: dayOf(k.ExpiresOn),
		Holder: k.Holder.UUID, Request: k.Request.UUID, LastLoginAt: utc(k.LastLogin.Time), PriorToOKEY: k.Prior,
		DueAt: utc(k.DueAt.Time),
	}
}

const noKey = "Cette clef n'existe pas, ou elle n'est pas pour vous."

// Key answers not_found for an unknown serial.
func (r reader) Key(ctx context.Context, serial okey.Serial) (okey.Key, error) {
	var row keyRow
	err := r.get(ctx, &row, noKey, `SELECT `+keyColumns+` FROM key k WHERE k.serial = $1`, serial)
	return row.key(), err
}

// LoanEnd is when the loan of a key that was handed over at since came to its end, or was told to be over; zero where neither has happened.
func (r reader) LoanEnd(ctx context.Context, serial okey.Serial, since time.Time) (time.Time, error) {
	var ended stdsql.NullTime
	err := r.get(ctx, &ended, "", `SELECT min(at) FROM key_event WHERE serial = $1 AND at > $2 AND (state <> $3 OR reason = $4)`,
		serial, since, string(okey.Lent), string(okey.ReasonLoanOver))
	return utc(ended.Time), err
}

// KeysHeldBy returns the keys in a person's hands: their own before lent ones, the one that expires last first.
func (r reader) KeysHeldBy(ctx context.Context, person okey.PersonID) ([]okey.Key, error) {
	return listed(ctx, r, keyRow.key, keysHeld, person)
}

const keysHeld = `SELECT ` + keyColumns + ` FROM key k WHERE k.holder = $1 ORDER BY k.state = 'lent', k.expires_on DESC, k.serial`

// keysBrought are those of them that are to be taken back at a renewal's handover: what is mislaid is not there, what is lent is the
// drawer's.
const keysBrought = `SELECT ` + keyColumns + ` FROM key k WHERE k.holder = $1 AND k.state = 'in_service'
	ORDER BY k.expires_on DESC, k.serial`

// RetiredAtHandover names the keys that were taken out of service at the very moment when a request's own key was
// handed over: those that it replaced. The allocation writes both with one instant.
func (r reader) RetiredAtHandover(ctx context.Context, request uuid.UUID) ([]okey.Serial, error) {
	var old []okey.Serial
	err := r.all(ctx, &old, retiredAtHandover, request)
	return old, err
}

const retiredAtHandover = `SELECT o.serial FROM request q
	JOIN key_event n ON n.serial = q.handed_over_key AND n.reason = 'handed_over' AND n.holder = q.person
	JOIN key_event o ON o.holder = q.person AND o.at = n.at AND o.reason = 'retired'
	WHERE q.id = $1 ORDER BY o.serial`

// GoneKey is a key that was declared lost or defective while somebody had it in hand.
type GoneKey struct {
	Serial okey.Serial    `db:"serial"`
	Reason okey.KeyReason `db:"reason"`
	At     time.Time      `db:"at"`
	ByID   uuid.NullUUID  `db:"by_person"`
	By     string         `db:"by_name"`
	School string         `db:"school"` // where it belongs
}

// goneFrom are the keys that were declared lost or defective in a person's hands since then, latest first, unless something became of
// them after.
const goneFrom = `SELECT v.serial, v.reason, v.at, v.by_person,
	trim(coalesce(b.given_name, '') || ' ' || coalesce(b.family_name, '')) AS by_name, e.name AS school
	FROM key_event v JOIN key k ON k.serial = v.serial JOIN establishment e ON e.uai = k.uai LEFT JOIN person b ON b.id = v.by_person
	WHERE v.holder = $1 AND v.reason IN ('lost', 'defective') AND v.at >= $2
	AND NOT EXISTS (SELECT FROM key_event l WHERE l.serial = v.serial AND l.seq > v.seq) ORDER BY v.at DESC`

// FreeKeys counts the keys that an establishment may lend on the day.
func (r reader) FreeKeys(ctx context.Context, uai okey.UAI, on okey.Day) (int, error) {
	var n int
	err := r.get(ctx, &n, "", freeKeys, uai, on.AddMonths(okey.LendableMonths).String())
	return n, err
}

const freeKeys = `SELECT count(*) FROM key WHERE uai = $1 AND state = 'in_stock' AND expires_on >= $2::date`

// FreeKeysOn is FreeKeys for several establishments, each on a day of its own.
func (r reader) FreeKeysOn(ctx context.Context, days map[okey.UAI]okey.Day) (map[okey.UAI]int, error) {
	var rows []struct {
		UAI  okey.UAI `db:"uai"`
		Keys int      `db:"keys"`
	}
	uais, on := arraysOf(days, okey.LendableMonths)
	err := r.all(ctx, &rows, `SELECT s.uai, count(k.serial) AS keys FROM unnest($1::text[], $2::date[]) AS s (uai, lendable)
		LEFT JOIN key k ON k.uai = s.uai AND k.state = 'in_stock' AND k.expires_on >= s.lendable GROUP BY s.uai`, uais, on)
	free := make(map[okey.UAI]int, len(rows))
	for _, row := range rows {
		free[row.UAI] = row.Keys
	}
	return free, err
}

// KeyChange is one step in a key's life, by the domain's table.
type KeyChange struct {
	Reason  okey.KeyReason
	At      time.Time
	By      okey.PersonID // zero: the flow itself
	Via     okey.Via
	Comment string
	Holder  okey.PersonID // who has it then, for handed_over
	Request uuid.UUID     // for whom it is kept aside then, for reserved and signed
	PINHash string        // the PIN that it carries then, for signed and handed_over
	DueAt   time.Time     // when it is lost, for mislaid; when it is to be back, for lent
	TriedAt time.Time     // when the authentication server had accepted it, for one that changes hands; zero: it was not tried
}

// ChangeKey applies a change to a key, records it in the key's story and in the audit, and returns the key as it is then. The caller
// holds the lock of the key's establishment. key_transition where the domain's table has no such row.
func (t *Tx) ChangeKey(ctx context.Context, serial okey.Serial, c KeyChange) (okey.Key, error) {
	var row keyRow
	err := t.get(ctx, &row, noKey, `SELECT `+keyColumns+` FROM key k WHERE k.serial = $1 FOR UPDATE`, serial)
	if err != nil {
		return okey.Key{}, err
	}
	before := row.key()
	next, err := okey.NextKeyState(before.State, c.Reason)
	if err != nil {
		return before, err
	}
	holder := c.Holder
	if holder == uuid.Nil {
		holder = before.Holder
	}
	// The key, its story, and the wrong PINs that are of the past. Whose key it stays ($11) keeps holder, PIN and count.
	err = t.get(ctx, &row, noKey, `WITH forgotten AS (DELETE FROM pin_guard WHERE serial = $1 AND NOT $11), told AS (
			INSERT INTO key_event (serial, seq, at, reason, state, by_person, holder, comment, tried_at)
			SELECT $1, coalesce(max(seq), 0) + 1, $6, $7, $2, $8, $9, $10, $13 FROM key_event WHERE serial = $1)
		UPDATE key k SET state = $2, holder = CASE WHEN $11 THEN holder ELSE $3 END, request = $4,
		pin_hash = CASE WHEN $11 THEN pin_hash ELSE $5 END, due_at = $12,
		prior_to_okey = prior_to_okey AND $2 IN ('in_service', 'suspended', 'lent'),
		last_login_at = CASE WHEN $2 <> 'in_stock' THEN last_login_at END,
		changed_at = $6 WHERE serial = $1 RETURNING `+keyColumns,
		serial, string(next), nullID(c.Holder), nullID(c.Request), nullText(c.PINHash), c.At, string(c.Reason), nullID(c.By),
		nullID(holder), c.Comment, before.State.InHand() && next.InHand(), nullTime(c.DueAt),
		nullTime(c.TriedAt))
	if err != nil {
		return before, fmt.Errorf("change key %s: %w", serial, err)
	}
	detail := string(next)
	if !c.TriedAt.IsZero() {
		detail += okey.AuditTried
	}
	t.Audit(Entry{At: c.At, Event: "key_" + string(c.Reason), Actor: c.By, Via: c.Via, Subject: AboutKey(serial), Detail: detail})
	t.tellChange(before, row.key(), c)
	return row.key(), nil
}

// EndLoans has the keys that were lent to a person be due at the instant, those that still have time: they are accepted no longer.
func (t *Tx) EndLoans(ctx context.Context, person okey.PersonID, at time.Time) error {
	ended, err := listed(ctx, t.reader, keyRow.key, `UPDATE key k SET due_at = $2, changed_at = $2
		WHERE holder = $1 AND state = 'lent' AND due_at > $2 RETURNING `+keyColumns, person, at)
	if err != nil || len(ended) == 0 {
		return err
	}
	return t.loansOver(ctx, ended, at)
}

// loansOver tells the stories of the keys, and other programs, that loans are over, each end once. The keys are locked.
func (t *Tx) loansOver(ctx context.Context, keys []okey.Key, at time.Time) error {
	serials := make([]string, len(keys))
	for i, key := range keys {
		serials[i] = string(key.Serial)
	}
	var told []okey.Serial
	err := t.all(ctx, &told, `INSERT INTO key_event (serial, seq, at, reason, state, holder)
		SELECT k.serial, (SELECT coalesce(max(v.seq), 0) + 1 FROM key_event v WHERE v.serial = k.serial), k.due_at, $2, k.state, k.holder
		FROM key k WHERE k.serial = ANY ($1) AND NOT EXISTS (SELECT FROM key_event v
			WHERE v.serial = k.serial AND v.reason = $2 AND v.at = k.due_at)
		RETURNING serial`, pq.Array(serials), string(okey.ReasonLoanOver))
	if err != nil {
		return err
	}
	for _, key := range keys {
		if slices.Contains(told, key.Serial) {
			t.tellOf(okey.KeyEventLoanEnded, key, at)
		}
	}
	return nil
}

// PINOf returns the PIN hash that a key carries, "" for none.
func (t *Tx) PINOf(ctx context.Context, serial okey.Serial) (string, error) {
	var hash stdsql.NullString
	err := t.get(ctx, &hash, noKey, `SELECT pin_hash FROM key WHERE serial = $1`, serial)
	return hash.String, err
}

// MislaidBy is the action that last said a key was mislaid; zero where none is kept.
func (t *Tx) MislaidBy(ctx context.Context, serial okey.Serial) (id uuid.UUID, err error) {
	err = t.get(ctx, &id, "", `SELECT coalesce((SELECT id FROM action WHERE key = $1 AND name = $2 AND outcome = 'accepted'
		AND content->>'key_reason' = $3 ORDER BY created_at DESC, id LIMIT 1), $4)`,
		serial, string(okey.ActionKeyChange), string(okey.ReasonMislaid), uuid.Nil)
	return id, err
}

// KeyEvent is one line of a key's story.
type KeyEvent struct {
	At      time.Time      `db:"at"`
	Reason  okey.KeyReason `db:"reason"`
	State   okey.KeyState  `db:"state"`
	By      string         `db:"by_name"`
	Holder  string         `db:"holder_name"`
	Comment string         `db:"comment"`
	Tried   bool           `db:"tried"` // it was accepted right before
}

// KeyStory returns what happened to a key, newest first.
func (r reader) KeyStory(ctx context.Context, serial okey.Serial) ([]KeyEvent, error) {
	var events []KeyEvent
	err := r.all(ctx, &events, `SELECT v.at, v.reason, v.state,
		trim(coalesce(b.given_name, '') || ' ' || coalesce(b.family_name, '')) AS by_name,
		trim(coalesce(h.given_name, '') || ' ' || coalesce(h.family_name, '')) AS holder_name, v.comment,
		v.tried_at IS NOT NULL AS tried
		FROM key_event v LEFT JOIN person b ON b.id = v.by_person LEFT JOIN person h ON h.id = v.holder
		WHERE v.serial = $1 ORDER BY v.seq DESC`, serial)
	return events, err
}

// SubjectOfKey is a key as the permission table sees it: its holder owns it, the approvers of its establishment answer for it.
func (r reader) SubjectOfKey(ctx context.Context, key okey.Key) (okey.Subject, error) {
	place, err := r.Place(ctx, key.UAI)
	if err != nil {
		return okey.Subject{}, err
	}
	return okey.Subject{Owner: key.Holder, UAI: place.AnsweredBy()}, nil
}

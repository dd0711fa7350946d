package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/lib/pq"
)

// KeyImport says how to take a key file.
type KeyImport struct {
	Today      okey.Day
	LookAlikes bool           // take serials that differ from known ones only by leading zeros
	New        bool           // of a delivery: a key that is known already is a fault, whatever is said of it
	By         okey.PersonID  // whoever takes the delivery; nobody for the operator's commands
	Reason     okey.KeyReason // how a key that is new came: the first line of its history
}

// KeyProblem is a row that can't be taken for what OKEY knows already.
type KeyProblem struct {
	Line      int
	Code      okey.Code
	Why       okey.NotServed // with CodeEstablishmentUnknown: why an import left it out, if one did
	Successor okey.UAI       // with CodeEstablishmentSucceeded: where the key goes instead
	Known     okey.Key       // with CodeKnownDifferently and CodeLookAlike: the key that is known
	Holder    string         // its holder's uid
	Name      string         // and name, where OKEY knows it
}

// The codes of KeyProblem.
const (
	CodeEstablishmentUnknown   okey.Code = "establishment_unknown"
	CodeEstablishmentSucceeded okey.Code = "establishment_succeeded"
	CodeHolderUnknown          okey.Code = "holder_unknown"
	CodeKnownDifferently       okey.Code = "known_differently"
	CodeLookAlike              okey.Code = "look_alike"
	CodeExpired                okey.Code = "expired"
	CodeAlreadyKnown           okey.Code = "already_known"
)

// KeysOutcome is what a key file did. Stocked are the establishments that have free keys more, in order: their waiting requests are
// to be served in the same transaction.
type KeysOutcome struct {
	Tally
	Problems []KeyProblem
	Stocked  []okey.UAI
}

const createImportKey = `CREATE TEMPORARY TABLE import_key (
	line integer, serial text PRIMARY KEY, uai text, state text, batch text, expires_on date, holder text, verdict text, other text
) ON COMMIT DROP`

const lockKeyEstablishments = `SELECT e.uai FROM establishment e
	WHERE e.uai IN (SELECT i.uai FROM import_key i) ORDER BY e.uai FOR NO KEY UPDATE`

// A key is the same as known when its fixed facts agree and the row says what was first imported of it (its life since is not
// undone by importing the file again) or what it is now.
const judgeKnown = `UPDATE import_key i SET other = k.serial, verdict = CASE WHEN
	(k.batch, k.expires_on) = (i.batch, i.expires_on)
	AND (k.uai = i.uai OR EXISTS (SELECT FROM key_moved m WHERE m.serial = k.serial AND m.from_uai = i.uai))
	AND ((i.state, i.holder) = (k.state, coalesce(lower(h.uid), '')) OR (i.state, i.holder) = (e.state, coalesce(lower(eh.uid), '')))
	THEN 'unchanged' ELSE 'known_differently' END
	FROM key k
	LEFT JOIN person h ON h.id = k.holder
	LEFT JOIN key_event e ON e.serial = k.serial AND e.seq = 1
	LEFT JOIN person eh ON eh.id = e.holder
	WHERE k.serial = i.serial`

const judgeNew = `UPDATE import_key SET verdict = 'already_known' WHERE verdict IN ('unchanged', 'known_differently')`

const judgeEstablishment = `UPDATE import_key i SET verdict = 'establishment_unknown'
	WHERE i.verdict IS NULL AND NOT EXISTS (SELECT FROM establishment e WHERE e.uai = i.uai AND e.served)`

const judgeSucceeded = `UPDATE import_key i SET verdict = 'establishment_succeeded'
	FROM establishment e WHERE i.verdict IS NULL AND e.uai = i.uai AND e.successor IS NOT NULL`

const judgeHolder = `UPDATE import_key i SET verdict = 'holder_unknown'
	WHERE i.verdict IS NULL AND i.holder <> '' AND NOT EXISTS (SELECT FROM person p WHERE p.uid = i.holder)`

const judgeLookAlike = `UPDATE import_key i SET verdict = 'look_alike', other = k.serial
	FROM key k WHERE i.verdict IS NULL AND NOT $1 AND ltrim(k.serial, '0') = ltrim(i.serial, '0')`

const judgeExpired = `UPDATE import_key i SET verdict = 'expired'
	WHERE i.verdict IS NULL AND i.state IN ('in_stock', 'in_transit') AND i.expires_on <= $1::date`

const keyProblems = `SELECT i.line, i.verdict, coalesce(l.reason, '') AS why, coalesce(h.uid, '') AS holder,
	trim(coalesce(h.given_name, '') || ' ' || coalesce(h.family_name, '')) AS name, coalesce(s.successor, '') AS successor,
	k.serial, k.uai, k.state, k.batch, k.expires_on
	FROM import_key i
	LEFT JOIN key k ON k.serial = i.other
	LEFT JOIN person h ON h.id = k.holder
	LEFT JOIN establishment_left_out l ON l.uai = i.uai
	LEFT JOIN establishment s ON s.uai = i.uai
	WHERE i.verdict IS NOT NULL AND i.verdict <> 'unchanged' ORDER BY i.line`

// Only a key in service has a holder; who lost one stands in its history.
const writeKeys = `INSERT INTO key (serial, uai, state, batch, expires_on, holder, prior_to_okey, changed_at)
	SELECT i.serial, i.uai, i.state, i.batch, i.expires_on, CASE WHEN i.state = 'in_service' THEN p.id END, i.holder <> '', $1
	FROM import_key i LEFT JOIN person p ON p.uid = i.holder WHERE i.verdict IS NULL ORDER BY i.serial`

const writeKeyEvents = `INSERT INTO key_event (serial, seq, at, reason, state, holder)
	SELECT i.serial, 1, $1, $2, i.state, p.id
	FROM import_key i LEFT JOIN person p ON p.uid = i.holder WHERE i.verdict IS NULL ORDER BY i.serial`

// tellKeys lists, after the number $1, the events that imported keys are; see okey.ImportedEvents.
const tellKeys = `WITH told AS (INSERT INTO outbox (seq, type, at, serial, state, uai, holder)
		SELECT $1::bigint + row_number() OVER (ORDER BY i.serial), e.type, $2, i.serial, i.state, i.uai, p.id
		FROM import_key i JOIN unnest($3::text[], $4::text[]) AS e (state, type) ON e.state = i.state
		LEFT JOIN person p ON p.uid = i.holder WHERE i.verdict IS NULL RETURNING 1)
	UPDATE audit_head SET event_seq = $1 + (SELECT count(*) FROM told) RETURNING event_seq`

const stockedEstablishments = `SELECT DISTINCT i.uai FROM import_key i WHERE i.verdict IS NULL AND i.state = 'in_stock' ORDER BY i.uai`

// ImportKeys writes the keys that are new and judges the others. It holds the locks of all establishments that rows name, taken in
// order. Serials are distinct.
func (t *Tx) ImportKeys(ctx context.Context, rows []okey.ImportedKey, how KeyImport, at time.Time) (KeysOutcome, error) {
	var out KeysOutcome
	columns := []string{"line", "serial", "uai", "state", "batch", "expires_on", "holder"}
	err := t.stage(ctx, "import_key", createImportKey, columns, len(rows), func(i int) []any {
		k := rows[i]
		return []any{k.Line, string(k.Serial), string(k.UAI), string(k.State), k.Batch, k.ExpiresOn.String(), k.Holder}
	})
	if err != nil {
		return out, err
	}
	if err := t.exec(ctx, lockKeyEstablishments); err != nil {
		return out, fmt.Errorf("lock establishments: %w", err)
	}
	if err := t.respell(ctx, "SELECT holder FROM import_key", at); err != nil {
		return out, err
	}
	if err := t.exec(ctx, followFormerHolders); err != nil {
		return out, fmt.Errorf("look earlier uids up: %w", err)
	}
	if err := t.judgeKeys(ctx, how); err != nil {
		return out, fmt.Errorf("judge keys: %w", err)
	}
	if out.Problems, err = t.keyProblems(ctx); err != nil {
		return out, fmt.Errorf("judge keys: %w", err)
	}
	const tally = `SELECT count(*) FILTER (WHERE verdict IS NULL) AS added, count(*) FILTER (WHERE verdict = 'unchanged') AS unchanged
		FROM import_key`
	if err := t.get(ctx, &out.Tally, "", tally); err != nil {
		return out, fmt.Errorf("count keys: %w", err)
	}
	if err := t.exec(ctx, writeKeys, at); err != nil {
		return out, fmt.Errorf("write keys: %w", err)
	}
	if how.Reason == "" {
		how.Reason = okey.ReasonImported
	}
	if err := t.exec(ctx, writeKeyEvents, at, string(how.Reason)); err != nil {
		return out, fmt.Errorf("write keys' histories: %w", err)
	}
	var states, types []string
	for state, kind := range okey.ImportedEvents() {
		states, types = append(states, string(state)), append(types, string(kind))
	}
	t.listed = append(t.listed, listedEvents{tellKeys, []any{at, pq.Array(states), pq.Array(types)}})
	if err := t.all(ctx, &out.Stocked, stockedEstablishments); err != nil {
		return out, fmt.Errorf("list stocked establishments: %w", err)
	}
	t.auditImport("keys", out.Tally, how.By, okey.ViaSupport, at)
	return out, nil
}

// judgeKeys gives each row that can't be taken its verdict. What is wrong with the row itself comes before likeness to others.
func (t *Tx) judgeKeys(ctx context.Context, how KeyImport) error {
	for _, statement := range []string{judgeKnown, judgeSucceeded, judgeEstablishment, judgeHolder} {
		if err := t.exec(ctx, statement); err != nil {
			return err
		}
	}
	if how.New {
		if err := t.exec(ctx, judgeNew); err != nil {
			return err
		}
	}
	if err := t.exec(ctx, judgeExpired, how.Today.String()); err != nil {
		return err
	}
	return t.exec(ctx, judgeLookAlike, how.LookAlikes)
}

func (t *Tx) keyProblems(ctx context.Context) ([]KeyProblem, error) {
	var rows []struct {
		Line      int               `db:"line"`
		Verdict   okey.Code         `db:"verdict"`
		Why       okey.NotServed    `db:"why"`
		Holder    string            `db:"holder"`
		Name      string            `db:"name"`
		Successor okey.UAI          `db:"successor"`
		Serial    stdsql.NullString `db:"serial"`
		UAI       stdsql.NullString `db:"uai"`
		State     stdsql.NullString `db:"state"`
		Batch     stdsql.NullString `db:"batch"`
		Expires   stdsql.NullTime   `db:"expires_on"`
	}
	err := t.all(ctx, &rows, keyProblems)
	problems := make([]KeyProblem, len(rows))
	for i, r := range rows {
		known := okey.Key{
			Serial: okey.Serial(r.Serial.String), UAI: okey.UAI(r.UAI.String), State: okey.KeyState(r.State.String),
			Batch: r.Batch.String, ExpiresOn: dayOf(r.Expires),
		}
		problems[i] = KeyProblem{
			Line: r.Line, Code: r.Verdict, Why: r.Why, Holder: r.Holder, Name: r.Name, Successor: r.Successor, Known: known,
		}
	}
	return problems, err
}

package sql

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	stdsql "database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Entry is one fact of the audit: opaque ids and enums only, no name, no free text.
type Entry struct {
	At      time.Time
	Event   string
	Actor   okey.PersonID // zero: the flow itself
	Via     okey.Via
	Subject string // "request:<id>", "key:<serial>", "person:<id>" ...
	Detail  string // an enum
}

// AboutRequest names a request as a subject of the audit.
func AboutRequest(id uuid.UUID) string { return "request:" + id.String() }

// AboutKey names a key as a subject of the audit.
func AboutKey(serial okey.Serial) string { return "key:" + string(serial) }

// AboutSubject names what an action about stock concerns: a delivery, an order, a move.
func AboutSubject(name okey.ActionName, id uuid.UUID) string { return string(name) + ":" + id.String() }

// AboutAction names what an action judged outside requests concerns: its subject or, where it has none, its key.
func AboutAction(a okey.Action) string {
	if a.Subject == uuid.Nil && a.Key != "" {
		return AboutKey(a.Key)
	}
	if a.Subject == uuid.Nil && a.Request != uuid.Nil {
		return AboutRequest(a.Request)
	}
	return AboutSubject(a.Name, a.Subject)
}

// AboutPerson names a person as a subject of the audit.
func AboutPerson(id okey.PersonID) string { return "person:" + id.String() }

// Audit records an entry with the transaction that it tells of. The chain is extended at the commit, its head locked last.
func (t *Tx) Audit(e Entry) { t.entries = append(t.entries, e) }

// writeChain writes entries behind the head's, and moves it, at once: whoever else audits waits for the head meanwhile.
const writeChain = `WITH line AS (INSERT INTO audit (seq, at, event, actor, via, subject, detail, key_version, mac)
		SELECT $1 - cardinality($4) + e.n, e.at::timestamptz, e.event, nullif(e.actor::uuid, '00000000-0000-0000-0000-000000000000'),
			e.via, e.subject, e.detail, $2, e.mac
		FROM unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $4::bytea[]) WITH ORDINALITY
			AS e (at, event, actor, via, subject, detail, mac, n))
	UPDATE audit_head SET seq = $1, key_version = $2, mac = ($4::bytea[])[cardinality($4)], seal = $3`

func (s *Store) chain(ctx context.Context, t *Tx) error {
	if len(t.entries) == 0 && !t.tells() {
		return nil
	}
	var at, events, actors, vias, subjects, details []string
	for i, e := range t.entries {
		e.At = e.At.UTC().Truncate(time.Microsecond)
		t.entries[i].At = e.At
		at, events, actors = append(at, e.At.Format(time.RFC3339Nano)), append(events, e.Event), append(actors, e.Actor.String())
		vias, subjects, details = append(vias, string(e.Via)), append(subjects, e.Subject), append(details, e.Detail)
	}
	var head struct {
		Seq   int64  `db:"seq"`
		MAC   []byte `db:"mac"`
		Event int64  `db:"event_seq"`
	}
	err := t.get(ctx, &head, "Le journal d'audit n'a pas de tête.", `SELECT seq, mac, event_seq FROM audit_head FOR UPDATE`)
	if err != nil {
		return fmt.Errorf("lock the audit's head: %w", err)
	}
	if err := t.publish(ctx, head.Event); err != nil {
		return fmt.Errorf("write events for other programs: %w", err)
	}
	if len(t.entries) == 0 {
		return nil
	}
	version, key := s.key.Current()
	macs := make(pq.ByteaArray, len(t.entries))
	for i, e := range t.entries {
		head.Seq++
		head.MAC = entryMAC(key, head.MAC, head.Seq, e)
		macs[i] = head.MAC
	}
	err = t.exec(ctx, writeChain, head.Seq, version, sealMAC(key, head.Seq, head.MAC), macs,
		pq.Array(at), pq.Array(events), pq.Array(actors), pq.Array(vias), pq.Array(subjects), pq.Array(details))
	if err != nil {
		return fmt.Errorf("write the audit: %w", err)
	}
	return nil
}

// WaitedInVain tells that somebody else has held for too long what was needed: a row, the audit's head.
func WaitedInVain(err error) bool {
	var refused *pq.Error
	return errors.As(err, &refused) && refused.Code == "55P03"
}

// Holder is a session that holds the audit's head. Other roles' sessions are shown to the application without since when, whence and state.
type Holder struct {
	PID   int             `db:"pid"`
	Role  string          `db:"role"`
	From  string          `db:"from"`
	State string          `db:"state"`
	Since stdsql.NullTime `db:"since"`
}

// Writes tells whether anybody can write just now: it takes the lock that each write ends with, and lets it go. It waits for a second; see
// WaitedInVain and AuditHolder for one that is held.
func (s *Store) Writes(ctx context.Context) error {
	err := s.Do(ctx, func(t *Tx) error {
		var seq int64
		if err := t.exec(ctx, `SET LOCAL lock_timeout = '1s'`); err != nil {
			return err
		}
		return t.get(ctx, &seq, "Le journal d'audit n'a pas de tête.", `SELECT seq FROM audit_head FOR UPDATE`)
	})
	if err != nil {
		return fmt.Errorf("take the audit's lock: %w", err)
	}
	return nil
}

// AuditHolder answers who holds the audit's head; false for nobody. Whoever waits for it has a lock on the table too, and one that is not
// granted.
func (s *Store) AuditHolder(ctx context.Context) (Holder, bool, error) {
	return s.holder(ctx, time.Now(), "audit_head")
}

// RowHolder answers whose transaction, begun before the instant, is the oldest that has locked rows which judges need; false for nobody.
func (s *Store) RowHolder(ctx context.Context, before time.Time) (Holder, bool, error) {
	return s.holder(ctx, before, "establishment", "person", "request", "key", "action")
}

// holder looks for sessions with locks on tables. When a session of another role began is not told to everybody.
func (s *Store) holder(ctx context.Context, before time.Time, tables ...string) (Holder, bool, error) {
	var found []Holder
	err := s.all(ctx, &found, `SELECT a.pid, coalesce(a.usename, '') AS role, coalesce(host(a.client_addr), '') AS from,
			coalesce(a.state, '') AS state, a.xact_start AS since
		FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid()
		AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.granted AND l.relation = ANY ($1::text[]::regclass[])
			AND l.mode NOT IN ('AccessShareLock', 'ShareUpdateExclusiveLock')
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
		AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted) AND coalesce(a.xact_start < $2, true)
		ORDER BY a.xact_start LIMIT 1`, pq.Array(tables), before)
	if err != nil || len(found) == 0 {
		return Holder{}, false, err
	}
	return found[0], true, nil
}

// entryMAC covers the entry and the mac before it.
func entryMAC(key, before []byte, seq int64, e Entry) []byte {
	mac := hmac.New(sha256.New, key)
	put(mac, before)
	put(mac, binary.BigEndian.AppendUint64(nil, uint64(seq)))
	put(mac, binary.BigEndian.AppendUint64(nil, uint64(e.At.UnixMicro())))
	for _, s := range []string{e.Event, e.Actor.String(), string(e.Via), e.Subject, e.Detail} {
		put(mac, []byte(s))
	}
	return mac.Sum(nil)
}

// put adds bytes after their length, so that no two lists of them read the same.
func put(mac hash.Hash, b []byte) {
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
	mac.Write(b)
}

// sealMAC signs the head, so that a chain cut off at its end, head and all, is found out.
func sealMAC(key []byte, seq int64, mac []byte) []byte {
	seal := hmac.New(sha256.New, key)
	seal.Write([]byte("head"))
	seal.Write(binary.BigEndian.AppendUint64(nil, uint64(seq)))
	seal.Write(mac)
	return seal.Sum(nil)
}

type auditRow struct {
	Seq     int64         `db:"seq"`
	At      time.Time     `db:"at"`
	Event   string        `db:"event"`
	Actor   uuid.NullUUID `db:"actor"`
	Via     string        `db:"via"`
	Subject string        `db:"subject"`
	Detail  string        `db:"detail"`
	Version int           `db:"key_version"`
	MAC     []byte        `db:"mac"`
}

// Mark is how far the audit had come: noted where the owner of the database can't reach, it shows later that nothing
// before it was taken away. The zero Mark is that of an empty audit.
type Mark struct {
	Seq int64  // the last entry
	MAC string // its mac, the first 32 hexadecimal digits
}

// markDigits is what a Mark keeps of a mac: 128 bits are not forged.
const markDigits = 32

func markOf(seq int64, mac []byte) Mark {
	digits := hex.EncodeToString(mac)
	return Mark{Seq: seq, MAC: digits[:min(markDigits, len(digits))]}
}

// String is the mark as doctor prints and takes it: "103:ab12…".
func (m Mark) String() string { return strconv.FormatInt(m.Seq, 10) + ":" + m.MAC }

// ParseMark reads what String wrote. Errors: CodeInvalid.
func ParseMark(text string) (Mark, error) {
	number, digits, _ := strings.Cut(strings.TrimSpace(text), ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	_, wrong := hex.DecodeString(digits)
	if err != nil || wrong != nil || seq < 0 || seq == 0 && digits != "" || seq > 0 && len(digits) != markDigits {
		return Mark{}, okey.Errorf(okey.CodeInvalid,
			"« %s » n'est pas une marque du journal : donnez celle qu'« okey doctor » a écrite, "+
				"un numéro, deux points et %d chiffres hexadécimaux.", text, markDigits)
	}
	return Mark{Seq: seq, MAC: strings.ToLower(digits)}, nil
}

// VerifyAudit walks the whole chain, which must contain each mark that was noted, and returns the mark of its end. The
// error names the first entry that was changed, moved or is missing.
func (s *Store) VerifyAudit(ctx context.Context, noted ...Mark) (Mark, error) {
	// One snapshot: people go on working while years of it are read.
	snapshot, err := s.db.BeginTxx(ctx, &stdsql.TxOptions{Isolation: stdsql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return Mark{}, fmt.Errorf("read the audit: %w", err)
	}
	defer func() { _ = snapshot.Rollback() }() // nothing was written
	rows, err := snapshot.QueryxContext(ctx, `SELECT seq, at, event, actor, via, subject, detail, key_version, mac FROM audit ORDER BY seq`)
	if err != nil {
		return Mark{}, fmt.Errorf("read the audit: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var seq int64
	var before []byte
	for rows.Next() {
		var row auditRow
		if err := rows.StructScan(&row); err != nil {
			return markOf(seq, before), fmt.Errorf("read the audit: %w", err)
		}
		seq++
		if err := s.checkEntry(row, seq, before); err != nil {
			return markOf(seq, before), err
		}
		before = row.MAC
		if slices.ContainsFunc(noted, func(m Mark) bool { return m.Seq == seq && m != markOf(seq, before) }) {
			return markOf(seq, before), missedMark("l'entrée %d du journal n'est pas celle qui a été notée : le journal a été remplacé.",
				seq)
		}
	}
	if err := rows.Err(); err != nil {
		return markOf(seq, before), fmt.Errorf("read the audit: %w", err)
	}
	for _, m := range noted {
		if m.Seq > seq {
			return markOf(seq, before), missedMark("le journal s'arrête à l'entrée %d, et l'entrée %d a été notée : la fin a été coupée.",
				seq, m.Seq)
		}
	}
	return markOf(seq, before), s.verifyHead(ctx, snapshot, seq, before)
}

// UnknownKeyError tells that what an entry of the audit says can't be verified: this program was not given the key that signs it. The
// oldest reason is a program that runs on with the keys from before a rotation.
type UnknownKeyError struct{ Version int }

func (e *UnknownKeyError) Error() string { return fmt.Sprintf("audit key %d is not given", e.Version) }

// unknownKey says it of what the key signs.
func unknownKey(version int, signs string) error {
	return &okey.Error{
		Code: okey.CodeInvalid, Err: &UnknownKeyError{version},
		Message: fmt.Sprintf("la clef d'audit n° %d%s n'est pas dans OKEY_AUDIT_KEYS. Si les clefs viennent d'être remplacées, "+
			"redémarrez tout ce qui tourne avec les anciennes.", version, signs),
	}
}

// MarkError tells that the audit is not the one of a mark that was noted: it was tampered with, or a backup was put back.
type MarkError struct{}

func (*MarkError) Error() string { return "the audit is not the one that was noted" }

func missedMark(format string, of ...any) error {
	return &okey.Error{Code: okey.CodeInvalid, Message: fmt.Sprintf(format, of...), Err: &MarkError{}}
}

// checkEntry holds an entry to its number, and to the mac before it.
func (s *Store) checkEntry(row auditRow, seq int64, before []byte) error {
	entry := Entry{
		At: row.At, Event: row.Event, Actor: row.Actor.UUID, Via: okey.Via(row.Via), Subject: row.Subject,
		Detail: row.Detail,
	}
	key := s.key.Get(row.Version)
	switch {
	case row.Seq != seq:
		return okey.Errorf(okey.CodeInvalid, "l'entrée %d du journal manque.", seq)
	case key == nil:
		return unknownKey(row.Version, fmt.Sprintf(", qui signe l'entrée %d,", seq))
	case row.Actor.Valid && row.Actor.UUID == uuid.Nil || !bytes.Equal(row.MAC, entryMAC(key, before, seq, entry)): // nobody has no id
		return okey.Errorf(okey.CodeInvalid, "l'entrée %d du journal a été modifiée ou déplacée.", seq)
	}
	return nil
}

// VerifyAuditEnd holds the last lines of the audit, at most so many, and its head to the chain: it returns the mark of the end and how
// many it has looked at. The error names the first entry that was changed, moved or is missing: CodeInvalid. What came before is for
// VerifyAudit.
func (s *Store) VerifyAuditEnd(ctx context.Context, most int) (end Mark, checked int, err error) {
	var rows []struct {
		auditRow
		Head auditHead `db:"head"`
	}
	err = s.all(ctx, &rows, `SELECT a.seq, a.at, a.event, a.actor, a.via, a.subject, a.detail, a.key_version, a.mac,
			h.seq AS "head.seq", h.key_version AS "head.key_version", h.mac AS "head.mac", h.seal AS "head.seal"
		FROM audit_head h CROSS JOIN LATERAL (SELECT l.* FROM audit l ORDER BY l.seq DESC LIMIT $1) a ORDER BY a.seq`, most+1)
	if err != nil {
		return Mark{}, 0, fmt.Errorf("read the end of the audit: %w", err)
	}
	if len(rows) == 0 { // or all of it was taken away
		var head auditHead
		err = s.get(ctx, &head, "le journal d'audit n'a pas de tête.", `SELECT seq, key_version, mac, seal FROM audit_head`)
		if err == nil {
			err = s.checkHead(head, 0, nil)
		}
		return Mark{}, 0, err
	}
	var before []byte
	head, seq := rows[0].Head, int64(0)
	if len(rows) > most { // it is there for what the next one says of it
		seq, before, rows = rows[0].Seq, rows[0].MAC, rows[1:]
	}
	for _, row := range rows {
		seq++
		if err := s.checkEntry(row.auditRow, seq, before); err != nil {
			return markOf(seq, before), 0, err
		}
		before = row.MAC
	}
	return markOf(seq, before), len(rows), s.checkHead(head, seq, before)
}

// fromTheBeginning is for an audit that somebody emptied, and that has begun anew, perhaps: whatever is done is
// audited, and the audit loses nothing by age. Where all that was done is gone too, only a mark that was noted tells.
func fromTheBeginning(ctx context.Context, snapshot *sqlx.Tx) error {
	var done bool
	err := snapshot.GetContext(ctx, &done, `WITH first AS (SELECT coalesce(min(at), 'infinity') - interval '1 minute' AS at FROM audit)
		SELECT EXISTS (SELECT FROM action, first WHERE action.outcome IS NOT NULL AND action.judged_at < first.at)
		OR EXISTS (SELECT FROM key_event, first WHERE key_event.at < first.at)`)
	if err == nil && done {
		err = okey.Errorf(okey.CodeInvalid, "le journal commence après des choses qui ont été faites : ce qu'il en disait a été effacé.")
	}
	return err
}

// auditHead is where the next entry goes on.
type auditHead struct {
	Seq     int64  `db:"seq"`
	Version int    `db:"key_version"`
	MAC     []byte `db:"mac"`
	Seal    []byte `db:"seal"`
}

func (s *Store) verifyHead(ctx context.Context, snapshot *sqlx.Tx, seq int64, mac []byte) error {
	var head auditHead
	err := snapshot.GetContext(ctx, &head, `SELECT seq, key_version, mac, seal FROM audit_head`)
	switch {
	case errors.Is(err, stdsql.ErrNoRows):
		return okey.Errorf(okey.CodeInvalid, "le journal d'audit n'a pas de tête.")
	case err != nil:
		return err
	case seq == 0 && head.Seq == 0:
		return fromTheBeginning(ctx, snapshot)
	}
	if err := s.checkHead(head, seq, mac); err != nil {
		return err
	}
	return fromTheBeginning(ctx, snapshot)
}

// checkHead holds the head to the last entry, and to its seal.
func (s *Store) checkHead(head auditHead, seq int64, mac []byte) error {
	switch {
	case seq == 0 && head.Seq == 0: // nothing is sealed yet
		return nil
	case head.Seq != seq || !bytes.Equal(head.MAC, mac):
		return okey.Errorf(okey.CodeInvalid, "le journal s'arrête à l'entrée %d, sa tête dit %d : la fin a été coupée.", seq, head.Seq)
	case s.key.Get(head.Version) == nil: // an empty key seals whatever one likes
		return unknownKey(head.Version, ", qui signe la tête du journal,")
	case !bytes.Equal(head.Seal, sealMAC(s.key.Get(head.Version), head.Seq, head.MAC)):
		return okey.Errorf(okey.CodeInvalid, "la tête du journal a été modifiée.")
	}
	return nil
}

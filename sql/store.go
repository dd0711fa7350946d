// Package sql keeps what OKEY knows in PostgreSQL. Every query of the product stands here; nothing else speaks SQL.
//
// A value that must agree with another is written in one transaction (Store.Do). Locks are taken in one order everywhere: the
// establishments' rows by code, then requests, then keys, then the head of the audit.
package sql

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"okey/okey"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// AuditKeys are the versioned keys of the audit chain; they never stand in the database.
type AuditKeys interface {
	Current() (version int, key []byte)
	Get(version int) []byte
}

// Store is the database as okey's application role sees it.
type Store struct {
	reader
	db        *sqlx.DB
	connector *connector
	limits    limits
	url       string
	key       AuditKeys
	queues    *queues
}

// reader has the questions that need no transaction of their own: Store and Tx both answer them.
type reader struct{ q sqlx.ExtContext }

// Pool says what a Store's connections are for; what it leaves out is as for everybody.
type Pool struct {
	Connections int           // at most, and kept: one that is closed after use costs a handshake for the next
	Statement   time.Duration // how long a statement may take
	Lock        time.Duration // how long one may wait for a lock
}

// Unhurried is how long a statement may take of imports, deliveries and what is done at night.
const Unhurried = 10 * time.Minute

// Open makes a Store. It does not connect yet: Await does.
func Open(url string, keys AuditKeys) (*Store, error) { return OpenPool(url, keys, Pool{}) }

// OpenPool is Open for work that has needs of its own.
func OpenPool(url string, keys AuditKeys, pool Pool) (*Store, error) {
	return open(url, keys, pool.limits(), newLead())
}

// OpenPools opens several to one database: what one finds of it, such as that another has taken over, all know.
func OpenPools(url string, keys AuditKeys, pools ...Pool) ([]*Store, error) {
	of := newLead()
	stores := make([]*Store, len(pools))
	for i, pool := range pools {
		var err error
		if stores[i], err = open(url, keys, pool.limits(), of); err != nil {
			return nil, err // which is of the address: none has connected
		}
	}
	return stores, nil
}

func (p Pool) limits() limits {
	l := standardLimits()
	l.statement = cmp.Or(p.Statement, l.statement)
	l.lock = cmp.Or(p.Lock, l.lock)
	l.connections = cmp.Or(p.Connections, l.connections)
	return l
}

func open(url string, keys AuditKeys, limits limits, of *lead) (*Store, error) {
	connector, err := newConnector(url, limits, of)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db := sqlx.NewDb(stdsql.OpenDB(connector), "postgres")
	db.SetMaxOpenConns(limits.connections)
	db.SetMaxIdleConns(limits.connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(30 * time.Minute) // what a name leads to changes
	return &Store{
		reader: reader{db}, db: db, connector: connector, limits: limits, url: url, key: keys, queues: newQueues(limits.connections),
	}, nil
}

// Close ends all connections.
func (s *Store) Close() error { return s.db.Close() }

// FirstPatience is how long the database is waited for when it is asked who somebody is: that is the first question of all, and tells
// soonest that it is silent. Nor is a page held up longer by a table of sessions that somebody has locked.
const FirstPatience = 3 * time.Second

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// DB is for libraries that keep tables of their own, such as sessions.
func (s *Store) DB() *stdsql.DB { return s.db.DB }

// Tx is one transaction: all of it or nothing.
type Tx struct {
	reader
	tx      *sqlx.Tx
	key     AuditKeys
	entries []Entry
	told    []okey.OutboxEvent
	listed  []listedEvents
	queues  *queues
	turn    okey.UAI // the school whose queue this transaction has stood in

	connector  *connector
	generation int64 // its connection is of this one, or a later one
}

// Do runs work in a transaction. What work records with Audit is chained last, just before the commit. A deadlock or a
// serialization failure is tried again, and so is what found a school's lock held and others waiting for it: work must change nothing but
// the database.
func (s *Store) Do(ctx context.Context, work func(*Tx) error) error {
	return again(func() error {
		err := s.try(ctx, "", work)
		for crowd := new(crowdedError); errors.As(err, crowd) && ctx.Err() == nil; {
			err = s.inTurn(ctx, crowd.uai, work)
		}
		return err
	})
}

// again tries what a deadlock or a serialization failure undid, five times in all.
func again(work func() error) (err error) {
	for range 5 {
		if err = work(); !retriable(err) {
			return err
		}
	}
	return err
}

// inTurn is try for what has stood in the queue of a school.
func (s *Store) inTurn(ctx context.Context, uai okey.UAI, work func(*Tx) error) error {
	leave, placed, err := s.queues.stand(ctx, uai)
	if err != nil {
		return err
	}
	defer leave()
	if !placed {
		uai = ""
	}
	return s.try(ctx, uai, work)
}

func (s *Store) try(ctx context.Context, turn okey.UAI, work func(*Tx) error) (err error) {
	generation := s.connector.generation.Load()
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	t := &Tx{reader: reader{tx}, tx: tx, key: s.key, queues: s.queues, turn: turn, connector: s.connector, generation: generation}
	if err = work(t); err != nil {
		return err
	}
	if err = s.chain(ctx, t); err != nil {
		return err
	}
	if err = tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// write runs one statement that needs no other: its own transaction, in one round trip rather than three.
func (s *Store) write(ctx context.Context, query string, args ...any) error {
	return again(func() error {
		_, err := s.db.ExecContext(ctx, query, args...)
		return err
	})
}

func retriable(err error) bool {
	var refused *pq.Error
	return errors.As(err, &refused) && (refused.Code == "40P01" || refused.Code == "40001")
}

// violates tells whether err is PostgreSQL refusing a row because of the named constraint or index.
func violates(err error, constraint string) bool {
	var refused *pq.Error
	return errors.As(err, &refused) && refused.Constraint == constraint
}

// get reads one row; an absent one is okey's not_found with the message.
func (r reader) get(ctx context.Context, dest any, absent, query string, args ...any) error {
	err := sqlx.GetContext(ctx, r.q, dest, query, args...)
	if errors.Is(err, stdsql.ErrNoRows) {
		return okey.Errorf(okey.CodeNotFound, "%s", absent)
	}
	return err
}

func (r reader) all(ctx context.Context, dest any, query string, args ...any) error {
	return sqlx.SelectContext(ctx, r.q, dest, query, args...)
}

func (t *Tx) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.tx.ExecContext(ctx, query, args...)
	return err
}

// Attempt does work that may be refused: an Error of the domain undoes all that work wrote, audit included, and leaves the transaction
// usable, so that the refusal itself can be recorded in it.
func (t *Tx) Attempt(ctx context.Context, work func() error) error {
	if err := t.exec(ctx, `SAVEPOINT attempt`); err != nil {
		return err
	}
	entries, told, listed := len(t.entries), len(t.told), len(t.listed)
	err := work()
	var refused *okey.Error
	if !errors.As(err, &refused) {
		return err
	}
	t.entries, t.told, t.listed = t.entries[:entries], t.told[:told], t.listed[:listed]
	if undone := t.exec(ctx, `ROLLBACK TO SAVEPOINT attempt`); undone != nil {
		return errors.Join(undone, err)
	}
	return err
}

// LockEstablishments takes the locks of several establishments in the order of their codes.
func (t *Tx) LockEstablishments(ctx context.Context, uais ...okey.UAI) error {
	uais = slices.Clone(uais)
	slices.Sort(uais)
	for _, uai := range slices.Compact(uais) {
		if err := t.LockEstablishment(ctx, uai); err != nil {
			return err
		}
	}
	return nil
}

// LockEstablishment takes the lock of section 4: whoever frees a key or makes a request wait holds it. It leaves foreign keys be.
func (t *Tx) LockEstablishment(ctx context.Context, uai okey.UAI) error {
	free, err := t.lockFree(ctx, uai)
	if err == nil && !free {
		err = t.queues.wait(uai, t.turn == uai, func() error {
			var locked string
			return t.get(ctx, &locked, "Cet établissement n'est pas dans OKEY.",
				`SELECT uai FROM establishment WHERE uai = $1 FOR NO KEY UPDATE`, uai)
		})
	}
	if err != nil {
		return fmt.Errorf("lock establishment %s: %w", uai, err)
	}
	return nil
}

// lockFree takes the lock where nobody holds it; false also for a school that is not there.
func (t *Tx) lockFree(ctx context.Context, uai okey.UAI) (bool, error) {
	var locked []string
	err := t.all(ctx, &locked, `SELECT uai FROM establishment WHERE uai = $1 FOR NO KEY UPDATE SKIP LOCKED`, uai)
	return len(locked) > 0, err
}

func nullTime(t time.Time) stdsql.NullTime { return stdsql.NullTime{Time: t, Valid: !t.IsZero()} }

func nullText[T ~string](s T) stdsql.NullString {
	return stdsql.NullString{String: string(s), Valid: s != ""}
}

// Await waits until the database answers with a schema that this program can work with, and says once what it waits for. It refuses at
// once a role that could rewrite the audit.
func (s *Store) Await(ctx context.Context) error {
	said := ""
	for {
		err := s.Ping(ctx)
		if err == nil {
			err = s.CheckSchema(ctx)
		}
		if err == nil {
			return s.CheckRole(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if why := err.Error(); why != said {
			slog.Warn("waiting for the database", "error", err)
			said = why
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

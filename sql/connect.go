package sql

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

// connector opens the pool's connections: to a database that takes writes, and only for as long as that database is the one.
type connector struct {
	config   pq.Config
	limits   string // of each session, as statements
	silence  time.Duration
	pressed  time.Duration // silence, once a connection is known to be silent
	unmarked atomic.Bool   // whoever answers takes no mark
	*lead
}

// lead is what the pools of a program share: which database answers, and on which lines. Whoever of them finds that another one does, or a
// line that is silent, has told all.
type lead struct {
	generation atomic.Int64 // connections of an earlier one are used no more
	server     atomic.Value // string: when the one that answered last was started
	lines      lines        // the listener's too
}

func newLead() *lead { return &lead{lines: lines{open: map[*line]bool{}}} }

func newConnector(address string, limits limits, of *lead) (*connector, error) {
	config, err := pq.NewConfig(wanted(address))
	if err != nil {
		return nil, err
	}
	config.BinaryParameters = true // a question and its parameters in one round trip; else the driver asks first what they are
	return &connector{
		config: config, limits: limits.statements(config), lead: of,
		silence: limits.silence(), pressed: cmp.Or(limits.pressed, limits.statement/6),
	}, nil
}

// limits end what would hold others up. They are set on each connection rather than on the role, which whoever migrates may have no right
// to change, and rather than as parameters of the start, which PgBouncer refuses.
type limits struct {
	connections int

	statement time.Duration
	lock      time.Duration // a judge that waits gives its connection back, and is tried again
	idle      time.Duration // a program that freezes between two statements holds locks: the audit's head stops every write
	listening time.Duration // how long the connection that tells outcomes may be silent; it is pinged before that
	pressed   time.Duration // how long any may be, where another has been found silent; zero: a sixth of the longest statement
	following time.Duration // how often it is asked anew which database answers
}

// silence is how long a session may say nothing: longer than anything that it does.
func (l limits) silence() time.Duration { return l.statement + l.statement/4 }

func standardLimits() limits {
	return limits{
		connections: 20, statement: time.Minute, lock: 10 * time.Second, idle: 15 * time.Second, listening: 45 * time.Second,
		following: 10 * time.Second,
	}
}

// statements set the limits of which the address says nothing. To compile a page's question (jit) takes longer than to answer it.
func (l limits) statements(said pq.Config) string {
	var set strings.Builder
	for _, one := range []struct{ name, value string }{
		{"statement_timeout", milliseconds(l.statement)},
		{"lock_timeout", milliseconds(l.lock)},
		{"idle_in_transaction_session_timeout", milliseconds(l.idle)},
		{"jit", "off"},
	} {
		if _, given := said.Runtime[one.name]; !given && !strings.Contains(said.Options, one.name) {
			fmt.Fprintf(&set, "SET %s = %s;", one.name, one.value)
		}
	}
	return set.String()
}

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// wanted asks, where the address says nothing of it, for the database that takes writes: after a fail-over the other one may still answer.
// Sessions are named for the program that has opened them: pg_stat_activity tells whose they are.
func wanted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // the driver says what is wrong with it
	}
	query := u.Query()
	for name, value := range map[string]string{
		"target_session_attrs": "read-write", "connect_timeout": "10", "fallback_application_name": program(),
	} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// program is the command that runs, as "okey worker".
func program() string {
	name := filepath.Base(os.Args[0])
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		name += " " + os.Args[1]
	}
	return name
}

// Driver is part of driver.Connector.
func (c *connector) Driver() driver.Driver { return &pq.Driver{} }

// Connect is part of driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	generation := c.generation.Load() // before: what is opened while the database changes is renewed too
	mark := rand.Text()
	if c.unmarked.Load() {
		mark = ""
	}
	made, err := c.open(ctx, generation, mark)
	if refused, is := errors.AsType[*pq.Error](err); is && refused.Code == protocolViolation && mark != "" {
		c.unmarked.Store(true) // PgBouncer takes none
		made, err = c.open(ctx, generation, "")
	}
	if err != nil {
		return nil, unreachableError{err}
	}
	if _, err := made.ExecContext(ctx, c.limits, nil); err != nil {
		_ = made.Close()
		return nil, unreachableError{fmt.Errorf("limit a session: %w", err)}
	}
	made.line.lost = func() { c.renew(made.generation, "the database does not answer on a connection") }
	return made, nil
}

const protocolViolation = "08P01"

// open opens a session with a mark, if one is given: it tells that nobody between gives the connection's statements to other sessions.
func (c *connector) open(ctx context.Context, generation int64, mark string) (*connection, error) {
	config := c.config
	if mark != "" {
		config.Options += " -c okey.session=" + mark
	}
	opener, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, err
	}
	d := &dialer{of: c, silence: c.silence}
	opener.Dialer(d)
	defer context.AfterFunc(ctx, d.hangUp)()
	opened, err := opener.Connect(ctx)
	if err != nil {
		return nil, err
	}
	d.settled.Store(true)
	made := &connection{pqConn: opened.(pqConn), of: c, generation: generation, line: d.opened.Load(), prepared: map[string]statement{}}
	if err := made.meet(ctx, mark); err != nil {
		_ = made.Close()
		return nil, err
	}
	return made, nil
}

// meet looks at a new session: whether it has been given the mark that was asked for, and whose it is. Where another server answers than
// before, that one has taken over: whoever is still connected to the old one, which may not know of it, is so no longer.
func (c *connection) meet(ctx context.Context, mark string) error {
	rows, err := c.pqConn.QueryContext(ctx,
		`SELECT coalesce(current_setting('okey.session', true), ''), extract(epoch FROM pg_postmaster_start_time())::text`, nil)
	if err != nil {
		return fmt.Errorf("look at a new session: %w", err)
	}
	defer rows.Close()
	found := make([]driver.Value, 2)
	if err := rows.Next(found); err != nil {
		return fmt.Errorf("look at a new session: %w", err)
	}
	said, _ := found[0].(string)
	c.own = mark != "" && said == mark
	server, _ := found[1].(string)
	if before := c.of.server.Swap(server); before != nil && before != server && c.of.renew(c.generation, "another database answers") {
		c.generation++ // where somebody else was first, whose this one is stays open: it is not used again
	}
	return nil
}

const takesNoWrites = "the database takes no writes"

// unreachableError is any failure to open a connection: nobody answers, or a database that takes no writes.
type unreachableError struct{ error }

func (e unreachableError) Unwrap() error { return e.error }

// standby tells whether somebody answered who takes no writes: the driver says so in words alone.
func (e unreachableError) standby() bool {
	return strings.Contains(e.Error(), "session is read-only") || strings.Contains(e.Error(), "hot standby mode")
}

// renew has all connections of a generation opened anew when they are next needed: what a network or a proxy has lost, or led elsewhere, it
// has seldom done so to one of, and each would keep somebody waiting for as long as they have patience. What is under way is waited for a
// little longer. False: somebody else had found the same.
func (l *lead) renew(generation int64, why string) bool {
	if !l.generation.CompareAndSwap(generation, generation+1) {
		return false
	}
	slog.Warn("all connections are opened anew", "why", why)
	l.lines.press()
	return true
}

// pqConn is what the driver's connections do, all of it.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// connection is one of the pool.
type connection struct {
	pqConn
	of         *connector
	generation int64
	line       *line
	forget     func() bool          // the context of the question before this one
	own        bool                 // the session is this connection's alone
	prepared   map[string]statement // nil: seen once
}

// ask has the line wait no longer than the question's context. What is asked last is watched until the next: its rows may still be read.
func (c *connection) ask(ctx context.Context) {
	if c.forget != nil {
		c.forget()
	}
	c.forget = context.AfterFunc(ctx, c.line.ask())
}

func (c *connection) stale() bool { return c.generation != c.of.generation.Load() }

// ResetSession is part of driver.SessionResetter: an old connection is not used again.
func (c *connection) ResetSession(ctx context.Context) error {
	if c.stale() {
		return driver.ErrBadConn
	}
	return c.pqConn.ResetSession(ctx)
}

// IsValid is part of driver.Validator.
func (c *connection) IsValid() bool { return !c.stale() && c.pqConn.IsValid() }

// BeginTx is part of driver.ConnBeginTx.
func (c *connection) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.ask(ctx)
	tx, err := c.pqConn.BeginTx(ctx, opts)
	return tx, c.noted(err)
}

// ExecContext is part of driver.ExecerContext.
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (result driver.Result, err error) {
	ctx, span := traced(ctx, query)
	defer func() { endSpan(span, err) }()
	c.ask(ctx)
	statement, err := c.statement(ctx, query, args)
	if err != nil {
		return nil, c.noted(err)
	}
	result, err = statement.ExecContext(ctx, args)
	return result, c.noted(err)
}

// QueryContext is part of driver.QueryerContext.
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	ctx, span := traced(ctx, query)
	defer func() { endSpan(span, err) }()
	c.ask(ctx)
	statement, err := c.statement(ctx, query, args)
	if err != nil {
		return nil, c.noted(err)
	}
	rows, err = statement.QueryContext(ctx, args)
	return rows, c.noted(err)
}

// PrepareContext is part of driver.ConnPrepareContext.
func (c *connection) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.ask(ctx)
	statement, err := c.pqConn.PrepareContext(ctx, query)
	return statement, c.noted(err)
}

// Ping is part of driver.Pinger.
func (c *connection) Ping(ctx context.Context) error {
	c.ask(ctx)
	return c.pqConn.Ping(ctx)
}

// noted looks at what the database has refused. One that takes no writes any more has handed over to another.
func (c *connection) noted(err error) error {
	if refused, is := errors.AsType[*pq.Error](err); is && readOnly(refused) {
		c.of.renew(c.generation, takesNoWrites)
	}
	return err
}

// Follow asks now and then, on a connection made for it, which database answers, until ctx ends: a program that has all the connections it
// needs would not notice that another one has taken over, as long as the old one answers, too. Where connections were opened anew, for that
// or another reason, it calls anew.
func (s *Store) Follow(ctx context.Context, anew func()) {
	tick := time.NewTicker(s.limits.following)
	defer tick.Stop()
	known := s.connector.generation.Load()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err := s.connector.meetAgain(ctx, s.limits.following)
			if now := s.connector.generation.Load(); err == nil && now != known {
				known = now
				anew()
			}
		}
	}
}

// meetAgain opens a connection, which has all others opened anew where another database answers than before.
func (c *connector) meetAgain(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	opened, err := c.Connect(ctx)
	if err == nil {
		err = opened.Close()
	}
	return err
}

// ErrLeft is for what was asked of a database that does not lead any more; it is Away.
var ErrLeft error = unreachableError{errors.New("another database has taken over from the one that was asked")}

// Leads answers nil where the database that was asked is the one that leads, else that it is away. It is to be asked before it is believed
// that something is not there: one that another has taken over from does not know what was recorded since.
func (t *Tx) Leads(ctx context.Context) error { return t.connector.leads(ctx, t.generation) }

// Leads is Tx.Leads for what was asked without a transaction, just now.
func (s *Store) Leads(ctx context.Context) error {
	return s.connector.leads(ctx, s.connector.generation.Load())
}

// leads is about connections of a generation, or of a later one.
func (c *connector) leads(ctx context.Context, generation int64) error {
	if err := c.meetAgain(ctx, FirstPatience); err != nil {
		return err
	}
	if c.generation.Load() != generation {
		return ErrLeft
	}
	return nil
}

// Writable tells whether the database takes writes. A connection that was closed meanwhile is no reason to say no: another one is asked.
func (s *Store) Writable(ctx context.Context) error {
	generation := s.connector.generation.Load()
	const question = `SELECT current_setting('transaction_read_only')::boolean`
	var off bool
	err := s.db.GetContext(ctx, &off, question)
	if err != nil && Away(err) && ctx.Err() == nil {
		s.connector.generation.CompareAndSwap(generation, generation+1) // what one proxy closed, it closed all of
		generation = s.connector.generation.Load()
		err = s.db.GetContext(ctx, &off, question)
	}
	var unreachable unreachableError
	switch {
	case errors.As(err, &unreachable) && unreachable.standby():
		return errReadOnly
	case err != nil:
		return fmt.Errorf("ask whether the database takes writes: %w", err)
	case off:
		s.connector.renew(generation, takesNoWrites)
		return errReadOnly
	}
	return nil
}

package activities_test

import (
	"context"
	stdsql "database/sql"
	"net/url"
	"os"
	"strings"
	"testing"

	"okey/activities"
	"okey/activities/mails"
	"okey/calendar"
	"okey/config"
	"okey/internal/pgtest"
	"okey/internal/postgres"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// another runs a second server with a database, and a role, of the same names, and returns the URL.
func another(t *testing.T, database string) string {
	t.Helper()
	dir, err := os.MkdirTemp(postgres.Memory(), "okey-another-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c, err := postgres.Start(t.Context(), postgres.Options{Dir: dir, Fast: true, DieWithParent: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Stop() })
	u, err := url.Parse(database)
	require.NoError(t, err)
	password, _ := u.User.Password()
	name := strings.TrimPrefix(u.Path, "/")
	admin, err := stdsql.Open("postgres", c.URL("postgres"))
	require.NoError(t, err)
	defer func() { _ = admin.Close() }()
	for _, statement := range []string{
		"CREATE ROLE " + pgtest.App + " LOGIN PASSWORD " + pq.QuoteLiteral(password), "CREATE DATABASE " + pq.QuoteIdentifier(name),
	} {
		_, err := admin.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	require.NoError(t, sql.Migrate(t.Context(), c.URL(name)))
	return c.URL(name)
}

// After a fail-over a worker may still have its connections to the old database, which knows nothing of what was recorded since.
func TestWhatTheOldDatabaseDoesNotKnowIsTriedAgain(t *testing.T) {
	old := newFixture(t)
	leads := another(t, old.URL)
	known, _ := old.ask(old.lea, okey.FirstKey)
	ctx, days := context.Background(), calendar.PublicOnly()
	order := okey.OrderInput{Order: uuid.New()}
	for name, judge := range map[string]func(*sql.Store) error{
		"an asking": func(store *sql.Store) error {
			_, err := activities.NewRequests(store, days).Judge(ctx, okey.Matter{Kind: okey.MatterOpen, Request: uuid.New(), Action: uuid.New()})
			return err
		},
		"a signal to a request that it knows": func(store *sql.Store) error {
			_, err := activities.NewRequests(store, days).Judge(ctx, okey.Matter{
				Kind: okey.MatterAction, Request: known, Action: uuid.New(), Signal: okey.PrincipalDecision, Once: uuid.NewString(),
				At: old.now, Waits: okey.DefaultWaits(),
			})
			return err
		},
		"a signal": func(store *sql.Store) error {
			_, err := activities.NewRequests(store, days).Judge(ctx, okey.Matter{Kind: okey.MatterAction, Request: uuid.New(), Action: uuid.New()})
			return err
		},
		"a key's change": func(store *sql.Store) error {
			_, err := activities.NewKeys(store, calendar.PublicOnly()).Change(ctx, okey.KeyMatter{Action: uuid.New()})
			return err
		},
		"a change of the stock": func(store *sql.Store) error {
			_, err := activities.NewStock(store).Change(ctx, okey.StockMatter{Action: uuid.New()})
			return err
		},
		"an order": func(store *sql.Store) error {
			_, err := activities.NewOrders(store, nil, days).Load(ctx, order)
			return err
		},
		"a mail": func(store *sql.Store) error {
			_, err := mails.New(store, nil, days, mails.Settings{}).SendMails(ctx, okey.MailOrder{Request: uuid.New(), Step: okey.MailStep{Kind: okey.MailAsked}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := pgtest.NewProxy(t, old.URL)
			store, err := sql.Open(proxy.URL, config.NewKeyring())
			require.NoError(t, err)
			defer func() { _ = store.Close() }()
			require.NoError(t, judge(store), "nobody has recorded it")
			proxy.Lead(leads)
			err = judge(store)
			require.Error(t, err)
			assert.True(t, sql.Away(err), "%v", err)
			require.NoError(t, judge(store), "the one that leads says so")
		})
	}
}

package nation_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"okey/activities"
	"okey/internal/bench"
	"okey/internal/nation"
	"okey/internal/postgres"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var (
	scaleFlag = flag.String("scale", "1", "of the nation that is measured: 1 for 60,000 schools; several, by commas, for a curve")
	ofFlag    = flag.String("nation", "", "the address, as its owner, of a database that Fill has filled before; empty: one is made")
	keepFlag  = flag.String("keep", "", "the folder where the figures are kept as JSON; empty: nowhere")
	onlyFlag  = flag.String("only", "", "the beginning of the names of what is measured; empty: everything")
)

const app = "okey_app"

// BenchmarkNation measures what grows with schools, people and keys:
//
//	go test ./internal/nation -run '^$' -bench Nation -benchtime 1x -timeout 0 -scale 1 -keep DIR
//
// The cluster is as standalone's: it writes to disk, and has the settings that PostgreSQL comes with.
func BenchmarkNation(b *testing.B) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // a line a request
	var figures []bench.Figure
	scales := strings.Split(*scaleFlag, ",")
	for _, text := range scales {
		scale, err := strconv.ParseFloat(text, 64)
		require.NoError(b, err, "-scale")
		b.Run("scale "+text, func(b *testing.B) { // its nation goes when it ends
			owner := *ofFlag
			if owner == "" {
				owner = newNation(b, scale)
			}
			figures = joined(figures, measured(b, owner))
		})
	}
	if len(scales) == 1 {
		bench.Print(os.Stdout, figures)
	} else {
		bench.PrintCurve(os.Stdout, "of a nation", scales, figures)
	}
	if *keepFlag != "" {
		require.NoError(b, bench.Keep(*keepFlag, "nation", figures))
	}
}

func measured(b *testing.B, owner string) []bench.Figure {
	b.Helper()
	require.NoError(b, sql.Migrate(b.Context(), owner))
	address, err := url.Parse(owner)
	require.NoError(b, err)
	address.User = url.UserPassword(app, app)
	m := &measures{stage: newStage(b, opened(b, owner), address.String()), app: address.String()}
	for _, measure := range []func(){m.search, m.lists, m.sheet, m.watch, m.repair, m.retention, m.audit, m.health} {
		measure()
	}
	return m.figures
}

// joined has the same figures of one more point.
func joined(curve, point []bench.Figure) []bench.Figure {
	if curve == nil {
		return point
	}
	for i, f := range curve {
		for _, more := range point {
			if more.Name == f.Name {
				curve[i].Ours = append(curve[i].Ours, more.Ours...)
			}
		}
	}
	return curve
}

func newNation(b *testing.B, scale float64) (owner string) {
	b.Helper()
	cluster, err := postgres.Start(b.Context(), postgres.Options{Dir: b.TempDir(), DieWithParent: true})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, cluster.Stop()) })
	admin := opened(b, cluster.URL("postgres"))
	for _, statement := range []string{`CREATE ROLE ` + app + ` LOGIN PASSWORD '` + app + `'`, `CREATE DATABASE nation`} {
		_, err := admin.ExecContext(b.Context(), statement)
		require.NoError(b, err)
	}
	require.NoError(b, sql.Migrate(b.Context(), cluster.URL("nation")))
	began := time.Now()
	require.NoError(b, nation.Fill(b.Context(), opened(b, cluster.URL("nation")), scale, time.Now()))
	fmt.Printf("the nation was made in %s\n", time.Since(began).Round(time.Second))
	return cluster.URL("nation")
}

type measures struct {
	*stage
	app     string
	figures []bench.Figure
}

func (m *measures) wanted(name string) bool { return strings.HasPrefix(name, *onlyFlag) }

func (m *measures) note(name, unit, goal string, value float64) {
	fmt.Printf("%-60s %10.4g %s\n", name, value, unit)
	m.figures = append(m.figures, bench.Figure{Name: name, Unit: unit, Goal: goal, Ours: []float64{value}})
}

// often does something again and again, twenty times or for some seconds, after once that does not count, and notes p50 and p95.
func (m *measures) often(name, goal string, do func(i int)) []float64 {
	if !m.wanted(name) {
		return nil
	}
	var took []float64
	do(0)
	for began := time.Now(); len(took) < 20 && time.Since(began) < 4*time.Second; {
		at := time.Now()
		do(1 + len(took))
		took = append(took, float64(time.Since(at).Microseconds())/1000)
	}
	m.note(name+", p50", "ms", "", bench.Median(took))
	m.note(name+", p95", "ms", goal, bench.Percentile(took, 0.95))
	return took
}

// once does something once, and notes how long it took.
func (m *measures) once(name, unit, goal string, do func()) {
	if !m.wanted(name) {
		return
	}
	began := time.Now()
	do()
	took := time.Since(began)
	m.note(name, unit, goal, map[string]float64{"s": took.Seconds(), "ms": float64(took.Microseconds()) / 1000}[unit])
}

// some are texts that a query finds, drawn once.
func (m *measures) some(query string) func(i int) string {
	rows, err := m.admin.QueryContext(context.Background(), query)
	require.NoError(m, err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		require.NoError(m, rows.Scan(&one))
		all = append(all, one)
	}
	require.NoError(m, rows.Err())
	require.NotEmpty(m, all, query)
	return func(i int) string { return all[i%len(all)] }
}

func (m *measures) search() {
	if !m.wanted("search") {
		return
	}
	support := m.support()
	// Pages of the table here and there; all of a small one.
	sample := ` TABLESAMPLE SYSTEM (` + m.text(`SELECT least(100, 2000000.0 / count(*)) FROM person`) + `) REPEATABLE (1)`
	people := ` FROM person` + sample + ` WHERE erased_at IS NULL LIMIT 21`
	var all []float64
	for _, one := range []struct {
		kind  string
		asked func(i int) string
	}{
		{"a common surname", m.some(`SELECT unnest('{Martin,Bernard,Petit,Durand,Roux,Leroy}'::text[])`)},
		{"a rare surname", m.some(`SELECT family_name` + people)},
		{"first and last name", m.some(`SELECT given_name || ' ' || family_name` + people)},
		{"initial and surname", m.some(`SELECT left(given_name, 1) || ' ' || family_name` + people)},
		{"without accents or hyphens", m.some(`SELECT replace(fold(given_name || ' ' || family_name), '-', ' ')` + people)},
		{"a typo", m.some(`SELECT left(family_name, -1) || 'kz'` + people)},
		{"a sentence with a name", m.some(`SELECT 'Une clef à remettre à ' || given_name || ' ' || family_name` + people)},
		{"a mail", m.some(`SELECT mail` + people)},
		{"a serial", m.some(`SELECT serial FROM key` + sample + ` LIMIT 21`)},
		{"a part of a serial", m.some(`SELECT substr(serial, 4) FROM key` + sample + ` LIMIT 21`)},
		{"a UAI", m.some(`SELECT uai FROM establishment LIMIT 21`)},
		{"a town", m.some(`SELECT commune FROM establishment LIMIT 21`)},
		{"a school in a town", m.some(`SELECT name || ' ' || commune FROM establishment LIMIT 21`)},
		{"a batch", m.some(`SELECT DISTINCT batch FROM key LIMIT 21`)},
	} {
		all = append(all, m.often("search: "+one.kind, "100", func(i int) { support.get(searched(one.asked(i))) })...)
	}
	if len(all) > 0 {
		m.note("search: all of these, p95", "ms", "100", bench.Percentile(all, 0.95))
	}
}

// lists reads the first page of the list of keys in each order, and one in the middle.
func (m *measures) lists() {
	support := m.support()
	head := m.principal(`SELECT uai FROM key WHERE state = 'in_service' GROUP BY uai ORDER BY count(*) DESC, uai LIMIT 1`)
	for _, order := range []string{"", "titulaire", "-titulaire", "etat", "lot", "expiration", "-connexion", "etablissement"} {
		name := "keys by " + order
		if !m.wanted(name) {
			continue
		}
		m.often(name, "100", func(int) { support.get("/clefs?tri=" + order) })
		filter := sql.KeyFilter{Sort: sorts[strings.TrimPrefix(order, "-")], Descending: strings.HasPrefix(order, "-"), Limit: 50, Today: okey.DayOf(time.Now(), time.UTC)}
		deep := m.middle(filter)
		filter.AfterPlace, filter.AfterSerial = deep.Place, deep.Serial
		m.often(name+", in the middle", "100", func(int) {
			_, err := m.store.ListKeys(context.Background(), sql.Reach{All: true}, filter)
			require.NoError(m, err)
		})
	}
	for _, filter := range []string{"suivi=parties", "suivi=expirent", "suivi=defectueuses", "suivi=parties&tri=titulaire", "etat=lost", "q=martin", "q=10012345", "lot=LOT-2024-007", "expire=01/01/2027"} {
		m.often("keys where "+filter, "100", func(int) { support.get("/clefs?" + filter) })
	}
	for _, order := range []string{"", "titulaire", "expiration"} {
		m.often("keys of a head by "+order, "100", func(int) { head.get("/clefs?tri=" + order) })
	}
}

var sorts = map[string]sql.KeySort{
	"": sql.BySerial, "titulaire": sql.ByHolder, "etat": sql.ByState, "lot": sql.ByBatch, "expiration": sql.ByExpiry, "connexion": sql.ByLastLogin,
	"etablissement": sql.ByEstablishment,
}

// middle is a key somewhere in the list, with its place there.
func (m *measures) middle(f sql.KeyFilter) sql.ListedKey {
	f.Search, f.Limit = m.text(`SELECT serial FROM key WHERE holder IS NOT NULL ORDER BY serial OFFSET (SELECT count(*) / 4 FROM key) LIMIT 1`), 1
	found, err := m.store.ListKeys(context.Background(), sql.Reach{All: true}, f)
	require.NoError(m, err)
	require.Len(m, found, 1)
	return found[0]
}

// sheet takes all keys along as a spreadsheet.
func (m *measures) sheet() {
	if !m.wanted("xlsx") {
		return
	}
	support := m.support()
	var keys float64
	require.NoError(m, m.admin.QueryRowContext(context.Background(), `SELECT count(*) FROM key`).Scan(&keys))
	stop := peakMemory()
	began := time.Now()
	answer := support.open("/clefs.xlsx")
	bytes, err := io.Copy(io.Discard, answer.Body)
	require.NoError(m, err)
	require.NoError(m, answer.Body.Close())
	took := time.Since(began).Seconds()
	held, whole := stop()
	m.note("xlsx of all keys", "rows/s", "20000", keys/took)
	m.note("xlsx of all keys, file", "MB", "", float64(bytes)/(1<<20))
	m.note("xlsx of all keys, memory held above the start, at most", "MB", "64", held)
	m.note("xlsx of all keys, with what waits for the collector", "MB", "", whole)
}

// peakMemory looks how high the heap goes above where it began, in MB: what is held, and with what waits for the collector.
func peakMemory() (stop func() (held, whole float64)) {
	for range 2 { // what others have left is swept: a pool keeps what it has for one collection
		debug.FreeOSMemory()
	}
	names := []string{"/gc/heap/live:bytes", "/memory/classes/heap/objects:bytes"}
	look := func() (now [2]float64) {
		samples := []metrics.Sample{{Name: names[0]}, {Name: names[1]}}
		metrics.Read(samples)
		for i, sample := range samples {
			now[i] = float64(sample.Value.Uint64()) / (1 << 20)
		}
		return now
	}
	before := look()
	highest := before
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
				for i, now := range look() {
					highest[i] = max(highest[i], now)
				}
			}
		}
	}()
	return func() (held, whole float64) {
		close(done)
		<-ended
		return highest[0] - before[0], highest[1] - before[1]
	}
}

// watch has the morning watch find what is due, and reads what some of its letters need.
func (m *measures) watch() {
	if !m.wanted("watch") {
		return
	}
	ctx := context.Background()
	store, err := sql.OpenPool(m.app, m.keys, sql.Pool{Statement: sql.Unhurried})
	require.NoError(m, err)
	defer store.Close()
	w := activities.NewWatch(store)
	in := okey.WatchInput{Run: "bench/" + uuid.NewString(), At: time.Now().UTC()}
	var letters []okey.MailOrder
	m.once("watch: find what is due, the whole run", "s", "60", func() {
		for {
			report, err := w.Due(ctx, in)
			require.NoError(m, err)
			letters = append(letters, report.Letters...)
			if in.After = report.Next; in.After == 0 {
				return
			}
		}
	})
	m.note("watch: letters", "", "", float64(len(letters)))
	read := slices.DeleteFunc(letters, func(o okey.MailOrder) bool { return o.Step.Kind == okey.MailLowStock })
	if len(read) > 0 {
		m.often("watch: what a letter reads", "", func(i int) {
			_, err := store.WatchedKeys(ctx, read[i*7%len(read)].Letter, okey.DayOf(in.At, time.UTC))
			require.NoError(m, err)
		})
	}
	m.exec(`DELETE FROM watch_notice WHERE run LIKE 'bench/%'`)
}

func (m *measures) repair() {
	for name, look := range m.repairs(context.Background(), time.Now().UTC()) {
		m.often("repair: "+name, "", func(int) { require.NoError(m, look()) })
	}
}

// retention ends nothing: its second run of a night.
func (m *measures) retention() {
	if !m.wanted("retention") {
		return
	}
	store, err := sql.OpenPool(m.app, m.keys, sql.Pool{Statement: sql.Unhurried})
	require.NoError(m, err)
	defer store.Close()
	r := activities.NewRetention(store, 0)
	in := okey.RetentionInput{At: time.Now().UTC()}
	_, err = r.Retain(context.Background(), in)
	require.NoError(m, err)
	m.often("retention with nothing to do", "50", func(int) {
		report, err := r.Retain(context.Background(), in)
		require.NoError(m, err)
		require.Empty(m, report.Ended)
	})
	looked := map[okey.KeptData]bool{}
	for _, k := range okey.Keepings() { // some stand for the same lines
		if k.Data != "" && !looked[k.Data] {
			looked[k.Data] = true
			m.often("retention of "+string(k.Data), "", func(int) {
				_, err := store.Retain(context.Background(), k.Data, in.At.AddDate(0, -k.Months, 0), in.At)
				require.NoError(m, err)
			})
		}
	}
}

// audit writes many entries in one transaction, and has many write at once.
func (m *measures) audit() {
	if !m.wanted("audit") {
		return
	}
	ctx := context.Background()
	entry := sql.Entry{At: time.Now(), Event: "bench", Via: okey.ViaEngine, Subject: "key:0010000001", Detail: "accepted"}
	m.often("audit: 10,000 entries in one transaction", "300", func(int) {
		require.NoError(m, m.store.Do(ctx, func(tx *sql.Tx) error {
			for range 10_000 {
				tx.Audit(entry)
			}
			return nil
		}))
	})
	for _, writers := range []int{1, 8} {
		var commits atomic.Int64
		var all sync.WaitGroup
		end := time.Now().Add(4 * time.Second)
		for range writers {
			all.Go(func() {
				for time.Now().Before(end) {
					require.NoError(m, m.store.Do(ctx, func(tx *sql.Tx) error {
						tx.Audit(entry)
						return nil
					}))
					commits.Add(1)
				}
			})
		}
		all.Wait()
		m.note(fmt.Sprintf("audit: commits with an entry, %d at once", writers), "1/s", "", float64(commits.Load())/4)
	}
}

func (m *measures) health() {
	probe := visitor{stage: m.stage}
	m.often("readyz", "", func(int) { probe.get("/readyz") })
	m.often("metrics: what waits", "200", func(int) {
		_, err := m.store.Gauges(context.Background(), time.Now())
		require.NoError(m, err)
	})
	if m.wanted("charters") {
		m.once("doctor: charters and roles", "s", "", func() {
			_, err := m.store.CheckCharters(context.Background())
			require.Equal(m, okey.CodeInvalid, okey.ErrorCode(err), "the nation's audit knows of no signature")
			_, _, err = m.store.CheckRoles(context.Background())
			require.NoError(m, err)
		})
	}
}

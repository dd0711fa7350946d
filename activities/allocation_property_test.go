package activities_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"flag"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"okey/activities"
	"okey/calendar"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

var (
	rushLong = flag.Int("long", 1, "how many times as long the rush for keys lasts")
	rushSeed = flag.Uint64("seed", 0, "begin the rush for keys with this seed; 0: another each time")
)

const (
	rushWorkers = 8
	rushSteps   = 150 // of each worker
	rushPeople  = 24  // at each school
)

// TestNeverOversoldFirstComeFirstServed has many people do at once, at two schools, all that touches keys, through the real activities on a
// real database. A second connection watches each committed state, and a trigger each gift at the instant when it is made.
func TestNeverOversoldFirstComeFirstServed(t *testing.T) {
	seed := *rushSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test ./activities -run %s -seed %d (-long %d)", t.Name(), seed, *rushLong)
	r := newRush(t)
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan int)
	go func() { watched <- r.watch(ctx) }()
	var crowd sync.WaitGroup
	for n := range rushWorkers {
		crowd.Go(func() { r.work(&errand{rush: r, Rand: rand.New(rand.NewPCG(seed, uint64(n)))}) })
	}
	crowd.Wait()
	for more := rushWorkers; more < 3*rushWorkers && !r.everyKindWasAccepted(); more++ { // chance may leave a rare one out
		r.work(&errand{rush: r, Rand: rand.New(rand.NewPCG(seed, uint64(more)))})
	}
	cancel()
	t.Logf("%d states looked at, %d gifts", <-watched, r.Count(`SELECT count(*) FROM key_event WHERE reason = 'reserved'`))
	r.settleAll()
	r.lookAtTheEnd()
}

// rush is the two schools and their people.
type rush struct {
	*scene.Scene
	judge   *activities.Requests
	keys    *activities.Keys
	stock   *activities.Stock
	people  map[okey.UAI][]okey.Person
	heads   map[okey.UAI]okey.Person
	support okey.Person
	clock   atomic.Int64
	serial  atomic.Int64
}

func newRush(t *testing.T) *rush {
	t.Helper()
	s := scene.New(t)
	s.Admin.SetMaxOpenConns(10)
	r := &rush{
		Scene: s, judge: activities.NewRequests(s.Store, calendar.PublicOnly()), keys: activities.NewKeys(s.Store, calendar.PublicOnly()),
		stock:  activities.NewStock(s.Store),
		people: map[okey.UAI][]okey.Person{}, heads: map[okey.UAI]okey.Person{}, support: s.Support("Sam Support"),
	}
	for i, uai := range []okey.UAI{scene.Tilleuls, scene.Acacias} {
		letter := string(rune('A' + i))
		r.heads[uai] = s.Person(letter+" Chef", okey.Principal, uai)
		for n := range rushPeople {
			r.people[uai] = append(r.people[uai], s.Person(letter+" Staff"+string(rune('a'+n)), okey.Staff, uai))
		}
		s.Key(uai)
		for range 3 {
			// too short a life to be given
			s.KeyUntil(uai, okey.NewDay(2027, time.January, 15).AddDays(r.Count(`SELECT count(*) FROM key`)))
		}
	}
	r.Exec(giftWitness)
	return r
}

// giftWitness notes who is passed over, as each gift is made: whoever waits without a key at that instant, and was approved before.
const giftWitness = `
	CREATE TABLE passed_over (given uuid, instead_of uuid);
	CREATE FUNCTION witness_gift() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
		INSERT INTO passed_over SELECT g.id, r.id FROM request g JOIN request r ON r.uai = g.uai AND r.id <> g.id
			WHERE g.id = NEW.request AND ` + waitsWithoutKey + ` AND (r.approved_at, r.id) < (g.approved_at, g.id);
		RETURN NULL;
	END $$;
	CREATE TRIGGER witness_gift AFTER UPDATE ON key FOR EACH ROW
	WHEN (OLD.state = 'in_stock' AND NEW.state = 'reserved') EXECUTE FUNCTION witness_gift()`

// waitsWithoutKey: also whoever has just lost the key that was kept, before the flow has taken note.
const waitsWithoutKey = `r.stage IN ('awaiting_stock', 'awaiting_charter', 'awaiting_handover')
	AND NOT EXISTS (SELECT FROM key k WHERE k.request = r.id)`

// neverTrue are questions that must have the answer 0 in every committed state.
var neverTrue = map[string]string{
	"a key lies idle while someone waits": `SELECT count(*) FROM request r WHERE ` + waitsWithoutKey + `
		AND EXISTS (SELECT FROM key f WHERE f.uai = r.uai AND f.state = 'in_stock' AND f.expires_on >= '2028-01-01')`,
	"a gift passed somebody over":      `SELECT count(*) FROM passed_over`,
	"a key without six months is kept": `SELECT count(*) FROM key WHERE state = 'reserved' AND expires_on < '2027-05-24'`,
	"a key is kept for a request that is over, or elsewhere": `SELECT count(*) FROM key k JOIN request r ON r.id = k.request
		WHERE r.closed_at IS NOT NULL OR r.stage = 'awaiting_decision' OR r.uai <> k.uai`,
	"a reserved key's request neither signs nor is owed a wake-up": `SELECT count(*) FROM key k JOIN request r ON r.id = k.request
		WHERE k.state = 'reserved' AND r.stage <> 'awaiting_charter' AND NOT r.wake_up_owed`,
	"an attributed key awaits no handover": `SELECT count(*) FROM key k JOIN request r ON r.id = k.request
		WHERE k.state = 'attributed' AND r.stage <> 'awaiting_handover'`,
	"an attributed key has no PIN": `SELECT count(*) FROM key k WHERE k.state = 'attributed' AND k.pin_hash IS NULL`,
	"a PIN is lost on the way": `SELECT count(*) FROM request r LEFT JOIN key k ON k.request = r.id
		WHERE r.closed_at IS NULL AND r.signed_at IS NOT NULL AND r.pin_hash IS NULL AND k.pin_hash IS NULL`,
	"a loss that nobody tells the flow": `SELECT count(*) FROM request r WHERE r.stage IN ('awaiting_charter', 'awaiting_handover')
		AND NOT EXISTS (SELECT FROM key k WHERE k.request = r.id)
		AND NOT EXISTS (SELECT FROM action a WHERE a.request = r.id AND a.name = 'key-unavailable' AND a.outcome IS NULL)`,
	"a person holds two keys": `SELECT count(*) FROM (
		SELECT holder FROM key WHERE holder IS NOT NULL GROUP BY holder HAVING count(*) > 1) twice`,
	"a key's story ends askew": `SELECT count(*) FROM key k
		JOIN LATERAL (SELECT state FROM key_event v WHERE v.serial = k.serial ORDER BY seq DESC LIMIT 1) last ON true
		WHERE last.state <> k.state`,
}

// watch looks at one committed state after another, each whole, and answers how many it saw.
func (r *rush) watch(ctx context.Context) int {
	for n := 0; ; n++ {
		if ctx.Err() != nil || r.Failed() {
			return n
		}
		r.look()
	}
}

func (r *rush) look() {
	tx, err := r.Admin.BeginTx(context.Background(), &stdsql.TxOptions{Isolation: stdsql.LevelRepeatableRead, ReadOnly: true})
	if !assert.NoError(r, err) {
		return
	}
	defer func() { _ = tx.Rollback() }()
	for what, question := range neverTrue {
		var n int
		if err := tx.QueryRowContext(context.Background(), question).Scan(&n); !assert.NoError(r, err) || !assert.Zero(r, n, what) {
			return
		}
	}
}

// errand is what one of the crowd does, drawn from the seed.
type errand struct {
	*rush
	*rand.Rand
}

func (r *rush) work(e *errand) {
	deeds := []func(okey.UAI) error{
		e.ask, e.ask, e.ask, e.decide, e.decide, e.decide, e.sign, e.sign, e.handOver, e.handOver, e.withdraw, e.expire,
		e.nudge, e.nudge, e.change, e.change, e.change, e.change, e.arrive, e.carry, e.followUp,
	}
	for range rushSteps * *rushLong {
		uai := scene.Tilleuls
		if e.IntN(3) == 0 {
			uai = scene.Acacias
		}
		if err := deeds[e.IntN(len(deeds))](uai); !assert.NoError(r, err, "no deadlock and no fault reaches the engine") || r.Failed() {
			return
		}
	}
}

// at is a clock that all share; its instants reach the judge out of order, as the workflows' do.
func (r *rush) at() time.Time { return scene.Now.Add(time.Duration(r.clock.Add(1)) * time.Millisecond) }

// any draws one row's id; "" where there is none.
func (e *errand) any(query string, args ...any) (string, error) {
	var found string
	err := e.Admin.QueryRowContext(context.Background(), `SELECT v FROM (`+query+`) AS of(v) ORDER BY md5(v || $1) LIMIT 1`,
		append([]any{uuid.NewString()}, args...)...).Scan(&found)
	if errors.Is(err, stdsql.ErrNoRows) {
		return "", nil
	}
	return found, err
}

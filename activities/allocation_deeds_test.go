package activities_test

import (
	"context"
	"fmt"
	"strings"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The deeds of the crowd. Each draws what it is about from what stands now, and by the time that it is judged somebody may have been
// faster: a refusal is as good as an acceptance, an error is not.

func (e *errand) ask(uai okey.UAI) error {
	by := e.people[uai][e.IntN(rushPeople)]
	a := e.Record(okey.Action{
		Name: okey.ActionAsk, By: by.ID, Content: okey.Content{Establishment: uai, Need: "saisie", Reason: okey.FirstKey},
	})
	return e.put(okey.Matter{Kind: okey.MatterOpen, Request: a.Request, Action: a.ID})
}

func (e *errand) decide(uai okey.UAI) error {
	content := okey.Content{Decision: okey.Approve}
	if e.IntN(8) == 0 {
		content = okey.Content{Decision: okey.Refuse, Comment: "non"}
	}
	return e.act(e.heads[uai].ID, okey.PrincipalDecision, content, okey.AwaitingDecision, uai)
}

func (e *errand) sign(uai okey.UAI) error {
	return e.act(uuid.Nil, okey.CharterAndPIN, okey.Content{Charter: 1}, okey.AwaitingCharter, uai)
}

// handOver gives the kept key, or one that lies in the drawer, whose place the kept one takes.
func (e *errand) handOver(uai okey.UAI) error {
	serial, err := e.any(`SELECT k.serial FROM key k WHERE k.uai = $2 AND k.state IN ('attributed', 'in_stock')`, string(uai))
	if err != nil || serial == "" {
		return err
	}
	return e.act(e.heads[uai].ID, okey.Handover, okey.Content{Serial: okey.Serial(serial)}, okey.AwaitingHandover, uai)
}

func (e *errand) withdraw(uai okey.UAI) error {
	return e.act(uuid.Nil, okey.Withdrawal, okey.Content{}, okey.Stages()[e.IntN(4)], uai)
}

// act records what someone wants of a request at a stage, and has it judged; now and then twice at once, as a killed worker's retry does.
// by: the requester, where nobody is named.
func (e *errand) act(by okey.PersonID, signal okey.Signal, content okey.Content, stage okey.Stage, uai okey.UAI) error {
	id, err := e.requestAt(stage, uai)
	if err != nil || id == uuid.Nil {
		return err
	}
	a := okey.Action{Name: okey.ActionOf(signal), By: by, Request: id, Content: content}
	if by == uuid.Nil {
		a.By = e.Request(id).Person
	}
	if signal == okey.CharterAndPIN {
		a.PINHash = "hash of " + id.String()
	}
	return e.put(okey.Matter{Kind: okey.MatterAction, Request: id, Signal: signal, Action: e.Record(a).ID})
}

func (e *errand) requestAt(stage okey.Stage, uai okey.UAI) (uuid.UUID, error) {
	found, err := e.any(`SELECT r.id::text FROM request r WHERE r.uai = $2 AND r.stage = $3`, string(uai), string(stage))
	if err != nil || found == "" {
		return uuid.Nil, err
	}
	return uuid.Parse(found)
}

// expire ends a stage, unless the request has moved on meanwhile: in this crowd all waits are over at once.
func (e *errand) expire(uai okey.UAI) error {
	stages := []okey.Stage{okey.AwaitingDecision, okey.AwaitingCharter, okey.AwaitingHandover}
	id, err := e.requestAt(stages[e.IntN(len(stages))], uai)
	if err != nil || id == uuid.Nil || e.IntN(3) > 0 {
		return err
	}
	return e.put(okey.Matter{Kind: okey.MatterExpiry, Request: id, Turn: e.Request(id).Turn, Once: uuid.NewString()})
}

// nudge wakes anybody, whether owed or not; those that it misses are woken late, or not before the end.
func (e *errand) nudge(uai okey.UAI) error {
	id, err := e.requestAt(okey.Stages()[e.IntN(4)], uai)
	if err != nil || id == uuid.Nil {
		return err
	}
	return e.put(okey.Matter{Kind: okey.MatterNudge, Request: id, Signal: okey.StockAvailable, Once: uuid.NewString()})
}

// followUp tells the flow of one request that its key is gone.
func (e *errand) followUp(okey.UAI) error {
	owed, err := e.Store.FollowUps(context.Background(), 5)
	if err != nil || len(owed) == 0 {
		return err
	}
	a := owed[e.IntN(len(owed))]
	return e.put(okey.Matter{Kind: okey.MatterAction, Request: a.Request, Signal: a.Name.Signal(), Action: a.ID})
}

func (e *errand) put(m okey.Matter) error {
	m.At, m.Waits = e.at(), okey.Waits{}
	if e.IntN(6) > 0 {
		return e.judged(m)
	}
	second := make(chan error)
	go func() { second <- e.judged(m) }()
	first := e.judged(m)
	if err := <-second; err != nil {
		return err
	}
	return first
}

func (r *rush) judged(m okey.Matter) error {
	_, err := r.judge.Judge(context.Background(), m)
	return err
}

// change reports anything of any key: most of it is refused by the table of key states.
func (e *errand) change(uai okey.UAI) error {
	reasons := okey.ChangeReasons()
	reason := reasons[e.IntN(len(reasons))]
	serial, err := e.any(
		`SELECT k.serial FROM key k JOIN key_transition t ON t.from_state = k.state WHERE k.uai = $2 AND t.reason = $3`, string(uai),
		string(reason),
	)
	if err != nil || serial == "" {
		return err
	}
	a := e.Record(okey.Action{
		Name: okey.ActionKeyChange, By: e.heads[uai].ID, Key: okey.Serial(serial), Content: okey.Content{KeyReason: reason, Comment: "x"},
	})
	return e.again(func() error {
		_, err := e.keys.Change(context.Background(), okey.KeyMatter{Action: a.ID, At: e.at()})
		return err
	})
}

// arrive brings keys to both schools in one delivery, here or on their way, and confirms what was on its way.
func (e *errand) arrive(uai okey.UAI) error {
	if e.IntN(3) == 0 { // keys are scarce: there must be a line
		return nil
	}
	d := sql.Delivery{
		ID: uuid.New(), FileName: "clefs.csv", Sum: strings.Repeat("a", 64), Announced: e.IntN(2) == 0, State: okey.DeliveryDraft,
		By: e.support.ID, CreatedAt: scene.Now,
	}
	var rows []okey.ImportedKey
	for i, at := range []okey.UAI{scene.Acacias, scene.Tilleuls, uai} {
		if i < 2 && e.IntN(4) > 0 {
			continue
		}
		rows = append(rows, okey.ImportedKey{
			Line: len(rows) + 2, Serial: okey.Serial(fmt.Sprintf("7%08d", e.serial.Add(1))), UAI: at, State: okey.InStock, Batch: "L2",
			ExpiresOn: okey.NewDay(2029, 6, 30).AddDays(e.IntN(100)),
		})
	}
	if err := e.Store.SaveDelivery(context.Background(), d, rows); err != nil {
		return err
	}
	if err := e.stockAction(okey.Action{
		Name: okey.ActionDelivery, By: e.support.ID, Subject: d.ID, Content: okey.Content{Sum: d.Sum},
	}); err != nil || !d.Announced {
		return err
	}
	last := rows[len(rows)-1]
	return e.stockAction(okey.Action{
		Name: okey.ActionArrival, By: e.heads[last.UAI].ID, Subject: d.ID,
		Content: okey.Content{Establishment: last.UAI, Serials: []okey.Serial{last.Serial}},
	})
}

// carry moves keys to the other school: free ones, and whatever else is refused.
func (e *errand) carry(uai okey.UAI) error {
	serial, err := e.any(`SELECT k.serial FROM key k WHERE k.uai <> $2 AND k.state IN ('in_stock', 'reserved', 'lost')`, string(uai))
	if err != nil || serial == "" || e.IntN(2) == 0 {
		return err
	}
	return e.stockAction(okey.Action{
		Name: okey.ActionMoveKeys, By: e.support.ID, Subject: uuid.New(),
		Content: okey.Content{Establishment: uai, Serials: []okey.Serial{okey.Serial(serial)}},
	})
}

func (e *errand) stockAction(a okey.Action) error {
	id := e.Record(a).ID
	return e.again(func() error {
		_, err := e.stock.Change(context.Background(), okey.StockMatter{Action: id, At: e.at()})
		return err
	})
}

// again tries once more what met a key on its way to the other school, as the engine does; nothing else may fail.
func (e *errand) again(try func() error) error {
	for {
		err := try()
		if err == nil || !strings.Contains(err.Error(), "moved while it was being locked") {
			return err
		}
	}
}

// settleAll delivers what is still owed, as the repair watch does, until nothing is.
func (r *rush) settleAll() {
	for {
		owed, err := r.Store.FollowUps(context.Background(), 1000)
		require.NoError(r, err)
		wake, err := r.Store.Owed(context.Background(), uuid.Nil, 1000)
		require.NoError(r, err)
		if len(owed)+len(wake) == 0 {
			return
		}
		for _, a := range owed {
			require.NoError(
				r, r.judged(okey.Matter{Kind: okey.MatterAction, Request: a.Request, Signal: a.Name.Signal(), Action: a.ID, At: r.at()}),
			)
		}
		for _, id := range wake {
			require.NoError(
				r,
				r.judged(okey.Matter{Kind: okey.MatterNudge, Request: id, Signal: okey.StockAvailable, Once: uuid.NewString(), At: r.at()}),
			)
		}
	}
}

// told says, for each kind of action, by what its acceptances show: as many as were accepted, so that a refusal changed nothing.
var told = map[okey.ActionName]string{
	okey.ActionAsk:                        `SELECT count(*) FROM timeline WHERE kind = 'asked'`,
	okey.ActionOf(okey.PrincipalDecision): `SELECT count(*) FROM timeline WHERE kind IN ('approved', 'refused')`,
	okey.ActionOf(okey.CharterAndPIN):     `SELECT count(*) FROM timeline WHERE kind = 'charter_signed'`,
	okey.ActionOf(okey.Handover):          `SELECT count(*) FROM key_event WHERE reason = 'handed_over'`,
	okey.ActionOf(okey.Withdrawal):        `SELECT count(*) FROM timeline WHERE kind = 'withdrawn'`,
	okey.ActionExpire:                     `SELECT count(*) FROM timeline WHERE kind = 'expired'`,
	okey.ActionKeyChange: `SELECT count(*) FROM key_event
		WHERE reason IN ('lost', 'mislaid', 'recovered', 'return_to_stock', 'defective', 'found', 'retired')`,
	okey.ActionDelivery: `SELECT count(*) FROM delivery WHERE state <> 'draft'`,
}

func (r *rush) everyKindWasAccepted() bool {
	for name := range told {
		if r.Count(`SELECT count(*) FROM action WHERE name = $1 AND outcome = 'accepted'`, string(name)) == 0 {
			return false
		}
	}
	return true
}

// lookAtTheEnd holds what must be true once nothing is under way any more.
func (r *rush) lookAtTheEnd() {
	r.look()
	assert.Zero(r, r.Count(`SELECT count(*) FROM action WHERE outcome IS NULL`), "every action has its outcome")
	assert.Zero(r, r.Count(`SELECT count(*) FROM request WHERE wake_up_owed`))
	assert.Zero(r, r.Count(`SELECT count(*) FROM request r
		WHERE r.stage IN ('awaiting_charter', 'awaiting_handover') AND NOT EXISTS (SELECT FROM key k WHERE k.request = r.id)`))
	for name, question := range told {
		accepted := r.Count(`SELECT count(*) FROM action WHERE name = $1 AND outcome = 'accepted'`, string(name))
		assert.Positive(r, accepted, "the rush has no %s", name)
		assert.Equal(r, accepted, r.Count(question), "%s: each took effect once, none that was refused did", name)
	}
	// Who goes by each key's last event accepts exactly the keys that are in hand, as their holder's, at their school.
	const last = `(SELECT DISTINCT ON (serial) * FROM outbox WHERE type <> 'key.holder_left' ORDER BY serial, seq DESC) o`
	assert.Positive(r, r.Count(`SELECT count(*) FROM outbox`))
	assert.Zero(r, r.Count(`SELECT count(*) FROM key k LEFT JOIN `+last+` USING (serial)
		WHERE (k.state IN ('attributed', 'in_service', 'suspended', 'lent') OR o.state IN ('attributed', 'in_service', 'suspended', 'lent'))
		AND (o.state, o.uai, o.due_at) IS DISTINCT FROM (k.state, k.uai, k.due_at)`))
	assert.Zero(r, r.Count(`SELECT count(*) FROM key k JOIN `+last+` USING (serial) LEFT JOIN request q ON q.id = k.request
		WHERE o.state IN ('attributed', 'in_service', 'suspended', 'lent') AND o.holder IS DISTINCT FROM coalesce(k.holder, q.person)`))
	_, err := r.Store.VerifyAudit(context.Background())
	require.NoError(r, err)
}

package mails_test

import (
	"context"
	"regexp"
	"testing"
	"time"

	"okey/activities"
	"okey/activities/mails"
	"okey/calendar"
	"okey/config"
	"okey/internal/pgtest"
	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/mail"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	base       = "https://okey.ac-exemple.fr"
	supportBox = "assistance@ac-nice.fr"
	schoolBox  = "ce.0069001B@ac-nice.fr"
	day        = 24 * time.Hour
	// heir is a third school, where there is one.
	heir = okey.UAI("0069003D")
)

// fixture is a school with a head, a deputy and someone who needs a key; the real judges, so that a letter follows from what it tells of;
// the mailer, and the relay that takes what it sends.
type fixture struct {
	*scene.Scene
	mails            *mails.Mailer
	links            config.Keyring
	box              *postbox.Box
	lea, roux, blanc okey.Person
	now              time.Time
	bounces          string // where mails come back to
	rate             int    // mails a minute; 0: no limit
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	s := scene.New(t)
	o := &fixture{
		Scene: s, links: config.NewKeyring(), box: postbox.Open(t), now: scene.Now,
		lea:   s.Person("Léa Martin", okey.Staff, scene.Tilleuls),
		roux:  s.Person("Marc Roux", okey.Principal, scene.Tilleuls),
		blanc: s.Person("Anne Blanc", okey.Deputy, scene.Tilleuls),
	}
	o.mails = o.mailer(supportBox)
	return o
}

// mailer sends through the fixture's relay, with a mailbox that must work.
func (o *fixture) mailer(witness string) *mails.Mailer {
	sender := mail.NewSender(mail.Relay{Host: o.box.Host, Port: o.box.Port}, "OKEY <okey@ac-exemple.fr>", witness)
	return mails.New(o.Store, sender, calendar.PublicOnly(), mails.Settings{
		Academy: "Académie d'Exemple",
		URL:     base, Support: "Assistance <" + supportBox + ">", LinkKeys: o.links, Waits: okey.DefaultWaits(),
		Bounces: o.returns(), Rate: o.rate,
	})
}

func (o *fixture) returns() mail.BounceAddress {
	address, err := mail.NewBounceAddress(o.bounces, o.links)
	require.NoError(o, err)
	return address
}

// What happens before a letter: judged as it is in earnest.

func (o *fixture) put(m okey.Matter) okey.Verdict {
	o.Helper()
	m.At, m.Waits = o.now, okey.DefaultWaits()
	if m.Action == uuid.Nil {
		m.Once = uuid.NewString()
	}
	v, err := activities.NewRequests(o.Store, calendar.PublicOnly()).Judge(context.Background(), m)
	require.NoError(o, err)
	return v
}

func (o *fixture) ask(p okey.Person, reason okey.RequestReason) (uuid.UUID, okey.Verdict) {
	o.Helper()
	a := o.Record(okey.Action{Name: okey.ActionAsk, By: p.ID, Content: okey.Content{
		Establishment: scene.Tilleuls, Need: "saisie des absences", Reason: reason,
	}})
	return a.Request, o.put(okey.Matter{Kind: okey.MatterOpen, Request: a.Request, Action: a.ID})
}

func (o *fixture) act(by okey.Person, request uuid.UUID, signal okey.Signal, content okey.Content) okey.Verdict {
	o.Helper()
	return o.signal(signal, okey.Action{By: by.ID, Request: request, Content: content})
}

func (o *fixture) signal(signal okey.Signal, a okey.Action) okey.Verdict {
	o.Helper()
	a.Name = okey.ActionOf(signal)
	if signal == okey.CharterAndPIN {
		a.PINHash = "hash of the PIN"
	}
	return o.put(okey.Matter{Kind: okey.MatterAction, Request: a.Request, Signal: signal, Action: o.Record(a).ID})
}

func (o *fixture) approve(request uuid.UUID) okey.Verdict {
	o.Helper()
	return o.act(o.roux, request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve})
}

func (o *fixture) sign(p okey.Person, request uuid.UUID) okey.Verdict {
	o.Helper()
	return o.act(p, request, okey.CharterAndPIN, okey.Content{Charter: 1})
}

// until brings a request of Léa's to a stage with one key in the drawer, and returns it with the key.
func (o *fixture) until(stage okey.Stage) (uuid.UUID, okey.Serial) {
	o.Helper()
	serial := o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	if stage != okey.AwaitingDecision {
		v = o.approve(request)
	}
	if stage == okey.AwaitingHandover {
		v = o.sign(o.lea, request)
	}
	require.Equal(o, stage, v.Standing.Stage)
	return request, serial
}

// change judges what is reported of a key, and returns the mails that are due.
func (o *fixture) change(serial okey.Serial, a okey.Action) []okey.MailOrder {
	o.Helper()
	a.Name, a.Key = okey.ActionKeyChange, serial
	a = o.Record(a)
	v, err := activities.NewKeys(o.Store, calendar.PublicOnly()).Change(context.Background(), okey.KeyMatter{Action: a.ID, At: o.now})
	require.NoError(o, err)
	require.True(o, v.Accepted, v.Reason)
	var orders []okey.MailOrder
	for _, step := range v.Mails {
		orders = append(orders, okey.MailOrder{Key: serial, Cause: a.ID, Step: step, At: o.now})
	}
	return orders
}

// stockAct records what someone wants of the stock, judges it, and returns it with its outcome.
func (o *fixture) stockAct(a okey.Action) okey.Action {
	o.Helper()
	if a.Subject == uuid.Nil {
		a.Subject = uuid.New()
	}
	return o.judged(o.Record(a))
}

// judged has a recorded action judged, twice, as where a worker is killed.
func (o *fixture) judged(a okey.Action) okey.Action {
	o.Helper()
	var verdicts [2]okey.StockVerdict
	for i := range verdicts {
		v, err := activities.NewStock(o.Store).Change(context.Background(), okey.StockMatter{
			Action: a.ID, At: o.now,
		})
		require.NoError(o, err)
		verdicts[i] = v
	}
	require.Equal(o, verdicts[0], verdicts[1], "a second attempt answers the same")
	a, err := o.Store.Action(context.Background(), a.ID)
	require.NoError(o, err)
	require.NotNil(o, a.Verdict)
	return a
}

func (o *fixture) moveKeys(by okey.Person, to okey.UAI, serials ...okey.Serial) okey.Verdict {
	o.Helper()
	return *o.stockAct(okey.Action{Name: okey.ActionMoveKeys, By: by.ID, Content: okey.Content{
		Establishment: to, Serials: serials, Comment: "rééquilibrage",
	}}).Verdict
}

func (o *fixture) answerMove(by okey.Person, move uuid.UUID, decision okey.Decision) okey.Verdict {
	o.Helper()
	return *o.stockAct(okey.Action{Name: okey.ActionMoveDecision, Subject: move, By: by.ID, Content: okey.Content{
		Decision: decision, Comment: "vu",
	}}).Verdict
}

func (o *fixture) succeed(by okey.Person, from, to okey.UAI) okey.Action {
	o.Helper()
	return o.stockAct(okey.Action{Name: okey.ActionSuccession, By: by.ID, Content: okey.Content{
		Establishment: from, Successor: to, Comment: "fusion",
	}})
}

func (o *fixture) reissue(by okey.Person, request uuid.UUID) okey.Verdict {
	o.Helper()
	return *o.judged(o.Record(okey.Action{Name: okey.ActionLinkReissue, By: by.ID, Request: request})).Verdict
}

func (o *fixture) thirdSchool() {
	o.Helper()
	o.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		SELECT $1, 'Collège Neuf', nature, contract, state, academy, commune, postcode, imported_at FROM establishment WHERE uai = $2`,
		heir, scene.Tilleuls)
}

// What arrives.

func (o *fixture) try(request uuid.UUID, step okey.MailStep) (okey.MailReport, error) {
	return o.mails.SendMails(context.Background(), okey.MailOrder{Request: request, Step: step, At: o.now})
}

// letters sends what is due, and returns what arrived by it.
func (o *fixture) letters(orders ...okey.MailOrder) []postbox.Letter {
	o.Helper()
	before := len(o.box.Letters())
	for _, order := range orders {
		report, err := o.mails.SendMails(context.Background(), order)
		require.NoError(o, err)
		assert.Zero(o, report.Failed)
	}
	return o.box.Letters()[before:]
}

// send is letters for a step of a request.
func (o *fixture) send(request uuid.UUID, step okey.MailStep) []postbox.Letter {
	o.Helper()
	return o.letters(okey.MailOrder{Request: request, Step: step, At: o.now})
}

// follow sends the mails that a verdict asks for.
func (o *fixture) follow(request uuid.UUID, v okey.Verdict) []postbox.Letter {
	o.Helper()
	var arrived []postbox.Letter
	for _, step := range v.Mails {
		arrived = append(arrived, o.send(request, step)...)
	}
	return arrived
}

// lines are "address: subject" of letters, for comparing.
func lines(letters []postbox.Letter) []string {
	var said []string
	for _, l := range letters {
		said = append(said, l.To+": "+l.Subject)
	}
	return said
}

// to picks the letters to one address.
func to(address string, letters []postbox.Letter) []postbox.Letter {
	var picked []postbox.Letter
	for _, l := range letters {
		if l.To == address {
			picked = append(picked, l)
		}
	}
	return picked
}

var linkIn = regexp.MustCompile(base + `\S*`)

func link(l postbox.Letter) string { return linkIn.FindString(l.Text) }

package activities_test

import (
	"context"
	"testing"
	"time"

	"okey/activities"
	"okey/calendar"
	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// fixture is a scene with its judge: a school with a head, a deputy and someone who needs a key.
type fixture struct {
	*scene.Scene
	judge            *activities.Requests
	lea, roux, blanc okey.Person
	now              time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	s := scene.New(t)
	return &fixture{
		Scene: s, judge: activities.NewRequests(s.Store, calendar.PublicOnly()), now: scene.Now,
		lea:   s.Person("Léa Martin", okey.Staff, scene.Tilleuls),
		roux:  s.Person("Marc Roux", okey.Principal, scene.Tilleuls),
		blanc: s.Person("Anne Blanc", okey.Deputy, scene.Tilleuls),
	}
}

func (c *fixture) put(m okey.Matter) okey.Verdict {
	c.Helper()
	m.At, m.Waits = c.now, okey.DefaultWaits()
	if m.Action == uuid.Nil && m.Once == "" {
		m.Once = uuid.NewString()
	}
	v, err := c.judge.Judge(context.Background(), m)
	require.NoError(c, err)
	return v
}

// ask has someone ask, and judges it.
func (c *fixture) ask(p okey.Person, reason okey.RequestReason) (uuid.UUID, okey.Verdict) {
	c.Helper()
	a := c.Record(okey.Action{
		Name: okey.ActionAsk, By: p.ID, Content: okey.Content{Establishment: scene.Tilleuls, Need: "saisie des absences", Reason: reason},
	})
	return a.Request, c.put(okey.Matter{Kind: okey.MatterOpen, Request: a.Request, Action: a.ID})
}

// act records what someone wants of a request, and judges it.
func (c *fixture) act(by okey.Person, request uuid.UUID, signal okey.Signal, content okey.Content) okey.Verdict {
	c.Helper()
	a := okey.Action{Name: okey.ActionOf(signal), By: by.ID, Request: request, Content: content}
	if signal == okey.CharterAndPIN {
		a.PINHash = "hash of the PIN"
	}
	return c.put(okey.Matter{Kind: okey.MatterAction, Request: request, Signal: signal, Action: c.Record(a).ID})
}

func (c *fixture) approve(request uuid.UUID) okey.Verdict {
	c.Helper()
	return c.act(c.roux, request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve})
}

func (c *fixture) sign(p okey.Person, request uuid.UUID) okey.Verdict {
	c.Helper()
	return c.act(p, request, okey.CharterAndPIN, okey.Content{Charter: 1})
}

// until brings a request of Léa's to a stage with one key in the drawer, and returns it with the key.
func (c *fixture) until(stage okey.Stage) (uuid.UUID, okey.Serial) {
	c.Helper()
	serial := c.Key(scene.Tilleuls)
	request, v := c.ask(c.lea, okey.FirstKey)
	if stage != okey.AwaitingDecision {
		v = c.approve(request)
	}
	if stage == okey.AwaitingHandover || stage == okey.HandedOver {
		v = c.sign(c.lea, request)
	}
	if stage == okey.HandedOver {
		v = c.act(c.roux, request, okey.Handover, okey.Content{Serial: serial})
	}
	require.Equal(c, stage, v.Standing.Stage)
	return request, serial
}

func kinds(v okey.Verdict) []okey.MailKind {
	var found []okey.MailKind
	for _, step := range v.Mails {
		found = append(found, step.Kind)
	}
	return found
}

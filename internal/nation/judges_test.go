package nation_test

import (
	"context"
	"time"

	"okey/activities"
	"okey/activities/mails"
	"okey/calendar"
	"okey/internal/postbox"
	"okey/mail"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// judged records an action, and has it judged and told.
type judged struct {
	*stage
	requests *activities.Requests
	mailer   *mails.Mailer
	request  uuid.UUID
	now      time.Time
}

func (j *judged) record(a okey.Action) okey.Action {
	j.Helper()
	a.ID, a.Via, a.CreatedAt, a.Digest = uuid.New(), okey.ViaAPI, j.now, []byte{1}
	if a.Name == okey.ActionAsk {
		j.request = okey.RequestIDOf(a.By, a.ID)
	}
	a.Request = j.request
	recorded, err := j.store.RecordAction(context.Background(), a)
	require.NoError(j, err)
	return recorded
}

func (j *judged) put(m okey.Matter) okey.Standing {
	j.Helper()
	ctx := context.Background()
	m.Request, m.At, m.Waits, m.Once = j.request, j.now, okey.DefaultWaits(), uuid.NewString()
	v, err := j.requests.Judge(ctx, m)
	require.NoError(j, err)
	for _, step := range v.Mails {
		_, err := j.mailer.SendMails(ctx, okey.MailOrder{Request: j.request, Step: step, At: j.now})
		require.NoError(j, err)
	}
	return v.Standing
}

func (j *judged) signal(by okey.PersonID, signal okey.Signal, content okey.Content) okey.Standing {
	j.Helper()
	a := okey.Action{Name: okey.ActionOf(signal), By: by, Content: content}
	if signal == okey.CharterAndPIN {
		a.PINHash = "hash of the PIN"
	}
	return j.put(okey.Matter{Kind: okey.MatterAction, Signal: signal, Action: j.record(a).ID})
}

// judges has the judges decide a request from the asking to the key in hand, and of that key what people report of it.
func (s *stage) judges() {
	ctx := context.Background()
	settings := mails.Settings{URL: s.web.URL, LinkKeys: s.keys, Waits: okey.DefaultWaits(), Support: "assistance@exemple.fr"}
	box := postbox.Open(s)
	relay := mail.NewSender(mail.Relay{Host: box.Host, Port: box.Port}, "okey@exemple.fr", settings.Support)
	j := &judged{
		stage: s, requests: activities.NewRequests(s.store, calendar.PublicOnly()), now: time.Now().UTC().Truncate(time.Microsecond),
		mailer: mails.New(s.store, relay, calendar.PublicOnly(), settings),
	}
	const asks = ` FROM assignment a JOIN person p ON p.id = a.person JOIN establishment e ON e.uai = a.uai AND e.state = '1'
		WHERE a.function = 'personnel' AND p.idle_since IS NULL AND p.mail <> ''
		AND EXISTS (SELECT FROM key k WHERE k.uai = a.uai AND k.state = 'in_stock' AND k.expires_on > now() + interval '1 year')
		AND NOT EXISTS (SELECT FROM request r WHERE r.uai = a.uai AND r.stage = 'awaiting_stock')
		AND NOT EXISTS (SELECT FROM request r WHERE r.person = p.id AND r.closed_at IS NULL)
		AND NOT EXISTS (SELECT FROM key k WHERE k.holder = p.id)
		AND EXISTS (SELECT FROM assignment h WHERE h.uai = a.uai AND h.function = 'chef')
		ORDER BY p.id LIMIT 1`
	person := s.visitor(`SELECT p.id` + asks).person
	uai := okey.UAI(s.text(`SELECT a.uai` + asks))
	head := s.visitor(`SELECT person FROM assignment WHERE uai = $1 AND function = 'chef'`, string(uai)).person

	asked := j.record(okey.Action{
		Name: okey.ActionAsk, By: person, Content: okey.Content{Establishment: uai, Need: "saisie des absences", Reason: okey.FirstKey},
	})
	require.Equal(s, okey.AwaitingDecision, j.put(okey.Matter{Kind: okey.MatterOpen, Action: asked.ID}).Stage)
	require.Equal(s, okey.AwaitingCharter, j.signal(head, okey.PrincipalDecision, okey.Content{Decision: okey.Approve}).Stage)
	j.put(okey.Matter{Kind: okey.MatterNudge})
	require.Equal(s, okey.AwaitingHandover, j.signal(person, okey.CharterAndPIN, okey.Content{Charter: 1}).Stage)
	serial := okey.Serial(s.text(`SELECT serial FROM key WHERE request = $1`, j.request))
	require.Equal(s, okey.HandedOver, j.signal(head, okey.Handover, okey.Content{Serial: serial}).Stage)

	lost := j.record(okey.Action{Name: okey.ActionKeyChange, By: person, Key: serial, Content: okey.Content{KeyReason: okey.ReasonLost}})
	v, err := activities.NewKeys(s.store, calendar.PublicOnly()).Change(ctx, okey.KeyMatter{Action: lost.ID, At: j.now})
	require.NoError(s, err)
	require.True(s, v.Accepted, "%+v", v)
}

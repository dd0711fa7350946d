package activities_test

import (
	"context"
	"testing"
	"time"

	"okey/activities"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAStraightforwardRequestEndsWithTheKeyInHand(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.HandedOver)
	key, err := c.Store.Key(context.Background(), serial)
	require.NoError(t, err)
	assert.Equal(t, okey.InService, key.State)
	assert.Equal(t, c.lea.ID, key.Holder)
	assert.Equal(t, "hash of the PIN", c.Text(`SELECT pin_hash FROM key WHERE serial = $1`, string(serial)))
	assert.Equal(t, serial, c.Request(request).Key)
	story, err := c.Store.Timeline(context.Background(), request)
	require.NoError(t, err)
	var told []okey.EventKind
	for _, e := range story {
		told = append(told, e.Kind)
	}
	assert.Equal(t, []okey.EventKind{
		okey.EventAsked, okey.EventApproved, okey.EventKeyReserved, okey.EventSigned, okey.EventHandedOver,
	}, told)
	assert.Zero(t, c.Count(`SELECT count(*) FROM action WHERE pin_hash IS NOT NULL OR outcome IS NULL`))
	n, err := c.Store.VerifyAudit(context.Background())
	require.NoError(t, err)
	assert.EqualValues(t, 8, n.Seq, "four actions, three changes of the key, one signature")
}

func TestWhoMayNotAskLearnsWhy(t *testing.T) {
	c := newFixture(t)
	c.Exec(`INSERT INTO establishment_left_out (uai, name, reason) VALUES ('0061565U', 'Ecole maternelle', 'first_degree')`)
	stranger := c.Person("Jean Dupont", okey.Staff)
	elsewhere := c.Person("Eva Simon", okey.Staff, scene.Acacias)
	holder := c.Person("Nora Faure", okey.Staff, scene.Tilleuls)
	c.KeyOf(holder, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	waiting := c.Person("Ali Benali", okey.Staff, scene.Tilleuls)
	c.ask(waiting, okey.FirstKey)
	for name, want := range map[string]struct {
		by     okey.Person
		uai    okey.UAI
		reason okey.RequestReason
		code   okey.Code
		detail string
	}{
		"first degree":          {c.lea, "0061565U", okey.FirstKey, okey.CodeNotEligible, "first_degree"},
		"unknown establishment": {c.lea, "0061566V", okey.FirstKey, okey.CodeNotEligible, "unknown_establishment"},
		"in no establishment":   {stranger, scene.Tilleuls, okey.FirstKey, okey.CodeNotEligible, "no_establishment"},
		"not assigned there":    {elsewhere, scene.Tilleuls, okey.FirstKey, okey.CodeNotEligible, "not_assigned"},
		"holds a key":           {holder, scene.Tilleuls, okey.FirstKey, okey.CodeAlreadyHolds, ""},
		"renews too early":      {holder, scene.Tilleuls, okey.Renewal, okey.CodeAlreadyHolds, "not_yet_renewable"},
		"has asked already":     {waiting, scene.Tilleuls, okey.FirstKey, okey.CodeAlreadyOpen, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := c.Record(okey.Action{
				Name: okey.ActionAsk, By: want.by.ID, Content: okey.Content{Establishment: want.uai, Need: "x", Reason: want.reason},
			})
			v := c.put(okey.Matter{Kind: okey.MatterOpen, Request: a.Request, Action: a.ID})
			assert.False(t, v.Accepted)
			assert.Equal(t, want.code, v.Reason)
			assert.Equal(t, want.detail, v.Detail)
			assert.Empty(t, v.Standing.Stage, "no request exists")
		})
	}
}

func TestOnlyAKeyThatWasLostOrBrokenCanBeReplaced(t *testing.T) {
	c := newFixture(t)
	_, v := c.ask(c.lea, okey.Replacement)
	assert.Equal(t, okey.CodeInvalid, v.Reason)
	assert.Equal(t, okey.DetailReason, v.Detail)
	assert.Zero(t, c.Count(`SELECT count(*) FROM request`))
	ali := c.Person("Ali Benali", okey.Staff, scene.Tilleuls)
	lost := c.KeyUntil(scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	c.Exec(`INSERT INTO key_event (serial, seq, at, reason, state, holder) VALUES ($1, 1, $2, 'imported', 'lost', $3)`,
		string(lost), scene.Now, ali.ID)
	_, v = c.ask(ali, okey.Replacement)
	assert.True(t, v.Accepted, "it was lost before OKEY")
}

func TestAskingWithNoKeyFreeTellsBothSidesOnceAShortage(t *testing.T) {
	c := newFixture(t)
	_, first := c.ask(c.lea, okey.FirstKey)
	_, second := c.ask(c.Person("Ali Benali", okey.Staff, scene.Tilleuls), okey.FirstKey)
	assert.True(t, first.Mails[0].Shortage)
	assert.False(t, second.Mails[0].Shortage, "the approvers know")
	c.Key(scene.Tilleuls)
	_, third := c.ask(c.Person("Eva Simon", okey.Staff, scene.Tilleuls), okey.FirstKey)
	assert.False(t, third.Mails[0].Shortage, "a key is free: the shortage is over")
}

func TestWhereNobodyCanAnswerSupportIsToldAtOnce(t *testing.T) {
	c := newFixture(t)
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.blanc.ID)
	_, v := c.ask(c.roux, okey.FirstKey)
	assert.Equal(t, []okey.MailKind{okey.MailNobody}, kinds(v), "a head's own request, without a deputy")
	_, v = c.ask(c.lea, okey.FirstKey)
	assert.Equal(t, []okey.MailKind{okey.MailAsked}, kinds(v))
}

func TestARefusalEndsTheRequestWithItsComment(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingDecision)
	v := c.act(c.blanc, request, okey.PrincipalDecision, okey.Content{Decision: okey.Refuse, Comment: "pas de besoin"})
	assert.Equal(t, okey.Refused, v.Standing.Stage)
	assert.Equal(t, []okey.MailKind{okey.MailRefused}, kinds(v))
	story, err := c.Store.Timeline(context.Background(), request)
	require.NoError(t, err)
	assert.Equal(t, "pas de besoin", story[len(story)-1].Comment)
}

func TestNobodyDecidesOnTheirOwnRequestByAnyWay(t *testing.T) {
	c := newFixture(t)
	request, _ := c.ask(c.roux, okey.FirstKey)
	v := c.act(c.roux, request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve})
	assert.Equal(t, okey.CodeOwnRequest, v.Reason)
	assert.Equal(t, okey.AwaitingDecision, c.Request(request).Stage)
}

func TestARoleThatEndedSinceTheActionIsRefusedByTheJudge(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingDecision)
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.roux.ID)
	v := c.approve(request)
	assert.Equal(t, okey.CodeNotFound, v.Reason)
	assert.Equal(t, okey.AwaitingDecision, c.Request(request).Stage)
}

func TestSupportDecidesWithAReasonAndTheApproversAreTold(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	request, _ := c.until(okey.AwaitingDecision)
	v := c.act(support, request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve})
	assert.Equal(t, okey.CodeInvalid, v.Reason, "without a reason")
	v = c.act(support, request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve, Comment: "direction absente"})
	assert.Contains(t, kinds(v), okey.MailSupportDecided)
	assert.Equal(t, okey.AwaitingCharter, v.Standing.Stage)
}

func TestASecondApproverLearnsThatItIsDecided(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingCharter)
	v := c.act(c.blanc, request, okey.PrincipalDecision, okey.Content{Decision: okey.Refuse, Comment: "trop tard"})
	assert.Equal(t, okey.CodeWrongStage, v.Reason)
	assert.Equal(t, okey.AwaitingCharter, v.Standing.Stage)
}

func TestTheSameActionTwiceIsJudgedOnce(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingDecision)
	a := c.Record(okey.Action{
		Name: okey.ActionOf(okey.PrincipalDecision), By: c.roux.ID, Request: request, Content: okey.Content{Decision: okey.Approve},
	})
	m := okey.Matter{Kind: okey.MatterAction, Request: request, Signal: okey.PrincipalDecision, Action: a.ID}
	first := c.put(m)
	assert.Equal(t, first, c.put(m), "a second attempt returns the same")
	c.sign(c.lea, request)
	late := c.put(m)
	assert.True(t, late.Accepted)
	assert.Equal(t, okey.AwaitingHandover, late.Standing.Stage, "a signal sent twice does not lead back")
}

func TestASignalThatNobodyRecordedChangesNothingAndIsRecorded(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingDecision)
	other := c.Record(okey.Action{Name: okey.ActionOf(okey.Withdrawal), By: c.lea.ID, Request: uuid.New()})
	for _, m := range []okey.Matter{
		{Kind: okey.MatterAction, Signal: okey.PrincipalDecision, Action: uuid.New()},
		{Kind: okey.MatterAction, Signal: okey.Withdrawal, Action: other.ID},
		{Kind: okey.MatterStray, Signal: okey.Handover, Fault: okey.CodeUnreadable},
		{Kind: okey.MatterStray, Fault: okey.CodeUnknownSignal},
		{Kind: okey.MatterStray, Fault: okey.CodeCancelIgnored},
	} {
		m.Request = request
		v := c.put(m)
		assert.False(t, v.Accepted)
		assert.NotEmpty(t, v.Reason)
		assert.Equal(t, okey.AwaitingDecision, v.Standing.Stage)
	}
	assert.Equal(t, 5, c.Count(`SELECT count(*) FROM action WHERE request = $1 AND via = 'engine' AND outcome = 'refused'`, request))
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM timeline WHERE request = $1`, request))
}

func TestAnOutdatedCharterIsNotSigned(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingCharter)
	c.Exec(`INSERT INTO charter (version, body, sha256, published_at) VALUES (2, 'nouvelle', 'x', $1)`, c.now)
	assert.Equal(t, okey.CodeCharterOutdated, c.sign(c.lea, request).Reason)
}

func TestExpiryEndsTheStageThatItFellDueIn(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingCharter)
	turn := c.Request(request).Turn
	v := c.put(okey.Matter{Kind: okey.MatterExpiry, Request: request, Turn: turn})
	assert.Equal(t, okey.CodeWrongStage, v.Reason, "its time is not over: nobody can make it so from the engine's side")
	c.now = c.Request(request).KeptUntil
	v = c.put(okey.Matter{Kind: okey.MatterExpiry, Request: request, Turn: turn - 1})
	assert.Equal(t, okey.AwaitingCharter, v.Standing.Stage, "a deadline of the stage before")
	v = c.put(okey.Matter{Kind: okey.MatterExpiry, Request: request, Turn: turn})
	assert.Equal(t, okey.Expired, v.Standing.Stage)
	assert.Equal(t, []okey.MailKind{okey.MailExpired}, kinds(v))
	assert.Equal(t, okey.InStock, c.KeyState(serial))
}

func TestARenewalRetiresTheOldKeyAtHandover(t *testing.T) {
	c := newFixture(t)
	old := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2027, time.January, 15))
	serial := c.Key(scene.Tilleuls)
	request, _ := c.ask(c.lea, okey.Renewal)
	c.approve(request)
	c.sign(c.lea, request)
	assert.Equal(t, okey.InService, c.KeyState(old), "it serves until then")
	v := c.act(c.roux, request, okey.Handover, okey.Content{Serial: serial})
	require.True(t, v.Accepted)
	assert.Equal(t, okey.Retired, c.KeyState(old))
	assert.Equal(t, okey.InService, c.KeyState(serial))
}

func TestDeadlinesCountOpenDays(t *testing.T) {
	c := newFixture(t)
	_, v := c.ask(c.lea, okey.FirstKey)
	due := v.Standing.Deadlines
	require.Len(t, due, 5)
	assert.Equal(t, "2026-11-26T10:12:00+01:00", due[0].At.Format(time.RFC3339), "two open days after Tuesday, at the academy's hour")
	assert.Equal(t, okey.DueExpiry, due[4].Kind)
	assert.Equal(
		t, "2027-01-07T23:59:59+01:00", due[4].At.Format(time.RFC3339), "thirty open days: the day that pages and mails name counts whole",
	)
}

func TestWorkflowStartedForNoRequestEnds(t *testing.T) {
	c := newFixture(t)
	v := c.put(okey.Matter{Kind: okey.MatterOpen, Request: uuid.New(), Action: uuid.New()})
	assert.Equal(t, okey.Verdict{}, v)
}

func TestADatabaseFaultIsAnErrorSoThatTheActivityIsTriedAgain(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingDecision)
	require.NoError(t, c.Store.Close())
	_, err := activities.NewRequests(c.Store, nil).Judge(context.Background(), okey.Matter{Kind: okey.MatterOpen, Request: request})
	assert.Error(t, err)
}

package mails_test

import (
	"context"
	"testing"
	"time"

	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// follows judges what an arrangement is followed by, and returns the letters that arrived.
func (o *fixture) follows(told okey.Action, err error) []postbox.Letter {
	o.Helper()
	require.NoError(o, err)
	v := o.judged(told).Verdict
	require.True(o, v.Accepted)
	return o.letters(v.Letters...)
}

// delegate gives a delegation at the Tilleuls from the day of the scene on, or later.
func (o *fixture) delegate(to okey.Person, scope okey.Scope, inDays, days int) (okey.GivenDelegation, []postbox.Letter) {
	o.Helper()
	today := okey.DayOf(o.now, okey.ZoneOf(""))
	d := okey.GivenDelegation{ID: uuid.New(), By: o.roux.ID, To: to.ID, At: o.now, Delegation: okey.Delegation{
		UAI: scene.Tilleuls, Scope: scope, From: today.AddDays(inDays), Until: today.AddDays(inDays + days),
	}}
	return d, o.follows(o.Store.GiveDelegation(context.Background(), d, today))
}

func TestADelegateGetsAllThatAwaitsAndTheOtherApproversAreTold(t *testing.T) {
	o := newFixture(t)
	o.until(okey.AwaitingDecision)
	eve := o.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	_, arrived := o.delegate(eve, okey.Everything, 0, 6)
	require.Equal(t, []string{
		"ablanc@ac-nice.fr: Eve Morel devient délégataire", "emorel@ac-nice.fr: Vous êtes délégataire pour le collège des Tilleuls",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "du mardi 24 novembre au lundi 30 novembre inclus")
	assert.Contains(t, arrived[1].Text, "Marc Roux vous délègue les réponses aux demandes")
	assert.Contains(t, arrived[1].Text, "- Léa Martin, au collège des Tilleuls, depuis mardi 24 novembre")
	assert.Equal(t, base+"/delegations", link(arrived[0]))
	assert.Equal(t, base+"/", link(arrived[1]))
}

func TestADelegateForHandoversIsSentNoDecision(t *testing.T) {
	o := newFixture(t)
	o.until(okey.AwaitingDecision)
	tom := o.Person("Tom Garnier", okey.Staff, scene.Tilleuls)
	_, arrived := o.delegate(tom, okey.HandoverAndStock, 0, 6)
	require.Len(t, arrived, 2)
	assert.Contains(t, arrived[1].Text, "vous délègue les remises et le stock de clefs")
	assert.NotContains(t, arrived[1].Text, "Léa Martin")
}

func TestADelegationIsToldAgainOnItsFirstDay(t *testing.T) {
	o := newFixture(t)
	ctx := context.Background()
	eve := o.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	d, arrived := o.delegate(eve, okey.Everything, 2, 6)
	require.Len(t, arrived, 2)
	assert.NotContains(t, arrived[1].Text, "attend")
	o.until(okey.AwaitingDecision)
	begun := okey.DerivedID(d.ID, string(okey.ActionDelegationBegun))

	o.now = time.Date(2026, time.November, 25, 22, 59, 59, 0, time.UTC)
	require.NoError(t, o.Store.BeginDelegations(ctx, o.now))
	assert.Zero(t, o.Count(`SELECT count(*) FROM action WHERE id = $1`, begun), "a second before midnight in Paris")
	for range 2 {
		o.now = time.Date(2026, time.November, 25, 23, 0, 0, 0, time.UTC)
		require.NoError(t, o.Store.BeginDelegations(ctx, o.now))
	}
	action, err := o.Store.Action(ctx, begun)
	arrived = o.follows(action, err)
	require.Equal(t, []string{"emorel@ac-nice.fr: Votre délégation commence au collège des Tilleuls"}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "Voici ce qui attend.")
	assert.Contains(t, arrived[0].Text, "- Léa Martin")
	assert.Equal(t, 1, o.Count(`SELECT count(*) FROM action WHERE name = 'delegation-begun'`))
}

func TestADelegationInGuadeloupeBeginsAtMidnightThere(t *testing.T) {
	o := newFixture(t)
	ctx := context.Background()
	head, eve := o.Person("Paul Petit", okey.Principal, scene.Acacias), o.Person("Eve Morel", okey.Staff, scene.Acacias)
	today := okey.NewDay(2026, time.November, 24)
	tomorrow := okey.Delegation{UAI: scene.Acacias, Scope: okey.Everything, From: today.AddDays(1), Until: today.AddDays(1)}
	_, err := o.Store.GiveDelegation(ctx, okey.GivenDelegation{
		ID: uuid.New(), By: head.ID, To: eve.ID, At: o.now, Delegation: tomorrow,
	}, today)
	require.NoError(t, err)
	begun := func(at time.Time) int {
		require.NoError(t, o.Store.BeginDelegations(ctx, at))
		return o.Count(`SELECT count(*) FROM action WHERE name = 'delegation-begun'`)
	}
	assert.Zero(t, begun(time.Date(2026, time.November, 25, 3, 59, 59, 0, time.UTC)))
	assert.Equal(t, 1, begun(time.Date(2026, time.November, 25, 4, 0, 0, 0, time.UTC)))
}

func TestTheEndOfADelegationIsToldToAllButWhoeverEndedIt(t *testing.T) {
	o := newFixture(t)
	eve := o.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	d, _ := o.delegate(eve, okey.Everything, 0, 6)
	arrived := o.follows(o.Store.EndDelegation(context.Background(), d.ID, o.blanc.ID, o.now))
	assert.Equal(t, []string{
		"mroux@ac-nice.fr: La délégation d'Eve Morel a pris fin", "emorel@ac-nice.fr: Votre délégation au collège des Tilleuls a pris fin",
	}, lines(arrived))
	request, v := o.ask(o.lea, okey.FirstKey)
	assert.NotContains(t, lines(o.follow(request, v)), "emorel@ac-nice.fr: Léa Martin demande une clef")
}

func TestADelegationThatEndsBeforeItsFirstDayIsNotToldAsIfItHadBegun(t *testing.T) {
	o := newFixture(t)
	eve := o.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	d, _ := o.delegate(eve, okey.Everything, 3, 5)
	arrived := o.follows(o.Store.EndDelegation(context.Background(), d.ID, o.blanc.ID, o.now))
	require.Len(t, arrived, 2)
	for _, letter := range arrived {
		assert.Contains(t, letter.Subject, "n'aura pas lieu")
		assert.Contains(t, letter.Text, "qui devait commencer le "+d.From.Say(okey.DayOf(o.now, okey.ZoneOf("23"))))
		assert.NotContains(t, letter.Text, "Vous n'avez plus à y répondre")
		assert.NotContains(t, letter.Text, "a pris fin")
	}
}

// staffed takes a staff file of the Tilleuls, and returns the follow-ups that wait to be told.
func (o *fixture) staffed(people map[okey.Function][]okey.Person) []okey.Action {
	o.Helper()
	var rows []okey.ImportedStaff
	for function, some := range people {
		for _, p := range some {
			rows = append(rows, okey.ImportedStaff{
				Line: len(rows) + 2, UAI: scene.Tilleuls, UID: p.UID, FamilyName: p.FamilyName, GivenName: p.GivenName, Mail: p.Mail,
				Function: function,
			})
		}
	}
	o.now = o.now.Add(time.Minute)
	require.NoError(o, o.Store.Do(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.ImportStaff(context.Background(), rows, sql.StaffImport{Today: okey.DayOf(o.now, okey.ZoneOf("")), Force: true}, o.now)
		return err
	}))
	waiting, err := o.Store.Undelivered(context.Background(), o.now.Add(time.Hour), o.now, 10)
	require.NoError(o, err)
	return waiting
}

func TestADelegateLearnsWhoseLeavingEndedTheirDelegationsOnce(t *testing.T) {
	o := newFixture(t)
	eve := o.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	o.delegate(eve, okey.Everything, 0, 6)
	o.delegate(eve, okey.HandoverAndStock, 8, 9)
	told := o.staffed(map[okey.Function][]okey.Person{okey.Principal: {o.blanc}, okey.Staff: {o.lea, eve}})
	require.Len(t, told, 1, "of two delegations at once, once")
	arrived := o.follows(told[0], nil)
	require.Equal(t, []string{
		"ablanc@ac-nice.fr: La délégation d'Eve Morel a pris fin", "emorel@ac-nice.fr: Votre délégation au collège des Tilleuls a pris fin",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "D'après le fichier du personnel, Marc Roux n'est plus en fonction : la délégation d'Eve Morel")
	assert.Contains(t, arrived[1].Text, "D'après le fichier du personnel, Marc Roux n'est plus en fonction au collège des Tilleuls : "+
		"la délégation reçue de Marc Roux a pris fin.")
}

// Whoever gave a delegation counts on it: a staff file that takes away what it stands on does not end it in silence.
func TestADelegationThatAStaffFileEndsIsToldToAll(t *testing.T) {
	o := newFixture(t)
	eve := o.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	o.delegate(eve, okey.Everything, 0, 6)
	ended := o.staffed
	direction := []okey.Person{o.roux, o.blanc}
	require.Empty(t, ended(map[okey.Function][]okey.Person{okey.Principal: direction, okey.Staff: {o.lea, eve}}), "nothing has changed")
	told := ended(map[okey.Function][]okey.Person{okey.Principal: direction, okey.Staff: {o.lea}})
	require.Len(t, told, 1)
	arrived := o.follows(told[0], nil)
	assert.Equal(t, []string{
		"ablanc@ac-nice.fr: La délégation d'Eve Morel a pris fin", "mroux@ac-nice.fr: La délégation d'Eve Morel a pris fin",
		"emorel@ac-nice.fr: Votre délégation au collège des Tilleuls a pris fin",
	}, lines(arrived))
	assert.Contains(t, arrived[1].Text, "D'après le fichier du personnel, Eve Morel n'est plus en fonction : la délégation d'Eve Morel")
	assert.Contains(t, arrived[2].Text, "D'après le fichier du personnel, vous n'êtes plus en fonction au collège des Tilleuls")
	require.Empty(t, ended(map[okey.Function][]okey.Person{okey.Principal: direction, okey.Staff: {o.lea}}), "once")
	require.Empty(t, ended(map[okey.Function][]okey.Person{okey.Principal: direction, okey.Staff: {o.lea, eve}}))
	again := ended(map[okey.Function][]okey.Person{okey.Principal: {o.blanc}, okey.Staff: {o.lea, eve}})
	require.Len(t, again, 1, "its giver has left, another time")
	ended(map[okey.Function][]okey.Person{okey.Principal: direction, okey.Staff: {o.lea, eve}})
	assert.Empty(t, o.follows(again[0], nil), "it holds again before anybody was told")
}

func TestAHostsApproversGetOneMailWithAllThatAwaits(t *testing.T) {
	o := newFixture(t)
	ctx := context.Background()
	o.Person("Paul Petit", okey.Principal, scene.Acacias)
	o.Exec(`DELETE FROM assignment WHERE uai = $1 AND function <> 'personnel'`, scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	require.Len(t, v.Mails, 1)
	assert.Equal(t, okey.MailNobody, v.Mails[0].Kind)
	sam := o.Support("Sam Support")
	h := okey.Hosting{ID: uuid.New(), UAI: scene.Tilleuls, Host: scene.Acacias, Reason: "section sans chef", By: sam.ID, At: o.now}
	arrived := o.follows(o.Store.Host(ctx, h, okey.DayOf(o.now, okey.ZoneOf(""))))
	require.Equal(t, []string{"ppetit@ac-nice.fr: Vous répondez maintenant pour le collège des Tilleuls"}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "« section sans chef »")
	assert.Contains(t, arrived[0].Text, "- Léa Martin")
	assert.Equal(t, base+"/demandes?etablissement=0069001B", link(arrived[0]))
	assert.Equal(t, []string{
		"ppetit@ac-nice.fr: Rappel : Léa Martin vous attend",
	}, lines(o.send(request, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 101})))

	arrived = o.follows(o.Store.EndHosting(ctx, h.ID, sam.ID, o.now))
	assert.Equal(t, []string{"ppetit@ac-nice.fr: Vous ne répondez plus pour le collège des Tilleuls"}, lines(arrived))
}

func TestWhomSupportAttachesLearnsItAndSoDoTheApprovers(t *testing.T) {
	o := newFixture(t)
	ctx := context.Background()
	o.until(okey.AwaitingDecision)
	eve, sam := o.Person("Eve Morel", okey.Staff), o.Support("Sam Support")
	a := okey.Attachment{
		ID: uuid.New(), Person: eve.ID, UAI: scene.Tilleuls, Function: okey.Deputy, Until: okey.NewDay(2027, time.January, 31),
		Reason: "remplace Anne Blanc", By: sam.ID, At: o.now,
	}
	arrived := o.follows(o.Store.Attach(ctx, a))
	require.Equal(t, []string{
		"ablanc@ac-nice.fr: Eve Morel rejoint votre établissement dans OKEY",
		"mroux@ac-nice.fr: Eve Morel rejoint votre établissement dans OKEY",
		"emorel@ac-nice.fr: Votre rattachement au collège des Tilleuls",
	}, lines(arrived))
	assert.Contains(
		t, arrived[2].Text,
		"comme adjoint pour le collège des Tilleuls (0069001B), jusqu'au dimanche 31 janvier 2027 inclus : « remplace Anne Blanc »",
	)
	assert.Contains(t, arrived[2].Text, "- Léa Martin")
	arrived = o.follows(o.Store.Detach(ctx, a.ID, sam.ID, o.now))
	assert.Equal(t, []string{"emorel@ac-nice.fr: Votre rattachement a pris fin"}, lines(arrived))
}

func TestThePrincipalLearnsWhatSupportDidInTheirPlace(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Support")
	request, serial := o.until(okey.AwaitingHandover)
	v := o.signal(okey.Handover, okey.Action{By: sam.ID, Via: okey.ViaSupport, Request: request, Content: okey.Content{Serial: serial}})
	require.True(t, v.Accepted)
	arrived := o.follow(request, v)
	require.Equal(t, []string{
		"lmartin@ac-nice.fr: Reçu : la clef n° " + string(serial) + " vous est remise",
		"ablanc@ac-nice.fr: L'assistance a remis une clef à votre place", "mroux@ac-nice.fr: L'assistance a remis une clef à votre place",
	}, lines(arrived))
	assert.Contains(t, arrived[2].Text, "L'assistance (Sam Support) a remis à votre place la clef n° "+string(serial)+" à Léa Martin")

	arrived = o.letters(o.change(serial, okey.Action{By: sam.ID, Via: okey.ViaSupport, Content: okey.Content{
		KeyReason: okey.ReasonLost, Comment: "signalée par téléphone",
	}})...)
	require.Len(t, arrived, 3)
	assert.Equal(t, "ablanc@ac-nice.fr", arrived[0].To)
	assert.Contains(t, arrived[0].Text, "a été déclarée perdue par l'assistance (Sam Support)")

	order := func(a okey.Action) []postbox.Letter {
		a.By, a.Via = sam.ID, okey.ViaSupport
		return o.letters(o.stockAct(a).Verdict.Letters...)
	}
	id := uuid.New()
	arrived = order(okey.Action{
		Name: okey.ActionOrder, Subject: id, Content: okey.Content{Establishment: scene.Tilleuls, Quantity: 3, Comment: "rentrée"},
	})
	assert.Equal(t, []string{
		"ablanc@ac-nice.fr: Commande n° 1 : l'assistance a commandé à votre place",
		"mroux@ac-nice.fr: Commande n° 1 : l'assistance a commandé à votre place",
	}, lines(arrived))
	arrived = order(okey.Action{Name: okey.ActionCancellation, Subject: id, Content: okey.Content{Comment: "doublon"}})
	require.Len(t, arrived, 2)
	assert.Contains(t, arrived[0].Text, "a annulé à votre place la commande n° 1 : « doublon ».")
}

func TestThePrincipalLearnsThatSupportWithdrewARequest(t *testing.T) {
	o := newFixture(t)
	request, _ := o.until(okey.AwaitingDecision)
	v := o.signal(okey.Withdrawal, okey.Action{
		By: o.Support("Sam Support").ID, Via: okey.ViaSupport, Request: request, Content: okey.Content{Comment: "faite deux fois"},
	})
	require.True(t, v.Accepted)
	arrived := o.follow(request, v)
	require.Len(t, arrived, 3)
	assert.Equal(t, []string{"lmartin@ac-nice.fr", "ablanc@ac-nice.fr", "mroux@ac-nice.fr"},
		[]string{arrived[0].To, arrived[1].To, arrived[2].To})
	assert.Contains(t, arrived[2].Text, "L'assistance (Sam Support) a retiré la demande de Léa Martin")
}

func TestANewHeadReadsAllThatAwaitsInOneMail(t *testing.T) {
	o := newFixture(t)
	request, v := o.ask(o.lea, okey.FirstKey)
	require.True(t, v.Accepted)
	nina := o.Person("Nina Neuve", okey.Deputy, scene.Tilleuls)
	arrives := func(p okey.Person) []postbox.Letter {
		a := o.stockAct(okey.Action{
			Name: okey.ActionApproverArrived, Subject: p.ID, Via: okey.ViaEngine, Content: okey.Content{Establishment: scene.Tilleuls},
		})
		return o.letters(a.Verdict.Letters...)
	}
	arrived := arrives(nina)
	require.Equal(t, []string{"nneuve@ac-nice.fr: Ce qui vous attend : le collège des Tilleuls"}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "Léa Martin")
	eva := o.Person("Eva Simon", okey.Staff, scene.Tilleuls)
	assert.Empty(t, arrives(eva), "who does not approve, or no more")
	require.True(t, o.act(o.lea, request, okey.Withdrawal, okey.Content{}).Accepted)
	assert.Empty(t, arrives(o.Person("Noé Neuf", okey.Deputy, scene.Tilleuls)), "nothing awaits")
}

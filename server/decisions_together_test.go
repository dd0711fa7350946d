package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const answers = "/demandes/a-repondre"

// askers have people of a school ask for a key, one after the other, and returns the pages of their requests.
func (h *house) askers(uai okey.UAI, names ...string) []string {
	h.Helper()
	pages := make([]string, len(names))
	for i, name := range names {
		pages[i] = h.as(h.Person(name, okey.Staff, uai)).asks()
	}
	return pages
}

func idOf(page string) string { return strings.TrimPrefix(page, "/demandes/") }

// ticked are the boxes of requests, with a choice.
func ticked(decision, comment string, pages ...string) []string {
	typed := []string{"decision", decision, "comment", comment}
	for _, page := range pages {
		typed = append(typed, "d-"+idOf(page), "oui")
	}
	return typed
}

// reviews ticks requests on the list and returns the page that asks for confirmation.
func (b *browser) reviews(decision, comment string, pages ...string) sheet {
	b.Helper()
	review := b.fill(answers, answers, ticked(decision, comment, pages...)...)
	require.Equal(b, http.StatusOK, review.Status, review.text())
	return review
}

func TestSeveralRequestsAreAnsweredWithOneConfirmationOldestFirst(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	soon := h.KeyUntil(scene.Tilleuls, here().AddMonths(20))
	later := h.KeyUntil(scene.Tilleuls, here().AddMonths(30))
	pages := h.askers(scene.Tilleuls, "Ana Une", "Bea Deux", "Cleo Trois", "Dora Quatre")
	roux := h.as(c.roux)

	home := roux.get("/")
	assert.Contains(t, home.HTML, `href="`+answers+`"`)
	list := roux.get(answers)
	assert.NotContains(t, list.HTML, " checked", "nothing is chosen beforehand")
	assert.Contains(t, list.text(), "2 clefs sont libres.")
	assert.Regexp(t, `Ana Une .*Bea Deux .*Cleo Trois .*Dora Quatre`, list.text(), "oldest first")

	review := roux.reviews("approve", "", pages[2], pages[0], pages[1])
	assert.Contains(t, review.text(), "Vous allez accepter ces 3 demandes.")
	assert.Regexp(t, `Ana Une « saisie des absences » Bea Deux « saisie des absences » Cleo Trois « `, review.text())
	assert.NotContains(t, review.text(), "Dora")
	assert.Contains(t, review.text(), "2 clefs libres pour 3 demandes. La dernière gardera sa place jusqu'à la prochaine clef.")
	assert.Zero(t, h.Count(`SELECT count(*) FROM action WHERE name = 'principal-decision'`), "nothing is sent before it is confirmed")

	sent := review.form(t, answers)
	more := review.form(t, answers)
	more.Set("d-"+idOf(pages[3]), "oui")
	asked := roux.post(answers, more)
	assert.Contains(t, asked.text(), "Vous allez accepter ces 4 demandes.", "what was not asked about is asked about")
	assert.Zero(t, h.Count(`SELECT count(*) FROM action WHERE name = 'principal-decision'`))
	done := roux.done(roux.post(answers, sent))
	assert.Regexp(t, `Ana Une Vous avez accepté\. Une clef est réservée à Ana Une jusqu'au`, done.text())
	assert.Regexp(t, `Bea Deux Vous avez accepté\. Une clef est réservée à Bea Deux jusqu'au`, done.text())
	assert.Regexp(t, `Cleo Trois Vous avez accepté\. Aucune clef n'est libre : Cleo Trois garde sa place`, done.text())
	assert.Contains(t, done.text(), "1 demande attend encore votre réponse.")
	assert.Equal(t, idOf(pages[0]), h.Text(`SELECT request::text FROM key WHERE serial = $1`, string(soon)))
	assert.Equal(t, idOf(pages[1]), h.Text(`SELECT request::text FROM key WHERE serial = $1`, string(later)))

	before := h.Count(`SELECT count(*) FROM action`)
	again := roux.post(answers, sent)
	assert.Equal(t, http.StatusSeeOther, again.Status, "sent twice, it is one answer each")
	assert.Equal(t, done.text(), roux.done(again).text())
	assert.Equal(t, before, h.Count(`SELECT count(*) FROM action`))
}

func TestOneCommentRefusesSeveralAndEachReadsIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	ana, bea := h.Person("Ana Une", okey.Staff, scene.Tilleuls), h.Person("Bea Deux", okey.Staff, scene.Tilleuls)
	pages := []string{h.as(ana).asks(), h.as(bea).asks()}
	roux := h.as(c.roux)

	silent := roux.fill(answers, answers, ticked("refuse", " ", pages...)...)
	assert.Equal(t, http.StatusUnprocessableEntity, silent.Status)
	assert.Contains(t, silent.text(), "Écrivez un commentaire")
	assert.Contains(t, silent.HTML, `id="reponses-comment-erreur"`)
	assert.Equal(t, 2, strings.Count(silent.HTML, `value="oui" checked`), "what was ticked stays")
	unsaid := roux.fill(answers, answers, ticked("", "", pages...)...)
	assert.Contains(t, unsaid.text(), "Choisissez d'accepter ou de refuser.")
	assert.Contains(t, roux.get(answers).text(), "Rien de ce que vous aviez écrit n'est perdu")
	nothing := h.as(c.roux).fill(answers, answers, ticked("refuse", "pourquoi")...)
	assert.Equal(t, http.StatusUnprocessableEntity, nothing.Status)
	assert.Contains(t, nothing.HTML, `href="#reponses-requests"`)
	assert.Contains(t, nothing.text(), "Cochez au moins une demande, et 25 au plus à la fois.")

	review := roux.reviews("refuse", "pas <b>cette</b> année", pages...)
	assert.Contains(t, review.text(), "Vous allez refuser ces 2 demandes.")
	assert.Contains(t, review.text(), "pas <b>cette</b> année")
	roux.done(roux.post(answers, review.form(t, answers)))
	for _, who := range []okey.Person{ana, bea} {
		assert.Contains(t, h.as(who).get("/").text(), "pas <b>cette</b> année")
	}
	assert.Contains(t, roux.get(answers).text(), "Aucune demande n'attend votre réponse.")
}

func TestTwoApproversWhoAnswerTheSameListAtOnceBothLearnTheTruth(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	h.Key(scene.Tilleuls)
	pages := h.askers(scene.Tilleuls, "Ana Une", "Bea Deux", "Cleo Trois")
	approvers := []*browser{h.as(c.roux), h.as(c.blanc)}
	sent := make([]url.Values, 2)
	for i, b := range approvers {
		sent[i] = b.reviews("approve", "", pages...).form(t, answers)
	}
	var both sync.WaitGroup
	told := make([]string, 2)
	for i, b := range approvers {
		both.Go(func() { told[i] = b.post(answers, sent[i]).Location })
	}
	both.Wait()

	accepted := 0
	for i, b := range approvers {
		page := b.get(told[i])
		other := []string{"Anne Blanc", "Marc Roux"}[i]
		mine := strings.Count(page.text(), "Vous avez accepté.")
		theirs := strings.Count(page.text(), other+" a déjà accepté cette demande")
		assert.Equal(t, 3, mine+theirs, page.text())
		accepted += mine
	}
	assert.Equal(t, 3, accepted, "each request was answered once")
	assert.Equal(t, 3,
		h.Count(`SELECT count(*) FROM action WHERE name = 'principal-decision' AND outcome = 'refused' AND reason = 'wrong_stage'`))
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM key WHERE request IS NOT NULL`))
}

func TestWhatWasAnsweredMeanwhileIsToldAndTheRestGoesOn(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	pages := h.askers(scene.Tilleuls, "Ana Une", "Bea Deux")
	roux, blanc := h.as(c.roux), h.as(c.blanc)
	late := roux.reviews("approve", "", pages...).form(t, answers)
	list := roux.get(answers).form(t, answers, ticked("approve", "", pages...)...)
	blanc.done(blanc.answers(pages[0], "refuse", "partie"))

	done := roux.done(roux.post(answers, late))
	assert.Regexp(t, `Ana Une Anne Blanc a déjà refusé cette demande \S+ \S+ \S+ à \d+ h \d\d\. Votre réponse n'a rien changé\.`,
		done.text())
	assert.Contains(t, done.text(), "Une clef est réservée à Bea Deux")

	over := roux.post(answers, list)
	assert.Equal(t, http.StatusConflict, over.Status, "both have been answered since the list was shown")
	assert.Regexp(t, `Ana Une : Anne Blanc a déjà refusé cette demande.*Bea Deux : Vous avez déjà accepté cette demande`, over.text())
	assert.Contains(t, over.text(), "Aucune demande n'attend votre réponse.")
}

func TestWordsOfAnswersThatCameTooLateAreGivenBack(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	pages := h.askers(scene.Tilleuls, "Ana Une", "Bea Deux")
	roux, blanc := h.as(c.roux), h.as(c.blanc)
	late := roux.reviews("refuse", "pas avant la rentrée", pages...).form(t, answers)
	list := roux.get(answers).form(t, answers, ticked("refuse", "rien avant mars", pages...)...)
	for _, page := range pages {
		blanc.done(blanc.answers(page, "approve", ""))
	}
	assert.Contains(t, roux.done(roux.post(answers, late)).text(), "Vous aviez écrit : pas avant la rentrée")
	over := roux.post(answers, list)
	assert.Equal(t, http.StatusConflict, over.Status)
	assert.Contains(t, over.text(), "Vous aviez écrit : rien avant mars")
}

func TestAmongTheTickedOnesOwnAndForeignRequestsAreLeftAside(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	h.Key(scene.Acacias)
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'import', now())`, c.roux.ID,
		scene.Tilleuls)
	roux := h.as(c.roux)
	own, foreign := roux.asks(), h.as(c.stranger).asks()
	pages := h.askers(scene.Tilleuls, "Ana Une")
	assert.NotContains(t, roux.get(answers).HTML, idOf(own), "nobody answers their own")

	review := roux.reviews("approve", "", own, foreign, pages[0], "/demandes/"+uuid.NewString())
	assert.Contains(t, review.text(), "Vous allez accepter cette demande.")
	assert.Contains(t, review.text(), "Marc Roux : C'est votre propre demande : quelqu'un d'autre doit y répondre.")
	assert.Contains(t, review.text(), "Une demande de la liste n'est pas pour vous, ou ne l'est plus : rien n'est fait pour elle.")
	assert.NotContains(t, review.text(), "Zoé", "who it is remains unsaid")

	smuggled := review.form(t, answers, "d-"+idOf(own), "oui", "d-"+idOf(foreign), "oui")
	asked := roux.post(answers, smuggled)
	assert.Contains(t, asked.text(), "Vous allez accepter cette demande.", "what was not asked about is asked about")
	assert.Contains(t, asked.text(), "C'est votre propre demande")
	assert.Contains(t, asked.text(), "n'est pas pour vous")
	done := roux.done(roux.post(answers, asked.form(t, answers)))
	assert.Contains(t, done.text(), "Une clef est réservée à Ana Une")
	assert.NotContains(t, done.text(), "Zoé")
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM request WHERE stage = 'awaiting_decision'`), "neither was touched")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action WHERE name = 'principal-decision'`))

	alone := roux.get(answers).form(t, "/deconnexion", ticked("approve", "", foreign)...)
	alone.Set("action", uuid.NewString())
	assert.Equal(t, http.StatusNotFound, roux.post(answers, alone).Status)
	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(answers+"/"+uuid.NewString()+"?d="+idOf(pages[0])).Status)
}

func TestAnswersAreKeptWhenTheEngineIsSlow(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	pages := h.askers(scene.Tilleuls, "Ana Une", "Bea Deux", "Cleo Trois")
	roux := h.as(c.roux)
	sent := roux.reviews("approve", "", pages...).form(t, answers)
	h.cutOff(true)
	tried := h.Judges.calls.Load()
	posted := roux.post(answers, sent)
	require.Equal(t, http.StatusSeeOther, posted.Status)
	assert.Equal(t, tried+2, h.Judges.calls.Load(), "one is waited for, the others are passed on until that fails, too")
	told := roux.get(posted.Location)
	assert.Equal(t, http.StatusAccepted, told.Status)
	assert.Equal(t, 3, strings.Count(told.text(), "C'est enregistré"))
	assert.Contains(t, told.text(), "Actualiser")
	assert.Equal(t, 3, h.Count(`SELECT count(*) FROM action WHERE name = 'principal-decision' AND outcome IS NULL`), "none is lost")

	h.cutOff(false)
	again := roux.done(roux.post(answers, sent))
	assert.Equal(t, 3, strings.Count(again.text(), "Vous avez accepté."))
	assert.Equal(t, http.StatusOK, again.Status)
}

func TestTheListShowsTheOldestAndCountsTheOthers(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	names := make([]string, 27)
	for i := range names {
		names[i] = fmt.Sprintf("P%02d Personne%02d", i, i)
	}
	pages := h.askers(scene.Tilleuls, names...)
	roux := h.as(c.roux)
	list := roux.get(answers)
	assert.Equal(t, 25, strings.Count(list.HTML, `type="checkbox"`))
	assert.Contains(t, list.text(), "Et 2 demandes de plus")
	many := roux.post(answers, list.form(t, answers, ticked("approve", "", pages...)...))
	assert.Equal(t, http.StatusUnprocessableEntity, many.Status)
	assert.Zero(t, h.Count(`SELECT count(*) FROM action WHERE name = 'principal-decision'`))
}

func TestTickedRequestsOutliveTheSession(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	pages := h.askers(scene.Tilleuls, "Ana Une", "Bea Deux")
	roux := h.as(c.roux)
	sent := roux.get(answers).form(t, answers, ticked("refuse", "pas cette année", pages[1])...)
	h.Exec(`DELETE FROM session`)
	ended := roux.post(answers, sent)
	assert.Equal(t, http.StatusUnauthorized, ended.Status)
	roux.continueAs(c.roux)
	back := roux.get(answers)
	assert.Contains(t, back.HTML, `name="d-`+idOf(pages[1])+`" value="oui" checked`)
	assert.Contains(t, back.text(), "pas cette année")
}

func TestADelegateForHandoverAndStockAnswersNoRequests(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	h.askers(scene.Tilleuls, "Ana Une", "Bea Deux")
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	h.lent(c.roux, eve, okey.HandoverAndStock)
	delegate := h.as(eve)

	home := delegate.get("/")
	assert.NotContains(t, home.text(), "À répondre")
	assert.NotContains(t, home.HTML, answers)
	assert.NotContains(t, home.HTML, `href="/delegations"`)
	for _, reached := range []string{`href="/remise"`, `href="/stock?etablissement=0069001B"`, `href="/commandes?etablissement=0069001B"`} {
		assert.Contains(t, home.HTML, reached)
	}
	assert.Equal(t, http.StatusForbidden, delegate.get(answers).Status)
	assert.Equal(t, http.StatusOK, delegate.get("/remise").Status)
	assert.Equal(t, http.StatusOK, delegate.get("/stock").Status)

	max := h.Person("Max Morel", okey.Staff, scene.Tilleuls)
	h.lent(c.roux, max, okey.Everything)
	assert.Contains(t, h.as(max).get(answers).text(), "Ana Une")
}

// The first click is on home, the second sends what it chose; between the two nothing has happened.
func TestADecisionIsTwoClicksFromHome(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	roux := h.as(c.roux)
	home := roux.get("/")
	for _, decision := range []okey.Decision{okey.Approve, okey.Refuse} {
		to := page + "?reponse=" + string(decision)
		require.Contains(t, home.HTML, `href="`+to+`#repondre"`)
		assert.Contains(t, roux.get(to).HTML, `value="`+string(decision)+`" checked`)
	}
	assert.NotContains(t, roux.get(page).HTML, " checked", "nobody chooses for them")
	assert.NotContains(t, roux.get(page+"?reponse=withdraw").HTML, " checked")
	assert.NotContains(t, h.as(c.lea).get("/").HTML, "?reponse=")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action`))
	form := roux.get(page+"?reponse=approve").form(t, page+"/reponse")
	assert.Equal(t, "approve", form.Get("decision"))
	roux.done(roux.post(page+"/reponse", form))
	assert.Equal(t, okey.AwaitingCharter, h.Request(uuid.MustParse(strings.TrimPrefix(page, "/demandes/"))).Stage)
	assert.Contains(t, h.as(c.support).get("/").text(), "À débloquer")
	assert.NotContains(t, h.as(c.support).get("/assistance").HTML, "?reponse=", "support steps in with a reason, on the request's page")
}

// Whoever corrects a form corrects it once: all that is missing is said, support's reason too.
func TestEverythingThatIsMissingInAnAnswerIsSaidAtOnce(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	roux, desk := h.as(c.roux), h.as(c.support)
	empty := roux.fill("/demandes/a-repondre", "/demandes/a-repondre")
	assert.Equal(t, http.StatusUnprocessableEntity, empty.Status)
	assert.Contains(t, empty.text(), "2 choses sont à corriger")
	assert.Contains(t, empty.text(), "Choisissez d'accepter ou de refuser.")
	assert.Contains(t, empty.text(), "Cochez au moins une demande")
	alone := desk.answers(page, "", "")
	assert.Equal(t, http.StatusUnprocessableEntity, alone.Status)
	assert.Contains(t, alone.text(), "2 choses sont à corriger", alone.text())
	assert.Contains(t, alone.HTML, `href="#reponse-decision"`)
	assert.Contains(t, alone.HTML, `href="#reponse-comment"`)
	both := h.call(c.support, http.MethodPost, "/requests/"+strings.TrimPrefix(page, "/demandes/")+"/signals/principal-decision",
		map[string]any{"decision": "maybe", "comment": ""})
	assert.Equal(t, http.StatusUnprocessableEntity, both.Status)
	assert.Contains(t, both.Text, `"decision"`)
	assert.Contains(t, both.Text, `"comment"`)
	refused := desk.answers(page, "refuse", "")
	assert.Contains(t, refused.text(), "Une chose est à corriger", "the comment is missing once, for whatever reason")
}

package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSupportHasNewLinksMailedAndTheOldOnesAreDead(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	roux, blanc := h.goodLink(page, c.roux), h.goodLink(page, c.blanc)
	sam := h.as(c.support)
	require.Contains(t, sam.get(page).text(), "Envoyer un nouveau lien")
	form := sam.get(page).form(t, page+"/lien")
	done := sam.done(sam.post(page+"/lien", form))
	assert.Contains(t, done.text(), "Un nouveau lien part par courriel à chaque personne qui peut répondre.")
	assert.Contains(t, done.text(), "Nouveaux liens", "among the actions")
	for _, link := range []string{roux, blanc} {
		assert.Equal(t, http.StatusNotFound, h.browse().get(link).Status)
		assert.Equal(t, http.StatusNotFound,
			h.browse().post(link, url.Values{"action": {uuid.NewString()}, "decision": {"approve"}}).Status)
	}
	id := strings.TrimPrefix(page, "/demandes/")
	assert.Equal(t, "2", h.Text(`SELECT link_issue FROM request WHERE id = $1`, id))
	audited := `SELECT count(*) FROM audit WHERE event = 'link-reissue' AND subject = 'request:' || $1 AND actor = $2 AND via = 'support'
		AND detail = 'accepted'`
	assert.Equal(t, 1, h.Count(audited, id, c.support.ID))
	assert.Contains(t, sam.get("/assistance/journal").text(), "Nouveaux liens")

	sam.done(sam.post(page+"/lien", form))
	assert.Equal(t, "2", h.Text(`SELECT link_issue FROM request WHERE id = $1`, id), "the same form is the same action")
	sam.done(sam.post(page+"/lien", sam.get(page).form(t, page+"/lien")))
	assert.Equal(t, "3", h.Text(`SELECT link_issue FROM request WHERE id = $1`, id), "another form is another one")
	assert.Equal(t, http.StatusSeeOther, sam.get(page+"/lien").Status, "whoever reloads the address of the form")
}

func TestNewLinksAreSupportsAlone(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	link := h.goodLink(page, c.roux)
	auditor := h.Person("Ida Regard", okey.Staff)
	h.Exec(`UPDATE person SET auditor = true WHERE id = $1`, auditor.ID)
	form := func(p okey.Person) url.Values {
		return url.Values{"action": {uuid.NewString()}, "person": {p.ID.String()}}
	}
	for p, status := range map[okey.Person]int{
		c.lea: http.StatusForbidden, c.roux: http.StatusForbidden, c.blanc: http.StatusForbidden, auditor: http.StatusForbidden,
		c.stranger: http.StatusNotFound,
	} {
		b := h.as(p)
		assert.NotContains(t, b.get(page).text(), "nouveau lien", p.Name())
		assert.Equal(t, status, b.post(page+"/lien", form(p)).Status, p.Name())
	}
	assert.Equal(t, http.StatusUnauthorized, h.browse().post(page+"/lien", form(c.support)).Status)
	assert.Equal(t, http.StatusOK, h.browse().get(link).Status)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action`), "the asking")
}

func TestOfADecidedRequestNoLinkIsMailedAnew(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	sam, blanc := h.as(c.support), h.as(c.blanc)
	form := sam.get(page).form(t, page+"/lien")
	blanc.done(blanc.answers(page, "approve", ""))
	late := sam.post(page+"/lien", form)
	assert.Equal(t, http.StatusConflict, late.Status)
	assert.Regexp(t, `Anne Blanc a déjà accepté cette demande .* Votre action n'a rien changé\.`, late.text())
	assert.NotContains(t, sam.get(page).text(), "nouveau lien")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'link-reissue' AND detail = 'wrong_stage'`))
}

func TestNewLinksThatWaitForTheEngineAreRecorded(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	sam := h.as(c.support)
	form := sam.get(page).form(t, page+"/lien")
	h.cutOff(true)
	recorded := sam.post(page+"/lien", form)
	assert.Equal(t, http.StatusAccepted, recorded.Status)
	h.cutOff(false)
	assert.Contains(t, sam.done(sam.post(page+"/lien", form)).text(), "Un nouveau lien part")
	assert.Equal(t, 2, h.Count(`SELECT max(link_issue) FROM request`))
}

// Each new link is a mail to everybody who may answer: the button must not become a means to flood them.
func TestNewLinksOfOneRequestAreMailedThreeTimesAnHourAtMost(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, another := h.as(c.lea).asks(), h.as(c.blanc).asks()
	sam := h.as(c.support)
	issue := func(page string) sheet {
		return sam.post(page+"/lien", sam.get(page).form(t, page+"/lien"))
	}
	for range okey.MaxReissues {
		sam.done(issue(page))
	}
	stopped := issue(page)
	assert.Equal(t, http.StatusTooManyRequests, stopped.Status)
	assert.Contains(t, stopped.text(), "De nouveaux liens sont déjà partis 3 fois en une heure pour cette demande")
	assert.Equal(t, "4", h.Text(`SELECT link_issue FROM request WHERE id = $1`, strings.TrimPrefix(page, "/demandes/")),
		"the last ones live on")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'link-reissue' AND detail = 'rate_limited'`))
	sam.done(issue(another))
	h.Exec(`UPDATE action SET judged_at = judged_at - interval '1 hour' WHERE name = 'link-reissue'`)
	sam.done(issue(page))
}

func TestNoNewLinkIsOfferedWhereNobodyWouldReceiveOne(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	onlyHead := h.Person("Eva Seule", okey.Principal, scene.Acacias)
	sam := h.as(c.support)
	for _, who := range []okey.Person{onlyHead, h.Person("Ben Bleu", okey.Staff, scene.Acacias)} {
		page := h.as(who).asks()
		if who.ID != onlyHead.ID {
			assert.Contains(t, sam.get(page).text(), "Envoyer un nouveau lien", "to the head")
			h.Exec(`DELETE FROM assignment WHERE person = $1`, onlyHead.ID)
		}
		assert.Contains(t, sam.get(page).text(), "La réponse de l'assistance est attendue")
		assert.NotContains(t, sam.get(page).text(), "Envoyer un nouveau lien")
	}
}

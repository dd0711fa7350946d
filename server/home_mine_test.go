package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// buttons are what the page asks its reader to press, in order; signing out is not among them.
func (p sheet) buttons() []string {
	var found []string
	for _, part := range strings.Split(p.HTML, `class="button"`)[1:] {
		_, text, _ := strings.Cut(part, ">")
		text, _, _ = strings.Cut(text, "<")
		found = append(found, text)
	}
	return found
}

// due is the day of a deadline that the flow was told of.
func (h *house) due(kind okey.DeadlineKind, n int) string {
	h.Helper()
	at := h.Text(`SELECT d ->> 'at' FROM action, jsonb_array_elements(verdict -> 'standing' -> 'deadlines') d WHERE d ->> 'kind' = $1
		AND d ->> 'n' = $2 ORDER BY judged_at DESC`,
		string(kind), string(rune('0'+n)))
	instant, err := time.Parse(time.RFC3339Nano, at)
	require.NoError(h, err)
	return okey.SayDay(instant, time.Now(), okey.ZoneOf("23"))
}

// outlast lets a request's stage last its whole time.
func (h *house) outlast(page string) {
	h.Helper()
	r := h.Request(uuid.MustParse(strings.TrimPrefix(page, "/demandes/")))
	_, err := h.Judges.requests.Judge(h.Context(), okey.Matter{
		Kind: okey.MatterExpiry, Request: r.ID, Turn: r.Turn, Once: uuid.NewString(), At: r.KeptUntil.Add(time.Hour),
		Waits: okey.DefaultWaits(),
	})
	require.NoError(h, err)
	h.Exec(`UPDATE request SET since = now(), closed_at = now() WHERE id = $1`, r.ID)
}

func TestHomeTellsWhomMyRequestWaitsForAndWhatHappensOtherwise(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	lea.asks()
	assert.Contains(t, lea.get("/").text(),
		"La réponse d'Anne Blanc ou Marc Roux est attendue depuis "+okey.SayDay(time.Now(), time.Now(), okey.ZoneOf("23"))+
			". Sans réponse, un rappel partira "+h.due(okey.DueReminder, 1)+
			". Vous n'avez rien à faire : un courriel vous dira la réponse.")

	passed := func(kind okey.DeadlineKind) {
		h.Exec(`UPDATE action SET verdict = jsonb_set(verdict, '{standing,deadlines}',
			(SELECT coalesce(jsonb_agg(d), '[]') FROM jsonb_array_elements(verdict -> 'standing' -> 'deadlines') d
			WHERE d ->> 'kind' <> $1)) WHERE name = 'ask'`, string(kind))
	}
	passed(okey.DueReminder)
	assert.Contains(t, lea.get("/").text(), "Sans réponse, l'assistance sera prévenue "+h.due(okey.DueSupport, 1)+".")
	passed(okey.DueSupport)
	assert.Contains(t, lea.get("/").text(), "Les rappels sont partis. Sans réponse, la demande expire "+h.due(okey.DueExpiry, 1)+".")
	passed(okey.DueExpiry)
	assert.Contains(t, lea.get("/").text(), "Sans réponse, la demande expire ", "the request itself knows its end")
	assert.NotContains(t, h.as(c.roux).get("/").text(), "Vous n'avez rien à faire")
}

func TestHomeHasAtMostOneButtonForWhoeverAsks(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea, roux := h.as(c.lea), h.as(c.roux)
	assert.Equal(t, []string{"Demander une clef"}, lea.get("/").buttons())
	page := lea.asks()
	assert.Empty(t, lea.get("/").buttons(), "nothing to do but wait")
	roux.done(roux.answers(page, "approve", ""))
	waiting := lea.get("/")
	assert.Empty(t, waiting.buttons())
	assert.Contains(t, waiting.text(), "Vous êtes en 1re position dans la file.")
	assert.Contains(t, waiting.text(),
		"La direction sait qu'il faut commander des clefs. Vous n'avez rien à faire : votre place est gardée")

	ordered := h.call(c.roux, http.MethodPost, "/orders",
		map[string]any{"establishment": scene.Tilleuls, "quantity": 5, "comment": "rentrée"})
	require.Equal(t, http.StatusCreated, ordered.Status, ordered.Text)
	assert.Contains(t, lea.get("/").text(), "Des clefs sont déjà commandées.")
	serial := h.Key(scene.Tilleuls)
	support := h.as(c.support)
	support.done(support.fill(page, page+"/stock"))
	sign := lea.get("/")
	assert.Equal(t, []string{"Signer la charte et choisir mon code PIN"}, sign.buttons())
	assert.Contains(t, sign.HTML, `class="button" href="`+page+`/charte"`)
	assert.Contains(t, sign.text(), "Une clef vous est réservée jusqu'au")
	assert.Contains(t, sign.text(), "Passé ce jour, la clef va à quelqu'un d'autre et il faut refaire une demande.")
	lea.done(lea.signs(page))
	fetch := lea.get("/")
	assert.Empty(t, fetch.buttons())
	assert.Contains(t, fetch.text(), "venez la chercher auprès d'Anne Blanc ou Marc Roux, au plus tard le")
	roux.done(roux.fill(page, page+"/remise", "serial", string(serial)))
	held := lea.get("/")
	assert.Empty(t, held.buttons())
	assert.NotContains(t, held.text(), "Ma demande")
}

// Whoever works at two schools reads at which of them the key is.
func TestTheKeyIsFetchedAtASchoolThatHasAName(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atCounter(c)
	lea := h.as(c.lea)
	assert.Contains(t, lea.get("/").text(), "venez la chercher auprès d'Anne Blanc")
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'import', now())`, c.lea.ID,
		scene.Acacias)
	for _, path := range []string{"/", page} {
		assert.Contains(t, lea.get(path).text(), "venez la chercher au collège des Tilleuls, auprès d'Anne Blanc ou Marc Roux", path)
	}
}

func TestTheLineOfStepsSaysItsStatesInWords(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := lea.asks()
	today := okey.SayDay(time.Now(), time.Now(), okey.ZoneOf("23"))
	assert.Contains(t, lea.get("/").text(), "fait : Demandée "+today+" en cours : Réponse de la direction depuis "+today+
		" à venir : Clef à réserver à venir : Charte et code PIN à venir : Remise de la clef à venir : Clef reçue")
	roux.done(roux.answers(page, "approve", ""))
	for _, path := range []string{"/", page} {
		p := lea.get(path)
		assert.Contains(t, p.text(), "fait : Acceptée "+today+" fait : Clef réservée "+today+" en cours : Charte et code PIN depuis "+today,
			path)
		assert.Equal(t, 1, strings.Count(p.HTML, `aria-current="step"`), path)
		assert.Contains(t, p.HTML, `<ol class="steps">`, path)
	}
	lea.done(lea.signs(page))
	assert.Contains(t, lea.get("/").text(),
		"fait : Charte signée "+today+" en cours : Remise de la clef depuis "+today+" à venir : Clef reçue")
	roux.done(roux.fill(page, page+"/remise", "serial", h.Text(`SELECT serial FROM key`)))
	closed := lea.get(page)
	assert.Contains(t, closed.text(), "fait : Clef remise "+today+" fait : Clef reçue "+today+" Marc Roux vous a remis la clef")
	assert.NotContains(t, closed.HTML, `aria-current="step"`)
}

func TestAnEndSaysWhyAndWhatOneCanDoNow(t *testing.T) {
	today := okey.SayDay(time.Now(), time.Now(), okey.ZoneOf("23"))
	for name, test := range map[string]struct {
		end  func(h *house, c cast, page string)
		says []string
	}{
		"refused": {
			func(h *house, c cast, page string) {
				h.as(c.roux).done(h.as(c.roux).answers(page, "refuse", "l'an prochain"))
			}, []string{
				"Marc Roux a refusé votre demande " + today + ". l'an prochain",
				"Parlez-en avec la direction, puis faites une nouvelle demande.", "terminé : Refusée",
			},
		},
		"withdrawn": {
			func(h *house, c cast, page string) {
				h.as(c.lea).done(h.as(c.lea).fill(page, page+"/retrait", "comment", "plus besoin"))
			}, []string{"Vous avez retiré votre demande " + today + ".", "Vous pouvez faire une nouvelle demande quand vous voudrez."},
		},
		"withdrawn by support": {
			func(h *house, c cast, page string) {
				h.as(c.support).done(h.as(c.support).fill(page, page+"/retrait", "comment", "doublon"))
			}, []string{"Sam Secours a retiré votre demande " + today + ". doublon"},
		},
		"unanswered": {
			func(h *house, _ cast, page string) { h.outlast(page) },
			[]string{
				"Personne n'a répondu à temps : votre demande a expiré", "Parlez-en avec la direction, puis faites une nouvelle demande.",
				"terminé : Expirée",
			},
		},
		"unsigned": {
			func(h *house, c cast, page string) {
				h.Key(scene.Tilleuls)
				h.as(c.roux).done(h.as(c.roux).answers(page, "approve", ""))
				h.outlast(page)
			}, []string{"La charte n'a pas été signée à temps : votre demande a expiré", "Faites une nouvelle demande."},
		},
		"not fetched": {
			func(h *house, c cast, page string) {
				h.Key(scene.Tilleuls)
				h.as(c.roux).done(h.as(c.roux).answers(page, "approve", ""))
				h.as(c.lea).done(h.as(c.lea).signs(page))
				h.outlast(page)
			}, []string{"Personne n'est venu chercher la clef à temps : votre demande a expiré"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := h.cast()
			lea := h.as(c.lea)
			page := lea.asks()
			test.end(h, c, page)
			home := lea.get("/")
			for _, said := range test.says {
				assert.Contains(t, home.text(), said)
				assert.Contains(t, lea.get(page).text(), said, "on its own page, too")
			}
			assert.Equal(t, []string{"Demander une clef"}, home.buttons())
			assert.Equal(t, []string{"Demander une clef"}, lea.get(page).buttons())
			assert.Empty(t, h.as(c.roux).get(page).buttons(), "it is not theirs to ask again")
			assert.NotContains(t, home.text(), "plus besoin", "one's own words need no reading")
			h.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
			gone := lea.get("/")
			assert.Contains(t, gone.text(), "Nous ne vous trouvons dans aucun établissement.")
			assert.Empty(t, gone.buttons(), "nothing that would be refused")
			assert.Empty(t, lea.get(page).buttons(), "here as well")
		})
	}
}

func TestWhoeverAnswersAndAsksHasBothOnTheirHomePage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	jo := h.Person("Jo Relais", okey.Staff, scene.Tilleuls)
	h.Exec(`INSERT INTO delegation (id, given_to, uai, scope, given_by, from_day, until_day, created_at, begun_at)
		VALUES (gen_random_uuid(), $1, $2, 'everything', $3, $4, $5, now(), now())`,
		jo.ID, scene.Tilleuls, c.roux.ID, here().AddDays(-1).String(), here().AddDays(1).String())
	h.as(c.lea).asks()
	for p, others := range map[okey.Person]string{c.blanc: "Jo Relais ou Marc Roux", jo: "Anne Blanc ou Marc Roux"} {
		b := h.as(p)
		own := b.asks()
		home := b.get("/")
		assert.Contains(t, home.text(), "Léa Martin « saisie des absences »", p.Name())
		assert.NotContains(t, home.text(), p.Name()+" « saisie", "nobody answers their own")
		for _, name := range strings.Split(others, " ou ") {
			assert.Contains(t, home.text(), name)
		}
		assert.Contains(t, home.text(), "Ma demande")
		assert.Contains(t, home.HTML, `href="`+own+`"`)
	}
}

// Whoever reads nothing of it asks again.
func TestAnAskingThatIsRecordedIsOnTheFirstPageUntilItIsJudged(t *testing.T) {
	h := newHouse(t)
	lea := h.as(h.cast().lea)
	h.cutOff(true)
	require.Equal(t, http.StatusAccepted, lea.wants("pour-secretariat", "oui").Status)
	home := lea.get("/")
	assert.Contains(t, home.text(), "est enregistrée, OKEY n'a pas encore fini de la traiter : il n'y a rien à refaire.")
	assert.NotContains(t, home.buttons(), "Demander une clef")
	h.cutOff(false)
	asked, err := h.Store.Action(t.Context(), uuid.MustParse(h.Text(`SELECT id FROM action`)))
	require.NoError(t, err)
	require.NoError(t, h.Judges.Deliver(t.Context(), asked))
	home = lea.get("/")
	assert.NotContains(t, home.text(), "il n'y a rien à refaire")
	assert.Contains(t, home.text(), "Ma demande")
}

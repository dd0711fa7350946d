package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (h *house) whereIs(serial okey.Serial) okey.UAI {
	h.Helper()
	return okey.UAI(h.Text(`SELECT uai FROM key WHERE serial = $1`, string(serial)))
}

// delegates makes somebody a delegate for handover and stock at the Tilleuls.
func (h *house) delegates(by okey.Person) okey.Person {
	h.Helper()
	p := h.Person("Dina Delegue", okey.Staff, scene.Tilleuls)
	h.Exec(`INSERT INTO delegation (id, uai, given_by, given_to, scope, from_day, until_day, created_at)
		VALUES ($1, $2, $3, $4, 'handover_and_stock', '2020-01-01', '2100-01-01', $5)`, uuid.New(), scene.Tilleuls, by.ID, p.ID, scene.Now)
	return p
}

func TestSupportReviewsThenMovesKeys(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, there := h.Key(scene.Tilleuls), h.Key(scene.Acacias)
	held := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	const page = "/assistance/deplacer"
	for _, who := range []okey.Person{c.roux, h.delegates(c.roux), c.lea, c.stranger} {
		b := h.as(who)
		assert.Equal(t, http.StatusNotFound, b.get(page).Status)
		form := h.as(c.support).get(page).form(t, page, "serials", string(serial), "establishment", string(scene.Acacias), "comment", "x",
			"confirm", "oui")
		form.Set("person", who.ID.String())
		assert.Equal(t, http.StatusNotFound, b.post(page, form).Status)
	}
	support := h.as(c.support)
	empty := support.fill(page, page)
	assert.Equal(t, http.StatusUnprocessableEntity, empty.Status)
	assert.Contains(t, empty.text(), "3 choses sont à corriger")

	mixed := support.fill(page, page, "serials", string(serial)+"\r\n"+string(there)+"\n00999\n"+string(held),
		"establishment", string(scene.Acacias), "comment", "rééquilibrage")
	assert.Equal(t, http.StatusUnprocessableEntity, mixed.Status)
	assert.Contains(t, mixed.text(), "Elle y est déjà")
	assert.Contains(t, mixed.text(), "OKEY ne connaît pas ce numéro")
	assert.NotContains(t, mixed.text(), "Déplacer 4 clefs")
	assert.Contains(t, mixed.HTML, `role="alert" tabindex="-1" autofocus id="deplacement-erreurs"`, "focus is on what is wrong")
	assert.Contains(t, mixed.HTML, `<a href="#deplacement-serials">`+string(there)+` (elle y est déjà), 00999 (OKEY ne connaît pas ce `+
		`numéro) : retirez ces clefs de la liste.</a>`)
	lines := support.enclosed(mixed)["Clefs à déplacer"]
	require.Len(t, lines, 5)
	assert.Equal(t, []string{string(serial), string(scene.Tilleuls), "Collège des Tilleuls", "En stock", "", "Oui"}, lines[1][:6])
	assert.Equal(t, []string{string(held), "En service", "Léa Martin", "Oui"}, []string{lines[4][0], lines[4][3], lines[4][4], lines[4][5]},
		"whose key it is")
	assert.Contains(t, mixed.cells(), "<td>En service</td><td>Léa Martin</td>")
	assert.Equal(t, []string{"00999", "", "", "", "", "Non", "OKEY ne connaît pas ce numéro"}, lines[3])

	const doubt = "OKEY ne connaît pas Léa Martin dans cet établissement : rattachez d'abord cette personne"
	assert.Contains(t, lines[4][6], doubt)
	leaving := func() string {
		return support.fill(page, page, "serials", string(held), "establishment", string(scene.Acacias), "comment", "x").text()
	}
	assert.Contains(t, leaving(), "Oui, mais "+doubt, "a warning, and no more")
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'support', now())`, c.lea.ID,
		scene.Acacias)
	assert.NotContains(t, leaving(), "OKEY ne connaît pas")

	review := support.fill(page, page, "serials", string(serial), "establishment", string(scene.Acacias), "comment", "rééquilibrage")
	require.Equal(t, http.StatusOK, review.Status)
	assert.Contains(t, review.text(), "Déplacer 1 clef")
	assert.Equal(t, scene.Tilleuls, h.whereIs(serial), "nothing moves before it is confirmed")
	form := review.form(t, page)
	require.Equal(t, "oui", form.Get("confirm"))
	done := support.done(support.post(page, form))
	assert.Contains(t, done.text(), "C'est fait : 1 clef déplacée au lycée des Acacias (0069002C). Les établissements sont prévenus.")
	assert.Equal(t, scene.Acacias, h.whereIs(serial))
	assert.Contains(t, support.get("/clefs/"+string(serial)).text(),
		"Du collège des Tilleuls (0069001B), pour le lycée des Acacias (0069002C). rééquilibrage")

	again := support.post(page, form)
	assert.Equal(t, http.StatusSeeOther, again.Status, "sent twice, it is one action")
}

func TestAKeyThatStaysIsNamedWhereItHasChangedSinceTheReview(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	support, roux := h.as(c.support), h.as(c.roux)
	const page = "/assistance/deplacer"
	review := support.fill(page, page, "serials", string(serial), "establishment", string(scene.Acacias), "comment", "rééquilibrage")
	request := h.as(c.lea).asks()
	require.Equal(t, http.StatusSeeOther, roux.answers(request, "approve", "").Status)
	told := support.post(page, review.form(t, page))
	assert.Equal(t, http.StatusConflict, told.Status)
	assert.Contains(t, told.text(), "réservée pour une demande")
	assert.Equal(t, scene.Tilleuls, h.whereIs(serial))
}

func TestAPersonLeavesWithTheKey(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	paul := h.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	key := "/clefs/" + string(serial)
	leave := key + "/depart"
	roux := h.as(c.roux)
	assert.Contains(t, roux.get(key).text(), "La personne part avec la clef")
	assert.NotContains(t, h.as(c.lea).get(key).text(), "La personne part avec la clef")
	assert.Equal(t, http.StatusForbidden, h.as(c.lea).get(leave).Status)
	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(leave).Status)
	assert.Equal(t, http.StatusNotFound, h.as(paul).get(leave).Status)
	assert.Equal(t, http.StatusOK, h.as(h.delegates(c.roux)).get(leave).Status)

	for typed, says := range map[string]string{
		"": "Choisissez l'établissement d'arrivée", "0069001B": "déjà à cet établissement", "0069003D": "OKEY ne sert pas", "123": "",
	} {
		p := roux.fill(leave, leave, "typed", typed)
		assert.Equal(t, http.StatusUnprocessableEntity, p.Status, typed)
		assert.Contains(t, p.text(), says)
	}
	for typed, says := range map[string]string{
		"Lycée inconnu": "OKEY ne connaît aucun établissement de ce nom",
		"des":           "Plusieurs établissements répondent à ce nom. Choisissez-en un : ",
	} {
		p := roux.fill(leave, leave, "typed", typed)
		assert.Equal(t, http.StatusUnprocessableEntity, p.Status, typed)
		assert.Contains(t, p.text(), says)
	}
	several := roux.fill(leave, leave, "typed", "des")
	assert.Contains(t, several.text(), "Lequel de ces établissements")
	assert.Contains(t, several.HTML, `name="chosen" value="0069002C"`, "each is offered, and none is chosen")
	chosen := several.form(t, leave, "chosen", string(scene.Tilleuls))
	assert.Contains(t, roux.post(leave, chosen).text(), "déjà à cet établissement", "the choice counts")
	for _, asWritten := range []string{
		"Lycée des Acacias (0069002C)", "lycée des acacias, Nice", "Lycée des Acacias, Nice (0069002C)", "lyc. des Acacias (Nice)",
	} {
		p := roux.done(roux.fill(leave, leave, "typed", asWritten))
		assert.Contains(t, p.text(), "Rejoint Lycée des Acacias (0069002C)", asWritten)
		h.Exec(`DELETE FROM key_move`)
	}
	proposed := roux.done(roux.fill(leave, leave, "typed", "acacias", "comment", "mutation"))
	assert.Contains(t, proposed.text(), "C'est proposé")
	move := "/deplacements/" + h.Text(`SELECT id::text FROM key_move`)
	assert.NotContains(t, proposed.text(), "Accepter")
	assert.Contains(t, h.as(c.support).get(move).HTML, engineLink)
	assert.NotContains(t, proposed.HTML, engineLink)
	head := h.as(paul).get("/").HTML
	assert.Contains(t, head, `href="`+move+`?reponse=approve#repondre">Accepter<`)
	assert.Contains(t, h.as(paul).get(move+"?reponse=approve").HTML, `value="approve" checked`)
	assert.NotContains(t, h.as(paul).get(move).HTML, "Retirer la proposition", "where the key would go it is answered")
	assert.NotContains(t, h.as(c.lea).get(move).HTML, "Retirer la proposition")
	withdrawn := roux.done(roux.fill(move, move+"/retrait", "comment", "elle reste"))
	assert.Contains(t, withdrawn.text(), "La proposition est retirée")
	assert.Contains(t, withdrawn.text(), "elle reste")
	assert.NotContains(t, withdrawn.HTML, "<form method=\"post\" action=\""+move)
	assert.Contains(t, roux.get(leave).text(), "Sinon, la personne la rend avant de partir.")
	stale := roux.get(leave).form(t, leave, "typed", string(scene.Acacias))
	roux.done(roux.fill(leave, leave, "typed", "acacias", "comment", "mutation"))
	move = "/deplacements/" + h.Text(`SELECT id::text FROM key_move WHERE state = 'proposed'`)
	assert.Equal(t, move, roux.get(leave).Location, "one at a time: where it stands")
	second := roux.post(leave, stale)
	assert.Equal(t, http.StatusConflict, second.Status)

	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(move).Status, "somebody of the Acacias without a function")
	assert.Equal(t, http.StatusOK, h.as(c.lea).get(move).Status)
	assert.Contains(t, roux.get(move).HTML, `href="`+key+`"`)
	offered := h.as(paul).get(move)
	assert.Contains(t, offered.HTML, "<h1>Léa Martin arrive avec sa clef</h1>")
	assert.NotContains(t, offered.HTML, `href="`+key+`"`, "no link to what its reader may not see")
	assert.Contains(t, offered.text(), "Refuser : elle reste à l'établissement que la personne quitte, qui la reprend")
	awaits, until := h.as(paul).get("/").text(), okey.SayDay(time.Now().Add(okey.MoveLife), time.Now(), okey.ZoneOf(""))
	assert.Contains(t, awaits, "Clefs qui arrivent : à répondre Léa Martin arrive avec la clef")
	assert.Contains(t, awaits, "sans réponse le "+until+", la clef reste où elle est")
	assert.NotContains(t, awaits, "Aucune demande n'attend votre réponse", "this one does")
	assert.Contains(t, offered.text(), "Sans réponse le "+until+" la clef reste à l'établissement que la personne quitte")
	assert.NotContains(t, roux.get("/").text(), "arrive avec la clef")

	form := h.as(paul).get(move).form(t, move, "decision", "approve")
	form.Set("person", c.roux.ID.String())
	assert.Equal(t, http.StatusForbidden, roux.post(move, form).Status, "the old approver sees it, and does not answer")
	refused := h.as(paul).fill(move, move, "decision", "refuse")
	assert.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	form = h.as(paul).get(move).form(t, move, "decision", "approve")
	boss := h.as(paul)
	done := boss.done(boss.post(move, form))
	assert.Contains(t, done.text(), "Votre réponse est enregistrée")
	assert.Contains(t, done.HTML, "<h1>Léa Martin arrive avec sa clef</h1>", "for the new direction as before")
	assert.NotContains(t, done.text(), "Sans réponse")
	assert.Contains(t, roux.get(move).HTML, "<h1>Léa Martin part avec sa clef</h1>")
	assert.Equal(t, scene.Acacias, h.whereIs(serial))
	assert.NotContains(t, h.as(paul).get("/").text(), "arrive avec la clef")
}

func TestARefusedDepartureIsNotSaidToHappen(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	roux, paul := h.as(c.roux), h.as(h.Person("Paul Petit", okey.Principal, scene.Acacias))
	roux.done(roux.fill(keyPage(serial)+"/depart", keyPage(serial)+"/depart", "typed", "acacias"))
	move := "/deplacements/" + h.Text(`SELECT id::text FROM key_move`)
	assert.Contains(t, roux.get(move).HTML, "<h1>Léa Martin part avec sa clef</h1>")
	paul.done(paul.fill(move, move, "decision", "refuse", "comment", "elle en a une ici"))
	for who, b := range map[string]*browser{"proposer": roux, "receiver": paul} {
		assert.Contains(t, b.get(move).HTML, "<h1>Départ de Léa Martin avec sa clef</h1>", who)
	}
}

// A key that is lost or given back goes along with nobody: the proposal says so at once, and asks nobody any more.
func TestAProposalWhoseKeyIsGoneSaysSo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	key := keyPage(serial)
	roux := h.as(c.roux)
	proposed := roux.done(roux.fill(key+"/depart", key+"/depart", "typed", "acacias"))
	assert.Contains(t, proposed.text(), "OKEY ne connaît pas de direction pour le lycée des Acacias : l'assistance répondra à sa place.",
		"nobody heads it")
	paul := h.Person("Paul Petit", okey.Principal, scene.Acacias)
	move := "/deplacements/" + h.Text(`SELECT id::text FROM key_move`)
	roux.reports(serial, okey.ReasonLost)
	for who, b := range map[string]*browser{"proposer": roux, "receiver": h.as(paul)} {
		told := b.get(move)
		assert.Contains(t, told.text(), "Réponse Sans objet : la clef est perdue", who)
		assert.NotContains(t, told.text(), "Sans réponse", who)
		assert.Contains(t, told.HTML, "<h1>Départ de Léa Martin avec sa clef</h1>", "nobody leaves with it any more")
		assert.NotContains(t, told.HTML, "<form method=\"post\" action=\""+move, who)
	}
}

func TestNamesAreElidedOnPages(t *testing.T) {
	h := newHouse(t)
	lea := h.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	h.Person("Alain Roux", okey.Principal, scene.Tilleuls)
	b := h.as(lea)
	page := b.asks()
	assert.Contains(t, b.get(page).text(), "La réponse d'Alain Roux est attendue")
	refused := h.call(lea, http.MethodPost, "/requests", want(scene.Acacias))
	assert.Contains(t, refused.at("detail"),
		"Nous ne vous trouvons pas au lycée des Acacias. Demandez votre clef pour le collège des Tilleuls")
}

func TestSupportNamesASuccessor(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	paul := h.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial := h.Key(scene.Tilleuls)
	request := h.as(c.lea).asks()
	const page = "/assistance/succession"
	for _, who := range []okey.Person{c.roux, c.lea, c.stranger} {
		assert.Equal(t, http.StatusNotFound, h.as(who).get(page).Status)
	}
	support := h.as(c.support)
	assert.Contains(t, support.fill(page, page, "establishment", "", "successor", "", "comment", "").text(),
		"3 choses sont à corriger Écrivez le nom ou le code UAI de l'établissement qui ferme. Écrivez le nom ou le code UAI de celui qui continue. "+
			"Écrivez pourquoi : les deux directions le liront.")
	self := support.fill(page, page, "establishment", string(scene.Tilleuls), "successor", string(scene.Tilleuls), "comment", "fusion")
	assert.Equal(t, http.StatusUnprocessableEntity, self.Status)
	assert.Contains(t, self.text(), "ne se remplace pas lui-même")
	review := support.fill(page, page, "establishment", string(scene.Tilleuls), "successor", string(scene.Acacias), "comment", "fusion")
	require.Equal(t, http.StatusOK, review.Status)
	assert.Contains(t, review.text(), "Clefs, dans tous leurs états 1 Demandes en cours 1")
	record := support.done(support.post(page, review.form(t, page)))
	assert.Contains(t, record.text(), "le lycée des Acacias remplace le collège des Tilleuls")
	assert.Contains(t, record.HTML, `href="`+request+`"`)
	assert.Contains(t, record.HTML, `href="/clefs/`+string(serial)+`"`)
	assert.Contains(t, support.get(page).text(), "Le lycée des Acacias (0069002C) remplace le collège des Tilleuls (0069001B)")

	assert.Equal(t, http.StatusNotFound, h.as(c.roux).get(request).Status, "the old approver's role has ended")
	assert.Contains(t, h.as(c.lea).get(request).text(), "suivie par le lycée des Acacias (0069002C)")
	boss := h.as(paul)
	require.Equal(t, http.StatusSeeOther, boss.answers(request, "approve", "").Status)
	assert.Equal(t, okey.Reserved, h.KeyState(serial))

	eva := h.Person("Eva Simon", okey.Staff, scene.Tilleuls)
	refused := h.call(eva, http.MethodPost, "/requests", want(scene.Tilleuls))
	assert.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	assert.Contains(t, refused.at("detail"),
		"Le collège des Tilleuls a été remplacé par le lycée des Acacias (0069002C) : demandez votre clef pour celui-ci.")
	assert.Equal(t, http.StatusCreated, h.call(eva, http.MethodPost, "/requests", want(scene.Acacias)).Status)
	assert.True(t, strings.HasPrefix(request, "/demandes/"))
}

func TestASuccessorWithoutAnybodyWhoAnswersIsWarnedOf(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	support := h.as(c.support)
	const page = "/assistance/succession"
	review := func() string {
		p := support.fill(page, page, "establishment", string(scene.Tilleuls), "successor", string(scene.Acacias), "comment", "fusion")
		require.Equal(t, http.StatusOK, p.Status, "a warning, not a refusal")
		assert.Contains(t, p.text(), "Tout transmettre")
		return p.text()
	}
	assert.Contains(t, review(), "celle de l'établissement qui ferme y répondra.")
	h.Exec(`UPDATE assignment SET function = 'personnel' WHERE uai = $1`, scene.Tilleuls)
	assert.Contains(t, review(), "Personne ne répond pour le lycée des Acacias : OKEY n'y connaît aucune direction, et aucune ne suit. "+
		"Toutes ces demandes iraient à l'assistance.")
	h.Person("Paul Petit", okey.Principal, scene.Acacias)
	assert.Contains(t, review(), "La direction de l'établissement qui continue répondra")
}

func TestTheRecordOfASuccessionReadsWithoutItsIds(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	support := h.as(c.support)
	request := h.as(c.lea).asks()
	ben := h.Person("Ben Blond", okey.Staff, scene.Tilleuls)
	held, lost := h.KeyOf(ben, scene.Tilleuls, okey.NewDay(2029, time.June, 30)), h.Key(scene.Tilleuls)
	support.reports(lost, okey.ReasonLost)
	leave := "/clefs/" + string(held) + "/depart"
	roux := h.as(c.roux)
	roux.done(roux.fill(leave, leave, "typed", string(scene.Acacias)))
	order := h.call(c.roux, http.MethodPost, "/orders",
		map[string]any{"establishment": scene.Tilleuls, "quantity": 7, "comment": "rentrée"})
	require.Equal(t, http.StatusCreated, order.Status, order.Text)
	const page = "/assistance/succession"
	record := support.done(support.fill(page, page, "establishment", string(scene.Tilleuls), "successor", string(scene.Acacias),
		"comment", "fusion", "confirm", "oui"))
	for _, row := range []string{
		`<a href="` + request + `">Léa Martin</a></th><td>En attente de réponse</td>`,
		`">N° 1</a></th><td>Enregistrée</td><td>7</td><td>0</td>`,
		`">Ben Blond</a></th><td>` + string(held) + `</td>`,
		`<a href="/clefs/` + string(held) + `">` + string(held) + `</a></th><td>En service</td><td>Ben Blond</td>`,
		`<a href="/clefs/` + string(lost) + `">` + string(lost) + `</a></th><td>Perdue</td>`,
	} {
		assert.Contains(t, record.cells(), row)
	}
	path := page + "/" + h.Text(`SELECT id::text FROM succession`)
	sheets := support.download(path + "/tableau.xlsx")
	assert.Equal(t, []string{string(held), "En service", "Ben Blond"}, sheets["Clefs"][1])
	assert.Equal(t, "Léa Martin", sheets["Demandes"][1][0])
	assert.Equal(t, "N° 1", sheets["Commandes"][1][0])
	assert.Equal(t, "Ben Blond", sheets["Départs"][1][0])
	assert.NotRegexp(t, `[0-9a-f]{8}-[0-9a-f]{4}-`, record.text(), "names and numbers, no ids")
	for _, who := range []okey.Person{c.roux, c.lea, c.stranger} {
		assert.Equal(t, http.StatusNotFound, h.as(who).get(path+"/tableau.xlsx").Status)
	}
}

func TestAnOldApproversLinkDiesWithTheSuccession(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Person("Paul Petit", okey.Principal, scene.Acacias)
	h.as(c.lea).asks()
	request, err := uuid.Parse(h.Text(`SELECT id::text FROM request`))
	require.NoError(t, err)
	link := okey.Link{Request: request, Person: c.roux.ID, Purpose: okey.LinkDecision, Issue: 1}
	token := link.Token(h.Config.LinkKeys)
	require.NoError(t, h.Store.SaveLink(t.Context(), token, link, time.Now().Add(time.Hour), time.Now()))
	path := "/valider/" + token.Text()
	require.Equal(t, http.StatusOK, h.browse().get(path).Status)
	require.NoError(t, h.Store.Do(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Succeed(t.Context(),
			okey.Succession{ID: uuid.New(), From: scene.Tilleuls, To: scene.Acacias, By: c.support.ID, At: time.Now(), Comment: "fusion"})
		return err
	}))
	assert.Equal(t, http.StatusNotFound, h.browse().get(path).Status)
}

// A departure that waits for an answer is on the pages of both schools, and ends when support moves its key: that is said before.
func TestADepartureIsSeenAtBothSchoolsAndBeforeItsKeyIsMoved(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	held, other := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30)), h.Key(scene.Tilleuls)
	id := uuid.New()
	h.Exec(`INSERT INTO key_move (id, serial, holder, from_uai, to_uai, state, proposed_by, proposed_at)
		VALUES ($1, $2, $3, $4, $5, 'proposed', $6, $7)`,
		id, string(held), c.lea.ID, scene.Tilleuls, scene.Acacias, c.roux.ID, scene.Now)
	support := h.as(c.support)
	for school, said := range map[okey.UAI]string{
		scene.Tilleuls: "Léa Martin partirait pour le lycée des Acacias avec la clef " + string(held),
		scene.Acacias:  "Léa Martin arriverait du collège des Tilleuls avec la clef " + string(held),
	} {
		p := support.get("/assistance/etablissements/" + string(school))
		assert.Contains(t, p.HTML, `<a href="/deplacements/`+id.String()+`">`+said+`</a>`)
		assert.Contains(t, p.text(), "Attend une réponse")
	}
	const page, void = "/assistance/deplacer", "n départ vers le lycée des Acacias attend une réponse : il sera sans objet."
	review := func(serial okey.Serial) string {
		return support.fill(page, page, "serials", string(serial), "establishment", string(scene.Acacias), "comment", "x").text()
	}
	assert.Contains(t, review(held), "celui que la clef quitte. U"+void)
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'support', now())`, c.lea.ID,
		scene.Acacias)
	assert.Contains(t, review(held), "Oui, mais u"+void)
	assert.NotContains(t, review(other), void)
	h.Exec(`UPDATE key_move SET state = 'refused', decided_by = $1, decided_at = now(), answer = 'non'`, c.support.ID)
	assert.NotContains(t, review(held), void)
	assert.Contains(t, support.get("/assistance/etablissements/"+string(scene.Acacias)).text(), "Refusée")
}

// The school's page and the page of its stock count differently, and each says what.
func TestASchoolsPageSaysWhichExpiringKeysItCounts(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	p := h.as(c.support).get("/assistance/etablissements/" + string(scene.Tilleuls)).text()
	assert.Contains(t, p, "À renouveler d'ici trois mois")
	assert.NotContains(t, p, "sous trois mois")
}

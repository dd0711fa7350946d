package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"okey/activities/mails"
	"okey/calendar"
	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/mail"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refused writes a mail to a person that the relay has refused, with what it is written from.
func (h *house) refused(p okey.Person, request string) string {
	h.Helper()
	id := uuid.NewString()
	h.Exec(`INSERT INTO mail (id, request, kind, ref, person, address, message_id, subject, state, attempts, error, created_at, mail_order)
		VALUES ($1::uuid, $2::uuid, 'asked', 1, $3, $4, '<' || ($1::uuid)::text || '@okey.invalid>', 'Léa Martin demande une clef',
		'failed', 1, 'send mail: 550 5.1.1 no such user', now() - interval '1 hour',
		json_build_object('request', ($2::uuid)::text, 'cause', '00000000-0000-0000-0000-000000000000', 'step',
		json_build_object('kind', 'asked', 'ref', 1), 'at', '2026-11-24T09:12:00Z'))`,
		id, strings.TrimPrefix(request, "/demandes/"), p.ID, p.Mail)
	return id
}

func TestThePageOfAPersonTellsAllThatSupportNeeds(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	lea, roux, sam := h.as(c.lea), h.as(c.roux), h.as(c.support)
	request := lea.asks()
	roux.done(roux.answers(request, "approve", ""))
	lea.done(lea.signs(request))
	roux.done(roux.lends(c.lea.UID, okey.Everything, 3))
	sam.attaches(c.lea.UID, okey.Deputy)
	mailed := h.refused(c.lea, request)
	h.token(c.lea)
	twin := h.Person("Tim Jumeau", okey.Staff, scene.Acacias)
	page := "/assistance/personnes/" + c.lea.ID.String()

	told := sam.get(page)
	sam.labelled(told)
	for _, said := range []string{
		c.lea.UID, c.lea.Mail, "fichier des personnels", "rattachement par l'assistance", "Adjoint",
		"Collège des Tilleuls (" + string(scene.Tilleuls) + ")",
		"Reçue de Marc Roux", "saisie des absences", string(serial), "réservée pour sa demande", "Version 1", "signée",
		"Léa Martin demande une clef", "refusé : cette adresse n'existe pas",
		"Le dernier courriel à cette adresse a été refusé", "1 session de connexion",
		okey.SayCount(h.Count(`SELECT count(*) FROM api_token WHERE person = $1`, c.lea.ID), "jeton"), "Rattachement",
		"Rattacher à un établissement",
	} {
		assert.Contains(t, told.text(), said, said)
	}
	assert.Contains(t, told.HTML, `href="/assistance/envois/`+mailed+`"`)
	assert.Contains(t, sam.get("/assistance/rattachements?personne="+c.lea.UID).HTML, `value="`+c.lea.UID+`"`, "the link fills the form in")

	h.Exec(`UPDATE mail SET subject = '' WHERE id = $1`, mailed)
	unnamed := mail.NameOf(mail.Letter(h.Text(`SELECT kind FROM mail WHERE id = $1`, mailed)), "")
	assert.Contains(t, sam.get(page).text(), unnamed, "a mail without a subject yet is not called as code calls it")
	h.Exec(`UPDATE mail SET returned_at = created_at WHERE id = $1`, mailed)
	assert.Contains(t, sam.get(page).text(), "Le dernier courriel à cette adresse est revenu")
	assert.Contains(t, sam.get(page).text(), "revenu : cette adresse n'existe pas")
	h.Exec(`UPDATE mail SET state = 'sent', error = ''`)
	h.Exec(`UPDATE person SET mail = $2 WHERE id = $1`, twin.ID, strings.ToUpper(c.lea.Mail))
	assert.Contains(t, sam.get(page).text(), "Cette adresse est aussi celle d'une autre personne")
	assert.NotContains(t, sam.get(page).text(), "a été refusé")

	auditor := h.as(h.auditor()).get(page)
	assert.Equal(t, http.StatusOK, auditor.Status)
	assert.NotContains(t, auditor.text(), "Rattacher à un établissement")
	assert.NotContains(t, strings.ReplaceAll(auditor.HTML, "/deconnexion", ""), `method="post" action="/assistance`,
		"an auditor has no button")
	for _, who := range []okey.Person{c.lea, c.roux, c.stranger} {
		assert.Equal(t, http.StatusNotFound, h.as(who).get(page).Status, who.Name())
	}
	for _, unknown := range []string{uuid.NewString(), "x"} {
		assert.Equal(t, http.StatusNotFound, sam.get("/assistance/personnes/"+unknown).Status)
	}
}

func TestASessionThatWasEndedIsNotCounted(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.as(c.lea)
	sam := h.as(c.support)
	page := "/assistance/personnes/" + c.lea.ID.String()
	assert.Contains(t, sam.get(page).text(), "1 session de connexion")
	h.Exec(`UPDATE person SET sessions_from = $2 WHERE id = $1`, c.lea.ID, time.Now().Add(time.Hour))
	assert.Contains(t, sam.get(page).text(), "0 session de connexion")
}

func TestThePageOfAnEstablishmentSaysWhoAnswersAndHowToMendThatNobodyDoes(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	request := h.as(c.lea).asks()
	order := h.call(c.support, http.MethodPost, "/orders",
		map[string]any{"establishment": scene.Tilleuls, "quantity": 2, "comment": "rentrée"})
	mailed := h.refused(c.roux, request)
	page := "/assistance/etablissements/" + string(scene.Tilleuls)
	sam := h.as(c.support)
	told := sam.get(strings.ToLower(page))
	sam.labelled(told)
	for _, said := range []string{
		"Collège des Tilleuls", string(scene.Tilleuls), "Nice", "ce.0069001B@ac-nice.fr", "Marc Roux , chef d'établissement",
		"Anne Blanc , adjoint", "3 personnes", "Léa Martin",
		"Libres, à prêter", "En stock 1 clef", "1 demande", "Commande n° 1", "Léa Martin demande une clef", "Rattacher une personne",
	} {
		assert.Contains(t, told.text(), said)
	}
	for _, leads := range []string{
		"/commandes/" + order.at("id").(string), "/assistance/envois/" + mailed, "/assistance/personnes/" + c.roux.ID.String(),
		"/demandes?etablissement=" + string(scene.Tilleuls) + "&amp;etape=awaiting_decision",
		"http://127.0.0.1:8233/namespaces/default/workflows?query=OkeyUAI%3D%22" + string(scene.Tilleuls) + "%22",
	} {
		assert.Contains(t, told.HTML, `href="`+leads+`"`)
	}

	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'chef', 'claims', now())`, c.roux.ID,
		scene.Tilleuls)
	assert.Equal(t, 1, strings.Count(sam.get(page).text(), "Marc Roux , chef d'établissement"), "a file and the directory know him")
	h.Exec(`UPDATE assignment SET until = current_date - 1 WHERE function <> 'personnel'`)
	alone := sam.get(page)
	assert.Contains(t, alone.text(), "Personne : OKEY ne connaît ici ni chef ni adjoint.")
	for _, once := range []string{"/assistance/rattachements", "/assistance/hotes"} {
		assert.Equal(t, 1, strings.Count(alone.HTML, `href="`+once+`?etablissement=`+string(scene.Tilleuls)+`"`), once)
	}
	assert.Contains(t, alone.HTML, `href="/assistance/hotes?etablissement=`+string(scene.Tilleuls)+`"`)
	assert.Contains(t, sam.get("/assistance/hotes?etablissement="+string(scene.Tilleuls)).HTML, `value="`+string(scene.Tilleuls)+`"`)
	h.Exec(`INSERT INTO hosting (id, uai, host, reason, created_at) VALUES ($1, $2, $3, 'section', now())`, uuid.New(), scene.Tilleuls,
		scene.Acacias)
	h.Exec(`UPDATE establishment SET host = $2 WHERE uai = $1`, scene.Tilleuls, scene.Acacias)
	h.Person("Ina Loin", okey.Principal, scene.Acacias)
	assert.Contains(t, sam.get(page).text(), "Ina Loin , chef d'établissement")
	assert.Contains(t, sam.get(page).text(), "Répond pour lui Lycée des Acacias")

	auditor := h.as(h.auditor()).get(page)
	assert.Equal(t, http.StatusOK, auditor.Status)
	assert.NotContains(t, auditor.text(), "Rattacher une personne")
	for _, who := range []okey.Person{c.lea, c.roux, c.stranger} {
		assert.Equal(t, http.StatusNotFound, h.as(who).get(page).Status, who.Name())
	}
	assert.Equal(t, http.StatusNotFound, sam.get("/assistance/etablissements/0061565U").Status)
	assert.Equal(t, http.StatusNotFound, sam.get("/assistance/etablissements/x").Status)
}

func TestRequestKeyAndOrderTellEverythingInTheOrderOfTime(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	lea, roux, sam := h.as(c.lea), h.as(c.roux), h.as(c.support)
	request := lea.asks()
	h.refused(c.roux, request)
	roux.done(roux.answers(request, "approve", "avec plaisir"))
	id := strings.TrimPrefix(request, "/demandes/")
	told := sam.get(request)
	story := told.text()[strings.Index(told.text(), "Tout ce qui s'est passé"):]
	assert.Regexp(t, `(?s)Courriel « Léa Martin demande une clef ».*refusé, cette adresse n'existe pas`+
		`.*Étape Léa Martin a demandé une clef.*Étape Marc Roux a accepté.*avec plaisir`, story)
	assert.NotContains(t, story, "Action", "each act is told once, by its step")
	assert.Contains(t, told.HTML, "http://127.0.0.1:8233/namespaces/default/workflows/key-request-"+id)
	for _, may := range []string{
		"Retirer la demande", "Renvoyer un courriel", "Signaler la clef perdue ou cassée", "Trouver qui répond", "Voir la personne",
	} {
		assert.Contains(t, told.text(), may)
	}
	assert.NotContains(t, told.text(), "Répondre à la place de l'établissement", "it is decided")

	key := "/clefs/" + string(serial)
	roux.done(roux.fill(key, key, "reason", "lost", "comment", "dans le train"))
	told = sam.get(key)
	assert.Regexp(t, `(?s)Action Changement d'une clef, c'est fait \(Marc Roux, page\) Son suivi dans le moteur`+
		`.*État Déclarée perdue par Marc Roux .*dans le train`, told.text())
	assert.NotContains(t, told.text(), "par Marc Roux : perdue", "once is enough")
	reported, err := h.Store.Action(t.Context(), uuid.MustParse(h.Text(`SELECT id FROM action WHERE name = 'key-change'`)))
	require.NoError(t, err)
	assert.Equal(t, []string{string(scene.Tilleuls), "Collège des Tilleuls"}, []string{string(reported.At), reported.School})
	change := okey.OwnWorkflowID(okey.ActionKeyChange, reported.ID)
	assert.Contains(t, told.HTML, `workflows/`+change+"/"+runOf(change)+`/user-metadata"`)
	h.Judges.forgetful.Store(true)
	assert.NotContains(t, sam.get(key).HTML, change, "what the engine knows no more has no link that leads nowhere")
	h.Judges.forgetful.Store(false)
	h.Judges.away.Store(true)
	assert.Contains(t, sam.get(key).HTML, `workflows/`+change+`"`, "away, it may know it")
	h.Judges.away.Store(false)
	assert.Contains(t, told.HTML, `href="/assistance/deplacer?clef=`+string(serial)+`"`)
	assert.Contains(t, sam.get("/assistance/deplacer?clef="+string(serial)).HTML, string(serial))

	placed := h.call(c.roux, http.MethodPost, "/orders",
		map[string]any{"establishment": scene.Tilleuls, "quantity": 2, "comment": "rentrée"})
	order := "/commandes/" + placed.at("id").(string)
	told = sam.get(order)
	assert.Regexp(t, `(?s)Étape Enregistrée par Marc Roux rentrée`, told.text())
	followed := "order-" + placed.at("id").(string)
	assert.Contains(t, told.HTML, "workflows/"+followed+"/"+runOf(followed)+`/user-metadata"`)
	assert.Contains(t, told.text(), "Elle n'est pas encore partie et ne sert plus.")

	auditor := h.as(h.auditor())
	for _, path := range []string{request, key, order} {
		p := auditor.get(path)
		assert.Contains(t, p.text(), "Tout ce qui s'est passé", path)
		assert.NotContains(t, p.text(), "Ce que l'assistance peut faire", path)
		assert.Equal(t, []string{"/deconnexion"}, postsOf(p), path)
		assert.NotContains(t, roux.get(path).text(), "Pour l'assistance", path)
	}
}

var posted = regexp.MustCompile(`method="post" action="([^"]*)"`)

// postsOf are where a page's buttons lead.
func postsOf(p sheet) []string {
	var found []string
	for _, m := range posted.FindAllStringSubmatch(p.HTML, -1) {
		found = append(found, m[1])
	}
	return found
}

func TestARefusedMailIsReadAndSentAgain(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	request := h.as(c.lea).asks()
	id := h.refused(c.roux, request)
	page := "/assistance/envois/" + id
	box := postbox.Open(t)
	sender := mail.NewSender(mail.Relay{Host: box.Host, Port: box.Port}, "okey@ac-nice.fr", "assistance@ac-nice.fr")
	office := mails.New(h.Store, sender, calendar.PublicOnly(), mails.Settings{
		URL: h.URL, Support: "assistance@ac-nice.fr", LinkKeys: h.Config.LinkKeys, Waits: okey.DefaultWaits(),
	})
	sam := h.as(c.support)
	assert.Contains(t, sam.get("/assistance").text(), "1 courriel refusé")
	assert.Contains(t, sam.get("/assistance").HTML, `href="`+page+`"`)
	told := sam.get(page)
	sam.labelled(told)
	assert.Contains(t, told.HTML, "<h1>Courriel : Léa Martin demande une clef</h1>", "tabs are told apart")
	for _, said := range []string{
		"Léa Martin demande une clef", "Refusé", "Cette adresse n'existe pas", "Marc Roux",
		"la demande " + strings.TrimPrefix(request, "/demandes/")[:8], "renvoie ce courriel à " + c.roux.Mail,
	} {
		assert.Contains(t, told.text(), said)
	}
	assert.NotContains(t, told.text(), "550", "no code reaches a page")

	form := told.form(t, page)
	done := sam.done(sam.post(page, form))
	assert.Contains(t, done.HTML, `data-follow="`+page+`?fait=`, "what becomes of it is told by itself")
	assert.Contains(t, done.text(), "Actualiser")
	assert.Contains(t, done.text(), "à envoyer (renvoi)")
	var action okey.Action
	action, err := h.Store.Action(t.Context(), uuid.MustParse(form.Get("action")))
	require.NoError(t, err)
	assert.Equal(t, okey.ViaSupport, action.Via)
	for _, order := range action.Verdict.Letters {
		_, err := office.SendMails(t.Context(), order)
		require.NoError(t, err)
	}
	require.Len(t, box.To(c.roux.Mail), 1)
	assert.Contains(t, box.Letters()[0].Text, "/valider/")
	assert.Contains(t, sam.get(page).text(), "envoyé (renvoi)")
	reloaded := sam.done(sam.post(page, form))
	assert.Contains(t, reloaded.text(), "Le courriel est reparti")
	assert.NotContains(t, reloaded.HTML, "data-follow")
	assert.NotContains(t, sam.get("/assistance").text(), "courriel refusé")

	sam.done(sam.post(page, form))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM mail WHERE again_of = $1`, id), "the same form is the same action")
	impatient := sam.post(page, sam.get(page).form(t, page))
	assert.Equal(t, http.StatusConflict, impatient.Status)
	assert.Contains(t, impatient.text(), "Ce courriel vient d'être renvoyé : laissez-lui dix minutes pour arriver.")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM mail WHERE again_of = $1`, id))

	auditor := h.as(h.auditor())
	assert.Equal(t, []string{"/deconnexion"}, postsOf(auditor.get(page)))
	form.Set("person", "")
	form.Set("action", uuid.NewString())
	assert.Equal(t, http.StatusForbidden, auditor.post(page, form).Status)
	for _, who := range []okey.Person{c.lea, c.roux} {
		assert.Equal(t, http.StatusNotFound, h.as(who).get(page).Status, who.Name())
		assert.Equal(t, http.StatusNotFound, h.as(who).post(page, form).Status, who.Name())
	}
	assert.Equal(t, http.StatusNotFound, sam.get("/assistance/envois/"+uuid.NewString()).Status)
}

func TestAllRefusedMailsOfATimeAreSentAgain(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	h.refused(c.roux, h.as(c.lea).asks())
	const all = "/assistance/envois"
	sam, paris := h.as(c.support), okey.ZoneOf("")
	at := func(ago time.Duration) string { return time.Now().In(paris).Add(-ago).Format("2006-01-02T15:04") }
	send := func(from, until string) sheet {
		page := sam.get("/assistance")
		sam.labelled(page)
		return sam.post(all, page.form(t, all, "from", from, "until", until))
	}
	unread := send("hier", "")
	assert.Equal(t, http.StatusUnprocessableEntity, unread.Status)
	assert.Contains(t, unread.text(), "Écrits depuis : écrivez une date et une heure comme")
	turned := send(at(time.Hour), at(2*time.Hour))
	assert.Equal(t, http.StatusUnprocessableEntity, turned.Status)
	assert.Contains(t, turned.text(), "Écrivez une fin qui vient après le début.")
	empty := send(at(72*time.Hour), at(48*time.Hour))
	assert.Equal(t, http.StatusConflict, empty.Status)
	assert.Contains(t, empty.text(), "Aucun courriel refusé n'a été écrit entre ces deux moments : rien n'a été envoyé.")

	done := sam.done(send(at(2*time.Hour), at(0)))
	assert.Contains(t, done.text(), "Les courriels refusés entre ces deux moments repartent")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'mails-resend' AND actor = $1 AND detail = 'accepted'`, c.support.ID))
	assert.Contains(t, sam.get("/assistance/journal").text(), "Courriels renvoyés")

	auditor := h.as(h.auditor())
	assert.Equal(t, []string{"/deconnexion"}, postsOf(auditor.get("/assistance")))
}

func TestAMailAboutAStageThatIsOverHasNoButton(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	request := h.as(c.lea).asks()
	id, sam := h.refused(c.roux, request), h.as(c.support)
	assert.Contains(t, sam.get("/assistance/envois/"+id).text(), "S'il n'est plus utile, il ne part pas.")
	h.Exec(`UPDATE request SET turn = turn + 1 WHERE id = $1`, strings.TrimPrefix(request, "/demandes/"))
	told := sam.get("/assistance/envois/" + id)
	assert.Contains(t, told.text(), "Ce courriel parle d'une étape qui est terminée")
	assert.Equal(t, []string{"/deconnexion"}, postsOf(told))
}

func TestTheDeskShowsWhatIsStuckAndHowToSetItGoing(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	sam := h.as(c.support)
	assert.Contains(t, sam.get("/assistance").text(), "Rien : tout avance.")
	request := h.as(c.lea).asks()
	id := uuid.MustParse(strings.TrimPrefix(request, "/demandes/"))
	h.Exec(`UPDATE request SET asked_at = now() - interval '1 hour'`)
	require.Contains(t, sam.get("/assistance").text(), "Rien : tout avance.")

	h.Judges.lost = id
	h.Exec(`UPDATE assignment SET until = current_date - 1 WHERE function <> 'personnel'`)
	h.call(c.support, http.MethodPost, "/orders", map[string]any{"establishment": scene.Tilleuls, "quantity": 2, "comment": "rentrée"})
	h.call(c.support, http.MethodPost, "/exports", nil)
	h.Exec(`INSERT INTO mail (id, kind, ref, address, message_id, state, created_at, subject_id)
		SELECT gen_random_uuid(), 'order_overdue', 1, 'a@b', 'm2', 'sent', now(), id FROM key_order`)
	require.Equal(t, http.StatusCreated, h.deliver(c.support, fileOf("00490021", scene.Tilleuls), "", "announced", "true").Status)
	h.Exec(`UPDATE delivery SET taken_at = now() - interval '8 days'`)
	desk := sam.get("/assistance")
	sam.labelled(desk)
	for _, said := range []string{
		"1 demande que plus rien ne suit", "1 établissement sans personne pour répondre", "1 commande en retard", "1 livraison à confirmer",
		"Commande n° 1", "1 clef en route, sur 1", "Collège des Tilleuls (0069001B)",
	} {
		assert.Contains(t, desk.text(), said)
	}
	for _, leads := range []string{
		"/assistance/etablissements/" + string(scene.Tilleuls), request, "/commandes/" + h.Text(`SELECT id::text FROM key_order`),
		"/assistance/livraisons/" + h.Text(`SELECT id::text FROM delivery`), "/assistance/tableau-de-bord", "/assistance?sorte=sans-suivi#file",
	} {
		assert.Contains(t, desk.HTML, `href="`+leads+`"`)
	}
	assert.Equal(t, []string{"/deconnexion"}, postsOf(h.as(h.auditor()).get("/assistance")))

	never, order := uuid.NewString(), h.Text(`SELECT id::text FROM key_order`)
	h.Exec(`INSERT INTO action (id, request, name, by_person, via, content, digest, created_at, outcome, reason, judged_at, verdict)
		VALUES (gen_random_uuid(), $1, 'ask', $2, 'web', '{}', '', now(), 'refused', 'request_open', now(), '{}')`, never, c.lea.ID)
	h.Exec(`INSERT INTO action (id, subject, name, by_person, via, content, digest, created_at, outcome, reason, judged_at, verdict)
		VALUES (gen_random_uuid(), $1, 'receipt', $2, 'web', '{}', '', now(), 'refused', 'wrong_stage', now(), '{}')`, order, c.roux.ID)
	delivery := h.Text(`SELECT id::text FROM delivery`)
	h.Exec(`INSERT INTO action (id, subject, name, by_person, via, content, digest, created_at, outcome, reason, judged_at, verdict)
		VALUES (gen_random_uuid(), $1, 'delivery', $2, 'web', '{}', '', now(), 'refused', 'delivery_taken', now(), '{}'),
			(gen_random_uuid(), gen_random_uuid(), 'export', $2, 'web', '{}', '', now(), 'refused', 'wrong_stage', now(), '{}')`,
		delivery, c.support.ID)
	desk = sam.get("/assistance")
	assert.Contains(t, desk.HTML, `href="/assistance/livraisons/`+delivery+`">Livraison</a>`)
	about := map[string]string{}
	for _, line := range sam.download("/assistance.xlsx")["Actions refusées"][1:] {
		about[line[1]] = line[5]
	}
	assert.Equal(t, map[string]string{
		"Demande": "Léa Martin", "Réception": order, "Livraison": delivery, "Classeur de commandes": "Sam Secours",
	}, about)
	assert.NotContains(t, desk.HTML, never, "a request that was refused from the start has no page")
	assert.Contains(t, desk.HTML, `href="/assistance/personnes/`+c.lea.ID.String()+`">Demande</a>`)
	assert.Contains(t, desk.HTML, `href="/commandes/`+order+`">Réception</a>`)
	assert.NotContains(t, sam.get("/commandes/"+order).text(), "mise à jour", "the step of an export says it")

	h.cutOff(true)
	away := sam.get("/assistance")
	assert.Equal(t, http.StatusOK, away.Status)
	assert.Contains(t, away.text(), "Le moteur n'a pas répondu")
}

// The page of a key has what the page of its holder has: the receipt, its moves, the inventory that found it; and it says for
// whom it was kept aside.
func TestThePageOfAKeyHasAllItsMailsAndWhomItWasKeptFor(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, other := h.Key(scene.Tilleuls), h.Key(scene.Acacias)
	page := h.signed(c)
	roux := h.as(c.roux)
	roux.done(roux.fill(page, page+"/remise", "serial", string(serial)))
	move, moved, inventory := uuid.New(), uuid.New(), uuid.New()
	h.Exec(`INSERT INTO key_move (id, serial, holder, from_uai, to_uai, state, proposed_by, proposed_at)
		VALUES ($1, $2, $3, $4, $5, 'proposed', $6, now())`,
		move, string(serial), c.lea.ID, scene.Tilleuls, scene.Acacias, c.roux.ID)
	h.Exec(`INSERT INTO key_moved (subject, serial, from_uai, to_uai, at) VALUES ($1, $2, $3, $4, now())`, moved, string(serial),
		scene.Tilleuls, scene.Acacias)
	h.Exec(`INSERT INTO inventory (id, uai, by_person, at, comment) VALUES ($1, $2, $3, now(), '')`, inventory, scene.Tilleuls, c.roux.ID)
	h.Exec(`INSERT INTO key_report (id, serial, uai, inventory, at, state) VALUES (gen_random_uuid(), $1, $2, $3, now(), 'pending')`,
		string(serial), scene.Tilleuls, inventory)
	post := func(kind string, request, subject any, person okey.Person) {
		h.Exec(`INSERT INTO mail (id, request, subject_id, kind, ref, person, address, message_id, subject, state, created_at)
			VALUES ($1::uuid, $2, $3, $4, 1, $5, 'x@ac-nice.fr', ($1::uuid)::text, 'Courriel ' || translate($4, '_',
			'-') || ' pour ' || $6, 'sent', now())`, uuid.New(), request, subject, kind, person.ID, person.Name())
	}
	post("handed_over", strings.TrimPrefix(page, "/demandes/"), nil, c.lea)
	post("move_proposed", nil, move, c.blanc)
	post("keys_moved", nil, moved, c.roux)
	post("your_key_moved", nil, moved, c.lea)
	post("your_key_moved", nil, moved, c.stranger)
	post("keys_reported", nil, inventory, c.support)

	told := h.as(c.support).get("/clefs/" + string(serial))
	for _, mail := range []string{
		"handed-over pour Léa Martin", "move-proposed pour Anne Blanc", "keys-moved pour Marc Roux", "your-key-moved pour Léa Martin",
		"keys-reported pour Sam Secours",
	} {
		assert.Contains(t, told.text(), "Courriel "+mail)
	}
	assert.NotContains(t, told.text(), "pour Zoé Ailleurs", "another key's holder")
	assert.Regexp(t, `Réservée[^<]* <a href="`+page+`">Demande de Léa Martin</a>`, told.HTML)
	assert.NotContains(t, h.as(c.support).get("/clefs/"+string(other)).text(), "Courriel ")
}

func TestOnlyAnAttachmentCanBeEnded(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, sam := "/assistance/personnes/"+c.lea.ID.String(), h.as(c.support)
	assert.NotContains(t, sam.get(page).text(), "Mettre fin à un rattachement")
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since, until)
		VALUES ($1, $2, 'personnel', 'support', now(), current_date + 30)`, c.lea.ID, scene.Acacias)
	assert.Contains(t, sam.get(page).text(), "Mettre fin à un rattachement")
	h.Exec(`UPDATE assignment SET until = current_date - 2 WHERE source = 'support'`)
	assert.NotContains(t, sam.get(page).text(), "Mettre fin à un rattachement", "it is over")
}

// Support only reads about delegations: what is said to a head is not said to them.
func TestDelegationsAreExplainedToTheirReader(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	assert.Contains(t, h.as(c.roux).get("/delegations").text(), "remettre les clefs à votre place. Vous gardez vos propres droits.")
	assert.Contains(t, h.as(c.support).get("/delegations").text(), "à la place de la direction, qui garde ses propres droits.")
}

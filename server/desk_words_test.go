package server_test

import (
	"net/http"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

// A swap names both keys, on the request's page; the key's page leads to the request that it was handed over for.
func TestAStoryNamesTheKeyWhosePlaceWasTaken(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	kept := h.Key(scene.Tilleuls)
	request := h.as(c.lea).asks()
	roux, sam := h.as(c.roux), h.as(c.support)
	roux.done(roux.answers(request, "approve", ""))
	h.as(c.lea).done(h.as(c.lea).signs(request))
	other := h.Key(scene.Tilleuls)
	at := "/remise/" + idOf(request)
	roux.done(roux.post(at, roux.fill(at, at, "serial", string(other)).form(t, at)))
	told := sam.get(request).text()
	assert.Contains(t, told,
		"Marc Roux a échangé la clef : la "+string(other)+" prend la place de la "+string(kept)+", qui était réservée.")
	assert.Contains(t, sam.get("/clefs/"+string(other)).HTML, `<a href="`+request+`">Demande de Léa Martin</a>`)

	roux.done(roux.fill("/clefs/"+string(other), "/clefs/"+string(other), "reason", "return_to_stock", "comment", "rendue"))
	key := sam.get("/clefs/" + string(other)).text()
	assert.Contains(t, key, "Mise en stock par Marc Roux ; elle était à Léa Martin rendue")
	assert.NotContains(t, key, "elle était à Léa Martin : en stock")
}

func TestAKeyThatIsGoneIsNamedAndToldOnce(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	kept := h.Key(scene.Tilleuls)
	request := h.as(c.lea).asks()
	roux := h.as(c.roux)
	roux.done(roux.answers(request, "approve", ""))
	roux.done(roux.fill("/clefs/"+string(kept), "/clefs/"+string(kept), "reason", "lost", "comment", "égarée"))
	h.Exec(`UPDATE action SET outcome = 'accepted', reason = NULL WHERE name = 'key-unavailable'`)
	told := h.as(c.support).get(request).text()
	assert.Contains(t, told, "La clef "+string(kept)+" n'est plus disponible : la demande garde sa place.")
	assert.NotContains(t, told, "Clef indisponible, ")
	assert.NotContains(t, told, "Recherche d'une clef, ")
}

func TestTheStoryOfAKeyThatWasFoundBeginsWithWhoFoundIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, inventory, report := h.Key(scene.Tilleuls), uuid.New(), uuid.New()
	h.Exec(`INSERT INTO inventory (id, uai, by_person, at, comment) VALUES ($1, $2, $3, $4, '')`, inventory, scene.Tilleuls, c.roux.ID,
		scene.Now)
	h.Exec(`INSERT INTO key_report (id, serial, uai, inventory, by_person, at, state, decided_by, decided_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'confirmed', $7, now())`,
		report, string(serial), scene.Tilleuls, inventory, c.roux.ID, scene.Now, c.support.ID)
	told := h.as(c.support).get("/clefs/" + string(serial))
	assert.Contains(t, told.text(), "Trouvée à l'inventaire du collège des Tilleuls par Marc Roux")
	assert.Contains(t, told.HTML, `href="/assistance/clefs-a-confirmer/`+report.String()+`"`)
}

// A person who is in a school by file, directory and attachment stands once among its people, with a login.
func TestASchoolNamesEachOfItsPeopleOnce(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since)
		VALUES ($1, $2, 'personnel', 'claims', now()), ($1, $2, 'adjoint', 'claims', now())`, c.lea.ID, scene.Tilleuls)
	_, people, _ := strings.Cut(h.as(c.support).get("/assistance/etablissements/"+string(scene.Tilleuls)).HTML, "Qui y travaille")
	people, _, _ = strings.Cut(people, "Courriels")
	assert.Equal(t, 1, strings.Count(people, ">Léa Martin (lmartin)<"), people)
	assert.Contains(t, people, "Adjoint ; Personnel")
}

func TestAPersonWhomNoFilePlacesIsLookedForWhereTheirRequestsAre(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, support := "/assistance/personnes/"+c.lea.ID.String(), h.as(c.support)
	assert.Contains(t, support.get(page).HTML, `href="/assistance/rattachements?personne=lmartin`+
		`&amp;etablissement=`+string(scene.Tilleuls)+`"`, "the link carries the school along")
	h.as(c.lea).asks()
	h.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	assert.Contains(t, support.get(page).text(),
		"Aucune : cette personne n'est dans aucun établissement. Ses demandes et ses clefs, plus bas, disent où elle était.")
	h.Exec(`DELETE FROM assignment WHERE person = $1`, c.stranger.ID)
	assert.NotContains(t, support.get("/assistance/personnes/"+c.stranger.ID.String()).text(), "disent où elle était")
}

func TestSupportAttachesSomebodyByName(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	support := h.as(c.support)
	support.done(support.attaches("Marc Roux", okey.Deputy))
	assert.Equal(t, c.roux.ID.String(), h.Text(`SELECT person::text FROM attachment`))
	h.Person("Marc Roux2", okey.Principal, scene.Acacias)
	h.Exec(`UPDATE person SET family_name = 'Roux' WHERE uid = 'mroux2'`)
	which := support.attaches("marc roux", okey.Deputy)
	assert.Equal(t, http.StatusUnprocessableEntity, which.Status)
	assert.Contains(t, which.text(), "Écrivez l'identifiant de la personne que vous voulez : mroux (Marc Roux, ")
	assert.Contains(t, which.text(), "mroux2 (Marc Roux, chef d'établissement ")
}

// What a page does in the meantime is no news where there is no page; and a batch that filters is no batch that does not.
func TestWhatIsWrongWithAFilterIsSaidAsItIs(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	support := h.as(c.support)
	for _, query := range []string{"du=hier", "quoi=zzz"} {
		assert.Contains(t, support.get("/assistance/journal?"+query).text(), "En attendant, ", query)
		file := support.get("/assistance/journal.xlsx?" + query)
		assert.Equal(t, http.StatusUnprocessableEntity, file.Status, query)
		assert.NotContains(t, file.text(), "n attendant", query)
	}
	keys := support.get("/clefs?lot=zzz").text()
	assert.Contains(t, keys, "Aucune clef ici.")
	assert.NotContains(t, keys, "rien n'est filtré par là")
}

// Whoever reads that the wrong person has the key is led to where that is set right; and a mail says when it left.
func TestAClosedRequestAndItsMailsTellSupportWhatCanStillBeDone(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	key := h.Key(scene.Tilleuls)
	request := h.as(c.lea).asks()
	roux, sam := h.as(c.roux), h.as(c.support)
	roux.done(roux.answers(request, "approve", ""))
	h.as(c.lea).done(h.as(c.lea).signs(request))
	assert.NotContains(t, sam.get(request).text(), "Une autre personne a eu la clef ?")
	at := "/remise/" + idOf(request)
	roux.done(roux.fill(at, at, "serial", string(key)))
	told := sam.get(request)
	assert.Contains(t, told.HTML, `<a href="/clefs/`+string(key)+`">Une autre personne a eu la clef ?</a>`)
	assert.Contains(t, told.text(), "« Mettre en stock », puis chacun refait sa demande.")
	assert.Contains(t, told.text(), "s'il est encore utile, il repart, mis à jour")

	mail := h.refused(c.lea, request)
	assert.NotContains(t, sam.get("/assistance/envois/"+mail).HTML, "<dt>Parti</dt>")
	h.Exec(`UPDATE mail SET state = 'sent', error = '', sent_at = '2026-11-24T09:12:00Z' WHERE id = $1`, mail)
	assert.Contains(t, sam.get("/assistance/envois/"+mail).text(), "Parti Mardi 24 novembre à 10 h 12")
}

func TestAnAttachmentToASchoolThatIsNoMoreIsSaidAlikeEverywhere(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	sam := h.as(c.support)
	sam.done(sam.attaches(c.stranger.UID, okey.Deputy))
	h.Exec(`UPDATE establishment SET successor = $2 WHERE uai = $1`, scene.Tilleuls, scene.Acacias)
	for _, page := range []string{"/assistance/rattachements", "/assistance/personnes/" + c.stranger.ID.String()} {
		assert.Contains(t, sam.get(page).text(), "sans effet : l'établissement a été remplacé", page)
	}
	assert.NotContains(t, sam.get("/assistance/rattachements").text(), "en cours")
}

func TestTheStepUnderWaySaysThatSupportIsToAnswer(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	request := h.as(c.lea).asks()
	assert.Contains(t, h.as(c.lea).get(request).text(), "en cours : Réponse de la direction")
	h.Exec(`DELETE FROM assignment WHERE function IN ('chef', 'adjoint')`)
	told := h.as(c.support).get(request).text()
	assert.Contains(t, told, "La réponse de l'assistance est attendue")
	assert.Contains(t, told, "en cours : Réponse de l'assistance")
	assert.NotContains(t, told, "Réponse de la direction")
}

// Schools are named, not numbered, where keys go from one to another; and a key that nobody is lent any more says so.
func TestAKeyNamesTheSchoolsItWentBetweenAndWhyNobodyGetsIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyUntil(scene.Acacias, here().AddMonths(2))
	subject := uuid.New()
	h.Exec(`INSERT INTO key_moved (subject, serial, from_uai, to_uai, at) VALUES ($1, $2, $3, $4, now())`, subject, string(serial),
		scene.Tilleuls, scene.Acacias)
	h.Exec(`INSERT INTO key_event (serial, seq, at, reason, state, comment)
		VALUES ($1, 9, now(), 'moved', 'in_stock', 'De 0069001B à 0069002C. rééquilibrage')`, string(serial))
	sam := h.as(c.support)
	key := sam.get("/clefs/" + string(serial)).text()
	assert.Contains(t, key, "Du collège des Tilleuls (0069001B), pour le lycée des Acacias (0069002C). rééquilibrage")
	assert.Contains(t, key, "En stock, mais elle n'est plus prêtée : elle expire dans moins de 6 mois")
	assert.NotContains(t, sam.get("/clefs/"+string(h.Key(scene.Acacias))).text(), "n'est plus prêtée")
	school := sam.get("/assistance/etablissements/" + string(scene.Acacias))
	assert.Contains(t, school.HTML, `<a href="/assistance/journal?objet=`+subject.String()+`">1 clef venue du collège des Tilleuls</a>`)
	assert.Contains(t, sam.get("/assistance/etablissements/"+string(scene.Tilleuls)).text(), "1 clef partie pour le lycée des Acacias")
}

// Auditors read what is, not what to do about it: that is support's.
func TestAuditorsAreNotToldToActOnWhatTheyOnlyRead(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	inventory := uuid.New()
	h.Exec(`INSERT INTO inventory (id, uai, by_person, at, comment) VALUES ($1, $2, $3, $4, '')`, inventory, scene.Tilleuls, c.roux.ID,
		scene.Now)
	h.Exec(`INSERT INTO key_report (id, serial, uai, inventory, by_person, at, state) VALUES ($1, 'INCONNU1', $2, $3, $4, $5, 'pending')`,
		uuid.New(), scene.Tilleuls, inventory, c.roux.ID, scene.Now)
	sam, auditor := h.as(c.support), h.as(h.auditor())
	assert.Contains(t, sam.get("/assistance").text(), "Mettez chacune en stock, ou écartez-la.")
	read := auditor.get("/assistance").text()
	assert.Contains(t, read, "personne ne peut les prêter avant la réponse de l'assistance")
	assert.NotContains(t, read, "Mettez chacune en stock")
	assert.Contains(t, sam.get("/clefs/"+string(serial)).HTML, "<h1>Gérer la clef</h1>")
	assert.Contains(t, auditor.get("/clefs/"+string(serial)).HTML, "<h1>Clef</h1>")

	rows := sam.download("/assistance.xlsx")["Clefs à confirmer"]
	assert.Equal(t, []string{"INCONNU1", string(scene.Tilleuls), "Collège des Tilleuls"}, rows[1][:3],
		"what the page leads with is in its spreadsheet")

	h.Exec(`UPDATE key_report SET state = 'rejected', decided_by = $1, decided_at = now(), comment = 'doublon'`, c.support.ID)
	answered := sam.get("/assistance/clefs-a-confirmer/" + h.Text(`SELECT id::text FROM key_report`))
	assert.Contains(t, answered.text(), "Ce signalement a déjà sa réponse.")
	assert.NotContains(t, answered.HTML, "<title>Erreur", "nothing went wrong")
}

func TestSupportReadsTheNumberOfARequest(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	request := h.as(c.lea).asks()
	id := strings.TrimPrefix(request, "/demandes/")
	assert.Contains(t, h.as(c.support).get(request).HTML, "<dt>Numéro</dt><dd>"+id[:8])
	assert.NotContains(t, h.as(c.lea).get(request).HTML, "<dt>Numéro</dt>")
}

// A delivery asks for no column that it would refuse.
func TestADeliveryNamesTheColumnsThatItTakes(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	sam := h.as(c.support)
	wrong := sam.uploads("numero;lot\n1;2\n").text()
	assert.Contains(t, wrong, "La première ligne doit être : numero_de_serie;lot;date_d_expiration;uai.")
	assert.NotContains(t, wrong, "titulaire")
	assert.Contains(t, sam.get("/assistance/livraisons").text(),
		"Ou PSKC (.xml), la liste normalisée (RFC 6030) que donnent les fabricants de clefs.")
	h.Exec(`INSERT INTO delivery (id, file_name, sum, announced, state, created_at, taken_at)
		VALUES ($1, 'gros.csv', 'x', false, 'arrived', now(), now())`, uuid.New())
	h.Exec(`INSERT INTO delivery_row (delivery, line, serial, uai, batch, expires_on) SELECT d.id, n, 'G' || n, $1, 'L', '2030-01-01'
		FROM delivery d, generate_series(1, 5000) AS n`, scene.Tilleuls)
	assert.Contains(t, sam.get("/assistance/livraisons").text(), "5 000")
	assert.NotContains(t, sam.get("/assistance/livraisons/"+h.Text(`SELECT id::text FROM delivery`)).text(), " 5000")
}

package server_test

import (
	"html"
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

// finds returns the first hit of a search: where it leads; empty for none.
func (b *browser) finds(asked string) (sheet, string) {
	b.Helper()
	p := b.get("/assistance?q=" + url.QueryEscape(asked))
	require.Equal(b, http.StatusOK, p.Status, asked)
	_, after, found := strings.Cut(p.HTML, `<ul class="cards"><li><a href="`)
	if !found {
		return p, ""
	}
	path, _, _ := strings.Cut(after, `"`)
	return p, html.UnescapeString(path)
}

func TestOneBoxFindsEverythingExactHitFirst(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	rene := h.Person("Rene-Paul Lefevre", okey.Staff, scene.Tilleuls)
	h.Exec(`UPDATE person SET given_name = 'René-Paul', family_name = 'Lefèvre' WHERE id = $1`, rene.ID)
	h.Person("Léana Martinez", okey.Staff, scene.Acacias)
	h.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, changed_at)
		VALUES ('00420017', $1, 'in_stock', 'Lot 2026-B', '2030-01-01', $2), ('0042001799', $1, 'in_stock', 'B7', '2030-01-01', $2)`,
		scene.Tilleuls, scene.Now)
	request := h.as(c.lea).asks()
	id := strings.TrimPrefix(request, "/demandes/")
	support := h.as(c.support)
	placed := h.call(c.support, http.MethodPost, "/orders",
		map[string]any{"establishment": scene.Tilleuls, "quantity": 2, "comment": "rentrée"})
	order := "/commandes/" + placed.at("id").(string)
	number := h.Text(`SELECT number::text FROM key_order`)
	lea, tilleuls := "/assistance/personnes/"+c.lea.ID.String(), "/assistance/etablissements/"+string(scene.Tilleuls)
	uai := string(scene.Tilleuls)

	for asked, leads := range map[string]string{
		"Léa Martin": lea, "martin léa": lea, "MARTIN lea": lea, "lmartin": lea, "LMartin@ac-nice.fr": lea, "  léa   martin ": lea,
		"lefevre": "/assistance/personnes/" + rene.ID.String(), "Lefèvre René-Paul": "/assistance/personnes/" + rene.ID.String(),
		"rene paul": "/assistance/personnes/" + rene.ID.String(),
		uai:         tilleuls, strings.ToLower(uai): tilleuls, uai[:3] + " " + uai[3:7] + " " + uai[7:]: tilleuls,
		uai[:5] + "-" + uai[5:]: tilleuls,
		"tilleuls":              tilleuls, "Collège des Tilleuls": tilleuls, "nice tilleuls": tilleuls, "college des tilleuls": tilleuls,
		"00420017": "/clefs/00420017", "0042 0017": "/clefs/00420017", "0042-0017": "/clefs/00420017", "420017": "/clefs/00420017",
		"000420017": "/clefs/00420017", "42001799": "/clefs/0042001799",
		"lot 2026-b": "/clefs?lot=Lot+2026-B", "2026 B": "/clefs?lot=Lot+2026-B", "Lot 2026-B": "/clefs?lot=Lot+2026-B",
		id: request, id[:8]: request, strings.ToUpper(id[:8]): request, strings.ToUpper(id): request,
		number: order, "n° " + number: order, "commande n° " + number: order, "Commande " + number: order,
	} {
		p, path := support.finds(asked)
		assert.Equal(t, leads, path, "%q: %s", asked, p.text())
	}
	assert.Equal(t, 2, strings.Count(func() string {
		p, _ := support.finds("léa mart")
		return p.HTML
	}(), `<a href="/assistance/personnes/`), "parts of names find all who have them")
}

// What people type is not what is written: they leave out apostrophes, write oe, know the school by its mailbox or its postcode.
func TestTheSearchReadsWhatPeopleType(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`UPDATE establishment SET name = 'Collège L''Archet', postcode = '06200', commune = 'Nice' WHERE uai = $1`, scene.Tilleuls)
	coeur := h.Person("Maud Coeur", okey.Staff, scene.Acacias)
	h.Exec(`UPDATE person SET family_name = 'Cœur', mail = 'm@x.fr', uid = 'mc' WHERE id = $1`, coeur.ID)
	h.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, changed_at)
		VALUES ('00420017', $1, 'in_stock', 'LOT-2', '2030-01-01', $2)`, scene.Tilleuls, scene.Now)
	school, batch := "/assistance/etablissements/"+string(scene.Tilleuls), "/clefs?lot=LOT-2"
	for asked, leads := range map[string]string{
		"larchet": school, "l'archet": school, "L’Archet nice": school, "college larchet": school, "06200": school, "archet 06200": school,
		"ce." + string(scene.Tilleuls) + "@ac-nice.fr": school, " CE." + strings.ToLower(string(scene.Tilleuls)) + "@AC-NICE.FR ": school,
		"coeur": "/assistance/personnes/" + coeur.ID.String(), "cœur maud": "/assistance/personnes/" + coeur.ID.String(),
		"CŒUR":  "/assistance/personnes/" + coeur.ID.String(),
		"LOT 2": batch, "lot-2": batch, "lot2": batch,
	} {
		p, path := h.as(c.support).finds(asked)
		assert.Equal(t, leads, path, "%q: %s", asked, p.text())
	}
}

// What is pasted is an address, the name of a workflow, a line of a list, or a name as a letter has it.
func TestTheSearchReadsWhatPeoplePaste(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`UPDATE establishment SET name = 'Collège Les Mimosas' WHERE uai = $1`, scene.Tilleuls)
	h.Exec(`UPDATE establishment SET name = 'Lycée Sainte-Odile' WHERE uai = $1`, scene.Acacias)
	request := h.as(c.lea).asks()
	id := strings.TrimPrefix(request, "/demandes/")
	order := strings.TrimPrefix(h.order(c.roux, 2, "rentrée"), "/orders/")
	h.keysCome(c, "00481001")
	delivery := h.Text(`SELECT id::text FROM delivery`)
	roux := h.as(c.roux)
	roux.done(roux.post("/inventaire", roux.fill("/inventaire", "/inventaire", "serials", "INCONNU02").form(t, "/inventaire")))
	report := "/assistance/clefs-a-confirmer/" + h.Text(`SELECT id::text FROM key_report`)
	lea := "/assistance/personnes/" + c.lea.ID.String()
	mimosas := "/assistance/etablissements/" + string(scene.Tilleuls)
	odile := "/assistance/etablissements/" + string(scene.Acacias)
	for asked, leads := range map[string]string{
		"demande " + id[:8]: request, "Demande n° " + id: request, h.URL + request + "?fait=x": request, "key-request-" + id: request,
		"commande " + order[:8]: "/commandes/" + order, "order-" + order: "/commandes/" + order,
		"https://okey/commandes/" + order: "/commandes/" + order,
		delivery:                          "/assistance/livraisons/" + delivery,
		"livraison " + delivery[:8]:       "/assistance/livraisons/" + delivery,
		"INCONNU02":                       report, "inconnu-02": report,
		"ce." + strings.ToLower(string(scene.Tilleuls)): mimosas,
		"Martin, Léa": lea, "Mme Martin": lea, "madame Léa Martin": lea, "M. Roux": "/assistance/personnes/" + c.roux.ID.String(),
		"<lmartin@ac-nice.fr>": lea, "Léa Martin <lmartin@ac-nice.fr>": lea,
		"clg mimosas": mimosas, "ste odile": odile, "lyc. ste-odile": odile,
	} {
		p, path := h.as(c.support).finds(asked)
		assert.Equal(t, leads, path, "%q: %s", asked, p.text())
	}
	h.Exec(`UPDATE establishment SET name = 'CLG ST EXUPERY' WHERE uai = $1`, scene.Tilleuls)
	_, path := h.as(c.support).finds("collège saint exupéry")
	assert.Equal(t, mimosas, path)
}

func TestASearchThatFindsNothingSaysWhatToTry(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`INSERT INTO establishment_left_out (uai, name, reason) VALUES ('0061565U', 'École des Pins', 'first_degree')`)
	support := h.as(c.support)
	for asked, said := range map[string]string{
		"Personne d'ici":           "Essayez avec moins de lettres",
		"0061565u":                 "École des Pins (0061565U) n'est pas dans OKEY : premier degré.",
		"0061565X":                 "la lettre est U, pas X",
		"61565U":                   "Vouliez-vous écrire 0061565U ?",
		"\x00":                     "essayez avec un nom ou un numéro",
		"%":                        "Rien.",
		"'":                        "Rien.",
		"<script>":                 "Rien.",
		strings.Repeat("a", 3000):  "C'est trop long",
		"ffffffff":                 "Rien.",
		"99999999999999999999999":  "Rien.",
		"commande n° 999999999999": "Rien.",
	} {
		p, path := support.finds(asked)
		assert.Empty(t, path, asked)
		assert.Contains(t, p.text(), said, asked)
		assert.NotContains(t, p.HTML, "<script>alert")
	}
}

func TestAListOfHitsIsShortAndSaysSo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`INSERT INTO person (uid, family_name, given_name, mail, created_at)
		SELECT 'dup' || n, 'Dupont', 'Jean', 'dup' || n || '@ac-nice.fr', now() FROM generate_series(1, 30) AS n`)
	p, _ := h.as(c.support).finds("dupont")
	assert.Equal(t, 10, strings.Count(p.HTML, `<a href="/assistance/personnes/`))
	assert.Contains(t, p.text(), "Il y en a d'autres : précisez la recherche.")
	p, first := h.as(c.support).finds("dup17")
	assert.Equal(t, "/assistance/personnes/"+h.Text(`SELECT id::text FROM person WHERE uid = 'dup17'`), first, p.text())
}

func TestSupportAndAuditorsSearchFromEveryPage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	auditor := h.Person("Aude Itrice", okey.Staff)
	h.Exec(`UPDATE person SET auditor = true WHERE id = $1`, auditor.ID)
	request := h.as(c.lea).asks()
	for _, path := range []string{
		"/", "/assistance", request, "/clefs", "/commandes", "/assistance/journal", "/assistance/rattachements",
		"/assistance/personnes/" + c.lea.ID.String(),
	} {
		for _, who := range []okey.Person{c.support, auditor} {
			assert.Equal(t, 1, strings.Count(h.as(who).get(path).HTML, `action="/assistance" role="search"`), "%s, %s", path, who.Name())
		}
	}
	for _, who := range []okey.Person{c.lea, c.roux} {
		assert.NotContains(t, h.as(who).get("/").HTML, `action="/assistance"`, who.Name())
		assert.Equal(t, http.StatusNotFound, h.as(who).get("/assistance?q=martin").Status, who.Name())
	}
	assert.Contains(t, h.as(auditor).get("/assistance?q=martin").text(), "Léa Martin")
}

// What OKEY itself shows leads back to what it is about: a school as its page names it, a key as mails do, an address, the name
// of a workflow, the beginning of an id in the audit.
func TestTheSearchFindsWhatOKEYItselfShows(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`UPDATE establishment SET name = 'Collège Les Mimosas', commune = 'Nice' WHERE uai = $1`, scene.Tilleuls)
	dalembert := h.Person("Jean Dalembert", okey.Staff, scene.Acacias)
	h.Exec(`UPDATE person SET family_name = 'd''Alembert', uid = 'jd', mail = 'jd@ac-nice.fr' WHERE id = $1`, dalembert.ID)
	for _, serial := range []string{"DEMO000103", "DEMO000104"} {
		h.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, changed_at) VALUES ($1, $2, 'in_stock', 'L1', '2030-01-01', $3)`,
			serial, scene.Tilleuls, scene.Now)
	}
	request := h.as(c.lea).asks()
	id := strings.TrimPrefix(request, "/demandes/")
	placed := strings.TrimPrefix(h.order(c.roux, 2, "rentrée"), "/orders/")
	number := h.Text(`SELECT number::text FROM key_order WHERE id = $1`, placed)
	h.keysCome(c, "00481001")
	delivery, file := h.Text(`SELECT id::text FROM delivery`), h.Text(`SELECT file_name FROM delivery`)
	mail := uuid.NewString()
	moved := uuid.NewString()
	proposal := uuid.NewString()
	succession := uuid.NewString()
	inventory := uuid.NewString()
	act := uuid.NewString()
	h.Exec(`INSERT INTO mail (id, kind, ref, person, address, message_id, subject, state, created_at)
		VALUES ($1, 'charter', 1, $2, 'lea.ancienne@ac-nice.fr', 'm1', 'Une clef à remettre à Léa Martin', 'sent', now())`, mail, c.lea.ID)
	h.Exec(`INSERT INTO key_moved (subject, serial, from_uai, to_uai, at) VALUES ($1, 'DEMO000103', $2, $3, now())`, moved, scene.Acacias,
		scene.Tilleuls)
	h.Exec(`INSERT INTO key_move (id, serial, holder, from_uai, to_uai, state, proposed_by, proposed_at)
		VALUES ($1, 'DEMO000104', $2, $3, $4, 'proposed', $2, now())`,
		proposal, c.lea.ID, scene.Tilleuls, scene.Acacias)
	h.Exec(`INSERT INTO succession (id, from_uai, to_uai, at, comment) VALUES ($1, $2, $3, now(), 'fusion')`, succession, scene.Acacias,
		scene.Tilleuls)
	h.Exec(`INSERT INTO inventory (id, uai, at, comment) VALUES ($1, $2, now(), '')`, inventory, scene.Tilleuls)
	acted := func(key, subject any) string {
		act = uuid.NewString()
		h.Exec(`INSERT INTO action (id, key, subject, name, via, content, digest, created_at)
			VALUES ($1, $2, $3, 'x', 'web', '{}', '', now())`, act, key, subject)
		return act
	}
	lea := "/assistance/personnes/" + c.lea.ID.String()
	mimosas := "/assistance/etablissements/" + string(scene.Tilleuls)
	uai := string(scene.Tilleuls)
	roux, jean := "/assistance/personnes/"+c.roux.ID.String(), "/assistance/personnes/"+dalembert.ID.String()
	for asked, leads := range map[string]string{
		"Collège Les Mimosas (" + uai + ")": mimosas, "collège Les Mimosas, Nice": mimosas, "UAI " + uai: mimosas,
		"RNE " + strings.ToLower(uai): mimosas,
		"clef n° DEMO000103":          "/clefs/DEMO000103", "n° DEMO000103": "/clefs/DEMO000103", "clef DEMO000103": "/clefs/DEMO000103",
		"SN: DEMO000103":                   "/clefs/DEMO000103",
		h.URL + "/clefs/DEMO000103?fait=x": "/clefs/DEMO000103", h.URL + mimosas: mimosas, h.URL + lea: lea,
		h.URL + "/assistance/envois/" + mail:         "/assistance/envois/" + mail,
		h.URL + "/assistance/livraisons/" + delivery: "/assistance/livraisons/" + delivery,
		h.URL + "/commandes/" + placed:               "/commandes/" + placed,
		h.URL + "/clefs?etablissement=" + uai:        mimosas,
		"mailto:lmartin@ac-nice.fr":                  lea, "M.Roux": roux, "M. Roux": roux, "Mr. Roux": roux, "Melle Martin": lea,
		"L. Martin": lea, "Léa Martin, collège Les Mimosas": lea, "martin mimosas": lea,
		"dalembert": jean, "D’Alembert": jean, "lea.ancienne@ac-nice.fr": lea,
		"(" + id[:8] + ")": request, id[:6]: request, strings.ReplaceAll(id, "-", ""): request, "la demande " + id[:8]: request,
		"Commande nº " + number: "/commandes/" + placed, "la commande " + number: "/commandes/" + placed,
		file:                                     "/assistance/livraisons/" + delivery,
		"Une clef à remettre à Léa Martin":       lea,
		"key-change-" + acted("DEMO000104", nil): "/clefs/DEMO000104", "mail-resend-" + acted(nil, mail): "/assistance/envois/" + mail,
		"key-move-" + acted(nil, moved): "/clefs/DEMO000103", "take-along-" + acted("DEMO000104", proposal): "/deplacements/" + proposal,
		"delivery-" + acted(nil, delivery):     "/assistance/livraisons/" + delivery,
		"succession-" + acted(nil, succession): "/assistance/succession/" + succession,
		"inventory-" + acted(nil, inventory):   "/inventaire/" + inventory, "cancellation-" + acted(nil, placed): "/commandes/" + placed,
		"Succession " + succession[:8]: "/assistance/succession/" + succession, proposal[:8]: "/deplacements/" + proposal,
		"Inventaire " + inventory[:8]: "/inventaire/" + inventory,
	} {
		p, path := h.as(c.support).finds(asked)
		assert.Equal(t, leads, path, "%q: %s", asked, p.text())
	}
	for asked, both := range map[string][]string{
		"DEMO000103 DEMO000104":                {`"/clefs/DEMO000103"`, `"/clefs/DEMO000104"`},
		"DEMO000103, DEMO000104":               {`"/clefs/DEMO000103"`, `"/clefs/DEMO000104"`},
		"lmartin@ac-nice.fr; mroux@ac-nice.fr": {lea, roux},
	} {
		p, _ := h.as(c.support).finds(asked)
		for _, path := range both {
			assert.Contains(t, p.HTML, path, asked)
		}
	}
}

func TestPeopleOfOneNameAreToldApartByWhereTheyWork(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Person("Léa Martin2", okey.Principal, scene.Acacias)
	gone := h.Person("Léa Martin3", okey.Staff, scene.Acacias)
	h.Exec(`UPDATE person SET family_name = 'Martin', mail = '' WHERE uid IN ('lmartin2', 'lmartin3')`)
	h.Exec(`UPDATE assignment SET until = '2020-01-01' WHERE person = $1`, gone.ID)
	p, _ := h.as(c.support).finds("martin")
	assert.Contains(t, p.text(), "lmartin · lmartin@ac-nice.fr · personnel au collège des Tilleuls")
	assert.Contains(t, p.text(), "lmartin2 · chef d'établissement au ")
	assert.Regexp(t, `lmartin3</p>`, p.HTML, "of whom no school is known any more")
}

// What is pasted from a mail or a list comes with its quotation marks, the end of its sentence, marks that nobody sees, and a
// school's code.
func TestTheSearchReadsWhatIsPasted(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, changed_at)
		VALUES ('DEMO000105', $1, 'in_stock', 'L1', '2030-01-01', $2)`, scene.Acacias, scene.Now)
	support, lea, key := h.as(c.support), "/assistance/personnes/"+c.lea.ID.String(), "/clefs/DEMO000105"
	for asked, leads := range map[string]string{
		"DEMO000105.": key, "n°DEMO000105": key, "Clef n°DEMO000105 perdue": key, "J'ai perdu «DEMO000105».": key,
		"Léa Martin.": lea, "“Léa Martin”": lea, "«Léa Martin»": lea, "« Léa Martin »": lea, "\u200bLéa Martin": lea,
		"\ufeffLéa Martin": lea,
		"…":                "", "«»": "",
	} {
		p, path := support.finds(asked)
		assert.Equal(t, leads, path, "%q: %s", asked, p.text())
	}
	for _, asked := range []string{
		"Léa Martin " + string(scene.Tilleuls), "Lea MARTIN (" + string(scene.Tilleuls) + ")",
		"martin léa " + strings.ToLower(string(scene.Tilleuls)),
	} {
		p, _ := support.finds(asked)
		assert.Contains(t, p.HTML, `"`+lea+`"`, asked)
		assert.Contains(t, p.HTML, `"/assistance/etablissements/`+string(scene.Tilleuls)+`"`, asked)
	}
	h.Exec(`INSERT INTO person (uid, family_name, given_name, mail, created_at)
		SELECT 'dup' || n, 'Martin', 'Léa', 'dup' || n || '@ac-nice.fr', now() FROM generate_series(1, 30) AS n`)
	p, _ := support.finds("Léa Martin (" + string(scene.Tilleuls) + ")")
	assert.Contains(t, p.HTML, `"`+lea+`"`, "of many of one name, who works there comes first")
}

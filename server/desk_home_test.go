package server_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

// A mail that came back is somebody's: where they work is said, and the address beside what is wrong with it.
func TestABouncedMailIsAtTheSchoolOfItsReader(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	asked := strings.TrimPrefix(h.as(c.lea).asks(), "/demandes/")
	both := h.Person("Ines Deux", okey.Deputy, scene.Acacias, scene.Tilleuls)
	h.Exec(`UPDATE request SET since = now()`)
	bounced := func(request, to any, address string) {
		h.Exec(`INSERT INTO mail (id, request, kind, ref, person, address, message_id, error, state, created_at)
			VALUES (gen_random_uuid(), $1, 'low_stock', 7, $2, $3, gen_random_uuid()::text, '550 5.1.1 unknown', 'failed', now())`, request, to, address)
	}
	for _, mail := range []struct {
		request, to any
		address, at string
	}{
		{asked, c.lea.ID, "lea@ac-nice.fr", "Collège des Tilleuls"},
		{asked, both.ID, "ines@ac-nice.fr", "Collège des Tilleuls"}, // of her two, the one that she would have read of
		{nil, c.stranger.ID, "zoe@ac-nice.fr", "Lycée des Acacias"},
		{nil, nil, "ce.0069002C@ac-nice.fr", "Lycée des Acacias"},
		{nil, nil, "assistance@ac-nice.fr", ""},
	} {
		h.Exec(`DELETE FROM mail WHERE state = 'failed'`)
		bounced(mail.request, mail.to, mail.address)
		where := strings.TrimSpace(mail.at + " " + okey.DayOf(time.Now(), okey.ZoneOf("")).Time().Format("02/01/2006"))
		assert.Regexp(t, `À `+mail.address+` : cette adresse n'existe pas `+where, h.as(c.support).get("/assistance").text())
	}
}

// Support begins where it works: one queue, what has waited longest first, and of each thing who was told and what to do.
func TestSupportsHomeIsOneQueueThatTellsWhoWasTold(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	asked := strings.TrimPrefix(h.as(c.lea).asks(), "/demandes/")
	h.Exec(`UPDATE request SET since = now() - interval '9 days'`)
	letter := func(kind string, to any, address string) {
		h.Exec(`INSERT INTO mail (id, request, kind, ref, person, address, message_id, state, created_at)
			VALUES (gen_random_uuid(), $1, $2, 7, $3, $4, gen_random_uuid()::text, 'sent', now())`, asked, kind, to, address)
	}
	letter("decision_late", nil, "assistance@ac-nice.fr")
	order := strings.TrimPrefix(h.shipped(c, 4), "/commandes/")
	h.Exec(`INSERT INTO mail (id, subject_id, kind, ref, person, address, message_id, subject, state, created_at)
		VALUES ($1, $2, 'order_overdue', 1, $3, 'roux@ac-nice.fr', 'm1', 'Une commande tarde', 'sent', $4)`, uuid.New(), order, c.roux.ID, time.Now())
	h.Exec(`UPDATE key_order SET exported_at = now() - interval '20 days'`)

	today := okey.DayOf(time.Now(), okey.ZoneOf("")).Time().Format("02/01")
	for _, path := range []string{"/", "/assistance"} {
		page := h.as(c.support).get(path)
		assert.Regexp(t, `2 à débloquer 1 demande sans réponse depuis 5 jours \+ 1 en une semaine `+
			`0 établissement où des demandes attendent une clef comme il y a une semaine 1 commande en retard \+ 1 en une semaine`, page.text(), path)
		assert.Regexp(t, `Quoi Où Depuis Prévenu À faire Commande n° 1 en retard : 4 clefs, .{1,40} Collège des Tilleuls [\d/]+ Marc Roux, `+today+
			` Ouvrir la commande .*Léa Martin : en attente de réponse Collège des Tilleuls [\d/]+ L'assistance, `+today+` Ouvrir la demande`, page.text(), path)
		assert.Regexp(t, `Marc Roux, <time datetime="[^"]+">`+today+`</time>`, page.HTML)
		for what, path := range map[string]string{
			"à débloquer": "#file", "sans réponse depuis 5 jours": "/demandes?etape=awaiting_decision&amp;depuis=5",
			"où des demandes attendent une clef": "/demandes?etape=awaiting_stock", "en retard": "/assistance?sorte=commandes#file",
		} {
			assert.Regexp(t, `<a href="`+regexp.QuoteMeta(path)+`"><strong>\d</strong> [^<]*`+what+`</a>`, page.HTML, "a figure leads to its rows")
		}
		assert.Regexp(t, `Suivre Tableau de bord .* Stock Livraisons .* Personnes Personnes rattachées`, page.text(), path)
	}
	assert.NotContains(t, h.as(h.auditor()).get("/assistance").text(), "Ouvrir la demande", "who audits looks")
	ago := okey.DayOf(time.Now(), okey.ZoneOf("")).AddDays(-7)
	for before, said := range map[int]string{0: `\+ 2 en une semaine`, 2: "comme il y a une semaine", 5: "− 3 en une semaine"} {
		h.Exec(`DELETE FROM stuck_on`)
		h.Exec(`INSERT INTO stuck_on (day, count) VALUES ($1, $2), ($3, 99)`, ago.String(), before, ago.AddDays(1).String())
		assert.Regexp(t, `2 à débloquer `+said+` 1 demande`, h.as(c.support).get("/assistance").text())
	}

	sam := h.as(c.support)
	all := sam.get("/assistance")
	assert.Len(t, namesOn(all), 2)
	assert.Contains(t, all.HTML, `<a href="/assistance#file" aria-current="true">Tout</a>`)
	assert.Contains(t, all.HTML, `<a href="/assistance?sorte=remontees#file">1 demande remontée</a>`)
	one := sam.get("/assistance?sorte=remontees")
	assert.Equal(t, []string{"Léa Martin : en attente de réponse"}, namesOn(one), "a kind's chip shows its rows alone")
	assert.Contains(t, one.HTML, `<a href="/assistance?sorte=remontees#file" aria-current="true">`)
	assert.Contains(t, one.text(), "2 à débloquer", "the figures stay those of all")
	assert.NotContains(t, one.HTML, `<section id="commandes"`)
	assert.Len(t, namesOn(sam.get("/assistance?sorte=ailleurs")), 2, "what is none narrows nothing")

	h.Exec(`UPDATE stuck_on SET count = 5 WHERE day = $1`, ago.String())
	h.Exec(`INSERT INTO mail (id, kind, ref, address, message_id, state, created_at)
		SELECT gen_random_uuid(), 'low_stock', 1, 'a@b', gen_random_uuid()::text, 'failed', now() FROM generate_series(1, 60)`)
	assert.Regexp(t, `52 et plus à débloquer \+ 57 en une semaine `, sam.get("/assistance").text(), "more than the page shows of a kind")
}

// Support's figure of late answers leads to those requests, and to no others.
func TestSupportsHomeHasTheReceiversThatTakeNothing(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`INSERT INTO webhook_receiver (id, name, address, state, position, failing_since, last_status, last_error) VALUES
		(gen_random_uuid(), 'portail', 'portail.test', 'stopped', 0, now() - interval '5 days', 500, 'status'),
		(gen_random_uuid(), 'lent', 'lent.test', 'active', 0, now() - interval '61 minutes', 0, 'timeout'),
		(gen_random_uuid(), 'passager', 'passager.test', 'active', 0, now() - interval '59 minutes', 0, 'timeout'),
		(gen_random_uuid(), 'retire', 'retire.test', 'absent', 0, now() - interval '5 days', 0, 'timeout')`)
	home := h.as(c.support).get("/assistance")
	assert.Contains(t, home.text(), "Récepteur portail : arrêté")
	assert.Contains(t, home.text(), "Il a répondu 500.")
	assert.Contains(t, home.text(), "Récepteur lent : en échec")
	assert.NotContains(t, home.text(), "passager")
	assert.NotContains(t, home.text(), "retire.test")
	assert.Contains(t, home.HTML, `href="/assistance/recepteurs/`+h.Text(`SELECT id FROM webhook_receiver WHERE name = 'portail'`)+`"`)
}

func TestRequestsAreNarrowedByHowLongTheyHaveWaited(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for name, days := range map[string]int{"Ève Première": 6, "Paul Second": 4} {
		page := h.as(h.Person(name, okey.Staff, scene.Tilleuls)).asks()
		h.Exec(`UPDATE request SET since = now() - $2 * interval '1 day' WHERE id = $1`, strings.TrimPrefix(page, "/demandes/"), days)
	}
	sam := h.as(c.support)
	late := sam.get("/demandes?etape=awaiting_decision&depuis=5")
	assert.Equal(t, []string{"Ève Première"}, namesOn(late))
	assert.Contains(t, late.text(), "À répondre 1 En attente d'une clef 0")
	assert.Contains(t, late.HTML, `<option value="5" selected>5 jours ou plus</option>`, "who reads it can take that back")
	assert.Contains(t, late.HTML, `href="/demandes.xlsx?depuis=5&amp;etape=awaiting_decision"`)
	assert.Len(t, sam.download("/demandes.xlsx?depuis=5&etape=awaiting_decision")["Demandes"], 2, "with its heading")
	assert.Len(t, namesOn(sam.get("/demandes?etape=awaiting_decision&depuis=7")), 2, "what is not offered filters nothing")
	assert.Contains(t, sam.get("/").text(), "1 demande sans réponse depuis 5 jours")
}

var rowHeads = regexp.MustCompile(`<th scope="row"[^>]*>(?:<a[^>]*>)?(?:<span[^>]*>)?([^<]*)`)

func namesOn(p sheet) []string {
	var names []string
	for _, m := range rowHeads.FindAllStringSubmatch(p.HTML, -1) {
		names = append(names, m[1])
	}
	return names
}

// The auditor's home is the journal, with the state of its chain: intact, or where it is not.
func TestTheAuditorsHomeIsTheJournalAndTheStateOfItsChain(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.as(c.lea).asks()
	auditor := h.as(h.auditor())
	home := auditor.get("/")
	assert.Regexp(t, `Chaîne intacte : [\d ]+ lignes?, vérifiées? à l'instant\.`, home.text())
	assert.Contains(t, home.HTML, "<h1>Journal d&#39;audit</h1>")
	assert.Contains(t, home.HTML, `href="/assistance/journal.xlsx"`)
	h.Exec(`UPDATE audit SET key_version = 9 WHERE seq = 1`) // as after a rotation that this server has not heard of
	unknown := auditor.get("/").text()
	assert.Contains(t, unknown, "La chaîne du journal n'est pas vérifiée : la clef d'audit n° 9")
	assert.NotContains(t, unknown, "rompue")
	h.Exec(`UPDATE audit SET key_version = 1 WHERE seq = 1`)
	h.Exec(`UPDATE audit SET detail = 'refused' WHERE seq = 1`)
	for _, path := range []string{"/", "/assistance/journal"} {
		broken := auditor.get(path).text()
		assert.Contains(t, broken, "La chaîne du journal est rompue : l'entrée 1 du journal a été modifiée ou déplacée.")
		assert.NotContains(t, broken, "Chaîne intacte")
	}
}

// Requests stand under what they wait for, counted; the oldest first while they are open, the latest first once they have ended.
func TestRequestsStandInTabsByWhatTheyWaitFor(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for i, name := range []string{"Ève Première", "Paul Second", "Jean-Baptiste Tiers"} {
		page := h.as(h.Person(name, okey.Staff, scene.Tilleuls)).asks()
		h.Exec(`UPDATE request SET since = now() - $2 * interval '1 day' WHERE id = $1`, strings.TrimPrefix(page, "/demandes/"), 9-i)
	}
	h.as(c.stranger).asks()
	h.as(c.roux).asks()
	roux := h.as(c.roux)
	page := roux.get("/demandes")
	assert.Contains(t, page.text(), "À répondre 3 En attente d'une clef 0 À signer 0 À remettre 0 Terminées 0 Les miennes 1 ")
	assert.Equal(t, []string{"Ève Première", "Paul Second", "Jean-Baptiste Tiers"}, namesOn(page))
	assert.Contains(t, page.HTML, `href="/demandes.xlsx?etape=awaiting_decision"`, "the download is of the tab that is shown")
	assert.Equal(t, 3, strings.Count(page.text(), "Répondre à ")-strings.Count(page.text(), "Répondre à plusieurs"))
	assert.NotContains(t, page.text(), "Établissement", "there is one")
	assert.Contains(t, roux.get("/demandes?etape=miennes").text(), "Marc Roux")
	assert.Contains(t, h.as(c.blanc).get("/demandes").text(), "À répondre 4 ", "the head's own is the deputy's to answer")

	found := roux.get("/demandes?q=jean-baptiste")
	assert.Equal(t, []string{"Jean-Baptiste Tiers"}, namesOn(found))
	assert.Contains(t, found.text(), "À répondre 1 ")
	h.Exec(`UPDATE request SET stage = 'refused', since = now(), closed_at = now() WHERE person IN (SELECT id FROM person WHERE family_name = 'Tiers')`)
	h.Exec(`UPDATE request SET stage = 'withdrawn', since = now() - interval '1 day', closed_at = now() - interval '1 day'
		WHERE person IN (SELECT id FROM person WHERE family_name = 'Second')`)
	ended := roux.get("/demandes?etape=terminees")
	assert.Equal(t, []string{"Jean-Baptiste Tiers", "Paul Second"}, namesOn(ended))
	assert.Equal(t, []string{"Paul Second"}, namesOn(roux.get("/demandes?etape=withdrawn")))
	assert.Equal(t, []string{"Jean-Baptiste Tiers"}, namesOn(roux.get("/demandes?q=tiers")), "a tab that has something is shown")
	assert.Contains(t, h.as(c.support).get("/demandes").text(), "Établissement")
	assert.NotContains(t, h.as(c.lea).get("/demandes").text(), "Terminées", "who asks alone has one list")
}

// A school's page has a few of each, and leads to the whole: its mails are a list of their own.
func TestASchoolsPageLeadsToAllOfItsMails(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	asked := strings.TrimPrefix(h.as(c.lea).asks(), "/demandes/")
	away := strings.TrimPrefix(h.as(c.stranger).asks(), "/demandes/")
	for i := range 30 {
		h.Exec(`INSERT INTO mail (id, request, kind, ref, person, address, message_id, subject, state, created_at)
			VALUES (gen_random_uuid(), $1, 'reminder', $2, $3, 'r@ac-nice.fr', gen_random_uuid()::text, 'Rappel ' || $4, 'sent', now())`,
			asked, 100+i, c.roux.ID, i)
	}
	h.Exec(`INSERT INTO mail (id, request, kind, ref, address, message_id, subject, state, created_at)
		VALUES (gen_random_uuid(), $1, 'reminder', 1, 'autre@ac-nice.fr', 'x', 'Ailleurs', 'sent', now())`, away)
	sam := h.as(c.support)
	all := "/assistance/envois?etablissement=" + string(scene.Tilleuls)
	school := sam.get("/assistance/etablissements/" + string(scene.Tilleuls))
	assert.Contains(t, school.HTML, `href="`+all+`">Tous ses courriels</a>`)
	assert.Equal(t, 5, strings.Count(school.HTML, `href="/assistance/envois/`))
	list := sam.get(all)
	assert.Regexp(t, `3\d courriels`, list.text())
	assert.NotContains(t, list.text(), "autre@ac-nice.fr")
	second := sam.get(nextPage(t, list))
	assert.Equal(t, tableRow.FindAllString(list.HTML, -1), tableRow.FindAllString(sam.get(pageBefore(t, second)).HTML, -1))
	assert.Contains(t, sam.get("/assistance/envois").text(), "autre@ac-nice.fr")
	assert.GreaterOrEqual(t, len(sam.download(strings.Replace(all, "?", ".xlsx?", 1))["Courriels"]), 31)
}

// Of requests, keys and people a school's page shows five each, and leads to all of them.
func TestASchoolsPageShowsFiveOfEach(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for i, name := range []string{"Ada", "Bea", "Cora", "Dora", "Eva", "Fania"} {
		who := h.Person(name+" Nouvelle", okey.Staff, scene.Tilleuls)
		page := h.as(who).asks()
		h.Exec(`UPDATE request SET since = now() - $2 * interval '1 day' WHERE id = $1`, strings.TrimPrefix(page, "/demandes/"), i)
		serial := h.Key(scene.Tilleuls)
		h.Exec(`UPDATE key SET state = 'in_service', holder = $2, expires_on = current_date + $3::integer WHERE serial = $1`,
			string(serial), h.Person(name+" Tenante", okey.Staff, scene.Acacias).ID, 100-21*i)
	}
	h.as(c.stranger).asks()
	page := h.as(c.support).get("/assistance/etablissements/" + string(scene.Tilleuls))
	text := page.text()
	assert.Regexp(t, `En cours, les plus anciennes d'abord Fania Nouvelle .* Eva Nouvelle .* Dora Nouvelle .* Cora Nouvelle .* Bea Nouvelle `, text)
	assert.NotContains(t, text, "Ada Nouvelle « ", "the sixth is a link away")
	assert.NotContains(t, text, "Zoé Ailleurs «")
	assert.Contains(t, page.HTML, `<a href="/demandes?etablissement=0069001B">Toutes ses demandes</a>`)
	assert.Regexp(t, `les premières à expirer \w+ Fania Tenante a expiré [^«]* Eva Tenante expire .* Dora Tenante .* Cora Tenante .* Bea Tenante `, text)
	assert.NotContains(t, text, "Ada Tenante")
	assert.Contains(t, page.HTML, `<a href="/clefs?etablissement=0069001B">Toutes ses clefs</a>`)
	named, others, found := strings.Cut(page.HTML, "<summary>Voir les autres personnes</summary>")
	assert.True(t, found)
	_, named, _ = strings.Cut(named, "Qui y travaille")
	assert.Equal(t, 5, strings.Count(named, `<th scope="row"`))
	assert.Contains(t, others, `<th scope="row"`)
}

// Where an order stands is seen by shape and colour, and which of those under way are late.
func TestOrdersShowTheirStateAndWhichAreLate(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	late := strings.TrimPrefix(h.shipped(c, 4), "/commandes/")
	h.order(c.roux, 2, "rentrée")
	page := h.as(c.roux).get("/commandes").HTML
	assert.Contains(t, page, `<span class="tag placed">enregistrée</span>`)
	assert.NotContains(t, page, "en retard")
	h.Exec(`INSERT INTO mail (id, subject_id, kind, ref, address, message_id, subject, state, created_at)
		VALUES ($1, $2, 'order_overdue', 1, 'aide@ac-nice.fr', 'm1', 'Une commande tarde', 'sent', now())`, uuid.New(), late)
	page = h.as(c.roux).get("/commandes").HTML
	assert.Regexp(t, `<span class="tag (exported|shipped)">[^<]+</span> <strong class="alarm">en retard</strong>`, page)
	assert.Equal(t, 1, strings.Count(page, "en retard"))
	h.Exec(`UPDATE key_order SET state = 'received', received = quantity, closed_at = now() WHERE id = $1`, late)
	assert.NotContains(t, h.as(c.roux).get("/commandes").HTML, "en retard", "it has come")
}

// The journal says how many lines it has, or what is looked for.
func TestTheJournalIsCounted(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for range 15 {
		h.order(c.roux, 1, "rentrée")
	}
	auditor, n := h.as(h.auditor()), h.Count(`SELECT count(*) FROM audit`)
	assert.Greater(t, n, 25)
	for _, path := range []string{"/", "/assistance/journal"} {
		assert.Contains(t, auditor.get(path).HTML, `<p class="counted">`+okey.SayCount(n, "ligne")+`</p>`, path)
	}
	assert.Contains(t, auditor.get("/assistance/journal?objet=zzz").text(), "Rien ici")
	placed := auditor.get("/assistance/journal?du=" + here().AddDays(1).String())
	assert.NotContains(t, placed.HTML, `class="counted"`)
	second := auditor.get(nextPage(t, auditor.get("/assistance/journal")))
	assert.Contains(t, second.HTML, `<p class="counted">`+okey.SayCount(n, "ligne")+`</p>`, "on each page")
}

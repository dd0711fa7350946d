package server_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	listedSerial = regexp.MustCompile(`data-label="Numéro de série"><span class="one-line">([0-9A-Z]+)<`)
	nextLink     = regexp.MustCompile(`<a href="([^"]*)">Page suivante</a>`)
)

// leafed are the serials of a list, all its pages through.
func (b *browser) leafed(path string) []string {
	b.Helper()
	var pages [][]string
	for range 30 {
		p := b.get(path)
		require.Equal(b, http.StatusOK, p.Status, p.text())
		pages = append(pages, serialsOn(p))
		next := nextLink.FindStringSubmatch(p.HTML)
		if next == nil {
			b.leafedBack(p, pages)
			return slices.Concat(pages...)
		}
		path = html.UnescapeString(next[1])
	}
	b.Fatal("the list has no end")
	return nil
}

// leafedBack goes back from the last page, by the same pages.
func (b *browser) leafedBack(p sheet, pages [][]string) {
	b.Helper()
	for n := len(pages) - 2; n >= 0; n-- {
		p = b.get(pageBefore(b, p))
		require.Equal(b, pages[n], serialsOn(p), "page %d, coming back", n)
	}
	require.NotContains(b, p.HTML, "Page précédente")
}

func serialsOn(p sheet) []string {
	var serials []string
	for _, m := range listedSerial.FindAllStringSubmatch(p.HTML, -1) {
		serials = append(serials, m[1])
	}
	return serials
}

var orders = []string{"", "serie", "titulaire", "etat", "lot", "expiration", "connexion", "etablissement"}

// manyKeys fills both schools with n keys that are much alike, and returns all serials and those of the Tilleuls.
func manyKeys(h *house, holders []okey.Person, n int, alike func(i, kinds int) int) (all, here []string) {
	h.Helper()
	h.Exec(`DELETE FROM key`)
	var schools, states, batches, days, people, seen []string
	for i := range n {
		serial := fmt.Sprintf("%04dX%d", i, alike(i, 3))
		uai := []okey.UAI{scene.Tilleuls, scene.Acacias}[alike(i, 2)]
		state := []string{"in_stock", "lost", "in_service"}[alike(i, 3)]
		holder, login := "", ""
		if state == "in_service" {
			holder = holders[alike(i, len(holders))].ID.String()
			login = []string{"", "2026-11-24 09:12Z", "2026-11-23 09:12Z"}[alike(i, 3)]
		}
		all, schools, states = append(all, serial), append(schools, string(uai)), append(states, state)
		batches = append(batches, []string{"", "L1", "l2", "Été"}[alike(i, 4)])
		days = append(days, okey.NewDay(2027, time.January, 1+alike(i, 3)).String())
		people, seen = append(people, holder), append(seen, login)
		if uai == scene.Tilleuls {
			here = append(here, serial)
		}
	}
	h.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, holder, last_login_at, changed_at)
		SELECT s, u, t, b, d, nullif(p, '')::uuid, nullif(l, '')::timestamptz, $8
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::text[], $7::text[]) AS k (s, u, t, b, d, p, l)`,
		pq.Array(all), pq.Array(schools), pq.Array(states), pq.Array(batches), pq.Array(days), pq.Array(people), pq.Array(seen), scene.Now)
	return all, here
}

func TestEveryOrderListsEveryKeyExactlyOnce(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	people := []okey.Person{c.lea, c.blanc, h.Person("Élodie Zola", okey.Staff, scene.Tilleuls)}
	rapid.Check(t, func(r *rapid.T) {
		all, here := manyKeys(h, people, rapid.IntRange(0, 30).Draw(r, "keys"), func(_, kinds int) int {
			return rapid.IntRange(0, kinds-1).Draw(r, "kind")
		})
		page := rapid.IntRange(1, 9).Draw(r, "page")
		sort := rapid.SampledFrom([]sql.KeySort{
			sql.BySerial, sql.ByHolder, sql.ByState, sql.ByBatch, sql.ByExpiry, sql.ByLastLogin, sql.ByEstablishment,
		}).Draw(r, "sort")
		list := func(reach sql.Reach, descending bool) (serials []string) {
			f := sql.KeyFilter{Sort: sort, Descending: descending, Limit: page}
			for len(serials) <= len(all) {
				found, err := h.Store.ListKeys(context.Background(), reach, f)
				require.NoError(r, err)
				if len(found) == 0 {
					return serials
				}
				for _, k := range found {
					serials = append(serials, string(k.Serial))
					f.AfterSerial, f.AfterPlace = k.Serial, k.Place
				}
			}
			return serials
		}
		up, down := list(sql.Reach{All: true}, false), list(sql.Reach{All: true}, true)
		require.ElementsMatch(r, all, up)
		slices.Reverse(down)
		require.Equal(r, up, down, "the other way round is the same order")
		require.ElementsMatch(r, here, list(sql.Reach{UAIs: []okey.UAI{scene.Tilleuls}}, false))
	})
}

func TestEveryPageOfEveryOrderLeadsToTheNext(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	all, here := manyKeys(h, []okey.Person{c.lea, c.blanc}, 60, func(i, kinds int) int { return (i * i / 3) % kinds })
	roux, support := h.as(c.roux), h.as(c.support)
	for _, order := range orders {
		require.ElementsMatch(t, all, support.leafed("/clefs?tri="+order), "support, by %s", order)
		require.ElementsMatch(t, here, roux.leafed("/clefs?tri=-"+order), "the Tilleuls, by %s", order)
	}
}

// fiveKeys are keys that tell the filters apart.
func fiveKeys(h *house, c cast) (stock, lea, blanc, lost, far okey.Serial) {
	h.Helper()
	stock = h.KeyUntil(scene.Tilleuls, okey.NewDay(2028, time.June, 1))
	lea = h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2027, time.March, 1))
	blanc = h.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2029, time.March, 1))
	lost = h.KeyUntil(scene.Tilleuls, okey.NewDay(2028, time.July, 1))
	far = h.KeyOf(c.stranger, scene.Acacias, okey.NewDay(2027, time.March, 1))
	h.Exec(`UPDATE key SET state = 'lost', batch = 'L2' WHERE serial = $1`, string(lost))
	h.Exec(`UPDATE key SET last_login_at = $2 WHERE serial = $1`, string(lea), scene.Now)
	return stock, lea, blanc, lost, far
}

func TestKeysAreFilteredSearchedAndSorted(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	stock, lea, blanc, lost, far := fiveKeys(h, c)
	roux, support := h.as(c.roux), h.as(c.support)
	for query, wanted := range map[string][]okey.Serial{
		"":                                {stock, lea, blanc, lost},
		"?etat=lost":                      {lost},
		"?etat=rien":                      {stock, lea, blanc, lost},
		"?lot=L2":                         {lost},
		"?expire=2028-07-01":              {stock, lea},
		"?expire=01/07/2028":              {stock, lea},
		"?q=" + string(lea[:6]):           {stock, lea, blanc, lost},
		"?q=+00480-" + string(lea[5:]):    {lea},
		"?q=" + string(lea[6:]):           {lea},
		"?q=lea":                          {lea},
		"?q=MARTIN+l%C3%A9a":              {lea},
		"?q=lmartin":                      {lea},
		"?q=%25":                          {},
		"?q=%00":                          {stock, lea, blanc, lost},
		"?etablissement=0069002C":         {},
		"?tri=titulaire&etat=in_service":  {blanc, lea},
		"?tri=-titulaire&etat=in_service": {lea, blanc},
		"?tri=connexion":                  {lea, stock, blanc, lost},
		"?tri=expiration":                 {lea, stock, lost, blanc},
		"?tri=lot":                        {stock, lea, blanc, lost},
		"?tri=-lot":                       {lost, blanc, lea, stock},
		"?tri=etat":                       {stock, lea, blanc, lost},
	} {
		listed := roux.leafed("/clefs" + query)
		var serials []string
		for _, serial := range wanted {
			serials = append(serials, string(serial))
		}
		if strings.Contains(query, "tri=") {
			assert.Equal(t, serials, listed, query)
		} else {
			assert.ElementsMatch(t, serials, listed, query)
		}
	}
	assert.Equal(t, []string{string(far)}, support.leafed("/clefs?etablissement=0069002C"))

	page := roux.get("/clefs?tri=-lot&etat=lost")
	for _, said := range []string{
		"Gérer les clefs", "Numéro de série", "Titulaire", "État", "Lot", "Date d'expiration", "Dernière connexion", "jamais",
		"Télécharger (xlsx)",
	} {
		assert.Contains(t, page.text(), said)
	}
	const folded = "<details><summary>Plus de filtres"
	assert.Contains(t, roux.get("/clefs?tri=-lot").HTML, folded, "a head of a column opens nothing")
	assert.NotContains(t, roux.get("/clefs?lot=L2").HTML, folded)
	assert.Contains(t, support.get("/clefs").HTML, "<h1>Gérer les clefs</h1>")
	read := h.as(h.auditor()).get("/clefs")
	assert.Contains(t, read.HTML, "<h1>Clefs</h1>", "an auditor only reads")
	assert.Contains(t, read.HTML, ">Clefs</a>")
	assert.Contains(t, read.HTML, ">Voir la clef<")
	assert.Contains(t, page.HTML, ">Gérer les clefs</a>", "in the menu, as the academy's help says")
	assert.Contains(t, page.HTML, ">Gérer la clef<span class=\"unseen\"> "+string(lost)+"</span></a>")
	assert.Contains(t, page.HTML, `<span class="tag lost">perdue</span>`)
	assert.NotContains(t, page.HTML, `data-label="Établissement"`, "one school: it goes without saying")
	assert.Contains(t, support.get("/clefs").HTML, `data-label="Établissement"`)
	assert.Contains(t, page.HTML, `aria-sort="descending"><a href="/clefs?etat=lost&amp;tri=lot">Lot</a>`)
	assert.Contains(t, page.HTML, `<a href="/clefs.xlsx?etat=lost&amp;tri=-lot" download>`)
	assert.Contains(t, roux.get("/clefs?expire=demain").text(), "Écrivez une date comme 31/12/2027")
}

func TestWhoSeesWhichKeys(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	stock, lea, blanc, lost, far := fiveKeys(h, c)
	auditor := h.Person("Aude Itrice", okey.Staff)
	h.Exec(`UPDATE person SET auditor = true WHERE id = $1`, auditor.ID)
	own := h.as(c.lea)
	assert.Equal(t, []string{string(lea)}, own.leafed("/clefs"))
	assert.Contains(t, own.get("/clefs").text(), "Mes clefs")
	assert.NotContains(t, own.get("/clefs").text(), "Chercher")
	assert.NotContains(t, own.get("/clefs").text(), "Lot", "which says nothing to who has one key")
	assert.NotContains(t, own.download("/clefs.xlsx")["Clefs"][0], "Lot")
	assert.Contains(t, h.as(c.roux).get("/clefs").text(), "Lot")
	assert.Equal(t, http.StatusNotFound, own.get(keyPage(blanc)).Status)
	assert.Equal(t, []string{string(far)}, h.as(c.stranger).leafed("/clefs"))
	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(keyPage(stock)).Status)
	reads := h.as(auditor)
	assert.Len(t, reads.leafed("/clefs"), 5)
	page := reads.get(keyPage(lost))
	assert.Equal(t, http.StatusOK, page.Status)
	assert.NotContains(t, page.HTML, `action="`+keyPage(lost)+`"`, "an auditor reads, and changes nothing")
	today := okey.DayOf(time.Now(), okey.ZoneOf(""))
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'import', now())`, c.stranger.ID,
		scene.Tilleuls)
	h.Exec(`INSERT INTO delegation (id, given_to, uai, scope, given_by, from_day, until_day, created_at)
		VALUES (gen_random_uuid(), $1, $2, 'handover_and_stock', $3, $4, $5, now())`,
		c.stranger.ID, scene.Tilleuls, c.roux.ID, today.AddDays(-1).String(), today.AddDays(1).String())
	assert.Len(t, h.as(c.stranger).leafed("/clefs"), 5, "a delegate sees what is lent to them, and their own")
	assert.Equal(t, http.StatusOK, h.as(c.stranger).get(keyPage(stock)).Status)
}

func keyPage(serial okey.Serial) string { return "/clefs/" + url.PathEscape(string(serial)) }

func TestAFilterIsNamedOrNotThere(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for _, p := range []okey.Person{c.roux, c.support} {
		assert.NotContains(t, h.as(p).get("/clefs").HTML, `<label for="filtre-etablissement"></label>`)
	}
}

func TestKeysToSeeToAreOnTheHomePage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	today := okey.DayOf(time.Now(), okey.ZoneOf(""))
	ending, kept := h.KeyOf(c.lea, scene.Tilleuls, today.AddMonths(2)), h.KeyOf(c.blanc, scene.Tilleuls, today.AddMonths(24))
	zoe := h.KeyOf(c.stranger, scene.Tilleuls, today.AddMonths(24)) // she works at the Acacias by now
	b := h.as(c.roux)
	home := b.get("/")
	assert.Contains(t, home.text(), "Personnes parties 1 clef à reprendre")
	assert.Contains(t, home.text(), "1 clef a expiré ou expire d'ici trois mois")
	left := b.get("/clefs?suivi=parties&etablissement=" + string(scene.Tilleuls))
	assert.Contains(t, left.text(), "Zoé Ailleurs (a quitté l'établissement)")
	assert.NotContains(t, left.text(), string(kept))
	assert.Len(t, b.download("/clefs.xlsx?suivi=parties")["Clefs"], 2)
	soon := b.get("/clefs?suivi=expirent").text()
	assert.Contains(t, soon, string(ending))
	assert.Contains(t, soon, "(bientôt)")
	assert.NotContains(t, soon, string(zoe))
	assert.NotContains(t, h.as(c.support).get("/").text(), "Clefs à suivre", "support has them all, in the list")

	h.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	assert.Contains(t, h.as(c.lea).get("/").text(), "Rendez-la à la direction du collège des Tilleuls")
}

func TestTheListOfKeysSaysForWhomOneIsKept(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	kept := h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	roux := h.as(c.roux)
	assert.NotContains(t, roux.get("/clefs").text(), "Léa Martin")
	roux.done(roux.answers(page, "approve", ""))
	assert.Contains(t, roux.get("/clefs").text(), string(kept)+" réservée à Léa Martin")
}

func TestALoginThatNobodyCouldKnowOfIsUnknown(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	key, other := h.Key(scene.Tilleuls), h.Key(scene.Tilleuls)
	roux := h.as(c.roux)
	assert.Contains(t, roux.get(keyPage(key)).text(), "Dernière connexion Inconnue", "the authentication server has told of none")
	h.Exec(`UPDATE key SET last_login_at = now() WHERE serial = $1`, string(other))
	assert.Contains(t, roux.get(keyPage(key)).text(), "Dernière connexion Jamais")
}

func TestWhoeverLookedAfterAKeyLearnsWhereItWent(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	const page = "/assistance/deplacer"
	support := h.as(c.support)
	review := support.fill(page, page, "serials", string(serial), "establishment", string(scene.Acacias), "comment", "rééquilibrage")
	support.done(support.post(page, review.form(t, page)))
	told := h.as(c.roux).get(keyPage(serial))
	assert.Equal(t, http.StatusNotFound, told.Status)
	assert.Contains(t, told.text(), "La clef "+string(serial)+" n'est plus dans votre établissement depuis le ")
	assert.Contains(t, told.text(), "elle est maintenant suivie par le lycée des Acacias (0069002C).")
	assert.NotContains(t, h.as(c.lea).get(keyPage(serial)).text(), "Acacias", "to others it does not exist")
}

func TestALimitedDelegateLearnsWhoMayDoTheRest(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	delegate := h.as(h.delegates(c.roux))
	for _, path := range []string{"/demandes/a-repondre", "/delegations"} {
		refused := delegate.get(path)
		assert.Contains(t, []int{http.StatusForbidden, http.StatusNotFound, http.StatusOK}, refused.Status, path)
		assert.NotContains(t, refused.text(), "revient à quelqu'un d'autre", path)
	}
	assert.Contains(t, delegate.get("/demandes/a-repondre").text(),
		"Votre délégation ne va pas jusque-là : c'est à la direction de l'établissement de le faire.")
}

// What a list of keys counts adds up.
func TestTheListOfKeysCountsEachState(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for _, state := range []okey.KeyState{okey.InStock, okey.InStock, okey.Suspended, okey.Lost, okey.Lost, okey.Retired, okey.Retired} {
		serial := string(h.Key(scene.Tilleuls))
		if state == okey.Suspended {
			h.Exec(`UPDATE key SET holder = $2, state = 'in_service', due_at = now() WHERE serial = $1`, serial, c.lea.ID)
		}
		h.Exec(`UPDATE key SET state = $2 WHERE serial = $1`, serial, string(state))
	}
	assert.Contains(t, h.as(c.roux).get("/clefs").text(),
		" 7 clefs : 2 en stock, 0 en service, 1 égarée, 2 perdues, 2 au rebut ")
	assert.Contains(t, h.as(c.roux).get("/clefs?etat=lost").text(), " 2 clefs ", "of one state that is said already")
}

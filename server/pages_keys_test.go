package server_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"okey"
	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	listedSerial = regexp.MustCompile(`data-label="Numéro de série"><a href="/clefs/([0-9A-Z]+)"`)
	nextLink     = regexp.MustCompile(`<a href="([^"]*)">Page suivante</a>`)
)

// leafed are the serials of a list, all its pages through.
func (b *browser) leafed(path string) []string {
	b.Helper()
	var serials []string
	for range 30 {
		p := b.get(path)
		require.Equal(b, http.StatusOK, p.Status, p.text())
		for _, m := range listedSerial.FindAllStringSubmatch(p.HTML, -1) {
			serials = append(serials, m[1])
		}
		next := nextLink.FindStringSubmatch(p.HTML)
		if next == nil {
			return serials
		}
		path = html.UnescapeString(next[1])
	}
	b.Fatal("the list has no end")
	return nil
}

var orders = []string{"", "serie", "titulaire", "etat", "lot", "expiration", "connexion", "etablissement"}

func TestEveryOrderListsEveryKeyExactlyOnce(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	roux, support := h.as(c.roux), h.as(c.support)
	people := []okey.Person{c.lea, c.blanc, h.Person("Élodie Zola", okey.Staff, scene.Tilleuls)}
	rapid.Check(t, func(r *rapid.T) {
		h.Exec(`DELETE FROM key`)
		n := rapid.IntRange(0, 60).Draw(r, "keys")
		var here, all []string
		for i := range n {
			serial := fmt.Sprintf("%04d%s", i, rapid.StringMatching(`[0-9A-Z]{1,4}`).Draw(r, "serial"))
			uai := rapid.SampledFrom([]okey.UAI{scene.Tilleuls, scene.Acacias}).Draw(r, "school")
			batch := rapid.SampledFrom([]string{"", "L1", "l2", "Été"}).Draw(r, "batch")
			day := okey.NewDay(2027, time.January, 1+rapid.IntRange(0, 3).Draw(r, "day")).String()
			state := rapid.SampledFrom([]string{"in_stock", "lost", "in_service"}).Draw(r, "state")
			var holder, seen any
			if state == "in_service" {
				holder = people[i%len(people)].ID
				if rapid.Bool().Draw(r, "seen") {
					seen = scene.Now.Add(time.Duration(i%3) * time.Hour)
				}
			}
			h.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, holder, last_login_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				serial, uai, state, batch, day, holder, seen, scene.Now)
			all = append(all, serial)
			if uai == scene.Tilleuls {
				here = append(here, serial)
			}
		}
		order := rapid.SampledFrom(orders).Draw(r, "order")
		for _, way := range []string{order, "-" + order} {
			require.ElementsMatch(r, all, support.leafed("/clefs?tri="+way), "support, by %s", way)
			require.ElementsMatch(r, here, roux.leafed("/clefs?tri="+way), "the Tilleuls, by %s", way)
		}
		up, down := support.leafed("/clefs?tri="+order), support.leafed("/clefs?tri=-"+order)
		if order != "" {
			slices.Reverse(down)
			require.Equal(r, up, down)
		}
	})
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
	for _, said := range []string{"Gérer les clefs", "Numéro de série", "Titulaire", "État", "Lot", "Date d'expiration", "Dernière connexion", "jamais", "Télécharger (xlsx)"} {
		assert.Contains(t, page.text(), said)
	}
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
	assert.Equal(t, http.StatusNotFound, own.get(keyPage(blanc)).Status)
	assert.Equal(t, []string{string(far)}, h.as(c.stranger).leafed("/clefs"))
	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(keyPage(stock)).Status)
	reads := h.as(auditor)
	assert.Len(t, reads.leafed("/clefs"), 5)
	page := reads.get(keyPage(lost))
	assert.Equal(t, http.StatusOK, page.Status)
	assert.NotContains(t, page.HTML, `action="`+keyPage(lost)+`"`, "an auditor reads, and changes nothing")
	today := okey.DayOf(time.Now(), okey.ZoneOf(""))
	h.Exec(`INSERT INTO delegation (id, given_to, uai, scope, given_by, from_day, until_day, created_at) VALUES (gen_random_uuid(), $1, $2, 'handover_and_stock', $3, $4, $5, now())`,
		c.stranger.ID, scene.Tilleuls, c.roux.ID, today.AddDays(-1).String(), today.AddDays(1).String())
	assert.Len(t, h.as(c.stranger).leafed("/clefs"), 5, "a delegate sees what is lent to them, and their own")
	assert.Equal(t, http.StatusOK, h.as(c.stranger).get(keyPage(stock)).Status)
}

func keyPage(serial okey.Serial) string { return "/clefs/" + url.PathEscape(string(serial)) }

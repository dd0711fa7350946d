package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var counted = regexp.MustCompile(`<a href="(/(?:clefs|demandes)\?[^"]*)">(\d+)</a>`)

// stocked is a school with keys in every state and requests at every stage.
func (h *house) stocked(c cast) {
	h.Helper()
	today := here()
	for i := range 5 {
		h.KeyUntil(scene.Tilleuls, today.AddMonths(6+i))
	}
	h.KeyUntil(scene.Tilleuls, today.AddMonths(2))
	h.KeyUntil(scene.Tilleuls, today.AddMonths(5))
	h.KeyUntil(scene.Acacias, today.AddMonths(20))
	h.KeyOf(h.Person("Ida Service", okey.Staff, scene.Tilleuls), scene.Tilleuls, today.AddMonths(3))
	h.KeyOf(h.Person("Jo Service", okey.Staff, scene.Tilleuls), scene.Tilleuls, today.AddMonths(6))
	h.KeyOf(h.Person("Kim Service", okey.Staff, scene.Tilleuls), scene.Tilleuls, today.AddDays(-1))
	h.KeyOf(h.Person("Lou Service", okey.Staff, scene.Tilleuls), scene.Tilleuls, today.AddMonths(20))
	for i, state := range []okey.KeyState{okey.InTransit, okey.Lost, okey.Lost, okey.Defective, okey.Retired} {
		h.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, changed_at) VALUES ($1, $2, $3, 'L2', $4, now())`,
			fmt.Sprintf("9900%d", i), scene.Tilleuls, string(state), today.AddMonths(12+i).String())
	}
	h.awaits(c, "Ana Une")
	roux := h.as(c.roux)
	for _, page := range h.askers(scene.Tilleuls, "Bea Deux", "Cleo Trois")[:1] {
		roux.done(roux.answers(page, "approve", ""))
	}
}

func TestTheNumbersOfTheStockAreThoseOfTheLists(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.stocked(c)
	roux := h.as(c.roux)
	page := roux.get("/stock")
	found := counted.FindAllStringSubmatch(page.HTML, -1)
	assert.Len(t, found, len(okey.KeyStates())+4+6, "keys by state, requests by stage, keys that have ended or will")
	sum := 0
	for _, m := range found {
		list := strings.ReplaceAll(m[1], "&amp;", "&")
		n, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		path, query, _ := strings.Cut(list, "?")
		lines := 0
		for _, rows := range roux.download(path + ".xlsx?" + query) {
			lines += len(rows) - 1
		}
		assert.Equal(t, lines, n, list)
		if !strings.Contains(list, "expire") && path == "/clefs" {
			sum += n
		}
	}
	assert.Equal(t, h.Count(`SELECT count(*) FROM key WHERE uai = $1`, scene.Tilleuls), sum, "every key is in one line")
	assert.Contains(t, page.text(), "dont 3 libres ; les autres expirent dans moins de six mois")
}

func TestTheStockSaysWhatToDo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	roux := h.as(c.roux)
	calm := roux.get("/stock").text()
	assert.Contains(t, calm, "Stock du collège des Tilleuls")
	assert.Contains(t, calm, "Aucune commande en cours.")
	assert.NotContains(t, calm, "propose de commander")

	h.Exec(`UPDATE establishment SET minimum_stock = 4 WHERE uai = $1`, scene.Tilleuls)
	page := h.as(c.lea).asks()
	roux.done(roux.answers(page, "approve", ""))
	urgent := roux.get("/stock").text()
	assert.Contains(t, urgent, "1 personne attend une clef.")
	assert.Contains(t, urgent, "Il y a moins de clefs libres que la réserve de 4 voulue par l'assistance.")
	assert.Contains(t, urgent, "OKEY propose de commander 5 clefs.")
	assert.Contains(t, roux.get("/").text(), "Aucune clef libre, 1 demande à servir : 5 à commander.")

	roux.done(roux.fill("/commandes", "/commandes", "quantity", "5", "comment", "rentrée"))
	for _, page := range []string{"/stock", "/commandes", "/"} {
		assert.Contains(t, roux.get(page).text(), "1 commande en cours : 5 clefs attendues.", page)
	}
}

func TestTheStockAheadIsOnThePageAndInItsSpreadsheet(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.stocked(c)
	roux := h.as(c.roux)
	page, sheets := roux.get("/stock"), roux.download("/stock.xlsx")
	ahead := sheets["Mois à venir"]
	require.Len(t, ahead, okey.AheadMonths+1)
	months := regexp.MustCompile(`(?:\p{L}+ 20\d\d)((?: \d+){3})\b`).FindAllStringSubmatch(page.text(), -1)
	require.Len(t, months, okey.AheadMonths)
	for i, month := range months {
		assert.Equal(t, strings.Join(ahead[i+1][1:], " "), strings.TrimSpace(month[1]), "the same numbers")
		assert.Regexp(t, `^\d\d/\d\d/20\d\d$`, ahead[i+1][0], "a date that a spreadsheet can sort")
	}
	assert.Equal(t, []string{"Libres", "3"}, sheets["Stock"][1])
}

func TestTheStockIsOfOneEstablishmentAndOfWhoeverSeesIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.KeyUntil(scene.Acacias, here().AddMonths(20))
	acacias := "/stock?etablissement=" + string(scene.Acacias)
	assert.Equal(t, http.StatusNotFound, h.as(c.roux).get(acacias).Status)
	assert.Equal(t, http.StatusNotFound, h.as(c.lea).get("/stock").Status)
	support := h.as(c.support)
	assert.Contains(t, support.get("/stock").text(), "son code UAI")
	assert.Contains(t, support.get(acacias).text(), "Stock du lycée des Acacias")

	both := h.Person("Gus Double", okey.Principal, scene.Tilleuls, scene.Acacias)
	assert.Contains(t, h.as(both).get("/stock").HTML, `<select id="filtre-etablissement"`)
	assert.Contains(t, h.as(both).get(acacias).text(), "Lycée des Acacias (0069002C)")
}

func TestHomeShowsWhatAwaitsByEstablishmentOldestFirst(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	both := h.as(h.Person("Gus Double", okey.Principal, scene.Tilleuls, scene.Acacias))
	h.as(c.stranger).asks()
	h.askers(scene.Tilleuls, "Ana Une", "Bea Deux")
	home := both.get("/").text()
	assert.Regexp(t, `À répondre Lycée des Acacias \(0069002C\) Zoé Ailleurs .*Collège des Tilleuls \(0069001B\) Ana Une .*Bea Deux `, home)
	assert.Regexp(t, `Stock, Collège des Tilleuls .*Stock, Lycée des Acacias `, home)

	roux := h.as(c.roux)
	assert.Contains(t, roux.get("/").text(), "Aucune délégation en cours ni à venir.")
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	roux.done(roux.lends(eve.UID, okey.Everything, 6))
	for _, page := range []string{"/", "/delegations"} {
		assert.Contains(t, roux.get(page).text(), "Eve Morel répond avec vous jusqu'au "+here().AddDays(6).Say(here())+".")
	}
}

// Who was lent the handovers and the stock alone is not said to answer; what begins later is not said to have begun.
func TestALineSaysWhatADelegateDoesAndFromWhen(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	roux := h.as(c.roux)
	eve, gus := h.Person("Eve Morel", okey.Staff, scene.Tilleuls), h.Person("Gus Later", okey.Staff, scene.Tilleuls)
	until := here().AddDays(6)
	done := roux.done(roux.lends(eve.UID, okey.HandoverAndStock, 6))
	assert.Contains(t, done.text(),
		"C'est fait : Eve Morel remet les clefs et tient le stock avec vous du "+here().Say(here())+" au "+until.Say(here()))
	assert.Contains(t, roux.get("/").text(), "Eve Morel remet les clefs et tient le stock avec vous jusqu'au "+until.Say(here())+".")

	for scope, does := range map[okey.Scope]string{
		okey.Everything: "répondra avec vous", okey.HandoverAndStock: "remettra les clefs et tiendra le stock avec vous",
	} {
		later := append(lend(gus.UID, scope, 6), "from", here().AddDays(3).String())
		given := roux.done(roux.fill(delegations, delegations+"/"+string(scene.Tilleuls), later...))
		assert.Contains(t, given.text(), "C'est fait : Gus Later "+does+" du "+here().AddDays(3).Say(here()))
		assert.Contains(t, roux.get("/").text(), "Gus Later "+does+" à partir du "+here().AddDays(3).Say(here())+".")
	}
}

// A plot of keys that are neither free nor in service would be empty: the page says where they are, and shows no empty table.
func TestAStockThatIsAllKeptSaysSoInsteadOfAnEmptyPlot(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	roux := h.as(c.roux)
	bare := roux.get("/stock")
	assert.Contains(t, bare.text(), "Les mois à venir Aucune clef libre ni en service. Télécharger")
	h.atTheCounter(c)
	kept := roux.get("/stock")
	assert.Contains(t, kept.text(), "Les mois à venir Aucune clef libre ni en service : 1 est réservée à quelqu'un. Télécharger")
	assert.NotContains(t, kept.text(), "Les chiffres en tableau")
	assert.Equal(t, 1, strings.Count(kept.text(), "ollège des Tilleuls")-strings.Count(kept.text(), "Stock du collège des Tilleuls · "),
		"the heading names it once")
}

// One drawer is not counted against the other's list, nor ordered for, because a page took one for granted.
func TestWhoAnswersForTwoSaysForWhichToCountAndToOrder(t *testing.T) {
	h := newHouse(t)
	both := h.as(h.Person("Gus Double", okey.Principal, scene.Tilleuls, scene.Acacias))
	for page, asks := range map[string]string{"/inventaire": "Quel tiroir comptez-vous ?", "/commandes": "Commander pour quel établissement ?"} {
		open := both.get(page)
		assert.Contains(t, open.text(), asks)
		assert.NotContains(t, open.HTML, `<form method="post" action="`+page)
		for _, uai := range []okey.UAI{scene.Tilleuls, scene.Acacias} {
			assert.Contains(t, open.HTML, `href="`+page+`?etablissement=`+string(uai)+`"`)
			assert.Equal(t, string(uai), both.get(page+"?etablissement="+string(uai)).form(t, page).Get("establishment"))
		}
	}
	there := both.get("/inventaire?etablissement=" + string(scene.Acacias))
	assert.Contains(t, there.text(), "Autre tiroir : Collège des Tilleuls (0069001B)")
	alone := h.as(h.Person("Eva Seule", okey.Principal, scene.Acacias))
	assert.Equal(t, string(scene.Acacias), alone.get("/inventaire").form(t, "/inventaire").Get("establishment"))
	assert.NotContains(t, alone.get("/commandes").text(), "quel établissement")
}

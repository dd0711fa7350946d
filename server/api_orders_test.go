package server_test

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

func (h *house) order(who okey.Person, quantity int, comment string) string {
	h.Helper()
	a := h.call(who, http.MethodPost, "/orders", map[string]any{"establishment": scene.Tilleuls, "quantity": quantity, "comment": comment})
	require.Equal(h, http.StatusCreated, a.Status, a.Text)
	assert.Equal(h, "placed", a.at("state"))
	return "/orders/" + a.at("id").(string)
}

func TestAnOrderGoesFromPlacedToReceived(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	path := h.order(c.roux, 3, "=HYPERLINK(\"http://x\") rentrée")
	other := h.order(c.blanc, 2, "rentrée")
	assert.Equal(t, http.StatusNotFound, h.call(c.stranger, http.MethodGet, path, nil).Status)
	assert.Equal(t, http.StatusOK, h.call(c.blanc, http.MethodGet, path, nil).Status)
	assert.Equal(t, "cancelled", h.call(c.roux, http.MethodPost, other+"/signals/cancellation", nil).at("state"))

	assert.Contains(t, []int{403, 404}, h.call(c.roux, http.MethodPost, "/exports", nil).Status, "support exports")
	x := h.call(c.support, http.MethodPost, "/exports", nil)
	require.Equal(t, http.StatusCreated, x.Status, x.Text)
	assert.EqualValues(t, 1, x.at("orders"))
	file := "/exports/" + x.at("id").(string) + ".xlsx"
	first, again := h.call(c.support, http.MethodGet, file, nil), h.call(c.support, http.MethodGet, file, nil)
	assert.Equal(t, first.Text, again.Text, "byte for byte")
	book, err := excelize.OpenReader(bytes.NewReader([]byte(first.Text)))
	require.NoError(t, err)
	motif, err := book.GetCellValue("Commandes", "H2")
	require.NoError(t, err)
	assert.Equal(t, "=HYPERLINK(\"http://x\") rentrée", motif)
	formula, err := book.GetCellFormula("Commandes", "H2")
	require.NoError(t, err)
	assert.Empty(t, formula, "what people write is never a formula")
	assert.Equal(t, "nothing_to_export", h.call(c.support, http.MethodPost, "/exports", nil).at("code"))
	late := h.call(c.roux, http.MethodPost, path+"/signals/cancellation", nil)
	assert.Equal(t, http.StatusConflict, late.Status)
	assert.Equal(t, "order_state", late.at("code"))

	assert.Equal(t, "shipped", h.call(c.support, http.MethodPost, path+"/signals/shipment", nil).at("state"))
	assert.Equal(t, "partly_received", h.call(c.roux, http.MethodPost, path+"/signals/receipt", map[string]any{"quantity": 1}).at("state"))
	assert.Equal(t, "order_quantity", h.call(c.roux, http.MethodPost, path+"/signals/receipt", map[string]any{"quantity": 3}).at("code"))
	// A delivery is booked on what was ordered; among its keys is the one that was noted by hand.
	rows := ""
	for _, serial := range []string{"00481001", "00481002", "00481003"} {
		rows += serial + ";L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	}
	require.Equal(t, http.StatusCreated, h.deliver(c.support, deliveryHeader+rows, "").Status)
	assert.Equal(t, "received", h.call(c.roux, http.MethodGet, path, nil).at("state"))
	list := h.call(c.roux, http.MethodGet, "/orders?limit=1", nil)
	assert.NotNil(t, list.at("next"))
	assert.Nil(t, h.call(c.roux, http.MethodGet, "/orders?limit=1&cursor="+list.at("next").(string), nil).at("next"))
}

func TestTwoExportsAtOnceNeverTakeAnOrderTwice(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for range 8 {
		h.order(c.roux, 1, "rentrée")
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { h.call(c.support, http.MethodPost, "/exports", nil) })
	}
	group.Wait()
	assert.Equal(t, 8, h.Count(`SELECT sum(orders) FROM order_export`))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM order_export`))
	assert.Equal(t, 8, h.Count(`SELECT count(*) FROM key_order WHERE state = 'exported'`))
}

func TestWhatAnOrderMayNotBe(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for name, body := range map[string]map[string]any{
		"none": {"quantity": 0, "comment": "x"}, "too many": {"quantity": 501, "comment": "x"},
		"no reason": {"quantity": 1, "comment": " "},
	} {
		body["establishment"] = scene.Tilleuls
		assert.Equal(t, http.StatusUnprocessableEntity, h.call(c.roux, http.MethodPost, "/orders", body).Status, name)
	}
	body := map[string]any{"establishment": scene.Tilleuls, "quantity": 1, "comment": "x"}
	assert.Equal(t, http.StatusNotFound, h.call(c.stranger, http.MethodPost, "/orders", body).Status)
	assert.Contains(t, []int{403, 404}, h.call(c.lea, http.MethodPost, "/orders", body).Status)
}

func TestTheOrdersPageSuggestsAndOrders(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.ask(c.lea, scene.Tilleuls)
	b := h.as(c.roux)
	assert.Contains(t, b.get("/commandes").text(), "OKEY propose d'en commander 1.")
	assert.Contains(t, b.get("/commandes").text(), "Demandes à servir, avec ou sans réponse 1")
	assert.NotContains(t, b.get("/commandes").text(), "attente d'une clef", "by that name the tab of requests counts those that are answered")
	wrong := b.fill("/commandes", "/commandes", "quantity", "beaucoup", "comment", "")
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
	assert.Contains(t, wrong.text(), "Écrivez le motif : le fournisseur et l'assistance le liront.")
	placed := b.done(b.fill("/commandes", "/commandes", "quantity", "4", "comment", "rentrée"))
	assert.Contains(t, placed.text(), "Commande n° 1")
	assert.Contains(t, b.get("/commandes").text(), "rien à commander", "what is under way counts")

	support := h.as(c.support)
	exported := support.done(support.fill("/commandes", "/commandes/exports"))
	assert.Contains(t, exported.text(), "C'est fait : 1 commande transmise. Le classeur est le premier de « Classeurs transmis ».")
	var id string
	require.NoError(t, h.Admin.QueryRowContext(context.Background(), `SELECT id FROM key_order`).Scan(&id))
	page := "/commandes/" + id
	assert.NotContains(t, b.get(page).text(), "Annuler la commande")
	received := b.done(b.fill(page, page+"/reception", "quantity", "4"))
	assert.Contains(t, received.text(), "La commande est maintenant reçue.")
	minimum := support.fill("/commandes?etablissement="+string(scene.Tilleuls), "/commandes/minimum", "minimum", "5")
	assert.Equal(t, http.StatusSeeOther, minimum.Status)
	assert.Contains(t, b.get("/commandes").text(), "OKEY propose d'en commander 2.", "the four that came are no stock yet, and will be")
	assert.Equal(t, http.StatusNotFound, h.as(c.lea).get("/commandes").Status)
	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(page).Status)
}

func TestWhatAwayEngineKeepsIsFollowed(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.roux)
	h.cutOff(true)
	kept := b.fill("/commandes", "/commandes", "quantity", "4", "comment", "rentrée")
	require.Equal(t, http.StatusAccepted, kept.Status, kept.text())
	assert.Contains(t, kept.text(), "C'est enregistré")
	action, err := uuid.Parse(h.Text(`SELECT id FROM action WHERE name = 'order'`))
	require.NoError(t, err)
	h.cutOff(false)
	recorded, err := h.Store.Action(context.Background(), action)
	require.NoError(t, err)
	require.NoError(t, h.Judges.Deliver(context.Background(), recorded), "the repair watch brings it")
	assert.Contains(t, b.done(b.get("/suivi/"+action.String())).text(), "Commande n° 1")
}

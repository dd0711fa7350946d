package server_test

import (
	"net/http"

	"okey/internal/scene"
	"okey/okey"
)

// pushed are the files of people and schools that programs send.
var pushed = map[string]string{
	"POST /api/v1/staff":          staffHeader + string(scene.Acacias) + ";nouveau;Neuf;Noé;noe@exemple.fr;personnel\n",
	"POST /api/v1/establishments": registerHeader + "0069003D;Collège Neuf;340;1;23;99\n",
}

// bodies are JSON: a body that depends on the thing.
func bodies(fill func(t thing, reason bool) object) func(*walk, *player, thing, bool) any {
	return func(_ *walk, _ *player, t thing, reason bool) any { return fill(t, reason) }
}

func all(thing) string { return "limit=200" }

// apiRows are the API's routes.
var apiRows = []row{
	{route: "GET /api/v1/me", gate: signedIn},
	{route: "GET /api/v1/charter", gate: signedIn},
	{route: "GET /api/v1/requests", gate: signedIn, query: all, lists: (*walk).requests},
	{route: "GET /api/v1/keys", gate: signedIn, scope: "keys", query: all, lists: allKeys},
	{route: "GET /api/v1/orders", gate: signedIn, query: all, lists: allOrders},
	{route: "GET /api/v1/requests/:id", gate: asking, acts: asks(okey.ActSee), things: someRequests},
	{route: "GET /api/v1/keys/:serial", gate: asking, scope: "keys", acts: asks(okey.ActSee), things: allKeys},
	{route: "GET /api/v1/orders/:id", gate: asking, acts: asks(okey.ActSee), things: allOrders},
	{route: "GET /api/v1/exports", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /api/v1/exports/:id", gate: asking, acts: asks(okey.ActSeeDesk), things: func(w *walk) []thing {
		return []thing{w.export, {name: "its workbook", id: w.export.id + ".xlsx"}}
	}},
	{route: "PUT /api/v1/me/pin", gate: asking, acts: asks(okey.ActSetPIN), things: pins, body: bodies(func(t thing, _ bool) object {
		return object{"current": "4071", "pin": "730452", "serial": t.id}
	})},
	{
		route: "POST /api/v1/requests", gate: signedIn, acts: asks(okey.ActAsk), things: schools, ok: http.StatusCreated,
		domain: asksThere(http.StatusCreated),
		body: bodies(func(t thing, _ bool) object {
			return object{"establishment": t.id, "need": "la suite"}
		}),
	},
	{
		route: "POST /api/v1/requests/:id/signals/principal-decision", gate: asking, acts: asks(okey.ActDecide), things: deciding,
		bare: true,
		body: bodies(func(_ thing, reason bool) object {
			return object{"decision": "approve", "comment": why(reason)}
		}),
	},
	{
		route: "POST /api/v1/requests/:id/signals/charter-and-pin", gate: asking, acts: asks(okey.ActSign), things: signing,
		body: bodies(func(thing, bool) object {
			return object{"charter": 1, "pin": "4071"}
		}),
	},
	{
		route: "POST /api/v1/requests/:id/signals/stock-available", gate: asking, acts: asks(okey.ActNudge), things: waiting,
		body: bodies(func(thing, bool) object { return object{} }),
	},
	{
		route: "POST /api/v1/requests/:id/signals/handover", gate: asking, acts: asks(okey.ActHandOver), things: handing,
		body: bodies(func(t thing, _ bool) object {
			return object{"serial": t.key.Serial}
		}),
	},
	{
		route: "POST /api/v1/requests/:id/signals/withdrawal", gate: asking, acts: asks(okey.ActWithdraw), things: someRequests, bare: true,
		body: bodies(func(_ thing, reason bool) object {
			return object{"comment": why(reason)}
		}),
	},
	{
		route: "POST /api/v1/decisions", gate: asking, acts: asks(okey.ActDecide), things: deciding, bare: true, each: true,
		body: bodies(func(t thing, reason bool) object {
			return object{"items": []object{{"request": t.id, "decision": "approve", "comment": why(reason)}}}
		}),
	},
	{
		route: "POST /api/v1/handovers", gate: asking, acts: asks(okey.ActHandOver), things: handing, each: true,
		body: bodies(func(t thing, _ bool) object {
			return object{"items": []object{{"request": t.id, "serial": t.key.Serial}}}
		}),
	},
	{
		route: "POST /api/v1/keys/:serial/changes", gate: asking, acts: asks(okey.ActManageKeys, okey.ActDeclareKey), judge: reportsKey,
		things: allKeys,
		body: bodies(func(t thing, _ bool) object {
			return object{"reason": t.reason, "comment": "constaté"}
		}),
	},
	{route: "GET /api/v1/events", gate: service, scope: "events"},
	{route: "POST /api/v1/keys/:serial/logins", gate: service, scope: "logins", things: held, body: bodies(func(thing, bool) object {
		return object{"at": "2026-09-01T08:00:00Z"}
	})},
	{
		route: "POST /api/v1/keys/:serial/pin-checks", gate: service, scope: "pin-checks", things: held,
		body: bodies(func(thing, bool) object { return object{"pin": "4071"} }),
	},
	{
		route: "POST /api/v1/deliveries", gate: asking, acts: asks(okey.ActImport), ok: http.StatusCreated,
		body: func(w *walk, _ *player, _ thing, _ bool) any {
			return upload(w.URL, "00490030", scene.Tilleuls)
		},
	},
	{
		route: "POST /api/v1/staff", gate: asking, acts: asks(okey.ActImport), scope: "staff",
		body: func(w *walk, _ *player, _ thing, _ bool) any {
			return uploadOf(w.URL, "envoi.csv", pushed["POST /api/v1/staff"], "force", "true")
		},
	},
	{
		route: "POST /api/v1/establishments", gate: asking, acts: asks(okey.ActImport), scope: "establishments",
		body: func(w *walk, _ *player, _ thing, _ bool) any {
			return uploadOf(w.URL, "envoi.csv", pushed["POST /api/v1/establishments"])
		},
	},
	{
		route: "POST /api/v1/orders", gate: asking, acts: asks(okey.ActOrder), things: schools, ok: http.StatusCreated,
		body: bodies(func(t thing, _ bool) object {
			return object{"establishment": t.id, "quantity": 2, "comment": "rentrée"}
		}),
	},
	{
		route: "POST /api/v1/orders/:id/signals/cancellation", gate: asking, acts: asks(okey.ActOrder), things: placed, bare: true,
		body: bodies(func(_ thing, reason bool) object {
			return object{"comment": why(reason)}
		}),
	},
	{
		route: "POST /api/v1/orders/:id/signals/shipment", gate: asking, acts: asks(okey.ActExportOrders), things: exported, bare: true,
		body: bodies(func(_ thing, reason bool) object {
			return object{"comment": why(reason)}
		}),
	},
	{
		route: "POST /api/v1/orders/:id/signals/closing", gate: asking, acts: asks(okey.ActCloseOrder), things: exported, bare: true,
		body: bodies(func(_ thing, reason bool) object {
			return object{"comment": why(reason)}
		}),
	},
	{
		route: "POST /api/v1/orders/:id/signals/receipt", gate: asking, acts: asks(okey.ActOrder), things: exported,
		body: bodies(func(thing, bool) object { return object{"quantity": 1} }),
	},
	{route: "POST /api/v1/exports", gate: asking, acts: asks(okey.ActExportOrders), ok: http.StatusCreated},
}

package server_test

import (
	"net/http"
	"net/url"

	"okey/internal/scene"
	"okey/mail"
	"okey/okey"
)

// openRows are routes that say nothing about anybody, or that know who asks by themselves.
var openRows = []row{
	{route: "GET /healthz"},
	{route: "GET /readyz"},
	{route: "GET /static/:file", things: func(*walk) []thing { return []thing{{id: "okey.css"}} }},
	{route: "GET /aide"},
	{route: "GET /aide/:situation", things: func(*walk) []thing { return []thing{{id: "demander"}} }},
	{route: "GET /accessibilite"},
	{route: "GET /charte"},
	{route: "GET /charte/:version", things: func(*walk) []thing { return []thing{{id: "1"}} }},
	{route: "GET /confidentialite"},
	{route: "GET /api"},
	{route: "GET /api/", ok: http.StatusMovedPermanently, guest: http.StatusMovedPermanently},
	{route: "GET /api/v1/openapi.json"},
	{route: "GET /api/v1/openapi.yaml"},
	{route: "GET /connexion", ok: http.StatusSeeOther, guest: http.StatusServiceUnavailable}, // the provider is away
	{route: "GET /connexion/retour", ok: http.StatusSeeOther, guest: http.StatusUnauthorized},
	{route: "POST /deconnexion", ok: http.StatusSeeOther, guest: http.StatusSeeOther},
	// The addresses of forms lead back to their pages, which ask.
	{route: "GET /demandes/:id/reponse", things: deciding, ok: http.StatusSeeOther},
	{route: "GET /demandes/:id/lien", things: deciding, ok: http.StatusSeeOther},
	{route: "GET /demandes/:id/remise", things: deciding, ok: http.StatusSeeOther},
	{route: "GET /demandes/:id/stock", things: deciding, ok: http.StatusSeeOther},
	{route: "GET /demandes/:id/retrait", things: deciding, ok: http.StatusSeeOther},
	// A link acts for the person that it was made for: where somebody else has signed in, it does nothing.
	{route: "GET /valider/:token", things: links, acts: []okey.Act{okey.ActDecide}, judge: byLink, by: openers},
	{
		route: "POST /valider/:token", things: links, acts: []okey.Act{okey.ActDecide}, judge: byLink, by: openers, body: decision,
		ok: http.StatusSeeOther,
	},
}

var openers = []string{"anonymous", "Nobody Anywhere", "Support Team", "Principal Tilleuls"}

func deciding(w *walk) []thing { return w.deciding }

// links are one for each of the troupe, to the same request.
func links(w *walk) []thing {
	var made []thing
	for _, p := range w.all {
		if link := w.links[p.ID]; link != "" {
			made = append(made, thing{name: "the link of " + p.name, id: link, who: p.name})
		}
	}
	return made
}

func byLink(w *walk, p *player, link thing, _ bool) error {
	as := *w.who(link.who)
	as.Support = false
	if w.may(&as, w.deciding[0], true, okey.ActDecide) != nil {
		return okey.Errorf(okey.CodeNotFound, "a dead link says nothing")
	}
	if !p.anonymous && p.name != link.who {
		return okey.Errorf(okey.CodeForbidden, "somebody else's")
	}
	return nil
}

func one(pick func(*walk) thing) func(*walk) []thing {
	return func(w *walk) []thing { return []thing{pick(w)} }
}

func asks(acts ...okey.Act) []okey.Act { return acts }

// anywhere asks for each school: the page is there for whoever may at one of them.
func anywhere(acts ...okey.Act) func(*walk, *player, thing, bool) error {
	return func(w *walk, p *player, _ thing, reason bool) error {
		refused := w.may(p, thing{}, reason, acts...)
		for _, uai := range []okey.UAI{scene.Tilleuls, section, scene.Acacias, onlyHead} {
			err := w.may(p, thing{uai: uai}, reason, acts...)
			if err == nil || refused == nil {
				return nil
			}
			refused = graver(refused, err)
		}
		return refused
	}
}

// delegating: a delegation is of the establishment itself, whoever answers for it.
func delegating(w *walk, p *player, t thing, reason bool) error {
	if t.at != "" {
		t.uai = t.at
	}
	return w.may(p, t, reason, okey.ActDelegate)
}

func bySchool(t thing) string { return "etablissement=" + t.id }
func byClef(t thing) string   { return "clef=" + t.id }

// byRequest names the requests that a page of answers tells of.
func byRequest(t thing) string { return "d=" + t.id }

// movesSeen: either side sees a move, and its holder.
func movesSeen(w *walk, p *player, t thing, reason bool) error {
	err := w.may(p, t, reason, okey.ActSee)
	t.uai = t.to
	if other := w.may(p, t, reason, okey.ActSee); other == nil {
		return nil
	}
	return err
}

// pageRows are the pages that are read.
var pageRows = []row{
	{route: "GET /", gate: signedIn},
	{route: "GET /compte", gate: signedIn},
	{route: "GET /compte.xlsx", gate: signedIn},
	{route: "GET /demandes", gate: signedIn, lists: (*walk).requests, tabs: []string{
		"etape=awaiting_decision", "etape=awaiting_stock", "etape=awaiting_charter", "etape=awaiting_handover", "etape=terminees", "etape=miennes",
	}},
	{route: "GET /demandes.xlsx", gate: signedIn, lists: (*walk).requests},
	{route: "GET /demandes/nouvelle", gate: signedIn},
	{route: "GET /demandes/a-repondre", gate: asking, judge: anywhere(okey.ActDecide)},
	{route: "GET /demandes/a-repondre/:id", gate: asking, acts: asks(okey.ActDecide), things: deciding, query: byRequest},
	{route: "GET /demandes/:id/bordereau", gate: asking, acts: asks(okey.ActSee), things: handing},
	{route: "GET /remise", gate: asking, judge: anywhere(okey.ActHandOver)},
	{route: "GET /remise/:id", gate: asking, acts: asks(okey.ActHandOver), things: handing},
	{route: "GET /remise/:id/essai", gate: signedIn, things: handing, ok: http.StatusSeeOther},
	{route: "GET /stock", gate: asking, acts: asks(okey.ActSee), things: schools, query: bySchool},
	{route: "GET /stock.xlsx", gate: asking, acts: asks(okey.ActSee), things: schools, query: bySchool},
	{route: "GET /clefs", gate: signedIn, lists: allKeys},
	{route: "GET /clefs.xlsx", gate: signedIn, lists: allKeys},
	{route: "GET /demandes/:id", gate: asking, acts: asks(okey.ActSee), things: someRequests},
	{route: "GET /demandes/:id/tableau.xlsx", gate: asking, acts: asks(okey.ActSeeDesk), judge: atDesk, things: someRequests},
	{route: "GET /demandes/:id/charte", gate: asking, acts: asks(okey.ActSee), things: handing},
	{route: "GET /demandes/:id/charte.txt", gate: asking, acts: asks(okey.ActSee), things: handing},
	{
		route: "GET /demandes/:id/numero-illisible", gate: asking, acts: asks(okey.ActManageKeys), things: handing,
		denied: http.StatusSeeOther,
	},
	{route: "GET /suivi/:action", gate: asking, judge: mine, things: one(func(w *walk) thing {
		return w.followed
	}), ok: http.StatusSeeOther},
	{route: "GET /clefs/:serial", gate: asking, acts: asks(okey.ActSee), things: allKeys},
	{route: "GET /ma-clef", gate: signedIn, ok: http.StatusSeeOther},
	{route: "GET /ma-clef/essai", gate: signedIn, ok: http.StatusSeeOther},
	{route: "GET /clefs/:serial/ne-marche-plus", gate: asking, acts: asks(okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/ne-marche-plus/code", gate: asking, acts: asks(okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/ne-marche-plus/decalage", gate: asking, acts: asks(okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/ne-marche-plus/ecran", gate: asking, acts: asks(okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/ne-marche-plus/expiree", gate: asking, acts: asks(okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/ne-marche-plus/introuvable", gate: asking, acts: asks(okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/ne-marche-plus/signaler", gate: asking, acts: asks(okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/essai", gate: asking, acts: asks(okey.ActManageKeys, okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/perdue", gate: asking, acts: asks(okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/egaree", gate: asking, acts: asks(okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/retrouvee", gate: asking, acts: asks(okey.ActDeclareKey), things: mislaid},
	{route: "GET /clefs/:serial/je-pars", gate: asking, acts: asks(okey.ActDeclareKey), things: held},
	{route: "GET /clefs/:serial/depart", gate: asking, acts: asks(okey.ActManageKeys), things: held},
	{route: "GET /mon-code-pin", gate: asking, acts: asks(okey.ActSetPIN), things: pins, query: byClef},
	{route: "GET /mon-code-pin/oublie", gate: asking, acts: asks(okey.ActSetPIN), things: pins, query: byClef},
	{route: "GET /mon-code-pin/oublie/connexion", gate: signedIn, ok: http.StatusSeeOther},
	{route: "GET /deplacements/:id", gate: asking, acts: asks(okey.ActSee), judge: movesSeen, things: moves},
	{route: "GET /deplacements/:id/retrait", gate: signedIn, things: moves, ok: http.StatusSeeOther},
	{route: "GET /livraisons/:id", gate: asking, acts: asks(okey.ActManageKeys), things: announced},
	{route: "GET /inventaire", gate: asking, acts: asks(okey.ActSee), things: schools, query: bySchool},
	{route: "GET /inventaire.xlsx", gate: asking, acts: asks(okey.ActSee), things: schools, query: bySchool},
	{route: "GET /inventaire/:id", gate: asking, acts: asks(okey.ActSee), things: inventories},
	{route: "GET /inventaire/:id/tableau.xlsx", gate: asking, acts: asks(okey.ActSee), things: inventories},
	{route: "GET /commandes", gate: asking, judge: anywhere(okey.ActOrder, okey.ActSeeDesk), lists: allOrders},
	{route: "GET /commandes.xlsx", gate: asking, judge: anywhere(okey.ActOrder, okey.ActSeeDesk), lists: allOrders},
	{route: "GET /commandes/:id", gate: asking, acts: asks(okey.ActSee), things: allOrders},
	{route: "GET /commandes/minimum", gate: signedIn, ok: http.StatusSeeOther},
	{route: "GET /commandes/:id/annulation", gate: signedIn, things: allOrders, ok: http.StatusSeeOther},
	{route: "GET /commandes/:id/expedition", gate: signedIn, things: allOrders, ok: http.StatusSeeOther},
	{route: "GET /commandes/:id/reception", gate: signedIn, things: allOrders, ok: http.StatusSeeOther},
	{route: "GET /commandes/:id/cloture", gate: signedIn, things: allOrders, ok: http.StatusSeeOther},
	{route: "GET /compte/sessions", gate: signedIn, ok: http.StatusSeeOther},
	{route: "GET /commandes/exports", gate: signedIn, ok: http.StatusSeeOther},
	{route: "GET /commandes/exports/:id", gate: asking, acts: asks(okey.ActSeeDesk), things: one(func(w *walk) thing { return w.export })},
	{route: "GET /delegations", gate: asking, judge: anywhere(okey.ActDelegate, okey.ActSeeDesk)},
	{route: "GET /delegations.xlsx", gate: asking, judge: anywhere(okey.ActDelegate, okey.ActSeeDesk)},
	{route: "GET /delegations/:id", gate: signedIn, things: delegated, ok: http.StatusSeeOther},
	{route: "GET /delegations/:id/fin", gate: signedIn, things: delegated, ok: http.StatusSeeOther},
	{route: "GET /assistance/envois", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/envois.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/personnes/:id", gate: asking, acts: asks(okey.ActSeeDesk), things: one(func(w *walk) thing {
		return thing{name: "a person", id: w.who("Colleague Tilleuls").ID.String()}
	})},
	{
		route: "GET /assistance/etablissements/:uai", gate: asking, acts: asks(okey.ActSeeDesk), things: one(func(*walk) thing {
			return thing{name: "a school", id: string(scene.Tilleuls)}
		}),
	},
	{route: "GET /assistance/envois/:id", gate: asking, acts: asks(okey.ActSeeDesk), things: one(func(w *walk) thing { return w.mail })},
	{route: "GET /assistance/journal", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/journal.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/courriels", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/courriels/:lettre", gate: asking, acts: asks(okey.ActSeeDesk), things: letters},
	{route: "GET /assistance/courriels/:lettre/apercu", gate: asking, acts: asks(okey.ActSeeDesk), things: letters},
	{route: "GET /assistance/deplacer", gate: asking, acts: asks(okey.ActMoveKeys)},
	{route: "GET /assistance/tableau-de-bord", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/tableau-de-bord/semaines.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/tableau-de-bord/delais.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/tableau-de-bord/etablissements.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/tableau-de-bord/commandes.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/succession", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/succession/:id", gate: asking, acts: asks(okey.ActSeeDesk), things: one(func(w *walk) thing {
		return w.record
	})},
	{
		route: "GET /assistance/succession/:id/tableau.xlsx", gate: asking, acts: asks(okey.ActSeeDesk),
		things: one(func(w *walk) thing { return w.record }),
	},
	{route: "GET /assistance/livraisons", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/livraisons.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/livraisons/:id", gate: asking, acts: asks(okey.ActSeeDesk), things: one(func(w *walk) thing {
		return w.draft
	})},
	{
		route: "GET /assistance/livraisons/:id/tableau.xlsx", gate: asking, acts: asks(okey.ActSeeDesk),
		things: one(func(w *walk) thing { return w.draft }),
	},
	{route: "GET /assistance/clefs-a-confirmer", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/clefs-a-confirmer.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{
		route: "GET /assistance/clefs-a-confirmer/:id", gate: asking, acts: asks(okey.ActSeeDesk),
		things: one(func(w *walk) thing { return w.report }),
	},
	{route: "GET /assistance/rattachements", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/rattachements.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/rattachements/:id/fin", gate: signedIn, things: one(func(w *walk) thing {
		return w.attachment
	}), ok: http.StatusSeeOther},
	{route: "GET /assistance/imports", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/imports.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{
		route: "GET /assistance/imports/:id", gate: asking, acts: asks(okey.ActSeeDesk),
		things: one(func(w *walk) thing { return w.imported }),
	},
	{
		route: "GET /assistance/imports/:id/tableau.xlsx", gate: asking, acts: asks(okey.ActSeeDesk),
		things: one(func(w *walk) thing { return w.imported }),
	},
	{route: "GET /assistance/recepteurs", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/recepteurs.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{
		route: "GET /assistance/recepteurs/:id", gate: asking, acts: asks(okey.ActSeeDesk),
		things: one(func(w *walk) thing { return w.receiver }),
	},
	{
		route: "GET /assistance/recepteurs/:id/essai", gate: signedIn, things: one(func(w *walk) thing { return w.receiver }),
		ok: http.StatusSeeOther,
	},
	{route: "GET /assistance/hotes", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/hotes.xlsx", gate: asking, acts: asks(okey.ActSeeDesk)},
	{route: "GET /assistance/personnes/:id/meme-personne", gate: signedIn, things: one(func(w *walk) thing {
		return w.renamed
	}), ok: http.StatusSeeOther},
	{route: "GET /assistance/hotes/:id/fin", gate: signedIn, things: one(func(w *walk) thing {
		return w.hosting
	}), ok: http.StatusSeeOther},
}

func letters(*walk) []thing       { return []thing{{id: string(mail.Asked)}, {id: string(mail.Bounced)}} }
func allKeys(w *walk) []thing     { return w.keys }
func handing(w *walk) []thing     { return w.handing }
func held(w *walk) []thing        { return w.held }
func mislaid(w *walk) []thing     { return w.mislaid }
func pins(w *walk) []thing        { return w.pins }
func moves(w *walk) []thing       { return w.moves }
func announced(w *walk) []thing   { return w.announced }
func schools(w *walk) []thing     { return w.schools }
func inventories(w *walk) []thing { return w.inventories }
func delegated(w *walk) []thing   { return w.delegated }
func placed(w *walk) []thing      { return w.placed }
func exported(w *walk) []thing    { return w.exported }
func allOrders(w *walk) []thing   { return append(append([]thing{}, w.placed...), w.exported...) }

// atDesk is for support's pages, whatever they are about.
func atDesk(w *walk, p *player, _ thing, reason bool) error {
	return w.may(p, thing{}, reason, okey.ActSeeDesk)
}

// mine is for what is one's own and nobody else's, whatever they may see.
func mine(_ *walk, p *player, t thing, _ bool) error {
	if p.ID != t.owner {
		return okey.Errorf(okey.CodeNotFound, "somebody else's")
	}
	return nil
}

func form(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

func decision(_ *walk, _ *player, _ thing, reason bool) any {
	return form("decision", "approve", "comment", why(reason))
}

func why(reason bool) string {
	if reason {
		return "parce que"
	}
	return ""
}

package server_test

import (
	"net/http"
	"net/url"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/server/pages/decisions"

	"github.com/google/uuid"
)

// sends is a form that says the same of every thing.
func sends(pairs ...string) func(*walk, *player, thing, bool) any {
	return func(*walk, *player, thing, bool) any { return form(pairs...) }
}

// filled is a form that depends on the thing.
func filled(fill func(t thing, f url.Values)) func(*walk, *player, thing, bool) any {
	return func(_ *walk, _ *player, t thing, reason bool) any {
		f := form("comment", why(reason))
		fill(t, f)
		return f
	}
}

// withdrawing: the page asks everybody for a reason who withdraws another's request; the permission table asks support alone.
func withdrawing(_ *walk, p *player, _ thing, reason bool) any {
	return form("comment", why(reason || !p.Actor.Support))
}

// triesKey is a trial of a key that many may have tried, more often than is let.
func triesKey(w *walk, _ *player, _ thing, _ bool) any {
	w.Exec(`DELETE FROM attempt`)
	return form("pin", "4071", "code", "755224")
}

// changesKey: the page's reader sees the key, and the table of key changes lets them.
func changesKey(w *walk, p *player, t thing, reason bool) error {
	if err := w.may(p, t, reason, okey.ActSee); err != nil {
		return err
	}
	return reportsKey(w, p, t, reason)
}

func reportsKey(w *walk, p *player, t thing, reason bool) error {
	return okey.MayChangeKey(p.Actor, t.key, w.subject(p, t, reason), t.reason, w.day)
}

// replacesKey: the key that a request is to be handed has no owner yet; whoever sees the request learns that it is not theirs to replace.
func replacesKey(w *walk, p *player, t thing, reason bool) error {
	if err := w.may(p, t, reason, okey.ActSee); err != nil {
		return err
	}
	request := t
	t.owner, t.reason = okey.PersonID{}, okey.ReasonDefective
	if err := reportsKey(w, p, t, reason); err == nil {
		return nil
	}
	return w.may(p, request, reason, okey.ActManageKeys)
}

// answersMove: whoever manages the keys where it would go, but its holder; both sides see it.
func answersMove(w *walk, p *player, t thing, reason bool) error {
	if err := movesSeen(w, p, t, reason); err != nil {
		return err
	}
	if p.ID == t.owner {
		return okey.Errorf(okey.CodeForbidden, "one's own key")
	}
	there := t
	there.uai = t.to
	if err := w.may(p, there, reason, okey.ActManageKeys); err != nil {
		return okey.Errorf(okey.CodeForbidden, "the other side answers")
	}
	return nil
}

// withdrawsMove: whoever manages the keys where it leaves from; both sides see it.
func withdrawsMove(w *walk, p *player, t thing, reason bool) error {
	if err := movesSeen(w, p, t, reason); err != nil {
		return err
	}
	if err := w.may(p, t, reason, okey.ActManageKeys); err != nil {
		return okey.Errorf(okey.CodeForbidden, "the other side takes it back")
	}
	return nil
}

// asksThere is what the domain says of whoever asks for a key at a school.
func asksThere(ok int) func(*walk, *player, thing) int {
	return func(w *walk, p *player, t thing) int {
		switch {
		case len(p.At(t.at, w.day)) == 0:
			return http.StatusUnprocessableEntity
		case w.Count(`SELECT count(*) FROM request WHERE person = $1 AND closed_at IS NULL`, p.ID) > 0:
			return http.StatusConflict
		}
		return ok
	}
}

const noKeys = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // of an empty list

// writtenRows are the forms.
var writtenRows = []row{
	{
		route: "POST /demandes/nouvelle", gate: signedIn, acts: asks(okey.ActAsk), things: schools, ok: http.StatusSeeOther,
		domain: asksThere(http.StatusSeeOther),
		body: filled(func(t thing, f url.Values) {
			f.Set("establishment", t.id)
			f.Set("need", "la suite")
		}),
	},
	{
		route: "POST /demandes/:id/reponse", gate: asking, acts: asks(okey.ActDecide), things: deciding, bare: true,
		ok: http.StatusSeeOther, body: decision,
	},
	{
		route: "POST /demandes/a-repondre", gate: asking, acts: asks(okey.ActDecide), things: deciding, bare: true, ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("d-"+t.id, "oui")
			f.Set("decision", "approve")
			f.Set("confirmed",
				decisions.ChoiceOf([]uuid.UUID{uuid.MustParse(t.id)}, okey.Content{Decision: okey.Approve, Comment: f.Get("comment")}))
		}),
	},
	{
		route: "POST /remise/:id", gate: asking, acts: asks(okey.ActHandOver), things: handing, bare: true, ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("serial", string(t.key.Serial))
		}),
	},
	{
		route: "POST /remise/:id/essai", gate: asking, acts: asks(okey.ActHandOver), things: handing, ok: http.StatusSeeOther,
		body: triesKey,
	},
	{
		route: "POST /demandes/:id/charte", gate: asking, acts: asks(okey.ActSign), things: signing, ok: http.StatusSeeOther,
		body: sends("charter", "1", "read", "oui", "pin", "4071", "pin2", "4071"),
	},
	{
		route: "POST /demandes/:id/lien", gate: asking, acts: asks(okey.ActResendMail), things: deciding, ok: http.StatusSeeOther,
		body: filled(func(thing, url.Values) {}),
	},
	{
		route: "POST /demandes/:id/remise", gate: asking, acts: asks(okey.ActHandOver), things: handing, bare: true,
		ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("serial", string(t.key.Serial))
		}),
	},
	{route: "POST /demandes/:id/stock", gate: asking, acts: asks(okey.ActNudge), things: waiting, ok: http.StatusSeeOther, body: sends()},
	{
		route: "POST /demandes/:id/retrait", gate: asking, acts: asks(okey.ActWithdraw), things: someRequests, bare: true,
		ok: http.StatusSeeOther, body: withdrawing,
	},
	{
		route: "POST /demandes/:id/numero-illisible", gate: asking, acts: asks(okey.ActManageKeys), judge: replacesKey, things: handing,
		ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("serial", string(t.key.Serial))
		}),
	},
	{
		route: "POST /clefs/:serial", gate: asking, acts: asks(okey.ActManageKeys, okey.ActDeclareKey), judge: changesKey, things: allKeys,
		ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("reason", string(t.reason))
			f.Set("confirm", string(t.reason))
		}),
	},
	{
		route: "POST /clefs/:serial/ne-marche-plus/signaler", gate: asking, acts: asks(okey.ActDeclareKey), things: held,
		ok: http.StatusSeeOther, body: filled(func(thing, url.Values) {}),
	},
	{
		route: "POST /clefs/:serial/essai", gate: asking, acts: asks(okey.ActManageKeys, okey.ActDeclareKey), things: held, ok: http.StatusSeeOther,
		body: triesKey,
	},
	{
		route: "POST /clefs/:serial/perdue", gate: asking, acts: asks(okey.ActDeclareKey), things: held, ok: http.StatusSeeOther,
		body: filled(func(thing, url.Values) {}),
	},
	{
		route: "POST /clefs/:serial/egaree", gate: asking, acts: asks(okey.ActDeclareKey), things: held, ok: http.StatusSeeOther,
		body: filled(func(thing, url.Values) {}),
	},
	{
		route: "POST /clefs/:serial/retrouvee", gate: asking, acts: asks(okey.ActDeclareKey), things: mislaid, ok: http.StatusSeeOther,
		body: filled(func(thing, url.Values) {}),
	},
	{
		route: "POST /clefs/:serial/depart", gate: asking, acts: asks(okey.ActManageKeys), things: held, bare: true,
		ok: http.StatusSeeOther,
		body: filled(func(_ thing, f url.Values) {
			f.Set("typed", string(onlyHead))
		}),
	},
	{
		route: "POST /deplacements/:id", gate: asking, acts: asks(okey.ActManageKeys), judge: answersMove, things: moves, bare: true,
		ok: http.StatusSeeOther, body: decision,
	},
	{
		route: "POST /deplacements/:id/retrait", gate: asking, acts: asks(okey.ActManageKeys), judge: withdrawsMove, things: moves,
		bare: true, ok: http.StatusSeeOther, body: filled(func(thing, url.Values) {}),
	},
	{
		route: "POST /mon-code-pin", gate: asking, acts: asks(okey.ActSetPIN), things: pins, ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("clef", t.id)
			f.Set("current", "4071")
			f.Set("pin", "730452")
			f.Set("pin2", "730452")
		}),
	},
	{
		route: "POST /mon-code-pin/oublie", gate: asking, acts: asks(okey.ActSetPIN), things: pins, ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("clef", t.id)
			f.Set("pin", "730452")
			f.Set("pin2", "730452")
		}),
	},
	// The provider is away: whoever may is told so.
	{
		route: "POST /mon-code-pin/oublie/connexion", gate: asking, acts: asks(okey.ActSetPIN), things: pins,
		ok: http.StatusServiceUnavailable,
		body: filled(func(t thing, f url.Values) {
			f.Set("clef", t.id)
		}),
	},
	{route: "POST /compte/sessions", gate: signedIn, ok: http.StatusSeeOther, body: sends()},
	{
		route: "POST /inventaire", gate: asking, acts: asks(okey.ActManageKeys), things: schools, bare: true, ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("establishment", t.id)
			f.Set("serials", "")
			f.Set("confirmed", "oui")
			f.Set("compared", noKeys)
		}),
	},
	{
		route: "POST /livraisons/:id", gate: asking, acts: asks(okey.ActManageKeys), things: announced, ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("etablissement", string(t.at))
			f.Set("serials", string(t.key.Serial))
		}),
	},
	{
		route: "POST /commandes", gate: asking, acts: asks(okey.ActOrder), things: schools, ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("establishment", t.id)
			f.Set("quantity", "2")
		}),
	},
	{
		route: "POST /commandes/:id/annulation", gate: asking, acts: asks(okey.ActOrder), things: placed, bare: true,
		ok: http.StatusSeeOther, body: filled(func(thing, url.Values) {}),
	},
	{
		route: "POST /commandes/:id/expedition", gate: asking, acts: asks(okey.ActExportOrders), things: exported, bare: true,
		ok: http.StatusSeeOther, body: filled(func(thing, url.Values) {}),
	},
	{
		route: "POST /commandes/:id/cloture", gate: asking, acts: asks(okey.ActCloseOrder), things: exported, bare: true,
		ok: http.StatusSeeOther, body: filled(func(thing, url.Values) {}),
	},
	{
		route: "POST /commandes/:id/reception", gate: asking, acts: asks(okey.ActOrder), things: exported, ok: http.StatusSeeOther,
		body: filled(func(_ thing, f url.Values) {
			f.Set("quantity", "1")
		}),
	},
	{route: "POST /commandes/exports", gate: asking, acts: asks(okey.ActExportOrders), ok: http.StatusSeeOther, body: sends()},
	{
		route: "POST /commandes/minimum", gate: asking, acts: asks(okey.ActSettings), ok: http.StatusSeeOther,
		body: sends("establishment", string(scene.Tilleuls), "minimum", "3"),
	},
	{
		route: "POST /delegations/:id", gate: asking, acts: asks(okey.ActDelegate), judge: delegating, things: schools,
		ok: http.StatusSeeOther,
		body: filled(func(t thing, f url.Values) {
			f.Set("delegate", t.who)
			f.Set("from", here().String())
			f.Set("until", here().String()) // the last day of some: no delegation outlives its giver's function
			f.Set("scope", string(okey.Everything))
		}),
	},
	{
		route: "POST /delegations/:id/fin", gate: asking, acts: asks(okey.ActDelegate), judge: delegating, things: delegated,
		ok: http.StatusSeeOther, body: sends(),
	},
	{
		route: "POST /assistance/deplacer", gate: asking, acts: asks(okey.ActMoveKeys), ok: http.StatusSeeOther,
		body: func(w *walk, _ *player, _ thing, _ bool) any {
			for _, t := range w.keys {
				if t.key.State == okey.InStock && t.at == scene.Tilleuls {
					return form("serials", t.id, "establishment", string(onlyHead), "comment", "rééquilibrage", "confirm", "oui")
				}
			}
			return nil
		},
	},
	{
		route: "POST /assistance/succession", gate: asking, acts: asks(okey.ActMoveKeys), ok: http.StatusSeeOther,
		body: sends("establishment", string(closing), "successor", string(onlyHead), "comment", "fusion", "confirm", "oui"),
	},
	{
		route: "POST /assistance/livraisons", gate: asking, acts: asks(okey.ActImport), ok: http.StatusSeeOther,
		body: func(w *walk, p *player, _ thing, _ bool) any {
			return upload(w.URL, "00490020", scene.Tilleuls, "action", okey.DerivedID(p.ID, time.Now().String()).String(), "person",
				p.ID.String())
		},
	},
	{route: "POST /assistance/livraisons/:id", gate: asking, acts: asks(okey.ActImport), things: one(func(w *walk) thing {
		return w.draft
	}), ok: http.StatusSeeOther, body: sends()},
	{
		route: "POST /assistance/clefs-a-confirmer/:id", gate: asking, acts: asks(okey.ActImport),
		things: one(func(w *walk) thing {
			return w.report
		}), ok: http.StatusSeeOther, body: sends("decision", "approve", "batch", "L9", "expires_on", "31/12/2031"),
	},
	{
		route: "POST /assistance/envois", gate: asking, acts: asks(okey.ActResendMail), ok: http.StatusSeeOther,
		body: sends("from", "2020-01-01T00:00", "until", "2099-01-01T00:00"),
	},
	{route: "POST /assistance/envois/:id", gate: asking, acts: asks(okey.ActResendMail), things: one(func(w *walk) thing {
		return w.mail
	}), ok: http.StatusSeeOther, body: sends()},
	{route: "POST /assistance/recepteurs/:id", gate: asking, acts: asks(okey.ActSettings), things: one(func(w *walk) thing {
		return w.receiver
	}), ok: http.StatusSeeOther, body: sends("from", "2020-01-01T00:00")},
	{route: "POST /assistance/recepteurs/:id/essai", gate: asking, acts: asks(okey.ActSettings), things: one(func(w *walk) thing {
		return w.receiver
	}), ok: http.StatusSeeOther, body: sends()},
	{
		route: "POST /assistance/rattachements", gate: asking, acts: asks(okey.ActAttach), ok: http.StatusSeeOther,
		body: func(w *walk, _ *player, _ thing, _ bool) any {
			return form("who", w.who("Nobody Anywhere").UID, "establishment", string(scene.Tilleuls), "function", "personnel", "until",
				here().AddDays(30).String(), "comment", "absente")
		},
	},
	{
		route: "POST /assistance/rattachements/:id/fin", gate: asking, acts: asks(okey.ActAttach),
		things: one(func(w *walk) thing { return w.attachment }), ok: http.StatusSeeOther, body: sends(),
	},
	{
		route: "POST /assistance/hotes", gate: asking, acts: asks(okey.ActAttach), ok: http.StatusSeeOther,
		body: sends("establishment", string(closing), "host", string(scene.Tilleuls), "comment", "sans direction"),
	},
	{
		route: "POST /assistance/personnes/:id/meme-personne", gate: asking, acts: asks(okey.ActAttach),
		things: one(func(w *walk) thing { return w.renamed }), ok: http.StatusSeeOther,
		body: func(_ *walk, _ *player, t thing, _ bool) any { return form("other", t.who) },
	},
	{route: "POST /assistance/hotes/:id/fin", gate: asking, acts: asks(okey.ActAttach), things: one(func(w *walk) thing {
		return w.hosting
	}), ok: http.StatusSeeOther, body: sends()},
}

// someRequests are of each stage, and of each kind of owner.
func someRequests(w *walk) []thing {
	return []thing{w.deciding[0], w.deciding[1], w.deciding[4], w.deciding[5], w.waiting[0], w.signing[2], w.handing[0], w.handing[1]}
}

func signing(w *walk) []thing { return w.signing }
func waiting(w *walk) []thing { return w.waiting }

type object = map[string]any

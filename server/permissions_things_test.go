package server_test

import (
	"net/http"
	"strings"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// thing is what a route is about, as the permission table sees it, and how it is addressed.
type thing struct {
	name   string
	id     string // what stands in the route for its parameter
	marks  []string
	owner  okey.PersonID
	uai    okey.UAI // whose approvers answer for it
	at     okey.UAI // where it is
	stage  okey.Stage
	key    okey.Key
	reason okey.KeyReason // what can be reported of the key
	to     okey.UAI       // of a move
	who    string         // uid of somebody of the school
}

// walk is a house with all that routes can be about: each at the Tilleuls, at the section that they answer for, and at the Acacias.
type walk struct {
	*troupe
	handler http.Handler
	tables  []string
	kept    map[string]string // digests of the tables, as the walk begins
	written map[string]bool   // tables that were, since they were last as then

	deciding, waiting, signing, handing           []thing // requests, by stage
	keys, held, mislaid, pins                     []thing
	placed, exported                              []thing // orders
	export                                        thing
	draft                                         thing // delivery
	announced, inventories, moves                 []thing
	report, attachment, hosting, record, imported thing
	renamed                                       thing // somebody whose uid has changed
	delegated, schools                            []thing
	followed                                      thing // action
	mail, receiver                                thing
	links                                         map[okey.PersonID]string
}

func answering(uai okey.UAI) okey.UAI {
	if uai == section {
		return scene.Tilleuls
	}
	return uai
}

func newWalk(h *house) *walk {
	h.Helper()
	w := &walk{troupe: newTroupe(h), links: map[okey.PersonID]string{}}
	w.handler = h.Server.Handler()
	w.makeRequests()
	w.makeKeys()
	w.makeOrders()
	w.makeDeliveries()
	w.makeMoves()
	w.makeArrangements()
	w.keep()
	return w
}

// request brings one to a stage. Its key, where it comes to have one, is made for it.
func (w *walk) request(name string, p *player, uai okey.UAI, stage okey.Stage) thing {
	w.Helper()
	need := "besoin " + name
	asked := w.calls(p, http.MethodPost, "/requests", map[string]any{"establishment": uai, "need": need})
	t := thing{name: name, id: asked.at("id").(string), owner: p.ID, uai: answering(uai), at: uai, stage: stage}
	t.marks = []string{t.id, need}
	path := "/requests/" + t.id
	if stage == okey.AwaitingDecision {
		return t
	}
	if stage != okey.AwaitingStock {
		w.Key(uai)
	}
	w.calls(w.who("Support Team"), http.MethodPost, path+"/signals/principal-decision",
		map[string]any{"decision": "approve", "comment": "oui"})
	if stage == okey.AwaitingHandover || stage == okey.HandedOver {
		w.calls(p, http.MethodPost, path+"/signals/charter-and-pin", map[string]any{"charter": 1, "pin": "4071"})
	}
	if stage != okey.AwaitingStock {
		t.key = okey.Key{Serial: okey.Serial(w.Text(`SELECT serial FROM key WHERE request = $1`, t.id)), UAI: uai, State: okey.Attributed}
	}
	if stage == okey.HandedOver {
		w.calls(w.who("Support Team"), http.MethodPost, path+"/signals/handover", map[string]any{"serial": t.key.Serial})
	}
	require.Equal(w, stage, w.Scene.Request(uuid.MustParse(t.id)).Stage, name)
	return t
}

func (w *walk) makeRequests() {
	home, far := scene.Tilleuls, scene.Acacias
	of := func(name string, uai okey.UAI) *player { return w.newcomer(name, uai) }
	w.handing = []thing{
		w.request("handing at home", of("Hand", home), home, okey.AwaitingHandover),
		w.request("handing, the deputy's own", w.who("Deputy Tilleuls"), home, okey.AwaitingHandover),
		w.request("handing, the stock delegate's own", w.who("Stockdelegate Today"), home, okey.AwaitingHandover),
		w.request("handing, the only head's own", w.who("Onlyhead Seul"), onlyHead, okey.AwaitingHandover),
		w.request("handing in the section", of("Hand", section), section, okey.AwaitingHandover),
		w.request("handing far away", of("Hand", far), far, okey.AwaitingHandover),
	}
	w.signing = []thing{
		w.request("signing at home", of("Sign", home), home, okey.AwaitingCharter),
		w.request("signing in the section", of("Sign", section), section, okey.AwaitingCharter),
		w.request("signing far away", of("Sign", far), far, okey.AwaitingCharter),
	}
	// Keys in hand, with PINs that OKEY knows.
	for _, uai := range []okey.UAI{home, far} {
		p := of("Held", uai)
		t := w.request("held at "+string(uai), p, uai, okey.HandedOver)
		t.stage, t.key.State, t.key.Holder, t.reason = "", okey.InService, p.ID, okey.ReasonDefective
		t.id, t.marks = string(t.key.Serial), []string{string(t.key.Serial)}
		w.held = append(w.held, t)
	}
	// Keys that their holders have mislaid.
	for _, uai := range []okey.UAI{home, far} {
		p := of("Mislaid", uai)
		t := w.request("mislaid at "+string(uai), p, uai, okey.HandedOver)
		w.calls(w.who("Support Team"), http.MethodPost, "/keys/"+string(t.key.Serial)+"/changes",
			map[string]any{"reason": "mislaid", "comment": "chez moi"})
		t.stage, t.key.State, t.key.Holder, t.reason = "", okey.Suspended, p.ID, okey.ReasonRecovered
		t.id, t.marks = string(t.key.Serial), []string{string(t.key.Serial)}
		w.mislaid = append(w.mislaid, t)
	}
	w.waiting = []thing{
		w.request("waiting at home", of("Wait", home), home, okey.AwaitingStock),
		w.request("waiting far away", of("Wait", far), far, okey.AwaitingStock),
	}
	w.deciding = []thing{
		w.request("deciding at home", of("Ask", home), home, okey.AwaitingDecision),
		w.request("deciding, the principal's own", w.who("Principal Tilleuls"), home, okey.AwaitingDecision),
		w.request("deciding, the delegate's own", w.who("Delegate Today"), home, okey.AwaitingDecision),
		w.request("deciding, support's own", w.who("Supportworker Tilleuls"), home, okey.AwaitingDecision),
		w.request("deciding in the section", of("Ask", section), section, okey.AwaitingDecision),
		w.request("deciding far away", of("Ask", far), far, okey.AwaitingDecision),
	}
	home1 := w.deciding[0]
	w.followed = thing{name: "an action", id: w.Text(`SELECT id::text FROM action WHERE request = $1 AND name = 'ask'`,
		home1.id), owner: home1.owner}
	for _, p := range w.all {
		if !p.anonymous && !p.service() {
			w.links[p.ID] = strings.TrimPrefix(w.goodLink("/demandes/"+home1.id, p.Person), "/valider/")
		}
	}
}

// requests are all of them, whatever their stage.
func (w *walk) requests() []thing {
	var all []thing
	for _, some := range [][]thing{w.deciding, w.waiting, w.signing, w.handing} {
		all = append(all, some...)
	}
	return all
}

func (w *walk) makeKeys() {
	w.keys = append(append(w.keys, w.held...), w.mislaid...)
	for _, uai := range []okey.UAI{scene.Tilleuls, section, scene.Acacias} {
		for state, reason := range map[okey.KeyState]okey.KeyReason{okey.InStock: okey.ReasonRetired, okey.Retired: okey.ReasonFound} {
			k := okey.Key{Serial: w.Key(uai), UAI: uai, State: state}
			if state == okey.Retired {
				w.Exec(`UPDATE key SET state = 'retired' WHERE serial = $1`, string(k.Serial))
			}
			w.keys = append(w.keys, thing{
				name: "a key " + string(state) + " at " + string(uai), id: string(k.Serial), marks: []string{string(k.Serial)},
				uai: answering(uai), at: uai, key: k, reason: reason,
			})
		}
	}
	w.pins = append(w.pins, w.held...)
	for _, t := range w.handing {
		t.id = string(t.key.Serial)
		w.pins = append(w.pins, t)
	}
}

func (w *walk) makeOrders() {
	support := w.who("Support Team")
	order := func(name string, uai okey.UAI) thing {
		comment := "motif " + name
		a := w.calls(support, http.MethodPost, "/orders", map[string]any{"establishment": uai, "quantity": 2, "comment": comment})
		id := a.at("id").(string)
		return thing{name: name, id: id, marks: []string{id, comment}, uai: answering(uai), at: uai}
	}
	places := []okey.UAI{scene.Tilleuls, section, scene.Acacias}
	for _, uai := range places {
		w.exported = append(w.exported, order("exported of "+string(uai), uai))
	}
	w.export = thing{name: "an export", id: w.calls(support, http.MethodPost, "/exports", nil).at("id").(string)}
	for _, uai := range places {
		w.placed = append(w.placed, order("placed of "+string(uai), uai))
	}
}

// fileOf is a delivery file of one key.
func fileOf(serial string, uai okey.UAI) string {
	return deliveryHeader + serial + ";L7;31/12/2030;" + string(uai) + "\n"
}

func (w *walk) makeDeliveries() {
	support := w.who("Support Team")
	for i, uai := range []okey.UAI{scene.Tilleuls, section, scene.Acacias} {
		serial := "0049000" + string(rune('1'+i))
		a := w.deliver(support.Person, fileOf(serial, uai), "", "announced", "true")
		require.Equal(w, http.StatusCreated, a.Status, a.Text)
		w.announced = append(w.announced, thing{
			name: "announced to " + string(uai), id: a.at("id").(string), uai: answering(uai), at: uai,
			key: okey.Key{Serial: okey.Serial(serial)},
		})
		inventory, report := uuid.NewString(), uuid.NewString()
		w.Exec(`INSERT INTO inventory (id, uai, by_person, at, comment) VALUES ($1, $2, $3, $4, 'tiroir')`, inventory, uai, support.ID,
			scene.Now)
		w.Exec(`INSERT INTO key_report (id, serial, uai, inventory, by_person, at, state) VALUES ($1, $2, $3, $4, $5, $6, 'pending')`,
			report, "0099"+serial, uai, inventory, support.ID, scene.Now)
		w.inventories = append(w.inventories, thing{name: "inventory of " + string(uai), id: inventory, uai: answering(uai), at: uai})
		w.report = thing{name: "a report", id: report}
	}
	b := w.as(support.Person)
	page := b.get("/assistance/livraisons").form(b, "/assistance/livraisons")
	action := page.Get("action")
	id := okey.DerivedID(uuid.MustParse(action), string(okey.ActionDelivery))
	r := upload(w.URL+"/assistance/livraisons", "00490009", scene.Tilleuls, "action", action, "person", support.ID.String())
	answer, err := b.client.Do(r)
	require.NoError(w, err)
	require.NoError(w, answer.Body.Close())
	require.Equal(w, http.StatusSeeOther, answer.StatusCode)
	w.draft = thing{name: "a draft", id: id.String()}
}

func (w *walk) makeMoves() {
	home, far := scene.Tilleuls, scene.Acacias
	for name, way := range map[string][2]okey.UAI{
		"leaving home": {home, far}, "coming home": {far, home}, "coming to the section": {far, section}, "elsewhere": {far, onlyHead},
	} {
		holder := w.newcomer("Move"+strings.ReplaceAll(name, " ", ""), way[0])
		serial := w.KeyOf(holder.Person, way[0], okey.NewDay(2031, time.June, 30))
		id := uuid.NewString()
		w.Exec(`INSERT INTO key_move (id, serial, holder, from_uai, to_uai, state, proposed_by, proposed_at)
			VALUES ($1, $2, $3, $4, $5, 'proposed', $6, now())`,
			id, string(serial), holder.ID, way[0], way[1], w.who("Support Team").ID)
		w.moves = append(w.moves, thing{name: "a move " + name, id: id, owner: holder.ID, uai: way[0], at: way[0], to: answering(way[1])})
	}
}

func (w *walk) makeArrangements() {
	support := w.who("Support Team")
	w.delegated = []thing{
		{name: "a delegation of home", id: w.lent["Delegate Today"].String(), uai: scene.Tilleuls},
		{name: "a delegation far away", id: w.lent["Delegate Acacias"].String(), uai: scene.Acacias},
	}
	for uai, who := range map[okey.UAI]string{
		scene.Tilleuls: "Colleague Tilleuls", section: "Colleague Section", scene.Acacias: "Colleague Acacias",
	} {
		w.schools = append(w.schools,
			thing{name: "the school " + string(uai), id: string(uai), uai: answering(uai), at: uai, who: w.who(who).UID})
	}
	w.Exec(`INSERT INTO mail (id, kind, ref, person, address, message_id, subject, state, created_at, subject_id, mail_order)
		VALUES ($1, 'attached', 1, $2, 'adjoint@ac-nice.fr', '<m@okey>', 'Vous voilà adjoint', 'failed', now(), $1,
		'{"step":{"kind":"attached","ref":1}}')`,
		okey.DerivedID(support.ID, "mail"), w.who("Attached Deputy").ID)
	w.mail = thing{name: "a mail", id: okey.DerivedID(support.ID, "mail").String()}
	_, err := w.Store.KeepReceivers(w.Context(), map[string]string{"authentification": "auth.ac-exemple.fr"})
	require.NoError(w, err)
	w.receiver = thing{name: "a receiver of events", id: w.Text(`SELECT id FROM webhook_receiver`)}
	for _, one := range []*thing{&w.attachment, &w.hosting, &w.record, &w.imported} {
		one.id = uuid.NewString()
	}
	w.Exec(`INSERT INTO attachment (id, person, uai, function, until_day, reason, given_by, created_at)
		VALUES ($1, $2, $3, 'adjoint', $4, 'absente', $5, now())`,
		w.attachment.id, w.who("Attached Deputy").ID, scene.Tilleuls, w.day.String(), support.ID)
	renamed := w.newcomer("Renamed Renamed", scene.Tilleuls)
	w.renamed = thing{name: "somebody renamed", id: uuid.NewString()}
	w.Exec(`INSERT INTO person (id, uid, family_name, given_name, mail, created_at)
		SELECT $1, 'renamed.before', family_name, given_name, mail, now() FROM person WHERE id = $2`, w.renamed.id, renamed.ID)
	w.Exec(`UPDATE key SET holder = $1, state = 'in_service' WHERE serial = $2`, w.renamed.id, string(w.Key(scene.Tilleuls)))
	w.renamed.who = renamed.ID.String()
	w.Exec(`INSERT INTO hosting (id, uai, host, reason, given_by, created_at) VALUES ($1, $2, $3, 'sans direction', $4, now())`,
		w.hosting.id, section, scene.Tilleuls, support.ID)
	w.Exec(`INSERT INTO succession (id, from_uai, to_uai, by_person, at, comment) VALUES ($1, $2, $3, $4, now(), 'fermé')`, w.record.id,
		closed, onlyHead, support.ID)
	w.Exec(importedRun, w.imported.id, `[{"where":"ligne 3","code":"invalid","message":"Faux."}]`, "{lmartin}")
	w.Exec(`UPDATE establishment SET successor = $2 WHERE uai = $1`, closed, onlyHead)
}

package keys

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"

	"github.com/google/uuid"
)

// trialScreen is the page on which a holder tries their key.
type trialScreen struct {
	Serial  okey.Serial
	Said    string // what became of the trial before
	Steps   []string
	Says    string // the server's own words, in whatever language
	Form    *web.Form
	Answers []answerLink
	Back    web.NavLink
}

// TrialTitle names the page, and the ways to it.
const TrialTitle = "Essayer ma clef"

// waitForNext is what a key that may be out of step wants.
const waitForNext = "Attendez que la clef affiche un nouveau nombre."

// told is what a refusal means for its holder, and what to do.
type told struct {
	say     string
	steps   []string
	again   string // what the button of the next trial says; empty: there is none to make
	answers []troubleAnswer
}

var refusals = map[okey.TrialCause]told{
	okey.CauseMislaid: {
		say:     "Votre clef est déclarée égarée : elle n'est plus acceptée.",
		answers: []troubleAnswer{{say: FoundTitle, to: below(address.PathFound), first: true}},
	},
	okey.CauseLoanOver: {say: "Le prêt est terminé : cette clef n'est plus acceptée. Rendez-la à la direction."},
	okey.CauseExpired: {
		say:     "Votre clef a expiré : elle ne marchera plus.",
		answers: []troubleAnswer{{say: "Demander la clef suivante", to: toAskAgain, first: true}},
	},
	okey.CausePINLocked: {
		say:     "Trop de codes PIN faux de suite : plus aucun n'est accepté. En choisir un autre débloque la clef tout de suite.",
		answers: []troubleAnswer{{say: "Choisir un autre code PIN", to: toForgottenPIN, first: true, early: true}},
	},
	okey.CausePINWrong: {
		say: "Ce n'est pas le code PIN de cette clef.", again: "Essayer de nouveau",
		answers: []troubleAnswer{{say: "J'ai oublié mon code PIN", to: toForgottenPIN, early: true}},
	},
	okey.CauseStep: {
		say:   "Votre code PIN est juste, mais le nombre est refusé. La clef s'est sans doute décalée : on la remet à l'heure ainsi.",
		steps: []string{waitForNext, "Tapez votre code PIN, puis ce nouveau nombre."}, again: "Essayer le nouveau nombre",
		answers: []troubleAnswer{{say: "Je ne peux pas lire le nombre", to: below(address.PathReport + "?depuis=ecran")}},
	},
	okey.CauseStill: {
		say:   "Votre code PIN est juste, et deux nombres de suite sont refusés : la clef ne se remet pas à l'heure.",
		steps: []string{waitForNext, "Tapez votre code PIN, puis ce nombre, dès qu'il s'affiche."}, again: "Essayer encore une fois",
		answers: []troubleAnswer{
			{say: "Signaler que ma clef ne marche plus", to: below(address.PathReport + "?depuis=decalage"), first: true},
		},
	},
	okey.CausePINOrCode: {
		say: "C'est refusé. Votre code PIN a été choisi avant OKEY, qui ne peut pas dire s'il est juste.",
		steps: []string{
			waitForNext, "Tapez votre code PIN, puis ce nouveau nombre.",
		},
		again: "Essayer de nouveau",
		answers: []troubleAnswer{
			{say: "Choisir un autre code PIN", to: toForgottenPIN, early: true},
			{say: "Signaler que ma clef ne marche plus", to: below(address.PathReport)},
		},
	},
}

var toldAway = told{
	say: "Le serveur d'authentification ne répond pas : ce n'est pas votre clef. Réessayez dans quelques minutes. " +
		"Si cela dure, écrivez à l'assistance.",
	again: "Essayer de nouveau",
}

// whileThrottled is what helps whoever has to wait: nobody need wait with a PIN that they don't know, or a key that does not work.
var whileThrottled = []troubleAnswer{
	{say: "J'ai oublié mon code PIN", to: toForgottenPIN, early: true},
	{say: "Signaler que ma clef ne marche plus", to: below(address.PathReport)},
}

// afterTrial is what the page says of a trial.
func afterTrial(t okey.Trial) told {
	if t.Outcome == okey.TrialAway {
		return toldAway
	}
	return refusals[t.Cause]
}

// tried is a key that is to be tried, and where.
type tried struct {
	key  okey.Key
	who  act.Trier
	path string                 // where its form is sent
	done func(uuid.UUID) string // where it is read what became of a trial
	back web.NavLink
	pin  string // whose PIN is typed
	name string // of the button

	from   string // who gives it back; empty: it does not come back
	trials []okey.Trial
	clock  web.Clock
}

// form asks for PIN and code; for the code alone where the server waits for the next one.
func (t tried) form(v *web.Visit, next bool) *web.Form {
	fields := map[string]web.Field{"code": {Label: "Le nombre qu'affiche la clef"}}
	if next {
		return web.NewForm(v, "essai", t.path, "Envoyer ce nombre", fields)
	}
	fields["pin"] = web.Field{Label: t.pin}
	return web.NewForm(v, "essai", t.path, t.name, fields)
}

// answers are those that are for the holder to go on with: of a key that is not in hand yet, those that help before its handover.
func (t tried) answers(all []troubleAnswer) []answerLink {
	var links []answerLink
	for _, a := range all {
		if a.early || t.who.Request == uuid.Nil {
			links = append(links, answerLink{NavLink: web.NavLink{Name: a.say, Path: a.to(t.key.Serial)}, First: a.first})
		}
	}
	return links
}

// trialPage asks for PIN and code, or says what became of them.
func (s *Pages) trialPage(v *web.Visit) error {
	t, err := s.triedKey(v)
	if err != nil {
		return err
	}
	if t.from != "" {
		return s.showReturned(v, http.StatusOK, t, nil, "")
	}
	if id, err := uuid.Parse(v.Query("fait")); err == nil {
		done, err := s.store.Trial(v.Ctx(), id)
		switch {
		case err == nil && done.By == v.Actor.ID && done.Key == t.key.Serial:
			return s.showTried(v, t, done)
		case err != nil && okey.ErrorCode(err) != okey.CodeNotFound:
			return err
		}
	}
	if begun, waits := s.begunTrial(v, t.key.Serial); waits {
		return s.showNext(v, http.StatusOK, t, begun, t.form(v, true), "")
	}
	return s.showTrial(v, http.StatusOK, t, t.form(v, false), "")
}

// triedKey is the visitor's key that the address names: in hand or, where the academy has keys tried at the counter, the one that awaits
// them. not_found where no authentication server is known.
func (s *Pages) triedKey(v *web.Visit) (tried, error) {
	if s.trials == nil {
		return tried{}, web.NoSuchPage()
	}
	key, err := s.ownKeyOf(v)
	page := address.KeyURL(key.Serial) + address.PathTrial
	t := tried{
		key: key, who: act.Trier{Holder: v.Actor.ID}, path: page,
		done: func(id uuid.UUID) string { return address.DoneURL(page, id) },
		back: web.NavLink{Name: "Revenir à ma clef", Path: address.KeyURL(key.Serial)}, pin: "Votre code PIN", name: TrialTitle,
	}
	unseen := okey.ErrorCode(err) == okey.CodeNotFound || okey.ErrorCode(err) == okey.CodeForbidden
	if okey.ErrorCode(err) == okey.CodeForbidden && key.State.InHand() {
		return s.givenBack(v, t, err)
	}
	if !unseen || key.State != okey.Attributed {
		return t, err
	}
	awaits, fault := s.awaits(v, key)
	if fault != nil || !awaits {
		return t, cmp.Or(fault, err)
	}
	t.who.Request = key.Request
	t.back = web.NavLink{Name: "Revenir à ma demande", Path: address.RequestURL(key.Request)}
	return t, nil
}

// awaits tells whether a key awaits the visitor at a counter where keys are tried.
func (s *Pages) awaits(v *web.Visit, key okey.Key) (bool, error) {
	kept, err := s.store.KeptPIN(v.Ctx(), key.Serial)
	if err != nil || kept.Owner != v.Actor.ID {
		return false, err
	}
	place, err := s.store.Place(v.Ctx(), key.UAI)
	return s.ProvesKeys(place.Academy), err
}

func (s *Pages) showTrial(v *web.Visit, status int, t tried, f *web.Form, warning string) error {
	page := newTrialScreen(t)
	known, mend, err := s.knownTrouble(v, t.key)
	if err != nil {
		return err
	}
	failed, err := s.toExchange(v, t)
	if err != nil {
		return err
	}
	if page.Form = f; failed {
		page.Said, page.Form, warning = refusedTooOften+" "+another, nil, ""
	} else if known != "" {
		page.Said, page.Form, warning = known, nil, "" // to wait would mend nothing
		if mend != nil {
			page.Answers = []answerLink{{NavLink: *mend, First: true}}
		}
	} else if status == http.StatusTooManyRequests {
		page.Answers = t.answers(whileThrottled)
	}
	return s.Show(v, status, "trial", web.Screen{Title: TrialTitle, Warning: warning, Body: page})
}

func newTrialScreen(t tried) trialScreen { return trialScreen{Serial: t.key.Serial, Back: t.back} }

// showTried says what became of a trial and, where that helps, offers the next one. A key that nobody has in hand yet is the school's: what
// is wrong with it is for whoever hands it over.
func (s *Pages) showTried(v *web.Visit, t tried, done okey.Trial) error {
	page, atCounter := newTrialScreen(t), t.who.Request != uuid.Nil
	if done.Outcome == okey.TrialAccepted {
		notice := "Votre clef marche : le serveur d'authentification a accepté votre code PIN et le nombre affiché."
		if s.trials.Alone {
			notice = "Votre clef marche : le serveur d'authentification a accepté le nombre affiché."
		}
		page.Said = "Le portail la refuse encore ? Tapez-y votre code PIN suivi, sans espace, du nombre qu'affiche la clef."
		if atCounter {
			page.Said = "La direction peut vous la remettre : son écran le dit, une fois rechargé."
		}
		return s.Show(v, http.StatusOK, "trial", web.Screen{Title: TrialTitle, Notice: notice, Body: page})
	}
	after := afterTrial(done)
	page.Steps = after.steps
	if after.again != "" {
		page.Form = t.form(v, false)
		page.Form.Button = after.again
	}
	page.Answers = t.answers(after.answers)
	failed, err := s.toExchange(v, t)
	switch {
	case err != nil:
		return err
	case failed:
		page, after.say = newTrialScreen(t), refusedTooOften
		page.Said = another
	case atCounter:
		page.Said = "Après trois refus avec le bon code PIN, la direction vous remet une autre clef."
	}
	return s.Show(v, http.StatusOK, "trial", web.Screen{Title: TrialTitle, Warning: after.say, Body: page})
}

// What a key that was refused too often at its handover means.
const (
	refusedTooOften = "Refusée trois fois, avec le bon code PIN : cette clef est à échanger."
	another         = "La direction vous en remet une autre."
)

// toExchange tells whether the key that awaits somebody was refused too often.
func (s *Pages) toExchange(v *web.Visit, t tried) (bool, error) {
	if t.who.Request == uuid.Nil {
		return false, nil
	}
	latest, err := s.store.TrialsFor(v.Ctx(), t.who.Request)
	return okey.ProofOf(latest, t.key.Serial).Failed(), err
}

// showNext asks for the next code, as the server wants it.
func (s *Pages) showNext(v *web.Visit, status int, t tried, begun act.Begun, f *web.Form, warning string) error {
	page := newTrialScreen(t)
	page.Said, page.Steps = wantsNext, nextSteps
	page.Says, page.Form = shortly(begun.Says), f
	return s.Show(v, status, "trial", web.Screen{Title: "Remettre la clef à l'heure", Warning: warning, Body: page})
}

const wantsNext = "Le serveur veut un second nombre, pour remettre la clef à l'heure."

var nextSteps = []string{"Attendez que la clef affiche le nombre suivant.", "Tapez ce nombre seul, sans le code PIN."}

// shortly keeps what a server says on its line.
func shortly(text string) string {
	const most = 200
	line := []rune(okey.VisibleLine(text))
	return string(line[:min(most, len(line))])
}

// try takes the form.
func (s *Pages) try(v *web.Visit) error {
	t, err := s.triedKey(v)
	if err != nil {
		return s.outOfSight(v, t.key, err)
	}
	return s.take(v, t, func(status int, f *web.Form, warning string) error {
		if t.from != "" {
			return s.showReturned(v, status, t, f, warning)
		}
		if begun, waits := s.begunTrial(v, t.key.Serial); waits && !asksPIN(f) {
			return s.showNext(v, status, t, begun, f, warning)
		}
		return s.showTrial(v, status, t, f, warning)
	})
}

func asksPIN(f *web.Form) bool {
	_, asks := f.Fields["pin"]
	return asks
}

// take reads the form of a trial and has the key judged; again shows the form with what is wrong.
func (s *Pages) take(v *web.Visit, t tried, again func(status int, f *web.Form, warning string) error) error {
	begun, next := s.begunTrial(v, t.key.Serial)
	f := t.form(v, next)
	if err := s.Read(v, f); err != nil {
		return err
	}
	sent := v.Request.PostForm
	anew := func() {
		first := t.form(v, false)
		next, f.Fields, f.Button = false, first.Fields, first.Button
	}
	if next && sent.Has("pin") { // from the page before
		anew()
	}
	if !next && !sent.Has("pin") {
		return again(http.StatusUnprocessableEntity, t.form(v, false),
			"Le serveur n'attend plus ce second nombre. Recommencez : votre code PIN, puis le nombre affiché.")
	}
	typed := act.Typed{Trial: f.Action, PIN: digits(sent.Get("pin")), Code: digits(sent.Get("code"))}
	if !isNumber(typed.Code, 6, 10) {
		f.Wrong("code", "Tapez le nombre que la clef affiche : 6 à 10 chiffres.")
	}
	if !next && !isNumber(typed.PIN, 4, 8) {
		f.Wrong("pin", "Tapez votre code PIN : 4 à 8 chiffres.")
	}
	if f.InOrder("pin", "code"); len(f.Errors) > 0 {
		return again(http.StatusUnprocessableEntity, f, "")
	}
	if done, err := s.store.Trial(v.Ctx(), typed.Trial); err == nil && done.By == t.who.Holder && done.Witness == t.who.Witness {
		v.Redirect(http.StatusSeeOther, t.done(done.ID))
		return nil
	}
	kept, err := s.store.KeptPIN(v.Ctx(), t.key.Serial)
	if err != nil {
		return err
	}
	var done okey.Trial
	var more *act.Begun
	if next {
		done, more, err = s.trials.GoOn(v.Ctx(), t.who, kept, begun, typed)
	} else {
		done, more, err = s.trials.Try(v.Ctx(), t.who, kept, typed)
	}
	if respond.AsError(err).RetryAfter > 0 {
		if next { // until then no server waits
			s.keepBegun(v, nil)
			anew()
		}
		respond.RetryAfter(v.Context, respond.StatusOf(err), err)
		return again(respond.StatusOf(err), f, okey.ErrorMessage(err))
	}
	if err != nil {
		return err
	}
	s.keepBegun(v, more)
	v.Redirect(http.StatusSeeOther, t.done(done.ID))
	return nil
}

// sessionTrial is where a session keeps that a server waits for the next code: what it gave to say so, and nothing that was typed.
const sessionTrial = "trial"

func (s *Pages) keepBegun(v *web.Visit, begun *act.Begun) {
	if begun == nil {
		s.session.Remove(v.Ctx(), sessionTrial)
		return
	}
	if text, err := json.Marshal(begun); err == nil {
		s.session.Put(v.Ctx(), sessionTrial, string(text))
	}
}

func (s *Pages) begunTrial(v *web.Visit, serial okey.Serial) (begun act.Begun, waits bool) {
	if json.Unmarshal([]byte(s.session.GetString(v.Ctx(), sessionTrial)), &begun) != nil {
		return begun, false
	}
	return begun, begun.Key == serial && v.Now.Sub(begun.At) < act.TrialPatience
}

// digits is a number as it is meant: some type the spaces that the key shows.
func digits(typed string) string { return strings.Join(strings.Fields(typed), "") }

func isNumber(text string, least, most int) bool {
	return len(text) >= least && len(text) <= most && strings.Trim(text, "0123456789") == ""
}

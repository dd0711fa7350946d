package keys

import (
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
		answers: []troubleAnswer{{say: "Choisir un autre code PIN", to: toForgottenPIN, first: true}},
	},
	okey.CausePINWrong: {
		say: "Ce n'est pas le code PIN de cette clef.", again: "Essayer de nouveau",
		answers: []troubleAnswer{{say: "J'ai oublié mon code PIN", to: toForgottenPIN}},
	},
	okey.CauseStep: {
		say:   "Votre code PIN est juste, mais le nombre est refusé. La clef s'est sans doute décalée : on la remet à l'heure ainsi.",
		steps: []string{waitForNext, "Tapez votre code PIN, puis ce nouveau nombre."}, again: "Essayer le nouveau nombre",
		answers: []troubleAnswer{{say: "Je ne peux pas lire le nombre", to: below(address.PathReport + "?depuis=ecran")}},
	},
	okey.CauseStill: {
		say: "Votre code PIN est juste, et deux nombres de suite sont refusés : la clef ne se remet pas à l'heure.",
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
			{say: "Choisir un autre code PIN", to: toForgottenPIN},
			{say: "Signaler que ma clef ne marche plus", to: below(address.PathReport)},
		},
	},
}

var toldAway = told{
	say:   "Le serveur d'authentification ne répond pas : ce n'est pas votre clef. Réessayez dans quelques minutes.",
	again: "Essayer de nouveau",
}

// afterTrial is what the page says of a trial.
func afterTrial(t okey.Trial) told {
	if t.Outcome == okey.TrialAway {
		return toldAway
	}
	return refusals[t.Cause]
}

// trialForm asks for PIN and code; for the code alone where the server waits for the next one.
func trialForm(v *web.Visit, serial okey.Serial, button string, next bool) *web.Form {
	fields := map[string]web.Field{"code": {Label: "Le nombre qu'affiche la clef"}}
	if !next {
		fields["pin"] = web.Field{Label: "Votre code PIN"}
	}
	return web.NewForm(v, "essai", address.KeyURL(serial)+address.PathTrial, button, fields)
}

// trialPage asks for PIN and code, or says what became of them.
func (s *Pages) trialPage(v *web.Visit) error {
	key, err := s.triedKey(v)
	if err != nil {
		return err
	}
	if id, err := uuid.Parse(v.Query("fait")); err == nil {
		done, err := s.store.Trial(v.Ctx(), id)
		switch {
		case err == nil && done.By == v.Actor.ID && done.Key == key.Serial:
			return s.showTried(v, key, done)
		case err != nil && okey.ErrorCode(err) != okey.CodeNotFound:
			return err
		}
	}
	if begun, waits := s.begunTrial(v, key.Serial); waits {
		return s.showNext(v, http.StatusOK, key, begun, trialForm(v, key.Serial, "Envoyer ce nombre", true), "")
	}
	return s.showTrial(v, http.StatusOK, key, trialForm(v, key.Serial, TrialTitle, false), "")
}

// triedKey is the visitor's key that the address names; not_found where no authentication server is known.
func (s *Pages) triedKey(v *web.Visit) (okey.Key, error) {
	if s.trials == nil {
		return okey.Key{}, web.NoSuchPage()
	}
	return s.ownKeyOf(v)
}

func (s *Pages) showTrial(v *web.Visit, status int, key okey.Key, f *web.Form, warning string) error {
	page := s.newTrialScreen(key)
	known, mend, err := s.knownTrouble(v, key)
	if err != nil {
		return err
	}
	if page.Form = f; known != "" {
		page.Said, page.Form = known, nil
		if mend != nil {
			page.Answers = []answerLink{{NavLink: *mend, First: true}}
		}
	}
	return s.Show(v, status, "trial", web.Screen{Title: TrialTitle, Warning: warning, Body: page})
}

func (s *Pages) newTrialScreen(key okey.Key) trialScreen {
	return trialScreen{Serial: key.Serial, Back: web.NavLink{Name: "Revenir à ma clef", Path: address.KeyURL(key.Serial)}}
}

// showTried says what became of a trial and, where that helps, offers the next one.
func (s *Pages) showTried(v *web.Visit, key okey.Key, done okey.Trial) error {
	page := s.newTrialScreen(key)
	if done.Outcome == okey.TrialAccepted {
		notice := "Votre clef marche : le serveur d'authentification a accepté votre code PIN et le nombre affiché."
		page.Said = "Le portail la refuse encore ? Tapez-y votre code PIN suivi, sans espace, du nombre qu'affiche la clef."
		return s.Show(v, http.StatusOK, "trial", web.Screen{Title: TrialTitle, Notice: notice, Body: page})
	}
	after := afterTrial(done)
	page.Steps = after.steps
	if after.again != "" {
		page.Form = trialForm(v, key.Serial, after.again, false)
	}
	for _, a := range after.answers {
		page.Answers = append(page.Answers, answerLink{NavLink: web.NavLink{Name: a.say, Path: a.to(key.Serial)}, First: a.first})
	}
	return s.Show(v, http.StatusOK, "trial", web.Screen{Title: TrialTitle, Warning: after.say, Body: page})
}

// showNext asks for the next code, as the server wants it.
func (s *Pages) showNext(v *web.Visit, status int, key okey.Key, begun act.Begun, f *web.Form, warning string) error {
	page := s.newTrialScreen(key)
	page.Said = "Le serveur veut un second nombre, pour remettre la clef à l'heure."
	page.Steps = []string{"Attendez que la clef affiche le nombre suivant.", "Tapez ce nombre seul, sans le code PIN."}
	page.Says, page.Form = shortly(begun.Says), f
	return s.Show(v, status, "trial", web.Screen{Title: "Remettre la clef à l'heure", Warning: warning, Body: page})
}

// shortly keeps what a server says on its line.
func shortly(text string) string {
	const most = 200
	line := []rune(okey.VisibleLine(text))
	return string(line[:min(most, len(line))])
}

// try takes the form.
func (s *Pages) try(v *web.Visit) error {
	key, err := s.triedKey(v)
	if err != nil {
		return s.outOfSight(v, key, err)
	}
	begun, next := s.begunTrial(v, key.Serial)
	f := trialForm(v, key.Serial, TrialTitle, next)
	if err := s.Read(v, f); err != nil {
		return err
	}
	sent := v.Request.PostForm
	if next && sent.Has("pin") { // from the page before: it begins anew
		next, f = false, trialForm(v, key.Serial, TrialTitle, false)
	}
	again := func(status int, warning string) error {
		if next {
			return s.showNext(v, status, key, begun, f, warning)
		}
		return s.showTrial(v, status, key, f, warning)
	}
	typed := act.Typed{Trial: f.Action, PIN: digits(sent.Get("pin")), Code: digits(sent.Get("code"))}
	if !isNumber(typed.Code, 6, 10) {
		f.Wrong("code", "Tapez le nombre que la clef affiche : 6 à 10 chiffres.")
	}
	if !next && !isNumber(typed.PIN, 4, 8) {
		f.Wrong("pin", "Tapez votre code PIN : 4 à 8 chiffres.")
	}
	if f.InOrder("pin", "code"); len(f.Errors) > 0 {
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.tryTyped(v, key, begun, next, typed, again)
}

func (s *Pages) tryTyped(v *web.Visit, key okey.Key, begun act.Begun, next bool, typed act.Typed, again web.Again) error {
	if done, err := s.store.Trial(v.Ctx(), typed.Trial); err == nil && done.By == v.Actor.ID {
		v.Redirect(http.StatusSeeOther, address.DoneURL(address.KeyURL(key.Serial)+address.PathTrial, done.ID))
		return nil
	}
	kept, err := s.store.KeptPIN(v.Ctx(), key.Serial)
	if err != nil {
		return err
	}
	var done okey.Trial
	var more *act.Begun
	if next {
		done, more, err = s.trials.GoOn(v.Ctx(), v.Actor, kept, begun, typed)
	} else {
		done, more, err = s.trials.Try(v.Ctx(), v.Actor, kept, typed)
	}
	if respond.AsError(err).RetryAfter > 0 {
		respond.RetryAfter(v.Context, respond.StatusOf(err), err)
		return again(respond.StatusOf(err), okey.ErrorMessage(err))
	}
	if err != nil {
		return err
	}
	page := address.KeyURL(key.Serial) + address.PathTrial
	if s.keepBegun(v, more); more == nil {
		page = address.DoneURL(page, done.ID)
	}
	v.Redirect(http.StatusSeeOther, page)
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

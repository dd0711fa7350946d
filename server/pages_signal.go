package server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"okey/okey"

	"github.com/google/uuid"
)

// signalForm is a form of a request's page that becomes a signal. Its path is the end of its address, and its name on the page.
type signalForm struct {
	path   string
	signal okey.Signal
}

var signalForms = []signalForm{
	{"reponse", okey.PrincipalDecision},
	signing,
	{"remise", okey.Handover},
	{"stock", okey.StockAvailable},
	{"retrait", okey.Withdrawal},
}

// usableForm is the form that this person may send now; nil where stage or permission table say no, or where the same was just sent.
func (s *Server) usableForm(v *visit, d dossier, sf signalForm) (*form, error) {
	usable := okey.CheckSignal(d.Stage, sf.signal) == nil && okey.May(okey.ActOf(sf.signal), v.Actor, d.subject, d.today) == nil
	if !usable {
		return nil, nil
	}
	for _, a := range d.pending {
		if a.By == v.Actor.ID && a.Name == okey.ActionOf(sf.signal) {
			return nil, nil
		}
	}
	return s.signalForm(v, d, sf)
}

func (s *Server) signalForm(v *visit, d dossier, sf signalForm) (*form, error) {
	f := newForm(v, sf.path, requestURL(d.ID)+"/"+sf.path, "", nil)
	switch sf.signal {
	case okey.PrincipalDecision:
		decisionForm(f, d, s.mustSayWhy(v, d, okey.ActDecide))
	case okey.CharterAndPIN:
		charterForm(f)
	case okey.Handover:
		handoverForm(f, d)
	case okey.Withdrawal:
		withdrawalForm(f, d, v, s.mustSayWhy(v, d, okey.ActWithdraw))
	case okey.StockAvailable:
		f.Button = "Chercher une clef libre"
	}
	return f, nil
}

// mustSayWhy tells whether the visitor may act only with a reason: support in someone's place.
func (s *Server) mustSayWhy(v *visit, d dossier, act okey.Act) bool {
	silent := d.subject
	silent.HasReason = false
	return okey.ErrorCode(okey.May(act, v.Actor, silent, d.today)) == okey.CodeInvalid
}

func decisionForm(f *form, d dossier, why bool) {
	name := d.requester.Name()
	comment := field{Label: "Commentaire", Hint: fmt.Sprintf("Obligatoire pour refuser. %s le lira.", name)}
	if why {
		comment.Hint = fmt.Sprintf("Obligatoire : vous répondez à la place de l'établissement. %s et la direction le liront.", name)
	}
	f.Button = "Envoyer ma réponse"
	f.Fields = map[string]field{
		"decision": {Label: "Votre réponse", Hint: freeKeys(d.free), Choices: []choice{
			{string(okey.Approve), "Accepter"}, {string(okey.Refuse), "Refuser"},
		}},
		"comment": comment,
	}
}

func freeKeys(n int) string {
	if n == 0 {
		return "Aucune clef n'est libre : si vous acceptez, la demande garde sa place et la première clef libre lui revient."
	}
	return fmt.Sprintf("%s %s.", okey.SayCount(n, "clef"), okey.SayEither(n, "libre", "libres"))
}

func charterForm(f *form) {
	f.Button = "Signer et choisir ce code"
	f.Fields = map[string]field{
		"charter": {}, "read": {Label: "J'ai lu la charte et je m'engage à la respecter."},
		"pin":  {Label: "Code PIN", Hint: "4 à 8 chiffres."},
		"pin2": {Label: "Le même code PIN, une seconde fois"},
	}
}

func handoverForm(f *form, d dossier) {
	f.Button = "Remettre la clef"
	f.Extra = handing{Who: d.requester.Name(), TakeBack: d.takeBack()}
	f.Fields = map[string]field{"serial": {
		Label: "Numéro gravé sur la clef que vous remettez",
		Hint:  fmt.Sprintf("Clef réservée : %s. Tapez ou scannez le numéro. Si c'est une autre clef libre, OKEY vous demande d'abord si elle prend sa place.", d.Key),
	}}
}

// withdrawalMeans is what is lost with a request, said before it is withdrawn.
var withdrawalMeans = map[okey.Stage]string{
	okey.AwaitingDecision: "Personne n'y répondra plus : pour avoir une clef, il faudra une nouvelle demande.",
	okey.AwaitingStock:    "La place dans la file sera perdue : pour avoir une clef, il faudra une nouvelle demande, à la fin de la file.",
	okey.AwaitingCharter:  "La clef réservée retournera au stock, pour quelqu'un d'autre : pour en avoir une, il faudra une nouvelle demande, à la fin de la file.",
	okey.AwaitingHandover: "La clef réservée retournera au stock, pour quelqu'un d'autre : pour en avoir une, il faudra une nouvelle demande, à la fin de la file.",
}

func withdrawalForm(f *form, d dossier, v *visit, why bool) {
	comment := field{Label: "Commentaire", Hint: "Facultatif. La direction le lira."}
	switch {
	case why:
		comment.Hint = fmt.Sprintf("Obligatoire : l'assistance agit à la place %s, qui le lira.", okey.SayOf(d.requester.Name()))
		comment.Missing = fmt.Sprintf("Écrivez pourquoi : l'assistance agit à la place %s, qui le lira.", okey.SayOf(d.requester.Name()))
	case !d.mine(v):
		comment.Hint = fmt.Sprintf("Obligatoire. %s le lira.", d.requester.Name())
	}
	f.Button, f.Extra = "Retirer la demande", withdrawalMeans[d.Stage]
	f.Fields = map[string]field{"comment": comment}
}

// signal takes a form of a request's page the one way through.
func (s *Server) signal(v *visit, sf signalForm) error {
	id, err := idOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.dossier(v, id)
	if err != nil {
		return err
	}
	f, err := s.signalForm(v, d, sf)
	if err != nil {
		return err
	}
	if err := s.read(v, f); err != nil {
		return err
	}
	if sf.signal == okey.Handover && okey.May(okey.ActHandOver, v.Actor, d.subject, d.today) == nil {
		counter := counterForm(v, d)
		counter.Action, counter.Values["serial"] = f.Action, f.Values["serial"]
		if asked, err := s.asksToSwap(v, d, counter); asked || err != nil {
			return err
		}
	}
	w := f.wish(v, sf.signal)
	w.Request = id
	if sf.signal == okey.CharterAndPIN {
		if err := okey.May(okey.ActOf(sf.signal), v.Actor, d.subject, d.today); err != nil {
			return err
		}
		f.checkSigning(v, d)
	}
	if sf.signal == okey.Withdrawal && okey.CheckSignal(d.Stage, sf.signal) == nil && okey.May(okey.ActWithdraw, v.Actor, d.subject, d.today) == nil {
		f.checkWithdrawal(v, d)
	}
	if len(f.Errors) > 0 {
		return s.showSent(v, http.StatusUnprocessableEntity, d, f, sf, d.tooLateFor(v, sf))
	}
	done, err := s.act(v.ctx(), v.Actor, w)
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return s.showSent(v, http.StatusUnprocessableEntity, d, f, sf, d.tooLateFor(v, sf))
	}
	if foundNone(done.Action) { // an answer like another: it was looked, and none is free
		v.Redirect(http.StatusSeeOther, doneURL(requestURL(id), done.Action.ID))
		return nil
	}
	return s.answerForm(v, f, done, requestURL(id), func(status int, warning string) error {
		if d, err = s.dossier(v, id); err != nil { // as it is by now
			return err
		}
		return s.showSent(v, status, d, f, sf, warning)
	})
}

// foundNone tells of a search for a free key that there was none.
func foundNone(a okey.Action) bool { return a.Verdict != nil && a.Verdict.Reason == okey.CodeNoKeyFree }

// wish is what the form's content asks for.
func (f *form) wish(v *visit, signal okey.Signal) wish {
	w := signalled(signal, okey.Content{})
	w.Action, w.Via = f.Action, okey.ViaWeb
	switch signal {
	case okey.PrincipalDecision:
		w.Content = okey.Content{Decision: okey.Decision(f.Values["decision"]), Comment: f.Values["comment"]}
	case okey.CharterAndPIN:
		version, err := strconv.Atoi(f.Values["charter"])
		if err != nil {
			version = 0 // an error of the form, told as such
		}
		w.Content, w.PIN = okey.Content{Charter: version}, v.Request.PostForm.Get("pin")
	case okey.Handover:
		w.Content = okey.Content{Serial: okey.Serial(f.Values["serial"])}
	case okey.Withdrawal:
		w.Content = okey.Content{Comment: f.Values["comment"]}
	}
	return w
}

// checkSigning is what only the page asks for: the box, and the PIN twice.
func (f *form) checkSigning(v *visit, d dossier) {
	pin, again := v.Request.PostForm.Get("pin"), v.Request.PostForm.Get("pin2")
	if f.Values["read"] == "" {
		f.wrong("read", "Cochez la case pour signer la charte.")
	}
	if err := okey.CheckPIN(pin, d.Key); err != nil {
		f.wrong("pin", okey.ErrorMessage(err))
	} else if pin != again {
		f.wrong("pin2", "Les deux codes PIN sont différents : tapez deux fois le même.")
	}
}

// checkWithdrawal is what the page asks of an approver, as it does for a refusal: whoever loses a request is to know why. A program may leave it out.
func (f *form) checkWithdrawal(v *visit, d dossier) {
	if !d.mine(v) && strings.TrimSpace(f.Values["comment"]) == "" {
		f.wrong("comment", fmt.Sprintf("Écrivez pourquoi vous retirez cette demande : %s le lira.", d.requester.Name()))
	}
}

// answerForm says what became of an action: where to look next, that it is recorded, or why nothing has changed.
func (s *Server) answerForm(v *visit, f *form, done outcome, page string, again func(status int, warning string) error) error {
	switch {
	case done.recorded():
		return s.showRecorded(v, followURL(done.Action.ID))
	case done.accepted():
		v.Redirect(http.StatusSeeOther, doneURL(page, done.Action.ID))
		return nil
	}
	status, refused := s.explain(v.ctx(), done)
	if status >= http.StatusInternalServerError {
		return refused
	}
	if f.refused(refused) {
		return again(status, "") // the form says it, beside the field
	}
	return again(status, refused.Message)
}

// refused notes what the judges said, and answers whether the form shows it. That action is spent: sent again, corrected, the form is
// another one.
func (f *form) refused(e *okey.Error) bool {
	_, asked := f.Fields[e.Field]
	if asked {
		f.note(e.Field, e.Message)
	}
	f.Action = uuid.New()
	return asked
}

// showRecorded is for an action that nobody has judged in time: nothing is lost.
func (s *Server) showRecorded(v *visit, follow string) error {
	v.Header("Location", follow)
	return s.show(v, http.StatusAccepted, "recorded", screen{Title: "C'est enregistré", Body: follow})
}

// followPage tells what has become of the visitor's own action.
func (s *Server) followPage(v *visit) error {
	a, err := s.ownAction(v)
	if err != nil {
		return err
	}
	page := requestURL(a.Request)
	if a.Name == okey.ActionKeyChange {
		page = keyURL(a.Key)
	}
	if at, known := stockPages[a.Name]; known {
		page = at(a)
	}
	switch {
	case a.Verdict == nil:
		return s.showRecorded(v, followURL(a.ID))
	case a.Verdict.Accepted:
		v.Redirect(http.StatusSeeOther, doneURL(page, a.ID))
		return nil
	}
	status, refused := s.explain(v.ctx(), outcome{a})
	if status >= http.StatusInternalServerError {
		return refused
	}
	if a.Name == okey.ActionAsk {
		page = "/demandes/nouvelle"
	}
	return s.show(v, status, "refused", screen{Title: "Rien n'a changé", Warning: refused.Message, Body: page})
}

// ownAction is the action that the address names; other people's are not found.
func (s *Server) ownAction(v *visit) (okey.Action, error) {
	unknown := okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	id, err := uuid.Parse(v.Param("action"))
	if err != nil {
		return okey.Action{}, unknown
	}
	a, err := s.store.Action(v.ctx(), id)
	if err == nil && a.By != v.Actor.ID {
		return okey.Action{}, unknown
	}
	return a, err
}

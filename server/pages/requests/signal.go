package requests

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"
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
func (s *Pages) usableForm(v *web.Visit, d Dossier, sf signalForm) (*web.Form, error) {
	usable := okey.CheckSignal(d.Stage, sf.signal) == nil && okey.May(okey.ActOf(sf.signal), v.Actor, d.Subject, d.Today) == nil
	if !usable {
		return nil, nil
	}
	for _, a := range d.Pending {
		if a.By == v.Actor.ID && a.Name == okey.ActionOf(sf.signal) {
			return nil, nil
		}
	}
	return s.signalForm(v, d, sf)
}

func (s *Pages) signalForm(v *web.Visit, d Dossier, sf signalForm) (*web.Form, error) {
	f := web.NewForm(v, sf.path, web.RequestURL(d.ID)+"/"+sf.path, "", nil)
	switch sf.signal {
	case okey.PrincipalDecision:
		DecisionForm(f, d, s.mustSayWhy(v, d, okey.ActDecide))
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
func (s *Pages) mustSayWhy(v *web.Visit, d Dossier, act okey.Act) bool {
	silent := d.Subject
	silent.HasReason = false
	return okey.ErrorCode(okey.May(act, v.Actor, silent, d.Today)) == okey.CodeInvalid
}

func DecisionForm(f *web.Form, d Dossier, why bool) {
	name := d.Requester.Name()
	comment := web.Field{Label: "Commentaire", Hint: fmt.Sprintf("Obligatoire pour refuser. %s le lira.", name)}
	if why {
		comment.Hint = fmt.Sprintf("Obligatoire : vous répondez à la place de l'établissement. %s et la direction le liront.", name)
	}
	f.Button = "Envoyer ma réponse"
	f.Fields = map[string]web.Field{
		"decision": {Label: "Votre réponse", Hint: freeKeys(d.free), Choices: []web.Choice{
			{Value: string(okey.Approve), Label: "Accepter"}, {Value: string(okey.Refuse), Label: "Refuser"},
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

func charterForm(f *web.Form) {
	f.Button = "Signer et choisir ce code"
	f.Fields = map[string]web.Field{
		"charter": {}, "read": {Label: "J'ai lu la charte et je m'engage à la respecter."},
		"pin":  {Label: "Code PIN", Hint: "4 à 8 chiffres."},
		"pin2": {Label: "Le même code PIN, une seconde fois"},
	}
}

func handoverForm(f *web.Form, d Dossier) {
	f.Button = "Remettre la clef"
	f.Extra = handing{Who: d.Requester.Name(), TakeBack: d.takeBack()}
	f.Fields = map[string]web.Field{"serial": {
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

func withdrawalForm(f *web.Form, d Dossier, v *web.Visit, why bool) {
	comment := web.Field{Label: "Commentaire", Hint: "Facultatif. La direction le lira."}
	switch {
	case why:
		comment.Hint = fmt.Sprintf("Obligatoire : l'assistance agit à la place %s, qui le lira.", okey.SayOf(d.Requester.Name()))
		comment.Missing = fmt.Sprintf("Écrivez pourquoi : l'assistance agit à la place %s, qui le lira.", okey.SayOf(d.Requester.Name()))
	case !d.mine(v):
		comment.Hint = fmt.Sprintf("Obligatoire. %s le lira.", d.Requester.Name())
	}
	f.Button, f.Extra = "Retirer la demande", withdrawalMeans[d.Stage]
	f.Fields = map[string]web.Field{"comment": comment}
}

// signal takes a form of a request's page the one way through.
func (s *Pages) signal(v *web.Visit, sf signalForm) error {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.Dossier(v, id)
	if err != nil {
		return err
	}
	f, err := s.signalForm(v, d, sf)
	if err != nil {
		return err
	}
	if err := s.Read(v, f); err != nil {
		return err
	}
	if sf.signal == okey.Handover && okey.May(okey.ActHandOver, v.Actor, d.Subject, d.Today) == nil {
		counter := counterForm(v, d)
		counter.Action, counter.Values["serial"] = f.Action, f.Values["serial"]
		if asked, err := s.asksToSwap(v, d, counter); asked || err != nil {
			return err
		}
	}
	cmd := CommandOf(f, v, sf.signal)
	cmd.Request = id
	if sf.signal == okey.CharterAndPIN {
		if err := okey.May(okey.ActOf(sf.signal), v.Actor, d.Subject, d.Today); err != nil {
			return err
		}
		checkSigning(f, v, d)
	}
	if sf.signal == okey.Withdrawal && okey.CheckSignal(d.Stage, sf.signal) == nil && okey.May(okey.ActWithdraw, v.Actor, d.Subject, d.Today) == nil {
		checkWithdrawal(f, v, d)
	}
	if len(f.Errors) > 0 {
		return s.showSent(v, http.StatusUnprocessableEntity, d, f, sf, d.tooLateFor(v, sf))
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, cmd)
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return s.showSent(v, http.StatusUnprocessableEntity, d, f, sf, d.tooLateFor(v, sf))
	}
	if foundNone(done.Action) { // an answer like another: it was looked, and none is free
		v.Redirect(http.StatusSeeOther, web.DoneURL(web.RequestURL(id), done.Action.ID))
		return nil
	}
	return s.Answer(v, f, done, web.RequestURL(id), func(status int, warning string) error {
		if d, err = s.Dossier(v, id); err != nil { // as it is by now
			return err
		}
		return s.showSent(v, status, d, f, sf, warning)
	})
}

// foundNone tells of a search for a free key that there was none.
func foundNone(a okey.Action) bool { return a.Verdict != nil && a.Verdict.Reason == okey.CodeNoKeyFree }

// CommandOf is what the form's content asks for.
func CommandOf(f *web.Form, v *web.Visit, signal okey.Signal) act.Command {
	cmd := act.Signalled(signal, okey.Content{})
	cmd.Action, cmd.Via = f.Action, okey.ViaWeb
	switch signal {
	case okey.PrincipalDecision:
		cmd.Content = okey.Content{Decision: okey.Decision(f.Values["decision"]), Comment: f.Values["comment"]}
	case okey.CharterAndPIN:
		version, err := strconv.Atoi(f.Values["charter"])
		if err != nil {
			version = 0 // an error of the form, told as such
		}
		cmd.Content, cmd.PIN = okey.Content{Charter: version}, v.Request.PostForm.Get("pin")
	case okey.Handover:
		cmd.Content = okey.Content{Serial: okey.Serial(f.Values["serial"])}
	case okey.Withdrawal:
		cmd.Content = okey.Content{Comment: f.Values["comment"]}
	}
	return cmd
}

// checkSigning is what only the page asks for: the box, and the PIN twice.
func checkSigning(f *web.Form, v *web.Visit, d Dossier) {
	pin, again := v.Request.PostForm.Get("pin"), v.Request.PostForm.Get("pin2")
	if f.Values["read"] == "" {
		f.Wrong("read", "Cochez la case pour signer la charte.")
	}
	if err := okey.CheckPIN(pin, d.Key); err != nil {
		f.Wrong("pin", okey.ErrorMessage(err))
	} else if pin != again {
		f.Wrong("pin2", "Les deux codes PIN sont différents : tapez deux fois le même.")
	}
}

// checkWithdrawal is what the page asks of an approver, as it does for a refusal: whoever loses a request is to know why. A program may leave it out.
func checkWithdrawal(f *web.Form, v *web.Visit, d Dossier) {
	if !d.mine(v) && strings.TrimSpace(f.Values["comment"]) == "" {
		f.Wrong("comment", fmt.Sprintf("Écrivez pourquoi vous retirez cette demande : %s le lira.", d.Requester.Name()))
	}
}

// tooLateFor says why the form is gone from the page that it came from, as the judges would; empty where it is still there.
func (d Dossier) tooLateFor(v *web.Visit, sf signalForm) string {
	if okey.CheckSignal(d.Stage, sf.signal) == nil {
		return ""
	}
	f := act.Facts{Action: okey.Action{Name: okey.ActionOf(sf.signal), By: v.Actor.ID}, Now: d.Clock.Now, Zone: d.Clock.Zone, Last: act.SettledAlready(sf.signal, d.Events)}
	return act.TooLate(okey.Verdict{Standing: okey.Standing{Stage: d.Stage}}, f)
}

package requests

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"

	"github.com/google/uuid"
)

// signalForm is a form of a request's page that becomes a signal: a row has what is its own.
type signalForm struct {
	path    string // the end of its address, and its name on the page
	signal  okey.Signal
	fields  []string
	dress   func(f *web.Form, v *web.Visit, d Dossier) // what the page says beside the fields
	content func(*web.Form) okey.Content

	// check is what only the page asks for; before may ask something first, and answers whether it did.
	check  func(s *Pages, v *web.Visit, c act.Case, f *web.Form) error
	before func(s *Pages, v *web.Visit, c act.Case, f *web.Form) (bool, error)
}

var signalForms = []signalForm{
	{
		path:    "reponse",
		signal:  okey.PrincipalDecision,
		fields:  []string{"decision", "comment"},
		dress:   dressDecision,
		content: decisionContent,
	},
	signing,
	handingOver,
	{path: "stock", signal: okey.StockAvailable, dress: dressSearch, content: func(*web.Form) okey.Content { return okey.Content{} }},
	{
		path:    "retrait",
		signal:  okey.Withdrawal,
		fields:  []string{"comment"},
		dress:   dressWithdrawal,
		content: commentContent,
		check:   checkWithdrawal,
	},
}

var handingOver = signalForm{
	path: "remise", signal: okey.Handover, fields: []string{"serial", "comment"}, dress: dressHandover, content: serialContent,
	before: askToSwap,
}

// bare is the form with its fields and nothing said beside them: enough to read what was sent.
func (sf signalForm) bare(v *web.Visit, request uuid.UUID) *web.Form {
	f := web.NewForm(v, sf.path, address.RequestURL(request)+"/"+sf.path, "", map[string]web.Field{})
	for _, name := range sf.fields {
		f.Fields[name] = web.Field{}
	}
	return f
}

// form is the form as its reader sees it.
func (sf signalForm) form(v *web.Visit, d Dossier) *web.Form {
	f := sf.bare(v, d.ID)
	sf.dress(f, v, d)
	return f
}

// usable is the form that this person may send now; nil where stage or permission table say no, or where the same was just sent.
func (sf signalForm) usable(v *web.Visit, d Dossier) *web.Form {
	if d.Sent(v, sf.signal) || !sf.allowed(v, d.Case) {
		return nil
	}
	return sf.form(v, d)
}

// allowed tells whether stage and permission table let the visitor send it.
func (sf signalForm) allowed(v *web.Visit, c act.Case) bool {
	return okey.CheckSignal(c.Stage, sf.signal) == nil && okey.May(okey.ActOf(sf.signal), v.Actor, c.Subject, c.Today) == nil
}

// command is what a form of this kind asks for, once it has been read.
func (sf signalForm) command(f *web.Form, v *web.Visit, c act.Case) act.Command {
	cmd := act.Signalled(sf.signal, sf.content(f))
	cmd.Action, cmd.Request, cmd.Via, cmd.Case = f.Action, c.ID, okey.ViaWeb, &c
	if sf.signal == okey.CharterAndPIN {
		cmd.PIN = v.Request.PostForm.Get("pin") // which the form does not keep
	}
	return cmd
}

// mustSayWhy tells whether the visitor may act only with a reason: support in someone's place.
func mustSayWhy(v *web.Visit, c act.Case, act okey.Act) bool {
	c.Subject.HasReason = false
	return okey.ErrorCode(okey.May(act, v.Actor, c.Subject, c.Today)) == okey.CodeInvalid
}

func dressDecision(f *web.Form, v *web.Visit, d Dossier) {
	DressDecision(f, d, mustSayWhy(v, d.Case, okey.ActDecide))
}

// DressDecision says what stands beside an answer's fields; why: the comment is not optional.
func DressDecision(f *web.Form, d Dossier, why bool) {
	name := d.Requester.Name()
	comment := web.Field{Label: "Commentaire", Hint: fmt.Sprintf("Obligatoire pour refuser. %s le lira.", name)}
	if why {
		comment.Hint = fmt.Sprintf("Obligatoire : vous répondez à la place de l'établissement. %s et la direction le liront.", name)
	}
	f.Button = "Envoyer ma réponse"
	f.Fields = map[string]web.Field{
		"decision": {Label: "Votre réponse", Hint: freeKeys(d.Free), Choices: []web.Choice{
			{Value: string(okey.Approve), Label: "Accepter"}, {Value: string(okey.Refuse), Label: "Refuser"},
		}},
		"comment": comment,
	}
}

func decisionContent(f *web.Form) okey.Content {
	return okey.Content{Decision: okey.Decision(f.Values["decision"]), Comment: f.Values["comment"]}
}

func commentContent(f *web.Form) okey.Content { return okey.Content{Comment: f.Values["comment"]} }

func serialContent(f *web.Form) okey.Content {
	return okey.Content{Serial: okey.Serial(f.Values["serial"]), Comment: f.Values["comment"]}
}

func dressSearch(f *web.Form, _ *web.Visit, _ Dossier) { f.Button = "Chercher une clef libre" }

func freeKeys(n int) string {
	if n == 0 {
		return "Aucune clef n'est libre : si vous acceptez, la demande garde sa place et la première clef libre lui revient."
	}
	return fmt.Sprintf("%s %s.", okey.SayCount(n, "clef"), okey.SayEither(n, "libre", "libres"))
}

func dressCharter(f *web.Form, _ *web.Visit, _ Dossier) {
	f.Button = "Signer et choisir ce code"
	f.Fields = map[string]web.Field{
		"charter": {}, "read": {Label: "J'ai lu la charte et je m'engage à la respecter."},
		"pin":  {Label: "Code PIN", Hint: "4 à 8 chiffres."},
		"pin2": {Label: "Le même code PIN, une seconde fois"},
	}
}

func dressHandover(f *web.Form, _ *web.Visit, d Dossier) {
	f.Button = "Remettre la clef"
	f.Extra = handing{Who: d.Requester.Name(), TakeBack: d.takeBack()}
	f.Fields = map[string]web.Field{"comment": {}, "serial": {
		Label: "Numéro gravé sur la clef que vous remettez",
		Hint: fmt.Sprintf(
			"Clef réservée : %s. Scannez le numéro, ou tapez ses quatre derniers caractères. Si c'est une autre clef libre, scannez-la ou "+
				"tapez tout son numéro : OKEY vous demande d'abord si elle prend sa place.",
			d.Key,
		),
	}}
}

// withdrawalMeans is what is lost with a request, said before it is withdrawn.
var withdrawalMeans = map[okey.Stage]string{
	okey.AwaitingDecision: "Personne n'y répondra plus : pour avoir une clef, il faudra une nouvelle demande.",
	okey.AwaitingStock:    "La place dans la file sera perdue : pour avoir une clef, il faudra une nouvelle demande, à la fin de la file.",
	okey.AwaitingCharter: "La clef réservée retournera au stock, pour quelqu'un d'autre : pour en avoir une, il faudra une nouvelle " +
		"demande, à la fin de la file.",
	okey.AwaitingHandover: "La clef réservée retournera au stock, pour quelqu'un d'autre : pour en avoir une, il faudra une nouvelle " +
		"demande, à la fin de la file.",
}

func dressWithdrawal(f *web.Form, v *web.Visit, d Dossier) {
	comment := web.Field{Label: "Commentaire", Hint: "Facultatif. La direction le lira."}
	switch {
	case mustSayWhy(v, d.Case, okey.ActWithdraw):
		comment.Hint = fmt.Sprintf("Obligatoire : l'assistance agit à la place %s, qui le lira.", okey.SayOf(d.Requester.Name()))
		comment.Missing = fmt.Sprintf("Écrivez pourquoi : l'assistance agit à la place %s, qui le lira.", okey.SayOf(d.Requester.Name()))
	case !d.mine(v):
		comment.Hint = fmt.Sprintf("Obligatoire. %s le lira.", d.Requester.Name())
	}
	f.Button, f.Extra = "Retirer la demande", withdrawalMeans[d.Stage]
	f.Fields = map[string]web.Field{"comment": comment}
}

// signal takes a form of a request's page the one way through. What the page shows is looked up only where it is to be shown again.
func (s *Pages) signal(v *web.Visit, sf signalForm) error {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	c, err := s.act.Visible(v.Ctx(), v.Actor, id)
	if err != nil {
		return err
	}
	f := sf.bare(v, id)
	if err := s.Read(v, f); err != nil {
		return err
	}
	if sf.before != nil {
		if asked, err := sf.before(s, v, c, f); asked || err != nil {
			return err
		}
	}
	if sf.check != nil {
		err = sf.check(s, v, c, f)
	}
	var done act.Outcome
	if err == nil {
		done, err = s.act.Do(v.Ctx(), v.Actor, sf.command(f, v, c))
	}
	again := func(status int, warning string) error { return s.showAgain(v, status, sf, f, warning, nil) }
	switch {
	case err != nil:
		return s.showAgain(v, http.StatusUnprocessableEntity, sf, f, "", err)
	case foundNone(done.Action): // an answer like another: it was looked, and none is free
		v.Redirect(http.StatusSeeOther, address.DoneURL(address.RequestURL(id), done.Action.ID))
		return nil
	}
	return s.Answer(v, f, done, address.RequestURL(id), again)
}

// showAgain shows a form that was sent on the page where it stands, the request as it is by now. An error of the form is noted beside its
// field, with why the form may be gone from the page; any other is answered.
func (s *Pages) showAgain(v *web.Visit, status int, sf signalForm, sent *web.Form, warning string, wrong error) error {
	if wrong != nil {
		if err := sf.bare(v, uuid.Nil).Refuse(wrong); err != nil {
			return err
		}
	}
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.Dossier(v, id)
	if err != nil {
		return err
	}
	f := sf.form(v, d)
	f.Action, f.Values, f.Errors = sent.Action, sent.Values, sent.Errors
	if wrong != nil {
		warning = d.tooLateFor(v, sf)
		if err := f.Refuse(wrong); err != nil {
			return err
		}
	}
	return s.showSent(v, status, d, f, sf, warning)
}

// foundNone tells of a search for a free key that there was none.
func foundNone(a okey.Action) bool { return a.Verdict != nil && a.Verdict.Reason == okey.CodeNoKeyFree }

func charterContent(f *web.Form) okey.Content {
	version, err := strconv.Atoi(f.Values["charter"])
	if err != nil {
		version = 0 // an error of the form, told as such
	}
	return okey.Content{Charter: version}
}

// checkSigning is what only the page asks for: the box, and the PIN twice.
func checkSigning(_ *Pages, v *web.Visit, c act.Case, f *web.Form) error {
	if err := okey.May(okey.ActSign, v.Actor, c.Subject, c.Today); err != nil {
		return err
	}
	var wrong respond.Invalid
	pin, again := v.Request.PostForm.Get("pin"), v.Request.PostForm.Get("pin2")
	if f.Values["read"] == "" {
		wrong = append(wrong, okey.InvalidField("read", "Cochez la case pour signer la charte."))
	}
	if err := okey.CheckPIN(pin, c.Key); err != nil {
		wrong = append(wrong, okey.InvalidField("pin", "%s", okey.ErrorMessage(err)))
	} else if pin != again {
		wrong = append(wrong, okey.InvalidField("pin2", "Les deux codes PIN sont différents : tapez deux fois le même."))
	}
	return wrong.OrNil()
}

// checkWithdrawal is what the page asks of an approver, as it does for a refusal: whoever loses a request is to know why. A program may
// leave it out.
func checkWithdrawal(s *Pages, v *web.Visit, c act.Case, f *web.Form) error {
	allowed := okey.CheckSignal(c.Stage, okey.Withdrawal) == nil && okey.May(okey.ActWithdraw, v.Actor, c.Subject, c.Today) == nil
	if !allowed || c.Person == v.Actor.ID || strings.TrimSpace(f.Values["comment"]) != "" {
		return nil
	}
	requester, err := s.store.Person(v.Ctx(), c.Person)
	if err != nil {
		return err
	}
	return okey.InvalidField("comment", "Écrivez pourquoi vous retirez cette demande : %s le lira.", requester.Name())
}

// tooLateFor says why the form is gone from the page that it came from, as the judges would; empty where it is still there.
func (d Dossier) tooLateFor(v *web.Visit, sf signalForm) string {
	if okey.CheckSignal(d.Stage, sf.signal) == nil {
		return ""
	}
	f := act.Facts{
		Action: okey.Action{Name: okey.ActionOf(sf.signal), By: v.Actor.ID},
		Now:    d.Clock.Now,
		Zone:   d.Clock.Zone,
		Last:   act.SettledAlready(sf.signal, d.Events),
	}
	return act.TooLate(okey.Verdict{Standing: okey.Standing{Stage: d.Stage}}, f)
}

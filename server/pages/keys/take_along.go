package keys

import (
	"net/http"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
)

// alongView is what a key's page says of its holder's leaving: the proposal under way, or the way to make one.
type alongView struct{ Path, Name string }

// along is nil where there is nothing to say, or not to this person.
func (s *Pages) along(v *web.Visit, key okey.Key, subject okey.Subject, today okey.Day) (*alongView, error) {
	if key.State != okey.InService {
		return nil, nil
	}
	manages := okey.May(okey.ActManageKeys, v.Actor, subject, today) == nil
	open, err := s.store.OpenMoveOf(v.Ctx(), key.Serial)
	switch {
	case err == nil && (manages || key.Holder == v.Actor.ID || v.Desk()):
		return &alongView{address.MoveURL(open.ID), "Un départ avec cette clef est proposé : voir où il en est"}, nil
	case okey.ErrorCode(err) == okey.CodeNotFound && manages:
		return &alongView{address.TakeAlongURL(key.Serial), "La personne part avec la clef"}, nil
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return nil, nil
	}
	return nil, err
}

// takeAlongForm offers the other establishments of the holder, or any by its code.
func (s *Pages) takeAlongForm(v *web.Visit, key okey.Key) (*web.Form, error) {
	holder, err := s.store.Actor(v.Ctx(), key.Holder)
	if err != nil {
		return nil, err
	}
	places, err := s.store.Names(v.Ctx(), holder.Establishments(v.Today())...)
	if err != nil {
		return nil, err
	}
	var choices []web.Choice
	for _, uai := range holder.Establishments(v.Today()) {
		if uai != key.UAI {
			choices = append(choices, web.Choice{Value: string(uai), Label: okey.SayPlace(places[uai], uai)})
		}
	}
	fields := map[string]web.Field{
		"chosen":  {},
		"comment": {Label: "Commentaire", Hint: "Facultatif. La direction de l'autre établissement le lira."},
		"typed": {
			Label: "*Établissement d'arrivée",
			Hint:  web.SchoolHint + " Sa direction reçoit aussitôt la proposition.",
		},
	}
	if len(choices) > 0 {
		fields["typed"] = web.Field{Label: "Ou un autre établissement", Hint: web.SchoolHint}
		fields["establishment"] = web.Field{Label: "Établissement d'arrivée", Empty: "Veuillez choisir", Choices: choices}
	} else {
		fields["establishment"] = web.Field{}
	}
	return web.NewForm(v, "depart", address.TakeAlongURL(key.Serial), "Proposer", fields), nil
}

// leaving is a key whose holder may be said to leave with it, for those who manage it.
func (s *Pages) leaving(v *web.Visit) (okey.Key, *web.Form, error) {
	key, subject, today, err := s.visibleKey(v)
	if err != nil {
		return key, nil, err
	}
	if err := okey.May(okey.ActManageKeys, v.Actor, subject, today); err != nil {
		return key, nil, err
	}
	if key.State != okey.InService {
		return key, nil, okey.Errorf(okey.CodeMoveOver, "La clef %s est %s : personne ne peut partir avec elle.",
			key.Serial, key.State.French())
	}
	f, err := s.takeAlongForm(v, key)
	return key, f, err
}

func (s *Pages) takeAlongPage(v *web.Visit) error {
	key, f, err := s.leaving(v)
	if err != nil {
		return err
	}
	switch open, err := s.store.OpenMoveOf(v.Ctx(), key.Serial); {
	case err == nil: // one at a time: where it stands, and how to take it back
		v.Redirect(http.StatusSeeOther, address.MoveURL(open.ID))
		return nil
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return err
	}
	notice := ""
	if s.Restore(v, f) {
		notice = web.RestoredNotice
	}
	return s.showTakeAlong(v, http.StatusOK, key, f, notice, "")
}

func (s *Pages) showTakeAlong(v *web.Visit, status int, key okey.Key, f *web.Form, notice, warning string) error {
	holder, err := s.store.Person(v.Ctx(), key.Holder)
	if err != nil {
		return err
	}
	title := holder.Name() + " part avec la clef " + string(key.Serial)
	return s.Show(v, status, "take_along", web.Screen{Title: title, Notice: notice, Warning: warning, Body: f})
}

// takeAlong takes the proposal the one way through.
func (s *Pages) takeAlong(v *web.Visit) error {
	key, f, err := s.leaving(v)
	if err != nil {
		return err
	}
	if err := s.Read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error { return s.showTakeAlong(v, status, key, f, "", warning) }
	to, err := s.arrivalOf(v, f)
	if err == nil {
		err = s.checkArrival(v, key, to)
	}
	if err != nil {
		return f.Amend(err, again)
	}
	cmd := act.Command{
		Action: f.Action, Name: okey.ActionTakeAlong, Key: key.Serial, Via: okey.ViaWeb,
		Content: okey.Content{Establishment: okey.UAI(to), Comment: f.Values["comment"]},
	}
	return s.Send(v, f, cmd, address.MoveURL(okey.DerivedID(cmd.Action, string(cmd.Name))), again)
}

// arrivalOf is the code of the establishment that the form means: a direction knows where a colleague goes, not its code. Where
// several answer to what was typed, the form asks which.
func (s *Pages) arrivalOf(v *web.Visit, f *web.Form) (string, error) {
	if strings.TrimSpace(f.Values["typed"]) == "" {
		return f.Values["establishment"], nil
	}
	uai, among, err := s.School(v.Ctx(), "typed", f.Values["typed"])
	if err == nil || len(among) == 0 {
		return string(uai), err
	}
	for i, p := range among {
		code := string(web.CodeTyped(p.Value))
		if f.Values["chosen"] == code {
			return code, nil
		}
		among[i] = web.Choice{Value: code, Label: p.Value + ", " + p.Label}
	}
	f.Add("chosen", "", web.Field{Label: "*Lequel de ces établissements", Choices: among})
	return "", okey.InvalidField("chosen", "%s", okey.ErrorMessage(err))
}

// checkArrival says at the field what is wrong with the establishment.
func (s *Pages) checkArrival(v *web.Visit, key okey.Key, typed string) error {
	if typed == "" {
		return okey.InvalidField("typed", "Choisissez l'établissement d'arrivée, ou tapez son nom.")
	}
	uai, err := okey.ParseUAI(typed)
	if err != nil {
		return okey.InvalidField("typed", "%s", okey.ErrorMessage(err))
	}
	if uai == key.UAI {
		return okey.InvalidField("typed", "La clef est déjà à cet établissement : indiquez celui que la personne rejoint.")
	}
	_, err = s.act.Receiver(v.Ctx(), "typed", uai)
	return err
}

package keys

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"

	"github.com/google/uuid"
)

// keyForm offers what the domain's table allows for the key now, to whom it allows it; nil where that is nothing.
func keyForm(v *web.Visit, key okey.Key, subject okey.Subject, today okey.Day) *web.Form {
	var reasons []web.Choice
	for _, reason := range okey.ChangeReasons() {
		_, err := okey.NextKeyState(key.State, reason)
		if err == nil && okey.MayChangeKey(v.Actor, key, subject, reason, today) == nil {
			reasons = append(reasons, web.Choice{Value: string(reason), Label: reason.French()})
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	return changeForm(v, key, map[string]web.Field{
		"confirm": {},
		"reason":  {Label: "*Motif", Hint: reasonsHint(reasons, v), Empty: "Veuillez choisir un motif", Choices: reasons},
		"comment": {
			Label: "*Commentaire", Hint: "Que s'est-il passé ? Les personnes concernées le liront.",
			Missing: "Écrivez un commentaire : les personnes concernées le liront.",
		},
	})
}

func changeForm(v *web.Visit, key okey.Key, fields map[string]web.Field) *web.Form {
	return web.NewForm(v, "changement", address.KeyURL(key.Serial), "Enregistrer", fields)
}

// reasonsHint says what follows of a reason where its name does not: a key that is found is lent again, one that is retired never is.
func reasonsHint(reasons []web.Choice, v *web.Visit) string {
	var hints []string
	if offers(reasons, okey.ReasonMislaid) {
		hints = append(hints, fmt.Sprintf("« Clef égarée » : elle n'est plus acceptée. Si elle n'est pas retrouvée en %d jours "+
			"d'ouverture, elle est perdue. D'ici là, la personne peut demander un prêt.", okey.MislaidExpiry))
	}
	if offers(reasons, okey.ReasonFound) {
		hints = append(hints, "« Clef retrouvée » : elle est dans le tiroir, et sera prêtée à la première personne qui attend. "+
			"La personne qui l'avait l'a toujours ? Reprenez-la d'abord ; elle en redemandera une.")
	}
	if offers(reasons, okey.ReasonRetired) && !v.Actor.Support {
		hints = append(hints, "« Mise au rebut » est définitif : la clef ne servira plus. Seule l'assistance peut revenir dessus.")
	}
	return strings.Join(hints, " ")
}

// changeKey takes the form of a key's page the one way through.
func (s *Pages) changeKey(v *web.Visit) error {
	key, subject, today, err := s.visibleKey(v)
	if err != nil {
		return s.outOfSight(v, key, err)
	}
	f := keyForm(v, key, subject, today)
	if f == nil { // sent twice, or a page from before: the judges know
		f = changeForm(v, key, map[string]web.Field{"confirm": {}, "reason": {}, "comment": {}})
	}
	if err := s.Read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error {
		if key, subject, today, err = s.visibleKey(v); err != nil { // as it is by now
			return s.outOfSight(v, key, err)
		}
		if keyForm(v, key, subject, today) == nil {
			return s.showKey(v, status, key, nil, "", warning)
		}
		f.Fields, f.Values["confirm"] = keyForm(v, key, subject, today).Fields, ""
		return s.showKey(v, status, key, f, "", warning)
	}
	reason := okey.KeyReason(f.Values["reason"])
	if reason == "" {
		// Without a reason the permission table can't be asked: what is missing is all there is to say.
		f.Wrong("reason", "")
		if _, err := okey.CheckText("comment", f.Values["comment"], true); err != nil {
			f.Wrong("comment", okey.ErrorMessage(err))
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	if asksToRetire(f, v, key.State, subject, today) {
		return s.showKey(v, http.StatusOK, key, f, "", "")
	}
	return s.Send(v, f, keyChange(f, key, reason), address.KeyURL(key.Serial), again)
}

// keyChange is what the form of a key's page, or of a declaration, has done.
func keyChange(f *web.Form, key okey.Key, reason okey.KeyReason) act.Command {
	return act.Command{
		Action: f.Action, Name: okey.ActionKeyChange, Key: key.Serial, Via: okey.ViaWeb,
		Content: okey.Content{KeyReason: reason, Comment: f.Values["comment"]},
	}
}

// asksToRetire asks, instead of acting, whether a key is really to be scrapped: whoever does it can't undo it, and support, who
// can, does not give it back to whoever had it. What is missing is said first.
func asksToRetire(f *web.Form, v *web.Visit, state okey.KeyState, subject okey.Subject, today okey.Day) bool {
	retired := string(okey.ReasonRetired)
	switch {
	case f.Values["reason"] != retired || !offers(f.Fields["reason"].Choices, okey.ReasonRetired):
		return false
	case f.Values["confirm"] == retired || (v.Actor.Support && !state.InHand()):
		return false
	case strings.TrimSpace(f.Values["comment"]) == "" || okey.May(okey.ActManageKeys, v.Actor, subject, today) != nil:
		return false
	}
	f.Values["confirm"], f.Button = retired, "Oui, mettre au rebut"
	return true
}

func offers(reasons []web.Choice, reason okey.KeyReason) bool {
	return slices.ContainsFunc(reasons, func(c web.Choice) bool { return c.Value == string(reason) })
}

// outOfSight is for whoever sends the form of a key that they no longer see. Where it was theirs to see until the key went (they
// answered for the establishment that it left, or it was in their hands) they learn when that was, and no more; to anybody else the
// key does not exist.
func (s *Pages) outOfSight(v *web.Visit, key okey.Key, unseen error) error {
	if okey.ErrorCode(unseen) != okey.CodeNotFound || key.Serial == "" {
		return unseen
	}
	id, _ := uuid.Parse(v.Request.PostFormValue("action"))
	sent, err := s.store.Action(v.Ctx(), id)
	if err == nil && sent.By == v.Actor.ID && sent.Key == key.Serial { // sent twice, it is one action
		v.Redirect(http.StatusSeeOther, address.DoneURL(address.KeyURL(key.Serial), sent.ID))
		return nil
	}
	left, returned, err := s.store.SeenUntil(v.Ctx(), key.Serial, v.Actor.ID)
	c := web.Paris(v)
	switch {
	case err != nil:
		return err
	case !returned.IsZero() && returned.After(left):
		return okey.Errorf(okey.CodeKeyElsewhere, "La clef %s n'est plus à vous depuis %s : rien n'a changé.", key.Serial, c.Time(returned))
	case !left.IsZero():
		return okey.Errorf(okey.CodeKeyElsewhere, "La clef %s n'est plus dans votre établissement depuis %s : rien n'a changé.",
			key.Serial, c.Time(left))
	}
	return unseen
}

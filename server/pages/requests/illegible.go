package requests

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"
)

// The number on a key can't be read at the counter: the key is noted as defective, and its request goes on with another one.

const (
	illegibleComment = "Numéro illisible, constaté à la remise"
	failedComment    = "Refusée à la remise : plusieurs essais, aucun accepté par le serveur d'authentification"
)

// illegibleScreen asks whether it is so.
type illegibleScreen struct {
	Form    *web.Form
	Request string
	Serial  okey.Serial
	Who     string
	Free    string
	Failed  bool // it was tried, and refused each time
}

// mayReplace tells whether the visitor may set the attributed key aside at the counter.
func (s *Pages) mayReplace(v *web.Visit, d Dossier) (bool, error) {
	if d.Stage != okey.AwaitingHandover || d.Key == "" {
		return false, nil
	}
	key, err := s.store.Key(v.Ctx(), d.Key)
	if err != nil {
		return false, err
	}
	subject, err := s.store.SubjectOfKey(v.Ctx(), key)
	if err != nil {
		return false, err
	}
	_, wrong := okey.NextKeyState(key.State, okey.ReasonDefective)
	return wrong == nil && okey.May(okey.ActManageKeys, v.Actor, subject, d.Today) == nil, nil
}

// illegiblePage is the step before: what will happen to which key.
func (s *Pages) illegiblePage(v *web.Visit) error {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.Dossier(v, id)
	if err != nil {
		return err
	}
	may, err := s.mayReplace(v, d)
	if err != nil {
		return err
	}
	if !may { // handed over meanwhile, or not theirs to do: the request's page says how it stands
		v.Redirect(http.StatusSeeOther, address.RequestURL(id))
		return nil
	}
	f := illegibleForm(v, d)
	f.Values["serial"] = string(d.Key)
	free := "Aucune autre clef n'est libre : la demande gardera sa place, et la première clef libre sera pour elle."
	if d.Free > 0 {
		free = "Une autre clef du stock prendra sa place ; la charte et le code PIN restent valables."
	}
	page := illegibleScreen{
		Form: f, Request: address.RequestURL(id), Serial: d.Key, Who: d.Requester.Name(), Free: free,
		Failed: d.toExchange(),
	}
	title := "Numéro illisible"
	if page.Failed {
		title = "Échanger la clef"
	}
	return s.Show(v, http.StatusOK, "illegible", web.Screen{Title: title, Body: page})
}

func illegibleForm(v *web.Visit, d Dossier) *web.Form {
	button := "Oui, prendre une autre clef"
	if d.Free == 0 {
		button = "Oui, écarter cette clef" // there is no other one yet
	}
	return web.NewForm(v, "illisible", address.RequestURL(d.ID)+address.PathIllegible, button, map[string]web.Field{"serial": {}})
}

// illegible notes the key as defective and waits until its request has gone on, so that the page is true. The form names the key: sent
// twice, it must not set the next one aside too.
func (s *Pages) illegible(v *web.Visit) error {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.Dossier(v, id)
	if err != nil {
		return err
	}
	f := illegibleForm(v, d)
	if err := s.Read(v, f); err != nil {
		return err
	}
	serial, err := okey.ParseSerial(f.Values["serial"])
	if err != nil {
		return okey.Errorf(okey.CodeInvalid, "Ce formulaire est arrivé abîmé : revenez en arrière et recommencez.")
	}
	_, err = s.store.Action(v.Ctx(), f.Action)
	if first := okey.ErrorCode(err) == okey.CodeNotFound; first && (serial != d.Key || d.Stage != okey.AwaitingHandover) {
		return s.showRequest(
			v,
			http.StatusConflict,
			d,
			nil,
			fmt.Sprintf("La clef %s n'est plus celle de cette demande : rien n'a changé.", serial),
		)
	} else if err != nil && !first {
		return err
	}
	comment := illegibleComment
	if tried, err := s.store.TrialsFor(v.Ctx(), id); err != nil {
		return err
	} else if okey.ProofOf(tried, serial).Failed() {
		comment = failedComment
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{
		Action: f.Action, Name: okey.ActionKeyChange, Key: serial, Via: okey.ViaWeb,
		Content: okey.Content{KeyReason: okey.ReasonDefective, Comment: comment},
	})
	if okey.ErrorCode(err) == okey.CodeNotFound { // of the key: the visitor sees its request
		return okey.Errorf(okey.CodeForbidden, "Vous pouvez voir cette demande. Seule la personne qui remet la clef peut la remplacer.")
	}
	if err != nil {
		return err
	}
	if done.Accepted() {
		if err := s.act.AwaitReplacement(v.Ctx(), done.Action); err != nil {
			return err
		}
	}
	return s.Answer(v, f, done, address.RequestURL(id), func(status int, warning string) error {
		if d, err = s.Dossier(v, id); err != nil {
			return err
		}
		return s.showRequest(v, status, d, nil, warning)
	})
}

// replaced says which key to hand over instead, after a change of the key that this request had; empty for any other change.
func (s *Pages) replaced(v *web.Visit, d Dossier, change okey.Action) (string, error) {
	told, err := s.store.Action(v.Ctx(), okey.DerivedID(change.ID, string(okey.KeyUnavailable)))
	if okey.ErrorCode(err) == okey.CodeNotFound || (err == nil && told.Request != d.ID) {
		return "", nil
	}
	noted := fmt.Sprintf("La clef %s est notée défectueuse.", change.Key)
	switch {
	case err != nil:
		return "", err
	case told.Verdict == nil || d.Key == change.Key:
		return noted + " OKEY cherche une autre clef : rechargez la page dans un instant.", nil
	case d.Stage == okey.AwaitingHandover && d.Key != "":
		return fmt.Sprintf(
			"%s Remettez la clef %s à sa place : la charte et le code PIN %s restent valables.",
			noted,
			d.Key,
			okey.SayOf(d.Requester.Name()),
		), nil
	case d.Stage == okey.AwaitingStock:
		return fmt.Sprintf(
			"%s Aucune autre clef n'est libre : %s garde sa place, et la première clef libre sera pour cette demande.",
			noted,
			d.Requester.Name(),
		), nil
	}
	return noted, nil
}

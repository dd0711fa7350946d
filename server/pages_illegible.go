package server

import (
	"fmt"
	"net/http"

	"okey/okey"
)

// The number on a key can't be read at the counter: the key is noted as defective, and its request goes on with another one.

const (
	pathIllegible    = "/numero-illisible"
	illegibleComment = "Numéro illisible, constaté à la remise"
)

// illegibleScreen asks whether it is so.
type illegibleScreen struct {
	Form    *form
	Request string
	Serial  okey.Serial
	Who     string
	Free    string
}

// mayReplace tells whether the visitor may set the attributed key aside at the counter.
func (s *Server) mayReplace(v *visit, d dossier) (bool, error) {
	if d.Stage != okey.AwaitingHandover || d.Key == "" {
		return false, nil
	}
	key, err := s.store.Key(v.ctx(), d.Key)
	if err != nil {
		return false, err
	}
	subject, err := s.store.SubjectOfKey(v.ctx(), key)
	if err != nil {
		return false, err
	}
	_, wrong := okey.NextKeyState(key.State, okey.ReasonDefective)
	return wrong == nil && okey.May(okey.ActManageKeys, v.Actor, subject, d.today) == nil, nil
}

// illegiblePage is the step before: what will happen to which key.
func (s *Server) illegiblePage(v *visit) error {
	id, err := idOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.dossier(v, id)
	if err != nil {
		return err
	}
	may, err := s.mayReplace(v, d)
	if err != nil {
		return err
	}
	if !may { // handed over meanwhile, or not theirs to do: the request's page says how it stands
		v.Redirect(http.StatusSeeOther, requestURL(id))
		return nil
	}
	f := illegibleForm(v, d)
	f.Values["serial"] = string(d.Key)
	free := "Aucune autre clef n'est libre : la demande gardera sa place, et la première clef libre sera pour elle."
	if d.free > 0 {
		free = "Une autre clef du stock prendra sa place ; la charte et le code PIN restent valables."
	}
	return s.show(v, http.StatusOK, "illegible", screen{Title: "Numéro illisible", Body: illegibleScreen{
		Form: f, Request: requestURL(id), Serial: d.Key, Who: d.requester.Name(), Free: free,
	}})
}

func illegibleForm(v *visit, d dossier) *form {
	button := "Oui, prendre une autre clef"
	if d.free == 0 {
		button = "Oui, écarter cette clef" // there is no other one yet
	}
	return newForm(v, "illisible", requestURL(d.ID)+pathIllegible, button, map[string]field{"serial": {}})
}

// illegible notes the key as defective and waits until its request has gone on, so that the page is true. The form names the key: sent twice,
// it must not set the next one aside too.
func (s *Server) illegible(v *visit) error {
	id, err := idOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.dossier(v, id)
	if err != nil {
		return err
	}
	f := illegibleForm(v, d)
	if err := s.read(v, f); err != nil {
		return err
	}
	serial, err := okey.ParseSerial(f.Values["serial"])
	if err != nil {
		return okey.Errorf(okey.CodeInvalid, "Ce formulaire est arrivé abîmé : revenez en arrière et recommencez.")
	}
	_, err = s.store.Action(v.ctx(), f.Action)
	if first := okey.ErrorCode(err) == okey.CodeNotFound; first && (serial != d.Key || d.Stage != okey.AwaitingHandover) {
		return s.showRequest(v, http.StatusConflict, d, nil, fmt.Sprintf("La clef %s n'est plus celle de cette demande : rien n'a changé.", serial))
	} else if err != nil && !first {
		return err
	}
	done, err := s.act(v.ctx(), v.Actor, wish{
		Action: f.Action, Name: okey.ActionKeyChange, Key: serial, Via: okey.ViaWeb,
		Content: okey.Content{KeyReason: okey.ReasonDefective, Comment: illegibleComment},
	})
	if okey.ErrorCode(err) == okey.CodeNotFound { // of the key: the visitor sees its request
		return okey.Errorf(okey.CodeForbidden, "Vous pouvez voir cette demande, mais c'est à qui remet la clef de la remplacer.")
	}
	if err != nil {
		return err
	}
	if done.accepted() {
		if err := s.awaitReplacement(v.ctx(), done.Action); err != nil {
			return err
		}
	}
	return s.answerForm(v, f, done, requestURL(id), func(status int, warning string) error {
		if d, err = s.dossier(v, id); err != nil {
			return err
		}
		return s.showRequest(v, status, d, nil, warning)
	})
}

// replaced says which key to hand over instead, after a change of the key that this request had; empty for any other change.
func (s *Server) replaced(v *visit, d dossier, change okey.Action) (string, error) {
	told, err := s.store.Action(v.ctx(), okey.DerivedID(change.ID, string(okey.KeyUnavailable)))
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
		return fmt.Sprintf("%s Remettez la clef %s à sa place : la charte et le code PIN %s restent valables.", noted, d.Key, okey.SayOf(d.requester.Name())), nil
	case d.Stage == okey.AwaitingStock:
		return fmt.Sprintf("%s Aucune autre clef n'est libre : %s garde sa place, et la première clef libre sera pour cette demande.", noted, d.requester.Name()), nil
	}
	return noted, nil
}

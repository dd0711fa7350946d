package server

import (
	"fmt"
	"net/http"

	"okey/okey"
)

const pathSuccession = "/assistance/succession"

// successionScreen is where support names a successor, and the list of those named so far.
type successionScreen struct {
	Form   *form // nil for auditors
	Review *successionReview
	Past   []hit
}

type successionReview struct {
	From, To string
	Facts    []fact
	Alone    string // nobody would answer
	Form     *form
}

func successionForm(v *visit) *form {
	return newForm(v, "succession", pathSuccession, "Vérifier", map[string]field{
		"establishment": {Label: "*Code UAI de l'établissement qui ferme", Hint: "Sept chiffres et une lettre.", Missing: "Écrivez le code UAI de l'établissement qui ferme."},
		"successor":     {Label: "*Code UAI de celui qui continue", Hint: "Il reprend les clefs, les demandes et les commandes.", Missing: "Écrivez le code UAI de celui qui continue."},
		"comment":       {Label: "*Commentaire", Hint: "Pourquoi ? Les deux directions le liront.", Missing: "Écrivez pourquoi : les deux directions le liront."},
		"confirm":       {},
	})
}

// successionPage is for support, and to be read by auditors.
func (s *Server) successionPage(v *visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	page, notice := successionScreen{}, ""
	if okey.May(okey.ActMoveKeys, v.Actor, okey.Subject{}, v.today()) == nil {
		page.Form = successionForm(v)
		page.Form.Values["establishment"] = string(chosenSchool(v))
		if s.restore(v, page.Form) {
			notice = restoredNotice
		}
	}
	return s.showSuccessions(v, http.StatusOK, page, notice, "")
}

const successionRows = 100

func (s *Server) showSuccessions(v *visit, status int, page successionScreen, notice, warning string) error {
	past, err := s.store.Successions(v.ctx(), successionRows)
	if err != nil {
		return err
	}
	for _, p := range past {
		page.Past = append(page.Past, hit{
			Name: okey.Capitalize(sayReplacing(p)),
			Path: pathSuccession + "/" + p.ID.String(), Kind: okey.Capitalize(paris(v).day(p.At)),
		})
	}
	return s.show(v, status, "succession", screen{Title: "Fermetures et fusions", Notice: notice, Warning: warning, Body: page})
}

// succession shows what would follow, and lets it follow once that is confirmed.
func (s *Server) succession(v *visit) error {
	if err := okey.May(okey.ActMoveKeys, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	f := successionForm(v)
	if err := s.read(v, f); err != nil {
		return err
	}
	w := wish{Action: f.Action, Name: okey.ActionSuccession, Via: okey.ViaWeb, Content: okey.Content{
		Establishment: okey.UAI(f.Values["establishment"]), Successor: okey.UAI(f.Values["successor"]), Comment: f.Values["comment"],
	}}
	again := func(status int, warning string) error { return s.reviewSuccession(v, status, f, w, warning) }
	if f.Values["confirm"] == "" {
		return again(http.StatusOK, "")
	}
	done, err := s.act(v.ctx(), v.Actor, w)
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, pathSuccession+"/"+okey.DerivedID(w.Action, string(w.Name)).String(), again)
}

// reviewSuccession says how much would follow, or what is wrong with the form.
func (s *Server) reviewSuccession(v *visit, status int, f *form, w wish, warning string) error {
	page := successionScreen{Form: f}
	review, err := s.successionReview(v, f, w)
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return s.showSuccessions(v, http.StatusUnprocessableEntity, page, "", warning)
	}
	page.Review = review
	return s.showSuccessions(v, status, page, "", warning)
}

func (s *Server) successionReview(v *visit, f *form, w wish) (*successionReview, error) {
	if err := w.normalise(); err != nil {
		return nil, err
	}
	from, err := s.store.Place(v.ctx(), w.Content.Establishment)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return nil, okey.InvalidField("establishment", "OKEY ne connaît pas l'établissement %s : vérifiez son code UAI.", w.Content.Establishment)
	case err != nil:
		return nil, err
	case from.Successor != "":
		return nil, okey.InvalidField("establishment", "%s a déjà été remplacé par %s.", from.UAI, from.Successor)
	}
	to, err := s.receiver(v.ctx(), "successor", w.Content.Successor)
	if err != nil {
		return nil, err
	}
	would, err := s.store.WouldMove(v.ctx(), from.UAI)
	if err != nil {
		return nil, err
	}
	alone, err := s.unanswered(v, w.Content.Successor)
	return &successionReview{From: fmt.Sprintf("%s (%s)", from.Name, from.UAI), To: to, Facts: movedFacts(would), Alone: alone, Form: f}, err
}

// unanswered warns of an establishment where nobody would answer; empty where somebody does.
func (s *Server) unanswered(v *visit, uai okey.UAI) (string, error) {
	place, err := s.store.Place(v.ctx(), uai)
	if err != nil {
		return "", err
	}
	approvers, err := s.store.Approvers(v.ctx(), place.AnsweredBy(), v.today())
	if err != nil {
		return "", err
	}
	delegates, err := s.store.Delegates(v.ctx(), place.AnsweredBy(), v.today(), okey.Everything)
	if err != nil || len(approvers)+len(delegates) > 0 {
		return "", err
	}
	staff, err := s.store.StaffCount(v.ctx(), place.UAI, v.today())
	if err != nil {
		return "", err
	}
	nobody := "aucune direction"
	if staff == 0 {
		nobody = "aucun personnel, donc aucune direction"
	}
	return fmt.Sprintf("Personne ne répond pour %s : OKEY n'y connaît %s. Toutes ces demandes iraient à l'assistance. Vérifiez le code UAI, ou importez d'abord les personnels.",
		okey.SayEstablishment(place.Name), nobody), nil
}

func movedFacts(m okey.Moved) []fact {
	return []fact{
		{Name: "Clefs, dans tous leurs états", Value: fmt.Sprint(m.Keys)},
		{Name: "Demandes en cours", Value: fmt.Sprint(m.Requests)},
		{Name: "Commandes en cours", Value: fmt.Sprint(m.Orders)},
		{Name: "Départs proposés", Value: fmt.Sprint(m.Proposals)},
		{Name: "Clefs signalées, à confirmer", Value: fmt.Sprint(m.Reports)},
	}
}

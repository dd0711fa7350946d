package people

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
	"okey/sql"
)

// successionScreen is where support names a successor, and the list of those named so far.
type successionScreen struct {
	Form   *web.Form // nil for auditors
	Review *successionReview
	Past   []web.Hit
}

type successionReview struct {
	From, To  string
	Facts     []web.Fact
	Answering string // who would answer
	Alone     string // nobody would
	Form      *web.Form
}

func successionForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "succession", address.PathSuccession, "Vérifier", map[string]web.Field{
		"establishment": {
			Label: "*Établissement qui ferme", Hint: web.SchoolHint, Missing: "Écrivez le nom ou le code UAI de l'établissement qui ferme.",
		},
		"successor": {
			Label: "*Établissement qui continue", Hint: "Il reprend les clefs, les demandes et les commandes.",
			Missing: "Écrivez le nom ou le code UAI de celui qui continue.",
		},
		"comment": {
			Label: "*Commentaire", Hint: "Pourquoi ? Les deux directions le liront.",
			Missing: "Écrivez pourquoi : les deux directions le liront.",
		},
		"confirm": {},
	})
}

// successionPage is for support, and to be read by auditors.
func (s *Pages) successionPage(v *web.Visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	page, notice := successionScreen{}, ""
	if okey.May(okey.ActMoveKeys, v.Actor, okey.Subject{}, v.Today()) == nil {
		page.Form = successionForm(v)
		page.Form.Values["establishment"] = string(web.ChosenSchool(v))
		if err := s.OfferSchools(v, page.Form, "establishment", "successor"); err != nil {
			return err
		}
		if s.Restore(v, page.Form) {
			notice = web.RestoredNotice
		}
	}
	return s.showSuccessions(v, http.StatusOK, page, notice, "")
}

const successionRows = 100

func (s *Pages) showSuccessions(v *web.Visit, status int, page successionScreen, notice, warning string) error {
	past, err := s.store.Successions(v.Ctx(), successionRows)
	if err != nil {
		return err
	}
	page.Past = each(past, func(p sql.Succession) web.Hit { return successionHit(v, p) })
	return s.Show(v, status, "succession", web.Screen{Title: "Fermetures et fusions", Notice: notice, Warning: warning, Body: page})
}

func successionHit(v *web.Visit, f sql.Succession) web.Hit {
	return web.Hit{
		Name: okey.Capitalize(sayReplacing(f)), Path: address.PathSuccession + "/" + f.ID.String(),
		Kind: okey.Capitalize(web.Paris(v).Day(f.At)),
	}
}

// sayReplacing says which establishment goes on for which.
func sayReplacing(f sql.Succession) string {
	return fmt.Sprintf("%s (%s) remplace %s (%s)", okey.SayEstablishment(f.ToName), f.To, okey.SayEstablishment(f.FromName), f.From)
}

// succession shows what would follow, and lets it follow once that is confirmed.
func (s *Pages) succession(v *web.Visit) error {
	if err := okey.May(okey.ActMoveKeys, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	f := successionForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	if err := s.ReadSchools(v, f, "establishment", "successor"); err != nil {
		return err
	}
	cmd := act.Command{Action: f.Action, Name: okey.ActionSuccession, Via: okey.ViaWeb, Content: okey.Content{
		Establishment: okey.UAI(f.Values["establishment"]), Successor: okey.UAI(f.Values["successor"]), Comment: f.Values["comment"],
	}}
	again := func(status int, warning string) error { return s.reviewSuccession(v, status, f, cmd, warning) }
	if f.Values["confirm"] == "" {
		return again(http.StatusOK, "")
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, cmd)
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Answer(v, f, done, address.PathSuccession+"/"+okey.DerivedID(cmd.Action, string(cmd.Name)).String(), again)
}

// reviewSuccession says how much would follow, or what is wrong with the form.
func (s *Pages) reviewSuccession(v *web.Visit, status int, f *web.Form, cmd act.Command, warning string) error {
	page := successionScreen{Form: f}
	review, err := s.successionReview(v, f, cmd)
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return s.showSuccessions(v, http.StatusUnprocessableEntity, page, "", warning)
	}
	page.Review = review
	return s.showSuccessions(v, status, page, "", warning)
}

func (s *Pages) successionReview(v *web.Visit, f *web.Form, cmd act.Command) (*successionReview, error) {
	cmd, err := cmd.Normalised()
	if err != nil {
		return nil, err
	}
	from, err := s.store.Place(v.Ctx(), cmd.Content.Establishment)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return nil, okey.InvalidField("establishment", "OKEY ne connaît pas l'établissement %s : vérifiez son code UAI.",
			cmd.Content.Establishment)
	case err != nil:
		return nil, err
	case from.Successor != "":
		return nil, okey.InvalidField("establishment", "%s a déjà été remplacé par %s.", from.UAI, from.Successor)
	}
	to, err := s.act.Receiver(v.Ctx(), "successor", cmd.Content.Successor)
	if err != nil {
		return nil, err
	}
	would, err := s.store.WouldMove(v.Ctx(), from.UAI, v.Today())
	if err != nil {
		return nil, err
	}
	review := &successionReview{From: okey.SayPlace(from.Name, from.UAI), To: to, Facts: movedFacts(would), Form: f}
	return review, s.sayAnswering(v, review, from.UAI, cmd.Content.Successor)
}

// sayAnswering says who would answer for the successor, or warns that nobody would.
func (s *Pages) sayAnswering(v *web.Visit, review *successionReview, from, to okey.UAI) error {
	place, err := s.store.Place(v.Ctx(), to)
	if err != nil {
		return err
	}
	if place.Host == from { // whom it hosts, it has as its own from then on
		place.Host = ""
	}
	approvers, err := s.store.Approvers(v.Ctx(), place.AnsweredBy(), v.Today())
	if err != nil {
		return err
	}
	delegates, err := s.store.Delegates(v.Ctx(), place.AnsweredBy(), v.Today(), okey.Everything)
	if err != nil {
		return err
	}
	if len(approvers)+len(delegates) > 0 {
		review.Answering = "La direction de l'établissement qui continue répondra à toutes ces demandes."
		return nil
	}
	following, err := s.store.HeadsToFollow(v.Ctx(), from, v.Today())
	if err != nil {
		return err
	}
	if place.Host == "" && len(following) > 0 {
		review.Answering = "Celui qui continue n'a pas de direction connue : celle de l'établissement qui ferme y répondra."
		return nil
	}
	review.Alone = fmt.Sprintf("Personne ne répond pour %s : OKEY n'y connaît aucune direction, et aucune ne suit. Toutes ces demandes "+
		"iraient à l'assistance. Vérifiez le code UAI, ou importez d'abord les personnels.", okey.SayEstablishment(place.Name))
	return nil
}

func movedFacts(m okey.Moved) []web.Fact {
	return []web.Fact{
		{Name: "Clefs, dans tous leurs états", Value: fmt.Sprint(m.Keys)},
		{Name: "Demandes en cours", Value: fmt.Sprint(m.Requests)},
		{Name: "Commandes en cours", Value: fmt.Sprint(m.Orders)},
		{Name: "Départs proposés", Value: fmt.Sprint(m.Proposals)},
		{Name: "Clefs signalées, à confirmer", Value: fmt.Sprint(m.Reports)},
		{Name: "Personnels", Value: fmt.Sprint(m.Staff)},
	}
}

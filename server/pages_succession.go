package server

import (
	"fmt"
	"net/http"

	"okey"
	"okey/sql"

	"github.com/google/uuid"
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
	Form     *form
}

func successionForm(v *visit) *form {
	return newForm(v, "succession", pathSuccession, "Vérifier", map[string]field{
		"establishment": {Label: "*Code UAI de l'établissement qui ferme", Hint: "Sept chiffres et une lettre."},
		"successor":     {Label: "*Code UAI de celui qui continue", Hint: "Il reprend les clefs, les demandes et les commandes."},
		"comment":       {Label: "*Commentaire", Hint: "Pourquoi ? Les deux directions le liront."},
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
			Name: fmt.Sprintf("%s (%s) continue %s (%s)", p.ToName, p.To, okey.SayEstablishment(p.FromName), p.From),
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
	return &successionReview{From: fmt.Sprintf("%s (%s)", from.Name, from.UAI), To: to, Facts: movedFacts(would), Form: f}, err
}

func movedFacts(m okey.Moved) []fact {
	return []fact{
		{Name: "Clefs, dans tous leurs états", Value: fmt.Sprint(m.Keys)},
		{Name: "Demandes en cours", Value: fmt.Sprint(m.Requests)},
		{Name: "Commandes en cours", Value: fmt.Sprint(m.Orders)},
		{Name: "Départs proposés", Value: fmt.Sprint(m.Proposals)},
	}
}

// successionRecord is the page of a succession that has happened.
type successionRecord struct {
	Facts    []fact
	Comment  string
	Requests []hit
	Keys     []hit
	Others   []hit
}

func (s *Server) successionRecordPage(v *visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	found, err := s.store.Succession(v.ctx(), id)
	if err != nil {
		return err
	}
	counts, err := s.store.SuccessionCounts(v.ctx(), id)
	if err != nil {
		return err
	}
	items, err := s.store.SuccessionItems(v.ctx(), id)
	if err != nil {
		return err
	}
	page := successionRecord{Comment: found.Comment}
	page.Facts = append([]fact{
		{Name: "Ferme", Value: fmt.Sprintf("%s (%s)", found.FromName, found.From)},
		{Name: "Continue", Value: fmt.Sprintf("%s (%s)", found.ToName, found.To)},
		{Name: "Nommé", Value: fmt.Sprintf("%s, par %s", paris(v).time(found.At), found.ByName)},
	}, movedFacts(counts)...)
	page.list(items)
	notice := ""
	if done, was, err := s.justDone(v); err != nil {
		return err
	} else if was && done.Subject == id {
		notice = fmt.Sprintf("C'est fait : %s répond désormais pour %s. Les personnes concernées sont prévenues.", okey.SayEstablishment(found.ToName), okey.SayEstablishment(found.FromName))
	}
	return s.show(v, http.StatusOK, "succession_record", screen{Title: "Succession", Notice: notice, Body: page})
}

// list sorts the record by what moved.
func (p *successionRecord) list(items []sql.SuccessionItem) {
	for _, item := range items {
		switch item.Kind {
		case "key":
			p.Keys = append(p.Keys, hit{Name: item.ID, Path: keyURL(okey.Serial(item.ID))})
		case "request":
			p.Requests = append(p.Requests, hit{Name: "Demande " + item.ID, Path: "/demandes/" + item.ID})
		case "order":
			p.Others = append(p.Others, hit{Name: "Commande " + item.ID, Path: "/commandes/" + item.ID})
		default:
			p.Others = append(p.Others, hit{Name: "Départ " + item.ID, Path: "/deplacements/" + item.ID})
		}
	}
}

package server

import (
	"fmt"
	"net/http"

	"okey"
	"okey/sql"
)

// asking is what someone may ask for today.
type asking struct {
	places  []sql.Place
	free    map[okey.UAI]int
	reasons []choice
	Blocked string // why there is nothing to ask for, and what to do instead
	Next    string // a page that helps
	NextDo  string
	About   string // what the request will be
	Free    string // keys free, where there is one establishment
	Form    *form
}

const nowhere = "Nous ne vous trouvons dans aucun établissement. Demandez à votre secrétariat de vérifier votre affectation, ou écrivez à l'assistance."

// asking looks up what the person may ask for. What it leaves out the judges would refuse.
func (s *Server) asking(v *visit) (*asking, error) {
	a := &asking{free: map[okey.UAI]int{}}
	ctx := v.ctx()
	works := v.Actor.Establishments(v.today())
	if len(works) == 0 {
		a.Blocked = nowhere
		return a, nil
	}
	open, err := s.store.OpenRequestOf(ctx, v.Actor.ID)
	switch {
	case err == nil:
		a.Blocked, a.Next, a.NextDo = alreadyOpen(facts{Open: open, Now: v.Now, Zone: paris(v).zone}), requestURL(open.ID), "Voir ma demande"
		return a, nil
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return a, err
	}
	if a.places, err = s.store.Establishments(ctx, works...); err != nil {
		return a, err
	}
	for _, p := range a.places {
		if a.free[p.UAI], err = s.store.FreeKeys(ctx, p.UAI, v.today()); err != nil {
			return a, err
		}
	}
	return a, s.askReasons(v, a)
}

// askReasons finds why the person may ask: a first key, the next one before theirs expires, or another for one that was reported.
func (s *Server) askReasons(v *visit, a *asking) error {
	held, err := s.store.KeysHeldBy(v.ctx(), v.Actor.ID)
	if err != nil {
		return err
	}
	if len(held) > 0 {
		key := held[0]
		if !key.Renewable(v.today()) {
			a.Blocked = alreadyHolds(okey.DetailNotYetRenewable, facts{Held: held, Now: v.Now, Zone: paris(v).zone}) + " Si elle est perdue ou ne marche plus, déclarez-le d'abord."
			a.Next, a.NextDo = keyURL(key.Serial), "Voir ma clef"
			return nil
		}
		a.reasons = []choice{{Value: string(okey.Renewal)}}
		a.About = fmt.Sprintf("Votre clef %s expire le %s. La nouvelle la remplacera ; l'ancienne sert jusqu'à la remise.", key.Serial, paris(v).date(key.ExpiresOn))
		return nil
	}
	had, err := s.store.HadUnusableKey(v.ctx(), v.Actor.ID)
	if had {
		a.reasons = []choice{
			{string(okey.Replacement), "Remplacer ma clef perdue ou défectueuse"}, {string(okey.FirstKey), "Une première clef"},
		}
	}
	return err
}

func (s *Server) askForm(v *visit, a *asking) *form {
	f := newForm(v, "demande", "/demandes/nouvelle", "Envoyer ma demande", map[string]field{
		"need": {Label: "Pour quoi avez-vous besoin d'une clef ?", Hint: "En quelques mots : « saisie des absences », « direction adjointe »… La direction de votre établissement le lira."},
	})
	switch {
	case len(a.places) > 1:
		where := field{Label: "Pour quel établissement ?", Hint: "Une seule clef sert dans tous vos établissements."}
		for _, p := range a.places {
			where.Choices = append(where.Choices, choice{string(p.UAI), fmt.Sprintf("%s : %s", p.Name, okey.SayCount(a.free[p.UAI], "clef")+" "+okey.SayEither(a.free[p.UAI], "libre", "libres"))})
		}
		f.Fields["establishment"] = where
	case len(a.places) == 1:
		p := a.places[0]
		f.Values["establishment"] = string(p.UAI)
		a.Free = fmt.Sprintf("%s : %s.", p.Name, okey.SayCount(a.free[p.UAI], "clef")+" "+okey.SayEither(a.free[p.UAI], "libre", "libres"))
		if a.free[p.UAI] == 0 {
			a.Free = fmt.Sprintf("%s : aucune clef libre en ce moment. Demandez quand même : votre établissement saura qu'il faut commander, et vous gardez votre place.", p.Name)
		}
	}
	switch {
	case len(a.reasons) > 1:
		f.Fields["reason"] = field{Label: "Pourquoi cette demande ?", Choices: a.reasons}
		f.Values["reason"] = a.reasons[0].Value
	case len(a.reasons) == 1:
		f.Values["reason"] = a.reasons[0].Value
	}
	return f
}

// askPage is where one asks for a key.
func (s *Server) askPage(v *visit) error {
	a, err := s.asking(v)
	if err != nil {
		return err
	}
	a.Form = s.askForm(v, a)
	notice := ""
	if a.Blocked == "" && s.restore(v, a.Form) {
		notice = restoredNotice
	}
	return s.show(v, http.StatusOK, "ask", screen{Title: "Demander une clef", Notice: notice, Body: a})
}

// ask takes the form the one way through. Whatever the page would no longer offer is for the judges: the form may be a double click.
func (s *Server) ask(v *visit) error {
	a, err := s.asking(v)
	if err != nil {
		return err
	}
	f := s.askForm(v, a)
	if err := s.read(v, f); err != nil {
		return err
	}
	for _, name := range []string{"establishment", "reason"} {
		if sent := v.Request.PostForm.Get(name); sent != "" {
			f.Values[name] = sent
		}
	}
	again := func(status int, warning string) error {
		a.Form = f
		return s.show(v, status, "ask", screen{Title: "Demander une clef", Warning: warning, Body: a})
	}
	if len(a.places) == 0 && f.Values["establishment"] == "" {
		return again(http.StatusUnprocessableEntity, a.Blocked)
	}
	done, err := s.act(v.ctx(), v.Actor, wish{
		Action: f.Action, Name: okey.ActionAsk, Via: okey.ViaWeb, Content: okey.Content{
			Establishment: okey.UAI(f.Values["establishment"]), Need: f.Values["need"], Reason: okey.RequestReason(f.Values["reason"]),
		},
	})
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, requestURL(done.Action.Request), again)
}

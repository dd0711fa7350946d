package requests

import (
	"fmt"
	"net/http"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/keys"
	"okey/server/web"
	"okey/sql"
)

// asking is what someone may ask for today.
type asking struct {
	places  []sql.Place
	free    map[okey.UAI]int
	answers map[okey.UAI]string // who will answer, in one sentence
	reasons []web.Choice
	Blocked string        // why there is nothing to ask for, and what to do instead
	Warned  bool          // the page's warning has said so
	Typed   string        // what was sent all the same, so that it can be copied
	Next    *web.NavLink  // the page that helps, on a button
	Others  []web.NavLink // and further ones
	About   string        // what the request will be
	Free    string        // keys free, where there is one establishment
	Answers string        // who will answer, there
	Uses    []string      // fields of what can be ticked
	Form    *web.Form
}

// asking looks up what the person may ask for. What it leaves out the judges would refuse.
func (s *Pages) asking(v *web.Visit) (*asking, error) {
	a := &asking{answers: map[okey.UAI]string{}}
	ctx := v.Ctx()
	works := v.Actor.Establishments(v.Today())
	if len(works) == 0 {
		var err error
		a.Blocked, err = s.WhyNowhere(v)
		return a, err
	}
	open, err := s.store.OpenRequestOf(ctx, v.Actor.ID)
	switch {
	case err == nil:
		a.Blocked = act.AlreadyOpen(act.Facts{Open: open, Now: v.Now, Zone: web.Paris(v).Zone})
		a.Next = &web.NavLink{Name: keys.SeeRequest, Path: address.RequestURL(open.ID)}
		return a, nil
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return a, err
	}
	if a.places, err = s.store.Establishments(ctx, works...); err != nil {
		return a, err
	}
	days := map[okey.UAI]okey.Day{}
	for _, p := range a.places {
		days[p.UAI] = v.Today()
	}
	if a.free, err = s.store.FreeKeysOn(ctx, days); err != nil {
		return a, err
	}
	waits, err := s.act.WhoAnswers(ctx, a.places, v.Actor.Person)
	if err != nil {
		return a, err
	}
	for uai, who := range waits {
		a.answers[uai] = sayWhoAnswers(who)
	}
	return a, s.askReasons(v, a)
}

const supportAnswers = "Personne de la direction ne peut y répondre : l'assistance s'en charge."

// sayWhoAnswers says in a sentence who will answer.
func sayWhoAnswers(waits []act.Awaited) string {
	if waits[0].Who == act.AwaitedSupport {
		return supportAnswers
	}
	return okey.Capitalize(web.WhoIsAwaited(waits)) + " répondra."
}

// WhyNowhere says why somebody can ask nowhere: OKEY serves nobody where they work, or knows of no such place.
func (s *Pages) WhyNowhere(v *web.Visit) (string, error) {
	uai, err := s.store.UnservedOf(v.Ctx(), v.Actor.ID, v.Today())
	if err != nil || uai == "" {
		return web.Nowhere, err
	}
	name, why, known, err := s.store.LeftOut(v.Ctx(), uai)
	if err != nil {
		return "", err
	}
	if !known {
		place, err := s.store.Place(v.Ctx(), uai)
		if err != nil {
			return "", err
		}
		name = place.Name
		_, why = place.Served()
	}
	return act.NotEligible(string(why), act.Facts{Place: name}), nil
}

// askReasons finds why the person may ask: a first key, the next one before theirs expires, or another for one that was reported.
func (s *Pages) askReasons(v *web.Visit, a *asking) error {
	held, err := s.store.KeysHeldBy(v.Ctx(), v.Actor.ID)
	if err != nil {
		return err
	}
	if len(okey.Own(held)) > 0 {
		key := held[0]
		own := s.keys.NewOwnKey(key, web.Paris(v), true)
		if key.State == okey.Suspended && (!key.Renewable(v.Today()) || len(okey.Own(held)) == len(held)) {
			s.askLoan(v, a, held, own)
			return nil
		}
		if !key.Renewable(v.Today()) {
			a.Blocked = act.AlreadyHolds(
				okey.DetailNotYetRenewable,
				act.Facts{Held: held, Now: v.Now, Zone: web.Paris(v).Zone},
			) + " Perdue ou en panne ? Signalez-le d'abord, puis demandez-en une autre."
			a.Next = &web.NavLink{Name: "Voir ma clef", Path: own.Path}
			a.Others = []web.NavLink{{Name: "Ma clef ne marche plus", Path: own.Trouble}, {Name: "J'ai perdu ma clef", Path: own.Lost}}
			return nil
		}
		a.reasons = []web.Choice{{Value: string(okey.Renewal)}}
		until := " ; l'ancienne sert jusqu'à la remise"
		if key.State == okey.Suspended { // it serves no more, mislaid
			until = ""
		}
		a.About = fmt.Sprintf("Votre clef %s expire le %s. La nouvelle la remplacera%s.",
			key.Serial, web.Paris(v).Date(key.ExpiresOn), until)
		if key.ExpiresOn.Before(v.Today()) {
			a.About = fmt.Sprintf(
				"Votre clef %s a expiré le %s : elle ne sert plus. La nouvelle la remplacera.",
				key.Serial,
				web.Paris(v).Date(key.ExpiresOn),
			)
		}
		return nil
	}
	serial, state, err := s.store.UnusableKey(v.Ctx(), v.Actor.ID)
	if serial != "" {
		a.reasons = []web.Choice{{Value: string(okey.Replacement)}}
		a.About = fmt.Sprintf("Votre clef %s a été déclarée %s : celle que vous demandez la remplacera.", serial, state.French())
	}
	return err
}

// loanTime is how long a loan is.
func loanTime() string {
	return okey.SayNumber(okey.LoanDays) + " jours, sans compter les week-ends, les jours fériés et les vacances scolaires"
}

// askLoan offers whoever has mislaid their key to ask for another one meanwhile, unless they have it.
func (s *Pages) askLoan(v *web.Visit, a *asking, held []okey.Key, own keys.OwnKey) {
	a.Others = []web.NavLink{{Name: keys.FoundTitle, Path: own.Found}, {Name: "J'ai perdu ma clef", Path: own.Lost}}
	if lent := len(okey.Own(held)); lent < len(held) {
		a.Blocked = act.AlreadyHolds(okey.DetailLent, act.Facts{Held: held, Now: v.Now, Zone: web.Paris(v).Zone})
		a.Next = &web.NavLink{Name: "Voir la clef prêtée", Path: address.KeyURL(held[lent].Serial)}
		return
	}
	a.reasons = []web.Choice{{Value: string(okey.Loan)}}
	a.About = fmt.Sprintf("Votre clef %s est égarée. Une autre peut vous être prêtée %s : le temps de la retrouver.",
		own.Serial, loanTime())
	if key := held[0]; key.Renewable(v.Today()) { // found or not, it ends soon: both may be asked for
		a.reasons = []web.Choice{
			{Value: string(okey.Loan), Label: "Un prêt, le temps de la retrouver"},
			{Value: string(okey.Renewal), Label: "La clef suivante : la mienne expire le " + web.Paris(v).Date(key.ExpiresOn)},
		}
	}
}

func (s *Pages) askForm(v *web.Visit, a *asking) *web.Form {
	f := web.NewForm(v, "demande", address.PathAsk, "Envoyer ma demande", map[string]web.Field{
		"uses": {}, // the boxes together
		"need": {
			Label: "Votre besoin, en quelques mots",
			Hint: fmt.Sprintf(
				"Facultatif si une case est cochée. %d caractères au plus, avec ce que vous cochez. %s",
				okey.MaxText,
				a.whoReads(),
			),
		},
	})
	a.Uses = nil
	for _, use := range okey.Uses() {
		f.Fields[useField(use.Code)] = web.Field{Label: use.Label}
		a.Uses = append(a.Uses, useField(use.Code))
	}
	switch {
	case len(a.places) > 1:
		where := web.Field{
			Label: "Pour quel établissement ?",
			Hint: "Obligatoire. Une seule clef sert dans tous vos établissements : choisissez celui où il vous est le plus simple " +
				"d'aller la chercher.",
		}
		for _, p := range a.places {
			where.Choices = append(
				where.Choices,
				web.Choice{Value: string(p.UAI), Label: fmt.Sprintf("%s : %s. %s", p.Name, sayFreeKeys(a.free[p.UAI]), a.answers[p.UAI])},
			)
		}
		f.Fields["establishment"] = where
		f.Values["establishment"] = v.Query("etablissement") // a link may choose
	case len(a.places) == 1:
		p := a.places[0]
		f.Values["establishment"] = string(p.UAI)
		a.Free, a.Answers = fmt.Sprintf("%s : %s.", p.Name, sayFreeKeys(a.free[p.UAI])), a.answers[p.UAI]
		if a.free[p.UAI] == 0 {
			a.Free = fmt.Sprintf(
				"%s : aucune clef libre en ce moment. Demandez quand même : votre établissement saura qu'il faut commander, et vous "+
					"gardez votre place.",
				p.Name,
			)
		}
	}
	switch {
	case len(a.reasons) > 1:
		f.Fields["reason"] = web.Field{Label: "Pourquoi cette demande ?", Choices: a.reasons}
		f.Values["reason"] = a.reasons[0].Value
	case len(a.reasons) == 1:
		f.Values["reason"] = a.reasons[0].Value
	}
	return f
}

// whoReads tells whom the need is written for: support, where nobody of the direction may answer.
func (a *asking) whoReads() string {
	support := 0
	for _, p := range a.places {
		if a.answers[p.UAI] == supportAnswers {
			support++
		}
	}
	switch {
	case support == 0:
		return "La direction de votre établissement le lira."
	case support == len(a.places):
		return "L'assistance le lira."
	}
	return "La direction de l'établissement ou l'assistance le lira."
}

// useField is how the form names one thing that can be ticked.
func useField(code string) string { return "pour-" + code }

func sayFreeKeys(n int) string {
	if n == 0 {
		return "aucune clef libre en ce moment, vous gardez votre place"
	}
	return okey.SayCount(n, "clef") + " " + okey.SayEither(n, "libre", "libres")
}

// need is what was ticked and written, as it will be read.
func need(f *web.Form) (string, error) {
	var ticked []string
	for _, use := range okey.Uses() {
		if f.Values[useField(use.Code)] != "" {
			ticked = append(ticked, use.Code)
		}
	}
	return okey.NeedOf(ticked, f.Values["need"])
}

// needField is where what is wrong with the need is mended: at the first of the boxes, where nothing is ticked nor written.
func needField(f *web.Form) string {
	for _, use := range okey.Uses() {
		if f.Values[useField(use.Code)] != "" {
			return "need"
		}
	}
	if strings.TrimSpace(f.Values["need"]) != "" {
		return "need"
	}
	return "uses"
}

// askPage is where one asks for a key.
func (s *Pages) askPage(v *web.Visit) error {
	a, err := s.asking(v)
	if err != nil {
		return err
	}
	a.Form = s.askForm(v, a)
	notice := ""
	if a.Blocked == "" && s.Restore(v, a.Form) {
		notice = web.RestoredNotice
	}
	return s.Show(v, http.StatusOK, "ask", web.Screen{Title: "Demander une clef", Notice: notice, Body: a})
}

// ask takes the form the one way through. Whatever the page would no longer offer is for the judges: the form may be a double click.
func (s *Pages) ask(v *web.Visit) error {
	a, err := s.asking(v)
	if err != nil {
		return err
	}
	f := s.askForm(v, a)
	if err := s.Read(v, f); err != nil {
		return err
	}
	for _, name := range []string{"establishment", "reason"} {
		if sent := v.Request.PostForm.Get(name); sent != "" {
			f.Values[name] = sent
		}
	}
	again := func(status int, warning string) error {
		a.Form = f
		if a.Blocked != "" { // since the form was opened: in another tab, say
			a.Warned, a.Typed = warning != "", f.Values["need"]
			if all, err := need(f); err == nil {
				a.Typed = all
			}
		}
		return s.Show(v, status, "ask", web.Screen{Title: "Demander une clef", Warning: warning, Body: a})
	}
	if len(a.places) == 0 && f.Values["establishment"] == "" {
		return again(http.StatusUnprocessableEntity, a.Blocked)
	}
	if len(a.places) > 1 && f.Values["establishment"] == "" { // told together with what else is wrong, as the page goes down
		f.Wrong("establishment", "")
	}
	need, err := need(f)
	if err != nil {
		f.Wrong(needField(f), okey.ErrorMessage(err))
	}
	if len(f.Errors) > 0 {
		return again(http.StatusUnprocessableEntity, "")
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{
		Action: f.Action, Name: okey.ActionAsk, Via: okey.ViaWeb, Content: okey.Content{
			Establishment: okey.UAI(f.Values["establishment"]), Need: need, Reason: okey.RequestReason(f.Values["reason"]),
		},
	})
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Answer(v, f, done, address.RequestURL(done.Action.Request), again)
}

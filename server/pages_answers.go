package server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

const (
	pathAnswers  = "/demandes/a-repondre"
	mostTogether = 25   // requests that one confirmation answers
	tickedPrefix = "d-" // begins the name of a request's box
)

// answersScreen is where several requests are answered with one confirmation: the list, then what is about to be sent.
type answersScreen struct {
	Form   *form
	Groups []answerGroup
	More   string
	Review *answerReview
	Wrote  string // where nothing awaits an answer any more
}

// answerGroup is the part of the list that concerns one establishment.
type answerGroup struct {
	Name  string // empty where there is only one
	Free  string
	Lines []answerChoice
}

type answerChoice struct {
	entry
	Who, Need, Replaces, State, Path string
}

// answerReview is what is asked to be confirmed.
type answerReview struct {
	What  string
	Names []string
	Free  []string // where there are fewer keys than requests
	Aside []string // what was ticked and will not be answered, and why
	Kept  []string // the fields that carry the choice along
}

// placesWhere are the visitor's establishments at which the permission table lets them act. Support is let in without any; whoever else has none
// is told what the table says.
func placesWhere(v *visit, act okey.Act) ([]okey.UAI, error) {
	refused := okey.May(act, v.Actor, okey.Subject{HasReason: true}, v.today())
	var uais []okey.UAI
	for _, uai := range v.Actor.Answers(v.today()) {
		err := okey.May(act, v.Actor, okey.Subject{UAI: uai}, v.today())
		if err == nil {
			uais = append(uais, uai)
		}
		refused = graver(refused, err)
	}
	return uais, refused
}

// graver is what somebody is told of several refusals: nothing where one thing is allowed, and whoever sees one of them is not told that it
// does not exist.
func graver(a, b error) error {
	switch {
	case a == nil || b == nil:
		return nil
	case okey.ErrorCode(a) == okey.CodeNotFound:
		return b
	}
	return a
}

func answersForm(v *visit) *form {
	return newForm(v, "reponses", pathAnswers, "Continuer", map[string]field{
		"requests": {Label: "*Quelles demandes", Hint: "Cochez celles qui reçoivent la même réponse."},
		"decision": {Label: "*Votre réponse", Choices: []choice{
			{string(okey.Approve), "Accepter les demandes cochées"}, {string(okey.Refuse), "Refuser les demandes cochées"},
		}},
		"comment":   {Label: "Commentaire", Hint: "Obligatoire pour refuser. Chaque personne le lira.", Missing: "Écrivez un commentaire : chaque personne le lira."},
		"confirmed": {},
	})
}

// tick keeps which boxes were ticked, and returns their requests.
func (f *form) tick(sent url.Values) []uuid.UUID {
	var ids []uuid.UUID
	for name := range sent {
		id, err := uuid.Parse(strings.TrimPrefix(name, tickedPrefix))
		if err == nil && name == tickedPrefix+id.String() {
			f.add(name, "oui", field{})
			ids = append(ids, id)
		}
	}
	return ids
}

// answersPage lists what awaits the visitor's answer, oldest first.
func (s *Server) answersPage(v *visit) error {
	if _, err := placesWhere(v, okey.ActDecide); err != nil {
		return err
	}
	return s.showAnswers(v, http.StatusOK, nil, "")
}

// showAnswers shows the list; sent is its form, come in with something wrong.
func (s *Server) showAnswers(v *visit, status int, sent *form, warning string) error {
	uais, err := placesWhere(v, okey.ActDecide)
	if err != nil {
		return err
	}
	found, total, err := s.store.AwaitedFrom(v.ctx(), uais, okey.AwaitingDecision, v.Actor.ID, mostTogether)
	if err != nil {
		return err
	}
	f := answersForm(v)
	for _, r := range found {
		f.Fields[tickedPrefix+r.ID.String()] = field{}
	}
	notice := ""
	if sent != nil {
		sent.Button, sent.Values["confirmed"] = f.Button, ""
		f = sent
	} else if s.restore(v, f) {
		notice = restoredNotice
	}
	page := answersScreen{Form: f}
	if more := total - len(found); more > 0 {
		page.More = fmt.Sprintf("Et %s de plus : répondez d'abord à celles-ci, les plus anciennes.", okey.SayCount(more, "demande"))
	}
	if page.Groups, err = s.answerGroups(v, f, found); err != nil {
		return err
	}
	if sent != nil && len(page.Groups) == 0 {
		page.Wrote = sent.Values["comment"]
	}
	return s.show(v, status, "answers", screen{Title: "Demandes à répondre", Notice: notice, Warning: warning, Body: page})
}

// answerGroups puts the requests under their establishments, each with how many keys are free there; the one that has waited longest comes first.
func (s *Server) answerGroups(v *visit, f *form, found []sql.Awaited) ([]answerGroup, error) {
	var groups []answerGroup
	at := map[okey.UAI]int{}
	for _, r := range found {
		i, known := at[r.UAI]
		if !known {
			i = len(groups)
			at[r.UAI] = i
			free, err := s.freeAt(v, r.UAI)
			if err != nil {
				return nil, err
			}
			groups = append(groups, answerGroup{Name: fmt.Sprintf("%s (%s)", r.School, r.UAI), Free: sayFree(free)})
		}
		groups[i].Lines = append(groups[i].Lines, answerChoice{
			entry: f.entry(tickedPrefix + r.ID.String()), Who: r.Requester.Name(), Need: r.Need, Replaces: sayReplaces(r.Request), State: "depuis " + paris(v).day(r.Since), Path: requestURL(r.ID),
		})
	}
	if len(groups) == 1 && len(v.Actor.Answers(v.today())) == 1 && found[0].Host == "" {
		groups[0].Name = ""
	}
	return groups, nil
}

func (s *Server) freeAt(v *visit, uai okey.UAI) (int, error) {
	today, err := s.store.Today(v.ctx(), uai, v.Now)
	if err != nil {
		return 0, err
	}
	return s.store.FreeKeys(v.ctx(), uai, today)
}

func sayFree(n int) string {
	if n == 0 {
		return "Aucune clef n'est libre : qui est accepté garde sa place, et les premières clefs libres reviennent aux premiers."
	}
	return fmt.Sprintf("%s %s.", okey.SayCount(n, "clef"), okey.SayEither(n, "est libre", "sont libres"))
}

// chosen is a request that was ticked, as the permission table sees it for the visitor.
type chosen struct {
	okey.Request
	who     okey.Person
	zone    clock
	refused error
}

// chosenOnes loads what was ticked, oldest first: in that order keys are given. What the visitor may not see has no name.
func (s *Server) chosenOnes(v *visit, ids []uuid.UUID, hasReason bool) ([]chosen, error) {
	all := make([]chosen, 0, len(ids))
	for _, id := range ids {
		one := chosen{Request: okey.Request{ID: id}}
		r, err := s.store.Request(v.ctx(), id)
		if okey.ErrorCode(err) == okey.CodeNotFound {
			one.refused = err
			all = append(all, one)
			continue
		}
		if err != nil {
			return nil, err
		}
		subject, today, err := s.subjectOf(v.ctx(), r, v.Actor.ID, hasReason)
		if err != nil {
			return nil, err
		}
		if one.refused = okey.May(okey.ActDecide, v.Actor, subject, today); okey.ErrorCode(one.refused) != okey.CodeNotFound {
			one.Request = r
			if one.who, err = s.store.Person(v.ctx(), r.Person); err != nil {
				return nil, err
			}
			if one.zone, err = s.clockAt(v.ctx(), v, r.UAI); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b chosen) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.ID.String(), b.ID.String())
	})
	return all, nil
}

// answerTogether takes the list's form: first to have it confirmed, then, confirmed, to answer each request the one way through.
func (s *Server) answerTogether(v *visit) error {
	f := answersForm(v)
	if err := s.read(v, f); err != nil {
		return err
	}
	ids := f.tick(v.Request.PostForm)
	if len(ids) == 0 || len(ids) > mostTogether {
		if _, err := placesWhere(v, okey.ActDecide); err != nil {
			return err
		}
		f.wrong("requests", fmt.Sprintf("Cochez au moins une demande, et %d au plus à la fois.", mostTogether))
		w := f.answer()
		if wrong := w.normalise(); wrong != nil {
			_ = f.refuse(wrong) // of what was typed: beside its field
		}
		return s.showAnswers(v, http.StatusUnprocessableEntity, f, "")
	}
	w := f.answer()
	wrong := w.normalise()
	all, err := s.chosenOnes(v, ids, w.Content.Comment != "")
	if err != nil {
		return err
	}
	refused := all[0].refused
	for _, one := range all[1:] {
		refused = graver(refused, one.refused)
	}
	if wrong = together(wrong, refused); wrong != nil {
		if wrong = f.refuse(wrong); wrong != nil {
			return wrong
		}
		return s.showAnswers(v, http.StatusUnprocessableEntity, f, "")
	}
	if f.Values["confirmed"] != choiceOf(ids, w.Content) { // not asked yet, or something else was
		return s.reviewAnswers(v, f, all, w.Content)
	}
	return s.giveAnswers(v, f.Action, all, w)
}

// answer is what is wanted of each request that is ticked.
func (f *form) answer() wish {
	w := signalled(okey.PrincipalDecision, okey.Content{Decision: okey.Decision(f.Values["decision"]), Comment: f.Values["comment"]})
	w.Via = okey.ViaWeb
	return w
}

// reviewAnswers shows what is about to be sent. Its form is an action of its own, named by what it says: another choice is another action.
func (s *Server) reviewAnswers(v *visit, f *form, all []chosen, content okey.Content) error {
	review := &answerReview{Kept: []string{"decision", "comment"}}
	var asked []uuid.UUID
	wanted := map[okey.UAI]int{}
	var order []okey.UAI
	for _, one := range all {
		why, err := s.setAside(v, one)
		if err != nil {
			return err
		}
		if why != "" {
			review.Aside = append(review.Aside, why)
			delete(f.Values, tickedPrefix+one.ID.String())
			continue
		}
		if wanted[one.UAI] == 0 {
			order = append(order, one.UAI)
		}
		wanted[one.UAI]++
		review.Names = append(review.Names, strings.TrimSuffix(fmt.Sprintf("%s « %s », %s", one.who.Name(), one.Need, sayReplaces(one.Request)), ", "))
		review.Kept = append(review.Kept, tickedPrefix+one.ID.String())
		asked = append(asked, one.ID)
	}
	if len(review.Names) == 0 {
		return s.showAnswers(v, http.StatusConflict, f, strings.Join(review.Aside, " "))
	}
	verb := map[okey.Decision]string{okey.Approve: "accepter", okey.Refuse: "refuser"}[content.Decision]
	n := len(review.Names)
	what := verb + okey.SayEither(n, " cette demande", fmt.Sprintf(" ces %d demandes", n))
	review.What, f.Button = fmt.Sprintf("Vous allez %s.", what), okey.Capitalize(what)
	if content.Decision == okey.Approve {
		for _, uai := range order {
			said, err := s.sayTooFew(v, uai, wanted[uai])
			if err != nil {
				return err
			}
			if said != "" {
				review.Free = append(review.Free, said)
			}
		}
	}
	choice := choiceOf(asked, content)
	f.Action, f.Values["confirmed"] = okey.DerivedID(f.Action, choice), choice
	return s.show(v, http.StatusOK, "answers", screen{Title: "Confirmer", Body: answersScreen{Form: f, Review: review}})
}

// choiceOf stands for what is asked to be confirmed: these requests, in any order, this decision, this comment.
func choiceOf(ids []uuid.UUID, content okey.Content) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(append(names, string(content.Decision), content.Comment), "\n")))
	return hex.EncodeToString(sum[:])
}

// sayTooFew says how many of those accepted will have to wait for a key; empty where none will.
func (s *Server) sayTooFew(v *visit, uai okey.UAI, wanted int) (string, error) {
	free, err := s.freeAt(v, uai)
	if err != nil || free >= wanted {
		return "", err
	}
	place, err := s.store.Place(v.ctx(), uai)
	if err != nil {
		return "", err
	}
	wait := wanted - free
	if free == 0 {
		return fmt.Sprintf("%s : aucune clef n'est libre. %s.", place.Name, okey.SayEither(wanted, "Cette demande gardera sa place jusqu'à la prochaine clef", "Ces demandes garderont leur place jusqu'aux prochaines clefs")), nil
	}
	return fmt.Sprintf("%s : %s pour %s. %s.", place.Name, okey.SayEither(free, okey.SayCount(free, "clef")+" libre", okey.SayCount(free, "clef")+" libres"), okey.SayCount(wanted, "demande"),
		okey.SayEither(wait, "La dernière gardera sa place jusqu'à la prochaine clef", fmt.Sprintf("Les %d dernières garderont leur place jusqu'aux prochaines clefs", wait))), nil
}

// setAside says why a ticked request will not be answered; empty where it will.
func (s *Server) setAside(v *visit, one chosen) (string, error) {
	switch {
	case okey.ErrorCode(one.refused) == okey.CodeNotFound:
		return notForYou, nil
	case one.refused != nil:
		return fmt.Sprintf("%s : %s", one.who.Name(), okey.ErrorMessage(one.refused)), nil //nolint:nilerr // said to whoever ticked it
	case okey.CheckSignal(one.Stage, okey.PrincipalDecision) == nil:
		return "", nil
	}
	last, _, err := s.store.LastEvent(v.ctx(), one.ID, settledBy[okey.PrincipalDecision]...)
	told := tooLate(okey.Verdict{Standing: okey.Standing{Stage: one.Stage}}, facts{
		Action: okey.Action{Name: okey.ActionOf(okey.PrincipalDecision), By: v.Actor.ID}, Last: last, Now: v.Now, Zone: one.zone.zone,
	})
	return fmt.Sprintf("%s : %s", one.who.Name(), told), err
}

const notForYou = "Une demande de la liste n'est pas pour vous, ou ne l'est plus : rien n'est fait pour elle."

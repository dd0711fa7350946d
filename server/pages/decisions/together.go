package decisions

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

const (
	mostTogether = 25   // requests that one confirmation answers
	tickedPrefix = "d-" // begins the name of a request's box
)

// answersScreen is where several requests are answered with one confirmation: the list, then what is about to be sent.
type answersScreen struct {
	Form   *web.Form
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
	web.Entry
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

func answersForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "reponses", address.PathAnswers, "Continuer", map[string]web.Field{
		"requests": {Label: "*Quelles demandes", Hint: "Cochez celles qui reçoivent la même réponse."},
		"decision": {Label: "*Votre réponse", Choices: []web.Choice{
			{Value: string(okey.Approve), Label: "Accepter les demandes cochées"},
			{Value: string(okey.Refuse), Label: "Refuser les demandes cochées"},
		}},
		"comment": {
			Label: "Commentaire", Hint: "Obligatoire pour refuser. Chaque personne le lira.",
			Missing: "Écrivez un commentaire : chaque personne le lira.",
		},
		"confirmed": {},
	})
}

// tick keeps which boxes were ticked, and returns their requests.
func tick(f *web.Form, sent url.Values) []uuid.UUID {
	var ids []uuid.UUID
	for name := range sent {
		id, err := uuid.Parse(strings.TrimPrefix(name, tickedPrefix))
		if err == nil && name == tickedPrefix+id.String() {
			f.Add(name, "oui", web.Field{})
			ids = append(ids, id)
		}
	}
	return ids
}

// answersPage lists what awaits the visitor's answer, oldest first.
func (s *Pages) answersPage(v *web.Visit) error {
	if _, err := web.PlacesWhere(v, okey.ActDecide); err != nil {
		return err
	}
	return s.showAnswers(v, http.StatusOK, nil, "")
}

// showAnswers shows the list; sent is its form, come in with something wrong.
func (s *Pages) showAnswers(v *web.Visit, status int, sent *web.Form, warning string) error {
	uais, err := web.PlacesWhere(v, okey.ActDecide)
	if err != nil {
		return err
	}
	found, total, err := s.store.AwaitedFrom(v.Ctx(), uais, okey.AwaitingDecision, v.Actor.ID, mostTogether)
	if err != nil {
		return err
	}
	f := answersForm(v)
	for _, r := range found {
		f.Fields[tickedPrefix+r.ID.String()] = web.Field{}
	}
	notice := ""
	if sent != nil {
		sent.Button, sent.Values["confirmed"] = f.Button, ""
		f = sent
	} else if s.Restore(v, f) {
		notice = web.RestoredNotice
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
	return s.Show(v, status, "answers", web.Screen{Title: "Demandes à répondre", Notice: notice, Warning: warning, Body: page})
}

// answerGroups puts the requests under their establishments, each with how many keys are free there; the one that has waited
// longest comes first.
func (s *Pages) answerGroups(v *web.Visit, f *web.Form, found []sql.Awaited) ([]answerGroup, error) {
	var groups []answerGroup
	var uais []okey.UAI
	for _, r := range found {
		uais = append(uais, r.UAI)
	}
	free, err := s.freeAt(v, uais...)
	if err != nil {
		return nil, err
	}
	at := map[okey.UAI]int{}
	for _, r := range found {
		i, known := at[r.UAI]
		if !known {
			i = len(groups)
			at[r.UAI] = i
			groups = append(groups, answerGroup{Name: okey.SayPlace(r.School, r.UAI), Free: sayFree(free[r.UAI])})
		}
		groups[i].Lines = append(groups[i].Lines, answerChoice{
			Entry: f.Entry(tickedPrefix + r.ID.String()), Who: r.Requester.Name(), Need: r.Need, Replaces: web.SayReplaces(r.Request),
			State: "depuis " + web.Paris(v).Day(r.Since), Path: address.RequestURL(r.ID),
		})
	}
	if len(groups) == 1 && len(v.Actor.Answers(v.Today())) == 1 && found[0].Host == "" {
		groups[0].Name = ""
	}
	return groups, nil
}

// freeAt counts the keys that are free at each establishment, on the day that it is there.
func (s *Pages) freeAt(v *web.Visit, uais ...okey.UAI) (map[okey.UAI]int, error) {
	places, err := s.store.Places(v.Ctx(), uais...)
	if err != nil {
		return nil, err
	}
	days := map[okey.UAI]okey.Day{}
	for _, place := range places {
		days[place.UAI] = web.TodayAt(v, place)
	}
	return s.store.FreeKeysOn(v.Ctx(), days)
}

func sayFree(n int) string {
	if n == 0 {
		return "Aucune clef n'est libre : les demandes acceptées seront servies dans l'ordre."
	}
	return fmt.Sprintf("%s %s.", okey.SayCount(n, "clef"), okey.SayEither(n, "est libre", "sont libres"))
}

// chosen is a request that was ticked, as the permission table sees it for the visitor.
type chosen struct {
	act.Case
	zone    web.Clock
	refused error
}

// chosenOnes loads what was ticked, oldest first: in that order keys are given. What the visitor may not see has no name.
func (s *Pages) chosenOnes(v *web.Visit, ids []uuid.UUID, hasReason bool) ([]chosen, error) {
	all := make([]chosen, 0, len(ids))
	for _, id := range ids {
		one := chosen{Case: act.Case{RequestRecord: sql.RequestRecord{Request: okey.Request{ID: id}}}}
		c, err := s.act.CaseOf(v.Ctx(), v.Actor.ID, id)
		if okey.ErrorCode(err) == okey.CodeNotFound {
			one.refused = err
			all = append(all, one)
			continue
		}
		if err != nil {
			return nil, err
		}
		c.Subject.HasReason = hasReason
		if one.refused = okey.May(okey.ActDecide, v.Actor, c.Subject, c.Today); okey.ErrorCode(one.refused) != okey.CodeNotFound {
			one.Case, one.zone = c, web.Clock{Now: v.Now, Zone: okey.ZoneOf(c.Place.Academy)}
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b chosen) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.ID.String(), b.ID.String()))
	})
	return all, nil
}

// answerTogether takes the list's form: first to have it confirmed, then, confirmed, to answer each request the one way through.
func (s *Pages) answerTogether(v *web.Visit) error {
	f := answersForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	ids := tick(f, v.Request.PostForm)
	if len(ids) == 0 || len(ids) > mostTogether {
		if _, err := web.PlacesWhere(v, okey.ActDecide); err != nil {
			return err
		}
		f.Wrong("requests", fmt.Sprintf("Cochez au moins une demande, et %d au plus à la fois.", mostTogether))
		if _, wrong := answer(f).Normalised(); wrong != nil {
			_ = f.Refuse(wrong) // of what was typed: beside its field
		}
		return s.showAnswers(v, http.StatusUnprocessableEntity, f, "")
	}
	cmd, wrong := answer(f).Normalised()
	all, err := s.chosenOnes(v, ids, cmd.Content.Comment != "")
	if err != nil {
		return err
	}
	refused := all[0].refused
	for _, one := range all[1:] {
		refused = web.Graver(refused, one.refused)
	}
	if wrong = act.Together(wrong, refused); wrong != nil {
		return f.Amend(wrong, func(status int, warning string) error { return s.showAnswers(v, status, f, warning) })
	}
	if f.Values["confirmed"] != ChoiceOf(ids, cmd.Content) { // not asked yet, or something else was
		return s.reviewAnswers(v, f, all, cmd.Content)
	}
	return s.giveAnswers(v, f.Action, all, cmd)
}

// answer is what is wanted of each request that is ticked.
func answer(f *web.Form) act.Command {
	cmd := act.Signalled(okey.PrincipalDecision, okey.Content{Decision: okey.Decision(f.Values["decision"]), Comment: f.Values["comment"]})
	cmd.Via = okey.ViaWeb
	return cmd
}

// reviewAnswers shows what is about to be sent. Its form is an action of its own, named by what it says: another choice is another action.
func (s *Pages) reviewAnswers(v *web.Visit, f *web.Form, all []chosen, content okey.Content) error {
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
		name := fmt.Sprintf("%s « %s », %s", one.Requester.Name(), one.Need, web.SayReplaces(one.Request))
		review.Names = append(review.Names, strings.TrimSuffix(name, ", "))
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
	choice := ChoiceOf(asked, content)
	f.Action, f.Values["confirmed"] = okey.DerivedID(f.Action, choice), choice
	return s.Show(v, http.StatusOK, "answers", web.Screen{Title: "Confirmer", Body: answersScreen{Form: f, Review: review}})
}

// ChoiceOf stands for what is asked to be confirmed: these requests, in any order, this decision, this comment.
func ChoiceOf(ids []uuid.UUID, content okey.Content) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(append(names, string(content.Decision), content.Comment), "\n")))
	return hex.EncodeToString(sum[:])
}

// sayTooFew says how many of those accepted will have to wait for a key; empty where none will.
func (s *Pages) sayTooFew(v *web.Visit, uai okey.UAI, wanted int) (string, error) {
	counted, err := s.freeAt(v, uai)
	free := counted[uai]
	if err != nil || free >= wanted {
		return "", err
	}
	place, err := s.store.Place(v.Ctx(), uai)
	if err != nil {
		return "", err
	}
	if free == 0 {
		return fmt.Sprintf("%s : aucune clef n'est libre. %s.", place.Name, okey.SayEither(wanted,
			"Cette demande gardera sa place jusqu'à la prochaine clef",
			"Ces demandes garderont leur place jusqu'aux prochaines clefs")), nil
	}
	wait := wanted - free
	return fmt.Sprintf("%s : %s%s pour %s. %s.", place.Name,
		okey.SayCount(free, "clef"), okey.SayEither(free, " libre", " libres"), okey.SayCount(wanted, "demande"),
		okey.SayEither(wait,
			"La dernière gardera sa place jusqu'à la prochaine clef",
			fmt.Sprintf("Les %d dernières garderont leur place jusqu'aux prochaines clefs", wait))), nil
}

// setAside says why a ticked request will not be answered; empty where it will.
func (s *Pages) setAside(v *web.Visit, one chosen) (string, error) {
	switch {
	case okey.ErrorCode(one.refused) == okey.CodeNotFound:
		return notForYou, nil
	case one.refused != nil:
		return fmt.Sprintf("%s : %s", one.Requester.Name(), okey.ErrorMessage(one.refused)), nil //nolint:nilerr // said to who ticked it
	case okey.CheckSignal(one.Stage, okey.PrincipalDecision) == nil:
		return "", nil
	}
	last, _, err := s.store.LastEvent(v.Ctx(), one.ID, act.SettledBy[okey.PrincipalDecision]...)
	told := act.TooLate(okey.Verdict{Standing: okey.Standing{Stage: one.Stage}}, act.Facts{
		Action: okey.Action{Name: okey.ActionOf(okey.PrincipalDecision), By: v.Actor.ID}, Last: last, Now: v.Now, Zone: one.zone.Zone,
	})
	return fmt.Sprintf("%s : %s", one.Requester.Name(), told), err
}

const notForYou = "Une demande de la liste n'est pas pour vous, ou ne l'est plus : rien n'est fait pour elle."

package keys

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// moveScreen is the page of a proposal.
type moveScreen struct {
	Facts   []web.Fact
	Comment string
	Answer  string
	Form    *web.Form // to answer it
	Back    *web.Form // to take it back
	Desk    *story.DeskSide
}

// visibleMove is a proposal for those who manage either establishment's keys, its holder and support; not_found for others.
func (s *Pages) visibleMove(v *web.Visit) (okey.Move, error) {
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return okey.Move{}, web.NoSuchPage()
	}
	move, err := s.store.Move(v.Ctx(), id)
	if err != nil {
		return move, err
	}
	for _, uai := range []okey.UAI{move.From, move.To} {
		subject, err := s.store.SubjectOfKey(v.Ctx(), okey.Key{UAI: uai, Holder: move.Holder})
		if err != nil {
			return move, err
		}
		if okey.May(okey.ActSee, v.Actor, subject, v.Today()) == nil {
			return move, nil
		}
	}
	return move, web.NoSuchPage()
}

// moveSight is a proposal as its key stands, and on which side of it the visitor is.
type moveSight struct {
	okey.Move
	key    okey.Key
	leaves bool // the visitor manages the keys where it leaves from
	comes  bool // and those where it would go
	own    bool // it is the visitor's own key
	stands bool // it speaks of the key as it is
}

func (s *Pages) sightOf(v *web.Visit, move okey.Move) (sight moveSight, err error) {
	sight.Move, sight.own = move, move.Holder == v.Actor.ID
	if sight.key, err = s.store.Key(v.Ctx(), move.Serial); err != nil {
		return sight, err
	}
	sight.stands = move.Holds(sight.key)
	if sight.leaves, err = s.managesAt(v, move.From); err != nil {
		return sight, err
	}
	sight.comes, err = s.managesAt(v, move.To)
	return sight, err
}

func (s *Pages) managesAt(v *web.Visit, uai okey.UAI) (bool, error) {
	subject, err := s.store.SubjectOfKey(v.Ctx(), okey.Key{UAI: uai})
	return err == nil && okey.May(okey.ActManageKeys, v.Actor, subject, v.Today()) == nil, err
}

// answers, withdraws and receives tell what the visitor may do about the proposal now, and whether they look at it from where the
// person goes: those have the person arrive, before they have answered and after.
func (m moveSight) answers() bool { return m.stands && m.comes && !m.own }

func (m moveSight) withdraws() bool { return m.stands && m.leaves }

func (m moveSight) receives() bool { return m.comes && !m.leaves }

func moveWithdrawalForm(v *web.Visit, move okey.Move) *web.Form {
	return web.NewForm(v, "retrait", address.MoveURL(move.ID)+"/retrait", "Retirer la proposition", map[string]web.Field{
		"comment": {Label: "Commentaire", Hint: "Facultatif. La personne et la direction de l'autre établissement le liront."},
	})
}

func moveDecisionForm(v *web.Visit, move okey.Move) *web.Form {
	return web.NewForm(v, "reponse", address.MoveURL(move.ID), "Répondre", map[string]web.Field{
		"decision": {Label: "Votre réponse", Choices: []web.Choice{
			{Value: string(okey.Approve), Label: "Accepter : la clef comptera parmi les nôtres"},
			{Value: string(okey.Refuse), Label: "Refuser : elle reste à l'établissement que la personne quitte, qui la reprend"},
		}},
		"comment": {Label: "Commentaire", Hint: "Obligatoire pour refuser. La personne et son ancienne direction le liront."},
	})
}

func (s *Pages) movePage(v *web.Visit) error {
	move, err := s.visibleMove(v)
	if err != nil {
		return err
	}
	notice := ""
	if done, found, err := s.JustDone(v); err != nil {
		return err
	} else if found && done.Subject == move.ID {
		notice = "Votre réponse est enregistrée : les personnes concernées sont prévenues."
		switch done.Name {
		case okey.ActionTakeAlong:
			if notice, err = s.proposed(v, move); err != nil {
				return err
			}
		case okey.ActionMoveWithdrawal:
			notice = "La proposition est retirée : la direction de l'autre établissement et la personne sont prévenues."
		}
	}
	return s.showMove(v, http.StatusOK, move, nil, notice, "")
}

// proposed says who is to answer a proposal that was just made.
func (s *Pages) proposed(v *web.Visit, move okey.Move) (string, error) {
	place, err := s.store.Place(v.Ctx(), move.To)
	if err != nil {
		return "", err
	}
	approvers, err := s.store.Approvers(v.Ctx(), place.AnsweredBy(), web.TodayAt(v, place))
	if err != nil {
		return "", err
	}
	if len(approvers) == 0 || (len(approvers) == 1 && approvers[0].ID == move.Holder) {
		return fmt.Sprintf("C'est proposé. OKEY ne connaît pas de direction pour %s : l'assistance répondra à sa place. "+
			"Elle et la personne sont prévenues.", okey.SayEstablishment(place.Name)), nil
	}
	return "C'est proposé : la direction de l'autre établissement et la personne sont prévenues.", nil
}

// say is where a proposal stands, the key being as it is: one that was lost or given back goes along with nobody.
func (m moveSight) say() string {
	switch {
	case m.State != okey.MoveProposed || m.stands:
		return m.State.French()
	case m.key.State != okey.InService:
		return fmt.Sprintf("sans objet : la clef est %s", m.key.State.French())
	case m.key.Holder != m.Holder:
		return "sans objet : la clef n'est plus à cette personne"
	}
	return "sans objet : la clef a changé d'établissement"
}

// showMove shows a proposal; sent is a form of it that was refused.
func (s *Pages) showMove(v *web.Visit, status int, move okey.Move, sent *web.Form, notice, warning string) error {
	sight, err := s.sightOf(v, move)
	if err != nil {
		return err
	}
	people, err := s.peopleOf(v, move)
	if err != nil {
		return err
	}
	page := moveScreen{Comment: move.Comment, Answer: move.Answer}
	if page.Facts, err = s.moveFacts(v, sight, people); err != nil {
		return err
	}
	given := func(f *web.Form) *web.Form {
		if sent != nil && sent.Path == f.Path {
			return sent
		}
		if sent == nil && s.Restore(v, f) {
			notice = web.RestoredNotice
		}
		return f
	}
	if sight.answers() {
		page.Form = given(moveDecisionForm(v, move))
		page.Form.Chosen(v, okey.PrincipalDecision)
	}
	if sight.withdraws() {
		page.Back = given(moveWithdrawalForm(v, move))
	}
	if page.Desk, err = s.story.SubjectSide(v, move.ID, web.Paris(v)); err != nil {
		return err
	}
	title := sight.title(people[move.Holder])
	return s.Show(v, status, "move", web.Screen{Title: title, Notice: notice, Warning: warning, Body: page})
}

// peopleOf names who is concerned by a proposal; nobody has the empty name.
func (s *Pages) peopleOf(v *web.Visit, move okey.Move) (map[okey.PersonID]string, error) {
	people := map[okey.PersonID]string{}
	for _, id := range []okey.PersonID{move.Holder, move.ProposedBy, move.DecidedBy} {
		person, err := s.store.Person(v.Ctx(), id)
		if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
			return nil, err
		}
		people[id] = person.Name()
	}
	return people, nil
}

func (s *Pages) moveFacts(v *web.Visit, move moveSight, people map[okey.PersonID]string) ([]web.Fact, error) {
	names, err := s.store.Names(v.Ctx(), move.From, move.To)
	if err != nil {
		return nil, err
	}
	path, err := s.keyPath(v, move.key)
	if err != nil {
		return nil, err
	}
	c := web.Paris(v)
	facts := []web.Fact{
		{Name: "Titulaire", Value: people[move.Holder]},
		{Name: "Clef", Value: string(move.Serial), Path: path},
		{Name: "Quitte", Value: okey.SayPlace(names[move.From], move.From)},
		{Name: "Rejoint", Value: okey.SayPlace(names[move.To], move.To)},
		{Name: "Proposé", Value: fmt.Sprintf("%s, par %s", c.Time(move.ProposedAt), people[move.ProposedBy])},
		{Name: "Réponse", Value: okey.Capitalize(move.say())},
	}
	if move.stands {
		facts = append(facts, web.Fact{
			Name:  "Sans réponse le " + c.Day(move.ProposedAt.Add(okey.MoveLife)),
			Value: "la clef reste à l'établissement que la personne quitte",
		})
	}
	if move.DecidedBy != (okey.PersonID{}) {
		said := fmt.Sprintf("%s, par %s", c.Time(move.DecidedAt), people[move.DecidedBy])
		facts = append(facts, web.Fact{Name: "Répondu", Value: said})
	}
	return facts, nil
}

// title says that somebody leaves or arrives with the key only while that may come, or has.
func (m moveSight) title(holder string) string {
	switch {
	case m.State != okey.MoveAccepted && !m.stands:
		return "Départ " + okey.SayOf(holder) + " avec sa clef"
	case m.receives():
		return holder + " arrive avec sa clef"
	}
	return holder + " part avec sa clef"
}

// keyPath leads to a key's page; empty where the visitor may not see it.
func (s *Pages) keyPath(v *web.Visit, key okey.Key) (string, error) {
	subject, err := s.store.SubjectOfKey(v.Ctx(), key)
	if err != nil || okey.May(okey.ActSee, v.Actor, subject, v.Today()) != nil {
		return "", err
	}
	return address.KeyURL(key.Serial), nil
}

// decideMove takes the answer the one way through.
func (s *Pages) decideMove(v *web.Visit) error {
	move, err := s.visibleMove(v)
	if err != nil {
		return err
	}
	f := moveDecisionForm(v, move)
	return s.actOnMove(v, move, f, okey.ActionMoveDecision, func() okey.Content {
		return okey.Content{Decision: okey.Decision(f.Values["decision"]), Comment: f.Values["comment"]}
	})
}

// withdrawMove takes the proposal back the one way through.
func (s *Pages) withdrawMove(v *web.Visit) error {
	move, err := s.visibleMove(v)
	if err != nil {
		return err
	}
	f := moveWithdrawalForm(v, move)
	return s.actOnMove(v, move, f, okey.ActionMoveWithdrawal, func() okey.Content { return okey.Content{Comment: f.Values["comment"]} })
}

func (s *Pages) actOnMove(v *web.Visit, move okey.Move, f *web.Form, name okey.ActionName, content func() okey.Content) error {
	if err := s.Read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error {
		now, err := s.visibleMove(v)
		if err != nil {
			return err
		}
		return s.showMove(v, status, now, f, "", warning)
	}
	cmd := act.Command{Action: f.Action, Name: name, Subject: move.ID, Via: okey.ViaWeb, Content: content()}
	return s.Send(v, f, cmd, address.MoveURL(move.ID), again)
}

// sayProposed is how long a proposal has waited, and how long it still may.
func sayProposed(m okey.Move, c web.Clock) string {
	return fmt.Sprintf("Proposé %s ; sans réponse le %s, la clef reste où elle est",
		c.Day(m.ProposedAt), c.Day(m.ProposedAt.Add(okey.MoveLife)))
}

// MoveCards are the proposals that the visitor has to answer.
func MoveCards(v *web.Visit, found []sql.AwaitedMove) []web.Card {
	cards := make([]web.Card, len(found))
	for i, m := range found {
		page := address.MoveURL(m.ID)
		cards[i] = web.Card{
			Path: page, Who: m.HolderName + " arrive avec la clef " + string(m.Serial), Where: m.FromName,
			State: sayProposed(m.Move, web.Paris(v)),
			Acts: []web.NavLink{
				{Name: "Accepter", Path: address.Answering(page, okey.Approve)},
				{Name: "Refuser", Path: address.Answering(page, okey.Refuse)},
			},
		}
	}
	return cards
}

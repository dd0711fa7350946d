package server

import (
	"fmt"
	"net/http"

	"okey/okey"

	"github.com/google/uuid"
)

// moveScreen is the page of a proposal.
type moveScreen struct {
	Facts   []fact
	Comment string
	Answer  string
	Form    *form // to answer it
	Back    *form // to take it back
	Desk    *deskSide
}

// visibleMove is a proposal for those who manage either establishment's keys, its holder and support; not_found for others.
func (s *Server) visibleMove(v *visit) (okey.Move, error) {
	unknown := okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return okey.Move{}, unknown
	}
	move, err := s.store.Move(v.ctx(), id)
	if err != nil {
		return move, err
	}
	for _, uai := range []okey.UAI{move.From, move.To} {
		subject, err := s.store.SubjectOfKey(v.ctx(), okey.Key{UAI: uai, Holder: move.Holder})
		if err != nil {
			return move, err
		}
		if okey.May(okey.ActSee, v.Actor, subject, v.today()) == nil {
			return move, nil
		}
	}
	return move, unknown
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

func (s *Server) sightOf(v *visit, move okey.Move) (sight moveSight, err error) {
	sight.Move, sight.own = move, move.Holder == v.Actor.ID
	if sight.key, err = s.store.Key(v.ctx(), move.Serial); err != nil {
		return sight, err
	}
	sight.stands = move.Holds(sight.key)
	if sight.leaves, err = s.managesAt(v, move.From); err != nil {
		return sight, err
	}
	sight.comes, err = s.managesAt(v, move.To)
	return sight, err
}

func (s *Server) managesAt(v *visit, uai okey.UAI) (bool, error) {
	subject, err := s.store.SubjectOfKey(v.ctx(), okey.Key{UAI: uai})
	return err == nil && okey.May(okey.ActManageKeys, v.Actor, subject, v.today()) == nil, err
}

// answers, withdraws and receives tell what the visitor may do about the proposal now, and whether they look at it from where the person goes: those
// have the person arrive, before they have answered and after.
func (m moveSight) answers() bool   { return m.stands && m.comes && !m.own }
func (m moveSight) withdraws() bool { return m.stands && m.leaves }
func (m moveSight) receives() bool  { return m.comes && !m.leaves }

func moveWithdrawalForm(v *visit, move okey.Move) *form {
	return newForm(v, "retrait", moveURL(move.ID)+"/retrait", "Retirer la proposition", map[string]field{
		"comment": {Label: "Commentaire", Hint: "Facultatif. La personne et la direction de l'autre établissement le liront."},
	})
}

func moveDecisionForm(v *visit, move okey.Move) *form {
	return newForm(v, "reponse", moveURL(move.ID), "Répondre", map[string]field{
		"decision": {Label: "Votre réponse", Choices: []choice{
			{string(okey.Approve), "Accepter : la clef comptera parmi les nôtres"}, {string(okey.Refuse), "Refuser : elle reste à l'établissement que la personne quitte, qui la reprend"},
		}},
		"comment": {Label: "Commentaire", Hint: "Obligatoire pour refuser. La personne et son ancienne direction le liront."},
	})
}

func (s *Server) movePage(v *visit) error {
	move, err := s.visibleMove(v)
	if err != nil {
		return err
	}
	notice := ""
	if done, found, err := s.justDone(v); err != nil {
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
func (s *Server) proposed(v *visit, move okey.Move) (string, error) {
	place, err := s.store.Place(v.ctx(), move.To)
	if err != nil {
		return "", err
	}
	approvers, err := s.store.Approvers(v.ctx(), place.AnsweredBy(), todayAt(v, place))
	if err != nil {
		return "", err
	}
	if len(approvers) == 0 || (len(approvers) == 1 && approvers[0].ID == move.Holder) {
		return fmt.Sprintf("C'est proposé. OKEY ne connaît pas de direction pour %s : l'assistance répondra à sa place. Elle et la personne sont prévenues.", okey.SayEstablishment(place.Name)), nil
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
func (s *Server) showMove(v *visit, status int, move okey.Move, sent *form, notice, warning string) error {
	names, err := s.store.Names(v.ctx(), move.From, move.To)
	if err != nil {
		return err
	}
	people := map[okey.PersonID]string{}
	for _, id := range []okey.PersonID{move.Holder, move.ProposedBy, move.DecidedBy} {
		person, err := s.store.Person(v.ctx(), id)
		if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
			return err
		}
		people[id] = person.Name()
	}
	sight, err := s.sightOf(v, move)
	if err != nil {
		return err
	}
	path, err := s.keyPath(v, sight.key)
	if err != nil {
		return err
	}
	c := paris(v)
	page := moveScreen{Comment: move.Comment, Answer: move.Answer}
	page.Facts = []fact{
		{Name: "Titulaire", Value: people[move.Holder]},
		{Name: "Clef", Value: string(move.Serial), Path: path},
		{Name: "Quitte", Value: fmt.Sprintf("%s (%s)", names[move.From], move.From)},
		{Name: "Rejoint", Value: fmt.Sprintf("%s (%s)", names[move.To], move.To)},
		{Name: "Proposé", Value: fmt.Sprintf("%s, par %s", c.time(move.ProposedAt), people[move.ProposedBy])},
		{Name: "Réponse", Value: okey.Capitalize(sight.say())},
	}
	if sight.stands {
		page.Facts = append(page.Facts, fact{Name: "Sans réponse le " + c.day(move.ProposedAt.Add(okey.MoveLife)), Value: "la clef reste à l'établissement que la personne quitte"})
	}
	if move.DecidedBy != (okey.PersonID{}) {
		page.Facts = append(page.Facts, fact{Name: "Répondu", Value: fmt.Sprintf("%s, par %s", c.time(move.DecidedAt), people[move.DecidedBy])})
	}
	given := func(f *form) *form {
		if sent != nil && sent.Path == f.Path {
			return sent
		}
		if sent == nil && s.restore(v, f) {
			notice = restoredNotice
		}
		return f
	}
	if sight.answers() {
		page.Form = given(moveDecisionForm(v, move))
		page.Form.chosen(v, okey.PrincipalDecision)
	}
	if sight.withdraws() {
		page.Back = given(moveWithdrawalForm(v, move))
	}
	if page.Desk, err = s.subjectSide(v, move.ID, c); err != nil {
		return err
	}
	return s.show(v, status, "move", screen{Title: sight.title(people[move.Holder]), Notice: notice, Warning: warning, Body: page})
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
func (s *Server) keyPath(v *visit, key okey.Key) (string, error) {
	subject, err := s.store.SubjectOfKey(v.ctx(), key)
	if err != nil || okey.May(okey.ActSee, v.Actor, subject, v.today()) != nil {
		return "", err
	}
	return keyURL(key.Serial), nil
}

// decideMove takes the answer the one way through.
func (s *Server) decideMove(v *visit) error {
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
func (s *Server) withdrawMove(v *visit) error {
	move, err := s.visibleMove(v)
	if err != nil {
		return err
	}
	f := moveWithdrawalForm(v, move)
	return s.actOnMove(v, move, f, okey.ActionMoveWithdrawal, func() okey.Content { return okey.Content{Comment: f.Values["comment"]} })
}

func (s *Server) actOnMove(v *visit, move okey.Move, f *form, name okey.ActionName, content func() okey.Content) error {
	if err := s.read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error {
		now, err := s.visibleMove(v)
		if err != nil {
			return err
		}
		return s.showMove(v, status, now, f, "", warning)
	}
	done, err := s.act(v.ctx(), v.Actor, wish{Action: f.Action, Name: name, Subject: move.ID, Via: okey.ViaWeb, Content: content()})
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, moveURL(move.ID), again)
}

// sayProposed is how long a proposal has waited, and how long it still may.
func sayProposed(m okey.Move, c clock) string {
	return fmt.Sprintf("Proposé %s ; sans réponse le %s, la clef reste où elle est", c.day(m.ProposedAt), c.day(m.ProposedAt.Add(okey.MoveLife)))
}

// movesAwaitingMe lists the proposals that the visitor has to answer.
func (s *Server) movesAwaitingMe(v *visit) ([]card, error) {
	uais := v.Actor.Answers(v.today())
	if len(uais) == 0 {
		return nil, nil
	}
	found, err := s.store.MovesAwaiting(v.ctx(), uais, v.Actor.ID, homeLines)
	cards := make([]card, len(found))
	for i, m := range found {
		cards[i] = card{Path: moveURL(m.ID), Who: m.HolderName + " arrive avec la clef " + string(m.Serial), Where: m.FromName, State: sayProposed(m.Move, paris(v)), Acts: []navLink{
			{Name: "Accepter", Path: moveURL(m.ID) + "?" + parameterAnswer + "=" + string(okey.Approve) + "#repondre"},
			{Name: "Refuser", Path: moveURL(m.ID) + "?" + parameterAnswer + "=" + string(okey.Refuse) + "#repondre"},
		}}
	}
	return cards, err
}

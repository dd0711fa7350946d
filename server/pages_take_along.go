package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey"
	"okey/sql"

	"github.com/google/uuid"
)

func takeAlongURL(serial okey.Serial) string { return keyURL(serial) + "/depart" }
func moveURL(id uuid.UUID) string            { return "/deplacements/" + id.String() }

// alongView is what a key's page says of its holder's leaving: the proposal under way, or the way to make one.
type alongView struct{ Path, Name string }

// along is nil where there is nothing to say, or not to this person.
func (s *Server) along(v *visit, key okey.Key, subject okey.Subject, today okey.Day) (*alongView, error) {
	if key.State != okey.InService {
		return nil, nil
	}
	manages := okey.May(okey.ActManageKeys, v.Actor, subject, today) == nil
	open, err := s.store.OpenMoveOf(v.ctx(), key.Serial)
	switch {
	case err == nil && (manages || key.Holder == v.Actor.ID || v.desk()):
		return &alongView{moveURL(open.ID), "Un départ avec cette clef est proposé : voir où il en est"}, nil
	case okey.ErrorCode(err) == okey.CodeNotFound && manages:
		return &alongView{takeAlongURL(key.Serial), "La personne part avec la clef"}, nil
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return nil, nil
	}
	return nil, err
}

// takeAlongForm offers the other establishments of the holder, or any by its code.
func (s *Server) takeAlongForm(v *visit, key okey.Key) (*form, error) {
	holder, err := s.store.Actor(v.ctx(), key.Holder)
	if err != nil {
		return nil, err
	}
	places, err := s.store.Names(v.ctx(), holder.Establishments(v.today())...)
	if err != nil {
		return nil, err
	}
	var choices []choice
	for _, uai := range holder.Establishments(v.today()) {
		if uai != key.UAI {
			choices = append(choices, choice{string(uai), fmt.Sprintf("%s (%s)", places[uai], uai)})
		}
	}
	fields := map[string]field{
		"chosen":  {},
		"comment": {Label: "Commentaire", Hint: "Facultatif. La direction de l'autre établissement le lira."},
		"typed":   {Label: "*Établissement d'arrivée", Hint: "Son nom et sa commune, ou son code UAI. Sa direction reçoit aussitôt la proposition."},
	}
	if len(choices) > 0 {
		fields["typed"] = field{Label: "Ou un autre établissement", Hint: "Son nom et sa commune, ou son code UAI."}
		fields["establishment"] = field{Label: "Établissement d'arrivée", Empty: "Veuillez choisir", Choices: choices}
	} else {
		fields["establishment"] = field{}
	}
	return newForm(v, "depart", takeAlongURL(key.Serial), "Proposer", fields), nil
}

// leaving is a key whose holder may be said to leave with it, for those who manage it.
func (s *Server) leaving(v *visit) (okey.Key, *form, error) {
	key, subject, today, err := s.visibleKey(v)
	if err != nil {
		return key, nil, err
	}
	if err := okey.May(okey.ActManageKeys, v.Actor, subject, today); err != nil {
		return key, nil, err
	}
	if key.State != okey.InService {
		return key, nil, okey.Errorf(okey.CodeMoveOver, "La clef %s est %s : personne ne peut partir avec elle.", key.Serial, key.State.French())
	}
	f, err := s.takeAlongForm(v, key)
	return key, f, err
}

func (s *Server) takeAlongPage(v *visit) error {
	key, f, err := s.leaving(v)
	if err != nil {
		return err
	}
	notice := ""
	if s.restore(v, f) {
		notice = restoredNotice
	}
	return s.showTakeAlong(v, http.StatusOK, key, f, notice, "")
}

func (s *Server) showTakeAlong(v *visit, status int, key okey.Key, f *form, notice, warning string) error {
	holder, err := s.store.Person(v.ctx(), key.Holder)
	if err != nil {
		return err
	}
	return s.show(v, status, "take_along", screen{Title: holder.Name() + " part avec la clef " + string(key.Serial), Notice: notice, Warning: warning, Body: f})
}

// takeAlong takes the proposal the one way through.
func (s *Server) takeAlong(v *visit) error {
	key, f, err := s.leaving(v)
	if err != nil {
		return err
	}
	if err := s.read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error { return s.showTakeAlong(v, status, key, f, "", warning) }
	to, err := s.arrivalOf(v, f)
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	w := wish{
		Action: f.Action, Name: okey.ActionTakeAlong, Key: key.Serial, Via: okey.ViaWeb,
		Content: okey.Content{Establishment: okey.UAI(to), Comment: f.Values["comment"]},
	}
	if err = s.checkArrival(v, key, to); err == nil {
		var done outcome
		if done, err = s.act(v.ctx(), v.Actor, w); err == nil {
			return s.answerForm(v, f, done, moveURL(okey.DerivedID(w.Action, string(w.Name))), again)
		}
	}
	if err = f.refuse(err); err != nil {
		return err
	}
	return again(http.StatusUnprocessableEntity, "")
}

// likeIt is how many establishments of a name are told apart.
const likeIt = 5

// arrivalOf is the code of the establishment that the form means: a direction knows where a colleague goes, not its code. Where several answer to
// what was typed, the form asks which; a code goes on as it is.
func (s *Server) arrivalOf(v *visit, f *form) (string, error) {
	typed := strings.TrimSpace(f.Values["typed"])
	if typed == "" {
		return f.Values["establishment"], nil
	}
	if code := codeTyped(typed); code != "" {
		return string(code), nil
	}
	if strings.ContainsAny(typed[:1], "0123456789") || !isPlainText(typed) {
		return typed, nil
	}
	found, err := s.placesNamed(v.ctx(), typed, likeIt+1)
	if err != nil {
		return "", err
	}
	if len(found) > 0 && !found[0].Served { // those that are served come first
		return "", okey.InvalidField("typed", "OKEY ne sert pas cet établissement : %s (%s).", found[0].Name, found[0].UAI)
	}
	served := slices.DeleteFunc(slices.Clone(found), func(p sql.FoundPlace) bool { return !p.Served })
	exact := slices.DeleteFunc(slices.Clone(served), func(p sql.FoundPlace) bool { return !p.Exact })
	switch {
	case len(served) == 1:
		return string(served[0].UAI), nil
	case len(exact) == 1:
		return string(exact[0].UAI), nil
	case len(found) == 0:
		return "", okey.InvalidField("typed", "OKEY ne connaît aucun établissement de ce nom : essayez un seul mot, ou son code UAI.")
	case len(found) > likeIt:
		return "", okey.InvalidField("typed", "Plusieurs établissements ont ce nom : ajoutez la commune, ou tapez le code UAI.")
	}
	which := field{Label: "*Lequel de ces établissements"}
	for _, p := range served {
		if f.Values["chosen"] == string(p.UAI) {
			return string(p.UAI), nil
		}
		which.Choices = append(which.Choices, choice{string(p.UAI), fmt.Sprintf("%s, %s (%s)", p.Name, p.Commune, p.UAI)})
	}
	f.add("chosen", "", which)
	return "", okey.InvalidField("chosen", "Plusieurs établissements répondent à ce nom : choisissez lequel.")
}

// checkArrival says at the field what is wrong with the establishment.
func (s *Server) checkArrival(v *visit, key okey.Key, typed string) error {
	if typed == "" {
		return okey.InvalidField("typed", "Choisissez l'établissement d'arrivée, ou tapez son nom.")
	}
	uai, err := okey.ParseUAI(typed)
	if err != nil {
		return okey.InvalidField("typed", "%s", okey.ErrorMessage(err))
	}
	if uai == key.UAI {
		return okey.InvalidField("typed", "La clef est déjà à l'établissement %s.", uai)
	}
	_, err = s.receiver(v.ctx(), "typed", uai)
	return err
}

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

// answersMove tells whether the visitor may answer the proposal now.
func (s *Server) answersMove(v *visit, move okey.Move) (bool, error) {
	key, err := s.store.Key(v.ctx(), move.Serial)
	if err != nil || !move.Holds(key) || move.Holder == v.Actor.ID {
		return false, err
	}
	subject, err := s.store.SubjectOfKey(v.ctx(), okey.Key{UAI: move.To})
	return err == nil && okey.May(okey.ActManageKeys, v.Actor, subject, v.today()) == nil, err
}

// receivesMove tells whether the visitor looks at the proposal from the establishment where the person goes: those have the person arrive, before
// they have answered and after.
func (s *Server) receivesMove(v *visit, move okey.Move) (bool, error) {
	manages := map[okey.UAI]bool{}
	for _, uai := range []okey.UAI{move.From, move.To} {
		subject, err := s.store.SubjectOfKey(v.ctx(), okey.Key{UAI: uai})
		if err != nil {
			return false, err
		}
		manages[uai] = okey.May(okey.ActManageKeys, v.Actor, subject, v.today()) == nil
	}
	return manages[move.To] && !manages[move.From], nil
}

// withdrawsMove tells whether the visitor may take the proposal back now.
func (s *Server) withdrawsMove(v *visit, move okey.Move) (bool, error) {
	if move.State != okey.MoveProposed {
		return false, nil
	}
	subject, err := s.store.SubjectOfKey(v.ctx(), okey.Key{UAI: move.From})
	return err == nil && okey.May(okey.ActManageKeys, v.Actor, subject, v.today()) == nil, err
}

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
			notice = "C'est proposé : la direction de l'autre établissement et la personne sont prévenues."
		case okey.ActionMoveWithdrawal:
			notice = "La proposition est retirée : la direction de l'autre établissement et la personne sont prévenues."
		}
	}
	return s.showMove(v, http.StatusOK, move, nil, notice, "")
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
	path, err := s.keyPath(v, move.Serial)
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
		{Name: "Réponse", Value: okey.Capitalize(move.State.French())},
	}
	if move.State == okey.MoveProposed {
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
	answers, err := s.answersMove(v, move)
	if err != nil {
		return err
	}
	if answers {
		page.Form = given(moveDecisionForm(v, move))
		page.Form.chosen(v, okey.PrincipalDecision)
	}
	withdraws, err := s.withdrawsMove(v, move)
	if err != nil {
		return err
	}
	if withdraws {
		page.Back = given(moveWithdrawalForm(v, move))
	}
	receives, err := s.receivesMove(v, move)
	if err != nil {
		return err
	}
	verb := " part avec sa clef"
	if receives {
		verb = " arrive avec sa clef"
	}
	if page.Desk, err = s.subjectSide(v, move.ID, c); err != nil {
		return err
	}
	return s.show(v, status, "move", screen{Title: people[move.Holder] + verb, Notice: notice, Warning: warning, Body: page})
}

// keyPath leads to a key's page; empty where the visitor may not see it.
func (s *Server) keyPath(v *visit, serial okey.Serial) (string, error) {
	key, err := s.store.Key(v.ctx(), serial)
	if err != nil {
		return "", err
	}
	subject, err := s.store.SubjectOfKey(v.ctx(), key)
	if err != nil || okey.May(okey.ActSee, v.Actor, subject, v.today()) != nil {
		return "", err
	}
	return keyURL(serial), nil
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

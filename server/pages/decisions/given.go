package decisions

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"

	"github.com/google/uuid"
)

// answersGivenScreen tells what has become of each of the answers given at once.
type answersGivenScreen struct {
	Lines  []answerGiven
	Wrote  string // with those that came too late, so that it can be copied
	Follow string // where to look again, while some are recorded and not judged yet
	Rest   string // how many other requests await an answer
}

type answerGiven struct{ Path, Who, What, wrote string }

// giveAnswers records all answers first, oldest request first, so that none is lost and keys go in that order; then it has them
// judged one after the other. Once one of them takes its time, the others are only passed on: the page says of each where it
// stands.
func (s *Pages) giveAnswers(v *web.Visit, batch uuid.UUID, all []chosen, cmd act.Command) error {
	var kept []act.Kept
	query := url.Values{}
	for _, one := range all {
		query.Add("d", one.ID.String())
		if one.refused != nil {
			continue
		}
		cmd.Action, cmd.Request = okey.DerivedID(batch, one.ID.String()), one.ID
		action, closed, err := s.act.Record(v.Ctx(), v.Actor, cmd)
		switch okey.ErrorCode(err) {
		case "":
			kept = append(kept, act.Kept{Action: action, Closed: closed})
		case okey.CodeNotFound, okey.CodeForbidden, okey.CodeOwnRequest, okey.CodeActionReused: // since a moment ago: the page says so
		default:
			return err
		}
	}
	for _, done := range s.act.SettleInTurn(v.Ctx(), kept) {
		if done.Err != nil {
			return done.Err
		}
	}
	v.Redirect(http.StatusSeeOther, address.PathAnswers+"/"+batch.String()+"?"+query.Encode())
	return nil
}

// answersGiven is the page after: what became of each answer, by the visitor's own actions alone.
func (s *Pages) answersGiven(v *web.Visit) error {
	batch, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	page := answersGivenScreen{}
	pending, unseen := false, false
	refused := web.NoSuchPage()
	for _, typed := range v.QueryArray("d")[:min(len(v.QueryArray("d")), mostTogether)] {
		id, err := uuid.Parse(typed)
		if err != nil {
			continue
		}
		line, waits, why, err := s.answerGivenTo(v, batch, id)
		if err != nil {
			return err
		}
		refused, pending = web.Graver(refused, why), pending || waits
		if line.What == "" { // out of sight: told once, however many
			unseen = true
			continue
		}
		page.Lines, page.Wrote = append(page.Lines, line), cmp.Or(page.Wrote, line.wrote)
	}
	if refused != nil {
		return refused
	}
	if unseen {
		page.Lines = append(page.Lines, answerGiven{What: notForYou})
	}
	status := http.StatusOK
	if pending {
		status, page.Follow = http.StatusAccepted, v.Request.URL.RequestURI()
	}
	if uais, err := web.PlacesWhere(v, okey.ActDecide); err == nil {
		_, rest, err := s.store.AwaitedFrom(v.Ctx(), uais, okey.AwaitingDecision, v.Actor.ID, 1)
		if err != nil {
			return err
		}
		if rest > 0 {
			page.Rest = fmt.Sprintf("%s %s encore votre réponse.",
				okey.SayCount(rest, "demande"), okey.SayEither(rest, "attend", "attendent"))
		}
	}
	return s.Show(v, status, "answers_given", web.Screen{Title: "Vos réponses", Body: page})
}

// answerGivenTo says what became of the visitor's answer to one request of a batch; waits where nobody has judged it yet. Where
// there is no such answer, refused is what the permission table says, and the line is empty for what the visitor may not see.
func (s *Pages) answerGivenTo(v *web.Visit, batch, id uuid.UUID) (line answerGiven, waits bool, refused, err error) {
	a, err := s.store.Action(v.Ctx(), okey.DerivedID(batch, id.String()))
	if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
		return line, false, nil, err
	}
	given := err == nil && a.By == v.Actor.ID && a.Request == id
	d, err := s.requests.Dossier(v, id)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return line, false, err, nil
	}
	if err != nil {
		return line, false, nil, err
	}
	line = answerGiven{Path: address.RequestURL(id), Who: d.Requester.Name()}
	switch {
	case !given:
		if refused = okey.May(okey.ActDecide, v.Actor, d.Subject, d.Today); refused != nil {
			line.What = okey.ErrorMessage(refused)
		} else {
			line.What = "Votre réponse n'est pas partie : ouvrez la demande pour voir où elle en est."
		}
	case a.Verdict == nil:
		line.What, waits = "C'est enregistré : OKEY n'a pas encore fini de traiter votre réponse.", true
	case a.Verdict.Accepted && a.Verdict.Standing.Turn != d.Turn:
		line.What = fmt.Sprintf("Votre réponse a été prise en compte. Depuis : %s.", d.Stage.French())
	case a.Verdict.Accepted:
		line.What = d.Decided(a.Content.Decision)
	default:
		status, why := s.act.Explain(v.Ctx(), act.Outcome{Action: a})
		if status >= http.StatusInternalServerError {
			return line, false, nil, why
		}
		line.What, line.wrote = why.Message, a.Content.Comment
	}
	return line, waits, refused, nil
}

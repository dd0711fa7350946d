package server

import (
	"fmt"
	"slices"

	"okey"
	"okey/sql"
)

// approverHome is what awaits an approver or a delegate.
type approverHome struct {
	Answer  awaitedList // requests that await an answer
	Hand    awaitedList // keys that await their person
	Follow  []fact      // keys to see to
	Moves   []card      // people who arrive with their key
	Approve bool        // the lists above are this person's to work on
	Heads   bool        // and may be delegated
	Lent    []string    // what is delegated to this person
}

type awaitedList struct {
	Cards  []card  // of the only establishment
	Groups []group // of several: one each
	More   string  // how many there are besides
}

// group is the part of a list that concerns one establishment.
type group struct {
	Name  string
	Cards []card
}

const homeLines = 20

// approverHome looks up what awaits the visitor as an approver or delegate.
func (s *Server) approverHome(v *visit) (page approverHome, err error) {
	if page.Answer, page.Hand, page.Approve, err = s.awaitedFromMe(v); err != nil {
		return page, err
	}
	if page.Follow, err = s.keysToFollow(v); err != nil {
		return page, err
	}
	if page.Moves, err = s.movesAwaitingMe(v); err != nil {
		return page, err
	}
	heads, err := s.headed(v)
	if err != nil {
		return page, err
	}
	page.Heads = len(heads) > 0
	page.Lent, err = s.lent(v)
	return page, err
}

// awaitedFromMe lists what an approver or delegate must do, oldest first.
func (s *Server) awaitedFromMe(v *visit) (answer, hand awaitedList, approves bool, err error) {
	uais := v.Actor.Answers(v.today())
	if len(uais) == 0 {
		return answer, hand, false, nil
	}
	var decides []okey.UAI
	for _, uai := range uais {
		if okey.May(okey.ActDecide, v.Actor, okey.Subject{UAI: uai}, v.today()) == nil {
			decides = append(decides, uai)
		}
	}
	if answer, err = s.awaitedAt(v, decides, okey.AwaitingDecision, len(uais) > 1); err != nil {
		return answer, hand, true, err
	}
	hand, err = s.awaitedAt(v, uais, okey.AwaitingHandover, len(uais) > 1)
	return answer, hand, true, err
}

// keysToFollow counts the keys that an approver or delegate should see to.
func (s *Server) keysToFollow(v *visit) ([]fact, error) {
	var facts []fact
	for _, kind := range []struct{ name, suivi string }{{"Clefs de personnes parties", "parties"}, {"Clefs qui expirent d'ici trois mois", "expirent"}} {
		for _, uai := range v.Actor.Answers(v.today()) {
			filter := sql.KeyFilter{Establishment: uai, Today: v.today(), Watch: watched[kind.suivi], Limit: maxLimit}
			found, err := s.store.ListKeys(v.ctx(), reach(v.Actor), filter)
			if err != nil {
				return nil, err
			}
			if n := len(found); n > 0 {
				name := kind.name
				if len(v.Actor.Answers(v.today())) > 1 {
					name += ", " + found[0].Establishment
				}
				facts = append(facts, fact{Name: name, Value: okey.SayNumber(n), Path: "/clefs?suivi=" + kind.suivi + "&etablissement=" + string(uai)})
			}
		}
	}
	return facts, nil
}

func (s *Server) awaitedAt(v *visit, uais []okey.UAI, stage okey.Stage, several bool) (awaitedList, error) {
	found, total, err := s.store.AwaitedFrom(v.ctx(), uais, stage, v.Actor.ID, homeLines)
	if err != nil {
		return awaitedList{}, err
	}
	list := awaitedList{}
	hosted := slices.ContainsFunc(found, func(r sql.Awaited) bool { return !slices.Contains(uais, r.UAI) })
	if several || hosted {
		list.Groups = bySchool(found, paris(v))
	} else {
		list.Cards = awaitedCards(found, paris(v), false)
	}
	if more := total - len(found); more > 0 {
		list.More = fmt.Sprintf("Et %s de plus.", okey.SayCount(more, "demande"))
	}
	return list, nil
}

// lent says what is delegated to the visitor today, and until when.
func (s *Server) lent(v *visit) ([]string, error) {
	var said []string
	for _, d := range v.Actor.Delegations {
		place, err := s.store.Place(v.ctx(), d.UAI)
		if err != nil {
			return nil, err
		}
		if today := todayAt(v, place); d.Holds(today) {
			said = append(said, fmt.Sprintf("Vous êtes délégataire pour %s jusqu'au %s inclus (%s).", okey.SayEstablishment(place.Name), d.Until.Say(today), d.Scope.French()))
		}
	}
	return said, nil
}

// bySchool puts what awaits under the names of its establishments; the one that has waited longest comes first.
func bySchool(found []sql.Awaited, c clock) []group {
	var groups []group
	cards := awaitedCards(found, c, false)
	for i, r := range found {
		name := fmt.Sprintf("%s (%s)", r.School, r.UAI)
		at := slices.IndexFunc(groups, func(g group) bool { return g.Name == name })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{Name: name})
		}
		groups[at].Cards = append(groups[at].Cards, cards[i])
	}
	return groups
}

func awaitedCards(found []sql.Awaited, c clock, where bool) []card {
	cards := make([]card, len(found))
	for i, r := range found {
		cards[i] = card{Path: requestURL(r.ID), Who: r.Requester.Name(), Need: r.Need, State: sayState(r.Request, c)}
		if where {
			cards[i].Where = r.School
		}
	}
	return cards
}

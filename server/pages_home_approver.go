package server

import (
	"fmt"
	"slices"

	"okey/okey"
	"okey/sql"
)

// approverHome is what awaits an approver or a delegate.
type approverHome struct {
	Answer  awaitedList // requests that await an answer
	Hand    awaitedList // keys that await their person
	Arrive  []card      // announced deliveries to confirm
	Moves   []card      // people who arrive with their key
	Follow  []fact      // keys to see to
	House   []fact      // stock, orders and delegations, each in a line
	Acts    []navLink   // what may be done about them
	Decides bool        // the first list is this person's to work on
	Approve bool        // and the second
	Lent    []string    // what is delegated to this person
}

type awaitedList struct {
	Cards  []card  // of the only establishment
	Groups []group // of several: one each
	Many   bool    // more than one: they may be answered at once
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
	if err = s.awaitedFromMe(v, &page); err != nil {
		return page, err
	}
	if page.Arrive, err = s.awaitedDeliveries(v); err != nil {
		return page, err
	}
	if page.Moves, err = s.movesAwaitingMe(v); err != nil {
		return page, err
	}
	if page.Follow, err = s.keysToFollow(v); err != nil {
		return page, err
	}
	if page.House, page.Acts, err = s.houseLines(v); err != nil {
		return page, err
	}
	page.Lent, err = s.lent(v)
	return page, err
}

// awaitedFromMe lists what an approver or delegate must do, oldest first. Who may not answer requests is not shown any.
func (s *Server) awaitedFromMe(v *visit, page *approverHome) error {
	several := len(v.Actor.Answers(v.today())) > 1
	decides, _ := placesWhere(v, okey.ActDecide) // where the table says no, nothing is shown
	if page.Decides = len(decides) > 0; page.Decides {
		var err error
		if page.Answer, err = s.awaitedAt(v, decides, okey.AwaitingDecision, several); err != nil {
			return err
		}
	}
	hands, _ := placesWhere(v, okey.ActHandOver)
	if page.Approve = len(hands) > 0; !page.Approve {
		return nil
	}
	var err error
	page.Hand, err = s.awaitedAt(v, hands, okey.AwaitingHandover, several)
	return err
}

// keysToFollow counts the keys that an approver or delegate should see to.
func (s *Server) keysToFollow(v *visit) ([]fact, error) {
	var facts []fact
	for _, kind := range []struct{ name, suivi, one, many string }{
		{"Personnes parties", "parties", " à reprendre", " à reprendre"},
		{"Dates d'expiration", "expirent", " expire d'ici trois mois", " expirent d'ici trois mois"},
		{"Clefs défectueuses", "defectueuses", " à reprendre, puis à mettre au rebut", " à reprendre, puis à mettre au rebut"},
	} {
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
				facts = append(facts, fact{Name: name, Value: okey.SayCount(n, "clef") + okey.SayEither(n, kind.one, kind.many), Path: "/clefs?suivi=" + kind.suivi + "&etablissement=" + string(uai)})
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
	list := awaitedList{Many: total > 1}
	hosted := slices.ContainsFunc(found, func(r sql.Awaited) bool { return !slices.Contains(uais, r.UAI) })
	if several || hosted {
		list.Groups = bySchool(found, paris(v))
	} else {
		list.Cards = actingCards(found, paris(v))
	}
	if more := total - len(found); more > 0 {
		list.More = fmt.Sprintf("Et %s de plus.", okey.SayCount(more, "demande"))
	}
	return list, nil
}

// lent says what is delegated to the visitor, from when and until when, and what no longer is.
func (s *Server) lent(v *visit) ([]string, error) {
	var said []string
	for _, d := range v.Actor.Delegations {
		place, err := s.store.Place(v.ctx(), d.UAI)
		if err != nil {
			return nil, err
		}
		switch today := todayAt(v, place); {
		case d.Holds(today):
			said = append(said, fmt.Sprintf("Vous êtes délégataire pour %s jusqu'au %s inclus (%s).", okey.SayEstablishment(place.Name), d.Until.Say(today), d.Scope.French()))
		case today.Before(d.From):
			said = append(said, fmt.Sprintf("Vous serez délégataire pour %s à partir du %s, jusqu'au %s inclus (%s) : rien à faire d'ici là.",
				okey.SayEstablishment(place.Name), d.From.Say(today), d.Until.Say(today), d.Scope.French()))
		}
	}
	ended, err := s.endedRights(v)
	return append(said, ended...), err
}

// bySchool puts what awaits under the names of its establishments; the one that has waited longest comes first.
func bySchool(found []sql.Awaited, c clock) []group {
	var groups []group
	cards := actingCards(found, c)
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

// actingCards are those of the visitor's own work: the first click is here, the second sends it.
func actingCards(found []sql.Awaited, c clock) []card {
	cards := awaitedCards(found, c, false)
	for i, r := range found {
		switch r.Stage {
		case okey.AwaitingDecision:
			cards[i].Acts = []navLink{{Name: "Accepter", Path: answeringURL(r.ID, okey.Approve)}, {Name: "Refuser", Path: answeringURL(r.ID, okey.Refuse)}}
		case okey.AwaitingHandover:
			cards[i].Acts = []navLink{{Name: "Remettre", Path: cards[i].Path}}
		}
	}
	return cards
}

func awaitedCards(found []sql.Awaited, c clock, where bool) []card {
	cards := make([]card, len(found))
	for i, r := range found {
		cards[i] = card{Path: requestURL(r.ID), Who: r.Requester.Name(), Need: r.Need, Replaces: okey.Capitalize(sayReplaces(r.Request)), State: sayState(r.Request, c)}
		if r.Stage == okey.AwaitingHandover {
			cards[i].Path = counterURL(r.ID, "")
		}
		if where {
			cards[i].Where = r.School
		}
	}
	return cards
}

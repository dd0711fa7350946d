package home

import (
	"fmt"
	"slices"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/keys"
	"okey/server/pages/requests"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"
)

// approverHome is what awaits an approver or a delegate.
type approverHome struct {
	Answer  awaitedList   // requests that await an answer
	Hand    awaitedList   // keys that await their person
	Arrive  []web.Card    // announced deliveries to confirm
	Moves   []web.Card    // people who arrive with their key
	Follow  []web.Fact    // keys to see to
	House   []web.Fact    // stock, orders and delegations, each in a line
	Acts    []web.NavLink // what may be done about them
	Decides bool          // the first list is this person's to work on
	Approve bool          // and the second
	Lent    []string      // what is delegated to this person
}

type awaitedList struct {
	Cards  []web.Card // of the only establishment
	Groups []group    // of several: one each
	Many   bool       // more than one: they may be answered at once
	More   string     // how many there are besides
}

// group is the part of a list that concerns one establishment.
type group struct {
	Name  string
	Cards []web.Card
}

// approverHome looks up what awaits the visitor as an approver or delegate.
func (s *Pages) approverHome(v *web.Visit) (page approverHome, err error) {
	if err = s.awaitedFromMe(v, &page); err != nil {
		return page, err
	}
	if page.Arrive, err = s.keys.AwaitedDeliveries(v); err != nil {
		return page, err
	}
	if page.Moves, err = s.keys.MovesAwaitingMe(v); err != nil {
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
func (s *Pages) awaitedFromMe(v *web.Visit, page *approverHome) error {
	several := len(v.Actor.Answers(v.Today())) > 1
	decides, _ := web.PlacesWhere(v, okey.ActDecide) // where the table says no, nothing is shown
	if page.Decides = len(decides) > 0; page.Decides {
		var err error
		if page.Answer, err = s.awaitedAt(v, decides, okey.AwaitingDecision, several); err != nil {
			return err
		}
	}
	hands, _ := web.PlacesWhere(v, okey.ActHandOver)
	if page.Approve = len(hands) > 0; !page.Approve {
		return nil
	}
	var err error
	page.Hand, err = s.awaitedAt(v, hands, okey.AwaitingHandover, several)
	return err
}

// followedKeys are the keys to see to, as the list of keys filters them, and what is said of one and of several.
var followedKeys = []struct{ name, suivi, one, many string }{
	{"Personnes parties", "parties", " à reprendre", " à reprendre"},
	{"Dates d'expiration", "expirent", " expire d'ici trois mois", " expirent d'ici trois mois"},
	{"Clefs défectueuses", "defectueuses", " à reprendre, puis à mettre au rebut", " à reprendre, puis à mettre au rebut"},
}

// keysToFollow counts the keys that an approver or delegate should see to.
func (s *Pages) keysToFollow(v *web.Visit) ([]web.Fact, error) {
	var facts []web.Fact
	places := v.Actor.Answers(v.Today())
	for _, kind := range followedKeys {
		for _, uai := range places {
			filter := sql.KeyFilter{Establishment: uai, Today: v.Today(), Watch: keys.Watched[kind.suivi], Limit: respond.MaxLimit}
			found, err := s.store.ListKeys(v.Ctx(), act.Reach(v.Actor), filter)
			if err != nil {
				return nil, err
			}
			n := len(found)
			if n == 0 {
				continue
			}
			name := kind.name
			if len(places) > 1 {
				name += ", " + found[0].Establishment
			}
			facts = append(facts, web.Fact{
				Name: name, Value: okey.SayCount(n, "clef") + okey.SayEither(n, kind.one, kind.many),
				Path: address.PathKeys + "?suivi=" + kind.suivi + "&etablissement=" + string(uai),
			})
		}
	}
	return facts, nil
}

func (s *Pages) awaitedAt(v *web.Visit, uais []okey.UAI, stage okey.Stage, several bool) (awaitedList, error) {
	found, total, err := s.store.AwaitedFrom(v.Ctx(), uais, stage, v.Actor.ID, web.HomeLines)
	if err != nil {
		return awaitedList{}, err
	}
	list := awaitedList{Many: total > 1}
	hosted := slices.ContainsFunc(found, func(r sql.Awaited) bool { return !slices.Contains(uais, r.UAI) })
	if several || hosted {
		list.Groups = bySchool(found, web.Paris(v))
	} else {
		list.Cards = requests.ActingCards(found, web.Paris(v))
	}
	if more := total - len(found); more > 0 {
		list.More = fmt.Sprintf("Et %s de plus.", okey.SayCount(more, "demande"))
	}
	return list, nil
}

// lent says what is delegated to the visitor, from when and until when, and what no longer is.
func (s *Pages) lent(v *web.Visit) ([]string, error) {
	var said []string
	for _, d := range v.Actor.Delegations {
		place, err := s.store.Place(v.Ctx(), d.UAI)
		if err != nil {
			return nil, err
		}
		switch today := web.TodayAt(v, place); {
		case d.Holds(today):
			said = append(said, fmt.Sprintf("Vous êtes délégataire pour %s jusqu'au %s inclus (%s).",
				okey.SayEstablishment(place.Name), d.Until.Say(today), d.Scope.French()))
		case today.Before(d.From):
			said = append(said, fmt.Sprintf(
				"Vous serez délégataire pour %s à partir du %s, jusqu'au %s inclus (%s) : rien à faire d'ici là.",
				okey.SayEstablishment(place.Name), d.From.Say(today), d.Until.Say(today), d.Scope.French()))
		}
	}
	ended, err := s.EndedRights(v)
	return append(said, ended...), err
}

// bySchool puts what awaits under the names of its establishments; the one that has waited longest comes first.
func bySchool(found []sql.Awaited, c web.Clock) []group {
	var groups []group
	cards := requests.ActingCards(found, c)
	for i, r := range found {
		name := okey.SayPlace(r.School, r.UAI)
		at := slices.IndexFunc(groups, func(g group) bool { return g.Name == name })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{Name: name})
		}
		groups[at].Cards = append(groups[at].Cards, cards[i])
	}
	return groups
}

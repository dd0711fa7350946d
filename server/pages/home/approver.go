package home

import (
	"fmt"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/keys"
	"okey/server/pages/people"
	"okey/server/pages/requests"
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

// approverHome looks up what awaits the visitor as an approver or delegate. Who may not answer requests is not shown any.
func (s *Pages) approverHome(v *web.Visit) (page approverHome, err error) {
	of := sql.HouseOf{Reach: act.Reach(v.Actor), Heads: people.HeadedBy(v), Now: v.Now, Lines: web.HomeLines}
	of.Delegations, of.Loans = people.DelegationRows, web.HomeLines
	of.Schools = append(slices.Clone(of.Reach.UAIs), of.Heads...)
	for _, d := range v.Actor.Delegations {
		of.Schools = append(of.Schools, d.UAI)
	}
	of.Decides, _ = web.PlacesWhere(v, okey.ActDecide) // where the table says no, nothing is shown
	of.Hands, _ = web.PlacesWhere(v, okey.ActHandOver)
	page.Decides, page.Approve = len(of.Decides) > 0, len(of.Hands) > 0
	var found sql.House
	if len(of.Schools) > 0 {
		if found, err = s.store.House(v.Ctx(), of); err != nil {
			return page, err
		}
		page.Answer, page.Hand = awaitedAt(v, of.Decides, found.Answer), awaitedAt(v, of.Hands, found.Hand)
		page.Arrive, page.Moves = keys.DeliveryCards(v, found.Deliveries), keys.MoveCards(v, found.Moves)
		page.Follow = keysToFollow(v, found)
		page.House, page.Acts = houseLines(v, found)
	}
	page.Lent = lent(v, found.Schools)
	ended, err := s.EndedRights(v)
	page.Lent = append(page.Lent, ended...)
	return page, err
}

// followedKeys are the keys to see to, how the list of keys is narrowed to them, and what is said of one and of several.
var followedKeys = []struct {
	name      string
	of        sql.KeyWatch
	filter    string
	one, many string
}{
	{"Personnes parties", sql.WatchedLeft, "suivi=parties", " à reprendre", " à reprendre"},
	{
		"Dates d'expiration", sql.WatchedEnding, "suivi=expirent",
		" a expiré ou expire d'ici trois mois", " ont expiré ou expirent d'ici trois mois",
	},
	{"Clefs égarées", sql.WatchedMislaid, "suivi=egarees", " à retrouver", " à retrouver"},
	{"Clefs prêtées", sql.WatchedLent, "etat=" + string(okey.Lent), " pour quelques jours", " pour quelques jours"},
	{"Prêts terminés", sql.WatchedLoans, "suivi=pretees", " à reprendre", " à reprendre"},
	{
		"Clefs défectueuses", sql.WatchedBroken, "suivi=defectueuses",
		" à reprendre, puis à mettre au rebut", " à reprendre, puis à mettre au rebut",
	},
}

// fewLoans is up to how many of a school are named; more are counted.
const fewLoans = 3

// loansAt says whose the school's lent keys are and until when; nothing where they are too many.
func loansAt(v *web.Visit, school sql.HouseSchool, running []sql.Loan, name string) (facts []web.Fact) {
	if school.Followed[sql.WatchedLent] > fewLoans {
		return nil
	}
	for _, l := range running {
		if l.UAI == school.UAI {
			said := l.Holder + ", jusqu'au " + okey.SayDay(l.Until, v.Now, okey.ZoneOf(school.Academy)) + " au soir"
			facts = append(facts, web.Fact{Name: name, Value: said, Path: address.KeyURL(l.Serial)})
		}
	}
	return facts
}

// keysToFollow counts the keys that an approver or delegate should see to, and names those that are lent.
func keysToFollow(v *web.Visit, found sql.House) []web.Fact {
	var facts []web.Fact
	places := v.Actor.Answers(v.Today())
	for _, kind := range followedKeys {
		for _, uai := range places {
			school := schoolOf(found.Schools, uai)
			n := school.Followed[kind.of]
			if n == 0 {
				continue
			}
			name := kind.name
			if len(places) > 1 {
				name += ", " + school.Name
			}
			if kind.of == sql.WatchedLent {
				if named := loansAt(v, school, found.Loans, strings.Replace(name, kind.name, "Clef prêtée", 1)); len(named) == n {
					facts = append(facts, named...)
					continue
				}
			}
			facts = append(facts, web.Fact{
				Name: name, Value: okey.SayCount(n, "clef") + okey.SayEither(n, kind.one, kind.many),
				Path: address.PathKeys + "?" + kind.filter + "&etablissement=" + string(uai),
			})
		}
	}
	return facts
}

// schoolOf is one of them; an empty one where it is not there.
func schoolOf(schools []sql.HouseSchool, uai okey.UAI) sql.HouseSchool {
	for _, school := range schools {
		if school.UAI == uai {
			return school
		}
	}
	return sql.HouseSchool{}
}

func awaitedAt(v *web.Visit, uais []okey.UAI, found sql.AwaitedList) awaitedList {
	list := awaitedList{Many: found.Total > 1}
	hosted := slices.ContainsFunc(found.Requests, func(r sql.Awaited) bool { return !slices.Contains(uais, r.UAI) })
	if hosted || len(v.Actor.Answers(v.Today())) > 1 {
		list.Groups = bySchool(found.Requests, web.Paris(v))
	} else {
		list.Cards = requests.ActingCards(found.Requests, web.Paris(v))
	}
	if more := found.Total - len(found.Requests); more > 0 {
		list.More = fmt.Sprintf("Et %s de plus.", okey.SayCount(more, "demande"))
	}
	return list
}

// lent says what is delegated to the visitor, from when and until when.
func lent(v *web.Visit, schools []sql.HouseSchool) []string {
	var said []string
	for _, d := range v.Actor.Delegations {
		place := schoolOf(schools, d.UAI).Place
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
	return said
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

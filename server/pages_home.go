package server

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"okey"
	"okey/sql"
)

// card is a request in a list.
type card struct {
	Path, Who, Where, Need, State string
}

// homeScreen is what awaits the person, whatever they are.
type homeScreen struct {
	Nowhere string
	Answer  awaitedList // requests that await an answer
	Hand    awaitedList // keys that await their person
	Follow  []fact      // keys to see to
	Moves   []card      // people who arrive with their key
	Approve bool        // the lists above are this person's to work on
	Heads   bool        // and may be delegated
	Lent    []string    // what is delegated to this person
	Mine    *mine
	Desk    *deskCounts
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

// mine is the person's own request or key, and the one thing to do about it.
type mine struct {
	Path     string
	Standing string
	Comment  string // of a refusal
	Steps    []step
	Do       string // on the button; empty: nothing to do but wait
	DoPath   string
	Key      string
	KeyPath  string
	PIN      *pinLinks
	Charter  string // where what the person has signed is read
}

const homeLines = 20

// homePage shows what awaits the person.
func (s *Server) homePage(v *visit) error {
	page := homeScreen{}
	var err error
	if page.Answer, page.Hand, page.Approve, err = s.awaitedFromMe(v); err != nil {
		return err
	}
	if page.Follow, err = s.keysToFollow(v); err != nil {
		return err
	}
	if page.Moves, err = s.movesAwaitingMe(v); err != nil {
		return err
	}
	heads, err := s.headed(v)
	if err != nil {
		return err
	}
	page.Heads = len(heads) > 0
	if page.Lent, err = s.lent(v); err != nil {
		return err
	}
	works := len(v.Actor.Establishments(v.today())) > 0
	if page.Mine, err = s.mine(v, works); err != nil {
		return err
	}
	if v.desk() {
		if page.Desk, err = s.deskCounts(v); err != nil {
			return err
		}
	}
	if !works && !v.desk() && !page.Approve && page.Mine == nil {
		page.Nowhere = nowhere
	}
	return s.show(v, http.StatusOK, "home", screen{Title: "Bonjour " + v.Actor.Name(), Body: page})
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

// sayState is where a request stands, in one line.
func sayState(r okey.Request, c clock) string {
	said := okey.Capitalize(r.Stage.French()) + " depuis " + c.day(r.Since)
	if r.Stage == okey.AwaitingHandover {
		return said + " : clef " + string(r.Key)
	}
	if r.Stage.Closed() {
		return okey.Capitalize(r.Stage.French()) + " " + c.day(r.Since)
	}
	return said
}

// recentlyClosed is how long home still tells how a request has ended.
const recentlyClosed = 30 * 24 * time.Hour

// mine is the person's own request while it is open or its end is news, else their key, else the way to ask for one.
func (s *Server) mine(v *visit, works bool) (*mine, error) {
	held, err := s.store.KeysHeldBy(v.ctx(), v.Actor.ID)
	if err != nil {
		return nil, err
	}
	m := &mine{}
	if len(held) > 0 {
		m.Key = fmt.Sprintf("Clef %s, valable jusqu'au %s", held[0].Serial, paris(v).date(held[0].ExpiresOn))
		m.KeyPath = keyURL(held[0].Serial)
		m.PIN = linksOfPIN(held[0].Serial)
		if !works {
			m.Key += ". Vous ne travaillez plus dans cet établissement : rendez-la à sa direction"
		}
		if works && held[0].Renewable(v.today()) {
			m.Do, m.DoPath = "Demander la clef suivante", "/demandes/nouvelle"
		}
	} else if works {
		m.Do, m.DoPath = "Demander une clef", "/demandes/nouvelle"
	}
	last, err := s.store.LatestOf(v.ctx(), v.Actor.ID)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
	case err != nil:
		return nil, err
	case !last.Stage.Closed() || (v.Now.Sub(last.Since) < recentlyClosed && last.Stage != okey.HandedOver):
		if err := s.myRequest(v, last, m); err != nil {
			return nil, err
		}
	}
	if m.Do == "" && m.Key == "" && m.Standing == "" {
		return nil, nil
	}
	signed, found, err := s.store.SignedBy(v.ctx(), v.Actor.ID)
	if found {
		m.Charter = signedURL(signed)
	}
	return m, err
}

// myDo is the one thing that the requester must do at a stage.
var myDo = map[okey.Stage]string{okey.AwaitingCharter: "Signer la charte et choisir mon code PIN"}

func (s *Server) myRequest(v *visit, r okey.Request, m *mine) error {
	d, err := s.dossier(v, r.ID)
	if err != nil {
		return err
	}
	m.Path, m.Standing, m.Steps = requestURL(r.ID), d.standing(v), d.steps()
	if m.PIN == nil {
		m.PIN = d.pinLinks(v)
	}
	if !r.Stage.Closed() {
		m.Do, m.DoPath = myDo[r.Stage], m.Path
	}
	for _, e := range d.events {
		if e.Kind == okey.EventRefused {
			m.Comment = e.Comment
		}
	}
	return nil
}

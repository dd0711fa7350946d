package server

import (
	"fmt"
	"net/http"
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
	Moves   []card      // people who arrive with their key
	Approve bool        // the lists above are this person's to work on
	Mine    *mine
	Desk    *deskCounts
}

type awaitedList struct {
	Cards []card
	More  string // how many there are besides
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
}

const homeLines = 20

// homePage shows what awaits the person.
func (s *Server) homePage(v *visit) error {
	page := homeScreen{}
	var err error
	if page.Answer, page.Hand, page.Approve, err = s.awaitedFromMe(v); err != nil {
		return err
	}
	if page.Moves, err = s.movesAwaitingMe(v); err != nil {
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

func (s *Server) awaitedAt(v *visit, uais []okey.UAI, stage okey.Stage, several bool) (awaitedList, error) {
	found, total, err := s.store.AwaitedFrom(v.ctx(), uais, stage, v.Actor.ID, homeLines)
	if err != nil {
		return awaitedList{}, err
	}
	list := awaitedList{Cards: awaitedCards(found, paris(v), several)}
	if more := total - len(found); more > 0 {
		list.More = fmt.Sprintf("Et %s de plus.", okey.SayCount(more, "demande"))
	}
	return list, nil
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
		if held[0].Renewable(v.today()) {
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
	return m, nil
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

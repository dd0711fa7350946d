package server

import (
	"fmt"
	"slices"
	"time"

	"okey/okey"
	"okey/sql"
)

// mine is the person's own request and keys, and the one thing to do about either.
type mine struct {
	Request *ownRequest
	Keys    []ownKey // in hand
	Why     string   // said before the button
	Do      *navLink // on the button; nil: nothing to do
	Charter string   // where what the person has signed is read
	Help    string   // the questions that arise where there is no key
	Retired string   // what became of the key that the one in hand has replaced of late
	Gone    []string // of late declared lost or defective in their hands: by whom, and what to do
}

// ownRequest is the person's own request: where it stands, and what there is to do about it.
type ownRequest struct {
	Path      string
	Open      bool
	Renews    bool // a key in hand, which has a PIN of its own
	Steps     []step
	Standing  string
	Comment   string // of a refusal, or of a withdrawal by somebody else
	Otherwise string // what happens while nothing is done
	Do        *navLink
	Key       okey.Serial // that waits
	PIN       *pinLinks   // its
}

// ownKey is a key in its holder's hands, and the ways from it.
type ownKey struct {
	Serial  okey.Serial
	Path    string
	Lasts   string // until when it serves
	Until   string // what ends it before, while the next one is on its way
	Leave   string // what to do with it, where its holder works nowhere any more
	Expired bool
	PIN     *pinLinks
	Use     *keyUse // nil where it does not serve
	Trouble string
	Lost    string
	Leaving string
}

// keyUse is how a key is used, and where: the portal's address is a setting.
type keyUse struct{ Portal string }

func (s *Server) newOwnKey(key okey.Key, c clock, works bool) ownKey {
	today := okey.DayOf(c.now, c.zone)
	own := ownKey{
		Serial: key.Serial, Path: keyURL(key.Serial), PIN: linksOfPIN(key.Serial), Expired: key.ExpiresOn.Before(today),
		Trouble: keyURL(key.Serial) + pathTrouble, Lost: keyURL(key.Serial) + pathLost, Leaving: keyURL(key.Serial) + pathLeaving,
	}
	if works && !own.Expired {
		own.Use = &keyUse{Portal: s.portal}
	}
	own.Lasts = fmt.Sprintf("valable jusqu'au %s (%s)", c.date(key.ExpiresOn), sayRemaining(today, key.ExpiresOn))
	if own.Expired {
		own.Lasts = fmt.Sprintf("expirée depuis le %s", c.date(key.ExpiresOn))
	}
	return own
}

// useOf is how the key that a request ended with is used; nil where the visitor does not have it in hand.
func (s *Server) useOf(v *visit, d dossier) (*keyUse, error) {
	if d.Stage != okey.HandedOver || d.Key == "" {
		return nil, nil
	}
	key, err := s.store.Key(v.ctx(), d.Key)
	if err != nil || key.Holder != v.Actor.ID {
		return nil, err
	}
	return s.newOwnKey(key, d.clock, true).Use, nil
}

// sayRemaining says how long a key still serves, as roughly as people would.
func sayRemaining(today, until okey.Day) string {
	months := 0
	for !until.Before(today.AddMonths(months + 1)) {
		months++
	}
	switch {
	case months >= 24:
		return "encore " + okey.SayCount(months/12, "an")
	case months > 0:
		return fmt.Sprintf("encore %d mois", months)
	}
	days := 0
	for today.AddDays(days).Before(until) {
		days++
	}
	if days == 0 {
		return "dernier jour"
	}
	return "encore " + okey.SayCount(days, "jour")
}

// recentlyClosed is how long home still tells how a request has ended.
const recentlyClosed = 30 * 24 * time.Hour

// mine is the person's own request while it is open or its end is news, and the keys in their hands; else the way to ask for one.
func (s *Server) mine(v *visit, works bool, help string) (*mine, error) {
	held, err := s.store.KeysHeldBy(v.ctx(), v.Actor.ID)
	if err != nil {
		return nil, err
	}
	m := &mine{Help: help}
	for _, key := range held {
		own := s.newOwnKey(key, paris(v), works)
		if own.Leave, err = s.leave(v, key, works); err != nil {
			return nil, err
		}
		m.Keys = append(m.Keys, own)
	}
	switch {
	case works && len(held) == 0:
		m.Do = &navLink{Name: "Demander une clef", Path: pathAsk}
	case works && held[0].Renewable(v.today()):
		m.Do = &navLink{Name: "Demander la clef suivante", Path: pathAsk}
		m.Why = nextKeyWhy(m.Keys[0].Expired)
	}
	if m.Request, m.Retired, err = s.myRequest(v, held); err != nil {
		return nil, err
	}
	if err := s.namePINs(v, m); err != nil {
		return nil, err
	}
	if m.Gone, err = s.goneFromMe(v); err != nil {
		return nil, err
	}
	switch r := m.Request; {
	case r != nil && r.Open:
		m.Do, m.Why = nil, "" // first things first
		for i := range m.Keys {
			if r.Renews = r.Renews && m.Keys[i].Leave == ""; r.Renews {
				m.Keys[i].Until = untilNextKey(m.Keys[i].Expired)
			}
		}
	case r != nil && len(held) == 0:
		r.Do, m.Do = m.Do, nil
	case r == nil && len(held) == 0 && len(m.Gone) == 0 && !works:
		return nil, nil
	}
	signed, found, err := s.store.SignedBy(v.ctx(), v.Actor.ID)
	if found {
		m.Charter = signedURL(signed)
	}
	return m, err
}

// leave says what whoever works nowhere any more does with the key in their hands; empty for everybody else.
func (s *Server) leave(v *visit, key okey.Key, works bool) (string, error) {
	if works {
		return "", nil
	}
	place, err := s.store.Place(v.ctx(), key.UAI)
	return fmt.Sprintf("Nous ne vous trouvons plus dans aucun établissement. Rendez-la à la direction %s, ou demandez-lui de la laisser vous suivre. Une erreur ? Faites vérifier votre affectation par votre secrétariat.",
		okey.SayOfSchool(okey.SayEstablishment(place.Name))), err
}

func (s *Server) namePINs(v *visit, m *mine) error {
	links := map[okey.Serial]*pinLinks{}
	for i := range m.Keys {
		links[m.Keys[i].Serial] = m.Keys[i].PIN
	}
	if m.Request != nil && m.Request.PIN != nil {
		links[m.Request.Key] = m.Request.PIN
	}
	return s.tellApart(v, links)
}

// untilNextKey says what becomes of the key in hand while the next one is on its way: one that has expired serves nobody any more.
func untilNextKey(expired bool) string {
	if expired {
		return "Votre clef actuelle ne sert plus : apportez-la le jour où vous recevrez la nouvelle, elle sera reprise."
	}
	return "Votre clef actuelle sert jusqu'à la remise de la nouvelle : apportez-la ce jour-là, elle sera reprise."
}

// goneFromMe tells of the visitor's keys that were declared lost or defective of late.
func (s *Server) goneFromMe(v *visit) ([]string, error) {
	found, err := s.store.GoneFrom(v.ctx(), v.Actor.ID, v.Now.Add(-recentlyClosed))
	said := make([]string, len(found))
	for i, gone := range found {
		said[i] = sayGone(gone, v.Actor.ID, paris(v))
	}
	return said, err
}

func sayGone(gone sql.GoneKey, reader okey.PersonID, c clock) string {
	state, advice := "défectueuse", "Rendez-la"
	if gone.Reason == okey.ReasonLost {
		state, advice = "perdue", "Si vous la retrouvez, rapportez-la"
	}
	who := gone.By + " l'a déclarée"
	switch {
	case gone.ByID.UUID == reader:
		who = "vous l'avez déclarée"
	case gone.By == "":
		who = "elle a été déclarée"
	}
	return fmt.Sprintf("Clef %s : %s %s %s. %s à la direction %s.", gone.Serial, who, state, c.day(gone.At), advice, okey.SayOfSchool(okey.SayEstablishment(gone.School)))
}

// myRequest is the visitor's open request, or the last one while its end is news; nil for none. Of one that ended with a key that they still hold,
// the news is what became of the key before.
func (s *Server) myRequest(v *visit, held []okey.Key) (own *ownRequest, retired string, err error) {
	last, err := s.store.LatestOf(v.ctx(), v.Actor.ID)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return nil, "", nil
	case err != nil:
		return nil, "", err
	case last.Stage.Closed() && v.Now.Sub(last.Since) >= recentlyClosed:
		return nil, "", nil
	}
	d, err := s.dossier(v, last.ID)
	if err != nil {
		return nil, "", err
	}
	if last.Stage == okey.HandedOver {
		if !slices.ContainsFunc(held, func(key okey.Key) bool { return key.Serial == d.Key }) {
			return nil, "", nil // that key has left their hands, too
		}
		return nil, d.retired(), nil
	}
	own = &ownRequest{
		Path: requestURL(d.ID), Open: !d.Stage.Closed(), Steps: d.steps(), Standing: d.standing(v), Comment: d.lastWords(),
		Otherwise: d.otherwise(), Key: d.Key, PIN: d.pinLinks(v), Renews: d.Reason == okey.Renewal,
	}
	if d.Stage == okey.AwaitingCharter && !d.sent(v, okey.CharterAndPIN) {
		own.Do = &navLink{Name: signTitle, Path: signedURL(d.ID)}
	}
	return own, "", nil
}

// lastWords is what somebody else wrote when they ended the request: the requester reads it first.
func (d dossier) lastWords() string {
	words := ""
	for _, e := range d.events {
		if e.Kind == okey.EventRefused || e.Kind == okey.EventWithdrawn && e.By != d.Person {
			words = e.Comment
		}
	}
	return words
}

// sent tells whether the visitor has sent this already, and nobody has judged it yet.
func (d dossier) sent(v *visit, signal okey.Signal) bool {
	for _, a := range d.pending {
		if a.By == v.Actor.ID && a.Name == okey.ActionOf(signal) {
			return true
		}
	}
	return false
}

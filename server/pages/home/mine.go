package home

import (
	"fmt"
	"slices"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/keys"
	"okey/server/pages/requests"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// mine is the person's own request and keys, and the one thing to do about either.
type mine struct {
	Request *ownRequest
	Keys    []keys.OwnKey // in hand
	Why     string        // said before the button
	Do      *web.NavLink  // on the button; nil: nothing to do
	Charter string        // where what the person has signed is read
	Help    string        // the questions that arise where there is no key
	Retired string        // what became of the key that the one in hand has replaced of late
	Gone    []string      // of late declared lost or defective in their hands: by whom, and what to do
}

// ownRequest is the person's own request: where it stands, and what there is to do about it.
type ownRequest struct {
	Path      string
	Open      bool
	Renews    bool // a key in hand, which has a PIN of its own
	Steps     []requests.Step
	Standing  string
	Comment   string // of a refusal, or of a withdrawal by somebody else
	Otherwise string // what happens while nothing is done
	Do        *web.NavLink
	Key       okey.Serial    // that waits
	PIN       *keys.PINLinks // its
}

// recentlyClosed is how long home still tells how a request has ended.
const recentlyClosed = 30 * 24 * time.Hour

// mine is the person's own request while it is open or its end is news, and the keys in their hands; else the way to ask for one.
func (s *Pages) mine(v *web.Visit, works bool, help string) (*mine, error) {
	found, err := s.store.MineOf(v.Ctx(), v.Actor.ID, v.Now.Add(-recentlyClosed))
	if err != nil {
		return nil, err
	}
	held, theirs, m := found.Held, okey.Own(found.Held), &mine{Help: help}
	for _, key := range held {
		own := s.keys.NewOwnKey(key, web.Paris(v), works)
		own.Leave = keys.Leave(found.Schools[key.UAI], works)
		own.Beside(held, web.Paris(v))
		if len(held) > 1 {
			own.Which = " " + string(key.Serial)
		}
		m.Keys = append(m.Keys, own)
	}
	switch {
	case !found.Asked.IsZero():
		m.Why = "Votre demande du " + web.Paris(v).Time(found.Asked) + " est enregistrée, OKEY n'a pas encore fini de la traiter : " +
			"il n'y a rien à refaire."
	case works && len(theirs) == 0:
		m.Do = &web.NavLink{Name: "Demander une clef", Path: address.PathAsk}
	case works && theirs[0].Renewable(v.Today()):
		m.Do = &web.NavLink{Name: "Demander la clef suivante", Path: address.PathAsk}
		m.Why = m.Keys[0].NextKeyWhy()
	}
	if m.Request, m.Retired, err = s.myRequest(v, found); err != nil {
		return nil, err
	}
	m.namePINs(len(found.PINs))
	for _, gone := range found.Gone {
		m.Gone = append(m.Gone, sayGone(gone, v.Actor.ID, web.Paris(v)))
	}
	switch r := m.Request; {
	case r != nil && r.Open:
		m.Do, m.Why = nil, "" // first things first
		for i := range m.Keys {
			m.Keys[i].Borrow = "" // one request at a time
			if r.Renews = r.Renews && m.Keys[i].Leave == ""; r.Renews {
				m.Keys[i].Until = m.Keys[i].UntilNextKey()
			}
		}
	case r != nil && len(theirs) == 0:
		r.Do, m.Do = m.Do, nil
	case r == nil && len(held) == 0 && len(m.Gone) == 0 && !works:
		return nil, nil
	}
	if found.Signed != uuid.Nil {
		m.Charter = address.SignedURL(found.Signed)
	}
	return m, nil
}

func (m *mine) namePINs(pins int) {
	links := map[okey.Serial]*keys.PINLinks{}
	for i := range m.Keys {
		links[m.Keys[i].Serial] = m.Keys[i].PIN
	}
	if m.Request != nil && m.Request.PIN != nil {
		links[m.Request.Key] = m.Request.PIN
	}
	keys.NamePINs(pins, links)
}

func sayGone(gone sql.GoneKey, reader okey.PersonID, c web.Clock) string {
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
	return fmt.Sprintf("Clef %s : %s %s %s. %s à la direction %s.",
		gone.Serial, who, state, c.Day(gone.At), advice, okey.SayOfSchool(okey.SayEstablishment(gone.School)))
}

// myRequest is the visitor's open request, or the last one while its end is news; nil for none. Of one that ended with a key that they
// still hold, the news is what became of the key before.
func (s *Pages) myRequest(v *web.Visit, found sql.Mine) (own *ownRequest, retired string, err error) {
	last, held := found.Latest, found.Held
	if last.ID == uuid.Nil || last.Stage.Closed() && v.Now.Sub(last.Since) >= recentlyClosed {
		return nil, "", nil
	}
	d, err := s.requests.OwnDossier(v, last, found.Place)
	if err != nil {
		return nil, "", err
	}
	if last.Stage == okey.HandedOver {
		if !slices.ContainsFunc(held, func(key okey.Key) bool { return key.Serial == d.Key }) {
			return nil, "", nil // that key has left their hands, too
		}
		return nil, d.Retired(), nil
	}
	own = &ownRequest{
		Path: address.RequestURL(d.ID), Open: !d.Stage.Closed(), Steps: d.Steps(), Standing: d.Standing(v), Comment: d.LastWords(),
		Otherwise: d.Otherwise(), Key: d.Key, PIN: d.PINLinks(v), Renews: d.Reason == okey.Renewal,
	}
	if d.Stage == okey.AwaitingCharter && !d.Sent(v, okey.CharterAndPIN) {
		own.Do = &web.NavLink{Name: requests.SignTitle, Path: address.SignedURL(d.ID)}
	}
	return own, "", nil
}

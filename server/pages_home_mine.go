package server

import (
	"fmt"
	"time"

	"okey"
)

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

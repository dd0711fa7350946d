package server

import (
	"net/http"

	"okey/okey"
)

// The pages of somebody's own key: what to do when it fails, is lost, or its holder leaves. Each asks one thing.
const (
	pathMyKey   = "/ma-clef"
	pathTrouble = "/ne-marche-plus"
	pathReport  = pathTrouble + "/signaler"
	pathLost    = "/perdue"
	pathLeaving = "/je-pars"
)

// myKeyPage leads to the key in hand or, before there is one, to what is under way.
func (s *Server) myKeyPage(v *visit) error {
	held, err := s.store.KeysHeldBy(v.ctx(), v.Actor.ID)
	if err != nil {
		return err
	}
	to := "/"
	if len(held) > 0 {
		to = keyURL(held[0].Serial)
	}
	v.Redirect(http.StatusSeeOther, to)
	return nil
}

// seeRequest names the way to the request that somebody has open.
const seeRequest = "Voir ma demande"

// nextKey leads whoever has no use of the page that they are on to what is theirs: the request under way, the key in hand, or the asking; nil where
// there is none of them.
func (s *Server) nextKey(v *visit) (*navLink, error) {
	open, err := s.store.OpenRequestOf(v.ctx(), v.Actor.ID)
	switch {
	case err == nil:
		return &navLink{Name: seeRequest, Path: requestURL(open.ID)}, nil
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return nil, err
	}
	held, err := s.store.KeysHeldBy(v.ctx(), v.Actor.ID)
	works := len(v.Actor.Establishments(v.today())) > 0
	switch {
	case err != nil:
		return nil, err
	case works && len(held) == 0:
		return &navLink{Name: "Demander une clef", Path: pathAsk}, nil
	case works && held[0].Renewable(v.today()):
		return &navLink{Name: "Demander la clef suivante", Path: pathAsk}, nil
	case len(held) > 0:
		return &navLink{Name: "Voir ma clef", Path: keyURL(held[0].Serial)}, nil
	}
	return nil, nil
}

// ownKeyOf is the key that the address names, for its holder alone: the errors are those of okey.May.
func (s *Server) ownKeyOf(v *visit) (okey.Key, error) {
	key, subject, today, err := s.visibleKey(v)
	if err != nil {
		return key, err
	}
	return key, okey.May(okey.ActDeclareKey, v.Actor, subject, today)
}

// holderScreen is what the page of a key says to its holder.
type holderScreen struct {
	ownKey
	Do  *navLink // the next key, once this one comes to its end
	Why string
}

// holder is nil for whoever does not have the key in hand.
func (s *Server) holder(v *visit, key okey.Key) (*holderScreen, error) {
	if key.Holder != v.Actor.ID || key.State != okey.InService {
		return nil, nil
	}
	works := len(v.Actor.Establishments(v.today())) > 0
	page := &holderScreen{ownKey: s.newOwnKey(key, paris(v), works)}
	page.Lasts = okey.Capitalize(page.Lasts)
	var err error
	if page.Leave, err = s.leave(v, key, works); err != nil {
		return nil, err
	}
	if err := s.tellApart(v, map[okey.Serial]*pinLinks{key.Serial: page.PIN}); err != nil {
		return nil, err
	}
	if !works || !key.Renewable(v.today()) {
		return page, nil
	}
	open, err := s.store.OpenRequestOf(v.ctx(), v.Actor.ID)
	switch {
	case err == nil:
		page.Do, page.Why = &navLink{Name: seeRequest, Path: requestURL(open.ID)}, "La suivante est demandée. "+untilNextKey(page.Expired)
		return page, nil
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return nil, err
	}
	page.Do, page.Why = &navLink{Name: "Demander la clef suivante", Path: pathAsk}, nextKeyWhy(page.Expired)
	return page, nil
}

func nextKeyWhy(expired bool) string {
	if expired {
		return "Elle ne sert plus : demandez la suivante."
	}
	return "Vous pouvez déjà demander la suivante : celle-ci sert jusqu'à la remise."
}

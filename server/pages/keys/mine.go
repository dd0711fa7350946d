package keys

import (
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
)

// myKeyPage leads to the key in hand or, before there is one, to what is under way.
func (s *Pages) myKeyPage(v *web.Visit) error {
	held, err := s.store.KeysHeldBy(v.Ctx(), v.Actor.ID)
	if err != nil {
		return err
	}
	to := "/"
	if len(held) > 0 {
		to = address.KeyURL(held[0].Serial)
	}
	for _, key := range held { // with one mislaid, the one that serves
		if key.State != okey.Suspended {
			to = address.KeyURL(key.Serial)
			break
		}
	}
	if v.Request.URL.Path == address.PathMyTrial && to != "/" {
		to += address.PathTrial
	}
	v.Redirect(http.StatusSeeOther, to)
	return nil
}

// SeeRequest names the way to the request that somebody has open.
const SeeRequest = "Voir ma demande"

// NextKey leads whoever has no use of the page that they are on to what is theirs: the request under way, the key in hand, or the
// asking; nil where there is none of them.
func (s *Pages) NextKey(v *web.Visit) (*web.NavLink, error) {
	open, err := s.store.OpenRequestOf(v.Ctx(), v.Actor.ID)
	switch {
	case err == nil:
		return &web.NavLink{Name: SeeRequest, Path: address.RequestURL(open.ID)}, nil
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return nil, err
	}
	held, err := s.store.KeysHeldBy(v.Ctx(), v.Actor.ID)
	works, own := len(v.Actor.Establishments(v.Today())) > 0, okey.Own(held)
	switch {
	case err != nil:
		return nil, err
	case works && len(own) == 0:
		return &web.NavLink{Name: "Demander une clef", Path: address.PathAsk}, nil
	case works && own[0].Renewable(v.Today()):
		return &web.NavLink{Name: "Demander la clef suivante", Path: address.PathAsk}, nil
	case len(held) > 0:
		return &web.NavLink{Name: "Voir ma clef", Path: address.KeyURL(held[0].Serial)}, nil
	}
	return nil, nil
}

// ownKeyOf is the key that the address names, for its holder alone: the errors are those of okey.May.
func (s *Pages) ownKeyOf(v *web.Visit) (okey.Key, error) {
	key, subject, today, err := s.visibleKey(v)
	if err != nil {
		return key, err
	}
	return key, okey.May(okey.ActDeclareKey, v.Actor, subject, today)
}

// holderScreen is what the page of a key says to its holder.
type holderScreen struct {
	OwnKey
	Do  *web.NavLink // the next key, once this one comes to its end
	Why string
}

// holder is nil for whoever does not have the key in hand.
func (s *Pages) holder(v *web.Visit, key okey.Key) (*holderScreen, error) {
	if key.Holder != v.Actor.ID {
		return nil, nil
	}
	works := len(v.Actor.Establishments(v.Today())) > 0
	page := &holderScreen{OwnKey: s.NewOwnKey(key, web.Paris(v), works)}
	page.Lasts = okey.Capitalize(page.Lasts)
	place, err := s.store.Place(v.Ctx(), key.UAI)
	if err != nil {
		return nil, err
	}
	page.Leave = Leave(place.Name, works)
	if err := s.TellApart(v, map[okey.Serial]*PINLinks{key.Serial: page.PIN}); err != nil {
		return nil, err
	}
	if !works || page.Borrow == "" && !key.Renewable(v.Today()) {
		return page, nil
	}
	if page.Borrow != "" {
		held, err := s.store.KeysHeldBy(v.Ctx(), v.Actor.ID)
		if err != nil {
			return nil, err
		}
		page.Beside(held, web.Paris(v))
	}
	open, err := s.store.OpenRequestOf(v.Ctx(), v.Actor.ID)
	switch {
	case err == nil:
		page.Do, page.Borrow = &web.NavLink{Name: SeeRequest, Path: address.RequestURL(open.ID)}, ""
		if open.Reason == okey.Loan {
			return page, nil
		}
		page.Why = "La suivante est demandée. " + page.UntilNextKey()
		return page, nil
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return nil, err
	}
	if !key.Renewable(v.Today()) {
		return page, nil
	}
	page.Do, page.Why = &web.NavLink{Name: "Demander la clef suivante", Path: address.PathAsk}, page.NextKeyWhy()
	return page, nil
}

// NextKeyWhy says why the next key may be asked for while there is one in hand.
func (k OwnKey) NextKeyWhy() string {
	switch {
	case k.Due != "":
		return "Vous pouvez déjà demander la suivante."
	case k.Expired:
		return "Elle ne sert plus : demandez la suivante."
	}
	return "Vous pouvez déjà demander la suivante : celle-ci sert jusqu'à la remise."
}

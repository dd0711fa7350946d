package keys

import (
	"net/http"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
	"okey/sql"
)

// leavingScreen is what a holder who leaves is told.
type leavingScreen struct {
	Serial okey.Serial
	Who    string // of the direction; empty: support
	Where  string // "au collège des Tilleuls", which the key belongs to
	Others string // where the holder works besides: the key serves there already
	Move   string // the proposal under way
	Back   string
}

// leavingPage says how a key follows its holder, and how it is given back: both are done by the direction.
func (s *Pages) leavingPage(v *web.Visit) error {
	key, err := s.ownKeyOf(v)
	if err != nil {
		return s.gone(v, err)
	}
	place, err := s.store.Place(v.Ctx(), key.UAI)
	if err != nil {
		return err
	}
	page := leavingScreen{Serial: key.Serial, Where: okey.SayAtSchool(okey.SayEstablishment(place.Name)), Back: address.KeyURL(key.Serial)}
	about := okey.Request{UAI: place.UAI, Host: place.Host, Person: v.Actor.ID, Stage: okey.AwaitingHandover, Since: v.Now}
	waits, err := s.act.WaitingFor(v.Ctx(), sql.RequestRecord{Request: about, Requester: v.Actor.Person, Place: place})
	if err != nil {
		return err
	}
	if waits[0].Who != act.AwaitedSupport && waits[0].ID != v.Actor.ID {
		page.Who = web.WhoIsAwaited(waits)
	}
	move, err := s.store.OpenMoveOf(v.Ctx(), key.Serial)
	switch {
	case err == nil:
		page.Move = address.MoveURL(move.ID)
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return err
	}
	works := v.Actor.Establishments(v.Today())
	names, err := s.store.Names(v.Ctx(), works...)
	if err != nil {
		return err
	}
	var others []string
	for _, uai := range works {
		if uai != key.UAI {
			others = append(others, okey.SayAtSchool(okey.SayEstablishment(names[uai])))
		}
	}
	page.Others = strings.Join(others, ", ")
	return s.Show(v, http.StatusOK, "leaving", web.Screen{Title: "Je quitte l'établissement", Body: page})
}

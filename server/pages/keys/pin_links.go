package keys

import (
	"net/url"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
)

// PINLinks lead to the pages of a key's PIN.
type PINLinks struct {
	Change, Forgotten string
	Of                string // " de la clef 0048000012", where its reader has another one besides
}

// ChangeName is what the link to a change says.
func (l *PINLinks) ChangeName() string { return "Changer " + l.what() }

// ForgottenName is what the link for a forgotten PIN says.
func (l *PINLinks) ForgottenName() string { return "J'ai oublié " + l.what() }

func (l *PINLinks) what() string {
	if l.Of != "" {
		return "le code PIN" + l.Of
	}
	return "mon code PIN"
}

// TellApart has each of the links name its key, where the visitor has the PINs of two: the one in hand, and the one that will replace it.
func (s *Pages) TellApart(v *web.Visit, links map[okey.Serial]*PINLinks) error {
	own, err := s.store.PINsOf(v.Ctx(), v.Actor.ID)
	if err == nil {
		NamePINs(len(own), links)
	}
	return err
}

// NamePINs is TellApart for whoever is known to have so many PINs.
func NamePINs(pins int, links map[okey.Serial]*PINLinks) {
	if pins < 2 {
		return
	}
	for serial, l := range links {
		l.Of = " de la clef " + string(serial)
	}
}

// LinksOfPIN are those of one key; TellApart names it where there are two.
func LinksOfPIN(serial okey.Serial) *PINLinks {
	return &PINLinks{Change: ofKey(address.PathPIN, serial), Forgotten: ofKey(address.PathPINForgotten, serial)}
}

func ofKey(path string, serial okey.Serial) string {
	return path + "?" + url.Values{"clef": {string(serial)}}.Encode()
}

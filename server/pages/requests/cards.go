package requests

import (
	"fmt"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
	"okey/sql"
)

// sayStateTo is web.SayState as the visitor reads it: a stage's name is for whoever acts then, and who asked fetches the key that others
// hand over.
func sayStateTo(v *web.Visit, r okey.Request) string {
	if r.Person == v.Actor.ID && r.Stage == okey.AwaitingHandover {
		return fmt.Sprintf("Clef à aller chercher depuis %s : clef %s", web.Paris(v).Day(r.Since), r.Key)
	}
	return web.SayState(r, web.Paris(v))
}

// ActingCards are those of the visitor's own work: the first click is here, the second sends it.
func ActingCards(found []sql.Awaited, c web.Clock) []web.Card {
	cards := AwaitedCards(found, c)
	for i, r := range found {
		switch r.Stage {
		case okey.AwaitingDecision:
			cards[i].Acts = []web.NavLink{
				{Name: "Accepter", Path: address.AnsweringURL(r.ID, okey.Approve)},
				{Name: "Refuser", Path: address.AnsweringURL(r.ID, okey.Refuse)},
			}
		case okey.AwaitingHandover:
			cards[i].Acts = []web.NavLink{{Name: "Remettre", Path: cards[i].Path}}
		}
	}
	return cards
}

// AwaitedCards are requests whose answer, or key, is awaited of the reader.
func AwaitedCards(found []sql.Awaited, c web.Clock) []web.Card {
	cards := make([]web.Card, len(found))
	for i, r := range found {
		cards[i] = web.Card{
			Path:     address.RequestURL(r.ID),
			Who:      r.Requester.Name(),
			Need:     sayNeed(r.Request),
			Replaces: okey.Capitalize(web.SayReplaces(r.Request)),
			State:    web.SayState(r.Request, c),
		}
		if r.Stage == okey.AwaitingHandover {
			cards[i].Path = address.CounterURL(r.ID, "")
		}
	}
	return cards
}

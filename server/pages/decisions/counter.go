package decisions

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/requests"
	"okey/server/web"
	"okey/sql"
)

// The counter is where keys change hands: find the person, by name or by the key, check, confirm, next.

const counterLines = 25

// counterScreen is the search, and who waits for which key.
type counterScreen struct {
	Slip   web.NavLink // of the handover just done
	Search *web.Form
	Key    string    // what there is to say of a scanned key that nobody is here to fetch: it is free, comes back, or was found
	Manage *web.Fact // that key's page
	Found  []counterGroup
	More   string
	Others []web.Card // who were found and await something else
	Own    string     // who hands the visitor's own key over
	Empty  string
}

type counterGroup struct {
	Name  string
	Lines []counterLine
}

type counterLine struct{ Path, Who, Key, State string }

// counterPage searches and lists; a scanned key, or a name that fits one person alone, leads straight to them.
func (s *Pages) counterPage(v *web.Visit) error {
	uais, err := web.PlacesWhere(v, okey.ActHandOver)
	if err != nil {
		return err
	}
	typed := web.PlainQuery(v, "q")
	page := counterScreen{Search: counterSearch(typed), Empty: "Aucune clef à remettre."}
	who := sql.CounterSearch{At: uais, Typed: typed, Limit: counterLines}
	if who.Everywhere = okey.May(okey.ActHandOver, v.Actor, okey.Subject{HasReason: true}, v.Today()) == nil; who.Everywhere {
		page.Empty = "Cherchez une personne ou une clef : vous pouvez remettre celles de tous les établissements."
	}
	handed, slip, err := s.requests.HandedOver(v)
	if err != nil {
		return err
	}
	page.Slip = slip
	if page.Own, err = s.ownHandover(v); err != nil {
		return err
	}
	if page.Own != "" {
		who.But = v.Actor.ID
	}
	found, total, err := s.store.AtCounter(v.Ctx(), who)
	if err != nil {
		return err
	}
	scanned, said, err := s.requests.Scanned(v, typed)
	if err != nil {
		return err
	}
	ready := ofStage(found, okey.AwaitingHandover, true)
	if len(ready) == 1 && typed != "" && len(found) == 1 {
		inHand := scanned.Serial
		if ready[0].Key.EndsLike(typed) { // which is enough there, too
			inHand = okey.Serial(okey.Compact(typed))
		}
		v.Redirect(http.StatusSeeOther, address.CounterURL(ready[0].ID, inHand))
		return nil
	}
	inHand, warning := scanned.Serial, ""
	if len(found) == 0 && typed != "" {
		who.Typed = ""
		if found, total, err = s.store.AtCounter(v.Ctx(), who); err != nil {
			return err
		}
		ready = found
		inHand, warning = page.sayScanned(scanned, said, len(ready) > 0, v.Today())
	}
	page.Found = counterGroups(v, ready, inHand, who.Everywhere || len(uais) > 1)
	if more := total - len(ready); more > 0 {
		page.More = fmt.Sprintf("Et %s de plus : cherchez par nom.", okey.SayCount(more, "personne"))
	}
	page.Others = counterOthers(v, ofStage(found, okey.AwaitingHandover, false))
	return s.Show(v, http.StatusOK, "counter", web.Screen{Title: "Remettre une clef", Notice: handed, Warning: warning, Body: page})
}

// sayScanned says what was scanned, where nobody comes for it, and which key whoever is chosen next is handed: one that is free. The
// warning is of what was typed and is no key.
func (page *counterScreen) sayScanned(
	key okey.Key, said string, awaited bool, today okey.Day,
) (handed okey.Serial, warning string) {
	if key.Serial == "" {
		return "", said
	}
	page.Key = said
	page.Manage = &web.Fact{Name: "Ouvrir la page de la clef " + string(key.Serial), Path: address.KeyURL(key.Serial)}
	if key.State != okey.InStock || key.ExpiresOn.Before(today) {
		return "", ""
	}
	if awaited {
		page.Key += " Choisissez à qui vous la remettez : elle prendra la place de celle qui lui est réservée."
	}
	return key.Serial, ""
}

// counterOthers are those who were found and have no key to fetch yet; whom the visitor may answer, they may answer here.
func counterOthers(v *web.Visit, others []sql.Awaited) []web.Card {
	cards := requests.AwaitedCards(others, web.Paris(v))
	for i, acting := range requests.ActingCards(others, web.Paris(v)) {
		r := others[i]
		subject := okey.Subject{Owner: r.Person, UAI: r.AnsweredBy(), Stage: r.Stage}
		if okey.May(okey.ActDecide, v.Actor, subject, v.Today()) == nil {
			cards[i].Acts = acting.Acts
		}
	}
	return cards
}

// ownHandover says who hands the visitor's own key over; empty where none waits for them, or they may take it themselves.
func (s *Pages) ownHandover(v *web.Visit) (string, error) {
	open, err := s.store.OpenRequestOf(v.Ctx(), v.Actor.ID)
	if okey.ErrorCode(err) == okey.CodeNotFound || err == nil && open.Stage != okey.AwaitingHandover {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	d, err := s.requests.Dossier(v, open.ID)
	if err != nil || okey.May(okey.ActHandOver, v.Actor, d.Subject, d.Today) == nil {
		return "", err
	}
	return fmt.Sprintf("Votre propre clef vous attend : on ne se la remet pas soi-même. Demandez-la à %s.", web.WhoIsAwaited(d.Waits)), nil
}

func counterSearch(typed string) *web.Form {
	f := &web.Form{
		Name: "chercher", Path: address.PathCounter, Values: map[string]string{}, Fields: map[string]web.Field{}, Button: "Chercher",
	}
	f.Add("q", typed, web.Field{
		Label: "Nom de la personne, ou numéro de la clef",
		Hint:  "Un lecteur de codes-barres branché en USB suffit : scannez la clef.",
	})
	return f
}

func ofStage(found []sql.Awaited, stage okey.Stage, is bool) []sql.Awaited {
	var some []sql.Awaited
	for _, r := range found {
		if (r.Stage == stage) == is {
			some = append(some, r)
		}
	}
	return some
}

func counterGroups(v *web.Visit, found []sql.Awaited, scanned okey.Serial, several bool) []counterGroup {
	var groups []counterGroup
	at := map[okey.UAI]int{}
	for _, r := range found {
		i, known := at[r.UAI]
		if !known {
			i = len(groups)
			at[r.UAI] = i
			groups = append(groups, counterGroup{Name: okey.SayPlace(r.School, r.UAI)})
		}
		groups[i].Lines = append(groups[i].Lines, counterLine{
			Path: address.CounterURL(r.ID, scanned), Who: r.Requester.Name(), Key: string(r.Key),
			State: "attend depuis " + web.Paris(v).Day(r.Since),
		})
	}
	if len(groups) == 1 && !several && found[0].Host == "" {
		groups[0].Name = ""
	}
	return groups
}

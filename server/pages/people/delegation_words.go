package people

import (
	"fmt"
	"slices"
	"strings"

	"okey/internal/workbook"
	"okey/okey"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// sayDelegation is where a delegation stands.
func sayDelegation(d sql.ListedDelegation, today okey.Day, c web.Clock) string {
	switch d.State(today) {
	case okey.DelegationComing:
		return "à venir"
	case okey.DelegationCurrent:
		if d.Valid.Before(d.Until) {
			return "en cours, jusqu'au " + d.Valid.Say(today) + " : la personne qui l'a donnée ou reçue quitte alors sa fonction"
		}
		return "en cours"
	case okey.DelegationEnded:
		said := fmt.Sprintf("%s %s", sayOver(d, today, c), c.Day(d.EndedAt))
		if d.EndedByName == "" {
			return said + ", d'après l'annuaire"
		}
		return said + " par " + d.EndedByName
	case okey.DelegationLapsed:
		return "sans effet : " + web.SayLeft(d, today)
	}
	return "passée"
}

// sayOver tells what was ended from what never began.
func sayOver(d sql.ListedDelegation, today okey.Day, c web.Clock) string {
	if d.CalledOff(today, c.Zone) {
		return "annulée avant son premier jour,"
	}
	return "terminée"
}

const noDelegation = "Aucune délégation en cours ni à venir."

// DelegationLine says who of those delegates answers with the visitor today, or will; empty for whoever may not delegate.
func DelegationLine(v *web.Visit, heads []sql.Place, found []sql.ListedDelegation) string {
	if len(heads) == 0 {
		return ""
	}
	var said []string
	for _, d := range found {
		if !slices.ContainsFunc(heads, func(head sql.Place) bool { return head.UAI == d.UAI }) {
			continue
		}
		today := okey.DayOf(v.Now, d.Zone())
		switch d.State(today) {
		case okey.DelegationCurrent:
			said = append(said, fmt.Sprintf("%s jusqu'au %s.", sayLent(d, today), d.Until.Say(today)))
		case okey.DelegationComing:
			said = append(said, fmt.Sprintf("%s à partir du %s.", sayLent(d, today), d.From.Say(today)))
		}
	}
	if len(said) == 0 {
		return noDelegation
	}
	return strings.Join(said, " ")
}

// sayLent is what a delegate does with whoever named them: who was lent the handovers and the stock alone answers nothing.
func sayLent(d sql.ListedDelegation, today okey.Day) string {
	coming := d.State(today) == okey.DelegationComing
	does := "répond avec vous"
	switch {
	case d.Scope == okey.HandoverAndStock && coming:
		does = "remettra les clefs et tiendra le stock avec vous"
	case d.Scope == okey.HandoverAndStock:
		does = "remet les clefs et tient le stock avec vous"
	case coming:
		does = "répondra avec vous"
	}
	return d.ToName + " " + does
}

// delegationNotice says what the visitor has just given or ended.
func (s *Pages) delegationNotice(v *web.Visit) (string, error) {
	for _, asked := range []string{"fait", "fini"} {
		id, _ := uuid.Parse(v.Query(asked))
		if id == uuid.Nil {
			continue
		}
		d, err := s.store.Delegation(v.Ctx(), id)
		if okey.ErrorCode(err) == okey.CodeNotFound {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		zone := d.Zone()
		today := okey.DayOf(v.Now, zone)
		switch {
		case asked == "fait" && d.By == v.Actor.ID:
			return fmt.Sprintf("C'est fait : %s %s (%s). Cette personne et la direction sont prévenues.",
				sayLent(d, today), d.SayDays(today), d.Scope.French()), nil
		case asked == "fini" && d.EndedBy == v.Actor.ID:
			if d.CalledOff(today, zone) {
				return fmt.Sprintf("C'est fait : la délégation %s, qui devait commencer le %s, n'aura pas lieu. "+
					"Cette personne et la direction sont prévenues.", okey.SayOf(d.ToName), d.From.Say(today)), nil
			}
			return fmt.Sprintf("C'est fait : la délégation %s a pris fin. Cette personne et la direction sont prévenues.",
				okey.SayOf(d.ToName)), nil
		case asked == "fini" && !d.EndedAt.IsZero() && okey.May(okey.ActDelegate, v.Actor, okey.Subject{UAI: d.UAI}, today) == nil:
			return fmt.Sprintf("%s avait déjà mis fin à la délégation %s : rien n'a changé.", d.EndedByName, okey.SayOf(d.ToName)), nil
		}
	}
	return "", nil
}

// DelegationColumns are the last columns of a table of delegations, from the first day on; DelegationCells fills them.
var DelegationColumns = []workbook.Column{
	{Title: "Premier jour", Kind: workbook.Date},
	{Title: "Dernier jour", Kind: workbook.Date},
	{Title: "État", Width: 48},
	{Title: "Terminée", Kind: workbook.Instant},
	{Title: "Terminée par"},
}

// DelegationCells are the last cells of a delegation's row, as somebody reads them in Paris today.
func DelegationCells(v *web.Visit, d sql.ListedDelegation) []any {
	c := web.Paris(v)
	state := sayDelegation(d, v.Today(), c)
	if d.State(v.Today()) == okey.DelegationEnded {
		state = strings.TrimSuffix(sayOver(d, v.Today(), c), ",")
	}
	return []any{d.From, d.Until, state, web.InZone(d.EndedAt, c.Zone), d.EndedByName}
}

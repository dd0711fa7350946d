package server

import (
	"fmt"
	"strings"

	"okey/okey"
	"okey/sql"
)

// houseLines say in a line each how stock, orders and delegations stand at the visitor's establishments, and lead there; then what may be done.
func (s *Server) houseLines(v *visit) (lines []fact, acts []navLink, err error) {
	uais, refused := placesWhere(v, okey.ActManageKeys)
	if refused != nil || len(uais) == 0 {
		return nil, nil, nil //nolint:nilerr // the table says no: nothing is shown
	}
	places, err := s.store.Establishments(v.ctx(), uais...)
	if err != nil {
		return nil, nil, err
	}
	for _, place := range places {
		here := ""
		if len(places) > 1 {
			here = ", " + place.Name
		}
		needs, err := s.store.NeedsOf(v.ctx(), place.UAI, todayAt(v, place))
		if err != nil {
			return nil, nil, err
		}
		lines = append(lines, fact{Name: "Stock" + here, Value: sayNeeds(needs), Path: narrowed(pathStock, place.UAI)})
		open, err := s.store.ListOrders(v.ctx(), reach(v.Actor), sql.OrderFilter{Establishment: place.UAI, Open: true, Limit: maxLimit})
		if err != nil {
			return nil, nil, err
		}
		noted, err := s.store.NotedKeys(v.ctx(), place.UAI)
		if err != nil {
			return nil, nil, err
		}
		lines = append(lines, fact{Name: "Commandes" + here, Value: sayOrders(open, noted), Path: narrowed(pathOrders, place.UAI)})
	}
	acts = houseActs(v, places)
	delegated, err := s.delegationLine(v)
	if delegated != "" {
		lines = append(lines, fact{Name: "Délégations", Value: delegated, Path: pathDelegations})
		acts = append(acts, navLink{Name: "Déléguer", Path: pathDelegations})
	}
	return lines, acts, err
}

// houseActs lead to ordering and counting, at once where there is one establishment to do it for.
func houseActs(v *visit, places []sql.Place) []navLink {
	to := func(path string) string {
		if len(places) == 1 {
			return narrowed(path, places[0].UAI)
		}
		return path
	}
	var acts []navLink
	if _, refused := placesWhere(v, okey.ActOrder); refused == nil {
		acts = append(acts, navLink{Name: "Commander des clefs", Path: to(pathOrders)})
	}
	return append(acts, navLink{Name: "Faire l'inventaire", Path: to(pathInventory)})
}

// schoolsFor leads to a page for each of the establishments where the visitor may act; nil for whoever has only one.
func (s *Server) schoolsFor(v *visit, path string, act okey.Act) ([]navLink, error) {
	uais, refused := placesWhere(v, act)
	if refused != nil || len(uais) < 2 {
		return nil, nil //nolint:nilerr // the table says no: there is nothing to choose
	}
	places, err := s.store.Establishments(v.ctx(), uais...)
	if err != nil {
		return nil, err
	}
	links := make([]navLink, len(places))
	for i, place := range places {
		links[i] = navLink{Name: fmt.Sprintf("%s (%s)", place.Name, place.UAI), Path: narrowed(path, place.UAI)}
	}
	return links, nil
}

// sayNeeds is a stock in a line.
func sayNeeds(n okey.Needs) string {
	said := okey.SayCount(n.Free, "clef") + okey.SayEither(n.Free, " libre", " libres")
	if n.Free == 0 {
		said = "Aucune clef libre"
	}
	if n.Waiting > 0 {
		said += fmt.Sprintf(", %s à servir", okey.SayCount(n.Waiting, "demande"))
	}
	if suggested := n.Suggested(); suggested > 0 {
		said += fmt.Sprintf(" : %d à commander", suggested)
	}
	return said + "."
}

const noDelegation = "Aucune délégation en cours ni à venir."

// delegationLine says who answers with the visitor today, or will; empty for whoever may not delegate.
func (s *Server) delegationLine(v *visit) (string, error) {
	heads, err := s.headed(v)
	if err != nil || len(heads) == 0 {
		return "", err
	}
	uais, days := make([]okey.UAI, len(heads)), map[okey.UAI]okey.Day{}
	for i, place := range heads {
		uais[i], days[place.UAI] = place.UAI, todayAt(v, place)
	}
	found, err := s.store.Delegations(v.ctx(), uais, v.today(), delegationRows)
	if err != nil {
		return "", err
	}
	var said []string
	for _, d := range found {
		today := days[d.UAI]
		switch d.State(today) {
		case okey.DelegationCurrent:
			said = append(said, fmt.Sprintf("%s jusqu'au %s.", sayLent(d, today), d.Until.Say(today)))
		case okey.DelegationComing:
			said = append(said, fmt.Sprintf("%s à partir du %s.", sayLent(d, today), d.From.Say(today)))
		}
	}
	if len(said) == 0 {
		return noDelegation, nil
	}
	return strings.Join(said, " "), nil
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

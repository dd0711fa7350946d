package home

import (
	"fmt"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/stock"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"
)

// houseLines say in a line each how stock, orders and delegations stand at the visitor's establishments; acts are what may be done there.
func (s *Pages) houseLines(v *web.Visit) (lines []web.Fact, acts []web.NavLink, err error) {
	uais, refused := web.PlacesWhere(v, okey.ActManageKeys)
	if refused != nil || len(uais) == 0 {
		return nil, nil, nil //nolint:nilerr // the table says no: nothing is shown
	}
	places, err := s.store.Establishments(v.Ctx(), uais...)
	if err != nil {
		return nil, nil, err
	}
	for _, place := range places {
		here := ""
		if len(places) > 1 {
			here = ", " + place.Name
		}
		stocked, err := s.stockLines(v, place, here)
		if err != nil {
			return nil, nil, err
		}
		lines = append(lines, stocked...)
	}
	acts = houseActs(v, places)
	delegated, err := s.people.DelegationLine(v)
	if delegated != "" {
		lines = append(lines, web.Fact{Name: "Délégations", Value: delegated, Path: address.PathDelegations})
		acts = append(acts, web.NavLink{Name: "Déléguer", Path: address.PathDelegations})
	}
	return lines, acts, err
}

// stockLines say how stock and orders stand at one place; here names it, where there are several.
func (s *Pages) stockLines(v *web.Visit, place sql.Place, here string) ([]web.Fact, error) {
	needs, err := s.store.NeedsOf(v.Ctx(), place.UAI, web.TodayAt(v, place))
	if err != nil {
		return nil, err
	}
	underWay := sql.OrderFilter{Establishment: place.UAI, Open: true, Limit: respond.MaxLimit}
	open, err := s.store.ListOrders(v.Ctx(), act.Reach(v.Actor), underWay)
	if err != nil {
		return nil, err
	}
	noted, err := s.store.NotedKeys(v.Ctx(), place.UAI)
	return []web.Fact{
		{Name: "Stock" + here, Value: sayNeeds(needs), Path: address.Narrowed(address.PathStock, place.UAI)},
		{Name: "Commandes" + here, Value: stock.SayOrders(open, noted), Path: address.Narrowed(address.PathOrders, place.UAI)},
	}, err
}

// houseActs lead to ordering and counting, at once where there is one establishment to do it for.
func houseActs(v *web.Visit, places []sql.Place) []web.NavLink {
	to := func(path string) string {
		if len(places) == 1 {
			return address.Narrowed(path, places[0].UAI)
		}
		return path
	}
	var acts []web.NavLink
	if _, refused := web.PlacesWhere(v, okey.ActOrder); refused == nil {
		acts = append(acts, web.NavLink{Name: "Commander des clefs", Path: to(address.PathOrders)})
	}
	return append(acts, web.NavLink{Name: "Faire l'inventaire", Path: to(address.PathInventory)})
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

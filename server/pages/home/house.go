package home

import (
	"fmt"
	"slices"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/people"
	"okey/server/pages/stock"
	"okey/server/web"
	"okey/sql"
)

// houseLines say in a line each how stock, orders and delegations stand at the visitor's establishments; acts are what may be done there.
func houseLines(v *web.Visit, found sql.House) (lines []web.Fact, acts []web.NavLink) {
	uais, refused := web.PlacesWhere(v, okey.ActManageKeys)
	if refused != nil || len(uais) == 0 {
		return nil, nil // the table says no: nothing is shown
	}
	var places, heads []sql.Place
	for _, school := range found.Schools {
		heads = append(heads, school.Place)
		if school.Served && slices.Contains(uais, school.UAI) {
			places = append(places, school.Place)
		}
	}
	for _, place := range places {
		here := ""
		if len(places) > 1 {
			here = ", " + place.Name
		}
		school := schoolOf(found.Schools, place.UAI)
		ordered := stock.SayUnderWay(school.Orders)
		lines = append(lines,
			web.Fact{Name: "Stock" + here, Value: sayNeeds(school.Needs), Path: address.Narrowed(address.PathStock, place.UAI)},
			web.Fact{Name: "Commandes" + here, Value: ordered, Path: address.Narrowed(address.PathOrders, place.UAI)})
	}
	acts = houseActs(v, places)
	if said := people.DelegationLine(v, people.Heads(v, heads), found.Delegations); said != "" {
		lines = append(lines, web.Fact{Name: "Délégations", Value: said, Path: address.PathDelegations})
		acts = append(acts, web.NavLink{Name: "Déléguer", Path: address.PathDelegations})
	}
	return lines, acts
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

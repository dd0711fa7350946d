package server

import (
	"fmt"
	"net/http"
	"strings"

	"okey/okey"
	"okey/sql"
)

// ordersScreen is the page of orders: what is under way, how many to order, and for support the exports.
type ordersScreen struct {
	Form    *form
	Needs   []fact // what the suggestion is made of
	Suggest string
	Schools []navLink // of a visitor with several: for which to order
	Filters *form
	Orders  []orderLine
	Running string // what is under way, in a line
	Sheet   string
	Export  *form
	Exports []exportLine
	Reserve *form
	Next    string
	First   string
}

type orderLine struct{ Path, Number, When, Where, Quantity, State, By string }

type exportLine struct{ Path, When, Orders, Keys, By string }

// orderForms are what can be done with an order, by the last part of their address.
var orderForms = map[string]okey.ActionName{
	"annulation": okey.ActionCancellation, "expedition": okey.ActionShipment, "reception": okey.ActionReceipt, "cloture": okey.ActionClosing,
}

func (s *Server) ordersPage(v *visit) error {
	if !v.oversees() {
		return okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	notice := ""
	done, found, err := s.justDone(v)
	if err != nil {
		return err
	}
	if found && done.Name == okey.ActionExport {
		notice = fmt.Sprintf("C'est fait : %s %s. Le classeur est le premier de « Classeurs transmis ».", okey.SayCount(done.Verdict.Count, "commande"),
			okey.SayEither(done.Verdict.Count, "transmise", "transmises"))
	}
	if uai := chosenSchool(v); uai != "" && v.Query("reserve") != "" && okey.May(okey.ActSettings, v.Actor, okey.Subject{}, v.today()) == nil {
		needs, err := s.store.NeedsOf(v.ctx(), uai, v.today())
		if err != nil {
			return err
		}
		notice = fmt.Sprintf("La réserve est réglée à %s.", okey.SayCount(needs.Minimum, "clef")) // as it is, whoever opens the address
	}
	return s.showOrders(v, http.StatusOK, nil, notice, "")
}

// actingAt is the establishment that something is done for: the one chosen, else the visitor's only one. Of several none is taken for granted: one
// drawer would be counted against the other's list.
func actingAt(v *visit) okey.UAI {
	uai := orderingAt(v)
	if chosenSchool(v) == "" && len(v.Actor.Answers(v.today())) > 1 {
		return ""
	}
	return uai
}

// orderingAt is the establishment that is looked at: the one chosen, else the visitor's only one, else the first.
func orderingAt(v *visit) okey.UAI {
	if uai := chosenSchool(v); uai != "" {
		return uai
	}
	if uais := v.Actor.Answers(v.today()); len(uais) > 0 {
		return uais[0]
	}
	return ""
}

func orderForm(v *visit, uai okey.UAI) *form {
	f := newForm(v, "commande", pathOrders, "Commander", map[string]field{
		"establishment": {}, "quantity": {Label: "*Combien de clefs", Number: true},
		"comment": {Label: "*Motif", Hint: "Le fournisseur et l'assistance le liront.", Missing: "Écrivez le motif : le fournisseur et l'assistance le liront."},
	})
	f.Values["establishment"] = string(uai)
	return f
}

// showOrders shows the page; sent is a form of it that was refused, and brings the page back to its establishment.
func (s *Server) showOrders(v *visit, status int, sent *form, notice, warning string) error {
	page := ordersScreen{Filters: listForm(pathOrders), Sheet: changedURL(v, pathOrders+".xlsx", "cursor", "")}
	chosen := chosenSchool(v)
	uai := actingAt(v)
	var err error
	if page.Schools, err = s.schoolsFor(v, pathOrders, okey.ActOrder); err != nil {
		return err
	}
	if sent != nil {
		if typed, err := okey.ParseUAI(sent.Values["establishment"]); err == nil {
			uai, chosen = typed, typed
			page.Sheet = changedURL(v, pathOrders+".xlsx", "etablissement", string(typed))
		}
	}
	if uai != "" && s.permitAt(v.ctx(), v.Actor, &wish{}, okey.ActOrder, uai) == nil {
		switch err := s.notReplaced(v.ctx(), "establishment", uai); {
		case err == nil:
			if err := s.fillOrderForm(v, &page, sent, uai); err != nil {
				return err
			}
			if v.restored != nil {
				notice = restoredNotice
			}
		case okey.ErrorCode(err) != okey.CodeInvalid:
			return err
		case sent != nil: // its form is gone from the page, and with it the place for what is wrong
			warning = okey.ErrorMessage(err)
		}
	}
	if err := s.fillOrders(v, &page, chosen); err != nil {
		return err
	}
	if v.desk() {
		if err := s.fillExports(v, &page); err != nil {
			return err
		}
	}
	return s.show(v, status, "orders", screen{Title: "Commandes", Notice: notice, Warning: warning, Body: page})
}

func (s *Server) fillOrderForm(v *visit, page *ordersScreen, sent *form, uai okey.UAI) error {
	place, err := s.store.Place(v.ctx(), uai)
	if err != nil {
		return err
	}
	today := okey.DayOf(v.Now, okey.ZoneOf(place.Academy))
	needs, err := s.store.NeedsOf(v.ctx(), uai, today)
	if err != nil {
		return err
	}
	page.Needs = []fact{
		{Name: "Établissement", Value: fmt.Sprintf("%s (%s)", place.Name, uai)},
		{Name: "Demandes à servir, acceptées ou non", Value: fmt.Sprint(needs.Waiting)},
		{Name: "Clefs qui expirent d'ici trois mois, sans demande de renouvellement", Value: fmt.Sprint(needs.Expiring)},
		{Name: "Réserve voulue par l'assistance", Value: fmt.Sprint(needs.Minimum)},
		{Name: "Clefs libres", Value: fmt.Sprint(needs.Free)},
		{Name: "Clefs commandées ou en route", Value: fmt.Sprint(needs.UnderWay)},
	}
	noted, err := s.store.NotedKeys(v.ctx(), uai)
	if err != nil {
		return err
	}
	if noted > 0 {
		page.Needs = append(page.Needs, fact{Name: "Dont notées à la main, pas encore en stock", Value: okey.SayNumber(noted)})
	}
	page.Suggest = fmt.Sprintf("OKEY propose d'en commander %d.", needs.Suggested())
	if needs.Suggested() == 0 {
		page.Suggest = "D'après ces chiffres, il n'y a rien à commander."
	}
	page.Form = orderForm(v, uai)
	if n := needs.Suggested(); n > 0 {
		page.Form.Values["quantity"], page.Form.Values["comment"] = fmt.Sprint(n), sayWhyOrder(needs)
	}
	s.restore(v, page.Form)
	if okey.May(okey.ActSettings, v.Actor, okey.Subject{}, v.today()) == nil {
		page.Reserve = reserveForm(v)
		page.Reserve.Values["establishment"], page.Reserve.Values["minimum"] = string(uai), fmt.Sprint(needs.Minimum)
	}
	switch {
	case sent == nil:
	case sent.Name == page.Form.Name:
		page.Form = sent
	case page.Reserve != nil && sent.Name == page.Reserve.Name:
		page.Reserve = sent
	}
	return nil
}

// sayWhyOrder is what OKEY proposes as an order's reason: what asks for keys, whoever orders may say it otherwise.
func sayWhyOrder(needs okey.Needs) string {
	var why []string
	if n := needs.Waiting; n > 0 {
		why = append(why, okey.SayCount(n, "demande")+" à servir")
	}
	if n := needs.Expiring; n > 0 {
		why = append(why, okey.SayCount(n, "clef")+okey.SayEither(n, " qui expire", " qui expirent")+" d'ici trois mois")
	}
	if n := needs.Minimum; n > 0 {
		why = append(why, "réserve de "+okey.SayCount(n, "clef"))
	}
	return okey.Capitalize(strings.Join(why, ", ")) + "."
}

func reserveForm(v *visit) *form {
	return newForm(v, "reserve", pathOrders+"/minimum", "Régler la réserve", map[string]field{
		"establishment": {}, "minimum": {Label: "Clefs à garder en réserve", Hint: "En dessous, la direction est prévenue. 0 : pas de réserve.", Number: true},
	})
}

func (s *Server) fillOrders(v *visit, page *ordersScreen, uai okey.UAI) error {
	state := okey.OrderState(v.Query("etat"))
	filter := sql.OrderFilter{Establishment: uai, Limit: pageLines + 1}
	if state.Valid() {
		filter.State = state
	}
	var at orderCursor
	if later, err := cursorOf(v.Context, &at); err != nil {
		return err
	} else if later {
		filter.BeforePlacedAt, filter.AfterID = at.At, at.ID
		page.First = listURL(v, "")
	}
	found, err := s.store.ListOrders(v.ctx(), reach(v.Actor), filter)
	if err != nil {
		return err
	}
	if len(found) > pageLines {
		found = found[:pageLines]
		next, err := nextCursor(orderCursor{found[pageLines-1].PlacedAt, found[pageLines-1].ID})
		if err != nil {
			return err
		}
		page.Next = listURL(v, *next)
	}
	open, err := s.store.ListOrders(v.ctx(), reach(v.Actor), sql.OrderFilter{Establishment: uai, Open: true, Limit: downloadPage})
	if err != nil {
		return err
	}
	counted := v.Actor.Answers(v.today())
	if uai != "" {
		counted = []okey.UAI{uai}
	}
	noted, err := s.store.NotedKeys(v.ctx(), counted...)
	if err != nil {
		return err
	}
	if len(found) > 0 || state.Valid() { // the empty list says the same
		page.Running = sayOrders(open, noted)
	}
	for _, o := range found {
		page.Orders = append(page.Orders, orderLine{
			Path: pathOrders + "/" + o.ID.String(), Number: fmt.Sprint(o.Number), When: paris(v).time(o.PlacedAt), Where: o.Establishment,
			Quantity: sayQuantity(o), State: o.State.Say(o.Received, o.Quantity), By: o.ByName,
		})
	}
	states := []choice{}
	for _, st := range okey.OrderStates() {
		states = append(states, choice{string(st), okey.Capitalize(st.French())})
	}
	page.Filters.add("etat", string(state), field{Label: "État", Empty: "Tous", Choices: states})
	err = s.addPlaces(v, page.Filters, uai)
	if how, typed := page.Filters.Fields["etablissement"]; typed && v.Actor.Support && uai == "" {
		how.Hint = "Son code UAI, par exemple 0061565U, pour voir ses commandes, en passer une ou régler sa réserve."
		page.Filters.Fields["etablissement"] = how
	}
	page.Filters.doubt(v)
	return err
}

func sayQuantity(o sql.ListedOrder) string {
	if o.Received > 0 && o.Received < o.Quantity {
		return fmt.Sprintf("%d (%d %s)", o.Quantity, o.Received, okey.SayEither(o.Received, "reçue", "reçues"))
	}
	return fmt.Sprint(o.Quantity)
}

func (s *Server) fillExports(v *visit, page *ordersScreen) error {
	found, err := s.store.Exports(v.ctx(), pageLines)
	if err != nil {
		return err
	}
	for _, x := range found {
		by := x.ByName
		if by == "" {
			by = "chaque lundi"
		}
		page.Exports = append(page.Exports, exportLine{
			Path: pathOrders + "/exports/" + x.ID.String(), When: okey.Capitalize(paris(v).time(x.At)), Orders: fmt.Sprint(x.Orders), Keys: fmt.Sprint(x.Keys), By: by,
		})
	}
	some, err := s.store.OrdersPlaced(v.ctx())
	if some && okey.May(okey.ActExportOrders, v.Actor, okey.Subject{}, v.today()) == nil {
		page.Export = newForm(v, "export", pathOrders+"/exports", "Transmettre maintenant", map[string]field{})
	}
	return err
}

// placeOrder takes the form of the page.
func (s *Server) placeOrder(v *visit) error {
	f := orderForm(v, "")
	if err := s.read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error { return s.showOrders(v, status, f, "", warning) }
	quantity, _ := f.number("quantity", 1, okey.MaxOrder)
	done, err := s.act(v.ctx(), v.Actor, wish{
		Action: f.Action, Name: okey.ActionOrder, Via: okey.ViaWeb,
		Content: okey.Content{Establishment: okey.UAI(f.Values["establishment"]), Quantity: quantity, Comment: f.Values["comment"]},
	})
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, pathOrders+"/"+done.Action.Subject.String(), again)
}

func (s *Server) exportNow(v *visit) error {
	f := newForm(v, "export", pathOrders+"/exports", "Transmettre maintenant", map[string]field{})
	if err := s.read(v, f); err != nil {
		return err
	}
	done, err := s.act(v.ctx(), v.Actor, wish{Action: f.Action, Name: okey.ActionExport, Via: okey.ViaWeb})
	if err != nil {
		return err
	}
	return s.answerForm(v, f, done, pathOrders, func(status int, warning string) error { return s.showOrders(v, status, nil, "", warning) })
}

// downloadExport answers the workbook that was sent, byte for byte.
func (s *Server) downloadExport(v *visit) error {
	x, err := s.visibleExport(v.ctx(), v.Actor, v.Param("id"))
	if err != nil {
		return err
	}
	content, err := s.store.Workbook(v.ctx(), x.ID)
	if err != nil {
		return err
	}
	sendWorkbook(v.Context, x.FileName, x.SHA256, content)
	return nil
}

func (s *Server) setMinimum(v *visit) error {
	f := reserveForm(v)
	if err := s.read(v, f); err != nil {
		return err
	}
	if err := okey.May(okey.ActSettings, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	uai, err := okey.ParseUAI(f.Values["establishment"])
	if err != nil {
		return err
	}
	if err := s.notReplaced(v.ctx(), "minimum", uai); err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
	}
	n, read := f.number("minimum", 0, okey.MaxOrder)
	if read && n > okey.MaxOrder {
		f.note("minimum", fmt.Sprintf("La réserve est de %d clefs au plus.", okey.MaxOrder))
	}
	if len(f.Errors) > 0 {
		return s.showOrders(v, http.StatusUnprocessableEntity, f, "", "")
	}
	if err := s.store.SetMinimum(v.ctx(), uai, n, v.Actor.ID, v.Now.UTC()); err != nil {
		return err
	}
	v.Redirect(http.StatusSeeOther, pathOrders+"?etablissement="+string(uai)+"&reserve=reglee")
	return nil
}

package server

import (
	"fmt"
	"net/http"
	"strconv"

	"okey"
	"okey/sql"
)

// ordersScreen is the page of orders: what is under way, how many to order, and for support the exports.
type ordersScreen struct {
	Form    *form
	Needs   []fact // what the suggestion is made of
	Suggest string
	Filters *form
	Orders  []orderLine
	Sheet   string
	Export  *form
	Exports []exportLine
	Minimum *form
	Next    string
	First   string
}

type orderLine struct{ Path, Number, When, Where, Quantity, State, By string }

type exportLine struct{ Path, When, Orders, Keys, By string }

func (s *Server) orderPages(get, post func(string, func(*visit) error)) {
	get(pathOrders, s.ordersPage)
	post(pathOrders, s.placeOrder)
	post(pathOrders+"/exports", s.exportNow)
	get(pathOrders+"/exports", func(v *visit) error { v.Redirect(http.StatusSeeOther, pathOrders); return nil })
	get(pathOrders+"/exports/:id", s.downloadExport)
	post(pathOrders+"/minimum", s.setMinimum)
	get(pathOrders+"/:id", s.orderPage)
	for path, name := range orderForms {
		post(pathOrders+"/:id/"+path, func(v *visit) error { return s.orderAct(v, name) })
	}
}

// orderForms are what can be done with an order, by the last part of their address.
var orderForms = map[string]okey.ActionName{
	"annulation": okey.ActionCancellation, "expedition": okey.ActionShipment, "reception": okey.ActionReceipt,
}

func (s *Server) ordersPage(v *visit) error {
	if !v.desk() && !v.answers() {
		return okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	notice := ""
	done, found, err := s.justDone(v)
	if err != nil {
		return err
	}
	if found && done.Name == okey.ActionExport {
		notice = fmt.Sprintf("C'est fait : commandes transmises : %d. Le classeur est ci-dessous.", done.Verdict.Count)
	}
	return s.showOrders(v, http.StatusOK, nil, notice, "")
}

// orderingAt is the establishment that the form is for: the one chosen, else the visitor's only one, else the first.
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
		"establishment": {}, "quantity": {Label: "*Combien de clefs"},
		"comment": {Label: "*Motif", Hint: "Le fournisseur et l'assistance le liront."},
	})
	f.Values["establishment"] = string(uai)
	return f
}

func (s *Server) showOrders(v *visit, status int, f *form, notice, warning string) error {
	page := ordersScreen{Filters: listForm(pathOrders), Sheet: changedURL(v, pathOrders+".xlsx", "cursor", "")}
	uai := orderingAt(v)
	if f != nil {
		if typed, err := okey.ParseUAI(f.Values["establishment"]); err == nil {
			uai = typed
		}
	}
	if uai != "" && s.permitAt(v.ctx(), v.Actor, &wish{}, okey.ActOrder, uai) == nil {
		if err := s.fillOrderForm(v, &page, f, uai); err != nil {
			return err
		}
	}
	if err := s.fillOrders(v, &page); err != nil {
		return err
	}
	if v.desk() {
		if err := s.fillExports(v, &page); err != nil {
			return err
		}
	}
	return s.show(v, status, "orders", screen{Title: "Commandes", Notice: notice, Warning: warning, Body: page})
}

func (s *Server) fillOrderForm(v *visit, page *ordersScreen, f *form, uai okey.UAI) error {
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
		{Name: "Demandes en attente", Value: fmt.Sprint(needs.Waiting)},
		{Name: "Clefs qui expirent d'ici trois mois, sans demande de renouvellement", Value: fmt.Sprint(needs.Expiring)},
		{Name: "Réserve voulue par l'assistance", Value: fmt.Sprint(needs.Minimum)},
		{Name: "Clefs libres", Value: fmt.Sprint(needs.Free)},
		{Name: "Clefs commandées ou en route", Value: fmt.Sprint(needs.UnderWay)},
	}
	page.Suggest = fmt.Sprintf("OKEY propose d'en commander %d.", needs.Suggested())
	if needs.Suggested() == 0 {
		page.Suggest = "D'après ces chiffres, il n'y a rien à commander."
	}
	if f == nil {
		f = orderForm(v, uai)
		if n := needs.Suggested(); n > 0 {
			f.Values["quantity"] = fmt.Sprint(n)
		}
		if s.restore(v, f) && page.Suggest != "" {
			page.Suggest += " " + restoredNotice
		}
	}
	page.Form = f
	if okey.May(okey.ActSettings, v.Actor, okey.Subject{}, v.today()) == nil {
		page.Minimum = newForm(v, "minimum", pathOrders+"/minimum", "Régler la réserve", map[string]field{
			"establishment": {}, "minimum": {Label: "Clefs à garder en réserve", Hint: "En dessous, les responsables sont prévenus. 0 : pas de réserve."},
		})
		page.Minimum.Values["establishment"], page.Minimum.Values["minimum"] = string(uai), fmt.Sprint(needs.Minimum)
	}
	return nil
}

func (s *Server) fillOrders(v *visit, page *ordersScreen) error {
	uai, state := chosenSchool(v), okey.OrderState(v.Query("etat"))
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
	for _, o := range found {
		page.Orders = append(page.Orders, orderLine{
			Path: pathOrders + "/" + o.ID.String(), Number: fmt.Sprint(o.Number), When: paris(v).time(o.PlacedAt), Where: o.Establishment,
			Quantity: sayQuantity(o), State: o.State.French(), By: o.ByName,
		})
	}
	states := []choice{}
	for _, st := range okey.OrderStates() {
		states = append(states, choice{string(st), okey.Capitalize(st.French())})
	}
	page.Filters.add("etat", string(state), field{Label: "État", Empty: "Tous", Choices: states})
	return s.addPlaces(v, page.Filters, uai)
}

func sayQuantity(o sql.ListedOrder) string {
	if o.Received > 0 && o.Received < o.Quantity {
		return fmt.Sprintf("%d (%d reçues)", o.Quantity, o.Received)
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
	quantity, err := strconv.Atoi(f.Values["quantity"])
	if err != nil {
		quantity = 0
	}
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
	return s.sendWorkbook(v.Context, x)
}

func (s *Server) setMinimum(v *visit) error {
	f := newForm(v, "minimum", pathOrders+"/minimum", "Régler la réserve", map[string]field{"establishment": {}, "minimum": {}})
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
	n, err := strconv.Atoi(f.Values["minimum"])
	if err != nil || n < 0 || n > okey.MaxOrder {
		return s.showOrders(v, http.StatusUnprocessableEntity, nil, "", fmt.Sprintf("La réserve est un nombre de clefs, de 0 à %d.", okey.MaxOrder))
	}
	if err := s.store.SetMinimum(v.ctx(), uai, n, v.Actor.ID, v.Now.UTC()); err != nil {
		return err
	}
	v.Redirect(http.StatusSeeOther, pathOrders+"?etablissement="+string(uai))
	return nil
}

// orderScreen is the page of one order.
type orderScreen struct {
	Facts []fact
	Forms []*form
	Story []storyLine
}

func (s *Server) orderPage(v *visit) error {
	o, err := s.visibleOrder(v.ctx(), v.Actor, v.Param("id"))
	if err != nil {
		return err
	}
	notice := ""
	done, found, err := s.justDone(v)
	if err != nil {
		return err
	}
	if found && done.Subject == o.ID {
		notice = fmt.Sprintf("C'est fait. La commande est maintenant %s.", o.State.French())
		if o.State == okey.OrderPlaced {
			notice += " Elle partira chez le fournisseur lundi matin, avec les autres."
		}
	}
	return s.showOrder(v, http.StatusOK, o, nil, notice, "")
}

func (s *Server) showOrder(v *visit, status int, o sql.ListedOrder, sent *form, notice, warning string) error {
	c, err := s.clockAt(v.ctx(), v, o.UAI)
	if err != nil {
		return err
	}
	page := orderScreen{Facts: []fact{
		{Name: "Établissement", Value: fmt.Sprintf("%s (%s)", o.Establishment, o.UAI)},
		{Name: "Clefs", Value: sayQuantity(o)},
		{Name: "Motif", Value: o.Comment},
		{Name: "État", Value: okey.Capitalize(o.State.French())},
	}}
	for _, path := range []string{"annulation", "expedition", "reception"} {
		if f := s.orderActForm(v, o, path); f != nil {
			if sent != nil && sent.Path == f.Path {
				f = sent
			}
			page.Forms = append(page.Forms, f)
		}
	}
	story, err := s.store.OrderStory(v.ctx(), o.ID)
	for _, e := range story {
		what := okey.Capitalize(e.State.French())
		if e.By != "" {
			what += " par " + e.By
		}
		page.Story = append(page.Story, storyLine{When: okey.Capitalize(c.time(e.At)), What: what, Comment: e.Comment})
	}
	if err != nil {
		return err
	}
	return s.show(v, status, "order", screen{Title: fmt.Sprintf("Commande n° %d", o.Number), Notice: notice, Warning: warning, Body: page})
}

// orderActForm is the form of what the visitor may do with the order now; nil otherwise.
func (s *Server) orderActForm(v *visit, o sql.ListedOrder, path string) *form {
	name := orderForms[path]
	possible := false
	for _, state := range okey.OrderTransitions[name] {
		possible = possible || state == o.State
	}
	w := wish{Subject: o.ID}
	if !possible || stockKinds[name].permit(v.ctx(), s, v.Actor, &w) != nil {
		return nil
	}
	return newOrderForm(v, o, path)
}

func newOrderForm(v *visit, o sql.ListedOrder, path string) *form {
	button := map[string]string{"annulation": "Annuler la commande", "expedition": "Le fournisseur a expédié", "reception": "Noter ce qui est arrivé"}[path]
	fields := map[string]field{"comment": {Label: "Commentaire"}}
	if path == "reception" {
		fields = map[string]field{"quantity": {Label: fmt.Sprintf("*Combien de clefs sont arrivées (il en reste %d à recevoir)", o.Quantity-o.Received)}}
	}
	return newForm(v, path, pathOrders+"/"+o.ID.String()+"/"+path, button, fields)
}

// orderAct takes one of the forms of an order's page.
func (s *Server) orderAct(v *visit, name okey.ActionName) error {
	o, err := s.visibleOrder(v.ctx(), v.Actor, v.Param("id"))
	if err != nil {
		return err
	}
	path := ""
	for p, n := range orderForms {
		if n == name {
			path = p
		}
	}
	f := newOrderForm(v, o, path)
	if err := s.read(v, f); err != nil {
		return err
	}
	content := okey.Content{Comment: f.Values["comment"]}
	if name == okey.ActionReceipt {
		content.Quantity, _ = strconv.Atoi(f.Values["quantity"]) // what is no number is refused as none
	}
	again := func(status int, warning string) error {
		if o, err = s.visibleOrder(v.ctx(), v.Actor, v.Param("id")); err != nil {
			return err
		}
		return s.showOrder(v, status, o, f, "", warning)
	}
	done, err := s.act(v.ctx(), v.Actor, wish{Action: f.Action, Name: name, Subject: o.ID, Via: okey.ViaWeb, Content: content})
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, pathOrders+"/"+o.ID.String(), again)
}

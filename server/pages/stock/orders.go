package stock

import (
	"fmt"
	"net/http"
	"strings"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"
)

// ordersScreen is the page of orders: what is under way, how many to order, and for support the exports.
type ordersScreen struct {
	web.Pager

	Form    *web.Form
	Needs   []web.Fact // what the suggestion is made of
	Suggest string
	Schools []web.NavLink // of a visitor with several: for which to order
	Filters *web.Form
	Orders  []orderLine
	Running string // what is under way, in a line
	Sheet   string
	Export  *web.Form
	Exports []exportLine
	Reserve *web.Form
}

type orderLine struct{ Path, Number, When, Where, Quantity, State, By string }

type exportLine struct{ Path, When, Orders, Keys, By string }

// orderForms are what can be done with an order, by the last part of their address.
var orderForms = map[string]okey.ActionName{
	"annulation": okey.ActionCancellation, "expedition": okey.ActionShipment, "reception": okey.ActionReceipt, "cloture": okey.ActionClosing,
}

func (s *Pages) ordersPage(v *web.Visit) error {
	if !v.Oversees() {
		return okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	notice := ""
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	if found && done.Name == okey.ActionExport {
		notice = fmt.Sprintf("C'est fait : %s %s. Le classeur est le premier de « Classeurs transmis ».", okey.SayCount(done.Verdict.Count, "commande"),
			okey.SayEither(done.Verdict.Count, "transmise", "transmises"))
	}
	if uai := web.ChosenSchool(v); uai != "" && v.Query("reserve") != "" && okey.May(okey.ActSettings, v.Actor, okey.Subject{}, v.Today()) == nil {
		needs, err := s.store.NeedsOf(v.Ctx(), uai, v.Today())
		if err != nil {
			return err
		}
		notice = fmt.Sprintf("La réserve est réglée à %s.", okey.SayCount(needs.Minimum, "clef")) // as it is, whoever opens the address
	}
	return s.showOrders(v, http.StatusOK, nil, notice, "")
}

func orderForm(v *web.Visit, uai okey.UAI) *web.Form {
	f := web.NewForm(v, "commande", web.PathOrders, "Commander", map[string]web.Field{
		"establishment": {}, "quantity": {Label: "*Combien de clefs", Number: true},
		"comment": {Label: "*Motif", Hint: "Le fournisseur et l'assistance le liront.", Missing: "Écrivez le motif : le fournisseur et l'assistance le liront."},
	})
	f.Values["establishment"] = string(uai)
	return f
}

// showOrders shows the page; sent is a form of it that was refused, and brings the page back to its establishment.
func (s *Pages) showOrders(v *web.Visit, status int, sent *web.Form, notice, warning string) error {
	page := ordersScreen{Filters: web.ListForm(web.PathOrders), Sheet: web.ChangedURL(v, web.PathOrders+".xlsx", "cursor", "")}
	chosen := web.ChosenSchool(v)
	uai := web.ActingAt(v)
	var err error
	if page.Schools, err = s.SchoolsFor(v, web.PathOrders, okey.ActOrder); err != nil {
		return err
	}
	if sent != nil {
		if typed, err := okey.ParseUAI(sent.Values["establishment"]); err == nil {
			uai, chosen = typed, typed
			page.Sheet = web.ChangedURL(v, web.PathOrders+".xlsx", "etablissement", string(typed))
		}
	}
	if uai != "" && s.act.PermitAt(v.Ctx(), v.Actor, okey.ActOrder, uai) == nil {
		switch err := s.act.NotReplaced(v.Ctx(), "establishment", uai); {
		case err == nil:
			if err := s.fillOrderForm(v, &page, sent, uai); err != nil {
				return err
			}
			if v.Restored != nil {
				notice = web.RestoredNotice
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
	if v.Desk() {
		if err := s.fillExports(v, &page); err != nil {
			return err
		}
	}
	return s.Show(v, status, "orders", web.Screen{Title: "Commandes", Notice: notice, Warning: warning, Body: page})
}

func (s *Pages) fillOrderForm(v *web.Visit, page *ordersScreen, sent *web.Form, uai okey.UAI) error {
	place, err := s.store.Place(v.Ctx(), uai)
	if err != nil {
		return err
	}
	today := okey.DayOf(v.Now, okey.ZoneOf(place.Academy))
	needs, err := s.store.NeedsOf(v.Ctx(), uai, today)
	if err != nil {
		return err
	}
	page.Needs = []web.Fact{
		{Name: "Établissement", Value: fmt.Sprintf("%s (%s)", place.Name, uai)},
		{Name: "Demandes à servir, acceptées ou non", Value: fmt.Sprint(needs.Waiting)},
		{Name: "Clefs qui expirent d'ici trois mois, sans demande de renouvellement", Value: fmt.Sprint(needs.Expiring)},
		{Name: "Réserve voulue par l'assistance", Value: fmt.Sprint(needs.Minimum)},
		{Name: "Clefs libres", Value: fmt.Sprint(needs.Free)},
		{Name: "Clefs commandées ou en route", Value: fmt.Sprint(needs.UnderWay)},
	}
	noted, err := s.store.NotedKeys(v.Ctx(), uai)
	if err != nil {
		return err
	}
	if noted > 0 {
		page.Needs = append(page.Needs, web.Fact{Name: "Dont notées à la main, pas encore en stock", Value: okey.SayNumber(noted)})
	}
	page.Suggest = fmt.Sprintf("OKEY propose d'en commander %d.", needs.Suggested())
	if needs.Suggested() == 0 {
		page.Suggest = "D'après ces chiffres, il n'y a rien à commander."
	}
	page.Form = orderForm(v, uai)
	if n := needs.Suggested(); n > 0 {
		page.Form.Values["quantity"], page.Form.Values["comment"] = fmt.Sprint(n), sayWhyOrder(needs)
	}
	s.Restore(v, page.Form)
	if okey.May(okey.ActSettings, v.Actor, okey.Subject{}, v.Today()) == nil {
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

func reserveForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "reserve", web.PathOrders+"/minimum", "Régler la réserve", map[string]web.Field{
		"establishment": {}, "minimum": {Label: "Clefs à garder en réserve", Hint: "En dessous, la direction est prévenue. 0 : pas de réserve.", Number: true},
	})
}

func (s *Pages) fillOrders(v *web.Visit, page *ordersScreen, uai okey.UAI) error {
	state := okey.OrderState(v.Query("etat"))
	filter := sql.OrderFilter{Establishment: uai}
	if state.Valid() {
		filter.State = state
	}
	found, pager, err := web.Page(v, func(after act.OrderCursor, limit int) ([]sql.ListedOrder, error) {
		filter.BeforePlacedAt, filter.AfterID, filter.Limit = after.At, after.ID, limit
		return s.store.ListOrders(v.Ctx(), act.Reach(v.Actor), filter)
	}, func(last sql.ListedOrder) act.OrderCursor { return act.OrderCursor{At: last.PlacedAt, ID: last.ID} })
	if err != nil {
		return err
	}
	page.Pager = pager
	open, err := s.store.ListOrders(v.Ctx(), act.Reach(v.Actor), sql.OrderFilter{Establishment: uai, Open: true, Limit: web.DownloadPage})
	if err != nil {
		return err
	}
	counted := v.Actor.Answers(v.Today())
	if uai != "" {
		counted = []okey.UAI{uai}
	}
	noted, err := s.store.NotedKeys(v.Ctx(), counted...)
	if err != nil {
		return err
	}
	if len(found) > 0 || state.Valid() { // the empty list says the same
		page.Running = SayOrders(open, noted)
	}
	for _, o := range found {
		page.Orders = append(page.Orders, orderLine{
			Path: web.PathOrders + "/" + o.ID.String(), Number: fmt.Sprint(o.Number), When: web.Paris(v).Time(o.PlacedAt), Where: o.Establishment,
			Quantity: sayQuantity(o), State: o.State.Say(o.Received, o.Quantity), By: o.ByName,
		})
	}
	states := []web.Choice{}
	for _, st := range okey.OrderStates() {
		states = append(states, web.Choice{Value: string(st), Label: okey.Capitalize(st.French())})
	}
	page.Filters.Add("etat", string(state), web.Field{Label: "État", Empty: "Tous", Choices: states})
	err = s.AddPlaces(v, page.Filters, uai)
	if how, typed := page.Filters.Fields["etablissement"]; typed && v.Actor.Support && uai == "" {
		how.Hint = "Son code UAI, par exemple 0061565U, pour voir ses commandes, en passer une ou régler sa réserve."
		page.Filters.Fields["etablissement"] = how
	}
	page.Filters.Doubt(v)
	return err
}

func sayQuantity(o sql.ListedOrder) string {
	if o.Received > 0 && o.Received < o.Quantity {
		return fmt.Sprintf("%d (%d %s)", o.Quantity, o.Received, okey.SayEither(o.Received, "reçue", "reçues"))
	}
	return fmt.Sprint(o.Quantity)
}

func (s *Pages) fillExports(v *web.Visit, page *ordersScreen) error {
	found, err := s.store.Exports(v.Ctx(), web.PageLines)
	if err != nil {
		return err
	}
	for _, x := range found {
		by := x.ByName
		if by == "" {
			by = "chaque lundi"
		}
		page.Exports = append(page.Exports, exportLine{
			Path: web.PathOrders + "/exports/" + x.ID.String(), When: okey.Capitalize(web.Paris(v).Time(x.At)), Orders: fmt.Sprint(x.Orders), Keys: fmt.Sprint(x.Keys), By: by,
		})
	}
	some, err := s.store.OrdersPlaced(v.Ctx())
	if some && okey.May(okey.ActExportOrders, v.Actor, okey.Subject{}, v.Today()) == nil {
		page.Export = web.NewForm(v, "export", web.PathOrders+"/exports", "Transmettre maintenant", map[string]web.Field{})
	}
	return err
}

// placeOrder takes the form of the page.
func (s *Pages) placeOrder(v *web.Visit) error {
	f := orderForm(v, "")
	if err := s.Read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error { return s.showOrders(v, status, f, "", warning) }
	quantity, _ := f.Number("quantity", 1, okey.MaxOrder)
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{
		Action: f.Action, Name: okey.ActionOrder, Via: okey.ViaWeb,
		Content: okey.Content{Establishment: okey.UAI(f.Values["establishment"]), Quantity: quantity, Comment: f.Values["comment"]},
	})
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Answer(v, f, done, web.PathOrders+"/"+done.Action.Subject.String(), again)
}

func (s *Pages) exportNow(v *web.Visit) error {
	f := web.NewForm(v, "export", web.PathOrders+"/exports", "Transmettre maintenant", map[string]web.Field{})
	if err := s.Read(v, f); err != nil {
		return err
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{Action: f.Action, Name: okey.ActionExport, Via: okey.ViaWeb})
	if err != nil {
		return err
	}
	return s.Answer(v, f, done, web.PathOrders, func(status int, warning string) error { return s.showOrders(v, status, nil, "", warning) })
}

// downloadExport answers the workbook that was sent, byte for byte.
func (s *Pages) downloadExport(v *web.Visit) error {
	x, err := s.act.VisibleExport(v.Ctx(), v.Actor, v.Param("id"))
	if err != nil {
		return err
	}
	content, err := s.store.Workbook(v.Ctx(), x.ID)
	if err != nil {
		return err
	}
	respond.SendWorkbook(v.Context, x.FileName, x.SHA256, content)
	return nil
}

func (s *Pages) setMinimum(v *web.Visit) error {
	f := reserveForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	if err := okey.May(okey.ActSettings, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	uai, err := okey.ParseUAI(f.Values["establishment"])
	if err != nil {
		return err
	}
	if err := s.act.NotReplaced(v.Ctx(), "minimum", uai); err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
	}
	n, read := f.Number("minimum", 0, okey.MaxOrder)
	if read && n > okey.MaxOrder {
		f.Note("minimum", fmt.Sprintf("La réserve est de %d clefs au plus.", okey.MaxOrder))
	}
	if len(f.Errors) > 0 {
		return s.showOrders(v, http.StatusUnprocessableEntity, f, "", "")
	}
	if err := s.store.SetMinimum(v.Ctx(), uai, n, v.Actor.ID, v.Now.UTC()); err != nil {
		return err
	}
	v.Redirect(http.StatusSeeOther, web.PathOrders+"?etablissement="+string(uai)+"&reserve=reglee")
	return nil
}

// What each kind of row shows, in the order of the columns that its page names.

func (l orderLine) Cells() []web.Cell {
	return []web.Cell{{Text: l.Number, Path: l.Path}, {Text: l.When}, {Text: l.Where}, {Text: l.Quantity}, {Text: l.State}, {Text: l.By}}
}

func (l exportLine) Cells() []web.Cell {
	return []web.Cell{{Text: l.When, Path: l.Path}, {Text: l.Orders}, {Text: l.Keys}, {Text: l.By}}
}

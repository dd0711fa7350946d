package stock

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
	"okey/sql"
)

// ordersScreen is the page of orders: for those who order the form, for everybody the list, for support what was exported.
type ordersScreen struct {
	ordering
	ordersList
	exporting
}

// ordering is where keys are ordered for an establishment, or which one to choose first.
type ordering struct {
	Schools []web.NavLink // of a visitor with several
	Form    *web.Form
	Needs   []web.Fact // what the suggestion is made of
	Suggest string
	Reserve *web.Form // for support
}

// ordersList is what was ordered.
type ordersList struct {
	web.Pager

	Running string // what is under way, in a line
	Filters *web.Form
	Count   string
	Orders  *web.TableView // nil where there are none
	Sheet   string
}

// orderForms are what can be done with an order, by the last part of their address.
var orderForms = map[string]okey.ActionName{
	"annulation": okey.ActionCancellation,
	"expedition": okey.ActionShipment,
	"reception":  okey.ActionReceipt,
	"cloture":    okey.ActionClosing,
}

func (s *Pages) ordersPage(v *web.Visit) error {
	if !v.Oversees() {
		return okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	notice, err := s.doneWithOrders(v)
	if err != nil {
		return err
	}
	return s.showOrders(v, http.StatusOK, nil, notice, "")
}

// doneWithOrders says what has just been exported or set; nothing where nothing was.
func (s *Pages) doneWithOrders(v *web.Visit) (string, error) {
	if uai := web.ChosenSchool(v); uai != "" && v.Query("reserve") != "" && maySet(v) {
		needs, err := s.store.NeedsOf(v.Ctx(), uai, v.Today()) // as it is, whoever opens the address
		return fmt.Sprintf("La réserve est réglée à %s.", okey.SayCount(needs.Minimum, "clef")), err
	}
	done, found, err := s.JustDone(v)
	if !found || done.Name != okey.ActionExport {
		return "", err
	}
	n := done.Verdict.Count
	return fmt.Sprintf("C'est fait : %s %s. Le classeur est le premier de « Classeurs transmis ».",
		okey.SayCount(n, "commande"), okey.SayEither(n, "transmise", "transmises")), err
}

func orderForm(v *web.Visit, uai okey.UAI) *web.Form {
	f := web.NewForm(v, "commande", address.PathOrders, "Commander", map[string]web.Field{
		"establishment": {}, "quantity": {Label: "*Combien de clefs", Number: true},
		"comment": {
			Label: "*Motif", Hint: "Le fournisseur et l'assistance le liront.",
			Missing: "Écrivez le motif : le fournisseur et l'assistance le liront.",
		},
	})
	f.Values["establishment"] = string(uai)
	return f
}

// showOrders shows the page; sent is a form of it that was refused, and brings the page back to its establishment.
func (s *Pages) showOrders(v *web.Visit, status int, sent *web.Form, notice, warning string) error {
	var page ordersScreen
	chosen, uai := web.ListedSchool(v), web.ActingAt(v)
	sheet := web.ChangedURL(v, address.PathOrders+".xlsx", "cursor", "")
	if sent != nil {
		if typed, err := okey.ParseUAI(sent.Values["establishment"]); err == nil {
			uai, chosen = typed, typed
			sheet = web.ChangedURL(v, address.PathOrders+".xlsx", "etablissement", string(typed))
		}
	}
	var err error
	if uai != "" && s.may(v, okey.ActOrder, uai) {
		switch err := s.act.NotReplaced(v.Ctx(), "establishment", uai); {
		case err == nil:
			if page.ordering, err = s.orderingAt(v, sent, uai); err != nil {
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
	if page.Schools, err = s.SchoolsFor(v, address.PathOrders, okey.ActOrder); err != nil {
		return err
	}
	if page.ordersList, err = s.listOrders(v, chosen); err != nil {
		return err
	}
	page.Sheet = sheet
	if v.Desk() {
		if page.exporting, err = s.exporting(v); err != nil {
			return err
		}
	}
	return s.Show(v, status, "orders", web.Screen{Title: "Commandes", Notice: notice, Warning: warning, Body: page})
}

// orderingAt is what an establishment needs and the forms about it; sent, where it is one of them, stands for it.
func (s *Pages) orderingAt(v *web.Visit, sent *web.Form, uai okey.UAI) (o ordering, err error) {
	place, err := s.store.Place(v.Ctx(), uai)
	if err != nil {
		return o, err
	}
	needs, err := s.store.NeedsOf(v.Ctx(), uai, web.TodayAt(v, place))
	if err != nil {
		return o, err
	}
	noted, err := s.store.NotedKeys(v.Ctx(), uai)
	if err != nil {
		return o, err
	}
	o.Needs = needsFacts(place, needs, noted)
	o.Form = orderForm(v, uai)
	o.Suggest = "D'après ces chiffres, il n'y a rien à commander."
	if n := needs.Suggested(); n > 0 {
		o.Suggest = fmt.Sprintf("OKEY propose d'en commander %d.", n)
		o.Form.Values["quantity"], o.Form.Values["comment"] = fmt.Sprint(n), sayWhyOrder(needs)
	}
	s.Restore(v, o.Form)
	if maySet(v) {
		o.Reserve = reserveForm(v)
		o.Reserve.Values["establishment"], o.Reserve.Values["minimum"] = string(uai), fmt.Sprint(needs.Minimum)
	}
	switch {
	case sent == nil:
	case sent.Name == o.Form.Name:
		o.Form = sent
	case o.Reserve != nil && sent.Name == o.Reserve.Name:
		o.Reserve = sent
	}
	return o, nil
}

func needsFacts(place sql.Place, needs okey.Needs, noted int) []web.Fact {
	facts := []web.Fact{
		{Name: "Établissement", Value: okey.SayPlace(place.Name, place.UAI)},
		{Name: "Demandes à servir, avec ou sans réponse", Value: fmt.Sprint(needs.Waiting)},
		{Name: "Clefs à renouveler d'ici trois mois", Value: fmt.Sprint(needs.Expiring)},
		{Name: "Réserve", Value: fmt.Sprint(needs.Minimum)},
		{Name: "Clefs libres", Value: fmt.Sprint(needs.Free)},
		{Name: "Clefs commandées ou en route", Value: fmt.Sprint(needs.UnderWay)},
	}
	if noted > 0 {
		facts = append(facts, web.Fact{Name: "Dont notées à la main, pas encore en stock", Value: okey.SayNumber(noted)})
	}
	return facts
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

// listOrders is the list with its filters; uai is the establishment that it is narrowed to, if any.
func (s *Pages) listOrders(v *web.Visit, uai okey.UAI) (list ordersList, err error) {
	filter := sql.OrderFilter{Establishment: uai}
	state := okey.OrderState(v.Query("etat"))
	if state.Valid() {
		filter.State = state
	}
	counted := 0
	find := func(from act.OrderCursor, ahead bool, limit int) ([]sql.ListedOrder, error) {
		filter.BeforePlacedAt, filter.AfterID, filter.Ahead, filter.Limit = from.At, from.ID, ahead, limit
		rows, n, err := s.store.ListOrdersCounted(v.Ctx(), act.Reach(v.Actor), filter)
		counted = n
		return rows, err
	}
	var found []sql.ListedOrder
	found, list.Pager, err = web.Page(v, find, func(last sql.ListedOrder) act.OrderCursor {
		return act.OrderCursor{At: last.PlacedAt, ID: last.ID}
	})
	if err != nil {
		return list, err
	}
	if len(found) > 0 {
		list.Count = okey.Capitalize(web.SayUpTo(counted, "commande"))
	}
	if list.Orders, err = ordersTable(v, uai, found); err != nil {
		return list, err
	}
	if len(found) > 0 || state.Valid() { // the empty list says the same
		if list.Running, err = s.sayRunning(v, uai); err != nil {
			return list, err
		}
	}
	list.Filters, err = s.orderFilters(v, state, uai)
	return list, err
}

// ordersTable has a line for each order; the school is named where there may be several.
func ordersTable(v *web.Visit, uai okey.UAI, found []sql.ListedOrder) (*web.TableView, error) {
	if len(found) == 0 {
		return nil, nil
	}
	answers := v.Actor.Answers(v.Today())
	several := uai == "" && (v.Desk() || len(answers) > 1 ||
		slices.ContainsFunc(found, func(o sql.ListedOrder) bool { return !slices.Contains(answers, o.UAI) }))
	columns := []string{"N°", "Date", "Établissement", "Clefs", "État", "Par"}
	if !several {
		columns = slices.Delete(columns, 2, 3)
	}
	rows := make([]web.Row, len(found))
	for i, o := range found {
		state := web.Cell{Text: o.State.Say(o.Received, o.Quantity), Tag: string(o.State)}
		if o.Overdue {
			state.Alarm = "en retard"
		}
		rows[i] = web.Row{{Text: fmt.Sprint(o.Number), Path: address.OrderURL(o.ID)}, web.Paris(v).Stamp(o.PlacedAt)}
		if several {
			rows[i] = append(rows[i], v.SchoolCell(o.Establishment, o.UAI))
		}
		rows[i] = append(rows[i], web.Cell{Text: sayQuantity(o), Number: true}, state, web.Cell{Text: o.ByName, Whole: true})
	}
	table, err := web.TableOf("Commandes", rows, columns...)
	return &table, err
}

// sayRunning says what is under way at the establishment, or wherever the visitor answers.
func (s *Pages) sayRunning(v *web.Visit, uai okey.UAI) (string, error) {
	filter := sql.OrderFilter{Establishment: uai, Open: true, Limit: web.DownloadPage}
	open, err := s.store.ListOrders(v.Ctx(), act.Reach(v.Actor), filter)
	if err != nil {
		return "", err
	}
	counted := v.Actor.Answers(v.Today())
	if uai != "" {
		counted = []okey.UAI{uai}
	}
	noted, err := s.store.NotedKeys(v.Ctx(), counted...)
	return SayOrders(open, noted), err
}

func (s *Pages) orderFilters(v *web.Visit, state okey.OrderState, uai okey.UAI) (*web.Form, error) {
	filters := web.ListForm(address.PathOrders)
	states := []web.Choice{}
	for _, st := range okey.OrderStates() {
		states = append(states, web.Choice{Value: string(st), Label: okey.Capitalize(st.French())})
	}
	filters.Add("etat", string(state), web.Field{Label: "État", Empty: "Tous", Choices: states})
	err := s.AddPlaces(v, filters, uai)
	if how, typed := filters.Fields["etablissement"]; typed && v.Actor.Support && uai == "" {
		how.Hint = web.SchoolHint + " Pour commander, ou régler sa réserve."
		filters.Fields["etablissement"] = how
	}
	filters.Doubt(v)
	return filters, err
}

func sayQuantity(o sql.ListedOrder) string {
	if o.Received > 0 && o.Received < o.Quantity {
		return fmt.Sprintf("%d (%d %s)", o.Quantity, o.Received, okey.SayEither(o.Received, "reçue", "reçues"))
	}
	return fmt.Sprint(o.Quantity)
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
	return s.Answer(v, f, done, address.OrderURL(done.Action.Subject), again)
}

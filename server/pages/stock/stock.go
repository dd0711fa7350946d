package stock

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"
)

// stockScreen is an establishment's stock at a glance. Each number leads to the list that has as many lines.
type stockScreen struct {
	Filters  *web.Form
	Where    string
	Gone     string   // who has replaced it: nothing is ordered or counted any more
	Urgent   []string // what asks for something to be done
	Keys     []stockLine
	Ends     []stockEnds
	Requests []stockLine
	Orders   string     // what is under way, in a line
	Reported string     // keys that an inventory found and support has not answered for
	Awaited  []web.Card // announced deliveries to confirm
	Order    string     // where keys are ordered
	List     string
	Count    string // where the drawer is counted
	Ahead    web.Plotted
}

type stockLine struct{ Name, Number, Path, Hint string }

// stockEnds is how many keys end by a day: those in service, and those in the drawer.
type stockEnds struct{ By, Lent, LentPath, Drawer, DrawerPath string }

// stockSight is all that the page and its spreadsheet say of one establishment's stock.
type stockSight struct {
	sql.Stock
	place  sql.Place
	today  okey.Day
	needs  okey.Needs
	orders []sql.ListedOrder // under way
	noted  int               // keys received by hand, not in stock yet
	ahead  []okey.StockMonth
}

// stockAt looks at the stock of an establishment that the visitor sees; not_found otherwise.
func (s *Pages) stockAt(v *web.Visit, uai okey.UAI) (sight stockSight, err error) {
	if uai == "" {
		return sight, okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	if err := s.act.PermitAt(v.Ctx(), v.Actor, okey.ActSee, uai); err != nil {
		return sight, err
	}
	if sight.place, err = s.store.Place(v.Ctx(), uai); err != nil {
		return sight, err
	}
	sight.today = web.TodayAt(v, sight.place)
	if sight.Stock, err = s.store.StockOf(v.Ctx(), uai); err != nil {
		return sight, err
	}
	if sight.needs, err = s.store.NeedsOf(v.Ctx(), uai, sight.today); err != nil {
		return sight, err
	}
	if sight.noted, err = s.store.NotedKeys(v.Ctx(), uai); err != nil {
		return sight, err
	}
	sight.ahead = okey.StockAhead(sight.Ending, sight.today, okey.AheadMonths)
	underWay := sql.OrderFilter{Establishment: uai, Open: true, Limit: respond.MaxLimit}
	sight.orders, err = s.store.ListOrders(v.Ctx(), act.Reach(v.Actor), underWay)
	return sight, err
}

// stockPage shows the stock of the establishment that is chosen, else of the visitor's first.
func (s *Pages) stockPage(v *web.Visit) error {
	uai := web.OrderingAt(v)
	page := stockScreen{Filters: web.ListForm(address.PathStock)}
	if v.Desk() && uai == "" {
		if err := s.AddPlaces(v, page.Filters, uai); err != nil {
			return err
		}
		return s.Show(v, http.StatusOK, "stock", web.Screen{Title: "Stock", Body: page})
	}
	sight, err := s.stockAt(v, uai)
	if err != nil {
		return err
	}
	if err := s.AddPlaces(v, page.Filters, uai); err != nil {
		return err
	}
	page.Filters.Doubt(v)
	page.fill(sight)
	page.Ahead = sight.plot(web.SheetURL(v))
	if page.Awaited, err = s.keys.AwaitedDeliveries(v, uai); err != nil {
		return err
	}
	if page.Reported, err = s.waitingReports(v, uai); err != nil {
		return err
	}
	if page.Gone, err = s.act.Followed(v.Ctx(), sight.place); err != nil {
		return err
	}
	if page.Gone == "" && s.may(v, okey.ActOrder, uai) {
		page.Order = address.PathOrders + "?etablissement=" + string(uai)
	}
	if page.Gone == "" && s.may(v, okey.ActManageKeys, uai) {
		page.Count = address.PathInventory + "?etablissement=" + string(uai)
	}
	return s.Show(v, http.StatusOK, "stock", web.Screen{
		Title: "Stock " + okey.SayOfSchool(okey.SayEstablishment(sight.place.Name)), Body: page,
	})
}

func (p *stockScreen) fill(sight stockSight) {
	uai := sight.place.UAI
	p.Where = fmt.Sprintf("UAI : %s", uai) // the heading has the name
	p.List = address.Narrowed(address.PathKeys, uai)
	p.Keys = sight.keyLines()
	for _, stage := range []okey.Stage{okey.AwaitingDecision, okey.AwaitingStock, okey.AwaitingCharter, okey.AwaitingHandover} {
		p.Requests = append(p.Requests, stockLine{
			Name: okey.Capitalize(stage.French()), Number: okey.SayNumber(sight.Requests[stage]),
			Path: address.Narrowed(address.PathRequests, uai, "etape", string(stage)),
		})
	}
	yesterday := sight.today.AddDays(-1)
	if sight.ending(yesterday, okey.InService)+sight.ending(yesterday, okey.InStock) > 0 {
		p.Ends = append(p.Ends, sight.ends("Déjà expirées", yesterday))
	}
	for _, months := range []int{okey.RenewalMonths, okey.LendableMonths} {
		by := sight.today.AddMonths(months)
		p.Ends = append(p.Ends, sight.ends(fmt.Sprintf("D'ici %s (%s)", monthsNames[months], by.Say(sight.today)), by))
	}
	p.Orders = SayOrders(sight.orders, sight.noted)
	p.Urgent = sight.urgent()
}

// ends is a line of what will have ended by a day, what has ended already included, as in the lists that it leads to.
func (sight stockSight) ends(name string, by okey.Day) stockEnds {
	list := func(state okey.KeyState) string { // the list shows what ends before a day
		return address.Narrowed(address.PathKeys, sight.place.UAI, "etat", string(state), "expire", by.AddDays(1).String())
	}
	return stockEnds{
		By:   name,
		Lent: okey.SayNumber(sight.ending(by, okey.InService)), LentPath: list(okey.InService),
		Drawer: okey.SayNumber(sight.ending(by, okey.InStock)), DrawerPath: list(okey.InStock),
	}
}

// figures are the coming months: the numbers of the plot, of its table and of the spreadsheet.
func (sight stockSight) figures() web.Figures {
	f := web.Figures{
		Of: "Mois", Columns: []string{"Libres", "En service", "Expirent dans le mois"},
		Taken: []workbook.Column{{Title: "Mois, à partir du", Kind: workbook.Date, Width: 18}},
	}
	for _, m := range sight.ahead {
		f.Rows = append(f.Rows, web.FigureRow{
			Name: okey.Capitalize(m.From.SayMonth()), Short: m.From.SayShort(), Year: m.From.Time().Year(),
			Values: []float64{float64(m.Free), float64(m.Lent), float64(m.Ending)}, Taken: []any{m.From},
		})
	}
	return f
}

// plot draws the coming months.
func (sight stockSight) plot(sheet string) web.Plotted {
	end := 0
	for _, m := range sight.ahead {
		end += m.Ending
	}
	free, gone := sight.needs.Free, sight.ending(sight.today.AddDays(-1), okey.InService)
	ended := ""
	if gone > 0 {
		ended = fmt.Sprintf(", %s déjà expiré", okey.SayNumber(gone)+okey.SayEither(gone, " a", " ont"))
	}
	drawn := web.PlotOf(sight.figures(), web.Columns, web.Plotted{
		ID: "mois", Name: "Les mois à venir", Sheet: sheet,
		Message: fmt.Sprintf("Aujourd'hui, %s %s et %s en service ; %s d'ici un an%s.",
			okey.SayCount(free, "clef"), okey.SayEither(free, "libre", "libres"),
			okey.SayNumber(sight.Keys[okey.InService]), okey.SayNumber(end)+okey.SayEither(end, " expire", " expirent"), ended),
		Note: "Prévision sans nouvelle livraison. Une clef qui expire dans moins de six mois n'est plus prêtée.",
	})
	if !drawn.Drawn {
		drawn.Nothing, drawn.Note, drawn.Lines = sight.nothingAhead(), "", nil
	}
	return drawn
}

// nothingAhead is said where there is nothing to draw: what is kept for somebody is neither free nor in service yet.
func (sight stockSight) nothingAhead() string {
	if kept := sight.Keys[okey.Reserved] + sight.Keys[okey.Attributed]; kept > 0 {
		return fmt.Sprintf("Aucune clef libre ni en service : %s %s.",
			okey.SayNumber(kept), okey.SayEither(kept, "est réservée à quelqu'un", "sont réservées à quelqu'un"))
	}
	return "Aucune clef libre ni en service."
}

var monthsNames = map[int]string{okey.RenewalMonths: "trois mois", okey.LendableMonths: "six mois"}

// countedStates are what the page of the stock counts, in its order.
var countedStates = []struct {
	state okey.KeyState
	name  string
}{
	{okey.InStock, "En stock"},
	{okey.Reserved, "Réservées, charte à signer"},
	{okey.Attributed, "Attribuées, à remettre"},
	{okey.InService, "En service"},
	{okey.Suspended, "Égarées"},
	{okey.Lent, "Prêtées"},
	{okey.InTransit, "En livraison"},
	{okey.Lost, "Perdues"},
	{okey.Defective, "Défectueuses"},
	{okey.Retired, "Au rebut"},
}

// keyLines are all keys of the establishment, by what can be done with them.
func (sight stockSight) keyLines() []stockLine {
	var lines []stockLine
	for _, d := range countedStates {
		line := stockLine{
			Name: d.name, Number: okey.SayNumber(sight.Keys[d.state]),
			Path: address.Narrowed(address.PathKeys, sight.place.UAI, "etat", string(d.state)),
		}
		if tooShort := sight.Keys[d.state] - sight.needs.Free; d.state == okey.InStock && tooShort > 0 {
			line.Hint = fmt.Sprintf("dont %s ; %s dans moins de six mois",
				okey.SayCount(sight.needs.Free, "libre"), okey.SayEither(tooShort, "l'autre expire", "les autres expirent"))
		}
		lines = append(lines, line)
	}
	return lines
}

// ending counts the keys of a state that end by the day, or have ended.
func (sight stockSight) ending(by okey.Day, state okey.KeyState) int {
	n := 0
	for _, k := range sight.Ending {
		if k.State == state && !by.Before(k.On) {
			n += k.Keys
		}
	}
	return n
}

// urgent says what the numbers ask for.
func (sight stockSight) urgent() []string {
	var said []string
	if n := sight.Requests[okey.AwaitingStock]; n > 0 {
		said = append(said, fmt.Sprintf("%s %s une clef.", okey.SayCount(n, "personne"), okey.SayEither(n, "attend", "attendent")))
	}
	if sight.needs.Free < sight.needs.Minimum {
		said = append(said, fmt.Sprintf("Il y a moins de clefs libres que la réserve de %d voulue par l'assistance.", sight.needs.Minimum))
	}
	if n := sight.needs.Suggested(); n > 0 {
		said = append(said, fmt.Sprintf("OKEY propose de commander %s.", okey.SayCount(n, "clef")))
	}
	return said
}

// SayOrders says in a line what is ordered and has not come. Those that were noted by hand are received as far as the order goes,
// and still no key that anybody can be lent.
func SayOrders(open []sql.ListedOrder, noted int) string {
	underWay := sql.UnderWay{Orders: len(open), Noted: noted}
	for _, o := range open {
		underWay.Missing += o.Quantity - o.Received
	}
	return SayUnderWay(underWay)
}

// SayUnderWay is SayOrders for what has been counted already.
func SayUnderWay(w sql.UnderWay) string {
	said := "Aucune commande en cours."
	if w.Orders > 0 {
		said = fmt.Sprintf("%s en cours : %s %s.", okey.SayCount(w.Orders, "commande"),
			okey.SayCount(w.Missing, "clef"), okey.SayEither(w.Missing, "attendue", "attendues"))
	}
	if w.Noted > 0 {
		said += fmt.Sprintf(" %s %s à la main, pas encore en stock.",
			okey.SayCount(w.Noted, "clef"), okey.SayEither(w.Noted, "notée", "notées"))
	}
	return said
}

// stockTable is the same stock as a spreadsheet.
func (s *Pages) stockTable(v *web.Visit) (web.Spreadsheet, error) {
	sight, err := s.stockAt(v, web.OrderingAt(v))
	if err != nil {
		return web.Spreadsheet{}, err
	}
	keys := [][]any{{"Libres", sight.needs.Free}}
	for _, state := range okey.KeyStates() {
		keys = append(keys, []any{okey.Capitalize(state.French()), sight.Keys[state]})
	}
	for _, months := range []int{okey.RenewalMonths, okey.LendableMonths} {
		by := sight.today.AddMonths(months)
		keys = append(keys,
			[]any{"En service, expirent d'ici " + monthsNames[months], sight.ending(by, okey.InService)},
			[]any{"En stock, expirent d'ici " + monthsNames[months], sight.ending(by, okey.InStock)})
	}
	for _, stage := range okey.Stages() {
		if !stage.Closed() {
			keys = append(keys, []any{"Demandes : " + stage.French(), sight.Requests[stage]})
		}
	}
	keys = append(keys,
		[]any{"Clefs commandées ou en route", sight.needs.UnderWay},
		[]any{"Réserve", sight.needs.Minimum})
	made := oneSheet("stock", "Stock "+sight.place.Name, workbook.Sheet{
		Name:    "Stock",
		Columns: []workbook.Column{{Title: "Quoi", Width: 44}, {Title: "Combien", Kind: workbook.Number}},
		Rows:    web.RowsOf(keys, func(cells []any) []any { return cells }),
	})
	made.Sheets = append(made.Sheets, sight.figures().Sheet("Mois à venir"))
	return made, nil
}

package keys

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
	"okey/sql"
)

// keyOrders are the columns of "Gérer les clefs" and how the address names the order by each; a leading "-" turns it round.
var keyOrders = []struct {
	name, title string
	by          sql.KeySort
}{
	{"serie", "Numéro de série", sql.BySerial},
	{"titulaire", "Titulaire", sql.ByHolder},
	{"etat", "État", sql.ByState},
	{"lot", "Lot", sql.ByBatch},
	{"expiration", "Date d'expiration", sql.ByExpiry},
	{"connexion", "Dernière connexion", sql.ByLastLogin},
	{"etablissement", "Établissement", sql.ByEstablishment},
}

// keysScreen is the list of keys.
type keysScreen struct {
	web.Pager

	Filters   *web.Form
	Narrower  bool // by what few look for
	Columns   []keyColumn
	Keys      []keyLine
	Do        string // what each row leads to, in the words of the academy's help
	Sheet     string
	Count     string
	Several   bool       // establishments
	Batches   bool       // whoever manages keys looks for them by batch; to who only holds one it says nothing
	Awaited   []web.Card // announced deliveries of which keys are still on their way
	Inventory string
	Empty     string
	Loans     string // where those that still run are, in a list of those that are over
}

// narrower are the filters that only few look for.
var narrower = []string{"lot", "suivi", "expire"}

// keyColumn is the head of a column; its link sorts by it, and a second time the other way round.
type keyColumn struct{ Title, Path, Sorted string }

// keyLine is a key in a list.
type keyLine struct {
	Path, Serial, Batch string
	Where               web.Cell
	Holder, Left        string // who has left is named all the same
	State               okey.KeyState
	KeptFor             string // said after the state
	KeptUntil           web.Cell
	Expires, LastLogin  web.Cell
	Ends                string // of its life: soon, or over
}

// maxBatches is how many batches the filter offers.
const maxBatches = 200

// keysPage lists the keys that the person may see.
func (s *Pages) keysPage(v *web.Visit) error {
	filter, wrong := keyFilterOf(v)
	var counted sql.KeyCount
	found, pager, err := web.Page(v, func(from keyCursor, ahead bool, limit int) ([]sql.ListedKey, error) {
		page := filter
		page.AfterSerial, page.AfterPlace, page.Limit = from.Serial, from.Place, limit
		page.Descending = filter.Descending != ahead // what is ahead follows, the other way round
		rows, n, err := s.store.ListKeysCounted(v.Ctx(), act.Reach(v.Actor), page)
		counted = n
		return rows, err
	}, func(last sql.ListedKey) keyCursor { return keyCursor{Serial: last.Serial, Place: last.Place} })
	if err != nil {
		return err
	}
	page := keysScreen{Sheet: web.SheetURL(v), Pager: pager, Several: severalSchools(v), Batches: v.Oversees(), Empty: "Aucune clef ici."}
	if filter.Watch == sql.WatchedLoans {
		page.Loans = loansURL(filter.Establishment)
	}
	answers := v.Actor.Answers(v.Today())
	known, awaited, err := s.store.KeysBeside(v.Ctx(), answers)
	if err != nil {
		return err
	}
	page.Awaited = DeliveryCards(v, awaited)
	for _, k := range found {
		page.Several = page.Several || (len(answers) > 0 && !slices.Contains(answers, k.UAI)) // of one that is answered for
		page.Keys = append(page.Keys, newKeyLine(v, k, sayUnseen(known)))
	}
	page.Columns = keyColumns(v, filter, page.Several)
	page.Do = "Voir la clef"
	title := "Mes clefs"
	if v.Oversees() {
		title = "Clefs"
		if v.ManagesKeys() {
			title, page.Do = "Gérer les clefs", "Gérer la clef"
		}
		if page.Filters, err = s.keyFilters(v, filter, wrong); err != nil {
			return err
		}
		page.Filters.Doubt(v)
		page.Narrower = slices.ContainsFunc(narrower, func(name string) bool { return v.Query(name) != "" })
	}
	if len(found) > 0 && v.Oversees() {
		page.Count = sayKeys(counted, filter.State != "")
	}
	if uai := web.OrderingAt(v); uai != "" && v.Oversees() {
		page.Inventory = address.PathInventory + "?etablissement=" + string(uai)
	}
	return s.Show(v, http.StatusOK, "keys", web.Screen{Title: title, Body: page})
}

// loansURL is the list of the keys that are lent, of one school or of all.
func loansURL(uai okey.UAI) string {
	list := address.PathKeys + "?etat=" + string(okey.Lent)
	if uai != "" {
		list += "&etablissement=" + string(uai)
	}
	return list
}

// sayKeys says how many keys a list has; of a list of one state, the state says the rest.
func sayKeys(n sql.KeyCount, ofState bool) string {
	said := okey.Capitalize(web.SayUpTo(n.Keys, "clef"))
	if ofState || n.Keys > sql.CountMost {
		return said
	}
	parts := []string{okey.SayNumber(n.In[okey.InStock]) + " en stock", okey.SayNumber(n.In[okey.InService]) + " en service"}
	for _, state := range okey.KeyStates() {
		count, name := n.In[state], state.French()
		switch {
		case count == 0 || state == okey.InStock || state == okey.InService:
		case strings.Contains(name, " "): // "au rebut"
			parts = append(parts, okey.SayNumber(count)+" "+name)
		default:
			parts = append(parts, okey.SayCount(count, name))
		}
	}
	return said + " : " + strings.Join(parts, ", ")
}

// AwaitedDeliveries are those for an establishment that the visitor is to confirm.
func (s *Pages) AwaitedDeliveries(v *web.Visit, uai okey.UAI) ([]web.Card, error) {
	if !slices.Contains(v.Actor.Answers(v.Today()), uai) {
		return nil, nil
	}
	found, err := s.store.AwaitedDeliveries(v.Ctx(), []okey.UAI{uai})
	return DeliveryCards(v, found), err
}

// DeliveryCards are those of the visitor's own work.
func DeliveryCards(v *web.Visit, found []sql.Delivery) []web.Card {
	var cards []web.Card
	for _, d := range found {
		cards = append(cards, web.Card{
			Path: address.PathArrival + "/" + d.ID.String(),
			Need: fmt.Sprintf("Clefs en route vers vous : %d (annoncées %s).", d.InTransit, web.Paris(v).Day(d.CreatedAt)),
		})
	}
	return cards
}

// keyCursor is where a page of keys ended, in whatever order.
type keyCursor struct {
	Serial okey.Serial `json:"s"`
	Place  string      `json:"p,omitempty"`
}

func newKeyLine(v *web.Visit, k sql.ListedKey, unseen string) keyLine {
	c := web.Paris(v)
	line := keyLine{
		Path: address.KeyURL(k.Serial), Serial: string(k.Serial), Holder: k.HolderName, State: k.State, Batch: k.Batch,
		Where: v.SchoolCell(k.Establishment, k.UAI), LastLogin: web.Cell{Text: unseen}, Expires: web.StampDay(k.ExpiresOn),
	}
	if k.HolderLeft {
		line.Left = leftSchool
	}
	if k.KeptFor != "" {
		line.KeptFor = " à " + k.KeptFor
	}
	today := okey.DayOf(c.Now, c.Zone)
	if k.State == okey.Lent {
		line.KeptFor, line.KeptUntil = " jusqu'au ", c.StampOn(k.DueAt)
		if k.LoanOver(c.Now) {
			line.KeptFor, line.KeptUntil = ", à reprendre", web.Cell{}
		}
	}
	if k.State == okey.Suspended {
		line.KeptFor, line.KeptUntil = " jusqu'au ", c.StampOn(k.DueAt)
	}
	switch {
	case k.State != okey.InService || k.ExpiresOn.IsZero():
	case k.ExpiresOn.Before(today):
		line.Ends = " (expirée)"
	case !today.AddMonths(okey.RenewalMonths).Before(k.ExpiresOn):
		line.Ends = " (bientôt)"
	}
	if !k.LastLoginAt.IsZero() {
		line.LastLogin = web.StampDay(okey.DayOf(k.LastLoginAt, c.Zone))
	}
	return line
}

// sayUnseen is what is said of a key of which no login is known: where the authentication server has never told of any, that means nothing.
func sayUnseen(known bool) string {
	if known {
		return "jamais"
	}
	return "inconnue"
}

const leftSchool = " (a quitté l'établissement)"

func sayHolder(k sql.ListedKey) string {
	if k.HolderLeft {
		return k.HolderName + leftSchool
	}
	return k.HolderName
}

// severalSchools tells whether the visitor's list of keys can hold those of several establishments.
func severalSchools(v *web.Visit) bool { return v.Desk() || len(v.Actor.Answers(v.Today())) > 1 }

// keyFilterOf is what the address of the list asks for, and what is wrong with it; what can't be read filters nothing.
func keyFilterOf(v *web.Visit) (f sql.KeyFilter, wrong *web.FormError) {
	f = sql.KeyFilter{Establishment: web.ListedSchool(v), Batch: web.PlainQuery(v, "lot"), Search: web.PlainQuery(v, "q")}
	if state := okey.KeyState(v.Query("etat")); state.Valid() {
		f.State = state
	}
	f.Today, f.Now, f.Watch = v.Today(), v.Now, Watched[v.Query("suivi")]
	order, descending := strings.CutPrefix(v.Query("tri"), "-")
	for _, known := range keyOrders {
		if known.name == order {
			f.Sort, f.Descending = known.by, descending
		}
	}
	if typed := strings.TrimSpace(v.Query("expire")); typed != "" {
		day, err := okey.ParseDay(typed)
		if err != nil {
			return f, &web.FormError{
				Field: "expire", Message: "Écrivez une date comme 31/12/2027 : en attendant, toutes les dates sont montrées.",
			}
		}
		f.ExpiresBefore = day
	}
	return f, nil
}

// Watched are the keys to see to, as the address names them.
var Watched = map[string]sql.KeyWatch{
	"parties": sql.WatchedLeft, "expirent": sql.WatchedEnding, "defectueuses": sql.WatchedBroken,
	"egarees": sql.WatchedMislaid, "pretees": sql.WatchedLoans,
}

func keyColumns(v *web.Visit, f sql.KeyFilter, several bool) []keyColumn {
	var columns []keyColumn
	for _, order := range keyOrders {
		if (order.by == sql.ByEstablishment && !several) || (order.by == sql.ByBatch && !v.Oversees()) {
			continue
		}
		column := keyColumn{Title: order.title, Path: web.ChangedURL(v, v.Request.URL.Path, "tri", order.name)}
		if order.by == f.Sort {
			column.Sorted = "descending"
			if !f.Descending {
				column.Sorted, column.Path = "ascending", web.ChangedURL(v, v.Request.URL.Path, "tri", "-"+order.name)
			}
		}
		columns = append(columns, column)
	}
	return columns
}

// keyFilters is the form above the list. Its last choice sorts: on a phone the heads of the columns are not there to be pressed.
func (s *Pages) keyFilters(v *web.Visit, f sql.KeyFilter, wrong *web.FormError) (*web.Form, error) {
	filters := web.ListForm(address.PathKeys)
	filters.Add("q", f.Search, web.Field{Label: "Numéro ou nom"})
	states := []web.Choice{}
	for _, state := range okey.KeyStates() {
		states = append(states, web.Choice{Value: string(state), Label: okey.Capitalize(state.French())})
	}
	filters.Add("etat", string(f.State), web.Field{Label: "État", Empty: "Tous", Choices: states})
	batches, err := s.store.KeyBatches(v.Ctx(), act.Reach(v.Actor), f.Establishment, maxBatches)
	if err != nil {
		return nil, err
	}
	byBatch := web.Field{Label: "Lot", Empty: "Tous"}
	for _, batch := range batches {
		byBatch.Choices = append(byBatch.Choices, web.Choice{Value: batch, Label: batch})
	}
	if f.Batch != "" && !slices.Contains(batches, f.Batch) { // it filters all the same
		byBatch.Choices = append(byBatch.Choices, web.Choice{Value: f.Batch, Label: f.Batch})
	}
	filters.Add("lot", f.Batch, byBatch)
	filters.Add("suivi", v.Query("suivi"), web.Field{Label: "À suivre", Empty: "Toutes", Choices: []web.Choice{
		{Value: "parties", Label: "Personne partie"},
		{Value: "expirent", Label: "Expire d'ici trois mois"},
		{Value: "egarees", Label: "Égarée, à retrouver"},
		{Value: "pretees", Label: "Prêtée, à reprendre"},
		{Value: "defectueuses", Label: "Défectueuse, à reprendre"},
	}})
	filters.Add("expire", v.Query("expire"), web.Field{Label: "Expire avant le"})
	if wrong != nil {
		filters.Note(wrong.Field, wrong.Message)
	} else if !f.ExpiresBefore.IsZero() {
		filters.Values["expire"] = f.ExpiresBefore.String()
	}
	orders := web.Field{Label: "Trier par"}
	for _, order := range keyOrders {
		if order.by != sql.ByEstablishment || severalSchools(v) {
			orders.Choices = append(orders.Choices,
				web.Choice{Value: order.name, Label: order.title},
				web.Choice{Value: "-" + order.name, Label: order.title + ", à rebours"})
		}
	}
	filters.Add("tri", v.Query("tri"), orders)
	return filters, s.AddPlaces(v, filters, f.Establishment)
}

// keysTable is the list of keys: same reach and filters as its page.
func (s *Pages) keysTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := web.MayTakeList(v); err != nil {
		return web.Spreadsheet{}, err
	}
	filter, wrong := keyFilterOf(v)
	if wrong != nil {
		return web.Spreadsheet{}, okey.InvalidField(wrong.Field, "Écrivez une date comme 31/12/2027.")
	}
	filter.Limit = web.DownloadPage
	found := web.Paged(web.MaxDownload, func(last *sql.ListedKey) ([]sql.ListedKey, error) {
		if last != nil {
			filter.AfterSerial, filter.AfterPlace = last.Serial, last.Place
		}
		return s.store.ListKeys(v.Ctx(), act.Reach(v.Actor), filter)
	})
	zone := web.Paris(v).Zone
	columns := []workbook.Column{{Title: "Numéro de série"}, {Title: "Titulaire"}, {Title: "État", Width: 14}}
	if v.Oversees() { // as on the page
		columns = append(columns, workbook.Column{Title: "Lot", Width: 14})
	}
	columns = append(columns, []workbook.Column{
		{Title: "Date d'expiration", Kind: workbook.Date},
		{Title: "Retour au plus tard", Kind: workbook.Date}, // of a mislaid or lent key
		{Title: "Dernière connexion", Kind: workbook.Instant},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Identifiant", Width: 20}, // of whoever has it: two people may have one name
	}...)
	rows := web.Cells(found, func(k sql.ListedKey) []any {
		row := []any{k.Serial, sayHolder(k), k.State.French()}
		if v.Oversees() {
			row = append(row, k.Batch)
		}
		var due okey.Day
		if !k.DueAt.IsZero() {
			due = okey.DayOf(k.DueAt, zone)
		}
		return append(row, k.ExpiresOn, due, web.InZone(k.LastLoginAt, zone), k.UAI, k.Establishment, k.HolderUID)
	})
	sheet := workbook.Sheet{Name: "Clefs", Columns: columns, Rows: rows}
	return web.Spreadsheet{Name: "clefs", Title: "Clefs", Sheets: []workbook.Sheet{sheet}}, nil
}

package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"okey/okey"
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
	Filters   *form
	Narrower  bool // by what few look for
	Columns   []keyColumn
	Keys      []keyLine
	Next      string
	First     string
	Sheet     string
	Several   bool   // establishments
	Batches   bool   // whoever manages keys looks for them by batch; to who only holds one it says nothing
	Awaited   []card // announced deliveries of which keys are still on their way
	Inventory string
	Empty     string
}

// keyColumn is the head of a column; its link sorts by it, and a second time the other way round.
type keyColumn struct{ Title, Path, Sorted string }

// keyLine is a key in a list.
type keyLine struct {
	Path, Serial, Holder, State, Batch, Expires, LastLogin, Where string
}

// maxBatches is how many batches the filter offers.
const maxBatches = 200

// keysPage lists the keys that the person may see.
func (s *Server) keysPage(v *visit) error {
	filter, wrong := keyFilterOf(v)
	filter.Limit = pageLines + 1
	page := keysScreen{Sheet: sheetURL(v), Several: severalSchools(v), Batches: v.oversees(), Empty: "Aucune clef ici."}
	var at keyCursor
	if later, err := cursorOf(v.Context, &at); err != nil {
		return err
	} else if later {
		filter.AfterSerial, filter.AfterPlace = at.Serial, at.Place
		page.First = listURL(v, "")
	}
	found, err := s.store.ListKeys(v.ctx(), reach(v.Actor), filter)
	if err != nil {
		return err
	}
	if len(found) > pageLines {
		found = found[:pageLines]
		last := found[pageLines-1]
		next, err := nextCursor(keyCursor{Serial: last.Serial, Place: last.Place})
		if err != nil {
			return err
		}
		page.Next = listURL(v, *next)
	}
	unseen, err := s.unseenLogin(v.ctx())
	if err != nil {
		return err
	}
	answers := v.Actor.Answers(v.today())
	for _, k := range found {
		page.Several = page.Several || (len(answers) > 0 && !slices.Contains(answers, k.UAI)) // of one that is answered for
		page.Keys = append(page.Keys, newKeyLine(k, paris(v), unseen))
	}
	page.Columns = keyColumns(v, filter, page.Several)
	title := "Mes clefs"
	if v.oversees() {
		title = "Gérer les clefs"
		if _, refused := placesWhere(v, okey.ActManageKeys); refused != nil { // who only reads
			title = "Clefs"
		}
		if page.Filters, err = s.keyFilters(v, filter, wrong); err != nil {
			return err
		}
		page.Filters.doubt(v)
		page.Narrower = slices.ContainsFunc([]string{"lot", "suivi", "expire", "tri"}, func(name string) bool { return v.Query(name) != "" })
	}
	if uai := orderingAt(v); uai != "" && v.oversees() {
		page.Inventory = pathInventory + "?etablissement=" + string(uai)
	}
	if page.Awaited, err = s.awaitedDeliveries(v); err != nil {
		return err
	}
	return s.show(v, http.StatusOK, "keys", screen{Title: title, Body: page})
}

// awaitedDeliveries are those that the visitor is to confirm.
func (s *Server) awaitedDeliveries(v *visit) ([]card, error) {
	uais := v.Actor.Answers(v.today())
	if len(uais) == 0 {
		return nil, nil
	}
	found, err := s.store.AwaitedDeliveries(v.ctx(), uais)
	var cards []card
	for _, d := range found {
		cards = append(cards, card{Path: "/livraisons/" + d.ID.String(), Need: fmt.Sprintf("Clefs en route vers vous : %d (annoncées %s).", d.InTransit, paris(v).day(d.CreatedAt))})
	}
	return cards, err
}

// keyCursor is where a page of keys ended, in whatever order.
type keyCursor struct {
	Serial okey.Serial `json:"s"`
	Place  string      `json:"p,omitempty"`
}

func newKeyLine(k sql.ListedKey, c clock, unseen string) keyLine {
	line := keyLine{
		Path: keyURL(k.Serial), Serial: string(k.Serial), Holder: sayHolder(k), State: k.State.French(), Batch: k.Batch, Where: k.Establishment,
		LastLogin: unseen,
	}
	if !k.ExpiresOn.IsZero() {
		line.Expires = c.date(k.ExpiresOn)
	}
	if k.KeptFor != "" {
		line.State += " à " + k.KeptFor
	}
	today := okey.DayOf(c.now, c.zone)
	switch {
	case k.State != okey.InService || k.ExpiresOn.IsZero():
	case k.ExpiresOn.Before(today):
		line.Expires += " (expirée)"
	case !today.AddMonths(okey.RenewalMonths).Before(k.ExpiresOn):
		line.Expires += " (bientôt)"
	}
	if !k.LastLoginAt.IsZero() {
		line.LastLogin = c.day(k.LastLoginAt)
	}
	return line
}

// unseenLogin is what is said of a key of which no login is known: where the authentication server has never told of any, that means nothing.
func (s *Server) unseenLogin(ctx context.Context) (string, error) {
	known, err := s.store.LoginsKnown(ctx)
	if known {
		return "jamais", err
	}
	return "inconnue", err
}

func sayHolder(k sql.ListedKey) string {
	if k.HolderLeft {
		return k.HolderName + " (a quitté l'établissement)"
	}
	return k.HolderName
}

// severalSchools tells whether the visitor's list of keys can hold those of several establishments.
func severalSchools(v *visit) bool { return v.desk() || len(v.Actor.Answers(v.today())) > 1 }

// keyFilterOf is what the address of the list asks for, and what is wrong with it; what can't be read filters nothing.
func keyFilterOf(v *visit) (f sql.KeyFilter, wrong *formError) {
	f = sql.KeyFilter{Establishment: chosenSchool(v), Batch: plainQuery(v, "lot"), Search: plainQuery(v, "q")}
	if state := okey.KeyState(v.Query("etat")); state.Valid() {
		f.State = state
	}
	f.Today, f.Watch = v.today(), watched[v.Query("suivi")]
	order, descending := strings.CutPrefix(v.Query("tri"), "-")
	for _, known := range keyOrders {
		if known.name == order {
			f.Sort, f.Descending = known.by, descending
		}
	}
	if typed := strings.TrimSpace(v.Query("expire")); typed != "" {
		day, ok := readDay(typed)
		if !ok {
			return f, &formError{Field: "expire", Message: "Écrivez une date comme 31/12/2027 : en attendant, toutes les dates sont montrées."}
		}
		f.ExpiresBefore = day
	}
	return f, nil
}

// watched are the keys to see to, as the address names them.
var watched = map[string]sql.KeyWatch{"parties": sql.WatchedLeft, "expirent": sql.WatchedEnding, "defectueuses": sql.WatchedBroken}

// plainQuery is a text of the address; one that no database takes filters nothing.
func plainQuery(v *visit, name string) string {
	text := strings.TrimSpace(v.Query(name))
	if !isPlainText(text) {
		return ""
	}
	return text
}

// readDay reads a day as a browser's date field sends it, or as people type it.
func readDay(typed string) (okey.Day, bool) {
	for _, layout := range []string{time.DateOnly, "02/01/2006", "2/1/2006"} {
		if t, err := time.Parse(layout, typed); err == nil {
			return okey.NewDay(t.Date()), true
		}
	}
	return okey.Day{}, false
}

func keyColumns(v *visit, f sql.KeyFilter, several bool) []keyColumn {
	var columns []keyColumn
	for _, order := range keyOrders {
		if (order.by == sql.ByEstablishment && !several) || (order.by == sql.ByBatch && !v.oversees()) {
			continue
		}
		column := keyColumn{Title: order.title, Path: changedURL(v, v.Request.URL.Path, "tri", order.name)}
		if order.by == f.Sort {
			column.Sorted = "descending"
			if !f.Descending {
				column.Sorted, column.Path = "ascending", changedURL(v, v.Request.URL.Path, "tri", "-"+order.name)
			}
		}
		columns = append(columns, column)
	}
	return columns
}

// keyFilters is the form above the list. Its last choice sorts: on a phone the heads of the columns are not there to be pressed.
func (s *Server) keyFilters(v *visit, f sql.KeyFilter, wrong *formError) (*form, error) {
	filters := listForm("/clefs")
	filters.add("q", f.Search, field{Label: "Numéro de série, même en partie, ou nom"})
	states := []choice{}
	for _, state := range okey.KeyStates() {
		states = append(states, choice{string(state), okey.Capitalize(state.French())})
	}
	filters.add("etat", string(f.State), field{Label: "État", Empty: "Tous", Choices: states})
	batches, err := s.store.KeyBatches(v.ctx(), reach(v.Actor), f.Establishment, maxBatches)
	if err != nil {
		return nil, err
	}
	byBatch := field{Label: "Lot", Empty: "Tous"}
	for _, batch := range batches {
		byBatch.Choices = append(byBatch.Choices, choice{batch, batch})
	}
	if f.Batch != "" && !slices.Contains(batches, f.Batch) { // it filters all the same
		byBatch.Choices = append(byBatch.Choices, choice{f.Batch, f.Batch})
	}
	filters.add("lot", f.Batch, byBatch)
	filters.add("suivi", v.Query("suivi"), field{Label: "À suivre", Empty: "Toutes", Choices: []choice{
		{"parties", "Personne partie"}, {"expirent", "Expire d'ici trois mois"}, {"defectueuses", "Défectueuse, à reprendre"},
	}})
	filters.add("expire", v.Query("expire"), field{Label: "Expire avant le"})
	if wrong != nil {
		filters.note(wrong.Field, wrong.Message)
	} else if !f.ExpiresBefore.IsZero() {
		filters.Values["expire"] = f.ExpiresBefore.String()
	}
	orders := field{Label: "Trier par"}
	for _, order := range keyOrders {
		if order.by != sql.ByEstablishment || severalSchools(v) {
			orders.Choices = append(orders.Choices, choice{order.name, order.title}, choice{"-" + order.name, order.title + ", à rebours"})
		}
	}
	filters.add("tri", v.Query("tri"), orders)
	return filters, s.addPlaces(v, filters, f.Establishment)
}

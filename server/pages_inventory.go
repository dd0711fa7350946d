package server

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

const (
	pathInventory = "/inventaire"
	pathReports   = "/assistance/clefs-a-confirmer"
)

// inventoryScreen is where a drawer is counted, and what was found.
type inventoryScreen struct {
	Where  string
	Gone   string    // who has replaced it: its drawer is counted there
	Others []navLink // of a visitor with several establishments: the other drawers
	Form   *form
	Review bool
	Lists  []inventoryList
	Bad    []string
	Past   []inventoryLine
	Facts  []fact
	Sheet  string
	Desk   *deskSide
}

type inventoryLine struct{ Path, When, By, Found, Missing, Others string }

func inventoryForm(v *visit, uai okey.UAI) *form {
	f := newForm(v, "inventaire", pathInventory, "Comparer", map[string]field{
		"establishment": {}, "confirmed": {}, "compared": {}, "comment": {Label: "Commentaire", Hint: "Facultatif."},
		"serials": {Label: "Numéros de série", Hint: "Tapez-les ou scannez-les ici, un par ligne. Un lecteur de codes-barres branché en USB suffit. Tiroir vide : n'écrivez rien."},
	})
	f.Values["establishment"] = string(uai)
	return f
}

// managed is the establishment whose drawer is counted, and a form for it; not_found where the visitor manages none.
func (s *Server) managed(v *visit, uai okey.UAI) (sql.Place, error) {
	if uai == "" {
		return sql.Place{}, okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	if err := s.permitAt(v.ctx(), v.Actor, &wish{}, okey.ActManageKeys, uai); err != nil {
		return sql.Place{}, err
	}
	return s.store.Place(v.ctx(), uai)
}

func (s *Server) inventoryPage(v *visit) error {
	uai, notice := actingAt(v), ""
	f := inventoryForm(v, chosenSchool(v))
	if v.Query("vide") == "" && s.restore(v, f) {
		notice = restoredNotice
		uai = okey.UAI(f.Values["establishment"])
	}
	several, err := s.schoolsFor(v, pathInventory, okey.ActManageKeys)
	if err != nil {
		return err
	}
	if uai == "" && len(several) > 0 {
		return s.show(v, http.StatusOK, "inventory", screen{Title: "Inventaire", Body: inventoryScreen{Others: several}})
	}
	f.Values["establishment"] = string(uai)
	return s.showInventory(v, http.StatusOK, uai, f, notice, "")
}

func (s *Server) showInventory(v *visit, status int, uai okey.UAI, f *form, notice, warning string) error {
	place, err := s.managed(v, uai)
	if okey.ErrorCode(err) == okey.CodeForbidden { // who sees an establishment reads its inventories
		f = nil
		place, err = s.store.Place(v.ctx(), uai)
	}
	if err != nil {
		return err
	}
	page := inventoryScreen{Where: fmt.Sprintf("%s (%s)", place.Name, uai), Form: f, Sheet: pathInventory + ".xlsx?etablissement=" + string(uai)}
	if page.Gone, err = s.followed(v.ctx(), place); err != nil {
		return err
	}
	if page.Gone != "" {
		page.Form = nil
	}
	several, err := s.schoolsFor(v, pathInventory, okey.ActManageKeys)
	if err != nil {
		return err
	}
	page.Others = slices.DeleteFunc(several, func(l navLink) bool { return l.Path == narrowed(pathInventory, uai) })
	past, err := s.store.Inventories(v.ctx(), uai, pageLines)
	if err != nil {
		return err
	}
	for _, i := range past {
		page.Past = append(page.Past, inventoryLine{
			Path: pathInventory + "/" + i.ID.String(), When: okey.Capitalize(paris(v).time(i.At)), By: i.ByName,
			Found: fmt.Sprint(i.Found), Missing: fmt.Sprint(i.Missing), Others: fmt.Sprint(i.Others),
		})
	}
	return s.show(v, status, "inventory", screen{Title: "Inventaire", Notice: notice, Warning: warning, Body: page})
}

// takeInventory compares what was typed with what should be there; sent again from that page, it is saved.
func (s *Server) takeInventory(v *visit) error {
	f := inventoryForm(v, "")
	if err := s.read(v, f); err != nil {
		return err
	}
	uai, err := okey.ParseUAI(f.Values["establishment"])
	if err != nil {
		return err
	}
	place, err := s.managed(v, uai)
	if err != nil {
		return err
	}
	again := func(status int, warning string) error { return s.showInventory(v, status, uai, f, "", warning) }
	if place.Successor != "" {
		return again(http.StatusUnprocessableEntity, "")
	}
	serials, unreadable := okey.ReadSerials(f.Values["serials"])
	if len(unreadable) > 0 {
		f.note("serials", fmt.Sprintf("Ces numéros sont illisibles, retapez-les : %s.", strings.Join(unreadable[:min(len(unreadable), 10)], ", ")))
	}
	if len(serials) > okey.MaxInventory {
		f.note("serials", fmt.Sprintf("Un inventaire prend %d clefs au plus.", okey.MaxInventory))
	}
	if len(f.Errors) > 0 {
		return again(http.StatusUnprocessableEntity, "")
	}
	if f.Values["confirmed"] == "" {
		return s.reviewInventory(v, place, f, serials, "")
	}
	if f.Values["compared"] != sumOf(serials) {
		return s.reviewInventory(v, place, f, serials, "La liste a changé depuis la comparaison : en voici une nouvelle, à enregistrer.")
	}
	done, err := s.act(v.ctx(), v.Actor, wish{
		Action: f.Action, Name: okey.ActionInventory, Via: okey.ViaWeb,
		Content: okey.Content{Establishment: uai, Serials: serials, Comment: f.Values["comment"]},
	})
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, pathInventory+"/"+done.Action.Subject.String(), again)
}

// sumOf stands for a list of serials.
func sumOf(serials []okey.Serial) string {
	sum := sha256.Sum256([]byte(joinSerials(serials)))
	return hex.EncodeToString(sum[:])
}

func (s *Server) reviewInventory(v *visit, place sql.Place, f *form, serials []okey.Serial, notice string) error {
	known, err := s.store.KeysForInventory(v.ctx(), place.UAI, serials)
	if err != nil {
		return err
	}
	lines := okey.CompareInventory(place.UAI, serials, known)
	lists := comparedLists(lines, okey.ProposeSerials(place.UAI, lines, known))
	if err := s.answerReports(v, lists, place.UAI, uuid.Nil); err != nil {
		return err
	}
	s.keepSent(v) // whoever goes back, or follows a link, finds the list again
	f.Button, f.Values["confirmed"], f.Values["compared"] = "Enregistrer l'inventaire", "oui", sumOf(serials)
	return s.show(v, http.StatusOK, "inventory", screen{Title: "Inventaire", Notice: notice, Body: inventoryScreen{
		Where: fmt.Sprintf("%s (%s)", place.Name, place.UAI), Form: f, Review: true, Lists: lists,
	}})
}

// visibleInventory is an inventory of an establishment that the visitor sees; not_found otherwise.
func (s *Server) visibleInventory(v *visit) (sql.ListedInventory, []okey.InventoryLine, error) {
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return sql.ListedInventory{}, nil, okey.Errorf(okey.CodeNotFound, "Cet inventaire n'existe pas, ou il n'est pas pour vous.")
	}
	found, lines, err := s.store.Inventory(v.ctx(), id)
	if err != nil {
		return found, nil, err
	}
	return found, lines, s.permitAt(v.ctx(), v.Actor, &wish{}, okey.ActSee, found.UAI)
}

// pastInventory shows an inventory as it was saved.
func (s *Server) pastInventory(v *visit) error {
	found, lines, err := s.visibleInventory(v)
	if err != nil {
		return err
	}
	notice := ""
	if done, just, err := s.justDone(v); err != nil {
		return err
	} else if just && done.Subject == found.ID {
		notice = "C'est fait : l'inventaire est enregistré."
	}
	arrivals, err := s.confirmedAt(v, found.UAI, lines)
	if err != nil {
		return err
	}
	lists := inventoryLists(lines, nil, arrivals)
	if err := s.answerReports(v, lists, found.UAI, found.ID); err != nil {
		return err
	}
	desk, err := s.subjectSide(v, found.ID, paris(v))
	if err != nil {
		return err
	}
	return s.show(v, http.StatusOK, "inventory", screen{Title: "Inventaire", Notice: notice, Body: inventoryScreen{
		Desk: desk, Where: fmt.Sprintf("%s (%s)", found.Establishment, found.UAI), Lists: lists, Sheet: sheetOf(v),
		Facts: []fact{{Name: "Fait", Value: paris(v).time(found.At)}, {Name: "Par", Value: found.ByName}, {Name: "Commentaire", Value: found.Comment}},
	}})
}

// reportsScreen is support's list of keys that inventories found and OKEY did not know.
type reportsScreen struct {
	Reports []reportLine
	Sheet   string
}

type reportLine struct{ Path, Serial, Where, When, By, Similar, Now string }

func (s *Server) reportsPage(v *visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	found, err := s.store.PendingReports(v.ctx(), 200)
	if err != nil {
		return err
	}
	notice := ""
	if _, just, err := s.justDone(v); err != nil {
		return err
	} else if just {
		notice = "C'est fait : la réponse est partie."
	}
	page := reportsScreen{Sheet: pathReports + ".xlsx"}
	for _, r := range found {
		page.Reports = append(page.Reports, reportLine{
			Path: pathReports + "/" + r.ID.String(), Serial: string(r.Serial), Where: fmt.Sprintf("%s (%s)", r.Establishment, r.UAI),
			When: okey.Capitalize(paris(v).time(r.At)), By: r.ByName, Similar: sayList(r.Similar), Now: cmp.Or(r.KeptAt, "pas encore"),
		})
	}
	return s.show(v, http.StatusOK, "reports", screen{Title: "Clefs à confirmer", Notice: notice, Body: page})
}

func sayList(serials []okey.Serial) string { return okey.SayNames(texts(serials)) }

func texts(serials []okey.Serial) []string {
	said := make([]string, len(serials))
	for i, serial := range serials {
		said[i] = string(serial)
	}
	return said
}

func reportForm(v *visit, id uuid.UUID) *form {
	return newForm(v, "signalement", pathReports+"/"+id.String(), "Répondre", map[string]field{
		"decision": {Label: "*Réponse", Choices: []choice{{string(okey.Approve), "Cette clef est à nous : la mettre en stock"}, {string(okey.Refuse), "Écarter cette clef"}}},
		"batch":    {Label: "Lot", Hint: "Pour la mettre en stock."}, "expires_on": {Label: "Date d'expiration", Hint: "Par exemple 31/12/2029. Pour la mettre en stock."},
		"comment": {Label: "Commentaire", Hint: "Pour l'écarter : dites pourquoi."},
	})
}

// reportScreen is where support answers one.
type reportScreen struct {
	Facts []fact
	Form  *form
	Desk  *deskSide
}

func (s *Server) reportPage(v *visit) error { return s.showReport(v, http.StatusOK, nil, "") }

func (s *Server) showReport(v *visit, status int, f *form, warning string) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return okey.Errorf(okey.CodeNotFound, "Ce signalement n'existe pas, ou il n'est pas pour vous.")
	}
	r, err := s.store.Report(v.ctx(), id)
	if err != nil {
		return err
	}
	page := reportScreen{Facts: []fact{
		{Name: "Numéro de série", Value: string(r.Serial)},
		{Name: "Établissement", Value: fmt.Sprintf("%s (%s)", r.Establishment, r.UAI)},
		{Name: "Trouvée", Value: paris(v).time(r.At) + " par " + r.ByName},
	}}
	if _, err := s.store.Key(v.ctx(), r.Serial); err == nil { // it has a page by now
		page.Facts[0].Path = keyURL(r.Serial)
	} else if okey.ErrorCode(err) != okey.CodeNotFound {
		return err
	}
	if r.KeptAt != "" && r.State == okey.ReportPending {
		page.Facts = append(page.Facts, fact{Name: "Entrée depuis dans OKEY", Value: r.KeptAt})
	}
	if len(r.Similar) > 0 {
		page.Facts = append(page.Facts, fact{Name: "Ressemble, aux zéros près, à", Value: sayList(r.Similar)})
	}
	page.Facts = append(page.Facts, reportAnswer(r, paris(v))...)
	notice := ""
	switch pending := r.State == okey.ReportPending; {
	case pending && v.mayImport() == nil:
		if f == nil {
			f = reportForm(v, id)
			if s.restore(v, f) {
				notice = restoredNotice
			}
		}
		page.Form = f
	case !pending && warning == "": // nothing went wrong
		notice = "Ce signalement a déjà sa réponse."
	}
	if page.Desk, err = s.subjectSide(v, r.ID, paris(v)); err != nil {
		return err
	}
	return s.show(v, status, "report", screen{Title: "Clef à confirmer", Notice: notice, Warning: warning, Body: page})
}

// reportAnswer is what support has answered, or that it has not yet.
func reportAnswer(r sql.ListedReport, c clock) []fact {
	if r.State == okey.ReportPending {
		return []fact{{Name: "Réponse", Value: "Attendue de l'assistance"}}
	}
	by := r.DecidedBy
	if by == "" {
		by = "OKEY"
	}
	facts := []fact{{Name: "Réponse", Value: okey.Capitalize(r.State.French())}, {Name: "Répondu", Value: okey.Capitalize(c.time(r.DecidedAt)) + " par " + by}}
	if r.Comment != "" {
		facts = append(facts, fact{Name: "Commentaire", Value: r.Comment})
	}
	return facts
}

func (s *Server) decideReport(v *visit) error {
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return okey.Errorf(okey.CodeNotFound, "Ce signalement n'existe pas, ou il n'est pas pour vous.")
	}
	f := reportForm(v, id)
	if err := s.read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error { return s.showReport(v, status, f, warning) }
	w := wish{Action: f.Action, Name: okey.ActionReportDecision, Subject: id, Via: okey.ViaWeb}
	w.Content = okey.Content{Decision: okey.Decision(f.Values["decision"]), Batch: f.Values["batch"], Comment: f.Values["comment"]}
	if w.Content.Decision == okey.Approve {
		if w.Content.ExpiresOn, err = typedDay(f.Values["expires_on"]); err != nil {
			f.note("expires_on", okey.ErrorMessage(err))
			return again(http.StatusUnprocessableEntity, "")
		}
	}
	done, err := s.act(v.ctx(), v.Actor, w)
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, pathReports, again)
}

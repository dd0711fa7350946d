package stock

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/keys"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// inventoryScreen is where a drawer is counted, and what was found.
type inventoryScreen struct {
	Where  string
	Gone   string        // who has replaced it: its drawer is counted there
	Others []web.NavLink // of a visitor with several establishments: the other drawers
	Form   *web.Form
	Review bool
	Lists  []inventoryList
	Bad    []string
	Past   []web.Row
	Facts  []web.Fact
	Sheet  string
	Desk   *story.DeskSide
}

func inventoryForm(v *web.Visit, uai okey.UAI) *web.Form {
	f := web.NewForm(v, "inventaire", address.PathInventory, "Comparer", map[string]web.Field{
		"establishment": {}, "confirmed": {}, "compared": {}, "comment": {Label: "Commentaire", Hint: "Facultatif."},
		"serials": {
			Label: "Numéros de série",
			Hint: "Tapez-les ou scannez-les ici, un par ligne. Un lecteur de codes-barres branché en USB suffit. " +
				"Tiroir vide : n'écrivez rien.",
		},
	})
	f.Values["establishment"] = string(uai)
	return f
}

func inventoryURL(id uuid.UUID) string { return address.PathInventory + "/" + id.String() }

// managed is the establishment whose drawer is counted, and a form for it; not_found where the visitor manages none.
func (s *Pages) managed(v *web.Visit, uai okey.UAI) (sql.Place, error) {
	if uai == "" {
		return sql.Place{}, okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	if err := s.act.PermitAt(v.Ctx(), v.Actor, okey.ActManageKeys, uai); err != nil {
		return sql.Place{}, err
	}
	return s.store.Place(v.Ctx(), uai)
}

func (s *Pages) inventoryPage(v *web.Visit) error {
	uai, notice := web.ActingAt(v), ""
	f := inventoryForm(v, web.ChosenSchool(v))
	if v.Query("vide") == "" && s.Restore(v, f) {
		notice = web.RestoredNotice
		uai = okey.UAI(f.Values["establishment"])
	}
	several, err := s.SchoolsFor(v, address.PathInventory, okey.ActManageKeys)
	if err != nil {
		return err
	}
	if uai == "" && len(several) > 0 {
		return s.Show(v, http.StatusOK, "inventory", web.Screen{Title: "Inventaire", Body: inventoryScreen{Others: several}})
	}
	f.Values["establishment"] = string(uai)
	return s.showInventory(v, http.StatusOK, uai, f, notice, "")
}

func (s *Pages) showInventory(v *web.Visit, status int, uai okey.UAI, f *web.Form, notice, warning string) error {
	place, err := s.managed(v, uai)
	if okey.ErrorCode(err) == okey.CodeForbidden { // who sees an establishment reads its inventories
		f = nil
		place, err = s.store.Place(v.Ctx(), uai)
	}
	if err != nil {
		return err
	}
	page := inventoryScreen{
		Where: okey.SayPlace(place.Name, uai), Form: f, Sheet: address.PathInventory + ".xlsx?etablissement=" + string(uai),
	}
	if page.Gone, err = s.act.Followed(v.Ctx(), place); err != nil {
		return err
	}
	if page.Gone != "" {
		page.Form = nil
	}
	several, err := s.SchoolsFor(v, address.PathInventory, okey.ActManageKeys)
	if err != nil {
		return err
	}
	page.Others = slices.DeleteFunc(several, func(l web.NavLink) bool { return l.Path == address.Narrowed(address.PathInventory, uai) })
	past, err := s.store.Inventories(v.Ctx(), uai, web.PageLines)
	if err != nil {
		return err
	}
	for _, i := range past {
		page.Past = append(page.Past, web.Row{
			web.Paris(v).Stamp(i.At).To(inventoryURL(i.ID)),
			{Text: i.ByName, Whole: true},
			{Text: fmt.Sprint(i.Found), Number: true},
			{Text: fmt.Sprint(i.Missing), Number: true},
			{Text: fmt.Sprint(i.Others), Number: true},
		})
	}
	return s.Show(v, status, "inventory", web.Screen{Title: "Inventaire", Notice: notice, Warning: warning, Body: page})
}

// takeInventory compares what was typed with what should be there; sent again from that page, it is saved.
func (s *Pages) takeInventory(v *web.Visit) error {
	f := inventoryForm(v, "")
	if err := s.Read(v, f); err != nil {
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
		some := strings.Join(unreadable[:min(len(unreadable), 10)], ", ")
		f.Note("serials", fmt.Sprintf("Ces numéros sont illisibles, retapez-les : %s.", some))
	}
	if len(serials) > okey.MaxInventory {
		f.Note("serials", fmt.Sprintf("Un inventaire prend %d clefs au plus.", okey.MaxInventory))
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
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{
		Action: f.Action, Name: okey.ActionInventory, Via: okey.ViaWeb,
		Content: okey.Content{Establishment: uai, Serials: serials, Comment: f.Values["comment"]},
	})
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Answer(v, f, done, inventoryURL(done.Action.Subject), again)
}

// sumOf stands for a list of serials.
func sumOf(serials []okey.Serial) string {
	sum := sha256.Sum256([]byte(keys.JoinSerials(serials)))
	return hex.EncodeToString(sum[:])
}

func (s *Pages) reviewInventory(v *web.Visit, place sql.Place, f *web.Form, serials []okey.Serial, notice string) error {
	known, err := s.store.KeysForInventory(v.Ctx(), place.UAI, serials)
	if err != nil {
		return err
	}
	lines := okey.CompareInventory(place.UAI, serials, known)
	lists := comparedLists(lines, okey.ProposeSerials(place.UAI, lines, known))
	if err := s.answerReports(v, lists, place.UAI, uuid.Nil); err != nil {
		return err
	}
	s.KeepSent(v) // whoever goes back, or follows a link, finds the list again
	f.Button, f.Values["confirmed"], f.Values["compared"] = "Enregistrer l'inventaire", "oui", sumOf(serials)
	return s.Show(v, http.StatusOK, "inventory", web.Screen{Title: "Inventaire", Notice: notice, Body: inventoryScreen{
		Where: okey.SayPlace(place.Name, place.UAI), Form: f, Review: true, Lists: lists,
	}})
}

// visibleInventory is an inventory of an establishment that the visitor sees; not_found otherwise.
func (s *Pages) visibleInventory(v *web.Visit) (sql.ListedInventory, []okey.InventoryLine, error) {
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return sql.ListedInventory{}, nil, okey.Errorf(okey.CodeNotFound, "Cet inventaire n'existe pas, ou il n'est pas pour vous.")
	}
	found, lines, err := s.store.Inventory(v.Ctx(), id)
	if err != nil {
		return found, nil, err
	}
	return found, lines, s.act.PermitAt(v.Ctx(), v.Actor, okey.ActSee, found.UAI)
}

// pastInventory shows an inventory as it was saved.
func (s *Pages) pastInventory(v *web.Visit) error {
	found, lines, err := s.visibleInventory(v)
	if err != nil {
		return err
	}
	notice := ""
	if done, just, err := s.JustDone(v); err != nil {
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
	desk, err := s.story.SubjectSide(v, found.ID, web.Paris(v))
	if err != nil {
		return err
	}
	return s.Show(v, http.StatusOK, "inventory", web.Screen{Title: "Inventaire", Notice: notice, Body: inventoryScreen{
		Desk: desk, Where: okey.SayPlace(found.Establishment, found.UAI), Lists: lists, Sheet: web.SheetOf(v),
		Facts: []web.Fact{
			{Name: "Fait", Value: web.Paris(v).Time(found.At)},
			{Name: "Par", Value: found.ByName},
			{Name: "Commentaire", Value: found.Comment},
		},
	}})
}

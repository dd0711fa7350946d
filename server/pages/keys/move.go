package keys

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
)

// movesScreen is support's page for moving keys: what is typed, then what would become of each.
type movesScreen struct {
	Form   *web.Form
	Review *moveReview
}

type moveReview struct {
	To    string
	Lines []moveLine
	Sheet template.URL
	Ready bool // all of them may move
	Do    string
	Form  *web.Form // carried along, to be confirmed
}

type moveLine struct {
	Serial, Path, Where, State, Holder, Fault string
	Doubt                                     string   // what to see to first, though it may move
	UAI                                       okey.UAI // where the key is, and the name of it
	School                                    string
	why                                       okey.MoveFault
}

func moveForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "deplacement", address.PathMoveKeys, "Vérifier", map[string]web.Field{
		"serials": {Label: "*Numéros de série", Hint: "Un par ligne, tapés ou scannés."},
		"establishment": {
			Label: "*Établissement d'arrivée", Hint: web.SchoolHint, Missing: "Écrivez le nom ou le code UAI de l'établissement d'arrivée.",
		},
		"comment": {
			Label: "*Commentaire", Hint: "Pourquoi ? Les deux établissements et les titulaires le liront.",
			Missing: "Écrivez pourquoi : les deux établissements et les titulaires le liront.",
		},
		"confirm": {},
	})
}

// moveKeysPage is for support.
func (s *Pages) moveKeysPage(v *web.Visit) error {
	if err := okey.May(okey.ActMoveKeys, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	f, notice := moveForm(v), ""
	f.Values["serials"], f.Values["establishment"] = web.PlainQuery(v, "clef"), string(web.ChosenSchool(v))
	if err := s.OfferSchools(v, f, "establishment"); err != nil {
		return err
	}
	if s.Restore(v, f) {
		notice = web.RestoredNotice
	}
	if done, found, err := s.JustDone(v); err != nil {
		return err
	} else if found && done.Name == okey.ActionMoveKeys {
		place, err := s.store.Place(v.Ctx(), done.Content.Establishment)
		if err != nil {
			return err
		}
		notice = fmt.Sprintf("C'est fait : %s %s %s (%s). Les établissements sont prévenus.", okey.SayCount(done.Verdict.Count, "clef"),
			okey.SayEither(done.Verdict.Count, "déplacée", "déplacées"), okey.SayAtSchool(okey.SayEstablishment(place.Name)), place.UAI)
	}
	return s.Show(v, http.StatusOK, "moves", web.Screen{Title: "Déplacer des clefs", Notice: notice, Body: movesScreen{Form: f}})
}

// moveKeys shows what would move, and moves it once that is confirmed.
func (s *Pages) moveKeys(v *web.Visit) error {
	if err := okey.May(okey.ActMoveKeys, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	f := moveForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	if err := s.ReadSchools(v, f, "establishment"); err != nil {
		return err
	}
	cmd := act.Command{Action: f.Action, Name: okey.ActionMoveKeys, Via: okey.ViaWeb, Content: okey.Content{
		Establishment: okey.UAI(f.Values["establishment"]), Serials: act.TypedSerials(f.Values["serials"]), Comment: f.Values["comment"],
	}}
	again := func(status int, warning string) error { return s.reviewMove(v, status, f, cmd, warning) }
	if confirmed := f.Values["confirm"] != ""; !confirmed {
		return again(http.StatusOK, "")
	}
	return s.Send(v, f, cmd, address.PathMoveKeys, again)
}

// reviewMove shows each key with where it is, in which state, and whether it may move; or what is wrong with the form.
func (s *Pages) reviewMove(v *web.Visit, status int, f *web.Form, cmd act.Command, warning string) error {
	page := movesScreen{Form: f}
	fail := func(err error) error {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return s.Show(v, http.StatusUnprocessableEntity, "moves", web.Screen{Title: "Déplacer des clefs", Warning: warning, Body: page})
	}
	cmd, err := cmd.Normalised()
	if err != nil {
		return fail(err)
	}
	to, err := s.act.Receiver(v.Ctx(), "establishment", cmd.Content.Establishment)
	if err != nil {
		return fail(err)
	}
	page.Review = &moveReview{To: to, Ready: true, Form: f, Do: "Déplacer " + okey.SayCount(len(cmd.Content.Serials), "clef")}
	m, err := s.movable(v, cmd.Content)
	if err != nil {
		return err
	}
	for _, serial := range cmd.Content.Serials {
		line := m.line(serial, cmd.Content.Establishment)
		page.Review.Lines, page.Review.Ready = append(page.Review.Lines, line), page.Review.Ready && line.why == ""
	}
	if page.Review.Sheet, err = web.Enclosed(v, moveSheet(page.Review)); err != nil {
		return err
	}
	f.Values["serials"] = JoinSerials(cmd.Content.Serials)
	if !page.Review.Ready {
		f.Note("serials", sayStaying(page.Review.Lines))
		if status == http.StatusOK {
			status = http.StatusUnprocessableEntity
		}
	}
	return s.Show(v, status, "moves", web.Screen{Title: "Déplacer des clefs", Warning: warning, Body: page})
}

// sayStaying is what is wrong with a list of which some keys may not move.
func sayStaying(lines []moveLine) string {
	var faults []okey.KeyFault
	for _, line := range lines {
		if line.why != "" {
			faults = append(faults, okey.KeyFault{Serial: okey.Serial(line.Serial), Why: line.why})
		}
	}
	remove := okey.SayEither(len(faults), "retirez cette clef", "retirez ces clefs")
	return fmt.Sprintf("%s : %s de la liste.", act.SayFaults(faults), remove)
}

// movable is what a list of keys to move is judged by.
type movable struct {
	known   map[okey.Serial]okey.Key
	schools map[okey.UAI]string
	holders map[okey.Serial]string
	leaving map[okey.Serial]string // where a proposal under way would have the key go
	unknown []okey.Serial          // of holders whom the school that receives does not know
}

func (s *Pages) movable(v *web.Visit, c okey.Content) (m movable, err error) {
	found, err := s.store.KeysWith(v.Ctx(), c.Serials)
	if err != nil {
		return m, err
	}
	m.known = map[okey.Serial]okey.Key{}
	var uais []okey.UAI
	for _, key := range found {
		m.known[key.Serial] = key
		uais = append(uais, key.UAI)
	}
	if m.schools, err = s.store.Names(v.Ctx(), uais...); err != nil {
		return m, err
	}
	if m.holders, err = s.store.HolderNames(v.Ctx(), c.Serials); err != nil {
		return m, err
	}
	if m.leaving, err = s.store.OpenMovesTo(v.Ctx(), c.Serials); err != nil {
		return m, err
	}
	m.unknown, err = s.store.HoldersUnknownAt(v.Ctx(), c.Establishment, c.Serials, v.Today())
	return m, err
}

// line is where a key is, in which state, and whether it may move there.
func (m movable) line(serial okey.Serial, there okey.UAI) moveLine {
	key := m.known[serial]
	line := moveLine{Serial: string(serial), Holder: m.holders[serial], why: key.Movable(there)}
	if key.Serial != "" {
		line.Path, line.State = address.KeyURL(serial), okey.Capitalize(key.State.French())
		line.UAI, line.School = key.UAI, m.schools[key.UAI]
		line.Where = okey.SayPlace(line.School, line.UAI)
	}
	if line.why != "" {
		line.Fault = okey.Capitalize(line.why.French())
	}
	if line.why == okey.MoveKept {
		line.Fault += " : retirez d'abord cette demande"
	}
	if slices.Contains(m.unknown, serial) {
		line.Doubt = fmt.Sprintf("OKEY ne connaît pas %s dans cet établissement : rattachez d'abord cette personne, "+
			"sinon ses prochaines demandes iront encore à celui que la clef quitte.", line.Holder)
	}
	if to := m.leaving[serial]; to != "" {
		void := fmt.Sprintf("un départ vers %s attend une réponse : il sera sans objet.", okey.SayEstablishment(to))
		if line.Doubt != "" {
			void = line.Doubt + " " + okey.Capitalize(void)
		}
		line.Doubt = void
	}
	return line
}

func moveSheet(r *moveReview) web.Spreadsheet {
	columns := []workbook.Column{
		{Title: "Numéro de série"},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "État", Width: 16},
		{Title: "Titulaire", Width: 28},
		{Title: "Peut partir", Width: 14},
		{Title: "Pourquoi", Width: 48},
	}
	rows := web.RowsOf(r.Lines, func(l moveLine) []any {
		may := "Oui"
		if l.Fault != "" {
			may = "Non"
		}
		return []any{l.Serial, l.UAI, l.School, l.State, l.Holder, may, cmp.Or(l.Fault, okey.Capitalize(l.Doubt))}
	})
	sheet := workbook.Sheet{Name: "Clefs à déplacer", Columns: columns, Rows: rows}
	return web.Spreadsheet{Name: "deplacement", Title: "Clefs à déplacer vers " + r.To, Sheets: []workbook.Sheet{sheet}}
}

// JoinSerials writes serials as a form takes them, one a line.
func JoinSerials(serials []okey.Serial) string {
	return strings.Join(web.Texts(serials), "\n")
}

// Cells are the line of the table.
func (l moveLine) Cells() []web.Cell {
	may := "Oui"
	switch {
	case l.Fault != "":
		may = "Non. " + l.Fault
	case l.Doubt != "":
		may = "Oui, mais " + l.Doubt
	}
	return []web.Cell{{Text: l.Serial, Path: l.Path}, {Text: l.Where}, {Text: l.State}, {Text: l.Holder}, {Text: may}}
}

package server

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"okey/internal/workbook"
	"okey/okey"
)

const pathMoveKeys = "/assistance/deplacer"

// movesScreen is support's page for moving keys: what is typed, then what would become of each.
type movesScreen struct {
	Form   *form
	Review *moveReview
}

type moveReview struct {
	To    string
	Lines []moveLine
	Sheet template.URL
	Ready bool // all of them may move
	Do    string
	Form  *form // carried along, to be confirmed
}

type moveLine struct {
	Serial, Path, Where, State, Holder, Fault string
	Doubt                                     string   // what to see to first, though it may move
	UAI                                       okey.UAI // where the key is, and the name of it
	School                                    string
	why                                       okey.MoveFault
}

func moveForm(v *visit) *form {
	return newForm(v, "deplacement", pathMoveKeys, "Vérifier", map[string]field{
		"serials":       {Label: "*Numéros de série", Hint: "Un par ligne, tapés ou scannés."},
		"establishment": {Label: "*Code UAI de l'établissement d'arrivée", Hint: "Sept chiffres et une lettre.", Missing: "Écrivez le code UAI de l'établissement d'arrivée."},
		"comment":       {Label: "*Commentaire", Hint: "Pourquoi ? Les deux établissements et les titulaires le liront.", Missing: "Écrivez pourquoi : les deux établissements et les titulaires le liront."},
		"confirm":       {},
	})
}

// moveKeysPage is for support.
func (s *Server) moveKeysPage(v *visit) error {
	if err := okey.May(okey.ActMoveKeys, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	f, notice := moveForm(v), ""
	f.Values["serials"], f.Values["establishment"] = plainQuery(v, "clef"), string(chosenSchool(v))
	if s.restore(v, f) {
		notice = restoredNotice
	}
	if done, found, err := s.justDone(v); err != nil {
		return err
	} else if found && done.Name == okey.ActionMoveKeys {
		place, err := s.store.Place(v.ctx(), done.Content.Establishment)
		if err != nil {
			return err
		}
		notice = fmt.Sprintf("C'est fait : %s %s %s (%s). Les établissements sont prévenus.", okey.SayCount(done.Verdict.Count, "clef"),
			okey.SayEither(done.Verdict.Count, "déplacée", "déplacées"), okey.SayAtSchool(okey.SayEstablishment(place.Name)), place.UAI)
	}
	return s.show(v, http.StatusOK, "moves", screen{Title: "Déplacer des clefs", Notice: notice, Body: movesScreen{Form: f}})
}

// moveKeys shows what would move, and moves it once that is confirmed.
func (s *Server) moveKeys(v *visit) error {
	if err := okey.May(okey.ActMoveKeys, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	f := moveForm(v)
	if err := s.read(v, f); err != nil {
		return err
	}
	w := wish{Action: f.Action, Name: okey.ActionMoveKeys, Via: okey.ViaWeb, Content: okey.Content{
		Establishment: okey.UAI(f.Values["establishment"]), Serials: typedSerials(f.Values["serials"]), Comment: f.Values["comment"],
	}}
	again := func(status int, warning string) error { return s.reviewMove(v, status, f, w, warning) }
	confirmed := f.Values["confirm"] != ""
	if !confirmed {
		return again(http.StatusOK, "")
	}
	done, err := s.act(v.ctx(), v.Actor, w)
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, pathMoveKeys, again)
}

// reviewMove shows each key with where it is, in which state, and whether it may move; or what is wrong with the form.
func (s *Server) reviewMove(v *visit, status int, f *form, w wish, warning string) error {
	page := movesScreen{Form: f}
	fail := func(err error) error {
		if err = f.refuse(err); err != nil {
			return err
		}
		return s.show(v, http.StatusUnprocessableEntity, "moves", screen{Title: "Déplacer des clefs", Warning: warning, Body: page})
	}
	if err := w.normalise(); err != nil {
		return fail(err)
	}
	to, err := s.receiver(v.ctx(), "establishment", w.Content.Establishment)
	if err != nil {
		return fail(err)
	}
	page.Review = &moveReview{To: to, Ready: true, Form: f, Do: "Déplacer " + okey.SayCount(len(w.Content.Serials), "clef")}
	if page.Review.Lines, page.Review.Ready, err = s.moveLines(v, w.Content); err != nil {
		return err
	}
	if page.Review.Sheet, err = enclosed(v, moveSheet(page.Review)); err != nil {
		return err
	}
	f.Values["serials"] = joinSerials(w.Content.Serials)
	if !page.Review.Ready {
		f.note("serials", sayStaying(page.Review.Lines))
		if status == http.StatusOK {
			status = http.StatusUnprocessableEntity
		}
	}
	return s.show(v, status, "moves", screen{Title: "Déplacer des clefs", Warning: warning, Body: page})
}

// sayStaying is what is wrong with a list of which some keys may not move.
func sayStaying(lines []moveLine) string {
	var faults []okey.KeyFault
	for _, line := range lines {
		if line.why != "" {
			faults = append(faults, okey.KeyFault{Serial: okey.Serial(line.Serial), Why: line.why})
		}
	}
	return fmt.Sprintf("%s : %s de la liste.", sayFaults(faults), okey.SayEither(len(faults), "retirez cette clef", "retirez ces clefs"))
}

func (s *Server) moveLines(v *visit, c okey.Content) (lines []moveLine, ready bool, err error) {
	found, err := s.store.KeysWith(v.ctx(), c.Serials)
	if err != nil {
		return nil, false, err
	}
	known := map[okey.Serial]okey.Key{}
	var uais []okey.UAI
	for _, key := range found {
		known[key.Serial] = key
		uais = append(uais, key.UAI)
	}
	names, err := s.store.Names(v.ctx(), uais...)
	if err != nil {
		return nil, false, err
	}
	holders, err := s.store.HolderNames(v.ctx(), c.Serials)
	if err != nil {
		return nil, false, err
	}
	leaving, err := s.store.OpenMovesTo(v.ctx(), c.Serials)
	if err != nil {
		return nil, false, err
	}
	unknown, err := s.store.HoldersUnknownAt(v.ctx(), c.Establishment, c.Serials, v.today())
	ready = true
	for _, serial := range c.Serials {
		key := known[serial]
		line := moveLine{Serial: string(serial), Holder: holders[serial]}
		if key.Serial != "" {
			line.Path, line.State, line.UAI, line.School = keyURL(serial), okey.Capitalize(key.State.French()), key.UAI, names[key.UAI]
			line.Where = fmt.Sprintf("%s (%s)", line.School, line.UAI)
		}
		if why := key.Movable(c.Establishment); why != "" {
			line.why = why
			line.Fault, ready = okey.Capitalize(why.French()), false
			if why == okey.MoveKept {
				line.Fault += " : retirez d'abord cette demande"
			}
		}
		if slices.Contains(unknown, serial) {
			line.Doubt = fmt.Sprintf("OKEY ne connaît pas %s dans cet établissement : rattachez d'abord cette personne, sinon ses prochaines demandes iront encore à celui que la clef quitte.", line.Holder)
		}
		if to := leaving[serial]; to != "" {
			void := fmt.Sprintf("un départ vers %s attend une réponse : il sera sans objet.", okey.SayEstablishment(to))
			if line.Doubt != "" {
				void = line.Doubt + " " + okey.Capitalize(void)
			}
			line.Doubt = void
		}
		lines = append(lines, line)
	}
	return lines, ready, err
}

func moveSheet(r *moveReview) spreadsheet {
	return spreadsheet{Name: "deplacement", Title: "Clefs à déplacer vers " + r.To, Sheets: []workbook.Sheet{{Name: "Clefs à déplacer", Columns: []workbook.Column{
		{Title: "Numéro de série"}, {Title: "UAI", Width: 12}, {Title: "Établissement", Width: 36}, {Title: "État", Width: 16}, {Title: "Titulaire", Width: 28}, {Title: "Peut partir", Width: 14}, {Title: "Pourquoi", Width: 48},
	}, Rows: rowsOf(r.Lines, func(l moveLine) []any {
		may := "Oui"
		if l.Fault != "" {
			may = "Non"
		}
		return []any{l.Serial, l.UAI, l.School, l.State, l.Holder, may, cmp.Or(l.Fault, okey.Capitalize(l.Doubt))}
	})}}}
}

func joinSerials(serials []okey.Serial) string {
	texts := make([]string, len(serials))
	for i, serial := range serials {
		texts[i] = string(serial)
	}
	return strings.Join(texts, "\n")
}

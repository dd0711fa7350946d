package server

import (
	"fmt"
	"net/http"
	"strings"

	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// Support's pages for what it sets right by hand.
const (
	pathAttachments = "/assistance/rattachements"
	pathHosts       = "/assistance/hotes"
)

// arrangementRows is how many lines the lists have at most: what has ended is shown for a year.
const arrangementRows = 1000

// arrangementScreen is either page: a form, what holds, what has ended.
type arrangementScreen struct {
	Form  *form // none for auditors
	Live  []arrangementLine
	Past  []arrangementLine
	Sheet string
}

type arrangementLine struct {
	Who, What, Where, Until, Reason, By, State string
	End                                        *form
}

// mayArrange is for support alone; auditors read.
func mayArrange(v *visit) error {
	return okey.May(okey.ActAttach, v.Actor, okey.Subject{}, v.today())
}

func attachmentForm(v *visit) *form {
	return newForm(v, "rattachement", pathAttachments, "Rattacher", map[string]field{
		"who":           {Label: "*Personne", Hint: "Son nom, son identifiant (uid) ou son adresse."},
		"establishment": {Label: "*Code UAI de l'établissement", Hint: "Sept chiffres et une lettre."},
		"function": {Label: "*Fonction", Choices: []choice{
			{string(okey.Principal), okey.Capitalize(okey.Principal.French())}, {string(okey.Deputy), okey.Capitalize(okey.Deputy.French())}, {string(okey.Staff), okey.Capitalize(okey.Staff.French())},
		}},
		"until":   {Label: "*Dernier jour", Hint: "Ce jour est compris. Un an au plus."},
		"comment": {Label: "*Raison", Hint: "La personne et la direction la liront.", Missing: "Écrivez pourquoi vous rattachez cette personne."},
	})
}

func (s *Server) attachmentsPage(v *visit) error {
	notice := ""
	if id, _ := uuid.Parse(v.Query("fait")); id != uuid.Nil && mayArrange(v) == nil {
		a, err := s.store.Attachment(v.ctx(), id)
		switch {
		case okey.ErrorCode(err) == okey.CodeNotFound:
		case err != nil:
			return err
		case a.EndedAt.IsZero():
			notice = fmt.Sprintf("C'est fait : %s compte comme %s pour %s. Cette personne et la direction sont prévenues.", a.Name, a.Function.French(), okey.SayEstablishment(a.School))
		default:
			notice = fmt.Sprintf("C'est fait : %s n'est plus parmi les personnes rattachées %s.", a.Name, okey.SayAtSchool(okey.SayEstablishment(a.School)))
		}
	}
	return s.showAttachments(v, http.StatusOK, nil, notice)
}

func (s *Server) showAttachments(v *visit, status int, f *form, notice string) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	page := arrangementScreen{Sheet: pathAttachments + ".xlsx", Form: f}
	may := mayArrange(v) == nil
	if may && f == nil {
		page.Form = attachmentForm(v)
		page.Form.Values["who"], page.Form.Values["establishment"] = plainQuery(v, "personne"), string(chosenSchool(v))
		if s.restore(v, page.Form) {
			notice = restoredNotice
		}
	}
	found, err := s.store.Attachments(v.ctx(), v.Now.AddDate(-1, 0, 0), arrangementRows)
	if err != nil {
		return err
	}
	for _, a := range found {
		line := attachmentLine(v, a)
		if !a.EndedAt.IsZero() || (!a.Until.IsZero() && a.Until.Before(v.today())) {
			page.Past = append(page.Past, line)
			continue
		}
		if may {
			line.End = newForm(v, "fin", pathAttachments+"/"+a.ID.String()+"/fin", "Mettre fin", nil)
		}
		page.Live = append(page.Live, line)
	}
	return s.show(v, status, "attachments", screen{Title: "Personnes rattachées par l'assistance", Notice: notice, Body: page})
}

func attachmentLine(v *visit, a sql.ListedAttachment) arrangementLine {
	line := arrangementLine{
		Who: fmt.Sprintf("%s (%s)", a.Name, a.UID), What: okey.Capitalize(a.Function.French()), Where: fmt.Sprintf("%s (%s)", a.School, a.UAI),
		Until: "sans fin", Reason: a.Reason, By: a.ByName, State: "en cours",
	}
	if !a.Until.IsZero() {
		line.Until = a.Until.SayWithYear()
		if a.Until.Before(v.today()) {
			line.State = "passé, sans effet"
		}
	}
	if a.Void {
		line.State = voidPost
	}
	if !a.EndedAt.IsZero() {
		line.State = fmt.Sprintf("terminé %s par %s", paris(v).day(a.EndedAt), a.EndedByName)
	}
	return line
}

// attach gives a person a function at an establishment.
func (s *Server) attach(v *visit) error {
	if err := mayArrange(v); err != nil {
		return err
	}
	f := attachmentForm(v)
	if err := s.read(v, f); err != nil {
		return err
	}
	a, err := s.readAttachment(v, f)
	if err != nil {
		return err
	}
	if len(f.Errors) > 0 {
		return s.showAttachments(v, http.StatusUnprocessableEntity, f, "")
	}
	told, err := s.store.Attach(v.ctx(), a)
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return s.showAttachments(v, http.StatusUnprocessableEntity, f, "")
	}
	s.tell(v.ctx(), told)
	v.Redirect(http.StatusSeeOther, doneURL(pathAttachments, a.ID))
	return nil
}

// readAttachment is what the form says; what is wrong with it stands in the form.
func (s *Server) readAttachment(v *visit, f *form) (okey.Attachment, error) {
	a := okey.Attachment{
		ID: okey.DerivedID(v.Actor.ID, "attachment/"+f.Action.String()), By: v.Actor.ID, At: v.Now.UTC(), Function: okey.Function(f.Values["function"]),
	}
	var err error
	if a.Person, err = s.meant(v, f, strings.TrimSpace(f.Values["who"])); err != nil {
		return a, err
	}
	place, err := s.servedPlace(v, f, "establishment")
	if err != nil {
		return a, err
	}
	a.UAI = place.UAI
	if !a.Function.Valid() {
		f.note("function", "Choisissez la fonction de cette personne.")
	}
	today := todayAt(v, place)
	a.Until = f.day("until", today)
	switch {
	case a.Until.IsZero():
	case a.Until.Before(today):
		f.note("until", "Ce jour est passé : donnez-en un à venir.")
	case today.AddMonths(okey.MaxDelegation).Before(a.Until):
		f.note("until", "Un rattachement dure un an au plus : donnez un dernier jour plus proche.")
	}
	a.Reason = f.text("comment")
	return a, nil
}

// text is what somebody must write into a field of the form.
func (f *form) text(name string) string {
	text, err := okey.CheckText(name, f.Values[name], true)
	if err != nil {
		f.wrong(name, okey.ErrorMessage(err))
	}
	return text
}

// meant is the person whom support names by uid, address or name. Neither addresses nor names are unique: then the uids are listed.
func (s *Server) meant(v *visit, f *form, typed string) (okey.PersonID, error) {
	var found []okey.Person
	if typed != "" && len(typed) <= okey.MaxText && isPlainText(typed) {
		person, err := s.store.PersonByUID(v.ctx(), typed)
		switch okey.ErrorCode(err) {
		case "":
			found = []okey.Person{person}
		case okey.CodeNotFound:
			if found, err = s.store.PeopleByMail(v.ctx(), typed); err != nil {
				return okey.PersonID{}, err
			}
		default:
			return okey.PersonID{}, err
		}
	}
	switch {
	case typed == "":
		f.note("who", "Écrivez le nom, l'identifiant ou l'adresse de la personne.")
	case len(found) == 0:
		return s.meantByName(v, f, typed)
	case len(found) > 1:
		uids := make([]string, len(found))
		for i, p := range found {
			uids[i] = fmt.Sprintf("%s (%s)", p.UID, p.Name())
		}
		f.note("who", "Plusieurs personnes ont cette adresse. Écrivez l'identifiant de celle que vous voulez : "+strings.Join(uids, ", ")+".")
	case found[0].ID == v.Actor.ID:
		f.note("who", "C'est vous : demandez à un collègue de l'assistance de le faire.")
	default:
		return found[0].ID, nil
	}
	return okey.PersonID{}, nil
}

// manyNamesakes is how many people of one name a form lists.
const manyNamesakes = 5

// meantByName is the one person of a name. Of several, and of those whose name only has in it what was typed, support chooses.
func (s *Server) meantByName(v *visit, f *form, typed string) (okey.PersonID, error) {
	var found []sql.FoundPerson
	if len(typed) <= okey.MaxText && isPlainText(typed) {
		var err error
		if found, err = s.store.FindPeople(v.ctx(), nameTyped(typed), "", v.today(), manyNamesakes+1); err != nil {
			return okey.PersonID{}, err
		}
	}
	switch {
	case len(found) == 0:
		f.note("who", "OKEY ne connaît personne sous ce nom, cet identifiant ni cette adresse : vérifiez, ou demandez à la personne de se connecter une première fois.")
	case len(found) > manyNamesakes:
		f.note("who", "Trop de personnes répondent à ce nom : écrivez-le en entier, ou tapez l'identifiant.")
	case found[0].ID == v.Actor.ID && len(found) == 1:
		f.note("who", "C'est vous : demandez à un collègue de l'assistance de le faire.")
	case found[0].Exact && (len(found) == 1 || !found[1].Exact):
		return found[0].ID, nil
	default:
		named := make([]string, len(found))
		for i, p := range found {
			named[i] = p.UID + " (" + p.Name() + sayPosts(p, ", ") + ")"
		}
		f.note("who", "Écrivez l'identifiant de la personne que vous voulez : "+strings.Join(named, ", ")+".")
	}
	return okey.PersonID{}, nil
}

// servedPlace is the establishment that a field of the form names: one that OKEY serves.
func (s *Server) servedPlace(v *visit, f *form, name string) (sql.Place, error) {
	uai, err := okey.ParseUAI(f.Values[name])
	if err == nil {
		_, err = s.receiver(v.ctx(), name, uai)
	}
	if err != nil {
		if okey.ErrorCode(err) == okey.CodeInvalid {
			f.wrong(name, okey.ErrorMessage(err))
			return sql.Place{}, nil
		}
		return sql.Place{}, err
	}
	return s.store.Place(v.ctx(), uai)
}

// detach ends an attachment at once.
func (s *Server) detach(v *visit) error {
	return s.endArrangement(v, pathAttachments, s.store.Detach)
}

func (s *Server) attachmentsTable(v *visit) (spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return spreadsheet{}, err
	}
	found, err := s.store.Attachments(v.ctx(), v.Now.AddDate(-1, 0, 0), arrangementRows)
	return spreadsheet{Name: "rattachements", Title: "Personnes rattachées par l'assistance", Sheets: []workbook.Sheet{{Name: "Rattachements", Columns: []workbook.Column{
		{Title: "Identifiant"},
		{Title: "Personne"},
		{Title: "Fonction"},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Dernier jour", Kind: workbook.Date},
		{Title: "Raison", Width: 48},
		{Title: "Par"},
		{Title: "État", Width: 18},
		{Title: "Terminé", Kind: workbook.Instant},
		{Title: "Terminé par"},
	}, Rows: rowsOf(found, func(a sql.ListedAttachment) []any {
		state := attachmentLine(v, a).State
		if !a.EndedAt.IsZero() {
			state = "terminé"
		}
		return []any{a.UID, a.Name, a.Function.French(), a.UAI, a.School, a.Until, a.Reason, a.ByName, state, inZone(a.EndedAt, paris(v).zone), a.EndedByName}
	})}}}, err
}

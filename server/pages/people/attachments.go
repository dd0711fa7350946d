package people

import (
	"fmt"
	"net/http"
	"strings"

	"okey/internal/workbook"
	"okey/okey"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// arrangementRows is how many lines the lists have at most: what has ended is shown for a year.
const arrangementRows = 1000

// arrangementScreen is either page: a form, what holds, what has ended.
type arrangementScreen struct {
	Form  *web.Form // none for auditors
	Live  []arrangementLine
	Past  []arrangementLine
	Sheet string
}

type arrangementLine struct {
	Who, What, Where, Until, Reason, By, State string
	End                                        *web.Form
}

func attachmentForm(v *web.Visit) *web.Form {
	return web.NewForm(v, "rattachement", web.PathAttachments, "Rattacher", map[string]web.Field{
		"who":           {Label: "*Personne", Hint: "Son nom, son identifiant (uid) ou son adresse."},
		"establishment": {Label: "*Code UAI de l'établissement", Hint: "Sept chiffres et une lettre."},
		"function": {Label: "*Fonction", Choices: []web.Choice{
			{Value: string(okey.Principal), Label: okey.Capitalize(okey.Principal.French())}, {Value: string(okey.Deputy), Label: okey.Capitalize(okey.Deputy.French())}, {Value: string(okey.Staff), Label: okey.Capitalize(okey.Staff.French())},
		}},
		"until":   {Label: "*Dernier jour", Hint: "Ce jour est compris. Un an au plus."},
		"comment": {Label: "*Raison", Hint: "La personne et la direction la liront.", Missing: "Écrivez pourquoi vous rattachez cette personne."},
	})
}

func (s *Pages) attachmentsPage(v *web.Visit) error {
	notice := ""
	if id, _ := uuid.Parse(v.Query("fait")); id != uuid.Nil && web.MayArrange(v) == nil {
		a, err := s.store.Attachment(v.Ctx(), id)
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

func (s *Pages) showAttachments(v *web.Visit, status int, f *web.Form, notice string) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	page := arrangementScreen{Sheet: web.PathAttachments + ".xlsx", Form: f}
	may := web.MayArrange(v) == nil
	if may && f == nil {
		page.Form = attachmentForm(v)
		page.Form.Values["who"], page.Form.Values["establishment"] = web.PlainQuery(v, "personne"), string(web.ChosenSchool(v))
		if s.Restore(v, page.Form) {
			notice = web.RestoredNotice
		}
	}
	found, err := s.store.Attachments(v.Ctx(), v.Now.AddDate(-1, 0, 0), arrangementRows)
	if err != nil {
		return err
	}
	for _, a := range found {
		line := attachmentLine(v, a)
		if !a.EndedAt.IsZero() || (!a.Until.IsZero() && a.Until.Before(v.Today())) {
			page.Past = append(page.Past, line)
			continue
		}
		if may {
			line.End = web.NewForm(v, "fin", web.PathAttachments+"/"+a.ID.String()+"/fin", "Mettre fin", nil)
		}
		page.Live = append(page.Live, line)
	}
	return s.Show(v, status, "attachments", web.Screen{Title: "Personnes rattachées par l'assistance", Notice: notice, Body: page})
}

func attachmentLine(v *web.Visit, a sql.ListedAttachment) arrangementLine {
	line := arrangementLine{
		Who: fmt.Sprintf("%s (%s)", a.Name, a.UID), What: okey.Capitalize(a.Function.French()), Where: fmt.Sprintf("%s (%s)", a.School, a.UAI),
		Until: "sans fin", Reason: a.Reason, By: a.ByName, State: "en cours",
	}
	if !a.Until.IsZero() {
		line.Until = a.Until.SayWithYear()
		if a.Until.Before(v.Today()) {
			line.State = "passé, sans effet"
		}
	}
	if a.Void {
		line.State = voidPost
	}
	if !a.EndedAt.IsZero() {
		line.State = fmt.Sprintf("terminé %s par %s", web.Paris(v).Day(a.EndedAt), a.EndedByName)
	}
	return line
}

// attach gives a person a function at an establishment.
func (s *Pages) attach(v *web.Visit) error {
	if err := web.MayArrange(v); err != nil {
		return err
	}
	f := attachmentForm(v)
	if err := s.Read(v, f); err != nil {
		return err
	}
	a, err := s.readAttachment(v, f)
	if err != nil {
		return err
	}
	if len(f.Errors) > 0 {
		return s.showAttachments(v, http.StatusUnprocessableEntity, f, "")
	}
	told, err := s.store.Attach(v.Ctx(), a)
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return s.showAttachments(v, http.StatusUnprocessableEntity, f, "")
	}
	s.act.Tell(v.Ctx(), told)
	v.Redirect(http.StatusSeeOther, web.DoneURL(web.PathAttachments, a.ID))
	return nil
}

// readAttachment is what the form says; what is wrong with it stands in the form.
func (s *Pages) readAttachment(v *web.Visit, f *web.Form) (okey.Attachment, error) {
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
		f.Note("function", "Choisissez la fonction de cette personne.")
	}
	today := web.TodayAt(v, place)
	a.Until = f.Day("until", today)
	switch {
	case a.Until.IsZero():
	case a.Until.Before(today):
		f.Note("until", "Ce jour est passé : donnez-en un à venir.")
	case today.AddMonths(okey.MaxDelegation).Before(a.Until):
		f.Note("until", "Un rattachement dure un an au plus : donnez un dernier jour plus proche.")
	}
	a.Reason = f.Text("comment")
	return a, nil
}

// meant is the person whom support names by uid, address or name. Neither addresses nor names are unique: then the uids are listed.
func (s *Pages) meant(v *web.Visit, f *web.Form, typed string) (okey.PersonID, error) {
	var found []okey.Person
	if typed != "" && len(typed) <= okey.MaxText && web.IsPlainText(typed) {
		person, err := s.store.PersonByUID(v.Ctx(), typed)
		switch okey.ErrorCode(err) {
		case "":
			found = []okey.Person{person}
		case okey.CodeNotFound:
			if found, err = s.store.PeopleByMail(v.Ctx(), typed); err != nil {
				return okey.PersonID{}, err
			}
		default:
			return okey.PersonID{}, err
		}
	}
	switch {
	case typed == "":
		f.Note("who", "Écrivez le nom, l'identifiant ou l'adresse de la personne.")
	case len(found) == 0:
		return s.meantByName(v, f, typed)
	case len(found) > 1:
		uids := make([]string, len(found))
		for i, p := range found {
			uids[i] = fmt.Sprintf("%s (%s)", p.UID, p.Name())
		}
		f.Note("who", "Plusieurs personnes ont cette adresse. Écrivez l'identifiant de celle que vous voulez : "+strings.Join(uids, ", ")+".")
	case found[0].ID == v.Actor.ID:
		f.Note("who", "C'est vous : demandez à un collègue de l'assistance de le faire.")
	default:
		return found[0].ID, nil
	}
	return okey.PersonID{}, nil
}

// manyNamesakes is how many people of one name a form lists.
const manyNamesakes = 5

// meantByName is the one person of a name. Of several, and of those whose name only has in it what was typed, support chooses.
func (s *Pages) meantByName(v *web.Visit, f *web.Form, typed string) (okey.PersonID, error) {
	var found []sql.FoundPerson
	if len(typed) <= okey.MaxText && web.IsPlainText(typed) {
		var err error
		if found, err = s.store.FindPeople(v.Ctx(), web.NameTyped(typed), "", v.Today(), manyNamesakes+1); err != nil {
			return okey.PersonID{}, err
		}
	}
	switch {
	case len(found) == 0:
		f.Note("who", "OKEY ne connaît personne sous ce nom, cet identifiant ni cette adresse : vérifiez, ou demandez à la personne de se connecter une première fois.")
	case len(found) > manyNamesakes:
		f.Note("who", "Trop de personnes répondent à ce nom : écrivez-le en entier, ou tapez l'identifiant.")
	case found[0].ID == v.Actor.ID && len(found) == 1:
		f.Note("who", "C'est vous : demandez à un collègue de l'assistance de le faire.")
	case found[0].Exact && (len(found) == 1 || !found[1].Exact):
		return found[0].ID, nil
	default:
		named := make([]string, len(found))
		for i, p := range found {
			named[i] = p.UID + " (" + p.Name() + web.SayPosts(p, ", ") + ")"
		}
		f.Note("who", "Écrivez l'identifiant de la personne que vous voulez : "+strings.Join(named, ", ")+".")
	}
	return okey.PersonID{}, nil
}

// servedPlace is the establishment that a field of the form names: one that OKEY serves.
func (s *Pages) servedPlace(v *web.Visit, f *web.Form, name string) (sql.Place, error) {
	uai, err := okey.ParseUAI(f.Values[name])
	if err == nil {
		_, err = s.act.Receiver(v.Ctx(), name, uai)
	}
	if err != nil {
		if okey.ErrorCode(err) == okey.CodeInvalid {
			f.Wrong(name, okey.ErrorMessage(err))
			return sql.Place{}, nil
		}
		return sql.Place{}, err
	}
	return s.store.Place(v.Ctx(), uai)
}

// detach ends an attachment at once.
func (s *Pages) detach(v *web.Visit) error {
	return s.endArrangement(v, web.PathAttachments, s.store.Detach)
}

func (s *Pages) attachmentsTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return web.Spreadsheet{}, err
	}
	found, err := s.store.Attachments(v.Ctx(), v.Now.AddDate(-1, 0, 0), arrangementRows)
	return web.Spreadsheet{Name: "rattachements", Title: "Personnes rattachées par l'assistance", Sheets: []workbook.Sheet{{Name: "Rattachements", Columns: []workbook.Column{
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
	}, Rows: web.RowsOf(found, func(a sql.ListedAttachment) []any {
		state := attachmentLine(v, a).State
		if !a.EndedAt.IsZero() {
			state = "terminé"
		}
		return []any{a.UID, a.Name, a.Function.French(), a.UAI, a.School, a.Until, a.Reason, a.ByName, state, web.InZone(a.EndedAt, web.Paris(v).Zone), a.EndedByName}
	})}}}, err
}

// Cells of somebody attached, or of a school that another one answers for: that has neither a function nor a last day.
func (l arrangementLine) Cells() []web.Cell {
	if l.What == "" {
		return []web.Cell{{Text: l.Who}, {Text: l.Where}, {Text: l.Reason}, {Text: l.By}, {Text: l.State, Form: l.End, Does: "Mettre fin pour " + l.Who}}
	}
	return []web.Cell{
		{Text: l.Who},
		{Text: l.What},
		{Text: l.Where},
		{Text: l.Until},
		{Text: l.Reason},
		{Text: l.By},
		{Text: l.State, Form: l.End, Does: "Mettre fin au rattachement de " + l.Who},
	}
}

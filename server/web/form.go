package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/respond"

	"github.com/google/uuid"
)

// Form is a form as a person sees it: empty at first, later with everything that they typed (never a PIN) and what is wrong with it.
type Form struct {
	Name   string    // distinguishes the forms of one page: ids begin with it
	Path   string    // where it is sent
	Action uuid.UUID // made with the form: sent twice, it is one action
	Person okey.PersonID
	Values map[string]string
	Errors []FormError
	Fields map[string]Field
	Button string
	Extra  any // what only this form shows
}

// Field is how one thing is asked.
type Field struct {
	Label   string
	Hint    string
	Missing string // what is said where nothing is in it; empty: what the domain says
	Empty   string // of a list: what stands there before a choice
	Default string // of one where nothing does: what holds unasked; empty: the first
	Choices []Choice
	Offered []Choice // what may be meant, where anything may be typed
	Number  bool     // a phone shows its digits
	Printed string   // of a filter: what paper says of it, where its label and value do not
}

// Choice is one of the answers that a field offers.
type Choice struct{ Value, Label string }

// FormError is what is wrong with a field, or with the form where Field is empty.
type FormError struct {
	Field, Message string
	Meanwhile      string    // what holds until it is put right, where a page is shown all the same
	Among          []NavLink // what may be meant, each a click away
}

// NewForm is a form that nobody has filled in. The visitor alone may send it, once: sent again it is the same action.
func NewForm(v *Visit, name, path, button string, fields map[string]Field) *Form {
	return &Form{
		Name: name, Path: path, Action: uuid.New(), Person: v.Actor.ID, Values: map[string]string{}, Fields: fields, Button: button,
	}
}

// Entry is one field of a form, ready to be written.
type Entry struct {
	Field
	ID, Name, Value string
	Message         string // what is wrong with it
	Described       string // the ids of what explains it
}

// Starred tells whether a field of the form must be filled in.
func (f *Form) Starred() bool {
	for _, asked := range f.Fields {
		if strings.HasPrefix(asked.Label, "*") {
			return true
		}
	}
	return false
}

// Entry is a field as templates write it.
func (f *Form) Entry(name string) Entry {
	e := Entry{Field: f.Fields[name], ID: f.Name + "-" + name, Name: name, Value: f.Values[name]}
	var ids []string
	if e.Hint != "" {
		ids = append(ids, e.ID+"-aide")
	}
	for _, wrong := range f.Errors {
		if wrong.Field == name {
			e.Message = wrong.Message
			ids = append(ids, e.ID+"-erreur")
		}
	}
	e.Described = strings.Join(ids, " ")
	return e
}

// Read fills the form with what was sent. Fields that the form does not have are not looked at; a form that somebody else opened,
// in a browser that two people share, is not taken for the visitor's.
func (s *Site) Read(v *Visit, f *Form) error {
	if s.session.Exists(v.Ctx(), sessionDraft) {
		s.session.Remove(v.Ctx(), sessionDraft)
	}
	if err := v.Request.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return okey.Errorf(okey.CodeTooLarge, "Ce que vous avez envoyé est trop long : raccourcissez-le.")
		}
		return okey.Errorf(okey.CodeInvalid, "Ce formulaire est arrivé abîmé : revenez en arrière et recommencez.")
	}
	if opener := v.Request.PostForm.Get("person"); v.SignedIn() && opener != "" && opener != v.Actor.ID.String() {
		return okey.Errorf(okey.CodeForbidden,
			"Vous avez changé de compte depuis l'ouverture de cette page. Rien n'a été fait : "+
				"ouvrez la page de nouveau, puis recommencez.")
	}
	id, err := uuid.Parse(v.Request.PostForm.Get("action"))
	if err != nil || id == uuid.Nil {
		return okey.Errorf(okey.CodeInvalid, "Ce formulaire est arrivé abîmé : revenez en arrière et recommencez.")
	}
	f.Action = id
	f.fill(v.Request.PostForm)
	return nil
}

func (f *Form) fill(sent url.Values) {
	for name := range f.Fields {
		if !slices.Contains(neverKept, name) {
			f.Values[name] = sent.Get(name)
		}
	}
}

// formWords say an error of a field as the page asks for it: the API's own words name codes.
var formWords = map[string]map[string]string{
	"reponse":    {"decision": "Choisissez d'accepter ou de refuser."},
	"reponses":   {"decision": "Choisissez d'accepter ou de refuser."},
	"changement": {"reason": "Veuillez choisir un motif."},
	"demande": {
		"reason":        "Choisissez pourquoi vous demandez cette clef.",
		"establishment": "Choisissez l'établissement où vous irez chercher la clef.",
	},
	"charte": {"charter": "La charte a changé : relisez-la ci-dessous, puis signez."},
}

// Refuse puts the errors of a command into the form; other errors come back.
func (f *Form) Refuse(err error) error {
	var several respond.Invalid
	switch {
	case errors.As(err, &several):
		for _, one := range several {
			f.Wrong(one.Field, one.Message)
		}
		return nil
	case okey.ErrorCode(err) == okey.CodeInvalid, okey.ErrorCode(err) == okey.CodeCharterOutdated:
		one := respond.AsError(err)
		f.Wrong(one.Field, one.Message)
		return nil
	case okey.ErrorCode(err) == okey.CodeActionReused:
		// An earlier form's id, back from the browser's history: what was typed is not lost, and sent again it is an action of its own.
		f.Action = uuid.New()
		f.Wrong("", "Ce formulaire avait déjà servi pour autre chose. Vérifiez ce que vous avez écrit, puis envoyez-le de nouveau.")
		return nil
	}
	return err
}

// Wrong notes an error; one a field is enough to go on.
func (f *Form) Wrong(field, message string) {
	if _, asked := f.Fields[field]; !asked {
		field = ""
	}
	if worded := formWords[f.Name][field]; worded != "" {
		message = worded
	}
	if missing := f.Fields[field].Missing; missing != "" && strings.TrimSpace(f.Values[field]) == "" {
		message = missing
	}
	f.Note(field, message)
}

// Note puts an error beside its field, as it is worded.
func (f *Form) Note(field, message string) {
	for _, known := range f.Errors {
		if field != "" && known.Field == field {
			return
		}
	}
	if field == "charter" {
		f.Values["read"] = "" // the new text is agreed to anew
	}
	f.Errors = append(f.Errors, FormError{Field: field, Message: message})
}

// InOrder puts the errors in the order in which the page asks for the fields.
func (f *Form) InOrder(fields ...string) {
	slices.SortStableFunc(f.Errors, func(a, b FormError) int { return slices.Index(fields, a.Field) - slices.Index(fields, b.Field) })
}

// Number reads a number of keys as people type it: 5, "5 " or 1 000. What is none is noted beside its field, with the bounds that
// the answer is to keep; it counts as 0.
func (f *Form) Number(name string, least, most int) (n int, read bool) {
	digits := strings.Join(strings.Fields(f.Values[name]), "")
	n, err := strconv.Atoi(digits)
	if err == nil && strings.Trim(digits, "0123456789") == "" {
		return n, true
	}
	f.Note(name, fmt.Sprintf("Écrivez un nombre de %d à %d.", least, most))
	return 0, false
}

// Text is what somebody must write into a field of the form.
func (f *Form) Text(name string) string {
	text, err := okey.CheckText(name, f.Values[name], true)
	if err != nil {
		f.Wrong(name, okey.ErrorMessage(err))
	}
	return text
}

// Day reads a day of the form, and leaves it there as browsers write days. What to write instead is a day that the form would take.
func (f *Form) Day(name string, today okey.Day) okey.Day {
	day, err := okey.ParseDay(f.Values[name])
	if err != nil {
		label, example := strings.TrimPrefix(f.Fields[name].Label, "*"), today.AddMonths(1).Time().Format("02/01/2006")
		f.Note(name, fmt.Sprintf("%s : écrivez une date comme %s.", label, example))
		return okey.Day{}
	}
	f.Values[name] = day.String()
	return day
}

// Chosen fills in what the address asks for, where nothing is chosen yet.
func (f *Form) Chosen(v *Visit, signal okey.Signal) {
	decision := okey.Decision(v.Query(address.ParameterAnswer))
	if signal == okey.PrincipalDecision && f.Values["decision"] == "" && (decision == okey.Approve || decision == okey.Refuse) {
		f.Values["decision"] = string(decision)
	}
}

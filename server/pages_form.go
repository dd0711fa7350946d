package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// form is a form as a person sees it: empty at first, later with everything that they typed (never a PIN) and what is wrong with it.
type form struct {
	Name   string    // distinguishes the forms of one page: ids begin with it
	Path   string    // where it is sent
	Action uuid.UUID // made with the form: sent twice, it is one action
	Person okey.PersonID
	Values map[string]string
	Errors []formError
	Fields map[string]field
	Button string
	Extra  any // what only this form shows
}

// field is how one thing is asked.
type field struct {
	Label   string
	Hint    string
	Missing string // what is said where nothing is in it; empty: what the domain says
	Empty   string // of a list: what stands there before a choice
	Choices []choice
	Number  bool // a phone shows its digits
}

type choice struct{ Value, Label string }

type formError struct {
	Field, Message string
	Meanwhile      string // what holds until it is put right, where a page is shown all the same
}

func newForm(v *visit, name, path, button string, fields map[string]field) *form {
	return &form{Name: name, Path: path, Action: uuid.New(), Person: v.Actor.ID, Values: map[string]string{}, Fields: fields, Button: button}
}

// entry is one field of a form, ready to be written.
type entry struct {
	field
	ID, Name, Value string
	Message         string // what is wrong with it
	Described       string // the ids of what explains it
}

// Starred tells whether a field of the form must be filled in.
func (f *form) Starred() bool {
	for _, asked := range f.Fields {
		if strings.HasPrefix(asked.Label, "*") {
			return true
		}
	}
	return false
}

func (f *form) entry(name string) entry {
	e := entry{field: f.Fields[name], ID: f.Name + "-" + name, Name: name, Value: f.Values[name]}
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

// neverKept are fields that leave the server's memory with the answer.
var neverKept = []string{"current", "pin", "pin2"}

// asksAgain are fields that answer a question of OKEY's: whoever comes back is asked again, for the form may have been set aside in a browser of
// somebody else's.
var asksAgain = []string{"swap", "confirm", "confirmed", "compared", "zeros", "read"}

// read fills the form with what was sent. Fields that the form does not have are not looked at; a form that somebody else opened, in a browser that two
// people share, is not taken for the visitor's.
func (s *Server) read(v *visit, f *form) error {
	if s.sessions.Exists(v.ctx(), sessionDraft) {
		s.sessions.Remove(v.ctx(), sessionDraft)
	}
	if err := v.Request.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return okey.Errorf(okey.CodeTooLarge, "Ce que vous avez envoyé est trop long : raccourcissez-le.")
		}
		return okey.Errorf(okey.CodeInvalid, "Ce formulaire est arrivé abîmé : revenez en arrière et recommencez.")
	}
	if opener := v.Request.PostForm.Get("person"); v.signedIn() && opener != "" && opener != v.Actor.ID.String() {
		return okey.Errorf(okey.CodeForbidden, "Ce formulaire a été ouvert sous un autre nom que le vôtre, dans un autre onglet peut-être : rien n'a été fait. Ouvrez la page de nouveau, puis recommencez.")
	}
	id, err := uuid.Parse(v.Request.PostForm.Get("action"))
	if err != nil || id == uuid.Nil {
		return okey.Errorf(okey.CodeInvalid, "Ce formulaire est arrivé abîmé : revenez en arrière et recommencez.")
	}
	f.Action = id
	f.fill(v.Request.PostForm)
	return nil
}

func (f *form) fill(sent url.Values) {
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
	"demande":    {"reason": "Choisissez pourquoi vous demandez cette clef.", "establishment": "Choisissez l'établissement où vous irez chercher la clef."},
	"charte":     {"charter": "La charte a changé : relisez-la ci-dessous, puis signez."},
}

// refuse puts the errors of a wish into the form; other errors come back.
func (f *form) refuse(err error) error {
	var several invalid
	switch {
	case errors.As(err, &several):
		for _, one := range several {
			f.wrong(one.Field, one.Message)
		}
		return nil
	case okey.ErrorCode(err) == okey.CodeInvalid, okey.ErrorCode(err) == okey.CodeCharterOutdated:
		one := asError(err)
		f.wrong(one.Field, one.Message)
		return nil
	case okey.ErrorCode(err) == okey.CodeActionReused:
		// An earlier form's id, back from the browser's history: what was typed is not lost, and sent again it is an action of its own.
		f.Action = uuid.New()
		f.wrong("", "Ce formulaire avait déjà servi pour autre chose. Vérifiez ce que vous avez écrit, puis envoyez-le de nouveau.")
		return nil
	}
	return err
}

// wrong notes an error; one a field is enough to go on.
func (f *form) wrong(field, message string) {
	if _, asked := f.Fields[field]; !asked {
		field = ""
	}
	if worded := formWords[f.Name][field]; worded != "" {
		message = worded
	}
	if missing := f.Fields[field].Missing; missing != "" && strings.TrimSpace(f.Values[field]) == "" {
		message = missing
	}
	f.note(field, message)
}

// note puts an error beside its field, as it is worded.
func (f *form) note(field, message string) {
	for _, known := range f.Errors {
		if field != "" && known.Field == field {
			return
		}
	}
	if field == "charter" {
		f.Values["read"] = "" // the new text is agreed to anew
	}
	f.Errors = append(f.Errors, formError{Field: field, Message: message})
}

// inOrder puts the errors in the order in which the page asks for the fields.
func (f *form) inOrder(fields ...string) {
	slices.SortStableFunc(f.Errors, func(a, b formError) int { return slices.Index(fields, a.Field) - slices.Index(fields, b.Field) })
}

// number reads a number of keys as people type it: 5, "5 " or 1 000. What is none is noted beside its field, with the bounds that the answer
// is to keep; it counts as 0.
func (f *form) number(name string, least, most int) (n int, read bool) {
	digits := strings.Join(strings.Fields(f.Values[name]), "")
	n, err := strconv.Atoi(digits)
	if err == nil && strings.Trim(digits, "0123456789") == "" {
		return n, true
	}
	f.note(name, fmt.Sprintf("Écrivez un nombre de %d à %d.", least, most))
	return 0, false
}

// draft is a form that was sent after its session had ended, or that came back with something to correct.
type draft struct {
	Path   string            `json:"path"`
	Person string            `json:"person"` // who opened the form: nobody else gets to read it
	Action string            `json:"action"`
	Values map[string]string `json:"values"`
	At     time.Time         `json:"at"`
}

const (
	sessionDraft = "draft"
	draftLife    = time.Hour
	draftSize    = 8 << 10  // a form's texts have 500 characters at most
	longDraft    = 64 << 10 // of an inventory: okey.MaxInventory serials as keys have them, some 20 characters each
)

// keepDraft puts a form aside until its writer has signed in again. The answer is a page, not a way straight to the provider: the person
// must know why they are asked to sign in, and that nothing is lost.
func (s *Server) keepDraft(v *visit) {
	v.Abort()
	kept := false
	if v.Request.ParseForm() == nil {
		sent := v.Request.PostForm
		if text := draftOf(v, sent.Get("person"), sent.Get("action"), asksAgain); text != "" && sent.Get("person") != "" {
			kept = s.holdDraft(v, text)
		}
	}
	sc := screen{Title: "Votre session a pris fin", Body: sessionEnded{
		SignIn: pathSignIn + "?vers=" + url.QueryEscape(v.Request.URL.EscapedPath()), Kept: kept,
		PIN: slices.ContainsFunc(neverKept, v.Request.PostForm.Has), Charter: v.Request.PostForm.Has("charter"),
	}}
	if err := s.show(v, http.StatusUnauthorized, "session", sc); err != nil {
		s.failVisit(v, err)
	}
}

// keepSent puts aside what a signed-in person has just sent and OKEY did not take: whoever opens the form's page again finds it there. Its id is not
// kept, for it may have served.
func (s *Server) keepSent(v *visit) {
	if !v.signedIn() || v.Request.Method != http.MethodPost {
		return
	}
	if text := draftOf(v, v.Actor.ID.String(), "", asksAgain); text != "" {
		s.sessions.Put(v.ctx(), sessionDraft, text)
	}
}

// draftOf is what was sent, but some fields, as the session keeps it; empty where it is too long.
func draftOf(v *visit, person, action string, but []string) string {
	d := draft{Path: v.Request.URL.Path, Person: person, Action: action, Values: map[string]string{}, At: v.Now}
	for name := range v.Request.PostForm {
		if !slices.Contains(neverKept, name) && !slices.Contains(but, name) {
			d.Values[name] = v.Request.PostForm.Get(name)
		}
	}
	text, err := json.Marshal(d)
	if err != nil || len(text) > draftRoom(d.Path) {
		return ""
	}
	return string(text)
}

// holdDraft keeps what anybody at all may have sent: a network that has sent many such forms within ten minutes is told that this one is not kept.
func (s *Server) holdDraft(v *visit, text string) bool {
	before, err := s.store.CountAttempt(v.ctx(), okey.AttemptDraft, okey.AttemptMark(okey.AttemptDraft, v.ClientIP(), s.settings.LinkKeys), v.Now)
	if err == nil {
		err = okey.AttemptDraft.Limit().Check(before, v.Now)
	}
	if err != nil {
		slog.WarnContext(v.ctx(), "a form sent without a session was not kept", "error", err, "request_id", requestID(v.Context))
		return false
	}
	s.sessions.hold(v.ctx(), sessionDraft, text, v.Now)
	return true
}

// draftRoom is small where it can be: whoever sends a form without a session fills the database with it.
func draftRoom(path string) int {
	if path == pathInventory {
		return longDraft
	}
	return draftSize
}

type sessionEnded struct {
	SignIn  string
	Kept    bool
	PIN     bool // the form had one, which is never kept
	Charter bool // and the box of the charter, which is ticked anew
}

// restore fills a form with what its writer had sent when the session ended, or when OKEY found something to correct; true where there was something.
// It stays until it is sent. What was written for one establishment is not shown on another's page.
func (s *Server) restore(v *visit, f *form) bool {
	var d draft
	if json.Unmarshal([]byte(s.sessions.GetString(v.ctx(), sessionDraft)), &d) != nil || d.Path != f.Path || v.Request.Method != http.MethodGet {
		return false
	}
	if d.Person != v.Actor.ID.String() || v.Now.Sub(d.At) > draftLife {
		return false
	}
	if here := f.Values["establishment"]; here != "" && d.Values["establishment"] != here {
		return false
	}
	for name := range f.Fields {
		if !slices.Contains(asksAgain, name) {
			f.Values[name] = d.Values[name]
		}
	}
	if id, err := uuid.Parse(d.Action); err == nil && id != uuid.Nil {
		f.Action = id
	}
	v.restored = f
	return true
}

// begun is the id of a field that is filled in, the first by name; empty where none is shown.
func (f *form) begun() string {
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		if f.Fields[name].Label != "" && f.Values[name] != "" {
			return f.entry(name).ID
		}
	}
	return ""
}

const restoredNotice = "Rien de ce que vous aviez écrit n'est perdu : vérifiez, puis envoyez."

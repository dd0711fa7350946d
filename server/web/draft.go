package web

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"okey/internal/address"
	"okey/okey"

	"github.com/google/uuid"
)

// neverKept are fields that leave the server's memory with the answer.
var neverKept = []string{"current", "pin", "pin2", "code"}

// asksAgain are fields that answer a question of OKEY's: whoever comes back is asked again, for the form may have been set aside in
// a browser of somebody else's.
var asksAgain = []string{"swap", "confirm", "confirmed", "compared", "zeros", "read"}

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

	draftLife = time.Hour
	draftSize = 8 << 10  // a form's texts have 500 characters at most
	longDraft = 64 << 10 // of an inventory: okey.MaxInventory serials as keys have them, some 20 characters each
)

// keepDraft puts a form aside until its writer has signed in again. The answer is a page, not a way straight to the provider: the person
// must know why they are asked to sign in, and that nothing is lost.
func (s *Site) keepDraft(v *Visit) {
	v.Abort()
	kept := false
	if v.Request.ParseForm() == nil {
		sent := v.Request.PostForm
		if text := draftOf(v, sent.Get("person"), sent.Get("action"), asksAgain); text != "" && sent.Get("person") != "" {
			kept = s.holdDraft(v, text)
		}
	}
	sc := Screen{Title: "Votre session a pris fin", Body: sessionEnded{
		SignIn: address.PathSignIn + "?vers=" + url.QueryEscape(v.Request.URL.EscapedPath()), Kept: kept,
		PIN: slices.ContainsFunc(neverKept, v.Request.PostForm.Has), Charter: v.Request.PostForm.Has("charter"),
	}}
	if err := s.Show(v, http.StatusUnauthorized, "session", sc); err != nil {
		s.FailVisit(v, err)
	}
}

// KeepSent puts aside what a signed-in person has just sent and OKEY did not take: whoever opens the form's page again finds it
// there. Its id is not kept, for it may have served.
func (s *Site) KeepSent(v *Visit) {
	if !v.SignedIn() || v.Request.Method != http.MethodPost {
		return
	}
	if text := draftOf(v, v.Actor.ID.String(), "", asksAgain); text != "" {
		s.session.Put(v.Ctx(), sessionDraft, text)
	}
}

// draftOf is what was sent, but some fields, as the session keeps it; empty where it is too long.
func draftOf(v *Visit, person, action string, but []string) string {
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

// holdDraft keeps what anybody at all may have sent: a network that has sent many such forms within ten minutes is told that this
// one is not kept.
func (s *Site) holdDraft(v *Visit, text string) bool {
	from := okey.AttemptMark(okey.AttemptDraft, v.ClientIP(), s.settings.LinkKeys)
	before, err := s.store.CountAttempt(v.Ctx(), okey.AttemptDraft, from, v.Now)
	if err == nil {
		err = okey.AttemptDraft.Limit().Check(before, v.Now)
	}
	if err != nil {
		slog.WarnContext(v.Ctx(), "a form sent without a session was not kept", "error", err)
		return false
	}
	s.session.Hold(v.Ctx(), sessionDraft, text, v.Now)
	return true
}

// draftRoom is small where it can be: whoever sends a form without a session fills the database with it.
func draftRoom(path string) int {
	if path == address.PathInventory {
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

// Restore fills a form with what its writer had sent when the session ended, or when OKEY found something to correct; true where
// there was something. It stays until it is sent.
func (s *Site) Restore(v *Visit, f *Form) bool {
	d, kept := s.keptDraft(v)
	if !kept || !d.of(f) || v.Request.Method != http.MethodGet {
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
	v.Restored = f
	return true
}

// keptDraft is the visitor's own, while it lasts.
func (s *Site) keptDraft(v *Visit) (d draft, kept bool) {
	if json.Unmarshal([]byte(s.session.GetString(v.Ctx(), sessionDraft)), &d) != nil {
		return draft{}, false
	}
	return d, d.Person == v.Actor.ID.String() && v.Now.Sub(d.At) <= draftLife
}

// of tells whether a form is the one that was sent. What was written for one establishment is not shown on another's page.
func (d draft) of(f *Form) bool {
	here := f.Values["establishment"]
	return d.Path == f.Path && (here == "" || d.Values["establishment"] == here)
}

// begun is the id of a field that is filled in, the first by name; empty where none is shown.
func (f *Form) begun() string {
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		if f.Fields[name].Label != "" && f.Values[name] != "" {
			return f.Entry(name).ID
		}
	}
	return ""
}

// RestoredNotice is said above a form that Restore has filled.
const RestoredNotice = "Rien de ce que vous aviez écrit n'est perdu : vérifiez, puis envoyez."

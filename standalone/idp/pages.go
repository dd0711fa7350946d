package idp

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

const shown = 60 // people of a list: beyond, search

// signIn is the provider's pages.
type signIn struct {
	store     *store
	clientURL string
	madeUp    bool
	back      func(ctx context.Context, id string) string // where a finished sign-in goes on
}

type list struct {
	ID        string // of the sign-in under way, "" where the page only tells who there is
	Words     string
	Begin     string  // whom a newcomer becomes first
	First     []group // who is proposed first
	Others    []group
	Count     int  // of the others
	Shown     int  // of them
	More      bool // are left out
	ClientURL string
	MadeUp    bool // the people are
}

// group are people of one kind, as the list has them.
type group struct {
	Name   string
	Choose string // the sign-in that they are chosen for
	People []Person
}

// home tells who can sign in to those who come without being sent.
func (s signIn) home(w http.ResponseWriter, r *http.Request) {
	s.list(w, r, "", r.FormValue("q"))
}

// choose asks who it is. Who sends people here may say: a hint that is somebody's whole uid signs that person in at once, as anybody may
// sign in here as anybody; any other is looked for. A person who is to be asked again is asked.
func (s signIn) choose(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("id")
	request, err := s.store.find(id)
	if err != nil {
		s.render(w, http.StatusNotFound, "expired.html", list{ClientURL: s.clientURL})
		return
	}
	words := request.asked.LoginHint
	if r.URL.Query().Has("q") {
		words = r.FormValue("q")
	} else if hinted, err := s.store.person(r.Context(), words); err == nil && !slices.Contains(request.asked.Prompt, oidc.PromptLogin) {
		s.goOn(w, r, id, hinted)
		return
	}
	s.list(w, r, id, words)
}

func (s signIn) list(w http.ResponseWriter, r *http.Request, id, words string) {
	people, err := s.store.people(r.Context())
	if err != nil {
		slog.Error("the people who can sign in", "error", err)
		http.Error(w, "La liste des personnes n'a pas pu être lue. Réessayez dans un instant.", http.StatusServiceUnavailable)
		return
	}
	page := list{ID: id, Words: words, ClientURL: s.clientURL}
	first, others := search(people, words), []Person(nil)
	if words == "" {
		others = slices.Clone(first)
		first = slices.DeleteFunc(first, func(p Person) bool { return p.Does == "" })
		others = slices.DeleteFunc(others, func(p Person) bool { return p.Does != "" })
		if len(first) > 0 {
			page.Begin = first[0].Name()
		}
		first, others = withAwaited(first, others)
	}
	page.First = grouped(first[:min(shown, len(first))], id)
	page.Others = grouped(others[:min(shown, len(others))], id)
	page.Count, page.Shown, page.More = len(others), min(shown, len(others)), max(len(others), len(first)) > shown
	s.render(w, http.StatusOK, "list.html", page)
}

// mostAwaited is how many of those for whom something waits are proposed beside the others: the first of them.
const mostAwaited = 6

// withAwaited moves them from the others to those who are proposed. Of a group, those come first for whom something waits.
func withAwaited(first, others []Person) ([]Person, []Person) {
	moved := 0
	others = slices.DeleteFunc(others, func(p Person) bool {
		if p.Waits == "" || moved == mostAwaited {
			return false
		}
		moved++
		first = append(first, p)
		return true
	})
	place := map[string]int{}
	for n, p := range first {
		if _, met := place[p.Group]; !met {
			place[p.Group] = n
		}
	}
	slices.SortStableFunc(first, func(a, b Person) int {
		return cmp.Or(cmp.Compare(place[a.Group], place[b.Group]), cmp.Compare(idle(a), idle(b)))
	})
	return first, others
}

func idle(p Person) int {
	if p.Waits == "" {
		return 1
	}
	return 0
}

// grouped puts people under the names of their groups, in the order in which these are met.
func grouped(people []Person, id string) []group {
	var groups []group
	for _, p := range people {
		at := slices.IndexFunc(groups, func(g group) bool { return g.Name == p.Group })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{Name: p.Group, Choose: id})
		}
		groups[at].People = append(groups[at].People, p)
	}
	return groups
}

func search(people []Person, words string) []Person {
	var found []Person
	wanted := strings.Fields(strings.ToLower(words))
next:
	for _, p := range people {
		text := strings.ToLower(strings.Join([]string{p.UID, p.Name(), p.Mail, p.Role, p.Does}, " "))
		for _, word := range wanted {
			if !strings.Contains(text, word) {
				continue next
			}
		}
		found = append(found, p)
	}
	return found
}

func (s signIn) chosen(w http.ResponseWriter, r *http.Request) {
	id, uid := r.PostFormValue("id"), r.PostFormValue("uid")
	person, err := s.store.person(r.Context(), uid)
	if err != nil {
		http.Error(w, "Cette personne n'est pas dans la liste.", http.StatusUnprocessableEntity)
		return
	}
	s.goOn(w, r, id, person)
}

// goOn ends a sign-in as somebody and leads back to OKEY.
func (s signIn) goOn(w http.ResponseWriter, r *http.Request, id string, person Person) {
	if err := s.store.choose(id, person.UID); err != nil {
		s.render(w, http.StatusNotFound, "expired.html", list{ClientURL: s.clientURL})
		return
	}
	http.Redirect(w, r, s.back(r.Context(), id), http.StatusSeeOther)
}

func (s signIn) goodbye(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusOK, "goodbye.html", list{ClientURL: s.clientURL})
}

// render writes a page whole or not at all.
func (s signIn) render(w http.ResponseWriter, status int, name string, data list) {
	data.MadeUp = s.madeUp
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		slog.Error("page not made", "page", name, "error", err)
		http.Error(w, "Cette page n'a pas pu être faite.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	// No form-action: browsers apply it to the redirects that follow, and these lead to OKEY.
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // a reader who left needs no answer
}

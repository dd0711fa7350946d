package idp

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

const shown = 60 // people on a page: beyond, search

// signIn is the provider's pages.
type signIn struct {
	store     *store
	clientURL string
	back      func(ctx context.Context, id string) string // where a finished sign-in goes on
}

type list struct {
	ID        string // of the sign-in under way, "" where the page only tells who there is
	Words     string
	People    []Person
	Count     int
	ClientURL string
}

// More tells whether the page leaves people out.
func (l list) More() bool { return l.Count > len(l.People) }

// home tells who can sign in to those who come without being sent.
func (s signIn) home(w http.ResponseWriter, r *http.Request) {
	s.list(w, r, "", r.FormValue("q"))
}

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
	found := search(people, words)
	s.render(
		w,
		http.StatusOK,
		"list.html",
		list{ID: id, Words: words, People: found[:min(shown, len(found))], Count: len(found), ClientURL: s.clientURL},
	)
}

func search(people []Person, words string) []Person {
	var found []Person
	wanted := strings.Fields(strings.ToLower(words))
next:
	for _, p := range people {
		text := strings.ToLower(strings.Join([]string{p.UID, p.Name(), p.Mail, p.Role}, " "))
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

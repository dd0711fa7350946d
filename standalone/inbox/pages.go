package inbox

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"time"
	_ "time/tzdata" // dates are said in French time wherever we run
)

//go:embed pages/*.html
var pageFiles embed.FS

const shown = 200 // messages on the list

var paris = mustLoad("Europe/Paris")

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"when": func(t time.Time) string { return t.In(paris).Format("02/01/2006 15:04:05") },
	"text": linked,
}).ParseFS(pageFiles, "pages/*.html"))

// Handler shows the inbox. HTML mail is somebody else's page: it runs no script, loads nothing and knows nothing of us.
func (box *Inbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /messages.json", box.serveJSON)
	mux.HandleFunc("GET /{$}", box.serveList)
	mux.HandleFunc("GET /clefs", box.serveKeys)
	mux.HandleFunc("GET /messages/{id}", box.serveMessage)
	mux.HandleFunc("GET /messages/{id}/html", box.serveHTML)
	mux.HandleFunc("GET /messages/{id}/source", box.serveSource)
	mux.HandleFunc("GET /messages/{id}/attachments/{n}", box.serveAttachment)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set(
			"Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
		)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer") // the links in mails are secrets
		header.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

func (box *Inbox) serveJSON(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err := json.NewEncoder(w).Encode(box.List("")); err != nil {
		slog.Debug("messages.json broken off", "error", err)
	}
}

func (box *Inbox) serveList(w http.ResponseWriter, r *http.Request) {
	words := r.FormValue("q")
	found := box.List(words)
	render(w, "list.html", map[string]any{
		"Words": words, "Count": len(found), "Messages": found[:min(shown, len(found))], "More": len(found) > shown,
		"Keys": box.showsKeys() != nil,
	})
}

func (box *Inbox) serveMessage(w http.ResponseWriter, r *http.Request) {
	if m := box.Find(r.PathValue("id")); m != nil {
		render(w, "message.html", m)
		return
	}
	http.NotFound(w, r)
}

func (box *Inbox) serveHTML(w http.ResponseWriter, r *http.Request) {
	m := box.Find(r.PathValue("id"))
	if m == nil {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set(
		"Content-Security-Policy",
		"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "+
			"frame-ancestors 'self'",
	)
	header.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!doctype html><base target="_blank">` + m.HTML)) // a reader who left needs no answer
}

func (box *Inbox) serveSource(w http.ResponseWriter, r *http.Request) {
	raw, err := box.raw(r.PathValue("id"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(raw)
}

func (box *Inbox) serveAttachment(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	n, err := strconv.Atoi(r.PathValue("n"))
	raw, rawErr := box.raw(id)
	if err != nil || rawErr != nil {
		http.NotFound(w, r)
		return
	}
	attachments := decode(id, raw).Attachments
	if n < 0 || n >= len(attachments) {
		http.NotFound(w, r)
		return
	}
	a := attachments[n]
	header := w.Header()
	header.Set("Content-Type", a.Type)
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	header.Set("Content-Security-Policy", "sandbox")
	_, _ = w.Write(a.body)
}

// render writes a page whole or not at all.
func render(w http.ResponseWriter, name string, data any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		slog.Error("page not made", "page", name, "error", err)
		http.Error(w, "Cette page n'a pas pu être faite.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes())
}

var address = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)»\]]`)

// linked makes the addresses in a plain text clickable.
func linked(text string) template.HTML {
	var out bytes.Buffer
	at := 0
	for _, span := range address.FindAllStringIndex(text, -1) {
		template.HTMLEscape(&out, []byte(text[at:span[0]]))
		link := template.HTMLEscapeString(text[span[0]:span[1]])
		out.WriteString(`<a target="_blank" rel="noopener" href="` + link + `">` + link + `</a>`)
		at = span[1]
	}
	template.HTMLEscape(&out, []byte(text[at:]))
	return template.HTML(out.String()) // every part of it was escaped above
}

func mustLoad(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // embedded with the program
	}
	return location
}

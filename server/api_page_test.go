package server_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever writes a program finds on one page each operation, each code and each value, and every link of it leads somewhere.
func TestThePageOfTheAPIShowsAllThatTheDescriptionSays(t *testing.T) {
	h, doc := newHouse(t), described(t)
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, h.URL+"/api", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	text := string(body)
	operations(doc, func(name, path, method string, o *openapi3.Operation) {
		assert.Regexp(t, `<details class="operation"><summary><h3>[^<]+</h3> <code>`+regexp.QuoteMeta(method+" /api/v1"+path)+`</code></summary>\s*<section id="`+
			o.OperationID+`"`, text, name+": what a link names stands within what is folded, so that it opens")
	})
	for name, schema := range doc.Components.Schemas {
		if len(schema.Value.Enum) == 0 {
			continue
		}
		for value := range meanings(t, doc, name) {
			assert.Contains(t, text, `data-label="Valeur">`+value+`<`, name)
		}
	}
	for name, example := range doc.Components.Examples {
		value, is := example.Value.Value.(map[string]any)
		if code, failed := value["code"].(string); is && failed {
			assert.Regexp(t, `<code>`+code+`</code>[^<]+</summary>\s*<pre class="code" id="exemple-`+name+`">`, text)
			assert.Contains(t, text, `<a href="#exemple-`+name+`">`+code+`</a>`, "an operation that may answer it leads there")
		}
	}
	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		assert.False(t, ids[id[1]], "%s twice", id[1])
		ids[id[1]] = true
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(text, -1) {
		assert.True(t, ids[link[1]], "%s leads nowhere", link[1])
	}
	names := map[string]bool{}
	for _, name := range regexp.MustCompile(`role="region" aria-label="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		assert.False(t, names[name[1]], "two tables are named %s", name[1])
		names[name[1]] = true
	}
}

// Whoever adds a slash is led to the page, and none is told that it isn't there.
func TestTheAddressOfTheAPIWithASlashLeadsToItsPage(t *testing.T) {
	h := newHouse(t)
	led := h.as(h.cast().lea).get("/api/")
	assert.Equal(t, http.StatusMovedPermanently, led.Status)
	assert.Equal(t, "/api", led.Location)
}

// signsIn are where a sign-in begins and comes back: both do something, and show nothing.
var signsIn = map[string]bool{"/connexion": true, "/connexion/retour": true}

// HEAD is GET without a body, wherever there is something to read.
func TestHEADAnswersAsGET(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	routes := h.Server.Routes()
	for _, route := range routes {
		if path, isGet := strings.CutPrefix(route, "GET "); isGet {
			assert.Equal(t, !signsIn[path], slices.Contains(routes, "HEAD "+path), path)
		}
	}
	h.ask(c.lea, scene.Tilleuls)
	for _, path := range []string{"/requests", "/keys", "/me", "/charter", "/keys/INCONNU"} {
		got, head := h.call(c.roux, http.MethodGet, path, nil), h.head(c.roux, path, "")
		assert.Equal(t, got.Status, head.Status, path)
		assert.Empty(t, head.Text, path)
		for _, header := range []string{"Content-Type", "ETag", "Cache-Control"} {
			assert.Equal(t, got.Header.Get(header), head.Header.Get(header), "%s of %s", header, path)
		}
		if tag := got.Header.Get("ETag"); tag != "" {
			assert.Equal(t, http.StatusNotModified, h.head(c.roux, path, tag).Status, path)
		}
	}
}

// head asks for what a read would answer, where the caller has not got it already under that name.
func (h *house) head(who okey.Person, path, known string) answer {
	h.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodHead, h.URL+"/api/v1"+path, nil)
	require.NoError(h, err)
	r.Header.Set("Authorization", "Bearer "+h.token(who))
	r.Header.Set("If-None-Match", known)
	response, err := http.DefaultClient.Do(r)
	require.NoError(h, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(h, err)
	return answer{Status: response.StatusCode, Header: response.Header, Text: string(body)}
}

// A filter that a program's empty variable made would show everything.
func TestAnEmptyFilterOfTheAPIIsInvalid(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for _, asked := range []string{"/keys?holder=", "/keys?reserved_for=", "/keys?state=", "/keys?establishment=+", "/requests?requester=", "/requests?stage=", "/orders?changed_since="} {
		answer := h.call(c.roux, http.MethodGet, asked, nil)
		assert.Equal(t, http.StatusUnprocessableEntity, answer.Status, asked)
		assert.Equal(t, "invalid", answer.at("code"), asked)
		assert.Contains(t, answer.Text, "vide", asked)
	}
	assert.Equal(t, http.StatusOK, h.call(c.roux, http.MethodGet, "/keys?cursor=", nil).Status, "the first page")
}

package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"okey/mail"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSupportLooksAtEveryMailBeforeAnybodyGetsIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.support)
	list := b.get("/assistance/courriels")
	require.Equal(t, http.StatusOK, list.Status)
	assert.Contains(t, b.get("/assistance").HTML, `href="/assistance/courriels"`)
	for _, entry := range mail.Register {
		assert.Contains(t, list.HTML, `href="/assistance/courriels/`+string(entry.Letter)+`"`)
	}
	for _, sample := range mail.Samples() {
		page := b.get("/assistance/courriels/" + string(sample.Letter) + "?cas=" + sample.Name)
		require.Equal(t, http.StatusOK, page.Status, sample.Name)
		message, err := mail.Write(sample.Letter, sample.Facts)
		require.NoError(t, err)
		assert.Contains(t, page.text(), "Aperçu : "+message.Subject+" Objet "+message.Subject, sample.Name)
		assert.Contains(t, page.HTML,
			`<iframe class="letter" src="/assistance/courriels/`+string(sample.Letter)+`/apercu?cas=`+sample.Name+`"`)
		assert.Contains(t, page.text(), "Une question ? Écrivez à assistance@ac-exemple.fr", "the text part, whole")
	}
}

// The frame may show OKEY's own pages, of which one alone lets itself be framed; what is in there may do nothing.
func TestAMailIsLookedAtInAClosedFrame(t *testing.T) {
	h := newHouse(t)
	b := h.as(h.cast().support)
	page := b.get("/assistance/courriels/asked")
	policy := page.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "frame-src 'self'")
	assert.Contains(t, policy, "frame-ancestors 'none'")
	assert.NotContains(t, policy, "unsafe")
	assert.Equal(t, "DENY", page.Header.Get("X-Frame-Options"))
	assert.NotContains(t, b.get("/assistance/courriels").Header.Get("Content-Security-Policy"), "frame-src")

	part := b.get("/assistance/courriels/asked/apercu")
	assert.Equal(t, "SAMEORIGIN", part.Header.Get("X-Frame-Options"))
	policy = part.Header.Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "style-src 'unsafe-inline'", "form-action 'none'", "frame-ancestors 'self'"} {
		assert.Contains(t, policy, rule)
	}
	assert.Regexp(t, `; sandbox;`, policy, "no script, no form, no window")
	assert.NotContains(t, policy, "allow-")
	assert.Contains(t, part.HTML, "Léa Martin demande une clef pour le collège L&#39;Archet")
	assert.Equal(t, 1, strings.Count(part.HTML, "href="))
	assert.Contains(t, part.HTML, `href="#"`, "its button leads nowhere")
	assert.NotContains(t, part.HTML, "http")
}

func TestAMailThatDoesNotExistIsNotThere(t *testing.T) {
	h := newHouse(t)
	b := h.as(h.cast().support)
	for _, path := range []string{
		"/nothing", "/asked?cas=refused", "/asked?cas=" + url.QueryEscape("../.."), "/nothing/apercu", "/asked/apercu?cas=x",
	} {
		assert.Equal(t, http.StatusNotFound, b.get("/assistance/courriels"+path).Status, path)
	}
}

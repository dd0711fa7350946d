package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"okey/config"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	stylesheets = regexp.MustCompile(`<link rel="stylesheet" href="([^"]*)"`)
	pictures    = regexp.MustCompile(`<img src="([^"]*)"`)
	current     = regexp.MustCompile(`aria-current="page"`)
	headings    = regexp.MustCompile(`<h1>`)
)

func foot(p sheet) string {
	_, foot, _ := strings.Cut(p.HTML, "<footer>")
	return foot
}

func TestAnAcademysOwnLookIsServedAndNamed(t *testing.T) {
	h := newHouse(t)
	const style, logo = ":root { --accent: #00553f; }", `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`
	b := h.beside(func(c *config.Config) {
		c.AcademyName = "Académie de Nice"
		c.Look = config.Look{Logo: []byte(logo), LogoType: "image/svg+xml", Style: []byte(style)}
	}).browse()
	page := b.get("/aide")
	assert.Contains(t, page.HTML, "<title>Aide · OKEY · Académie de Nice</title>")
	assert.Contains(t, page.text(), "les clefs de l'établissement. Académie de Nice")
	for _, file := range []struct{ address, kind, content string }{
		{stylesheets.FindAllStringSubmatch(page.HTML, -1)[1][1], "text/css; charset=utf-8", style},
		{pictures.FindStringSubmatch(page.HTML)[1], "image/svg+xml", logo},
	} {
		served := b.get(file.address)
		require.Equal(t, http.StatusOK, served.Status, file.address)
		assert.Equal(t, file.kind, served.Header.Get("Content-Type"))
		assert.Equal(t, file.content, served.HTML)
		assert.Equal(t, "nosniff", served.Header.Get("X-Content-Type-Options"))
		assert.Contains(t, served.Header.Get("Content-Security-Policy"), "default-src 'none'", "a script within a picture does not run")
		assert.Contains(t, served.Header.Get("Content-Security-Policy"), "sandbox")
		assert.Contains(t, served.Header.Get("Cache-Control"), "immutable")
	}
}

func TestWithoutALookOfItsOwnAnAcademyHasOKEYs(t *testing.T) {
	h := newHouse(t)
	b := h.browse()
	page := b.get("/aide")
	assert.Contains(t, page.HTML, "<title>Aide · OKEY</title>")
	assert.Len(t, stylesheets.FindAllString(page.HTML, -1), 1)
	assert.NotRegexp(t, pictures, page.HTML)
	for _, name := range []string{"/static/logo", "/static/academie.css"} {
		assert.Equal(t, http.StatusNotFound, b.get(name).Status, name)
	}
}

func TestEveryPageCanBeSkippedThroughAndSaysWhereItIs(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for _, address := range []string{"/", "/demandes", "/clefs", "/commandes", "/assistance", "/aide", "/aide/demander"} {
		page := h.as(c.support).get(address)
		require.Equal(t, http.StatusOK, page.Status, address)
		assert.Regexp(t, `<body>\s*<a class="skip" href="#contenu">`, page.HTML, "the first thing that a keyboard reaches")
		assert.Len(t, current.FindAllString(page.HTML, -1), 1, "%s is one of the places of the menu", address)
		assert.Len(t, headings.FindAllString(page.HTML, -1), 1, "one title: %s", address)
		for _, link := range []string{"/aide", "/charte", "/confidentialite", "/accessibilite", "mailto:assistance@ac-nice.fr"} {
			assert.Contains(t, foot(page), `href="`+link+`"`, address)
		}
	}
	refused := h.as(c.lea).fill("/demandes/nouvelle", "/demandes/nouvelle", "need", "")
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	assert.Contains(t, refused.HTML, "<title>Erreur : ", "a screen reader begins with the title")
}

func TestTheStatementOfAccessibilityIsOpenAndSaysNoMoreThanIsTrue(t *testing.T) {
	h := newHouse(t)
	page := h.browse().get("/accessibilite")
	require.Equal(t, http.StatusOK, page.Status)
	assert.Contains(t, foot(page), "Accessibilité : non conforme")
	for _, said := range []string{"non conforme", "aucun audit", "2005-102", "RGAA", "Défenseur des droits", "assistance@ac-nice.fr"} {
		assert.Contains(t, page.text(), said)
	}
}

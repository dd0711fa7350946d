package server_test

import (
	"html"
	"math"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"okey/config"
	"okey/internal/version"

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
	assert.Contains(t, foot(page), "<p>Version "+version.Number+", révision inconnue</p>", "a test is built without a stamp")
	assert.Contains(t, b.get("/accessibilite").text(), "L'académie de Nice s'engage")
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

// Whoever sees badly reads what others read: WCAG 1.4.3 for text, 1.4.11 for the edges of what one can use.
func TestTheColoursOfTheStylesheetStandOutFromEachOther(t *testing.T) {
	sheet, err := os.ReadFile("web/styles/page.css")
	require.NoError(t, err)
	colours := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(string(sheet), -1) {
		colours[m[1]] = m[2]
	}
	for least, pairs := range map[float64]string{
		4.5: "ink/paper ink/desk ink/shade ink/accent-shade ink/good-shade ink/bad-shade soft/paper soft/desk soft/shade accent/paper " +
			"accent/desk accent/shade accent/accent-shade " +
			"accent-deep/accent-shade accent-ink/accent accent-ink/accent-deep good/good-shade bad/bad-shade bad/paper paper/good",
		3: "line/paper line/shade line/desk accent/paper good/paper bad/paper",
	} {
		for _, pair := range strings.Fields(pairs) {
			on, under, _ := strings.Cut(pair, "/")
			require.Contains(t, colours, on)
			require.Contains(t, colours, under)
			assert.GreaterOrEqual(t, contrast(t, colours[on], colours[under]), least, pair)
		}
	}
}

// contrast is the ratio that WCAG 2 defines.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	light, dark := luminance(t, a), luminance(t, b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	total := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		value, err := strconv.ParseUint(colour[2*i:2*i+2], 16, 8)
		require.NoError(t, err)
		part := float64(value) / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		total += weight * part
	}
	return total
}

// A page asks for one stylesheet, which has every part of it.
func TestTheStylesheetIsOneOfItsParts(t *testing.T) {
	served := newHouse(t).browse().get("/static/okey.css")
	require.Equal(t, http.StatusOK, served.Status)
	assert.Equal(t, "text/css; charset=utf-8", served.Header.Get("Content-Type"))
	parts, err := os.ReadDir("web/styles")
	require.NoError(t, err)
	whole := 0
	for _, part := range parts {
		content, err := os.ReadFile("web/styles/" + part.Name())
		require.NoError(t, err)
		assert.Contains(t, served.HTML, string(content), part.Name())
		assert.Less(t, strings.Count(string(content), "\n"), 500, part.Name())
		whole += len(content)
	}
	assert.Len(t, served.HTML, whole)
	assert.Equal(t, http.StatusNotFound, newHouse(t).browse().get("/static/paper.css").Status)
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
	var parts []string // those of the model that RGAA gives, in its order
	for _, part := range regexp.MustCompile(`<h[23]>([^<]*)</h[23]>`).FindAllStringSubmatch(page.HTML, -1) {
		parts = append(parts, html.UnescapeString(part[1]))
	}
	assert.Equal(t, []string{
		"État de conformité", "Contenus non accessibles", "Non-conformités", "Dérogations pour charge disproportionnée",
		"Contenus non soumis à l'obligation d'accessibilité",
		"Établissement de cette déclaration", "Retour d'information et contact", "Voies de recours",
	}, parts)
}

func TestAnAcademysAuditIsTheStatementsState(t *testing.T) {
	h := newHouseWith(t, func(c *config.Config) {
		c.AccessibilityState, c.AccessibilityAudit = "partiellement conforme", "Audit du 3 mars 2027 par la société Exemple : "+
			"78 % des critères sont respectés."
	})
	page := h.browse().get("/accessibilite")
	assert.Contains(t, foot(page), "Accessibilité : partiellement conforme")
	assert.Contains(t, page.text(), "OKEY est partiellement conforme au référentiel")
	assert.Contains(t, page.text(), "78 % des critères")
	for _, untrue := range []string{"non conforme", "aucun audit", "établie le 25 novembre", "Sans audit"} {
		assert.NotContains(t, page.text(), untrue)
	}
}

func TestTheScriptDoesNothingTwice(t *testing.T) {
	script, err := os.ReadFile("web/static/okey.js")
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, line := range strings.Split(string(script), "\n") {
		if strings.HasPrefix(line, "for (") || strings.HasPrefix(line, "// ") {
			assert.False(t, seen[line], "a second button beside a field: %s", line)
			seen[line] = true
		}
	}
}

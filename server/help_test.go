package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"okey/config"
	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// helpFiles are the pages of help, by the end of their addresses.
func helpFiles(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("pages/help/aide/*.html")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	byName := map[string]string{}
	for _, file := range files {
		_, name, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".html"), "-")
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		byName[name] = string(content)
	}
	return byName
}

func TestEverySituationIsInTheIndexAndAnswersShortly(t *testing.T) {
	h := newHouse(t)
	b := h.browse()
	index := b.get("/aide")
	require.Equal(t, http.StatusOK, index.Status, "help needs no sign-in")
	guest, support := b, h.as(h.cast().support)
	for name, file := range helpFiles(t) {
		if b = guest; strings.Contains(file, `{{define "readers"}}assistance{{end}}`) {
			b = support
		}
		index = b.get("/aide")
		page := b.get("/aide/" + name)
		require.Equal(t, http.StatusOK, page.Status, name)
		title := regexp.MustCompile(`<h1>(.*)</h1>`).FindStringSubmatch(page.HTML)[1]
		assert.Contains(t, index.HTML, `<a href="/aide/`+name+`">`+title+`</a>`)
		assert.True(t, strings.HasSuffix(title, "?"), "the title is the question that a person has: %s", title)
		_, answer, _ := strings.Cut(file, `{{define "answer"}}`)
		assert.NotRegexp(t, ` [:;?!»]|« `, file, "%s: these stay with their word, by a space that does not break", name)
		lines := strings.Count(answer, "<p") + strings.Count(answer, "<li>")
		assert.True(t, lines >= 3 && lines <= 12, "%s: %d lines", name, lines)
	}
	assert.Equal(t, http.StatusNotFound, b.get("/aide/absente").Status)
	assert.Equal(t, http.StatusNotFound, b.get("/aide/demander%20procedure").Status)
}

var internal = regexp.MustCompile(`href="(/[^"]*)"`)

func TestHelpForSupportIsForSupportAlone(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	const page = "/aide/debloquer"
	support := h.as(c.support)
	told := support.get(page)
	require.Equal(t, http.StatusOK, told.Status)
	assert.NotContains(t, told.text(), "Écrivez à l'assistance")
	assert.Contains(t, support.get("/assistance").HTML, `href="`+page+`"`)
	for _, b := range []*browser{h.as(c.lea), h.as(c.roux), h.as(h.auditor()), h.browse()} {
		assert.Equal(t, http.StatusNotFound, b.get(page).Status)
		assert.NotContains(t, b.get("/aide").HTML, page)
	}
	assert.NotContains(t, h.as(h.auditor()).get("/assistance").HTML, page)
	for _, deed := range regexp.MustCompile(`« ([^»]*) »`).FindAllStringSubmatch(told.text(), -1) { // each is called as its page calls it
		assert.True(t, deedNamed(t, deed[1]), deed[1])
	}
}

// deedNamed tells whether a page of support calls something so.
func deedNamed(t *testing.T, name string) bool {
	t.Helper()
	for _, pattern := range []string{"pages/requests/desk.go", "pages/desk/mail.go", "web/parts.html"} {
		content, err := os.ReadFile(pattern)
		require.NoError(t, err)
		if strings.Contains(string(content), name) {
			return true
		}
	}
	return false
}

func TestEveryLinkOfHelpLeadsToAPage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.roux, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	require.NotEmpty(t, serial)
	stock := h.Person("Sonia Stock", okey.Staff, scene.Tilleuls)
	h.lent(c.roux, stock, okey.HandoverAndStock)
	offered := map[string]int{}
	for _, reader := range []okey.Person{c.roux, c.lea, stock, c.support, h.Person("Nul Part", okey.Staff)} {
		b := h.as(reader)
		followed := map[string]bool{}
		for name := range helpFiles(t) {
			for _, link := range internal.FindAllStringSubmatch(b.get("/aide/"+name).HTML, -1) {
				address := strings.ReplaceAll(link[1], "&amp;", "&")
				if followed[address] {
					continue
				}
				followed[address] = true
				assert.Contains(t, []int{http.StatusOK, http.StatusSeeOther}, b.get(address).Status, "%s: %s leads to %s", reader.Name(),
					name, address)
			}
		}
		offered[reader.Name()] = len(followed)
	}
	assert.Greater(t, offered["Léa Martin"], 10)
	assert.Greater(t, offered["Marc Roux"], offered["Léa Martin"], "a head is led to what is theirs")
	assert.Contains(t, h.browse().get("/aide/remettre").HTML, `href="/remise"`, "who has not signed in may well be a head")
}

// Where a question arises, its answer is one click away: other pages than those of help name every situation.
func TestEverySituationIsLinkedFromWhereTheQuestionArises(t *testing.T) {
	files := templateFiles(t)
	named := map[string]bool{}
	use := regexp.MustCompile(`\{\{template "help" "([^"]*)"\}\}`)
	for _, file := range files {
		if filepath.Base(file) == "situation.html" || filepath.Base(file) == "help.html" {
			continue
		}
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotContains(t, string(content), `"/aide#`, "%s: each situation has a page of its own", file)
		text := regexp.MustCompile(`(?s)\{\{/\*.*?\*/\}\}`).ReplaceAllString(string(content), "")
		for _, m := range use.FindAllStringSubmatch(text, -1) {
			for _, name := range strings.Fields(m[1]) {
				named[name] = true
			}
		}
	}
	known := helpFiles(t)
	for name := range known {
		assert.True(t, named[name], "no page leads to /aide/%s", name)
	}
	for name := range named {
		assert.Contains(t, known, name, "a page leads to help that is not there")
	}
}

func TestHelpArisesWhereTheQuestionDoes(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea, roux, nobody := h.as(c.lea), h.as(c.roux), h.as(h.Person("Nul Part", okey.Staff))
	for _, place := range []struct {
		who   *browser
		page  string
		names []string
	}{
		{nobody, "/", []string{"pas-de-compte", "assistance"}},
		{lea, "/", []string{"demander", "console-rc"}},
		{lea, "/demandes/nouvelle", []string{"procedure", "pour-un-collegue", "clef-logicielle"}},
		{roux, "/", []string{"direction", "repondre", "remettre", "console-rc"}},
		{roux, "/clefs", []string{"clef-rendue", "clefs-du-tiroir", "plus-de-clef"}},
		{roux, "/commandes?etablissement=" + string(scene.Tilleuls), []string{"plus-de-clef"}},
		{roux, "/inventaire?etablissement=" + string(scene.Tilleuls), []string{"clefs-du-tiroir"}},
		{roux, "/delegations", []string{"deleguer"}},
	} {
		page := place.who.get(place.page)
		require.Equal(t, http.StatusOK, page.Status, place.page)
		for _, name := range place.names {
			assert.Contains(t, page.HTML, `href="/aide/`+name+`"`, place.page)
		}
	}
	mine := lea.get("/clefs").HTML
	assert.NotContains(t, mine, `href="/aide/clef-rendue"`, "a head's question")
	assert.NotContains(t, mine, ".xlsx", "of nothing")
	assert.Contains(t, mine, `href="/aide/demander"`)
	request := lea.asks()
	assert.Contains(t, roux.get(request).HTML, `href="/aide/repondre"`)
	serial := h.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	blanc := h.as(c.blanc)
	for _, name := range []string{"clef-dereglee", "clef-en-panne", "clef-perdue", "rendre"} {
		assert.Contains(t, blanc.get("/clefs/"+string(serial)).HTML, `href="/aide/`+name+`"`)
	}
	for _, page := range []string{"/mon-code-pin", "/mon-code-pin/oublie"} {
		assert.Contains(t, blanc.get(page).HTML, `href="/aide/pin-oublie"`, page)
	}
}

func TestHelpSpeaksOfTheAcademysOwnToolsAsTheSettingsSay(t *testing.T) {
	h := newHouse(t)
	full := h.beside(func(c *config.Config) {
		c.TicketURL = "https://tickets.ac-nice.fr/nouveau?produit={produit}&objet={objet}"
		c.PortalURL, c.TrainingURL = "https://portail.ac-nice.fr", "https://formation.ac-nice.fr/?id=12"
	}).browse().get("/aide/clef-dereglee")
	assert.Contains(t, full.text(), "Ouvrez un ticket Fil@os , produit « Commande de clés OTP »")
	assert.Contains(t, full.HTML, `href="https://tickets.ac-nice.fr/nouveau?produit=Commande&#43;de&#43;cl%C3%A9s&#43;OTP`+
		`&amp;objet=Mon&#43;code&#43;est`, "filled in already")
	assert.Contains(t, full.HTML, `href="https://portail.ac-nice.fr"`)
	assert.Contains(t, full.HTML, `href="https://formation.ac-nice.fr/?id=12"`)
	assert.Contains(t, full.text(), "assistance@ac-nice.fr")

	bare := h.beside(func(c *config.Config) { c.TicketTool, c.SupportMail = "", "" }).browse()
	for name := range helpFiles(t) {
		page := bare.get("/aide/" + name)
		for _, word := range []string{"ticket", "Fil@os", "portail", "formation", "mailto:", "Toujours bloqué"} {
			assert.NotContains(t, page.HTML, word, name)
		}
	}
	assert.Contains(t, h.browse().get("/aide/assistance").text(), "Ouvrez un ticket Fil@os, produit",
		"without an address it is said all the same")
}

func TestHelpLeadsToTheVeryPageThatItDescribes(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	roux := h.as(c.roux)
	assert.Contains(t, roux.get("/aide/repondre").HTML, `href="/demandes/a-repondre">Voir les demandes`,
		"the oldest first, with what answers them")
	assert.Contains(t, roux.get("/aide/remettre").HTML, `Ouvrez <a href="/remise">`, "also where nothing is to be handed over")
	assert.NotContains(t, h.as(c.lea).get("/aide/remettre").HTML, `href="/remise"`)
}

package mail_test

import (
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"okey/mail"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the mails of testdata anew")

// layouts are the golden files of the HTML layout, each with the sample that it shows.
var layouts = map[string]string{"list.html": "asked_list-more", "no-list.html": "approved", "quote.html": "asked"}

// goldens are the files of testdata: one a letter, with the text of all its samples, and the layouts.
func goldens(t *testing.T) map[string]string {
	files, pages := map[string]string{}, map[string]string{}
	for _, s := range mail.Samples() {
		message := write(t, s.Letter, s.Facts)
		heading := "===== " + s.Name
		if s.Case != "" {
			heading += ": " + s.Case
		}
		files[string(s.Letter)+".txt"] += heading + "\nObjet : " + message.Subject + "\n\n" + message.Text
		pages[s.Name] = message.HTML
	}
	for file, sample := range layouts {
		files[file] = pages[sample]
	}
	return files
}

func TestEveryMailReadsAsItDid(t *testing.T) {
	for file, got := range goldens(t) {
		t.Run(file, func(t *testing.T) {
			path := filepath.Join("testdata", file)
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

func TestEveryGoldenFileIsOfALetterOrALayout(t *testing.T) {
	held := goldens(t)
	paths, err := filepath.Glob("testdata/*.*")
	require.NoError(t, err)
	for _, path := range paths {
		_, is := held[filepath.Base(path)]
		assert.True(t, is, "%s: nothing is held against it any more", path)
	}
}

func TestHTMLSaysTheSameWordsAsTheText(t *testing.T) {
	for _, s := range mail.Samples() {
		s.Facts.Academy = "Académie d'Exemple"
		partsAgree(t, write(t, s.Letter, s.Facts), s.Name)
	}
}

// partsAgree: both parts have the same words in the same order. The HTML part has two things before them: its title, which is the
// subject, and its first paragraph once more, hidden, for lists of mails to show.
func partsAgree(t *testing.T, message mail.Message, name string) {
	t.Helper()
	_, said, _ := strings.Cut(message.Text, "Bonjour,\n\n")
	first, _, _ := strings.Cut(said, "\n")
	want := message.Subject + "\n" + first + "\n" + strings.Replace(message.Text, "\n-- \n", "\n", 1)
	assert.Equal(t, strings.Fields(want), strings.Fields(asText(message.HTML)), name)
}

var (
	link   = regexp.MustCompile(`<a href="([^"]*)"[^>]*>([^<]*)</a>`)
	markup = regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>`)
)

// asText puts an HTML part as the text part is: a dash before each line of a list, a link's address after its words.
func asText(page string) string {
	page = link.ReplaceAllString(page, "$2 : $1")
	page = strings.ReplaceAll(page, "<li ", "- <li ")
	return html.UnescapeString(markup.ReplaceAllString(page, " "))
}

// A browser breaks lines at spaces: French punctuation, numbers and hours stay with their word.
func TestHTMLKeepsPunctuationWithItsWord(t *testing.T) {
	paragraph := regexp.MustCompile(`<(?:p|li) [^>]*>([^<]*)`)
	torn := regexp.MustCompile(` [:;?!»]|« |n° | h `)
	for _, s := range mail.Samples() {
		s.Facts.Need = "vite !"
		for _, found := range paragraph.FindAllStringSubmatch(write(t, s.Letter, s.Facts).HTML, -1) {
			assert.NotRegexp(t, torn, html.UnescapeString(found[1]), s.Name)
		}
	}
}

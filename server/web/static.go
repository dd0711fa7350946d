package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

// assets are the files that pages load, by name.
var assets = readAssets()

// nameSheet is the stylesheet of all pages. It is one, though it is written as several: a page asks once.
const nameSheet = "okey.css"

// sheets are its parts, in the order in which browsers read them: what holds on paper comes last.
var sheets = []string{"page.css", "plots.css", "desk.css", "paper.css"}

func readAssets() map[string][]byte {
	files := map[string][]byte{}
	err := fs.WalkDir(staticFiles, "static", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[path.Base(file)], err = staticFiles.ReadFile(file)
		return err
	})
	for _, name := range sheets {
		part, wrong := staticFiles.ReadFile("styles/" + name)
		files[nameSheet], err = append(files[nameSheet], part...), errors.Join(err, wrong)
	}
	if err != nil {
		panic(err) // the files are embedded
	}
	return files
}

func fingerprint(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}

// assetVersions are fingerprints of what pages load: a browser keeps each for good, and asks again once it has changed.
var assetVersions = func() map[string]string {
	versions := map[string]string{}
	for name, content := range assets {
		versions[name] = fingerprint(content)
	}
	return versions
}()

// asset is the address of a file that pages load.
func asset(name string) string { return "/static/" + name + "?v=" + assetVersions[name] }

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// The academy's own files, at addresses that stay. Their names are nobody else's in folder static.
const (
	nameLogo  = "logo"
	nameStyle = "academie.css"
)

// academy is what pages show of the academy; each is empty where it gives none.
type academy struct {
	Name  string
	Logo  string // address
	Style string // address
}

// Itself is the academy at the beginning of a sentence: "L'académie de Nice".
func (a academy) Itself() string {
	if rest, is := strings.CutPrefix(a.Name, "Académie "); is {
		return "L'académie " + rest
	}
	if a.Name == "" {
		return "L'académie"
	}
	return a.Name
}

func academyOf(settings Settings) academy {
	a := academy{Name: settings.AcademyName}
	if len(settings.Look.Logo) > 0 {
		a.Logo = "/static/" + nameLogo + "?v=" + fingerprint(settings.Look.Logo)
	}
	if len(settings.Look.Style) > 0 {
		a.Style = "/static/" + nameStyle + "?v=" + fingerprint(settings.Look.Style)
	}
	return a
}

// staticFile is a file that pages load, with its type; nil where there is none of that name.
func (s *Site) staticFile(name string) (content []byte, kind string) {
	switch name {
	case nameLogo:
		return s.settings.Look.Logo, s.settings.Look.LogoType
	case nameStyle:
		return s.settings.Look.Style, assetTypes[".css"]
	}
	return assets[name], assetTypes[path.Ext(name)]
}

// serveStatic serves stylesheets, script and logo.
func (s *Site) serveStatic(c *gin.Context) {
	content, kind := s.staticFile(path.Base(c.Param("file")))
	if len(content) == 0 {
		s.NoRoute(c)
		return
	}
	c.Header("Cache-Control", "public, max-age=3600")
	if c.Query("v") == fingerprint(content) {
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	}
	c.Header("Content-Security-Policy", assetSecurity)
	c.Header("X-Content-Type-Options", "nosniff")
	c.Data(http.StatusOK, kind, content)
}

// assetSecurity holds for a file that somebody opens by itself: a picture may come with scripts, and none runs.
const assetSecurity = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"

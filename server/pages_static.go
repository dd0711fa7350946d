package server

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"

	"github.com/gin-gonic/gin"
)

// assetVersions are fingerprints of the files that pages load: a browser keeps each for good, and asks again once it has changed.
var assetVersions = fingerprints()

func fingerprints() map[string]string {
	versions := map[string]string{}
	err := fs.WalkDir(staticFiles, "static", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := staticFiles.ReadFile(file)
		sum := sha256.Sum256(content)
		versions[path.Base(file)] = hex.EncodeToString(sum[:6])
		return err
	})
	if err != nil {
		panic(err) // the files are embedded
	}
	return versions
}

// asset is the address of a file that pages load.
func asset(name string) string { return "/static/" + name + "?v=" + assetVersions[name] }

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// staticRoutes serve the stylesheet and the script. academie.css is empty: an academy that has a look of its own lets its reverse proxy
// answer at that address, and changes what it wants, last word included.
func (s *Server) staticRoutes(router gin.IRouter) {
	router.Match([]string{http.MethodGet, http.MethodHead}, "/static/:file", func(c *gin.Context) {
		name := path.Base(c.Param("file"))
		content, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			s.noRoute(c)
			return
		}
		c.Header("Cache-Control", "public, max-age=3600")
		if c.Query("v") == assetVersions[name] {
			c.Header("Cache-Control", "public, max-age=31536000, immutable")
		}
		c.Header("X-Content-Type-Options", "nosniff")
		c.Data(http.StatusOK, assetTypes[path.Ext(name)], content)
	})
}

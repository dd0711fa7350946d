package config

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Look is what an academy's own files hold: read once, at start, so that a file which goes away later takes nothing along.
type Look struct {
	Logo     []byte // empty: none
	LogoType string // of the logo: image/png, image/svg+xml or image/webp
	Style    []byte // empty: none
}

const (
	maxAcademyName = 60
	maxLogo        = 256 << 10
	// maxLogoSide keeps a small file from becoming a huge picture, in points.
	maxLogoSide = 4096
	maxStyle    = 64 << 10
)

func (c *Config) examineLook() {
	c.Look = Look{}
	if name := strings.TrimSpace(c.AcademyName); utf8.RuneCountInString(name) > maxAcademyName ||
		strings.ContainsFunc(name, unicode.IsControl) {
		c.refuse("OKEY_ACADEMY_NAME", shortened(name), "est trop long, ou sur plusieurs lignes",
			"Donnez un nom de "+strconv.Itoa(maxAcademyName)+" signes au plus : il est en tête de chaque page.")
		c.AcademyName = ""
	}
	if content, ok := c.readSmall("OKEY_LOGO_FILE", c.LogoFile, maxLogo, "256 Kio"); ok {
		switch kind := pictureKind(content); {
		case kind == "":
			c.refuse("OKEY_LOGO_FILE", c.LogoFile, "n'est pas une image PNG, SVG ou WebP", "Donnez le logo dans l'un de ces formats.")
		case !isWholePicture(kind, content):
			c.refuse("OKEY_LOGO_FILE", c.LogoFile, "est abîmé ou coupé, ou a plus de "+strconv.Itoa(maxLogoSide)+" points de côté",
				"Enregistrez le logo de nouveau, et donnez ce fichier.")
		default:
			c.Look.Logo, c.Look.LogoType = content, kind
		}
	}
	if content, ok := c.readSmall("OKEY_STYLE_FILE", c.StyleFile, maxStyle, "64 Kio"); ok {
		if strings.HasSuffix(strings.ToLower(c.StyleFile), ".css") && isStylesheet(content) {
			c.Look.Style = content
		} else {
			c.refuse("OKEY_STYLE_FILE", c.StyleFile, "n'est pas une feuille de style",
				"Donnez un fichier CSS, en UTF-8, dont le nom finit par .css.")
		}
	}
}

// AccessibilityStates are the three that the decree of 24 July 2019 knows.
var AccessibilityStates = []string{"non conforme", "partiellement conforme", "totalement conforme"}

func (c *Config) examineAccessibility() {
	c.AccessibilityState, c.AccessibilityAudit = strings.TrimSpace(c.AccessibilityState), strings.TrimSpace(c.AccessibilityAudit)
	switch state := c.AccessibilityState; {
	case state == "":
		c.AccessibilityState = AccessibilityStates[0]
	case !slices.Contains(AccessibilityStates, state):
		c.refuse("OKEY_ACCESSIBILITY_STATE", state, "n'est pas un état de conformité",
			"Écrivez : "+strings.Join(AccessibilityStates, ", ")+".")
	case state != AccessibilityStates[0] && c.AccessibilityAudit == "":
		c.refuse("OKEY_ACCESSIBILITY_STATE", state, "se dit d'après un audit",
			"Dites lequel dans OKEY_ACCESSIBILITY_AUDIT, ou laissez « "+AccessibilityStates[0]+" ».")
	}
}

// readSmall reads a file whole, and refuses one of more than limit bytes.
func (c *Config) readSmall(name, path string, limit int64, said string) ([]byte, bool) {
	if path == "" {
		return nil, false
	}
	content, err := readUpTo(path, limit+1)
	switch {
	case err != nil:
		c.refuse(name, path, "ne peut être lu ("+Cause(err)+")", "Vérifiez le chemin et les droits du fichier.")
	case int64(len(content)) > limit:
		c.refuse(name, path, "est trop gros", "Donnez un fichier de "+said+" au plus.")
	case len(content) == 0:
		c.refuse(name, path, "est vide", "Donnez un autre fichier, ou ne donnez rien.")
	default:
		return content, true
	}
	return nil, false
}

var (
	errFolder = errors.New("c'est un dossier")
	errNoFile = errors.New("ce n'est pas un fichier ordinaire")
)

func readUpTo(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errFolder
	case !info.Mode().IsRegular(): // a device or a pipe may never end
		return nil, errNoFile
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(file, limit))
}

// pictureKind goes by the content: a name proves nothing. Empty for anything but the three kinds.
func pictureKind(content []byte) string {
	switch {
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case len(content) > 12 && string(content[:4]) == "RIFF" && string(content[8:12]) == "WEBP":
		return "image/webp"
	case isSVG(content):
		return "image/svg+xml"
	}
	return ""
}

// isWholePicture tells whether the file goes on to its end: browsers show a broken picture, or half of one, without a word. Of WebP, which
// nothing here decodes, it is the length that its head announces.
func isWholePicture(kind string, content []byte) bool {
	switch kind {
	case "image/png":
		size, err := png.DecodeConfig(bytes.NewReader(content))
		if err != nil || size.Width > maxLogoSide || size.Height > maxLogoSide {
			return false
		}
		_, err = png.Decode(bytes.NewReader(content))
		return err == nil
	case "image/webp":
		return int(binary.LittleEndian.Uint32(content[4:8]))+8 <= len(content)
	}
	d := svgDecoder(content)
	for {
		if _, err := d.Token(); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

func svgDecoder(content []byte) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(content))
	d.Strict = false
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return d
}

// isSVG tells whether the first element is svg. Drawing programs write entities and encodings of their own: those are the browser's
// business.
func isSVG(content []byte) bool {
	d := svgDecoder(content)
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if first, is := token.(xml.StartElement); is {
			return first.Name.Local == "svg"
		}
	}
}

// isStylesheet keeps pages, pictures and archives out; what the rules say is the academy's business.
func isStylesheet(content []byte) bool {
	return utf8.Valid(content) && !bytes.ContainsRune(content, 0) && !bytes.HasPrefix(bytes.TrimSpace(content), []byte("<"))
}

// TicketLink is the address of a new ticket about a subject; empty where the academy gives none.
func (c *Config) TicketLink(subject string) string {
	return strings.NewReplacer("{produit}", url.QueryEscape(c.TicketProduct), "{objet}", url.QueryEscape(subject)).Replace(c.TicketURL)
}

func shortened(text string) string {
	if runes := []rune(text); len(runes) > maxAcademyName {
		return string(runes[:maxAcademyName]) + "…"
	}
	return text
}

package config_test

import (
	"image"
	pngs "image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/config"
)

var png = drawn(2, 2)

// drawn is a PNG of a size in points.
func drawn(width, height int) string {
	var out strings.Builder
	_ = pngs.Encode(&out, image.NewGray(image.Rect(0, 0, width, height)))
	return out.String()
}

const (
	webp = "RIFF\x08\x00\x00\x00WEBPVP8 "
	svg  = `<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE svg><!-- by hand --><svg xmlns="http://www.w3.org/2000/svg"/>`
)

// lookWith loads a configuration in which one setting names a file with this content.
func lookWith(t *testing.T, setting, content string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), map[string]string{"OKEY_STYLE_FILE": "style.css", "OKEY_LOGO_FILE": "logo"}[setting])
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	environ := complete()
	environ[setting] = path
	return config.Load(environ)
}

func TestTheAcademysLookIsReadAtStart(t *testing.T) {
	for content, kind := range map[string]string{png: "image/png", webp: "image/webp", svg: "image/svg+xml"} {
		c, err := lookWith(t, "OKEY_LOGO_FILE", content)
		require.NoError(t, err, kind)
		assert.Equal(t, kind, c.Look.LogoType)
		assert.Equal(t, content, string(c.Look.Logo))
	}
	c, err := lookWith(t, "OKEY_STYLE_FILE", ":root { --accent: #00553f; } /* à nous */")
	require.NoError(t, err)
	assert.Contains(t, string(c.Look.Style), "--accent")
	c, err = config.Load(complete())
	require.NoError(t, err)
	assert.Empty(t, c.Look, "an academy may do without")
}

func TestAFileThatIsNoLookIsNamedWithWhatToDo(t *testing.T) {
	for _, wrong := range []struct{ setting, content, said string }{
		{"OKEY_LOGO_FILE", "GIF89a and more", "n'est pas une image PNG, SVG ou WebP"},
		{"OKEY_LOGO_FILE", "<html><svg></svg></html>", "n'est pas une image PNG, SVG ou WebP"},
		{"OKEY_LOGO_FILE", png + strings.Repeat("x", 256<<10), "est trop gros"},
		{"OKEY_LOGO_FILE", "", "est vide"},
		{"OKEY_LOGO_FILE", png[:len(png)-20], "est abîmé ou coupé"},
		{"OKEY_LOGO_FILE", drawn(4097, 1), "plus de 4096 points de côté"},
		{"OKEY_LOGO_FILE", webp[:14], "est abîmé ou coupé"},
		{"OKEY_LOGO_FILE", `<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0`, "est abîmé ou coupé"},
		{"OKEY_LOGO_FILE", `<svg xmlns="http://www.w3.org/2000/svg"><g>`, "est abîmé ou coupé"},
		{"OKEY_STYLE_FILE", "<html></html>", "n'est pas une feuille de style"},
		{"OKEY_STYLE_FILE", png, "n'est pas une feuille de style"},
		{"OKEY_STYLE_FILE", "p { content: '\xe9' }", "n'est pas une feuille de style"},
		{"OKEY_STYLE_FILE", strings.Repeat("p { margin: 0 }\n", 5000), "est trop gros"},
	} {
		_, err := lookWith(t, wrong.setting, wrong.content)
		require.ErrorContains(t, err, wrong.setting, wrong.said)
		assert.ErrorContains(t, err, wrong.said)
	}
	environ := complete()
	environ["OKEY_STYLE_FILE"] = "look_test.go"
	_, err := config.Load(environ)
	require.ErrorContains(t, err, "dont le nom finit par .css")
	environ = complete()
	environ["OKEY_LOGO_FILE"], environ["OKEY_STYLE_FILE"] = "/nulle/part.png", t.TempDir()
	_, err = config.Load(environ)
	require.ErrorContains(t, err, "il n'existe pas")
	assert.ErrorContains(t, err, "c'est un dossier")
}

func TestAnAcademysNameFitsInAHead(t *testing.T) {
	for name, said := range map[string]string{
		"Académie de Nice": "", strings.Repeat("é", 60): "", strings.Repeat("é", 61): "est trop long",
		"Nice\nMarseille": "sur plusieurs lignes",
	} {
		environ := complete()
		environ["OKEY_ACADEMY_NAME"] = name
		_, err := config.Load(environ)
		if said == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, said)
	}
}

func TestNoAcademyIsAccessibleWithoutAnAudit(t *testing.T) {
	for _, test := range []struct{ state, audit, said string }{
		{"", "", ""},
		{"non conforme", "", ""},
		{"non conforme", "Audit du 3 mars 2027.", ""},
		{"partiellement conforme", "Audit du 3 mars 2027 : 78 % des critères.", ""},
		{"partiellement conforme", " ", "se dit d'après un audit"},
		{"parfait", "Audit", "n'est pas un état de conformité"},
	} {
		environ := complete()
		environ["OKEY_ACCESSIBILITY_STATE"], environ["OKEY_ACCESSIBILITY_AUDIT"] = test.state, test.audit
		c, err := config.Load(environ)
		if test.said != "" {
			require.ErrorContains(t, err, test.said)
			continue
		}
		require.NoError(t, err)
		assert.Contains(t, config.AccessibilityStates, c.AccessibilityState)
	}
}

func TestAddressesOfTheAcademysToolsAreAddresses(t *testing.T) {
	environ := complete()
	environ["OKEY_TICKET_URL"] = "https://tickets.ac-exemple.fr/nouveau?produit={produit}&objet={objet}"
	environ["OKEY_TRAINING_URL"] = "https://www.ac-exemple.fr/formation?id=12#debut"
	environ["OKEY_PORTAL_URL"] = "https://portail.ac-exemple.fr"
	c, err := config.Load(environ)
	require.NoError(t, err)
	assert.Equal(t, "https://tickets.ac-exemple.fr/nouveau?produit=Commande+de+cl%C3%A9s+OTP&objet=PIN+%26+clef",
		c.TicketLink("PIN & clef"))

	for setting, value := range map[string]string{
		"OKEY_TICKET_URL": "https://tickets.ac-exemple.fr/?sujet={sujet}", "OKEY_PORTAL_URL": "portail.ac-exemple.fr",
		"OKEY_TRAINING_URL": "javascript:alert(1)",
	} {
		environ := complete()
		environ[setting] = value
		_, err := config.Load(environ)
		assert.ErrorContains(t, err, setting)
	}
}

func TestANetworkOfRelaysIsNotEverybodys(t *testing.T) {
	for network, refused := range map[string]bool{
		"0.0.0.0/0": true, "::/0": true, "128.0.0.0/1": true, "10.0.0.0/8": false,
		"192.0.2.7": false,
	} {
		environ := complete()
		environ["OKEY_TRUSTED_PROXIES"] = network
		_, err := config.Load(environ)
		assert.Equal(t, refused, err != nil, network)
	}
}

package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	staffHeader    = "uai;uid;nom;prenom;mail;fonction\n"
	registerHeader = "numero_uai;appellation_officielle;nature_uai;etat_etablissement;code_academie;secteur_prive_code_type_contrat\n"
)

// pushes sends a file as a program does that has a token of its own; fields are pairs of the form's other values.
func (h *house) pushes(scope, path, content string, fields ...string) answer {
	h.Helper()
	form := uploadOf(h.URL, "envoi.csv", content, fields...)
	body, err := io.ReadAll(form.Body)
	require.NoError(h, err)
	token := h.tokenFor(sql.Bearer{Service: "rh", Scopes: []string{scope}}, time.Hour)
	return h.send(token, http.MethodPost, path, string(body), "Content-Type", form.Header.Get("Content-Type"))
}

func TestAProgramPushesStaffWholeOrNotAtAll(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	row := func(uid, function string) string {
		return string(scene.Tilleuls) + ";" + uid + ";Neuf;Noé;" + uid + "@exemple.fr;" + function + "\n"
	}
	was := h.Count(`SELECT count(*) FROM assignment`)
	bad := h.pushes("staff", "/staff", staffHeader+row("neuf", "personnel")+row("autre", "principal"))
	require.Equal(t, http.StatusUnprocessableEntity, bad.Status, bad.Text)
	assert.EqualValues(t, 3, bad.at("errors", 0, "row"))
	assert.Equal(t, "unknown_label", bad.at("errors", 0, "code"))
	assert.Equal(t, was, h.Count(`SELECT count(*) FROM assignment`), "all or nothing")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM import_run WHERE NOT taken AND fault_count = 1 AND via = 'api'`), "support sees it")

	checked := h.pushes("staff", "/staff", staffHeader+row("neuf", "personnel"), "check", "true")
	require.Equal(t, http.StatusOK, checked.Status, checked.Text)
	assert.Equal(t, false, checked.at("taken"))
	assert.EqualValues(t, 1, checked.at("added"))
	assert.Equal(t, was, h.Count(`SELECT count(*) FROM assignment`), "a dry run")

	for range 2 {
		taken := h.pushes("staff", "/staff", staffHeader+row("neuf", "personnel"), "force", "true")
		require.Equal(t, http.StatusOK, taken.Status, taken.Text)
		assert.Equal(t, true, taken.at("taken"))
	}
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM person WHERE uid = 'neuf'`))
	assert.Contains(t, h.Text(`SELECT gone::text FROM import_run WHERE taken ORDER BY removed DESC LIMIT 1`), c.lea.UID, "who left is named")
	assert.Equal(t, http.StatusForbidden, h.pushes("keys", "/staff", staffHeader+row("neuf", "personnel")).Status)
	assert.Equal(t, http.StatusUnprocessableEntity, h.pushes("staff", "/staff", "").Status)
	assert.Equal(t, http.StatusUnprocessableEntity, h.pushes("staff", "/staff", staffHeader+row("x", "chef"), "check", "peut-être").Status)
	slip := h.pushes("staff", "/staff", staffHeader+row("x", "chef"), "chek", "true")
	assert.Equal(t, http.StatusUnprocessableEntity, slip.Status, "a dry run that is misspelt is none")
	for named, sent := range map[string]answer{
		"check":  h.pushes("staff", "/staff?check=true", staffHeader+row("x", "chef")),
		"check ": h.pushes("staff", "/staff", staffHeader+row("x", "chef"), "check", "true", "check", "false"),
		"file":   h.pushes("staff", "/staff", staffHeader+row("x", "chef"), "file", "y"),
		"force":  h.pushes("establishments", "/establishments?force=1", registerHeader),
	} {
		assert.Equal(t, http.StatusUnprocessableEntity, sent.Status, named)
		assert.Equal(t, strings.TrimSpace(named), sent.at("errors", 0, "field"), sent.Text)
	}
	dry := h.pushes("staff", "/staff", staffHeader+row("x", "chef"), "check", "TRUE")
	assert.Equal(t, false, dry.at("taken"), dry.Text)
	assert.Zero(t, h.Count(`SELECT count(*) FROM person WHERE uid = 'x'`))
	assert.Equal(t, http.StatusRequestEntityTooLarge, h.pushes("staff", "/staff", staffHeader+strings.Repeat("x", 20<<20)).Status)
}

func TestAPushThatRemovesManyIsRefusedWithoutForce(t *testing.T) {
	h := newHouse(t)
	var crowd strings.Builder
	crowd.WriteString(staffHeader)
	for _, uid := range strings.Fields("a1 a2 a3 a4 a5 a6 a7 a8") {
		crowd.WriteString(string(scene.Tilleuls) + ";" + uid + ";Nom;Zoé;" + uid + "@exemple.fr;personnel\n")
	}
	require.Equal(t, http.StatusOK, h.pushes("staff", "/staff", crowd.String(), "force", "oui").Status)
	one := staffHeader + string(scene.Tilleuls) + ";a1;Nom;Zoé;a1@exemple.fr;personnel\n"
	refused := h.pushes("staff", "/staff", one)
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status, refused.Text)
	assert.Equal(t, "too_many_removed", refused.at("errors", 0, "code"))
	assert.Contains(t, refused.at("errors", 0, "detail"), "force=true")
	assert.EqualValues(t, 7, h.pushes("staff", "/staff", one, "force", "true").at("removed"))
}

func TestAProgramPushesEstablishments(t *testing.T) {
	h := newHouse(t)
	uai := okey.UAI("0069003D")
	file := registerHeader + string(uai) + ";Collège Neuf;340;1;23;99\n0069004E;École;151;1;23;99\n"
	answer := h.pushes("establishments", "/establishments", file)
	require.Equal(t, http.StatusOK, answer.Status, answer.Text)
	assert.EqualValues(t, 1, answer.at("added"))
	assert.EqualValues(t, 1, answer.at("left_out"))
	assert.Equal(t, "Collège Neuf", h.Text(`SELECT name FROM establishment WHERE uai = $1`, string(uai)))
	refused := h.pushes("establishments", "/establishments", registerHeader+"0069005F;Lycée;302;1;23;99\n0069006G;Collège;340;9;23;99\n")
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status, refused.Text)
	assert.Zero(t, h.Count(`SELECT count(*) FROM establishment WHERE uai = '0069005F'`))
}

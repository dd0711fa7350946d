package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const importedRun = `INSERT INTO import_run (id, at, what, file, via, taken, read, added, changed, unchanged, removed, left_out, kept,
	fault_count, faults, gone) VALUES ($1, now(), 'directory', 'ldaps://annuaire.ac-nice.fr', 'engine', true, 4021, 3, 2, 4000, 1, 15, 1,
	jsonb_array_length($2::jsonb), $2::jsonb, $3)`

func TestSupportReadsWhatImportsDid(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	sam := h.as(c.support)
	assert.Contains(t, sam.get("/assistance/imports").text(), "Aucun import")
	id := uuid.NewString()
	h.Exec(importedRun, id, `[{"where":"cn=ambigu,dc=fr, attribut « uid »","code":"invalid","message":"Cette personne a 2 uid."}]`,
		`{"lmartin (Léa Martin), 0069001B"}`)
	list := sam.get("/assistance/imports").text()
	assert.Contains(t, list, "Ajoutés : 3, modifiés : 2, retirés : 1 ; 1 anomalie")
	page := sam.get("/assistance/imports/" + id)
	for _, said := range []string{
		"ldaps://annuaire.ac-nice.fr", "OKEY, la nuit", "4 021", "cn=ambigu,dc=fr, attribut « uid »", "Cette personne a 2 uid.",
		"lmartin (Léa Martin), 0069001B", "tout n'a pu être lu",
	} {
		assert.Contains(t, page.text(), said)
	}
	rows := sam.download("/assistance/imports/" + id + "/tableau.xlsx")
	assert.Equal(t, "Cette personne a 2 uid.", rows["Anomalies"][1][1])
	assert.Equal(t, []string{"lmartin (Léa Martin), 0069001B"}, rows["Retirés"][1])
	assert.Equal(t, "Annuaire", sam.download("/assistance/imports.xlsx")["Imports"][1][1])
	assert.Equal(t, http.StatusNotFound, h.as(c.roux).get("/assistance/imports/"+id).Status)
	assert.Equal(t, http.StatusNotFound, sam.get("/assistance/imports/"+uuid.NewString()).Status)
	assert.Contains(t, sam.get("/assistance").HTML, `href="/assistance/imports"`)

	refused := h.pushes("staff", "/staff", staffHeader+"0069001B;x;X;Y;x@exemple.fr;personnel\n0069001B;z;X;Y;z@exemple.fr;roi\n")
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	assert.Contains(t, sam.get("/assistance/imports").text(), "Refusé : rien n'a été pris")
	run := h.Text(`SELECT id::text FROM import_run WHERE via = 'api'`)
	assert.Contains(t, sam.get("/assistance/imports/"+run).text(), "ligne 3, colonne « fonction »")

	sent := h.pushes("staff", "/staff", staffHeader+"0069001B;mroux2;Roux;Max;x@exemple.fr;personnel\n0069001B;MRoux2;Roux;Max;x@exemple.fr;chef\n")
	require.Equal(t, http.StatusOK, sent.Status, sent.body)
	const said = "lignes 2 et 3 : « mroux2 » et « MRoux2 » sont une seule personne"
	assert.Equal(t, said, sent.at("notes", 0))
	run = h.Text(`SELECT id::text FROM import_run WHERE notes <> '{}'`)
	assert.Contains(t, sam.get("/assistance/imports/"+run).text(), okey.Capitalize(said)+".")
	assert.Equal(t, []string{okey.Capitalize(said) + "."}, sam.download("/assistance/imports/" + run + "/tableau.xlsx")["Remarques"][1])

	assert.NotContains(t, sam.get("/assistance/imports").text(), "Anciens codes")
	h.Exec(`UPDATE establishment SET successor = '0069002C' WHERE uai = '0069001B'`)
	require.Equal(t, http.StatusOK, h.pushes("staff", "/staff", staffHeader+"0069001B;mroux2;Roux;Max;x@exemple.fr;chef\n").Status)
	assert.Regexp(t, `Anciens codes.*\(0069001B\) 0069002C 1`, sam.get("/assistance/imports").text())
	assert.Contains(t, sam.get("/assistance/etablissements/0069001B").text(), "Encore nommées sous ce code 1 personne")

	many := make([]string, 120)
	for i := range many {
		many[i] = fmt.Sprintf("p%d", i)
	}
	long := uuid.NewString()
	h.Exec(importedRun, long, `[]`, "{"+strings.Join(many, ",")+"}")
	assert.Contains(t, sam.get("/assistance/imports/"+long).text(), "Il y en a 20 de plus")
}

// A year of imports comes in pages, from either side.
func TestImportsComeInPages(t *testing.T) {
	h := newHouse(t)
	sam := h.as(h.cast().support)
	for range 60 {
		h.Exec(importedRun, uuid.NewString(), `[]`, `{}`)
	}
	rows := func(p sheet) []string { return tableRow.FindAllString(p.HTML, -1) }
	first := sam.get("/assistance/imports")
	second := sam.get(nextPage(t, first))
	third := sam.get(nextPage(t, second))
	assert.Equal(t, []int{25, 25, 10}, []int{len(rows(first)), len(rows(second)), len(rows(third))})
	assert.Equal(t, rows(second), rows(sam.get(pageBefore(t, third))))
	assert.Equal(t, rows(first), rows(sam.get(pageBefore(t, second))))
	assert.Contains(t, third.text(), "60 imports")
	assert.Len(t, sam.download("/assistance/imports.xlsx")["Imports"], 61, "all of them, below their heads")
}

// A reading that was not taken, or not everywhere, is on support's page with each school and why, until a later one is taken whole.
func TestSupportSeesWhatTheDirectoryWasRefusedFor(t *testing.T) {
	h := newHouse(t)
	sam := h.as(h.cast().support)
	const held = `[{"where":"","code":"too_many_removed","message":"0069001B perdrait 31 de ses 40 personnes : personne n'y a été retiré."},
		{"where":"cn=x","code":"invalid","message":"Cette personne a 2 uid."}]`
	id := uuid.NewString()
	h.Exec(importedRun, id, held, `{}`)
	desk := sam.get("/assistance")
	assert.Contains(t, desk.text(), "0069001B perdrait 31 de ses 40 personnes")
	assert.NotContains(t, desk.text(), "Cette personne a 2 uid", "which holds nothing up")
	assert.Contains(t, desk.HTML, `href="/assistance/imports/`+id+`"`)
	h.Exec(importedRun, uuid.NewString(), `[]`, `{}`)
	assert.NotContains(t, sam.get("/assistance").text(), "perdrait")
}

package server_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const deliveryHeader = "numero_de_serie;lot;date_d_expiration;uai\n"

// deliver posts a file as programs do; fields are pairs of the form's other values.
func (h *house) deliver(who okey.Person, content, key string, fields ...string) answer {
	h.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	name := "livraison.csv"
	if strings.HasPrefix(content, "<") {
		name = "livraison.xml"
	}
	file, err := form.CreateFormFile("file", name)
	require.NoError(h, err)
	_, err = file.Write([]byte(content))
	require.NoError(h, err)
	for i := 0; i+1 < len(fields); i += 2 {
		require.NoError(h, form.WriteField(fields[i], fields[i+1]))
	}
	require.NoError(h, form.Close())
	headers := []string{"Content-Type", form.FormDataContentType()}
	if key != "" {
		headers = append(headers, "Idempotency-Key", key)
	}
	return h.call(who, http.MethodPost, "/deliveries", body.String(), headers...)
}

func TestADeliveryIsTakenWholeAndServesWhoWaits(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	request := h.ask(c.lea, scene.Tilleuls)
	require.Equal(t, http.StatusOK, h.signal(c.roux, request, okey.PrincipalDecision, map[string]any{"decision": "approve"}).Status)
	key := uuid.NewString()
	file := deliveryHeader + "00481001;L7;31/12/2029;" + string(scene.Tilleuls) + "\n00481002;L7;31/12/2029;" + string(scene.Acacias) + "\n"
	for range 2 { // sent twice it is one delivery
		a := h.deliver(c.support, file, key)
		require.Equal(t, http.StatusCreated, a.Status, a.Text)
		assert.EqualValues(t, 2, a.at("accepted"))
	}
	assert.Equal(t, okey.Reserved, h.KeyState("00481001"), "goes to the first in line")
	assert.Equal(t, okey.InStock, h.KeyState("00481002"))
	other := h.deliver(c.support, deliveryHeader+"00481009;L7;31/12/2029;"+string(scene.Tilleuls)+"\n", key)
	assert.Equal(t, http.StatusConflict, other.Status)
	assert.Equal(t, "action_reused", other.at("code"))
}

// A supplier's PSKC says no expiry, and no batch: one of each is given with the file, by programs and on the page.
func TestADeliveryOfPSKCTakesOneExpiryForAllOfIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	const file = `<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:pskc"><KeyPackage><DeviceInfo><SerialNo>00481001</SerialNo></DeviceInfo>` +
		`</KeyPackage><KeyPackage><DeviceInfo><SerialNo>00481002</SerialNo></DeviceInfo></KeyPackage></KeyContainer>`
	refused := h.deliver(c.support, file, "", "uai", string(scene.Tilleuls))
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status, refused.Text)
	assert.Equal(t, "missing", refused.at("errors", 0, "code"))
	assert.Nil(t, refused.at("errors", 1), "once")
	for field, value := range map[string]string{"expires": "un jour", "uai": "0060001Z"} {
		given := map[string]string{"uai": string(scene.Tilleuls), "expires": "2031-12-31", field: value}
		wrong := h.deliver(c.support, file, "", "uai", given["uai"], "expires", given["expires"])
		assert.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
		assert.Contains(t, wrong.Text, `"field":"`+field+`"`)
	}
	h.namesakes()
	sam := h.as(c.support)
	assert.Contains(t, sam.uploadsAs("livraison.xml", file, "uai", "mimosas", "expires", "31/12/2031").text(), sayNamesakes, "the page takes a name")
	assert.Equal(t, http.StatusSeeOther, sam.uploadsAs("livraison.xml", file, "uai", "tilleuls", "expires", "31/12/2031").Status)
	taken := h.deliver(c.support, file, "", "uai", string(scene.Tilleuls), "expires", "2031-12-31")
	require.Equal(t, http.StatusCreated, taken.Status, taken.Text)
	assert.EqualValues(t, 2, taken.at("accepted"))
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM key WHERE expires_on = '2031-12-31' AND batch LIKE 'livraison, %'`))
	assert.Contains(t, sam.get("/assistance/livraisons").HTML, `name="expires"`)
}

func TestADeliveryWithABadRowTakesNothingAndNamesIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	known := h.Key(scene.Tilleuls)
	good := "00481001;L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	for name, bad := range map[string]struct{ row, code string }{
		"known already":      {string(known) + ";L7;31/12/2029;" + string(scene.Tilleuls), "already_known"},
		"expired":            {"00481002;L7;31/12/2019;" + string(scene.Tilleuls), "expired"},
		"unknown school":     {"00481002;L7;31/12/2029;0069003D", "establishment_unknown"},
		"shortened by Excel": {"1,23E+11;L7;31/12/2029;" + string(scene.Tilleuls), "invalid"},
		"no date":            {"00481002;L7;;" + string(scene.Tilleuls), "missing"},
		"twice":              {"00481001;L7;31/12/2029;" + string(scene.Tilleuls), "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.deliver(c.support, deliveryHeader+good+bad.row+"\n", "")
			require.Equal(t, http.StatusUnprocessableEntity, a.Status, a.Text)
			assert.EqualValues(t, 3, a.at("errors", 0, "row"), a.Text)
			assert.Equal(t, bad.code, a.at("errors", 0, "code"))
			assert.NotEmpty(t, a.at("errors", 0, "detail"))
			assert.Zero(t, h.Count(`SELECT count(*) FROM key WHERE serial = '00481001'`))
		})
	}
}

func TestAnAnnouncedDeliveryIsGivenToNobodyUntilItsApproverConfirms(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	request := h.ask(c.lea, scene.Tilleuls)
	require.Equal(t, http.StatusOK, h.signal(c.roux, request, okey.PrincipalDecision, map[string]any{"decision": "approve"}).Status)
	rows := "00481001;L7;31/12/2029;" + string(scene.Tilleuls) + "\n00481002;L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	a := h.deliver(c.support, deliveryHeader+rows, "", "announced", "true")
	require.Equal(t, http.StatusCreated, a.Status, a.Text)
	assert.Equal(t, okey.InTransit, h.KeyState("00481001"))
	path := "/livraisons/" + a.at("id").(string)

	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(path).Status)
	assert.Equal(t, http.StatusForbidden, h.as(h.auditor()).get(path).Status, "who sees it but confirms nothing")
	b := h.as(c.roux)
	assert.Contains(t, b.get("/clefs").HTML, path, "the list of keys leads there")
	form := b.get(path).form(b, path)
	form.Set("serials", "00481002")
	sent := b.done(b.post(path, form))
	assert.Contains(t, sent.text(), "C'est fait")
	assert.Equal(t, okey.Reserved, h.KeyState("00481002"))
	assert.Equal(t, okey.InTransit, h.KeyState("00481001"), "what was not ticked stays on its way")
}

func TestOnlySupportDelivers(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	file := deliveryHeader + "00481001;L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	assert.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, h.deliver(c.roux, file, "").Status)
	assert.Equal(t, http.StatusUnsupportedMediaType, h.call(c.support, http.MethodPost, "/deliveries", map[string]any{}).Status)
	large := h.deliver(c.support, deliveryHeader+strings.Repeat("x", 20<<20), "")
	assert.Equal(t, http.StatusRequestEntityTooLarge, large.Status)
	assert.Equal(t, http.StatusUnprocessableEntity, h.deliver(c.support, "", "").Status)
}

// uploads sends a file through support's page, and returns what it answers.
func (b *browser) uploads(content string, fields ...string) sheet {
	b.Helper()
	values := b.get("/assistance/livraisons").form(b, "/assistance/livraisons", fields...)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name := range values {
		require.NoError(b, form.WriteField(name, values.Get(name)))
	}
	file, err := form.CreateFormFile("file", "clefs <b>.csv")
	require.NoError(b, err)
	_, err = file.Write([]byte(content))
	require.NoError(b, err)
	require.NoError(b, form.Close())
	r, err := b.client.Post(b.URL+"/assistance/livraisons", form.FormDataContentType(), &body)
	require.NoError(b, err)
	defer func() { _ = r.Body.Close() }()
	return b.read(r)
}

func TestSupportSeesWhatAFileBringsBeforeItIsTaken(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.support)
	bad := b.uploads(deliveryHeader + "00481001;L7;31/12/2029;0069003D\n")
	assert.Equal(t, http.StatusUnprocessableEntity, bad.Status)
	assert.Contains(t, bad.text(), "importez d'abord les établissements")
	lines := b.enclosed(bad)["Lignes fautives"]
	require.Len(t, lines, 2, "what to send back to whoever made the file")
	assert.Equal(t, []string{"2", "uai"}, lines[1][:2])
	assert.Contains(t, lines[1][2], "importez d'abord les établissements")
	preview := b.uploads(deliveryHeader + "00481001;L7;31/12/2029;" + string(scene.Tilleuls) + "\n")
	require.Equal(t, http.StatusSeeOther, preview.Status, preview.text())
	assert.Zero(t, h.Count(`SELECT count(*) FROM key`), "nothing is taken yet")
	checked := b.get(preview.Location)
	assert.Contains(t, checked.text(), "Ces clefs sont arrivées : elles entrent en stock tout de suite")
	assert.Contains(t, checked.text(), "31/12/2029 Collège des Tilleuls (0069001B)")
	assert.NotContains(t, checked.HTML, `href="/clefs/00481001"`, "it has no page yet")
	taken := b.done(b.fill(preview.Location, preview.Location))
	assert.Contains(t, taken.text(), "C'est fait : 1 clef enregistrée. L'établissement est prévenu.")
	assert.Equal(t, okey.InStock, h.KeyState("00481001"))
	again := b.get(preview.Location)
	assert.NotContains(t, again.text(), "Enregistrer la livraison")
	assert.Contains(t, again.HTML, `href="/clefs/00481001"`)
	alike := b.uploads(deliveryHeader + "0481001;L7;31/12/2029;" + string(scene.Tilleuls) + "\n")
	assert.Contains(t, alike.text(), "cochez « Accepter les numéros qui ne diffèrent")
	assert.NotContains(t, alike.text(), "--force", "a page is no command line")
	for _, p := range []okey.Person{c.roux, c.lea} {
		assert.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, h.as(p).get("/assistance/livraisons").Status)
		assert.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, h.as(p).get(preview.Location).Status)
	}
}

// Whoever sends a file by a page or a program reads of what is there, not of commands of the operator's.
func TestWhatIsWrongWithADeliveryIsSaidWithoutCommands(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	alike := h.deliver(c.support,
		deliveryHeader+"00481001;L7;31/12/2029;"+string(scene.Tilleuls)+"\n481001;L7;31/12/2029;"+string(scene.Tilleuls)+"\n", "")
	assert.Contains(t, alike.Text, "ressemble à 00481001 de la ligne 2")
	assert.Contains(t, alike.Text, "sinon cochez « Accepter les numéros")
	held := h.deliver(c.support,
		"numero_de_serie;lot;date_d_expiration;uai;titulaire\n00481001;L7;31/12/2029;"+string(scene.Tilleuls)+";lmartin\n", "")
	assert.Contains(t, held.Text, "demandez à l'exploitant d'importer celles qui servent déjà")
	empty := h.deliver(c.support, "", "")
	assert.Contains(t, empty.Text, "Un fichier vide n'apporte rien.")
	for _, a := range []answer{alike, held, empty} {
		assert.Equal(t, http.StatusUnprocessableEntity, a.Status)
		assert.NotContains(t, a.Text, "--")
		assert.NotContains(t, a.Text, "okey import")
	}
}

// A key that lies in another school's drawer may still be delivered: that school may have reported it first. Support is told
// before it takes the file, and afterwards that the question has changed.
func TestADeliverySaysThatAnotherSchoolHasFoundItsKey(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	inventory, report := uuid.New(), uuid.New()
	h.Exec(`INSERT INTO inventory (id, uai, by_person, at, comment) VALUES ($1, $2, $3, $4, '')`, inventory, scene.Acacias, c.roux.ID,
		scene.Now)
	h.Exec(`INSERT INTO key_report (id, serial, uai, inventory, by_person, at, state) VALUES ($1, '00481001', $2, $3, $4, $5, 'pending')`,
		report, scene.Acacias, inventory, c.roux.ID, scene.Now)
	b := h.as(c.support)
	listed := b.get("/assistance/clefs-a-confirmer").text()
	assert.Contains(t, listed, "OKEY ne les connaissait pas")
	assert.Contains(t, listed, "pas encore")
	preview := b.uploads(deliveryHeader + "00481001;L7;31/12/2029;" + string(scene.Tilleuls) + "\n00481002;L7;31/12/2029;" +
		string(scene.Tilleuls) + "\n")
	checked := b.get(preview.Location)
	assert.Regexp(t, `Ligne 2, 00481001\. Signalée par le lycée des Acacias .* : elle est dans son tiroir\.`, checked.text())
	assert.NotContains(t, checked.text(), "Ligne 3, 00481002. Signalée")
	assert.Contains(t, checked.HTML, `href="/assistance/clefs-a-confirmer/`+report.String()+`"`)
	taken := b.done(b.fill(preview.Location, preview.Location))
	assert.Contains(t, taken.text(), "C'est fait : 2 clefs enregistrées")
	assert.NotContains(t, taken.text(), "elle est dans son tiroir", "that was asked before")
	assert.NotContains(t, b.get("/assistance/clefs-a-confirmer").text(), "pas encore")
	assert.Contains(t, b.get("/assistance").text(), "Entrée depuis dans OKEY, au collège des Tilleuls")
	assert.Contains(t, b.get("/assistance/clefs-a-confirmer/"+report.String()).text(), "Entrée depuis dans OKEY Collège des Tilleuls")
	assert.Equal(t, "Collège des Tilleuls", b.download("/assistance/clefs-a-confirmer.xlsx")["Clefs à confirmer"][1][6])
	own := b.uploads(deliveryHeader + "00481003;L7;31/12/2029;" + string(scene.Acacias) + "\n")
	h.Exec(`UPDATE key_report SET serial = '00481003'`)
	assert.NotContains(t, b.get(own.Location).text(), "elle est dans son tiroir", "it is delivered to the school that has it")
}

// Whoever reads what is wrong with a file knows people by their names.
func TestADeliveryOfAKeyInServiceNamesItsHolder(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	held := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	bad := h.as(c.support).uploads(deliveryHeader + string(held) + ";L7;31/12/2029;" + string(scene.Tilleuls) + "\n").text()
	assert.Contains(t, bad, "en service (titulaire Léa Martin)")
	assert.NotContains(t, bad, "lmartin")
}

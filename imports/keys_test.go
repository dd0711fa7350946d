package imports

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

const keyHeader = "numero_de_serie;lot;date_d_expiration;uai;titulaire;etat\n"

func importKeys(t *testing.T, w world, src Source, opts Options) *Result {
	t.Helper()
	opts.At = at
	r, err := Keys(t.Context(), w.Store, src, opts)
	require.NoError(t, err)
	return r
}

func TestKeysAlreadyInPeoplesHands(t *testing.T) {
	w := withStaff(t)
	keys := source("clefs.csv", keyHeader+
		"00-12 345;L1;31/12/2028;"+college+";;\n"+
		"A1;L1;2028-12-31;"+college+";lmartin;\n"+
		"A2;L1;31/12/2028;"+college+";mroux;perdue\n"+
		"A3;L1;31/12/2020;"+college+";mroux;En service\n"+
		"A4;L1;31/12/2028;"+college+";;en stock\n")
	r := importKeys(t, w, keys, Options{})
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, 5, r.Added)
	var rows []string
	require.NoError(t, w.db.Select(&rows, `SELECT k.serial || ' ' || k.state || ' ' || coalesce(p.uid, '-')
		|| ' ' || k.prior_to_okey || ' ' || k.expires_on
		FROM key k LEFT JOIN person p ON p.id = k.holder ORDER BY k.serial`))
	assert.Equal(t, []string{
		"0012345 in_stock - false 2028-12-31", "A1 in_service lmartin true 2028-12-31", "A2 lost - true 2028-12-31",
		"A3 in_service mroux true 2020-12-31", "A4 in_stock - false 2028-12-31",
	}, rows)
	assert.Equal(t, "mroux", one[string](t, w, `SELECT p.uid FROM key_event e JOIN person p ON p.id = e.holder WHERE e.serial = 'A2'`),
		"its history says who lost it")

	before := w.everything(t)
	r = importKeys(t, w, keys, Options{})
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, 5, r.Unchanged)
	assert.Equal(t, before, w.everything(t), "importing twice changes nothing")

	_, err := w.db.Exec(`UPDATE key SET state = 'lost', holder = NULL WHERE serial = 'A1'`)
	require.NoError(t, err)
	r = importKeys(t, w, keys, Options{})
	assert.True(t, r.OK(), "a key's life since its import is not undone, nor held against the file: %v", r.Errors)
	assert.Equal(t, "lost", one[string](t, w, `SELECT state FROM key WHERE serial = 'A1'`))
}

func TestAWorkbookOfKeys(t *testing.T) {
	w := withStaff(t)
	r := importKeys(t, w, workbook(t,
		[]any{"Numéro de série", "Lot", "Date d'expiration", "UAI"},
		[]any{"0012345", "L1", time.Date(2028, 12, 31, 0, 0, 0, 0, time.UTC), college},
		[]any{123456789012, "L1", "31/12/2028", lycee},
		[]any{"1,23E+11", "L1", "31/12/2028", lycee},
		[]any{},
	), Options{})
	assert.Equal(t, []string{"4:invalid"}, codes(r))
	assert.Contains(t, r.Errors[0].Message, "Excel a abrégé ce numéro : mettez la colonne au format Texte.")
	assert.Equal(t, 2, r.Added)
	assert.Equal(t, 2, one[int](t, w, `SELECT count(*) FROM key WHERE serial IN ('0012345', '123456789012') AND expires_on = '2028-12-31'`))
}

func TestEachBadKeyIsNamedAndTheOthersAreTaken(t *testing.T) {
	w := withStaff(t)
	require.True(t, importKeys(t, w, source("k.csv", keyHeader+"0099;L1;31/12/2028;"+college+";;\nK1;L1;31/12/2028;"+college+";lmartin;\n"),
		Options{}).OK())
	content := keyHeader + strings.Join([]string{
		"A1;L1;31/12/2028;" + college + ";;",                         // 2 taken
		"A1;L1;31/12/2028;" + college + ";;",                         // 3 twice, the same
		"A2;L1;31/12/2028;" + college + ";;",                         // 4 twice, differently: neither
		"A2;L2;31/12/2028;" + college + ";;",                         // 5
		"A3;L1;31/12/2028;" + string(uai(t, "9990001")) + ";;",       // 6 unknown establishment
		"A4;L1;31/12/2028;" + school + ";;",                          // 7 not served
		"A5;L1;31/12/2028;" + college + ";inconnu;",                  // 8 holder unknown
		"A6;L1;31/02/2028;" + college + ";;",                         // 9 no such day
		"A7;L1;;" + college + ";;",                                   // 10 no date
		"A8;L1;31/12/2020;" + college + ";;",                         // 11 expired
		"99;L1;31/12/2028;" + college + ";;",                         // 12 like 0099
		"K1;L2;31/12/2028;" + college + ";lmartin;",                  // 13 known with another batch
		"K1X;L1;31/12/2028;" + college + ";lmartin;en_stock",         // 14 a holder in stock
		"K2;L1;31/12/2028;" + college + ";;en_service",               // 15 in service without holder
		"K3;L1;31/12/2028;" + college + ";;disparue",                 // 16
		"K4;;31/12/2028;" + college + ";;",                           // 17
		"K/5;L1;31/12/2028;0060001Y;;",                               // 18 two faults
		"K6;L1;31/12/2028;" + college + ";;;de trop",                 // 19
		"00A1;L1;31/12/2028;" + college + ";;",                       // 20 like A1 of line 2
		"K7;L1;31/12/2028;" + college + ";mroux;",                    // 21 taken
		"K\u200b8;L1;31/12/2028;" + college + ";;" + "\n\n;;;;;\n  ", // 22 an invisible character
	}, "\n")
	r := importKeys(t, w, source("k.csv", content), Options{})
	assert.Equal(t, []string{
		"3:twice", "4:twice", "5:twice", "6:establishment_unknown", "7:establishment_unknown", "8:holder_unknown", "9:invalid",
		"10:missing",
		"11:expired", "12:look_alike", "13:known_differently", "14:contradicts", "15:contradicts", "16:unknown_label", "17:missing",
		"18:invalid", "18:invalid", "19:unreadable", "20:look_alike", "22:invalid",
	}, codes(r))
	for _, e := range r.Errors {
		assert.NotEmpty(t, e.Message, e)
	}
	assert.Equal(t, 2, r.Added)
	assert.Equal(t, 21, r.Read)
	var b strings.Builder
	require.NoError(t, r.Print(&b))
	assert.Contains(t, b.String(), "ligne 12, colonne « numero_de_serie » : 99 ressemble à 0099")
	assert.Contains(t, b.String(), "premier degré")
}

func TestForceTakesSerialsThatLookAlike(t *testing.T) {
	w := withStaff(t)
	r := importKeys(t, w, source("k.csv", keyHeader+"0099;L1;31/12/2028;"+college+";;\n99;L1;31/12/2028;"+college+";;\n"),
		Options{Force: true})
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, 2, r.Added)
}

func TestAKeyThatArrivesGoesToWhoeverWaitsLongest(t *testing.T) {
	w := withStaff(t)
	for uid, day := range map[string]int{"lmartin": 10, "mroux": 12} {
		_, err := w.db.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at)
			SELECT gen_random_uuid(), id, $1, 'absences', 'first', 'awaiting_stock', $2, $2, $2 FROM person WHERE uid = $3`,
			college, time.Date(2026, 11, day, 9, 0, 0, 0, time.UTC), uid)
		require.NoError(t, err)
	}
	r := importKeys(t, w, source("k.csv", keyHeader+"A1;L1;31/12/2028;"+college+";;\nA2;L1;31/12/2028;"+lycee+";;\n"), Options{})
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, 1, r.Served)
	assert.Equal(t, "lmartin", one[string](t, w, `SELECT p.uid FROM key k
		JOIN request r ON r.id = k.request JOIN person p ON p.id = r.person
		WHERE k.serial = 'A1' AND k.state = 'reserved' AND r.wake_up_owed`))
	assert.Equal(t, "in_stock", one[string](t, w, `SELECT state FROM key WHERE serial = 'A2'`))
	n, err := w.VerifyAudit(t.Context())
	require.NoError(t, err)
	assert.Positive(t, n.Seq)
}

const container = `<?xml version="1.0" encoding="UTF-8"?>
<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
  <KeyPackage>
    <DeviceInfo><Manufacturer>Fabricant</Manufacturer><SerialNo>98-76 5432</SerialNo>
      <ExpiryDate>2029-06-30T00:00:00Z</ExpiryDate></DeviceInfo>
    <Key Id="1" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp">
      <Data><Secret><PlainValue>TRESSECRET1234567890=</PlainValue></Secret></Data></Key>
  </KeyPackage>
  <KeyPackage>
    <DeviceInfo><SerialNo>0098</SerialNo></DeviceInfo>
    <Key Id="2"><Data><Secret><EncryptedValue><x:a xmlns:x="urn:x"/></EncryptedValue></Secret></Data>
      <Policy><ExpiryDate>2029-07-01T00:00:00Z</ExpiryDate></Policy></Key>
  </KeyPackage>
  <KeyPackage>
    <DeviceInfo><SerialNo>0099</SerialNo></DeviceInfo><Key Id="3"/>
  </KeyPackage>
  <KeyPackage><DeviceInfo/></KeyPackage>
</KeyContainer>`

func TestPSKCGivesSerialsAndNeverSecrets(t *testing.T) {
	w := withStaff(t)
	r := importKeys(t, w, source("lot.xml", container), Options{UAI: strings.ToLower(college), Batch: "L9"})
	assert.Equal(t, []string{"15:missing", "17:invalid"}, codes(r))
	assert.Equal(t, 4, r.Read)
	assert.Equal(t, 2, r.Added)
	assert.Equal(t, 1, one[int](t, w, `SELECT count(*) FROM key WHERE serial = '98765432' AND batch = 'L9' AND uai = $1 AND expires_on = `+
		`'2029-06-30'`, college))
	assert.Equal(t, "2029-07-01", one[string](t, w, `SELECT expires_on::text FROM key WHERE serial = '0098'`))
	assert.NotContains(t, w.everything(t), "TRESSECRET")
	var b strings.Builder
	require.NoError(t, r.Print(&b))
	assert.NotContains(t, b.String(), "TRESSECRET")
}

// Most suppliers' files say no expiry: it is given once, for those keys that lack it.
func TestOneExpiryServesAWholePSKCFile(t *testing.T) {
	w := withStaff(t)
	const two = `<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
		<KeyPackage><DeviceInfo><SerialNo>0098</SerialNo></DeviceInfo></KeyPackage>
		<KeyPackage><DeviceInfo><SerialNo>0099</SerialNo></DeviceInfo></KeyPackage>
		<KeyPackage><DeviceInfo><SerialNo>0100</SerialNo><ExpiryDate>2029-06-30T00:00:00Z</ExpiryDate></DeviceInfo></KeyPackage></KeyContainer>`
	r, err := Keys(t.Context(), w.Store, source("lot.xml", two), Options{At: at, UAI: college})
	require.NoError(t, err)
	assert.Equal(t, []string{"2:missing"}, codes(r), "once")
	assert.Contains(t, r.Errors[0].Message, "2 clefs")
	assert.Contains(t, r.Errors[0].Message, "--expires")
	r = importKeys(t, w, source("lot.xml", two), Options{UAI: college, Expires: "2031-12-31"})
	assert.Empty(t, r.Errors)
	assert.Equal(t, "0098 2031-12-31, 0099 2031-12-31, 0100 2029-06-30",
		one[string](t, w, `SELECT string_agg(serial || ' ' || expires_on, ', ' ORDER BY serial) FROM key`), "what the file says counts")
	assert.Equal(t, "lot, "+french(Options{At: at}.today()), one[string](t, w, `SELECT batch FROM key WHERE serial = '0098'`))
	_, err = Keys(t.Context(), w.Store, source("lot.xml", two), Options{At: at, UAI: college, Expires: "un jour"})
	assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
}

// RFC 6030, figure 5: a device with two keys has a package for each.
func TestTwoPackagesOfOneDeviceAreOneKey(t *testing.T) {
	w := withStaff(t)
	device := func(key, expiry string) string {
		return `<KeyPackage><DeviceInfo><Manufacturer>M</Manufacturer><SerialNo>987654321</SerialNo>` + expiry + `</DeviceInfo><Key Id="` + key + `"/></KeyPackage>`
	}
	in := func(packages ...string) string {
		return `<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:pskc">` + strings.Join(packages, "\n") + `</KeyContainer>`
	}
	const expiry, later = `<ExpiryDate>2031-12-31</ExpiryDate>`, `<ExpiryDate>2032-12-31</ExpiryDate>`
	for _, packages := range []string{
		in(device("1", expiry), device("2", expiry)), in(device("1", expiry), device("2", "")), in(device("1", ""), device("2", expiry)),
	} {
		r := importKeys(t, w, source("lot.xml", packages), Options{UAI: college, Batch: "L9", Expires: "2031-12-31"})
		assert.Empty(t, r.Errors)
		assert.Equal(t, 1, r.Added+r.Unchanged)
	}
	r := importKeys(t, w, source("lot.xml", in(device("1", expiry), device("2", later))), Options{UAI: college, Batch: "L9"})
	assert.Equal(t, []string{"1:twice", "2:twice"}, codes(r), "and one that expires twice is none")
}

// What a supplier's own format is, and what to ask for; never what is in it.
func TestOtherFormatsOfSuppliersAreNamed(t *testing.T) {
	w := withStaff(t)
	const seed = "3132333435363738393031323334353637383930"
	for content, want := range map[string]string{
		`<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:container:1.0"><Device><Secret>` + seed + `</Secret></Device></KeyContainer>`: "d'avant la norme",
		`<Tokens><Token serial="00040008CFA5"><Seed>` + seed + `</Seed></Token></Tokens>`:                                                  "SafeNet",
		`<TKNBatch><TKN><SN>1</SN><Seed>` + seed + `</Seed></TKN></TKNBatch>`:                                                              "SecurID",
		"0012345," + seed + ",HOTP,6\n0012346," + seed + ",HOTP,6\n":                                                                       "numero_de_serie",
	} {
		opts := Options{At: at}
		if content[0] == '<' {
			opts.UAI = college
		}
		_, err := Keys(t.Context(), w.Store, source("lot", content), opts)
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
		assert.Contains(t, okey.ErrorMessage(err), want)
		assert.NotContains(t, okey.ErrorMessage(err), seed[:20])
	}
}

func TestHostilePSKCIsRefused(t *testing.T) {
	w := withStaff(t)
	for name, c := range map[string]struct{ content, want string }{
		"document type": {`<!DOCTYPE k [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>` + container, "type de document"},
		"entity":        {strings.Replace(container, "98-76 5432", "&b;", 1), "endommagé"},
		"breaks off":    {container[:len(container)/2], "endommagé"},
		"other XML":     {"<svg><g/></svg>", "PSKC"},
		"no namespace":  {"<KeyContainer/>", "PSKC"},
		"deep":          {"<KeyContainer xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\">" + strings.Repeat("<a>", 200_000), "endommagé"},
	} {
		_, err := Keys(t.Context(), w.Store, source("lot.xml", c.content), Options{At: at, UAI: college, Batch: "L9"})
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), name)
		assert.Contains(t, okey.ErrorMessage(err), c.want, name)
	}
	_, err := Keys(t.Context(), w.Store, source("lot.xml", container), Options{At: at})
	assert.Contains(t, okey.ErrorMessage(err), "--uai")
	_, err = Keys(t.Context(), w.Store, source("k.csv", keyHeader), Options{At: at, UAI: college})
	assert.Contains(t, okey.ErrorMessage(err), "PSKC")
	assert.Zero(t, one[int](t, w, `SELECT count(*) FROM key`))
}

package imports

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

func TestBothOpenDataHeadersSayTheSame(t *testing.T) {
	withCode := strings.NewReplacer("type_contrat_prive", "code_type_contrat_prive", "SANS OBJET", "99", "HORS CONTRAT", "10",
		"CONTRAT D'ASSOCIATION TOUTES CLASSES", "30").Replace(annuaire)
	w := newWorld(t)
	for name, content := range map[string]string{"geolocated": geolocated, "annuaire": annuaire, "annuaire with codes": withCode} {
		r, err := Establishments(t.Context(), w.Store, source(name, content), Options{At: at})
		require.NoError(t, err, name)
		assert.True(t, r.OK(), r.Errors)
		assert.Equal(t, 5, r.Read)
		assert.Equal(t, map[okey.NotServed]int{okey.NotUnderContract: 1, okey.Closed: 1, okey.FirstDegree: 1}, r.LeftOutBy(), name)
		assert.Equal(t, 2, r.Added+r.Unchanged, "%s: one file changes nothing of what the other wrote", name)
		assert.Zero(t, r.Changed, name)
	}
	assert.Equal(t, 2, one[int](t, w, `SELECT count(*) FROM establishment`))
	assert.Equal(t, "first_degree", one[string](t, w, `SELECT reason FROM establishment_left_out WHERE uai = $1`, school))
}

func TestTheExportWithLabelsSaysTheSame(t *testing.T) {
	w := newWorld(t)
	r, err := Establishments(t.Context(), w.Store, source("e.csv", "\ufeffCode établissement;Appellation officielle;Code postal;Commune;Code nature;"+
		"Nature;Code état établissement;Etat établissement;Code académie;Académie;secteur_prive_code_type_contrat\n"+
		college+";Collège du Querpon;35330;Val d'Anast;340;COLLEGE;1;OUVERT;14;Rennes;99\n"), Options{At: at})
	require.NoError(t, err)
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, "Collège du Querpon, Val d'Anast, 35330, 14",
		one[string](t, w, `SELECT name || ', ' || commune || ', ' || postcode || ', ' || academy FROM establishment WHERE uai = $1`, college))
}

// The annuaire has a school on two sites, and no order.
func TestASchoolOnTwoLinesIsTheSameInWhateverOrder(t *testing.T) {
	w := newWorld(t)
	const head = "identifiant_de_l_etablissement;nom_etablissement;code_nature;etat;type_contrat_prive;code_academie;nom_commune;code_postal\n"
	lines := []string{
		college + ";Collège Saint-Paul (annexe du collège Saint-Joseph, Bruz);340;OUVERT;SANS OBJET;14;Saint-Erblon;35230",
		college + ";Collège Saint-Joseph;340;OUVERT;SANS OBJET;14;Bruz;35171",
	}
	for i := range 2 {
		r, err := Establishments(t.Context(), w.Store, source("e.csv", head+lines[i]+"\n"+lines[1-i]+"\n"), Options{At: at})
		require.NoError(t, err)
		assert.Equal(t, i == 1, r.Quiet())
		assert.Equal(t, "Collège Saint-Joseph, Bruz", one[string](t, w, `SELECT name || ', ' || commune FROM establishment WHERE uai = $1`, college))
	}
}

// A section or an annexe is a part of a school. Only the annuaire says so: what another register leaves out, it does not take back.
func TestTheMotherSchoolIsReadWhereARegisterTellsIt(t *testing.T) {
	w := newWorld(t)
	const head = "identifiant_de_l_etablissement;nom_etablissement;code_nature;etat;type_contrat_prive;code_academie;etablissement_mere\n"
	line := func(uai, mother string) string {
		return uai + ";Section du Port;335;OUVERT;SANS OBJET;23;" + mother + "\n"
	}
	take := func(text string) *Result {
		r, err := Establishments(t.Context(), w.Store, source("e.csv", text), Options{At: at})
		require.NoError(t, err)
		return r
	}
	mother := func() string {
		return one[string](t, w, `SELECT coalesce(mother, 'unsaid') FROM establishment WHERE uai = $1`, college)
	}
	require.Equal(t, 1, take(strings.Replace(head, ";etablissement_mere", "", 1)+strings.Replace(line(college, ""), "23;", "23", 1)).Added)
	require.Equal(t, "unsaid", mother())
	require.Equal(t, 1, take(head+line(college, lycee)+line(college, "")).Changed, "said on one line of two")
	require.Equal(t, lycee, mother())
	require.True(t, take(head+line(college, "")+line(college, lycee)).Quiet(), "whichever comes first")
	require.True(t, take(strings.Replace(head, ";etablissement_mere", "", 1)+strings.Replace(line(college, ""), "23;", "23", 1)).Quiet())
	require.Equal(t, lycee, mother())
	require.Equal(t, 1, take(head+line(college, college)).Changed, "nobody is a part of oneself")
	require.Empty(t, mother())
	bad := take(head + line(college, "0061234Z"))
	require.Len(t, bad.Errors, 1)
	require.Equal(t, "etablissement_mere", bad.Errors[0].Column)
}

// Where a supplier delivers: each register names the column otherwise, and a file without it takes nothing away.
func TestTheStreetIsReadWhereverARegisterSaysIt(t *testing.T) {
	w := newWorld(t)
	street := func() string { return one[string](t, w, `SELECT street FROM establishment WHERE uai = $1`, college) }
	for n, file := range []string{
		"numero_uai;appellation_officielle;nature_uai;etat_etablissement;secteur_prive_code_type_contrat;code_academie;adresse_uai\n" +
			college + ";Collège du Port;340;1;99;23;1 quai Lunel\n",
		"Code établissement;Appellation officielle;Code nature;Code état établissement;secteur_prive_code_type_contrat;Code académie;Adresse\n" +
			college + ";Collège du Port;340;1;99;23;2 quai Lunel\n",
		"identifiant_de_l_etablissement;nom_etablissement;code_nature;etat;type_contrat_prive;code_academie;adresse_1\n" +
			college + ";Collège du Port;340;OUVERT;SANS OBJET;23;3 quai Lunel\n",
		"identifiant_de_l_etablissement;nom_etablissement;code_nature;etat;code_type_contrat_prive;code_academie;adresse_1\n" +
			college + ";Collège du Port;340;OUVERT;99;23;4 quai Lunel\n",
	} {
		r, err := Establishments(t.Context(), w.Store, source("e.csv", file), Options{At: at})
		require.NoError(t, err)
		require.Equal(t, 1, r.Added+r.Changed, "%v", r.Errors)
		assert.Equal(t, strconv.Itoa(n+1)+" quai Lunel", street())
	}
	for changed, name := range []string{"Collège du Port", "Collège du Port neuf"} {
		r, err := Establishments(t.Context(), w.Store, source("e.csv", "identifiant_de_l_etablissement;nom_etablissement;code_nature;etat;"+
			"type_contrat_prive;code_academie\n"+college+";"+name+";340;OUVERT;SANS OBJET;23\n"), Options{At: at})
		require.NoError(t, err)
		assert.Equal(t, changed, r.Changed)
		assert.Equal(t, "4 quai Lunel", street())
	}
}

func TestImportingEstablishmentsTwiceChangesNothing(t *testing.T) {
	w := withEstablishments(t)
	before := w.everything(t)
	r, err := Establishments(t.Context(), w.Store, source("e.csv", geolocated), Options{At: at.AddDate(0, 0, 1)})
	require.NoError(t, err)
	assert.Equal(t, 2, r.Unchanged)
	assert.True(t, r.Quiet())
	assert.Equal(t, before, w.everything(t))
}

func TestAnEstablishmentThatClosesIsNoLongerServedAndBackAgainIs(t *testing.T) {
	w := withEstablishments(t)
	r, err := Establishments(t.Context(), w.Store, source("e.csv", strings.Replace(geolocated, "340;1;23;Nice;99", "340;4;23;Nice;99", 1)),
		Options{At: at})
	require.NoError(t, err)
	assert.Equal(t, 1, r.Removed)
	assert.Equal(t, 1, r.Unchanged)
	_, err = w.Establishment(t.Context(), college)
	assert.Equal(t, okey.CodeNotFound, okey.ErrorCode(err))
	_, why, known, err := w.Store.LeftOut(t.Context(), college)
	require.NoError(t, err)
	assert.True(t, known)
	assert.Equal(t, okey.Closed, why)

	r, err = Establishments(t.Context(), w.Store, source("e.csv", geolocated), Options{At: at})
	require.NoError(t, err)
	assert.Equal(t, 1, r.Changed)
	_, _, known, err = w.Store.LeftOut(t.Context(), college)
	require.NoError(t, err)
	assert.False(t, known)
}

func TestEachBadEstablishmentIsNamedAndTheOthersAreTaken(t *testing.T) {
	w := newWorld(t)
	r, err := Establishments(t.Context(), w.Store, source("e.csv", strings.Join([]string{
		"identifiant_de_l_etablissement;nom_etablissement;code_nature;etat;type_contrat_prive;code_academie",
		"0060001Y;Collège;340;OUVERT;SANS OBJET;23",
		college + ";Collège;340;OUVERT;SANS OBJET;23",
		lycee + ";Lycée;302;OUVERT;CONTRAT DE CONFIANCE;23",
		private + ";;340;ENTROUVERT;SANS OBJET;23",
		private + ";Collège;trois;OUVERT;SANS OBJET;23",
		private + ";Collège;340;ENTROUVERT;SANS OBJET;99",
		college + ";Collège, second site;340;OUVERT;SANS OBJET;23",
		college + ";Collège;340;OUVERT;HORS CONTRAT;23",
		school + ";École;151;OUVERT;N'IMPORTE QUOI;98",
		closed + ";Collège;340;OUVERT;C0NTRAT SIMPLE POUR PARTIE DES CLASSES;23",
	}, "\n")), Options{At: at})
	require.NoError(t, err)
	assert.Equal(t, []string{"2:invalid", "3:twice", "4:unknown_label", "5:missing", "6:invalid", "7:unknown_label", "7:unknown_label", "9:twice"},
		codes(r))
	assert.Contains(t, r.Errors[0].Message, "la lettre est U, pas Y")
	assert.Equal(t, "identifiant_de_l_etablissement", r.Errors[0].Column)
	assert.Equal(t, 1, r.Repeated)
	assert.Equal(t, 1, r.Added, "of lines that contradict each other none counts, in whatever order they come")
	assert.Equal(t, "21", one[string](t, w, `SELECT contract FROM establishment WHERE uai = $1`, closed))
	assert.Len(t, r.LeftOut, 1, "a first-degree school needs no contract that OKEY knows")
}

func TestAFileThatIsNoRegisterIsRefusedWithItsColumns(t *testing.T) {
	w := newWorld(t)
	_, err := Establishments(t.Context(), w.Store, source("e.csv", "uai;nom\n1;2\n"), Options{At: at})
	assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
	assert.Contains(t, okey.ErrorMessage(err), "numero_uai")
}

// The real extract does not belong to the project: where it lies beside the working tree, it is read too.
func TestExtractOfTheRegisterAndTheRealOneWherePresent(t *testing.T) {
	const real = "../../shared/data/etablissements.csv"
	if _, err := os.Stat(real); err != nil {
		t.Logf("%s is not here: only the made extract is read", real)
		w := withEstablishments(t)
		assert.Equal(t, 2, one[int](t, w, `SELECT count(*) FROM establishment WHERE served`))
		return
	}
	t.Logf("reading the real extract, %s", real)
	w := newWorld(t)
	for _, first := range []bool{true, false} {
		r, err := Establishments(t.Context(), w.Store, file(t, real), Options{At: at})
		require.NoError(t, err)
		assert.True(t, r.OK(), r.Errors)
		assert.Equal(t, 99, r.Read)
		assert.Equal(t, 24, r.Added+r.Unchanged)
		assert.Equal(t, !first, r.Quiet())
		assert.Equal(t, map[okey.NotServed]int{okey.NotUnderContract: 4, okey.FirstDegree: 71}, r.LeftOutBy())
	}
	assert.Equal(t, 3, one[int](t, w, `SELECT count(DISTINCT academy) FROM establishment`))
}

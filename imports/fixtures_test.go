package imports

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"okey/internal/pgtest"
	"okey/okey"
	"okey/sql"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var at = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// world is an empty OKEY and a window on its tables.
type world struct {
	*sql.Store
	db *sqlx.DB
}

type auditKey struct{}

func (auditKey) Current() (int, []byte) { return 1, []byte("0123456789abcdef0123456789abcdef") }
func (k auditKey) Get(int) []byte       { _, key := k.Current(); return key }

func newWorld(t testing.TB) world {
	t.Helper()
	database := pgtest.New(t)
	store, err := sql.Open(database.AppURL, auditKey{})
	require.NoError(t, err)
	db, err := sqlx.Open("postgres", database.AdminURL)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, store.Close())
		require.NoError(t, db.Close())
	})
	return world{store, db}
}

// one reads a single value from the tables.
func one[T any](t testing.TB, w world, query string, args ...any) T {
	t.Helper()
	var value T
	require.NoError(t, w.db.GetContext(t.Context(), &value, query, args...))
	return value
}

// everything is all that imports write, as text: two equal ones mean that nothing changed.
func (w world) everything(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{"establishment", "establishment_left_out", "person", "assignment", "key", "key_event", "audit"} {
		b.WriteString(table + one[string](t, w, fmt.Sprintf("SELECT coalesce(string_agg(r, E'\n' ORDER BY r), '') FROM (SELECT x::text "+
			"AS r FROM %s x) y", table)) + "\n")
	}
	return b.String()
}

func source(name, content string) Source {
	return Source{Name: name, Content: strings.NewReader(content), Size: int64(len(content))}
}

func file(t testing.TB, path string) Source {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return Source{Name: path, Content: bytes.NewReader(content), Size: int64(len(content))}
}

func uai(t testing.TB, digits string) okey.UAI {
	t.Helper()
	letter, ok := okey.CheckLetter(digits)
	require.True(t, ok)
	return okey.UAI(digits + string(letter))
}

// Made-up establishments: two served, one of each kind that is not.
const (
	college = "0060001U"
	lycee   = "0060002V"
	private = "0060003W"
	closed  = "0060004X"
	school  = "0060005Y"
)

const geolocated = "numero_uai;appellation_officielle;code_postal_uai;libelle_commune;nature_uai;etat_etablissement;" +
	"code_academie;libelle_academie;secteur_prive_code_type_contrat\r\n" +
	college + ";Collège L'Archet;06200;Nice;340;1;23;Nice;99\r\n" +
	lycee + ";Lycée Les Cèdres;06300;Nice;302;1;23;Nice;30\r\n" +
	private + ";Cours Privé du Port;06300;Nice;340;1;23;Nice;10\r\n" +
	closed + ";Collège d'Autrefois;06300;Nice;340;4;23;Nice;99\r\n" +
	school + ";École Les Mimosas;06300;Nice;151;1;23;Nice;99\r\n"

const annuaire = "identifiant_de_l_etablissement;nom_etablissement;type_etablissement;statut_public_prive;" +
	"code_postal;nom_commune;type_contrat_prive;code_academie;etat;code_nature\n" +
	college + ";Collège L'Archet;Collège;Public;06200;Nice;SANS OBJET;23;OUVERT;340\n" +
	lycee + ";Lycée Les Cèdres;Lycée;Privé;06300;Nice;CONTRAT D'ASSOCIATION TOUTES CLASSES;23;OUVERT;302\n" +
	private + ";Cours Privé du Port;Collège;Privé;06300;Nice;HORS CONTRAT;23;OUVERT;340\n" +
	closed + ";Collège d'Autrefois;Collège;Public;06300;Nice;SANS OBJET;23;FERME;340\n" +
	school + ";École Les Mimosas;Ecole;Public;06300;Nice;SANS OBJET;23;OUVERT;151\n"

// withEstablishments is a world that has them.
func withEstablishments(t testing.TB) world {
	t.Helper()
	w := newWorld(t)
	r, err := Establishments(t.Context(), w.Store, source("etablissements.csv", geolocated), Options{At: at})
	require.NoError(t, err)
	require.True(t, r.OK(), r.Errors)
	return w
}

const staffHeader = "uai;uid;nom;prenom;mail;fonction\n"

const staff = staffHeader +
	college + ";mroux;Roux;Marc;marc.roux@ac-nice.fr;chef\n" +
	college + ";lmartin;Martin;Léa;lea.martin@ac-nice.fr;personnel\n" +
	lycee + ";lmartin;Martin;Léa;lea.martin@ac-nice.fr;personnel\n"

func withStaff(t testing.TB) world {
	t.Helper()
	w := withEstablishments(t)
	r, err := Staff(t.Context(), w.Store, source("personnels.csv", staff), Options{At: at})
	require.NoError(t, err)
	require.True(t, r.OK(), r.Errors)
	return w
}

func workbook(t testing.TB, rows ...[]any) Source {
	t.Helper()
	f := excelize.NewFile()
	for i, row := range rows {
		require.NoError(t, f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row))
	}
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	require.NoError(t, f.Close())
	return Source{Name: "clefs.xlsx", Content: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}
}

// codes lists errors as line:code.
func codes(r *Result) []string {
	var all []string
	for _, e := range r.Errors {
		all = append(all, fmt.Sprintf("%d:%s", e.Line, e.Code))
	}
	return all
}

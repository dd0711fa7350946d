package spreadsheet

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"

	"okey/okey"
)

var people = Layout{Columns: []Column{{Name: "nom"}, {Name: "prenom"}, {Name: "date_de_fin", Optional: true}}}

// table is what a file said: one entry a row, cells joined by "|", errors as "!message".
func table(t testing.TB, content []byte, layouts ...Layout) ([]string, []int) {
	t.Helper()
	rows, err := open(content, layouts...)
	require.NoError(t, err)
	var said []string
	var lines []int
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		lines = append(lines, row.Line)
		var bad *RowError
		if errors.As(err, &bad) {
			said = append(said, "!"+bad.Message)
			continue
		}
		require.NoError(t, err)
		said = append(said, row.Text("nom")+"|"+row.Text("prenom"))
	}
	require.NoError(t, rows.Close())
	return said, lines
}

func open(content []byte, layouts ...Layout) (*Rows, error) {
	f, err := Open("personnes", bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	if len(layouts) == 0 {
		layouts = []Layout{people}
	}
	return f.Rows(layouts...)
}

func TestFrenchSpreadsheetsAreGoodInput(t *testing.T) {
	inWindows := func(s string) string {
		encoded, err := charmap.Windows1252.NewEncoder().String(s)
		require.NoError(t, err)
		return encoded
	}
	for name, content := range map[string]string{
		"UTF-8, semicolons":          "nom;prenom\nLefèvre;Zoé\n",
		"UTF-8 with byte order mark": "\xEF\xBB\xBFnom;prenom\nLefèvre;Zoé\n",
		"Windows-1252, CRLF":         inWindows("nom;prenom\r\nLefèvre;Zoé\r\n"),
		"commas":                     "nom,prenom\nLefèvre,Zoé\n",
		"tabs":                       "nom\tprenom\nLefèvre\tZoé\n",
		"quoted":                     "\"nom\";\"prenom\"\n\"Lefèvre\";\"Zoé\"\n",
		"capitals and accents":       inWindows("NOM;PRÉNOM\nLefèvre;Zoé\n"),
		"another order":              "Prénom ; Nom\nZoé;Lefèvre\n",
		"blank last lines":           "nom;prenom\nLefèvre;Zoé\n\n;;\n  ;\n",
		"no last line end":           "nom;prenom\nLefèvre;Zoé",
		"non-breaking spaces":        "nom;prenom\n\u00a0Lefèvre ;\u202fZoé\u00a0\n",
		"columns without a title":    "nom;prenom;;\nLefèvre;Zoé;;\n",
	} {
		t.Run(name, func(t *testing.T) {
			said, lines := table(t, []byte(content))
			assert.Equal(t, []string{"Lefèvre|Zoé"}, said)
			assert.Equal(t, []int{2}, lines)
		})
	}
}

// What people and programs write around a number so that a spreadsheet leaves its zeros alone.
func TestATextThatLooksLikeANumberIsReadWithoutItsDisguise(t *testing.T) {
	for cell, want := range map[string]string{
		`="0012345"`: "0012345", `"=""0012345"""`: "0012345", `'0012345`: "0012345", `"'0012345"`: "0012345", `=""`: "",
		`'t Hooft`: "'t Hooft", `="a;b"`: "a;b", `a="b"`: `!Un guillemet est mal placé : retirez-le, ou doublez-le ("") dans une cellule entre guillemets.`,
		`=1+1`: "=1+1", `"=A"`: "=A",
	} {
		for place, text := range map[string]string{"first": "nom;prenom\n" + cell + ";Zoé\n", "last": "prenom;nom\nZoé;" + cell + "\n", "only": "nom\n" + cell} {
			said, _ := table(t, []byte(text), Layout{Columns: []Column{{Name: "nom"}, {Name: "prenom", Optional: true}}})
			var got string
			if len(said) > 0 {
				got, _, _ = strings.Cut(said[0], "|")
			}
			assert.Equal(t, want, got, "%s, %s", cell, place)
		}
	}
}

func TestASeedInAColumnOfDatesIsNotQuoted(t *testing.T) {
	for _, seed := range []string{"JBSWY3DPEHPK3PXP", "3132333435363738393031323334353637383930"} {
		_, err := ParseDate(seed)
		require.Error(t, err)
		assert.NotContains(t, okey.ErrorMessage(err), seed[:8])
	}
}

func TestLineNumbersAreThoseOfTheFile(t *testing.T) {
	said, lines := table(t, []byte("nom;prenom\n\nA;B\n\"C\nD\";E\n;;\nF;G\n"))
	assert.Equal(t, []string{"A|B", "C D|E", "F|G"}, said)
	assert.Equal(t, []int{3, 4, 7}, lines, "a cell over two lines counts from its first")

	said, lines = table(t, []byte("sep=,\r\nnom,prenom\r\nA,B\r\n"))
	assert.Equal(t, []string{"A|B"}, said)
	assert.Equal(t, []int{3}, lines, "sep= is a line like another")
}

func TestABadRowDoesNotHideTheNext(t *testing.T) {
	said, lines := table(t, []byte("nom;prenom\nA;B;C\nA\"B;C\nD;E\n"))
	require.Len(t, said, 3)
	assert.Contains(t, said[0], "colonne sans titre")
	assert.Contains(t, said[1], "guillemet")
	assert.Equal(t, "D|E", said[2])
	assert.Equal(t, []int{2, 3, 4}, lines)
}

func TestAQuoteThatNeverEndsIsNamedByItsFirstLine(t *testing.T) {
	said, lines := table(t, []byte("nom;prenom\nA;B\n\"C;D\nE;F\n"))
	require.Len(t, said, 2)
	assert.Contains(t, said[1], "Un guillemet s'ouvre à cette ligne")
	assert.Equal(t, []int{2, 3}, lines)
}

func TestMissingAndUnknownColumnsAreNamed(t *testing.T) {
	for content, want := range map[string][]string{
		"nom;age\nA;B\n":            {"« prenom »", "« age »", "nom;prenom[;date_de_fin]"},
		"nom;prenom;Âge\nA;B;C\n":   {"« Âge »", "date_de_fin"},
		"nom;prenom;Nom \nA;B;C\n":  {"deux colonnes « Nom »"},
		"A;B\n":                     {"« nom », « prenom »"},
		"\n\n":                      {"est vide"},
		"":                          {"est vide"},
		"%PDF-1.7":                  {"PDF"},
		"\x89PNG\r\n\x1a\n":         {"est une image"},
		"\xFF\xD8\xFF\xE0":          {"est une image"},
		"\xD0\xCF\x11\xE0\xA1\xB1":  {".xls", "mot de passe"},
		"no\"m;prenom\nA;B\n":       {"ligne des titres (ligne 1)", "guillemet"},
		"nom;prenom\nA\x00;B\n":     {"n'est pas un tableau"},
		"\xFF\xFEn\x00o\x00m\x00":   {"UTF-16"},
		"PK\x03\x04nothing":         {"endommagé"},
		"nom;prenom\ré;è\rA;B\rC;D": {"Macintosh"},
		"nom;prenom\nàéè;B\nC\xE9;": {"mélange deux encodages (ligne 3)"},
	} {
		_, err := open([]byte(content))
		require.Error(t, err, content)
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), content)
		for _, part := range want {
			assert.Contains(t, okey.ErrorMessage(err), part, content)
		}
	}
}

func TestUnknownColumnsAreIgnoredWhereTheLayoutSaysSo(t *testing.T) {
	said, _ := table(t, []byte("nom;age;prenom\nA;7;B\n"), Layout{Columns: people.Columns, Others: true})
	assert.Equal(t, []string{"A|B"}, said)
}

func TestTheFirstLayoutThatFitsIsTaken(t *testing.T) {
	rows, err := open([]byte("x;y\n1;2\n"), people, Layout{Columns: []Column{{Name: "x"}, {Name: "y"}}})
	require.NoError(t, err)
	assert.Equal(t, 1, rows.Layout)
}

func TestHugeFilesAreRefusedBeforeTheyAreRead(t *testing.T) {
	_, err := Open("clefs.csv", unreadable{}, Usual.Bytes+1)
	assert.Equal(t, okey.CodeTooLarge, okey.ErrorCode(err))
}

type unreadable struct{}

func (unreadable) ReadAt([]byte, int64) (int, error) { return 0, errors.New("must not be read") }

func TestTooManyRowsAreRefused(t *testing.T) {
	rows, err := open([]byte("nom;prenom\n" + strings.Repeat("A;B\n", Usual.Rows+1)))
	require.NoError(t, err)
	read := 0
	for err == nil {
		_, err = rows.Next()
		read++
	}
	assert.Equal(t, okey.CodeTooLarge, okey.ErrorCode(err))
	assert.Equal(t, Usual.Rows+1, read)
}

func TestDates(t *testing.T) {
	for text, want := range map[string]string{
		"31/12/2027": "2027-12-31", "1/2/2027": "2027-02-01", "31.12.2027": "2027-12-31", "2027-12-31": "2027-12-31",
		"2027-12-31T00:00:00Z": "2027-12-31", "46752": "2027-12-31", "46752.5": "2027-12-31", "31/12/2027 00:00": "2027-12-31",
		"": "", "29/02/2028": "2028-02-29",
	} {
		day, err := ParseDate(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, day.String(), text)
	}
	for _, text := range []string{"31/02/2027", "12/31/2027", "31/12/27", "2027", "demain", "99999", "-1", "0/1/2027", "1E5"} {
		_, err := ParseDate(text)
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), text)
	}
}

func TestAFileIsWhatItsNameSays(t *testing.T) {
	for name, refused := range map[string]bool{
		"clefs.xlsx": true, "CLEFS.XLSX": true, "clefs.xml": true, "clefs.csv": false,
		"clefs.txt": false, "clefs": false,
	} {
		content := "numero_de_serie;lot\n0048;L1\n"
		_, err := Open(name, strings.NewReader(content), int64(len(content)))
		assert.Equal(t, refused, err != nil, name)
		if refused {
			assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
			assert.ErrorContains(t, err, "mais c'est un fichier texte")
		}
	}
}

package imports_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"okey/imports"
	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

func importLogins(t *testing.T, s *scene.Scene, content string) *imports.Result {
	t.Helper()
	var file io.ReaderAt = strings.NewReader(content)
	r, err := imports.Logins(context.Background(), s.Store, imports.Source{Name: "c", Content: file, Size: int64(len(content))},
		imports.Options{At: scene.Now})
	require.NoError(t, err)
	return r
}

func lastLogin(s *scene.Scene, serial okey.Serial) string {
	s.Helper()
	key, err := s.Store.Key(context.Background(), serial)
	require.NoError(s, err)
	if key.LastLoginAt.IsZero() {
		return ""
	}
	return key.LastLoginAt.Format(time.RFC3339)
}

func TestLastLoginsComeFromAList(t *testing.T) {
	s := scene.New(t)
	lea := s.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	held, free := s.KeyOf(lea, scene.Tilleuls, okey.NewDay(2030, 1, 1)), s.Key(scene.Tilleuls)
	file := "Numéro de série;Dernière connexion\n" + string(held) + ";23/11/2026 09:12\n" + string(held) + ";2026-11-20T10:00:00Z\n" +
		string(free) + ";23/11/2026\n999;23/11/2026 09:12\n" + string(held) + ";demain\n" + string(held) + ";01/01/2040\n" + string(held) +
		";\n" +
		string(held) + ";24/11/1926 09:12\n"
	for _, changed := range []int{1, 0} { // twice changes nothing more
		r := importLogins(t, s, file)
		assert.Equal(t, changed, r.Changed)
		var lines []int
		for _, e := range r.Errors {
			lines = append(lines, e.Line)
		}
		require.Equal(t, []int{4, 5, 6, 7, 8, 9}, lines)
		assert.Equal(t, []okey.Code{imports.CodeKeyIdle, okey.CodeKeyUnknown, okey.CodeInvalid},
			[]okey.Code{r.Errors[0].Code, r.Errors[1].Code, r.Errors[2].Code})
		assert.Equal(t, "Dernière connexion", r.Errors[2].Column)
		assert.Equal(t, "« demain » n'est pas une date : écrivez par exemple 24/11/2026 09:12.", r.Errors[2].Message)
		assert.Contains(t, r.Errors[3].Message, "à venir")
		assert.False(t, r.OK())
	}
	assert.Equal(t, "2026-11-23T08:12:00Z", lastLogin(s, held))
}

func TestALaterLoginIsKeptWhicheverFileComesLast(t *testing.T) {
	s := scene.New(t)
	held := s.KeyOf(s.Person("Léa Martin", okey.Staff, scene.Tilleuls), scene.Tilleuls, okey.NewDay(2030, 1, 1))
	typed := " " + string(held[:3]) + "-" + string(held[3:6]) + "\u00a0" + string(held[6:]) + " "
	for _, c := range []struct{ at, want string }{
		{"2026-11-23 10:00", "2026-11-23T09:00:00Z"}, {"2026-11-22 10:00", "2026-11-23T09:00:00Z"}, {"24/11/2026", "2026-11-23T23:00:00Z"},
	} {
		assert.Empty(t, importLogins(t, s, "numero_de_serie;derniere_connexion\r\n"+typed+";"+c.at+"\r\n").Errors)
		assert.Equal(t, c.want, lastLogin(s, held))
	}
}

func TestAnHourWithoutOffsetIsThatOfTheAcademy(t *testing.T) {
	s := scene.New(t)
	nice := s.KeyOf(s.Person("Léa Martin", okey.Staff, scene.Tilleuls), scene.Tilleuls, okey.NewDay(2030, 1, 1))
	guadeloupe := s.KeyOf(s.Person("Paul Petit", okey.Staff, scene.Acacias), scene.Acacias, okey.NewDay(2030, 1, 1))
	r := importLogins(t, s, "numero_de_serie;derniere_connexion\n"+string(nice)+";24/11/2026 05:00\n"+string(guadeloupe)+
		";24/11/2026 05:00\n"+
		string(guadeloupe)+";24/11/2026 05:30\n"+string(nice)+";24/11/2026 10:20\n"+string(guadeloupe)+";2026-11-24T05:00:00+01:00\n")
	require.Len(t, r.Errors, 2, "it is 10:12 in Nice and 5:12 in Guadeloupe")
	assert.Equal(t, []int{4, 5}, []int{r.Errors[0].Line, r.Errors[1].Line}, "and half past five there is to come")
	assert.Equal(t, "2026-11-24T04:00:00Z", lastLogin(s, nice))
	assert.Equal(t, "2026-11-24T09:00:00Z", lastLogin(s, guadeloupe))
}

func TestAWorkbooksDatesAreLogins(t *testing.T) {
	s := scene.New(t)
	held := s.KeyOf(s.Person("Léa Martin", okey.Staff, scene.Tilleuls), scene.Tilleuls, okey.NewDay(2030, 1, 1))
	book := excelize.NewFile()
	require.NoError(t, book.SetSheetRow("Sheet1", "A1", &[]any{"Numéro de série", "Dernière connexion"}))
	require.NoError(t, book.SetSheetRow("Sheet1", "A2", &[]any{string(held), time.Date(2026, 11, 23, 9, 12, 0, 0, time.UTC)}))
	var file bytes.Buffer
	require.NoError(t, book.Write(&file))
	assert.Empty(t, importLogins(t, s, file.String()).Errors)
	assert.Equal(t, "2026-11-23T08:12:00Z", lastLogin(s, held))
}

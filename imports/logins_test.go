package imports_test

import (
	"context"
	"strings"
	"testing"

	"okey"
	"okey/imports"
	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLastLoginsComeFromAList(t *testing.T) {
	s := scene.New(t)
	lea := s.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	held, free := s.KeyOf(lea, scene.Tilleuls, okey.NewDay(2030, 1, 1)), s.Key(scene.Tilleuls)
	file := "Numéro de série;Dernière connexion\n" + string(held) + ";23/11/2026 09:12\n" + string(held) + ";2026-11-20T10:00:00Z\n" +
		string(free) + ";23/11/2026\n999;23/11/2026 09:12\n" + string(held) + ";demain\n" + string(held) + ";01/01/2040\n"
	for _, changed := range []int{1, 0} { // twice changes nothing more
		r, err := imports.Logins(context.Background(), s.Store, imports.Source{Name: "c.csv", Content: strings.NewReader(file), Size: int64(len(file))}, imports.Options{At: scene.Now})
		require.NoError(t, err)
		assert.Equal(t, changed, r.Changed)
		var lines []int
		for _, e := range r.Errors {
			lines = append(lines, e.Line)
		}
		assert.Equal(t, []int{4, 5, 6, 7}, lines)
	}
	assert.Equal(t, "2026-11-23 08:12:00", s.Text(`SELECT to_char(last_login_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM key WHERE serial = $1`, string(held)))
}

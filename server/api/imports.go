package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"okey/okey"
	"okey/server/act"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// pushFields are what a push may say besides its file.
var pushFields = map[sql.ImportKind][]string{sql.ImportedStaff: {"check", "force"}, sql.ImportedEstablishments: {"check"}}

func strangeField(values map[string]string, known []string) (field string, strange bool) {
	for _, field := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, field) {
			return field, true
		}
	}
	return "", false
}

// postImport takes a file of people or schools, all of it or nothing, from support or a program whose token has the scope. Sent again it
// changes nothing more: no Idempotency-Key is needed. `check` says what would change, `force` is the command's --force.
func (s *API) postImport(what sql.ImportKind) handler {
	return func(c *gin.Context) error {
		who := callerOf(c)
		if who.service == "" {
			if err := okey.May(okey.ActImport, who.Actor, okey.Subject{}, okey.DayOf(time.Now(), okey.ZoneOf(""))); err != nil {
				return err
			}
		}
		up, err := act.ReadUpload(c.Request)
		if err != nil {
			return err
		}
		if field, strange := strangeField(up.Values, pushFields[what]); strange { // a misspelt dry run would be a real one
			return okey.InvalidField(field, "« %s » n'est pas un champ de cet envoi : file, %s.",
				field, strings.Join(pushFields[what], ", "))
		}
		check, err := yesOrNo("check", up.Values["check"])
		if err != nil {
			return err
		}
		force, err := yesOrNo("force", up.Values["force"])
		if err != nil {
			return err
		}
		r, err := s.act.Import(c.Request.Context(), what, who.ID, up, check, force)
		if err != nil {
			return err
		}
		c.JSON(http.StatusOK, gin.H{
			"taken": r.Taken, "read": r.Read, "added": r.Added, "changed": r.Changed, "unchanged": r.Unchanged, "removed": r.Removed,
			"left_out": len(r.LeftOut), "gone": append([]string{}, r.Gone...), "notes": append([]string{}, r.Notes...),
		})
		return nil
	}
}

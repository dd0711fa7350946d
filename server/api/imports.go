package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// pushFields are what a push may say besides its file.
var pushFields = map[sql.ImportKind][]string{sql.ImportedStaff: {"check", "force"}, sql.ImportedEstablishments: {"check"}}

// readPush reads a form with a file and some of the fields. What it does not know is refused by name, in the address too: a dry run that is
// misspelt, or misplaced, would be a real one.
func readPush(c *gin.Context, fields ...string) (up act.Upload, err error) {
	if placed := slices.Sorted(maps.Keys(c.Request.URL.Query())); len(placed) > 0 {
		return up, okey.InvalidField(respond.Shown(placed[0]), "Rien n'est lu dans l'adresse : envoyez ce champ dans le formulaire.")
	}
	if up, err = act.ReadUpload(c.Request); err != nil {
		return up, err
	}
	if len(up.Twice) > 0 {
		return up, okey.InvalidField(respond.Shown(up.Twice[0]), "Ce champ est envoyé deux fois : lequel compte ? N'en gardez qu'un.")
	}
	for _, field := range slices.Sorted(maps.Keys(up.Values)) {
		if !slices.Contains(fields, field) {
			return up, okey.InvalidField(respond.Shown(field), "« %s » n'est pas un champ de cet envoi : file, %s.",
				respond.Shown(field), strings.Join(fields, ", "))
		}
	}
	return up, nil
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
		up, err := readPush(c, pushFields[what]...)
		if err != nil {
			return err
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

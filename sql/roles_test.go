package sql_test

import (
	"testing"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARoleThatNobodyGrantedOrRevokedIsFound(t *testing.T) {
	s := scene.New(t)
	sam, ida := s.Support("Sam Leroy"), s.Person("Ida Petit", okey.Staff)
	s.Grant(ida, okey.RoleAuditor)
	s.Grant(ida, okey.RoleSupport)
	require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) error {
		return tx.SetRole(t.Context(), ida.ID, okey.RoleAuditor, false, scene.Now)
	}))
	held, differ, err := s.Store.CheckRoles(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, held)
	assert.Empty(t, differ)
	s.Exec(`UPDATE person SET uid = 'x' WHERE id = $1`, sam.ID)
	s.Exec(`UPDATE person SET uid = $2 WHERE id = $1`, ida.ID, sam.UID)
	_, differ, err = s.Store.CheckRoles(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []sql.HeldRole{
		{Name: "Ida Petit", Role: okey.RoleSupport, Other: true}, {Name: "Sam Leroy", Role: okey.RoleSupport, Other: true},
	}, differ, "two rows exchanged")
	s.Exec(`UPDATE person SET uid = $2 WHERE id = $1`, ida.ID, ida.UID)
	s.Exec(`UPDATE person SET uid = $2 WHERE id = $1`, sam.ID, sam.UID)
	s.Exec(`UPDATE person SET support = false WHERE id = $1`, sam.ID)
	s.Exec(`UPDATE person SET auditor = true WHERE id = $1`, ida.ID)
	_, differ, err = s.Store.CheckRoles(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []sql.HeldRole{
		{Name: "Ida Petit", Role: okey.RoleAuditor}, {Name: "Sam Leroy", Role: okey.RoleSupport, Given: true},
	}, differ)
}

// A role that was granted by address is its person's still once their uid is known, by a first sign-in or by a staff file.
func TestARoleFollowsItsPersonToTheirUID(t *testing.T) {
	for name, known := range map[string]func(*scene.Scene){
		"first sign-in": func(s *scene.Scene) {
			_, err := s.Store.SignIn(t.Context(), okey.Person{
				UID: "sleroy", FamilyName: "Leroy", Mail: "sam@exemple.fr",
			}, okey.DirectorySays{}, true, scene.Now)
			require.NoError(t, err)
		},
		"staff file": func(s *scene.Scene) {
			require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) error {
				_, err := tx.ImportStaff(t.Context(), []okey.ImportedStaff{{
					Line: 2, UAI: scene.Tilleuls, UID: "sleroy", FamilyName: "Leroy", GivenName: "Sam", Mail: "sam@exemple.fr",
					Function: okey.Staff,
				}},
					sql.StaffImport{Today: okey.DayOf(scene.Now, okey.ZoneOf(""))}, scene.Now)
				return err
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := scene.New(t)
			require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) error {
				id, err := tx.SavePerson(t.Context(), okey.Person{UID: "sam@exemple.fr", Mail: "sam@exemple.fr"}, scene.Now)
				if err != nil {
					return err
				}
				return tx.SetRole(t.Context(), id, okey.RoleSupport, true, scene.Now)
			}))
			known(s)
			assert.Equal(t, "sleroy", s.Text(`SELECT uid FROM person WHERE support`))
			_, differ, err := s.Store.CheckRoles(t.Context())
			require.NoError(t, err)
			assert.Empty(t, differ)
		})
	}
}

package sql_test

import (
	"testing"

	"okey"
	"okey/internal/scene"
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
	s.Exec(`UPDATE person SET support = false WHERE id = $1`, sam.ID)
	s.Exec(`UPDATE person SET auditor = true WHERE id = $1`, ida.ID)
	_, differ, err = s.Store.CheckRoles(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []sql.HeldRole{{Name: "Ida Petit", Role: okey.RoleAuditor}, {Name: "Sam Leroy", Role: okey.RoleSupport, Given: true}}, differ)
}

package sql_test

import (
	"context"
	"errors"
	"testing"

	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADatabaseOutOfReachIsToldFromAFault(t *testing.T) {
	store, err := sql.Open("postgres://nobody@127.0.0.1:1/none?sslmode=disable", nil)
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	_, err = store.Establishments(context.Background())
	assert.True(t, sql.Away(err), "%v", err)
	assert.False(t, sql.Away(errors.New("anything else")))
	assert.False(t, sql.Away(okey.Errorf(okey.CodeInvalid, "x")))
}

package sql_test

import (
	"testing"

	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A migration takes the capitals from uids, of many people too, but where it would make two people one, or the audit lose whose a role is.
func TestUIDsLoseTheirCapitalsWhereTheyCollideWithNobody(t *testing.T) {
	db, owner := upTo(t, 38)
	_, err := owner.ExecContext(t.Context(), `INSERT INTO person (uid, family_name, given_name, mail, support, created_at)
		SELECT uid, 'Martin', 'Léa', 'l@exemple.fr', uid = 'NDurand', now() + place * interval '1 second'
		FROM unnest(ARRAY['LMartin', 'lmartin', 'MRoux', 'MROUX', 'ZBlanc', 'NDurand']) WITH ORDINALITY AS u (uid, place);
		INSERT INTO person (uid, family_name, given_name, mail, created_at)
			SELECT 'P' || n, 'Martin', 'Léa', 'l@exemple.fr', now() FROM generate_series(1, 2500) n;
		INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
			VALUES ('0060001A', 'Collège', 340, '99', '1', '23', 'Nice', '06000', now());
		INSERT INTO key (serial, uai, state, batch, expires_on, holder, changed_at)
			SELECT '0001', '0060001A', 'in_service', 'L1', '2029-12-31', id, now() FROM person WHERE uid = 'MROUX'`)
	require.NoError(t, err)
	require.NoError(t, sql.Migrate(t.Context(), db.AdminURL))
	var uids, holder string
	require.NoError(t, owner.QueryRowContext(t.Context(), `SELECT string_agg(uid, ',' ORDER BY created_at) FROM person WHERE uid !~ '^p'`).Scan(&uids))
	assert.Equal(t, "LMartin,lmartin,MRoux,mroux,zblanc,NDurand", uids)
	require.NoError(t, owner.QueryRowContext(t.Context(), `SELECT uid FROM person JOIN key ON holder = id`).Scan(&holder))
	assert.Equal(t, "mroux", holder)
	var many int
	require.NoError(t, owner.QueryRowContext(t.Context(), `SELECT count(*) FROM person WHERE uid ~ '^p[0-9]+$'`).Scan(&many))
	assert.Equal(t, 2500, many)
}

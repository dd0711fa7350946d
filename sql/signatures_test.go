package sql_test

import (
	"math"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACharterThatNobodyPublishedIsFound(t *testing.T) {
	for name, touch := range map[string]struct{ sql, says string }{
		"added": {`INSERT INTO charter (version, body, sha256, published_at)
			VALUES (2, 'Texte.', encode(sha256('Texte.'), 'hex'), now())`, "le journal ne la connaît pas"},
		"the first, replaced": {`INSERT INTO charter (version, body, sha256, published_at) SELECT 2, body || '.', 'x', now() FROM charter;
			UPDATE charter SET body = 'Autre.', sha256 = encode(sha256('Autre.'), 'hex') WHERE version = 1;
			UPDATE charter c SET body = left(c.body, -1), sha256 = encode(sha256(convert_to(left(c.body, -1), 'UTF8')), 'hex')
			WHERE version = 2`, "le journal ne la connaît pas"},
		"exchanged for another": {`INSERT INTO charter (version, body, sha256, published_at) SELECT 2, 'Deux.',
			encode(sha256('Deux.'), 'hex'), published_at FROM charter;
			INSERT INTO charter (version, body, sha256, published_at) SELECT 3, 'Trois.', encode(sha256('Trois.'), 'hex'), published_at
			FROM charter WHERE version = 1;
			INSERT INTO audit (seq, at, event, via, subject, detail, key_version, mac) SELECT 1 + version, published_at, 'charter',
			'support', 'charter:' || version, 'published', 1, '' FROM charter WHERE version > 1;
			UPDATE request SET charter = 2, charter_sha256 = encode(sha256('Trois.'), 'hex');
			UPDATE audit SET detail = encode(sha256('Trois.'), 'hex') WHERE seq = 1`, "d'une autre charte que celle de sa version"},
		"taken away": {`INSERT INTO audit (seq, at, event, via, subject, detail, key_version, mac)
			VALUES (2, now(), 'charter', 'support', 'charter:2', 'published:x', 1, '')`, "une charte publiée a disparu"},
		"its signature gone": {`DELETE FROM request`, "dont la demande a disparu"},
	} {
		t.Run(name, func(t *testing.T) {
			s := scene.New(t)
			lea := s.Person("Léa Martin", okey.Staff, scene.Tilleuls)
			s.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at, signed_at, charter,
					charter_sha256, closed_at)
				SELECT gen_random_uuid(), $1, $2, '', 'first', 'handed_over', now(), now(), now(), now(), c.version, c.sha256, now()
				FROM charter c`, lea.ID, string(scene.Tilleuls))
			s.Exec(`INSERT INTO audit (seq, at, event, actor, via, subject, detail, key_version, mac)
				SELECT 1, r.signed_at, 'charter_signed', r.person, 'web', 'request:' || r.id, r.charter_sha256, 1, '' FROM request r`)
			_, err := s.Store.CheckCharters(t.Context())
			require.NoError(t, err)
			s.Exec(`ALTER TABLE charter DISABLE TRIGGER ALL; ALTER TABLE request DISABLE TRIGGER ALL`)
			s.Exec(touch.sql)
			_, err = s.Store.CheckCharters(t.Context())
			assert.ErrorContains(t, err, touch.says)
			assert.ErrorContains(t, s.Store.CheckRole(t.Context()), "les gardes de la base")
		})
	}
}

func TestARoleThatMayRewriteAColumnOfTheAuditIsRefused(t *testing.T) {
	for _, grant := range []string{
		`GRANT UPDATE (detail) ON audit TO okey_app`,
		`GRANT DELETE ON audit_head TO okey_app`, `GRANT UPDATE (body) ON charter TO okey_app`,
	} {
		s := scene.New(t)
		require.NoError(t, s.Store.CheckRole(t.Context()))
		s.Exec(grant)
		assert.Error(t, s.Store.CheckRole(t.Context()), grant)
	}
}

// Each signature is looked up in the audit by its index: doctor looks at those of years within the minutes that it has.
// Without it each would be compared with every entry: thousands of times the work of joining the two, and not tens.
func TestManySignaturesAreLookedUpOneByOne(t *testing.T) {
	s := scene.New(t)
	s.Exec(`INSERT INTO person (uid, family_name, given_name, mail, created_at) SELECT 'x' || n, 'X', 'X', 'x', now()
		FROM generate_series(1, 8000) n`)
	s.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at, signed_at, charter,
			charter_sha256, closed_at)
		SELECT gen_random_uuid(), p.id, $1, '', 'first', 'handed_over', $2::timestamptz, $2, $2, $2, c.version, c.sha256, $2
		FROM person p, charter c`, string(scene.Tilleuls), scene.Now)
	s.Exec(`INSERT INTO audit (seq, at, event, actor, via, subject, detail, key_version, mac)
		SELECT row_number() OVER (), r.signed_at, 'charter_signed', r.person, 'web', 'request:' || r.id, r.charter_sha256, 1, ''
		FROM request r`)
	s.Exec(`ANALYZE`)
	joining := took(func() {
		assert.Equal(t, 8000, s.Count(`SELECT count(*) FROM request r JOIN audit a ON a.subject = 'request:' || r.id`))
	})
	checking := took(func() {
		n, err := s.Store.CheckCharters(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, 1, n)
	})
	t.Logf("%v to join, %v to check", joining, checking)
	assert.Less(t, checking, 500*joining)
}

// took is the least of three times, for others work on this machine too.
func took(work func()) time.Duration {
	least := time.Duration(math.MaxInt64)
	for range 3 {
		began := time.Now()
		work()
		least = min(least, time.Since(began))
	}
	return least
}

package sql_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func audited(t *testing.T, entries int) *scene.Scene {
	t.Helper()
	s := scene.New(t)
	grow(t, s, entries)
	return s
}

func grow(t *testing.T, s *scene.Scene, entries int) {
	t.Helper()
	for range entries {
		require.NoError(t, s.Store.Do(context.Background(), func(tx *sql.Tx) error {
			tx.Audit(sql.Entry{
				At: scene.Now, Event: "ask", Actor: uuid.New(), Via: okey.ViaWeb, Subject: sql.AboutRequest(uuid.New()),
				Detail: "accepted",
			})
			return nil
		}))
	}
}

func TestAnUntouchedAuditVerifies(t *testing.T) {
	store := audited(t, 5).Store
	n, err := store.VerifyAudit(context.Background())
	require.NoError(t, err)
	assert.EqualValues(t, 5, n.Seq)
	for most, looked := range map[int]int{1000: 5, 5: 5, 4: 4, 1: 1} {
		end, checked, err := store.VerifyAuditEnd(t.Context(), most)
		require.NoError(t, err)
		assert.Equal(t, n, end)
		assert.Equal(t, looked, checked)
	}
	_, checked, err := scene.New(t).Store.VerifyAuditEnd(t.Context(), 5)
	require.NoError(t, err, "nothing is written yet")
	assert.Zero(t, checked)
}

// The end is all that its check tells of, and an audit that is gone has no end.
func TestTheEndOfAnAuditIsCheckedAndNoMore(t *testing.T) {
	s := audited(t, 5)
	s.Exec(`UPDATE audit SET detail = 'refused' WHERE seq = 2`)
	_, checked, err := s.Store.VerifyAuditEnd(t.Context(), 3)
	require.NoError(t, err)
	assert.Equal(t, 3, checked)
	s.Exec(`DELETE FROM audit`)
	_, _, err = s.Store.VerifyAuditEnd(t.Context(), 3)
	assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
}

// A head that names a key nobody has would be sealed by the empty key, which everybody has.
func TestAHeadSealedWithAnotherKeyIsFound(t *testing.T) {
	s := audited(t, 5)
	mac := hmac.New(sha256.New, nil)
	mac.Write([]byte("head"))
	mac.Write(binary.BigEndian.AppendUint64(nil, 4))
	last, err := hex.DecodeString(s.Text(`SELECT encode(mac, 'hex') FROM audit WHERE seq = 4`))
	require.NoError(t, err)
	mac.Write(last)
	s.Exec(`DELETE FROM audit WHERE seq = 5`)
	s.Exec(`UPDATE audit_head SET seq = 4, mac = $1, key_version = 99, seal = $2`, last, mac.Sum(nil))
	_, err = s.Store.VerifyAudit(t.Context())
	assert.ErrorContains(t, err, "n'est pas dans OKEY_AUDIT_KEYS")
}

func TestNobodyIsNotWrittenInAnotherWay(t *testing.T) {
	s := scene.New(t)
	require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) error {
		tx.Audit(sql.Entry{At: scene.Now, Event: "retention", Via: okey.ViaEngine, Subject: "retention:mails", Detail: "1"})
		return nil
	}))
	s.Exec(`UPDATE audit SET actor = '00000000-0000-0000-0000-000000000000'`)
	_, err := s.Store.VerifyAudit(t.Context())
	assert.ErrorContains(t, err, "l'entrée 1 du journal a été modifiée")
}

func TestAnAuditThatBeginsAnewIsFoundByWhatWasDoneBefore(t *testing.T) {
	s := audited(t, 2)
	s.Exec(`INSERT INTO key_event (serial, seq, at, reason, state)
		VALUES ($1, 1, $2::timestamptz - interval '1 day', 'lost', 'lost')`, string(s.Key(scene.Tilleuls)), scene.Now)
	s.Exec(`DELETE FROM audit; UPDATE audit_head SET seq = 0, mac = '', seal = ''`)
	grow(t, s, 2)
	_, err := s.Store.VerifyAudit(t.Context())
	assert.ErrorContains(t, err, "le journal commence après des choses qui ont été faites")
}

func TestEveryTouchOfTheAuditIsFound(t *testing.T) {
	for name, touch := range map[string]string{
		"changed":   `UPDATE audit SET detail = 'refused' WHERE seq = 3`,
		"backdated": `UPDATE audit SET at = at - interval '1 day' WHERE seq = 3`,
		"missing":   `DELETE FROM audit WHERE seq = 3`,
		"swapped": `UPDATE audit SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3);
			UPDATE audit SET seq = -seq WHERE seq < 0`,
		"cut off": `DELETE FROM audit WHERE seq = 5`,
		"cut off with its head": `DELETE FROM audit WHERE seq = 5;
			UPDATE audit_head SET seq = 4, mac = (SELECT mac FROM audit WHERE seq = 4)`,
	} {
		t.Run(name, func(t *testing.T) {
			s := audited(t, 5)
			s.Exec(touch)
			_, err := s.Store.VerifyAudit(context.Background())
			assert.Error(t, err)
			for _, most := range []int{1000, 5, 4} {
				_, _, err = s.Store.VerifyAuditEnd(t.Context(), most)
				assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), "%d lines: %v", most, err)
			}
		})
	}
}

// Whoever owns the database can cut off the end and put the head row of an earlier day back: only what was noted elsewhere tells.
func TestAMarkNotedElsewhereFindsAnEndThatWasCutOffWithTheHeadOfItsDay(t *testing.T) {
	s := audited(t, 3)
	early, err := s.Store.VerifyAudit(t.Context())
	require.NoError(t, err)
	s.Exec(`CREATE TABLE kept AS SELECT * FROM audit_head`)
	grow(t, s, 2)
	late, err := s.Store.VerifyAudit(t.Context(), early)
	require.NoError(t, err, "it only grew")
	parsed, err := sql.ParseMark(late.String())
	require.NoError(t, err)
	assert.Equal(t, late, parsed)
	s.Exec(`DELETE FROM audit WHERE seq > 3;
		UPDATE audit_head h SET seq = k.seq, key_version = k.key_version, mac = k.mac, seal = k.seal FROM kept k`)
	_, err = s.Store.VerifyAudit(t.Context())
	require.NoError(t, err, "nothing in the database tells")
	_, err = s.Store.VerifyAudit(t.Context(), late)
	assert.ErrorContains(t, err, "la fin a été coupée")
	grow(t, s, 4)
	_, err = s.Store.VerifyAudit(t.Context(), early, late)
	assert.ErrorContains(t, err, "l'entrée 5 du journal n'est pas celle qui a été notée")
}

func TestAMarkIsReadToTheLetter(t *testing.T) {
	empty, err := scene.New(t).Store.VerifyAudit(t.Context())
	require.NoError(t, err)
	parsed, err := sql.ParseMark(empty.String())
	require.NoError(t, err)
	assert.Equal(t, empty, parsed)
	for _, wrong := range []string{
		"", "3", "3:", ":ab", "-1:" + strings.Repeat("a", 32), "3:" + strings.Repeat("z", 32), "3:abcd", "0:abcd",
		"3:" + strings.Repeat("a", 33),
	} {
		_, err := sql.ParseMark(wrong)
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), wrong)
	}
}

func TestAnEmptiedAuditIsNoNewOne(t *testing.T) {
	s := audited(t, 5)
	s.Exec(`DELETE FROM audit; UPDATE audit_head SET seq = 0`)
	_, err := s.Store.VerifyAudit(context.Background())
	require.NoError(t, err, "nothing was ever done")
	s.Exec(`INSERT INTO key_event (serial, seq, at, reason, state) VALUES ($1, 1, now(), 'lost', 'lost')`, string(s.Key(scene.Tilleuls)))
	_, err = s.Store.VerifyAudit(context.Background())
	assert.ErrorContains(t, err, "a été effacé")
}

func TestTheAuditIsChainedInTheOrderOfCommits(t *testing.T) {
	s := scene.New(t)
	failed := make(chan error, 20)
	for range 20 {
		go func() {
			failed <- s.Store.Do(context.Background(), func(tx *sql.Tx) error {
				tx.Audit(sql.Entry{At: scene.Now, Event: "ask", Via: okey.ViaWeb, Subject: "request:1", Detail: "accepted"})
				return nil
			})
		}()
	}
	for range 20 {
		require.NoError(t, <-failed)
	}
	n, err := s.Store.VerifyAudit(context.Background())
	require.NoError(t, err)
	assert.EqualValues(t, 20, n.Seq)
}

// Whoever verifies the audit of an OKEY that is at work must not be told that its end is missing.
func TestTheAuditVerifiesWhileItGrows(t *testing.T) {
	s := audited(t, 5)
	ended := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				ended <- nil
				return
			default:
			}
			if err := s.Store.Do(context.Background(), func(tx *sql.Tx) error {
				tx.Audit(sql.Entry{At: scene.Now, Event: "ask", Via: okey.ViaWeb, Subject: "request:1", Detail: "accepted"})
				return nil
			}); err != nil {
				ended <- err
				return
			}
		}
	}()
	for range 100 {
		_, err := s.Store.VerifyAudit(context.Background())
		require.NoError(t, err)
	}
	close(stop)
	require.NoError(t, <-ended)
}

// Everybody who audits waits for the head: however many entries a transaction has, it is held for one statement and the commit.
func TestTheHeadIsHeldForOneStatement(t *testing.T) {
	s := audited(t, 2)
	s.Exec(`CREATE TABLE written (by_whom text)`)
	s.Exec(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
		$$ BEGIN INSERT INTO written VALUES (current_query()); RETURN NULL; END $$`)
	s.Exec(`CREATE TRIGGER note AFTER INSERT ON audit FOR EACH STATEMENT EXECUTE FUNCTION note()`)
	s.Exec(`CREATE TRIGGER note AFTER UPDATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION note()`)
	require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) error {
		for i := range 1000 {
			at := scene.Now.Add(time.Duration(i)*time.Microsecond + 1) // finer than what is kept
			tx.Audit(sql.Entry{At: at, Event: "delivery", Via: okey.ViaEngine, Subject: `key:"{é,}\`, Detail: []string{"", "NULL"}[i%2]})
		}
		return nil
	}))
	assert.Equal(t, 2, s.Count(`SELECT count(*) FROM written`))
	assert.Equal(t, 1, s.Count(`SELECT count(DISTINCT by_whom) FROM written`), "the same that writes the entries moves the head")
	end, err := s.Store.VerifyAudit(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 1002, end.Seq)
}

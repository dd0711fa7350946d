package mails_test

import (
	"context"
	"testing"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheHolderIsToldOfAnotherPIN(t *testing.T) {
	o := newFixture(t)
	_, serial := o.until(okey.AwaitingHandover)
	v := o.judged(o.Record(okey.Action{
		Name: okey.ActionPINChange, Key: serial, By: o.lea.ID, PINHash: "another", Content: okey.Content{Proof: okey.ProofCurrent},
	})).Verdict
	require.True(t, v.Accepted)
	arrived := o.letters(v.Letters...)
	require.Equal(t, []string{"lmartin@ac-nice.fr: Votre code PIN a été changé"}, lines(arrived))
	assert.Equal(t, base+"/mon-code-pin/oublie?clef="+string(serial), link(arrived[0]))
}

func TestTheHolderIsToldOfALockedPINAndNobodyOnceTheKeyIsGone(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	lock, err := o.Store.LockPIN(context.Background(), serial, o.now)
	require.NoError(t, err)
	judged := o.judged(lock)
	assert.Equal(t, 1, o.Count(`SELECT count(*) FROM audit WHERE event = 'pin-lock' AND subject = $1`, sql.AboutKey(serial)))
	o.Exec(`UPDATE key SET state = 'lost', holder = NULL WHERE serial = $1`, string(serial))
	assert.Empty(t, o.letters(judged.Verdict.Letters...))
	o.Exec(`DELETE FROM key WHERE serial = $1`, string(serial))
	o.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, holder, changed_at)
		VALUES ($1, $2, 'in_service', 'L1', '2029-06-30', $3, $4)`, string(serial), scene.Tilleuls, o.lea.ID, o.now)
	arrived := o.letters(judged.Verdict.Letters...)
	require.Equal(t, []string{"lmartin@ac-nice.fr: Le code PIN de votre clef n° " + string(serial) + " est bloqué"}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "avant le mercredi 25 novembre à 10 h 12")
}

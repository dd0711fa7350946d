package mail_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"okey/internal/postbox"
	"okey/mail"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pipe is a connection to a relay in memory, around which time can be skipped.
func pipe(t *testing.T, box *postbox.Box) *mail.Connection {
	t.Helper()
	sender := mail.NewSender(mail.Relay{Host: box.Host, Port: box.Port}, from, witness)
	sender.Call(box.Dial)
	connection, err := sender.Open()
	require.NoError(t, err)
	t.Cleanup(connection.Close)
	return connection
}

// slow has the relay look through each message for so long before it says that it took it.
func slow(t *testing.T, box *postbox.Box, patience time.Duration) {
	t.Helper()
	box.AtDot(func(func()) {
		select {
		case <-time.After(patience):
		case <-t.Context().Done():
		}
	})
}

func TestTheRelayHasTenMinutesToSayThatItTookAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := postbox.OpenPipe(t)
		slow(t, box, 9*time.Minute)
		connection := pipe(t, box)
		for _, to := range []string{"a@ac-exemple.fr", "b@ac-exemple.fr"} {
			require.NoError(t, connection.Send(t.Context(), message(to)))
		}
		assert.Len(t, box.Letters(), 2)
	})
}

func TestARelayThatNeverAnswersTheDotIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := postbox.OpenPipe(t)
		slow(t, box, mail.AnswerPatience+time.Second)
		connection := pipe(t, box)
		err := connection.Send(t.Context(), message("a@ac-exemple.fr"))
		assert.True(t, unanswered(err), err)
		assert.False(t, permanent(err))
		err = connection.Send(t.Context(), message("b@ac-exemple.fr"))
		require.Error(t, err, "nor does the rest of the step wait ten minutes each")
		assert.False(t, unanswered(err))
		assert.Len(t, box.Letters(), 1)
	})
}

func TestNoAnswerIsWaitedForBeyondTheAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := postbox.OpenPipe(t)
		slow(t, box, 5*time.Minute)
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		assert.True(t, unanswered(pipe(t, box).Send(ctx, message("a@ac-exemple.fr"))))
		assert.Equal(t, 4*time.Minute, time.Since(begun))
	})
}

func TestAConnectionThatEndsAfterTheDotLeavesItOpenWhetherTheMessageWasTaken(t *testing.T) {
	box := postbox.Open(t)
	box.AtDot(func(hangUp func()) { hangUp() })
	connection := connect(t, box)
	err := connection.Send(t.Context(), message("a@ac-exemple.fr"))
	assert.True(t, unanswered(err), err)
	box.AtDot(nil)
	require.NoError(t, connection.Send(t.Context(), message("b@ac-exemple.fr")), "it is made again")
}

// A relay that takes the call and then says nothing is known after half a minute.
func TestASilentRelayIsCalledAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender := mail.NewSender(mail.Relay{Host: "127.0.0.1", Port: 25}, from, witness)
		var theirs net.Conn
		sender.Call(func(context.Context, string, string) (ours net.Conn, err error) {
			ours, theirs = net.Pipe()
			return ours, nil
		})
		connection, err := sender.Open()
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), mail.CommandPatience+time.Second)
		defer cancel()
		err = connection.Send(ctx, message("a@ac-exemple.fr"))
		require.ErrorContains(t, err, "call the mail relay")
		assert.False(t, unanswered(err))
		require.NoError(t, ctx.Err())
		require.NoError(t, theirs.Close())
	})
}

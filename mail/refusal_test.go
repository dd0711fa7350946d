package mail_test

import (
	"testing"
	"testing/synctest"
	"time"

	"okey/internal/postbox"
	"okey/mail"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Only an answer about this one recipient is for good; everything else passes, or is an operator's to mend.
func TestRefusalsForNowAndForGood(t *testing.T) {
	const lea = "lea@ac-exemple.fr"
	none := smtp.NoEnhancedCode
	for _, c := range []struct {
		what    string
		whom    string
		code    int
		status  smtp.EnhancedCode
		forGood bool
	}{
		{"an unknown recipient", lea, 550, smtp.EnhancedCode{5, 1, 1}, true},
		{"an unknown recipient, of an old relay", lea, 550, none, true},
		{"a recipient elsewhere", lea, 551, smtp.EnhancedCode{5, 1, 6}, true},
		{"an address that can't be", lea, 553, smtp.EnhancedCode{5, 1, 3}, true},
		{"a domain that no way leads to", lea, 550, smtp.EnhancedCode{5, 4, 4}, true},
		{"a closed mailbox", lea, 550, smtp.EnhancedCode{5, 2, 1}, true},
		{"a full mailbox, for now", lea, 452, smtp.EnhancedCode{4, 2, 2}, false},
		{"a full mailbox, said for good", lea, 552, smtp.EnhancedCode{5, 2, 2}, false},
		{"a full mailbox, by another code", lea, 550, smtp.EnhancedCode{5, 2, 2}, false},
		{"a full mailbox, of an old relay", lea, 552, none, false},
		{"greylisting", lea, 450, smtp.EnhancedCode{4, 2, 0}, false},
		{"for now, by a code that is for good", lea, 550, smtp.EnhancedCode{4, 1, 1}, false},
		{"a policy", lea, 554, smtp.EnhancedCode{5, 7, 1}, false},
		{"a policy, by the code of an unknown recipient", lea, 550, smtp.EnhancedCode{5, 7, 1}, false},
		{"a sender whose domain the relay does not find, said late", lea, 550, smtp.EnhancedCode{5, 1, 8}, false},
		{"a relay that wants a password", lea, 530, smtp.EnhancedCode{5, 7, 0}, false},
		{"a relay that knows nobody", postbox.Everyone, 550, smtp.EnhancedCode{5, 1, 1}, false},
		{"a relay that has too many connections", postbox.Everyone, 550, none, false},
		{"a message that is not wanted", postbox.Content, 554, smtp.EnhancedCode{5, 6, 0}, false},
		{"a message that the code of an unknown recipient refuses", postbox.Content, 550, smtp.EnhancedCode{5, 1, 1}, false},
		{"a message that is too much for now", postbox.Content, 451, smtp.EnhancedCode{4, 3, 0}, false},
		{"a sender that the relay does not know", postbox.Sender, 550, smtp.EnhancedCode{5, 1, 1}, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			box := postbox.Open(t)
			box.RefuseAs(c.whom, c.code, c.status)
			connection := connect(t, box)
			err := connection.Send(t.Context(), message(lea))
			require.Error(t, err)
			assert.Equal(t, c.forGood, permanent(err))
			assert.False(t, unanswered(err))
			assert.Empty(t, box.Letters(), "the witness is asked for, not written to")
			box.Refuse(c.whom, 0)
			require.NoError(t, connection.Send(t.Context(), message(lea)), "the connection still serves")
			assert.Len(t, box.Letters(), 1)
		})
	}
}

func TestNoRefusalIsBelievedWithoutAWitness(t *testing.T) {
	box := postbox.Open(t)
	box.Refuse("lea@ac-exemple.fr", 550)
	connection, err := mail.NewSender(mail.Relay{Host: box.Host, Port: box.Port}, from, "").Open()
	require.NoError(t, err)
	defer connection.Close()
	err = connection.Send(t.Context(), message("lea@ac-exemple.fr"))
	require.Error(t, err)
	assert.False(t, permanent(err))
}

func TestAWitnessWhoseAnswerBreaksOffProvesNothing(t *testing.T) {
	box := postbox.Open(t)
	box.Refuse("lea@ac-exemple.fr", 550)
	box.RefuseAs(witness, 421, smtp.EnhancedCode{4, 3, 2})
	connection := connect(t, box)
	assert.False(t, permanent(connection.Send(t.Context(), message("lea@ac-exemple.fr"))))
	box.Refuse(witness, 0)
	assert.NoError(t, connection.Send(t.Context(), message("max@ac-exemple.fr")))
}

// Relays count who asks for whom: that one refuses everybody is asked once a minute.
func TestARefusalOfTheWitnessIsBelievedForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := postbox.OpenPipe(t)
		box.Refuse(postbox.Everyone, 550)
		connection := pipe(t, box)
		assert.False(t, permanent(connection.Send(t.Context(), message("a@ac-exemple.fr"))))
		assert.False(t, permanent(connection.Send(t.Context(), message("b@ac-exemple.fr"))))
		assert.Equal(t, []string{"a@ac-exemple.fr", witness, "b@ac-exemple.fr"}, box.Asked())
		<-time.After(mail.Believed)
		box.Refuse(postbox.Everyone, 0)
		box.Refuse("a@ac-exemple.fr", 550)
		assert.True(t, permanent(connection.Send(t.Context(), message("a@ac-exemple.fr"))))
		assert.Equal(t, []string{"a@ac-exemple.fr", witness, "a@ac-exemple.fr"}, box.Asked()[3:])
	})
}

// A recipient is to blame for what the relay answers about it before and after it takes the witness: whenever a relay begins or ends to
// refuse everybody, no mail is given up.
func TestARelayThatBeginsOrEndsToRefuseEverybodyBlamesNoRecipient(t *testing.T) {
	box := postbox.Open(t)
	connection := connect(t, box)
	box.Refuse("a@ac-exemple.fr", 550)
	assert.True(t, permanent(connection.Send(t.Context(), message("a@ac-exemple.fr"))))
	box.Refuse(postbox.Everyone, 550)
	assert.False(t, permanent(connection.Send(t.Context(), message("b@ac-exemple.fr"))), "it has begun since the witness was taken")

	box.Refuse(postbox.Everyone, 0)
	other := connect(t, box)
	box.Refuse(postbox.Everyone, 550)
	box.AtAsked(func(address string) {
		if address == witness {
			box.Refuse(postbox.Everyone, 0)
		}
	})
	assert.False(t, permanent(other.Send(t.Context(), message("b@ac-exemple.fr"))), "it ends between the two questions")
	assert.NoError(t, other.Send(t.Context(), message("b@ac-exemple.fr")))
}

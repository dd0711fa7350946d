package okey_test

import (
	"fmt"
	"strings"
	"testing"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type linkKeys []byte // the fill of each version's key, from version 1; the last one signs

func (k linkKeys) Current() (int, []byte) { return len(k), k.Get(len(k)) }
func (k linkKeys) Get(version int) []byte {
	if version < 1 || version > len(k) {
		return nil
	}
	return []byte(strings.Repeat(string(k[version-1:version]), 32))
}

func TestLinkTokenIsTheSameUntilANewIssue(t *testing.T) {
	keys := linkKeys("a")
	link := okey.Link{Request: uuid.New(), Person: uuid.New(), Purpose: okey.LinkDecision, Issue: 1}
	token := link.Token(keys)
	assert.Equal(t, token, link.Token(keys))
	read, err := okey.ParseLinkToken(token.Text())
	require.NoError(t, err)
	assert.Equal(t, token, read)
	assert.True(t, read.Signs(link, keys))

	again := link
	again.Issue = 2
	assert.NotEqual(t, token, again.Token(keys))
	assert.False(t, read.Signs(again, keys))
}

func TestLinkTokenIsForOnePersonRequestAndKey(t *testing.T) {
	keys := linkKeys("a")
	link := okey.Link{Request: uuid.New(), Person: uuid.New(), Purpose: okey.LinkDecision, Issue: 1}
	token := link.Token(keys)
	for _, other := range []okey.Link{
		{Request: uuid.New(), Person: link.Person, Purpose: link.Purpose, Issue: 1},
		{Request: link.Request, Person: uuid.New(), Purpose: link.Purpose, Issue: 1},
		{Request: link.Request, Person: link.Person, Purpose: "other", Issue: 1},
	} {
		assert.False(t, token.Signs(other, keys))
	}
	assert.False(t, token.Signs(link, linkKeys("b")))
	assert.True(t, token.Signs(link, linkKeys("ab")), "an older key still verifies")
	assert.False(t, link.Token(linkKeys("ab")).Signs(link, keys), "a key that is gone does not")
}

func TestUnreadableLinkTokensAreNotFound(t *testing.T) {
	token := okey.Link{Issue: 1}.Token(linkKeys("a"))
	for _, text := range []string{"", "x", token.Text()[1:], token.Text() + "A", token.Text() + "=", strings.Repeat("é", 22)} {
		_, err := okey.ParseLinkToken(text)
		assert.Equal(t, okey.CodeNotFound, okey.ErrorCode(err), text)
	}
}

func TestLinkTokenDoesNotPrint(t *testing.T) {
	token := okey.Link{Issue: 1}.Token(linkKeys("a"))
	for _, form := range []string{"%v", "%s", "%+v", "%#v"} {
		assert.Equal(t, "link token", fmt.Sprintf(form, token))
	}
}

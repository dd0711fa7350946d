package okey

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// LinkPurpose is what an emailed link lets its person do.
type LinkPurpose string

// LinkDecision leads to the answer to a request.
const LinkDecision LinkPurpose = "decision"

// ActionLinkReissue is support's: whoever may answer a request is mailed a new link, and the links from before lead nowhere any more. It is
// carried as actions about stock are.
const ActionLinkReissue ActionName = "link-reissue"

// MaxReissues is how many times new links are mailed for one request within ReissueWindow: whoever may answer is not to be flooded, whoever
// is at support's keyboard.
const (
	MaxReissues   = 3
	ReissueWindow = time.Hour
)

// WorkflowLinkReissue is what the Temporal UI shows of it.
const WorkflowLinkReissue = "LinkReissue"

// MailLinkReissued asks the deciders once more, by their new links.
const MailLinkReissued MailKind = "link_reissued"

// Link is an emailed link: for one person, one request and one purpose. Retries and reminders repeat it; only a new issue, asked for by
// support, makes another one.
type Link struct {
	Request uuid.UUID
	Person  PersonID
	Purpose LinkPurpose
	Issue   int
	// Since when the person may answer, without a break: who comes back to a role has other links than before. Zero in those that were
	// mailed before OKEY looked at it.
	Since time.Time
}

// DiedBefore tells whether the link, first mailed at an instant, was one of a role that had ended before the present one began. A link that
// was made for the present one is alive whatever the clocks of two machines say.
func (l Link) DiedBefore(began, mailed time.Time) bool {
	return mailed.Before(began) && !l.Since.Equal(began)
}

// LinkKeys are the versioned keys that sign links; they never stand in the database.
type LinkKeys interface {
	Current() (version int, key []byte)
	Get(version int) []byte
}

// LinkToken is the secret part of a link: the version of the key, then the HMAC-SHA-256 of what the link is for. It is a right to act:
// not to be logged, kept, or put anywhere but into its mail. It prints as nothing; Text is for the mail.
type LinkToken [1 + sha256.Size]byte

// Token signs the link with the current key. The same link gives the same token for as long as the key is current.
func (l Link) Token(keys LinkKeys) LinkToken {
	version, key := keys.Current()
	return l.token(version, key)
}

func (l Link) token(version int, key []byte) LinkToken {
	mac := hmac.New(sha256.New, key)
	if l.Since.IsZero() {
		mac.Write([]byte("okey link\x00"))
	} else {
		mac.Write([]byte("okey link of a role\x00"))
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(l.Since.UnixMicro())))
	}
	mac.Write(l.Request[:])
	mac.Write(l.Person[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(l.Issue)))
	mac.Write([]byte(l.Purpose)) // last, and alone of no fixed length
	token := LinkToken{byte(version)}
	copy(token[1:], mac.Sum(nil))
	return token
}

// ParseLinkToken reads the text of a link's end; not_found where it can't be one.
func ParseLinkToken(text string) (LinkToken, error) {
	var token LinkToken
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(decoded) != len(token) {
		return token, Errorf(CodeNotFound, "Ce lien n'est pas valable, ou ne l'est plus.")
	}
	copy(token[:], decoded)
	return token, nil
}

// Text is the token as it stands in a URL.
func (t LinkToken) Text() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

// Hash is the form in which the database knows the token.
func (t LinkToken) Hash() []byte {
	sum := sha256.Sum256(t[:])
	return sum[:]
}

// Signs tells whether the token was made for the link, with the key of its version: a row in the database alone gives no right.
func (t LinkToken) Signs(l Link, keys LinkKeys) bool {
	key := keys.Get(int(t[0]))
	if key == nil {
		return false
	}
	right := l.token(int(t[0]), key)
	return hmac.Equal(t[:], right[:])
}

// String keeps tokens out of logs.
func (t LinkToken) String() string { return "link token" }

// GoString keeps tokens out of %#v too.
func (t LinkToken) GoString() string { return t.String() }

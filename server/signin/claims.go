package signin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode"

	"okey/okey"
)

// claims are what a provider says of a person: by name, as they came.
type claims map[string]json.RawMessage

// A directory that says more of one person than this has gone wrong.
const maxClaimValues = 500

// with adds what another source says. What both say, c says.
func (cl claims) with(other claims) claims {
	both := maps.Clone(other)
	maps.Copy(both, cl)
	return both
}

// texts are all the values of a claim: providers give a value with one entry as a text, one without any as null, "" or nothing.
func (cl claims) texts(name string) []string {
	var one any
	if json.Unmarshal(cl[name], &one) != nil {
		return nil
	}
	values, several := one.([]any)
	if !several {
		values = []any{one}
	}
	var texts []string
	for _, value := range values[:min(len(values), maxClaimValues)] {
		switch v := value.(type) {
		case string:
			texts = append(texts, v)
		case float64, bool:
			texts = append(texts, fmt.Sprint(v))
		}
	}
	return texts
}

func (cl claims) text(name string) string {
	if texts := cl.texts(name); len(texts) > 0 {
		return strings.TrimSpace(texts[0])
	}
	return ""
}

// time reads a claim that counts seconds since 1970; zero where it does not.
func (cl claims) time(name string) time.Time {
	var seconds float64
	if json.Unmarshal(cl[name], &seconds) != nil || seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// firstOf is the first of some claims that says something.
func (cl claims) firstOf(names []string) string {
	for _, name := range names {
		if said := okey.PersonName(cl.text(name)); said != "" {
			return said
		}
	}
	return ""
}

// person reads who it is, by the claims that identify people as the imported files do.
func (cl claims) person(by Settings) (okey.Person, error) {
	uid := by.ClaimUID
	p := okey.Person{
		UID:       okey.NormalUID(cmp.Or(cl.text(uid), cl.text("sub"))),
		GivenName: cl.firstOf(by.ClaimGivenNames), FamilyName: cl.firstOf(by.ClaimFamilyNames), Mail: cl.mail(),
	}
	switch {
	case p.UID == "":
		return p, fmt.Errorf("the provider gave neither %s nor sub", uid)
	case !okey.HidesNothing(p.UID), strings.ContainsFunc(p.UID, unicode.IsControl):
		return p, fmt.Errorf("the provider gave a %s with characters that nobody sees", uid)
	case len(p.UID) > okey.LongestUID:
		return p, fmt.Errorf("the provider gave a %s of more than %d bytes", uid, okey.LongestUID)
	}
	if p.Name() == "" {
		p.FamilyName = okey.PersonName(cl.text("name"))
	}
	p.MailDenied = p.Mail != "" && cl.denied()
	return p, nil
}

// mail is the address; none where it is none.
func (cl claims) mail() string {
	if text := cl.text("email"); okey.IsAddress(text) {
		return text
	}
	return ""
}

// verified tells whether the provider vouches for the mail address: true, or "true" with some.
func (cl claims) verified() bool {
	return cl.mail() != "" && cl.text("email_verified") == "true"
}

// denied tells whether the provider does not vouch for the address: it says anything but true, in whatever form. null says nothing.
func (cl claims) denied() bool {
	said, present := cl["email_verified"]
	return present && string(said) != "null" && !cl.verified()
}

// says is what the directory behind the provider says of the person's functions.
func (cl claims) says(rules okey.DirectoryRules) okey.DirectorySays {
	values := map[string][]string{}
	for _, name := range []string{rules.Function, rules.Heads, rules.Works, rules.Delegations} {
		values[name] = cl.texts(name)
	}
	return rules.Read(values)
}

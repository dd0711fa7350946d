// Package directory reads an academy's LDAP directory (RFC 4511): a search by pages (RFC 2696) under TLS, with an account that need only
// read. Either everything that the account may see comes back, or an error: okey.Error in French, `unavailable` for what time may mend,
// `invalid` for what somebody must.
package directory

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"okey/okey"

	"github.com/go-ldap/ldap/v3"
)

// Settings say where the directory is, and what of it is read.
type Settings struct {
	URL    string         // ldaps://host:port, or ldap://host:port, where StartTLS comes before anything is said
	Roots  *x509.CertPool // whom its certificate must come from; nil: those of the machine
	BindDN string         // the account that reads; empty: nobody in particular
	Secret string
	Base   string // the entry under which everybody is
	Filter string // RFC 4515
}

// Entry is one entry, with the values of the attributes that were asked for, by the names by which they were. In a directory the values of
// an attribute have no order (RFC 4511, 4.1.7): here they are sorted.
type Entry struct {
	DN     string
	Values map[string][]string
}

// Named are the values of an attribute that stand in the entry's own name, as `uid=lmartin` does.
func (e Entry) Named(attribute string) []string {
	var values []string
	dn, err := ldap.ParseDN(e.DN)
	if err != nil || len(dn.RDNs) == 0 {
		return nil
	}
	for _, part := range dn.RDNs[0].Attributes {
		if strings.EqualFold(part.Type, attribute) {
			values = append(values, part.Value)
		}
	}
	return values
}

// Found is what the directory has. Elsewhere names the other servers that it sends readers to for a part of it: that part is not in
// Entries, for nobody said that the account is theirs.
type Found struct {
	Entries   []Entry // in the order of their names
	Elsewhere []string
}

// How long things may take.
const (
	dialTimeout = 10 * time.Second
	pageTimeout = time.Minute // what a page of entries may take
)

// pageSize is how many entries are asked for at once: fewer than any server refuses, a round trip each hundredth of a second.
const pageSize = 200

// Read searches the whole tree below the base. progress hears how many entries have come.
func Read(ctx context.Context, s Settings, attributes []string, progress func(entries int)) (Found, error) {
	conn, err := connect(ctx, s)
	if err != nil {
		return Found{}, err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // a read under way has no other end
	defer func() { _ = conn.Close() }()
	var found Found
	paging := ldap.NewControlPaging(pageSize)
	search := ldap.NewSearchRequest(s.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, s.Filter, attributes,
		[]ldap.Control{paging})
	for {
		page, err := conn.Search(search)
		if err != nil {
			return Found{}, failure(ctx, s, len(found.Entries), err)
		}
		for _, entry := range page.Entries {
			found.Entries = append(found.Entries, entryOf(entry, attributes))
		}
		found.Elsewhere = append(found.Elsewhere, page.Referrals...)
		progress(len(found.Entries))
		next, paged := ldap.FindControl(page.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !paged || len(next.Cookie) == 0 {
			break
		}
		paging.SetCookie(next.Cookie)
	}
	slices.SortFunc(found.Entries, func(a, b Entry) int { return cmp.Compare(a.DN, b.DN) })
	slices.Sort(found.Elsewhere)
	found.Elsewhere = slices.Compact(found.Elsewhere)
	return found, nil
}

// Check tells whether the account may read the base: the error is that of Read.
func Check(ctx context.Context, s Settings) error {
	conn, err := connect(ctx, s)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer func() { _ = conn.Close() }()
	_, err = conn.Search(ldap.NewSearchRequest(s.Base, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 0, true, "(objectClass=*)",
		[]string{"1.1"}, nil))
	if err != nil {
		return failure(ctx, s, 0, err)
	}
	return nil
}

// connect opens the line, under TLS before the account is named.
func connect(ctx context.Context, s Settings) (*ldap.Conn, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, okey.Errorf(okey.CodeInvalid, "OKEY_LDAP_URL n'est pas une adresse : écrivez ldaps://hôte:port ou ldap://hôte:port.")
	}
	security := &tls.Config{ServerName: u.Hostname(), RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	dialer := &net.Dialer{Timeout: dialTimeout}
	dialer.Deadline, _ = ctx.Deadline()
	conn, err := ldap.DialURL(s.URL, ldap.DialWithTLSConfig(security), ldap.DialWithDialer(dialer))
	if err != nil {
		return nil, failure(ctx, s, 0, err)
	}
	conn.SetTimeout(pageTimeout)
	if u.Scheme == "ldap" {
		err = conn.StartTLS(security)
	}
	if err == nil && s.BindDN != "" {
		err = conn.Bind(s.BindDN, s.Secret)
	}
	if err != nil {
		return nil, errors.Join(failure(ctx, s, 0, err), conn.Close())
	}
	return conn, nil
}

// entryOf keeps the values of an entry that are text. Names of attributes have no case (RFC 4512, 2.5).
func entryOf(from *ldap.Entry, attributes []string) Entry {
	entry := Entry{DN: from.DN, Values: map[string][]string{}}
	for _, name := range attributes {
		for _, value := range from.GetEqualFoldAttributeValues(name) {
			entry.Values[name] = append(entry.Values[name], strings.ReplaceAll(strings.ToValidUTF8(value, ""), "\x00", ""))
		}
		slices.Sort(entry.Values[name])
	}
	return entry
}

// refusals say what a directory's answer means to whoever set OKEY up. What stands in braces is filled in.
var refusals = map[uint16]string{
	ldap.LDAPResultInvalidCredentials: "L'annuaire refuse le compte « {compte} » : vérifiez OKEY_LDAP_BIND_DN et OKEY_LDAP_PASSWORD.",
	ldap.LDAPResultNoSuchObject: "L'annuaire n'a pas « {base} », ou ne le montre pas à « {compte} » : vérifiez OKEY_LDAP_BASE et les " +
		"droits du compte.",
	ldap.LDAPResultReferral: "« {base} » est sur un autre serveur que celui d'OKEY_LDAP_URL : donnez son adresse.",
	ldap.LDAPResultInsufficientAccessRights: "« {compte} » n'a pas le droit de lire « {base} » dans l'annuaire : demandez-le pour ce " +
		"compte.",
	ldap.LDAPResultSizeLimitExceeded: "L'annuaire s'est arrêté après {entrées} entrées, sa limite pour « {compte} » : rien n'a été " +
		"changé. Demandez que ce compte puisse tout lire par pages (OpenLDAP : limits … size.prtotal=unlimited).",
	ldap.LDAPResultAdminLimitExceeded: "L'annuaire s'est arrêté après {entrées} entrées, sa limite pour « {compte} » : rien n'a été " +
		"changé. Demandez que ce compte puisse tout lire, par pages de 200.",
	ldap.LDAPResultTimeLimitExceeded: "L'annuaire s'est arrêté après {entrées} entrées, faute de temps : rien n'a été changé. Demandez " +
		"que « {compte} » puisse lire plus longtemps, ou restreignez OKEY_LDAP_BASE.",
	ldap.LDAPResultProtocolError: "L'annuaire ne connaît pas StartTLS : écrivez ldaps:// dans OKEY_LDAP_URL.",
}

// failure is what went wrong, in French.
func failure(ctx context.Context, s Settings, entries int, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("read the directory: %w", ctx.Err())
	}
	var answer *ldap.Error
	if errors.As(err, &answer) && refusals[answer.ResultCode] != "" {
		fill := strings.NewReplacer("{compte}", cmp.Or(s.BindDN, "anonyme"), "{base}", s.Base, "{entrées}", fmt.Sprint(entries))
		return &okey.Error{Code: okey.CodeInvalid, Message: fill.Replace(refusals[answer.ResultCode]), Err: err}
	}
	said := "L'annuaire " + s.URL + " ne répond pas : rien n'a été changé."
	if entries > 0 {
		said = fmt.Sprintf("L'annuaire %s a cessé de répondre après %d entrées : rien n'a été changé.", s.URL, entries)
	}
	return &okey.Error{Code: okey.CodeUnavailable, Message: said, Err: err}
}

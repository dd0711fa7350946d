package directory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/internal/directory"
	"okey/internal/ldaptest"
	"okey/okey"
)

// crowd are n people.
func crowd(n int) []ldaptest.Entry {
	entries := make([]ldaptest.Entry, n)
	for i := range entries {
		uid := fmt.Sprintf("p%05d", i)
		entries[i] = ldaptest.Entry{RDN: "uid=" + uid, Values: map[string][]string{"uid": {uid}, "sn": {"Nom"}, "FrEduRne": {"0060001U"}}}
	}
	return entries
}

func settings(s *ldaptest.Server) directory.Settings {
	return directory.Settings{
		URL: s.LDAPS, Roots: s.Roots, BindDN: ldaptest.Reader, Secret: ldaptest.Secret, Base: ldaptest.Suffix, Filter: "(FrEduRne=*)",
	}
}

func read(t *testing.T, s directory.Settings) (directory.Found, error) {
	t.Helper()
	return directory.Read(t.Context(), s, []string{"UID", "frEduRne"}, func(int) {})
}

func TestEverybodyIsReadPageByPageWhicheverWayTLSBegins(t *testing.T) {
	const many = 1003
	server := ldaptest.Start(t, "size.soft=10 size.hard=10 size.prtotal=unlimited", crowd(many)...)
	for _, address := range []string{server.LDAPS, server.LDAP} {
		s := settings(server)
		s.URL = address
		var heard []int
		found, err := directory.Read(t.Context(), s, []string{"UID", "frEduRne"}, func(entries int) { heard = append(heard, entries) })
		require.NoError(t, err)
		assert.Len(t, found.Entries, many)
		assert.Equal(t, []int{200, 400, 600, 800, 1000, many}, heard)
		assert.Equal(t, map[string][]string{"UID": {"p00000"}, "frEduRne": {"0060001U"}}, found.Entries[0].Values, "names have no case")
		require.NoError(t, directory.Check(t.Context(), s))
	}
}

func TestWhatADirectoryRefusesIsSaidWithWhatToDo(t *testing.T) {
	server := ldaptest.Start(t, "size.soft=50 size.hard=50", crowd(60)...)
	for name, test := range map[string]struct {
		change func(*directory.Settings)
		code   okey.Code
		says   string
	}{
		"too many for the account": {func(*directory.Settings) {}, okey.CodeInvalid, "size.prtotal=unlimited"},
		"another password":         {func(s *directory.Settings) { s.Secret = "autre" }, okey.CodeInvalid, "OKEY_LDAP_PASSWORD"},
		"no such base":             {func(s *directory.Settings) { s.Base = "ou=rien," + ldaptest.Suffix }, okey.CodeInvalid, "OKEY_LDAP_BASE"},
		"nobody in particular":     {func(s *directory.Settings) { s.BindDN = "" }, okey.CodeInvalid, "anonyme"},
		"another's certificate":    {func(s *directory.Settings) { s.Roots = nil }, okey.CodeUnavailable, "rien n'a été changé"},
		"without TLS":              {func(s *directory.Settings) { s.URL = "ldap" + server.LDAPS[len("ldaps"):] }, okey.CodeUnavailable, "rien n'a été changé"},
		"nobody there":             {func(s *directory.Settings) { s.URL = "ldaps://127.0.0.1:1" }, okey.CodeUnavailable, "rien n'a été changé"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(server)
			test.change(&s)
			_, err := read(t, s)
			require.Equal(t, test.code, okey.ErrorCode(err), "%v", err)
			assert.Contains(t, okey.ErrorMessage(err), test.says)
		})
	}
}

func TestAReferralIsNamedAndNotFollowed(t *testing.T) {
	server := ldaptest.Start(t, "", append(crowd(3), ldaptest.Entry{RDN: "ou=ailleurs", Values: map[string][]string{
		"objectClass": {"referral", "extensibleObject"}, "ref": {"ldap://127.0.0.1:1/ou=ailleurs,dc=ac-nice,dc=fr"},
	}})...)
	found, err := read(t, settings(server))
	require.NoError(t, err)
	assert.Len(t, found.Entries, 3)
	require.Len(t, found.Elsewhere, 1)
	assert.Contains(t, found.Elsewhere[0], "127.0.0.1:1")

	s := settings(server)
	s.Base = "ou=ailleurs," + ldaptest.Staff
	_, err = read(t, s)
	require.Equal(t, okey.CodeInvalid, okey.ErrorCode(err), "%v", err)
	assert.Contains(t, okey.ErrorMessage(err), "OKEY_LDAP_URL")
}

func TestWhoeverStopsReadingIsNotToldThatTheDirectoryIsAway(t *testing.T) {
	server := ldaptest.Start(t, "", crowd(500)...)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := directory.Read(ctx, settings(server), []string{"uid"}, func(int) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
}

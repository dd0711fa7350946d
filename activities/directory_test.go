package activities_test

import (
	"testing"

	"okey/activities"
	"okey/imports"
	"okey/internal/directory"
	"okey/internal/ldaptest"
	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

func TestTheNightlyReadingTakesWhatTheDirectorySaysAndRefusesForGoodWhatItMustNot(t *testing.T) {
	c := newFixture(t)
	none, err := activities.NewDirectory(c.Store, nil).Sync(t.Context(), okey.SyncInput{At: c.now})
	require.NoError(t, err)
	assert.Zero(t, none, "no directory is set")

	server := ldaptest.Start(t, "", ldaptest.Entry{RDN: "uid=zoe", Values: map[string][]string{
		"uid": {"zoe"}, "sn": {"Zola"}, "FrEduRne": {string(scene.Tilleuls)},
	}})
	from := &imports.Directory{
		Settings: directory.Settings{
			URL: server.LDAPS, Roots: server.Roots, BindDN: ldaptest.Reader, Secret: ldaptest.Secret, Base: ldaptest.Staff, Filter: "(uid=*)",
		},
		UID: "uid", FamilyName: "sn", Rules: okey.DirectoryRules{Works: "FrEduRne"},
	}
	nightly := activities.NewDirectory(c.Store, from)
	report, err := nightly.Sync(t.Context(), okey.SyncInput{At: c.now})
	require.NoError(t, err)
	assert.Equal(t, okey.SyncReport{Read: 1, Added: 1}, report)
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM audit WHERE subject = 'import:directory' AND via = 'engine'`))

	server.Remove("uid=zoe")
	report, err = nightly.Sync(t.Context(), okey.SyncInput{At: c.now})
	require.NoError(t, err, "an outcome: nobody reads it again all night, and nothing is stuck")
	assert.True(t, report.Refused)
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM import_run WHERE NOT taken`), "support reads why")
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM action a JOIN import_run r ON r.id = a.subject WHERE a.name = 'sources-told'`), "and is told")

	from.URL = "ldaps://127.0.0.1:1"
	_, err = nightly.Sync(t.Context(), okey.SyncInput{At: c.now})
	require.Error(t, err)
	var final *temporal.ApplicationError
	assert.NotErrorAs(t, err, &final, "who is away is asked again")
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM assignment WHERE source = 'directory'`))

	c.retain(c.now.AddDate(0, 11, 0))
	assert.Equal(t, 2, c.Count(`SELECT count(*) FROM import_run`))
	c.retain(c.later(12))
	assert.Zero(t, c.Count(`SELECT count(*) FROM import_run`), "what imports did is forgotten after a year")
}

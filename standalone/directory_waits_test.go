package main

import (
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The provider's page leads to who has something to do: those come first for whom most waits, a section's host among them, and nobody is
// awaited by themselves.
func TestTheProvidersPeopleAreThoseFirstWhomSomebodyAwaits(t *testing.T) {
	s := scene.New(t)
	roux, gris := s.Person("Marc Roux", okey.Principal, scene.Tilleuls), s.Person("Jean Gris", okey.Principal, scene.Acacias)
	asks := func(name string, uai okey.UAI, stage okey.Stage) {
		p := s.Person(name, okey.Staff, uai)
		s.Exec(`INSERT INTO charter (version, body, sha256, published_at) VALUES (1, 'charte', 'x', now()) ON CONFLICT DO NOTHING`)
		s.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at, signed_at, charter)
			VALUES (gen_random_uuid(), $1, $2, 'saisie', 'first', $3, now(), now(), now(), now(), 1)`, p.ID, string(uai), string(stage))
	}
	asks("Léa Un", scene.Acacias, okey.AwaitingDecision)
	asks("Léa Deux", scene.Acacias, okey.AwaitingStock)
	asks("Léa Trois", scene.Tilleuls, okey.AwaitingDecision)
	asks("Léa Quatre", scene.Tilleuls, okey.AwaitingDecision)
	people, err := directory{s.Store.DB()}.People(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{roux.UID, gris.UID}, []string{people[0].UID, people[1].UID})
	assert.Equal(t, []string{"À répondre : 2, à remettre : 0", "À répondre : 1, à remettre : 0", ""},
		[]string{people[0].Waits, people[1].Waits, people[2].Waits})
	s.Exec(`INSERT INTO assignment (person, uai, function, source, since) SELECT person, uai, function, 'claims', since FROM assignment`)
	people, err = directory{s.Store.DB()}.People(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "À répondre : 2, à remettre : 0", people[0].Waits, "what claims say beside the file waits once")
	s.Exec(`UPDATE establishment SET host = $2 WHERE uai = $1`, scene.Tilleuls, scene.Acacias)
	people, err = directory{s.Store.DB()}.People(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "À répondre : 3, à remettre : 0", people[0].Waits)
	assert.Equal(t, gris.UID, people[0].UID, "who answers for a section that has a host is the host's head")
}

// Who has left without a function is nobody of the academy: the page says what they are.
func TestTheProvidersPageSaysWhoHasNoFunctionLeft(t *testing.T) {
	s := scene.New(t)
	left, desk := s.Person("Karima Bouchet", okey.Staff, scene.Acacias), s.Person("Nadia Durand", okey.Staff, scene.Acacias)
	s.Exec(`DELETE FROM assignment`)
	s.Exec(`UPDATE person SET support = true WHERE id = $1`, desk.ID)
	people, err := directory{s.Store.DB()}.People(t.Context())
	require.NoError(t, err)
	gone, _ := find(people, left.UID)
	assert.Equal(t, "Sans fonction", gone.Group)
	assert.Equal(t, "ne travaille plus dans un établissement", gone.Role)
	stays, _ := find(people, desk.UID)
	assert.Equal(t, []string{"Académie", "assistance"}, []string{stays.Group, stays.Role})
}

package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The schools of the walk besides the scene's two. The section has no head: the Tilleuls answer for it.
var (
	section  = rightUAI("0069010A")
	onlyHead = rightUAI("0069011A")
	closing  = rightUAI("0069012A")
	closed   = rightUAI("0069013A")
)

// player is somebody who walks: what they are is declared here, and the database made from it. The permission table is asked about the
// declaration, the server about the database.
type player struct {
	name string
	okey.Actor
	scope     string // of a service's token
	anonymous bool
	token     string
	cookie    string
}

func (p *player) service() bool { return p.scope != "" }

// troupe are all who walk, whatever the route is about; the owner of what it is about joins them.
type troupe struct {
	*house
	day    okey.Day
	all    []*player // in the order of the cast
	byID   map[okey.PersonID]*player
	cookie string               // its name
	lent   map[string]uuid.UUID // delegations, by who has them
}

func works(uai okey.UAI, f okey.Function) []okey.Assignment {
	return []okey.Assignment{{UAI: uai, Function: f}}
}

// add declares a person and writes them into the database. The source of assignments and delegations is where OKEY had them from.
func (c *troupe) add(name, source string, a okey.Actor) *player {
	c.Helper()
	a.Person = c.Person(name, okey.Staff)
	c.Exec(`UPDATE person SET support = $2, auditor = $3 WHERE id = $1`, a.ID, a.Support, a.Auditor)
	for _, as := range a.Assignments {
		from := source
		if source == "page" {
			from = "import"
		}
		c.Exec(`INSERT INTO assignment (person, uai, function, source, until, since) VALUES ($1, $2, $3, $4, nullif($5, '')::date, $6)`,
			a.ID, as.UAI, string(as.Function), from, as.Until.String(), scene.Now)
	}
	for _, d := range a.Delegations {
		id := uuid.New()
		c.lent[name] = id
		c.Exec(`INSERT INTO delegation (id, uai, given_by, given_to, scope, from_day, until_day, source, created_at, begun_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), now())`,
			id, d.UAI, c.headOf(d.UAI).ID, a.ID, string(d.Scope), d.From.String(), d.Until.String(), source)
	}
	p := &player{name: name, Actor: a}
	c.byID[a.ID] = p
	p.token = c.house.token(a.Person)
	p.cookie = c.signIn(a.Person)
	return p
}

// headOf is the first head of a school that has joined.
func (c *troupe) headOf(uai okey.UAI) *player {
	for _, p := range c.all {
		if slices.ContainsFunc(p.At(uai, c.day), func(as okey.Assignment) bool { return as.Function.Approves() }) {
			return p
		}
	}
	c.Fatalf("nobody heads %s", uai)
	return nil
}

// signIn writes a session, in which the person has just signed in afresh.
func (c *troupe) signIn(p okey.Person) string {
	c.Helper()
	m := scs.New()
	m.Store = postgresstore.NewWithConfig(c.Store.DB(), postgresstore.Config{TableName: "session"})
	m.HashTokenInStore = true
	ctx, err := m.Load(context.Background(), uuid.NewString())
	require.NoError(c, err)
	fresh, err := json.Marshal(map[string]any{"person": p.ID, "until": time.Now().Add(time.Hour)})
	require.NoError(c, err)
	m.Put(ctx, "person", p.ID.String())
	m.Put(ctx, "fresh", string(fresh))
	token, _, err := m.Commit(ctx)
	require.NoError(c, err)
	return token
}

// newTroupe is everybody whom the permission table knows: each role, within its dates and outside.
func newTroupe(h *house) *troupe {
	h.Helper()
	c := &troupe{house: h, day: here(), byID: map[okey.PersonID]*player{}, lent: map[string]uuid.UUID{}}
	c.cookie = h.browse().cookieName()
	for uai, name := range map[okey.UAI]string{
		section: "Section des Prés", onlyHead: "Collège Seul", closing: "Lycée Fermant", closed: "Lycée Fermé",
	} {
		h.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
			VALUES ($1, $2, 340, '99', '1', '23', 'Nice', '06000', $3)`, uai, name, scene.Now)
	}
	home, far, yesterday := scene.Tilleuls, scene.Acacias, c.day.AddDays(-1)
	staff := works(home, okey.Staff)
	lent := func(scope okey.Scope, from, until int) okey.Actor {
		return okey.Actor{
			Assignments: staff,
			Delegations: []okey.Delegation{{UAI: home, Scope: scope, From: c.day.AddDays(from), Until: c.day.AddDays(until)}},
		}
	}
	for _, one := range []struct {
		name, source string
		okey.Actor
	}{
		{"Principal Tilleuls", "import", okey.Actor{Assignments: works(home, okey.Principal)}},
		{"Deputy Tilleuls", "import", okey.Actor{Assignments: works(home, okey.Deputy)}},
		{"Farhead Acacias", "import", okey.Actor{Assignments: works(far, okey.Principal)}},
		{"Onlyhead Seul", "import", okey.Actor{Assignments: works(onlyHead, okey.Principal)}},
		{"Attached Deputy", "support", okey.Actor{Assignments: []okey.Assignment{{UAI: home, Function: okey.Deputy, Until: c.day}}}},
		{"Claims Principal", "claims", okey.Actor{Assignments: works(home, okey.Principal)}},
		{"Bothschools Head", "import", okey.Actor{Assignments: append(works(home, okey.Deputy), works(far, okey.Principal)...)}},
		{"Gone Principal", "import", okey.Actor{Assignments: []okey.Assignment{{UAI: home, Function: okey.Principal, Until: yesterday}}}},
		{
			"Gone Sectionhead", "import",
			okey.Actor{Assignments: []okey.Assignment{{UAI: section, Function: okey.Principal, Until: yesterday}}},
		},
		{"Nobody Anywhere", "import", okey.Actor{}},
		{"Colleague Tilleuls", "import", okey.Actor{Assignments: staff}},
		{"Colleague Acacias", "import", okey.Actor{Assignments: works(far, okey.Staff)}},
		{"Colleague Section", "import", okey.Actor{Assignments: works(section, okey.Staff)}},
		{"Delegate Today", "page", lent(okey.Everything, 0, 0)},
		{"Delegate Tomorrow", "page", lent(okey.Everything, 1, 9)},
		{"Delegate Yesterday", "page", lent(okey.Everything, -9, -1)},
		{"Stockdelegate Today", "page", lent(okey.HandoverAndStock, 0, 0)},
		{"Stockdelegate Tomorrow", "page", lent(okey.HandoverAndStock, 1, 9)},
		{"Stockdelegate Yesterday", "page", lent(okey.HandoverAndStock, -9, -1)},
		{"Claims Delegate", "claims", okey.Actor{Delegations: lent(okey.Everything, -3, 3).Delegations}},
		{
			"Delegate Acacias", "page", okey.Actor{Assignments: works(far,
				okey.Staff), Delegations: []okey.Delegation{{UAI: far, Scope: okey.Everything, From: yesterday, Until: c.day.AddDays(1)}}},
		},
		{"Support Team", "import", okey.Actor{Support: true}},
		{"Supportworker Tilleuls", "import", okey.Actor{Support: true, Assignments: staff}},
		{"Auditor Academy", "import", okey.Actor{Auditor: true}},
	} {
		c.all = append(c.all, c.add(one.name, one.source, one.Actor))
	}
	c.all = append(c.all, &player{name: "anonymous", anonymous: true})
	for _, scope := range []string{"keys", "logins", "pin-checks", "events", "staff", "establishments", "others"} {
		c.all = append(c.all, &player{
			name: "service for " + scope, scope: scope, token: h.tokenFor(sql.Bearer{Service: scope, Scopes: []string{scope}}, time.Hour),
		})
	}
	c.Exec(`UPDATE establishment SET host = $2 WHERE uai = $1`, section, home)
	return c
}

// who finds one of the troupe.
func (c *troupe) who(name string) *player {
	c.Helper()
	for _, p := range c.all {
		if p.name == name {
			return p
		}
	}
	c.Fatalf("nobody is called %s", name)
	return nil
}

// walkers are those who try a route about a thing: all of them, and its owner.
func (c *troupe) walkers(t thing) []*player {
	owner := c.byID[t.owner]
	if owner == nil || slices.Contains(c.all, owner) {
		return c.all
	}
	return append(slices.Clone(c.all), owner)
}

// subject is a thing as the permission table sees it.
func (c *troupe) subject(p *player, t thing, reason bool) okey.Subject {
	s := okey.Subject{Owner: t.owner, UAI: t.uai, Stage: t.stage, HasReason: reason}
	for _, other := range c.all {
		for _, as := range other.At(t.uai, c.day) {
			s.OtherApprovers = s.OtherApprovers || as.Function.Approves() && other.ID != p.ID
		}
	}
	return s
}

// may asks the permission table about the player as declared; of several acts one is enough.
func (c *troupe) may(p *player, t thing, reason bool, acts ...okey.Act) error {
	var refused error
	for _, act := range acts {
		err := okey.May(act, p.Actor, c.subject(p, t, reason), c.day)
		if err == nil {
			return nil
		}
		refused = graver(refused, err)
	}
	return refused
}

// graver is what someone is told of several refusals: whoever sees a thing is not told that it does not exist.
func graver(a, b error) error {
	if a == nil || okey.ErrorCode(a) == okey.CodeNotFound {
		return b
	}
	return a
}

// newcomer is the owner of something: staff of a school, and nothing else.
func (c *troupe) newcomer(name string, uai okey.UAI) *player {
	return c.add(name+" "+name+strings.ToLower(string(uai)), "import", okey.Actor{Assignments: works(uai, okey.Staff)})
}

// calls is an API call that has to succeed.
func (c *troupe) calls(p *player, method, path string, body any) answer {
	c.Helper()
	a := c.send(p.token, method, path, body)
	require.Contains(c, []int{http.StatusOK, http.StatusCreated}, a.Status, "%s %s by %s: %s", method, path, p.name, a.Text)
	return a
}

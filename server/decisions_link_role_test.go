package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// staff takes a staff file of the Tilleuls: Anne Blanc, and whoever is named.
func (h *house) staff(c cast, others ...okey.ImportedStaff) {
	h.Helper()
	rows := append([]okey.ImportedStaff{staffRow(c.blanc, okey.Deputy, okey.Day{})}, others...)
	for i := range rows {
		rows[i].Line = i + 2
	}
	require.NoError(h, h.Store.Do(h.Context(), func(tx *sql.Tx) error {
		_, err := tx.ImportStaff(h.Context(), rows, sql.StaffImport{Today: here(), Force: true}, time.Now())
		return err
	}))
}

// says is a sign-in of a person of whom the directory says this.
func (h *house) says(p okey.Person, says okey.DirectorySays) {
	h.Helper()
	_, err := h.Store.SignIn(h.Context(), p, says, false, time.Now())
	require.NoError(h, err)
}

// comeback is a role of somebody that begins, ends, and begins again.
type comeback struct {
	begin, end func(*house, cast, okey.Person)
	again      func(*house, cast, okey.Person) // nil: as it began
}

func heads(uais ...okey.UAI) okey.DirectorySays {
	var says okey.DirectorySays
	for _, uai := range uais {
		says.Assignments = append(says.Assignments, okey.Assignment{UAI: uai, Function: okey.Principal})
	}
	return says
}

func staffRow(p okey.Person, function okey.Function, until okey.Day) okey.ImportedStaff {
	return okey.ImportedStaff{
		UAI: scene.Tilleuls, UID: p.UID, FamilyName: p.FamilyName, GivenName: p.GivenName, Mail: p.Mail, Function: function, Until: until,
	}
}

func carried(h *house, c cast) okey.DirectorySays {
	return okey.DirectorySays{Delegations: []okey.DirectoryDelegation{
		{
			UAI: scene.Tilleuls, GivenBy: h.Text(`SELECT uid FROM person WHERE id = $1`, c.blanc.ID), From: here().AddDays(-3),
			Until: here().AddDays(3),
		},
	}}
}

var comebacks = map[string]comeback{
	"a staff file leaves them out, the next one has them": {
		begin: func(h *house, c cast, p okey.Person) { h.staff(c, staffRow(p, okey.Principal, okey.Day{})) },
		end:   func(h *house, c cast, _ okey.Person) { h.staff(c) },
	},
	"the last day of the function passes, a file names a later one": {
		begin: func(h *house, c cast, p okey.Person) { h.staff(c, staffRow(p, okey.Principal, here().AddDays(5))) },
		end: func(h *house, _ cast, p okey.Person) {
			h.Exec(`UPDATE assignment SET until = $2 WHERE person = $1`, p.ID, here().AddDays(-1).String())
		},
	},
	"support ends an attachment, and attaches again": {
		begin: func(h *house, c cast, p okey.Person) {
			_, err := h.Store.Attach(h.Context(), okey.Attachment{
				ID: uuid.New(), Person: p.ID, UAI: scene.Tilleuls, Function: okey.Principal, Until: here().AddDays(9), Reason: "intérim",
				By: c.support.ID, At: time.Now(),
			})
			require.NoError(h, err)
		},
		end: func(h *house, c cast, _ okey.Person) {
			_, err := h.Store.Detach(h.Context(), uuid.MustParse(h.Text(`SELECT id::text FROM attachment WHERE ended_at IS NULL`)),
				c.support.ID, time.Now())
			require.NoError(h, err)
		},
	},
	"the directory says so no more at a sign-in, then again": {
		begin: func(h *house, _ cast, p okey.Person) { h.says(p, heads(scene.Tilleuls)) },
		end:   func(h *house, _ cast, p okey.Person) { h.says(p, okey.DirectorySays{}) },
	},
	"the directory was asked too long ago, then again": {
		begin: func(h *house, _ cast, p okey.Person) { h.says(p, heads(scene.Tilleuls)) },
		end: func(h *house, _ cast, p okey.Person) {
			h.Exec(`UPDATE assignment SET until = $2 WHERE person = $1`, p.ID, here().AddDays(-1).String())
		},
	},
	"a delegation is ended, another is given": {
		begin: func(h *house, c cast, p okey.Person) {
			h.staff(c, staffRow(p, okey.Staff, okey.Day{}))
			h.lent(c.blanc, p, okey.Everything)
		},
		end: func(h *house, c cast, _ okey.Person) {
			_, err := h.Store.EndDelegation(h.Context(), uuid.MustParse(h.Text(`SELECT id::text FROM delegation`)), c.blanc.ID, time.Now())
			require.NoError(h, err)
		},
		again: func(h *house, c cast, p okey.Person) { h.lent(c.blanc, p, okey.Everything) },
	},
	"the dates of a delegation pass, another is given": {
		begin: func(h *house, c cast, p okey.Person) {
			h.staff(c, staffRow(p, okey.Staff, okey.Day{}))
			h.lent(c.blanc, p, okey.Everything)
		},
		end:   func(h *house, _ cast, _ okey.Person) { h.Exec(`UPDATE delegation SET until_day = from_day`) },
		again: func(h *house, c cast, p okey.Person) { h.lent(c.blanc, p, okey.Everything) },
	},
	"a delegation was given beforehand for days after its gap": {
		begin: func(h *house, c cast, p okey.Person) {
			h.staff(c, staffRow(p, okey.Staff, okey.Day{}))
			h.lent(c.blanc, p, okey.Everything)
		},
		end: func(h *house, _ cast, _ okey.Person) {
			h.Exec(`UPDATE link SET created_at = created_at - interval '3 days'`)
			h.Exec(`UPDATE assignment SET since = since - interval '9 days'`)
			h.Exec(`UPDATE delegation SET created_at = created_at - interval '9 days', from_day = from_day - 9, until_day = from_day - 2`)
		},
		again: func(h *house, _ cast, _ okey.Person) {
			h.Exec(`UPDATE delegation SET until_day = current_date - 2`)
			h.Exec(`INSERT INTO delegation (id, uai, given_by, given_to, scope, from_day, until_day, created_at, begun_at)
				SELECT gen_random_uuid(), uai, given_by, given_to, scope, $1::date, $2::date, created_at, created_at FROM delegation`,
				here().String(), here().AddDays(3).String())
		},
	},
	"the directory carries a delegation no more, then again": {
		begin: func(h *house, c cast, p okey.Person) { h.says(p, carried(h, c)) },
		end:   func(h *house, _ cast, p okey.Person) { h.says(p, okey.DirectorySays{}) },
	},
	"whoever gave the delegation leaves, and is back": {
		begin: func(h *house, c cast, p okey.Person) {
			h.staff(c, staffRow(c.roux, okey.Principal, okey.Day{}), staffRow(p, okey.Staff, okey.Day{}))
			h.lent(c.roux, p, okey.Everything)
		},
		end: func(h *house, c cast, p okey.Person) {
			h.staff(c, staffRow(p, okey.Staff, okey.Day{}))
		},
		again: func(h *house, c cast, p okey.Person) {
			h.staff(c, staffRow(c.roux, okey.Principal, okey.Day{}), staffRow(p, okey.Staff, okey.Day{}))
		},
	},
	"whoever has the delegation leaves, and is back": {
		begin: func(h *house, c cast, p okey.Person) {
			h.staff(c, staffRow(p, okey.Staff, okey.Day{}))
			h.lent(c.blanc, p, okey.Everything)
		},
		end: func(h *house, c cast, _ okey.Person) { h.staff(c) },
		again: func(h *house, c cast, p okey.Person) {
			h.staff(c, staffRow(p, okey.Staff, okey.Day{}))
		},
	},
	"their school answers for this one no more, then again": {
		begin: func(h *house, c cast, p okey.Person) {
			h.says(p, heads(scene.Acacias))
			h.Exec(`DELETE FROM assignment WHERE uai = $1 AND function <> 'personnel'`, scene.Tilleuls)
			_, err := h.Store.Host(h.Context(), okey.Hosting{
				ID: uuid.New(), UAI: scene.Tilleuls, Host: scene.Acacias, Reason: "sans direction", By: c.support.ID, At: time.Now(),
			}, here())
			require.NoError(h, err)
		},
		end: func(h *house, c cast, _ okey.Person) {
			_, err := h.Store.EndHosting(h.Context(), uuid.MustParse(h.Text(`SELECT id::text FROM hosting WHERE ended_at IS NULL`)),
				c.support.ID, time.Now())
			require.NoError(h, err)
		},
	},
}

// A link dies with the person's role. Dead is dead: the role may come back, for another reason and in other hands.
func TestALinkStaysDeadWhenItsPersonsRoleComesBack(t *testing.T) {
	for name, role := range comebacks {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := h.cast()
			page := h.as(c.lea).asks()
			request := h.Request(uuid.MustParse(strings.TrimPrefix(page, "/demandes/")))
			p := h.Person("Yves Retour", okey.Staff)
			role.begin(h, c, p)
			link := h.goodLink(page, p)
			anyone := h.browse()
			opened := anyone.get(link)
			require.Equal(t, http.StatusOK, opened.Status)
			form := opened.form(t, link, "decision", "approve")
			role.end(h, c, p)
			require.Equal(t, http.StatusNotFound, anyone.get(link).Status)
			if role.again == nil {
				role.again = role.begin
			}
			role.again(h, c, p)
			require.Contains(t, h.as(p).get(page).HTML, page+"/reponse", "the role is back")
			assert.Equal(t, http.StatusNotFound, anyone.get(link).Status)
			assert.Equal(t, http.StatusNotFound, anyone.post(link, form).Status)
			assert.Equal(t, okey.AwaitingDecision, h.Request(request.ID).Stage)

			since, err := h.Store.AnswersSince(t.Context(), p.ID, h.Request(request.ID), here(), okey.ZoneOf(""))
			require.NoError(t, err)
			next := okey.Link{Request: request.ID, Person: p.ID, Purpose: okey.LinkDecision, Issue: 1, Since: since}
			token := next.Token(h.Config.LinkKeys)
			require.NoError(t, h.Store.SaveLink(t.Context(), token, next, time.Now().Add(time.Hour), since.Add(-time.Second)),
				"two clocks are never the same")
			assert.Equal(t, http.StatusOK, anyone.get("/valider/"+token.Text()).Status, "the next mail has another one")
		})
	}
}

// What goes on without a break changes no link, whatever is written of it again.
func TestALinkLivesAsLongAsItsPersonsRoleDoes(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	h.staff(c, staffRow(c.roux, okey.Principal, here().AddDays(5)))
	link := h.goodLink(page, c.roux)
	h.staff(c, staffRow(c.roux, okey.Principal, here().AddDays(50)))
	h.staff(c, staffRow(c.roux, okey.Principal, okey.Day{}))
	h.says(c.roux, heads(scene.Tilleuls))
	h.says(c.roux, heads(scene.Tilleuls, scene.Acacias))
	h.lent(c.blanc, c.roux, okey.Everything)
	assert.Equal(t, http.StatusOK, h.browse().get(link).Status)
	assert.Equal(t, http.StatusUnprocessableEntity, h.browse().post(link, url.Values{"action": {uuid.NewString()}}).Status)
}

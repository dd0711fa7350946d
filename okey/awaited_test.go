package okey_test

import (
	"testing"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// Whom a request waits for may do what it waits for, and whoever may without a reason is among them: but for the owner, for whom others
// stand in.
func TestWhoIsAwaitedMayAct(t *testing.T) {
	ids := []okey.PersonID{uuid.New(), uuid.New(), uuid.New(), uuid.New()}
	roles := []okey.Role{okey.RoleApprover, okey.RoleDelegate, okey.RoleStockDelegate}
	const school = okey.UAI("0069901E")
	today := okey.NewDay(2026, 11, 30)
	rapid.Check(t, func(t *rapid.T) {
		act := rapid.SampledFrom([]okey.Act{okey.ActDecide, okey.ActHandOver}).Draw(t, "act")
		owner := rapid.SampledFrom(ids).Draw(t, "owner")
		var responders []okey.Responder
		actors := map[okey.PersonID]*okey.Actor{}
		for range rapid.IntRange(0, 5).Draw(t, "responders") {
			r := okey.Responder{Role: rapid.SampledFrom(roles).Draw(t, "role")}
			r.ID = rapid.SampledFrom(ids).Draw(t, "who")
			responders = append(responders, r)
			if actors[r.ID] == nil {
				actors[r.ID] = &okey.Actor{Person: r.Person}
			}
			switch a := actors[r.ID]; r.Role {
			case okey.RoleApprover:
				a.Assignments = append(a.Assignments, okey.Assignment{UAI: school, Function: okey.Principal})
			case okey.RoleDelegate:
				a.Delegations = append(a.Delegations, lent(school, okey.Everything, today))
			default:
				a.Delegations = append(a.Delegations, lent(school, okey.HandoverAndStock, today))
			}
		}
		awaited := map[okey.PersonID]bool{}
		for _, r := range okey.Awaited(act, owner, responders) {
			assert.False(t, awaited[r.ID], "twice")
			awaited[r.ID] = true
		}
		alone := true
		for id, actor := range actors {
			may := okey.May(act, *actor, okey.Subject{
				Owner: owner, UAI: school, Stage: okey.AwaitingHandover, OtherApprovers: okey.OtherApprovers(responders, id),
			}, today) == nil
			if id != owner {
				assert.Equal(t, may, awaited[id])
				alone = alone && !may
			} else if awaited[id] {
				assert.True(t, may)
			}
		}
		if awaited[owner] {
			assert.True(t, alone, "somebody else could")
		}
	})
}

func lent(uai okey.UAI, scope okey.Scope, on okey.Day) okey.Delegation {
	return okey.Delegation{UAI: uai, Scope: scope, From: on, Until: on}
}

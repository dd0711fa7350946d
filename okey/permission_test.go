package okey_test

import (
	"testing"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

const (
	archet  = okey.UAI("0061694J")
	mimosas = okey.UAI("0061924J")
)

var today = okey.NewDay(2026, time.November, 23)

// cast returns one person for each column of the permission table, all of L'Archet.
func cast(owner okey.PersonID) map[okey.Role]okey.Actor {
	delegated := func(scope okey.Scope) okey.Actor {
		return okey.Actor{
			Person:      okey.Person{ID: uuid.New()},
			Delegations: []okey.Delegation{{UAI: archet, Scope: scope, From: today, Until: today}},
		}
	}
	return map[okey.Role]okey.Actor{
		okey.RoleRequester:     {Person: okey.Person{ID: owner}, Assignments: []okey.Assignment{{UAI: archet, Function: okey.Staff}}},
		okey.RoleApprover:      {Person: okey.Person{ID: uuid.New()}, Assignments: []okey.Assignment{{UAI: archet, Function: okey.Deputy}}},
		okey.RoleDelegate:      delegated(okey.Everything),
		okey.RoleStockDelegate: delegated(okey.HandoverAndStock),
		okey.RoleSupport:       {Person: okey.Person{ID: uuid.New()}, Support: true},
		okey.RoleAuditor:       {Person: okey.Person{ID: uuid.New()}, Auditor: true},
	}
}

// The table of rights, row by row: y may, r may with a reason, - may not though they see it.
func TestPermissionTable(t *testing.T) {
	roles := []okey.Role{
		okey.RoleRequester,
		okey.RoleApprover,
		okey.RoleDelegate,
		okey.RoleStockDelegate,
		okey.RoleSupport,
		okey.RoleAuditor,
	}
	table := map[okey.Act]string{
		okey.ActAsk:          "y-----",
		okey.ActSign:         "y-----",
		okey.ActSetPIN:       "y-----",
		okey.ActDeclareKey:   "y-----",
		okey.ActWithdraw:     "yyyyr-",
		okey.ActDecide:       "-yy-r-",
		okey.ActHandOver:     "-yyyy-",
		okey.ActManageKeys:   "-yyyy-",
		okey.ActOrder:        "-yyyy-",
		okey.ActDelegate:     "-y----",
		okey.ActNudge:        "----y-",
		okey.ActImport:       "----y-",
		okey.ActExportOrders: "----y-",
		okey.ActCloseOrder:   "----r-",
		okey.ActSettings:     "----y-",
		okey.ActResendMail:   "----y-",
		okey.ActAttach:       "----y-",
		okey.ActMoveKeys:     "----y-",
		okey.ActSee:          "yyyyyy",
		okey.ActSeeDesk:      "----yy",
	}
	assert.Len(t, table, len(okey.Permissions), "every act has a row here")
	owner := uuid.New()
	people := cast(owner)
	for act, row := range table {
		for i, role := range roles {
			subject := okey.Subject{Owner: owner, UAI: archet, Stage: okey.AwaitingHandover, OtherApprovers: true}
			bare := okey.ErrorCode(okey.May(act, people[role], subject, today))
			subject.HasReason = true
			reasoned := okey.ErrorCode(okey.May(act, people[role], subject, today))
			switch row[i] {
			case 'y':
				assert.Empty(t, bare, "%s %s", role, act)
			case 'r':
				assert.Equal(t, okey.CodeInvalid, bare, "%s %s", role, act)
				assert.Empty(t, reasoned, "%s %s", role, act)
			default:
				assert.Equal(t, okey.CodeForbidden, reasoned, "%s %s", role, act)
			}
		}
	}
}

func TestElsewhereNobodySees(t *testing.T) {
	for role, actor := range cast(uuid.New()) {
		err := okey.May(okey.ActSee, actor, okey.Subject{Owner: uuid.New(), UAI: mimosas}, today)
		sees := role == okey.RoleSupport || role == okey.RoleAuditor
		assert.Equal(t, sees, err == nil, "%s", role)
		if !sees {
			assert.Equal(t, okey.CodeNotFound, okey.ErrorCode(err))
		}
	}
}

func TestNobodyDecidesOnTheirOwnRequest(t *testing.T) {
	for role, actor := range cast(uuid.New()) {
		subject := okey.Subject{Owner: actor.ID, UAI: archet, Stage: okey.AwaitingDecision, HasReason: true}
		err := okey.May(okey.ActDecide, actor, subject, today)
		assert.Error(t, err, "%s", role)
		if role == okey.RoleApprover || role == okey.RoleDelegate || role == okey.RoleSupport {
			assert.Equal(t, okey.CodeOwnRequest, okey.ErrorCode(err), "%s", role)
		}
	}
}

func TestAnApproverHandsTheirOwnKeyOverOnlyWhereThereIsNoOther(t *testing.T) {
	approver := cast(uuid.New())[okey.RoleApprover]
	subject := okey.Subject{Owner: approver.ID, UAI: archet, Stage: okey.AwaitingHandover, OtherApprovers: true}
	assert.Equal(t, okey.CodeOwnRequest, okey.ErrorCode(okey.May(okey.ActHandOver, approver, subject, today)))
	subject.OtherApprovers = false
	assert.NoError(t, okey.May(okey.ActHandOver, approver, subject, today))
}

func TestAnApproverWithdrawsOnlyOnceTheyHaveAnswered(t *testing.T) {
	approver := cast(uuid.New())[okey.RoleApprover]
	for _, stage := range []okey.Stage{okey.AwaitingDecision, okey.AwaitingStock, okey.AwaitingCharter, okey.AwaitingHandover} {
		err := okey.May(okey.ActWithdraw, approver, okey.Subject{Owner: uuid.New(), UAI: archet, Stage: stage}, today)
		assert.Equal(t, stage != okey.AwaitingDecision, err == nil, "%s", stage)
	}
}

func TestADelegationHoldsOnItsDaysAlone(t *testing.T) {
	delegate := cast(uuid.New())[okey.RoleDelegate]
	subject := okey.Subject{Owner: uuid.New(), UAI: archet, Stage: okey.AwaitingDecision}
	assert.NoError(t, okey.May(okey.ActDecide, delegate, subject, today))
	for _, day := range []okey.Day{today.AddDays(-1), today.AddDays(1)} {
		assert.Equal(t, okey.CodeNotFound, okey.ErrorCode(okey.May(okey.ActDecide, delegate, subject, day)), "%s", day)
	}
}

func TestARoleEndsWithItsAssignment(t *testing.T) {
	approver := okey.Actor{
		Person:      okey.Person{ID: uuid.New()},
		Assignments: []okey.Assignment{{UAI: archet, Function: okey.Principal, Until: today}},
	}
	subject := okey.Subject{Owner: uuid.New(), UAI: archet, Stage: okey.AwaitingDecision}
	assert.NoError(t, okey.May(okey.ActDecide, approver, subject, today))
	assert.Error(t, okey.May(okey.ActDecide, approver, subject, today.AddDays(1)))
}

func TestEverySignalThatPeopleSendIsInThePermissionTable(t *testing.T) {
	for _, signal := range okey.Signals() {
		_, listed := okey.Permissions[okey.ActOf(signal)]
		assert.Equal(t, signal != okey.KeyUnavailable, listed, "%s", signal)
	}
}

// standing is somebody as it comes about: what they are at L'Archet, by whichever way the directory, a page or support has made them so.
type standing struct {
	own        bool
	function   okey.Assignment
	delegation okey.Delegation
	support    bool
	auditor    bool
}

// roles are what the standing makes of somebody today, said anew.
func (s standing) roles() map[okey.Role]bool {
	current := s.delegation.UAI != "" && !today.Before(s.delegation.From) && !s.delegation.Until.Before(today)
	return map[okey.Role]bool{
		okey.RoleRequester: s.own,
		okey.RoleApprover: s.function.Function != okey.Staff && s.function.UAI != "" &&
			(s.function.Until.IsZero() || !s.function.Until.Before(today)),
		okey.RoleDelegate:      current && s.delegation.Scope == okey.Everything,
		okey.RoleStockDelegate: current && s.delegation.Scope == okey.HandoverAndStock,
		okey.RoleSupport:       s.support,
		okey.RoleAuditor:       s.auditor,
	}
}

// standings are all combinations: without a function, staff, head, head until today (as whom support attaches), head until yesterday;
// without a delegation, with one of either scope that is to come, begins, ends, is over, or never ends (as directories carry them).
func standings() []standing {
	functions := []okey.Assignment{
		{},
		{UAI: archet, Function: okey.Staff},
		{UAI: archet, Function: okey.Principal},
		{UAI: archet, Function: okey.Deputy, Until: today},
		{UAI: archet, Function: okey.Principal, Until: today.AddDays(-1)},
	}
	delegations := []okey.Delegation{{}}
	for _, scope := range []okey.Scope{okey.Everything, okey.HandoverAndStock} {
		for _, days := range [][2]int{{1, 9}, {0, 9}, {-9, 0}, {-9, -1}, {-9, 400_000}} {
			delegations = append(
				delegations,
				okey.Delegation{UAI: archet, Scope: scope, From: today.AddDays(days[0]), Until: today.AddDays(days[1])},
			)
		}
	}
	var all []standing
	for i := range 8 {
		for _, function := range functions {
			for _, delegation := range delegations {
				all = append(all, standing{own: i&1 > 0, support: i&2 > 0, auditor: i&4 > 0, function: function, delegation: delegation})
			}
		}
	}
	return all
}

// holds says each condition of the table anew.
func holds(c okey.Condition, own bool, s okey.Subject) bool {
	return map[okey.Condition]bool{
		okey.Always: true, okey.NeverOwn: !own, okey.FromStock: s.Stage != okey.AwaitingDecision, okey.WithReason: s.HasReason,
		okey.ReasonNeverOwn: s.HasReason && !own, okey.OwnIfNoOther: !own || !s.OtherApprovers,
	}[c]
}

// Whatever somebody is at once, they may what one of their roles may, and nothing else. Whoever answers for a section without a head is
// asked about as its approver: the subject names who answers.
func TestSeveralRolesMayWhatOneOfThemMay(t *testing.T) {
	owner := uuid.New()
	for _, who := range standings() {
		a := okey.Actor{Person: okey.Person{ID: uuid.New()}, Support: who.support, Auditor: who.auditor}
		if who.own {
			a.ID = owner
		}
		if who.function.UAI != "" {
			a.Assignments = []okey.Assignment{who.function}
		}
		if who.delegation.UAI != "" {
			a.Delegations = []okey.Delegation{who.delegation}
		}
		for i := range 8 {
			subject := okey.Subject{Owner: owner, UAI: archet, Stage: okey.AwaitingDecision, OtherApprovers: i&1 > 0, HasReason: i&2 > 0}
			if i&4 > 0 {
				subject.Stage = okey.AwaitingHandover
			}
			for act, row := range okey.Permissions {
				may, sees := false, false
				for role, is := range who.roles() {
					condition, listed := row[role]
					may = may || is && listed && holds(condition, who.own, subject)
					sees = sees || is
				}
				code := okey.ErrorCode(okey.May(act, a, subject, today))
				if may != (code == "") || !may && sees == (code == okey.CodeNotFound) {
					t.Fatalf("%s by %+v on %+v: %q", act, who, subject, code)
				}
			}
		}
	}
}

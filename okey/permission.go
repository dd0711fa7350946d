package okey

// Act is something that OKEY lets some people do. Every way in (page, API, emailed link, command) asks May with one of these.
type Act string

// What can be done.
const (
	ActAsk          Act = "ask"
	ActSign         Act = "sign"        // the charter, and choose a PIN
	ActSetPIN       Act = "set_pin"     // of one's own key
	ActDeclareKey   Act = "declare_key" // one's own: mislaid, found again, lost or defective
	ActWithdraw     Act = "withdraw"
	ActDecide       Act = "decide"
	ActHandOver     Act = "hand_over"
	ActManageKeys   Act = "manage_keys"
	ActOrder        Act = "order"
	ActDelegate     Act = "delegate" // name or end a delegate
	ActNudge        Act = "nudge"    // stock-available, by hand
	ActImport       Act = "import"
	ActExportOrders Act = "export_orders"
	ActCloseOrder   Act = "close_order" // without the keys that are missing
	ActSettings     Act = "settings"
	ActResendMail   Act = "resend_mail"
	ActAttach       Act = "attach_people"
	ActMoveKeys     Act = "move_keys"
	ActSee          Act = "see"
	ActSeeDesk      Act = "see_desk" // what concerns no single establishment: support's pages
)

// ActOf is what sending a signal does, for the permission table; empty for key-unavailable, which nobody sends.
func ActOf(s Signal) Act {
	switch s {
	case PrincipalDecision:
		return ActDecide
	case CharterAndPIN:
		return ActSign
	case Handover:
		return ActHandOver
	case Withdrawal:
		return ActWithdraw
	case StockAvailable:
		return ActNudge
	default:
		return ""
	}
}

// Role is what someone is to one request, key or establishment.
type Role string

// The roles of the permission table. One person may have several at once.
const (
	RoleRequester     Role = "requester" // it is their own
	RoleApprover      Role = "approver"
	RoleDelegate      Role = "delegate"       // for everything
	RoleStockDelegate Role = "stock_delegate" // for handover and stock only
	RoleSupport       Role = "support"
	RoleAuditor       Role = "auditor"
)

// Condition narrows a permission of the table.
type Condition string

// The conditions that the table names.
const (
	Always         Condition = "always"
	NeverOwn       Condition = "never_own"        // not on their own request, whatever other role they have
	FromStock      Condition = "from_stock"       // from awaiting_stock on
	WithReason     Condition = "with_reason"      // a comment is required
	ReasonNeverOwn Condition = "reason_never_own" // both
	OwnIfNoOther   Condition = "own_if_no_other"  // their own only where there is no other approver; support is told
)

// Permissions is the one table of rights: who may do what, on which condition. What is not in it is forbidden.
var Permissions = map[Act]map[Role]Condition{
	ActAsk:        {RoleRequester: Always},
	ActSign:       {RoleRequester: Always},
	ActSetPIN:     {RoleRequester: Always},
	ActDeclareKey: {RoleRequester: Always},
	ActWithdraw: {
		RoleRequester: Always, RoleApprover: FromStock, RoleDelegate: FromStock, RoleStockDelegate: FromStock, RoleSupport: WithReason,
	},
	ActDecide:       {RoleApprover: NeverOwn, RoleDelegate: NeverOwn, RoleSupport: ReasonNeverOwn},
	ActHandOver:     {RoleApprover: OwnIfNoOther, RoleDelegate: OwnIfNoOther, RoleStockDelegate: OwnIfNoOther, RoleSupport: NeverOwn},
	ActManageKeys:   {RoleApprover: Always, RoleDelegate: Always, RoleStockDelegate: Always, RoleSupport: Always},
	ActOrder:        {RoleApprover: Always, RoleDelegate: Always, RoleStockDelegate: Always, RoleSupport: Always},
	ActDelegate:     {RoleApprover: Always}, // never a delegate: what is lent is not lent on
	ActNudge:        {RoleSupport: Always},
	ActImport:       {RoleSupport: Always},
	ActExportOrders: {RoleSupport: Always},
	ActCloseOrder:   {RoleSupport: WithReason},
	ActSettings:     {RoleSupport: Always},
	ActResendMail:   {RoleSupport: Always},
	ActAttach:       {RoleSupport: Always},
	ActMoveKeys:     {RoleSupport: Always},
	ActSee: {
		RoleRequester:     Always,
		RoleApprover:      Always,
		RoleDelegate:      Always,
		RoleStockDelegate: Always,
		RoleSupport:       Always,
		RoleAuditor:       Always,
	},
	ActSeeDesk: {RoleSupport: Always, RoleAuditor: Always},
}

// Subject is what an act is about.
type Subject struct {
	Owner          PersonID // whose request or key it is; zero for neither
	UAI            UAI      // whose approvers answer for it; empty for none
	Stage          Stage    // of the request; empty where there is none
	OtherApprovers bool     // someone else could hand over in the actor's place
	HasReason      bool     // a comment was given
}

// RolesOver returns what the actor is to the subject on the day.
func (a Actor) RolesOver(s Subject, on Day) []Role {
	var roles []Role
	if s.Owner == a.ID && s.Owner != (PersonID{}) {
		roles = append(roles, RoleRequester)
	}
	for _, as := range a.At(s.UAI, on) {
		if as.Function.Approves() {
			roles = append(roles, RoleApprover)
			break
		}
	}
	for _, d := range a.Delegations {
		if d.UAI == s.UAI && d.Holds(on) {
			if d.Scope == Everything {
				roles = append(roles, RoleDelegate)
			} else {
				roles = append(roles, RoleStockDelegate)
			}
		}
	}
	if a.Support {
		roles = append(roles, RoleSupport)
	}
	if a.Auditor {
		roles = append(roles, RoleAuditor)
	}
	return roles
}

// May answers nil where the actor may do act to the subject on the day (in the academy's time zone). Else the Error has code
// not_found where the actor may not even see the subject, own_request where it is their own, invalid with field comment where
// only the reason is missing, and forbidden otherwise.
func May(act Act, a Actor, s Subject, on Day) error {
	roles := a.RolesOver(s, on)
	var first error
	for _, role := range roles {
		condition, listed := Permissions[act][role]
		if !listed {
			continue
		}
		err := condition.check(a, s)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	for _, role := range roles {
		if _, sees := Permissions[ActSee][role]; sees {
			if first != nil {
				return first
			}
			if _, direction := Permissions[act][RoleApprover]; direction && (role == RoleDelegate || role == RoleStockDelegate) {
				return Errorf(CodeForbidden, "Votre délégation ne va pas jusque-là : c'est à la direction de l'établissement de le faire.")
			}
			return Errorf(CodeForbidden, "Vous pouvez voir ceci, mais cette action revient à quelqu'un d'autre.")
		}
	}
	return Errorf(CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
}

func (c Condition) check(a Actor, s Subject) error {
	own := s.Owner == a.ID
	switch {
	case (c == NeverOwn || c == ReasonNeverOwn) && own:
		return Errorf(CodeOwnRequest, "C'est votre propre demande : quelqu'un d'autre doit y répondre.")
	case c == OwnIfNoOther && own && s.OtherApprovers:
		return Errorf(CodeOwnRequest, "C'est votre propre clef : quelqu'un d'autre doit vous la remettre.")
	case c == FromStock && s.Stage == AwaitingDecision:
		return Errorf(CodeForbidden, "Cette demande attend encore une réponse : acceptez-la ou refusez-la.")
	case (c == WithReason || c == ReasonNeverOwn) && !s.HasReason:
		return InvalidField("comment", "Indiquez pourquoi l'assistance agit à la place de l'établissement.")
	}
	return nil
}

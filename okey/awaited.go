package okey

import "slices"

// Responder is somebody who acts for an establishment on a day: one of its approvers, or whom one of them has named.
type Responder struct {
	Person
	Role Role // RoleApprover, RoleDelegate or RoleStockDelegate
}

// Awaited are those of an establishment's responders for whose act the owner's request or key waits, as the permission table has it: in the
// order given, each once. The owner is among them only where the table lets them and nobody else is left. Nobody: it is for support.
func Awaited(act Act, owner PersonID, responders []Responder) []Responder {
	var others, own []Responder
	for _, r := range responders {
		condition, listed := Permissions[act][r.Role]
		if !listed ||
			condition.check(Actor{Person: r.Person}, Subject{Owner: owner, OtherApprovers: OtherApprovers(responders, r.ID)}) != nil {
			continue
		}
		to := &others
		if r.ID == owner {
			to = &own
		}
		if !slices.ContainsFunc(*to, func(known Responder) bool { return known.ID == r.ID }) {
			*to = append(*to, r)
		}
	}
	if len(others) == 0 {
		return own
	}
	return others
}

// OtherApprovers tells whether an approver other than the person is among an establishment's responders.
func OtherApprovers(responders []Responder, person PersonID) bool {
	return slices.ContainsFunc(responders, func(r Responder) bool { return r.Role == RoleApprover && r.ID != person })
}

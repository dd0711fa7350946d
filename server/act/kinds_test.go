package act

import (
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
)

// own are the actions that OKEY makes itself, or that are recorded where they are made: nobody sends them through here.
var own = map[okey.ActionName]bool{
	okey.ActionExpire: true, okey.ActionOf(okey.KeyUnavailable): true, okey.ActionUnknown: true, okey.ActionPINLock: true,
	okey.ActionOrderExported: true, okey.ActionOrderArrived: true,
	okey.ActionDelegationGiven: true, okey.ActionDelegationBegun: true, okey.ActionDelegationEnded: true, okey.ActionApproverArrived: true,
	okey.ActionAttached: true, okey.ActionDetached: true, okey.ActionHostingGiven: true, okey.ActionHostingEnded: true,
	okey.ActionRefusalTold: true, okey.ActionTroubleTold: true, okey.ActionMailReturned: true, okey.ActionMailRetried: true,
	okey.ActionSourcesTold: true,
}

func TestEveryCommandIsTakenIn(t *testing.T) {
	for name := range okey.ActionKinds {
		_, sent := kinds[name]
		assert.NotEqual(t, own[name], sent, "%s: a row in kinds, or among OKEY's own", name)
	}
	for name := range kinds {
		assert.Contains(t, okey.ActionKinds, name)
	}
}

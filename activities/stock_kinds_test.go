package activities

import (
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
)

// What travels in a workflow of its own, or in its order's, has a judge; and nothing else has one there.
func TestEveryActionAboutStockHasAJudge(t *testing.T) {
	for name, kind := range okey.ActionKinds {
		_, judged := stockJudges[name]
		carried := kind.Workflow != "" && kind.Workflow != okey.WorkflowKeyChange // whose judge is Keys
		assert.Equal(t, carried || kind.About == okey.ThingOrder, judged, name)
	}
}

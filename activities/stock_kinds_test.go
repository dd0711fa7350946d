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
		assert.Equal(t, kind.Workflow != "" || kind.About == okey.ThingOrder, judged, name)
	}
}

package worker

import (
	"testing"

	"okey/config"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
)

// Two programs that don't know what they are would be the same to the engine.
func TestAVersionIsToldWhereItIsAskedForAndKnown(t *testing.T) {
	unasked, err := Version(config.Config{})
	require.NoError(t, err)
	assert.Equal(t, worker.DeploymentOptions{}, unasked)
	_, err = Version(config.Config{WorkerDeployment: "okey"})
	assert.ErrorContains(t, err, "révision inconnue", "a test is built without a stamp")
}

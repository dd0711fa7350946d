package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	deploymentpb "go.temporal.io/api/deployment/v1"
	enums "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
)

func TestWorkIsGivenToThePromotedVersionAlone(t *testing.T) {
	version := func(build string) *deploymentpb.WorkerDeploymentVersion {
		if build == "" {
			return nil
		}
		return &deploymentpb.WorkerDeploymentVersion{DeploymentName: "okey", BuildId: build}
	}
	for _, one := range []struct {
		current, ramping string
		percent          float32
		given            []string
	}{
		{"", "", 0, []string{"", "told in vain"}},
		{"one", "", 0, []string{"one"}},
		{"two", "one", 0, []string{"two"}},
		{"two", "one", 5, []string{"one", "two"}},
		{"two", "", 5, []string{"", "told in vain", "two"}},
		{"three", "", 0, nil},
	} {
		to := &taskqueuepb.TaskQueueVersioningInfo{
			CurrentDeploymentVersion: version(one.current), RampingDeploymentVersion: version(one.ramping), RampingVersionPercentage: one.percent,
		}
		var given []string
		for _, build := range []string{"", "told in vain", "one", "two"} {
			worker := &deploymentpb.WorkerDeploymentOptions{
				DeploymentName: "okey", BuildId: build, WorkerVersioningMode: enums.WORKER_VERSIONING_MODE_VERSIONED,
			}
			switch build {
			case "":
				worker = nil
			case "told in vain":
				worker.WorkerVersioningMode = enums.WORKER_VERSIONING_MODE_UNVERSIONED
			}
			if isGiven(worker, to) {
				given = append(given, build)
			}
		}
		assert.ElementsMatch(t, one.given, given, "%+v", one)
	}
}

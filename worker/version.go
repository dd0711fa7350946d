package worker

import (
	"okey/config"
	"okey/internal/version"
	"okey/okey"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Version is how the engine tells this worker from those of another version, so that it gives work to one version alone (`okey promote`).
// Nothing is set: it gives work to all, as they come.
//
// Whatever runs goes on in the version that work goes to. None of OKEY's workflows is pinned to the one it began with: a request waits for
// weeks and a mail for five days, and whoever goes on to the next version, or back, stops the other one; what was pinned to that would
// stand. So a flow changes behind GetVersion, as it must where the engine knows no versions.
func Version(cfg config.Config) (worker.DeploymentOptions, error) {
	if cfg.WorkerDeployment == "" {
		return worker.DeploymentOptions{}, nil
	}
	if reason := version.Inexact(); reason != "" {
		return worker.DeploymentOptions{}, okey.Errorf(okey.CodeInvalid,
			"OKEY_WORKER_DEPLOYMENT demande un programme fait d'une révision et d'elle seule. Celui-ci : %s.", reason)
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: cfg.WorkerDeployment, BuildID: version.String()},
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}, nil
}

// SignVersion has every worker of this process say OKEY's version in the histories that it writes. Left alone, Temporal's library reads the
// whole program at the start and says its MD5. Before the first worker: where the engine runs in the same process, before that one's.
func SignVersion() { worker.SetBinaryChecksum(version.String()) }

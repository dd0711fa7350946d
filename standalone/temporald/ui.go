package temporald

import (
	"fmt"
	"net"
	"strconv"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// UI is Temporal's web pages: they show everything, and signals are all that can be done there.
type UI struct {
	server *server.Server
}

// StartUI serves the UI of the Temporal server at the frontend address. The address must be free: the UI ends the
// process if it isn't.
func StartUI(address, frontend, namespace string) (*UI, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("the UI's address: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("the UI's address %s: %w", address, err)
	}
	ui := &UI{server: server.NewServer(server_options.WithConfigProvider(&config.Config{
		Host:                host,
		Port:                port,
		TemporalGRPCAddress: frontend,
		DefaultNamespace:    namespace,
		EnableUI:            true,
		HideLogs:            true,
		DisableNewsFetch:    true,
		// No TLS here, so a Secure cookie would not come back from every browser, and signals need it.
		CORS: config.CORS{CookieInsecure: true},

		WorkflowTerminateDisabled: true,
		WorkflowCancelDisabled:    true,
		WorkflowResetDisabled:     true,
		WorkflowUpdateDisabled:    true,
		WorkflowPauseDisabled:     true,
		BatchActionsDisabled:      true,
		StartWorkflowDisabled:     true,
		ActivityCommandsDisabled:  true,
	}))}
	go func() { _ = ui.server.Start() }() // returns nil after Stop, and else not at all
	return ui, nil
}

// Stop ends the UI at once.
func (u *UI) Stop() { u.server.Stop() }

package engine

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// WakeReceiver tells a receiver's workflow that there is something to do, starting it where it is gone: it finds what. asked: support wants
// it, so that no pause keeps it back.
func (e *Engine) WakeReceiver(ctx context.Context, receiver string, asked bool) error {
	signal := okey.SignalEvents
	if asked {
		signal = okey.SignalAsked
	}
	_, err := e.client.SignalWithStartWorkflow(ctx, okey.WebhookWorkflowID(receiver), signal, nil, receiverOptions(receiver),
		okey.WorkflowWebhook, okey.WebhookInput{Receiver: receiver})
	if err != nil {
		return fmt.Errorf("wake receiver %s: %w", receiver, err)
	}
	return nil
}

func receiverOptions(receiver string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: okey.WebhookWorkflowID(receiver), TaskQueue: okey.TaskQueue, StaticSummary: "Récepteur d'événements · " + receiver,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, WorkflowTaskTimeout: 5 * time.Second,
	}
}

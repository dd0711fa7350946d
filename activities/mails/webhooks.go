package mails

import (
	"context"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
)

// webhookStopped tells support that a receiver is sent no events any more, unless it goes on already.
func webhookStopped(ctx context.Context, p *mailing) error {
	receiver, err := p.store.WebhookReceiverOf(ctx, p.order.Subject)
	if err != nil || receiver.State != okey.WebhookStopped {
		return err
	}
	p.facts.At = okey.SayTime(receiver.FailingSince, p.order.At, p.zone)
	p.facts.Items, p.facts.Total = []mail.Item{{Kind: receiver.Name}}, 1
	p.facts.Link = p.settings.URL + address.PathReceivers
	p.toSupport(mail.WebhookStopped)
	return nil
}

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
	p.facts.Items, p.facts.Total = []mail.Item{{
		Kind: receiver.Name, Need: receiver.LastError.French(receiver.LastStatus),
	}}, 1
	p.facts.Link = p.settings.URL + address.ReceiverURL(receiver.ID)
	p.toSupport(mail.WebhookStopped)
	return nil
}

package mails

import (
	"context"
	"fmt"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
)

// sourcesTold tells support what a reading asks of them: why it was refused and where, and whose uid has changed. What is settled by now
// is no more said.
func sourcesTold(ctx context.Context, p *mailing) error {
	const most = 50
	alike, err := p.store.LikenessesToldWith(ctx, p.order.Subject, okey.DayOf(p.order.At, okey.ZoneOf("")))
	if err != nil {
		return err
	}
	p.facts.Link, p.facts.Waiting, p.facts.Total, p.facts.Items = p.settings.URL+address.PathImports, len(alike), 0, nil
	run, err := p.store.ImportRun(ctx, p.order.Subject)
	switch {
	case err == nil:
		p.facts.Link, p.facts.At = p.settings.URL+address.ImportURL(run.ID), okey.SayTime(run.At, p.order.At, p.zone)
		p.facts.Total = len(run.HeldBack())
		for _, fault := range run.HeldBack() {
			p.facts.Items = append(p.facts.Items, mail.Item{Kind: fault.Message})
		}
	case okey.ErrorCode(err) != okey.CodeNotFound: // not found: a morning's look
		return err
	}
	for _, pair := range alike {
		p.facts.Items = append(p.facts.Items, mail.Item{Kind: fmt.Sprintf("%s : %s, devenu %s, semble-t-il.",
			pair.Old.Name(), pair.Old.UID, pair.New.UID)})
	}
	p.facts.Items = p.facts.Items[:min(most, len(p.facts.Items))]
	if len(p.facts.Items) > 0 {
		p.toSupport(mail.SourcesTold)
	}
	return nil
}

package mails

import (
	"context"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
)

// keysReported asks support about the keys of an inventory that OKEY does not know.
func keysReported(ctx context.Context, p *mailing) error {
	found, lines, err := p.store.Inventory(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	for _, line := range lines {
		if line.Finding == okey.FoundUnknown {
			p.facts.Total++
		}
	}
	p.facts.By, p.facts.Link = found.ByName, p.settings.URL+address.PathReports
	p.toSupport(mail.KeysReported)
	return nil
}

// reportDecided tells whoever reported a key what support says of it.
func reportDecided(ctx context.Context, p *mailing) error {
	report, err := p.store.Report(ctx, p.order.Subject)
	if err != nil || report.By == (okey.PersonID{}) {
		return err
	}
	person, err := p.store.Person(ctx, report.By)
	if err != nil {
		return err
	}
	p.facts.Serial, p.facts.Comment = report.Serial, report.Comment
	p.facts.Link = p.settings.URL + address.Narrowed(address.PathKeys, report.UAI)
	p.facts.Own = report.State == okey.ReportConfirmed
	key, err := p.store.Key(ctx, report.Serial)
	if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
		return err
	}
	p.facts.Known = err == nil && key.UAI == report.UAI
	p.put(envelope{letter: mail.ReportDecided, person: person.ID, address: person.Mail, facts: p.facts})
	return nil
}

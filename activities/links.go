package activities

import (
	"context"

	"okey/mail"
	"okey/okey"
)

// reissueLinks ends, for as long as a request awaits its answer, all links that were mailed for it, and has others mailed.
func reissueLinks(ctx context.Context, c *stockSitting) (okey.Verdict, error) {
	request, err := c.LockRequest(ctx, c.action.Request)
	if err != nil {
		return okey.Verdict{}, err
	}
	if err := c.permit(ctx, okey.ActResendMail, request.UAI); err != nil {
		return okey.Verdict{}, err
	}
	standing := okey.Standing{Stage: request.Stage, UAI: request.UAI}
	if err := okey.CheckSignal(request.Stage, okey.PrincipalDecision); err != nil {
		return okey.Verdict{Reason: okey.ErrorCode(err), Standing: standing}, nil
	}
	recent, err := c.Reissues(ctx, request.ID, c.At.Add(-okey.ReissueWindow))
	if err != nil {
		return okey.Verdict{}, err
	}
	if recent >= okey.MaxReissues {
		return okey.Verdict{Reason: okey.CodeRateLimited, Standing: standing}, nil
	}
	if err := c.RaiseLinkIssue(ctx, request.ID); err != nil {
		return okey.Verdict{}, err
	}
	step := okey.MailStep{Kind: okey.MailLinkReissued, Ref: request.Turn}
	letter := okey.MailOrder{Request: request.ID, Cause: c.action.ID, Step: step, At: c.At}
	return okey.Verdict{Accepted: true, Standing: standing, Letters: []okey.MailOrder{letter}}, nil
}

// linkReissued asks everybody who may answer once more, however many mails they had this hour: support has just told them to look for it.
func linkReissued(ctx context.Context, p *post) error {
	if p.request.Stage != okey.AwaitingDecision {
		return nil
	}
	free, err := p.store.FreeKeys(ctx, p.request.UAI, p.today)
	if err != nil {
		return err
	}
	deciders, err := p.deciders(ctx)
	if err != nil {
		return err
	}
	p.facts.Free, p.facts.Reissued, p.facts.Expiry = free, true, p.expiry(okey.AwaitingDecision)
	if len(deciders) == 0 {
		p.toSupport(mail.Nobody)
	}
	for _, person := range deciders {
		if err := p.askAnew(ctx, person); err != nil {
			return err
		}
	}
	return nil
}

func (p *post) askAnew(ctx context.Context, person okey.Person) error {
	link, issue, err := p.decisionLink(ctx, person)
	if err != nil {
		return err
	}
	facts := p.facts
	facts.Link = link
	p.put(envelope{letter: mail.Asked, person: person.ID, address: person.Mail, issue: issue, facts: facts})
	return nil
}

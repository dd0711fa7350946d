package activities

import (
	"context"

	"okey/okey"
)

// reissueLinks ends, for as long as a request awaits its answer, all links that were mailed for it, and has others mailed.
func reissueLinks(ctx context.Context, c *stockTx) (okey.Verdict, error) {
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

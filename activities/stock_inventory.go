package activities

import (
	"context"

	"okey/okey"
	"okey/sql"
)

// saveInventory keeps what lies in a drawer, compared with what should at this instant. No key changes by it.
func saveInventory(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	content := c.action.Content
	if err := c.permit(ctx, okey.ActManageKeys, content.Establishment); err != nil {
		return okey.Verdict{}, err
	}
	if err := c.lockServed(ctx, content.Establishment); err != nil {
		return okey.Verdict{}, err
	}
	known, err := c.KeysForInventory(ctx, content.Establishment, content.Serials)
	if err != nil {
		return okey.Verdict{}, err
	}
	v := okey.Inventory{
		ID: c.action.Subject, UAI: content.Establishment, By: c.action.By, At: c.At, Comment: content.Comment,
		Lines: okey.CompareInventory(content.Establishment, content.Serials, known),
	}
	unknown, err := c.SaveInventory(ctx, v)
	verdict := okey.Verdict{Accepted: true, Count: len(v.Lines)}
	if unknown > 0 {
		verdict.Letters = []okey.MailOrder{c.letter(okey.MailKeysReported, 1, v.UAI)}
	}
	return verdict, err
}

// decideReport makes a reported key stock, or not. A key that becomes stock goes to the first in line.
func decideReport(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActImport, ""); err != nil {
		return okey.Verdict{}, err
	}
	report, err := c.LockReport(ctx, c.action.Subject)
	if err != nil {
		return okey.Verdict{}, err
	}
	if report.State != okey.ReportPending {
		return okey.Verdict{}, okey.Errorf(okey.CodeReportDecided, "Ce signalement a déjà sa réponse.")
	}
	content := c.action.Content
	v := okey.Verdict{Accepted: true, Decided: content.Decision}
	state := okey.ReportRejected
	if content.Decision == okey.Approve {
		state = okey.ReportConfirmed
		key := okey.Key{Serial: report.Serial, UAI: report.UAI, Batch: content.Batch, ExpiresOn: content.ExpiresOn}
		if err := c.AddKey(ctx, key, okey.ReasonReported, c.action.By, c.action.Via, c.At); err != nil {
			return okey.Verdict{}, err
		}
		if err := c.ReceiveKeys(ctx, sql.Arrival{UAI: report.UAI, Keys: 1, By: c.action.By, Cause: c.action.ID, At: c.At}); err != nil {
			return okey.Verdict{}, err
		}
		if err := c.serve(ctx, &v, report.UAI); err != nil {
			return okey.Verdict{}, err
		}
	}
	v.Letters = []okey.MailOrder{c.letter(okey.MailReportDecided, 1, report.UAI)}
	return v, c.DecideReport(ctx, report.ID, state, c.action.By, content.Comment, c.At)
}

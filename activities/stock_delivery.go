package activities

import (
	"context"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// takeDelivery writes all keys of a delivery, or none: what has become wrong since it was shown refuses it. Free keys go at once to the
// requests that wait.
func takeDelivery(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActImport, ""); err != nil {
		return okey.Verdict{}, err
	}
	d, err := c.LockDelivery(ctx, c.action.Subject)
	if err != nil {
		return okey.Verdict{}, err
	}
	if d.State != okey.DeliveryDraft || d.Sum != c.action.Content.Sum {
		return okey.Verdict{}, okey.Errorf(okey.CodeDeliveryTaken, "Cette livraison est déjà enregistrée.")
	}
	rows, err := c.DeliveryRows(ctx, d.ID)
	if err != nil {
		return okey.Verdict{}, err
	}
	how := sql.KeyImport{
		Today: okey.DayOf(c.At, okey.ZoneOf("")), New: true, LookAlikes: c.action.Content.LookAlikes, By: c.action.By,
		Reason: okey.ReasonArrived,
	}
	state, kind := okey.DeliveryArrived, okey.MailDeliveryArrived
	if d.Announced {
		how.Reason, state, kind = okey.ReasonAnnounced, okey.DeliveryInTransit, okey.MailDeliveryAnnounced
		for i := range rows {
			rows[i].State = okey.InTransit
		}
	}
	out, err := c.ImportKeys(ctx, rows, how, c.At)
	if err != nil {
		return okey.Verdict{}, err
	}
	if len(out.Problems) > 0 {
		return okey.Verdict{}, okey.Errorf(okey.CodeDeliveryChanged, "Cette livraison ne peut plus être prise telle quelle.")
	}
	if err := c.DeliveryIs(ctx, d.ID, state, c.At); err != nil {
		return okey.Verdict{}, err
	}
	if !d.Announced {
		if err := c.bookOnOrders(ctx, d, rows); err != nil {
			return okey.Verdict{}, err
		}
	}
	v := okey.Verdict{Accepted: true, Count: out.Added}
	c.tellSchools(&v, kind, schoolsOf(rows)...)
	err = c.serve(ctx, &v, out.Stocked...)
	return v, err
}

// confirmArrival puts keys that an approver has in hand into stock. What is not named stays on its way; what somebody has settled since the
// form was shown is named in the verdict, and the others are taken all the same.
func confirmArrival(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	d, err := c.LockDelivery(ctx, c.action.Subject)
	if err != nil {
		return okey.Verdict{}, err
	}
	uai := c.action.Content.Establishment
	if err := c.permit(ctx, okey.ActManageKeys, uai); err != nil {
		return okey.Verdict{}, err
	}
	if err := c.LockEstablishment(ctx, uai); err != nil {
		return okey.Verdict{}, err
	}
	arrived, settled, err := c.sortArrival(ctx, d.ID, uai)
	if err != nil || len(settled) > 0 && (len(arrived) == 0 || settled[0].Why == okey.ArrivalNotHere) {
		return okey.Verdict{Reason: okey.CodeKeyNotFree, Faults: settled}, err
	}
	for _, serial := range arrived {
		_, err := c.ChangeKey(ctx, serial, sql.KeyChange{Reason: okey.ReasonArrived, At: c.At, By: c.action.By, Via: c.action.Via})
		if err != nil {
			return okey.Verdict{}, err
		}
	}
	awaited, err := c.InTransit(ctx, d.ID)
	if err != nil {
		return okey.Verdict{}, err
	}
	if len(awaited) == 0 {
		if err := c.DeliveryIs(ctx, d.ID, okey.DeliveryArrived, c.At); err != nil {
			return okey.Verdict{}, err
		}
	}
	receipt := sql.Arrival{UAI: uai, Keys: len(arrived), Delivery: d.ID, By: c.action.By, Cause: c.action.ID, At: c.At}
	if err := c.ReceiveKeys(ctx, receipt); err != nil {
		return okey.Verdict{}, err
	}
	v := okey.Verdict{Accepted: true, Count: len(arrived), Faults: settled}
	err = c.serve(ctx, &v, uai)
	return v, err
}

// sortArrival parts the keys that are said to have arrived at an establishment, whose lock is held: those still on their way there, and
// those that were settled before. Where some were never expected there, these alone are named.
func (c *stockTx) sortArrival(
	ctx context.Context, delivery uuid.UUID, uai okey.UAI,
) (arrived []okey.Serial, settled []okey.KeyFault, err error) {
	rows, err := c.DeliveryRows(ctx, delivery)
	if err != nil {
		return nil, nil, err
	}
	brought := map[okey.Serial]bool{}
	for _, row := range rows {
		brought[row.Serial] = true
	}
	found, err := c.KeysWith(ctx, c.action.Content.Serials)
	if err != nil {
		return nil, nil, err
	}
	keys := make(map[okey.Serial]okey.Key, len(found))
	for _, key := range found {
		keys[key.Serial] = key
	}
	var unexpected []okey.KeyFault
	for _, serial := range c.action.Content.Serials {
		switch key := keys[serial]; {
		case !brought[serial] || key.UAI != uai:
			unexpected = append(unexpected, okey.KeyFault{Serial: serial, Why: okey.ArrivalNotHere})
		case key.State != okey.InTransit:
			settled = append(settled, okey.KeyFault{Serial: serial, Why: okey.ArrivalSettled})
		default:
			arrived = append(arrived, serial)
		}
	}
	if len(unexpected) > 0 {
		return nil, unexpected, nil
	}
	return arrived, settled, nil
}

// bookOnOrders notes keys that arrived on what their establishments had ordered.
func (c *stockTx) bookOnOrders(ctx context.Context, d sql.Delivery, rows []okey.ImportedKey) error {
	arrived := map[okey.UAI]int{}
	for _, row := range rows {
		arrived[row.UAI]++
	}
	for _, uai := range schoolsOf(rows) {
		if err := c.ReceiveKeys(ctx, sql.Arrival{UAI: uai, Keys: arrived[uai], Delivery: d.ID, Cause: c.action.ID, At: c.At}); err != nil {
			return err
		}
	}
	return nil
}

// serve gives what is free at establishments, whose locks are held, to those who wait there.
func (c *stockTx) serve(ctx context.Context, v *okey.Verdict, uais ...okey.UAI) error {
	for _, uai := range uais {
		given, err := c.Allocate(ctx, uai, c.At)
		if err != nil {
			return err
		}
		v.Woken = append(v.Woken, given...)
	}
	return nil
}

// tellSchools has the approvers of establishments told: one letter each, in order.
func (c *stockTx) tellSchools(v *okey.Verdict, kind okey.MailKind, uais ...okey.UAI) {
	for i, uai := range uais {
		v.Letters = append(v.Letters, c.letter(kind, i+1, uai))
	}
}

// schoolsOf names the establishments of rows, each once, in the order of the rows.
func schoolsOf(rows []okey.ImportedKey) []okey.UAI {
	var uais []okey.UAI
	seen := map[okey.UAI]bool{}
	for _, row := range rows {
		if !seen[row.UAI] {
			seen[row.UAI] = true
			uais = append(uais, row.UAI)
		}
	}
	return uais
}

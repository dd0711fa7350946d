package activities

import (
	"context"

	"okey"
	"okey/sql"

	"github.com/google/uuid"
)

// takeDelivery writes all keys of a delivery, or none: what has become wrong since it was shown refuses it. Free keys go at once to the
// requests that wait.
func takeDelivery(ctx context.Context, c *stockSitting) (okey.Verdict, error) {
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
	how := sql.KeyImport{Today: okey.DayOf(c.At, okey.ZoneOf("")), New: true, LookAlikes: c.action.Content.LookAlikes, Reason: okey.ReasonArrived}
	state := okey.DeliveryArrived
	if d.Announced {
		how.Reason, state = okey.ReasonAnnounced, okey.DeliveryInTransit
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
	kind := okey.MailDeliveryArrived
	if d.Announced {
		kind = okey.MailDeliveryAnnounced
	}
	c.tellSchools(&v, kind, schoolsOf(rows)...)
	err = c.serve(ctx, &v, out.Stocked...)
	return v, err
}

// confirmArrival puts keys that an approver has in hand into stock. What is not named stays on its way.
func confirmArrival(ctx context.Context, c *stockSitting) (okey.Verdict, error) {
	d, err := c.LockDelivery(ctx, c.action.Subject)
	if err != nil {
		return okey.Verdict{}, err
	}
	awaited, err := c.InTransit(ctx, d.ID)
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
	here := map[okey.Serial]bool{}
	for _, k := range awaited {
		here[k.Serial] = k.UAI == uai
	}
	for _, serial := range c.action.Content.Serials {
		if !here[serial] {
			return okey.Verdict{}, okey.Errorf(okey.CodeKeyNotFree, "La clef %s n'est pas attendue ici.", serial)
		}
		_, err := c.ChangeKey(ctx, serial, sql.KeyChange{Reason: okey.ReasonArrived, At: c.At, By: c.action.By, Via: c.action.Via})
		if err != nil {
			return okey.Verdict{}, err
		}
	}
	if len(c.action.Content.Serials) == len(awaited) {
		if err := c.DeliveryIs(ctx, d.ID, okey.DeliveryArrived, c.At); err != nil {
			return okey.Verdict{}, err
		}
	}
	arrived := sql.Arrival{UAI: uai, Keys: len(c.action.Content.Serials), Delivery: d.ID, By: c.action.By, Cause: c.action.ID, At: c.At}
	if err := c.ReceiveKeys(ctx, arrived); err != nil {
		return okey.Verdict{}, err
	}
	v := okey.Verdict{Accepted: true, Count: len(c.action.Content.Serials)}
	err = c.serve(ctx, &v, uai)
	return v, err
}

// bookOnOrders notes keys that arrived on what their establishments had ordered.
func (c *stockSitting) bookOnOrders(ctx context.Context, d sql.Delivery, rows []okey.ImportedKey) error {
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
func (c *stockSitting) serve(ctx context.Context, v *okey.Verdict, uais ...okey.UAI) error {
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
func (c *stockSitting) tellSchools(v *okey.Verdict, kind okey.MailKind, uais ...okey.UAI) {
	for i, uai := range uais {
		v.Letters = append(v.Letters, c.letter(kind, i+1, uai, c.action.Subject))
	}
}

func (c *stockSitting) letter(kind okey.MailKind, ref int, uai okey.UAI, subject uuid.UUID) okey.MailOrder {
	return okey.MailOrder{Subject: subject, UAI: uai, Cause: c.action.ID, Step: okey.MailStep{Kind: kind, Ref: ref}, At: c.At}
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

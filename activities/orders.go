package activities

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"time"

	"okey/calendar"
	"okey/engine"
	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// placeOrder writes an order of keys.
func placeOrder(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	content := c.action.Content
	if err := c.permit(ctx, okey.ActOrder, content.Establishment); err != nil {
		return okey.Verdict{}, err
	}
	if err := c.lockServed(ctx, content.Establishment); err != nil {
		return okey.Verdict{}, err
	}
	if content.Quantity < 1 || content.Quantity > okey.MaxOrder {
		return okey.Verdict{}, okey.InvalidField("quantity", "Commandez de 1 à %d clefs.", okey.MaxOrder)
	}
	v := okey.Verdict{Accepted: true, Count: content.Quantity, Letters: c.inPlaceOf(content.Establishment)}
	return v, c.PlaceOrder(ctx, okey.Order{
		ID: c.action.Subject, UAI: content.Establishment, Quantity: content.Quantity, Comment: content.Comment, By: c.action.By,
		PlacedAt: c.At,
	})
}

// inPlaceOf has an establishment's approvers told of an order that support placed, or brought to its end, in their place.
func (c *stockTx) inPlaceOf(uai okey.UAI) []okey.MailOrder {
	told := map[okey.ActionName]okey.MailKind{
		okey.ActionOrder: okey.MailSupportOrdered, okey.ActionCancellation: okey.MailOrderClosed, okey.ActionClosing: okey.MailOrderClosed,
	}
	kind, tells := told[c.action.Name]
	if !tells || c.action.Via != okey.ViaSupport || c.action.By == (okey.PersonID{}) {
		return nil
	}
	return []okey.MailOrder{c.letter(kind, 1, uai)}
}

// orderAct makes a judge of an action on an order that exists: the table of states first, then what apply does to it.
func orderAct(act okey.Act, apply func(o *okey.Order, a okey.Action) error) func(context.Context, *stockTx) (okey.Verdict, error) {
	return func(ctx context.Context, c *stockTx) (okey.Verdict, error) {
		o, err := c.LockOrder(ctx, c.action.Subject)
		if err != nil {
			return okey.Verdict{}, err
		}
		if err := c.permit(ctx, act, o.UAI); err != nil {
			return okey.Verdict{}, err
		}
		if !slices.Contains(c.action.Name.Kind().From, o.State) {
			return okey.Verdict{}, okey.Errorf(okey.CodeOrderState, "La commande est %s.", o.State.French())
		}
		if err := apply(&o.Order, c.action); err != nil {
			return okey.Verdict{}, err
		}
		v := okey.Verdict{Accepted: true, Count: o.Received, Letters: c.inPlaceOf(o.UAI)}
		return v, c.MoveOrder(ctx, o.Order, sql.OrderChange{At: c.At, By: c.action.By, Comment: c.action.Content.Comment})
	}
}

func cancel(o *okey.Order, _ okey.Action) error {
	o.State = okey.OrderCancelled
	return nil
}

func ship(o *okey.Order, _ okey.Action) error {
	o.State = okey.OrderShipped
	return nil
}

func receive(o *okey.Order, a okey.Action) error {
	left := o.Quantity - o.Received
	if a.Content.Quantity < 1 || a.Content.Quantity > left {
		return okey.Errorf(okey.CodeOrderQuantity, "Il reste %d clefs à recevoir.", left)
	}
	o.ReceiveByHand(a.Content.Quantity)
	return nil
}

func closeShort(o *okey.Order, _ okey.Action) error {
	o.CloseShort()
	return nil
}

// seeOrder changes nothing: its workflow looks again where the order stands.
func seeOrder(context.Context, *stockTx) (okey.Verdict, error) {
	return okey.Verdict{Accepted: true}, nil
}

// exportOrders takes all placed orders into one workbook: claimed, written, kept and marked in one transaction,
// so that none is ever in two.
func exportOrders(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActExportOrders, ""); err != nil {
		return okey.Verdict{}, err
	}
	claimed, err := c.ClaimOrders(ctx)
	if err != nil {
		return okey.Verdict{}, err
	}
	if len(claimed) == 0 {
		return okey.Verdict{}, okey.Errorf(okey.CodeNothingToExport, "Aucune commande n'attend d'être transmise.")
	}
	x := sql.Export{
		ID: c.action.Subject, By: uuid.NullUUID{UUID: c.action.By, Valid: c.action.By != uuid.Nil}, At: c.At, Orders: len(claimed),
	}
	for _, o := range claimed {
		x.Keys += o.Quantity
	}
	paris := okey.ZoneOf("")
	x.FileName = fmt.Sprintf("commandes-%s-%s.xlsx", c.At.In(paris).Format("2006-01-02"), x.ID.String()[:8])
	var file bytes.Buffer
	if err := writeOrders(&file, claimed, c.At.In(paris)); err != nil {
		return okey.Verdict{}, fmt.Errorf("write the workbook: %w", err)
	}
	sum := sha256.Sum256(file.Bytes())
	x.Workbook, x.SHA256 = file.Bytes(), hex.EncodeToString(sum[:])
	if err := c.SaveExport(ctx, x, claimed); err != nil {
		return okey.Verdict{}, err
	}
	v := okey.Verdict{Accepted: true, Count: len(claimed)}
	v.Letters = []okey.MailOrder{c.letter(okey.MailOrdersExported, 1, "")}
	for _, o := range claimed {
		v.Woken = append(v.Woken, o.ID)
		if err := c.TellOrder(ctx, o.ID, okey.ActionOrderExported, c.action.ID, c.At); err != nil {
			return v, err
		}
	}
	return v, nil
}

func writeOrders(to *bytes.Buffer, orders []sql.ListedOrder, at time.Time) error {
	keys := 0
	type school struct {
		uai                     okey.UAI
		name, postcode, commune string
		orders, keys            int
	}
	schools := map[okey.UAI]*school{}
	lines := make([][]any, len(orders))
	for i, o := range orders {
		keys += o.Quantity
		if schools[o.UAI] == nil {
			schools[o.UAI] = &school{uai: o.UAI, name: o.Establishment, postcode: o.Postcode, commune: o.Commune}
		}
		schools[o.UAI].orders++
		schools[o.UAI].keys += o.Quantity
		lines[i] = []any{
			o.Number, o.PlacedAt.In(at.Location()), string(o.UAI), o.Establishment, o.Postcode, o.Commune, o.Quantity, o.Comment, o.ByName,
		}
	}
	var totals [][]any
	for _, s := range schools {
		totals = append(totals, []any{string(s.uai), s.name, s.postcode, s.commune, s.orders, s.keys})
	}
	slices.SortFunc(totals, func(a, b []any) int { return cmp.Compare(a[0].(string), b[0].(string)) })
	text, number := workbook.Text, workbook.Number
	return workbook.Write(to, workbook.Properties{Title: "Commandes de clefs OTP", Created: at},
		workbook.Sheet{Name: "Récapitulatif", Columns: []workbook.Column{
			{Title: "Ce que contient ce classeur", Kind: text, Width: 44}, {Title: "Nombre", Kind: number},
		}, Rows: rows([][]any{
			{"Commandes", len(orders)}, {"Établissements", len(totals)}, {"Clefs commandées", keys},
		})},
		workbook.Sheet{Name: "Commandes", Columns: []workbook.Column{
			{Title: "Commande n°", Kind: number},
			{Title: "Date", Kind: workbook.Instant},
			{Title: "UAI", Kind: text, Width: 11},
			{Title: "Établissement", Kind: text, Width: 36},
			{Title: "Code postal", Kind: text, Width: 12},
			{Title: "Commune", Kind: text},
			{Title: "Clefs", Kind: number},
			{Title: "Motif", Kind: text, Width: 48},
			{Title: "Demandée par", Kind: text},
		}, Rows: rows(lines), Totals: []any{nil, nil, nil, "Total", nil, nil, keys, nil, nil}},
		workbook.Sheet{Name: "Par établissement", Columns: []workbook.Column{
			{Title: "UAI", Kind: text, Width: 11},
			{Title: "Établissement", Kind: text, Width: 36},
			{Title: "Code postal", Kind: text, Width: 12},
			{Title: "Commune", Kind: text},
			{Title: "Commandes", Kind: number},
			{Title: "Clefs", Kind: number},
		}, Rows: rows(totals), Totals: []any{nil, "Total", nil, nil, len(orders), keys}},
	)
}

func rows(lines [][]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, line := range lines {
			if !yield(line, nil) {
				return
			}
		}
	}
}

// Orders is what the workflows of orders ask beside judging.
type Orders struct {
	store    *sql.Store
	engine   *engine.Engine
	calendar *calendar.Calendar
}

// NewOrders makes the keeper of orders.
func NewOrders(store *sql.Store, e *engine.Engine, days *calendar.Calendar) *Orders {
	return &Orders{store: store, engine: e, calendar: days}
}

// Load tells where an order stands, and when support is told that it is late.
func (o *Orders) Load(ctx context.Context, in okey.OrderInput) (okey.OrderStanding, error) {
	found, err := o.store.Order(ctx, in.Order)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.OrderStanding{}, nil
	}
	if err != nil {
		return okey.OrderStanding{}, err
	}
	s := okey.OrderStanding{State: found.State, UAI: found.UAI}
	if found.ExportedAt.IsZero() || found.State.Closed() {
		return s, nil
	}
	place, err := o.store.Place(ctx, found.UAI)
	for _, days := range in.Overdue {
		s.Overdue = append(s.Overdue, o.calendar.AddOpenDays(place.Academy, found.ExportedAt, days).UTC())
	}
	return s, err
}

// Plan records that the schedule wants an export, where any order waits for one, and delivers it.
func (o *Orders) Plan(ctx context.Context, plan okey.ExportPlan) error {
	some, err := o.store.OrdersPlaced(ctx)
	if err != nil || !some {
		return err
	}
	action := okey.Action{
		ID: plan.Run, Name: okey.ActionExport, Subject: okey.DerivedID(plan.Run, string(okey.ActionExport)), Via: okey.ViaEngine,
		CreatedAt: plan.At,
	}
	if err := o.store.Do(ctx, func(tx *sql.Tx) error { return tx.FollowUp(ctx, action) }); err != nil {
		return err
	}
	return o.engine.Deliver(ctx, action)
}

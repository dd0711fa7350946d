package demo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"okey/imports"
	"okey/okey"
	"okey/server/act"
	"okey/sql"

	"github.com/google/uuid"
)

// stocked plans what happens to the stock of one round of schools.
func (y *year) stocked(round []*school) {
	y.takeOver(round)
	for _, row := range orders {
		y.order(round[row.school], row)
	}
	for i, row := range deliveries {
		y.deliver(round, i, row)
	}
	for _, row := range inventories {
		y.inventory(round[row.school], row.day, row.finds)
	}
	for _, row := range delegations {
		y.delegate(round[row.school], row.given, row.days)
	}
	for _, row := range incidents {
		for range row.count {
			reason, holder, replace, comment := row.reason, row.holder, row.replace, row.comment
			y.plan(y.someDay(round[0], 30, days), func(ctx context.Context, at time.Time) error {
				return y.happens(ctx, at, round, reason, holder, replace, comment)
			})
		}
	}
}

// takeOver plans that the section has a host from the first day, and that one school takes another over as school begins.
func (y *year) takeOver(round []*school) {
	section, host := round[section], round[restanque]
	y.once(y.start.Add(time.Hour), func(ctx context.Context, at time.Time) error {
		if err := y.know(ctx, y.support); err != nil {
			return err
		}
		_, err := y.Store.Host(ctx, okey.Hosting{
			ID: okey.DerivedID(space, "host/"+string(section.UAI)), UAI: section.UAI, Host: host.UAI, By: y.support.ID, At: at,
			Reason: "La section n'a pas de direction à elle.",
		}, y.today(at, section))
		return err
	})
	from, to := round[remparts], round[capLycee]
	y.plan(y.begins(to).Add(26*time.Hour), func(ctx context.Context, at time.Time) error {
		_, err := y.act(ctx, at, y.support, act.Command{Name: okey.ActionSuccession, Via: okey.ViaWeb, Content: okey.Content{
			Establishment: from.UAI, Successor: to.UAI, Comment: "Fusion à la rentrée.",
		}}, nil)
		for _, p := range from.staff {
			p.school = to
			to.staff = append(to.staff, p)
		}
		from.staff = nil
		return err
	})
}

func (y *year) order(s *school, row orderRow) {
	var order uuid.UUID
	y.plan(y.before(s, row.placed, 9), func(ctx context.Context, at time.Time) error {
		a, err := y.act(ctx, at, s.heads[0], act.Command{Name: okey.ActionOrder, Via: okey.ViaWeb, Content: okey.Content{
			Establishment: s.UAI, Quantity: row.quantity, Comment: row.comment,
		}}, nil)
		order = a.Subject
		return err
	})
	if row.shipped == 0 {
		return
	}
	y.plan(y.before(s, row.shipped, 15), func(ctx context.Context, at time.Time) error {
		_, err := y.act(ctx, at, y.support, act.Command{Name: okey.ActionShipment, Via: okey.ViaWeb, Subject: order}, nil)
		return err
	})
}

// deliver plans a delivery, and that each school says what it has of one that was announced.
func (y *year) deliver(round []*school, n int, row deliveryRow) {
	var file strings.Builder
	file.WriteString("numero_de_serie;lot;date_d_expiration;uai\n")
	brought := map[int][]okey.Serial{}
	for i, s := range round {
		for range row.brings[i] {
			brought[i] = append(brought[i], y.serial())
			fmt.Fprintf(&file, "%s;%s;%s;%s\n", brought[i][len(brought[i])-1], row.batch, date(y.ending(delivered)), s.UAI)
		}
	}
	name := fmt.Sprintf("livraison-%d.csv", n+1)
	var delivery uuid.UUID
	y.plan(y.before(round[0], row.sent, 14), func(ctx context.Context, at time.Time) error {
		cmd := act.Command{Name: okey.ActionDelivery, Via: okey.ViaWeb}
		a, err := y.act(ctx, at, y.support, cmd, func(cmd *act.Command) error {
			cmd.Subject = okey.DerivedID(cmd.Action, string(cmd.Name))
			d := sql.Delivery{ID: cmd.Subject, FileName: name, Announced: row.announced, By: y.support.ID, CreatedAt: at}
			cmd.Content.Announced = row.announced
			var err error
			cmd.Content.Sum, err = y.receive(ctx, d, file.String())
			return err
		})
		delivery = a.Subject
		return err
	})
	if row.arrives == 0 {
		return
	}
	for i, s := range round {
		if len(brought[i]) == 0 {
			continue
		}
		y.plan(y.before(s, row.arrives, 11), func(ctx context.Context, at time.Time) error {
			_, err := y.act(ctx, at, s.heads[0], act.Command{
				Name: okey.ActionArrival, Via: okey.ViaWeb, Subject: delivery,
				Content: okey.Content{Establishment: s.UAI, Serials: brought[i]},
			}, nil)
			return err
		})
	}
}

// receive reads a delivery's file and keeps it, as the page for it does.
func (y *year) receive(ctx context.Context, d sql.Delivery, file string) (sum string, err error) {
	opts := imports.Options{At: d.CreatedAt, Form: true}
	source := imports.Source{Name: d.FileName, Content: bytes.NewReader([]byte(file)), Size: int64(len(file))}
	read, result, err := imports.ReadDelivery(ctx, source, opts)
	if err != nil {
		return "", err
	}
	if err := imports.CheckDelivery(ctx, y.Store, read.Rows, result, opts); err != nil {
		return "", err
	}
	if !result.OK() {
		return "", fmt.Errorf("%s: %v", d.FileName, result.Errors)
	}
	d.State, d.Sum, d.Keys = okey.DeliveryDraft, read.Sum, len(read.Rows)
	return d.Sum, y.Store.SaveDelivery(ctx, d, read.Rows)
}

func (y *year) inventory(s *school, day int, finds bool) {
	y.plan(y.before(s, day, 16), func(ctx context.Context, at time.Time) error {
		cmd := act.Command{Name: okey.ActionInventory, Via: okey.ViaWeb, Content: okey.Content{Establishment: s.UAI}}
		_, err := y.act(ctx, at, s.heads[len(s.heads)-1], cmd, func(cmd *act.Command) error {
			lie, err := y.Store.KeysForInventory(ctx, s.UAI, nil)
			for _, key := range lie {
				if slices.Contains([]okey.KeyState{okey.InStock, okey.Reserved, okey.Attributed}, key.State) {
					cmd.Content.Serials = append(cmd.Content.Serials, key.Serial)
				}
			}
			if finds {
				cmd.Content.Serials = append(cmd.Content.Serials, okey.Serial(fmt.Sprintf("DEMO99%04d", 17+s.copied)))
			}
			return err
		})
		return err
	})
}

func (y *year) delegate(s *school, given, days int) {
	to := s.staff[s.held] // who stays
	at := y.before(s, given, 17)
	until := at.AddDate(0, 0, days)
	s.lent = append(s.lent, lent{to, at, until})
	y.once(at, func(ctx context.Context, at time.Time) error {
		by := s.heads[0]
		if err := y.know(ctx, by); err != nil {
			return err
		}
		if err := y.know(ctx, to); err != nil {
			return err
		}
		today := y.today(at, s)
		_, err := y.Store.GiveDelegation(ctx, okey.GivenDelegation{
			Delegation: okey.Delegation{UAI: s.UAI, Scope: okey.Everything, From: today, Until: y.today(until, s)},
			ID:         okey.DerivedID(space, fmt.Sprintf("delegation/%s/%d", s.UAI, given)), By: by.ID, To: to.ID, At: at,
		}, today)
		return err
	})
}

func (y *year) today(at time.Time, s *school) okey.Day { return okey.DayOf(at, okey.ZoneOf(s.Academy)) }

// happens has something happen to a key that somebody has in hand: of those who have left first, where it comes back.
func (y *year) happens(
	ctx context.Context, at time.Time, round []*school, reason okey.KeyReason, holder, replace bool, comment string,
) error {
	among := y.holders(round)
	if reason == okey.ReasonReturn {
		slices.SortStableFunc(among, func(a, b *person) int { return map[bool]int{true: -1}[a.left] - map[bool]int{true: -1}[b.left] })
		among = among[:min(3, len(among))]
	}
	if len(among) == 0 {
		return nil
	}
	p := among[y.luck.IntN(len(among))]
	by := p
	if !holder || p.left {
		by = p.school.heads[0]
	}
	_, err := y.act(ctx, at, by, act.Command{
		Name: okey.ActionKeyChange, Via: okey.ViaWeb, Key: p.key, Content: okey.Content{KeyReason: reason, Comment: comment},
	}, nil)
	p.key = ""
	if replace {
		y.asks(p, y.later(at, y.luck.IntN(3), p.school), served, okey.Replacement)
	}
	return err
}

// daily is for how many days at last each morning is lived; before, Monday mornings will do.
const daily = 21

// everyDay plans what production does by itself, and what the authentication server tells at last.
func (y *year) everyDay() {
	for day := 1; day <= days; day++ {
		local := y.start.AddDate(0, 0, day).In(okey.ZoneOf(""))
		morning := time.Date(local.Year(), local.Month(), local.Day(), 6, 0, 0, 0, local.Location())
		monday := morning.Weekday() == time.Monday
		if monday {
			y.once(morning, y.export)
		}
		if monday || days-day < daily {
			y.once(morning.Add(time.Hour), y.look)
		}
	}
	y.once(y.before(y.schools[0], 1, 18), y.logins)
}

// export has the orders that wait handed to the supplier, as each Monday.
func (y *year) export(ctx context.Context, at time.Time) error {
	some, err := y.Store.OrdersPlaced(ctx)
	if err != nil || !some {
		return err
	}
	id := okey.DerivedID(space, "export/"+at.Format(time.DateOnly))
	return y.Store.Do(ctx, func(tx *sql.Tx) error {
		return tx.FollowUp(ctx, okey.Action{
			ID: id, Name: okey.ActionExport, Subject: okey.DerivedID(id, string(okey.ActionExport)), Via: okey.ViaEngine, CreatedAt: at,
		})
	})
}

// look tells what the morning's watch tells, and which orders are late: neither does it twice.
func (y *year) look(ctx context.Context, at time.Time) error {
	in := okey.WatchInput{Run: "demonstration/" + at.Format(time.DateOnly), At: at}
	for {
		found, err := y.watch.Due(ctx, in)
		if err != nil {
			return err
		}
		for _, order := range found.Letters {
			if err := y.send(ctx, order); err != nil {
				return err
			}
		}
		if in.After = found.Next; in.After == 0 {
			break
		}
	}
	late, err := y.Store.OpenOrders(ctx, uuid.Nil, 1000)
	if err != nil {
		return err
	}
	for _, id := range late {
		order, err := y.orders.Load(ctx, okey.OrderInput{Order: id, Overdue: okey.DefaultOverdue()})
		if err != nil {
			return err
		}
		for n, due := range order.Overdue {
			if due.After(at) {
				continue
			}
			step := okey.MailStep{Kind: okey.MailOrderOverdue, Ref: n + 1}
			if err := y.send(ctx, okey.MailOrder{Subject: id, UAI: order.UAI, Cause: id, Step: step, At: at}); err != nil {
				return err
			}
		}
	}
	return nil
}

// logins tells when keys were last used.
func (y *year) logins(ctx context.Context, at time.Time) error {
	var file strings.Builder
	file.WriteString("numero_de_serie;derniere_connexion\n")
	for i, p := range y.holders(y.schools) {
		used := at.Add(-at.Sub(p.got) / 100 * time.Duration(i*i%97))
		fmt.Fprintf(&file, "%s;%s\n", p.key, used.Format(time.RFC3339))
	}
	return bring(ctx, y.Store, imports.Logins, "connexions.csv", file.String(), at)
}

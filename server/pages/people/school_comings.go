package people

import (
	"cmp"
	"fmt"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
	"okey/sql"
)

// What an establishment has ordered, and the keys that came and went.

func (s *Pages) schoolOrders(v *web.Visit, place sql.Place, _ okey.Day, page *schoolScreen) error {
	found, err := s.store.ListOrders(v.Ctx(), sql.Reach{All: true}, sql.OrderFilter{Establishment: place.UAI, Limit: schoolRows})
	for _, o := range found {
		page.Orders = append(page.Orders, web.Card{
			Path: address.OrderURL(o.ID), Who: fmt.Sprintf("Commande n° %d", o.Number),
			State: okey.SayCount(o.Quantity, "clef") + ", " + o.State.Say(o.Received, o.Quantity) + " ; passée " +
				web.Paris(v).Day(o.PlacedAt),
		})
	}
	return err
}

func (s *Pages) schoolDeliveries(v *web.Visit, place sql.Place, _ okey.Day, page *schoolScreen) error {
	found, err := s.store.DeliveriesTo(v.Ctx(), place.UAI, schoolRows)
	for _, d := range found {
		h := web.Hit{
			Name: "Livraison de " + okey.SayCount(d.Keys, "clef"), Path: address.PathDeliveries + "/" + d.ID.String(),
			Kind: okey.Capitalize(web.Paris(v).Day(d.CreatedAt)),
		}
		if d.InTransit > 0 {
			h.More = okey.SayCount(d.InTransit, "clef") + " en route, arrivée à confirmer"
		}
		page.Comings = append(page.Comings, h)
	}
	return err
}

// schoolPassages are keys that came from another establishment, or went to it.
func (s *Pages) schoolPassages(v *web.Visit, place sql.Place, _ okey.Day, page *schoolScreen) error {
	found, err := s.store.Passages(v.Ctx(), place.UAI, schoolRows)
	for _, p := range found {
		keys, came := okey.SayCount(p.Keys, "clef"), okey.SayEither(p.Keys, " venue ", " venues ")
		h := web.Hit{
			Name: keys + came + okey.SayOfSchool(okey.SayEstablishment(p.FromName)),
			Path: address.PathAudit + "?objet=" + p.Subject.String(), Kind: okey.Capitalize(web.Paris(v).Day(p.At)),
		}
		if p.From == place.UAI {
			h.Name = keys + okey.SayEither(p.Keys, " partie pour ", " parties pour ") + okey.SayEstablishment(p.ToName)
		}
		page.Comings = append(page.Comings, h)
	}
	return err
}

// schoolLeavings are keys that their holders propose to take along.
func (s *Pages) schoolLeavings(v *web.Visit, place sql.Place, _ okey.Day, page *schoolScreen) error {
	found, err := s.store.Leavings(v.Ctx(), place.UAI, schoolRows)
	for _, l := range found {
		who := cmp.Or(l.Holder, "Une personne effacée")
		h := web.Hit{
			Name: who + " arriverait " + okey.SayOfSchool(okey.SayEstablishment(l.Other)), Path: address.MoveURL(l.ID),
			Kind: okey.Capitalize(web.Paris(v).Day(l.At)), More: okey.Capitalize(l.State.French()),
		}
		if l.From == place.UAI {
			h.Name = who + " partirait pour " + okey.SayEstablishment(l.Other)
		}
		h.Name += " avec la clef " + string(l.Serial)
		page.Comings = append(page.Comings, h)
	}
	return err
}

func (s *Pages) schoolSuccessions(v *web.Visit, place sql.Place, _ okey.Day, page *schoolScreen) error {
	found, err := s.store.SuccessionsOf(v.Ctx(), place.UAI, schoolRows)
	page.Comings = append(page.Comings, each(found, func(f sql.Succession) web.Hit { return successionHit(v, f) })...)
	return err
}

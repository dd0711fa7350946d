package stock

import (
	"fmt"
	"net/http"
	"slices"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"
)

// orderScreen is the page of one order.
type orderScreen struct {
	Facts []web.Fact
	Forms []*web.Form
	Story []orderStoryLine
	Desk  *story.DeskSide
	Late  bool // the visitor may order here, and can't call this order off any more
}

// orderStoryLine is a line of an order's story, with the delivery that it comes from.
type orderStoryLine struct {
	web.StoryLine
	Delivery, Path string // the path is for those who may see the delivery
}

func (s *Pages) orderPage(v *web.Visit) error {
	o, err := s.act.VisibleOrder(v.Ctx(), v.Actor, v.Param("id"))
	if err != nil {
		return err
	}
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	notice := ""
	if found && done.Subject == o.ID {
		notice = fmt.Sprintf("C'est fait. La commande est maintenant %s.", o.State.Say(o.Received, o.Quantity))
		switch {
		case o.State == okey.OrderPlaced:
			notice += " Elle partira chez le fournisseur lundi matin, avec les autres."
		case done.Name == okey.ActionReceipt:
			notice += " " + receiptAlone
		}
	}
	return s.showOrder(v, http.StatusOK, o, nil, notice, "")
}

func (s *Pages) showOrder(v *web.Visit, status int, o sql.ListedOrder, sent *web.Form, notice, warning string) error {
	c, err := s.ClockAt(v.Ctx(), v, o.UAI)
	if err != nil {
		return err
	}
	page := orderScreen{Facts: orderFacts(o)}
	coming, err := s.announcedTo(v, o)
	if err != nil {
		return err
	}
	page.Facts = append(page.Facts, coming...)
	page.Forms = s.orderActForms(v, o, sent)
	if v.Restored != nil {
		notice = web.RestoredNotice
	}
	withSupplier := slices.Contains(okey.ActionReceipt.Kind().From, o.State)
	page.Late = withSupplier && !v.Desk() && s.may(v, okey.ActOrder, o.UAI)
	events, err := s.store.OrderStory(v.Ctx(), o.ID)
	if err != nil {
		return err
	}
	for _, e := range events {
		line := orderStoryLine{StoryLine: web.StoryLine{When: okey.Capitalize(c.Time(e.At)), What: sayOrderEvent(o, e), Comment: e.Comment}}
		if e.Delivery.Valid {
			line.Delivery, line.Path = sayDelivery(e), s.broughtURL(v, o, e)
		}
		page.Story = append(page.Story, line)
	}
	if v.Desk() {
		page.Facts[0].Path = address.SchoolURL(o.UAI)
		if page.Desk, err = s.orderSide(v, o, page, events, c); err != nil {
			return err
		}
	}
	return s.Show(v, status, "order", web.Screen{
		Title: fmt.Sprintf("Commande n° %d", o.Number), Notice: notice, Warning: warning, Body: page,
	})
}

func orderFacts(o sql.ListedOrder) []web.Fact {
	facts := []web.Fact{
		{Name: "Établissement", Value: okey.SayPlace(o.Establishment, o.UAI)},
		{Name: "Clefs", Value: sayQuantity(o)},
		{Name: "Motif", Value: o.Comment},
		{Name: "État", Value: okey.Capitalize(o.State.Say(o.Received, o.Quantity))},
	}
	if o.Noted > 0 {
		facts = append(facts, web.Fact{Name: "Notées à la main, pas encore en stock", Value: fmt.Sprint(o.Noted)})
	}
	return facts
}

// receiptAlone is what whoever notes a receipt must know: no serial number is in OKEY by it.
const receiptAlone = "Aucune clef n'entre en stock par là : elles y entrent avec le fichier de la livraison, " +
	"ou quand l'assistance les confirme après un inventaire."

// sayOrderEvent is one line of an order's story: what it became, by whom, and how many keys came this time.
func sayOrderEvent(o sql.ListedOrder, e sql.OrderEvent) string {
	what := okey.Capitalize(e.State.French())
	missing := o.Quantity - o.Received
	switch {
	case e.Entered > 0:
		return okey.Capitalize(okey.SayCount(e.Entered, "clef") + okey.SayEither(e.Entered,
			" notée à la main est maintenant en stock.", " notées à la main sont maintenant en stock."))
	case e.Moved:
		what = "Transmise au successeur"
	case e.State == okey.OrderReceived && e.Arrived == 0:
		what = "Close sans " + okey.SayEither(missing, "la clef qui manque", fmt.Sprintf("les %d clefs qui manquent", missing))
	case e.State == okey.OrderCancelled && !o.ExportedAt.IsZero():
		what = "Close sans qu'aucune clef soit venue"
	}
	if e.By != "" {
		what += " par " + e.By
	}
	if e.Arrived > 0 {
		what += " : " + okey.SayCount(e.Arrived, "clef")
	}
	if e.Arrived > 0 && !e.Delivery.Valid && e.By != "" {
		what += okey.SayEither(e.Arrived, ", notée à la main", ", notées à la main")
	}
	return what
}

// sayDelivery names the delivery that keys came with, and who sent its file.
func sayDelivery(e sql.OrderEvent) string {
	said := "Livraison"
	if e.Brought > 0 {
		said += " de " + okey.SayCount(e.Brought, "clef")
	}
	if e.Sender != "" {
		said += ", envoyée par " + e.Sender
	}
	return said
}

// broughtURL is where the visitor sees the delivery of a line; empty for those who may not.
func (s *Pages) broughtURL(v *web.Visit, o sql.ListedOrder, e sql.OrderEvent) string {
	switch id := e.Delivery.UUID; {
	case v.Desk():
		return deliveryURL(id)
	case e.OnItsWay && s.may(v, okey.ActManageKeys, o.UAI):
		return arrivalURL(id)
	}
	return ""
}

// announcedTo says of an order that misses keys how many are announced to its establishment, and leads whoever may to confirm them.
// What is announced there comes on any order: on its way, a key is nobody's.
func (s *Pages) announcedTo(v *web.Visit, o sql.ListedOrder) ([]web.Fact, error) {
	if o.State == okey.OrderPlaced || o.Received >= o.Quantity {
		return nil, nil
	}
	awaited, err := s.store.AwaitedDeliveries(v.Ctx(), []okey.UAI{o.UAI})
	if err != nil {
		return nil, err
	}
	may := s.may(v, okey.ActManageKeys, o.UAI)
	var coming []web.Fact
	for _, d := range awaited {
		line := web.Fact{
			Name: "Annoncées " + web.Paris(v).Day(d.CreatedAt),
			Value: okey.SayCount(d.InTransit, "clef") + okey.SayEither(d.InTransit,
				" en route pour l'établissement : confirmez-la à son arrivée",
				" en route pour l'établissement : confirmez-les à leur arrivée"),
		}
		if may {
			line.Path = address.ArrivalURL(d.ID, o.UAI)
		}
		coming = append(coming, line)
	}
	return coming, nil
}

// orderActForms are the forms of what the visitor may do with the order now; sent, where it is one of them, stands for it.
func (s *Pages) orderActForms(v *web.Visit, o sql.ListedOrder, sent *web.Form) []*web.Form {
	var forms []*web.Form
	for _, path := range []string{"annulation", "expedition", "reception", "cloture"} {
		name := orderForms[path]
		cmd := act.Command{Name: name, Subject: o.ID, Content: okey.Content{Comment: "?"}} // whoever needs a reason is asked for it
		if !slices.Contains(name.Kind().From, o.State) || s.act.Permit(v.Ctx(), v.Actor, cmd) != nil {
			continue
		}
		f := s.newOrderForm(v, o, path)
		if sent != nil && sent.Path == f.Path {
			f = sent
		} else {
			s.Restore(v, f)
		}
		forms = append(forms, f)
	}
	return forms
}

func (s *Pages) newOrderForm(v *web.Visit, o sql.ListedOrder, path string) *web.Form {
	const read, missing = "La direction de l'établissement le lira.", "Écrivez le motif : la direction de l'établissement le lira."
	button, name, field := "", "comment", web.Field{Label: "Commentaire", Hint: "Facultatif."}
	switch path {
	case "annulation":
		button = "Annuler la commande"
		field.Hint = "Facultatif. Le fournisseur et l'assistance le liront."
		if s.act.Permit(v.Ctx(), v.Actor, act.Command{Name: orderForms[path], Subject: o.ID}) != nil {
			field = web.Field{Label: "*Motif", Hint: read, Missing: missing}
		}
	case "expedition":
		button = "Le fournisseur a expédié"
	case "reception":
		button, name = "Noter ce qui est arrivé", "quantity"
		field = web.Field{
			Label: fmt.Sprintf("*Combien de clefs sont arrivées (il en reste %d à recevoir)", o.Quantity-o.Received),
			Hint:  receiptAlone, Number: true,
		}
	case "cloture":
		button = "Clore sans les clefs qui manquent"
		field = web.Field{Label: "*Motif", Hint: read + " Plus aucune clef de cette commande ne sera attendue.", Missing: missing}
	}
	return web.NewForm(v, path, address.OrderURL(o.ID)+"/"+path, button, map[string]web.Field{name: field})
}

// orderAct takes one of the forms of an order's page.
func (s *Pages) orderAct(v *web.Visit, path string) error {
	o, err := s.act.VisibleOrder(v.Ctx(), v.Actor, v.Param("id"))
	if err != nil {
		return err
	}
	f := s.newOrderForm(v, o, path)
	if err := s.Read(v, f); err != nil {
		return err
	}
	name := orderForms[path]
	content := okey.Content{Comment: f.Values["comment"]}
	if name == okey.ActionReceipt {
		content.Quantity, _ = f.Number("quantity", 1, max(1, o.Quantity-o.Received))
	}
	again := func(status int, warning string) error {
		if o, err = s.act.VisibleOrder(v.Ctx(), v.Actor, v.Param("id")); err != nil {
			return err
		}
		return s.showOrder(v, status, o, f, "", warning)
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{
		Action: f.Action, Name: name, Subject: o.ID, Via: okey.ViaWeb, Content: content,
	})
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Answer(v, f, done, address.OrderURL(o.ID), again)
}

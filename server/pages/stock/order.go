package stock

import (
	"fmt"
	"net/http"
	"slices"

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
	notice := ""
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
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
	page := orderScreen{Facts: []web.Fact{
		{Name: "Établissement", Value: fmt.Sprintf("%s (%s)", o.Establishment, o.UAI)},
		{Name: "Clefs", Value: sayQuantity(o)},
		{Name: "Motif", Value: o.Comment},
		{Name: "État", Value: okey.Capitalize(o.State.Say(o.Received, o.Quantity))},
	}}
	if o.Noted > 0 {
		page.Facts = append(page.Facts, web.Fact{Name: "Notées à la main, pas encore en stock", Value: fmt.Sprint(o.Noted)})
	}
	coming, err := s.announcedTo(v, o)
	if err != nil {
		return err
	}
	page.Facts = append(page.Facts, coming...)
	for _, path := range []string{"annulation", "expedition", "reception", "cloture"} {
		if f := s.orderActForm(v, o, path); f != nil {
			if sent != nil && sent.Path == f.Path {
				f = sent
			} else if s.Restore(v, f) {
				notice = web.RestoredNotice
			}
			page.Forms = append(page.Forms, f)
		}
	}
	page.Late = !v.Desk() && slices.Contains(okey.ActionReceipt.Kind().From, o.State) && s.act.PermitAt(v.Ctx(), v.Actor, okey.ActOrder, o.UAI) == nil
	story, err := s.store.OrderStory(v.Ctx(), o.ID)
	if err != nil {
		return err
	}
	for _, e := range story {
		line := orderStoryLine{StoryLine: web.StoryLine{When: okey.Capitalize(c.Time(e.At)), What: sayOrderEvent(o, e), Comment: e.Comment}}
		if e.Delivery.Valid {
			line.Delivery, line.Path = sayDelivery(e), s.deliveryURL(v, o, e)
		}
		page.Story = append(page.Story, line)
	}
	if v.Desk() {
		page.Facts[0].Path = web.SchoolURL(o.UAI)
		if page.Desk, err = s.orderSide(v, o, page, story, c); err != nil {
			return err
		}
	}
	return s.Show(v, status, "order", web.Screen{Title: fmt.Sprintf("Commande n° %d", o.Number), Notice: notice, Warning: warning, Body: page})
}

// receiptAlone is what whoever notes a receipt must know: no serial number is in OKEY by it.
const receiptAlone = "Aucune clef n'entre en stock par là : elles y entrent avec le fichier de la livraison, ou quand l'assistance les confirme après un inventaire."

// sayOrderEvent is one line of an order's story: what it became, by whom, and how many keys came this time.
func sayOrderEvent(o sql.ListedOrder, e sql.OrderEvent) string {
	what := okey.Capitalize(e.State.French())
	missing := o.Quantity - o.Received
	switch {
	case e.Entered > 0:
		return okey.Capitalize(okey.SayCount(e.Entered, "clef") + okey.SayEither(e.Entered, " notée à la main est maintenant en stock.", " notées à la main sont maintenant en stock."))
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

// deliveryURL is where the visitor sees the delivery of a line; empty for those who may not.
func (s *Pages) deliveryURL(v *web.Visit, o sql.ListedOrder, e sql.OrderEvent) string {
	id := e.Delivery.UUID.String()
	if v.Desk() {
		return web.PathDeliveries + "/" + id
	}
	if e.OnItsWay && s.act.PermitAt(v.Ctx(), v.Actor, okey.ActManageKeys, o.UAI) == nil {
		return "/livraisons/" + id
	}
	return ""
}

// announcedTo says of an order that misses keys how many are announced to its establishment, and leads whoever may to confirm them. What is announced
// there comes on any order: on its way, a key is nobody's.
func (s *Pages) announcedTo(v *web.Visit, o sql.ListedOrder) ([]web.Fact, error) {
	if o.State == okey.OrderPlaced || o.Received >= o.Quantity {
		return nil, nil
	}
	awaited, err := s.store.AwaitedDeliveries(v.Ctx(), []okey.UAI{o.UAI})
	if err != nil {
		return nil, err
	}
	may := s.act.PermitAt(v.Ctx(), v.Actor, okey.ActManageKeys, o.UAI) == nil
	var coming []web.Fact
	for _, d := range awaited {
		line := web.Fact{Name: "Annoncées " + web.Paris(v).Day(d.CreatedAt), Value: okey.SayCount(d.InTransit, "clef") + okey.SayEither(d.InTransit, " en route pour l'établissement : confirmez-la à son arrivée", " en route pour l'établissement : confirmez-les à leur arrivée")}
		if may {
			line.Path = web.ArrivalURL(d.ID, o.UAI)
		}
		coming = append(coming, line)
	}
	return coming, nil
}

// orderActForm is the form of what the visitor may do with the order now; nil otherwise.
func (s *Pages) orderActForm(v *web.Visit, o sql.ListedOrder, path string) *web.Form {
	name := orderForms[path]
	cmd := act.Command{Name: name, Subject: o.ID, Content: okey.Content{Comment: "?"}} // whoever needs a reason is asked for it
	if !slices.Contains(name.Kind().From, o.State) || s.act.Permit(v.Ctx(), v.Actor, cmd) != nil {
		return nil
	}
	return s.newOrderForm(v, o, path)
}

func (s *Pages) newOrderForm(v *web.Visit, o sql.ListedOrder, path string) *web.Form {
	button := map[string]string{"annulation": "Annuler la commande", "expedition": "Le fournisseur a expédié", "reception": "Noter ce qui est arrivé", "cloture": "Clore sans les clefs qui manquent"}[path]
	fields := map[string]web.Field{"comment": {Label: "Commentaire", Hint: "Facultatif."}}
	switch path {
	case "annulation":
		comment := web.Field{Label: "Commentaire", Hint: "Facultatif. Le fournisseur et l'assistance le liront."}
		if s.act.Permit(v.Ctx(), v.Actor, act.Command{Name: orderForms[path], Subject: o.ID}) != nil {
			comment = web.Field{Label: "*Motif", Hint: "La direction de l'établissement le lira.", Missing: "Écrivez le motif : la direction de l'établissement le lira."}
		}
		fields = map[string]web.Field{"comment": comment}
	case "reception":
		fields = map[string]web.Field{"quantity": {Label: fmt.Sprintf("*Combien de clefs sont arrivées (il en reste %d à recevoir)", o.Quantity-o.Received), Hint: receiptAlone, Number: true}}
	case "cloture":
		fields = map[string]web.Field{"comment": {Label: "*Motif", Hint: "La direction de l'établissement le lira. Plus aucune clef de cette commande ne sera attendue.", Missing: "Écrivez le motif : la direction de l'établissement le lira."}}
	}
	return web.NewForm(v, path, web.PathOrders+"/"+o.ID.String()+"/"+path, button, fields)
}

// orderAct takes one of the forms of an order's page.
func (s *Pages) orderAct(v *web.Visit, name okey.ActionName) error {
	o, err := s.act.VisibleOrder(v.Ctx(), v.Actor, v.Param("id"))
	if err != nil {
		return err
	}
	path := ""
	for p, n := range orderForms {
		if n == name {
			path = p
		}
	}
	f := s.newOrderForm(v, o, path)
	if err := s.Read(v, f); err != nil {
		return err
	}
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
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{Action: f.Action, Name: name, Subject: o.ID, Via: okey.ViaWeb, Content: content})
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Answer(v, f, done, web.PathOrders+"/"+o.ID.String(), again)
}

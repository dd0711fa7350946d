package stock

import (
	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"
)

// orderWhen says when support uses each form of an order's page.
var orderWhen = map[string]string{
	"annulation": "Elle n'est pas encore partie et ne sert plus. L'établissement est prévenu.",
	"expedition": "Le fournisseur dit avoir envoyé les clefs.",
	"reception":  "Des clefs sont arrivées sans fichier : on compte ce qui manque encore.",
	"cloture":    "Le reste ne viendra pas : plus rien n'est attendu. La direction lira votre raison.",
}

// orderSide is what support and auditors see of an order besides: its workflow, what can be done about it, everything that
// happened.
func (s *Pages) orderSide(
	v *web.Visit, o sql.ListedOrder, page orderScreen, events []sql.OrderEvent, c web.Clock,
) (*story.DeskSide, error) {
	workflow := s.act.WorkflowOf(v.Ctx(), okey.OrderWorkflowID(o.ID))
	side := &story.DeskSide{Workflow: workflow.ID, Link: s.act.ThingLink(workflow, o.State.Closed())}
	actions, err := s.store.ActionsOnSubject(v.Ctx(), o.ID)
	if err != nil {
		return nil, err
	}
	actions = story.WithoutStep(actions, func(k okey.ActionKind) bool { return k.About == okey.ThingOrder }) // the step of each says more
	mails, err := s.store.MailsOfSubject(v.Ctx(), o.ID)
	if err != nil {
		return nil, err
	}
	steps := make([]story.Chapter, len(events))
	for i, line := range page.Story {
		steps[i] = story.Chapter{
			Kind: "Étape", When: line.When, What: line.What, Comment: line.Comment, Path: line.Path, Name: line.Delivery, At: events[i].At,
		}
	}
	side.Story = s.story.WholeStory(v.Ctx(), steps, actions, mails, c)
	if !v.Actor.Support {
		return side, nil
	}
	for _, f := range page.Forms {
		side.Deeds = append(side.Deeds, story.Deed{Name: f.Button, Path: "#" + f.Name, What: orderWhen[f.Name]})
	}
	if o.State != okey.OrderPlaced && !o.State.Closed() {
		side.Deeds = append(side.Deeds, story.Deed{
			Name: "Déposer la livraison", Path: address.PathDeliveries,
			What: "Le fournisseur a envoyé le fichier de ses clefs : elles entrent en stock, et la commande avance.",
		})
	}
	side.Deeds = append(side.Deeds, story.Deed{
		Name: "Voir l'établissement", Path: address.SchoolURL(o.UAI), What: "Son stock, ce qui attend, qui répond.",
	})
	return side, nil
}

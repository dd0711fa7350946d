package server

import (
	"okey/okey"
	"okey/sql"
)

// orderWhen says when support uses each form of an order's page.
var orderWhen = map[string]string{
	"annulation": "Elle n'est pas encore partie et ne sert plus. L'établissement est prévenu.",
	"expedition": "Le fournisseur dit avoir envoyé les clefs.",
	"reception":  "Des clefs sont arrivées sans fichier : on compte ce qui manque encore.",
	"cloture":    "Le reste ne viendra pas : plus rien n'est attendu, et votre raison est lue.",
}

// orderSide is what support and auditors see of an order besides: its workflow, what can be done about it, everything that happened.
func (s *Server) orderSide(v *visit, o sql.ListedOrder, page orderScreen, events []sql.OrderEvent, c clock) (*deskSide, error) {
	workflow := &workflowView{ID: okey.OrderWorkflowID(o.ID)}
	side := &deskSide{Workflow: workflow.ID, Link: s.workflowLink(workflow)}
	actions, err := s.store.ActionsOnSubject(v.ctx(), o.ID)
	if err != nil {
		return nil, err
	}
	actions = withoutStep(actions, okey.OrderActions()) // the step of each says more
	mails, err := s.store.MailsOfSubject(v.ctx(), o.ID)
	if err != nil {
		return nil, err
	}
	steps := make([]chapter, len(events))
	for i, line := range page.Story {
		steps[i] = chapter{Kind: "Étape", When: line.When, What: line.What, Comment: line.Comment, Path: line.Path, Name: line.Delivery, at: events[i].At}
	}
	side.Story = s.wholeStory(steps, actions, mails, c)
	if !v.Actor.Support {
		return side, nil
	}
	for _, f := range page.Forms {
		side.Deeds = append(side.Deeds, deed{f.Button, "#" + f.Name, orderWhen[f.Name]})
	}
	if o.State != okey.OrderPlaced && !o.State.Closed() {
		side.Deeds = append(side.Deeds, deed{"Déposer la livraison", pathDeliveries, "Le fournisseur a envoyé le fichier de ses clefs : elles entrent en stock, et la commande avance d'elle-même."})
	}
	side.Deeds = append(side.Deeds, deed{"Voir l'établissement", schoolURL(o.UAI), "Son stock, ce qui attend, qui répond."})
	return side, nil
}

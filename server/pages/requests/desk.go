package requests

import (
	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
)

// requestSide is what support and auditors see of a request besides: its workflow, what can be done about it, everything that happened.
func (s *Pages) requestSide(v *web.Visit, d Dossier, page requestScreen) (*story.DeskSide, error) {
	workflow := s.act.WorkflowOf(v.Ctx(), okey.RequestWorkflowID(d.ID))
	side := &story.DeskSide{
		Workflow: workflow.ID, Link: s.act.ThingLink(workflow, d.Stage.Closed()), Sheet: address.RequestURL(d.ID) + "/tableau.xlsx",
	}
	actions, err := s.store.ActionsOn(v.Ctx(), d.ID)
	if err != nil {
		return nil, err
	}
	mails, err := s.store.MailsOf(v.Ctx(), d.ID)
	if err != nil {
		return nil, err
	}
	steps := make([]story.Chapter, len(d.Events))
	for i, line := range d.story() {
		steps[i] = story.Chapter{Kind: "Étape", When: line.When, What: line.What, Comment: line.Comment, At: d.Events[i].At}
	}
	untold := story.WithoutStep(actions, func(k okey.ActionKind) bool { return k.ByStep })
	side.Story = s.story.WholeStory(v.Ctx(), steps, untold, mails, d.Clock)
	if v.Actor.Support {
		side.Deeds = d.deeds(v, page)
	}
	return side, nil
}

// deeds are what support may do about a request now, with when to do it.
func (d Dossier) deeds(v *web.Visit, page requestScreen) []story.Deed {
	var deeds []story.Deed
	add := func(may bool, name, path, what string) {
		if may {
			deeds = append(deeds, story.Deed{Name: name, Path: path, What: what})
		}
	}
	add(
		page.Decide != nil,
		"Répondre à la place de l'établissement",
		"#repondre",
		"La direction ne répond pas, ou ne le peut pas. Elle reçoit votre raison.",
	)
	add(page.Reissue != nil, "Envoyer un nouveau lien", "#lien", "Un lien pour répondre s'est perdu, ou quelqu'un d'autre l'a lu.")
	add(
		page.Nudge != nil,
		"Chercher une clef",
		"#chercher",
		"Une clef est arrivée et la demande attend encore : OKEY regarde tout de suite, sans attendre demain.",
	)
	add(
		page.HandOver != nil,
		"Noter la remise",
		"#remettre",
		"La clef est en main propre, et personne sur place ne peut le noter. Lisez son numéro.",
	)
	add(page.Illegible != "", "Numéro illisible", page.Illegible, "La clef à remettre ne se lit plus : une autre prend sa place.")
	add(
		d.Key != "" && !d.Stage.Closed(),
		"Signaler la clef perdue ou cassée",
		address.KeyURL(d.Key),
		"Elle n'est pas encore remise : la demande garde sa place et reçoit la suivante.",
	)
	add(
		page.Withdraw != nil,
		"Retirer la demande",
		"#retirer",
		"Faite par erreur, ou la personne est partie. La clef réservée retourne au stock. La personne lira votre raison.",
	)
	add(
		d.Stage == okey.HandedOver && d.Key != "",
		"Une autre personne a eu la clef ?",
		address.KeyURL(d.Key),
		"Sur la page de la clef, « Mettre en stock », puis chacun refait sa demande.",
	)
	add(true, "Renvoyer un courriel", "#histoire", "Ouvrez-le dans la liste ci-dessous : s'il est encore utile, il repart, mis à jour.")
	may := web.MayArrange(v) == nil
	add(
		may && !d.Stage.Closed(),
		"Trouver qui répond",
		address.SchoolURL(d.UAI),
		"Voir qui le peut aujourd'hui, rattacher un chef ou un adjoint, désigner un autre établissement.",
	)
	add(may, "Voir la personne", address.PersonURL(d.Person), "Ses fonctions, ses clefs, ses courriels ; la rattacher à un établissement.")
	return deeds
}

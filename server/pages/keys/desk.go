package keys

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"
)

// keySide is what support and auditors see of a key besides: what can be done about it, and everything that happened.
func (s *Pages) keySide(v *web.Visit, k keySight, page *keyScreen, events []sql.KeyEvent) (*story.DeskSide, error) {
	actions, err := s.store.ActionsOnKey(v.Ctx(), k.Serial)
	if err != nil {
		return nil, err
	}
	mails, err := s.store.MailsOfKey(v.Ctx(), k.Serial)
	if err != nil {
		return nil, err
	}
	steps, err := s.keySteps(v, k, page.Story, events)
	if err != nil {
		return nil, err
	}
	side := &story.DeskSide{Story: s.story.WholeStory(v.Ctx(), steps, actions, mails, k.clock)}
	if v.Actor.Support {
		side.Deeds, err = s.keyDeeds(v, k.Key, page.Form)
	}
	return side, err
}

// keySteps are the key's states, the newest first; told is its story as others read it, the oldest first.
func (s *Pages) keySteps(v *web.Visit, k keySight, told []web.StoryLine, events []sql.KeyEvent) ([]story.Chapter, error) {
	kept, err := s.store.KeptFor(v.Ctx(), k.Serial)
	if err != nil {
		return nil, err
	}
	steps := make([]story.Chapter, 0, len(events))
	for i := len(events) - 1; i >= 0; i-- {
		line := told[len(events)-1-i]
		step := story.Chapter{Kind: "État", When: line.When, What: line.What + becoming(events[i]), Comment: line.Comment, At: events[i].At}
		if slices.Contains([]okey.KeyReason{okey.ReasonReserved, okey.ReasonHandedOver, okey.ReasonLent}, events[i].Reason) {
			step.Path, step.Name = keptFor(kept, events[i].At)
		}
		steps = append(steps, step)
	}
	report, known, err := s.store.ReportedAs(v.Ctx(), k.Serial)
	if !known || err != nil {
		return steps, err
	}
	where := okey.SayOfSchool(okey.SayEstablishment(report.Establishment))
	return append(steps, story.Chapter{ // found before it was a key of OKEY's: its story begins with whoever found it
		Kind: "Signalement", When: okey.Capitalize(k.clock.Time(report.At)),
		What: "Trouvée à l'inventaire " + where + " par " + report.ByName,
		Path: address.PathReports + "/" + report.ID.String(), Name: "Voir le signalement", At: report.At,
	}), nil
}

// keptFor leads to the request that a key was kept aside for, or handed over, at the instant. Its own story tells so then, or a
// moment later, when its workflow has heard.
func keptFor(kept []sql.Keeping, at time.Time) (path, name string) {
	for _, k := range kept {
		if !k.At.Before(at) {
			return address.RequestURL(k.Request), "Demande " + okey.SayOf(k.Requester)
		}
	}
	return "", ""
}

// becoming is the state that an event left the key in, where its reason does not say it already: "Clef perdue : perdue" says nothing.
func becoming(e sql.KeyEvent) string {
	state := e.State.French()
	if e.Reason == okey.ReasonReturn || strings.EqualFold(strings.TrimPrefix(e.Reason.French(), "Clef "), state) {
		return ""
	}
	return " : " + state
}

// keyDeeds are what support may do about a key now, with when to do it; f is the form of its page, if there is one.
func (s *Pages) keyDeeds(v *web.Visit, key okey.Key, f *web.Form) ([]story.Deed, error) {
	var deeds []story.Deed
	if key.State == okey.InTransit {
		arrival, err := s.arrivalPage(v, key)
		if err != nil {
			return nil, err
		}
		deeds = append(deeds, story.Deed{
			Name: "Confirmer son arrivée", Path: arrival,
			What: "Elle est annoncée, et l'établissement ne peut pas confirmer lui-même.",
		})
	}
	if f != nil {
		deeds = append(deeds, story.Deed{
			Name: "Signaler un changement", Path: "#changement",
			What: "Elle est perdue, cassée, rendue ou retrouvée, et personne sur place ne l'a noté. " +
				"Les personnes concernées lisent votre raison.",
		})
	}
	named := url.QueryEscape(string(key.Serial))
	if okey.May(okey.ActMoveKeys, v.Actor, okey.Subject{}, v.Today()) == nil {
		deeds = append(deeds, story.Deed{
			Name: "La déplacer", Path: address.PathMoveKeys + "?clef=" + named,
			What: "Elle est dans le tiroir d'un autre établissement, ou doit y aller.",
		})
	}
	return append(deeds,
		story.Deed{Name: "Voir l'établissement", Path: address.SchoolURL(key.UAI), What: "Son stock, ce qui attend, qui répond."},
		story.Deed{
			Name: "Voir le journal", Path: address.PathAudit + "?objet=" + named,
			What: "Ce qui a été noté sur elle, sans nom ni texte.",
		}), nil
}

// arrivalPage is where support confirms that a key on its way has arrived.
func (s *Pages) arrivalPage(v *web.Visit, key okey.Key) (string, error) {
	delivery, known, err := s.store.BroughtBy(v.Ctx(), key.Serial)
	if err != nil || !known {
		return address.PathDeliveries, err
	}
	return address.ArrivalURL(delivery, key.UAI), nil
}

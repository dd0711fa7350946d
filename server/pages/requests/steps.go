package requests

import (
	"fmt"
	"time"

	"okey/okey"
	"okey/server/act"
)

// Step is one mark on the line from asking to holding the key.
type Step struct {
	What  string
	When  string
	State stepState
}

// stepState is how far a step has come; stylesheets know it by this name.
type stepState string

const (
	stepDone stepState = "done"
	stepNow  stepState = "now"
	stepNext stepState = "next"
	stepEnd  stepState = "end" // where the line breaks off
)

var stepStateNames = map[stepState]string{stepDone: "fait", stepNow: "en cours", stepNext: "à venir", stepEnd: "terminé"}

// French says the state to whoever does not see the line.
func (s stepState) French() string { return stepStateNames[s] }

// mark is a step as the table of steps has it.
type mark struct {
	done, ahead string     // its names
	stage       okey.Stage // while it is the one under way; empty: it is done with the asking
	at          time.Time  // when it was done
}

// marks is the line of a straightforward request. The signing makes a key ready: until it is in hand, that is what goes on.
func (d Dossier) marks() []mark {
	when := map[okey.EventKind]time.Time{}
	for _, e := range d.Events {
		when[e.Kind] = e.At
	}
	reserved := when[okey.EventKeyReserved]
	if d.Key == "" {
		reserved = time.Time{} // it was lost, and the request is back in line
	}
	handed, answer := when[okey.EventHandedOver], "Réponse de la direction"
	if len(d.Waits) == 1 && d.Waits[0].Who == act.AwaitedSupport && d.Stage == okey.AwaitingDecision {
		answer = "Réponse de l'assistance"
	}
	return []mark{
		{done: "Demandée", ahead: "Demandée", at: d.AskedAt},
		{done: "Acceptée", ahead: answer, stage: okey.AwaitingDecision, at: d.ApprovedAt},
		{done: "Clef réservée", ahead: "Clef à réserver", stage: okey.AwaitingStock, at: reserved},
		{done: "Charte signée", ahead: "Charte et code PIN", stage: okey.AwaitingCharter, at: d.SignedAt},
		{done: "Clef remise", ahead: "Remise de la clef", stage: okey.AwaitingHandover, at: handed},
		{done: "Clef reçue", ahead: "Clef reçue", at: handed},
	}
}

// Steps tell how far a request has come, and where it ended.
func (d Dossier) Steps() []Step {
	var steps []Step
	for _, m := range d.marks() {
		switch {
		case m.stage == d.Stage:
			steps = append(steps, Step{What: m.ahead, When: "depuis " + d.Clock.Day(d.Since), State: stepNow})
		case !m.at.IsZero():
			steps = append(steps, Step{What: m.done, When: d.Clock.Day(m.at), State: stepDone})
		case !d.Stage.Closed():
			steps = append(steps, Step{What: m.ahead, State: stepNext})
		}
	}
	if d.Stage.Closed() && d.Stage != okey.HandedOver {
		steps = append(steps, Step{What: okey.Capitalize(d.Stage.French()), When: d.Clock.Day(d.Since), State: stepEnd})
	}
	return steps
}

// Otherwise says to the requester what happens while nothing is done, or what there is to do after the end.
func (d Dossier) Otherwise() string {
	switch d.Stage {
	case okey.AwaitingDecision:
		return d.unanswered() + " Vous n'avez rien à faire : un courriel vous dira la réponse."
	case okey.AwaitingStock:
		order := "La direction sait qu'il faut commander des clefs."
		if d.Needs.UnderWay > 0 {
			order = "Des clefs sont déjà commandées."
		}
		return order + " Vous n'avez rien à faire : votre place est gardée, aussi longtemps qu'il faut, et un courriel vous dira " +
			"qu'une clef est là."
	case okey.AwaitingCharter, okey.AwaitingHandover:
		return "Passé ce jour, la clef va à quelqu'un d'autre et il faut refaire une demande."
	case okey.Refused:
		return "Vous n'êtes pas d'accord, ou la situation a changé ? Parlez-en avec la direction, puis faites une nouvelle demande."
	case okey.Withdrawn:
		return "Vous pouvez faire une nouvelle demande quand vous voudrez."
	case okey.Expired:
		if d.ApprovedAt.IsZero() {
			return "Parlez-en avec la direction, puis faites une nouvelle demande."
		}
		return "Vous en avez toujours besoin ? Faites une nouvelle demande."
	}
	return ""
}

// unanswered is what the flow has been told to do next while a request waits for its answer.
func (d Dossier) unanswered() string {
	for _, due := range d.Due {
		if !due.At.After(d.Clock.Now) {
			continue
		}
		switch due.Kind {
		case okey.DueReminder:
			return fmt.Sprintf("Sans réponse, un rappel partira %s.", d.Clock.Day(due.At))
		case okey.DueSupport:
			return fmt.Sprintf("Sans réponse, l'assistance sera prévenue %s.", d.Clock.Day(due.At))
		case okey.DueExpiry:
			return fmt.Sprintf("Les rappels sont partis. Sans réponse, la demande expire %s.", d.Clock.Day(due.At))
		}
	}
	if d.KeptUntil.IsZero() {
		return "Sans réponse, l'assistance s'en occupe."
	}
	return fmt.Sprintf("Sans réponse, la demande expire %s.", d.Clock.Day(d.KeptUntil))
}

// ended tells the requester how a request has ended: who did what, when.
func (d Dossier) ended() string {
	last := okey.Event{At: d.Since}
	for _, e := range d.Events {
		switch e.Kind {
		case okey.EventRefused, okey.EventWithdrawn, okey.EventHandedOver:
			last = e
		}
	}
	day := d.Clock.Day(last.At)
	switch {
	case d.Stage == okey.HandedOver && last.ByName != "":
		return fmt.Sprintf("%s vous a remis la clef %s, %s.", last.ByName, d.Key, day)
	case d.Stage == okey.HandedOver:
		return fmt.Sprintf("La clef %s vous a été remise %s.", d.Key, day)
	case d.Stage == okey.Expired && d.ApprovedAt.IsZero():
		return fmt.Sprintf("Personne n'a répondu à temps : votre demande a expiré %s.", day)
	case d.Stage == okey.Expired && d.SignedAt.IsZero():
		return fmt.Sprintf("La charte n'a pas été signée à temps : votre demande a expiré %s.", day)
	case d.Stage == okey.Expired:
		return fmt.Sprintf("Personne n'est venu chercher la clef à temps : votre demande a expiré %s.", day)
	case last.By == d.Person:
		return fmt.Sprintf("Vous avez retiré votre demande %s.", day)
	case last.ByName == "":
		return fmt.Sprintf("Votre demande est close depuis %s : %s.", day, d.Stage.French())
	case d.Stage == okey.Refused:
		return fmt.Sprintf("%s a refusé votre demande %s.", last.ByName, day)
	}
	return fmt.Sprintf("%s a retiré votre demande %s.", last.ByName, day)
}

package act

import (
	"context"
	"fmt"
	"slices"

	"okey/okey"
)

// What comes too late: what settled the matter before, and what goes on.

// SettledBy says which lines of the timeline made a signal come too late.
var SettledBy = map[okey.Signal][]okey.EventKind{
	okey.PrincipalDecision:          {okey.EventApproved, okey.EventRefused, okey.EventWithdrawn, okey.EventExpired},
	okey.CharterAndPIN:              {okey.EventSigned, okey.EventHandedOver, okey.EventRefused, okey.EventWithdrawn, okey.EventExpired},
	okey.Handover:                   {okey.EventHandedOver, okey.EventRefused, okey.EventWithdrawn, okey.EventExpired},
	okey.Withdrawal:                 {okey.EventHandedOver, okey.EventRefused, okey.EventWithdrawn, okey.EventExpired},
	okey.ActionLinkReissue.Signal(): {okey.EventApproved, okey.EventRefused, okey.EventWithdrawn, okey.EventExpired},
	okey.StockAvailable:             {okey.EventHandedOver, okey.EventRefused, okey.EventWithdrawn, okey.EventExpired},
}

// SettledAlready is the line of the timeline that made a signal come too late or, where none did, the loss of the key that it was about.
func SettledAlready(signal okey.Signal, events []okey.Event) okey.Event {
	var lost okey.Event
	for _, e := range slices.Backward(events) {
		switch {
		case slices.Contains(SettledBy[signal], e.Kind):
			return e
		case e.Kind == okey.EventKeyLost && lost.Kind == "" && (signal == okey.CharterAndPIN || signal == okey.Handover):
			lost = e
		}
	}
	return lost
}

func (s *Dispatcher) gatherLast(ctx context.Context, f *Facts) error {
	events, err := s.store.Timeline(ctx, f.Action.Request)
	f.Last = SettledAlready(f.Action.Name.Signal(), events)
	return err
}

// Settlements say what settled a matter before this action came.
var Settlements = map[okey.EventKind]string{
	okey.EventApproved:   "déjà accepté cette demande",
	okey.EventRefused:    "déjà refusé cette demande",
	okey.EventWithdrawn:  "retiré cette demande",
	okey.EventHandedOver: "déjà remis cette clef",
	okey.EventSigned:     "déjà signé la charte",
}

// TooLate says what a request that has gone on had settled before an action came to it; empty where that is not why it was refused.
func TooLate(v okey.Verdict, f Facts) string {
	nothing := "Votre action n'a rien changé."
	if f.Action.Name.Signal() == okey.PrincipalDecision {
		nothing = "Votre réponse n'a rien changé."
	}
	what, told := Settlements[f.Last.Kind]
	switch when := okey.SayTime(f.Last.At, f.Now, f.Zone); {
	case f.Last.Kind == okey.EventExpired:
		return fmt.Sprintf(
			"Cette demande a expiré %s. %s Une nouvelle demande est possible.",
			okey.SayDay(f.Last.At, f.Now, f.Zone),
			nothing,
		)
	case f.Last.Kind == okey.EventSigned && f.Last.By == f.Action.By:
		return fmt.Sprintf("Vous avez %s %s : rien n'a changé, votre code PIN non plus.", what, when)
	case told && f.Last.By == f.Action.By:
		return fmt.Sprintf("Vous avez %s %s. %s", what, when, nothing)
	case told:
		return fmt.Sprintf("%s a %s %s. %s", f.Last.ByName, what, when, nothing)
	}
	if f.Last.Kind == okey.EventKeyLost && v.Standing.Stage == okey.AwaitingStock {
		if f.Action.Name.Signal() == okey.CharterAndPIN {
			return "La clef qui vous était réservée a été déclarée perdue ou défectueuse entre-temps. " + nothing +
				" Votre demande garde sa place : un courriel vous préviendra quand une autre clef sera libre."
		}
		return "La clef réservée à cette demande a été déclarée perdue ou défectueuse entre-temps. " + nothing +
			" La demande garde sa place : une autre clef lui sera réservée dès qu'une sera libre."
	}
	return fmt.Sprintf("Cette demande est à une autre étape (%s). %s", v.Standing.Stage.French(), nothing)
}

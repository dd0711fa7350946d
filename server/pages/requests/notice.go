package requests

import (
	"fmt"
	"slices"

	"okey/okey"
	"okey/server/act"
	"okey/server/web"
)

// requestNotice tells what the visitor's own action has just changed, and what comes next.
func (s *Pages) requestNotice(v *web.Visit, d Dossier) (string, error) {
	a, found, err := s.JustDone(v)
	if err == nil && found && a.Name == okey.ActionKeyChange {
		return s.replaced(v, d, a)
	}
	if err == nil && a.By == v.Actor.ID && a.Request == d.ID && foundNone(a) {
		return "OKEY a regardé : aucune clef n'est libre dans cet établissement. La demande garde sa place.", nil
	}
	if err != nil || !found || a.Request != d.ID {
		return "", err
	}
	if a.Name == okey.ActionLinkReissue {
		return "Un nouveau lien part par courriel à chaque personne qui peut répondre. Les liens d'avant ne marchent plus.", nil
	}
	if a.Verdict.Standing.Turn != d.Turn {
		return "C'est fait.", nil
	}
	return d.notice(v, a), nil
}

func (d Dossier) notice(v *web.Visit, a okey.Action) string {
	who := web.WhoIsAwaited(d.Waits)
	switch a.Name.Signal() {
	case okey.PrincipalDecision:
		return d.Decided(a.Content.Decision)
	case okey.CharterAndPIN:
		return "C'est fait : la charte est signée et votre code PIN est choisi." // what comes next stands below
	case okey.Handover:
		said := fmt.Sprintf("La clef %s est remise à %s.", d.Key, d.Requester.Name())
		if d.tried() {
			said = fmt.Sprintf("La clef %s est remise à %s, et essayée.", d.Key, d.Requester.Name())
		}
		if a.Verdict.Swapped {
			said += " Elle a pris la place de celle qui était réservée, qui retourne au stock."
		}
		if old := d.Retired(); old != "" {
			said += " " + old
		}
		return said + " Un reçu part par courriel."
	case okey.Withdrawal:
		if d.mine(v) {
			return "Votre demande est retirée. Vous pourrez en faire une autre quand vous voudrez."
		}
		return fmt.Sprintf("La demande est retirée. %s reçoit un courriel ; une clef réservée retourne au stock.", d.Requester.Name())
	case okey.StockAvailable:
		return "Une clef était libre : la demande continue."
	}
	said := fmt.Sprintf("Votre demande est envoyée à %s. Vous recevrez un courriel dès la réponse.", who)
	if len(d.Waits) == 1 && d.Waits[0].Who == act.AwaitedSupport {
		said = "Votre demande est enregistrée. Personne ne peut y répondre dans votre établissement : l'assistance est prévenue et " +
			"s'en occupe."
	}
	if d.Free == 0 {
		said += " Aucune clef n'est libre en ce moment : votre établissement est prévenu et peut en commander."
	}
	return said
}

// Decided says what follows from the answer that the visitor has just given.
func (d Dossier) Decided(decision okey.Decision) string {
	name := d.Requester.Name()
	switch {
	case decision == okey.Refuse:
		return fmt.Sprintf("Vous avez refusé. %s reçoit votre commentaire par courriel.", name)
	case d.Stage == okey.AwaitingStock:
		return fmt.Sprintf(
			"Vous avez accepté. Aucune clef n'est libre : %s garde sa place, la première clef qui se libère lui est réservée.",
			name,
		)
	case d.Stage == okey.AwaitingHandover:
		return fmt.Sprintf("Vous avez accepté. Une clef est réservée à %s : il reste à la remettre.", name)
	}
	return fmt.Sprintf(
		"Vous avez accepté. Une clef est réservée à %s jusqu'au %s, le temps de signer la charte et de choisir un code PIN.",
		name,
		d.Clock.Day(d.KeptUntil),
	)
}

// tried tells whether the key was tried, and accepted, before it changed hands.
func (d Dossier) tried() bool {
	return slices.ContainsFunc(d.Events, func(e okey.Event) bool { return e.Kind == okey.EventHandedOver && !e.TriedAt.IsZero() })
}

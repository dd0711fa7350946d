package web

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"okey/okey"
	"okey/server/act"
)

// Clock says times as people at one place do.
type Clock struct {
	Now  time.Time
	Zone *time.Location
}

// ClockAt is the clock of an establishment, at the time of the visit.
func (s *Site) ClockAt(ctx context.Context, v *Visit, uai okey.UAI) (Clock, error) {
	zone, err := s.store.Zone(ctx, uai)
	return Clock{Now: v.Now, Zone: zone}, err
}

// Day says on which day an instant was, or will be; nothing for the zero one.
func (c Clock) Day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return okey.SayDay(t, c.Now, c.Zone)
}

// Time says the hour too.
func (c Clock) Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return okey.SayTime(t, c.Now, c.Zone)
}

// Date names the day that a key expires on. It is always some other year's, or soon to be: the year is said.
func (c Clock) Date(d okey.Day) string { return d.SayWithYear() }

// Stamp is an instant as a table has it: short, with its year, and always as wide. Sentences say Time.
func (c Clock) Stamp(t time.Time) Cell {
	if t.IsZero() {
		return Cell{}
	}
	local := t.In(c.Zone)
	return Cell{Text: local.Format("02/01/2006 15:04"), At: local.Format(time.RFC3339)}
}

// StampOn is the day of an instant as a table has it.
func (c Clock) StampOn(t time.Time) Cell {
	if t.IsZero() {
		return Cell{}
	}
	return StampDay(okey.DayOf(t, c.Zone))
}

// StampDay is a day as a table has it.
func StampDay(d okey.Day) Cell {
	if d.IsZero() {
		return Cell{}
	}
	return Cell{Text: d.Time().Format("02/01/2006"), At: d.String()}
}

// To is the cell, leading to a page.
func (c Cell) To(path string) Cell {
	c.Path = path
	return c
}

// Paris is the clock of lists that know no establishment.
func Paris(v *Visit) Clock { return Clock{Now: v.Now, Zone: okey.ZoneOf("")} }

// ReasonNames are the reasons of a request as pages say them.
var ReasonNames = map[okey.RequestReason]string{
	okey.FirstKey:    "première clef",
	okey.Renewal:     "remplace une clef en fin de validité",
	okey.Replacement: "remplace une clef perdue ou défectueuse",
	okey.Loan:        "prêt, le temps de retrouver la sienne",
}

// SayReplaces says within a line what the key asked for replaces; empty for a first one.
func SayReplaces(r okey.Request) string {
	if r.Reason == okey.FirstKey {
		return ""
	}
	return SayReason(r)
}

// SayReason says why a key was asked for, and what has become since of the one that it was to replace.
func SayReason(r okey.Request) string {
	switch r.OldGone {
	case okey.ReasonLost:
		return ReasonNames[r.Reason] + ", perdue depuis"
	case okey.ReasonDefective:
		return ReasonNames[r.Reason] + ", défectueuse depuis"
	}
	return ReasonNames[r.Reason]
}

// eventNames are lines of a request's story that somebody wrote.
var eventNames = map[okey.EventKind]string{
	okey.EventAsked:      "%s a demandé une clef.",
	okey.EventApproved:   "%s a accepté.",
	okey.EventRefused:    "%s a refusé.",
	okey.EventSigned:     "%s a signé la charte et choisi un code PIN.",
	okey.EventHandedOver: "%s a remis la clef %s.",
	okey.EventWithdrawn:  "%s a retiré la demande.",
}

// ownEventNames are lines that nobody in particular wrote.
var ownEventNames = map[okey.EventKind]string{
	okey.EventWaitsForStock: "Aucune clef n'était libre : la demande attend son tour.",
	okey.EventKeyReserved:   "La clef %s est réservée pour cette demande.",
	okey.EventKeyLost:       "La clef %s n'est plus disponible : la demande garde sa place.",
	okey.EventExpired:       "La demande a expiré, faute de suite.",
	okey.EventForGood:       "La clef égarée ne revient pas à son titulaire : la demande n'est plus un prêt.",
	okey.EventToSupport:     "Personne ne peut répondre dans l'établissement : l'assistance est prévenue.",
}

// SayEvents are the lines of a request's story. Where a key's place is taken, or a key is gone, it is the one kept until then.
func SayEvents(events []okey.Event) []string {
	lines, kept := make([]string, len(events)), okey.Serial("")
	for i, e := range events {
		lines[i] = SayEvent(e, kept)
		if e.Key != "" {
			kept = e.Key
		}
	}
	return lines
}

// SayEvent is one of them, where the key kept until then may not be known.
func SayEvent(e okey.Event, kept okey.Serial) string {
	switch e.Kind {
	case okey.EventSwapped:
		return saySwapped(e, kept)
	case okey.EventMoved:
		return fmt.Sprintf("L'établissement a été remplacé : la demande est suivie par %s et garde sa place.", e.Comment)
	case okey.EventKeyReserved:
		return fmt.Sprintf(ownEventNames[e.Kind], e.Key)
	case okey.EventKeyLost:
		return fmt.Sprintf(ownEventNames[e.Kind], cmp.Or(kept, "réservée"))
	}
	if e.Kind == okey.EventWithdrawn && e.By == (okey.PersonID{}) {
		return "La demande est retirée."
	}
	if said := ownEventNames[e.Kind]; said != "" {
		return said
	}
	return strings.TrimSuffix(sayWritten(e), ".") + eventVias[e.Via] + "."
}

func saySwapped(e okey.Event, kept okey.Serial) string {
	place := "celle"
	if kept != "" {
		place = "la " + string(kept) + ","
	}
	return fmt.Sprintf("%s a échangé la clef : la %s prend la place de %s qui était réservée.", writer(e), e.Key, place)
}

// sayWritten is a line that somebody wrote.
func sayWritten(e okey.Event) string {
	switch said := eventNames[e.Kind]; {
	case said == "":
		return "OKEY a noté un changement."
	case e.Kind == okey.EventHandedOver && !e.TriedAt.IsZero():
		return fmt.Sprintf("%s a remis la clef %s : remise et essayée.", writer(e), e.Key)
	case e.Kind == okey.EventHandedOver:
		return fmt.Sprintf(said, writer(e), e.Key)
	default:
		return fmt.Sprintf(said, writer(e))
	}
}

func writer(e okey.Event) string { return cmp.Or(e.ByName, "OKEY") }

// eventVias are the ways in that such a line tells.
var eventVias = map[okey.Via]string{
	okey.ViaLink:    " (par le lien du courriel)",
	okey.ViaSupport: " (l'assistance, à la place de l'établissement)",
}

// WhoIsAwaited names the people that a request waits for: "Marc Roux ou Anne Blanc".
func WhoIsAwaited(waits []act.Awaited) string {
	names := make([]string, 0, len(waits))
	for _, w := range waits {
		switch w.Who {
		case act.AwaitedSupport:
			names = append(names, "l'assistance")
		case act.AwaitedStock:
			names = append(names, "une clef libre")
		default:
			names = append(names, w.Name)
		}
	}
	return okey.SayNames(names)
}

// Standing says whom a request waits for, since when, and until when; at is where whoever asked fetches the key, where that needs saying.
func Standing(r okey.Request, waits []act.Awaited, place int, mine bool, at string, c Clock) string {
	who := WhoIsAwaited(waits)
	until := ""
	if !r.KeptUntil.IsZero() {
		until = " Sans suite, la demande expire " + c.Day(r.KeptUntil) + "."
	}
	switch r.Stage {
	case okey.AwaitingDecision:
		if mine { // who reads what comes before that as well
			until = ""
		}
		return fmt.Sprintf("La réponse %s est attendue depuis %s.%s", okey.SayOf(who), c.Day(r.Since), until)
	case okey.AwaitingStock:
		here := "Elle est"
		if mine {
			here = "Vous êtes"
		}
		return fmt.Sprintf("La demande est acceptée, mais aucune clef n'est libre. %s %s dans la file. "+
			"La première clef libre sera pour la première demande acceptée.", here, okey.SayPosition(place))
	case okey.AwaitingCharter:
		if mine {
			return fmt.Sprintf("Une clef vous est réservée jusqu'au %s. Signez la charte et choisissez votre code PIN.", c.Day(r.KeptUntil))
		}
		return fmt.Sprintf("Une clef est réservée. %s doit signer la charte et choisir son code PIN, depuis %s.%s",
			who, c.Day(r.Since), until)
	case okey.AwaitingHandover:
		if mine {
			return fmt.Sprintf("Votre clef vous attend : venez la chercher %sauprès %s, au plus tard le %s. "+
				"Ne donnez votre code PIN à personne, pas même à la direction.", at, okey.SayOf(who), c.Day(r.KeptUntil))
		}
		return fmt.Sprintf("La clef est à remettre par %s, depuis %s.%s", who, c.Day(r.Since), until)
	}
	return fmt.Sprintf("Cette demande est close depuis %s : %s.", c.Day(r.Since), r.Stage.French())
}

// SayAction is an action as support reads it.
func SayAction(n okey.ActionName) string { return cmp.Or(n.Kind().French, "autre signal") }

// ViaNames are the ways in, as support reads them.
var ViaNames = map[okey.Via]string{
	okey.ViaWeb:     "page",
	okey.ViaLink:    "lien du courriel",
	okey.ViaAPI:     "autre programme",
	okey.ViaSupport: "assistance",
	okey.ViaEngine:  "moteur",
}

// RefusalNames are the reasons of refusals in a word or two, as support reads them.
var RefusalNames = map[okey.Code]string{
	okey.CodeWrongStage:      "autre étape",
	okey.CodeClosed:          "demande close",
	okey.CodeUnknownAction:   "signal qu'OKEY n'a pas enregistré",
	okey.CodeUnreadable:      "signal illisible",
	okey.CodeUnknownSignal:   "signal inconnu",
	okey.CodeCancelIgnored:   "annulation ignorée",
	okey.CodeNoKeyFree:       "aucune clef libre",
	okey.CodeCharterOutdated: "charte dépassée",
	okey.CodeAlreadyOpen:     "demande déjà en cours",
	okey.CodeAlreadyHolds:    "a déjà une clef",
	okey.CodeNotEligible:     "hors du périmètre",
	okey.CodeKeyUnknown:      "clef inconnue",
	okey.CodeKeyElsewhere:    "clef d'un autre établissement",
	okey.CodeKeyNotFree:      "clef pas en stock",
	okey.CodeKeySuspended:    "clef égarée",
	okey.CodeLoanOver:        "prêt terminé",
	okey.CodeKeyExpired:      "clef expirée",
	okey.CodeProofMissing:    "clef pas essayée",
	okey.CodeKeyTransition:   "changement impossible",
	okey.CodeKeysStay:        "clefs qui ne peuvent pas partir",
	okey.CodeMoveOpen:        "départ déjà proposé",
	okey.CodeMoveOver:        "proposition close",
	okey.CodeOwnKey:          "sa propre clef",
	okey.CodeNotServed:       "établissement non servi",
	okey.CodeSucceeded:       "établissement remplacé",
	okey.CodeOrderState:      "commande à une autre étape",
	okey.CodeOrderQuantity:   "plus de clefs que commandé",
	okey.CodeNothingToExport: "aucune commande à transmettre",
	okey.CodeReportDecided:   "déjà répondu",
	okey.CodeReportKnown:     "clef déjà connue",
	okey.CodeDeliveryTaken:   "livraison déjà en stock",
	okey.CodeDeliveryChanged: "livraison qui ne convient plus",
	okey.CodeActionReused:    "envoi déjà utilisé",
	okey.CodeUnauthorized:    "pas connecté",
	okey.CodeRateLimited:     "trop d'essais",
	okey.CodeTooLarge:        "trop grand",
	okey.CodeEventsGone:      "événements effacés",
	okey.CodeForbidden:       "plus de droit",
	okey.CodeNotFound:        "plus de droit",
	okey.CodeOwnRequest:      "sa propre demande",
	okey.CodeInvalid:         "code PIN effacé",
	okey.CodeMailLeaving:     "courriel encore en route",
	okey.CodeMailJustSent:    "courriel tout juste renvoyé",
	okey.CodeMailForgotten:   "courriel qui ne peut pas être renvoyé",
	okey.CodeMailNoAddress:   "pas d'adresse",
	okey.CodeNoFailedMails:   "aucun courriel refusé",
	okey.CodePINReplaced:     "code PIN déjà remplacé",
	okey.CodeNoKey:           "pas encore de clef",
	okey.CodeNoPIN:           "code PIN choisi avant OKEY",
	okey.CodeThrottled:       "codes PIN faux : attente",
	okey.CodePINLocked:       "code PIN bloqué",
	okey.CodeInternal:        "panne d'OKEY",
	okey.CodeUnavailable:     "service qui ne répond pas",
}

// SayRefusal is one of them; a code without a name is said to be without precision.
func SayRefusal(code okey.Code) string {
	if said := RefusalNames[code]; said != "" {
		return said
	}
	return "sans autre précision"
}

package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// clock says times as people at one place do.
type clock struct {
	now  time.Time
	zone *time.Location
}

func (s *Server) clockAt(ctx context.Context, v *visit, uai okey.UAI) (clock, error) {
	zone, err := s.store.Zone(ctx, uai)
	return clock{now: v.Now, zone: zone}, err
}

func (c clock) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return okey.SayDay(t, c.now, c.zone)
}

func (c clock) time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return okey.SayTime(t, c.now, c.zone)
}

// dated names an instant in a record that is read years later, line by line: the year is said.
func (c clock) dated(t time.Time) string {
	local := t.In(c.zone)
	return fmt.Sprintf("%s à %d h %02d", okey.DayOf(t, c.zone).SayWithYear(), local.Hour(), local.Minute())
}

// date names the day that a key expires on. It is always some other year's, or soon to be: the year is said.
func (c clock) date(d okey.Day) string { return d.SayWithYear() }

// paris is the clock of lists that know no establishment.
func paris(v *visit) clock { return clock{now: v.Now, zone: okey.ZoneOf("")} }

// reasonNames are the reasons of a request as pages say them.
var reasonNames = map[okey.RequestReason]string{
	okey.FirstKey: "première clef", okey.Renewal: "remplace une clef en fin de validité", okey.Replacement: "remplace une clef perdue ou défectueuse",
}

// sayReplaces says within a line what the key asked for replaces; empty for a first one.
func sayReplaces(r okey.Request) string {
	if r.Reason == okey.FirstKey {
		return ""
	}
	return sayReason(r)
}

// sayReason says why a key was asked for, and what has become since of the one that it was to replace.
func sayReason(r okey.Request) string {
	switch r.OldGone {
	case okey.ReasonLost:
		return reasonNames[r.Reason] + ", perdue depuis"
	case okey.ReasonDefective:
		return reasonNames[r.Reason] + ", défectueuse depuis"
	}
	return reasonNames[r.Reason]
}

// eventNames are lines of a request's story that somebody wrote.
var eventNames = map[okey.EventKind]string{
	okey.EventAsked: "%s a demandé une clef.", okey.EventApproved: "%s a accepté.", okey.EventRefused: "%s a refusé.",
	okey.EventSigned: "%s a signé la charte et choisi un code PIN.", okey.EventHandedOver: "%s a remis la clef %s.",
	okey.EventWithdrawn: "%s a retiré la demande.",
}

// ownEventNames are lines that nobody in particular wrote.
var ownEventNames = map[okey.EventKind]string{
	okey.EventWaitsForStock: "Aucune clef n'était libre : la demande attend son tour.",
	okey.EventKeyReserved:   "La clef %s est réservée pour cette demande.",
	okey.EventKeyLost:       "La clef %s n'est plus disponible : la demande garde sa place.",
	okey.EventExpired:       "La demande a expiré, faute de suite.",
	okey.EventToSupport:     "Personne ne peut répondre dans l'établissement : l'assistance est prévenue.",
}

// sayEvents are the lines of a request's story. Where a key's place is taken, or a key is gone, it is the one kept until then.
func sayEvents(events []okey.Event) []string {
	lines, kept := make([]string, len(events)), okey.Serial("")
	for i, e := range events {
		lines[i] = sayEvent(e, kept)
		if e.Key != "" {
			kept = e.Key
		}
	}
	return lines
}

// sayEvent is one of them, where the key kept until then may not be known.
func sayEvent(e okey.Event, kept okey.Serial) string {
	who := e.ByName
	if who == "" {
		who = "OKEY"
	}
	if e.Kind == okey.EventSwapped {
		place := "celle"
		if kept != "" {
			place = "la " + string(kept) + ","
		}
		return fmt.Sprintf("%s a échangé la clef : la %s prend la place de %s qui était réservée.", who, e.Key, place)
	}
	if e.Kind == okey.EventMoved {
		return fmt.Sprintf("L'établissement a été remplacé : la demande est suivie par %s et garde sa place.", e.Comment)
	}
	said := ownEventNames[e.Kind]
	switch e.Kind {
	case okey.EventKeyReserved:
		return fmt.Sprintf(said, e.Key)
	case okey.EventKeyLost:
		if kept == "" {
			kept = "réservée"
		}
		return fmt.Sprintf(said, kept)
	}
	if said != "" {
		return said
	}
	said = eventNames[e.Kind]
	switch {
	case e.Kind == okey.EventHandedOver:
		said = fmt.Sprintf(said, who, e.Key)
	case said == "":
		said = "OKEY a noté un changement."
	default:
		said = fmt.Sprintf(said, who)
	}
	how := ""
	switch e.Via {
	case okey.ViaLink:
		how = " (par le lien du courriel)"
	case okey.ViaSupport:
		how = " (l'assistance, à la place de l'établissement)"
	}
	if sentence, whole := strings.CutSuffix(said, "."); how != "" && whole {
		return sentence + how + "."
	}
	return said + how
}

// whoIsAwaited names the people that a request waits for: "Marc Roux ou Anne Blanc".
func whoIsAwaited(waits []awaited) string {
	names := make([]string, 0, len(waits))
	for _, w := range waits {
		switch w.Who {
		case awaitedSupport:
			names = append(names, "l'assistance")
		case awaitedStock:
			names = append(names, "une clef libre")
		default:
			names = append(names, w.Name)
		}
	}
	return okey.SayNames(names)
}

// standing says whom a request waits for, since when, and until when; at is where whoever asked fetches the key, where that needs saying.
func standing(r okey.Request, waits []awaited, place int, mine bool, at string, c clock) string {
	who := whoIsAwaited(waits)
	until := ""
	if !r.KeptUntil.IsZero() {
		until = " Sans suite, la demande expire " + c.day(r.KeptUntil) + "."
	}
	switch r.Stage {
	case okey.AwaitingDecision:
		if mine { // who reads what comes before that as well
			until = ""
		}
		return fmt.Sprintf("La réponse %s est attendue depuis %s.%s", okey.SayOf(who), c.day(r.Since), until)
	case okey.AwaitingStock:
		here := "Elle est"
		if mine {
			here = "Vous êtes"
		}
		return fmt.Sprintf("La demande est acceptée, mais aucune clef n'est libre. %s %s dans la file. La première clef libre sera pour la première demande acceptée.", here, okey.SayPosition(place))
	case okey.AwaitingCharter:
		if mine {
			return fmt.Sprintf("Une clef vous est réservée jusqu'au %s. Signez la charte et choisissez votre code PIN.", c.day(r.KeptUntil))
		}
		return fmt.Sprintf("Une clef est réservée. %s doit signer la charte et choisir son code PIN, depuis %s.%s", who, c.day(r.Since), until)
	case okey.AwaitingHandover:
		if mine {
			return fmt.Sprintf("Votre clef vous attend : venez la chercher %sauprès %s, au plus tard le %s. Ne donnez votre code PIN à personne, pas même à la direction.", at, okey.SayOf(who), c.day(r.KeptUntil))
		}
		return fmt.Sprintf("La clef est à remettre par %s, depuis %s.%s", who, c.day(r.Since), until)
	}
	return fmt.Sprintf("Cette demande est close depuis %s : %s.", c.day(r.Since), r.Stage.French())
}

// actionNames are actions as support reads them.
var actionNames = map[okey.ActionName]string{
	okey.ActionAsk: "demande", okey.ActionExpire: "expiration", okey.ActionKeyChange: "changement d'une clef",
	okey.ActionOf(okey.PrincipalDecision): "réponse", okey.ActionOf(okey.StockAvailable): "recherche d'une clef",
	okey.ActionOf(okey.CharterAndPIN): "charte et code PIN", okey.ActionOf(okey.Handover): "remise",
	okey.ActionOf(okey.Withdrawal): "retrait", okey.ActionOf(okey.KeyUnavailable): "clef indisponible",
	okey.ActionMoveKeys: "déplacement de clefs", okey.ActionTakeAlong: "départ avec une clef", okey.ActionMoveDecision: "réponse à un départ", okey.ActionMoveWithdrawal: "retrait d'une proposition de départ", okey.ActionSuccession: "succession",
	okey.ActionDelegationGiven: "délégation donnée", okey.ActionDelegationBegun: "délégation qui commence", okey.ActionDelegationEnded: "fin d'une délégation",
	okey.ActionApproverArrived: "nouvelle direction", okey.ActionAttached: "rattachement", okey.ActionDetached: "fin d'un rattachement", okey.ActionHostingGiven: "établissement qui répond pour un autre", okey.ActionHostingEnded: "fin d'une réponse pour un autre",
	okey.ActionPINChange: "changement de code PIN", okey.ActionPINLock: "code PIN bloqué", okey.ActionLinkReissue: "nouveaux liens", okey.ActionMailResend: "courriel renvoyé",
	okey.ActionOrder: "commande", okey.ActionCancellation: "annulation", okey.ActionClosing: "clôture d'une commande", okey.ActionShipment: "expédition", okey.ActionReceipt: "réception",
	okey.ActionOrderExported: "commande transmise au fournisseur", okey.ActionOrderArrived: "clefs reçues par une livraison", okey.ActionExport: "classeur de commandes", okey.ActionDelivery: "livraison", okey.ActionArrival: "arrivée d'une livraison",
	okey.ActionInventory: "inventaire", okey.ActionReportDecision: "réponse à un signalement", "unknown-signal": "signal inconnu",
}

func sayAction(n okey.ActionName) string {
	if said := actionNames[n]; said != "" {
		return said
	}
	return "autre signal"
}

var viaNames = map[okey.Via]string{
	okey.ViaWeb: "page", okey.ViaLink: "lien du courriel", okey.ViaAPI: "autre programme", okey.ViaSupport: "assistance", okey.ViaEngine: "moteur",
}

var refusalNames = map[okey.Code]string{
	okey.CodeWrongStage: "autre étape", okey.CodeClosed: "demande close", okey.CodeUnknownAction: "signal qu'OKEY n'a pas enregistré",
	okey.CodeUnreadable: "signal illisible", okey.CodeUnknownSignal: "signal inconnu", okey.CodeCancelIgnored: "annulation ignorée",
	okey.CodeNoKeyFree: "aucune clef libre", okey.CodeCharterOutdated: "charte dépassée", okey.CodeAlreadyOpen: "demande déjà en cours",
	okey.CodeAlreadyHolds: "a déjà une clef", okey.CodeNotEligible: "hors du périmètre", okey.CodeKeyUnknown: "clef inconnue",
	okey.CodeKeyElsewhere: "clef d'un autre établissement", okey.CodeKeyNotFree: "clef pas en stock", okey.CodeKeyTransition: "changement impossible",
	okey.CodeKeysStay: "clefs qui ne peuvent pas partir", okey.CodeMoveOpen: "départ déjà proposé", okey.CodeMoveOver: "proposition close",
	okey.CodeOwnKey: "sa propre clef", okey.CodeNotServed: "établissement non servi", okey.CodeSucceeded: "établissement remplacé",
	okey.CodeOrderState: "commande à une autre étape", okey.CodeOrderQuantity: "plus de clefs que commandé", okey.CodeNothingToExport: "aucune commande à transmettre",
	okey.CodeReportDecided: "déjà répondu", okey.CodeReportKnown: "clef déjà connue", okey.CodeDeliveryTaken: "livraison déjà en stock",
	okey.CodeDeliveryChanged: "livraison qui ne convient plus", okey.CodeActionReused: "envoi déjà utilisé", okey.CodeUnauthorized: "pas connecté",
	okey.CodeRateLimited: "trop d'essais", okey.CodeTooLarge: "trop grand",
	okey.CodeForbidden: "plus de droit", okey.CodeNotFound: "plus de droit", okey.CodeOwnRequest: "sa propre demande", okey.CodeInvalid: "code PIN effacé",
	okey.CodeMailLeaving: "courriel encore en route", okey.CodeMailJustSent: "courriel tout juste renvoyé", okey.CodeMailForgotten: "courriel qui ne se réécrit pas",
	okey.CodeMailNoAddress: "pas d'adresse",
	okey.CodePINReplaced:   "code PIN déjà remplacé", okey.CodeNoKey: "pas encore de clef", okey.CodeNoPIN: "code PIN choisi avant OKEY",
	okey.CodeThrottled: "codes PIN faux : attente", okey.CodePINLocked: "code PIN bloqué", okey.CodeInternal: "panne d'OKEY", okey.CodeUnavailable: "service qui ne répond pas",
}

func sayRefusal(code okey.Code) string {
	if said := refusalNames[code]; said != "" {
		return said
	}
	return "sans autre précision"
}

func requestURL(id uuid.UUID) string               { return "/demandes/" + id.String() }
func keyURL(serial okey.Serial) string             { return "/clefs/" + string(serial) }
func followURL(action uuid.UUID) string            { return "/suivi/" + action.String() }
func doneURL(page string, action uuid.UUID) string { return page + "?fait=" + action.String() }

package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Entry says of a letter, in French, whom it is for and when it leaves: what support reads before it looks at one.
type Entry struct {
	Letter Letter
	Reader string
	When   string
}

// Whom letters are for, in the order of the register.
const (
	toRequester = "Demandeur"
	toSender    = "Auteur d'un envoi"
	toHolder    = "Titulaire d'une clef"
	toApprovers = "Direction et délégataires"
	toDelegate  = "Délégataire"
	toAttached  = "Personne rattachée"
	toMailbox   = "Boîte de l'établissement"
	toSupplier  = "Fournisseur"
	toSupport   = "Assistance"
)

// Register is every letter, by reader, in the order in which things happen. A test holds it against the words.
var Register = []Entry{
	{NoKeyYet, toRequester, "À la demande, quand aucune clef n'est libre."},
	{Refused, toRequester, "Quand la demande est refusée."},
	{Approved, toRequester, "Quand la demande est acceptée et qu'une clef est libre."},
	{KeepsPlace, toRequester, "Quand la demande est acceptée sans clef libre."},
	{StillWaiting, toRequester, "Chaque mois, tant qu'aucune clef n'est libre."},
	{KeyFree, toRequester, "Quand une clef se libère pour une demande acceptée."},
	{KeyReplaced, toRequester, "Quand la clef réservée est perdue ou défectueuse : une autre, ou la place gardée."},
	{RemindCharter, toRequester, "Rappel, tant que la charte n'est pas signée."},
	{KeyAwaitsYou, toRequester, "Quand la charte est signée : sa clef l'attend."},
	{RemindHandover, toRequester, "Rappel, tant que la clef n'est pas remise."},
	{OthersWait, toRequester, "Quand quelqu'un d'autre attend une clef : la sienne est réservée moins longtemps."},
	{Receipt, toRequester, "À la remise : le reçu."},
	{Withdrawn, toRequester, "Quand la demande est retirée."},
	{Expired, toRequester, "Quand la demande expire, faute de suite."},
	{RequestFollows, toRequester, "Quand un autre établissement remplace le sien."},

	{YourKeyChanged, toHolder, "Quand sa clef est déclarée perdue, rendue, défectueuse ou au rebut."},
	{KeyMislaid, toHolder, "Quand sa clef est déclarée égarée."},
	{RemindMislaid, toHolder, "Rappel, tant que sa clef est égarée : elle sera bientôt perdue."},
	{KeyRecovered, toHolder, "Quand sa clef égarée est retrouvée."},
	{PINChanged, toHolder, "Quand son code PIN est changé."},
	{PINLocked, toHolder, "Après dix codes PIN faux de suite."},
	{KeyExpires, toHolder, "Quand sa clef expire bientôt, puis quand elle a expiré."},
	{LoanEnds, toHolder, "Quand la clef prêtée est à rendre bientôt, puis quand le prêt est terminé."},
	{HolderLeft, toHolder, "Quand sa dernière affectation dans l'établissement a pris fin."},
	{YourKeyMoves, toHolder, "Quand la direction propose que sa clef parte avec lui."},
	{YourMoveDecided, toHolder, "Quand l'établissement d'arrivée a répondu."},
	{YourMoveWithdrawn, toHolder, "Quand la direction retire sa proposition que sa clef parte avec lui."},
	{YourKeyMoved, toHolder, "Quand sa clef change d'établissement."},

	{NotDone, toSender, "Quand un envoi enregistré pendant une panne n'a pas pu être pris en compte ensuite."},

	{Asked, toApprovers, "À chaque demande qui attend une réponse."},
	{AskedList, toApprovers, "Au-delà de cinq demandes en une heure : une liste."},
	{Reminder, toApprovers, "Rappel, un par jour au plus : tout ce qui attend."},
	{
		KeyToHandOver, toApprovers,
		"Quand la charte est signée, ou une autre clef prend la place de la première : une clef est à remettre.",
	},
	{HandOverSoon, toApprovers, "Quand quelqu'un attend une clef alors qu'une autre est à remettre."},
	{AskedWithdrawn, toApprovers, "Quand une demande est retirée."},
	{AskedExpired, toApprovers, "Quand une demande expire."},
	{SupportDecided, toApprovers, "Quand l'assistance répond à leur place."},
	{SupportHandedOver, toApprovers, "Quand l'assistance remet une clef à leur place."},
	{Shortage, toApprovers, "Une fois par pénurie : plus de clef, des personnes attendent."},
	{OrderReminder, toApprovers, "Rappel, tant que rien n'est commandé."},
	{LowStock, toApprovers, "Quand le stock passe sous la réserve voulue."},
	{SupportOrdered, toApprovers, "Quand l'assistance commande à leur place."},
	{OrderClosed, toApprovers, "Quand l'assistance annule ou clôt une commande."},
	{DeliveryAnnounced, toApprovers, "Quand des clefs sont en route."},
	{DeliveryArrived, toApprovers, "Quand une livraison entre en stock."},
	{ReportDecided, toApprovers, "Quand l'assistance a répondu à une clef signalée à l'inventaire."},
	{StockKeyChanged, toApprovers, "Quand une clef de l'établissement change d'état."},
	{LoanForGood, toApprovers, "Quand un prêt demandé devient une clef pour de bon : l'autre est perdue, ou ne revient pas."},
	{KeysExpire, toApprovers, "Chaque mois où des clefs de l'établissement expirent bientôt."},
	{LoansOver, toApprovers, "Quand des clefs prêtées n'ont pas été rendues à temps."},
	{HoldersLeft, toApprovers, "Quand des personnes parties ont encore leur clef."},
	{KeysMoved, toApprovers, "Quand l'assistance déplace des clefs."},
	{MoveProposed, toApprovers, "Quand quelqu'un arrive avec sa clef."},
	{MoveDecided, toApprovers, "Quand l'autre établissement a répondu à un départ."},
	{MoveWithdrawn, toApprovers, "Quand l'autre établissement retire sa proposition de départ."},
	{MoveExpired, toApprovers, "Quand personne n'a répondu à un départ en trente jours."},
	{Succeeded, toApprovers, "Quand leur établissement en remplace un autre."},
	{SucceededClosing, toApprovers, "Quand leur établissement est remplacé."},
	{Hosting, toApprovers, "Quand ils répondent pour un autre établissement."},
	{HostingEnded, toApprovers, "Quand ils ne répondent plus pour lui."},
	{ApproverArrived, toApprovers, "Quand un chef d'établissement ou un adjoint arrive : ce qui l'attend."},
	{AttachedApprover, toApprovers, "Quand l'assistance rattache quelqu'un à leur établissement."},
	{DelegationGivenApprover, toApprovers, "Quand l'un d'eux donne une délégation."},
	{DelegationEndedApprover, toApprovers, "Quand une délégation prend fin plus tôt."},

	{DelegationGiven, toDelegate, "Quand une délégation lui est donnée."},
	{DelegationBegins, toDelegate, "Le premier jour de sa délégation."},
	{DelegationEnded, toDelegate, "Quand sa délégation prend fin plus tôt."},
	{Attached, toAttached, "Quand l'assistance la rattache à un établissement."},
	{Detached, toAttached, "Quand l'assistance met fin à son rattachement."},
	{NobodyMailbox, toMailbox, "Quand personne ne peut répondre à une demande."},
	{OrdersExported, toSupplier, "Quand les commandes lui sont transmises, classeur joint."},

	{Nobody, toSupport, "Quand personne ne peut répondre à une demande."},
	{SuccessorNobody, toSupport, "Quand personne ne peut répondre dans l'établissement qui en remplace un autre."},
	{DecisionLate, toSupport, "Quand une réponse tarde malgré les rappels."},
	{OrderLate, toSupport, "Quand il n'y a plus de clef et que rien n'est commandé."},
	{HandoverLate, toSupport, "Quand une remise tarde malgré les rappels."},
	{OwnHandover, toSupport, "Quand un chef d'établissement se remet sa propre clef."},
	{OrderOverdue, toSupport, "Quand une commande transmise tarde à arriver."},
	{KeysReported, toSupport, "Quand un inventaire trouve des clefs qu'OKEY ne connaît pas."},
	{Undelivered, toSupport, "Quand des courriels d'une demande ne partent pas depuis cinq jours."},
	{StockUndelivered, toSupport, "Quand des courriels sur le stock ne partent pas depuis cinq jours."},
	{Bounced, toSupport, "Quand une adresse refuse un courriel pour de bon, ou qu'il en revient."},
	{Stuck, toSupport, "Quand quelque chose n'avance plus depuis une demi-heure."},
	{WebhookStopped, toSupport, "Quand un programme ne prend plus, depuis des jours, les événements qu'OKEY lui envoie."},
	{SourcesTold, toSupport, "Quand une lecture de l'annuaire est refusée, ou qu'un identifiant semble avoir changé."},
	{Examined, toSupport, "Quand l'examen de la nuit (okey doctor) trouve quelque chose."},
	{NoAddress, toSupport, "Quand une personne à prévenir n'a pas d'adresse."},
}

// NameOf names a mail to whoever looks after mails: by its subject or, before it has one, by when such a letter leaves, which is no
// subject. What a letter is called in code is no name for people.
func NameOf(letter Letter, subject string) string {
	if subject != "" {
		return subject
	}
	when := WhenOf(letter)
	if when == "" {
		return "Pas encore écrit"
	}
	first, size := utf8.DecodeRuneInString(when)
	return "Pas encore écrit (" + string(unicode.ToLower(first)) + when[size:] + ")"
}

// WhenOf says when a letter leaves, without a full stop: empty for one that the register does not have.
func WhenOf(letter Letter) string {
	for _, entry := range Register {
		if entry.Letter == letter {
			return strings.TrimSuffix(entry.When, ".")
		}
	}
	return ""
}

package act

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"okey/okey"
	"okey/server/respond"
	"okey/sql"
)

// Explain turns a refused outcome into the status of an HTTP answer and what to tell the person: what happened, and what to do instead.
// Pages and API say the same.
func (s *Dispatcher) Explain(ctx context.Context, o Outcome) (int, *okey.Error) {
	f, err := s.gather(ctx, o.Action)
	if err != nil {
		return http.StatusInternalServerError, respond.AsError(err)
	}
	return explained(*o.Action.Verdict, f)
}

// explained says a refused verdict.
func explained(v okey.Verdict, f Facts) (int, *okey.Error) {
	message, field := sentence(v, f)
	return refusedStatus(v.Reason, f.Action.Name), &okey.Error{Code: v.Reason, Message: message, Field: field}
}

// refusedStatus: what nobody could have asked for is unprocessable; what no longer goes is a conflict.
func refusedStatus(reason okey.Code, action okey.ActionName) int {
	if reason == okey.CodeRateLimited {
		return http.StatusTooManyRequests
	}
	asked := action == okey.ActionAsk
	if asked && (reason == okey.CodeNotEligible || reason == okey.CodeAlreadyHolds || reason == okey.CodeInvalid) {
		return http.StatusUnprocessableEntity
	}
	return http.StatusConflict
}

// PINUnchanged tells whoever was about to change the PIN of a key that has left them.
const PINUnchanged = "Cette clef n'est plus la vôtre : son code PIN n'a pas changé."

// said is what is told of a refusal that is the same whoever meets it; what depends on the thing is in sentence.
var said = map[okey.Code]string{
	okey.CodePINReplaced:     "Vous avez choisi un autre code PIN depuis : c'est celui-là qui sert.",
	okey.CodeNoKeyFree:       "Aucune clef n'est libre dans cet établissement : la demande garde sa place.",
	okey.CodeOrderState:      "Cette commande a changé d'état entre-temps : rien n'a été fait. Rechargez la page pour voir où elle en est.",
	okey.CodeNothingToExport: "Aucune commande n'attend d'être transmise : il n'y a rien à transmettre.",
	okey.CodeReportDecided:   "Quelqu'un de l'assistance a déjà répondu : rien n'a changé.",
	okey.CodeReportKnown: "Cette clef est entrée dans OKEY entre-temps : rien n'a changé. Ouvrez sa page pour voir où elle est, puis " +
		"écartez ce signalement en le disant.",
	okey.CodeDeliveryTaken: "Cette livraison est déjà enregistrée : rien n'a changé.",
	okey.CodeDeliveryChanged: "Depuis que ce fichier a été vérifié, des clefs ou des établissements ont changé : rien n'a été pris. " +
		"Renvoyez le fichier, chaque ligne fautive sera nommée.",
	okey.CodeForbidden:  notAnyMore,
	okey.CodeNotFound:   notAnyMore,
	okey.CodeOwnRequest: "C'est votre propre demande : quelqu'un d'autre doit s'en charger.",
}

const notAnyMore = "Votre fonction ne vous permet plus cette action : rien n'a changé. Si c'est une erreur, écrivez à l'assistance."

// sentence is the French of a refusal, and the field of the form that it is about.
func sentence(v okey.Verdict, f Facts) (message, field string) {
	if f.Action.Name != okey.ActionAsk && (v.Reason == okey.CodeNotEligible || v.Reason == okey.CodeAlreadyHolds) {
		return noLongerEligible(v.Reason, f.Action.Name.Signal()), ""
	}
	if f.Action.Name == okey.ActionPINChange && (v.Reason == okey.CodeForbidden || v.Reason == okey.CodeNotFound) {
		return PINUnchanged, ""
	}
	switch v.Reason {
	case okey.CodeKeyNotFree, okey.CodeKeyUnknown, okey.CodeKeyElsewhere:
		if f.Action.Name == okey.ActionArrival {
			return "Rien n'a changé. " + f.Settled, "serials"
		}
		return wrongKey(v, f), "serial"
	case okey.CodeNotEligible:
		return NotEligible(v.Detail, f), "establishment"
	case okey.CodeAlreadyHolds:
		return AlreadyHolds(v.Detail, f), ""
	case okey.CodeAlreadyOpen:
		return AlreadyOpen(f), ""
	case okey.CodeWrongStage, okey.CodeClosed:
		return TooLate(v, f), ""
	case okey.CodeCharterOutdated:
		return charterOutdated(f.Charter).Message, "charter"
	case okey.CodeInvalid:
		if v.Detail == okey.DetailNotMislaid {
			return "Aucune de vos clefs n'est déclarée égarée : il n'y a pas de prêt à demander.", "reason"
		}
		if v.Detail == okey.DetailReason {
			return "Aucune clef n'a été déclarée perdue ou défectueuse pendant que vous l'aviez : choisissez « première clef ».", "reason"
		}
		return "Votre code PIN a été effacé, par prudence, avant d'avoir pu servir : choisissez-le de nouveau.", "pin"
	case okey.CodeKeyTransition:
		return fmt.Sprintf("« %s » ne s'applique pas à la clef %s, qui est %s : rechargez la page pour voir ce qui est possible.",
			f.Action.Content.KeyReason.French(), f.Action.Key, f.KeyIs.French()), "reason"
	case okey.CodeOrderQuantity:
		whom := "Dites-le à l'assistance."
		if f.Action.Via == okey.ViaSupport { // nobody is told to ask themselves
			whom = "Voyez-le avec le fournisseur."
		}
		return "C'est plus que ce qui reste à recevoir : comptez de nouveau. Des clefs en trop ? " + whom, "quantity"
	case okey.CodeKeysStay, okey.CodeMoveOpen, okey.CodeMoveOver, okey.CodeOwnKey, okey.CodeNotServed, okey.CodeSucceeded:
		return refusedMove(v, f)
	case okey.CodeRateLimited:
		return fmt.Sprintf(
			"De nouveaux liens sont déjà partis %s fois en une heure pour cette demande : attendez, ou dites aux personnes concernées "+
				"de se connecter à OKEY.", okey.SayNumber(okey.MaxReissues)), ""
	case okey.CodeMailLeaving, okey.CodeMailJustSent, okey.CodeMailForgotten, okey.CodeMailNoAddress:
		return SayUnsendable(v.Reason), ""
	case okey.CodeNoFailedMails:
		return "Aucun courriel refusé n'a été écrit entre ces deux moments : rien n'a été envoyé.", "until"
	}
	if said[v.Reason] != "" {
		return said[v.Reason], ""
	}
	return "Cette action n'a pas pu être acceptée : rien n'a changé. Rechargez la page et recommencez.", ""
}

// noLongerEligible tells what has changed since the asking: to the requester who signs, or to whoever answers or hands over.
func noLongerEligible(reason okey.Code, signal okey.Signal) string {
	own, holds := signal == okey.CharterAndPIN, reason == okey.CodeAlreadyHolds
	switch {
	case own && holds:
		return "Vous avez reçu une autre clef entre-temps, et une seule sert partout : retirez cette demande. Si l'autre est perdue " +
			"ou défectueuse, déclarez-le d'abord."
	case own:
		return "Nous ne vous trouvons plus dans cet établissement. Demandez à votre secrétariat de vérifier votre affectation, ou " +
			"retirez cette demande."
	}
	end := "Retirez la demande"
	if signal == okey.PrincipalDecision {
		end = "Refusez la demande"
	}
	if holds {
		return "Cette personne a reçu une autre clef entre-temps, et une seule sert partout : rien n'a changé. " + end +
			", ou déclarez d'abord l'autre clef perdue, défectueuse ou rendue."
	}
	return "Cette personne n'est plus affectée à cet établissement : rien n'a changé. " + end + " ; si c'est une erreur, faites " +
		"corriger son affectation."
}

// NotEligible says why nobody is lent a key where somebody asked for one, by the detail of the refusal.
func NotEligible(detail string, f Facts) string {
	place := f.Place
	if place == "" {
		place = string(f.Action.Content.Establishment)
	}
	subject := okey.Capitalize(okey.SayEstablishment(place))
	switch detail {
	case string(okey.FirstDegree):
		return fmt.Sprintf(
			"%s est une école du premier degré, OKEY sert les collèges et les lycées : adressez-vous à votre inspection de "+
				"circonscription.",
			subject,
		)
	case string(okey.NotUnderContract):
		return fmt.Sprintf(
			"%s est hors contrat : OKEY sert les établissements publics et ceux sous contrat. Si son contrat vient d'être signé, "+
				"écrivez à l'assistance.",
			subject,
		)
	case string(okey.NotASchool):
		return fmt.Sprintf("%s n'est ni un collège ni un lycée : demandez une clef au service informatique de votre académie.", subject)
	case string(okey.Closed):
		return fmt.Sprintf(
			"%s est fermé, ou pas encore ouvert : demandez pour l'établissement où vous travaillez, ou écrivez à l'assistance.",
			subject,
		)
	case okey.DetailSucceeded:
		return fmt.Sprintf("%s a été remplacé%s : demandez votre clef pour celui-ci.", subject, f.Heir)
	case okey.DetailUnknownEstablishment:
		return fmt.Sprintf("OKEY ne connaît pas l'établissement %s : vérifiez son code UAI, ou écrivez à l'assistance.", place)
	case okey.DetailNoEstablishment:
		return "Nous ne vous trouvons dans aucun établissement. Demandez à votre secrétariat de vérifier votre affectation, ou " +
			"écrivez à l'assistance."
	case okey.DetailNotAssigned:
		if len(f.Works) > 0 {
			return fmt.Sprintf(
				"Nous ne vous trouvons pas %s. Demandez votre clef pour %s : une seule sert partout. Sinon, faites vérifier votre "+
					"affectation par votre secrétariat.",
				okey.SayAtSchool(okey.SayEstablishment(place)),
				okey.SayNames(f.Works),
			)
		}
	}
	return "Nous ne vous trouvons pas dans cet établissement. Demandez à votre secrétariat de vérifier votre affectation, ou écrivez " +
		"à l'assistance."
}

// AlreadyHolds says that somebody who asks has a key already, which serves everywhere, and from when they may renew it.
func AlreadyHolds(detail string, f Facts) string {
	if len(f.Held) == 0 {
		return "Vous avez déjà une clef. Si elle est perdue ou défectueuse, déclarez-le d'abord, puis demandez-en une autre."
	}
	if detail == okey.DetailLent {
		return "Une clef vous est déjà prêtée : rendez-la d'abord à la direction."
	}
	key, today := f.Held[0], okey.DayOf(f.Now, f.Zone)
	if own := okey.Own(f.Held); len(own) > 0 {
		key = own[0]
	}
	if detail == okey.DetailNotMislaid {
		return fmt.Sprintf("Votre clef %s n'est pas déclarée égarée : il n'y a pas de prêt à demander.", key.Serial)
	}
	if key.State == okey.Suspended {
		return fmt.Sprintf("Votre clef %s est égarée : retrouvée, elle servira de nouveau. "+
			"D'ici là, demandez un prêt ; déclarée perdue, vous pourrez en demander une autre.", key.Serial)
	}
	if detail == okey.DetailNotYetRenewable {
		return fmt.Sprintf("Votre clef %s est valable jusqu'au %s : vous pourrez demander la suivante à partir du %s.",
			key.Serial, key.ExpiresOn.Say(today), key.ExpiresOn.AddMonths(-okey.RenewalMonths).Say(today))
	}
	return fmt.Sprintf(
		"Vous avez déjà la clef %s, qui sert dans tous vos établissements. Si elle est perdue ou défectueuse, déclarez-le d'abord ; "+
			"si elle expire bientôt, choisissez « renouvellement ».",
		key.Serial,
	)
}

// AlreadyOpen says that somebody who asks has a request under way.
func AlreadyOpen(f Facts) string {
	if f.Open.Stage == "" {
		return "Vous avez déjà une demande en cours : suivez celle-là, ou retirez-la avant d'en faire une autre."
	}
	stage := f.Open.Stage.French()
	if f.Open.Stage == okey.AwaitingHandover { // the stage's name is for whoever hands over
		stage = "clef à aller chercher"
	}
	return fmt.Sprintf("Vous avez déjà une demande en cours (%s), faite %s : suivez celle-là, ou retirez-la avant d'en faire une autre.",
		stage, okey.SayDay(f.Open.AskedAt, f.Now, f.Zone))
}

// wrongKey names the typed key's state and what to do, at the handover.
func wrongKey(v okey.Verdict, f Facts) string {
	serial := f.Action.Content.Serial
	if f.Fetches != "" && f.Kept != "" {
		return SayOldKey(serial, f.Fetches, f.Kept)
	}
	instead := ""
	if f.Kept != "" {
		instead = fmt.Sprintf(" Remettez la clef %s, ou une autre qui soit en stock ici.", f.Kept)
	}
	switch {
	case v.Reason == okey.CodeKeyUnknown && len(f.Similar) > 0:
		similar := make([]string, len(f.Similar))
		for i, s := range f.Similar {
			similar[i] = string(s)
		}
		return fmt.Sprintf("Aucune clef ne porte le numéro %s. Vouliez-vous écrire %s ?", serial, strings.Join(similar, " ou "))
	case v.Reason == okey.CodeKeyUnknown && len(serial) == okey.LastOfSerial && f.Kept != "":
		return fmt.Sprintf("Le numéro de la clef réservée, la %s, ne finit pas par %s. Pour une autre clef, tapez son numéro entier.",
			f.Kept, serial)
	case v.Reason == okey.CodeKeyUnknown:
		return fmt.Sprintf("Aucune clef ne porte le numéro %s : relisez celui qui est gravé sur la clef.%s", serial, instead)
	case v.Reason == okey.CodeKeyElsewhere:
		return fmt.Sprintf(
			"La clef %s appartient au stock d'un autre établissement.%s Si elle est ici pour de bon, l'assistance peut la déplacer.",
			serial,
			instead,
		)
	}
	if v.Detail == okey.DetailExpired {
		return SayExpired(serial) + instead
	}
	return SayKeyTaken(serial, v.OtherKey, f.Whose) + instead
}

// SayExpired says why a key of the drawer is not handed over.
func SayExpired(serial okey.Serial) string {
	return fmt.Sprintf("La clef %s a expiré : elle ne sert plus. Mettez-la au rebut.", serial)
}

// SayKeyTaken says why a key that somebody has in hand at a counter is not free, whose it is, and what to do with it. whose is empty where
// it is nobody's.
func SayKeyTaken(serial okey.Serial, state okey.KeyState, whose string) string {
	said := fmt.Sprintf("La clef %s est %s", serial, state.French())
	switch {
	case whose == "":
	case whose == readersOwn:
		return sayOwnKeyTyped(serial, state)
	case state == okey.InService:
		return fmt.Sprintf("%s : %s l'a. Si elle vous est rendue, ou si vous l'avez trouvée, notez-le sur la page de la clef.", said, whose)
	case state == okey.Lent:
		return fmt.Sprintf("%s à %s. Si elle vous est rendue, notez-le sur la page de la clef.", said, whose)
	case state == okey.Suspended:
		return fmt.Sprintf("%s, et c'est celle %s. Vous l'avez trouvée ? Notez-le sur la page de la clef.", said, okey.SayOf(whose))
	case state == okey.Attributed:
		return fmt.Sprintf("%s à %s, qui a choisi son code PIN.", said, whose)
	case state == okey.Reserved:
		return fmt.Sprintf("%s à %s, qui n'a pas encore signé la charte.", said, whose)
	}
	return said + " : " + keyAdvice[state]
}

// sayOwnKeyTyped is for whoever types the number of their own key where they hand over other people's.
func sayOwnKeyTyped(serial okey.Serial, state okey.KeyState) string {
	switch state {
	case okey.Attributed:
		return fmt.Sprintf("La clef %s est la vôtre : elle attend de vous être remise.", serial)
	case okey.Reserved:
		return fmt.Sprintf("La clef %s vous est réservée : signez d'abord la charte.", serial)
	}
	return fmt.Sprintf("La clef %s est la vôtre.", serial)
}

// keyAdvice is what to do with a key that is not free.
var keyAdvice = map[okey.KeyState]string{
	okey.InTransit:  "confirmez d'abord sa livraison.",
	okey.Reserved:   "elle est réservée à quelqu'un d'autre.",
	okey.Attributed: "elle attend quelqu'un d'autre, qui a choisi son code PIN.",
	okey.InService:  "elle a déjà été remise à quelqu'un.",
	okey.Lent:       "si elle vous est rendue, notez-le sur la page de la clef.",
	okey.Suspended:  "si vous l'avez en main, notez-le sur la page de la clef.",
	okey.Lost:       "si vous l'avez en main, notez d'abord « " + okey.ReasonFound.French() + " » sur la page de la clef.",
	okey.Defective: "si elle ne marche vraiment pas, notez « " + okey.ReasonRetired.French() +
		" » sur la page de la clef ; sinon, « " + okey.ReasonReturn.French() + " ».",
	okey.Retired: "elle ne sert plus.",
}

// readersOwn is whose a key is, where it is the reader's.
const readersOwn = "vous"

// SayOldKey is what is said where an old key's number was typed to hand over the one that replaces it.
func SayOldKey(serial okey.Serial, who string, next okey.Serial) string {
	return fmt.Sprintf(
		"La clef %s est l'ancienne clef %s : reprenez-la, et tapez le numéro de la nouvelle, la %s.",
		serial,
		okey.SayOf(who),
		next,
	)
}

// SaySettled tells what became of keys that nobody can confirm any more, and by whom.
func (s *Dispatcher) SaySettled(ctx context.Context, faults []okey.KeyFault, now time.Time, zone *time.Location) (string, error) {
	const most = 20
	var said []string
	for _, fault := range faults[:min(most, len(faults))] {
		line := fmt.Sprintf("La clef %s %s", fault.Serial, fault.Why.French())
		if fault.Why == okey.ArrivalSettled {
			story, err := s.store.KeyStory(ctx, fault.Serial)
			if err != nil {
				return "", err
			}
			line += sayEnd(story, now, zone)
		}
		said = append(said, line+".")
	}
	if more := len(faults) - most; more > 0 {
		said = append(said, fmt.Sprintf("Et %s de plus.", okey.SayCount(more, "clef")))
	}
	return strings.Join(said, " "), nil
}

// sayEnd is how a key's way here ended: the first line of its story after it was announced. The story's newest line comes first.
func sayEnd(story []sql.KeyEvent, now time.Time, zone *time.Location) string {
	end := sql.KeyEvent{}
	for _, e := range story {
		if e.State == okey.InTransit {
			break
		}
		end = e
	}
	if end.Reason == "" {
		return ""
	}
	by := end.By
	if by == "" {
		by = "OKEY"
	}
	return fmt.Sprintf(" : « %s », %s, par %s", end.Reason.French(), okey.SayTime(end.At, now, zone), by)
}

// SayUnsendable says why a mail does not go out once more.
func SayUnsendable(why okey.Code) string {
	switch why {
	case okey.CodeMailLeaving:
		return "Ce courriel est encore en train de partir : OKEY essaie pendant cinq jours. Rien d'autre n'a été envoyé."
	case okey.CodeMailJustSent:
		return "Ce courriel vient d'être renvoyé : laissez-lui dix minutes pour arriver. Rien d'autre n'a été envoyé."
	case okey.CodeMailNoAddress:
		return "OKEY n'a pas d'adresse pour cette personne : faites-la corriger dans l'annuaire. Rien n'a été envoyé."
	}
	return "OKEY n'a plus de quoi refaire ce courriel : il ne peut pas le renvoyer. Rien n'a été envoyé."
}

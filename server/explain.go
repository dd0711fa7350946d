package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// facts are what the sentence about a refusal may need beside the verdict.
type facts struct {
	Action okey.Action

	Place   string        // name of the establishment that was asked for, where known
	Heir    string        // " par" whoever has replaced that establishment
	Works   []string      // names of the establishments where the person works
	Open    okey.Request  // the person's open request
	Held    []okey.Key    // keys in the person's hands
	Last    okey.Event    // what settled the matter before this action came
	Similar []okey.Serial // serials that the typed one may stand for
	Kept    okey.Serial   // the key kept aside for the request
	Fetches string        // who comes for it, where what was typed is the key that they bring back
	Whose   string        // who has the typed key in hand, or for whom it is kept
	KeyIs   okey.KeyState // of the key that a change was about
	Settled string        // what has become of keys that are no longer on their way
	Charter int           // the version in force
	Zone    *time.Location
	Now     time.Time
}

// explain turns a refused outcome into the status of an HTTP answer and what to tell the person: what happened, and what to do instead. Pages
// and API say the same.
func (s *Server) explain(ctx context.Context, o outcome) (int, *okey.Error) {
	f, err := s.gather(ctx, o.Action)
	if err != nil {
		return http.StatusInternalServerError, asError(err)
	}
	return Explain(*o.Action.Verdict, f)
}

// Explain says a refused verdict: see explain.
func Explain(v okey.Verdict, f facts) (int, *okey.Error) {
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

// pinUnchanged tells whoever was about to change the PIN of a key that has left them.
const pinUnchanged = "Cette clef n'est plus la vôtre : son code PIN n'a pas changé."

// sentence is the French of a refusal, and the field of the form that it is about.
func sentence(v okey.Verdict, f facts) (message, field string) {
	if f.Action.Name != okey.ActionAsk && (v.Reason == okey.CodeNotEligible || v.Reason == okey.CodeAlreadyHolds) {
		return noLongerEligible(v.Reason, f.Action.Name.Signal()), ""
	}
	if f.Action.Name == okey.ActionPINChange && (v.Reason == okey.CodeForbidden || v.Reason == okey.CodeNotFound) {
		return pinUnchanged, ""
	}
	switch v.Reason {
	case okey.CodePINReplaced:
		return "Vous avez choisi un autre code PIN depuis : c'est celui-là qui sert.", ""
	case okey.CodeKeyNotFree:
		if f.Action.Name == okey.ActionArrival {
			return "Rien n'a changé. " + f.Settled, "serials"
		}
		return wrongKey(v, f), "serial"
	case okey.CodeNotEligible:
		return notEligible(v.Detail, f), "establishment"
	case okey.CodeAlreadyHolds:
		return alreadyHolds(v.Detail, f), ""
	case okey.CodeAlreadyOpen:
		return alreadyOpen(f), ""
	case okey.CodeWrongStage, okey.CodeClosed:
		return tooLate(v, f), ""
	case okey.CodeCharterOutdated:
		return charterOutdated(f.Charter).Message, "charter"
	case okey.CodeInvalid:
		if v.Detail == okey.DetailReason {
			return "Aucune clef n'a été déclarée perdue ou défectueuse pendant que vous l'aviez : choisissez « première clef ».", "reason"
		}
		return "Votre code PIN a été effacé, par prudence, avant d'avoir pu servir : choisissez-le de nouveau.", "pin"
	case okey.CodeNoKeyFree:
		return "Aucune clef n'est libre dans cet établissement : la demande garde sa place.", ""
	case okey.CodeKeyUnknown, okey.CodeKeyElsewhere:
		return wrongKey(v, f), "serial"
	case okey.CodeKeyTransition:
		return fmt.Sprintf("« %s » ne s'applique pas à la clef %s, qui est %s : rechargez la page pour voir ce qui est possible.",
			f.Action.Content.KeyReason.French(), f.Action.Key, f.KeyIs.French()), "reason"
	case okey.CodeOrderState:
		return "Cette commande n'en est plus là : rien n'a changé. Rechargez la page pour voir où elle en est.", ""
	case okey.CodeOrderQuantity:
		if f.Action.Via == okey.ViaSupport { // nobody is told to ask themselves
			return "C'est plus que ce qui reste à recevoir : comptez de nouveau. Des clefs en trop ? Voyez-le avec le fournisseur.", "quantity"
		}
		return "C'est plus que ce qui reste à recevoir : comptez de nouveau. Des clefs en trop ? Dites-le à l'assistance.", "quantity"
	case okey.CodeNothingToExport:
		return "Aucune commande n'attend d'être transmise : il n'y a rien à transmettre.", ""
	case okey.CodeReportDecided:
		return "Quelqu'un de l'assistance a déjà répondu : rien n'a changé.", ""
	case okey.CodeReportKnown:
		return "Cette clef est entrée dans OKEY entre-temps : rien n'a changé. Ouvrez sa page pour voir où elle est, puis écartez ce signalement en le disant.", ""
	case okey.CodeDeliveryTaken:
		return "Cette livraison est déjà enregistrée : rien n'a changé.", ""
	case okey.CodeDeliveryChanged:
		return "Depuis que ce fichier a été vérifié, des clefs ou des établissements ont changé : rien n'a été pris. Renvoyez le fichier, chaque ligne fautive sera nommée.", ""
	case okey.CodeKeysStay, okey.CodeMoveOpen, okey.CodeMoveOver, okey.CodeOwnKey, okey.CodeNotServed, okey.CodeSucceeded:
		return refusedMove(v, f)
	case okey.CodeRateLimited:
		return fmt.Sprintf("De nouveaux liens sont déjà partis %s fois en une heure pour cette demande : attendez, ou dites aux personnes concernées de se connecter à OKEY.",
			okey.SayNumber(okey.MaxReissues)), ""
	case okey.CodeMailLeaving, okey.CodeMailJustSent, okey.CodeMailForgotten, okey.CodeMailNoAddress:
		return sayUnsendable(v.Reason), ""
	case okey.CodeForbidden, okey.CodeNotFound:
		return "Votre fonction ne vous permet plus cette action : rien n'a changé. Si c'est une erreur, écrivez à l'assistance.", ""
	case okey.CodeOwnRequest:
		return "C'est votre propre demande : quelqu'un d'autre doit s'en charger.", ""
	default:
		return "Cette action n'a pas pu être acceptée : rien n'a changé. Rechargez la page et recommencez.", ""
	}
}

// noLongerEligible tells what has changed since the asking: to the requester who signs, or to whoever answers or hands over.
func noLongerEligible(reason okey.Code, signal okey.Signal) string {
	own, holds := signal == okey.CharterAndPIN, reason == okey.CodeAlreadyHolds
	switch {
	case own && holds:
		return "Vous avez reçu une autre clef entre-temps, et une seule sert partout : retirez cette demande. Si l'autre est perdue ou défectueuse, déclarez-le d'abord."
	case own:
		return "Nous ne vous trouvons plus dans cet établissement. Demandez à votre secrétariat de vérifier votre affectation, ou retirez cette demande."
	}
	end := "Retirez la demande"
	if signal == okey.PrincipalDecision {
		end = "Refusez la demande"
	}
	if holds {
		return "Cette personne a reçu une autre clef entre-temps, et une seule sert partout : rien n'a changé. " + end +
			", ou déclarez d'abord l'autre clef perdue, défectueuse ou rendue."
	}
	return "Cette personne n'est plus affectée à cet établissement : rien n'a changé. " + end + " ; si c'est une erreur, faites corriger son affectation."
}

func notEligible(detail string, f facts) string {
	place := f.Place
	if place == "" {
		place = string(f.Action.Content.Establishment)
	}
	subject := okey.Capitalize(okey.SayEstablishment(place))
	switch detail {
	case string(okey.FirstDegree):
		return fmt.Sprintf("%s est une école du premier degré, OKEY sert les collèges et les lycées : adressez-vous à votre inspection de circonscription.", subject)
	case string(okey.NotUnderContract):
		return fmt.Sprintf("%s est hors contrat : OKEY sert les établissements publics et ceux sous contrat. Si son contrat vient d'être signé, écrivez à l'assistance.", subject)
	case string(okey.NotASchool):
		return fmt.Sprintf("%s n'est ni un collège ni un lycée : demandez une clef au service informatique de votre académie.", subject)
	case string(okey.Closed):
		return fmt.Sprintf("%s est fermé, ou pas encore ouvert : demandez pour l'établissement où vous travaillez, ou écrivez à l'assistance.", subject)
	case okey.DetailSucceeded:
		return fmt.Sprintf("%s a été remplacé%s : demandez votre clef pour celui-ci.", subject, f.Heir)
	case okey.DetailUnknownEstablishment:
		return fmt.Sprintf("OKEY ne connaît pas l'établissement %s : vérifiez son code UAI, ou écrivez à l'assistance.", place)
	case okey.DetailNoEstablishment:
		return "Nous ne vous trouvons dans aucun établissement. Demandez à votre secrétariat de vérifier votre affectation, ou écrivez à l'assistance."
	case okey.DetailNotAssigned:
		if len(f.Works) > 0 {
			return fmt.Sprintf("Nous ne vous trouvons pas %s. Demandez votre clef pour %s : une seule sert partout. Sinon, faites vérifier votre affectation par votre secrétariat.",
				okey.SayAtSchool(okey.SayEstablishment(place)), okey.SayNames(f.Works))
		}
	}
	return "Nous ne vous trouvons pas dans cet établissement. Demandez à votre secrétariat de vérifier votre affectation, ou écrivez à l'assistance."
}

func alreadyHolds(detail string, f facts) string {
	if len(f.Held) == 0 {
		return "Vous avez déjà une clef. Si elle est perdue ou défectueuse, déclarez-le d'abord, puis demandez-en une autre."
	}
	key, today := f.Held[0], okey.DayOf(f.Now, f.Zone)
	if detail == okey.DetailNotYetRenewable {
		return fmt.Sprintf("Votre clef %s sert jusqu'au %s : vous pourrez demander la suivante à partir du %s.",
			key.Serial, key.ExpiresOn.Say(today), key.ExpiresOn.AddMonths(-okey.RenewalMonths).Say(today))
	}
	return fmt.Sprintf("Vous avez déjà la clef %s, qui sert dans tous vos établissements. Si elle est perdue ou défectueuse, déclarez-le d'abord ; si elle expire bientôt, choisissez « renouvellement ».",
		key.Serial)
}

func alreadyOpen(f facts) string {
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
func wrongKey(v okey.Verdict, f facts) string {
	serial := f.Action.Content.Serial
	if f.Fetches != "" && f.Kept != "" {
		return sayOldKey(serial, f.Fetches, f.Kept)
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
	case v.Reason == okey.CodeKeyUnknown:
		return fmt.Sprintf("Aucune clef ne porte le numéro %s : relisez celui qui est gravé sur la clef.%s", serial, instead)
	case v.Reason == okey.CodeKeyElsewhere:
		return fmt.Sprintf("La clef %s appartient au stock d'un autre établissement.%s Si elle est ici pour de bon, l'assistance peut la déplacer.", serial, instead)
	}
	return sayKeyTaken(serial, v.OtherKey, f.Whose) + instead
}

// sayKeyTaken says why a key that somebody has in hand at a counter is not free, whose it is, and what to do with it. whose is empty where it is
// nobody's.
func sayKeyTaken(serial okey.Serial, state okey.KeyState, whose string) string {
	said := fmt.Sprintf("La clef %s est %s", serial, state.French())
	switch {
	case whose == "":
	case whose == readersOwn:
		return sayOwnKeyTyped(serial, state)
	case state == okey.InService:
		return fmt.Sprintf("%s : %s l'a. Si elle vous est rendue, ou si vous l'avez trouvée, notez-le sur la page de la clef.", said, whose)
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
	okey.Lost:       "si vous l'avez en main, notez d'abord « " + okey.ReasonFound.French() + " » sur la page de la clef.",
	okey.Defective:  "si elle ne marche vraiment pas, notez « " + okey.ReasonRetired.French() + " » sur la page de la clef ; sinon, « " + okey.ReasonReturn.French() + " ».",
	okey.Retired:    "elle ne sert plus.",
}

// gather looks up what the sentence about a refusal needs.
func (s *Server) gather(ctx context.Context, a okey.Action) (facts, error) {
	f := facts{Action: a, Now: time.Now(), Zone: okey.ZoneOf("")}
	if place := a.Verdict.Standing.UAI; place != "" {
		zone, err := s.store.Zone(ctx, place)
		if err != nil {
			return f, err
		}
		f.Zone = zone
	}
	switch a.Verdict.Reason {
	case okey.CodeNotEligible:
		err := s.gatherPlaces(ctx, &f)
		return f, err
	case okey.CodeSucceeded:
		var err error
		f.Heir, err = s.heirOf(ctx, a)
		return f, err
	case okey.CodeAlreadyHolds:
		held, err := s.store.KeysHeldBy(ctx, a.By)
		f.Held = held
		return f, err
	case okey.CodeAlreadyOpen:
		open, err := s.store.OpenRequestOf(ctx, a.By)
		if okey.ErrorCode(err) == okey.CodeNotFound {
			return f, nil
		}
		f.Open = open
		return f, err
	case okey.CodeCharterOutdated:
		current, err := s.store.Charter(ctx)
		f.Charter = current.Version
		return f, err
	case okey.CodeKeyTransition:
		key, err := s.store.Key(ctx, a.Key)
		f.KeyIs = key.State
		return f, err
	case okey.CodeWrongStage, okey.CodeClosed:
		err := s.gatherLast(ctx, &f)
		return f, err
	case okey.CodeKeyUnknown, okey.CodeKeyElsewhere, okey.CodeKeyNotFree:
		if a.Name == okey.ActionArrival {
			var err error
			f.Settled, err = s.saySettled(ctx, a.Verdict.Faults, f.Now, f.Zone)
			return f, err
		}
		err := s.gatherKeys(ctx, &f)
		return f, err
	}
	return f, nil
}

func (s *Server) gatherPlaces(ctx context.Context, f *facts) error {
	uai := f.Action.Content.Establishment
	heir, err := s.heirOf(ctx, f.Action)
	if err != nil {
		return err
	}
	f.Heir = heir
	place, err := s.store.Place(ctx, uai)
	switch {
	case err == nil:
		f.Place = place.Name
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return err
	default:
		if f.Place, _, _, err = s.store.LeftOut(ctx, uai); err != nil {
			return err
		}
	}
	actor, err := s.store.Actor(ctx, f.Action.By)
	if err != nil {
		return err
	}
	works := actor.Establishments(okey.DayOf(f.Now, f.Zone))
	if len(works) == 0 {
		return nil
	}
	places, err := s.store.Establishments(ctx, works...)
	for _, p := range places {
		f.Works = append(f.Works, okey.SayEstablishment(p.Name))
	}
	return err
}

func (s *Server) gatherKeys(ctx context.Context, f *facts) error {
	request, err := s.store.Request(ctx, f.Action.Request)
	if err != nil {
		return err
	}
	f.Kept = request.Key
	typed, err := s.store.Key(ctx, f.Action.Content.Serial)
	if err == nil && typed.Holder != (okey.PersonID{}) && typed.Holder == request.Person {
		holder, err := s.store.Person(ctx, request.Person)
		f.Fetches = holder.Name()
		return err
	}
	if err == nil {
		if f.Whose, err = s.whoseKey(ctx, typed, f.Action.By); err != nil {
			return err
		}
	}
	f.Similar, err = s.store.SimilarSerials(ctx, f.Action.Content.Serial, request.UAI)
	return err
}

// readersOwn is whose a key is, where it is the reader's.
const readersOwn = "vous"

// whoseKey is the name of whoever has the key in hand, or for whom it is kept; empty where it is nobody's.
func (s *Server) whoseKey(ctx context.Context, key okey.Key, reader okey.PersonID) (string, error) {
	id := key.Holder
	if id == (okey.PersonID{}) && key.Request != uuid.Nil {
		r, err := s.store.Request(ctx, key.Request)
		if err != nil {
			return "", err
		}
		id = r.Person
	}
	switch id {
	case okey.PersonID{}:
		return "", nil
	case reader:
		return readersOwn, nil
	}
	who, err := s.store.Person(ctx, id)
	return who.Name(), err
}

// Package address says which page of OKEY is where, for pages, mails, the API and the engine alike. It knows the domain alone.
package address

import (
	"net/url"
	"strconv"

	"okey/okey"

	"github.com/google/uuid"
)

// Requests. PathSigned, PathSlip, PathIllegible and PathReissue end the address of a request; ParameterAnswer chooses there the
// answer that is to be sent: home's two buttons are one click, sending it another.
const (
	PathRequests    = "/demandes"
	PathAsk         = PathRequests + "/nouvelle"
	PathAnswers     = PathRequests + "/a-repondre" // several with one confirmation
	PathSigned      = "/charte"                    // where its charter is signed, and from then on read
	PathSlip        = "/bordereau"
	PathIllegible   = "/numero-illisible"
	PathReissue     = "/lien" // where support has new links mailed
	PathCounter     = "/remise"
	PathDecide      = "/valider" // and the token of a mail: sees the request, and answers
	ParameterAnswer = "reponse"
)

// RequestURL is the page of a request.
func RequestURL(id uuid.UUID) string { return PathRequests + "/" + id.String() }

// AnsweringURL is the page of a request with an answer chosen.
func AnsweringURL(id uuid.UUID, d okey.Decision) string { return Answering(RequestURL(id), d) }

// Answering is any page that has a form to answer, with an answer chosen.
func Answering(page string, d okey.Decision) string {
	return page + "?" + ParameterAnswer + "=" + string(d) + "#repondre"
}

// SignedURL is the charter of a request.
func SignedURL(request uuid.UUID) string { return RequestURL(request) + PathSigned }

// CharterURL is a version of the charter by itself.
func CharterURL(version int) string { return "/charte/" + strconv.Itoa(version) }

// SlipURL is the slip that is printed for a handover.
func SlipURL(request uuid.UUID) string { return RequestURL(request) + PathSlip }

// CounterURL is where the key of a request is handed over; scanned is the one in the approver's hand, empty for the one reserved.
func CounterURL(request uuid.UUID, scanned okey.Serial) string {
	page := PathCounter + "/" + request.String()
	if scanned != "" {
		page += "?clef=" + url.QueryEscape(string(scanned))
	}
	return page
}

// Keys and PIN. PathTrouble, PathReport, PathExpired, PathLost, PathMislaid, PathFound, PathLeaving and PathTrial end the address of a key:
// each asks its holder one thing.
const (
	PathKeys         = "/clefs"
	PathMyKey        = "/ma-clef"
	PathTrouble      = "/ne-marche-plus"
	PathTrial        = "/essai"
	PathMyTrial      = PathMyKey + PathTrial // leads to that of the key in hand
	PathReport       = PathTrouble + "/signaler"
	PathExpired      = PathTrouble + "/expiree"
	PathLost         = "/perdue"
	PathMislaid      = "/egaree"
	PathFound        = "/retrouvee" // once it was mislaid
	PathLeaving      = "/je-pars"
	PathPIN          = "/mon-code-pin"
	PathPINForgotten = PathPIN + "/oublie"
	PathPINSignIn    = PathPINForgotten + "/connexion"
	PathMoveKeys     = "/assistance/deplacer"
	PathMoves        = "/deplacements" // each a proposal that a key follows its holder
)

// KeyURL is the page of a key.
func KeyURL(serial okey.Serial) string { return PathKeys + "/" + string(serial) }

// TakeAlongURL is where a direction proposes that a key follows its holder to another school.
func TakeAlongURL(serial okey.Serial) string { return KeyURL(serial) + "/depart" }

// MoveURL is the page of such a proposal.
func MoveURL(id uuid.UUID) string { return PathMoves + "/" + id.String() }

// Stock and orders.
const (
	PathStock      = "/stock"
	PathOrders     = "/commandes"
	PathDeliveries = "/assistance/livraisons"
	PathArrival    = "/livraisons" // of a delivery at one school
	PathInventory  = "/inventaire"
	PathReports    = "/assistance/clefs-a-confirmer"
)

// OrderURL is the page of an order.
func OrderURL(id uuid.UUID) string { return PathOrders + "/" + id.String() }

// ExportURL is the page of a workbook of orders.
func ExportURL(id uuid.UUID) string { return PathOrders + "/exports/" + id.String() }

// ArrivalURL is where what a delivery brings to an establishment is confirmed.
func ArrivalURL(delivery uuid.UUID, uai okey.UAI) string {
	return Narrowed(PathArrival+"/"+delivery.String(), uai)
}

// People and schools.
const (
	PathDelegations = "/delegations"
	PathPersons     = "/assistance/personnes"
	PathSchools     = "/assistance/etablissements"
	PathAttachments = "/assistance/rattachements"
	PathHosts       = "/assistance/hotes"
	PathSuccession  = "/assistance/succession"
)

// PersonURL is where support looks at one person.
func PersonURL(id okey.PersonID) string { return PathPersons + "/" + id.String() }

// SamePersonURL is where support says that somebody is the same person as another.
func SamePersonURL(old okey.PersonID) string { return PersonURL(old) + "/meme-personne" }

// SchoolURL is where support looks at one establishment.
func SchoolURL(uai okey.UAI) string { return PathSchools + "/" + string(uai) }

// Support's desk.
const (
	PathDesk      = "/assistance"
	PathDashboard = "/assistance/tableau-de-bord"
	PathAudit     = "/assistance/journal"
	PathMails     = "/assistance/envois" // each with a page of its own, where it is sent again
	PathLetters   = "/assistance/courriels"
	PathImports   = "/assistance/imports"    // of people and schools
	PathReceivers = "/assistance/recepteurs" // of events
	PathTest      = "/essai"
)

// MailURL is where support and auditors look at a mail.
func MailURL(id uuid.UUID) string { return PathMails + "/" + id.String() }

// ReceiverURL is where support looks at a receiver of events. PathTest ends it where it is tried.
func ReceiverURL(id uuid.UUID) string { return PathReceivers + "/" + id.String() }

// ImportURL is where support reads what an import did.
func ImportURL(id uuid.UUID) string { return PathImports + "/" + id.String() }

// Sign-in and help. The callback is registered with the identity provider.
const (
	PathSignIn        = "/connexion"
	PathCallback      = "/connexion/retour"
	PathSignOut       = "/deconnexion"
	PathHelp          = "/aide"
	PathAPI           = "/api" // how programs talk to OKEY; what answers them stands below it
	PathAccount       = "/compte"
	PathPrivacy       = "/confidentialite"
	PathAccessibility = "/accessibilite"
)

// PathFollow and the id of an action is where its sender learns what has become of it.
const PathFollow = "/suivi"

// FollowURL tells whoever sent an action what has become of it.
func FollowURL(action uuid.UUID) string { return PathFollow + "/" + action.String() }

// Narrowed is a list of one establishment, further narrowed by pairs of names and values.
func Narrowed(path string, uai okey.UAI, pairs ...string) string {
	query := url.Values{"etablissement": {string(uai)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + query.Encode()
}

// DoneURL is a page that says, to whoever sent an action, what it has done.
func DoneURL(page string, action uuid.UUID) string { return page + "?fait=" + action.String() }

// The demonstration's tour, where there is one: see config.Config.Demonstration.
const (
	PathBecome     = "/demonstration/personne"
	PathTour       = "/demonstration/visite" // shows the tour, or puts it away
	PathTourEngine = "/demonstration/moteur" // leads into the engine's pages
)

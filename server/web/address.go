package web

import (
	"net/url"
	"strconv"

	"okey/okey"

	"github.com/google/uuid"
)

const PathOrders = "/commandes"

// donePages are where an action about a thing shows what it has done.
var donePages = map[okey.Thing]func(okey.Action) string{
	okey.ThingRequest:   func(a okey.Action) string { return RequestURL(a.Request) },
	okey.ThingKey:       func(a okey.Action) string { return KeyURL(a.Key) },
	okey.ThingOrder:     subjectBelow(PathOrders),
	okey.ThingExport:    func(okey.Action) string { return PathOrders },
	okey.ThingDelivery:  subjectBelow(PathDeliveries),
	okey.ThingInventory: subjectBelow(PathInventory),
	okey.ThingReport:    func(okey.Action) string { return PathReports },
	okey.ThingMove:      func(okey.Action) string { return PathMoveKeys },
	okey.ThingDeparture: func(a okey.Action) string { return MoveURL(a.Subject) },
	okey.ThingSuccession: func(a okey.Action) string {
		if a.Verdict == nil || !a.Verdict.Accepted {
			return PathSuccession
		}
		return PathSuccession + "/" + a.Subject.String()
	},
	okey.ThingMail: subjectBelow(PathMails),
}

// subjectBelow is the page of an action's subject below path.
func subjectBelow(path string) func(okey.Action) string {
	return func(a okey.Action) string { return path + "/" + a.Subject.String() }
}

// donePage is the page on which an action shows what it has done: that of its thing, but for those whose sender sees another one.
func donePage(a okey.Action) string {
	switch {
	case a.Name == okey.ActionAsk && a.Verdict != nil && !a.Verdict.Accepted:
		return PathAsk
	case a.Name == okey.ActionArrival:
		return "/livraisons/" + a.Subject.String()
	case a.Name == okey.ActionPINChange:
		return PathPIN
	}
	at, known := donePages[a.Name.Kind().About]
	if !known {
		return "/"
	}
	return at(a)
}

const PathAccessibility = "/accessibilite"

const PathAccount = "/compte"

const PathAnswers = "/demandes/a-repondre"

// Support's pages for what it sets right by hand.
const (
	PathAttachments = "/assistance/rattachements"
	PathHosts       = "/assistance/hotes"
)

// ArrivalURL is where what a delivery brings to an establishment is confirmed.
func ArrivalURL(delivery uuid.UUID, uai okey.UAI) string {
	return Narrowed("/livraisons/"+delivery.String(), uai)
}

// PathAsk is where one asks for a key.
const PathAsk = "/demandes/nouvelle"

const PathAudit = "/assistance/journal"

// PathSigned is the end of the address at which the charter of a request is signed, and from then on read.
const PathSigned = "/charte"

func SignedURL(request uuid.UUID) string { return RequestURL(request) + PathSigned }

func CharterURL(version int) string { return "/charte/" + strconv.Itoa(version) }

const PathCounter = "/remise"

func CounterURL(request uuid.UUID, scanned okey.Serial) string {
	page := PathCounter + "/" + request.String()
	if scanned != "" {
		page += "?clef=" + url.QueryEscape(string(scanned))
	}
	return page
}

const PathDashboard = "/assistance/tableau-de-bord"

const PathDelegations = "/delegations"

const PathDeliveries = "/assistance/livraisons"

const PathDesk = "/assistance"

const PathHelp = "/aide"

const PathIllegible = "/numero-illisible"

const (
	PathInventory = "/inventaire"
	PathReports   = "/assistance/clefs-a-confirmer"
)

const PathLetters = "/assistance/courriels"

// PathMails is where support looks at one mail, and has it sent again.
const PathMails = "/assistance/envois"

const PathMoveKeys = "/assistance/deplacer"

// The pages of somebody's own key: what to do when it fails, is lost, or its holder leaves. Each asks one thing.
const (
	PathMyKey   = "/ma-clef"
	PathTrouble = "/ne-marche-plus"
	PathReport  = PathTrouble + "/signaler"
	PathLost    = "/perdue"
	PathLeaving = "/je-pars"
)

// PathPersons is where support looks at one person.
const PathPersons = "/assistance/personnes"

func PersonURL(id okey.PersonID) string { return PathPersons + "/" + id.String() }

// The pages of a PIN: to change it, and to set another one when it is forgotten.
const (
	PathPIN          = "/mon-code-pin"
	PathPINForgotten = "/mon-code-pin/oublie"
	PathPINSignIn    = "/mon-code-pin/oublie/connexion"
)

const PathPrivacy = "/confidentialite"

// PathReissue is where support has new links mailed for a request.
const PathReissue = "/lien"

// ParameterAnswer chooses, on the page of a request, the answer that is to be sent from there: home's two buttons are one click, sending it another.
const ParameterAnswer = "reponse"

func AnsweringURL(id uuid.UUID, d okey.Decision) string {
	return RequestURL(id) + "?" + ParameterAnswer + "=" + string(d) + "#repondre"
}

// PathSchools is where support looks at one establishment.
const PathSchools = "/assistance/etablissements"

func SchoolURL(uai okey.UAI) string { return PathSchools + "/" + string(uai) }

const PathSlip = "/bordereau"

func SlipURL(request uuid.UUID) string { return RequestURL(request) + PathSlip }

const PathStock = "/stock"

const PathSuccession = "/assistance/succession"

func TakeAlongURL(serial okey.Serial) string { return KeyURL(serial) + "/depart" }

func MoveURL(id uuid.UUID) string { return "/deplacements/" + id.String() }

const PathExpired = PathTrouble + "/expiree"

// The paths of sign-in; the callback is registered with the identity provider.
const (
	PathSignIn   = "/connexion"
	PathCallback = "/connexion/retour"
	PathSignOut  = "/deconnexion"
)

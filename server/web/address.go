package web

import (
	"net/url"
	"strconv"

	"okey/okey"

	"github.com/google/uuid"
)

const PathOrders = "/commandes"

// stockPages are where an action about stock shows what it has done.
var stockPages = map[okey.ActionName]func(okey.Action) string{
	okey.ActionMoveKeys:       func(okey.Action) string { return PathMoveKeys },
	okey.ActionTakeAlong:      func(a okey.Action) string { return MoveURL(a.Subject) },
	okey.ActionMoveDecision:   func(a okey.Action) string { return MoveURL(a.Subject) },
	okey.ActionMoveWithdrawal: func(a okey.Action) string { return MoveURL(a.Subject) },
	okey.ActionSuccession: func(a okey.Action) string {
		if a.Verdict == nil || !a.Verdict.Accepted {
			return PathSuccession
		}
		return PathSuccession + "/" + a.Subject.String()
	},
	okey.ActionDelivery: pageOf(PathDeliveries), okey.ActionArrival: pageOf("/livraisons"),
	okey.ActionOrder: pageOf(PathOrders), okey.ActionCancellation: pageOf(PathOrders), okey.ActionShipment: pageOf(PathOrders), okey.ActionReceipt: pageOf(PathOrders),
	okey.ActionClosing:        pageOf(PathOrders),
	okey.ActionExport:         func(okey.Action) string { return PathOrders },
	okey.ActionInventory:      pageOf(PathInventory),
	okey.ActionReportDecision: func(okey.Action) string { return PathReports },
	okey.ActionPINChange:      func(okey.Action) string { return PathPIN },
	okey.ActionMailResend:     pageOf(PathMails),
}

// pageOf is the page of an action's subject below path.
func pageOf(path string) func(okey.Action) string {
	return func(a okey.Action) string { return path + "/" + a.Subject.String() }
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

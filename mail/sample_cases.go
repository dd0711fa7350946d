package mail

import "okey/okey"

// What several letters say.
var (
	noExpiry = variation{"no-end", "sans délai", func(f *Facts) { f.Expiry = "" }}
	renewing = variation{"renewal", "à la place d'une clef qui expire", func(f *Facts) { f.Old = "0048000007" }}
	noPlace  = variation{"no-place", "sans place dans la file", func(f *Facts) { f.Place = 0 }}

	noAnswer   = variation{"decision", "sans réponse", at(okey.AwaitingDecision)}
	noHandover = variation{"handover", "sans remise", at(okey.AwaitingHandover)}

	oneWaits   = variation{"one", "une seule personne attend", func(f *Facts) { f.Waiting = 1 }}
	oneKey     = variation{"one", "une seule clef", func(f *Facts) { f.Total = 1 }}
	twoSchools = variation{"schools", "de deux établissements", func(f *Facts) { f.Items[1].School = "le lycée des Acacias" }}

	nobodyAnswers = variation{"nobody", "personne n'y répond", func(f *Facts) { f.Givers = "" }}
	accepted      = variation{"accepted", "accepté", func(f *Facts) { f.Accepted = true }}

	oneDay     = variation{"one-day", "un seul jour", func(f *Facts) { f.Expiry = f.Since }}
	everything = variation{"everything", "pour tout", func(f *Facts) { f.Everything = true }}

	left          = variation{"left", "fin de fonction", func(f *Facts) { f.By = "" }}
	giverLeft     = variation{"giver-left", "fin de fonction de la personne qui l'a donnée", func(f *Facts) { f.By, f.Left = "", f.By }}
	calledOff     = variation{"called-off", "avant son premier jour", func(f *Facts) { f.CalledOff = true }}
	calledOffLeft = variation{"called-off-left", "fin de fonction avant son premier jour", func(f *Facts) {
		f.By, f.CalledOff = "", true
	}}
	calledOffGiverLeft = variation{
		"called-off-giver-left", "fin de fonction de la personne qui l'a donnée, avant son premier jour",
		func(f *Facts) { f.By, f.Left, f.CalledOff = "", f.By, true },
	}
)

// cases take every branch of every letter's words: a test counts.
var cases = map[Letter][]variation{
	// To the requester.
	Approved:     {noExpiry, commented("Passez au secrétariat.")},
	KeepsPlace:   {noPlace, commented("Passez au secrétariat.")},
	StillWaiting: {noPlace},
	KeyFree:      {noExpiry},
	KeyReplaced: {
		noExpiry,
		{"line", "plus de clef libre", func(f *Facts) { f.Stage, f.Expiry = okey.AwaitingStock, "" }},
		{"signed", "charte déjà signée", at(okey.AwaitingHandover)},
		{"unsigned", "remise sans charte signée ici", func(f *Facts) { f.Stage, f.Charter, f.Expiry = okey.AwaitingHandover, 0, "" }},
		{"unreadable", "numéro illisible, à la place d'une clef qui expire", func(f *Facts) {
			f.Stage, f.Change, f.Comment = okey.AwaitingHandover, okey.ReasonDefective, "Numéro illisible, constaté à la remise"
			f.Old, f.Givers = "0048000007", ""
		}},
	},
	RemindCharter:  {noExpiry},
	KeyAwaitsYou:   {noExpiry, renewing},
	RemindHandover: {noExpiry},
	OthersWait:     {noExpiry},
	Receipt: {
		{"before", "charte d'avant OKEY", func(f *Facts) { f.Charter = 0 }},
		{"renewal", "à la place d'une clef qui expirait", func(f *Facts) { f.Old = "0048000007" }},
		{"noted", "notée par l'assistance", func(f *Facts) { f.Noted, f.By = true, "Inès Lopez" }},
		{"loan", "prêtée", func(f *Facts) { f.Reason = okey.Loan }},
	},
	Withdrawn: {
		{"own", "par le demandeur", func(f *Facts) { f.Own = true }},
		commented("Il a quitté l'établissement."),
		{"found", "un prêt, la clef retrouvée", func(f *Facts) { f.By, f.Found = "", true }},
		{"unnamed", "par quelqu'un qu'OKEY ne connaît plus", func(f *Facts) { f.By = "" }},
	},
	Expired: {noAnswer, noHandover},
	RequestFollows: {
		{"decision", "réponse attendue", at(okey.AwaitingDecision)},
		{"handover", "clef à venir chercher", at(okey.AwaitingHandover)},
		{"nobody", "clef à venir chercher, personne à la direction", func(f *Facts) { f.Stage, f.Givers = okey.AwaitingHandover, "" }},
	},

	// To a key's holder.
	YourKeyChanged: {
		{"own-return", "rendue par son titulaire", func(f *Facts) { f.Own, f.Change = true, okey.ReasonReturn }},
		{"defective", "défectueuse, avec un commentaire", func(f *Facts) {
			f.By, f.Change, f.Comment = "", okey.ReasonDefective, "Son écran ne s'allume plus."
		}},
		{"own-defective", "défectueuse, déclarée par son titulaire", func(f *Facts) { f.Own, f.Change = true, okey.ReasonDefective }},
		{"retired", "mise au rebut alors qu'elle servait", func(f *Facts) { f.Change = okey.ReasonRetired }},
		{"asked", "perdue, une autre déjà demandée", func(f *Facts) { f.Asked = true }},
	},
	KeyMislaid: {
		{"own", "par son titulaire", func(f *Facts) { f.Own = true }},
		commented("Laissée chez moi."),
		{"lent", "alors qu'une autre lui est prêtée", func(f *Facts) { f.Old = "0048000007" }},
	},
	KeyRecovered: {
		{"own", "par son titulaire", func(f *Facts) { f.Own = true }},
		commented("Dans mon casier."),
		{"lent", "alors qu'une autre lui est prêtée", func(f *Facts) { f.Old = "0048000007" }},
	},
	PINChanged: {{"forgotten", "code oublié", func(f *Facts) { f.Forgotten = true }}},
	KeyExpires: {
		{"ended", "expirée", func(f *Facts) { f.Place = 1 }},
		{"soon", "bientôt", func(f *Facts) { f.Place = 0 }},
	},
	LoanEnds: {
		{"over", "terminé", func(f *Facts) { f.Place = 1 }},
		{"soon", "bientôt", func(f *Facts) { f.Place = 0 }},
	},
	YourKeyMoves:      {nobodyAnswers},
	YourMoveDecided:   {accepted, commented("Nous avons assez de clefs.")},
	YourMoveWithdrawn: {commented("Elle reste finalement parmi nous.")},
	YourKeyMoved:      {commented("Les deux collèges n'en font plus qu'un.")},

	// To approvers and delegates: what awaits them.
	Asked: {
		{"renewal", "à la place d'une clef qui expire", func(f *Facts) { f.Reason = okey.Renewal }},
		{"replacement", "à la place d'une clef perdue ou défectueuse", func(f *Facts) { f.Reason = okey.Replacement }},
		{"loan", "un prêt, le temps de retrouver la sienne", func(f *Facts) { f.Reason = okey.Loan }},
		{"no-key", "aucune clef libre", func(f *Facts) { f.Free, f.Reminder = 0, "" }},
		{"reissued", "lien envoyé de nouveau", func(f *Facts) { f.Reissued = true }},
	},
	AskedList: {
		twoSchools,
		{"more", "plus de demandes que de lignes", func(f *Facts) { f.Total = 14 }},
		{"one", "une seule demande", alone},
	},
	Reminder: {
		twoSchools,
		{"one", "une seule personne, dernier rappel", func(f *Facts) { alone(f); f.Reminder = "" }},
		{"last", "sans autre rappel ni délai", func(f *Facts) { f.Reminder, f.Expiry = "", "" }},
	},
	HandOverSoon: {noExpiry},
	KeyToHandOver: {
		{"last", "sans autre rappel", func(f *Facts) { f.Reminder = "" }},
		renewing,
		{"instead", "à la place d'une clef perdue ou défectueuse", func(f *Facts) {
			f.Gone, f.Change = "0048000011", okey.ReasonDefective
		}},
	},
	LoanForGood: {{"waits", "sans réponse encore", at(okey.AwaitingDecision)}},
	AskedWithdrawn: {
		{"no-key", "sans clef réservée", func(f *Facts) { f.Serial = "" }},
		commented("Il a quitté l'établissement."),
		{"own", "par le demandeur", func(f *Facts) { f.By = f.Requester }},
		{"found", "un prêt, la clef retrouvée", func(f *Facts) { f.By, f.Found = "", true }},
		{"unnamed", "par quelqu'un qu'OKEY ne connaît plus", func(f *Facts) { f.By = "" }},
	},
	AskedExpired:   {noAnswer, noHandover},
	SupportDecided: {{"refused", "refusée", func(f *Facts) { f.Stage, f.Comment = okey.Refused, "Chef absent" }}},
	NobodyMailbox:  {{"alone", "une direction seule demande pour elle", func(f *Facts) { f.Own = true }}},
	DelegationEnded: {
		left, giverLeft,
		{"own", "fin de fonction de la personne qui l'a reçue", func(f *Facts) { f.By, f.Own = "", true }},
		calledOffGiverLeft,
		{"called-off-own", "fin de fonction de la personne qui l'a reçue, avant son premier jour", func(f *Facts) {
			f.By, f.Own, f.CalledOff = "", true, true
		}},
		calledOff, calledOffLeft,
	},
	DelegationEndedApprover: {left, giverLeft, calledOffGiverLeft, calledOff, calledOffLeft},
	AttachedApprover: {{"no-end", "sans fin, avec un motif", func(f *Facts) {
		f.Expiry, f.Comment = "", "absente de l'annuaire"
	}}},

	// About stock.
	Shortage:       {oneWaits},
	OrderReminder:  {{"one", "une seule personne attend", func(f *Facts) { f.Waiting, f.ToSupport = 1, "" }}},
	LowStock:       {{"ordered", "clefs en route", func(f *Facts) { f.Free, f.Place = 1, 0 }}},
	SupportOrdered: {commented("Dix arrivées à la rentrée.")},
	OrderClosed: {{"none", "annulée", func(f *Facts) {
		f.Free, f.Comment = 0, "Le fournisseur n'en fabrique plus."
	}}},
	OrdersExported:    {{"own", "à l'assistance, sans adresse du fournisseur", func(f *Facts) { f.Own = true }}},
	DeliveryAnnounced: {oneKey},
	DeliveryArrived: {
		{"one", "une seule clef, une libre", func(f *Facts) { f.Total, f.Free = 1, 1 }},
		{"none-left", "toutes données", func(f *Facts) { f.Free = 0 }},
	},
	ReportDecided: {
		{"confirmed", "confirmée", func(f *Facts) { f.Own = true }},
		{"known", "entrée dans OKEY entre-temps", func(f *Facts) { f.Known = true }},
		commented("Elle est d'une autre académie."),
	},
	StockKeyChanged: {
		{"own", "par son lecteur", func(f *Facts) { f.Own = true }},
		{"found", "en stock, retrouvée", func(f *Facts) {
			f.Requester, f.By, f.Change, f.Comment = "", "", okey.ReasonFound, "Dans un tiroir."
		}},
		{"defective", "défectueuse", func(f *Facts) { f.Change = okey.ReasonDefective }},
		{"tried", "défectueuse, et essayée", func(f *Facts) {
			f.Change, f.Tried = okey.ReasonDefective, "à 9 h 02 : refusée, "+okey.CauseStill.French()
		}},
		{"retired", "mise au rebut", func(f *Facts) { f.Change = okey.ReasonRetired }},
		{"mislaid", "égarée", func(f *Facts) { f.Change = okey.ReasonMislaid }},
		{"recovered", "égarée, puis retrouvée", func(f *Facts) { f.Change = okey.ReasonRecovered }},
		{"recovered-lent", "égarée, puis retrouvée ; une autre était prêtée", func(f *Facts) {
			f.Change, f.Old = okey.ReasonRecovered, "0048000007"
		}},
	},
	KeysExpire: {
		{"soon", "aucune n'a encore expiré", func(f *Facts) {
			f.Items[1].Ended, f.Items[1].Since = false, "mercredi 13 janvier"
		}},
		{"one", "une seule clef, titulaire sans adresse", func(f *Facts) {
			alone(f)
			f.Items[0].Ended, f.Items[0].Unreached, f.Items[0].Since = true, true, "lundi 23 novembre"
		}},
	},
	HoldersLeft: {{"one", "une seule personne, sans adresse", func(f *Facts) { alone(f); f.Items[0].Unreached = true }}},
	LoansOver:   {{"one", "une seule clef, titulaire sans adresse", func(f *Facts) { alone(f); f.Items[0].Unreached = true }}},
	KeysMoved: {
		{"here", "vers l'établissement", func(f *Facts) { alone(f); f.Own, f.Comment = true, "Il en manquait une." }},
		{"several", "de plusieurs établissements", func(f *Facts) {
			f.Own, f.Other = true, ""
			f.Items[0].School, f.Items[1].School = "le lycée des Acacias (0069002C)", "le collège Neuf (0069003D)"
		}},
	},

	// About keys and establishments that change.
	MoveProposed:  {commented("Elle y prend un poste à la rentrée."), nobodyAnswers},
	MoveDecided:   {accepted, commented("Nous avons assez de clefs.")},
	MoveWithdrawn: {commented("Elle reste finalement parmi nous.")},
	Succeeded: {{"nothing", "rien ne suit", func(f *Facts) {
		f.Moved, f.Comment, f.Waiting = "", "Fusion des deux collèges.", 0
	}}},
	SucceededClosing: {{"nobody", "personne n'y répond", func(f *Facts) {
		f.Givers, f.Moved, f.Comment = "", "", "Fusion des deux collèges."
	}}},
	SuccessorNobody: {{"nothing", "rien ne suit", func(f *Facts) { f.Moved = "" }}},
	Hosting: {{"nothing", "rien n'attend", func(f *Facts) {
		empty(f)
		f.Comment = "La section n'a pas de direction à elle."
	}}},

	// About delegates and people whom support attached.
	DelegationGiven: {
		oneDay, everything,
		{"coming", "pas encore commencée", func(f *Facts) { empty(f); f.Coming = true }},
	},
	DelegationGivenApprover: {oneDay, everything},
	DelegationBegins:        {{"everything", "pour tout, rien n'attend", func(f *Facts) { empty(f); f.Everything = true }}},
	Attached: {
		{"deputy", "sans fin, avec un motif", func(f *Facts) { f.Expiry, f.Comment = "", "absente de l'annuaire" }},
		{"nothing", "comme personnel", func(f *Facts) { empty(f); f.Function = okey.Staff.French() }},
	},

	// To support.
	Nobody:           {noExpiry},
	DecisionLate:     {noExpiry},
	OrderLate:        {oneWaits},
	HandoverLate:     {noExpiry},
	KeysReported:     {oneKey},
	Undelivered:      {{"one", "un seul courriel", alone}},
	StockUndelivered: {{"one", "un seul courriel, d'aucune clef ni établissement", func(f *Facts) { alone(f); f.Serial, f.UAI = "", "" }}},
	SourcesTold: {{"alike", "des identifiants ont changé", func(f *Facts) {
		f.Waiting, f.Total, f.Items = 1, 0, []Item{{Kind: "Léa Martin : lmartin, devenu lmartin2, semble-t-il."}}
	}}},
	Examined: {{"several", "plusieurs choses", func(f *Facts) {
		f.Total, f.Items = 2, append(f.Items, Item{Kind: "courriels refusés (7 jours) : 3 ne sont pas partis : voyez la page Assistance."})
	}}},
	Stuck:   {{"several", "plusieurs travaux", func(f *Facts) { f.Total = 12 }}},
	Bounced: {{"returned", "revenu après son départ", func(f *Facts) { f.Returned = true }}},
}

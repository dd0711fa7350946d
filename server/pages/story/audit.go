package story

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// AuditLine is an entry as people read it.
type AuditLine struct {
	What, Who, Via, About, Path, Detail string
	When                                web.Cell
}

// AuditSubject is what an entry is about: the kind of thing, and which one, as people find it again; its page, where it has one.
type AuditSubject struct{ Kind, Name, Path string }

// NewAuditSubject names what an entry is about: by its id, where the store has not added an order's number or a name to the entry.
func NewAuditSubject(e sql.AuditedEntry) AuditSubject {
	kind, id, _ := strings.Cut(e.Subject, ":")
	thing := Things[thingOf(kind)]
	about := AuditSubject{Kind: cmp.Or(thing.French, kind), Name: id}
	refused := kind == "succession" && web.RefusalNames[okey.Code(e.Detail)] != "" // then there is none to look at
	if thing.Path != "" && id != "" && !refused {
		about.Path = thing.Path + id
	}
	switch file := ImportNames[id]; {
	case kind == "import" && file != "":
		about.Kind, about.Name = "import "+file, ""
	case e.OfName != "":
		about.Name = e.OfName
	case e.Order > 0: // orders have a number that people know
		about.Name = fmt.Sprintf("n° %d", e.Order)
	}
	about.Kind = okey.Capitalize(about.Kind)
	return about
}

// Short is the subject in a table: of an id its beginning, since nobody types the rest.
func (a AuditSubject) Short() string {
	name := a.Name
	if id, err := uuid.Parse(name); err == nil {
		name = ShortID(id)
	}
	return strings.TrimSpace(a.Kind + " " + name)
}

const eventCharterSigned = "charter_signed"

// auditNames are the events of the audit that are no action's name.
var auditNames = map[string]string{
	"grant":            "rôle donné ou retiré",
	"uid_known":        "personne reconnue par son identifiant",
	"token":            "jeton",
	"claims":           "fonctions lues à la connexion",
	"sessions_ended":   "sessions fermées",
	"charter":          "charte publiée",
	eventCharterSigned: "charte signée : empreinte de son texte",
	"pin_set":          "code PIN choisi",
	"key_tried":        "clef essayée",
	"import":           "import",
	"retention":        "données arrivées à leur terme",
	"minimum_stock":    "réserve voulue",
	"key_moved":        "clef changée d'établissement",
	"move_expired":     "proposition de départ sans réponse",
	"order_moved":      "commande transmise au successeur",
	"request_moved":    "demande transmise au successeur",
	"report_moved":     "signalement transmis au successeur",
	"delegation_given": "délégation donnée",
	"delegation_ended": "délégation terminée",
	"attached":         "rattachement",
	"same_person":      "deux identifiants réunis",
	"two_people":       "deux personnes, non une",
	"detached":         "fin d'un rattachement",
	"host_named":       "établissement qui répond pour un autre",
	"host_ended":       "fin d'une réponse pour un autre",
}

// SayAudit names an event of the audit: its own, what became of a key, or an action.
func SayAudit(event string) string {
	if said := auditNames[event]; said != "" {
		return said
	}
	if reason, is := strings.CutPrefix(event, "key_"); is {
		return "clef : " + strings.ToLower(strings.TrimPrefix(okey.KeyReason(reason).French(), "Clef "))
	}
	return web.SayAction(okey.ActionName(event))
}

// auditDetails are the enums that the audit keeps beside an event.
var auditDetails = map[string]string{
	"accepted": "c'est fait", "applied": "fait", "expired": "expirée", "created": "donné", "revoked": "retiré",
	"support": "assistance", "auditor": "audit", "support_revoked": "assistance, retiré", "auditor_revoked": "audit, retiré",
	string(okey.Everything): okey.Everything.French(), string(okey.HandoverAndStock): okey.HandoverAndStock.French(),
	string(okey.ProofCurrent): "avec le code actuel", string(okey.ProofSignIn): "code oublié, après une nouvelle connexion",
}

// auditCounts are the events whose detail is a number, and of what.
var auditCounts = map[string]string{"claims": "changement", "minimum_stock": "clef", "retention": "donnée"}

// ShownDetail leaves out the fingerprints that only the audit's key can make, and says what a number counts.
func ShownDetail(e sql.Entry) string {
	if noun := auditCounts[e.Event]; noun != "" {
		if n, err := strconv.Atoi(e.Detail); err == nil {
			return okey.SayCount(n, noun)
		}
	}
	switch e.Event {
	case "grant":
		role, _, _ := strings.Cut(e.Detail, ":")
		return role
	case "uid_known":
		return ""
	case "key_tried":
		outcome, cause, _ := strings.Cut(e.Detail, ":")
		return okey.Trial{Outcome: okey.TrialOutcome(outcome), Cause: okey.TrialCause(cause)}.French()
	}
	if of, tried := strings.CutSuffix(e.Detail, okey.AuditTried); tried {
		return SayAuditDetail(of) + " et essayée"
	}
	if scopes, ok := strings.CutPrefix(e.Detail, "created:"); ok {
		return "donné : " + strings.ReplaceAll(scopes, "+", ", ")
	}
	if text, ok := strings.CutPrefix(e.Detail, "published:"); ok {
		return text
	}
	if e.Event == eventCharterSigned {
		text, _, _ := strings.Cut(e.Detail, ":")
		return text
	}
	return e.Detail
}

// SayAuditDetail says in French what ShownDetail leaves of a detail: a state, a stage, a refusal. What is no code stays as it is.
func SayAuditDetail(detail string) string {
	if said := auditDetails[detail]; said != "" {
		return said
	}
	if state := okey.KeyState(detail); state.Valid() {
		return state.French()
	}
	if stage := okey.Stage(detail); stage.Valid() {
		return stage.French()
	}
	if said := web.RefusalNames[okey.Code(detail)]; said != "" {
		return "sans effet : " + said
	}
	if uai, function, both := strings.Cut(detail, "/"); both && okey.Function(function).Valid() {
		return uai + ", " + okey.Function(function).French()
	}
	return detail
}

// Things are what entries are about, in French and, where there is one, the address at which each is looked at.
var Things = map[okey.Thing]struct{ French, Path string }{
	okey.ThingRequest:    {"demande", address.PathRequests + "/"},
	okey.ThingKey:        {"clef", address.PathKeys + "/"},
	okey.ThingPerson:     {"personne", address.PathPersons + "/"},
	okey.ThingOrder:      {"commande", address.PathOrders + "/"},
	okey.ThingExport:     {"classeur de commandes", ""},
	okey.ThingDelivery:   {"livraison", address.PathDeliveries + "/"},
	okey.ThingInventory:  {"inventaire", address.PathInventory + "/"},
	okey.ThingReport:     {"signalement", address.PathReports + "/"},
	okey.ThingMove:       {"déplacement", ""},
	okey.ThingDeparture:  {"départ", address.PathMoves + "/"},
	okey.ThingSuccession: {"succession", address.PathSuccession + "/"},
	okey.ThingDelegation: {"délégation", ""},
	okey.ThingAttachment: {"rattachement", ""},
	okey.ThingHosting:    {"réponse pour un autre", ""},
	okey.ThingMail:       {"courriel", address.PathMails + "/"},
	okey.ThingAction:     {"envoi", address.PathFollow + "/"},
	okey.ThingTrouble:    {"blocage", ""},
	okey.ThingReading:    {"lecture", ""},
	okey.ThingMails:      {"courriels", ""},
	okey.ThingReceiver:   {"récepteur", address.PathReceivers + "/"},
	"establishment":      {"établissement", address.PathSchools + "/"},
	"charter":            {"charte", ""},
	"retention":          {"données", ""},
	"import":             {"import", ""},
	"service":            {"service", ""},
}

// thingOf is what the beginning of a subject names: a thing, or the action that was about one.
func thingOf(kind string) okey.Thing {
	if action, is := okey.ActionKinds[okey.ActionName(kind)]; is {
		return action.About
	}
	return okey.Thing(kind)
}

// ImportNames are the files of an import, by what the audit calls them.
var ImportNames = map[string]string{
	"establishments": "des établissements", "keys": "des clefs", "staff": "des personnels", "directory": "de l'annuaire",
}

// NewAuditLine says an entry; whoever did what no person did is named by what it came through.
func NewAuditLine(e sql.AuditedEntry, c web.Clock) AuditLine {
	line := AuditLine{
		When: c.Stamp(e.At), What: okey.Capitalize(SayAudit(e.Event)), Who: e.ByName, Via: web.ViaNames[e.Via],
		Detail: SayAuditDetail(ShownDetail(e.Entry)),
	}
	switch {
	case line.Who == "" && e.Actor != uuid.Nil:
		line.Who = "personne effacée"
	case line.Who == "" && e.Via == okey.ViaSupport:
		line.Who = "commande de l'exploitant"
	case line.Who == "":
		line.Who = "OKEY"
	}
	about := NewAuditSubject(e)
	line.About, line.Path = about.Short(), about.Path
	if e.Event == eventCharterSigned && len(line.Detail) > sql.ShownOfPrint {
		line.Detail = line.Detail[:sql.ShownOfPrint] + "…"
	}
	return line
}

// Cells are its entries in a table.
func (l AuditLine) Cells() []web.Cell {
	return []web.Cell{
		l.When,
		{Text: l.What, Clip: true},
		{Text: l.Who, Whole: true},
		{Text: l.Via, Whole: true},
		{Text: l.About, Path: l.Path, Whole: true},
		{Text: l.Detail, Clip: true},
	}
}

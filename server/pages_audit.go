package server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

const pathAudit = "/assistance/journal"

// auditScreen is the audit, newest first.
type auditScreen struct {
	Filters *form
	Lines   []auditLine
	Next    string
	First   string
	Sheet   string
}

// auditLine is an entry as people read it.
type auditLine struct{ When, What, Who, Via, About, Path, Detail string }

// auditSubject is what an entry is about: the kind of thing, and which one, as people find it again.
type auditSubject struct{ Kind, Name, Path string }

func newAuditSubject(e sql.AuditedEntry) auditSubject {
	kind, id, _ := strings.Cut(e.Subject, ":")
	about := auditSubject{Kind: subjectNames[kind], Name: id}
	if about.Kind == "" {
		about.Kind = kind
	}
	refused := kind == "succession" && refusalNames[okey.Code(e.Detail)] != "" // then there is none to look at
	if page := subjectPages[kind]; page != "" && id != "" && !refused {
		about.Path = page + id
	}
	switch file := importNames[id]; {
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

// short is the subject in a table: of an id its beginning, since nobody types the rest.
func (a auditSubject) short() string {
	name := a.Name
	if _, err := uuid.Parse(name); err == nil {
		name = name[:8]
	}
	return strings.TrimSpace(a.Kind + " " + name)
}

type auditCursor struct {
	Seq int64 `json:"s"`
}

// auditNames are the events of the audit that are no action's name.
var auditNames = map[string]string{
	"grant": "rôle donné ou retiré", "uid_known": "personne reconnue par son identifiant", "token": "jeton", "claims": "fonctions lues à la connexion", "sessions_ended": "sessions fermées",
	"charter": "charte publiée", "import": "import", "minimum_stock": "réserve voulue", "key_moved": "clef changée d'établissement",
	"order_moved": "commande transmise au successeur", "request_moved": "demande transmise au successeur", "report_moved": "signalement transmis au successeur",
	"retention":    "données arrivées à leur terme",
	"move_expired": "proposition de départ sans réponse", "delegation_given": "délégation donnée", "delegation_ended": "délégation terminée",
	"attached": "rattachement", "detached": "fin d'un rattachement", "host_named": "établissement qui répond pour un autre", "host_ended": "fin d'une réponse pour un autre",
	"pin_set": "code PIN choisi", eventCharterSigned: "charte signée : empreinte de son texte",
}

func sayAudit(event string) string {
	if said := auditNames[event]; said != "" {
		return said
	}
	if reason, is := strings.CutPrefix(event, "key_"); is {
		return "clef : " + strings.ToLower(strings.TrimPrefix(okey.KeyReason(reason).French(), "Clef "))
	}
	return sayAction(okey.ActionName(event))
}

// auditDetails are the enums that the audit keeps beside an event.
var auditDetails = map[string]string{
	"accepted": "c'est fait", "applied": "fait", "expired": "expirée", "created": "donné", "revoked": "retiré", "support": "assistance", "auditor": "audit",
	string(okey.Everything): okey.Everything.French(), string(okey.HandoverAndStock): okey.HandoverAndStock.French(),
	string(okey.ProofCurrent): "avec le code actuel", string(okey.ProofSignIn): "code oublié, après une nouvelle connexion",
	"support_revoked": "assistance, retiré", "auditor_revoked": "audit, retiré",
}

// auditCounts are the events whose detail is a number, and of what.
var auditCounts = map[string]string{"claims": "changement", "minimum_stock": "clef", "retention": "donnée"}

// shownDetail leaves out the fingerprints that only the audit's key can make, and says what a number counts.
func shownDetail(e sql.Entry) string {
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

const eventCharterSigned = "charter_signed"

func sayAuditDetail(detail string) string {
	if said := auditDetails[detail]; said != "" {
		return said
	}
	if state := okey.KeyState(detail); state.Valid() {
		return state.French()
	}
	if stage := okey.Stage(detail); stage.Valid() {
		return stage.French()
	}
	if said := refusalNames[okey.Code(detail)]; said != "" {
		return "sans effet : " + said
	}
	if uai, function, both := strings.Cut(detail, "/"); both && okey.Function(function).Valid() {
		return uai + ", " + okey.Function(function).French()
	}
	return detail
}

// subjectNames say what an entry is about; the part after the colon is its id.
var subjectNames = map[string]string{
	"request": "demande", "key": "clef", "person": "personne", "establishment": "établissement", "order": "commande", "export": "classeur de commandes",
	"delivery": "livraison", "arrival": "livraison", "inventory": "inventaire", "report": "signalement", "report-decision": "signalement", "charter": "charte",
	"retention": "données", "import": "import", "service": "service", "key-move": "déplacement", "take-along": "départ", "move-decision": "départ", string(okey.ActionMoveWithdrawal): "départ", "succession": "succession",
	"delegation": "délégation", string(okey.ActionDelegationGiven): "délégation", string(okey.ActionDelegationBegun): "délégation",
	string(okey.ActionDelegationEnded): "délégation", string(okey.ActionAttached): "rattachement", string(okey.ActionApproverArrived): "personne", string(okey.ActionDetached): "rattachement",
	string(okey.ActionHostingGiven): "réponse pour un autre", string(okey.ActionHostingEnded): "réponse pour un autre",
	string(okey.ActionMailResend): "courriel",
	"cancellation":                "commande", "closing": "commande", "shipment": "commande", "receipt": "commande", "exported": "commande", "arrived": "commande",
}

// subjectPages are where the subjects of the audit are looked at.
var subjectPages = map[string]string{
	"request": "/demandes/", "key": "/clefs/", "order": pathOrders + "/", "cancellation": pathOrders + "/", "shipment": pathOrders + "/",
	"receipt": pathOrders + "/", "closing": pathOrders + "/", "exported": pathOrders + "/", "arrived": pathOrders + "/", "delivery": pathDeliveries + "/", "arrival": pathDeliveries + "/", "inventory": pathInventory + "/",
	"person": pathPersons + "/", "establishment": pathSchools + "/", string(okey.ActionMailResend): pathMails + "/", "take-along": "/deplacements/", "succession": pathSuccession + "/", "report": pathReports + "/", "report-decision": pathReports + "/", "move-decision": "/deplacements/", string(okey.ActionMoveWithdrawal): "/deplacements/",
}

// importNames are the files of an import, by what the audit calls them.
var importNames = map[string]string{"establishments": "des établissements", "keys": "des clefs", "staff": "des personnels"}

func newAuditLine(e sql.AuditedEntry, c clock) auditLine {
	line := auditLine{
		When: okey.Capitalize(c.dated(e.At)), What: okey.Capitalize(sayAudit(e.Event)), Who: e.ByName, Via: viaNames[e.Via], Detail: sayAuditDetail(shownDetail(e.Entry)),
	}
	switch {
	case line.Who == "" && e.Actor != uuid.Nil:
		line.Who = "personne effacée"
	case line.Who == "" && e.Via == okey.ViaSupport:
		line.Who = "commande de l'exploitant"
	case line.Who == "":
		line.Who = "OKEY"
	}
	about := newAuditSubject(e)
	line.About, line.Path = about.short(), about.Path
	if e.Event == eventCharterSigned && len(line.Detail) > sql.ShownOfPrint {
		line.Detail = line.Detail[:sql.ShownOfPrint] + "…"
	}
	return line
}

// auditPage is for support and auditors.
func (s *Server) auditPage(v *visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	events, err := s.store.AuditEvents(v.ctx())
	if err != nil {
		return err
	}
	filter, wrong, err := s.auditFilterOf(v, events)
	if err != nil {
		return err
	}
	filter.Limit = pageLines + 1
	page := auditScreen{Sheet: sheetURL(v)}
	var at auditCursor
	if later, err := cursorOf(v.Context, &at); err != nil {
		return err
	} else if later {
		filter.BeforeSeq, page.First = at.Seq, listURL(v, "")
	}
	found, err := s.store.AuditEntries(v.ctx(), filter)
	if err != nil {
		return err
	}
	if len(found) > pageLines {
		found = found[:pageLines]
		next, err := nextCursor(auditCursor{Seq: found[pageLines-1].Seq})
		if err != nil {
			return err
		}
		page.Next = listURL(v, *next)
	}
	for _, e := range found {
		page.Lines = append(page.Lines, newAuditLine(e, paris(v)))
	}
	if said := misreadCode(filter.Subject); said != "" && len(found) == 0 {
		wrong = append(wrong, formError{Field: "objet", Message: said})
	}
	page.Filters = auditFilters(v, filter, events, wrong)
	return s.show(v, http.StatusOK, "audit", screen{Title: "Journal d'audit", Body: page})
}

// auditTable is the audit with the page's filters.
func (s *Server) auditTable(v *visit) (spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return spreadsheet{}, err
	}
	events, err := s.store.AuditEvents(v.ctx())
	if err != nil {
		return spreadsheet{}, err
	}
	filter, wrong, err := s.auditFilterOf(v, events)
	if err != nil {
		return spreadsheet{}, err
	}
	if len(wrong) > 0 {
		return spreadsheet{}, okey.InvalidField(wrong[0].Field, "%s", strings.TrimSpace(wrong[0].Message))
	}
	filter.Limit = downloadPage
	found := paged(maxDownload, func(last *sql.AuditedEntry) ([]sql.AuditedEntry, error) {
		if last != nil {
			filter.BeforeSeq = last.Seq
		}
		return s.store.AuditEntries(v.ctx(), filter)
	})
	c := paris(v)
	return spreadsheet{Name: "journal", Title: "Journal d'audit", Sheets: []workbook.Sheet{{Name: "Journal", Columns: []workbook.Column{
		{Title: "N°", Kind: workbook.Number},
		{Title: "Quand", Kind: workbook.Instant},
		{Title: "Quoi", Width: 32},
		{Title: "Qui", Width: 28},
		{Title: "Par"},
		{Title: "À propos de", Width: 24},
		{Title: "Lequel", Width: 40},
		{Title: "Suite", Width: 28},
		{Title: "Identifiant", Width: 20}, // of whoever did it: two people may have one name
	}, Rows: cells(found, func(e sql.AuditedEntry) []any {
		line := newAuditLine(e, c)
		about := newAuditSubject(e)
		return []any{e.Seq, inZone(e.At, c.zone), line.What, line.Who, line.Via, about.Kind, about.Name, sayAuditDetail(shownDetail(e.Entry)), e.ByUID}
	})}}}, nil
}

package server

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"okey"
	"okey/sql"

	"github.com/google/uuid"
)

// deskCounts is what is stuck, in a few words, for support's home.
type deskCounts struct{ Lines []string }

// The windows of support's page: an action is stuck after a minute (its sender waited 3 seconds), and old failures are history.
const (
	stuckAfter  = time.Minute
	deskHistory = 14 * 24 * time.Hour
	deskRows    = 50
)

// stuck is what does not go on by itself.
type stuck struct {
	actions   []sql.DeskAction
	mails     []sql.Mail
	escalated []sql.Awaited
}

func (s *Server) stuck(v *visit) (st stuck, err error) {
	if st.actions, err = s.store.StuckActions(v.ctx(), v.Now.Add(-stuckAfter), deskRows); err != nil {
		return st, err
	}
	if st.mails, err = s.store.FailedMails(v.ctx(), v.Now.Add(-deskHistory), deskRows); err != nil {
		return st, err
	}
	st.escalated, err = s.store.Escalated(v.ctx(), deskRows)
	return st, err
}

func (s *Server) deskCounts(v *visit) (*deskCounts, error) {
	st, err := s.stuck(v)
	requests, actions, mails := len(st.escalated), len(st.actions), len(st.mails)
	return &deskCounts{Lines: []string{
		upTo(requests, "demande") + okey.SayEither(requests, " remontée à l'assistance", " remontées à l'assistance"),
		upTo(actions, "action") + " sans suite",
		upTo(mails, "courriel") + okey.SayEither(mails, " refusé", " refusés") + " depuis deux semaines",
	}}, err
}

// upTo counts what a list shows: a full one may have more.
func upTo(n int, noun string) string {
	if n == deskRows {
		return "plus de " + okey.SayCount(n-1, noun)
	}
	return okey.SayCount(n, noun)
}

// deskLine is an action as support reads it.
type deskLine struct {
	When, What, Who, Via, Outcome string
	Path                          string // of the request or key
}

// Cells are its entries in a table.
func (l deskLine) Cells() []cell {
	return []cell{{Text: l.When}, {Text: l.What, Path: l.Path}, {Text: l.Who}, {Text: l.Via}, {Text: l.Outcome}}
}

func deskLines(actions []sql.DeskAction, c clock) []deskLine {
	lines := make([]deskLine, len(actions))
	for i, a := range actions {
		line := deskLine{When: okey.Capitalize(c.time(a.CreatedAt)), What: okey.Capitalize(sayAction(a.Name)), Who: a.By, Via: viaNames[a.Via]}
		if line.Who == "" {
			line.Who = "OKEY"
		}
		switch a.Outcome {
		case "":
			line.Outcome = "sans suite pour l'instant"
		case "refused":
			line.Outcome = "refusée : " + sayRefusal(a.Reason)
		default:
			line.Outcome = "acceptée"
		}
		switch {
		case a.Request != uuid.Nil:
			line.Path = requestURL(a.Request)
		case a.Key != "":
			line.Path = keyURL(a.Key)
		}
		lines[i] = line
	}
	return lines
}

// mailLine is a mail as support reads it.
type mailLine struct {
	When, What, To, State, Path string
}

// Cells are its entries in a table.
func (l mailLine) Cells() []cell {
	return []cell{{Text: l.When}, {Text: l.What, Path: l.Path}, {Text: l.To}, {Text: l.State}}
}

var mailStates = map[sql.MailState]string{sql.MailQueued: "à envoyer", sql.MailSent: "envoyé", sql.MailFailed: "refusé"}

func mailLines(mails []sql.Mail, c clock) []mailLine {
	lines := make([]mailLine, len(mails))
	for i, m := range mails {
		lines[i] = mailLine{When: okey.Capitalize(c.time(m.CreatedAt)), What: m.Subject, To: m.Address, State: mailStates[m.State]}
		if lines[i].What == "" {
			lines[i].What = "courriel en préparation"
		}
		if m.Request.Valid {
			lines[i].Path = requestURL(m.Request.UUID)
		}
	}
	return lines
}

// deskScreen is support's page: one search box, and what is stuck.
type deskScreen struct {
	Links     []navLink // to the pages of the desk that this reader may use
	Sheet     string
	Asked     string
	Searched  bool
	Found     []hit
	Stuck     []deskLine
	Escalated []card
	Mails     []mailLine
	Refused   []deskLine
}

// deskLinks are the pages of the desk, and what their reader must be allowed to do.
var deskLinks = []struct {
	name, path string
	act        okey.Act
}{
	{"Tableau de bord", pathDashboard, okey.ActSeeDesk},
	{"Livraisons", pathDeliveries, okey.ActSeeDesk},
	{"Commandes", pathOrders, okey.ActSeeDesk},
	{"Clefs à confirmer", pathReports, okey.ActSeeDesk},
	{"Déplacer des clefs", pathMoveKeys, okey.ActMoveKeys},
	{"Fermetures et fusions", pathSuccession, okey.ActSeeDesk},
	{"Personnes rattachées", pathAttachments, okey.ActSeeDesk},
	{"Établissements sans direction", pathHosts, okey.ActSeeDesk},
	{"Délégations", pathDelegations, okey.ActSeeDesk},
	{"Courriels", pathLetters, okey.ActSeeDesk},
	{"Journal d'audit", pathAudit, okey.ActSeeDesk},
}

// hit is one thing that a search has come upon.
type hit struct {
	Kind, Name, Path, More string
	Pages                  []fact // what else there is of it
}

// deskPage is for support and auditors.
func (s *Server) deskPage(v *visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	page := deskScreen{Sheet: sheetURL(v), Asked: strings.TrimSpace(v.Query("q"))}
	if page.Asked != "" {
		page.Searched = true
		found, err := s.search(v, page.Asked)
		if err != nil {
			return err
		}
		page.Found = found
		return s.show(v, http.StatusOK, "desk", screen{Title: "Assistance", Body: page})
	}
	for _, link := range deskLinks {
		if okey.May(link.act, v.Actor, okey.Subject{}, v.today()) == nil {
			page.Links = append(page.Links, navLink{Name: link.name, Path: link.path})
		}
	}
	st, err := s.stuck(v)
	if err != nil {
		return err
	}
	refused, err := s.store.RefusedActions(v.ctx(), v.Now.Add(-deskHistory), deskRows)
	if err != nil {
		return err
	}
	c := paris(v)
	page.Stuck, page.Escalated = deskLines(st.actions, c), awaitedCards(st.escalated, c, true)
	page.Mails, page.Refused = mailLines(st.mails, c), deskLines(refused, c)
	return s.show(v, http.StatusOK, "desk", screen{Title: "Assistance", Body: page})
}

const searchRows = 20

// search finds people, establishments, a key and a request by whatever was typed. Each list is short: a search is narrowed, not leafed through.
func (s *Server) search(v *visit, asked string) ([]hit, error) {
	if len(asked) > okey.MaxText || !isPlainText(asked) {
		return nil, nil
	}
	var results []hit
	if id, err := uuid.Parse(asked); err == nil {
		r, err := s.store.Request(v.ctx(), id)
		if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
			return nil, err
		}
		if err == nil {
			results = append(results, hit{Kind: "Demande", Name: sayState(r, paris(v)), Path: requestURL(r.ID), More: r.Need})
		}
	}
	keys, err := s.findKeys(v, asked)
	if err != nil {
		return nil, err
	}
	results = append(results, keys...)
	words := asked
	if uai, err := okey.ParseUAI(asked); err == nil {
		words = string(uai)
	}
	places, err := s.store.FindEstablishments(v.ctx(), words, searchRows)
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		results = append(results, hit{Kind: "Établissement", Name: fmt.Sprintf("%s (%s)", p.Name, p.UAI), Path: "/demandes?etablissement=" + string(p.UAI), More: p.Commune, Pages: v.pagesOf(p.UAI)})
	}
	persons, err := s.store.FindPeople(v.ctx(), asked, searchRows)
	for _, p := range persons {
		results = append(results, hit{Kind: "Personne", Name: p.Name(), Path: "/demandes?personne=" + p.ID.String(), More: p.Mail})
	}
	return results, err
}

// pagesOf are the pages about an establishment; its drawer is counted by those alone who manage keys.
func (v *visit) pagesOf(uai okey.UAI) []fact {
	pages := []fact{{Name: "Demandes", Path: "/demandes"}, {Name: "Clefs", Path: "/clefs"}, {Name: "Commandes", Path: pathOrders}}
	if okey.May(okey.ActManageKeys, v.Actor, okey.Subject{UAI: uai}, v.today()) == nil {
		pages = append(pages, fact{Name: "Inventaire", Path: pathInventory})
	}
	for i := range pages {
		pages[i].Path += "?etablissement=" + string(uai)
	}
	return pages
}

func (s *Server) findKeys(v *visit, asked string) ([]hit, error) {
	serial, _ := okey.ParseSerial(asked)
	if serial == "" { // no serial number: it is something else
		return nil, nil
	}
	keys, err := s.store.ListKeys(v.ctx(), sql.Reach{All: true}, sql.KeyFilter{Serial: serial, Limit: 1})
	var results []hit
	for _, k := range keys {
		results = append(results, hit{Kind: "Clef", Name: string(k.Serial), Path: keyURL(k.Serial), More: k.State.French() + ", " + k.Establishment})
	}
	return results, err
}

// isPlainText keeps what PostgreSQL would choke on out of a search.
func isPlainText(text string) bool {
	_, err := okey.CheckText("q", text, false)
	return err == nil
}

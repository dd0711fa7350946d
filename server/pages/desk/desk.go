package desk

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// Screen is support's page: how much waits, the queue of what does not go on by itself, and the tools.
type Screen struct {
	Figures  []figure
	Tools    []toolGroup
	Queue    []web.Row
	Chips    []web.NavLink // the kinds, each with its rows alone
	Narrowed string        // on paper: the kind
	Matters  []matter      // what to do, by kind
	Engine   string        // where it could not be asked
	Mends    bool          // its reader may set things going again
	Refused  []story.DeskLine
	Resend   *web.Form // all mails of a time in which the relay refused them; nil for who may not
	Sheet    string
}

// figure is a number of the desk, with what has become of it in a week.
type figure struct{ Number, What, Change, Path string }

// toolGroup are tools of the desk that are looked for together.
type toolGroup struct {
	Name  string
	Links []web.NavLink
}

// tools are the pages of the desk, and what their reader must be allowed to do.
var tools = []struct {
	group, name, path string
	act               okey.Act
}{
	{"Suivre", "Tableau de bord", address.PathDashboard, okey.ActSeeDesk},
	{"Suivre", "Journal d'audit", address.PathAudit, okey.ActSeeDesk},
	{"Suivre", "Courriels envoyés", address.PathMails, okey.ActSeeDesk},
	{"Suivre", "Modèles de courriels", address.PathLetters, okey.ActSeeDesk},
	{"Suivre", "Imports et annuaire", address.PathImports, okey.ActSeeDesk},
	{"Suivre", "Récepteurs d'événements", address.PathReceivers, okey.ActSeeDesk},
	{"Stock", "Livraisons", address.PathDeliveries, okey.ActSeeDesk},
	{"Stock", "Commandes", address.PathOrders, okey.ActSeeDesk},
	{"Stock", "Clefs à confirmer", address.PathReports, okey.ActSeeDesk},
	{"Stock", "Déplacer des clefs", address.PathMoveKeys, okey.ActMoveKeys},
	{"Personnes", "Personnes rattachées", address.PathAttachments, okey.ActSeeDesk},
	{"Personnes", "Établissements sans direction", address.PathHosts, okey.ActSeeDesk},
	{"Personnes", "Délégations", address.PathDelegations, okey.ActSeeDesk},
	{"Personnes", "Fermetures et fusions", address.PathSuccession, okey.ActSeeDesk},
}

func toolsFor(v *web.Visit) []toolGroup {
	var groups []toolGroup
	for _, tool := range tools {
		if okey.May(tool.act, v.Actor, okey.Subject{}, v.Today()) != nil {
			continue
		}
		if len(groups) == 0 || groups[len(groups)-1].Name != tool.group {
			groups = append(groups, toolGroup{Name: tool.group})
		}
		last := &groups[len(groups)-1]
		last.Links = append(last.Links, web.NavLink{Name: tool.name, Path: tool.path})
	}
	return groups
}

// deskPage is for support and auditors.
func (s *Pages) deskPage(v *web.Visit) error {
	if err := seesDesk(v); err != nil {
		return err
	}
	if asked := strings.TrimSpace(v.Query("q")); asked != "" {
		return s.foundPage(v, asked)
	}
	return s.showDesk(v, http.StatusOK, resendAllForm(v), "")
}

func (s *Pages) showDesk(v *web.Visit, status int, resend *web.Form, warning string) error {
	page, err := s.Screen(v, resend)
	if err != nil {
		return err
	}
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	notice := ""
	if found && done.Name == okey.ActionMailsResend {
		notice = "Les courriels refusés entre ces deux moments repartent, mis à jour."
	}
	mails := slices.ContainsFunc(page.Matters, func(m matter) bool { return m.ID == mattersMails })
	if warning == "" && len(resend.Errors) > 0 && !mails { // what the form stands beside is gone
		warning = resend.Errors[0].Message
	}
	return s.Show(v, status, "desk", web.Screen{Title: "Assistance", Notice: notice, Warning: warning, Body: page})
}

// Screen looks up support's page; resend is the form to send refused mails again, nil for a new one.
func (s *Pages) Screen(v *web.Visit, resend *web.Form) (*Screen, error) {
	st, err := s.stuck(v, deskRows)
	if err != nil {
		return nil, err
	}
	gone, answered, err := s.unfollowed(v, st.Open)
	if err != nil {
		return nil, err
	}
	page := &Screen{Tools: toolsFor(v), Mends: web.MayArrange(v) == nil, Sheet: address.PathDesk + ".xlsx"}
	if !answered {
		page.Engine = "Le moteur n'a pas répondu : OKEY n'a pas pu vérifier que chaque demande est suivie. " +
			"Si cela dure, prévenez l'exploitant."
	}
	c := web.Paris(v)
	page.Matters, page.Refused = st.matters(gone, c, s.workflow), story.DeskLines(st.Refused, c)
	if okey.May(okey.ActResendMail, v.Actor, okey.Subject{}, v.Today()) == nil {
		if page.Resend = resend; resend == nil {
			page.Resend = resendAllForm(v)
		}
	}
	queue, err := s.queue(v, page.Matters)
	if err != nil {
		return nil, err
	}
	change, err := s.stuckChange(v, st, slices.ContainsFunc(page.Matters, matter.full))
	page.Figures = figures(st.Figures, page.Matters, len(queue), change)
	if page.Chips = chips(page.Matters, v.Query(oneKind)); len(page.Chips) > 0 && !page.Chips[0].Here {
		page.Matters = slices.DeleteFunc(page.Matters, func(m matter) bool { return m.ID != v.Query(oneKind) })
		queue = slices.DeleteFunc(queue, func(q queued) bool { return q.Kind != v.Query(oneKind) })
		page.Narrowed = "« " + page.Matters[0].Title + " »"
	}
	for _, row := range queue {
		page.Queue = append(page.Queue, row.cells(c, page.Mends))
	}
	return page, err
}

// oneKind is the parameter of the page's address that narrows the queue to a kind.
const oneKind = "sorte"

func kindURL(id string) string { return address.PathDesk + "?" + oneKind + "=" + id + "#file" }

// chips lead to the rows of each kind, and from one kind's back to all; what is asked for and isn't there narrows nothing.
func chips(matters []matter, asked string) []web.NavLink {
	if len(matters) == 0 {
		return nil
	}
	links := []web.NavLink{{Name: "Tout", Path: address.PathDesk + "#file", Here: true}}
	for _, m := range matters {
		link := web.NavLink{Name: m.Count, Path: kindURL(m.ID), Here: m.ID == asked}
		links[0].Here = links[0].Here && !link.Here
		links = append(links, link)
	}
	return links
}

// queue is all that is stuck, what has been so for longest first; what has no beginning that is known comes last.
func (s *Pages) queue(v *web.Visit, matters []matter) ([]queued, error) {
	var queue []queued
	var about []uuid.UUID
	for _, m := range matters {
		for _, row := range m.Rows {
			row.Do, row.Kind = m.Do, m.ID
			queue = append(queue, row)
			if row.About != uuid.Nil {
				about = append(about, row.About)
			}
		}
	}
	slices.SortStableFunc(queue, func(a, b queued) int {
		if a.Since.IsZero() != b.Since.IsZero() {
			return b.Since.Compare(a.Since)
		}
		return a.Since.Compare(b.Since)
	})
	if len(about) == 0 {
		return queue, nil
	}
	told, err := s.store.LastTold(v.Ctx(), about)
	for i, row := range queue {
		if last, known := told[row.About]; known {
			queue[i].Told = sayTold(last, web.Paris(v))
		}
	}
	return queue, err
}

// sayTold names whom a letter went to, and its day. Letters without a person go to mailboxes of establishments, and to support's.
func sayTold(t sql.Told, c web.Clock) web.Cell {
	names := make([]string, len(t.To))
	for i, name := range t.To {
		switch {
		case strings.HasPrefix(name, "ce."):
			name = "l'établissement"
		case strings.Contains(name, "@"):
			name = "l'assistance"
		}
		names[i] = strings.ReplaceAll(name, " ", "\u00a0") // a narrow column breaks between them
	}
	slices.Sort(names)
	on := c.Stamp(t.At)
	on.Text = on.Text[:len("31/12")]
	return web.Cell{Text: okey.Capitalize(strings.Join(slices.Compact(names), ", ")), On: &on}
}

// cells are a row of the table: what, where, since when, who was told, the action.
func (q queued) cells(c web.Clock, mends bool) web.Row {
	do := web.Cell{Text: "Voir", Path: q.Path, Unseen: " : " + q.What, Whole: true, Act: true}
	if mends {
		do.Text = q.Do
	}
	if q.Path == "" {
		do = web.Cell{Act: true}
	}
	return web.Row{{Text: q.What, More: q.More}, {Text: q.Where}, c.StampOn(q.Since), q.Told, do}
}

// figures are the numbers above the queue, in which so many are; change says what has become of that number in a week, where it is known.
func figures(f sql.DeskFigures, matters []matter, queued int, change string) []figure {
	overdue := address.PathOrders
	if slices.ContainsFunc(matters, func(m matter) bool { return m.ID == mattersOrders }) {
		overdue = kindURL(mattersOrders)
	}
	stuck := figure{Number: okey.SayNumber(queued), What: "à débloquer", Change: change, Path: "#file"}
	if slices.ContainsFunc(matters, matter.full) {
		stuck.Number += " et plus"
	}
	return []figure{
		stuck,
		{
			Number: okey.SayNumber(f.Late), What: okey.SayEither(f.Late, "demande", "demandes") +
				fmt.Sprintf(" sans réponse depuis %d jours", web.LateDays),
			Change: sayChange(f.Late - f.LateBefore),
			Path:   fmt.Sprintf("%s?etape=%s&depuis=%d", address.PathRequests, okey.AwaitingDecision, web.LateDays),
		},
		{
			Number: okey.SayNumber(f.Dry), What: okey.SayEither(f.Dry, "établissement", "établissements") +
				" où des demandes attendent une clef",
			Change: sayChange(f.Dry - f.DryBefore), Path: address.PathRequests + "?etape=" + string(okey.AwaitingStock),
		},
		{
			Number: okey.SayNumber(f.Overdue), What: okey.SayEither(f.Overdue, "commande", "commandes") + " en retard",
			Change: sayChange(f.Overdue - f.OverdueBefore), Path: overdue,
		},
	}
}

// stuckChange says how many more things are stuck than a week ago; nothing where nobody counted then. Where the page has not all of them
// they are counted by themselves.
func (s *Pages) stuckChange(v *web.Visit, st stuck, full bool) (string, error) {
	if st.Before == nil {
		return "", nil
	}
	if full {
		all, err := s.stuck(v, sql.CountMost)
		if err != nil {
			return "", err
		}
		st = all
	}
	return sayChange(st.Count() - *st.Before), nil
}

// sayChange says how much more there is than a week ago, or less.
func sayChange(n int) string {
	switch {
	case n > 0:
		return "+ " + okey.SayNumber(n) + " en une semaine"
	case n < 0:
		return "− " + okey.SayNumber(-n) + " en une semaine"
	}
	return "comme il y a une semaine"
}

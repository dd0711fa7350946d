package desk

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"okey/okey"
	"okey/server/pages/requests"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// The windows of support's page: an action is stuck after a minute (its sender waited 3 seconds), a workflow is missed after two (the repair
// watch looks each minute), a delivery after a week, and old failures are history.
const (
	stuckAfter    = time.Minute
	missedAfter   = 2 * time.Minute
	unconfirmed   = 7 * 24 * time.Hour
	deskHistory   = 14 * 24 * time.Hour
	deskRows      = 50
	enginePatient = 2 * time.Second
)

// stuck is what does not go on by itself.
type stuck struct {
	escalated  []sql.Awaited
	unanswered []sql.Unanswered
	actions    []sql.DeskAction
	mails      []sql.Mail
	reports    []sql.ListedReport
	overdue    []sql.ListedOrder
	announced  []sql.Delivery
}

func (s *Pages) stuck(v *web.Visit) (st stuck, err error) {
	if st.reports, err = s.store.PendingReports(v.Ctx(), deskRows); err != nil {
		return st, err
	}
	if st.overdue, err = s.store.OverdueOrders(v.Ctx(), deskRows); err != nil {
		return st, err
	}
	if st.announced, err = s.store.UnconfirmedDeliveries(v.Ctx(), v.Now.Add(-unconfirmed), deskRows); err != nil {
		return st, err
	}
	if st.escalated, err = s.store.Escalated(v.Ctx(), deskRows); err != nil {
		return st, err
	}
	if st.unanswered, err = s.store.UnansweredEstablishments(v.Ctx(), v.Today(), deskRows); err != nil {
		return st, err
	}
	if st.actions, err = s.store.StuckActions(v.Ctx(), v.Now.Add(-stuckAfter), deskRows); err != nil {
		return st, err
	}
	st.mails, err = s.store.FailedMails(v.Ctx(), v.Now.Add(-deskHistory), deskRows)
	return st, err
}

// matters are what there is something of; gone are requests that the engine does not follow, where it was asked.
func (st stuck) matters(gone []sql.Awaited, c web.Clock) []matter {
	return waiting([]matter{
		escalatedMatter(st.escalated, c), unansweredMatter(st.unanswered, c), reportsMatter(st.reports, c), stuckMatter(st.actions, c),
		goneMatter(gone, c), refusedMailsMatter(st.mails, c), overdueMatter(st.overdue, c), announcedMatter(st.announced, c),
	})
}

// DeskCounts is what waits for support, in a line each that leads there, for their home. The engine is asked on support's own page alone: home is
// there whether it answers or not.
type DeskCounts struct{ Lines []web.NavLink }

func (s *Pages) DeskCounts(v *web.Visit) (*DeskCounts, error) {
	st, err := s.stuck(v)
	counts := &DeskCounts{}
	for _, m := range st.matters(nil, web.Paris(v)) {
		counts.Lines = append(counts.Lines, web.NavLink{Name: m.Count, Path: web.PathDesk + "#" + m.ID})
	}
	return counts, err
}

// upTo counts what a list shows: a full one may have more.
func upTo(n int, noun string) string {
	if n == deskRows {
		return "plus de " + okey.SayCount(n-1, noun)
	}
	return okey.SayCount(n, noun)
}

// deskScreen is support's page: what is stuck, or what a search has found.
type deskScreen struct {
	Links    []web.NavLink // to the pages of the desk that this reader may use
	Sheet    string
	Asked    string
	Searched bool
	Found    []finding
	Try      string // what to try, where nothing was found
	Matters  []matter
	Engine   string // where it could not be asked
	Mends    bool   // its reader may set things going again
	Refused  []story.DeskLine
}

// matter is one kind of what is stuck: how many, and how to set it going again.
type matter struct {
	ID, Title, Count, How string
	Cards                 []web.Card
	Actions               []story.DeskLine
	Mails                 []story.MailLine
}

// deskLinks are the pages of the desk, and what their reader must be allowed to do.
var deskLinks = []struct {
	name, path string
	act        okey.Act
}{
	{"Tableau de bord", web.PathDashboard, okey.ActSeeDesk},
	{"Livraisons", web.PathDeliveries, okey.ActSeeDesk},
	{"Commandes", web.PathOrders, okey.ActSeeDesk},
	{"Clefs à confirmer", web.PathReports, okey.ActSeeDesk},
	{"Déplacer des clefs", web.PathMoveKeys, okey.ActMoveKeys},
	{"Fermetures et fusions", web.PathSuccession, okey.ActSeeDesk},
	{"Personnes rattachées", web.PathAttachments, okey.ActSeeDesk},
	{"Établissements sans direction", web.PathHosts, okey.ActSeeDesk},
	{"Délégations", web.PathDelegations, okey.ActSeeDesk},
	{"Courriels", web.PathLetters, okey.ActSeeDesk},
	{"Journal d'audit", web.PathAudit, okey.ActSeeDesk},
}

// deskPage is for support and auditors.
func (s *Pages) deskPage(v *web.Visit) error {
	if err := seesDesk(v); err != nil {
		return err
	}
	page := deskScreen{Mends: web.MayArrange(v) == nil, Sheet: web.SheetURL(v), Asked: strings.TrimSpace(v.Query("q"))}
	if page.Asked != "" {
		return s.showFound(v, page)
	}
	for _, link := range deskLinks {
		if okey.May(link.act, v.Actor, okey.Subject{}, v.Today()) == nil {
			page.Links = append(page.Links, web.NavLink{Name: link.name, Path: link.path})
		}
	}
	st, err := s.stuck(v)
	if err != nil {
		return err
	}
	c := web.Paris(v)
	gone, answered, err := s.unfollowed(v)
	if err != nil {
		return err
	}
	if !answered {
		page.Engine = "Le moteur n'a pas répondu : OKEY n'a pas pu vérifier que chaque demande est suivie. Si cela dure, prévenez l'exploitant."
	}
	page.Matters = st.matters(gone, c)
	if web.MayArrange(v) != nil { // who only reads is told what is, not what to do
		for i := range page.Matters {
			page.Matters[i].How = matterReadings[page.Matters[i].ID]
		}
	}
	refused, err := s.store.RefusedActions(v.Ctx(), v.Now.Add(-deskHistory), deskRows)
	if err != nil {
		return err
	}
	page.Refused = story.DeskLines(refused, c)
	return s.Show(v, http.StatusOK, "desk", web.Screen{Title: "Assistance", Body: page})
}

func (s *Pages) showFound(v *web.Visit, page deskScreen) (err error) {
	page.Searched = true
	if page.Found, err = s.search(v, page.Asked); err != nil {
		return err
	}
	if len(page.Found) == 0 {
		if page.Try, err = s.tryInstead(v, page.Asked); err != nil {
			return err
		}
	}
	return s.Show(v, http.StatusOK, "desk", web.Screen{Title: "Recherche", Asked: page.Asked, Body: page})
}

// waiting leaves what there is something of.
func waiting(matters []matter) []matter {
	var some []matter
	for _, m := range matters {
		if len(m.Cards)+len(m.Actions)+len(m.Mails) > 0 {
			some = append(some, m)
		}
	}
	return some
}

// matterReadings say to auditors what each kind of matter is: to set it going is support's.
var matterReadings = map[string]string{
	"remontees":         "L'établissement n'a pas fait ce qu'il devait dans son délai, ou ne le peut pas : l'assistance s'en occupe.",
	"sans-reponse":      "OKEY n'y connaît ni chef ni adjoint : l'assistance y rattache quelqu'un, ou désigne un établissement qui répond pour lui.",
	"actions":           "OKEY les présente de nouveau au moteur chaque minute.",
	"sans-suivi":        "Leur suivi a été arrêté dans le moteur. OKEY le relance chaque minute, là où la demande en est.",
	"courriels":         "Ils ne sont pas arrivés, et personne n'a été prévenu à la place de leurs destinataires.",
	"clefs-a-confirmer": "Un inventaire les a trouvées, et OKEY ne les connaissait pas : personne ne peut les prêter avant la réponse de l'assistance.",
	"commandes":         "Elles ne sont pas arrivées dans leur délai : l'assistance relance le fournisseur.",
	"livraisons":        "Les clefs ne seront prêtées qu'une fois leur arrivée confirmée par l'établissement, ou par l'assistance à sa place.",
}

func escalatedMatter(found []sql.Awaited, c web.Clock) matter {
	n := len(found)
	return matter{
		ID: "remontees", Title: "Demandes remontées à l'assistance",
		Count: upTo(n, "demande") + okey.SayEither(n, " remontée", " remontées"),
		How:   "L'établissement n'a pas fait ce qu'il devait dans son délai, ou ne le peut pas. Ouvrez la demande : répondez à sa place, ou trouvez qui répondra.",
		Cards: requests.AwaitedCards(found, c, true),
	}
}

func unansweredMatter(found []sql.Unanswered, c web.Clock) matter {
	n := len(found)
	m := matter{
		ID: "sans-reponse", Title: "Établissements où personne ne peut répondre",
		Count: upTo(n, "établissement") + " sans personne pour répondre",
		How:   "Rattachez-y un chef ou un adjoint, ou désignez un établissement qui répond pour lui : sa direction reçoit aussitôt tout ce qui attend.",
	}
	for _, u := range found {
		state := "la plus ancienne attend depuis " + c.Day(u.Since)
		if u.Host != "" {
			state += " ; l'établissement désigné, " + string(u.Host) + ", n'a pas de direction non plus"
		}
		m.Cards = append(m.Cards, web.Card{Path: web.SchoolURL(u.UAI), Who: fmt.Sprintf("%s (%s)", u.Name, u.UAI), State: okey.SayCount(u.Requests, "demande") + " ; " + state})
	}
	return m
}

func stuckMatter(found []sql.DeskAction, c web.Clock) matter {
	return matter{
		ID: "actions", Title: "Actions sans suite", Count: upTo(len(found), "action") + " sans suite",
		How:     "OKEY les présente de nouveau au moteur chaque minute. Si l'une d'elles reste, ouvrez son suivi dans le moteur depuis sa page, et prévenez l'exploitant.",
		Actions: story.DeskLines(found, c),
	}
}

func goneMatter(found []sql.Awaited, c web.Clock) matter {
	n := len(found)
	return matter{
		ID: "sans-suivi", Title: "Demandes que plus rien ne suit", Count: upTo(n, "demande") + okey.SayEither(n, " que plus rien ne suit", " que plus rien ne suit"),
		How:   "Leur suivi a été arrêté dans le moteur. OKEY le relance chaque minute, là où la demande en est : si l'une reste ici, prévenez l'exploitant.",
		Cards: requests.AwaitedCards(found, c, true),
	}
}

func refusedMailsMatter(found []sql.Mail, c web.Clock) matter {
	n := len(found)
	return matter{
		ID: "courriels", Title: "Courriels refusés", Count: upTo(n, "courriel") + okey.SayEither(n, " refusé", " refusés"),
		How:   "Faites corriger l'adresse dans l'annuaire, puis ouvrez le courriel et renvoyez-le. Personne n'a été prévenu à sa place.",
		Mails: story.MailLines(found, c),
	}
}

func reportsMatter(found []sql.ListedReport, c web.Clock) matter {
	n := len(found)
	m := matter{
		ID: "clefs-a-confirmer", Title: "Clefs à confirmer", Count: upTo(n, "clef") + " à confirmer",
		How: "Un inventaire les a trouvées, et OKEY ne les connaissait pas : personne ne peut les prêter. Mettez chacune en stock, ou écartez-la.",
	}
	for _, r := range found {
		state := "trouvée " + c.Day(r.At)
		if r.KeptAt != "" {
			state += " ; entrée depuis dans OKEY, " + okey.SayAtSchool(okey.SayEstablishment(r.KeptAt))
		}
		m.Cards = append(m.Cards, web.Card{Path: web.PathReports + "/" + r.ID.String(), Who: string(r.Serial), Where: r.Establishment, State: state})
	}
	return m
}

func overdueMatter(found []sql.ListedOrder, c web.Clock) matter {
	m := matter{
		ID: "commandes", Title: "Commandes en retard", Count: upTo(len(found), "commande") + " en retard",
		How: "Relancez le fournisseur. Les clefs sont arrivées ? Déposez le fichier de la livraison. Elles ne viendront pas ? Fermez la commande, avec la raison.",
	}
	for _, o := range found {
		m.Cards = append(m.Cards, web.Card{
			Path: web.PathOrders + "/" + o.ID.String(), Who: fmt.Sprintf("Commande n° %d", o.Number), Where: o.Establishment,
			State: okey.SayCount(o.Quantity, "clef") + ", " + o.State.Say(o.Received, o.Quantity) + " ; transmise " + c.Day(o.ExportedAt),
		})
	}
	return m
}

func announcedMatter(found []sql.Delivery, c web.Clock) matter {
	m := matter{
		ID: "livraisons", Title: "Livraisons annoncées, pas confirmées", Count: upTo(len(found), "livraison") + " à confirmer",
		How: "Les clefs ne seront prêtées qu'une fois leur arrivée confirmée. Appelez l'établissement, ou confirmez à sa place depuis la page de la livraison.",
	}
	for _, d := range found {
		m.Cards = append(m.Cards, web.Card{
			Path: web.PathDeliveries + "/" + d.ID.String(), Who: "Livraison annoncée " + c.Day(d.TakenAt), Where: d.FileName,
			State: okey.SayCount(d.InTransit, "clef") + " en route, sur " + okey.SayNumber(d.Keys),
		})
	}
	return m
}

// unfollowed are open requests whose workflow the engine does not run; answered is false where it can't be asked. They are counted first: only where
// that does not come out even are they looked at one by one.
func (s *Pages) unfollowed(v *web.Visit) (found []sql.Awaited, answered bool, err error) {
	before := v.Now.Add(-missedAfter)
	open, err := s.store.CountOpen(v.Ctx(), before)
	if err != nil || open == 0 {
		return nil, true, err
	}
	ctx, cancel := context.WithTimeout(v.Ctx(), enginePatient)
	defer cancel()
	n, err := s.engine.CountRunning(ctx)
	if err == nil && n >= open {
		return nil, true, nil
	}
	var running map[uuid.UUID]bool
	if err == nil {
		running, err = s.engine.RunningRequests(ctx)
	}
	if err != nil {
		slog.WarnContext(v.Ctx(), "the engine did not tell which requests it follows", "error", err)
		return nil, false, nil
	}
	ids := make([]uuid.UUID, 0, len(running))
	for id := range running {
		ids = append(ids, id)
	}
	found, err = s.store.OpenBut(v.Ctx(), ids, before, deskRows)
	return found, true, err
}

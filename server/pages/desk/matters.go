package desk

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/requests"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// The windows of support's page: an action is stuck after a minute (its sender waited 3 seconds), a workflow is missed after two (the
// repair watch looks each minute), a delivery after a week, and old failures are history.
const (
	stuckAfter    = time.Minute
	missedAfter   = 2 * time.Minute
	unconfirmed   = 7 * 24 * time.Hour
	deskHistory   = 14 * 24 * time.Hour
	deskRows      = 50     // of each kind on the page
	sheetRows     = 20_000 // and in the table to take along
	enginePatient = 2 * time.Second
)

// matter is one kind of what is stuck, and how many there are of it.
type matter struct {
	ID, Title, Count string
	How              string // to set it going again: support reads this
	Read             string // what it is: auditors do, who set nothing going
	More             string // where the page does not show all
	Cards            []web.Card
	Actions          []story.DeskLine
	Mails            []story.MailLine
}

// stuck is what does not go on by itself.
type stuck struct{ sql.Stuck }

func (s *Pages) stuck(v *web.Visit, most int) (stuck, error) {
	found, err := s.store.Stuck(v.Ctx(), sql.StuckSince{
		Recorded: v.Now.Add(-stuckAfter), Refused: v.Now.Add(-deskHistory), Taken: v.Now.Add(-unconfirmed),
		Today: v.Today(), Limit: most,
	})
	return stuck{found}, err
}

// matters are what there is something of; gone are requests that the engine does not follow, where it was asked. workflow is where support
// looks at one in the engine.
func (st stuck) matters(gone []sql.Awaited, c web.Clock, workflow func(id string) string) []matter {
	all := []matter{
		escalatedMatter(st.Escalated, c), unansweredMatter(st.Unanswered, c), closedMatter(st.Closed), reportsMatter(st.Reports, c),
		stuckMatter(st.Actions, c),
		readingMatter(st.Readings, c), troubleMatter(st.Troubles, c, workflow), goneMatter(gone, c), refusedMailsMatter(st.Mails, c),
		overdueMatter(st.Overdue, c), announcedMatter(st.Announced, c),
	}
	for i, m := range all {
		if len(m.Cards)+len(m.Actions)+len(m.Mails) == deskRows && inSheet[m.ID] {
			all[i].More = fmt.Sprintf("%d sont ici ; tout est dans le tableau à télécharger, au bas de la page.", deskRows)
		}
	}
	return slices.DeleteFunc(all, func(m matter) bool { return len(m.Cards)+len(m.Actions)+len(m.Mails) == 0 })
}

// inSheet are the matters that the table to take along has, too, and whole: five hundred of a kind hide no other.
var inSheet = map[string]bool{"remontees": true, "actions": true, "blocages": true, "courriels": true, "clefs-a-confirmer": true}

// refused are the actions of late that had no effect.
func (s *Pages) refused(v *web.Visit, most int) ([]sql.DeskAction, error) {
	return s.store.RefusedActions(v.Ctx(), v.Now.Add(-deskHistory), most)
}

// upTo counts what a list shows: a full one may have more.
func upTo(n int, noun string) string {
	if n == deskRows {
		return "plus de " + okey.SayCount(n-1, noun)
	}
	return okey.SayCount(n, noun)
}

func escalatedMatter(found []sql.Awaited, c web.Clock) matter {
	n := len(found)
	return matter{
		ID: "remontees", Title: "Demandes remontées à l'assistance",
		Count: upTo(n, "demande") + okey.SayEither(n, " remontée", " remontées"),
		How: "L'établissement n'a pas fait ce qu'il devait dans son délai, ou ne le peut pas. Ouvrez la demande : répondez à sa place, " +
			"ou trouvez qui répondra.",
		Read:  "L'établissement n'a pas fait ce qu'il devait dans son délai, ou ne le peut pas : l'assistance s'en occupe.",
		Cards: requests.AwaitedCards(found, c, true),
	}
}

func unansweredMatter(found []sql.Unanswered, c web.Clock) matter {
	n := len(found)
	m := matter{
		ID: "sans-reponse", Title: "Établissements où personne ne peut répondre",
		Count: upTo(n, "établissement") + " sans personne pour répondre",
		How: "Rattachez-y un chef ou un adjoint, ou désignez un établissement qui répond pour lui : " +
			"sa direction reçoit aussitôt tout ce qui attend.",
		Read: "OKEY n'y connaît ni chef ni adjoint : l'assistance y rattache quelqu'un, ou désigne un établissement qui répond pour lui.",
	}
	for _, u := range found {
		state := "la plus ancienne attend depuis " + c.Day(u.Since)
		if u.Host != "" {
			state += " ; l'établissement désigné, " + string(u.Host) + ", n'a pas de direction non plus"
		}
		m.Cards = append(m.Cards, web.Card{
			Path: address.SchoolURL(u.UAI), Who: okey.SayPlace(u.Name, u.UAI),
			State: okey.SayCount(u.Requests, "demande") + " ; " + state,
		})
	}
	return m
}

func closedMatter(found []sql.ClosedSchool) matter {
	n := len(found)
	m := matter{
		ID: "fermes", Title: "Établissements fermés",
		Count: upTo(n, "établissement") + okey.SayEither(n, " fermé", " fermés"),
		How: "Ils sont fermés d'après le registre : plus personne n'y prête ni n'y rend de clef. " +
			"Nommez l'établissement qui continue : tout suit. Sinon, faites corriger le registre, puis importez-le.",
		Read: "Ils sont fermés d'après le registre, et personne n'a indiqué où vont leurs clefs et leurs demandes : " +
			"l'assistance nomme celui qui continue.",
	}
	for _, e := range found {
		m.Cards = append(m.Cards, web.Card{
			Path: address.SchoolURL(e.UAI), Who: okey.SayPlace(e.Name, e.UAI),
			State: okey.SayCount(e.Keys, "clef") + ", " + okey.SayCount(e.Requests, "demande"),
		})
	}
	return m
}

func stuckMatter(found []sql.DeskAction, c web.Clock) matter {
	return matter{
		ID: "actions", Title: "Actions sans suite", Count: upTo(len(found), "action") + " sans suite",
		How: "OKEY les renvoie au moteur après une minute, cinq minutes, puis chaque heure. " +
			"Si l'une d'elles reste, ouvrez son suivi dans le moteur depuis sa page, et prévenez l'exploitant.",
		Read:    "OKEY les renvoie au moteur après une minute, cinq minutes, puis chaque heure.",
		Actions: story.DeskLines(found, c),
	}
}

// readingMatter is the last reading of the directory where not all of it was taken: the next good one ends it, whoever begins that.
func readingMatter(last []sql.ImportRun, c web.Clock) matter {
	m := matter{
		ID: "annuaire", Title: "Lecture de l'annuaire", Count: "une lecture de l'annuaire à revoir",
		How: "OKEY n'a pas pris tout ce que dit l'annuaire : ouvrez la lecture, qui dit où et pourquoi, puis faites vérifier l'annuaire. " +
			"La prochaine lecture, cette nuit ou par « okey sync directory », y met fin.",
		Read: "OKEY n'a pas pris tout ce que dit l'annuaire, jusqu'à la prochaine lecture : l'assistance s'en occupe.",
	}
	for _, run := range last {
		for _, fault := range run.HeldBack()[:min(len(run.HeldBack()), deskRows)] {
			m.Cards = append(m.Cards, web.Card{
				Path: address.ImportURL(run.ID), Who: "Ce que la lecture a laissé", State: c.Time(run.At), Need: fault.Message,
			})
		}
	}
	return m
}

func troubleMatter(found []sql.Trouble, c web.Clock, workflow func(id string) string) matter {
	m := matter{
		ID: "blocages", Title: "Ce qui n'avance plus",
		How: "OKEY essaie encore, et le dit par courriel après une demi-heure. Montrez à l'exploitant ce que dit l'erreur. " +
			"Une fois la cause corrigée, rien n'est à refaire.",
		Read: "OKEY essaie encore. L'erreur est pour l'exploitant. Une fois la cause corrigée, rien n'est à refaire.",
	}
	for _, t := range found {
		state := "depuis " + c.Time(t.Since)
		if t.Attempts > 1 {
			state += ", " + okey.SayCount(t.Attempts, "essai")
		}
		m.Cards = append(m.Cards, web.Card{
			Path: workflow(t.Workflow), Who: okey.Capitalize(okey.SayTrouble(t.What)), Where: t.Workflow, State: state, Need: t.Error,
		})
	}
	m.Count = upTo(len(found), "blocage")
	return m
}

func goneMatter(found []sql.Awaited, c web.Clock) matter {
	n := len(found)
	return matter{
		ID: "sans-suivi", Title: "Demandes que plus rien ne suit", Count: upTo(n, "demande") + " que plus rien ne suit",
		How: "Leur suivi a été arrêté dans le moteur. OKEY le relance chaque minute, là où la demande en est : " +
			"si l'une reste ici, prévenez l'exploitant.",
		Read:  "Leur suivi a été arrêté dans le moteur. OKEY le relance chaque minute, là où la demande en est.",
		Cards: requests.AwaitedCards(found, c, true),
	}
}

func refusedMailsMatter(found []sql.Mail, c web.Clock) matter {
	n := len(found)
	return matter{
		ID: "courriels", Title: "Courriels refusés", Count: upTo(n, "courriel") + okey.SayEither(n, " refusé", " refusés"),
		How:   "Faites corriger l'adresse dans l'annuaire, puis ouvrez le courriel et renvoyez-le. Personne n'a été prévenu à sa place.",
		Read:  "Ils ne sont pas arrivés, et personne n'a été prévenu à la place de leurs destinataires.",
		Mails: story.MailLines(found, c),
	}
}

func reportsMatter(found []sql.ListedReport, c web.Clock) matter {
	n := len(found)
	m := matter{
		ID: "clefs-a-confirmer", Title: "Clefs à confirmer", Count: upTo(n, "clef") + " à confirmer",
		How: "Un inventaire les a trouvées, et OKEY ne les connaissait pas : personne ne peut les prêter. " +
			"Mettez chacune en stock, ou écartez-la.",
		Read: "Un inventaire les a trouvées, et OKEY ne les connaissait pas : personne ne peut les prêter " +
			"avant la réponse de l'assistance.",
	}
	for _, r := range found {
		state := "trouvée " + c.Day(r.At)
		if r.KeptAt != "" {
			state += " ; entrée depuis dans OKEY, " + okey.SayAtSchool(okey.SayEstablishment(r.KeptAt))
		}
		m.Cards = append(m.Cards, web.Card{
			Path: address.PathReports + "/" + r.ID.String(), Who: string(r.Serial), Where: r.Establishment, State: state,
		})
	}
	return m
}

func overdueMatter(found []sql.ListedOrder, c web.Clock) matter {
	m := matter{
		ID: "commandes", Title: "Commandes en retard", Count: upTo(len(found), "commande") + " en retard",
		How: "Relancez le fournisseur. Les clefs sont arrivées ? Déposez le fichier de la livraison. Elles ne viendront pas ? " +
			"Fermez la commande, avec la raison.",
		Read: "Elles ne sont pas arrivées dans leur délai : l'assistance relance le fournisseur.",
	}
	for _, o := range found {
		m.Cards = append(m.Cards, web.Card{
			Path: address.OrderURL(o.ID), Who: fmt.Sprintf("Commande n° %d", o.Number), Where: o.Establishment,
			State: okey.SayCount(o.Quantity, "clef") + ", " + o.State.Say(o.Received, o.Quantity) + " ; transmise " + c.Day(o.ExportedAt),
		})
	}
	return m
}

func announcedMatter(found []sql.Delivery, c web.Clock) matter {
	m := matter{
		ID: "livraisons", Title: "Livraisons annoncées, pas confirmées", Count: upTo(len(found), "livraison") + " à confirmer",
		How: "Les clefs ne seront prêtées qu'une fois leur arrivée confirmée. Appelez l'établissement, ou confirmez à sa place " +
			"depuis la page de la livraison.",
		Read: "Les clefs ne seront prêtées qu'une fois leur arrivée confirmée par l'établissement, ou par l'assistance à sa place.",
	}
	for _, d := range found {
		m.Cards = append(m.Cards, web.Card{
			Path: address.PathDeliveries + "/" + d.ID.String(), Who: "Livraison annoncée " + c.Day(d.TakenAt), Where: d.FileName,
			State: okey.SayCount(d.InTransit, "clef") + " en route, sur " + okey.SayNumber(d.Keys),
		})
	}
	return m
}

// unfollowed are open requests whose workflow the engine does not run; answered is false where it can't be asked. They are counted first:
// only where that does not come out even are they looked at one by one.
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
	followed := slices.AppendSeq([]uuid.UUID{}, maps.Keys(running))
	found, err = s.store.OpenBut(v.Ctx(), followed, before, deskRows)
	return found, true, err
}

// workflow is where support looks at a workflow in the engine; empty where no address of its pages is set.
func (s *Pages) workflow(id string) string { return s.act.WorkflowLink(&act.WorkflowView{ID: id}) }

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
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// How much support's page has room for, and how long it waits for the engine. sql.StuckAt says what is stuck.
const (
	deskRows      = 50     // of each kind on the page
	sheetRows     = 20_000 // and in the table to take along
	enginePatient = 2 * time.Second
)

// matter is one kind of what is stuck, and how many there are of it.
type matter struct {
	ID, Title, Count string
	How              string // to set it going again: support reads this
	Read             string // what it is: auditors do, who set nothing going
	Do               string // the link to each, as support reads it
	More             string // where the page does not show all
	Rows             []queued
}

// full tells whether there may be more of the kind than the page shows.
func (m matter) full() bool { return len(m.Rows) == deskRows }

// queued is one thing of support's queue.
type queued struct {
	What, More, Where string
	Since             time.Time // zero: not known
	About             uuid.UUID // the request, order, delivery or report that letters tell of; zero: none
	Told              web.Cell  // who was told last, and when
	Kind              string    // of which matter it is
	Path, Do          string    // where it is set going, and what that is called
}

// stuck is what does not go on by itself.
type stuck struct{ sql.Stuck }

func (s *Pages) stuck(v *web.Visit, most int) (stuck, error) {
	found, err := s.store.Stuck(v.Ctx(), sql.StuckAt(v.Now, most))
	return stuck{found}, err
}

// matters are what there is something of; gone are requests that the engine does not follow, where it was asked. workflow is where support
// looks at one in the engine.
func (st stuck) matters(gone []sql.Awaited, c web.Clock, workflow func(id string) string) []matter {
	all := []matter{
		escalatedMatter(st.Escalated), unansweredMatter(st.Unanswered), closedMatter(st.Closed), reportsMatter(st.Reports),
		stuckMatter(st.Actions, c), readingMatter(st.Readings), troubleMatter(st.Troubles, workflow), goneMatter(gone),
		refusedMailsMatter(st.Mails, c), overdueMatter(st.Overdue), announcedMatter(st.Announced), receiversMatter(st.Receivers),
	}
	for i, m := range all {
		if len(m.Rows) == deskRows && inSheet[m.ID] {
			all[i].More = fmt.Sprintf("%d sont ici ; tout est dans le tableau à télécharger, au bas de la page.", deskRows)
		}
	}
	return slices.DeleteFunc(all, func(m matter) bool { return len(m.Rows) == 0 })
}

// Two matters that the page knows: one has a form of its own, the other a figure.
const (
	mattersMails  = "courriels"
	mattersOrders = "commandes"
)

// inSheet are the matters that the table to take along has, too, and whole: five hundred of a kind hide no other.
var inSheet = map[string]bool{"remontees": true, "actions": true, "blocages": true, mattersMails: true, "clefs-a-confirmer": true}

// upTo counts what a list shows: a full one may have more.
func upTo(n int, noun string) string {
	if n == deskRows {
		return "plus de " + okey.SayCount(n-1, noun)
	}
	return okey.SayCount(n, noun)
}

func escalatedMatter(found []sql.Awaited) matter {
	n := len(found)
	return matter{
		ID: "remontees", Title: "Demandes remontées à l'assistance",
		Count: upTo(n, "demande") + okey.SayEither(n, " remontée", " remontées"),
		How: "L'établissement n'a pas fait ce qu'il devait dans son délai, ou ne le peut pas. Ouvrez la demande : répondez à sa place, " +
			"ou trouvez qui répondra.",
		Read: "L'établissement n'a pas fait ce qu'il devait dans son délai, ou ne le peut pas : l'assistance s'en occupe.",
		Do:   "Ouvrir la demande", Rows: requestRows(found),
	}
}

func requestRows(found []sql.Awaited) []queued {
	rows := make([]queued, len(found))
	for i, r := range found {
		rows[i] = queued{
			What: r.Requester.Name() + " : " + r.Stage.French(), Where: r.School, Since: r.Since, About: r.ID,
			Path: address.RequestURL(r.ID),
		}
	}
	return rows
}

func unansweredMatter(found []sql.Unanswered) matter {
	m := matter{
		ID: "sans-reponse", Title: "Établissements où personne ne peut répondre",
		Count: upTo(len(found), "établissement") + " sans personne pour répondre",
		How: "Rattachez-y un chef ou un adjoint, ou désignez un établissement qui répond pour lui : " +
			"sa direction reçoit aussitôt tout ce qui attend.",
		Read: "OKEY n'y connaît ni chef ni adjoint : l'assistance y rattache quelqu'un, ou désigne un établissement qui répond pour lui.",
		Do:   "Trouver qui répond",
	}
	for _, u := range found {
		row := queued{
			What: okey.SayCount(u.Requests, "demande") + ", personne pour répondre", Where: okey.SayPlace(u.Name, u.UAI), Since: u.Since,
			Path: address.SchoolURL(u.UAI),
		}
		if u.Host != "" {
			row.More = "L'établissement désigné, " + string(u.Host) + ", n'a pas de direction non plus."
		}
		m.Rows = append(m.Rows, row)
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
		Do: "Nommer qui continue",
	}
	for _, e := range found {
		m.Rows = append(m.Rows, queued{
			What:  "Établissement fermé : " + okey.SayCount(e.Keys, "clef") + ", " + okey.SayCount(e.Requests, "demande"),
			Where: okey.SayPlace(e.Name, e.UAI), Path: address.SchoolURL(e.UAI),
		})
	}
	return m
}

func stuckMatter(found []sql.DeskAction, c web.Clock) matter {
	m := matter{
		ID: "actions", Title: "Actions sans suite", Count: upTo(len(found), "action") + " sans suite",
		How: "OKEY les renvoie au moteur après une minute, cinq minutes, puis chaque heure. " +
			"Si l'une d'elles reste, ouvrez son suivi dans le moteur depuis sa page, et prévenez l'exploitant.",
		Read: "OKEY les renvoie au moteur après une minute, cinq minutes, puis chaque heure.",
		Do:   "Ouvrir",
	}
	for i, line := range story.DeskLines(found, c) {
		m.Rows = append(m.Rows, queued{
			What: line.What + ", sans suite", More: line.Who + ", " + line.Via, Since: line.At, About: found[i].Request, Path: line.Path,
		})
	}
	return m
}

// readingMatter is the last reading of the directory where not all of it was taken: the next good one ends it, whoever begins that.
func readingMatter(last []sql.ImportRun) matter {
	m := matter{
		ID: "annuaire", Title: "Lecture de l'annuaire", Count: "une lecture de l'annuaire à revoir",
		How: "OKEY n'a pas pris tout ce que dit l'annuaire : ouvrez la lecture, qui dit où et pourquoi, puis faites vérifier l'annuaire. " +
			"La prochaine lecture, cette nuit ou par « okey sync directory », y met fin.",
		Read: "OKEY n'a pas pris tout ce que dit l'annuaire, jusqu'à la prochaine lecture : l'assistance s'en occupe.",
		Do:   "Ouvrir la lecture",
	}
	for _, run := range last {
		for _, fault := range run.HeldBack()[:min(len(run.HeldBack()), deskRows)] {
			m.Rows = append(m.Rows, queued{
				What: "Lecture de l'annuaire : laissé de côté", More: fault.Message, Since: run.At, Path: address.ImportURL(run.ID),
			})
		}
	}
	return m
}

func troubleMatter(found []sql.Trouble, workflow func(id string) string) matter {
	m := matter{
		ID: "blocages", Title: "Ce qui n'avance plus", Count: upTo(len(found), "blocage"),
		How: "OKEY essaie encore, et le dit par courriel après une demi-heure. Montrez à l'exploitant ce que dit l'erreur. " +
			"Une fois la cause corrigée, rien n'est à refaire.",
		Read: "OKEY essaie encore. L'erreur est pour l'exploitant. Une fois la cause corrigée, rien n'est à refaire.",
		Do:   "Voir dans le moteur",
	}
	for _, t := range found {
		what := "N'avance plus : " + okey.SayTrouble(t.What)
		if t.Attempts > 1 {
			what += ", " + okey.SayCount(t.Attempts, "essai")
		}
		m.Rows = append(m.Rows, queued{What: what, More: t.Error, Where: t.Workflow, Since: t.Since, Path: workflow(t.Workflow)})
	}
	return m
}

func goneMatter(found []sql.Awaited) matter {
	return matter{
		ID: "sans-suivi", Title: "Demandes que plus rien ne suit", Count: upTo(len(found), "demande") + " que plus rien ne suit",
		How: "Leur suivi a été arrêté dans le moteur. OKEY le relance chaque minute, là où la demande en est : " +
			"si l'une reste ici, prévenez l'exploitant.",
		Read: "Leur suivi a été arrêté dans le moteur. OKEY le relance chaque minute, là où la demande en est.",
		Do:   "Ouvrir la demande", Rows: requestRows(found),
	}
}

// mailsOf are the mails alone.
func mailsOf(found []sql.FailedMail) []sql.Mail {
	mails := make([]sql.Mail, len(found))
	for i, m := range found {
		mails[i] = m.Mail
	}
	return mails
}

func refusedMailsMatter(found []sql.FailedMail, c web.Clock) matter {
	n := len(found)
	m := matter{
		ID: mattersMails, Title: "Courriels refusés", Count: upTo(n, "courriel") + okey.SayEither(n, " refusé", " refusés"),
		How:  "Faites corriger l'adresse dans l'annuaire, puis ouvrez le courriel et renvoyez-le. Personne n'a été prévenu à sa place.",
		Read: "Ils ne sont pas arrivés, et personne n'a été prévenu à la place de leurs destinataires.",
		Do:   "Ouvrir le courriel",
	}
	for i, line := range story.MailLines(mailsOf(found), c) {
		row := queued{
			What: "Courriel " + line.State + " : " + line.What, More: "À " + line.To, Where: found[i].School, Since: line.At,
			Told: web.Cell{Text: "personne"}, Path: line.Path,
		}
		if line.Why != "" {
			row.More += " : " + line.Why
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

func reportsMatter(found []sql.ListedReport) matter {
	m := matter{
		ID: "clefs-a-confirmer", Title: "Clefs à confirmer", Count: upTo(len(found), "clef") + " à confirmer",
		How: "Un inventaire les a trouvées, et OKEY ne les connaissait pas : personne ne peut les prêter. " +
			"Mettez chacune en stock, ou écartez-la.",
		Read: "Un inventaire les a trouvées, et OKEY ne les connaissait pas : personne ne peut les prêter " +
			"avant la réponse de l'assistance.",
		Do: "Répondre",
	}
	for _, r := range found {
		row := queued{
			What: "Clef trouvée : " + string(r.Serial), Where: r.Establishment, Since: r.At, About: r.ID,
			Path: address.PathReports + "/" + r.ID.String(),
		}
		if r.KeptAt != "" {
			row.More = "Entrée depuis dans OKEY, " + okey.SayAtSchool(okey.SayEstablishment(r.KeptAt)) + "."
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

func overdueMatter(found []sql.ListedOrder) matter {
	m := matter{
		ID: mattersOrders, Title: "Commandes en retard", Count: upTo(len(found), "commande") + " en retard",
		How: "Relancez le fournisseur. Les clefs sont arrivées ? Déposez le fichier de la livraison. Elles ne viendront pas ? " +
			"Fermez la commande, avec la raison.",
		Read: "Elles ne sont pas arrivées dans leur délai : l'assistance relance le fournisseur.",
		Do:   "Ouvrir la commande",
	}
	for _, o := range found {
		m.Rows = append(m.Rows, queued{
			What: fmt.Sprintf("Commande n° %d en retard : %s, %s",
				o.Number, okey.SayCount(o.Quantity, "clef"), o.State.Say(o.Received, o.Quantity)),
			Where: o.Establishment, Since: o.ExportedAt, About: o.ID, Path: address.OrderURL(o.ID),
		})
	}
	return m
}

func announcedMatter(found []sql.Delivery) matter {
	m := matter{
		ID: "livraisons", Title: "Livraisons annoncées, pas confirmées", Count: upTo(len(found), "livraison") + " à confirmer",
		How: "Les clefs ne seront prêtées qu'une fois leur arrivée confirmée. Appelez l'établissement, ou confirmez à sa place " +
			"depuis la page de la livraison.",
		Read: "Les clefs ne seront prêtées qu'une fois leur arrivée confirmée par l'établissement, ou par l'assistance à sa place.",
		Do:   "Ouvrir la livraison",
	}
	for _, d := range found {
		m.Rows = append(m.Rows, queued{
			What:  "Livraison à confirmer : " + okey.SayCount(d.InTransit, "clef") + " en route, sur " + okey.SayNumber(d.Keys),
			Where: d.FileName, Since: d.TakenAt, About: d.ID, Path: address.PathDeliveries + "/" + d.ID.String(),
		})
	}
	return m
}

func receiversMatter(found []sql.WebhookReceiver) matter {
	m := matter{
		ID: "recepteurs", Title: "Récepteurs d'événements en échec", Count: upTo(len(found), "récepteur") + " en échec",
		How:  "L'exploitant corrige la cause. Un récepteur arrêté ne reprend que si vous le dites, sur sa page. Rien n'est perdu.",
		Read: "Ce programme ne prend plus les événements d'OKEY. Rien n'est perdu.",
		Do:   "Voir le récepteur",
	}
	for _, r := range found {
		m.Rows = append(m.Rows, queued{
			What: "Récepteur " + r.Name + " : " + sayReceiver(r), More: "Il " + sayFailure(r) + ".", Where: r.Address,
			Since: r.FailingSince, Path: address.ReceiverURL(r.ID),
		})
	}
	return m
}

// unfollowed are those of so many open requests whose workflow the engine does not run; answered is false where it can't be asked. They
// are counted first: only where that does not come out even are they looked at one by one.
func (s *Pages) unfollowed(v *web.Visit, open int) (found []sql.Awaited, answered bool, err error) {
	if open == 0 {
		return nil, true, nil
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
	found, err = s.store.OpenBut(v.Ctx(), followed, v.Now.Add(-sql.MissedAfter), deskRows)
	return found, true, err
}

// workflow is where support looks at a workflow in the engine; empty where no address of its pages is set.
func (s *Pages) workflow(id string) string { return s.act.WorkflowLink(&act.WorkflowView{ID: id}) }

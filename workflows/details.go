package workflows

import (
	"fmt"
	"strings"
	"time"

	"okey/okey"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

var (
	stageAttribute = temporal.NewSearchAttributeKeyKeyword(okey.AttributeStage)
	uaiAttribute   = temporal.NewSearchAttributeKeyKeyword(okey.AttributeUAI)
	sinceAttribute = temporal.NewSearchAttributeKeyTime(okey.AttributeWaitingSince)
)

// showWhereItStands tells support, in the Temporal UI: attributes to search by, and details in French without a name.
func (r *keyRequest) showWhereItStands(ctx workflow.Context) {
	if r.standing.Stage == "" {
		workflow.SetCurrentDetails(ctx, "Demande non ouverte : la personne a lu pourquoi.")
		return
	}
	workflow.SetCurrentDetails(ctx, details(r.standing, r.in.Page))
	if r.shown.Stage == r.standing.Stage && r.shown.Turn == r.standing.Turn && r.shown.UAI == r.standing.UAI {
		return
	}
	updates := []temporal.SearchAttributeUpdate{
		stageAttribute.ValueSet(string(r.standing.Stage)),
		sinceAttribute.ValueSet(r.standing.Since),
	}
	if r.shown.UAI != r.standing.UAI {
		updates = append(updates, uaiAttribute.ValueSet(string(r.standing.UAI)))
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Error("search attributes were not set", "error", err)
		return
	}
	r.shown = r.standing
}

var awaited = map[okey.Stage]string{
	okey.AwaitingDecision: "la réponse de la direction de l'établissement",
	okey.AwaitingStock:    "une clef libre dans l'établissement",
	okey.AwaitingCharter:  "la signature de la charte et le choix du code PIN par la personne qui demande",
	okey.AwaitingHandover: "la remise de la clef par la direction de l'établissement",
}

// dailyLook is what lookForStock waits for; no standing has it.
const dailyLook okey.DeadlineKind = "daily-look"

var dueNames = map[okey.DeadlineKind]string{
	okey.DueReminder:   "rappel",
	okey.DueSupport:    "l'assistance est prévenue",
	okey.DueExpiry:     "la demande expire",
	okey.DueOrder:      "rappel de commander",
	okey.DueOrderAgain: "l'assistance est prévenue s'il n'y a pas de commande",
	okey.DueMonthly:    "la personne apprend que sa place est gardée",
	dailyLook:          "on regarde si une clef s'est libérée",
}

// dueSummary is what the UI shows of the timer and of the mails of a deadline.
func dueSummary(stage okey.Stage, kind okey.DeadlineKind) string {
	return okey.Capitalize(dueNames[kind]) + " · " + stage.French()
}

// mislaidDue says what happens while a key is mislaid.
var mislaidDue = map[okey.DeadlineKind]string{
	okey.DueReminder: "Rappel si la clef est encore égarée",
	okey.DueExpiry:   "La clef devient perdue si elle est encore égarée",
}

// mislaidDetails is what the UI shows meanwhile.
func mislaidDetails(due []okey.Deadline) string {
	var text strings.Builder
	text.WriteString("**Clef égarée** : on attend qu'elle soit retrouvée.\n\n")
	for _, d := range due {
		fmt.Fprintf(&text, "- %s : %s\n", instant(d.At), mislaidDue[d.Kind])
	}
	return text.String()
}

// matterSummary is what the UI shows of a matter that is judged.
func matterSummary(m okey.Matter) string {
	switch m.Kind {
	case okey.MatterOpen:
		return "La demande est lue"
	case okey.MatterExpiry:
		return okey.Capitalize(okey.ActionExpire.Kind().French)
	case okey.MatterStray:
		return "Signal sans effet"
	}
	return okey.Capitalize(okey.ActionOf(m.Signal).Kind().French)
}

// details is what the UI shows of a running request: who is awaited, since when, what happens next, where support's page is.
func details(s okey.Standing, page string) string {
	var text strings.Builder
	if s.Stage.Closed() {
		fmt.Fprintf(&text, "**Demande close** : %s, le %s.\n\n", s.Stage.French(), instant(s.Since))
	} else {
		fmt.Fprintf(&text, "**On attend** %s, depuis le %s.\n\n", awaited[s.Stage], instant(s.Since))
	}
	for _, d := range s.Deadlines {
		fmt.Fprintf(&text, "- %s : %s\n", instant(d.At), dueNames[d.Kind])
	}
	if s.Stage == okey.AwaitingStock {
		text.WriteString("- chaque jour : on regarde si une clef s'est libérée\n")
	}
	fmt.Fprintf(&text, "\nÉtablissement %s · [ouvrir la demande dans OKEY](%s)\n", s.UAI, page)
	return text.String()
}

var orderAwaits = map[okey.OrderState]string{
	okey.OrderPlaced:         "l'envoi des commandes au fournisseur",
	okey.OrderExported:       "l'expédition par le fournisseur",
	okey.OrderShipped:        "l'arrivée des clefs",
	okey.OrderPartlyReceived: "l'arrivée des clefs qui manquent encore",
}

// orderDetails is what the UI shows of an order: what is awaited, when support is told, as told counts how often it has been, where its
// page is.
func orderDetails(s okey.OrderStanding, told int, page string) string {
	var text strings.Builder
	switch {
	case s.State == "":
		return "Commande non enregistrée : la personne a lu pourquoi."
	case s.State.Closed():
		fmt.Fprintf(&text, "**Commande close** : %s.\n", s.State.French())
	default:
		fmt.Fprintf(&text, "**Commande %s** : on attend %s.\n\n", s.State.French(), orderAwaits[s.State])
		for _, due := range s.Overdue[min(told, len(s.Overdue)):] {
			fmt.Fprintf(&text, "- %s : l'assistance est prévenue s'il manque des clefs\n", instant(due))
		}
	}
	fmt.Fprintf(&text, "\nÉtablissement %s", s.UAI)
	if page != "" { // an order from before it was given has none
		fmt.Fprintf(&text, " · [ouvrir la commande dans OKEY](%s)", page)
	}
	return text.String() + "\n"
}

// keyChanged is what the UI shows of a change that has been judged, true for one that was made.
var keyChanged = map[bool]string{
	true:  "**La clef a changé d'état** : plus rien n'est attendu.",
	false: "**La clef n'a pas changé d'état** : la personne a lu pourquoi.",
}

// instant writes a time as the judging activity gave it, in the academy's own zone.
func instant(t time.Time) string { return t.Format("02/01/2006 à 15 h 04") }

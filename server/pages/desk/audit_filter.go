package desk

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"okey/okey"
	"okey/server/act"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// auditFilterOf is what the address asks for; what can't be read filters nothing, and is said.
func (s *Pages) auditFilterOf(v *web.Visit, events []string) (f sql.AuditFilter, wrong []web.FormError, err error) {
	f = sql.AuditFilter{}
	if f.Nobody = nobodyNames[strings.ToLower(strings.ReplaceAll(web.PlainQuery(v, "qui"), "\u2019", "'"))]; f.Nobody == "" {
		f.Actor = strings.TrimSpace(web.NameTyped(web.PlainQuery(v, "qui")))
	}
	switch event := web.PlainQuery(v, "quoi"); {
	case event == "":
	case story.SayAudit(event) == web.SayAction(""):
		wrong = append(wrong, web.FormError{Field: "quoi", Message: "Ce choix n'existe pas : prenez-en un de la liste.", Meanwhile: "En attendant, tout est montré."})
	default:
		f.Events = readAlike(events, event)
	}
	if typed := web.PlainQuery(v, "objet"); typed != "" {
		said, err := s.auditSubjectTyped(v, typed)
		if err != nil {
			return f, wrong, err
		}
		f.Subject, wrong = said.subject, append(wrong, said.wrong...)
	}
	zone := web.Paris(v).Zone
	for _, limit := range []struct {
		name, label string
		set         func(okey.Day)
	}{
		{"du", "Du", func(d okey.Day) { f.From = d.In(zone) }}, {"au", "Au", func(d okey.Day) { f.Before = d.AddDays(1).In(zone) }},
	} {
		typed := strings.TrimSpace(v.Query(limit.name))
		if typed == "" {
			continue
		}
		if d, ok := act.ReadDay(typed); ok {
			limit.set(d)
		} else {
			wrong = append(wrong, web.FormError{Field: limit.name, Message: limit.label + " : écrivez une date comme 31/12/2027.", Meanwhile: "En attendant, toutes les dates sont montrées."})
		}
	}
	if !f.From.IsZero() && !f.Before.IsZero() && !f.From.Before(f.Before) {
		wrong = append(wrong, web.FormError{Field: "au", Message: "Cette date vient avant celle du début : rien ne peut s'y trouver."})
	}
	return f, wrong, nil
}

// nobodyNames are what the table says of what no person did, and through what.
var nobodyNames = map[string]sql.Nobody{
	"okey": sql.Itself, "commande de l'exploitant": sql.Operator, "moteur": sql.Engine, "personne effacée": sql.Erased,
}

// subjectTyped is what the audit is to be about, and what was wrong with how that was typed.
type subjectTyped struct {
	subject string
	wrong   []web.FormError
}

var shownID = regexp.MustCompile(`^[0-9a-f]{8}$`)

// auditSubjectTyped reads what the table shows, too: "Clef DEMO000301", "Demande 4403ede3", "cffd17f9a5c4…".
func (s *Pages) auditSubjectTyped(v *web.Visit, typed string) (subjectTyped, error) {
	if number, ok := web.OrderTyped(typed); ok {
		o, known, err := s.store.FindOrder(v.Ctx(), number)
		if err != nil || known {
			return subjectTyped{subject: o.ID.String()}, err
		}
		return subjectTyped{subject: o.ID.String(), wrong: []web.FormError{{Field: "objet", Message: fmt.Sprintf("Aucune commande n'a le numéro %d.", number)}}}, nil
	}
	for file, name := range story.ImportNames {
		if strings.EqualFold(typed, "import "+name) {
			return subjectTyped{subject: file}, nil
		}
	}
	typed = strings.TrimSuffix(withoutKind(typed), "…")
	if id, err := uuid.Parse(typed); err == nil {
		return subjectTyped{subject: id.String()}, nil
	}
	if uai, err := okey.ParseUAI(typed); err == nil {
		return subjectTyped{subject: string(uai)}, nil
	}
	if shownID.MatchString(typed) { // the beginning of an id, as the table shows it
		return subjectTyped{subject: typed}, nil
	}
	people, err := s.store.FindPeople(v.Ctx(), web.NameTyped(typed), "", v.Today(), 2)
	if err != nil {
		return subjectTyped{}, err
	}
	if len(people) == 1 && !strings.ContainsAny(typed, "0123456789") {
		return subjectTyped{subject: people[0].ID.String()}, nil
	}
	if serial, err := okey.ParseSerial(typed); err == nil {
		return subjectTyped{subject: string(serial)}, nil
	}
	return subjectTyped{subject: typed}, nil
}

// withoutKind leaves out what the table puts before a number or a name.
func withoutKind(typed string) string {
	for _, thing := range story.Things {
		kind := thing.French
		if len(typed) > len(kind)+1 && strings.EqualFold(typed[:len(kind)+1], kind+" ") {
			return strings.TrimSpace(typed[len(kind)+1:])
		}
	}
	return typed
}

// readAlike are the events that people read the same: what OKEY did and what was asked of it may have one name.
func readAlike(events []string, event string) []string {
	var alike []string
	for _, other := range events {
		if story.SayAudit(other) == story.SayAudit(event) {
			alike = append(alike, other)
		}
	}
	if len(alike) == 0 {
		return []string{event}
	}
	return alike
}

// auditChoices are the events by their names, as a dictionary has them; each name once, and its first event stands for all.
func auditChoices(events []string) []web.Choice {
	var choices []web.Choice
	for _, event := range events {
		if readAlike(events, event)[0] == event {
			choices = append(choices, web.Choice{Value: event, Label: okey.Capitalize(story.SayAudit(event))})
		}
	}
	slices.SortFunc(choices, byLabel())
	return choices
}

// byLabel puts choices in the order of a dictionary, accents or not. It is one list's own: a collator is not shared.
func byLabel() func(a, b web.Choice) int {
	french := collate.New(language.French)
	return func(a, b web.Choice) int { return french.CompareString(a.Label, b.Label) }
}

// wholeCode is what a UAI looks like, whatever its letter. In small letters up to f it is the beginning of an id.
var wholeCode, beginningOfID = regexp.MustCompile(`^[0-9]{7}[A-Z]$`), regexp.MustCompile(`^[0-9]{7}[a-f]$`)

// misreadCode says what is wrong with a UAI that was typed; empty for what is none, or right.
func misreadCode(typed string) string {
	if !wholeCode.MatchString(okey.Compact(typed)) || beginningOfID.MatchString(typed) {
		return ""
	}
	_, err := okey.ParseUAI(typed)
	if err == nil {
		return ""
	}
	return okey.ErrorMessage(err)
}

func auditFilters(v *web.Visit, f sql.AuditFilter, events []string, wrong []web.FormError) *web.Form {
	filters, chosen := web.ListForm(web.PathAudit), ""
	if len(f.Events) > 0 {
		chosen = f.Events[0]
	}
	filters.Add("quoi", chosen, web.Field{Label: "Quoi", Empty: "Tout", Choices: auditChoices(events)})
	filters.Add("qui", web.PlainQuery(v, "qui"), web.Field{Label: "Qui", Hint: "Un nom, un identifiant ou une adresse ; « OKEY » pour ce qu'il fait de lui-même."})
	filters.Add("objet", web.PlainQuery(v, "objet"), web.Field{Label: "À propos de", Hint: "Un numéro de série, un code UAI, « commande 1 », le numéro d'une demande ou l'empreinte d'une charte."})
	filters.Add("du", v.Query("du"), web.Field{Label: "Du"})
	filters.Add("au", v.Query("au"), web.Field{Label: "Au"})
	for _, w := range wrong {
		filters.Note(w.Field, strings.TrimSpace(w.Message+" "+w.Meanwhile))
	}
	return filters
}

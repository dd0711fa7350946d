package desk

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// auditChoice is what the address of the audit asks for.
type auditChoice struct {
	filter sql.AuditFilter
	events []string        // to choose from
	wrong  []web.FormError // what of it can't be read: it filters nothing
}

// auditChoiceOf reads the address, for whoever sees the desk.
func (s *Pages) auditChoiceOf(v *web.Visit) (c auditChoice, err error) {
	if err = seesDesk(v); err != nil {
		return c, err
	}
	if c.events, err = s.store.AuditEvents(v.Ctx()); err != nil {
		return c, err
	}
	who := web.PlainQuery(v, "qui")
	if c.filter.Nobody = nobodyNames[strings.ToLower(strings.ReplaceAll(who, "\u2019", "'"))]; c.filter.Nobody == "" {
		c.filter.Actor = strings.TrimSpace(web.NameTyped(who))
	}
	switch event := web.PlainQuery(v, "quoi"); {
	case event == "":
	case story.SayAudit(event) == web.SayAction(""):
		c.doubt("quoi", "Ce choix n'existe pas : prenez-en un de la liste.", "En attendant, tout est montré.")
	default:
		c.filter.Events = readAlike(c.events, event)
	}
	if typed := web.PlainQuery(v, "objet"); typed != "" {
		var wrong string
		if c.filter.Subject, wrong, err = s.auditSubjectTyped(v, typed); err != nil {
			return c, err
		}
		if wrong != "" {
			c.doubt("objet", wrong, "")
		}
	}
	c.readDays(v)
	return c, nil
}

func (c *auditChoice) doubt(field, message, meanwhile string) {
	c.wrong = append(c.wrong, web.FormError{Field: field, Message: message, Meanwhile: meanwhile})
}

func (c *auditChoice) readDays(v *web.Visit) {
	zone := web.Paris(v).Zone
	if d, ok := c.dayTyped(v, "du", "Du"); ok {
		c.filter.From = d.In(zone)
	}
	if d, ok := c.dayTyped(v, "au", "Au"); ok {
		c.filter.Before = d.AddDays(1).In(zone)
	}
	if !c.filter.From.IsZero() && !c.filter.Before.IsZero() && !c.filter.From.Before(c.filter.Before) {
		c.doubt("au", "Cette date vient avant celle du début : rien ne peut s'y trouver.", "")
	}
}

// dayTyped is the day in a field; none where it is empty or can't be read.
func (c *auditChoice) dayTyped(v *web.Visit, field, label string) (okey.Day, bool) {
	typed := strings.TrimSpace(v.Query(field))
	d, err := okey.ParseDay(typed)
	if typed != "" && err != nil {
		c.doubt(field, label+" : écrivez une date comme 31/12/2027.", "En attendant, toutes les dates sont montrées.")
	}
	return d, err == nil
}

// nobodyNames are what the table says of what no person did, and through what.
var nobodyNames = map[string]sql.Nobody{
	"okey": sql.Itself, "commande de l'exploitant": sql.Operator, "moteur": sql.Engine, "personne effacée": sql.Erased,
}

var shownID = regexp.MustCompile(`^[0-9a-f]{8}$`)

// auditSubjectTyped reads what the table shows, too: "Clef DEMO000301", "Demande 4403ede3", "cffd17f9a5c4…". What is wrong with it is a
// sentence for whoever typed it, and empty where nothing is.
func (s *Pages) auditSubjectTyped(v *web.Visit, typed string) (subject, wrong string, err error) {
	if number, ok := web.OrderTyped(typed); ok {
		o, known, err := s.store.FindOrder(v.Ctx(), number)
		if err == nil && !known {
			wrong = fmt.Sprintf("Aucune commande n'a le numéro %d.", number)
		}
		return o.ID.String(), wrong, err
	}
	for file, name := range story.ImportNames {
		if strings.EqualFold(typed, "import "+name) {
			return file, "", nil
		}
	}
	typed = strings.TrimSuffix(withoutKind(typed), "…")
	if id, err := uuid.Parse(typed); err == nil {
		return id.String(), "", nil
	}
	if uai, err := okey.ParseUAI(typed); err == nil {
		return string(uai), "", nil
	}
	if shownID.MatchString(typed) { // the beginning of an id, as the table shows it
		return typed, "", nil
	}
	people, err := s.store.FindPeople(v.Ctx(), web.NameTyped(typed), "", v.Today(), 2)
	if err != nil {
		return "", "", err
	}
	if len(people) == 1 && !strings.ContainsAny(typed, "0123456789") {
		return people[0].ID.String(), "", nil
	}
	if len(people) == 0 && !strings.ContainsAny(typed, "0123456789") {
		uai, several, err := s.PlacesMeant(v.Ctx(), typed)
		if uai == "" && err == nil && len(several) > 0 {
			_, _, err = s.School(v.Ctx(), "objet", typed)
			return "", okey.ErrorMessage(err), nil
		}
		if uai != "" || err != nil && okey.ErrorCode(err) != okey.CodeInvalid {
			return string(uai), "", err
		}
	}
	if serial, err := okey.ParseSerial(typed); err == nil {
		return string(serial), "", nil
	}
	return typed, "", nil
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

func auditFilters(v *web.Visit, chosen auditChoice) *web.Form {
	filters, event := web.ListForm(address.PathAudit), ""
	if len(chosen.filter.Events) > 0 {
		event = chosen.filter.Events[0]
	}
	add := func(name, value string, how web.Field) {
		filters.Add(name, value, how)
		for _, w := range chosen.wrong { // here, to be told in the order of the fields
			if w.Field == name {
				filters.Note(name, strings.TrimSpace(w.Message+" "+w.Meanwhile))
			}
		}
	}
	add("quoi", event, web.Field{Label: "Quoi", Empty: "Tout", Choices: auditChoices(chosen.events)})
	add("qui", web.PlainQuery(v, "qui"), web.Field{Label: "Qui", Hint: "Un nom, ou « OKEY »."}) // the page's foot says the rest
	add("objet", web.PlainQuery(v, "objet"), web.Field{Label: "À propos de", Hint: "Clef, lieu, « commande 1 »…"})
	add("du", v.Query("du"), web.Field{Label: "Du"})
	add("au", v.Query("au"), web.Field{Label: "Au"})
	return filters
}

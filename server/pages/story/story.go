package story

import (
	"cmp"
	"context"
	"slices"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// DeskLine is an action as support reads it.
type DeskLine struct {
	When, What, Who, Via, Outcome string
	About, Path                   string // what it is about, as files name it, and its page
	At                            time.Time
	stamp                         web.Cell
}

// Cells are its entries in a table.
func (l DeskLine) Cells() []web.Cell {
	return []web.Cell{l.stamp, {Text: l.What, Path: l.Path}, {Text: l.Who, Whole: true}, {Text: l.Via}, {Text: l.Outcome}}
}

// DeskLines are the rows of a table of actions.
func DeskLines(actions []sql.DeskAction, c web.Clock) []DeskLine {
	lines := make([]DeskLine, len(actions))
	for i, a := range actions {
		lines[i] = newDeskLine(a, c)
	}
	return lines
}

func newDeskLine(a sql.DeskAction, c web.Clock) DeskLine {
	line := DeskLine{
		When: okey.Capitalize(c.Time(a.CreatedAt)), What: okey.Capitalize(web.SayAction(a.Name)), Who: cmp.Or(a.By, "OKEY"),
		Via: web.ViaNames[a.Via], At: a.CreatedAt, stamp: c.Stamp(a.CreatedAt),
	}
	switch a.Outcome {
	case "":
		line.Outcome = "sans suite pour l'instant"
	case "refused":
		line.Outcome = "sans effet : " + web.SayRefusal(a.Reason)
	default: // not "acceptée": that is what becomes of a request; and no word that would have to agree with what was done
		line.Outcome = "c'est fait"
	}
	switch {
	case a.Request != uuid.Nil:
		line.About, line.Path = a.Request.String(), address.RequestURL(a.Request)
	case a.Key != "":
		line.About, line.Path = string(a.Key), address.KeyURL(a.Key)
	case a.Order != uuid.Nil:
		line.About, line.Path = a.Order.String(), address.PathOrders+"/"+a.Order.String()
	case a.Delivery != uuid.Nil:
		line.About, line.Path = a.Delivery.String(), address.PathDeliveries+"/"+a.Delivery.String()
	case a.Person != uuid.Nil: // what never came to be has no page: whoever wanted it has
		line.About, line.Path = line.Who, address.PersonURL(a.Person)
	}
	return line
}

// Chapter is one line of everything that happened: a step, what somebody wanted and what became of it, a mail and its state.
type Chapter struct {
	Kind, When, What, Comment string
	Path, Name, Unseen        string // where more of it is, and what tells its link apart for who does not see the line
	At                        time.Time
}

// WithoutStep leaves out of actions, which it changes, those that were taken and that a step tells: who, when and how; and the key that
// OKEY looked for by itself: support's looking is support's.
func WithoutStep(actions []sql.DeskAction, byStep func(okey.ActionKind) bool) []sql.DeskAction {
	return slices.DeleteFunc(actions, func(a sql.DeskAction) bool {
		found := a.Name == okey.ActionOf(okey.StockAvailable) && a.Via == okey.ViaEngine
		return a.Outcome == "accepted" && (found || byStep(a.Name.Kind()))
	})
}

// WholeStory puts everything that happened into the order of time.
func (s *Pages) WholeStory(ctx context.Context, steps []Chapter, actions []sql.DeskAction, mails []sql.Mail, c web.Clock) []Chapter {
	story := steps
	var own []string
	for _, a := range actions {
		if id := okey.OwnWorkflowID(a.Name, a.ID); id != "" {
			own = append(own, id)
		}
	}
	links := s.act.WorkflowLinks(ctx, own)
	for i, line := range DeskLines(actions, c) {
		one := Chapter{Kind: "Action", When: line.When, At: line.At}
		one.What = line.What + ", " + line.Outcome + " (" + line.Who + ", " + line.Via + ")"
		if one.Path = links[okey.OwnWorkflowID(actions[i].Name, actions[i].ID)]; one.Path != "" {
			one.Name = "Son suivi dans le moteur"
		}
		story = append(story, one)
	}
	for _, line := range MailLines(mails, c) {
		what := "« " + line.What + " » à " + line.To + " : " + line.State
		if line.Why != "" {
			what += ", " + line.Why
		}
		story = append(story, Chapter{
			Kind: "Courriel", When: line.When, What: what, Path: line.Path, Name: "Voir ce courriel", At: line.At,
			Unseen: "« " + line.What + " » à " + line.To,
		})
	}
	slices.SortStableFunc(story, func(a, b Chapter) int { return a.At.Compare(b.At) })
	return story
}

// SubjectSide is what support and auditors see on the page of a thing whose actions each have a workflow of their own: a delivery, an
// inventory, a departure. Nil for everybody else, and while nothing happened.
func (s *Pages) SubjectSide(v *web.Visit, subject uuid.UUID, c web.Clock) (*DeskSide, error) {
	if !v.Desk() {
		return nil, nil
	}
	actions, err := s.store.ActionsOnSubject(v.Ctx(), subject)
	if err != nil {
		return nil, err
	}
	mails, err := s.store.MailsOfSubject(v.Ctx(), subject)
	if err != nil || len(actions)+len(mails) == 0 {
		return nil, err
	}
	return &DeskSide{Story: s.WholeStory(v.Ctx(), nil, actions, mails, c)}, nil
}

// Deed is something that support may do about what a page shows: what it is, and when to use it.
type Deed struct{ Name, Path, What string }

// DeskSide is what support and auditors see of a thing besides.
type DeskSide struct {
	Workflow string // its id
	Link     string // to the Temporal UI
	Deeds    []Deed // none for auditors
	Story    []Chapter
	Sheet    string
}

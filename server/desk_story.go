package server

import (
	"fmt"
	"slices"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// deskLine is an action as support reads it.
type deskLine struct {
	When, What, Who, Via, Outcome string
	About, Path                   string // what it is about, as files name it, and its page
	At                            time.Time
}

// cells are its entries in a table.
func (l deskLine) Cells() []cell {
	return []cell{{Text: l.When}, {Text: l.What, Path: l.Path}, {Text: l.Who}, {Text: l.Via}, {Text: l.Outcome}}
}

func deskLines(actions []sql.DeskAction, c clock) []deskLine {
	lines := make([]deskLine, len(actions))
	for i, a := range actions {
		line := deskLine{When: okey.Capitalize(c.time(a.CreatedAt)), What: okey.Capitalize(sayAction(a.Name)), Who: a.By, Via: viaNames[a.Via], At: a.CreatedAt}
		if line.Who == "" {
			line.Who = "OKEY"
		}
		switch a.Outcome {
		case "":
			line.Outcome = "sans suite pour l'instant"
		case "refused":
			line.Outcome = "sans effet : " + sayRefusal(a.Reason)
		default: // not "acceptée": that is what becomes of a request; and no word that would have to agree with what was done
			line.Outcome = "c'est fait"
		}
		switch {
		case a.Request != uuid.Nil:
			line.About, line.Path = a.Request.String(), requestURL(a.Request)
		case a.Key != "":
			line.About, line.Path = string(a.Key), keyURL(a.Key)
		case a.Order != uuid.Nil:
			line.About, line.Path = a.Order.String(), pathOrders+"/"+a.Order.String()
		case a.Delivery != uuid.Nil:
			line.About, line.Path = a.Delivery.String(), pathDeliveries+"/"+a.Delivery.String()
		case a.Person != uuid.Nil: // what never came to be has no page: whoever wanted it has
			line.About, line.Path = line.Who, personURL(a.Person)
		}
		lines[i] = line
	}
	return lines
}

// chapter is one line of everything that happened: a step, what somebody wanted and what became of it, a mail and its state.
type chapter struct {
	Kind, When, What, Comment string
	Path, Name                string // where more of it is
	at                        time.Time
}

// toldByTheirStep are the actions on a request whose step says who, when and how, once they are taken: told beside it, everything would be told twice.
var toldByTheirStep = []okey.ActionName{
	okey.ActionAsk, okey.ActionOf(okey.PrincipalDecision), okey.ActionOf(okey.CharterAndPIN), okey.ActionOf(okey.Handover), okey.ActionOf(okey.Withdrawal), okey.ActionExpire,
	okey.ActionOf(okey.KeyUnavailable),
}

// withoutStep leaves out actions that were taken, and that a step tells.
func withoutStep(actions []sql.DeskAction, names []okey.ActionName) []sql.DeskAction {
	return slices.DeleteFunc(actions, func(a sql.DeskAction) bool {
		found := a.Name == okey.ActionOf(okey.StockAvailable) && a.Via == okey.ViaEngine // a key that OKEY looked for by itself: support's looking is support's
		return a.Outcome == "accepted" && (found || slices.Contains(names, a.Name))
	})
}

// wholeStory puts everything that happened into the order of time.
func (s *Server) wholeStory(steps []chapter, actions []sql.DeskAction, mails []sql.Mail, c clock) []chapter {
	story := steps
	for i, line := range deskLines(actions, c) {
		one := chapter{Kind: "Action", When: line.When, What: line.What + ", " + line.Outcome + " (" + line.Who + ", " + line.Via + ")", at: line.At}
		if id := ownWorkflow(actions[i]); id != "" {
			if one.Path = s.workflowLink(&workflowView{ID: id}); one.Path != "" {
				one.Name = "Son suivi dans le moteur"
			}
		}
		story = append(story, one)
	}
	for _, line := range mailLines(mails, c) {
		what := "« " + line.What + " » à " + line.To + " : " + line.State
		if line.Why != "" {
			what += ", " + line.Why
		}
		story = append(story, chapter{Kind: "Courriel", When: line.When, What: what, Path: line.Path, Name: "Voir ce courriel", at: line.At})
	}
	slices.SortStableFunc(story, func(a, b chapter) int { return a.at.Compare(b.at) })
	return story
}

// subjectSide is what support and auditors see on the page of a thing whose actions each have a workflow of their own: a delivery, an inventory, a
// departure. Nil for everybody else, and while nothing happened.
func (s *Server) subjectSide(v *visit, subject uuid.UUID, c clock) (*deskSide, error) {
	if !v.desk() {
		return nil, nil
	}
	actions, err := s.store.ActionsOnSubject(v.ctx(), subject)
	if err != nil {
		return nil, err
	}
	mails, err := s.store.MailsOfSubject(v.ctx(), subject)
	if err != nil || len(actions)+len(mails) == 0 {
		return nil, err
	}
	return &deskSide{Story: s.wholeStory(nil, actions, mails, c)}, nil
}

// ownWorkflow is the workflow that carries an action alone; empty for those that their request or order takes.
func ownWorkflow(a sql.DeskAction) string {
	switch {
	case a.Name == okey.ActionKeyChange:
		return okey.KeyChangeWorkflowID(a.ID)
	case slices.Contains(okey.OrderActions(), a.Name), okey.StockWorkflow(a.Name) == "":
		return ""
	}
	return okey.StockWorkflowID(a.Name, a.ID)
}

// ofPerson and ofSchool name whom and where a page is about; support and auditors go on to their pages from there.
func (v *visit) ofPerson(name string, p okey.Person) fact {
	f := fact{Name: name, Value: p.Name()}
	if v.desk() {
		f.Path = personURL(p.ID)
	}
	return f
}

func (v *visit) ofSchool(place sql.Place) fact {
	f := fact{Name: "Établissement", Value: fmt.Sprintf("%s (%s)", place.Name, place.UAI)}
	if v.desk() {
		f.Path = schoolURL(place.UAI)
	}
	return f
}

// deed is something that support may do about what a page shows: what it is, and when to use it.
type deed struct{ Name, Path, What string }

// deskSide is what support and auditors see of a thing besides.
type deskSide struct {
	Workflow string // its id
	Link     string // to the Temporal UI
	Deeds    []deed // none for auditors
	Story    []chapter
	Sheet    string
}

package people

import (
	"context"
	"net/http"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/respond"
	"okey/server/web"

	"github.com/google/uuid"
)

// What is arranged between people: delegations, which approvers give, and attachments and hosts, which are support's.
// Their pages have a form, what holds with the button that ends it, and what has ended. Each says what it is in words
// of its own.

// arrangementRows is how many lines support's lists have at most: what has ended is shown for a year.
const arrangementRows = 1000

// arrangementPage is what tells one of support's pages from the other.
type arrangementPage struct {
	path, template, title string
	form                  func(*web.Visit) *web.Form                                          // as it is first shown
	done                  func(*Pages, context.Context, uuid.UUID) (notice string, err error) // says what was just given or ended
}

// arrangementScreen is either of support's pages.
type arrangementScreen struct {
	Form       *web.Form // none for auditors
	Live, Past []arrangementLine
	Proposed   []web.Row
	Sheet      string
}

// arrangementLine is a row of a table: the last of its texts says where the arrangement stands, and has the button that ends it.
type arrangementLine struct {
	id    uuid.UUID
	over  bool
	texts []string
	does  string // what the button does, for whoever hears it without the row
	end   *web.Form
}

// Cells are its texts.
func (l arrangementLine) Cells() []web.Cell {
	cells := make([]web.Cell, len(l.texts))
	for i, text := range l.texts {
		cells[i].Text = text
	}
	last := &cells[len(cells)-1]
	last.Form, last.Does = l.end, l.does
	return cells
}

// part tells what holds, with its button for whoever may end it, from what is over.
func part(v *web.Visit, lines []arrangementLine, path string, may bool) (live, past []arrangementLine) {
	for _, line := range lines {
		if line.over {
			past = append(past, line)
			continue
		}
		if may {
			line.end = web.NewForm(v, "fin", path+"/"+line.id.String()+"/fin", "Mettre fin", nil)
		}
		live = append(live, line)
	}
	return live, past
}

// arranged are the arrangements of support that hold, and those that ended within a year; for support and auditors.
func arranged[A any](v *web.Visit, list func(context.Context, time.Time, int) ([]A, error)) ([]A, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return nil, err
	}
	return list(v.Ctx(), v.Now.AddDate(-1, 0, 0), arrangementRows)
}

// showArrangements makes a page of support's; sent is a form that came back with something to correct.
func (s *Pages) showArrangements(
	v *web.Visit, page arrangementPage, lines []arrangementLine, sent *web.Form, proposed ...web.Row,
) error {
	status, notice, may := http.StatusOK, "", web.MayArrange(v) == nil
	screen := arrangementScreen{Form: sent, Sheet: page.path + ".xlsx", Proposed: proposed}
	screen.Live, screen.Past = part(v, lines, page.path, may)
	switch {
	case sent != nil:
		status = http.StatusUnprocessableEntity
	case may:
		id, _ := uuid.Parse(v.Query("fait"))
		var err error
		if notice, err = page.done(s, v.Ctx(), id); err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
			return err
		}
		screen.Form = page.form(v)
		if err := s.OfferSchools(v, screen.Form, "establishment", "host"); err != nil {
			return err
		}
		if s.Restore(v, screen.Form) {
			notice = web.RestoredNotice
		}
	}
	return s.Show(v, status, page.template, web.Screen{Title: page.title, Notice: notice, Body: screen})
}

// arrange gives what a form asks for and has those concerned told, or shows the form again with what is wrong.
func (s *Pages) arrange(
	v *web.Visit, f *web.Form, path string, give func() (okey.Action, error), show func(v *web.Visit, sent *web.Form) error,
) error {
	if len(f.Errors) > 0 {
		return show(v, f)
	}
	told, err := give()
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return show(v, f)
	}
	s.act.Tell(v.Ctx(), told)
	v.Redirect(http.StatusSeeOther, address.DoneURL(path, told.Subject))
	return nil
}

// ending is how the store ends an arrangement: told is the action that has those concerned told.
type ending func(ctx context.Context, id uuid.UUID, by okey.PersonID, at time.Time) (told okey.Action, err error)

// endArrangement takes the button of whoever may end the arrangement.
func (s *Pages) endArrangement(v *web.Visit, id uuid.UUID, end ending, next string) error {
	if err := s.Read(v, web.NewForm(v, "fin", "", "", nil)); err != nil {
		return err
	}
	told, err := end(v.Ctx(), id, v.Actor.ID, v.Now.UTC())
	if err != nil {
		return err
	}
	s.act.Tell(v.Ctx(), told)
	v.Redirect(http.StatusSeeOther, next)
	return nil
}

// endArranged takes the button that ends an attachment or a hosting.
func (s *Pages) endArranged(v *web.Visit, path string, end ending) error {
	if err := web.MayArrange(v); err != nil {
		return err
	}
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	return s.endArrangement(v, id, end, address.DoneURL(path, id))
}

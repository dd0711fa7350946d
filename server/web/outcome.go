package web

import (
	"log/slog"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"

	"github.com/google/uuid"
)

// Again shows the page of a form once more, with the status and what did not happen; the form itself says what is wrong with it.
type Again func(status int, warning string) error

// Send takes a form's command the one way through, and answers as Answer does. What is wrong with what was typed is said in the form.
func (s *Site) Send(v *Visit, f *Form, cmd act.Command, page string, again Again) error {
	done, err := s.act.Do(v.Ctx(), v.Actor, cmd)
	if err != nil {
		return f.Amend(err, again)
	}
	return s.Answer(v, f, done, page, again)
}

// Amend shows a form again with the errors of what was typed; other errors come back.
func (f *Form) Amend(err error, again Again) error {
	if err := f.Refuse(err); err != nil {
		return err
	}
	return again(http.StatusUnprocessableEntity, "")
}

// Answer says what became of an action: where to look next, that it is recorded, or why nothing has changed.
func (s *Site) Answer(v *Visit, f *Form, done act.Outcome, page string, again Again) error {
	switch {
	case done.Recorded():
		return s.showRecorded(v, address.FollowURL(done.Action.ID))
	case done.Accepted():
		v.Redirect(http.StatusSeeOther, address.DoneURL(page, done.Action.ID))
		return nil
	}
	status, refused := s.act.Explain(v.Ctx(), done)
	if status >= http.StatusInternalServerError { // what became of it can't be told now; that it is recorded can
		slog.ErrorContext(v.Ctx(), "an outcome could not be explained", "action", done.Action.ID, "error", refused)
		return s.showRecorded(v, address.FollowURL(done.Action.ID))
	}
	if f.refused(refused) {
		return again(status, "") // the form says it, beside the field
	}
	return again(status, refused.Message)
}

// refused notes what the judges said, and answers whether the form shows it. That action is spent: sent again, corrected, the form is
// another one.
func (f *Form) refused(e *okey.Error) bool {
	_, asked := f.Fields[e.Field]
	if asked {
		f.Note(e.Field, e.Message)
	}
	f.Action = uuid.New()
	return asked
}

// showRecorded is for an action that nobody has judged in time: nothing is lost.
func (s *Site) showRecorded(v *Visit, follow string) error {
	v.Header("Location", follow)
	return s.Show(v, http.StatusAccepted, "recorded", Screen{Title: "C'est enregistré", Body: follow})
}

// followPage tells what has become of the visitor's own action.
func (s *Site) followPage(v *Visit) error {
	a, err := s.ownAction(v)
	if err != nil {
		return err
	}
	page := donePage(a)
	switch {
	case a.Verdict == nil:
		return s.showRecorded(v, address.FollowURL(a.ID))
	case a.Verdict.Accepted:
		v.Redirect(http.StatusSeeOther, address.DoneURL(page, a.ID))
		return nil
	}
	status, refused := s.act.Explain(v.Ctx(), act.Outcome{Action: a})
	if status >= http.StatusInternalServerError {
		return refused
	}
	return s.Show(v, status, "refused", Screen{Title: "Rien n'a changé", Warning: refused.Message, Body: page})
}

// ownAction is the action that the address names; other people's are not found.
func (s *Site) ownAction(v *Visit) (okey.Action, error) {
	id, err := uuid.Parse(v.Param("action"))
	if err != nil {
		return okey.Action{}, NoSuchPage()
	}
	a, err := s.store.Action(v.Ctx(), id)
	if err == nil && a.By != v.Actor.ID {
		return okey.Action{}, NoSuchPage()
	}
	return a, err
}

// donePage is the page on which an action shows what it has done: that of its thing, but for those whose sender sees another one.
func donePage(a okey.Action) string {
	switch {
	case a.Name == okey.ActionAsk && a.Verdict != nil && !a.Verdict.Accepted:
		return address.PathAsk
	case a.Name == okey.ActionArrival:
		return address.PathArrival + "/" + a.Subject.String()
	case a.Name == okey.ActionPINChange:
		return address.PathPIN
	}
	at, known := donePages[a.Name.Kind().About]
	if !known {
		return "/"
	}
	return at(a)
}

// donePages are where an action about a thing shows what it has done.
var donePages = map[okey.Thing]func(okey.Action) string{
	okey.ThingRequest:   func(a okey.Action) string { return address.RequestURL(a.Request) },
	okey.ThingKey:       func(a okey.Action) string { return address.KeyURL(a.Key) },
	okey.ThingOrder:     subjectBelow(address.PathOrders),
	okey.ThingExport:    func(okey.Action) string { return address.PathOrders },
	okey.ThingDelivery:  subjectBelow(address.PathDeliveries),
	okey.ThingInventory: subjectBelow(address.PathInventory),
	okey.ThingReport:    func(okey.Action) string { return address.PathReports },
	okey.ThingMove:      func(okey.Action) string { return address.PathMoveKeys },
	okey.ThingDeparture: func(a okey.Action) string { return address.MoveURL(a.Subject) },
	okey.ThingSuccession: func(a okey.Action) string {
		if a.Verdict == nil || !a.Verdict.Accepted {
			return address.PathSuccession
		}
		return address.PathSuccession + "/" + a.Subject.String()
	},
	okey.ThingMail:  subjectBelow(address.PathMails),
	okey.ThingMails: func(okey.Action) string { return address.PathDesk },

	okey.ThingReceiver: subjectBelow(address.PathReceivers),
}

// subjectBelow is the page of an action's subject below path.
func subjectBelow(path string) func(okey.Action) string {
	return func(a okey.Action) string { return path + "/" + a.Subject.String() }
}

// JustDone is the visitor's own accepted action that the address names, after a form.
func (s *Site) JustDone(v *Visit) (okey.Action, bool, error) {
	id, _ := uuid.Parse(v.Query("fait"))
	if id == uuid.Nil {
		return okey.Action{}, false, nil
	}
	a, err := s.store.Action(v.Ctx(), id)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return a, false, nil
	}
	return a, err == nil && a.By == v.Actor.ID && a.Verdict != nil && a.Verdict.Accepted, err
}

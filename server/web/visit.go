package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// OfPerson names whom a page is about; support and auditors go on to the person's page from there.
func (v *Visit) OfPerson(name string, p okey.Person) Fact {
	f := Fact{Name: name, Value: p.Name()}
	if v.Desk() {
		f.Path = address.PersonURL(p.ID)
	}
	return f
}

// OfSchool names where a page is about, in the same way.
func (v *Visit) OfSchool(place sql.Place) Fact {
	f := Fact{Name: "Établissement", Value: okey.SayPlace(place.Name, place.UAI)}
	if v.Desk() {
		f.Path = address.SchoolURL(place.UAI)
	}
	return f
}

// SchoolCell names a school in a list. For who sees all of them it leads there: several have one name.
func (v *Visit) SchoolCell(name string, uai okey.UAI) Cell {
	cell := Cell{Text: name, Clip: true}
	if v.Desk() {
		cell.Path, cell.Unseen = address.SchoolURL(uai), " ("+string(uai)+")"
	}
	return cell
}

// Visit is one person's look at one page. Actor is empty where nobody has signed in.
type Visit struct {
	*gin.Context
	Actor okey.Actor
	Now   time.Time

	Restored *Form // what the page gives back of an earlier sending

	unread error    // why the establishment of the address is none
	meant  []Choice // and which ones it may be
}

// Ctx is the request's context.
func (v *Visit) Ctx() context.Context { return v.Request.Context() }

// SignedIn tells whether the visitor has signed in.
func (v *Visit) SignedIn() bool { return v.Actor.ID != okey.PersonID{} }

// Desk tells whether the visitor is of support, or audits: both see everything, auditors change nothing.
func (v *Visit) Desk() bool { return v.Actor.Support || v.Actor.Auditor }

// Today is the day in Paris; TodayAt is that of an establishment.
func (v *Visit) Today() okey.Day { return okey.DayOf(v.Now, okey.ZoneOf("")) }

// Answers tells whether the visitor answers for an establishment today, as its head or for its head.
func (v *Visit) Answers() bool { return len(v.Actor.Answers(v.Today())) > 0 }

// Oversees tells whether the visitor sees more than what is their own: an establishment's, or everybody's.
func (v *Visit) Oversees() bool { return v.Desk() || v.Answers() }

// page lets people through who have signed in; what fails becomes a page too. A form that was sent after the session had ended is kept
// until its writer has signed in again.
func (s *Site) page(show func(*Visit) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		v := NewVisit(c)
		if c.Request.Method == http.MethodPost && s.session.Person(v.Ctx()) == (okey.PersonID{}) {
			s.keepDraft(v)
			return
		}
		if s.requireSignIn(c); c.IsAborted() {
			return
		}
		v.Actor = s.actor(c)
		err := s.readSchool(v)
		if err == nil && !v.IsAborted() {
			err = show(v)
		}
		if err != nil {
			s.FailVisit(v, err)
		}
	}
}

// openPage lets everybody through; whoever has signed in is still greeted by name.
func (s *Site) openPage(show func(*Visit) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		v, err := s.greet(c)
		if err == nil {
			err = show(v)
		}
		if err != nil {
			s.FailVisit(v, err)
		}
	}
}

// NewVisit is a visit of nobody yet.
func NewVisit(c *gin.Context) *Visit { return &Visit{Context: c, Now: time.Now()} }

// greet is a visit that needs no sign-in, with its actor where there is one.
func (s *Site) greet(c *gin.Context) (*Visit, error) {
	v := NewVisit(c)
	id := s.session.Person(v.Ctx())
	if id == (okey.PersonID{}) {
		return v, nil
	}
	actor, err := s.store.Actor(v.Ctx(), id)
	if okey.ErrorCode(err) == okey.CodeNotFound || err == nil && s.session.ended(v.Ctx(), actor) {
		return v, nil
	}
	v.Actor = actor
	return v, err
}

// MayImport is for support: the errors are those of okey.May.
func (v *Visit) MayImport() error {
	return okey.May(okey.ActImport, v.Actor, okey.Subject{}, v.Today())
}

const actorKey = "okey.actor"

// requireSignIn lets signed-in people through, and leads the others to sign in and back. The actor is loaded anew for each page: roles end
// without notice.
func (s *Site) requireSignIn(c *gin.Context) {
	ctx := c.Request.Context()
	id := s.session.Person(ctx)
	if id == (okey.PersonID{}) {
		s.leadToSignIn(c)
		return
	}
	actor, err := s.store.Actor(ctx, id)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound, err == nil && s.session.ended(ctx, actor):
		if err := s.session.Destroy(ctx); err != nil {
			s.FailPage(c, err)
			return
		}
		if c.Request.Method == http.MethodPost { // of a session that was ended elsewhere: what was typed is kept as it is after idling
			s.keepDraft(NewVisit(c))
			return
		}
		s.leadToSignIn(c)
	case err != nil:
		s.FailPage(c, err)
	default:
		c.Set(actorKey, actor)
	}
}

// leadToSignIn comes back to the same page, without the query of a form that was sent.
func (s *Site) leadToSignIn(c *gin.Context) {
	back := c.Request.URL.Path
	if c.Request.Method == http.MethodGet && c.Request.URL.RawQuery != "" {
		back += "?" + c.Request.URL.RawQuery
	}
	c.Redirect(http.StatusSeeOther, address.PathSignIn+"?vers="+url.QueryEscape(back))
	c.Abort()
}

// actor is who is signed in, on pages behind requireSignIn.
func (s *Site) actor(c *gin.Context) okey.Actor {
	actor, signedIn := c.MustGet(actorKey).(okey.Actor)
	if !signedIn {
		panic(errors.New("actor asked for on a page that does not require sign-in"))
	}
	return actor
}

package decisions

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/keys"
	"okey/server/pages/requests"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// deadLink is what an unknown, an expired and a foreign token are all answered with: nothing tells them apart.
var deadLink = okey.Errorf(okey.CodeNotFound,
	"Ce lien n'est pas valable, ou ne l'est plus. Un courriel plus récent en contient peut-être un autre. "+
		"Vous pouvez aussi vous connecter : tout ce qui vous attend est dans OKEY.")

// linkScreen is the page of an emailed link.
type linkScreen struct {
	As       string // whom the link was made for
	Standing string
	Facts    []web.Fact
	Form     *web.Form
	Settled  string // what was decided, by whom, when
	Comment  string
	Wrote    string // what came too late to be sent, so that it can be copied
	Follow   string
	Home     string // once it is answered, where the other requests wait
}

// errSignInFirst is answered where the academy wants it: who follows a link must show who they are.
var errSignInFirst = okey.Errorf(okey.CodeUnauthorized,
	"Votre académie demande de se connecter avant de répondre : vous retrouverez ensuite la demande.")

// ownByLink is what whoever opens, signed in, a link about their own request that somebody else was mailed is answered.
type ownByLink struct{ opener okey.Actor }

func (ownByLink) Error() string { return "a link about one's own request" }

// othersLink is what whoever has signed in is answered to a link that somebody else was mailed: what they do is done in their own
// name, or not here.
type othersLink struct {
	opener okey.Actor
	owner  okey.Actor
}

func (othersLink) Error() string { return "a link of somebody else than who has signed in" }

// linkVisit is a visit as the person that the link was made for, with the request that it is about. The error is deadLink,
// rate_limited where too many guessed ones came from there, or, with the request, errSignInFirst, an ownByLink or an othersLink.
func (s *Pages) linkVisit(v *web.Visit) (requests.Dossier, error) {
	opener := v.Actor
	v.Actor = okey.Actor{}
	v.Header("Referrer-Policy", "no-referrer")
	link, err := s.mailedLink(v)
	if okey.ErrorCode(err) == okey.CodeNotFound { // a right one answers, whatever its address did before: many may be behind one
		if err := s.mayTry(v, okey.AttemptLink); err != nil {
			return requests.Dossier{}, err
		}
		return requests.Dossier{}, s.wrongTry(v, okey.AttemptLink, deadLink)
	}
	if err != nil {
		return requests.Dossier{}, err
	}
	as, d, err := s.followLink(v, link)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return requests.Dossier{}, deadLink
	case err != nil || opener.ID == as.ID:
	case opener.ID == okey.PersonID{}:
		if s.signInFirst {
			err = errSignInFirst
		}
	case s.signInFirst:
		return requests.Dossier{}, deadLink
	case opener.ID == d.Person: // a forwarded mail
		err = ownByLink{opener}
	default:
		err = othersLink{opener: opener, owner: as}
	}
	if err == nil {
		v.Actor = as
	}
	return d, err
}

// mailedLink finds the link that a token stands for, whether it still leads anywhere or not: not_found for a token that no mail has
// carried. Such a one was guessed; whoever opens an old mail has guessed nothing.
func (s *Pages) mailedLink(v *web.Visit) (sql.EmailedLink, error) {
	token, err := okey.ParseLinkToken(v.Param("token"))
	if err != nil {
		return sql.EmailedLink{}, err
	}
	link, err := s.store.Link(v.Ctx(), token.Hash())
	if err == nil && !token.Signs(link.Link, s.linkKeys) {
		link.Replaced = true // its key has been withdrawn
	}
	return link, err
}

// followLink finds whom a link was made for, and its request. The link dies with its time, with a later issue, with the person's
// role (for good, though the role may come back) and, but for reading what was decided, with the stage: not_found.
func (s *Pages) followLink(v *web.Visit, link sql.EmailedLink) (okey.Actor, requests.Dossier, error) {
	if link.Replaced || link.Purpose != okey.LinkDecision || !v.Now.Before(link.ExpiresAt) {
		return okey.Actor{}, requests.Dossier{}, deadLink
	}
	as := anonymous(v)
	var err error
	if as.Actor, err = s.store.Actor(v.Ctx(), link.Person); err != nil {
		return okey.Actor{}, requests.Dossier{}, err
	}
	d, err := s.requests.Dossier(as, link.Request)
	if err != nil {
		return okey.Actor{}, requests.Dossier{}, err
	}
	// Support answers with its session, never by a link: only those whose establishment it is.
	answering := as.Actor
	answering.Support = false
	if okey.May(okey.ActDecide, answering, d.Subject, d.Today) != nil {
		return okey.Actor{}, requests.Dossier{}, deadLink
	}
	began, err := s.store.AnswersSince(v.Ctx(), link.Person, d.Request, d.Today, d.Clock.Zone)
	if err == nil && link.DiedBefore(began, link.MailedAt) {
		err = deadLink
	}
	return as.Actor, d, err
}

// linkPage shows the request and the choice; it changes nothing, however often mail scanners open it.
func (s *Pages) linkPage(v *web.Visit) error {
	d, err := s.linkVisit(v)
	if err != nil {
		return s.refuseLink(v, d, err)
	}
	return s.showLink(v, http.StatusOK, d, nil, "")
}

// refuseLink leads whoever must sign in to the request's own page: neither its address nor the session holds the token. From a dead
// link it leads to everything that awaits the person, whoever it may be.
func (s *Pages) refuseLink(v *web.Visit, d requests.Dossier, err error) error {
	var others othersLink
	if errors.As(err, &others) {
		return s.showOthersLink(v, d, others)
	}
	var own ownByLink
	if errors.As(err, &own) {
		s.failOwnLink(v, d, own)
		return nil
	}
	status, title, signIn := http.StatusNotFound, "Ce lien ne mène plus nulle part", address.PathSignIn
	switch {
	case errors.Is(err, deadLink):
	case errors.Is(err, errSignInFirst):
		status, title = http.StatusUnauthorized, web.FailTitles[http.StatusUnauthorized]
		signIn += "?vers=" + url.QueryEscape(address.RequestURL(d.ID))
	default:
		return err
	}
	return s.Show(v, status, "failure", web.Screen{Title: title, Body: web.Failure{Message: okey.ErrorMessage(err), SignIn: signIn}})
}

// failOwnLink leads whoever follows a link about their own request to its page.
func (s *Pages) failOwnLink(v *web.Visit, d requests.Dossier, own ownByLink) {
	v.Header("Referrer-Policy", "strict-origin") // with the menu comes the form for signing out, which must say that it comes from here
	here := &web.Visit{Context: v.Context, Actor: own.opener, Now: v.Now}
	err := okey.Errorf(okey.CodeOwnRequest, "C'est votre propre demande : quelqu'un d'autre doit y répondre. Ce lien n'est pas pour vous.")
	s.FailVisit(here, web.LeadsOn{Err: err, To: web.NavLink{Name: keys.SeeRequest, Path: address.RequestURL(d.ID)}})
}

// othersScreen says whose the link is and who is here.
type othersScreen struct {
	Owner  string
	Opener string // with its "de"
	Answer bool   // the opener may answer too
	Page   string // of the request, where the opener may see it
}

// showOthersLink has whoever has signed in act in their own name, or sign out first. Nothing was done.
func (s *Pages) showOthersLink(v *web.Visit, d requests.Dossier, others othersLink) error {
	page := othersScreen{Owner: others.owner.Name(), Opener: okey.SayOf(others.opener.Name())}
	subject := d.Subject
	subject.HasReason = true // asked for on the page
	if okey.May(okey.ActSee, others.opener, subject, d.Today) == nil {
		page.Page = address.RequestURL(d.ID)
		page.Answer = d.Stage == okey.AwaitingDecision && okey.May(okey.ActDecide, others.opener, subject, d.Today) == nil
	}
	v.Header("Referrer-Policy", "strict-origin") // as above
	here := &web.Visit{Context: v.Context, Actor: others.opener, Now: v.Now}
	return s.Show(here, http.StatusForbidden, "link_other", web.Screen{Title: "Ce lien est celui " + okey.SayOf(page.Owner), Body: page})
}

func (s *Pages) showLink(v *web.Visit, status int, d requests.Dossier, sent *web.Form, warning string) error {
	page := linkScreen{As: v.Actor.Name(), Facts: d.Facts(v), Standing: d.Standing(v)}
	sc := web.Screen{Title: "Demande " + okey.SayOf(d.Requester.Name()), Warning: warning}
	if d.Stage == okey.AwaitingDecision {
		page.Form = sent
		if sent == nil {
			page.Form = s.linkForm(v, d)
		}
		for _, a := range d.Pending {
			if a.By == v.Actor.ID && a.Name == okey.ActionOf(okey.PrincipalDecision) {
				page.Form, page.Follow = nil, v.Request.URL.Path
			}
		}
	} else {
		page.Home = "/" // whoever has a session is led there, anybody else to signing in
		if sent != nil {
			page.Wrote = sent.Values["comment"]
		}
		if err := s.settled(v, d, &page, &sc); err != nil {
			return err
		}
	}
	for i := range page.Facts {
		page.Facts[i].Path = ""
	}
	sc.Body = page
	// Nobody has signed in: the page greets the person that the link was made for, and leads nowhere that needs a session but home.
	return s.Show(anonymous(v), status, "link", sc)
}

// anonymous is the same visit, of nobody.
func anonymous(v *web.Visit) *web.Visit { return &web.Visit{Context: v.Context, Now: v.Now} }

// settled tells what was decided, by whom, when; and to whoever has just answered, what comes next.
func (s *Pages) settled(v *web.Visit, d requests.Dossier, page *linkScreen, sc *web.Screen) error {
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	if found && done.Request == d.ID {
		sc.Notice = d.Decided(done.Content.Decision)
		return nil
	}
	for _, e := range d.Events {
		if !slices.Contains(act.SettledBy[okey.PrincipalDecision], e.Kind) {
			continue
		}
		if sc.Warning == "" { // which says the same
			page.Settled = saySettled(d, v, e)
		}
		if e.Kind != okey.EventApproved {
			page.Comment = e.Comment
		}
		break
	}
	return nil
}

func saySettled(d requests.Dossier, v *web.Visit, e okey.Event) string {
	switch {
	case e.By == v.Actor.ID:
		return fmt.Sprintf("Vous avez déjà répondu à cette demande %s : %s.", d.Clock.Time(e.At), answerNames[e.Kind])
	case e.Kind == okey.EventExpired:
		return fmt.Sprintf("Cette demande a expiré %s, sans réponse.", d.Clock.Day(e.At))
	}
	return fmt.Sprintf("%s a %s %s.", e.ByName, act.Settlements[e.Kind], d.Clock.Time(e.At))
}

var answerNames = map[okey.EventKind]string{
	okey.EventApproved:  "vous l'avez acceptée",
	okey.EventRefused:   "vous l'avez refusée",
	okey.EventWithdrawn: "vous l'avez retirée",
}

func (s *Pages) linkForm(v *web.Visit, d requests.Dossier) *web.Form {
	f := web.NewForm(v, "reponse", v.Request.URL.Path, "", nil)
	requests.DressDecision(f, d, false)
	return f
}

// answerLink takes the answer the one way through, as the person that the link was made for.
func (s *Pages) answerLink(v *web.Visit) error {
	d, err := s.linkVisit(v)
	if err != nil {
		return s.refuseLink(v, d, err)
	}
	f := s.linkForm(v, d)
	if err := s.Read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error { return s.showLink(v, status, d, f, warning) }
	cmd := answer(f)
	cmd.Action, cmd.Case = f.Action, &d.Case
	cmd.Request, cmd.Via = d.ID, okey.ViaLink
	done, err := s.act.Do(v.Ctx(), v.Actor, cmd)
	if err != nil {
		return f.Amend(err, again)
	}
	page := v.Request.URL.Path
	switch {
	case done.Recorded():
		return s.Show(anonymous(v), http.StatusAccepted, "recorded", web.Screen{Title: "C'est enregistré", Body: page})
	case done.Accepted():
		v.Redirect(http.StatusSeeOther, address.DoneURL(page, done.Action.ID))
		return nil
	}
	status, refused := s.act.Explain(v.Ctx(), done)
	if status >= http.StatusInternalServerError {
		return refused
	}
	f.Action = uuid.New()
	if d, err = s.requests.Dossier(v, d.ID); err != nil { // as it is by now
		return err
	}
	return again(status, refused.Message)
}

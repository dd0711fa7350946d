package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// dossier is a request with all that its page needs to know.
type dossier struct {
	okey.Request
	requester okey.Person
	place     sql.Place
	waits     []awaited
	line      int  // place among those who wait for a key
	ordered   bool // keys are on order, where the request waits for one
	events    []okey.Event
	old       []okey.Serial // keys that this one replaces, at its handover
	pending   []okey.Action
	due       []okey.Deadline // while it stands where it does, for whoever asked
	free      int             // keys that the establishment may lend today
	subject   okey.Subject
	today     okey.Day
	clock     clock
}

// dossier loads a request that the visitor may see; not_found otherwise.
func (s *Server) dossier(v *visit, id uuid.UUID) (d dossier, err error) {
	ctx := v.ctx()
	if d.Request, err = s.visible(ctx, v.Actor, id); err != nil {
		return d, err
	}
	if d.subject, d.today, err = s.subjectOf(ctx, d.Request, v.Actor.ID, true); err != nil {
		return d, err
	}
	if d.requester, err = s.store.Person(ctx, d.Person); err != nil {
		return d, err
	}
	if d.place, err = s.store.Place(ctx, d.UAI); err != nil {
		return d, err
	}
	if d.waits, err = s.waitingFor(ctx, d.Request, d.requester); err != nil {
		return d, err
	}
	if d.events, err = s.store.Timeline(ctx, id); err != nil {
		return d, err
	}
	if err := s.nameSuccessors(ctx, d.events); err != nil {
		return d, err
	}
	if d.old, err = s.oldKeys(v, d.Request); err != nil {
		return d, err
	}
	if d.pending, err = s.store.PendingOn(ctx, id); err != nil {
		return d, err
	}
	if d.free, err = s.store.FreeKeys(ctx, d.UAI, d.today); err != nil {
		return d, err
	}
	if d.Stage == okey.AwaitingStock {
		line, err := s.store.LineAt(ctx, d.UAI, id)
		if err != nil {
			return d, err
		}
		needs, err := s.store.NeedsOf(ctx, d.UAI, d.today)
		if err != nil {
			return d, err
		}
		d.line, d.ordered = line.Place, needs.UnderWay > 0
	}
	if d.mine(v) {
		if d.due, err = s.store.DeadlinesOf(ctx, d.Request); err != nil {
			return d, err
		}
	}
	d.clock = clock{now: v.Now, zone: okey.ZoneOf(d.place.Academy)}
	return d, nil
}

func (d dossier) mine(v *visit) bool { return d.Person == v.Actor.ID }

func (d dossier) standing(v *visit) string {
	if d.mine(v) && d.Stage.Closed() {
		return d.ended()
	}
	if said := d.awaitsReader(v); said != "" {
		return said
	}
	at := ""
	moved := slices.ContainsFunc(d.events, func(e okey.Event) bool { return e.Kind == okey.EventMoved })
	if moved || len(v.Actor.Establishments(v.today())) > 1 { // whoever has one school, the same as ever, knows where
		at = okey.SayAtSchool(okey.SayEstablishment(d.place.Name)) + ", "
	}
	return standing(d.Request, d.waits, d.line, d.mine(v), at, d.clock)
}

// awaitsReader is standing as whoever may act themselves reads it; empty for everybody else.
func (d dossier) awaitsReader(v *visit) string {
	var others []string
	for _, w := range d.waits {
		if w.id != v.Actor.ID {
			others = append(others, w.Name)
		}
	}
	if d.mine(v) || len(others) == len(d.waits) {
		return ""
	}
	said := "Votre réponse est attendue depuis " + d.clock.day(d.Since)
	switch handing := d.Stage == okey.AwaitingHandover; {
	case handing && len(others) > 1:
		said = fmt.Sprintf("La clef est à remettre depuis %s, par %s", d.clock.day(d.Since), okey.SayNames(append([]string{"vous"}, others...)))
	case handing && len(others) > 0:
		said = fmt.Sprintf("La clef est à remettre depuis %s, par vous ou par %s", d.clock.day(d.Since), okey.SayNames(others))
	case handing:
		said = fmt.Sprintf("La clef est à remettre depuis %s, par vous", d.clock.day(d.Since))
	case len(others) > 0:
		said += ", ou celle " + okey.SayOf(okey.SayNames(others))
	}
	if !d.KeptUntil.IsZero() {
		said += ". Sans suite, la demande expire " + d.clock.day(d.KeptUntil)
	}
	return said + "."
}

type fact struct{ Name, Value, Path string }

type storyLine struct {
	When, What, Comment string

	at time.Time
}

// requestScreen is the page of a request.
type requestScreen struct {
	Mine      bool
	Standing  string
	Bring     string  // what whoever asked brings to the handover
	Use       *keyUse // of the key that whoever asked has in hand by now
	Otherwise string  // what happens while nothing is done: told to whoever asked
	Closed    bool
	Again     *navLink // after an end without a key: where whoever asked goes on
	Steps     []step
	Facts     []fact
	Comment   string // of a refusal, or of a withdrawal by others: the requester reads it first
	Wrote     string // what came too late to be sent, so that it can be copied
	Follow    string // where to look for what is recorded but not judged yet
	Decide    *form
	Sign      *navLink // the page where the requester does that
	HandOver  *form
	Illegible string // where the key to hand over is replaced
	Nudge     *form
	PIN       *pinLinks // for the requester, while the key waits
	Withdraw  *form
	Slip      string // to print, once there is a key to sign for
	Story     []storyLine
	Desk      *deskSide
	Reissue   *form // of the links to answer by
}

// requestPage shows a request. To its asker also before it is judged, and when it was refused from the start.
func (s *Server) requestPage(v *visit) error {
	id, err := idOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.dossier(v, id)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		if ask, askErr := s.store.AskOf(v.ctx(), id); askErr == nil && ask.By == v.Actor.ID {
			v.Redirect(http.StatusSeeOther, followURL(ask.ID))
			return nil
		}
	}
	if err != nil {
		return err
	}
	return s.showRequest(v, http.StatusOK, d, nil, "")
}

// showRequest shows the page; sent is the form that has just come in with something wrong, warning what did not happen.
func (s *Server) showRequest(v *visit, status int, d dossier, sent *form, warning string) error {
	page := requestScreen{Mine: d.mine(v), Standing: d.standing(v), Closed: d.Stage.Closed(), Steps: d.steps(), Facts: d.facts(v), PIN: d.pinLinks(v)}
	if d.mine(v) {
		page.Bring, page.Otherwise = d.bringBack(), d.otherwise()
		var err error
		if page.Use, err = s.useOf(v, d); err != nil {
			return err
		}
		if page.PIN != nil {
			if err := s.tellApart(v, map[okey.Serial]*pinLinks{d.Key: page.PIN}); err != nil {
				return err
			}
		}
		if page.Closed && d.Stage != okey.HandedOver {
			if page.Again, err = s.nextKey(v); err != nil {
				return err
			}
		}
	}
	if sent != nil {
		page.Wrote = sent.Values["comment"]
	}
	restored := false
	for _, sf := range signalForms {
		f, err := s.usableForm(v, d, sf)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		if sf.signal == okey.CharterAndPIN {
			page.Sign = &navLink{Name: signTitle, Path: signedURL(d.ID)}
			continue
		}
		if sent != nil && sent.Name == f.Name {
			f, page.Wrote = sent, ""
		} else {
			restored = s.restore(v, f) || restored
			f.chosen(v, sf.signal)
		}
		page.place(sf.signal, f)
	}
	may, err := s.mayReplace(v, d)
	if err != nil {
		return err
	}
	if may && page.HandOver != nil {
		page.Illegible = requestURL(d.ID) + pathIllegible
	}
	if d.hasSlip() && (!d.mine(v) || d.Stage == okey.HandedOver) { // whoever hands over prints it: until then the requester signs here alone
		page.Slip = slipURL(d.ID)
	}
	for _, a := range d.pending {
		if a.By == v.Actor.ID {
			page.Follow = followURL(a.ID)
		}
	}
	page.Story = d.story()
	page.Comment = d.lastWords()
	if v.desk() {
		page.Reissue = reissueForm(v, d)
		if page.Desk, err = s.requestSide(v, d, page); err != nil {
			return err
		}
	}
	sc := screen{Title: "Demande " + okey.SayOf(d.requester.Name()), Warning: warning, Body: page}
	if d.mine(v) {
		sc.Title = "Ma demande de clef"
	}
	if sent == nil {
		if sc.Notice, err = s.requestNotice(v, d); err != nil {
			return err
		}
	}
	if restored {
		sc.Notice = restoredNotice
	}
	return s.show(v, status, "request", sc)
}

// parameterAnswer chooses, on the page of a request, the answer that is to be sent from there: home's two buttons are one click, sending it another.
const parameterAnswer = "reponse"

func answeringURL(id uuid.UUID, d okey.Decision) string {
	return requestURL(id) + "?" + parameterAnswer + "=" + string(d) + "#repondre"
}

// chosen fills in what the address asks for, where nothing is chosen yet.
func (f *form) chosen(v *visit, signal okey.Signal) {
	decision := okey.Decision(v.Query(parameterAnswer))
	if signal == okey.PrincipalDecision && f.Values["decision"] == "" && (decision == okey.Approve || decision == okey.Refuse) {
		f.Values["decision"] = string(decision)
	}
}

// nameSuccessors has the story name the establishment that a request went to, of which it keeps the code.
func (s *Server) nameSuccessors(ctx context.Context, events []okey.Event) error {
	var uais []okey.UAI
	for _, e := range events {
		if e.Kind == okey.EventMoved {
			uais = append(uais, okey.UAI(e.Comment))
		}
	}
	if len(uais) == 0 {
		return nil
	}
	names, err := s.store.Names(ctx, uais...)
	if err != nil {
		return err
	}
	for i, e := range events {
		if e.Kind != okey.EventMoved {
			continue
		}
		if name := names[okey.UAI(e.Comment)]; name != "" {
			events[i].Comment = fmt.Sprintf("%s (%s)", okey.SayEstablishment(name), e.Comment)
		}
	}
	return nil
}

// story is what has happened to the request, oldest first.
func (d dossier) story() []storyLine {
	lines, said := make([]storyLine, len(d.events)), sayEvents(d.events)
	for i, e := range d.events {
		lines[i] = storyLine{When: okey.Capitalize(d.clock.time(e.At)), What: said[i], Comment: e.Comment, at: e.At}
		if e.Kind == okey.EventHandedOver && d.retired() != "" {
			lines[i].What += " " + d.retired()
		}
		if e.Kind == okey.EventAsked { // the need stands among the facts
			lines[i].Comment = ""
		}
		if e.Kind == okey.EventMoved { // its comment is the successor's code, said above
			lines[i].Comment = ""
		}
	}
	return lines
}

func (p *requestScreen) place(signal okey.Signal, f *form) {
	switch signal {
	case okey.PrincipalDecision:
		p.Decide = f
	case okey.Handover:
		p.HandOver = f
	case okey.StockAvailable:
		p.Nudge = f
	case okey.Withdrawal:
		p.Withdraw = f
	}
}

func (d dossier) facts(v *visit) []fact {
	facts := []fact{
		v.ofPerson("Pour", d.requester),
		v.ofSchool(d.place),
		{Name: "Besoin", Value: d.Need},
		{Name: "Motif", Value: okey.Capitalize(sayReason(d.Request))},
		{Name: "Demandée", Value: okey.Capitalize(d.clock.time(d.AskedAt))},
	}
	if v.desk() { // lists, the audit and the search know it by that
		facts = append(facts, fact{Name: "Numéro", Value: shortID(d.ID)})
	}
	if d.Key != "" {
		key := fact{Name: "Clef", Value: string(d.Key)}
		if !d.mine(v) { // who waits for a key may not see its page: it is not theirs yet
			key.Path = keyURL(d.Key)
		}
		facts = append(facts, key)
	}
	if !d.SignedAt.IsZero() {
		facts = append(facts, fact{Name: "Charte", Value: fmt.Sprintf("version %d, signée %s", d.Charter, d.clock.day(d.SignedAt)), Path: signedURL(d.ID)})
	}
	if d.mine(v) {
		facts = facts[1:]
	}
	return facts
}

// backToRequest is for whoever reloads the address of a form.
func backToRequest(v *visit) error {
	v.Redirect(http.StatusSeeOther, "/demandes/"+url.PathEscape(v.Param("id")))
	return nil
}

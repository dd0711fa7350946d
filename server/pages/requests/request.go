package requests

import (
	"net/http"
	"net/url"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/keys"
	"okey/server/pages/story"
	"okey/server/respond"
	"okey/server/web"
)

// requestScreen is the page of a request, as all read it who may; the parts that only some see stand beside.
type requestScreen struct {
	Standing string
	Steps    []Step
	Facts    []web.Fact
	Story    []web.StoryLine
	Comment  string // of a refusal, or of a withdrawal by others: the requester reads it first
	Wrote    string // what came too late to be sent, so that it can be copied
	Follow   string // where to look for what is recorded but not judged yet
	Slip     string // to print, once there is a key to sign for

	Mine *mineScreen // for whoever asked
	requestForms

	Desk    *story.DeskSide // for support and auditors
	Reissue *web.Form       // of the links to answer by
}

// mineScreen is what whoever asked reads besides.
type mineScreen struct {
	Bring     string         // to the handover
	Use       *keys.KeyUse   // of the key that they have in hand by now
	Otherwise string         // what happens while nothing is done
	Again     *web.NavLink   // after an end without a key: where they go on
	PIN       *keys.PINLinks // while the key waits
	Trial     *web.NavLink   // of the key at the counter
	Failed    bool           // it was refused there, and is to be exchanged
}

// requestForms are what the visitor may do now; each is nil, or empty, where they may not.
type requestForms struct {
	Decide, HandOver, Nudge, Withdraw *web.Form

	Sign      *web.NavLink // the page where the requester does that
	Illegible string       // where the key to hand over is replaced
}

// requestPage shows a request. To its asker also before it is judged, and when it was refused from the start.
func (s *Pages) requestPage(v *web.Visit) error {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.Dossier(v, id)
	if ask, own := s.act.OwnAsk(v.Ctx(), v.Actor, id, err); own {
		v.Redirect(http.StatusSeeOther, address.FollowURL(ask.ID))
		return nil
	}
	if err != nil {
		return err
	}
	return s.showRequest(v, http.StatusOK, d, nil, "")
}

// showRequest shows the page; sent is the form that has just come in with something wrong, warning what did not happen.
func (s *Pages) showRequest(v *web.Visit, status int, d Dossier, sent *web.Form, warning string) error {
	page := requestScreen{Standing: d.Standing(v), Steps: d.Steps(), Facts: d.Facts(v), Story: d.story(), Comment: d.LastWords()}
	sc := web.Screen{Title: "Demande " + okey.SayOf(d.Requester.Name()), Warning: warning}
	var err error
	if d.mine(v) {
		sc.Title = "Ma demande de clef"
		if page.Mine, err = s.mineOf(v, d); err != nil {
			return err
		}
	}
	restored, err := s.formsOf(v, d, sent, &page)
	if err != nil {
		return err
	}
	// Whoever hands over prints it: until then the requester signs here alone.
	if d.hasSlip() && (!d.mine(v) || d.Stage == okey.HandedOver) {
		page.Slip = address.SlipURL(d.ID)
	}
	for _, a := range d.Pending {
		if a.By == v.Actor.ID {
			page.Follow = address.FollowURL(a.ID)
		}
	}
	if v.Desk() {
		page.Reissue = reissueForm(v, d)
		if page.Desk, err = s.requestSide(v, d, page); err != nil {
			return err
		}
	}
	if sent == nil {
		if sc.Notice, err = s.requestNotice(v, d); err != nil {
			return err
		}
	}
	if restored {
		sc.Notice = web.RestoredNotice
	}
	sc.Body = page
	return s.Show(v, status, "request", sc)
}

func (s *Pages) mineOf(v *web.Visit, d Dossier) (*mineScreen, error) {
	mine := &mineScreen{Bring: d.bringBack(), Otherwise: d.Otherwise(), PIN: d.PINLinks(v)}
	var err error
	if mine.Use, err = s.useOf(v, d); err != nil {
		return nil, err
	}
	if d.Stage == okey.AwaitingHandover && d.Key != "" && s.keys.ProvesKeys(d.Place.Academy) {
		if mine.Failed = d.toExchange(); !mine.Failed {
			mine.Trial = &web.NavLink{Name: keys.TrialTitle, Path: address.KeyURL(d.Key) + address.PathTrial}
		}
	}
	if mine.PIN != nil {
		if err := s.keys.TellApart(v, map[okey.Serial]*keys.PINLinks{d.Key: mine.PIN}); err != nil {
			return nil, err
		}
	}
	if d.Stage.Closed() && d.Stage != okey.HandedOver {
		mine.Again, err = s.keys.NextKey(v)
	}
	return mine, err
}

// formsOf puts the visitor's forms on the page, and tells whether one of them is given back. What was written in a form that is gone stays
// to be copied.
func (s *Pages) formsOf(v *web.Visit, d Dossier, sent *web.Form, page *requestScreen) (restored bool, err error) {
	if sent != nil {
		page.Wrote = sent.Values["comment"]
	}
	for _, sf := range signalForms {
		f := sf.usable(v, d)
		if f == nil {
			continue
		}
		if sf.signal == okey.CharterAndPIN {
			page.Sign = &web.NavLink{Name: SignTitle, Path: address.SignedURL(d.ID)}
			continue
		}
		if sent != nil && sent.Name == f.Name {
			f, page.Wrote = sent, ""
		} else {
			restored = s.Restore(v, f) || restored
			f.Chosen(v, sf.signal)
		}
		page.place(sf.signal, f)
	}
	if page.HandOver != nil && s.keys.ProvesKeys(d.Place.Academy) {
		page.HandOver.Extra = handing{
			Who: d.Requester.Name(), TakeBack: d.takeBack(), Prove: address.PathCounter + "/" + d.ID.String(),
			Failed: d.toExchange(),
		}
		s.askWhy(v, d, page.HandOver)
	}
	may, err := s.mayReplace(v, d)
	if may && page.HandOver != nil {
		page.Illegible = address.RequestURL(d.ID) + address.PathIllegible
	}
	return restored, err
}

func (p *requestForms) place(signal okey.Signal, f *web.Form) {
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

// backToRequest is for whoever reloads the address of a form.
func backToRequest(v *web.Visit) error {
	v.Redirect(http.StatusSeeOther, address.PathRequests+"/"+url.PathEscape(v.Param("id")))
	return nil
}

// useOf is how the key that a request ended with is used; nil where the visitor does not have it in hand.
func (s *Pages) useOf(v *web.Visit, d Dossier) (*keys.KeyUse, error) {
	if d.Stage != okey.HandedOver || d.Key == "" {
		return nil, nil
	}
	key, err := s.store.Key(v.Ctx(), d.Key)
	if err != nil || key.Holder != v.Actor.ID {
		return nil, err
	}
	return s.keys.NewOwnKey(key, d.Clock, true).Use, nil
}

// LastWords is what somebody else wrote when they ended the request: the requester reads it first.
func (d Dossier) LastWords() string {
	words := ""
	for _, e := range d.Events {
		if e.Kind == okey.EventRefused || e.Kind == okey.EventWithdrawn && e.By != d.Person {
			words = e.Comment
		}
	}
	return words
}

// Sent tells whether the visitor has sent this already, and nobody has judged it yet.
func (d Dossier) Sent(v *web.Visit, signal okey.Signal) bool {
	for _, a := range d.Pending {
		if a.By == v.Actor.ID && a.Name == okey.ActionOf(signal) {
			return true
		}
	}
	return false
}

// PINLinks are there from awaiting_handover on; a key in hand has a page of its own for them.
func (d Dossier) PINLinks(v *web.Visit) *keys.PINLinks {
	if d.Stage != okey.AwaitingHandover || d.Key == "" || !d.mine(v) {
		return nil
	}
	return keys.LinksOfPIN(d.Key)
}

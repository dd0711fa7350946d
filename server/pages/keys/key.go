package keys

import (
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// keyScreen is the page of a key.
type keyScreen struct {
	Facts  []web.Fact
	Form   *web.Form       // nil for whoever may not change it
	Trial  *web.NavLink    // before it is taken back
	Mine   *holderScreen   // for whoever has it in hand
	Along  *alongView      // the holder leaves with it
	Coming string          // where its arrival is confirmed; empty: it is not on its way, or support's side says so
	Story  []web.StoryLine // oldest first
	Helps  string          // the questions that arise beside the form
	Desk   *story.DeskSide
}

// visibleKey is a key that the visitor may see, and how the permission table sees it; not_found otherwise.
func (s *Pages) visibleKey(v *web.Visit) (okey.Key, okey.Subject, okey.Day, error) {
	serial, err := okey.ParseSerial(v.Param("serial"))
	if err != nil {
		unknown := okey.Errorf(okey.CodeNotFound, "Cette clef n'existe pas, ou elle n'est pas pour vous.")
		return okey.Key{}, okey.Subject{}, okey.Day{}, unknown
	}
	key, err := s.store.Key(v.Ctx(), serial)
	if err != nil {
		return key, okey.Subject{}, okey.Day{}, err
	}
	subject, err := s.store.SubjectOfKey(v.Ctx(), key)
	if err != nil {
		return key, subject, okey.Day{}, err
	}
	today, err := s.store.Today(v.Ctx(), key.UAI, v.Now)
	if err != nil {
		return key, subject, today, err
	}
	return key, subject, today, okey.May(okey.ActSee, v.Actor, subject, today)
}

// keyPage shows a key and, to those who may, what can be reported of it.
func (s *Pages) keyPage(v *web.Visit) error {
	key, subject, today, err := s.visibleKey(v)
	if err != nil {
		return s.gone(v, err)
	}
	f := keyForm(v, key, subject, today)
	notice := ""
	if f != nil && s.Restore(v, f) {
		notice = web.RestoredNotice
	} else if reason := v.Query("motif"); f != nil && offers(f.Fields["reason"].Choices, okey.KeyReason(reason)) {
		f.Values["reason"] = reason
	}
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	if found && done.Key == key.Serial {
		if notice, err = s.keyNews(v, key, done); err != nil {
			return err
		}
	}
	return s.showKey(v, http.StatusOK, key, f, notice, "")
}

// keySight is a key as it stands where it belongs, and what the visitor is to it.
type keySight struct {
	okey.Key
	place   sql.Place
	clock   web.Clock
	today   okey.Day
	subject okey.Subject
	own     bool // it is the visitor's own
	manages bool // the visitor manages it
}

func (s *Pages) sightOfKey(v *web.Visit, key okey.Key) (keySight, error) {
	place, err := s.store.Place(v.Ctx(), key.UAI)
	sight := keySight{Key: key, own: key.Holder == v.Actor.ID, place: place}
	sight.clock = web.Clock{Now: v.Now, Zone: okey.ZoneOf(place.Academy)}
	sight.today = okey.DayOf(v.Now, sight.clock.Zone)
	sight.subject = okey.Subject{Owner: key.Holder, UAI: place.AnsweredBy()}
	sight.manages = okey.May(okey.ActManageKeys, v.Actor, sight.subject, sight.today) == nil
	return sight, err
}

// untilDue says of a mislaid key until when it may be found, and of a lent one when it is to be back.
func (k keySight) untilDue() string {
	switch {
	case k.State == okey.Suspended:
		return ", perdue si elle n'est pas retrouvée avant le " + k.clock.Day(k.DueAt) + " au soir"
	case k.LoanOver(k.clock.Now):
		return ", à reprendre depuis le " + k.clock.Day(k.DueAt)
	case k.State == okey.Lent:
		return " jusqu'au " + k.clock.Day(k.DueAt) + " au soir"
	}
	return ""
}

// title of the page, and of which key where it does not say so.
func (k keySight) title() (title, of string) {
	switch {
	case k.own:
		return "Ma clef " + string(k.Serial), ""
	case k.manages:
		return "Gérer la clef", string(k.Serial)
	}
	return "Clef", string(k.Serial)
}

func (s *Pages) showKey(v *web.Visit, status int, key okey.Key, f *web.Form, notice, warning string) error {
	k, err := s.sightOfKey(v, key)
	if err != nil {
		return err
	}
	page := keyScreen{Form: f, Helps: keyHelps(key)}
	if page.Facts, err = s.keyFacts(v, k); err != nil {
		return err
	}
	if !k.own || v.Desk() {
		if err := s.tellStory(v, k, &page); err != nil {
			return err
		}
	}
	if page.Along, err = s.along(v, key, k.subject, k.today); err != nil {
		return err
	}
	if page.Coming, err = s.coming(v, key, k.place); err != nil {
		return err
	}
	if page.Mine, err = s.holder(v, key); err != nil {
		return err
	}
	if page.Mine != nil && !k.manages {
		page.Form = nil // the two things that a holder may report have pages of their own
	}
	if s.provesReturn(k) {
		page.Trial = &web.NavLink{Name: returnTitle, Path: address.KeyURL(key.Serial) + address.PathTrial}
	}
	title, of := k.title()
	return s.Show(v, status, "key", web.Screen{Title: title, Of: of, Notice: notice, Warning: warning, Body: page})
}

// keyFacts are what is known of a key; its batch tells nothing to whoever only holds it.
func (s *Pages) keyFacts(v *web.Visit, k keySight) ([]web.Fact, error) {
	known, tried, err := s.store.KeyUse(v.Ctx(), k.Serial, v.Now)
	lastLogin := sayUnseen(known)
	if err != nil {
		return nil, err
	}
	if !k.LastLoginAt.IsZero() {
		lastLogin = k.clock.Time(k.LastLoginAt)
	}
	facts := []web.Fact{
		{Name: "Numéro de série", Value: string(k.Serial)},
		{Name: "Dernière connexion", Value: okey.Capitalize(lastLogin)},
		{Name: "Date d'expiration", Value: k.clock.Date(k.ExpiresOn)},
	}
	if !k.own || v.Oversees() {
		facts = append(facts, web.Fact{Name: "Lot", Value: k.Batch})
	}
	state := okey.Capitalize(k.State.French()) + tooShort(k.Key, k.today) + k.untilDue()
	facts = append(facts, web.Fact{Name: "État", Value: state}, v.OfSchool(k.place))
	if tried != nil {
		facts = append(facts, web.Fact{Name: "Dernier essai", Value: okey.Capitalize(k.clock.Time(tried.At)) + " : " + tried.French()})
	}
	whose, err := s.whoseFacts(v, k.Key)
	if err != nil || !k.PriorToOKEY {
		return append(facts, whose...), err
	}
	kept, err := s.store.KeptPIN(v.Ctx(), k.Serial)
	return append(append(facts, whose...), priorFact(kept)), err
}

// whoseFacts are who has a key, and for whom it is kept.
func (s *Pages) whoseFacts(v *web.Visit, key okey.Key) (facts []web.Fact, err error) {
	if key.Holder != (okey.PersonID{}) {
		holder, err := s.store.Person(v.Ctx(), key.Holder)
		if err != nil {
			return nil, err
		}
		facts = append(facts, v.OfPerson("Titulaire", holder))
	}
	if key.Request == uuid.Nil {
		return facts, nil
	}
	r, err := s.store.Request(v.Ctx(), key.Request)
	if err != nil {
		return nil, err
	}
	who, err := s.store.Person(v.Ctx(), r.Person)
	return append(facts, web.Fact{Name: "Réservée à", Value: who.Name(), Path: address.RequestURL(r.ID)}), err
}

// tellStory adds what has happened to a key: to support and auditors, all of it.
func (s *Pages) tellStory(v *web.Visit, k keySight, page *keyScreen) error {
	events, err := s.store.KeyStory(v.Ctx(), k.Serial)
	if err != nil {
		return err
	}
	if err := s.nameMoves(v.Ctx(), events); err != nil {
		return err
	}
	page.Story = keyStory(events, k.clock)
	if v.Desk() {
		page.Desk, err = s.keySide(v, k, page, events)
	}
	return err
}

// coming is where those who manage the school's keys confirm that this one has arrived; empty where it is not on its way.
func (s *Pages) coming(v *web.Visit, key okey.Key, place sql.Place) (string, error) {
	if key.State != okey.InTransit || v.Desk() || s.act.PermitAt(v.Ctx(), v.Actor, okey.ActManageKeys, place.UAI) != nil {
		return "", nil //nolint:nilerr // the table says no: it is not theirs to confirm
	}
	delivery, known, err := s.store.BroughtBy(v.Ctx(), key.Serial)
	if err != nil || !known {
		return "", err
	}
	return address.ArrivalURL(delivery, key.UAI), nil
}

// priorFact says what of a key was settled before OKEY: its PIN no longer, once another has been set here.
func priorFact(kept sql.KeptPIN) web.Fact {
	if kept.Hash != "" {
		return web.Fact{Name: "Charte", Value: "d'avant OKEY"}
	}
	return web.Fact{Name: "Charte et code PIN", Value: "d'avant OKEY"}
}

package requests

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/keys"
	"okey/server/respond"
	"okey/server/web"
)

// Scanned is the key whose number was typed, and what to do with it where it waits for nobody here. A key that the visitor may not see is
// like one that does not exist.
func (s *Pages) Scanned(v *web.Visit, typed string) (okey.Key, string, error) {
	nobody := fmt.Sprintf("Personne de ce nom n'attend de clef, et aucune clef à remettre ne porte ce numéro : « %s ».", typed)
	if len(okey.Compact(typed)) <= okey.LastOfSerial {
		nobody += " Pour une autre clef, tapez son numéro entier."
	}
	serial, err := okey.ParseSerial(typed)
	if err != nil {
		return okey.Key{}, nobody, nil //nolint:nilerr // it is a name, then
	}
	key, err := s.store.Key(v.Ctx(), serial)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.Key{}, nobody, nil
	}
	if err != nil {
		return okey.Key{}, "", err
	}
	subject, err := s.store.SubjectOfKey(v.Ctx(), key)
	if err != nil {
		return okey.Key{}, "", err
	}
	if okey.May(okey.ActManageKeys, v.Actor, subject, v.Today()) != nil {
		return okey.Key{}, nobody, nil //nolint:nilerr // the table says no: the key is not found
	}
	if key.State == okey.InStock && key.ExpiresOn.Before(v.Today()) {
		return key, act.SayExpired(serial), nil
	}
	if key.State == okey.InStock {
		return key, fmt.Sprintf("La clef %s est libre.", serial), nil
	}
	if who, next, err := s.oldKeyOf(v, key); key.Holder != v.Actor.ID && (err != nil || who != "") {
		return key, act.SayOldKey(serial, who, next), err
	}
	whose, err := s.act.WhoseKey(v.Ctx(), key, v.Actor.ID)
	return key, act.SayKeyTaken(serial, key.State, whose), err
}

// handoverScreen is the counter in front of one person.
type handoverScreen struct {
	Standing  string
	Who       string
	Facts     []web.Fact
	Proof     *keys.Counter // the trial that comes before
	Form      *web.Form
	TakeBack  string // what to do with the key that this one replaces
	Swap      string // asks whether another key is really to take the attributed one's place
	Illegible string
	Request   string
	Slip      string
	Follow    string
}

// handoverPage is the check before a key changes hands and, after it, the slip and the way to the next person.
func (s *Pages) handoverPage(v *web.Visit) error {
	c, err := s.atCounter(v)
	if err != nil {
		return err
	}
	d, err := s.dossierOf(v, c)
	if err != nil {
		return err
	}
	f := counterForm(v, c)
	notice, err := s.requestNotice(v, d)
	if err != nil {
		return err
	}
	if s.Restore(v, f) {
		notice = web.RestoredNotice
	} else if serial, err := okey.ParseSerial(v.Query("clef")); err == nil {
		f.Values["serial"] = string(serial)
	}
	return s.showHandover(v, http.StatusOK, d, f, nil, notice, "")
}

// atCounter is the request that the address names, for whoever may hand its key over.
func (s *Pages) atCounter(v *web.Visit) (act.Case, error) {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return act.Case{}, err
	}
	c, err := s.act.Visible(v.Ctx(), v.Actor, id)
	if err != nil {
		return c, err
	}
	return c, okey.May(okey.ActHandOver, v.Actor, c.Subject, c.Today)
}

func counterForm(v *web.Visit, c act.Case) *web.Form {
	return web.NewForm(v, "remise", address.PathCounter+"/"+c.ID.String(), "Remettre la clef", map[string]web.Field{
		"swap": {}, "comment": {},
		"serial": {
			Label: "*Numéro gravé sur la clef que vous remettez",
			Hint:  fmt.Sprintf("Clef réservée : %s. Scannez le numéro, ou tapez ses quatre derniers caractères.", c.Key),
		},
	})
}

// askWhy asks support, who alone may hand over without the trial that an academy wants, for the reason.
func (s *Pages) askWhy(v *web.Visit, d Dossier, f *web.Form) {
	if v.Actor.Support && s.keys.MustProve(d.Place.Academy) && s.triedBefore(d).IsZero() {
		f.Fields["comment"] = web.Field{Label: "Motif, si la clef est remise sans essai", Hint: "La personne et la direction le liront."}
	}
}

// prove takes the trial of the key that is about to be handed over.
func (s *Pages) prove(v *web.Visit) error {
	c, err := s.atCounter(v)
	if err != nil {
		return err
	}
	return s.keys.Prove(v, c, func(status int, trial *web.Form, warning string) error {
		d, err := s.dossierOf(v, c)
		if err != nil {
			return err
		}
		return s.showHandover(v, status, d, counterForm(v, c), trial, "", warning)
	})
}

// showHandover shows the counter; trial is the form of a trial that has just come in with something wrong.
func (s *Pages) showHandover(v *web.Visit, status int, d Dossier, f, trial *web.Form, notice, warning string) error {
	page := handoverScreen{Who: d.Requester.Name(), Request: address.RequestURL(d.ID)}
	if d.Stage != okey.AwaitingHandover {
		if page.Standing = d.Standing(v); notice != "" {
			page.Standing = ""
		}
		if d.Stage == okey.HandedOver {
			page.Slip = address.SlipURL(d.ID)
		}
		return s.Show(v, status, "handover", web.Screen{Title: "Remise à " + page.Who, Notice: notice, Warning: warning, Body: page})
	}
	var err error
	if page.Facts, err = s.handoverFacts(v, d); err != nil {
		return err
	}
	page.Slip, page.TakeBack = address.SlipURL(d.ID), d.takeBack()
	for _, a := range d.Pending {
		if a.By == v.Actor.ID && a.Name == okey.ActionOf(okey.Handover) {
			page.Follow, f = address.FollowURL(a.ID), nil
		}
	}
	page.Form = f
	if f != nil && f.Values["swap"] == "" {
		page.Proof = s.keys.AtCounter(v, d.Case, page.Who, d.Trials, d.Clock, trial)
	}
	if f != nil {
		s.askWhy(v, d, f)
	}
	if may, err := s.mayReplace(v, d); err != nil {
		return err
	} else if may && f != nil {
		page.Illegible = address.RequestURL(d.ID) + address.PathIllegible
	}
	if f != nil && f.Values["swap"] != "" {
		page.Swap = fmt.Sprintf(
			"La clef %s n'est pas celle qui est réservée à %s, la %s. Elle est libre : si vous la remettez, elle prend sa place, et "+
				"la %s retourne au stock.",
			f.Values["swap"],
			page.Who,
			d.Key,
			d.Key,
		)
	}
	return s.Show(v, status, "handover", web.Screen{Title: "Remise à " + page.Who, Notice: notice, Warning: warning, Body: page})
}

// handoverFacts are what is checked before the key leaves the hand.
func (s *Pages) handoverFacts(v *web.Visit, d Dossier) ([]web.Fact, error) {
	facts := []web.Fact{{Name: "À", Value: d.Requester.Name()}, {Name: "Établissement", Value: okey.SayPlace(d.Place.Name, d.UAI)}}
	if d.Key != "" {
		key, err := s.store.Key(v.Ctx(), d.Key)
		if err != nil {
			return nil, err
		}
		facts = append(
			facts,
			web.Fact{Name: "Clef réservée", Value: string(d.Key), Path: address.KeyURL(d.Key)},
			web.Fact{Name: "Valable jusqu'au", Value: d.Clock.Date(key.ExpiresOn)},
		)
	}
	if !d.SignedAt.IsZero() {
		facts = append(
			facts,
			web.Fact{
				Name:  "Charte",
				Value: fmt.Sprintf("version %d, signée %s", d.Charter, d.Clock.Day(d.SignedAt)),
				Path:  address.SignedURL(d.ID),
			},
		)
	}
	return append(facts, web.Fact{Name: "Attend depuis", Value: d.Clock.Day(d.Since)}), nil
}

// handOver takes the counter's form the one way through. Another key than the attributed one is asked about first: a scanner sends the form
// by itself.
func (s *Pages) handOver(v *web.Visit) error {
	c, err := s.atCounter(v)
	if err != nil {
		return err
	}
	f := counterForm(v, c)
	if err := s.Read(v, f); err != nil {
		return err
	}
	if err := s.completed(v, c, f); err != nil {
		return err
	}
	if asked, err := s.asksToSwap(v, c, f); asked || err != nil {
		return err
	}
	again := func(status int, warning string) error {
		d, err := s.Dossier(v, c.ID) // as it is by now
		if err != nil {
			return err
		}
		if status == http.StatusUnprocessableEntity && warning == "" {
			warning = d.tooLateFor(v, handingOver)
		}
		f.Values["swap"] = ""
		return s.showHandover(v, status, d, f, nil, "", warning)
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, handingOver.command(f, v, c))
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.Answer(v, f, done, address.PathCounter, again) // on to the next person
}

// HandedOver is what the visitor has just handed over at the counter, and the slip of it; empty where they have not.
func (s *Pages) HandedOver(v *web.Visit) (notice string, slip web.NavLink, err error) {
	a, found, err := s.JustDone(v)
	if err != nil || !found || a.Name != okey.ActionOf(okey.Handover) {
		return "", slip, err
	}
	d, err := s.Dossier(v, a.Request)
	if err != nil {
		return "", slip, err
	}
	slip = web.NavLink{Name: "Bordereau de remise à " + d.Requester.Name(), Path: address.SlipURL(d.ID)}
	notice, err = s.requestNotice(v, d)
	return notice, slip, err
}

// askToSwap asks at the counter, for the form of a request's page.
func askToSwap(s *Pages, v *web.Visit, c act.Case, f *web.Form) (bool, error) {
	if okey.May(okey.ActHandOver, v.Actor, c.Subject, c.Today) != nil {
		return false, nil //nolint:nilerr // Do says why not
	}
	if err := s.completed(v, c, f); err != nil {
		return false, err
	}
	counter := counterForm(v, c)
	counter.Action, counter.Values["serial"], counter.Values["comment"] = f.Action, f.Values["serial"], f.Values["comment"]
	return s.asksToSwap(v, c, counter)
}

// completed makes of the last characters of the reserved key's number the whole, unless they are another key's number themselves.
func (s *Pages) completed(v *web.Visit, c act.Case, f *web.Form) error {
	if c.Stage != okey.AwaitingHandover || !c.Key.EndsLike(f.Values["serial"]) {
		return nil
	}
	_, err := s.store.Key(v.Ctx(), okey.Serial(okey.Compact(f.Values["serial"])))
	if okey.ErrorCode(err) != okey.CodeNotFound {
		return err
	}
	f.Values["serial"] = string(c.Key)
	return nil
}

// asksToSwap asks, instead of acting, whether another key is really to take the attributed one's place.
func (s *Pages) asksToSwap(v *web.Visit, c act.Case, f *web.Form) (bool, error) {
	other, err := s.otherKey(v, c, f)
	if err != nil || other == "" || f.Values["swap"] == string(other) {
		return false, err
	}
	d, err := s.dossierOf(v, c)
	if err != nil {
		return false, err
	}
	f.Values["swap"], f.Values["serial"] = string(other), string(other)
	f.Button = fmt.Sprintf("Oui, remettre la clef %s", other)
	return true, s.showHandover(v, http.StatusOK, d, f, nil, "", "")
}

// otherKey is the free key of the same stock that was typed instead of the attributed one; empty where what was typed is no such key, which
// is for the judges to say.
func (s *Pages) otherKey(v *web.Visit, c act.Case, f *web.Form) (okey.Serial, error) {
	serial, err := okey.ParseSerial(f.Values["serial"])
	if err != nil || serial == c.Key || c.Stage != okey.AwaitingHandover {
		return "", nil //nolint:nilerr // Do says what is wrong with it
	}
	key, err := s.store.Key(v.Ctx(), serial)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return "", nil
	}
	if err != nil || key.UAI != c.UAI || key.State != okey.InStock || key.ExpiresOn.Before(c.Today) {
		return "", err
	}
	return serial, nil
}

package server

import (
	"net/http"
	"slices"
	"strings"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// keyScreen is the page of a key.
type keyScreen struct {
	Facts  []fact
	Form   *form         // nil for whoever may not change it
	Mine   *holderScreen // for whoever has it in hand
	Along  *alongView    // the holder leaves with it
	Coming string        // where its arrival is confirmed; empty: it is not on its way, or support's side says so
	Story  []storyLine   // oldest first
	Helps  string        // the questions that arise beside the form
	Follow string
	Desk   *deskSide
}

// visibleKey is a key that the visitor may see, and how the permission table sees it; not_found otherwise.
func (s *Server) visibleKey(v *visit) (okey.Key, okey.Subject, okey.Day, error) {
	serial, err := okey.ParseSerial(v.Param("serial"))
	if err != nil {
		return okey.Key{}, okey.Subject{}, okey.Day{}, okey.Errorf(okey.CodeNotFound, "Cette clef n'existe pas, ou elle n'est pas pour vous.")
	}
	key, err := s.store.Key(v.ctx(), serial)
	if err != nil {
		return key, okey.Subject{}, okey.Day{}, err
	}
	subject, err := s.store.SubjectOfKey(v.ctx(), key)
	if err != nil {
		return key, subject, okey.Day{}, err
	}
	today, err := s.store.Today(v.ctx(), key.UAI, v.Now)
	if err != nil {
		return key, subject, today, err
	}
	return key, subject, today, okey.May(okey.ActSee, v.Actor, subject, today)
}

// keyPage shows a key and, to those who may, what can be reported of it.
func (s *Server) keyPage(v *visit) error {
	key, subject, today, err := s.visibleKey(v)
	if err != nil {
		return s.gone(v, err)
	}
	f := keyForm(v, key, subject, today)
	notice := ""
	if f != nil && s.restore(v, f) {
		notice = restoredNotice
	}
	done, found, err := s.justDone(v)
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

func (s *Server) showKey(v *visit, status int, key okey.Key, f *form, notice, warning string) error {
	c, err := s.clockAt(v.ctx(), v, key.UAI)
	if err != nil {
		return err
	}
	place, err := s.store.Place(v.ctx(), key.UAI)
	if err != nil {
		return err
	}
	page := keyScreen{Form: f, Helps: keyHelps(key)}
	lastLogin, err := s.unseenLogin(v.ctx())
	if err != nil {
		return err
	}
	if !key.LastLoginAt.IsZero() {
		lastLogin = c.time(key.LastLoginAt)
	}
	page.Facts = []fact{
		{Name: "Numéro de série", Value: string(key.Serial)},
		{Name: "Dernière connexion", Value: okey.Capitalize(lastLogin)},
		{Name: "Date d'expiration", Value: c.date(key.ExpiresOn)},
		{Name: "Lot", Value: key.Batch},
		{Name: "État", Value: okey.Capitalize(key.State.French()) + tooShort(key, okey.DayOf(v.Now, c.zone))},
		v.ofSchool(place),
	}
	if key.Holder != (okey.PersonID{}) {
		holder, err := s.store.Person(v.ctx(), key.Holder)
		if err != nil {
			return err
		}
		page.Facts = append(page.Facts, v.ofPerson("Titulaire", holder))
	}
	if key.Request != uuid.Nil {
		r, err := s.store.Request(v.ctx(), key.Request)
		if err != nil {
			return err
		}
		who, err := s.store.Person(v.ctx(), r.Person)
		if err != nil {
			return err
		}
		page.Facts = append(page.Facts, fact{Name: "Réservée à", Value: who.Name(), Path: requestURL(r.ID)})
	}
	if key.PriorToOKEY {
		kept, err := s.store.KeptPIN(v.ctx(), key.Serial)
		if err != nil {
			return err
		}
		page.Facts = append(page.Facts, priorFact(kept))
	}
	if key.Holder != v.Actor.ID || v.desk() {
		events, err := s.store.KeyStory(v.ctx(), key.Serial)
		if err != nil {
			return err
		}
		if err := s.nameMoves(v.ctx(), events); err != nil {
			return err
		}
		page.Story = keyStory(events, c)
		if v.desk() {
			if page.Desk, err = s.keySide(v, key, page, events, c); err != nil {
				return err
			}
		}
	}
	subject := okey.Subject{Owner: key.Holder, UAI: place.AnsweredBy()}
	if page.Along, err = s.along(v, key, subject, okey.DayOf(v.Now, c.zone)); err != nil {
		return err
	}
	if page.Coming, err = s.coming(v, key, place); err != nil {
		return err
	}
	title, of := "Gérer la clef", string(key.Serial)
	if okey.May(okey.ActManageKeys, v.Actor, subject, okey.DayOf(v.Now, c.zone)) != nil { // who only reads
		title = "Clef"
	}
	if key.Holder == v.Actor.ID {
		page.Facts = slices.DeleteFunc(page.Facts, func(f fact) bool { return f.Name == "Lot" && !v.oversees() })
		title, of = "Ma clef "+string(key.Serial), ""
	}
	if page.Mine, err = s.holder(v, key); err != nil {
		return err
	}
	if page.Mine != nil && okey.May(okey.ActManageKeys, v.Actor, subject, okey.DayOf(v.Now, c.zone)) != nil {
		page.Form = nil // the two things that a holder may report have pages of their own
	}
	return s.show(v, status, "key", screen{Title: title, Of: of, Notice: notice, Warning: warning, Body: page})
}

// coming is where those who manage the school's keys confirm that this one has arrived; empty where it is not on its way.
func (s *Server) coming(v *visit, key okey.Key, place sql.Place) (string, error) {
	if key.State != okey.InTransit || v.desk() || s.permitAt(v.ctx(), v.Actor, &wish{}, okey.ActManageKeys, place.UAI) != nil {
		return "", nil //nolint:nilerr // the table says no: it is not theirs to confirm
	}
	delivery, known, err := s.store.BroughtBy(v.ctx(), key.Serial)
	if err != nil || !known {
		return "", err
	}
	return arrivalURL(delivery, key.UAI), nil
}

// priorFact says what of a key was settled before OKEY: its PIN no longer, once another has been set here.
func priorFact(kept sql.KeptPIN) fact {
	if kept.Hash != "" {
		return fact{Name: "Charte", Value: "d'avant OKEY"}
	}
	return fact{Name: "Charte et code PIN", Value: "d'avant OKEY"}
}

// keyForm offers what the domain's table allows for the key now, to whom it allows it; nil where that is nothing.
func keyForm(v *visit, key okey.Key, subject okey.Subject, today okey.Day) *form {
	var reasons []choice
	for _, reason := range okey.ChangeReasons() {
		_, err := okey.NextKeyState(key.State, reason)
		if err == nil && okey.MayChangeKey(v.Actor, key, subject, reason, today) == nil {
			reasons = append(reasons, choice{string(reason), reason.French()})
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	return newForm(v, "changement", keyURL(key.Serial), "Enregistrer", map[string]field{
		"confirm": {},
		"reason":  {Label: "*Motif", Hint: reasonsHint(reasons, v), Empty: "Veuillez choisir un motif", Choices: reasons},
		"comment": {Label: "*Commentaire", Hint: "Que s'est-il passé ? Les personnes concernées le liront.", Missing: "Écrivez un commentaire : les personnes concernées le liront."},
	})
}

// reasonsHint says what follows of a reason where its name does not: a key that is found is lent again, one that is retired never is.
func reasonsHint(reasons []choice, v *visit) string {
	offers := func(reason okey.KeyReason) bool {
		return slices.ContainsFunc(reasons, func(c choice) bool { return c.Value == string(reason) })
	}
	var hints []string
	if offers(okey.ReasonFound) {
		hints = append(hints, "« Clef retrouvée » : elle est dans le tiroir, et sera prêtée à qui attend. La personne qui l'avait l'a toujours ? Reprenez-la d'abord ; elle en redemandera une.")
	}
	if offers(okey.ReasonRetired) && !v.Actor.Support {
		hints = append(hints, "« Mise au rebut » est définitif : la clef ne servira plus. Seule l'assistance peut revenir dessus.")
	}
	return strings.Join(hints, " ")
}

// changeKey takes the form of a key's page the one way through.
func (s *Server) changeKey(v *visit) error {
	key, subject, today, err := s.visibleKey(v)
	if err != nil {
		return s.outOfSight(v, key, err)
	}
	f := keyForm(v, key, subject, today)
	if f == nil { // sent twice, or a page from before: the judges know
		f = newForm(v, "changement", keyURL(key.Serial), "Enregistrer", map[string]field{"confirm": {}, "reason": {}, "comment": {}})
	}
	if err := s.read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error {
		if key, subject, today, err = s.visibleKey(v); err != nil { // as it is by now
			return s.outOfSight(v, key, err)
		}
		if keyForm(v, key, subject, today) == nil {
			return s.showKey(v, status, key, nil, "", warning)
		}
		f.Fields, f.Values["confirm"] = keyForm(v, key, subject, today).Fields, ""
		return s.showKey(v, status, key, f, "", warning)
	}
	reason := okey.KeyReason(f.Values["reason"])
	if reason == "" {
		// Without a reason the permission table can't be asked: what is missing is all there is to say.
		f.wrong("reason", "")
		if _, err := okey.CheckText("comment", f.Values["comment"], true); err != nil {
			f.wrong("comment", okey.ErrorMessage(err))
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	if f.asksToRetire(v, key.State, subject, today) {
		return s.showKey(v, http.StatusOK, key, f, "", "")
	}
	done, err := s.act(v.ctx(), v.Actor, wish{
		Action: f.Action, Name: okey.ActionKeyChange, Key: key.Serial, Via: okey.ViaWeb,
		Content: okey.Content{KeyReason: reason, Comment: f.Values["comment"]},
	})
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, "")
	}
	return s.answerForm(v, f, done, keyURL(key.Serial), again)
}

// asksToRetire asks, instead of acting, whether a key is really to be scrapped: whoever does it can't undo it, and support, who can, does not give it
// back to whoever had it. What is missing is said first.
func (f *form) asksToRetire(v *visit, state okey.KeyState, subject okey.Subject, today okey.Day) bool {
	reason := f.Values["reason"]
	offered := slices.ContainsFunc(f.Fields["reason"].Choices, func(c choice) bool { return c.Value == string(okey.ReasonRetired) })
	if !offered || reason != string(okey.ReasonRetired) || f.Values["confirm"] == reason || (v.Actor.Support && state != okey.InService) || strings.TrimSpace(f.Values["comment"]) == "" ||
		okey.May(okey.ActManageKeys, v.Actor, subject, today) != nil {
		return false
	}
	f.Values["confirm"], f.Button = reason, "Oui, mettre au rebut"
	return true
}

// outOfSight is for whoever sends the form of a key that they no longer see. Where it was theirs to see until the key went (they answered for
// the establishment that it left, or it was in their hands) they learn when that was, and no more; to anybody else the key does not exist.
func (s *Server) outOfSight(v *visit, key okey.Key, unseen error) error {
	if okey.ErrorCode(unseen) != okey.CodeNotFound || key.Serial == "" {
		return unseen
	}
	id, _ := uuid.Parse(v.Request.PostFormValue("action"))
	if sent, err := s.store.Action(v.ctx(), id); err == nil && sent.By == v.Actor.ID && sent.Key == key.Serial { // sent twice, it is one action
		v.Redirect(http.StatusSeeOther, doneURL(keyURL(key.Serial), sent.ID))
		return nil
	}
	left, returned, err := s.store.SeenUntil(v.ctx(), key.Serial, v.Actor.ID)
	c := paris(v)
	switch {
	case err != nil:
		return err
	case !returned.IsZero() && returned.After(left):
		return okey.Errorf(okey.CodeKeyElsewhere, "La clef %s n'est plus à vous depuis %s : rien n'a changé.", key.Serial, c.time(returned))
	case !left.IsZero():
		return okey.Errorf(okey.CodeKeyElsewhere, "La clef %s n'est plus dans votre établissement depuis %s : rien n'a changé.", key.Serial, c.time(left))
	}
	return unseen
}

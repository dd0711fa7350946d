package server

import (
	"fmt"
	"net/http"
	"net/url"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// The counter is where keys change hands: find the person, by name or by the key, check, confirm, next.

const (
	pathCounter  = "/remise"
	counterLines = 25
)

// counterScreen is the search, and who waits for which key.
type counterScreen struct {
	Search *form
	Key    string // what there is to say of the key that was scanned, where nobody is here to fetch it: it is free, comes back, or was found
	Manage *fact  // that key's page
	Found  []counterGroup
	More   string
	Others []card // who were found and await something else
	Own    string // who hands the visitor's own key over
	Empty  string
}

type counterGroup struct {
	Name  string
	Lines []counterLine
}

type counterLine struct{ Path, Who, Key, State string }

// counterPage searches and lists; a scanned key, or a name that fits one person alone, leads straight to them.
func (s *Server) counterPage(v *visit) error {
	uais, err := placesWhere(v, okey.ActHandOver)
	if err != nil {
		return err
	}
	typed := plainQuery(v, "q")
	page := counterScreen{Search: counterSearch(typed), Empty: "Aucune clef à remettre."}
	who := sql.CounterSearch{At: uais, Typed: typed, Limit: counterLines}
	if who.Everywhere = okey.May(okey.ActHandOver, v.Actor, okey.Subject{HasReason: true}, v.today()) == nil; who.Everywhere {
		page.Empty = "Cherchez une personne ou une clef : vous pouvez remettre celles de tous les établissements."
	}
	if page.Own, err = s.ownHandover(v); err != nil {
		return err
	}
	if page.Own != "" {
		who.But = v.Actor.ID
	}
	found, total, err := s.store.AtCounter(v.ctx(), who)
	if err != nil {
		return err
	}
	scanned, said, err := s.scanned(v, typed)
	if err != nil {
		return err
	}
	ready := ofStage(found, okey.AwaitingHandover, true)
	if len(ready) == 1 && typed != "" && len(found) == 1 {
		v.Redirect(http.StatusSeeOther, counterURL(ready[0].ID, scanned.Serial))
		return nil
	}
	warning := ""
	if len(found) == 0 && typed != "" {
		who.Typed = ""
		if found, total, err = s.store.AtCounter(v.ctx(), who); err != nil {
			return err
		}
		if ready = found; scanned.Serial == "" {
			warning = said
		} else {
			page.Key, page.Manage = said, &fact{Name: "Ouvrir la page de la clef " + string(scanned.Serial), Path: keyURL(scanned.Serial)}
		}
		if scanned.State != okey.InStock {
			scanned.Serial = "" // nobody is handed this one
		} else if len(ready) > 0 {
			page.Key += " Choisissez à qui vous la remettez : elle prendra la place de celle qui lui est réservée."
		}
	}
	page.Found = counterGroups(v, ready, scanned.Serial, who.Everywhere || len(uais) > 1)
	if more := total - len(ready); more > 0 {
		page.More = fmt.Sprintf("Et %s de plus : cherchez par nom.", okey.SayCount(more, "personne"))
	}
	page.Others = counterOthers(v, ofStage(found, okey.AwaitingHandover, false))
	return s.show(v, http.StatusOK, "counter", screen{Title: "Remettre une clef", Warning: warning, Body: page})
}

// counterOthers are those who were found and have no key to fetch yet; whom the visitor may answer, they may answer here.
func counterOthers(v *visit, others []sql.Awaited) []card {
	cards := awaitedCards(others, paris(v), false)
	for i, acting := range actingCards(others, paris(v)) {
		r := others[i]
		subject := okey.Subject{Owner: r.Person, UAI: r.AnsweredBy(), Stage: r.Stage}
		if okey.May(okey.ActDecide, v.Actor, subject, v.today()) == nil {
			cards[i].Acts = acting.Acts
		}
	}
	return cards
}

// ownHandover says who hands the visitor's own key over; empty where none waits for them, or they may take it themselves.
func (s *Server) ownHandover(v *visit) (string, error) {
	open, err := s.store.OpenRequestOf(v.ctx(), v.Actor.ID)
	if okey.ErrorCode(err) == okey.CodeNotFound || err == nil && open.Stage != okey.AwaitingHandover {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	d, err := s.dossier(v, open.ID)
	if err != nil || okey.May(okey.ActHandOver, v.Actor, d.subject, d.today) == nil {
		return "", err
	}
	return fmt.Sprintf("Votre propre clef vous attend : on ne se la remet pas soi-même. Demandez-la à %s.", whoIsAwaited(d.waits)), nil
}

func counterSearch(typed string) *form {
	f := &form{Name: "chercher", Path: pathCounter, Values: map[string]string{}, Fields: map[string]field{}, Button: "Chercher"}
	f.add("q", typed, field{Label: "Nom de la personne, ou numéro de la clef", Hint: "Un lecteur de codes-barres branché en USB suffit : scannez la clef."})
	return f
}

func counterURL(request uuid.UUID, scanned okey.Serial) string {
	page := pathCounter + "/" + request.String()
	if scanned != "" {
		page += "?clef=" + url.QueryEscape(string(scanned))
	}
	return page
}

func ofStage(found []sql.Awaited, stage okey.Stage, is bool) []sql.Awaited {
	var some []sql.Awaited
	for _, r := range found {
		if (r.Stage == stage) == is {
			some = append(some, r)
		}
	}
	return some
}

func counterGroups(v *visit, found []sql.Awaited, scanned okey.Serial, several bool) []counterGroup {
	var groups []counterGroup
	at := map[okey.UAI]int{}
	for _, r := range found {
		i, known := at[r.UAI]
		if !known {
			i = len(groups)
			at[r.UAI] = i
			groups = append(groups, counterGroup{Name: fmt.Sprintf("%s (%s)", r.School, r.UAI)})
		}
		groups[i].Lines = append(groups[i].Lines, counterLine{
			Path: counterURL(r.ID, scanned), Who: r.Requester.Name(), Key: string(r.Key), State: "attend depuis " + paris(v).day(r.Since),
		})
	}
	if len(groups) == 1 && !several && found[0].Host == "" {
		groups[0].Name = ""
	}
	return groups
}

// scanned is the key whose number was typed, and what to do with it where it waits for nobody here. A key that the visitor may not see is like
// one that does not exist.
func (s *Server) scanned(v *visit, typed string) (okey.Key, string, error) {
	nobody := fmt.Sprintf("Personne de ce nom n'attend de clef, et aucune clef d'ici ne porte ce numéro : « %s ».", typed)
	serial, err := okey.ParseSerial(typed)
	if err != nil {
		return okey.Key{}, nobody, nil //nolint:nilerr // it is a name, then
	}
	key, err := s.store.Key(v.ctx(), serial)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.Key{}, nobody, nil
	}
	if err != nil {
		return okey.Key{}, "", err
	}
	subject, err := s.store.SubjectOfKey(v.ctx(), key)
	if err != nil {
		return okey.Key{}, "", err
	}
	if okey.May(okey.ActManageKeys, v.Actor, subject, v.today()) != nil {
		return okey.Key{}, nobody, nil //nolint:nilerr // the table says no: the key is not found
	}
	if key.State == okey.InStock {
		return key, fmt.Sprintf("La clef %s est libre.", serial), nil
	}
	if who, next, err := s.oldKeyOf(v, key); key.Holder != v.Actor.ID && (err != nil || who != "") {
		return key, sayOldKey(serial, who, next), err
	}
	whose, err := s.whoseKey(v.ctx(), key, v.Actor.ID)
	return key, sayKeyTaken(serial, key.State, whose), err
}

// handoverScreen is the counter in front of one person.
type handoverScreen struct {
	Standing  string
	Who       string
	Facts     []fact
	Form      *form
	TakeBack  string // what to do with the key that this one replaces
	Swap      string // asks whether another key is really to take the attributed one's place
	Illegible string
	Request   string
	Slip      string
	Follow    string
}

// handoverPage is the check before a key changes hands and, after it, the slip and the way to the next person.
func (s *Server) handoverPage(v *visit) error {
	d, err := s.atCounter(v)
	if err != nil {
		return err
	}
	f := counterForm(v, d)
	notice, err := s.requestNotice(v, d)
	if err != nil {
		return err
	}
	if s.restore(v, f) {
		notice = restoredNotice
	} else if serial, err := okey.ParseSerial(v.Query("clef")); err == nil {
		f.Values["serial"] = string(serial)
	}
	return s.showHandover(v, http.StatusOK, d, f, notice, "")
}

// atCounter is the request that the address names, for whoever may hand its key over.
func (s *Server) atCounter(v *visit) (dossier, error) {
	id, err := idOf(v.Context)
	if err != nil {
		return dossier{}, err
	}
	d, err := s.dossier(v, id)
	if err != nil {
		return d, err
	}
	return d, okey.May(okey.ActHandOver, v.Actor, d.subject, d.today)
}

func counterForm(v *visit, d dossier) *form {
	return newForm(v, "remise", pathCounter+"/"+d.ID.String(), "Remettre la clef", map[string]field{
		"swap":   {},
		"serial": {Label: "*Numéro gravé sur la clef que vous remettez", Hint: fmt.Sprintf("Clef réservée : %s. Scannez le numéro, ou tapez-le.", d.Key)},
	})
}

func (s *Server) showHandover(v *visit, status int, d dossier, f *form, notice, warning string) error {
	page := handoverScreen{Who: d.requester.Name(), Request: requestURL(d.ID)}
	if d.Stage != okey.AwaitingHandover {
		if page.Standing = d.standing(v); notice != "" {
			page.Standing = ""
		}
		if d.Stage == okey.HandedOver {
			page.Slip = slipURL(d.ID)
		}
		return s.show(v, status, "handover", screen{Title: "Remise à " + page.Who, Notice: notice, Warning: warning, Body: page})
	}
	var err error
	if page.Facts, err = s.handoverFacts(v, d); err != nil {
		return err
	}
	page.Slip, page.TakeBack = slipURL(d.ID), d.takeBack()
	for _, a := range d.pending {
		if a.By == v.Actor.ID && a.Name == okey.ActionOf(okey.Handover) {
			page.Follow, f = followURL(a.ID), nil
		}
	}
	page.Form = f
	if may, err := s.mayReplace(v, d); err != nil {
		return err
	} else if may && f != nil {
		page.Illegible = requestURL(d.ID) + pathIllegible
	}
	if f != nil && f.Values["swap"] != "" {
		page.Swap = fmt.Sprintf("La clef %s n'est pas celle qui est réservée à %s, la %s. Elle est libre : si vous la remettez, elle prend sa place, et la %s retourne au stock.",
			f.Values["swap"], page.Who, d.Key, d.Key)
	}
	return s.show(v, status, "handover", screen{Title: "Remise à " + page.Who, Notice: notice, Warning: warning, Body: page})
}

// handoverFacts are what is checked before the key leaves the hand.
func (s *Server) handoverFacts(v *visit, d dossier) ([]fact, error) {
	facts := []fact{{Name: "À", Value: d.requester.Name()}, {Name: "Établissement", Value: fmt.Sprintf("%s (%s)", d.place.Name, d.UAI)}}
	if d.Key != "" {
		key, err := s.store.Key(v.ctx(), d.Key)
		if err != nil {
			return nil, err
		}
		facts = append(facts, fact{Name: "Clef réservée", Value: string(d.Key), Path: keyURL(d.Key)}, fact{Name: "Valable jusqu'au", Value: d.clock.date(key.ExpiresOn)})
	}
	if !d.SignedAt.IsZero() {
		facts = append(facts, fact{Name: "Charte", Value: fmt.Sprintf("version %d, signée %s", d.Charter, d.clock.day(d.SignedAt)), Path: signedURL(d.ID)})
	}
	return append(facts, fact{Name: "Attend depuis", Value: d.clock.day(d.Since)}), nil
}

// handOver takes the counter's form the one way through. Another key than the attributed one is asked about first: a scanner sends the form by itself.
func (s *Server) handOver(v *visit) error {
	d, err := s.atCounter(v)
	if err != nil {
		return err
	}
	f := counterForm(v, d)
	if err := s.read(v, f); err != nil {
		return err
	}
	again := func(status int, warning string) error {
		if d, err = s.dossier(v, d.ID); err != nil { // as it is by now
			return err
		}
		f.Values["swap"] = ""
		return s.showHandover(v, status, d, f, "", warning)
	}
	if asked, err := s.asksToSwap(v, d, f); asked || err != nil {
		return err
	}
	w := f.wish(v, okey.Handover)
	w.Request = d.ID
	done, err := s.act(v.ctx(), v.Actor, w)
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return again(http.StatusUnprocessableEntity, d.tooLateFor(v, signalForm{signal: okey.Handover}))
	}
	return s.answerForm(v, f, done, pathCounter+"/"+d.ID.String(), again)
}

// asksToSwap asks, instead of acting, whether another key is really to take the attributed one's place.
func (s *Server) asksToSwap(v *visit, d dossier, f *form) (bool, error) {
	other, err := s.otherKey(v, d, f)
	if err != nil || other == "" || f.Values["swap"] == string(other) {
		return false, err
	}
	f.Values["swap"], f.Values["serial"] = string(other), string(other)
	f.Button = fmt.Sprintf("Oui, remettre la clef %s", other)
	return true, s.showHandover(v, http.StatusOK, d, f, "", "")
}

// otherKey is the free key of the same stock that was typed instead of the attributed one; empty where what was typed is no such key, which is
// for the judges to say.
func (s *Server) otherKey(v *visit, d dossier, f *form) (okey.Serial, error) {
	serial, err := okey.ParseSerial(f.Values["serial"])
	if err != nil || serial == d.Key || d.Stage != okey.AwaitingHandover {
		return "", nil //nolint:nilerr // act says what is wrong with it
	}
	key, err := s.store.Key(v.ctx(), serial)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return "", nil
	}
	if err != nil || key.UAI != d.UAI || key.State != okey.InStock {
		return "", err
	}
	return serial, nil
}

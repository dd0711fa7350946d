package desk

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"
)

// foundScreen is what a search has found.
type foundScreen struct {
	Asked string
	Found []finding
	Try   string // what to try, where nothing was found
}

func (s *Pages) foundPage(v *web.Visit, asked string) (err error) {
	page := foundScreen{Asked: asked}
	if page.Found, err = s.search(v, asked); err != nil {
		return err
	}
	if len(page.Found) == 0 {
		if page.Try, err = s.tryInstead(v, asked); err != nil {
			return err
		}
	}
	return s.Show(v, http.StatusOK, "found", web.Screen{Title: "Recherche", Asked: asked, Body: page})
}

// searchRows is how many things of one kind the search shows: it is narrowed, not leafed through.
const searchRows = 10

// finding is what the search has come upon of one kind.
type finding struct {
	Kind string // in the plural: a heading
	Hits []web.Hit
	More bool // than are shown
}

// gathered makes a finding of what a question has answered: one more than is shown says that there are more.
func gathered[T any](kind string, found []T, say func(T) web.Hit) finding {
	f := finding{Kind: kind, More: len(found) > searchRows}
	for _, one := range found[:min(len(found), searchRows)] {
		f.Hits = append(f.Hits, say(one))
	}
	return f
}

// search reads what was typed as it stands; where that is nothing, as the name of something that was done; then each number and address
// in it by itself, and at last the people whom it names.
func (s *Pages) search(v *web.Visit, asked string) ([]finding, error) {
	if len(asked) > okey.MaxText || !web.IsPlainText(asked) {
		return nil, nil
	}
	asked = web.Unquoted(web.OfAddress(asked))
	for _, read := range []func(*web.Visit, string) ([]finding, error){s.readAsItStands, s.readAsDone, s.readPieces, s.readNames} {
		if found, err := read(v, asked); err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

// readAsItStands asks every question that what was typed can be an answer to. What it is exactly comes first.
func (s *Pages) readAsItStands(v *web.Visit, asked string) ([]finding, error) {
	found, err := s.findRecords(v, asked)
	if err != nil {
		return nil, err
	}
	for _, question := range []func(*web.Visit, string) (finding, error){
		s.findRequests, s.findKeys, s.findReports, s.findPlaces, s.findPeople, s.findOrders, s.findDeliveries, s.findBatches,
	} {
		f, err := question(v, asked)
		if err != nil {
			return nil, err
		}
		if len(f.Hits) > 0 {
			found = append(found, f)
		}
	}
	exactFirst(found)
	return found, nil
}

func exactFirst(found []finding) {
	slices.SortStableFunc(found, func(a, b finding) int {
		switch {
		case a.Hits[0].Exact == b.Hits[0].Exact:
			return 0
		case a.Hits[0].Exact:
			return -1
		}
		return 1
	})
}

// readAsDone finds what somebody's act was about: workflows of the engine are named after it.
func (s *Pages) readAsDone(v *web.Visit, asked string) ([]finding, error) {
	from, to, ok := web.IDsTyped(asked)
	if !ok {
		return nil, nil
	}
	about, err := s.store.ActedOn(v.Ctx(), from, to, searchRows)
	if err != nil {
		return nil, err
	}
	return s.readEach(v, about, s.readAsItStands)
}

func (s *Pages) readPieces(v *web.Visit, asked string) ([]finding, error) {
	some := slices.DeleteFunc(web.Pieces(asked), func(piece string) bool { return piece == asked }) // this one was asked already
	return s.readEach(v, some[:min(len(some), searchRows)], s.readAsItStands, s.readAsDone)
}

// readEach gathers what several texts find, each by the first reading that finds anything.
func (s *Pages) readEach(v *web.Visit, texts []string, readings ...func(*web.Visit, string) ([]finding, error)) ([]finding, error) {
	var all []finding
	for _, text := range texts {
		for _, read := range readings {
			found, err := read(v, text)
			if err != nil {
				return nil, err
			}
			if len(found) > 0 {
				all = merged(all, found)
				break
			}
		}
	}
	exactFirst(all)
	return all, nil
}

// merged adds findings to others: one of each kind, each hit once.
func merged(all, more []finding) []finding {
	for _, f := range more {
		at := slices.IndexFunc(all, func(other finding) bool { return other.Kind == f.Kind })
		if at < 0 {
			all = append(all, f)
			continue
		}
		all[at].More = all[at].More || f.More
		for _, h := range f.Hits {
			if !slices.ContainsFunc(all[at].Hits, func(other web.Hit) bool { return other.Path == h.Path }) {
				all[at].Hits = append(all[at].Hits, h)
			}
		}
	}
	return all
}

// readNames finds the people whom a text names: the subject of a mail, a name with a school.
func (s *Pages) readNames(v *web.Visit, asked string) ([]finding, error) {
	people, err := s.store.FindPeopleNamed(v.Ctx(), web.NameTyped(asked), v.Today(), searchRows+1)
	if err != nil || len(people) == 0 {
		return nil, err
	}
	return []finding{gathered("Personnes", people, foundPerson)}, nil
}

func (s *Pages) findRequests(v *web.Visit, asked string) (finding, error) {
	from, to, ok := web.IDsTyped(asked)
	if !ok {
		return finding{}, nil
	}
	found, err := s.store.FindRequests(v.Ctx(), from, to, searchRows+1)
	return gathered("Demandes", found, func(r sql.FoundRequest) web.Hit {
		return web.Hit{
			Name: fmt.Sprintf("Demande %s %s", story.ShortID(r.ID), okey.SayOf(r.Requester)), Path: address.RequestURL(r.ID), Exact: true,
			More: r.School + " · " + web.SayState(r.Request, web.Paris(v)) + " · « " + r.Need + " »",
		}
	}), err
}

func (s *Pages) findKeys(v *web.Visit, asked string) (finding, error) {
	serial, ok := serialTyped(asked)
	if !ok {
		return finding{}, nil
	}
	found, err := s.store.FindKeys(v.Ctx(), serial, searchRows+1)
	return gathered("Clefs", found, func(k sql.FoundKey) web.Hit {
		more := k.State.French() + " · " + k.School
		if k.Holder != "" {
			more += " · " + k.Holder
		}
		return web.Hit{Name: string(k.Serial), Path: address.KeyURL(k.Serial), More: okey.Capitalize(more), Exact: k.Exact}
	}), err
}

// serialTyped is a serial number, or enough of one to mean some keys.
func serialTyped(asked string) (okey.Serial, bool) {
	serial, err := okey.ParseSerial(asked)
	return serial, err == nil && len(serial) >= 3
}

func (s *Pages) findPlaces(v *web.Visit, asked string) (finding, error) {
	found, err := s.PlacesNamed(v.Ctx(), asked, searchRows+1)
	return gathered("Établissements", found, func(p sql.FoundPlace) web.Hit {
		more := p.Commune
		switch {
		case p.Successor != "":
			more += " · remplacé par " + string(p.Successor)
		case !p.Served:
			more += " · OKEY ne le sert plus"
		}
		return web.Hit{
			Name: okey.SayPlace(p.Name, p.UAI), Path: address.SchoolURL(p.UAI), More: more, Exact: p.Exact, Pages: pagesOf(v, p.UAI),
		}
	}), err
}

// pagesOf are the pages about an establishment; its drawer is counted by those alone who manage keys.
func pagesOf(v *web.Visit, uai okey.UAI) []web.Fact {
	pages := []web.Fact{
		{Name: "Demandes", Path: address.PathRequests},
		{Name: "Clefs", Path: address.PathKeys},
		{Name: "Commandes", Path: address.PathOrders},
	}
	if okey.May(okey.ActManageKeys, v.Actor, okey.Subject{UAI: uai}, v.Today()) == nil {
		pages = append(pages, web.Fact{Name: "Inventaire", Path: address.PathInventory})
	}
	for i := range pages {
		pages[i].Path += "?etablissement=" + string(uai)
	}
	return pages
}

func (s *Pages) findPeople(v *web.Visit, asked string) (finding, error) {
	found, err := s.store.FindPeople(v.Ctx(), web.PersonTyped(asked), web.CodeTyped(asked), v.Today(), searchRows+1)
	return gathered("Personnes", found, foundPerson), err
}

// foundPerson names somebody with what tells people of one name apart.
func foundPerson(p sql.FoundPerson) web.Hit {
	more := p.UID
	if p.Mail != "" {
		more += " · " + p.Mail
	}
	return web.Hit{Name: story.NameOr(p.Person, p.UID), Path: address.PersonURL(p.ID), More: more + web.SayPosts(p, " · "), Exact: p.Exact}
}

func (s *Pages) findOrders(v *web.Visit, asked string) (finding, error) {
	var found []sql.FoundOrder
	if number, ok := web.NumberTyped(asked); ok {
		o, known, err := s.store.FindOrder(v.Ctx(), number)
		if err != nil {
			return finding{}, err
		}
		if known {
			found = append(found, o)
		}
	}
	if from, to, ok := web.IDsTyped(asked); ok {
		more, err := s.store.FindOrders(v.Ctx(), from, to, searchRows+1)
		if err != nil {
			return finding{}, err
		}
		found = append(found, more...)
	}
	return gathered("Commandes", found, func(o sql.FoundOrder) web.Hit {
		return web.Hit{
			Name: fmt.Sprintf("Commande n° %d", o.Number), Path: address.OrderURL(o.ID), Exact: true,
			More: okey.SayCount(o.Quantity, "clef") + ", " + o.State.Say(o.Received, o.Quantity) + " · " + o.School,
		}
	}), nil
}

func (s *Pages) findDeliveries(v *web.Visit, asked string) (finding, error) {
	var found []sql.Delivery
	var err error
	from, to, isID := web.IDsTyped(asked)
	if isID {
		found, err = s.store.FindDeliveries(v.Ctx(), from, to, searchRows+1)
	}
	if file := strings.TrimSpace(asked); len(found) == 0 && err == nil && len(file) >= 4 {
		isID = false
		found, err = s.store.FindDeliveriesOf(v.Ctx(), file, searchRows+1)
	}
	return gathered("Livraisons", found, func(d sql.Delivery) web.Hit {
		return web.Hit{
			Name: "Livraison de " + okey.SayCount(d.Keys, "clef"), Path: address.PathDeliveries + "/" + d.ID.String(),
			More:  okey.Capitalize(d.State.French()) + " · " + d.FileName,
			Exact: isID || strings.EqualFold(d.FileName, strings.TrimSpace(asked)),
		}
	}), err
}

// findReports finds what inventories came upon, and OKEY has not as a key.
func (s *Pages) findReports(v *web.Visit, asked string) (finding, error) {
	serial, ok := serialTyped(asked)
	if !ok {
		return finding{}, nil
	}
	found, err := s.store.FindReports(v.Ctx(), serial, searchRows+1)
	return gathered("Clefs signalées", found, func(r sql.ListedReport) web.Hit {
		return web.Hit{
			Name: string(r.Serial), Path: address.PathReports + "/" + r.ID.String(), Exact: r.Serial == serial,
			More: okey.Capitalize(r.State.French()) + " · " + r.Establishment,
		}
	}), err
}

func (s *Pages) findBatches(v *web.Visit, asked string) (finding, error) {
	asked = strings.TrimSpace(asked)
	var names []string // with the word and without: a batch may be called LOT-2 or 2026-A
	for _, name := range []string{asked, strings.TrimPrefix(strings.ToLower(asked), "lot ")} {
		if len(okey.Compact(name)) >= 2 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return finding{}, nil
	}
	found, err := s.store.FindBatches(v.Ctx(), names, searchRows+1)
	return gathered("Lots", found, func(b sql.FoundBatch) web.Hit {
		name := b.Batch
		if !strings.HasPrefix(strings.ToLower(name), "lot") {
			name = "Lot " + name
		}
		path := address.PathKeys + "?lot=" + url.QueryEscape(b.Batch)
		return web.Hit{Name: name, Path: path, More: okey.SayCount(b.Keys, "clef"), Exact: b.Exact}
	}), err
}

// tryInstead is what to try where nothing was found: where what was typed looks like a code with something wrong, what that is.
func (s *Pages) tryInstead(v *web.Visit, asked string) (string, error) {
	if len(asked) > okey.MaxText || !web.IsPlainText(asked) {
		return "C'est trop long, ou des signes sont illisibles : essayez avec un nom ou un numéro.", nil
	}
	code, err := okey.ParseUAI(asked)
	if err == nil {
		name, why, known, err := s.store.LeftOut(v.Ctx(), code)
		if known {
			return fmt.Sprintf("%s (%s) n'est pas dans OKEY : %s.", name, code, why.French()), err
		}
		return fmt.Sprintf("Aucun établissement n'a le code %s : vérifiez-le, ou importez la liste des établissements.", code), err
	}
	if almostCode(okey.Compact(asked)) {
		return okey.ErrorMessage(err), nil
	}
	return "Essayez avec moins de lettres, un seul mot du nom, ou un autre numéro. " +
		"Une personne qui ne s'est jamais connectée et qu'aucun import ne nomme n'est pas dans OKEY.", nil
}

// almostCode tells what looks like a UAI, though it is none: some seven digits and a letter.
func almostCode(typed string) bool {
	last := len(typed) - 1
	return last >= 4 && last < 8 && strings.Trim(typed[:last], "0123456789") == "" && typed[last] >= 'A'
}

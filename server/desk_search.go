package server

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"okey/okey"
	"okey/sql"
)

// searchRows is how many things of one kind the search shows: it is narrowed, not leafed through.
const searchRows = 10

// finding is what the search has come upon of one kind.
type finding struct {
	Kind string // in the plural: a heading
	Hits []hit
	More bool // than are shown
}

// hit is one thing that a search has come upon.
type hit struct {
	Kind, Name, Path, More string
	Exact                  bool   // it is what was typed, not merely like it
	Pages                  []fact // what else there is of it
}

// gathered makes a finding of what a question has answered: one more than is shown says that there are more.
func gathered[T any](kind string, found []T, say func(T) hit) finding {
	f := finding{Kind: kind, More: len(found) > searchRows}
	for _, one := range found[:min(len(found), searchRows)] {
		f.Hits = append(f.Hits, say(one))
	}
	return f
}

// search reads what was typed as it stands; where that is nothing, as the name of something that was done; then each number and address in it by
// itself, and at last the people whom it names.
func (s *Server) search(v *visit, asked string) ([]finding, error) {
	if len(asked) > okey.MaxText || !isPlainText(asked) {
		return nil, nil
	}
	asked = unquoted(ofAddress(asked))
	for _, read := range []func(*visit, string) ([]finding, error){s.readAsItStands, s.readAsDone, s.readPieces, s.readNames} {
		if found, err := read(v, asked); err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

// readAsItStands asks every question that what was typed can be an answer to. What it is exactly comes first.
func (s *Server) readAsItStands(v *visit, asked string) ([]finding, error) {
	found, err := s.findRecords(v, asked)
	if err != nil {
		return nil, err
	}
	for _, question := range []func(*visit, string) (finding, error){
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
func (s *Server) readAsDone(v *visit, asked string) ([]finding, error) {
	from, to, ok := idsTyped(asked)
	if !ok {
		return nil, nil
	}
	about, err := s.store.ActedOn(v.ctx(), from, to, searchRows)
	if err != nil {
		return nil, err
	}
	return s.readEach(v, about, s.readAsItStands)
}

func (s *Server) readPieces(v *visit, asked string) ([]finding, error) {
	some := slices.DeleteFunc(pieces(asked), func(piece string) bool { return piece == asked }) // that was asked already
	return s.readEach(v, some[:min(len(some), searchRows)], s.readAsItStands, s.readAsDone)
}

// readEach gathers what several texts find, each by the first reading that finds anything.
func (s *Server) readEach(v *visit, texts []string, readings ...func(*visit, string) ([]finding, error)) ([]finding, error) {
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
			if !slices.ContainsFunc(all[at].Hits, func(other hit) bool { return other.Path == h.Path }) {
				all[at].Hits = append(all[at].Hits, h)
			}
		}
	}
	return all
}

// readNames finds the people whom a text names: the subject of a mail, a name with a school.
func (s *Server) readNames(v *visit, asked string) ([]finding, error) {
	people, err := s.store.FindPeopleNamed(v.ctx(), nameTyped(asked), v.today(), searchRows+1)
	if err != nil || len(people) == 0 {
		return nil, err
	}
	return []finding{gathered("Personnes", people, foundPerson)}, nil
}

func (s *Server) findRequests(v *visit, asked string) (finding, error) {
	from, to, ok := idsTyped(asked)
	if !ok {
		return finding{}, nil
	}
	found, err := s.store.FindRequests(v.ctx(), from, to, searchRows+1)
	return gathered("Demandes", found, func(r sql.FoundRequest) hit {
		return hit{Name: fmt.Sprintf("Demande %s %s", shortID(r.ID), okey.SayOf(r.Requester)), Path: requestURL(r.ID), More: r.School + " · " + sayState(r.Request, paris(v)) + " · « " + r.Need + " »", Exact: true}
	}), err
}

func (s *Server) findKeys(v *visit, asked string) (finding, error) {
	serial, unread := okey.ParseSerial(asked)
	if unread != nil || len(serial) < 3 { // no serial number, or too little of one to mean any key
		return finding{}, nil //nolint:nilerr // then it is something else
	}
	found, err := s.store.FindKeys(v.ctx(), serial, searchRows+1)
	return gathered("Clefs", found, func(k sql.FoundKey) hit {
		more := k.State.French() + " · " + k.School
		if k.Holder != "" {
			more += " · " + k.Holder
		}
		return hit{Name: string(k.Serial), Path: keyURL(k.Serial), More: okey.Capitalize(more), Exact: k.Exact}
	}), err
}

// placesNamed are the establishments that somebody may mean, however they write a name, a town or a code.
func (s *Server) placesNamed(ctx context.Context, asked string, limit int) (found []sql.FoundPlace, err error) {
	code := codeTyped(asked)
	if code != "" {
		asked = string(code)
	}
	asked = strings.TrimSpace(aroundNames.Replace(asked))
	for _, spelt := range []string{asked, abbreviations.whole(asked), abbreviations.short(asked)} { // as it is typed first, else as others write it
		if found, err = s.store.FindEstablishments(ctx, spelt, code, limit); err != nil || len(found) > 0 {
			break
		}
	}
	return found, err
}

func (s *Server) findPlaces(v *visit, asked string) (finding, error) {
	found, err := s.placesNamed(v.ctx(), asked, searchRows+1)
	return gathered("Établissements", found, func(p sql.FoundPlace) hit {
		more := p.Commune
		switch {
		case p.Successor != "":
			more += " · remplacé par " + string(p.Successor)
		case !p.Served:
			more += " · OKEY ne le sert plus"
		}
		return hit{Name: fmt.Sprintf("%s (%s)", p.Name, p.UAI), Path: schoolURL(p.UAI), More: more, Exact: p.Exact, Pages: v.pagesOf(p.UAI)}
	}), err
}

// pagesOf are the pages about an establishment; its drawer is counted by those alone who manage keys.
func (v *visit) pagesOf(uai okey.UAI) []fact {
	pages := []fact{{Name: "Demandes", Path: "/demandes"}, {Name: "Clefs", Path: "/clefs"}, {Name: "Commandes", Path: pathOrders}}
	if okey.May(okey.ActManageKeys, v.Actor, okey.Subject{UAI: uai}, v.today()) == nil {
		pages = append(pages, fact{Name: "Inventaire", Path: pathInventory})
	}
	for i := range pages {
		pages[i].Path += "?etablissement=" + string(uai)
	}
	return pages
}

func (s *Server) findPeople(v *visit, asked string) (finding, error) {
	found, err := s.store.FindPeople(v.ctx(), personTyped(asked), codeTyped(asked), v.today(), searchRows+1)
	return gathered("Personnes", found, foundPerson), err
}

// foundPerson names somebody with what tells people of one name apart.
func foundPerson(p sql.FoundPerson) hit {
	more := p.UID
	if p.Mail != "" {
		more += " · " + p.Mail
	}
	return hit{Name: nameOr(p.Person, p.UID), Path: personURL(p.ID), More: more + sayPosts(p, " · "), Exact: p.Exact}
}

// sayPosts says what somebody does and where, each after the mark.
func sayPosts(p sql.FoundPerson, mark string) string {
	said := ""
	for _, post := range p.Posts {
		said += mark + post.Function.French() + " " + okey.SayAtSchool(okey.SayEstablishment(post.School))
	}
	return said
}

func (s *Server) findOrders(v *visit, asked string) (finding, error) {
	var found []sql.FoundOrder
	if number, ok := numberTyped(asked); ok {
		o, known, err := s.store.FindOrder(v.ctx(), number)
		if err != nil {
			return finding{}, err
		}
		if known {
			found = append(found, o)
		}
	}
	if from, to, ok := idsTyped(asked); ok {
		more, err := s.store.FindOrders(v.ctx(), from, to, searchRows+1)
		if err != nil {
			return finding{}, err
		}
		found = append(found, more...)
	}
	return gathered("Commandes", found, func(o sql.FoundOrder) hit {
		return hit{
			Name: fmt.Sprintf("Commande n° %d", o.Number), Path: pathOrders + "/" + o.ID.String(), Exact: true,
			More: okey.SayCount(o.Quantity, "clef") + ", " + o.State.Say(o.Received, o.Quantity) + " · " + o.School,
		}
	}), nil
}

func (s *Server) findDeliveries(v *visit, asked string) (finding, error) {
	var found []sql.Delivery
	var err error
	from, to, isID := idsTyped(asked)
	if isID {
		found, err = s.store.FindDeliveries(v.ctx(), from, to, searchRows+1)
	}
	if file := strings.TrimSpace(asked); len(found) == 0 && err == nil && len(file) >= 4 {
		isID = false
		found, err = s.store.FindDeliveriesOf(v.ctx(), file, searchRows+1)
	}
	return gathered("Livraisons", found, func(d sql.Delivery) hit {
		return hit{
			Name: "Livraison de " + okey.SayCount(d.Keys, "clef"), Path: pathDeliveries + "/" + d.ID.String(), More: okey.Capitalize(d.State.French()) + " · " + d.FileName,
			Exact: isID || strings.EqualFold(d.FileName, strings.TrimSpace(asked)),
		}
	}), err
}

// findReports finds what inventories came upon, and OKEY has not as a key.
func (s *Server) findReports(v *visit, asked string) (finding, error) {
	serial, unread := okey.ParseSerial(asked)
	if unread != nil || len(serial) < 3 {
		return finding{}, nil //nolint:nilerr // then it is something else
	}
	found, err := s.store.FindReports(v.ctx(), serial, searchRows+1)
	return gathered("Clefs signalées", found, func(r sql.ListedReport) hit {
		return hit{Name: string(r.Serial), Path: pathReports + "/" + r.ID.String(), More: okey.Capitalize(r.State.French()) + " · " + r.Establishment, Exact: r.Serial == serial}
	}), err
}

func (s *Server) findBatches(v *visit, asked string) (finding, error) {
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
	found, err := s.store.FindBatches(v.ctx(), names, searchRows+1)
	return gathered("Lots", found, func(b sql.FoundBatch) hit {
		name := b.Batch
		if !strings.HasPrefix(strings.ToLower(name), "lot") {
			name = "Lot " + name
		}
		return hit{Name: name, Path: "/clefs?lot=" + url.QueryEscape(b.Batch), More: okey.SayCount(b.Keys, "clef"), Exact: b.Exact}
	}), err
}

// tryInstead is what to try where nothing was found: where what was typed looks like a code with something wrong, what that is.
func (s *Server) tryInstead(v *visit, asked string) (string, error) {
	if len(asked) > okey.MaxText || !isPlainText(asked) {
		return "C'est trop long, ou il s'y trouve des signes qui ne se tapent pas : essayez avec un nom ou un numéro.", nil
	}
	code, err := okey.ParseUAI(asked)
	if err == nil {
		name, why, known, err := s.store.LeftOut(v.ctx(), code)
		if known {
			return fmt.Sprintf("%s (%s) n'est pas dans OKEY : %s.", name, code, why.French()), err
		}
		return fmt.Sprintf("Aucun établissement n'a le code %s : vérifiez-le, ou importez la liste des établissements.", code), err
	}
	if typed := okey.Compact(asked); len(typed) > 4 && len(typed) < 9 && strings.Trim(typed[:len(typed)-1], "0123456789") == "" && typed[len(typed)-1] >= 'A' {
		return okey.ErrorMessage(err), nil
	}
	return "Essayez avec moins de lettres, un seul mot du nom, ou un autre numéro. Une personne qui ne s'est jamais connectée et qu'aucun import ne nomme n'est pas dans OKEY.", nil
}

// isPlainText keeps what PostgreSQL would choke on out of a search.
func isPlainText(text string) bool {
	_, err := okey.CheckText("q", text, false)
	return err == nil
}

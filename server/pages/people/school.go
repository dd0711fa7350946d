package people

import (
	"net/http"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"
)

// schoolPeople is how many people an establishment's page names: a large lycée has some two hundred.
const schoolPeople = 250

// schoolRows is how many lines its page has of each list: the whole list is a link away.
const schoolRows = 5

// schoolScreen is all that OKEY knows of an establishment, as support needs it.
type schoolScreen struct {
	Facts     []web.Fact
	Answers   []schoolAnswer
	Nobody    string // why nobody answers, where that is so
	Mend      []story.Deed
	Stock     []web.Fact
	Keys      []web.Hit  // in service, the first to end first
	Counts    []web.Fact // of requests, by stage
	Requests  []web.Card // open, those that have waited longest first
	Engine    string     // where the engine lists all that it follows of the school
	Orders    []web.Card
	Comings   []web.Hit // deliveries, moves, successions
	People    []postLine
	Others    []postLine // who is named when asked for
	Count     string
	Mails     []story.MailLine
	Audit     []story.AuditLine
	AllAudit  string // where the whole of these lists is
	AllMails  string
	AllOrders string
	AllKeys   string
	AllAsked  string
	Deeds     []story.Deed
}

// schoolAnswer is somebody who answers for the establishment today.
type schoolAnswer struct{ Name, Path, As string }

// schoolPage is for support and auditors.
func (s *Pages) schoolPage(v *web.Visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	uai, err := okey.ParseUAI(v.Param("uai"))
	if err != nil {
		return okey.Errorf(okey.CodeNotFound, "Cet établissement n'est pas dans OKEY.")
	}
	place, err := s.store.Place(v.Ctx(), uai)
	if err != nil {
		return err
	}
	today := okey.DayOf(v.Now, okey.ZoneOf(place.Academy))
	status, err := s.store.PlaceStatus(v.Ctx(), uai, today)
	if err != nil {
		return err
	}
	page := schoolScreen{Count: okey.SayCount(status.People, "personne"), Engine: s.act.SchoolLink(uai)}
	if page.Facts, err = s.schoolFacts(v, place, status); err != nil {
		return err
	}
	gatherers := []func(*web.Visit, sql.Place, okey.Day, *schoolScreen) error{
		s.schoolAnswers, s.schoolStock, s.schoolRequests, s.schoolOrders,
		s.schoolDeliveries, s.schoolPassages, s.schoolLeavings, s.schoolSuccessions, s.schoolTraces,
	}
	for _, gather := range gatherers {
		if err := gather(v, place, today, &page); err != nil {
			return err
		}
	}
	if web.MayArrange(v) == nil {
		page.Deeds = slices.DeleteFunc(schoolDeeds(place), func(d story.Deed) bool { // what mends that nobody answers is offered there
			return slices.ContainsFunc(page.Mend, func(mend story.Deed) bool { return mend.Path == d.Path })
		})
	} else {
		page.Mend = nil
	}
	return s.Show(v, http.StatusOK, "school", web.Screen{Title: place.Name, Body: page})
}

func (s *Pages) schoolFacts(v *web.Visit, place sql.Place, status sql.PlaceStatus) ([]web.Fact, error) {
	served := "oui"
	if why, _ := servedNow(place, status); why != "" {
		served = why
	}
	facts := []web.Fact{
		{Name: "Code UAI", Value: string(place.UAI)},
		{Name: "Commune", Value: place.Postcode + " " + place.Commune},
		{Name: "Académie", Value: place.Academy},
		{Name: "Boîte de l'établissement", Value: place.Mailbox()},
		{Name: "OKEY le sert", Value: okey.Capitalize(served)},
		{Name: "Dernier import", Value: okey.Capitalize(web.Paris(v).Day(status.ImportedAt))},
	}
	if academy, known := okey.AcademyByCode(place.Academy); known {
		facts[2].Value = academy.Name
	}
	hosted, err := s.store.HostedBy(v.Ctx(), place.UAI)
	if err != nil {
		return nil, err
	}
	names, err := s.store.Names(v.Ctx(), append(hosted, place.Host, place.Successor)...)
	if err != nil {
		return nil, err
	}
	if place.Host != "" {
		facts = append(facts, web.Fact{
			Name: "Répond pour lui", Value: okey.SayPlace(names[place.Host], place.Host),
			Path: address.SchoolURL(place.Host),
		})
	}
	for _, uai := range hosted {
		facts = append(facts, web.Fact{Name: "Répond aussi pour", Value: okey.SayPlace(names[uai], uai), Path: address.SchoolURL(uai)})
	}
	if place.Successor != "" {
		facts = append(facts, web.Fact{
			Name: "Remplacé par", Value: okey.SayPlace(names[place.Successor], place.Successor),
			Path: address.SchoolURL(place.Successor),
		})
	}
	old, err := s.store.OldCodes(v.Ctx())
	for _, code := range old {
		if code.UAI == place.UAI {
			facts = append(facts, web.Fact{Name: "Encore nommées sous ce code", Value: okey.SayCount(code.People, "personne")})
		}
	}
	return facts, err
}

// servedNow says why OKEY does not serve an establishment any more; empty where it does.
func servedNow(place sql.Place, status sql.PlaceStatus) (string, bool) {
	switch {
	case place.Successor != "":
		return "non : il a été remplacé", false
	case status.Served:
		return "", true
	}
	if _, why := place.Served(); why != "" {
		return "non : " + why.French(), false
	}
	return "non", false
}

// schoolAnswers says who answers today: the principal, deputies and delegates of the establishment, or of the one that answers for it.
func (s *Pages) schoolAnswers(v *web.Visit, place sql.Place, today okey.Day, page *schoolScreen) error {
	posts, err := s.store.PostsAt(v.Ctx(), place.UAI, today, schoolPeople)
	if err != nil {
		return err
	}
	page.People = peopleLines(v, posts)
	if len(page.People) > schoolRows {
		page.People, page.Others = page.People[:schoolRows], page.People[schoolRows:]
	}
	answering := place.AnsweredBy()
	if answering != place.UAI {
		if posts, err = s.store.PostsAt(v.Ctx(), answering, today, schoolPeople); err != nil {
			return err
		}
	}
	for _, post := range posts {
		answer := schoolAnswer{
			Name: story.NameOr(post.Person, post.Person.UID), Path: address.PersonURL(post.Person.ID),
			As: post.Function.French(),
		}
		if post.Function.Approves() && !post.Ended && !slices.Contains(page.Answers, answer) { // files and directory may both say so
			page.Answers = append(page.Answers, answer)
		}
	}
	for _, scope := range []okey.Scope{okey.Everything, okey.HandoverAndStock} {
		delegates, err := s.store.Delegates(v.Ctx(), answering, today, scope)
		if err != nil {
			return err
		}
		for _, d := range delegates {
			page.Answers = append(page.Answers, schoolAnswer{
				Name: d.Name(), Path: address.PersonURL(d.ID), As: "délégation : " + scope.French(),
			})
		}
	}
	if len(page.Answers) == 0 {
		page.Nobody, page.Mend = nobodyAnswers(place)
	}
	return nil
}

// peopleLines has each person once, whatever files and directories say of them, with the login that tells people of one name apart.
func peopleLines(v *web.Visit, posts []sql.Post) []postLine {
	var lines []postLine
	at := map[okey.PersonID]int{}
	for _, post := range posts {
		line := newPostLine(v, post)
		line.Where, line.Path = story.NameOr(post.Person, post.Person.UID), address.PersonURL(post.Person.ID)
		if line.Where != post.Person.UID {
			line.Where += " (" + post.Person.UID + ")"
		}
		known, again := at[post.Person.ID]
		if !again {
			at[post.Person.ID] = len(lines)
			lines = append(lines, line)
			continue
		}
		same := &lines[known]
		same.What, same.From = once(same.What, line.What), once(same.From, line.From)
		same.Until, same.More = once(same.Until, line.Until), once(same.More, line.More)
	}
	return lines
}

// once adds to what is said what is not said yet.
func once(said, more string) string {
	switch {
	case said == "":
		return more
	case more == "" || slices.Contains(strings.Split(said, " ; "), more):
		return said
	}
	return said + " ; " + more
}

// nobodyAnswers says why nobody does, and how to mend it.
func nobodyAnswers(place sql.Place) (string, []story.Deed) {
	if place.Successor != "" {
		return "Personne : cet établissement a été remplacé, et tout ce qui attendait a suivi.", nil
	}
	said := "Personne : OKEY ne connaît ici ni chef ni adjoint. Les nouvelles demandes vont directement à l'assistance."
	if place.Host != "" {
		said = "Personne : l'établissement désigné pour répondre n'a lui-même ni chef ni adjoint."
	}
	uai := "?etablissement=" + string(place.UAI)
	return said, []story.Deed{
		{
			Name: "Rattacher un chef ou un adjoint", Path: address.PathAttachments + uai,
			What: "Vous savez qui dirige, et l'annuaire ne le dit pas encore.",
		},
		{
			Name: "Désigner un établissement qui répond pour lui", Path: hostPath(place.UAI, place.Mother),
			What: "C'est une section, ou une annexe, sans direction à elle.",
		},
	}
}

func (s *Pages) schoolStock(v *web.Visit, place sql.Place, today okey.Day, page *schoolScreen) error {
	counts, err := s.store.KeyCounts(v.Ctx(), place.UAI)
	if err != nil {
		return err
	}
	needs, err := s.store.NeedsOf(v.Ctx(), place.UAI, today)
	if err != nil {
		return err
	}
	page.Stock = []web.Fact{
		{Name: "Libres, à prêter", Value: okey.SayNumber(needs.Free)},
		{Name: "Réserve", Value: okey.SayNumber(needs.Minimum)},
		{Name: "En commande ou en route", Value: okey.SayNumber(needs.UnderWay)},
		{Name: "À renouveler d'ici trois mois", Value: okey.SayNumber(needs.Expiring)},
	}
	keys := address.Narrowed(address.PathKeys, place.UAI)
	for _, state := range okey.KeyStates() {
		if n := counts[state]; n > 0 {
			page.Stock = append(page.Stock, web.Fact{
				Name: okey.Capitalize(state.French()), Value: okey.SayCount(n, "clef"),
				Path: keys + "&etat=" + string(state),
			})
		}
	}
	page.AllKeys = keys
	lent, err := s.store.ListKeys(v.Ctx(), sql.Reach{All: true}, sql.KeyFilter{
		Establishment: place.UAI, State: okey.InService, Sort: sql.ByExpiry, Limit: schoolRows,
	})
	for _, k := range lent {
		hit := web.Hit{Name: string(k.Serial), Path: address.KeyURL(k.Serial), Kind: k.HolderName}
		if !k.ExpiresOn.IsZero() {
			hit.More = map[bool]string{true: "a expiré ", false: "expire "}[k.ExpiresOn.Before(today)] + k.ExpiresOn.Say(today)
		}
		page.Keys = append(page.Keys, hit)
	}
	return err
}

func (s *Pages) schoolRequests(v *web.Visit, place sql.Place, _ okey.Day, page *schoolScreen) error {
	list := sql.RequestList{Reach: sql.Reach{All: true}, Establishment: place.UAI, Limit: schoolRows}
	parts := make([]sql.RequestPart, len(okey.Stages()))
	for i, stage := range okey.Stages() {
		parts[i].Stages = []okey.Stage{stage}
		if !stage.Closed() {
			list.Part.Stages = append(list.Part.Stages, stage)
		}
	}
	found, counts, err := s.store.RequestsIn(v.Ctx(), list, parts...)
	for i, stage := range okey.Stages() {
		if err == nil && counts[i] > 0 {
			page.Counts = append(page.Counts, web.Fact{
				Name: okey.Capitalize(stage.French()), Value: web.SayUpTo(counts[i], "demande"),
				Path: address.Narrowed(address.PathRequests, place.UAI, "etape", string(stage)),
			})
		}
	}
	for _, r := range found {
		page.Requests = append(page.Requests, web.Card{
			Path: address.RequestURL(r.ID), Who: r.Requester.Name(), Need: r.Need, State: web.SayState(r.Request, web.Paris(v)),
		})
	}
	page.AllAsked = address.Narrowed(address.PathRequests, place.UAI)
	return err
}

// schoolTraces are its mails and its audit.
func (s *Pages) schoolTraces(v *web.Visit, place sql.Place, _ okey.Day, page *schoolScreen) error {
	c := web.Paris(v)
	mails, _, err := s.store.Mails(v.Ctx(), sql.MailList{Establishment: place.UAI, Limit: schoolRows})
	if err != nil {
		return err
	}
	page.Mails = story.MailLines(mails, c)
	entries, err := s.store.AuditEntries(v.Ctx(), sql.AuditFilter{Subject: string(place.UAI), Limit: schoolRows})
	for _, e := range entries {
		page.Audit = append(page.Audit, story.NewAuditLine(e, c))
	}
	page.AllMails, page.AllOrders = address.Narrowed(address.PathMails, place.UAI), address.Narrowed(address.PathOrders, place.UAI)
	page.AllAudit = address.PathAudit + "?objet=" + string(place.UAI)
	return err
}

// schoolDeeds are what support may do for an establishment: nothing for one that was replaced, since all it had has followed.
func schoolDeeds(place sql.Place) []story.Deed {
	if place.Successor != "" {
		return nil
	}
	uai := "?etablissement=" + string(place.UAI)
	return []story.Deed{
		{
			Name: "Rattacher une personne", Path: address.PathAttachments + uai,
			What: "Elle y travaille, ou y dirige, et l'annuaire ne le dit pas encore.",
		},
		{
			Name: "Désigner qui répond pour lui", Path: hostPath(place.UAI, place.Mother),
			What: "Une section ou une annexe sans direction à elle.",
		},
		{
			Name: "Commander, régler la réserve", Path: address.PathOrders + uai,
			What: "Il n'a plus assez de clefs, ou vous voulez qu'il en garde toujours quelques-unes.",
		},
		{Name: "Déposer une livraison", Path: address.PathDeliveries, What: "Le fournisseur a envoyé le fichier de ses clefs."},
		{Name: "Compter son tiroir", Path: address.PathInventory + uai, What: "Ce qui est dans le tiroir et ce que dit OKEY diffèrent."},
		{Name: "Déplacer des clefs", Path: address.PathMoveKeys + uai, What: "Un autre établissement en a trop, et lui pas assez."},
		{
			Name: "Le remplacer par un autre", Path: address.PathSuccession + uai,
			What: "Il ferme ou fusionne : clefs, demandes et commandes suivent.",
		},
	}
}

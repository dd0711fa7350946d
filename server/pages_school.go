package server

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/okey"
	"okey/sql"
)

// pathSchools is where support looks at one establishment.
const pathSchools = "/assistance/etablissements"

func schoolURL(uai okey.UAI) string { return pathSchools + "/" + string(uai) }

// schoolPeople is how many people an establishment's page names: a large lycée has some two hundred.
const schoolPeople = 250

// schoolScreen is all that OKEY knows of an establishment, as support needs it.
type schoolScreen struct {
	Facts    []fact
	Answers  []schoolAnswer
	Nobody   string // why nobody answers, where that is so
	Mend     []deed
	Stock    []fact
	Requests []fact
	Orders   []card
	Comings  []hit // deliveries, moves, successions
	People   []postLine
	Count    string
	Mails    []mailLine
	Audit    []auditLine
	AllAudit string
	Deeds    []deed
}

// schoolAnswer is somebody who answers for the establishment today.
type schoolAnswer struct{ Name, Path, As string }

// schoolPage is for support and auditors.
func (s *Server) schoolPage(v *visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	uai, err := okey.ParseUAI(v.Param("uai"))
	if err != nil {
		return okey.Errorf(okey.CodeNotFound, "Cet établissement n'est pas dans OKEY.")
	}
	place, err := s.store.Place(v.ctx(), uai)
	if err != nil {
		return err
	}
	today := okey.DayOf(v.Now, okey.ZoneOf(place.Academy))
	status, err := s.store.PlaceStatus(v.ctx(), uai, today)
	if err != nil {
		return err
	}
	page := schoolScreen{Count: okey.SayCount(status.People, "personne")}
	if page.Facts, err = s.schoolFacts(v, place, status); err != nil {
		return err
	}
	for _, gather := range []func(*visit, sql.Place, okey.Day, *schoolScreen) error{s.schoolAnswers, s.schoolStock, s.schoolRequests, s.schoolComings, s.schoolTraces} {
		if err := gather(v, place, today, &page); err != nil {
			return err
		}
	}
	if mayArrange(v) == nil {
		page.Deeds = slices.DeleteFunc(schoolDeeds(place), func(d deed) bool { // what mends that nobody answers is offered there
			return slices.ContainsFunc(page.Mend, func(mend deed) bool { return mend.Path == d.Path })
		})
	} else {
		page.Mend = nil
	}
	return s.show(v, http.StatusOK, "school", screen{Title: place.Name, Body: page})
}

func (s *Server) schoolFacts(v *visit, place sql.Place, status sql.PlaceStatus) ([]fact, error) {
	served := "oui"
	if why, _ := servedNow(place, status); why != "" {
		served = why
	}
	facts := []fact{
		{Name: "Code UAI", Value: string(place.UAI)},
		{Name: "Commune", Value: place.Postcode + " " + place.Commune},
		{Name: "Académie", Value: place.Academy},
		{Name: "Boîte de l'établissement", Value: place.Mailbox()},
		{Name: "OKEY le sert", Value: okey.Capitalize(served)},
		{Name: "Dernier import", Value: okey.Capitalize(paris(v).day(status.ImportedAt))},
	}
	if academy, known := okey.AcademyByCode(place.Academy); known {
		facts[2].Value = academy.Name
	}
	hosted, err := s.store.HostedBy(v.ctx(), place.UAI)
	if err != nil {
		return nil, err
	}
	names, err := s.store.Names(v.ctx(), append(hosted, place.Host, place.Successor)...)
	if err != nil {
		return nil, err
	}
	if place.Host != "" {
		facts = append(facts, fact{Name: "Répond pour lui", Value: fmt.Sprintf("%s (%s)", names[place.Host], place.Host), Path: schoolURL(place.Host)})
	}
	for _, uai := range hosted {
		facts = append(facts, fact{Name: "Répond aussi pour", Value: fmt.Sprintf("%s (%s)", names[uai], uai), Path: schoolURL(uai)})
	}
	if place.Successor != "" {
		facts = append(facts, fact{Name: "Remplacé par", Value: fmt.Sprintf("%s (%s)", names[place.Successor], place.Successor), Path: schoolURL(place.Successor)})
	}
	return facts, nil
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
func (s *Server) schoolAnswers(v *visit, place sql.Place, today okey.Day, page *schoolScreen) error {
	posts, err := s.store.PostsAt(v.ctx(), place.UAI, today, schoolPeople)
	if err != nil {
		return err
	}
	page.People = peopleLines(v, posts)
	answering := place.AnsweredBy()
	if answering != place.UAI {
		if posts, err = s.store.PostsAt(v.ctx(), answering, today, schoolPeople); err != nil {
			return err
		}
	}
	for _, post := range posts {
		answer := schoolAnswer{Name: nameOr(post.Person, post.Person.UID), Path: personURL(post.Person.ID), As: post.Function.French()}
		if post.Function.Approves() && !post.Ended && !slices.Contains(page.Answers, answer) { // a staff file and the directory may both say so
			page.Answers = append(page.Answers, answer)
		}
	}
	for _, scope := range []okey.Scope{okey.Everything, okey.HandoverAndStock} {
		delegates, err := s.store.Delegates(v.ctx(), answering, today, scope)
		if err != nil {
			return err
		}
		for _, d := range delegates {
			page.Answers = append(page.Answers, schoolAnswer{Name: d.Name(), Path: personURL(d.ID), As: "délégation : " + scope.French()})
		}
	}
	if len(page.Answers) == 0 {
		page.Nobody, page.Mend = nobodyAnswers(place)
	}
	return nil
}

// peopleLines has each person once, whatever files and directories say of them, with the login that tells people of one name apart.
func peopleLines(v *visit, posts []sql.Post) []postLine {
	var lines []postLine
	at := map[okey.PersonID]int{}
	for _, post := range posts {
		line := newPostLine(v, post)
		line.Where, line.Path = nameOr(post.Person, post.Person.UID), personURL(post.Person.ID)
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
func nobodyAnswers(place sql.Place) (string, []deed) {
	if place.Successor != "" {
		return "Personne : cet établissement a été remplacé, et tout ce qui attendait a suivi.", nil
	}
	said := "Personne : OKEY ne connaît ici ni chef ni adjoint. Les nouvelles demandes viennent tout droit à l'assistance."
	if place.Host != "" {
		said = "Personne : l'établissement désigné pour répondre n'a lui-même ni chef ni adjoint."
	}
	uai := "?etablissement=" + string(place.UAI)
	return said, []deed{
		{"Rattacher un chef ou un adjoint", pathAttachments + uai, "Vous savez qui dirige, et l'annuaire ne le dit pas encore."},
		{"Désigner un établissement qui répond pour lui", pathHosts + uai, "C'est une section, ou une annexe, sans direction à elle."},
	}
}

func (s *Server) schoolStock(v *visit, place sql.Place, today okey.Day, page *schoolScreen) error {
	counts, err := s.store.KeyCounts(v.ctx(), place.UAI)
	if err != nil {
		return err
	}
	needs, err := s.store.NeedsOf(v.ctx(), place.UAI, today)
	if err != nil {
		return err
	}
	page.Stock = []fact{
		{Name: "Libres, à prêter", Value: okey.SayNumber(needs.Free)},
		{Name: "Réserve voulue", Value: okey.SayNumber(needs.Minimum)},
		{Name: "En commande ou en route", Value: okey.SayNumber(needs.UnderWay)},
		{Name: "En service, expirent d'ici trois mois, sans demande de renouvellement", Value: okey.SayNumber(needs.Expiring)},
	}
	keys := "/clefs?etablissement=" + string(place.UAI)
	for _, state := range okey.KeyStates() {
		if n := counts[state]; n > 0 {
			page.Stock = append(page.Stock, fact{Name: okey.Capitalize(state.French()), Value: okey.SayCount(n, "clef"), Path: keys + "&etat=" + string(state)})
		}
	}
	return nil
}

func (s *Server) schoolRequests(v *visit, place sql.Place, _ okey.Day, page *schoolScreen) error {
	counts, err := s.store.RequestCounts(v.ctx(), place.UAI)
	if err != nil {
		return err
	}
	for _, stage := range okey.Stages() {
		if n := counts[stage]; n > 0 {
			page.Requests = append(page.Requests, fact{
				Name: okey.Capitalize(stage.French()), Value: okey.SayCount(n, "demande"), Path: "/demandes?etablissement=" + string(place.UAI) + "&etape=" + string(stage),
			})
		}
	}
	return nil
}

// schoolComings are orders, and keys that came and went.
func (s *Server) schoolComings(v *visit, place sql.Place, _ okey.Day, page *schoolScreen) error {
	c := paris(v)
	ordered, err := s.store.ListOrders(v.ctx(), sql.Reach{All: true}, sql.OrderFilter{Establishment: place.UAI, Limit: personRows})
	if err != nil {
		return err
	}
	for _, o := range ordered {
		page.Orders = append(page.Orders, card{
			Path: pathOrders + "/" + o.ID.String(), Who: fmt.Sprintf("Commande n° %d", o.Number), State: okey.SayCount(o.Quantity, "clef") + ", " + o.State.Say(o.Received, o.Quantity) + " ; passée " + c.day(o.PlacedAt),
		})
	}
	delivered, err := s.store.DeliveriesTo(v.ctx(), place.UAI, personRows)
	if err != nil {
		return err
	}
	for _, d := range delivered {
		h := hit{Name: "Livraison de " + okey.SayCount(d.Keys, "clef"), Path: pathDeliveries + "/" + d.ID.String(), Kind: okey.Capitalize(c.day(d.CreatedAt))}
		if d.InTransit > 0 {
			h.More = okey.SayCount(d.InTransit, "clef") + " en route, arrivée à confirmer"
		}
		page.Comings = append(page.Comings, h)
	}
	passed, err := s.store.Passages(v.ctx(), place.UAI, personRows)
	if err != nil {
		return err
	}
	for _, p := range passed {
		h := hit{Name: okey.SayCount(p.Keys, "clef") + okey.SayEither(p.Keys, " venue ", " venues ") + okey.SayOfSchool(okey.SayEstablishment(p.FromName)), Path: pathAudit + "?objet=" + p.Subject.String(), Kind: okey.Capitalize(c.day(p.At))}
		if p.From == place.UAI {
			h.Name = okey.SayCount(p.Keys, "clef") + okey.SayEither(p.Keys, " partie pour ", " parties pour ") + okey.SayEstablishment(p.ToName)
		}
		page.Comings = append(page.Comings, h)
	}
	leaving, err := s.store.Leavings(v.ctx(), place.UAI, personRows)
	if err != nil {
		return err
	}
	for _, l := range leaving {
		who := cmp.Or(l.Holder, "Une personne effacée")
		h := hit{Name: who + " arriverait " + okey.SayOfSchool(okey.SayEstablishment(l.Other)), Path: moveURL(l.ID), Kind: okey.Capitalize(c.day(l.At))}
		if l.From == place.UAI {
			h.Name = who + " partirait pour " + okey.SayEstablishment(l.Other)
		}
		h.Name += " avec la clef " + string(l.Serial)
		h.More = okey.Capitalize(l.State.French())
		page.Comings = append(page.Comings, h)
	}
	followed, err := s.store.SuccessionsOf(v.ctx(), place.UAI, personRows)
	for _, f := range followed {
		page.Comings = append(page.Comings, hit{Name: okey.Capitalize(sayReplacing(f)), Path: pathSuccession + "/" + f.ID.String(), Kind: okey.Capitalize(c.day(f.At))})
	}
	return err
}

// sayReplacing says which establishment goes on for which.
func sayReplacing(f sql.Succession) string {
	return fmt.Sprintf("%s (%s) remplace %s (%s)", okey.SayEstablishment(f.ToName), f.To, okey.SayEstablishment(f.FromName), f.From)
}

// schoolTraces are its mails and its audit.
func (s *Server) schoolTraces(v *visit, place sql.Place, _ okey.Day, page *schoolScreen) error {
	c := paris(v)
	mails, err := s.store.MailsAbout(v.ctx(), place.UAI, personRows)
	if err != nil {
		return err
	}
	page.Mails = mailLines(mails, c)
	entries, err := s.store.AuditEntries(v.ctx(), sql.AuditFilter{Subject: string(place.UAI), Limit: personRows})
	for _, e := range entries {
		page.Audit = append(page.Audit, newAuditLine(e, c))
	}
	page.AllAudit = pathAudit + "?objet=" + string(place.UAI)
	return err
}

// schoolDeeds are what support may do for an establishment: nothing for one that was replaced, since all it had has followed.
func schoolDeeds(place sql.Place) []deed {
	if place.Successor != "" {
		return nil
	}
	uai := "?etablissement=" + string(place.UAI)
	return []deed{
		{"Rattacher une personne", pathAttachments + uai, "Elle y travaille, ou y dirige, et l'annuaire ne le dit pas encore."},
		{"Désigner qui répond pour lui", pathHosts + uai, "Une section ou une annexe sans direction à elle."},
		{"Commander, régler la réserve", pathOrders + uai, "Il n'a plus assez de clefs, ou vous voulez qu'il en garde toujours quelques-unes."},
		{"Déposer une livraison", pathDeliveries, "Le fournisseur a envoyé le fichier de ses clefs."},
		{"Compter son tiroir", pathInventory + uai, "Ce qui est dans le tiroir et ce que dit OKEY diffèrent."},
		{"Déplacer des clefs", pathMoveKeys + uai, "Un autre établissement en a trop, et lui pas assez."},
		{"Le remplacer par un autre", pathSuccession + uai, "Il ferme ou fusionne : clefs, demandes et commandes suivent."},
	}
}

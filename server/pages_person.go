package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/alexedwards/scs/v2"
)

// pathPersons is where support looks at one person.
const pathPersons = "/assistance/personnes"

func personURL(id okey.PersonID) string { return pathPersons + "/" + id.String() }

// personRows is how many lines each list of support's pages of one thing has: the whole list is a link away.
const personRows = 25

// personScreen is all that OKEY knows of a person, as support needs it.
type personScreen struct {
	Facts       []fact
	Address     string // what is wrong with the address
	Posts       []postLine
	Delegations []string
	Requests    []card
	AllRequests string
	Keys        []hit
	Charters    []fact
	Mails       []mailLine
	Access      []fact
	Audit       []auditLine
	AllAudit    string
	Deeds       []deed

	attached bool     // by support, today: it could be ended
	school   okey.UAI // where they work, where that is one
}

// postLine is a function as support reads it.
type postLine struct{ What, Where, Path, From, Until, More string }

// cells are its entries in a table.
func (l postLine) Cells() []cell {
	from := l.From
	if l.More != "" {
		from += " : " + l.More
	}
	return []cell{{Text: l.Where, Path: l.Path}, {Text: l.What}, {Text: from}, {Text: l.Until}}
}

var sourceNames = map[sql.Source]string{
	sql.SourceImport: "fichier des personnels", sql.SourceClaims: "annuaire, lu à la connexion", sql.SourceSupport: "rattachement par l'assistance",
}

// personPage is for support and auditors.
func (s *Server) personPage(v *visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	id, err := idOf(v.Context)
	if err != nil {
		return err
	}
	person, err := s.store.Person(v.ctx(), id)
	if err != nil {
		return err
	}
	status, err := s.store.PersonStatus(v.ctx(), id, v.Now)
	if err != nil {
		return err
	}
	page := personScreen{Facts: personFacts(person, status, paris(v)), Address: addressTrouble(person, status)}
	for _, gather := range []func(*visit, okey.Person, *personScreen) error{s.personPosts, s.personRequests, s.personKeys, s.personMails, s.personAudit} {
		if err := gather(v, person, &page); err != nil {
			return err
		}
	}
	if page.Access, err = s.personAccess(v, id, status); err != nil {
		return err
	}
	if mayArrange(v) == nil && !status.ErasedAt.Valid {
		page.Deeds = personDeeds(person, page)
	}
	return s.show(v, http.StatusOK, "person", screen{Title: nameOr(person, "Personne effacée"), Body: page})
}

func personFacts(p okey.Person, status sql.PersonStatus, c clock) []fact {
	facts := []fact{{Name: "Identifiant", Value: p.UID}, {Name: "Courriel", Value: p.Mail}}
	if p.Mail == "" {
		facts[1].Value = "aucun"
	}
	var roles []string
	if status.Support {
		roles = append(roles, "assistance")
	}
	if status.Auditor {
		roles = append(roles, "audit")
	}
	if len(roles) > 0 {
		facts = append(facts, fact{Name: "Rôle", Value: okey.Capitalize(strings.Join(roles, ", "))})
	}
	facts = append(facts, fact{Name: "Dans OKEY", Value: "Depuis " + c.day(status.CreatedAt)})
	if status.ErasedAt.Valid {
		facts = append(facts, fact{Name: "Effacée", Value: okey.Capitalize(c.day(status.ErasedAt.Time)) + ", au terme prévu : il ne reste qu'un numéro."})
	}
	return facts
}

// addressTrouble is what is wrong with a person's address; empty for nothing.
func addressTrouble(p okey.Person, status sql.PersonStatus) string {
	switch {
	case status.ErasedAt.Valid:
		return ""
	case p.Mail == "":
		return "OKEY n'a pas d'adresse de cette personne : elle ne reçoit aucun courriel. Faites-la ajouter dans l'annuaire."
	case status.Refused:
		return "Le dernier courriel à cette adresse a été refusé : faites-la corriger dans l'annuaire, puis renvoyez-le."
	case status.Shared > 0:
		return "Cette adresse est aussi celle " + okey.SayEither(status.Shared, "d'une autre personne", fmt.Sprintf("de %d autres personnes", status.Shared)) + " : les liens qu'elle reçoit mènent à la connexion, ils ne suffisent pas pour répondre."
	}
	return ""
}

func (s *Server) personPosts(v *visit, p okey.Person, page *personScreen) error {
	posts, err := s.store.PostsOf(v.ctx(), p.ID, personRows)
	if err != nil {
		return err
	}
	schools := map[okey.UAI]bool{}
	for _, post := range posts {
		if !post.Ended && (post.Until.IsZero() || !post.Until.Before(v.today())) {
			schools[post.UAI], page.school = true, post.UAI
		}
		line := newPostLine(v, post)
		line.Where, line.Path = fmt.Sprintf("%s (%s)", post.School, post.UAI), schoolURL(post.UAI)
		page.Posts = append(page.Posts, line)
		page.attached = page.attached || post.Source == sql.SourceSupport && (post.Until.IsZero() || !post.Until.Before(v.today()))
	}
	if len(schools) > 1 {
		page.school = ""
	}
	given, err := s.store.DelegationsOf(v.ctx(), p.ID, personRows)
	for _, d := range given {
		said := fmt.Sprintf("Reçue de %s", d.ByName)
		if d.By == p.ID {
			said = fmt.Sprintf("Donnée à %s", d.ToName)
		}
		page.Delegations = append(page.Delegations, fmt.Sprintf("%s, pour %s (%s) : %s, du %s au %s, %s",
			said, okey.SayEstablishment(d.School), d.UAI, d.Scope.French(), d.From.SayWithYear(), d.Until.SayWithYear(), sayDelegation(d, v.today(), paris(v))))
	}
	return err
}

// voidPost is said of a function in an establishment that is no more.
const voidPost = "sans effet : l'établissement a été remplacé, ou OKEY ne le sert plus"

// newPostLine says a function, where OKEY has it from and until when it counts.
func newPostLine(v *visit, post sql.Post) postLine {
	line := postLine{What: okey.Capitalize(post.Function.French()), From: sourceNames[post.Source], Until: "sans fin", More: post.Reason}
	switch {
	case post.Ended:
		line.Until = voidPost
	case !post.Until.IsZero() && post.Until.Before(v.today()):
		line.Until = "passé : " + post.Until.SayWithYear()
	case !post.Until.IsZero():
		line.Until = post.Until.SayWithYear()
	}
	return line
}

func (s *Server) personRequests(v *visit, p okey.Person, page *personScreen) error {
	found, err := s.store.ListRequests(v.ctx(), sql.Reach{All: true}, sql.RequestFilter{Person: p.ID, Limit: personRows})
	c := paris(v)
	for _, r := range found {
		page.Requests = append(page.Requests, card{
			Path: requestURL(r.ID), Who: "Demande " + shortID(r.ID), Where: r.Establishment, Need: r.Need, State: sayState(r.Request, c),
		})
		if !r.SignedAt.IsZero() {
			page.Charters = append(page.Charters, fact{Name: "Version " + fmt.Sprint(r.Charter), Value: "signée " + c.day(r.SignedAt), Path: signedURL(r.ID)})
		}
	}
	if len(found) == personRows {
		page.AllRequests = "/demandes?personne=" + p.ID.String()
	}
	return err
}

func (s *Server) personKeys(v *visit, p okey.Person, page *personScreen) error {
	keys, err := s.store.KeysOfPerson(v.ctx(), p.ID, personRows)
	for _, k := range keys {
		kind := "l'a eue ; maintenant " + k.State.French()
		switch {
		case k.Now:
			kind = "en main"
		case k.Kept:
			if kind = "réservée pour sa demande"; k.State == okey.Attributed {
				kind += ", à remettre"
			}
		}
		page.Keys = append(page.Keys, hit{Name: string(k.Serial), Path: keyURL(k.Serial), Kind: kind, More: k.School})
	}
	return err
}

func (s *Server) personMails(v *visit, p okey.Person, page *personScreen) error {
	mails, err := s.store.MailsTo(v.ctx(), p.ID, personRows)
	page.Mails = mailLines(mails, paris(v))
	return err
}

func (s *Server) personAudit(v *visit, p okey.Person, page *personScreen) error {
	entries, err := s.store.AuditEntries(v.ctx(), sql.AuditFilter{Subject: p.ID.String(), Limit: personRows})
	for _, e := range entries {
		page.Audit = append(page.Audit, newAuditLine(e, paris(v)))
	}
	page.AllAudit = pathAudit + "?objet=" + p.ID.String()
	return err
}

// personAccess is what lets a person in now.
func (s *Server) personAccess(v *visit, id okey.PersonID, status sql.PersonStatus) ([]fact, error) {
	kept, err := s.store.SessionsWith(v.ctx(), id, v.Now, personRows)
	if err != nil {
		return nil, err
	}
	sessions := okey.SayCount(liveSessions(kept, id, status.SessionsFrom.Time), "session") + " de connexion"
	return []fact{
		{Name: "En ce moment", Value: okey.Capitalize(sessions)},
		{Name: "Autres programmes", Value: okey.SayCount(status.Tokens, "jeton")},
	}, nil
}

// liveSessions counts the sessions that are a person's and have not been ended.
func liveSessions(kept [][]byte, id okey.PersonID, from time.Time) int {
	n := 0
	for _, data := range kept {
		_, values, err := scs.GobCodec{}.Decode(data)
		if err != nil {
			continue // of another make: it lets nobody in
		}
		began, _ := values[sessionBegan].(string)
		at, _ := time.Parse(time.RFC3339Nano, began)
		if values[sessionPerson] == id.String() && !at.Before(from) {
			n++
		}
	}
	return n
}

// personDeeds are what support may do for a person.
func personDeeds(p okey.Person, page personScreen) []deed {
	uid := url.QueryEscape(p.UID)
	attaching := pathAttachments + "?personne=" + uid
	if page.school != "" {
		attaching += "&etablissement=" + string(page.school)
	}
	deeds := []deed{{"Rattacher à un établissement", attaching, "Elle y travaille, ou y dirige, et l'annuaire ne le dit pas encore. Les imports n'y changent rien."}}
	if page.attached {
		deeds = append(deeds, deed{"Mettre fin à un rattachement", pathAttachments, "Il était là par erreur, ou l'annuaire le dit maintenant."})
	}
	return append(deeds, deed{"Voir tout ce qu'elle a fait", pathAudit + "?qui=" + uid, "Ses actions, une par ligne, sans nom ni texte."})
}

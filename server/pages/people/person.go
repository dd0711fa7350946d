package people

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"

	"github.com/alexedwards/scs/v2"
)

// personRows is how many lines each list of support's pages of one thing has: the whole list is a link away.
const personRows = 25

// personScreen is all that OKEY knows of a person, as support needs it.
type personScreen struct {
	Facts       []web.Fact
	Address     string // what is wrong with the address
	Posts       []postLine
	Delegations []string
	Requests    []web.Card
	AllRequests string
	Keys        []web.Hit
	Charters    []web.Fact
	Mails       []story.MailLine
	Access      []web.Fact
	Audit       []story.AuditLine
	AllAudit    string
	Deeds       []story.Deed
	Alike       []sameLine

	attached bool     // by support, today: it could be ended
	school   okey.UAI // where they work, where that is one
}

// postLine is a function as support reads it.
type postLine struct{ What, Where, Path, From, Until, More string }

// Cells are its entries in a table.
func (l postLine) Cells() []web.Cell {
	from := l.From
	if l.More != "" {
		from += " : " + l.More
	}
	return []web.Cell{{Text: l.Where, Path: l.Path}, {Text: l.What}, {Text: from}, {Text: l.Until}}
}

var sourceNames = map[sql.Source]string{
	sql.SourceImport: "fichier des personnels", sql.SourceDirectory: "annuaire", sql.SourceClaims: "annuaire, lu à la connexion",
	sql.SourceSupport: "rattachement par l'assistance",
}

// personPage is for support and auditors.
func (s *Pages) personPage(v *web.Visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	person, err := s.store.Person(v.Ctx(), id)
	if err != nil {
		return err
	}
	status, err := s.store.PersonStatus(v.Ctx(), id, v.Now)
	if err != nil {
		return err
	}
	page := personScreen{Facts: personFacts(person, status, web.Paris(v)), Address: addressTrouble(person, status)}
	gatherers := []func(*web.Visit, okey.Person, *personScreen) error{
		s.personPosts, s.personRequests, s.personKeys, s.personMails, s.personAudit, s.personAlike,
	}
	for _, gather := range gatherers {
		if err := gather(v, person, &page); err != nil {
			return err
		}
	}
	if page.Access, err = s.personAccess(v, id, status); err != nil {
		return err
	}
	if web.MayArrange(v) == nil && !status.ErasedAt.Valid {
		page.Deeds = personDeeds(person, page)
	}
	nameless := "Personne effacée"
	if status.MergedInto.Valid {
		nameless = "Personne réunie à une autre"
	}
	return s.Show(v, http.StatusOK, "person", web.Screen{Title: story.NameOr(person, nameless), Body: page})
}

func personFacts(p okey.Person, status sql.PersonStatus, c web.Clock) []web.Fact {
	facts := []web.Fact{{Name: "Identifiant", Value: p.UID}, {Name: "Courriel", Value: p.Mail}}
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
		facts = append(facts, web.Fact{Name: "Rôle", Value: okey.Capitalize(strings.Join(roles, ", "))})
	}
	facts = append(facts, web.Fact{Name: "Dans OKEY", Value: "Depuis " + c.Day(status.CreatedAt)})
	switch {
	case status.MergedInto.Valid:
		facts = append(facts, web.Fact{
			Name: "Réunie à une autre", Path: address.PersonURL(status.MergedInto.UUID),
			Value: okey.Capitalize(c.Day(status.ErasedAt.Time)) + " : cette personne avait changé d'identifiant.",
		})
	case status.ErasedAt.Valid:
		facts = append(facts, web.Fact{
			Name:  "Effacée",
			Value: okey.Capitalize(c.Day(status.ErasedAt.Time)) + ", au terme prévu : il ne reste qu'un numéro.",
		})
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
	case status.Refused && status.Returned:
		return "Le dernier courriel à cette adresse est revenu : la liste des courriels dit pourquoi. " +
			"Si l'adresse est fausse, faites-la corriger dans l'annuaire, puis renvoyez-le."
	case status.Refused:
		return "Le dernier courriel à cette adresse a été refusé : faites-la corriger dans l'annuaire, puis renvoyez-le."
	case status.Shared > 0:
		others := okey.SayEither(status.Shared, "d'une autre personne", fmt.Sprintf("de %d autres personnes", status.Shared))
		return "Cette adresse est aussi celle " + others +
			" : les liens qu'elle reçoit mènent à la connexion, ils ne suffisent pas pour répondre."
	}
	return ""
}

func (s *Pages) personPosts(v *web.Visit, p okey.Person, page *personScreen) error {
	posts, err := s.store.PostsOf(v.Ctx(), p.ID, personRows)
	if err != nil {
		return err
	}
	schools := map[okey.UAI]bool{}
	for _, post := range posts {
		if !post.Ended && (post.Until.IsZero() || !post.Until.Before(v.Today())) {
			schools[post.UAI], page.school = true, post.UAI
		}
		line := newPostLine(v, post)
		line.Where, line.Path = okey.SayPlace(post.School, post.UAI), address.SchoolURL(post.UAI)
		page.Posts = append(page.Posts, line)
		page.attached = page.attached || post.Source == sql.SourceSupport && (post.Until.IsZero() || !post.Until.Before(v.Today()))
	}
	if len(schools) > 1 {
		page.school = ""
	}
	given, err := s.store.DelegationsOf(v.Ctx(), p.ID, personRows)
	for _, d := range given {
		said := fmt.Sprintf("Reçue de %s", d.ByName)
		if d.By == p.ID {
			said = fmt.Sprintf("Donnée à %s", d.ToName)
		}
		page.Delegations = append(page.Delegations, fmt.Sprintf("%s, pour %s (%s) : %s, du %s au %s, %s",
			said, okey.SayEstablishment(d.School), d.UAI, d.Scope.French(), d.From.SayWithYear(), d.Until.SayWithYear(),
			sayDelegation(d, v.Today(), web.Paris(v))))
	}
	return err
}

// voidPost is said of a function in an establishment that is no more.
const voidPost = "sans effet : l'établissement a été remplacé, ou OKEY ne le sert plus"

// newPostLine says a function, where OKEY has it from and until when it counts.
func newPostLine(v *web.Visit, post sql.Post) postLine {
	line := postLine{What: okey.Capitalize(post.Function.French()), From: sourceNames[post.Source], Until: "sans fin", More: post.Reason}
	switch {
	case post.Ended:
		line.Until = voidPost
	case !post.Until.IsZero() && post.Until.Before(v.Today()):
		line.Until = "passé : " + post.Until.SayWithYear()
	case !post.Until.IsZero():
		line.Until = post.Until.SayWithYear()
	}
	return line
}

func (s *Pages) personRequests(v *web.Visit, p okey.Person, page *personScreen) error {
	found, err := s.store.ListRequests(v.Ctx(), sql.Reach{All: true}, sql.RequestFilter{Person: p.ID, Limit: personRows})
	c := web.Paris(v)
	for _, r := range found {
		page.Requests = append(page.Requests, web.Card{
			Path: address.RequestURL(r.ID), Who: "Demande " + story.ShortID(r.ID), Where: r.Establishment, Need: r.Need,
			State: web.SayState(r.Request, c),
		})
		if !r.SignedAt.IsZero() {
			page.Charters = append(page.Charters, web.Fact{
				Name: "Version " + fmt.Sprint(r.Charter), Value: "signée " + c.Day(r.SignedAt), Path: address.SignedURL(r.ID),
			})
		}
	}
	if len(found) == personRows {
		page.AllRequests = address.PathRequests + "?personne=" + p.ID.String()
	}
	return err
}

func (s *Pages) personKeys(v *web.Visit, p okey.Person, page *personScreen) error {
	keys, err := s.store.KeysOfPerson(v.Ctx(), p.ID, personRows)
	for _, k := range keys {
		kind := "l'a eue ; maintenant " + k.State.French()
		switch {
		case k.Now:
			kind = "l'a maintenant"
		case k.Kept:
			if kind = "réservée pour sa demande"; k.State == okey.Attributed {
				kind += ", à remettre"
			}
		}
		page.Keys = append(page.Keys, web.Hit{Name: string(k.Serial), Path: address.KeyURL(k.Serial), Kind: kind, More: k.School})
	}
	return err
}

func (s *Pages) personMails(v *web.Visit, p okey.Person, page *personScreen) error {
	mails, err := s.store.MailsTo(v.Ctx(), p.ID, personRows)
	page.Mails = story.MailLines(mails, web.Paris(v))
	return err
}

func (s *Pages) personAudit(v *web.Visit, p okey.Person, page *personScreen) error {
	entries, err := s.store.AuditEntries(v.Ctx(), sql.AuditFilter{Subject: p.ID.String(), Limit: personRows})
	for _, e := range entries {
		page.Audit = append(page.Audit, story.NewAuditLine(e, web.Paris(v)))
	}
	page.AllAudit = address.PathAudit + "?objet=" + p.ID.String()
	return err
}

// personAccess is what lets a person in now.
func (s *Pages) personAccess(v *web.Visit, id okey.PersonID, status sql.PersonStatus) ([]web.Fact, error) {
	kept, err := s.store.SessionsWith(v.Ctx(), id, v.Now, personRows)
	if err != nil {
		return nil, err
	}
	sessions := okey.SayCount(liveSessions(kept, id, status.SessionsFrom.Time), "session") + " de connexion"
	return []web.Fact{
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
		began, _ := values[web.SessionBegan].(string)
		at, _ := time.Parse(time.RFC3339Nano, began)
		if values[web.SessionPerson] == id.String() && !at.Before(from) {
			n++
		}
	}
	return n
}

// personDeeds are what support may do for a person.
func personDeeds(p okey.Person, page personScreen) []story.Deed {
	uid := url.QueryEscape(p.UID)
	attaching := address.PathAttachments + "?personne=" + uid
	if page.school != "" {
		attaching += "&etablissement=" + string(page.school)
	}
	deeds := []story.Deed{
		{
			Name: "Rattacher à un établissement", Path: attaching,
			What: "Elle y travaille, ou y dirige, et l'annuaire ne le dit pas encore. Les imports n'y changent rien.",
		},
	}
	if page.attached {
		deeds = append(deeds, story.Deed{
			Name: "Mettre fin à un rattachement", Path: address.PathAttachments,
			What: "Il était là par erreur, ou l'annuaire le dit maintenant.",
		})
	}
	return append(deeds, story.Deed{
		Name: "Voir tout ce qu'elle a fait", Path: address.PathAudit + "?qui=" + uid,
		What: "Ses actions, une par ligne, sans nom ni texte.",
	})
}

package server

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// pathMails is where support looks at one mail, and has it sent again.
const pathMails = "/assistance/envois"

func mailURL(id uuid.UUID) string { return pathMails + "/" + id.String() }

// mailLine is a mail as support reads it.
type mailLine struct {
	When, What, To, State, Why string
	Path                       string // of the mail
	At                         time.Time
}

// cells are its entries in a table.
func (l mailLine) Cells() []cell {
	state := l.State
	if l.Why != "" {
		state += " : " + l.Why
	}
	return []cell{{Text: l.What, Path: l.Path}, {Text: l.To}, {Text: l.When}, {Text: state}}
}

var mailStates = map[sql.MailState]string{
	sql.MailQueued: "à envoyer", sql.MailSent: "envoyé", sql.MailFailed: "refusé", sql.MailDropped: "sans objet",
}

// sayMailState says what became of a mail, and how often it was tried where that tells something.
func sayMailState(m sql.Mail) string {
	said := mailStates[m.State]
	if m.State == sql.MailQueued && m.Attempts > 0 {
		return said + ", " + okey.SayCount(m.Attempts, "essai")
	}
	return said
}

func sayMail(m sql.Mail) string { return mail.NameOf(mail.Letter(m.Kind), m.Subject) }

func mailLines(mails []sql.Mail, c clock) []mailLine {
	lines := make([]mailLine, len(mails))
	for i, m := range mails {
		lines[i] = mailLine{
			When: okey.Capitalize(c.time(m.CreatedAt)), What: sayMail(m), To: m.Address, State: sayMailState(m), Why: sayMailTrouble(m), Path: mailURL(m.ID), At: m.CreatedAt,
		}
		if m.AgainOf.Valid {
			lines[i].State += " (renvoi)"
		}
	}
	return lines
}

// The relay's answer as RFC 3463 numbers it: a class, what it is about, and what is wrong there.
var enhancedStatus = regexp.MustCompile(`\b[45]\.(\d{1,3})\.(\d{1,3})\b`)

// relayTroubles say what a relay holds against a mail, by subject and detail of its answer, else by the subject alone.
var relayTroubles = map[string]string{
	"1.1": "cette adresse n'existe pas", "1.6": "cette personne a changé d'adresse", "1.2": "le domaine de cette adresse n'existe pas", "1.10": "le domaine de cette adresse ne reçoit pas de courriels", "1": "cette adresse ne convient pas",
	"2.1": "cette boîte est fermée", "2.2": "cette boîte est pleine", "2.3": "le courriel est trop gros pour cette boîte", "2": "cette boîte n'accepte pas de courriels",
	"3": "le serveur de cette boîte est surchargé", "4": "le serveur de cette boîte ne répond pas", "5": "le relais et le serveur de cette boîte ne s'entendent pas",
	"6": "le serveur de cette boîte ne sait pas lire le courriel", "7": "le serveur de cette boîte refuse les courriels d'OKEY",
}

// sayMailTrouble says in a few words why a mail has not arrived; empty where nothing is wrong.
func sayMailTrouble(m sql.Mail) string {
	if m.Error == "" || m.State == sql.MailSent || m.State == sql.MailDropped {
		return ""
	}
	text := strings.ToLower(m.Error)
	if status := enhancedStatus.FindStringSubmatch(text); status != nil {
		if said := relayTroubles[status[1]+"."+status[2]]; said != "" {
			return said
		}
		if said := relayTroubles[status[1]]; said != "" {
			return said
		}
	}
	switch {
	case strings.Contains(text, "recipient's address"):
		return "cette adresse est mal écrite"
	case strings.Contains(text, "call the mail relay"), strings.Contains(text, "connection"):
		return "le relais de courriel ne répond pas"
	case m.State == sql.MailQueued:
		return "le relais demande d'attendre"
	}
	return "le relais l'a refusé"
}

// sayUnsendable says why a mail does not go out once more.
func sayUnsendable(why okey.Code) string {
	switch why {
	case okey.CodeMailLeaving:
		return "Ce courriel est encore en train de partir : OKEY essaie pendant cinq jours. Rien d'autre n'a été envoyé."
	case okey.CodeMailJustSent:
		return "Ce courriel vient d'être renvoyé : laissez-lui dix minutes pour arriver. Rien d'autre n'a été envoyé."
	case okey.CodeMailNoAddress:
		return "OKEY n'a pas d'adresse pour cette personne : faites-la corriger dans l'annuaire. Rien n'a été envoyé."
	}
	return "OKEY ne sait plus de quoi ce courriel était fait : il ne peut pas le récrire. Rien n'a été envoyé."
}

// mailScreen is the page of one mail.
type mailScreen struct {
	Facts   []fact
	Again   *form
	Address string // where it would go
	Stays   string // why it can't be sent again
	Repeats []mailLine
	Follow  string // while the one that was just asked for is on its way
}

// mailPage is for support, and to be read by auditors.
func (s *Server) mailPage(v *visit) error {
	m, err := s.seenMail(v)
	if err != nil {
		return err
	}
	return s.showMail(v, http.StatusOK, m, nil, "")
}

// outlived is why there is no use in sending a mail about a stage that is over.
const outlived = "Ce courriel parle d'une étape qui est terminée : ce qu'il dit n'est plus vrai, il ne repart pas."

// sayResent says what has become of the mail that support has just had sent again, and whether it is still on its way.
func sayResent(repeat sql.Mail) (notice, warning string, underWay bool) {
	switch {
	case repeat.State == sql.MailSent:
		return "Le courriel est reparti, récrit avec ce qui est vrai aujourd'hui.", "", false
	case repeat.State == sql.MailDropped:
		return "", "Le courriel n'est pas reparti : ce qu'il demandait est fait, ou ne concerne plus cette personne.", false
	case repeat.State == sql.MailFailed:
		return "", "Le courriel est reparti, et il a été refusé de nouveau : la raison est à la dernière ligne ci-dessous.", false
	case repeat.Attempts > 0:
		return "Le relais demande d'attendre : OKEY essaie encore, pendant cinq jours.", "", false
	}
	return "", "", true
}

// seenMail is the mail that the address names, for whoever sees the desk.
func (s *Server) seenMail(v *visit) (sql.WrittenMail, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return sql.WrittenMail{}, err
	}
	id, err := idOf(v.Context)
	if err != nil {
		return sql.WrittenMail{}, err
	}
	return s.store.WrittenMail(v.ctx(), id)
}

func resendForm(v *visit, m sql.WrittenMail) *form {
	return newForm(v, "renvoi", mailURL(m.ID), "Renvoyer ce courriel", nil)
}

func (s *Server) showMail(v *visit, status int, m sql.WrittenMail, sent *form, warning string) error {
	c := paris(v)
	subject, title, address := m.Subject, "Courriel : "+m.Subject, m.Address
	if subject == "" {
		subject, title = "Pas encore écrit", "Courriel pas encore écrit"
	}
	if address == "" {
		address = "adresse effacée"
	}
	page := mailScreen{Address: m.Address, Facts: []fact{{Name: "Objet", Value: subject}}}
	if when := mail.WhenOf(mail.Letter(m.Kind)); m.Subject == "" && when != "" {
		page.Facts = append(page.Facts, fact{Name: "Part", Value: when})
	}
	page.Facts = append(page.Facts, fact{Name: "Envoyé à", Value: address}, fact{Name: "État", Value: okey.Capitalize(sayMailState(m.Mail))})
	if why := sayMailTrouble(m.Mail); why != "" {
		page.Facts = append(page.Facts, fact{Name: "Pourquoi", Value: okey.Capitalize(why)})
	}
	if m.State == sql.MailDropped {
		page.Facts = append(page.Facts, fact{Name: "Pourquoi", Value: "Ce qu'il demandait est fait, ou ne concerne plus cette personne : il n'est pas parti."})
	}
	page.Facts = append(page.Facts, fact{Name: "Essais", Value: fmt.Sprint(m.Attempts)}, fact{Name: "Écrit", Value: okey.Capitalize(c.time(m.CreatedAt))})
	if !m.Sent.IsZero() {
		page.Facts = append(page.Facts, fact{Name: "Parti", Value: okey.Capitalize(c.time(m.Sent))})
	}
	if m.Person.Valid {
		who, err := s.store.Person(v.ctx(), m.Person.UUID)
		if err != nil {
			return err
		}
		page.Facts = append(page.Facts, fact{Name: "Pour", Value: nameOr(who, "personne effacée"), Path: personURL(who.ID)})
		if who.Mail != "" {
			page.Address = who.Mail
		}
	}
	about, err := s.aboutMail(v, m)
	if err != nil {
		return err
	}
	page.Facts = append(page.Facts, about...)
	repeats, err := s.store.Repeats(v.ctx(), m.First())
	if err != nil {
		return err
	}
	if len(repeats) > 1 {
		page.Repeats = mailLines(repeats, c)
	}
	done, found, err := s.justDone(v)
	if err != nil {
		return err
	}
	notice := ""
	if at := slices.IndexFunc(repeats, func(r sql.Mail) bool { return found && r.ID == okey.DerivedID(done.ID, "mail") }); at >= 0 && warning == "" {
		var underWay bool
		if notice, warning, underWay = sayResent(repeats[at]); underWay {
			page.Follow = doneURL(mailURL(m.ID), done.ID)
		}
	}
	if okey.May(okey.ActResendMail, v.Actor, okey.Subject{}, v.today()) == nil {
		if stays := m.MayLeaveAgain(v.Now); stays != nil {
			page.Stays = sayUnsendable(okey.ErrorCode(stays))
			page.Stays = strings.TrimSuffix(strings.TrimSuffix(page.Stays, " Rien d'autre n'a été envoyé."), " Rien n'a été envoyé.")
		} else if over, err := s.mailOutlived(v, m); err != nil {
			return err
		} else if over {
			page.Stays = outlived
		} else if page.Again = sent; sent == nil {
			page.Again = resendForm(v, m)
		}
	}
	return s.show(v, status, "mail", screen{Title: title, Notice: notice, Warning: warning, Body: page})
}

// mailOutlived tells whether the request has left the stage that a mail speaks of.
func (s *Server) mailOutlived(v *visit, m sql.WrittenMail) (bool, error) {
	if !m.Request.Valid {
		return false, nil
	}
	request, err := s.store.Request(v.ctx(), m.Request.UUID)
	return err == nil && m.Order.Step.Outlived(m.Kind, request), err
}

// aboutMail is where a mail's subject is looked at; of the stock it is known by its id alone, which the search knows how to say.
func (s *Server) aboutMail(v *visit, m sql.WrittenMail) ([]fact, error) {
	const about = "À propos de"
	switch {
	case m.Request.Valid:
		return []fact{{Name: about, Value: "la demande " + shortID(m.Request.UUID), Path: requestURL(m.Request.UUID)}}, nil
	case m.Key != "":
		return []fact{{Name: about, Value: "la clef " + string(m.Key), Path: keyURL(m.Key)}}, nil
	}
	var facts []fact
	if m.About != uuid.Nil {
		found, err := s.readAsItStands(v, m.About.String())
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			for _, h := range f.Hits {
				facts = append(facts, fact{Name: about, Value: h.Name + " · " + h.More, Path: h.Path})
			}
		}
	}
	if len(facts) == 0 && m.Order != nil && m.Order.UAI != "" {
		facts = append(facts, fact{Name: about, Value: "l'établissement " + string(m.Order.UAI), Path: schoolURL(m.Order.UAI)})
	}
	return facts, nil
}

// resend has a mail sent again.
func (s *Server) resend(v *visit) error {
	m, err := s.seenMail(v)
	if err != nil {
		return err
	}
	f := resendForm(v, m)
	if err := s.read(v, f); err != nil {
		return err
	}
	done, err := s.act(v.ctx(), v.Actor, wish{Action: f.Action, Name: okey.ActionMailResend, Subject: m.ID, Request: m.Request.UUID, Via: okey.ViaWeb})
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return s.showMail(v, http.StatusConflict, m, f, f.Errors[0].Message)
	}
	return s.answerForm(v, f, done, mailURL(m.ID), func(status int, warning string) error {
		if m, err = s.seenMail(v); err != nil { // as it is by now
			return err
		}
		return s.showMail(v, status, m, f, warning)
	})
}

// shortID is what is shown of an id; the search finds it.
func shortID(id uuid.UUID) string { return id.String()[:8] }

func nameOr(p okey.Person, none string) string {
	if name := p.Name(); name != "" {
		return name
	}
	return none
}

package desk

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/story"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// mailScreen is the page of one mail.
type mailScreen struct {
	Facts   []web.Fact
	Again   *web.Form
	Address string // where it would go
	Stays   string // why it can't be sent again
	Repeats []story.MailLine
	Follow  string // while the one that was just asked for is on its way
}

// mailPage is for support, and to be read by auditors.
func (s *Pages) mailPage(v *web.Visit) error {
	m, err := s.seenMail(v)
	if err != nil {
		return err
	}
	return s.showMail(v, http.StatusOK, m, resendForm(v, m), "")
}

// outlived is why there is no use in sending a mail about a stage that is over.
const outlived = "Ce courriel parle d'une étape qui est terminée : ce qu'il dit n'est plus vrai, il ne repart pas."

// sayResent says what has become of the mail that support has just had sent again, and whether it is still on its way.
func sayResent(repeat sql.Mail) (notice, warning string, underWay bool) {
	switch {
	case repeat.State == sql.MailSent:
		return "Le courriel est reparti, mis à jour.", "", false
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
func (s *Pages) seenMail(v *web.Visit) (sql.WrittenMail, error) {
	if err := seesDesk(v); err != nil {
		return sql.WrittenMail{}, err
	}
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return sql.WrittenMail{}, err
	}
	return s.store.WrittenMail(v.Ctx(), id)
}

func resendForm(v *web.Visit, m sql.WrittenMail) *web.Form {
	return web.NewForm(v, "renvoi", address.MailURL(m.ID), "Renvoyer ce courriel", nil)
}

func (s *Pages) showMail(v *web.Visit, status int, m sql.WrittenMail, again *web.Form, warning string) error {
	page := mailScreen{Address: m.Address, Facts: mailFacts(m, web.Paris(v))}
	if m.Person.Valid {
		who, err := s.store.Person(v.Ctx(), m.Person.UUID)
		if err != nil {
			return err
		}
		page.Address = cmp.Or(who.Mail, m.Address)
		reader := web.Fact{Name: "Pour", Value: story.NameOr(who, "personne effacée"), Path: address.PersonURL(who.ID)}
		page.Facts = append(page.Facts, reader)
	}
	about, err := s.aboutMail(v, m)
	if err != nil {
		return err
	}
	page.Facts = append(page.Facts, about...)
	repeats, err := s.store.Repeats(v.Ctx(), m.First())
	if err != nil {
		return err
	}
	if len(repeats) > 1 {
		page.Repeats = story.MailLines(repeats, web.Paris(v))
	}
	done, found, err := s.JustDone(v)
	if err != nil {
		return err
	}
	notice := ""
	resent := func(r sql.Mail) bool { return found && r.ID == okey.DerivedID(done.ID, "mail") }
	if at := slices.IndexFunc(repeats, resent); at >= 0 && warning == "" {
		var underWay bool
		if notice, warning, underWay = sayResent(repeats[at]); underWay {
			page.Follow = address.DoneURL(address.MailURL(m.ID), done.ID)
		}
	}
	if okey.May(okey.ActResendMail, v.Actor, okey.Subject{}, v.Today()) == nil {
		if page.Stays, err = s.whyMailStays(v, m); err != nil {
			return err
		}
		if page.Stays == "" {
			page.Again = again
		}
	}
	title := "Courriel : " + m.Subject
	if m.Subject == "" {
		title = "Courriel pas encore écrit"
	}
	return s.Show(v, status, "mail", web.Screen{Title: title, Notice: notice, Warning: warning, Body: page})
}

// mailFacts are what is known of a mail by itself.
func mailFacts(m sql.WrittenMail, c web.Clock) []web.Fact {
	facts := []web.Fact{{Name: "Objet", Value: cmp.Or(m.Subject, "Pas encore écrit")}}
	if when := mail.WhenOf(mail.Letter(m.Kind)); m.Subject == "" && when != "" {
		facts = append(facts, web.Fact{Name: "Part", Value: when})
	}
	facts = append(facts,
		web.Fact{Name: "Envoyé à", Value: cmp.Or(m.Address, "adresse effacée")},
		web.Fact{Name: "État", Value: okey.Capitalize(story.SayMailState(m.Mail))})
	if why := story.SayMailTrouble(m.Mail); why != "" {
		facts = append(facts, web.Fact{Name: "Pourquoi", Value: okey.Capitalize(why)})
	}
	if m.State == sql.MailDropped {
		facts = append(facts, web.Fact{
			Name: "Pourquoi", Value: "Ce qu'il demandait est fait, ou ne concerne plus cette personne : il n'est pas parti.",
		})
	}
	facts = append(facts,
		web.Fact{Name: "Essais", Value: fmt.Sprint(m.Attempts)}, web.Fact{Name: "Écrit", Value: okey.Capitalize(c.Time(m.CreatedAt))})
	for _, one := range []struct {
		name string
		at   time.Time
	}{{"Parti", m.Sent}, {"Revenu", m.ReturnedAt.Time}} {
		if !one.at.IsZero() {
			facts = append(facts, web.Fact{Name: one.name, Value: okey.Capitalize(c.Time(one.at))})
		}
	}
	return facts
}

// whyMailStays says why a mail can't be sent again; empty where it can.
func (s *Pages) whyMailStays(v *web.Visit, m sql.WrittenMail) (string, error) {
	if stays := m.MayLeaveAgain(v.Now); stays != nil {
		said := act.SayUnsendable(okey.ErrorCode(stays))
		return strings.TrimSuffix(strings.TrimSuffix(said, " Rien d'autre n'a été envoyé."), " Rien n'a été envoyé."), nil
	}
	if !m.Request.Valid {
		return "", nil
	}
	request, err := s.store.Request(v.Ctx(), m.Request.UUID)
	if err != nil || !m.Order.Step.Outlived(m.Kind, request) {
		return "", err
	}
	return outlived, nil
}

// aboutMail is where a mail's subject is looked at; of the stock it is known by its id alone, which the search knows how to say.
func (s *Pages) aboutMail(v *web.Visit, m sql.WrittenMail) ([]web.Fact, error) {
	const about = "À propos de"
	switch {
	case m.Request.Valid:
		request := m.Request.UUID
		return []web.Fact{{Name: about, Value: "la demande " + story.ShortID(request), Path: address.RequestURL(request)}}, nil
	case m.Key != "":
		return []web.Fact{{Name: about, Value: "la clef " + string(m.Key), Path: address.KeyURL(m.Key)}}, nil
	}
	var facts []web.Fact
	if m.About != uuid.Nil {
		found, err := s.readAsItStands(v, m.About.String())
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			for _, h := range f.Hits {
				facts = append(facts, web.Fact{Name: about, Value: h.Name + " · " + h.More, Path: h.Path})
			}
		}
	}
	if len(facts) == 0 && m.Order != nil && m.Order.UAI != "" {
		facts = append(facts, web.Fact{Name: about, Value: "l'établissement " + string(m.Order.UAI), Path: address.SchoolURL(m.Order.UAI)})
	}
	return facts, nil
}

// resend has a mail sent again.
func (s *Pages) resend(v *web.Visit) error {
	m, err := s.seenMail(v)
	if err != nil {
		return err
	}
	f := resendForm(v, m)
	if err := s.Read(v, f); err != nil {
		return err
	}
	done, err := s.act.Do(v.Ctx(), v.Actor, act.Command{
		Action: f.Action, Name: okey.ActionMailResend, Subject: m.ID, Request: m.Request.UUID, Via: okey.ViaWeb,
	})
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return s.showMail(v, http.StatusConflict, m, f, f.Errors[0].Message)
	}
	return s.Answer(v, f, done, address.MailURL(m.ID), func(status int, warning string) error {
		if m, err = s.seenMail(v); err != nil { // as it is by now
			return err
		}
		return s.showMail(v, status, m, f, warning)
	})
}

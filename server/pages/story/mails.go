package story

import (
	"regexp"
	"strings"
	"time"

	"okey/mail"
	"okey/okey"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

func MailURL(id uuid.UUID) string { return web.PathMails + "/" + id.String() }

// MailLine is a mail as support reads it.
type MailLine struct {
	When, What, To, State, Why string
	Path                       string // of the mail
	At                         time.Time
}

// cells are its entries in a table.
func (l MailLine) Cells() []web.Cell {
	state := l.State
	if l.Why != "" {
		state += " : " + l.Why
	}
	return []web.Cell{{Text: l.What, Path: l.Path}, {Text: l.To}, {Text: l.When}, {Text: state}}
}

var MailStates = map[sql.MailState]string{
	sql.MailQueued: "à envoyer", sql.MailSent: "envoyé", sql.MailFailed: "refusé", sql.MailDropped: "sans objet",
}

// SayMailState says what became of a mail, and how often it was tried where that tells something.
func SayMailState(m sql.Mail) string {
	said := MailStates[m.State]
	if m.State == sql.MailQueued && m.Attempts > 0 {
		return said + ", " + okey.SayCount(m.Attempts, "essai")
	}
	return said
}

func sayMail(m sql.Mail) string { return mail.NameOf(mail.Letter(m.Kind), m.Subject) }

func MailLines(mails []sql.Mail, c web.Clock) []MailLine {
	lines := make([]MailLine, len(mails))
	for i, m := range mails {
		lines[i] = MailLine{
			When: okey.Capitalize(c.Time(m.CreatedAt)), What: sayMail(m), To: m.Address, State: SayMailState(m), Why: SayMailTrouble(m), Path: MailURL(m.ID), At: m.CreatedAt,
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

// SayMailTrouble says in a few words why a mail has not arrived; empty where nothing is wrong.
func SayMailTrouble(m sql.Mail) string {
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

// ShortID is what is shown of an id; the search finds it.
func ShortID(id uuid.UUID) string { return id.String()[:8] }

func NameOr(p okey.Person, none string) string {
	if name := p.Name(); name != "" {
		return name
	}
	return none
}

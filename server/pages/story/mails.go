package story

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// MailLine is a mail as support reads it.
type MailLine struct {
	When, What, To, State, Why string
	Path                       string // of the mail
	At                         time.Time
	stamp                      web.Cell
}

// Cells are its entries in a table.
func (l MailLine) Cells() []web.Cell {
	state := l.State
	if l.Why != "" {
		state += " : " + l.Why
	}
	return []web.Cell{{Text: l.What, Path: l.Path}, {Text: l.To}, l.stamp, {Text: state}}
}

// MailStates are what may have become of a mail.
var MailStates = map[sql.MailState]string{
	sql.MailQueued: "à envoyer", sql.MailSent: "envoyé", sql.MailFailed: "refusé", sql.MailDropped: "sans objet",
}

// SayMailState says what became of a mail, and how often it was tried where that tells something.
func SayMailState(m sql.Mail) string {
	said := MailStates[m.State]
	if m.ReturnedAt.Valid && m.State == sql.MailFailed {
		return "revenu"
	}
	if m.State == sql.MailQueued && m.Attempts > 0 {
		return said + ", " + okey.SayCount(m.Attempts, "essai")
	}
	return said
}

// MailLines are the rows of a table of mails.
func MailLines(mails []sql.Mail, c web.Clock) []MailLine {
	lines := make([]MailLine, len(mails))
	for i, m := range mails {
		lines[i] = newMailLine(m, c)
	}
	return lines
}

func newMailLine(m sql.Mail, c web.Clock) MailLine {
	line := MailLine{
		When: okey.Capitalize(c.Time(m.CreatedAt)), What: mail.NameOf(mail.Letter(m.Kind), m.Subject), To: m.Address,
		State: SayMailState(m), Why: SayMailTrouble(m), Path: address.MailURL(m.ID), At: m.CreatedAt,
		stamp: c.Stamp(m.CreatedAt),
	}
	if m.AgainOf.Valid {
		line.State += " (renvoi)"
	}
	return line
}

// The relay's answer as RFC 3463 numbers it: a class, what it is about, and what is wrong there.
var enhancedStatus = regexp.MustCompile(`\b[45]\.(\d{1,3})\.(\d{1,3})\b`)

// relayTroubles say what a relay holds against a mail, by subject and detail of its answer, else by the subject alone.
var relayTroubles = map[string]string{
	"1":    "cette adresse ne convient pas",
	"1.1":  "cette adresse n'existe pas",
	"1.2":  "le domaine de cette adresse n'existe pas",
	"1.6":  "cette personne a changé d'adresse",
	"1.10": "cette adresse n'existe pas", // Exchange's; the null MX of RFC 7505 says so in words
	"2":    "cette boîte n'accepte pas de courriels",
	"2.1":  "cette boîte est fermée",
	"2.2":  "cette boîte est pleine",
	"2.3":  "le courriel est trop gros pour cette boîte",
	"3":    "le serveur de cette boîte est surchargé",
	"3.4":  "le courriel est trop gros pour le serveur de cette boîte",
	"4":    "le serveur de cette boîte ne répond pas",
	"4.4":  "le domaine de cette adresse n'existe pas, ou ne reçoit pas de courriels",
	"5":    "le relais et le serveur de cette boîte ne s'entendent pas",
	"6":    "le serveur de cette boîte ne sait pas lire le courriel",
	"7":    "le serveur de cette boîte refuse les courriels d'OKEY",
}

// SayMailTrouble says in a few words why a mail has not arrived; empty where nothing is wrong.
func SayMailTrouble(m sql.Mail) string {
	if m.Error == "" || m.State == sql.MailSent || m.State == sql.MailDropped {
		return ""
	}
	text := strings.ToLower(m.Error)
	switch {
	case strings.Contains(text, "the relay refuses everybody"):
		return "le relais refuse tous les courriels d'OKEY"
	case strings.Contains(text, "the relay did not say"):
		return "le relais n'a pas dit s'il l'a pris"
	case strings.Contains(text, "null mx"):
		return "le domaine de cette adresse ne reçoit pas de courriels"
	}
	if status := enhancedStatus.FindStringSubmatch(text); status != nil {
		if said := cmp.Or(relayTroubles[status[1]+"."+status[2]], relayTroubles[status[1]]); said != "" {
			return said
		}
	}
	switch {
	case m.ReturnedAt.Valid:
		return "le serveur de cette boîte ne l'a pas pris"
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

// NameOr is how a person is named, or what stands for one whose name is not known: erased, or never told.
func NameOr(p okey.Person, none string) string {
	return cmp.Or(p.Name(), none)
}

package keys

import (
	"fmt"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
)

// OwnKey is a key in its holder's hands, and the ways from it.
type OwnKey struct {
	Serial  okey.Serial
	Path    string
	Lasts   string // until when it serves
	Until   string // what ends it before, while the next one is on its way
	Leave   string // what to do with it, where its holder works nowhere any more
	Expired bool
	PIN     *PINLinks
	Use     *KeyUse // nil where it does not serve
	Which   string  // its number, where there are several in hand: " 4182000750"
	Due     string  // of a mislaid or lent key: what becomes of it, and when
	Loan    bool
	Trouble string // the ways are empty where they lead nowhere in its state
	Trial   string
	Mislaid string
	Found   string // once it was mislaid
	Borrow  string // another one meanwhile
	Lent    string // in its place, where one is lent already
	Lost    string
	Leaving string
}

// KeyUse is how a key is used, and where: the portal's address is a setting.
type KeyUse struct{ Portal string }

// NewOwnKey is a key for its holder's eyes; works tells whether they work anywhere still.
func (s *Pages) NewOwnKey(key okey.Key, c web.Clock, works bool) OwnKey {
	today, page := okey.DayOf(c.Now, c.Zone), address.KeyURL(key.Serial)
	own := OwnKey{
		Serial: key.Serial, Path: page, PIN: LinksOfPIN(key.Serial), Expired: key.ExpiresOn.Before(today), Loan: key.State == okey.Lent,
		Lost: page + address.PathLost,
	}
	switch key.State {
	case okey.Suspended:
		own.Found, own.Borrow, own.Leaving = page+address.PathFound, address.PathAsk, page+address.PathLeaving
		own.Due = fmt.Sprintf("Elle est déclarée égarée, et n'est plus acceptée. Si vous la retrouvez avant le %s au soir, dites-le : "+
			"elle servira de nouveau. Sinon, elle sera perdue, et vous pourrez en demander une autre.", c.Day(key.DueAt))
	case okey.Lent:
		own.Due = sayLoan(key, c)
		if !key.LoanOver(c.Now) {
			own.Trouble = page + address.PathTrouble
		}
	default:
		own.Trouble, own.Mislaid, own.Leaving = page+address.PathTrouble, page+address.PathMislaid, page+address.PathLeaving
	}
	if s.trials != nil && own.Trouble != "" && !own.Expired && !key.LoanOver(c.Now) {
		own.Trial = page + address.PathTrial
	}
	if works && !own.Expired && key.State != okey.Suspended && !key.LoanOver(c.Now) {
		own.Use = &KeyUse{Portal: s.portal}
	}
	own.Lasts = fmt.Sprintf("valable jusqu'au %s (%s)", c.Date(key.ExpiresOn), sayRemaining(today, key.ExpiresOn))
	switch {
	case own.Due != "":
		own.Lasts = key.State.French()
	case own.Expired:
		own.Lasts = fmt.Sprintf("expirée depuis le %s", c.Date(key.ExpiresOn))
	}
	return own
}

// Beside leaves out the asking for another key where one is lent already, and says what to do instead: nobody is lent two.
func (k *OwnKey) Beside(held []okey.Key, c web.Clock) {
	lent := held[len(okey.Own(held)):]
	if k.Borrow == "" || len(lent) == 0 {
		return
	}
	k.Borrow, k.Lent = "", fmt.Sprintf("En attendant, servez-vous de la clef %s, qui vous est prêtée.", lent[0].Serial)
	if lent[0].LoanOver(c.Now) {
		k.Lent = fmt.Sprintf("Pour qu'une autre clef vous soit prêtée, rendez d'abord la %s à la direction.", lent[0].Serial)
	}
}

// sayLoan says until when a key is lent to its reader.
func sayLoan(key okey.Key, c web.Clock) string {
	if key.LoanOver(c.Now) {
		return "Le prêt est terminé : cette clef n'est plus acceptée. Rendez-la à la direction."
	}
	return fmt.Sprintf("Elle vous est prêtée jusqu'au %s au soir : rendez-la à la direction ce jour-là au plus tard.", c.Day(key.DueAt))
}

// sayRemaining says how long a key still serves, as roughly as people would.
func sayRemaining(today, until okey.Day) string {
	months := 0
	for !until.Before(today.AddMonths(months + 1)) {
		months++
	}
	switch {
	case months >= 24:
		return "encore " + okey.SayCount(months/12, "an")
	case months > 0:
		return fmt.Sprintf("encore %d mois", months)
	}
	days := 0
	for today.AddDays(days).Before(until) {
		days++
	}
	if days == 0 {
		return "dernier jour"
	}
	return "encore " + okey.SayCount(days, "jour")
}

// Leave says what whoever works nowhere any more does with the key of a school in their hands; empty for everybody else.
func Leave(school string, works bool) string {
	if works {
		return ""
	}
	return fmt.Sprintf("Nous ne vous trouvons plus dans aucun établissement. "+
		"Rendez-la à la direction %s, ou demandez-lui de la laisser vous suivre. "+
		"Une erreur ? Faites vérifier votre affectation par votre secrétariat.",
		okey.SayOfSchool(okey.SayEstablishment(school)))
}

// UntilNextKey says what becomes of the key in hand while the next one is on its way: one that has expired serves nobody any more.
func (k OwnKey) UntilNextKey() string {
	switch {
	case k.Loan:
		return ""
	case k.Due != "":
		return "Si vous la retrouvez avant de recevoir la nouvelle, apportez-la ce jour-là : elle sera reprise."
	case k.Expired:
		return "Votre clef actuelle ne sert plus : apportez-la le jour où vous recevrez la nouvelle, elle sera reprise."
	}
	return "Votre clef actuelle sert jusqu'à la remise de la nouvelle : apportez-la ce jour-là, elle sera reprise."
}

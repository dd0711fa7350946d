package keys

import (
	"context"
	"fmt"
	"regexp"

	"okey/okey"
	"okey/server/web"
	"okey/sql"
)

// pastNames say in a key's story what forms ask for in other words.
var pastNames = map[okey.KeyReason]string{
	okey.ReasonLost:      "Déclarée perdue",
	okey.ReasonDefective: "Déclarée défectueuse",
	okey.ReasonReturn:    "Mise en stock",
	okey.ReasonFound:     "Retrouvée",
	okey.ReasonArrived:   "Arrivée confirmée",
	okey.ReasonMislaid:   "Déclarée égarée",
	okey.ReasonRecovered: "Retrouvée, de nouveau en service",
}

// keyStory is what has happened to a key, oldest first; the store has it the other way round.
func keyStory(events []sql.KeyEvent, c web.Clock) []web.StoryLine {
	lines := make([]web.StoryLine, len(events))
	for i, e := range events {
		back := e.Reason == okey.ReasonReturn && i+1 < len(events) && events[i+1].State == okey.Lent
		said := sayKeyEvent(e, back)
		lines[len(events)-1-i] = web.StoryLine{When: okey.Capitalize(c.Time(e.At)), What: said, Comment: e.Comment, At: e.At}
	}
	return lines
}

// movedBetween is how the story keeps a move: by codes alone.
var movedBetween = regexp.MustCompile(`^De ([0-9]{7}[A-Z]) à ([0-9]{7}[A-Z])\.`)

// nameMoves has the story name the schools that a key went from and to.
func (s *Pages) nameMoves(ctx context.Context, events []sql.KeyEvent) error {
	moves, uais := map[int][]string{}, []okey.UAI(nil)
	for i, e := range events {
		if codes := movedBetween.FindStringSubmatch(e.Comment); e.Reason == okey.ReasonMoved && codes != nil {
			moves[i], uais = codes, append(uais, okey.UAI(codes[1]), okey.UAI(codes[2]))
		}
	}
	if len(moves) == 0 {
		return nil
	}
	names, err := s.store.Names(ctx, uais...)
	if err != nil {
		return err
	}
	for i, codes := range moves {
		from, to := okey.UAI(codes[1]), okey.UAI(codes[2])
		if names[from] != "" && names[to] != "" {
			left := okey.Capitalize(okey.SayOfSchool(okey.SayEstablishment(names[from])))
			events[i].Comment = fmt.Sprintf("%s (%s), pour %s (%s).%s",
				left, from, okey.SayEstablishment(names[to]), to, events[i].Comment[len(codes[0]):])
		}
	}
	return nil
}

// tooShort says of a key in stock why nobody is given it.
func tooShort(key okey.Key, today okey.Day) string {
	if key.State != okey.InStock || key.Lendable(today) {
		return ""
	}
	if key.ExpiresOn.Before(today) {
		return ", mais elle n'est plus prêtée : elle a expiré"
	}
	return fmt.Sprintf(", mais elle n'est plus prêtée : elle expire dans moins de %d mois", okey.LendableMonths)
}

// sayKeyEvent is one line of it: what happened, who did it, and whose the key was or is; back tells of a loan that is given back.
func sayKeyEvent(e sql.KeyEvent, back bool) string {
	said := pastNames[e.Reason]
	if back {
		said = "Prêt rendu, clef remise en stock"
	}
	if said == "" {
		said = e.Reason.French()
	}
	given := e.Reason == okey.ReasonHandedOver || e.Reason == okey.ReasonLent
	switch {
	case e.Reason == okey.ReasonSigned && e.By != "": // who signs is whom it is for
		return said + " à " + e.By + ", qui a signé la charte"
	case given && e.Holder != "":
		said += " à " + e.Holder
	}
	if e.By != "" {
		said += " par " + e.By
	}
	if e.Tried {
		said += ", essayée"
	}
	switch {
	case e.Holder == "" || given:
	case e.Reason == okey.ReasonLoanOver:
		said += " : elle est à reprendre à " + e.Holder
	case e.Reason == okey.ReasonMislaid || e.Reason == okey.ReasonRecovered:
		if e.Holder != e.By {
			said += " ; elle est à " + e.Holder
		}
	case e.State == okey.InService:
		said += ", entre les mains " + okey.SayOf(e.Holder)
	case e.Holder == e.By:
		said += ", qui l'avait"
	default:
		said += " ; elle était à " + e.Holder
	}
	return said
}

// keyHelps are the questions that a key raises: those about using it only where somebody does.
func keyHelps(key okey.Key) string {
	switch key.State {
	case okey.InService:
		return "clef-dereglee clef-en-panne clef-egaree clef-perdue clef-rendue rendre"
	case okey.Suspended:
		return "clef-egaree clef-perdue"
	case okey.Lent:
		return "clef-pretee clef-en-panne clef-perdue"
	}
	return "clef-rendue clefs-du-tiroir"
}

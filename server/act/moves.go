package act

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"okey/okey"
	"okey/server/respond"
)

// normaliseMove is for support's moving of keys. Serials are typed or scanned, one a line.
func normaliseMove(cmd Command) (okey.Content, error) {
	var wrong respond.Invalid
	serials, err := cleanSerials(cmd.Content.Serials)
	if err != nil {
		wrong = append(wrong, okey.InvalidField("serials", "%s", okey.ErrorMessage(err)))
	}
	to, err := okey.ParseUAI(string(cmd.Content.Establishment))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("establishment", "%s", okey.ErrorMessage(err)))
	}
	comment, err := okey.CheckText("comment", cmd.Content.Comment, true)
	if err := wrong.Add(err); err != nil {
		return cmd.Content, err
	}
	cmd.Content = okey.Content{Establishment: to, Serials: serials, Comment: comment}
	return cmd.Content, wrong.OrNil()
}

// cleanSerials reads serials as people type them, each once, and names the line of the first that is none.
func cleanSerials(typed []okey.Serial) ([]okey.Serial, error) {
	var serials []okey.Serial
	for i, text := range typed {
		serial, err := okey.ParseSerial(string(text))
		if err != nil {
			return nil, okey.InvalidField("serials", "Ligne %d : %s", i+1, okey.ErrorMessage(err))
		}
		if !slices.Contains(serials, serial) {
			serials = append(serials, serial)
		}
	}
	switch {
	case len(serials) == 0:
		return nil, okey.InvalidField("serials", "Tapez ou scannez les numéros de série, un par ligne.")
	case len(serials) > okey.MostMoved:
		return nil, okey.InvalidField("serials", "%d clefs, c'est trop pour un seul envoi : %d au plus.", len(serials), okey.MostMoved)
	}
	return serials, nil
}

// TypedSerials takes a text apart: one number a line, or parted by commas and semicolons.
func TypedSerials(text string) []okey.Serial {
	var serials []okey.Serial
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("\r\n,;\t", r) }) {
		if strings.TrimSpace(part) != "" {
			serials = append(serials, okey.Serial(part))
		}
	}
	return serials
}

func normaliseTakeAlong(cmd Command) (okey.Content, error) {
	var wrong respond.Invalid
	to, err := okey.ParseUAI(string(cmd.Content.Establishment))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("establishment", "%s", okey.ErrorMessage(err)))
	}
	comment, err := okey.CheckText("comment", cmd.Content.Comment, false)
	if err := wrong.Add(err); err != nil {
		return cmd.Content, err
	}
	cmd.Content = okey.Content{Establishment: to, Comment: comment}
	return cmd.Content, wrong.OrNil()
}

func normaliseSuccession(cmd Command) (okey.Content, error) {
	var wrong respond.Invalid
	from, err := okey.ParseUAI(string(cmd.Content.Establishment))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("establishment", "%s", okey.ErrorMessage(err)))
	}
	to, err := okey.ParseUAI(string(cmd.Content.Successor))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("successor", "%s", okey.ErrorMessage(err)))
	} else if from == to {
		wrong = append(wrong, okey.InvalidField("successor", "Un établissement ne se remplace pas lui-même : indiquez celui qui continue."))
	}
	comment, err := okey.CheckText("comment", cmd.Content.Comment, true)
	if err := wrong.Add(err); err != nil {
		return cmd.Content, err
	}
	cmd.Content = okey.Content{Establishment: from, Successor: to, Comment: comment}
	return cmd.Content, wrong.OrNil()
}

// permitTakeAlong is for whoever manages the keys of the establishment that the key leaves.
func permitTakeAlong(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
	key, err := s.store.Key(ctx, cmd.Key)
	if err != nil {
		return permission{}, err
	}
	return s.permitAt(ctx, actor, cmd, okey.ActManageKeys, key.UAI)
}

// permitMoveDecision is for whoever manages the keys of the establishment that the key comes to.
func permitMoveDecision(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
	move, err := s.store.Move(ctx, cmd.Subject)
	if err != nil {
		return permission{}, err
	}
	if move.Holder == actor.ID {
		return permission{}, okey.Errorf(okey.CodeForbidden, "C'est votre propre clef : quelqu'un d'autre doit répondre.")
	}
	found, err := s.permitAt(ctx, actor, cmd, okey.ActManageKeys, move.To)
	if okey.ErrorCode(err) == okey.CodeNotFound && s.PermitAt(ctx, actor, okey.ActSee, move.From) == nil {
		err = okey.Errorf(okey.CodeForbidden, "Vous pouvez voir cette proposition ; c'est à l'établissement d'arrivée d'y répondre.")
	}
	return found, err
}

// permitMoveWithdrawal is for whoever manages the keys of the establishment that the key leaves.
func permitMoveWithdrawal(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
	move, err := s.store.Move(ctx, cmd.Subject)
	if err != nil {
		return permission{}, err
	}
	found, err := s.permitAt(ctx, actor, cmd, okey.ActManageKeys, move.From)
	if okey.ErrorCode(err) == okey.CodeNotFound && (move.Holder == actor.ID || s.PermitAt(ctx, actor, okey.ActSee, move.To) == nil) {
		err = okey.Errorf(
			okey.CodeForbidden,
			"Vous pouvez voir cette proposition ; c'est à l'établissement que la clef quitte de la retirer.",
		)
	}
	return found, err
}

// refusedMove says why keys or an establishment did not move, and the field that it is about; empty for other reasons.
func refusedMove(v okey.Verdict, f Facts) (message, field string) {
	switch v.Reason {
	case okey.CodeKeysStay:
		return "Rien n'a été déplacé : " + SayFaults(v.Faults) + ".", "serials"
	case okey.CodeMoveOpen:
		return "Un départ avec cette clef est déjà proposé : attendez la réponse.", ""
	case okey.CodeMoveOver:
		return "Cette proposition n'attend plus de réponse, ou la clef n'est plus à cette personne : rien n'a changé.", ""
	case okey.CodeOwnKey:
		return "C'est votre propre clef : quelqu'un d'autre doit répondre.", ""
	case okey.CodeNotServed:
		return "OKEY ne sert pas cet établissement : vérifiez son code UAI.", "establishment"
	case okey.CodeSucceeded:
		return fmt.Sprintf("Cet établissement a été remplacé%s : rien n'a changé.", f.Heir), "establishment"
	}
	return "", ""
}

// SayFaults names the keys that stay, the first ones at least.
func SayFaults(faults []okey.KeyFault) string {
	const most = 5
	var said []string
	for i, fault := range faults {
		if i == most {
			said = append(said, fmt.Sprintf("et %d de plus", len(faults)-most))
			break
		}
		said = append(said, fmt.Sprintf("%s (%s)", fault.Serial, fault.Why.French()))
	}
	return strings.Join(said, ", ")
}

// heirOf says who has replaced the establishment that an action names: " par le lycée des Acacias (0069002C)"; empty where nobody has.
func (s *Dispatcher) heirOf(ctx context.Context, a okey.Action) (string, error) {
	for _, uai := range []okey.UAI{a.Content.Establishment, a.Content.Successor} {
		if uai == "" {
			continue
		}
		place, err := s.store.Place(ctx, uai)
		if okey.ErrorCode(err) == okey.CodeNotFound || (err == nil && place.Successor == "") {
			continue
		}
		if err != nil {
			return "", err
		}
		heir, err := s.store.Place(ctx, place.Successor)
		return fmt.Sprintf(" par %s (%s)", okey.SayEstablishment(heir.Name), heir.UAI), err
	}
	return "", nil
}

// Receiver is an establishment that keys may go to; the errors are about the field.
func (s *Dispatcher) Receiver(ctx context.Context, field string, uai okey.UAI) (string, error) {
	place, err := s.store.Establishment(ctx, uai)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return "", okey.InvalidField(field, "OKEY ne sert pas l'établissement %s : vérifiez son code UAI.", uai)
	case err != nil:
		return "", err
	case place.Successor != "":
		return "", Replaced(field, place)
	}
	return okey.SayPlace(place.Name, place.UAI), nil
}

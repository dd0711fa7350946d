package server

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"okey/okey"
)

// normaliseMove is for support's moving of keys. Serials are typed or scanned, one a line.
func normaliseMove(w *wish) error {
	var wrong invalid
	serials, err := cleanSerials(w.Content.Serials)
	if err != nil {
		wrong = append(wrong, okey.InvalidField("serials", "%s", okey.ErrorMessage(err)))
	}
	to, err := okey.ParseUAI(string(w.Content.Establishment))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("establishment", "%s", okey.ErrorMessage(err)))
	}
	comment, err := okey.CheckText("comment", w.Content.Comment, true)
	if err := wrong.add(err); err != nil {
		return err
	}
	w.Content = okey.Content{Establishment: to, Serials: serials, Comment: comment}
	return wrong.orNil()
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

// typedSerials takes a text apart: one number a line, or parted by commas and semicolons.
func typedSerials(text string) []okey.Serial {
	var serials []okey.Serial
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("\r\n,;\t", r) }) {
		if strings.TrimSpace(part) != "" {
			serials = append(serials, okey.Serial(part))
		}
	}
	return serials
}

func normaliseTakeAlong(w *wish) error {
	var wrong invalid
	to, err := okey.ParseUAI(string(w.Content.Establishment))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("establishment", "%s", okey.ErrorMessage(err)))
	}
	comment, err := okey.CheckText("comment", w.Content.Comment, false)
	if err := wrong.add(err); err != nil {
		return err
	}
	w.Content = okey.Content{Establishment: to, Comment: comment}
	return wrong.orNil()
}

func normaliseMoveDecision(w *wish) error { return w.normaliseDecision() }

func normaliseSuccession(w *wish) error {
	var wrong invalid
	from, err := okey.ParseUAI(string(w.Content.Establishment))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("establishment", "%s", okey.ErrorMessage(err)))
	}
	to, err := okey.ParseUAI(string(w.Content.Successor))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("successor", "%s", okey.ErrorMessage(err)))
	} else if from == to {
		wrong = append(wrong, okey.InvalidField("successor", "Un établissement ne se remplace pas lui-même : indiquez celui qui continue."))
	}
	comment, err := okey.CheckText("comment", w.Content.Comment, true)
	if err := wrong.add(err); err != nil {
		return err
	}
	w.Content = okey.Content{Establishment: from, Successor: to, Comment: comment}
	return wrong.orNil()
}

// permitTakeAlong is for whoever manages the keys of the establishment that the key leaves.
func permitTakeAlong(ctx context.Context, s *Server, actor okey.Actor, w *wish) error {
	key, err := s.store.Key(ctx, w.Key)
	if err != nil {
		return err
	}
	return s.permitAt(ctx, actor, w, okey.ActManageKeys, key.UAI)
}

// permitMoveDecision is for whoever manages the keys of the establishment that the key comes to.
func permitMoveDecision(ctx context.Context, s *Server, actor okey.Actor, w *wish) error {
	move, err := s.store.Move(ctx, w.Subject)
	if err != nil {
		return err
	}
	if move.Holder == actor.ID {
		return okey.Errorf(okey.CodeForbidden, "C'est votre propre clef : quelqu'un d'autre doit répondre.")
	}
	err = s.permitAt(ctx, actor, w, okey.ActManageKeys, move.To)
	if looks := *w; okey.ErrorCode(err) == okey.CodeNotFound && s.permitAt(ctx, actor, &looks, okey.ActSee, move.From) == nil {
		return okey.Errorf(okey.CodeForbidden, "Vous pouvez voir cette proposition ; c'est à l'établissement d'arrivée d'y répondre.")
	}
	return err
}

// permitMoveWithdrawal is for whoever manages the keys of the establishment that the key leaves.
func permitMoveWithdrawal(ctx context.Context, s *Server, actor okey.Actor, w *wish) error {
	move, err := s.store.Move(ctx, w.Subject)
	if err != nil {
		return err
	}
	err = s.permitAt(ctx, actor, w, okey.ActManageKeys, move.From)
	if looks := *w; okey.ErrorCode(err) == okey.CodeNotFound && (move.Holder == actor.ID || s.permitAt(ctx, actor, &looks, okey.ActSee, move.To) == nil) {
		return okey.Errorf(okey.CodeForbidden, "Vous pouvez voir cette proposition ; c'est à l'établissement que la clef quitte de la retirer.")
	}
	return err
}

// refusedMove says why keys or an establishment did not move, and the field that it is about; empty for other reasons.
func refusedMove(v okey.Verdict, f facts) (message, field string) {
	switch v.Reason {
	case okey.CodeKeysStay:
		return "Rien n'a été déplacé : " + sayFaults(v.Faults) + ".", "serials"
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

// sayFaults names the keys that stay, the first ones at least.
func sayFaults(faults []okey.KeyFault) string {
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
func (s *Server) heirOf(ctx context.Context, a okey.Action) (string, error) {
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

// receiver is an establishment that keys may go to; the errors are about the field.
func (s *Server) receiver(ctx context.Context, field string, uai okey.UAI) (string, error) {
	place, err := s.store.Establishment(ctx, uai)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return "", okey.InvalidField(field, "OKEY ne sert pas l'établissement %s : vérifiez son code UAI.", uai)
	case err != nil:
		return "", err
	case place.Successor != "":
		return "", replaced(field, place)
	}
	return fmt.Sprintf("%s (%s)", place.Name, place.UAI), nil
}

// stockPages are where an action about stock shows what it has done.
var stockPages = map[okey.ActionName]func(okey.Action) string{
	okey.ActionMoveKeys:       func(okey.Action) string { return pathMoveKeys },
	okey.ActionTakeAlong:      func(a okey.Action) string { return moveURL(a.Subject) },
	okey.ActionMoveDecision:   func(a okey.Action) string { return moveURL(a.Subject) },
	okey.ActionMoveWithdrawal: func(a okey.Action) string { return moveURL(a.Subject) },
	okey.ActionSuccession: func(a okey.Action) string {
		if a.Verdict == nil || !a.Verdict.Accepted {
			return pathSuccession
		}
		return pathSuccession + "/" + a.Subject.String()
	},
	okey.ActionDelivery: pageOf(pathDeliveries), okey.ActionArrival: pageOf("/livraisons"),
	okey.ActionOrder: pageOf(pathOrders), okey.ActionCancellation: pageOf(pathOrders), okey.ActionShipment: pageOf(pathOrders), okey.ActionReceipt: pageOf(pathOrders),
	okey.ActionClosing:        pageOf(pathOrders),
	okey.ActionExport:         func(okey.Action) string { return pathOrders },
	okey.ActionInventory:      pageOf(pathInventory),
	okey.ActionReportDecision: func(okey.Action) string { return pathReports },
	okey.ActionPINChange:      func(okey.Action) string { return pathPIN },
	okey.ActionMailResend:     pageOf(pathMails),
}

// pageOf is the page of an action's subject below path.
func pageOf(path string) func(okey.Action) string {
	return func(a okey.Action) string { return path + "/" + a.Subject.String() }
}

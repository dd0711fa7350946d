package act

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"okey/okey"
	"okey/server/respond"
)

// Together is all that is wrong with a command: what was typed, and what the actor's right wants besides, as a reason. Another refusal
// stands alone.
func Together(typed, refused error) error {
	switch {
	case refused == nil:
		return typed
	case typed == nil, okey.ErrorCode(refused) != okey.CodeInvalid:
		return refused
	}
	wants := respond.AsError(refused)
	var all respond.Invalid
	if !errors.As(typed, &all) {
		all = respond.Invalid{respond.AsError(typed)}
	}
	all = slices.DeleteFunc(slices.Clone(all), func(e *okey.Error) bool { return e.Field == wants.Field })
	return append(all, wants)
}

// Normalised is the command in the form that is kept, with all that is wrong with what was typed.
func (cmd Command) Normalised() (Command, error) {
	kind, known := kinds[cmd.Name]
	if !known {
		return cmd, fmt.Errorf("nobody sends %q", cmd.Name)
	}
	var err error
	cmd.Content, err = kind.normalise(cmd)
	return cmd, err
}

func normaliseHandover(cmd Command) (okey.Content, error) {
	serial, err := okey.ParseSerial(string(cmd.Content.Serial))
	comment, long := okey.CheckText("comment", cmd.Content.Comment, false)
	return okey.Content{Serial: serial, Comment: comment}, cmp.Or(err, long)
}

// normaliseNothing is for what carries nothing.
func normaliseNothing(Command) (okey.Content, error) { return okey.Content{}, nil }

func normaliseAsk(cmd Command) (okey.Content, error) {
	var wrong respond.Invalid
	uai, err := okey.ParseUAI(string(cmd.Content.Establishment))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("establishment", "%s", okey.ErrorMessage(err)))
	}
	need, err := okey.CheckText("need", cmd.Content.Need, true)
	if err := wrong.Add(err); err != nil {
		return cmd.Content, err
	}
	reason := cmd.Content.Reason
	if reason == "" {
		reason = okey.FirstKey
	}
	if !reason.Valid() {
		wrong = append(
			wrong,
			okey.InvalidField(
				"reason",
				"Ce motif n'existe pas : choisissez first (première clef), renewal (renouvellement) ou replacement (remplacement).",
			),
		)
	}
	cmd.Content = okey.Content{Establishment: uai, Need: need, Reason: reason}
	return cmd.Content, wrong.OrNil()
}

func normaliseDecision(cmd Command) (okey.Content, error) {
	var wrong respond.Invalid
	decision := cmd.Content.Decision
	if decision != okey.Approve && decision != okey.Refuse {
		wrong = append(wrong, okey.InvalidField("decision", "Choisissez : approve (accepter) ou refuse (refuser)."))
	}
	comment, err := okey.CheckText("comment", cmd.Content.Comment, decision == okey.Refuse)
	if err := wrong.Add(err); err != nil {
		return cmd.Content, err
	}
	cmd.Content = okey.Content{Decision: decision, Comment: comment}
	return cmd.Content, wrong.OrNil()
}

func normaliseCharter(cmd Command) (okey.Content, error) {
	var wrong respond.Invalid
	if cmd.Content.Charter < 1 {
		wrong = append(wrong, okey.InvalidField("charter", "Indiquez la version de la charte que vous avez lue."))
	}
	if err := wrong.Add(okey.CheckPIN(cmd.PIN, "")); err != nil {
		return cmd.Content, err
	}
	cmd.Content = okey.Content{Charter: cmd.Content.Charter}
	return cmd.Content, wrong.OrNil()
}

// check holds a command against what stands in the database, as far as the person can put it right at once. Whether stage, stock and roles
// allow it is for the judging activity.
func (s *Dispatcher) check(ctx context.Context, request okey.Request, cmd Command) error {
	if cmd.Name == okey.ActionPINChange {
		return s.checkProof(ctx, cmd)
	}
	if cmd.Name.Signal() != okey.CharterAndPIN {
		return nil
	}
	current, err := s.store.Charter(ctx)
	if err != nil {
		return err
	}
	if cmd.Content.Charter != current.Version {
		return charterOutdated(current.Version)
	}
	return okey.CheckPIN(cmd.PIN, request.Key)
}

func charterOutdated(version int) *okey.Error {
	err := okey.Errorf(okey.CodeCharterOutdated, "La charte en vigueur est la version %d : relisez-la, puis signez celle-ci.", version)
	err.Field = "charter"
	return err
}

func normaliseKeyChange(cmd Command) (okey.Content, error) {
	var wrong respond.Invalid
	if !slices.Contains(okey.ChangeReasons(), cmd.Content.KeyReason) {
		wrong = append(wrong, okey.InvalidField(
			"reason",
			"Choisissez ce qui est arrivé à la clef : lost (perdue), mislaid (égarée), recovered (égarée, retrouvée), return_to_stock "+
				"(mise en stock), defective (défectueuse), found (retrouvée) ou retired (mise au rebut).",
		))
	}
	needed := cmd.Content.KeyReason != okey.ReasonRecovered // there permitKeyChange knows who says so
	comment, err := okey.CheckText("comment", cmd.Content.Comment, needed)
	if err := wrong.Add(err); err != nil {
		return cmd.Content, err
	}
	cmd.Content = okey.Content{KeyReason: cmd.Content.KeyReason, Comment: comment}
	return cmd.Content, wrong.OrNil()
}

package act

import (
	"context"
	"errors"
	"slices"

	"okey/okey"
	"okey/server/respond"
)

// Together is all that is wrong with a command: what was typed, and what the actor's right wants besides, as a reason. Another refusal stands alone.
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

// Normalise brings what was typed into the form that is kept, so that the same command typed twice is the same, and says what is wrong with
// it. It looks nothing up: what depends on the request is for check.
func (cmd *Command) Normalise() error {
	switch cmd.Name {
	case okey.ActionAsk:
		return cmd.normaliseAsk()
	case okey.ActionKeyChange:
		return cmd.normaliseKeyChange()
	}
	if kind, known := Kinds[cmd.Name]; known {
		return kind.normalise(cmd)
	}
	switch cmd.Name.Signal() {
	case okey.PrincipalDecision:
		return cmd.normaliseDecision()
	case okey.CharterAndPIN:
		return cmd.normaliseCharter()
	case okey.Handover:
		serial, err := okey.ParseSerial(string(cmd.Content.Serial))
		cmd.Content = okey.Content{Serial: serial}
		return err
	case okey.Withdrawal:
		comment, err := okey.CheckText("comment", cmd.Content.Comment, false)
		cmd.Content = okey.Content{Comment: comment}
		return err
	default: // stock-available carries nothing
		cmd.Content = okey.Content{}
		return nil
	}
}

func (cmd *Command) normaliseAsk() error {
	var wrong respond.Invalid
	uai, err := okey.ParseUAI(string(cmd.Content.Establishment))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("establishment", "%s", okey.ErrorMessage(err)))
	}
	need, err := okey.CheckText("need", cmd.Content.Need, true)
	if err := wrong.Add(err); err != nil {
		return err
	}
	reason := cmd.Content.Reason
	if reason == "" {
		reason = okey.FirstKey
	}
	if !reason.Valid() {
		wrong = append(wrong, okey.InvalidField("reason", "Ce motif n'existe pas : choisissez first (première clef), renewal (renouvellement) ou replacement (remplacement)."))
	}
	cmd.Content = okey.Content{Establishment: uai, Need: need, Reason: reason}
	return wrong.OrNil()
}

func (cmd *Command) normaliseDecision() error {
	var wrong respond.Invalid
	decision := cmd.Content.Decision
	if decision != okey.Approve && decision != okey.Refuse {
		wrong = append(wrong, okey.InvalidField("decision", "Choisissez : approve (accepter) ou refuse (refuser)."))
	}
	comment, err := okey.CheckText("comment", cmd.Content.Comment, decision == okey.Refuse)
	if err := wrong.Add(err); err != nil {
		return err
	}
	cmd.Content = okey.Content{Decision: decision, Comment: comment}
	return wrong.OrNil()
}

func (cmd *Command) normaliseCharter() error {
	var wrong respond.Invalid
	if cmd.Content.Charter < 1 {
		wrong = append(wrong, okey.InvalidField("charter", "Indiquez la version de la charte que vous avez lue."))
	}
	if err := wrong.Add(okey.CheckPIN(cmd.PIN, "")); err != nil {
		return err
	}
	cmd.Content = okey.Content{Charter: cmd.Content.Charter}
	return wrong.OrNil()
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

func (cmd *Command) normaliseKeyChange() error {
	var wrong respond.Invalid
	if !slices.Contains(okey.ChangeReasons(), cmd.Content.KeyReason) {
		wrong = append(wrong, okey.InvalidField("reason",
			"Choisissez ce qui est arrivé à la clef : lost (perdue), return_to_stock (mise en stock), defective (défectueuse), found (retrouvée) ou retired (mise au rebut)."))
	}
	comment, err := okey.CheckText("comment", cmd.Content.Comment, true)
	if err := wrong.Add(err); err != nil {
		return err
	}
	cmd.Content = okey.Content{KeyReason: cmd.Content.KeyReason, Comment: comment}
	return wrong.OrNil()
}

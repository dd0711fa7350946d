package server

import (
	"context"
	"errors"
	"slices"
	"strings"

	"okey/okey"
)

// invalid is everything that is wrong with what was typed, each with its field: people correct a form once.
type invalid []*okey.Error

func (i invalid) Error() string {
	texts := make([]string, len(i))
	for n, e := range i {
		texts[n] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets errors.As and okey.ErrorCode see the first one.
func (i invalid) Unwrap() []error {
	all := make([]error, len(i))
	for n, e := range i {
		all[n] = e
	}
	return all
}

func (i *invalid) add(err error) error {
	if err == nil {
		return nil
	}
	if okey.ErrorCode(err) != okey.CodeInvalid {
		return err
	}
	*i = append(*i, asError(err))
	return nil
}

// together is all that is wrong with a wish: what was typed, and what the actor's right wants besides, as a reason. Another refusal stands alone.
func together(typed, refused error) error {
	switch {
	case refused == nil:
		return typed
	case typed == nil, okey.ErrorCode(refused) != okey.CodeInvalid:
		return refused
	}
	wants := asError(refused)
	var all invalid
	if !errors.As(typed, &all) {
		all = invalid{asError(typed)}
	}
	all = slices.DeleteFunc(slices.Clone(all), func(e *okey.Error) bool { return e.Field == wants.Field })
	return append(all, wants)
}

// orNil is i as an error, nil where nothing is wrong.
func (i invalid) orNil() error {
	if len(i) == 0 {
		return nil
	}
	return i
}

// normalise brings what was typed into the form that is kept, so that the same wish typed twice is the same, and says what is wrong with
// it. It looks nothing up: what depends on the request is for check.
func (w *wish) normalise() error {
	switch w.Name {
	case okey.ActionAsk:
		return w.normaliseAsk()
	case okey.ActionKeyChange:
		return w.normaliseKeyChange()
	}
	if kind, known := stockKinds[w.Name]; known {
		return kind.normalise(w)
	}
	switch w.Name.Signal() {
	case okey.PrincipalDecision:
		return w.normaliseDecision()
	case okey.CharterAndPIN:
		return w.normaliseCharter()
	case okey.Handover:
		serial, err := okey.ParseSerial(string(w.Content.Serial))
		w.Content = okey.Content{Serial: serial}
		return err
	case okey.Withdrawal:
		comment, err := okey.CheckText("comment", w.Content.Comment, false)
		w.Content = okey.Content{Comment: comment}
		return err
	default: // stock-available carries nothing
		w.Content = okey.Content{}
		return nil
	}
}

func (w *wish) normaliseAsk() error {
	var wrong invalid
	uai, err := okey.ParseUAI(string(w.Content.Establishment))
	if err != nil {
		wrong = append(wrong, okey.InvalidField("establishment", "%s", okey.ErrorMessage(err)))
	}
	need, err := okey.CheckText("need", w.Content.Need, true)
	if err := wrong.add(err); err != nil {
		return err
	}
	reason := w.Content.Reason
	if reason == "" {
		reason = okey.FirstKey
	}
	if !reason.Valid() {
		wrong = append(wrong, okey.InvalidField("reason", "Ce motif n'existe pas : choisissez first (première clef), renewal (renouvellement) ou replacement (remplacement)."))
	}
	w.Content = okey.Content{Establishment: uai, Need: need, Reason: reason}
	return wrong.orNil()
}

func (w *wish) normaliseDecision() error {
	var wrong invalid
	decision := w.Content.Decision
	if decision != okey.Approve && decision != okey.Refuse {
		wrong = append(wrong, okey.InvalidField("decision", "Choisissez : approve (accepter) ou refuse (refuser)."))
	}
	comment, err := okey.CheckText("comment", w.Content.Comment, decision == okey.Refuse)
	if err := wrong.add(err); err != nil {
		return err
	}
	w.Content = okey.Content{Decision: decision, Comment: comment}
	return wrong.orNil()
}

func (w *wish) normaliseCharter() error {
	var wrong invalid
	if w.Content.Charter < 1 {
		wrong = append(wrong, okey.InvalidField("charter", "Indiquez la version de la charte que vous avez lue."))
	}
	if err := wrong.add(okey.CheckPIN(w.PIN, "")); err != nil {
		return err
	}
	w.Content = okey.Content{Charter: w.Content.Charter}
	return wrong.orNil()
}

// check holds a wish against what stands in the database, as far as the person can put it right at once. Whether stage, stock and roles
// allow it is for the judging activity.
func (s *Server) check(ctx context.Context, request okey.Request, w wish) error {
	if w.Name == okey.ActionPINChange {
		return s.checkProof(ctx, w)
	}
	if w.Name.Signal() != okey.CharterAndPIN {
		return nil
	}
	current, err := s.store.Charter(ctx)
	if err != nil {
		return err
	}
	if w.Content.Charter != current.Version {
		return charterOutdated(current.Version)
	}
	return okey.CheckPIN(w.PIN, request.Key)
}

func charterOutdated(version int) *okey.Error {
	err := okey.Errorf(okey.CodeCharterOutdated, "La charte en vigueur est la version %d : relisez-la, puis signez celle-ci.", version)
	err.Field = "charter"
	return err
}

func (w *wish) normaliseKeyChange() error {
	var wrong invalid
	if !slices.Contains(okey.ChangeReasons(), w.Content.KeyReason) {
		wrong = append(wrong, okey.InvalidField("reason",
			"Choisissez ce qui est arrivé à la clef : lost (perdue), return_to_stock (mise en stock), defective (défectueuse), found (retrouvée) ou retired (mise au rebut)."))
	}
	comment, err := okey.CheckText("comment", w.Content.Comment, true)
	if err := wrong.add(err); err != nil {
		return err
	}
	w.Content = okey.Content{KeyReason: w.Content.KeyReason, Comment: comment}
	return wrong.orNil()
}

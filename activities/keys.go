package activities

import (
	"context"
	"fmt"
	"time"

	"okey/calendar"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// Keys changes keys that people report: mislaid, lost, back, broken, found, scrapped.
type Keys struct {
	store    *sql.Store
	calendar *calendar.Calendar
}

// NewKeys makes the keeper of keys.
func NewKeys(store *sql.Store, days *calendar.Calendar) *Keys {
	return &Keys{store: store, calendar: days}
}

// Change judges and applies a recorded key change in one transaction, under the lock of the key's establishment. A key that frees itself
// goes to the first in line; a request that loses its kept key is told by an action of the flow's own.
// Only the workflow KeyChange calls it.
func (k *Keys) Change(ctx context.Context, m okey.KeyMatter) (okey.KeyVerdict, error) {
	var verdict okey.KeyVerdict
	err := k.store.Do(ctx, func(tx *sql.Tx) error {
		v, err := k.changeKey(ctx, tx, m)
		verdict = v
		return err
	})
	return verdict, err
}

func (k *Keys) changeKey(ctx context.Context, tx *sql.Tx, m okey.KeyMatter) (okey.KeyVerdict, error) {
	action, err := tx.LockAction(ctx, m.Action)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.KeyVerdict{Reason: okey.CodeUnknownAction}, tx.Leads(ctx)
	}
	if err != nil {
		return okey.KeyVerdict{}, err
	}
	if action.Verdict != nil {
		return keyVerdict(action.Key, *action.Verdict), nil
	}
	before, err := lockKey(ctx, tx, action.Key)
	if err != nil {
		return okey.KeyVerdict{}, err
	}
	v, err := k.apply(ctx, tx, action, before, m)
	if err != nil {
		if v, err = refusal(err); err != nil {
			return okey.KeyVerdict{}, err
		}
		tx.Audit(sql.Entry{
			At: m.At, Event: string(okey.ActionKeyChange), Actor: action.By, Via: action.Via, Subject: sql.AboutKey(action.Key),
			Detail: string(v.Reason),
		})
	}
	return keyVerdict(action.Key, v), tx.Judged(ctx, action.ID, v, m.At)
}

// lockKey takes the lock of the establishment that has the key, and reads the key then. One that went elsewhere meanwhile makes the
// activity try again: its new establishment's lock is not held.
func lockKey(ctx context.Context, tx *sql.Tx, serial okey.Serial) (okey.Key, error) {
	key, err := tx.Key(ctx, serial)
	if err != nil {
		return key, err
	}
	if err := tx.LockEstablishment(ctx, key.UAI); err != nil {
		return key, err
	}
	locked, err := tx.Key(ctx, serial)
	if err == nil && locked.UAI != key.UAI {
		return key, fmt.Errorf("key %s moved while it was being locked", serial)
	}
	return locked, err
}

func (k *Keys) apply(ctx context.Context, tx *sql.Tx, a okey.Action, key okey.Key, m okey.KeyMatter) (okey.Verdict, error) {
	if err := permitKeyChange(ctx, tx, a, key, m); err != nil {
		return okey.Verdict{}, err
	}
	if _, err := okey.NextKeyState(key.State, a.Content.KeyReason); err != nil {
		return okey.Verdict{}, err
	}
	if err := leaveRequest(ctx, tx, a, key, m); err != nil {
		return okey.Verdict{}, err
	}
	due, err := k.deadlines(ctx, tx, a, key, m)
	if err != nil {
		return okey.Verdict{}, err
	}
	tried, err := triedBefore(ctx, tx, a, key)
	if err != nil {
		return okey.Verdict{}, err
	}
	_, err = tx.ChangeKey(ctx, key.Serial, sql.KeyChange{
		Reason: a.Content.KeyReason, At: m.At, By: a.By, Via: a.Via, Comment: a.Content.Comment, DueAt: due.ExpiryOf(), TriedAt: tried,
	})
	if err != nil {
		return okey.Verdict{}, err
	}
	over, forGood, err := endLoan(ctx, tx, a, key, m)
	if err != nil {
		return okey.Verdict{}, err
	}
	mislaid := uuid.Nil
	if key.State == okey.Suspended {
		if mislaid, err = tx.MislaidBy(ctx, key.Serial); err != nil {
			return okey.Verdict{}, err
		}
	}
	woken, err := tx.Allocate(ctx, key.UAI, m.At)
	if err != nil {
		return okey.Verdict{}, err
	}
	woken = append(woken, over...)
	if key.Request != uuid.Nil {
		woken = append(woken, key.Request)
	}
	mails := []okey.MailStep{{Kind: okey.MailKeyChanged, Ref: 1}}
	if forGood {
		mails = append(mails, okey.MailStep{Kind: okey.MailForGood, Ref: 1})
	}
	return okey.Verdict{Accepted: true, Standing: due, Woken: woken, OtherKey: key.State, Mislaid: mislaid, Mails: mails}, nil
}

// triedBefore is when a key that comes back was last accepted in its holder's hands, where that was of late; zero for any other change.
func triedBefore(ctx context.Context, tx *sql.Tx, a okey.Action, key okey.Key) (time.Time, error) {
	if a.Content.KeyReason != okey.ReasonReturn || !key.State.InHand() {
		return time.Time{}, nil
	}
	trials, err := tx.TrialsOf(ctx, key, a.CreatedAt.Add(-okey.ProofHolds))
	return okey.ProofOf(trials, key.Serial).HoldsAt(a.CreatedAt), err
}

// deadlines are what is due while a key that is mislaid now is not found; none for any other change.
func (k *Keys) deadlines(ctx context.Context, tx *sql.Tx, a okey.Action, key okey.Key, m okey.KeyMatter) (okey.Standing, error) {
	if a.Content.KeyReason != okey.ReasonMislaid {
		return okey.Standing{}, nil
	}
	place, err := tx.Place(ctx, key.UAI)
	openDays := func(from time.Time, n int) time.Time { return k.calendar.AddOpenDays(place.Establishment, from, n) }
	return okey.Standing{Since: m.At, Deadlines: okey.MislaidDeadlines(m.At.In(okey.ZoneOf(place.Academy)), openDays)}, err
}

func permitKeyChange(ctx context.Context, tx *sql.Tx, a okey.Action, key okey.Key, m okey.KeyMatter) error {
	if a.By == (okey.PersonID{}) && a.Via == okey.ViaEngine { // the flow itself: time is over, unless the key was found meanwhile
		if key.Overdue(a.CreatedAt) {
			return nil
		}
		return okey.Errorf(okey.CodeKeyTransition, "La clef %s est %s : elle n'est pas perdue.", key.Serial, key.State.French())
	}
	actor, err := tx.Actor(ctx, a.By)
	if err != nil {
		return err
	}
	today, err := tx.Today(ctx, key.UAI, m.At)
	if err != nil {
		return err
	}
	subject, err := tx.SubjectOfKey(ctx, key)
	if err != nil {
		return err
	}
	return okey.MayChangeKey(actor, key, subject, a.Content.KeyReason, today)
}

// leaveRequest separates a kept key from its request, which keeps the PIN that was chosen for it and goes back into the line: its own
// workflow is told by an action of the flow.
func leaveRequest(ctx context.Context, tx *sql.Tx, a okey.Action, key okey.Key, m okey.KeyMatter) error {
	if key.Request == uuid.Nil {
		return nil
	}
	pin, err := tx.PINOf(ctx, key.Serial)
	if err != nil {
		return err
	}
	if pin != "" { // a key that was only reserved has none, and must not take the request's own away
		if err := tx.StorePIN(ctx, key.Request, pin); err != nil {
			return err
		}
	}
	if err := tx.NoWakeUpOwed(ctx, key.Request); err != nil {
		return err
	}
	return tx.FollowUp(ctx, okey.Action{
		ID: okey.DerivedID(a.ID, string(okey.KeyUnavailable)), Request: key.Request, Name: okey.ActionOf(okey.KeyUnavailable),
		By: a.By, Via: okey.ViaEngine, CreatedAt: m.At,
	})
}

// endLoan sees to what was asked for, or lent, while a key was mislaid. Found, it makes a lent one due, and a request for one pointless;
// where it comes back to its holder no more, that is a request for another key. It returns the request whose workflow is to learn of it,
// and whether one has become a request for good.
func endLoan(ctx context.Context, tx *sql.Tx, a okey.Action, key okey.Key, m okey.KeyMatter) (over []uuid.UUID, forGood bool, err error) {
	if key.State != okey.Suspended {
		return nil, false, nil
	}
	reason := a.Content.KeyReason
	if reason == okey.ReasonRecovered {
		if err := tx.EndLoans(ctx, key.Holder, m.At); err != nil {
			return nil, false, err
		}
	}
	open, err := tx.OpenRequestOf(ctx, key.Holder)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound || err == nil && open.Reason != okey.Loan:
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case reason != okey.ReasonRecovered:
		instead := okey.FirstKey
		if reason == okey.ReasonLost || reason == okey.ReasonDefective {
			instead = okey.Replacement
		}
		if err := tx.AskForGood(ctx, open.ID, instead); err != nil {
			return nil, false, err
		}
		return nil, true, tx.AddEvent(ctx, open.ID, okey.Event{At: m.At, Kind: okey.EventForGood, Via: okey.ViaEngine})
	}
	return []uuid.UUID{open.ID}, false, tx.FollowUp(ctx, okey.Action{
		ID: okey.DerivedID(a.ID, string(okey.Withdrawal)), Request: open.ID, Name: okey.ActionOf(okey.Withdrawal), Via: okey.ViaEngine,
		CreatedAt: m.At, Content: okey.Content{Comment: "La clef égarée est retrouvée : le prêt n'a plus lieu d'être."},
	})
}

func keyVerdict(serial okey.Serial, v okey.Verdict) okey.KeyVerdict {
	return okey.KeyVerdict{
		Accepted: v.Accepted, Reason: v.Reason, Mails: v.Mails, Key: serial, Wake: len(v.Woken) > 0, Deadlines: v.Standing.Deadlines,
		Mislaid: v.Mislaid,
	}
}

package act

import (
	"context"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// Facts are what the sentence about a refusal may need beside the verdict.
type Facts struct {
	Action okey.Action

	Place   string        // name of the establishment that was asked for, where known
	Heir    string        // " par" whoever has replaced that establishment
	Works   []string      // names of the establishments where the person works
	Open    okey.Request  // the person's open request
	Held    []okey.Key    // keys in the person's hands
	Last    okey.Event    // what settled the matter before this action came
	Similar []okey.Serial // serials that the typed one may stand for
	Kept    okey.Serial   // the key kept aside for the request
	Fetches string        // who comes for it, where what was typed is the key that they bring back
	Whose   string        // who has the typed key in hand, or for whom it is kept
	KeyIs   okey.KeyState // of the key that a change was about
	Settled string        // what has become of keys that are no longer on their way
	Charter int           // the version in force
	Zone    *time.Location
	Now     time.Time
}

// gather looks up what the sentence about a refusal needs.
func (s *Dispatcher) gather(ctx context.Context, a okey.Action) (Facts, error) {
	f := Facts{Action: a, Now: time.Now(), Zone: okey.ZoneOf("")}
	if place := a.Verdict.Standing.UAI; place != "" {
		zone, err := s.store.Zone(ctx, place)
		if err != nil {
			return f, err
		}
		f.Zone = zone
	}
	switch a.Verdict.Reason {
	case okey.CodeNotEligible:
		err := s.gatherPlaces(ctx, &f)
		return f, err
	case okey.CodeSucceeded:
		var err error
		f.Heir, err = s.heirOf(ctx, a)
		return f, err
	case okey.CodeAlreadyHolds:
		held, err := s.store.KeysHeldBy(ctx, a.By)
		f.Held = held
		return f, err
	case okey.CodeAlreadyOpen:
		open, err := s.store.OpenRequestOf(ctx, a.By)
		if okey.ErrorCode(err) == okey.CodeNotFound {
			return f, nil
		}
		f.Open = open
		return f, err
	case okey.CodeCharterOutdated:
		current, err := s.store.Charter(ctx)
		f.Charter = current.Version
		return f, err
	case okey.CodeKeyTransition:
		key, err := s.store.Key(ctx, a.Key)
		f.KeyIs = key.State
		return f, err
	case okey.CodeWrongStage, okey.CodeClosed:
		err := s.gatherLast(ctx, &f)
		return f, err
	case okey.CodeKeyUnknown, okey.CodeKeyElsewhere, okey.CodeKeyNotFree:
		if a.Name == okey.ActionArrival {
			var err error
			f.Settled, err = s.SaySettled(ctx, a.Verdict.Faults, f.Now, f.Zone)
			return f, err
		}
		err := s.gatherKeys(ctx, &f)
		return f, err
	}
	return f, nil
}

func (s *Dispatcher) gatherPlaces(ctx context.Context, f *Facts) error {
	uai := f.Action.Content.Establishment
	heir, err := s.heirOf(ctx, f.Action)
	if err != nil {
		return err
	}
	f.Heir = heir
	place, err := s.store.Place(ctx, uai)
	switch {
	case err == nil:
		f.Place = place.Name
	case okey.ErrorCode(err) != okey.CodeNotFound:
		return err
	default:
		if f.Place, _, _, err = s.store.LeftOut(ctx, uai); err != nil {
			return err
		}
	}
	actor, err := s.store.Actor(ctx, f.Action.By)
	if err != nil {
		return err
	}
	works := actor.Establishments(okey.DayOf(f.Now, f.Zone))
	if len(works) == 0 {
		return nil
	}
	places, err := s.store.Establishments(ctx, works...)
	for _, p := range places {
		f.Works = append(f.Works, okey.SayEstablishment(p.Name))
	}
	return err
}

func (s *Dispatcher) gatherKeys(ctx context.Context, f *Facts) error {
	request, err := s.store.Request(ctx, f.Action.Request)
	if err != nil {
		return err
	}
	f.Kept = request.Key
	typed, err := s.store.Key(ctx, f.Action.Content.Serial)
	if err == nil && typed.Holder != (okey.PersonID{}) && typed.Holder == request.Person {
		holder, err := s.store.Person(ctx, request.Person)
		f.Fetches = holder.Name()
		return err
	}
	if err == nil {
		if f.Whose, err = s.WhoseKey(ctx, typed, f.Action.By); err != nil {
			return err
		}
	}
	f.Similar, err = s.store.SimilarSerials(ctx, f.Action.Content.Serial, request.UAI)
	return err
}

// WhoseKey is the name of whoever has the key in hand, or for whom it is kept; empty where it is nobody's.
func (s *Dispatcher) WhoseKey(ctx context.Context, key okey.Key, reader okey.PersonID) (string, error) {
	id := key.Holder
	if id == (okey.PersonID{}) && key.Request != uuid.Nil {
		r, err := s.store.Request(ctx, key.Request)
		if err != nil {
			return "", err
		}
		id = r.Person
	}
	switch id {
	case okey.PersonID{}:
		return "", nil
	case reader:
		return readersOwn, nil
	}
	who, err := s.store.Person(ctx, id)
	return who.Name(), err
}

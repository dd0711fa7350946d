package act

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"time"

	"okey/okey"
	"okey/server/respond"
	"okey/sql"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
)

// pinWork lets only so many PINs be hashed at once: each takes 19 MiB and some hundredths of a second, and whoever sends many at once must
// not take all the memory.
type pinWork chan struct{}

// pinPatience is how long a PIN waits for its turn.
const pinPatience = 5 * time.Second

func newPINWork() pinWork { return make(pinWork, max(2, runtime.GOMAXPROCS(0))) }

// begin waits for a turn; end gives it back. The error is unavailable.
func (w pinWork) begin(ctx context.Context) (end func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, pinPatience)
	defer cancel()
	select {
	case w <- struct{}{}:
		return func() { <-w }, nil
	case <-ctx.Done():
		return nil, okey.Errorf(okey.CodeUnavailable, "OKEY vérifie trop de codes PIN en ce moment : réessayez dans quelques secondes.")
	}
}

// guarded looks whether a PIN of a key is right, unless too many wrong ones came in a row: throttled or pin_locked. The try is counted
// first, in the database: several servers, and tries at the same moment, share the count. The one that locks the PIN has the holder told.
func (s *Dispatcher) guarded(ctx context.Context, serial okey.Serial, look func() (bool, error)) (bool, error) {
	end, err := s.pinWork.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	ctx = context.WithoutCancel(ctx) // counted is counted, and a right one ends the row, whoever has hung up
	wrong, err := s.store.CountPINTry(ctx, serial, time.Now().UTC())
	if err != nil {
		if respond.AsError(err).RetryAfter > 0 {
			s.metrics.Pins.WithLabelValues("blocked").Inc()
		}
		return false, err
	}
	right, err := look()
	switch {
	case err != nil:
		return false, err
	case right:
		s.metrics.Pins.WithLabelValues("right").Inc()
		return true, s.store.PINWasRight(ctx, serial)
	}
	s.metrics.Pins.WithLabelValues("wrong").Inc()
	if wrong == okey.PINLimit {
		return false, s.lockPIN(ctx, serial)
	}
	return false, nil
}

// lockPIN has the holder told, by a workflow. An engine that is away is told later, by the repair watch.
func (s *Dispatcher) lockPIN(ctx context.Context, serial okey.Serial) error {
	lock, err := s.store.LockPIN(ctx, serial, time.Now().UTC())
	if err != nil {
		return fmt.Errorf("tell of a locked PIN: %w", err)
	}
	if err := s.engine.Deliver(ctx, lock); err != nil {
		slog.WarnContext(ctx, "an action was recorded but not delivered yet", "action", lock.ID, "name", lock.Name, "error", err)
	}
	return nil
}

// CheckPIN tells whether this is the key's PIN: see guarded. no_pin where none was chosen in OKEY. A PIN that is kept under an old pepper
// or old parameters is hashed anew as soon as it is known: so a pepper can be retired.
func (s *Dispatcher) CheckPIN(ctx context.Context, kept sql.KeptPIN, pin string) (bool, error) {
	if kept.Hash == "" {
		return false, okey.Errorf(okey.CodeNoPIN, "Le code PIN de la clef %s a été choisi avant OKEY, qui ne le connaît pas.", kept.Serial)
	}
	hash, err := s.readHash(kept)
	if err != nil {
		return false, err
	}
	right, err := s.guarded(ctx, kept.Serial, func() (bool, error) {
		match, err := argon2id.ComparePasswordAndHash(pepperedPIN(hash.pepper, hash.person, pin), hash.standard)
		if err == nil && match && hash.stale {
			s.rehash(context.WithoutCancel(ctx), kept, pin)
		}
		return match, err
	})
	return right, err
}

// keptHash is what hashPIN wrote, taken apart.
type keptHash struct {
	pepper   []byte
	person   okey.PersonID // whose it is; zero: it does not say
	standard string        // as others write argon2id
	stale    bool          // not as hashPIN would write it today
}

// readHash is done before a try is counted: a pepper that is missing is nobody's fault who types a PIN.
func (s *Dispatcher) readHash(kept sql.KeptPIN) (keptHash, error) {
	number, standard, _ := strings.Cut(strings.TrimPrefix(kept.Hash, "v"), "$")
	number, bound := strings.CutSuffix(number, ofPerson)
	version, err := strconv.Atoi(number)
	if err != nil {
		return keptHash{}, errors.New("a PIN is kept in a form that this program does not know")
	}
	h := keptHash{pepper: s.peppers.Get(version), standard: "$" + standard}
	if h.pepper == nil {
		return h, fmt.Errorf("the pepper of version %d, which a PIN was kept under, is not in OKEY_PIN_PEPPERS", version)
	}
	parameters, _, _, err := argon2id.DecodeHash(h.standard)
	if err != nil {
		return h, fmt.Errorf("read how a PIN is kept: %w", err)
	}
	current, _ := s.peppers.Current()
	if bound {
		h.person = kept.Owner
	}
	h.stale = !bound || version != current || *parameters != pinParameters
	return h, nil
}

// rehash keeps a PIN as today's settings want it. Where it can't, the old hash serves on.
func (s *Dispatcher) rehash(ctx context.Context, kept sql.KeptPIN, pin string) {
	version, pepper := s.peppers.Current()
	if err := s.store.RehashPIN(ctx, kept.Serial, kept.Hash, hashPIN(version, pepper, uuid.New(), kept.Owner, pin)); err != nil {
		slog.WarnContext(ctx, "a PIN stays under its old pepper", "error", err)
	}
}

// keyOf is the key whose PIN an action is about; empty where it has none any more.
func (s *Dispatcher) keyOf(ctx context.Context, a okey.Action) (okey.Serial, error) {
	if a.Key != "" {
		return a.Key, nil
	}
	request, err := s.store.Request(ctx, a.Request)
	return request.Key, err
}

// NoKeyYet is told to whoever has no key whose PIN they could set.
const NoKeyYet = "Vous n'avez pas de clef en ce moment : le code PIN se choisit en signant la charte."

// OwnPIN is the key whose PIN a person may set: the one with the serial or, without, the one in hand, else the one that waits for them. The
// errors are no_key and, for the serial of somebody else's, those of okey.May.
func (s *Dispatcher) OwnPIN(ctx context.Context, actor okey.Actor, serial okey.Serial) (sql.KeptPIN, error) {
	if serial != "" {
		return s.permittedPIN(ctx, actor, serial)
	}
	own, err := s.store.PINsOf(ctx, actor.ID)
	if err == nil && len(own) == 0 {
		err = okey.Errorf(okey.CodeNoKey, NoKeyYet)
	}
	if err != nil {
		return sql.KeptPIN{}, err
	}
	return own[0], nil
}

// permittedPIN asks the permission table: whoever sees a key but not as its holder learns that its PIN is not theirs to set.
func (s *Dispatcher) permittedPIN(ctx context.Context, actor okey.Actor, serial okey.Serial) (sql.KeptPIN, error) {
	kept, err := s.store.KeptPIN(ctx, serial)
	if err != nil {
		return kept, err
	}
	subject, err := s.store.SubjectOfKey(ctx, kept.Key)
	if err != nil {
		return kept, err
	}
	today, err := s.store.Today(ctx, kept.UAI, time.Now())
	if err != nil {
		return kept, err
	}
	subject.Owner = kept.Owner
	return kept, okey.May(okey.ActSetPIN, actor, subject, today)
}

// normalisePIN holds the new PIN to the rules.
func normalisePIN(cmd Command) (okey.Content, error) {
	cmd.Content = okey.Content{Proof: cmd.Content.Proof}
	return cmd.Content, okey.CheckPIN(cmd.PIN, cmd.Key)
}

// permitPIN: a key's PIN is its holder's, or of whoever the key awaits.
func permitPIN(ctx context.Context, s *Dispatcher, actor okey.Actor, cmd Command) (permission, error) {
	kept, err := s.store.KeptPIN(ctx, cmd.Key)
	if err != nil {
		return permission{}, err
	}
	return permission{via: cmd.Via}, okey.May(okey.ActSetPIN, actor, okey.Subject{Owner: kept.Owner}, okey.Day{})
}

// checkProof looks at the current PIN, where that is the proof. That somebody has signed in afresh, the page knows.
func (s *Dispatcher) checkProof(ctx context.Context, cmd Command) error {
	if cmd.Content.Proof == okey.ProofSignIn {
		return nil
	}
	if cmd.Current == "" {
		return okey.InvalidField("current", "Tapez votre code PIN actuel.")
	}
	kept, err := s.store.KeptPIN(ctx, cmd.Key)
	if err != nil {
		return err
	}
	right, err := s.CheckPIN(ctx, kept, cmd.Current)
	if err == nil && !right {
		err = okey.InvalidField("current", "Ce n'est pas votre code PIN actuel.")
	}
	return err
}

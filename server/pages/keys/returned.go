package keys

import (
	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"

	"github.com/google/uuid"
)

// returnedScreen is the trial of a key that comes back: its holder types, and both know that it is the right one.
type returnedScreen struct {
	Serial okey.Serial
	Proof  *Counter
	Key    string // the key's page, where its return is recorded
}

// returnTitle names the page, and the way to it.
const returnTitle = "Essayer la clef rendue"

// provesReturn tells whether a key of somebody else's may be tried by the visitor, who takes it back: one that the authentication server
// accepts as it stands.
func (s *Pages) provesReturn(k keySight) bool {
	accepted := k.State == okey.InService || k.State == okey.Lent && !k.LoanOver(k.clock.Now)
	return accepted && k.manages && !k.own && !k.ExpiresOn.Before(k.today) && s.ProvesKeys(k.place.Academy)
}

// givenBack is such a trial; refused is for whoever sees the key and may not take it back, not_found where there is none to make.
func (s *Pages) givenBack(v *web.Visit, t tried, refused error) (tried, error) {
	k, err := s.sightOfKey(v, t.key)
	switch {
	case err != nil:
		return t, err
	case !k.manages:
		return t, refused
	case !s.provesReturn(k):
		return t, web.NoSuchPage()
	}
	holder, trials, err := s.store.HolderTrials(v.Ctx(), t.key, v.Now.Add(-okey.ProofHolds))
	t.trials, t.clock = trials, k.clock
	t.who = act.Trier{Holder: t.key.Holder, Witness: v.Actor.ID}
	t.from, t.pin, t.name = holder.Name(), "Code PIN, tapé par la personne qui rend la clef", tryIt
	t.done = func(uuid.UUID) string { return t.path }
	return t, err
}

func (s *Pages) showReturned(v *web.Visit, status int, t tried, sent *web.Form, warning string) error {
	page := returnedScreen{Serial: t.key.Serial, Key: address.KeyURL(t.key.Serial), Proof: s.proofAt(v, t, t.from, t.trials, t.clock, sent)}
	return s.Show(v, status, "returned", web.Screen{Title: returnTitle, Warning: warning, Body: page})
}

package keys

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"

	"github.com/google/uuid"
)

// Counter is the trial of a key that changes hands, on the screen of whoever hands it over or takes it back.
type Counter struct {
	Who      string // who types
	Required bool
	Returned bool   // it comes back
	Right    string // that the key was accepted, and when
	Said     string // what else became of the last trial
	Warned   bool   // the page says above why the form is here again
	Failed   bool   // the key is to be exchanged
	Steps    []string
	Says     string    // the server's own words, in whatever language
	Form     *web.Form // nil where there is nothing to try
}

// tryIt is the button's name at the counter.
const tryIt = "Essayer la clef"

// First tells whether the trial stands before the handover: one that has to be, or has begun. Nobody looks for another one.
func (c *Counter) First() bool {
	return c.Required || c.Right != "" || c.Said != "" || c.Warned || c.Form != nil && len(c.Form.Errors) > 0
}

// Of names whoever types, after "l'écran".
func (c *Counter) Of() string { return okey.SayOf(c.Who) }

// ProvesKeys tells whether keys are tried at the counters of an academy.
func (s *Pages) ProvesKeys(academy string) bool {
	return s.trials != nil && s.trials.Proofs.Offered(academy)
}

// MustProve tells whether a key has to be tried there before its handover.
func (s *Pages) MustProve(academy string) bool {
	return s.ProvesKeys(academy) && s.trials.Proofs.At(academy) == okey.CounterProofRequired
}

// counterSays is what a refusal means at the counter; %s is whose key it is to be.
var counterSays = map[okey.TrialCause]string{
	okey.CausePINWrong:  "Le code PIN est faux : ce n'est pas la clef. %s réessaie, ou choisit un autre code PIN sur son propre écran.",
	okey.CausePINLocked: "Trop de codes PIN faux de suite. %s doit d'abord choisir un autre code PIN, sur son propre écran.",
	okey.CauseExpired:   "La clef a expiré. Échangez-la avant de remettre quoi que ce soit à %s.",
}

// AtCounter is what the counter shows of the trials of a request's key, latest first; nil where keys are not tried there. sent is the form
// that has just come in with something wrong.
func (s *Pages) AtCounter(v *web.Visit, of act.Case, who string, trials []okey.Trial, c web.Clock, sent *web.Form) *Counter {
	if of.Stage != okey.AwaitingHandover || of.Key == "" || !s.ProvesKeys(of.Place.Academy) {
		return nil
	}
	page := s.proofAt(v, counterTrial(v, of), who, trials, c, sent)
	page.Required = s.MustProve(of.Place.Academy)
	return page
}

func (s *Pages) proofAt(v *web.Visit, t tried, who string, trials []okey.Trial, c web.Clock, sent *web.Form) *Counter {
	proof := okey.ProofOf(trials, t.key.Serial)
	page := &Counter{Who: who, Failed: proof.Failed(), Returned: t.who.Request == uuid.Nil}
	page.Warned = sent != nil && len(sent.Errors) == 0
	begun, next := s.begunTrial(v, t.key.Serial)
	next = next && (sent == nil || !asksPIN(sent))
	switch right := proof.HoldsAt(v.Now); {
	case !right.IsZero():
		page.Right = fmt.Sprintf("Essayée %s : elle fonctionne.", c.Time(right))
		return page
	case page.Failed && page.Returned:
		page.Said = "Refusée trois fois, avec le bon code PIN : vérifiez le numéro au dos. Si c'est bien cette clef, elle est défectueuse."
		return page
	case page.Failed:
		page.Said = refusedTooOften
		return page
	case page.Warned: // that is what is to be done now
	case next:
		page.Said, page.Steps, page.Says = wantsNext, nextSteps, shortly(begun.Says)
	case proof.Last.Outcome == okey.TrialAway:
		page.Said = "Le serveur d'authentification ne répond pas : ce n'est pas la clef. Réessayez dans quelques minutes."
	case proof.Last.Outcome == okey.TrialRefused:
		page.Said = "Le nombre est refusé : attendez que la clef affiche le nombre suivant, et essayez de nouveau."
		if says := counterSays[proof.Last.Cause]; says != "" {
			page.Said = fmt.Sprintf(says, who)
		}
	}
	if page.Form = sent; sent == nil {
		page.Form = t.form(v, next)
	}
	return page
}

// Prove takes the form of a trial at the counter; the visitor may hand the key over. again shows the counter with what is wrong.
func (s *Pages) Prove(v *web.Visit, of act.Case, again func(status int, f *web.Form, warning string) error) error {
	if !s.ProvesKeys(of.Place.Academy) {
		return web.NoSuchPage()
	}
	t := counterTrial(v, of)
	if of.Stage != okey.AwaitingHandover || of.Key == "" { // handed over meanwhile: the counter says so
		v.Redirect(http.StatusSeeOther, t.done(uuid.Nil))
		return nil
	}
	key, err := s.store.Key(v.Ctx(), of.Key)
	if err != nil {
		return err
	}
	t.key = key
	return s.take(v, t, again)
}

func counterTrial(v *web.Visit, of act.Case) tried {
	counter := address.PathCounter + "/" + of.ID.String()
	t := tried{
		key: okey.Key{Serial: of.Key}, who: act.Trier{Holder: of.Person, Request: of.ID, Witness: v.Actor.ID},
		path: counter + address.PathTrial,
		done: func(uuid.UUID) string { return counter }, pin: "Code PIN, tapé par la personne qui reçoit la clef", name: tryIt,
	}
	if of.Person == v.Actor.ID { // the only approver's own key
		t.who.Witness = uuid.Nil
	}
	return t
}

package okey

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// KeyState is where a key is in its life. The values are contract.
type KeyState string

// The states of a key.
const (
	InTransit  KeyState = "in_transit" // announced, not yet arrived
	InStock    KeyState = "in_stock"   // in the establishment's drawer, free
	Reserved   KeyState = "reserved"   // kept aside for a request whose charter awaits a signature
	Attributed KeyState = "attributed" // signed for, to be handed over
	InService  KeyState = "in_service" // in its holder's hands
	Suspended  KeyState = "suspended"  // its holder has mislaid it: accepted nowhere until it is found, lost when it is not
	Lent       KeyState = "lent"       // in the hands of somebody whose own key is mislaid, for some days: see LoanDays
	Lost       KeyState = "lost"
	Defective  KeyState = "defective"
	Retired    KeyState = "retired"
)

// KeyStates returns every state.
func KeyStates() []KeyState {
	return []KeyState{InTransit, InStock, Reserved, Attributed, InService, Suspended, Lent, Lost, Defective, Retired}
}

var keyStateNames = map[KeyState]string{
	InTransit: "en livraison", InStock: "en stock", Reserved: "réservée", Attributed: "attribuée", InService: "en service",
	Suspended: "égarée", Lent: "prêtée", Lost: "perdue", Defective: "défectueuse", Retired: "au rebut",
}

// French names the state on pages and in mails.
func (s KeyState) French() string { return keyStateNames[s] }

// InHand tells whether a key in this state is somebody's: in their hands, for good or for some days, or mislaid. Its PIN is theirs, too.
func (s KeyState) InHand() bool { return s == InService || s == Suspended || s == Lent }

// Valid tells whether s is a state at all.
func (s KeyState) Valid() bool { return keyStateNames[s] != "" }

// KeyReason is why a key changes state. The first seven are contract, given by people; the others belong to the flow.
type KeyReason string

// The reasons of key changes.
const (
	ReasonLost       KeyReason = "lost"
	ReasonReturn     KeyReason = "return_to_stock"
	ReasonDefective  KeyReason = "defective"
	ReasonFound      KeyReason = "found"
	ReasonRetired    KeyReason = "retired"
	ReasonMislaid    KeyReason = "mislaid"   // left somewhere: it is likely to be found within days
	ReasonRecovered  KeyReason = "recovered" // found in time: it serves again
	ReasonReserved   KeyReason = "reserved"  // given to the first in line
	ReasonSigned     KeyReason = "signed"    // charter signed, PIN chosen
	ReasonHandedOver KeyReason = "handed_over"
	ReasonLent       KeyReason = "lent"      // handed over for some days
	ReasonLoanOver   KeyReason = "loan_over" // it is to be back; its state stays
	ReasonReleased   KeyReason = "released"  // its request was withdrawn or expired, or another key took its place
	ReasonArrived    KeyReason = "arrived"   // with a delivery
	ReasonReported   KeyReason = "reported"  // by an inventory, confirmed by support
	ReasonAnnounced  KeyReason = "announced" // by a delivery that is on its way
)

// ChangeReasons returns the reasons that people give, in the order of the form.
func ChangeReasons() []KeyReason {
	return []KeyReason{ReasonLost, ReasonMislaid, ReasonRecovered, ReasonReturn, ReasonDefective, ReasonFound, ReasonRetired}
}

var keyReasonNames = map[KeyReason]string{
	ReasonLost:       "Clef perdue",
	ReasonReturn:     "Mettre en stock",
	ReasonDefective:  "Clef défectueuse",
	ReasonFound:      "Clef retrouvée",
	ReasonRetired:    "Mise au rebut",
	ReasonMislaid:    "Clef égarée",
	ReasonRecovered:  "Clef égarée, retrouvée",
	ReasonReserved:   "Réservée",
	ReasonSigned:     "Attribuée",
	ReasonHandedOver: "Remise",
	ReasonLent:       "Prêtée",
	ReasonLoanOver:   "Prêt terminé",
	ReasonReleased:   "Rendue au stock",
	ReasonArrived:    "Arrivée",
	ReasonImported:   "Importée",
	ReasonMoved:      "Déplacée",
	ReasonAnnounced:  "Annoncée",
	ReasonReported:   "Trouvée à l'inventaire, confirmée",
}

// French names the reason on forms and in histories.
func (r KeyReason) French() string { return keyReasonNames[r] }

// KeyTransition says that a key in state From goes to To for Reason; Holder tells whether the holder may declare it.
type KeyTransition struct {
	From   KeyState
	Reason KeyReason
	To     KeyState
	Holder bool
}

// KeyTransitions is the whole life of a key. The database holds the same table and refuses any other change.
var KeyTransitions = []KeyTransition{
	{InTransit, ReasonArrived, InStock, false},
	{InTransit, ReasonLost, Lost, false},
	{InStock, ReasonReserved, Reserved, false},
	{InStock, ReasonHandedOver, InService, false}, // changes places with the attributed key at the counter
	{InStock, ReasonLent, Lent, false},            // as well
	{InStock, ReasonLost, Lost, false},
	{InStock, ReasonDefective, Defective, false},
	{InStock, ReasonRetired, Retired, false},
	{Reserved, ReasonSigned, Attributed, false},
	{Reserved, ReasonReleased, InStock, false},
	{Reserved, ReasonLost, Lost, false},
	{Reserved, ReasonDefective, Defective, false},
	{Attributed, ReasonHandedOver, InService, false},
	{Attributed, ReasonLent, Lent, false},
	{Attributed, ReasonReleased, InStock, false},
	{Attributed, ReasonLost, Lost, false},
	{Attributed, ReasonDefective, Defective, false},
	{InService, ReasonReturn, InStock, false},
	{InService, ReasonLost, Lost, true},
	{InService, ReasonDefective, Defective, true},
	{InService, ReasonRetired, Retired, false},
	{InService, ReasonMislaid, Suspended, true},
	{Suspended, ReasonRecovered, InService, true},
	{Suspended, ReasonReturn, InStock, false},
	{Suspended, ReasonLost, Lost, true}, // by people, or when its time is over
	{Suspended, ReasonDefective, Defective, true},
	{Suspended, ReasonRetired, Retired, false},
	{Lent, ReasonReturn, InStock, false},
	{Lent, ReasonLost, Lost, true},
	{Lent, ReasonDefective, Defective, true},
	{Lent, ReasonRetired, Retired, false},
	{Lost, ReasonFound, InStock, false},
	{Lost, ReasonRetired, Retired, false},
	{Defective, ReasonReturn, InStock, false}, // it works after all
	{Defective, ReasonRetired, Retired, false},
	{Retired, ReasonFound, InStock, false}, // it was a mistake: see SupportAlone
}

// SupportAlone tells whether only support may give this reason for a key in this state: what ends a key's life is undone by nobody else.
func SupportAlone(from KeyState, reason KeyReason) bool {
	return from == Retired && reason == ReasonFound
}

// NextKeyState returns the state that reason leads to; the Error has code key_transition where the table has no such row.
func NextKeyState(from KeyState, reason KeyReason) (KeyState, error) {
	for _, t := range KeyTransitions {
		if t.From == from && t.Reason == reason {
			return t.To, nil
		}
	}
	return "", Errorf(CodeKeyTransition, "« %s » ne s'applique pas à une clef %s.", reason.French(), from.French())
}

// HolderMayDeclare tells whether a key's holder may give this reason for a key in this state.
func HolderMayDeclare(from KeyState, reason KeyReason) bool {
	for _, t := range KeyTransitions {
		if t.From == from && t.Reason == reason {
			return t.Holder
		}
	}
	return false
}

// LendableMonths is how long a key must still be good for to be given to someone.
const LendableMonths = 6

// RenewalMonths is how long before its key expires a person may ask for the next one.
const RenewalMonths = 3

// LoginAhead is by how much the clock of whoever tells of a login may be ahead of ours.
const LoginAhead = 5 * time.Minute

// CheckLogin answers invalid for an instant at which no key was used: it is to come, or lies before there were any.
func CheckLogin(field string, at, now time.Time) error {
	switch {
	case at.After(now.Add(LoginAhead)):
		return InvalidField(field, "Cette connexion est à venir : vérifiez la date, et l'horloge du serveur d'authentification.")
	case at.Year() < 2000:
		return InvalidField(field, "Cette connexion est trop ancienne : vérifiez l'année.")
	}
	return nil
}

// Key is a hardware token. One establishment has it, one person or none holds it, one request or none keeps it aside.
type Key struct {
	Serial      Serial
	UAI         UAI
	State       KeyState
	Batch       string
	ExpiresOn   Day
	Holder      PersonID  // zero for none
	Request     uuid.UUID // zero for none
	LastLoginAt time.Time // zero: never seen
	DueAt       time.Time // of a suspended key: when it is lost; of a lent one: when it is to be back; zero for any other
	PriorToOKEY bool      // charter and PIN date from before OKEY
}

// Lendable tells whether the key may be given to someone on the day.
func (k Key) Lendable(on Day) bool {
	return k.State == InStock && !k.ExpiresOn.Before(on.AddMonths(LendableMonths))
}

// Renewable tells whether the holder of the key may ask for the next one on the day.
func (k Key) Renewable(on Day) bool {
	return k.State.InHand() && k.State != Lent && !on.AddMonths(RenewalMonths).Before(k.ExpiresOn)
}

// Overdue tells whether the key is mislaid, and was not found in time.
func (k Key) Overdue(at time.Time) bool { return k.State == Suspended && !at.Before(k.DueAt) }

// LoanOver tells whether the key was lent, and is to be back by now: it is accepted nowhere any more.
func (k Key) LoanOver(at time.Time) bool { return k.State == Lent && !at.Before(k.DueAt) }

// Own are the keys among those that somebody holds that are theirs for good.
func Own(held []Key) []Key {
	return slices.DeleteFunc(slices.Clone(held), func(k Key) bool { return k.State == Lent })
}

// MayChangeKey answers nil where the actor may report this of the key: whoever manages the establishment's keys, and the holder, who may
// declare their own key mislaid, found again, lost or defective. The errors are those of May, and key_transition for what support alone
// may undo.
func MayChangeKey(a Actor, k Key, s Subject, reason KeyReason, on Day) error {
	err := May(ActManageKeys, a, s, on)
	if err == nil && SupportAlone(k.State, reason) && !a.Support {
		return Errorf(CodeKeyTransition, "Une clef mise au rebut ne revient que par l'assistance : écrivez-lui.")
	}
	if err != nil && holderDeclares(reason) && May(ActDeclareKey, a, s, on) == nil {
		return nil // whether it applies to a key in this state is NextKeyState's to say
	}
	return err
}

// holderDeclares tells whether a key's holder may give this reason for a key in any state.
func holderDeclares(reason KeyReason) bool {
	return slices.ContainsFunc(KeyTransitions, func(t KeyTransition) bool { return t.Holder && t.Reason == reason })
}

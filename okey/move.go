package okey

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// A key changes establishment without changing state: support moves it, its holder takes it along, or its establishment has a successor.
const (
	ReasonMoved KeyReason = "moved"
	EventMoved  EventKind = "moved" // a request follows to its establishment's successor
)

// The mails about moves.
const (
	MailKeysMoved     MailKind = "keys_moved"     // approvers of both establishments: support has moved keys
	MailMoveProposed  MailKind = "move_proposed"  // approvers of the new establishment: answer; the holder
	MailMoveDecided   MailKind = "move_decided"   // proposer and holder
	MailMoveWithdrawn MailKind = "move_withdrawn" // approvers of the new establishment, holder: there is nothing to answer any more
	MailMoveExpired   MailKind = "move_expired"   // proposer: nobody answered
	MailSucceeded     MailKind = "succeeded"      // approvers of the successor: what follows from now on

	MailYourKeyMoved      MailKind = "your_key_moved"     // holders of keys that support has moved
	MailSucceededClosing  MailKind = "succeeded_closing"  // former approvers of the closing establishment
	MailSucceededRequests MailKind = "succeeded_requests" // whoever has a request that follows to the successor
)

// The codes of moves.
const (
	CodeKeysStay  Code = "keys_stay"  // some of the keys may not move: the verdict's faults name them
	CodeMoveOpen  Code = "move_open"  // somebody has proposed already that this key goes along
	CodeMoveOver  Code = "move_over"  // the proposal was answered or withdrawn, has expired, or the key is no longer with that holder
	CodeNotServed Code = "not_served" // keys go only to establishments that OKEY serves
	CodeSucceeded Code = "succeeded"  // this establishment has a successor
	CodeOwnKey    Code = "own_key"    // nobody lets their own key in
)

// DetailSucceeded refuses an asking at an establishment that has a successor.
const DetailSucceeded = "succeeded"

// MoveFault is why a key may not be moved by support.
type MoveFault string

// The faults. A key that may move has the empty one.
const (
	MoveUnknown   MoveFault = "unknown"
	MoveThere     MoveFault = "there"      // it is there already
	MoveKept      MoveFault = "kept"       // reserved or attributed: its request waits for it where it is
	MoveInTransit MoveFault = "in_transit" // it has arrived nowhere yet

	// Why a key can't be confirmed as arrived.
	ArrivalSettled MoveFault = "settled"    // it arrived, or was declared lost, before
	ArrivalNotHere MoveFault = "unexpected" // it is not, or no longer, expected at this establishment
)

var moveFaultNames = map[MoveFault]string{
	MoveUnknown:    "OKEY ne connaît pas ce numéro",
	MoveThere:      "elle y est déjà",
	MoveKept:       "réservée pour une demande",
	MoveInTransit:  "en livraison",
	ArrivalSettled: "n'est plus en route",
	ArrivalNotHere: "n'est pas attendue ici",
}

// French says the fault on pages.
func (f MoveFault) French() string { return moveFaultNames[f] }

// KeyFault names a key that may not move, and why.
type KeyFault struct {
	Serial Serial    `json:"serial"`
	Why    MoveFault `json:"why"`
}

// Movable tells why support may not move the key to an establishment; empty where it may. A key in service stays in its holder's hands.
func (k Key) Movable(to UAI) MoveFault {
	switch {
	case k.Serial == "":
		return MoveUnknown
	case k.State == Reserved || k.State == Attributed:
		return MoveKept
	case k.State == InTransit:
		return MoveInTransit
	case k.UAI == to:
		return MoveThere
	}
	return ""
}

// MostMoved is how many keys one move takes.
const MostMoved = 500

// MoveState is where a proposal stands that a holder takes the key along.
type MoveState string

// The states of a proposal.
const (
	MoveProposed  MoveState = "proposed"
	MoveAccepted  MoveState = "accepted"
	MoveRefused   MoveState = "refused"
	MoveExpired   MoveState = "expired"
	MoveWithdrawn MoveState = "withdrawn" // by those whom the key leaves
	MoveEnded     MoveState = "ended"     // the key is no longer with that holder, or went elsewhere
)

var moveStateNames = map[MoveState]string{
	MoveProposed:  "attend une réponse",
	MoveAccepted:  "acceptée",
	MoveRefused:   "refusée",
	MoveExpired:   "sans réponse, donc sans suite",
	MoveWithdrawn: "retirée",
	MoveEnded: "sans objet : la clef n'est plus à cette personne, a changé d'établissement, ou les deux établissements n'en font " +
		"plus qu'un",
}

// French names the state on pages.
func (s MoveState) French() string { return moveStateNames[s] }

// MoveLife is how long a proposal waits for an answer.
const MoveLife = 30 * 24 * time.Hour

// Move is the proposal that a person who goes to another establishment takes the key along.
type Move struct {
	ID         uuid.UUID
	Serial     Serial
	Holder     PersonID
	From, To   UAI
	State      MoveState
	Comment    string
	ProposedBy PersonID
	ProposedAt time.Time
	DecidedBy  PersonID // zero: nobody yet, or time
	DecidedAt  time.Time
	Answer     string
}

// Holds tells whether the proposal still speaks of the key as it is.
func (m Move) Holds(k Key) bool {
	return m.State == MoveProposed && k.State == InService && k.Holder == m.Holder && k.UAI == m.From
}

// Lasts tells whether the key is still where the end of the proposal left it, with that holder.
func (m Move) Lasts(k Key) bool {
	at := m.From
	if m.State == MoveAccepted {
		at = m.To
	}
	return k.State == InService && k.Holder == m.Holder && k.UAI == at
}

// Succession says that everything of one establishment goes on at another.
type Succession struct {
	ID       uuid.UUID
	From, To UAI
	By       PersonID
	At       time.Time
	Comment  string
}

// Moved counts what goes along with a succession.
type Moved struct {
	Keys, Requests, Orders, Proposals, Reports, Staff int
}

// French says what goes along: "3 clefs et 2 départs"; empty for nothing.
func (m Moved) French() string {
	var said []string
	for _, part := range []struct {
		n    int
		noun string
	}{{m.Keys, "clef"}, {m.Requests, "demande"}, {m.Orders, "commande"}, {m.Proposals, "départ"}, {m.Reports, "signalement"}} {
		if part.n > 0 {
			said = append(said, SayCount(part.n, part.noun))
		}
	}
	if len(said) < 2 {
		return strings.Join(said, "")
	}
	return strings.Join(said[:len(said)-1], ", ") + " et " + said[len(said)-1]
}

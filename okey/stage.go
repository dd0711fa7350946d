package okey

// Stage is where a request stands. The values are contract.
type Stage string

// The stages of a request, in the order of a straightforward one, then its other ends.
const (
	AwaitingDecision Stage = "awaiting_decision"
	AwaitingStock    Stage = "awaiting_stock"
	AwaitingCharter  Stage = "awaiting_charter"
	AwaitingHandover Stage = "awaiting_handover"
	HandedOver       Stage = "handed_over"
	Refused          Stage = "refused"
	Withdrawn        Stage = "withdrawn"
	Expired          Stage = "expired"
)

// Stages returns every stage, open ones first.
func Stages() []Stage {
	return []Stage{AwaitingDecision, AwaitingStock, AwaitingCharter, AwaitingHandover, HandedOver, Refused, Withdrawn, Expired}
}

// Valid tells whether s is a stage at all.
func (s Stage) Valid() bool {
	_, known := stageNames[s]
	return known
}

// Closed tells whether nothing can follow.
func (s Stage) Closed() bool {
	switch s {
	case HandedOver, Refused, Withdrawn, Expired:
		return true
	}
	return false
}

// KeepsKey tells whether a request in this stage has a key set aside for it.
func (s Stage) KeepsKey() bool { return s == AwaitingCharter || s == AwaitingHandover }

var stageNames = map[Stage]string{
	AwaitingDecision: "en attente de réponse",
	AwaitingStock:    "en attente d'une clef",
	AwaitingCharter:  "charte à signer",
	AwaitingHandover: "clef à remettre",
	HandedOver:       "clef remise",
	Refused:          "refusée",
	Withdrawn:        "retirée",
	Expired:          "expirée",
}

// French names the stage on pages and in mails.
func (s Stage) French() string { return stageNames[s] }

// Signal is what a request's workflow waits for. The values are contract.
type Signal string

// The signals of a request.
const (
	PrincipalDecision Signal = "principal-decision"
	StockAvailable    Signal = "stock-available"
	CharterAndPIN     Signal = "charter-and-pin"
	Handover          Signal = "handover"
	Withdrawal        Signal = "withdrawal"
	KeyUnavailable    Signal = "key-unavailable"
)

// Signals returns every signal that a request's workflow knows.
func Signals() []Signal {
	return []Signal{PrincipalDecision, StockAvailable, CharterAndPIN, Handover, Withdrawal, KeyUnavailable}
}

// Valid tells whether s is a signal that OKEY has.
func (s Signal) Valid() bool {
	for _, known := range Signals() {
		if s == known {
			return true
		}
	}
	return false
}

// Expiry is what the passing of time does to a request: not a signal, but a row of the same table.
const Expiry Signal = "expiry"

// Decision is the choice of a principal-decision.
type Decision string

// The two answers to a request.
const (
	Approve Decision = "approve"
	Refuse  Decision = "refuse"
)

// Transition says that at stage From, Signal leads to one of To: which one depends on the choice made and on the stock.
type Transition struct {
	From   Stage
	Signal Signal
	To     []Stage
}

// Transitions is the whole life of a request. Workflow, database, pages and documentation read it; nothing repeats it.
var Transitions = []Transition{
	{AwaitingDecision, PrincipalDecision, []Stage{Refused, AwaitingStock, AwaitingCharter}},
	{AwaitingDecision, Withdrawal, []Stage{Withdrawn}},
	{AwaitingDecision, Expiry, []Stage{Expired}},
	{AwaitingStock, StockAvailable, []Stage{AwaitingCharter, AwaitingHandover}},
	{AwaitingStock, Withdrawal, []Stage{Withdrawn}},
	{AwaitingCharter, CharterAndPIN, []Stage{AwaitingHandover}},
	{AwaitingCharter, KeyUnavailable, []Stage{AwaitingStock, AwaitingCharter}},
	{AwaitingCharter, Withdrawal, []Stage{Withdrawn}},
	{AwaitingCharter, Expiry, []Stage{Expired}},
	{AwaitingHandover, Handover, []Stage{HandedOver}},
	{AwaitingHandover, KeyUnavailable, []Stage{AwaitingStock, AwaitingHandover}},
	{AwaitingHandover, Withdrawal, []Stage{Withdrawn}},
	{AwaitingHandover, Expiry, []Stage{Expired}},
}

// Awaits is the signal for which a request waits in the stage; empty for a closed one.
func (s Stage) Awaits() Signal {
	for _, t := range Transitions {
		if t.From == s && t.Signal != Withdrawal && t.Signal != KeyUnavailable && t.Signal != Expiry {
			return t.Signal
		}
	}
	return ""
}

// Next returns the stages that signal may lead to from stage, nil where it does not apply.
func Next(from Stage, signal Signal) []Stage {
	for _, t := range Transitions {
		if t.From == from && t.Signal == signal {
			return t.To
		}
	}
	return nil
}

// CheckSignal answers nil where the signal applies at the stage, else an Error with code closed or wrong_stage.
func CheckSignal(from Stage, signal Signal) error {
	switch {
	case Next(from, signal) != nil:
		return nil
	case from.Closed():
		return Errorf(CodeClosed, "Cette demande est close (%s) : votre action n'a rien changé.", from.French())
	default:
		return Errorf(CodeWrongStage, "Cette demande est à une autre étape (%s) : votre action n'a rien changé.", from.French())
	}
}

package okey

import (
	"strconv"
	"strings"
	"time"
)

// Webhooks: OKEY sends events to receivers that its operator names, each followed by a workflow of its own. A receiver takes an event by
// answering 2xx; until it does, what follows of the same key waits.

// WorkflowWebhook follows a receiver.
const WorkflowWebhook = "Webhook"

// ActivityDeliver sends a receiver what waits for it: WebhookTurn -> WebhookReport.
const ActivityDeliver = "DeliverEvents"

// The signals of a receiver's workflow, without content: what is to be done stands in the database.
const (
	SignalEvents = "events" // there are events that it has not seen
	SignalAsked  = "asked"  // support has it go on, or tries it
)

// WebhookWorkflowID is the id of a receiver's workflow.
func WebhookWorkflowID(receiver string) string { return "webhook-" + receiver }

// WebhookState is whether a receiver is sent events. The values stand in the database.
type WebhookState string

// The states of a receiver.
const (
	WebhookActive  WebhookState = "active"
	WebhookStopped WebhookState = "stopped" // it has failed for WebhookPatience, or answered 410: until support has it go on
	WebhookAbsent  WebhookState = "absent"  // the configuration has it no more
)

// ActionWebhookTest and ActionWebhookResume are support's: a receiver is sent a trial, or is sent events again, from where it was or, with
// Content.From, from that moment on; subject: the receiver. They are carried as actions about stock are.
const (
	ActionWebhookTest   ActionName = "webhook-test"
	ActionWebhookResume ActionName = "webhook-resume"
)

// WorkflowWebhookChange is what the Temporal UI shows of them.
const WorkflowWebhookChange = "WebhookChange"

// WebhookInput starts a receiver's workflow, or goes on with it.
type WebhookInput struct {
	Receiver string `json:"receiver"`
}

// WebhookTurn asks for what waits.
type WebhookTurn struct {
	Receiver string    `json:"receiver"`
	Retry    bool      `json:"retry"` // what was not taken is tried again; else only keys of which nothing waits
	At       time.Time `json:"at"`
}

// WebhookReport is what became of a turn.
type WebhookReport struct {
	State   WebhookState  `json:"state"`
	More    bool          `json:"more,omitempty"`    // there is more to send, at once
	News    bool          `json:"news,omitempty"`    // there are events that the turn has not seen
	Pause   time.Duration `json:"pause,omitempty"`   // until what was not taken is tried again; 0: all was taken
	Alive   bool          `json:"alive,omitempty"`   // with Pause: it takes others, or may, so that new events do not wait
	Letters []MailOrder   `json:"letters,omitempty"` // that it is stopped now
}

// WebhookFailure says why a receiver did not take an event, in one word that the database keeps; "": it did.
type WebhookFailure string

// The failures. WebhookFailureStatus and WebhookFailureRedirect have the status of HTTP beside them.
const (
	WebhookFailureStatus   WebhookFailure = "status"   // an answer other than 2xx
	WebhookFailureRedirect WebhookFailure = "redirect" // 3xx: nobody is followed to an address that the operator has not written
	WebhookFailurePrivate  WebhookFailure = "private"  // its name leads to an address within, which is not allowed
	WebhookFailureTimeout  WebhookFailure = "timeout"
	WebhookFailureTLS      WebhookFailure = "tls"
	WebhookFailureName     WebhookFailure = "name" // it has no address
	WebhookFailureConnect  WebhookFailure = "connect"
)

// webhookFailures say them to people, after the name of a receiver. {} is the status of HTTP.
var webhookFailures = map[WebhookFailure]string{
	WebhookFailureStatus:   "a répondu {}",
	WebhookFailureRedirect: "a répondu {}, une redirection, qu'OKEY ne suit pas",
	WebhookFailurePrivate:  "a une adresse réservée, ou privée sans que la configuration le permette",
	WebhookFailureTimeout:  "n'a pas répondu à temps",
	WebhookFailureTLS:      "a un certificat qu'OKEY n'accepte pas",
	WebhookFailureName:     "a un nom sans adresse",
	WebhookFailureConnect:  "refuse la connexion, ou la coupe",
}

// French says a failure after the name of a receiver; status is that of HTTP.
func (f WebhookFailure) French(status int) string {
	return strings.ReplaceAll(webhookFailures[f], "{}", strconv.Itoa(status))
}

// WebhookProbe is how long new events wait at most while a receiver takes none: of another key, they may be taken.
const WebhookProbe = time.Minute

// WebhookPatience is for how long a receiver may fail to take an event before it is stopped: a long week-end.
const WebhookPatience = 5 * 24 * time.Hour

// webhookPauses grow as in the examples of Standard Webhooks ("Retry schedule"); the last one is repeated.
var webhookPauses = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
	4 * time.Hour, 6 * time.Hour,
}

// The bounds of what a receiver may ask for by Retry-After.
const (
	shortestRetryAfter = time.Second
	longestRetryAfter  = 6 * time.Hour
	// A receiver that takes other events is asked again about the one that it does not take at least so often.
	longestWhileAlive = 15 * time.Minute
)

// WebhookPause is how long to wait after so many attempts in a row that failed, one at least. alive tells that the receiver has taken
// others meanwhile. asked is its Retry-After, 0 for none: it may ask for more, and for less.
func WebhookPause(attempts int, alive bool, asked time.Duration) time.Duration {
	if asked > 0 {
		return min(max(asked, shortestRetryAfter), longestRetryAfter)
	}
	pause := webhookPauses[min(max(attempts, 1), len(webhookPauses))-1]
	if alive {
		return min(pause, longestWhileAlive)
	}
	return pause
}

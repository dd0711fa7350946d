// Package webhook sends events to the receivers that the operator names, as Standard Webhooks says (standard-webhooks.com, 1.0.0). It
// knows HTTP and signatures; what is sent, when, and what follows, is for whoever calls it.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"okey/config"
	"okey/okey"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The bounds of one attempt. A receiver is to answer at once, and to work afterwards.
const (
	patience  = 15 * time.Second
	mostBytes = 4 << 10 // that are read of an answer: they are for nobody, and let the connection be kept
)

// Outcome is what became of an attempt.
type Outcome struct {
	Failure    okey.WebhookFailure
	Status     int           // of HTTP; 0: there was no answer
	RetryAfter time.Duration // that the receiver asks for; 0: it does not
}

// Taken tells whether the receiver has the event.
func (o Outcome) Taken() bool { return o.Failure == "" }

// Gone tells whether the receiver wants no event any more: 410, Standard Webhooks, "Delivery".
func (o Outcome) Gone() bool { return o.Status == http.StatusGone }

// Receiver sends to one receiver. It is safe for concurrent use.
type Receiver struct {
	config.Webhook
	fields  []okey.EventField
	signers []*standardwebhooks.Webhook
	client  *http.Client
	agent   string
}

// NewReceiver makes one of a checked configuration. agent is how OKEY presents itself.
func NewReceiver(w config.Webhook, fields []okey.EventField, agent string) (*Receiver, error) {
	r := &Receiver{Webhook: w, fields: fields, agent: agent}
	for _, secret := range w.Secrets {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return nil, fmt.Errorf("read a secret of receiver %s: %w", w.Name, errors.New("it is not in base64")) // err might show it
		}
		r.signers = append(r.signers, signer)
	}
	dialer := &net.Dialer{
		Timeout: patience / 3,
		Control: func(_, address string, _ syscall.RawConn) error { return admit(address, w) },
	}
	r.client = &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: patience / 3, ForceAttemptHTTP2: true,
			MaxConnsPerHost: 2 * Together, MaxIdleConnsPerHost: Together, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return r, nil
}

// Together is how many events of different keys are on their way to one receiver at a time.
const Together = 8

// Host is where a receiver is, as people are shown it: what else its address says may be secret.
func Host(w config.Webhook) string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// errPrivate is what a connection to an address within ends with.
var errPrivate = errors.New("an address within")

// admit looks at the address that a connection is about to be made to, after its name was resolved: a name that leads elsewhere a moment
// later leads nowhere.
func admit(address string, w config.Webhook) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !w.Admits(at.Addr()) {
		return errPrivate
	}
	return nil
}

// Send makes one attempt. The error is of a context that ended: nothing is known of the attempt then.
func (r *Receiver) Send(ctx context.Context, e okey.OutboxEvent, now time.Time) (Outcome, error) {
	body, err := json.Marshal(e.Message(r.fields))
	if err != nil {
		return Outcome{}, fmt.Errorf("write event %s: %w", e.ID, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(body))
	if err != nil {
		return Outcome{}, fmt.Errorf("make a request to receiver %s", r.Name) // err has the address
	}
	id := e.ID.String()
	var signatures []string
	for _, signer := range r.signers {
		signature, err := signer.Sign(id, now, body)
		if err != nil {
			return Outcome{}, fmt.Errorf("sign event %s: %w", e.ID, err)
		}
		signatures = append(signatures, signature)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", r.agent)
	request.Header.Set(standardwebhooks.HeaderWebhookID, id)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	response, err := r.client.Do(request)
	if ctx.Err() != nil {
		if err == nil {
			_ = response.Body.Close()
		}
		return Outcome{}, ctx.Err()
	}
	if err != nil {
		return Outcome{Failure: failureOf(err)}, nil
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, mostBytes)
	return judge(response, now), nil
}

func judge(response *http.Response, now time.Time) Outcome {
	o := Outcome{Status: response.StatusCode}
	switch {
	case o.Status >= 200 && o.Status < 300:
		return o
	case o.Status >= 300 && o.Status < 400:
		o.Failure = okey.WebhookFailureRedirect
	default:
		o.Failure = okey.WebhookFailureStatus
	}
	after := response.Header.Get("Retry-After") // seconds, or a date: RFC 9110, 10.2.3
	if seconds, err := strconv.Atoi(after); err == nil && seconds > 0 {
		o.RetryAfter = time.Duration(min(seconds, 1<<20)) * time.Second
	} else if at, err := http.ParseTime(after); err == nil && at.After(now) {
		o.RetryAfter = at.Sub(now)
	}
	return o
}

func failureOf(err error) okey.WebhookFailure {
	var name *net.DNSError
	var authority *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var timeout net.Error
	switch {
	case errors.Is(err, errPrivate):
		return okey.WebhookFailurePrivate
	case errors.As(err, &authority), errors.As(err, &record), errors.As(err, &alert), errors.Is(err, http.ErrSchemeMismatch):
		return okey.WebhookFailureTLS
	case errors.As(err, &timeout) && timeout.Timeout():
		return okey.WebhookFailureTimeout
	case errors.As(err, &name):
		return okey.WebhookFailureName
	}
	return okey.WebhookFailureConnect
}

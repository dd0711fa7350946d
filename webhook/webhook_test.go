package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"okey/config"
	"okey/okey"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Made-up secrets.
const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G"
	newSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQI"
)

var event = okey.OutboxEvent{
	Seq: 7, ID: uuid.MustParse("5f0f7a52-2c5e-4d8e-8a35-7f1f7a3a9a0c"), Type: okey.KeyEventLost, At: time.Unix(1800000000, 0), Serial: "42",
	State: okey.Lost, UAI: "0069001B", UID: "lmartin",
}

func receiver(t *testing.T, w config.Webhook) *Receiver {
	t.Helper()
	if len(w.Secrets) == 0 {
		w.Secrets = []string{oldSecret}
	}
	r, err := NewReceiver(w, okey.EventFields(), "OKEY/test")
	require.NoError(t, err)
	return r
}

func send(t *testing.T, r *Receiver) Outcome {
	t.Helper()
	o, err := r.Send(t.Context(), event, time.Now())
	require.NoError(t, err)
	return o
}

// Whoever has either of the two secrets recognises what was sent, by the convention's own library.
func TestAReceiverRecognisesAnEventByEitherSecret(t *testing.T) {
	var got okey.EventMessage
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		for secret, good := range map[string]bool{oldSecret: true, newSecret: true, "whsec_" + strings.Repeat("AAAA", 8): false} {
			peer, err := standardwebhooks.NewWebhook(secret)
			assert.NoError(t, err)
			assert.Equal(t, good, peer.Verify(body, r.Header) == nil)
			assert.Error(t, peer.Verify(append(body, ' '), r.Header))
		}
		assert.Equal(t, event.ID.String(), r.Header.Get("webhook-id"))
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		assert.Equal(t, "OKEY/test", r.Header.Get("User-Agent"))
		assert.NoError(t, json.Unmarshal(body, &got))
	}))
	defer server.Close()
	o := send(t, receiver(t, config.Webhook{URL: server.URL, Private: true, Secrets: []string{newSecret, oldSecret}}))
	assert.True(t, o.Taken(), "%+v", o)
	assert.Equal(t, okey.KeyEventLost, got.Type)
	assert.EqualValues(t, 7, got.Sequence)
}

// What stands in the convention's own description: "Verifying webhooks manually".
func TestASignatureIsAsTheConventionHasIt(t *testing.T) {
	peer, err := standardwebhooks.NewWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	signature, err := peer.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	require.NoError(t, err)
	assert.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	followed := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		o := send(t, receiver(t, config.Webhook{URL: server.URL, Private: true}))
		assert.Equal(t, Outcome{Failure: okey.WebhookFailureRedirect, Status: status}, o)
		server.Close()
	}
	assert.False(t, followed)
}

func TestAnswersAreJudged(t *testing.T) {
	at := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	for _, row := range []struct {
		status int
		after  string
		want   Outcome
	}{
		{200, "", Outcome{Status: 200}},
		{204, "", Outcome{Status: 204}},
		{400, "", Outcome{Failure: okey.WebhookFailureStatus, Status: 400}},
		{410, "", Outcome{Failure: okey.WebhookFailureStatus, Status: 410}},
		{500, "", Outcome{Failure: okey.WebhookFailureStatus, Status: 500}},
		{503, "120", Outcome{Failure: okey.WebhookFailureStatus, Status: 503, RetryAfter: 2 * time.Minute}},
		{503, "-1", Outcome{Failure: okey.WebhookFailureStatus, Status: 503}},
		{503, "soon", Outcome{Failure: okey.WebhookFailureStatus, Status: 503}},
		{503, at, Outcome{Failure: okey.WebhookFailureStatus, Status: 503, RetryAfter: 90 * time.Second}},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", row.after)
			w.WriteHeader(row.status)
			_, _ = io.Copy(w, io.LimitReader(zeros{}, 1<<20)) // more than anybody wants
		}))
		o := send(t, receiver(t, config.Webhook{URL: server.URL, Private: true}))
		assert.InDelta(t, row.want.RetryAfter, o.RetryAfter, float64(5*time.Second))
		o.RetryAfter = row.want.RetryAfter
		assert.Equal(t, row.want, o)
		assert.Equal(t, row.status == 410, o.Gone())
		server.Close()
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func TestWhatDoesNotAnswerIsSaidInAWord(t *testing.T) {
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	defer unknown.Close()
	unknown.Config.ErrorLog = nil
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for url, want := range map[string]okey.WebhookFailure{
		"http://" + silent.Addr().String():                    okey.WebhookFailureTimeout,
		"https://" + strings.TrimPrefix(plain.URL, "http://"): okey.WebhookFailureTLS,
		unknown.URL:            okey.WebhookFailureTLS,
		closed.URL:             okey.WebhookFailureConnect,
		"http://rien.invalid/": okey.WebhookFailureName,
	} {
		r := receiver(t, config.Webhook{URL: url, Private: true})
		r.client.Timeout = 500 * time.Millisecond
		if want == okey.WebhookFailureName {
			r.client.Timeout = patience
		}
		assert.Equal(t, Outcome{Failure: want}, send(t, r), url)
	}
	r := receiver(t, config.Webhook{URL: closed.URL, Private: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Send(ctx, event, time.Now())
	assert.ErrorIs(t, err, context.Canceled)
}

// No setting has OKEY speak to what machines tell their own secrets at; another, to what is within, where it is not allowed. What counts is
// the address that is dialled, not the name.
func TestAddressesWithinAreRefused(t *testing.T) {
	for address, want := range map[string][2]bool{ // as set, and with private addresses allowed
		"93.184.216.34": {true, true}, "2606:2800:220:1::1": {true, true},
		"127.0.0.1": {false, true}, "10.1.2.3": {false, true}, "172.16.0.1": {false, true}, "192.168.1.1": {false, true}, "100.64.0.1": {false, true},
		"::1": {false, true}, "fd00::1": {false, true}, "::ffff:10.0.0.1": {false, true},
		"169.254.169.254": {false, false}, "fe80::1": {false, false}, "0.0.0.0": {false, false}, "::": {false, false}, "224.0.0.1": {false, false},
		"255.255.255.255": {false, false}, "::ffff:169.254.169.254": {false, false}, "64:ff9b::a00:1": {false, false}, "2002:a00:1::": {false, false},
		"198.18.0.1": {false, false}, "100.100.100.200": {false, false}, "168.63.129.16": {false, false}, "fd00:ec2::254": {false, false},
	} {
		for i, private := range []bool{false, true} {
			err := admit(net.JoinHostPort(address, "443"), config.Webhook{Private: private})
			assert.Equal(t, want[i], err == nil, "%s, private %t", address, private)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { assert.Fail(t, "it was reached") }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		o := send(t, receiver(t, config.Webhook{URL: fmt.Sprintf("http://%s:%s/", host, port)}))
		assert.Equal(t, Outcome{Failure: okey.WebhookFailurePrivate}, o, host)
	}
	assert.Error(t, admit("nowhere", config.Webhook{Private: true}))
}

package main

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// browser is a person at the pages, without JavaScript.
type browser struct {
	*stack
	client http.Client
	at     *url.URL
	page   string
	status int
}

// signIn goes through the provider, as a person does.
func (s *stack) signIn(uid string) *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	b := &browser{stack: s, client: http.Client{Jar: jar}}
	b.open(s.env["OKEY_URL"] + "/")
	require.Contains(s.t, b.page, "Qui êtes-vous", "%s", b.at)
	b.submit("", url.Values{"uid": {uid}})
	require.Equal(s.t, "/", b.at.Path, "back at OKEY: %s", b.page)
	return b
}

func (b *browser) open(address string) {
	b.t.Helper()
	request, err := http.NewRequest(http.MethodGet, address, http.NoBody)
	require.NoError(b.t, err)
	b.do(request)
}

func (b *browser) do(request *http.Request) {
	b.t.Helper()
	response, err := b.client.Do(request)
	require.NoError(b.t, err)
	defer func() { _ = response.Body.Close() }()
	page, err := readPage(response)
	require.NoError(b.t, err)
	b.at, b.page, b.status = response.Request.URL, page, response.StatusCode
}

// readPage reads a page as tests compare it: with ordinary spaces.
func readPage(response *http.Response) (string, error) {
	text, err := io.ReadAll(response.Body)
	return strings.ReplaceAll(string(text), "\u00a0", " "), err
}

var (
	formPattern   = regexp.MustCompile(`(?s)<form([^>]*)>(.*?)</form>`)
	inputPattern  = regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`)
	attributeName = regexp.MustCompile(`([a-z]+)="([^"]*)"`)
)

func attributes(tag string) map[string]string {
	found := map[string]string{}
	for _, m := range attributeName.FindAllStringSubmatch(tag, -1) {
		found[m[1]] = html.UnescapeString(m[2])
	}
	return found
}

// submit sends the page's form whose action ends so, with its hidden fields and what is typed.
func (b *browser) submit(action string, typed url.Values) {
	b.t.Helper()
	for _, form := range formPattern.FindAllStringSubmatch(b.page, -1) {
		of := attributes(form[1])
		if of["method"] != "post" || !strings.HasSuffix(of["action"], action) || strings.HasSuffix(of["action"], "/deconnexion") {
			continue
		}
		values := url.Values{}
		for _, input := range inputPattern.FindAllString(form[2], -1) {
			values.Set(attributes(input)["name"], attributes(input)["value"])
		}
		for name, value := range typed {
			values[name] = value
		}
		target, err := b.at.Parse(of["action"])
		require.NoError(b.t, err)
		request, err := http.NewRequest(http.MethodPost, target.String(), strings.NewReader(values.Encode()))
		require.NoError(b.t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", b.at.Scheme+"://"+b.at.Host)
		b.do(request)
		return
	}
	b.t.Fatalf("no form %q on %s: %s", action, b.at, b.page)
}

// awaitQuiet waits until a request's workflow has nothing left to do but to wait.
func (s *stack) awaitQuiet(request string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		d, err := s.engineClient().DescribeWorkflowExecution(context.Background(), workflowOf(request), "")
		return err == nil && d.GetPendingWorkflowTask() == nil && len(d.GetPendingActivities()) == 0
	}, patience, 50*time.Millisecond)
}

// The three ways in, on the real stack: a form, an emailed link, forms again.
func TestARequestThroughPagesAndTheEmailedLink(t *testing.T) {
	s := newStack(t)
	s.keys("00480001")
	lea := s.signIn("lea")
	lea.open(s.env["OKEY_URL"] + "/demandes/nouvelle")
	lea.submit("/demandes/nouvelle", url.Values{"need": {"saisie des absences"}})
	require.Equal(t, http.StatusOK, lea.status, lea.page)
	id := lea.at.Path[strings.LastIndex(lea.at.Path, "/")+1:]
	s.awaitStage(id, okey.AwaitingDecision)

	mail := s.awaitLetter("roux@", "saisie des absences")
	link := regexp.MustCompile(s.env["OKEY_URL"] + `/valider/\S+`).FindString(mail.Text)
	require.NotEmpty(t, link, mail.Text)
	s.awaitQuiet(id)
	before := len(s.history(workflowOf(id)).GetEvents())
	for range 20 {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			request, err := http.NewRequest(method, link, http.NoBody)
			require.NoError(t, err)
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusOK, response.StatusCode)
		}
	}
	assert.Len(t, s.history(workflowOf(id)).GetEvents(), before, "mail scanners open links")

	roux := &browser{stack: s}
	roux.open(link)
	roux.submit("", url.Values{"decision": {"approve"}})
	s.awaitStage(id, okey.AwaitingCharter)
	roux.open(link)
	assert.Contains(t, roux.page, "vous l&#39;avez acceptée")

	lea.open(s.env["OKEY_URL"] + "/demandes/" + id + "/charte")
	lea.submit("/charte", url.Values{"read": {"oui"}, "pin": {"4071"}, "pin2": {"4071"}})
	s.awaitStage(id, okey.AwaitingHandover)
	head := s.signIn("roux")
	head.open(s.env["OKEY_URL"] + "/demandes/" + id)
	head.submit("/remise", url.Values{"serial": {"0048-0001"}})
	s.awaitStage(id, okey.HandedOver)
	s.awaitLetter("lea@", "00480001")
}

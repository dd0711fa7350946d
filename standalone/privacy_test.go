package main

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// personal is what must never enter the engine: names, addresses, uids, and a word that stands in every text that somebody writes here.
var personal = []string{
	"Martin", "Benali", "Sophie", "Fontaine", "Garcia", "lea@ecole.test", "roux@ecole.test", "ecole.test", "zinzolin",
}

const section = "0069907L"

// Everything that carries a name or a text, on the real engine: afterwards its histories, its databases and its log hold neither.
func TestNothingPersonalEntersTheEngine(t *testing.T) {
	metrics := freeAddress(t)
	set(t, "OKEY_METRICS", metrics)
	s := firstStack(t) // a later start names who can sign in
	s.keys("00480001", "00480002")
	home := s.env["OKEY_URL"]

	refused := s.call("ali", "POST", "/requests", fields{"establishment": school, "need": "zinzolin pour ali"}).text("id")
	s.applied("roux", refused, okey.PrincipalDecision, fields{"decision": "refuse", "comment": "zinzolin, non"})
	handed := s.call("lea", "POST", "/requests", fields{"establishment": school, "need": "zinzolin pour lea"}).text("id")
	s.applied("roux", handed, okey.PrincipalDecision, fields{"decision": "approve", "comment": "zinzolin, oui"})
	s.applied("lea", handed, okey.CharterAndPIN, signing)
	s.applied("roux", handed, okey.Handover, fields{"serial": s.call("lea", "GET", "/requests/"+handed, nil).Body["key"].(map[string]any)["serial"].(string)})
	withdrawn := s.call("eva", "POST", "/requests", fields{"establishment": school, "need": "zinzolin pour eva"}).text("id")
	s.applied("eva", withdrawn, okey.Withdrawal, fields{"comment": "zinzolin, plus besoin"})
	require.Equal(t, 200, s.call("roux", "POST", "/keys/00480002/changes", fields{"reason": "defective", "comment": "zinzolin cassé"}).Status)
	require.Equal(t, 201, s.call("roux", "POST", "/orders", fields{"establishment": school, "quantity": 2, "comment": "zinzolin, rentrée"}).Status)

	roux := s.signIn("roux")
	roux.open(home + "/inventaire")
	roux.submit("/inventaire", url.Values{"serials": {"00481111"}, "comment": {"zinzolin au fond du tiroir"}})
	roux.submit("/inventaire", url.Values{"serials": {"00481111"}, "comment": {"zinzolin au fond du tiroir"}})
	require.Contains(t, roux.page, "l&#39;inventaire est enregistré", "%s", roux.at)

	// Who answers for whom: named on pages, carried by short workflows.
	today := time.Now()
	roux.open(home + "/delegations")
	roux.submit("/delegations/"+school, url.Values{
		"delegate": {"eva"}, "from": {today.Format("02/01/2006")}, "until": {today.AddDate(0, 1, 0).Format("02/01/2006")}, "scope": {"everything"},
	})
	require.Contains(t, roux.page, "C&#39;est fait", "%s", roux.page)
	s.importFile("establishments", "section.csv", strings.SplitAfter(schools, "\n")[0]+section+";Section des Essais;390;1;99;23;Nice;06000\n")
	s.okey("grant", "support", "noa@ecole.test")
	noa := s.signIn("noa")
	noa.open(home + "/assistance/rattachements")
	noa.submit("/assistance/rattachements", url.Values{
		"who": {"ana"}, "establishment": {school}, "function": {"personnel"}, "until": {today.AddDate(0, 2, 0).Format("02/01/2006")}, "comment": {"zinzolin, complément"},
	})
	require.Contains(t, noa.page, "C&#39;est fait", "%s", noa.page)
	noa.open(home + "/assistance/hotes")
	noa.submit("/assistance/hotes", url.Values{"establishment": {section}, "host": {school2}, "comment": {"zinzolin, section"}})
	require.Contains(t, noa.page, "C&#39;est fait", "%s", noa.page)
	waiting := s.call("ali", "POST", "/requests", fields{"establishment": school, "need": "zinzolin encore"}).text("id")
	noa.open(home + "/demandes/" + waiting)
	noa.submit("/lien", nil)
	require.Equal(t, 200, noa.status, noa.page)
	noa.open(home + "/demandes/" + refused)
	mails := regexp.MustCompile(`/assistance/envois/[0-9a-f-]{36}`).FindAllString(noa.page, -1)
	require.NotEmpty(t, mails, noa.page)
	mail := mails[len(mails)-1] // the refusal: it left long ago
	noa.open(home + mail)
	noa.submit(mail, nil)
	require.Equal(t, 200, noa.status, "%s", noa.page)
	require.Eventually(t, func() bool {
		refusals := 0
		for _, l := range s.letters("ali@") {
			if strings.Contains(l.Subject, "refus") {
				refusals++
			}
		}
		return refusals == 2
	}, patience, 50*time.Millisecond, "the refusal, and once more")
	for _, kind := range []string{"Delegation", "Attachment", "Hosting", "LinkReissue", "MailResend"} {
		s.keepFirst("WorkflowType = '"+kind+"' AND ExecutionStatus = 'Completed'", strings.ToLower(kind))
	}
	s.awaitLetter("eva@", "déléga")
	s.awaitEnd(handed)

	all := s.everything(metrics)
	for _, part := range []string{"history key-request-", "history key-change-", "history order-", "history inventory-", "database temporal: ", "database temporal_visibility: ", "file temporal.log"} {
		assert.True(t, all.has(part), "nothing was read of %s", part)
	}
	assert.NotEmpty(t, all.find("zinzolin"), "the database has it, and mails do")
	for _, word := range personal {
		for _, place := range all.find(word) {
			for _, engine := range []string{"history ", "database temporal", "file temporal", "file okey.log", "metrics", "output"} {
				assert.False(t, strings.HasPrefix(place, engine), "%s stands in %s", word, place)
			}
		}
	}
}

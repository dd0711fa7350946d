package inbox

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const multipart = "From: =?UTF-8?q?OKEY?= <okey@ac-exemple.fr>\r\n" +
	"To: roux@ac-exemple.fr\r\n" +
	"Subject: =?UTF-8?q?Une_clef_pour_le_coll=C3=A8ge?=\r\n" +
	"Date: Tue, 24 Nov 2026 09:12:00 +0100\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=outer\r\n\r\n" +
	"--outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n" +
	"--inner\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"L=E9a demande une clef : http://127.0.0.1:8080/valider/abc.\r\n" +
	"--inner\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
	"PHA+TMOpYSBkZW1hbmRlIHVuZSBjbGVmPC9wPjxzY3JpcHQ+YWxlcnQoMSk8L3NjcmlwdD4=\r\n" +
	"--inner--\r\n" +
	"--outer\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=UTF-8''commande%20d%C3%A9cembre.xlsx\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n" +
	"--outer--\r\n"

type running struct {
	box  *Inbox
	smtp string
	http *httptest.Server
}

func run(t *testing.T, dir string) running {
	t.Helper()
	box, err := Open(dir)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := box.SMTP()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	web := httptest.NewServer(box.Handler())
	t.Cleanup(web.Close)
	return running{box: box, smtp: listener.Addr().String(), http: web}
}

func (r running) send(t *testing.T, to []string, data string) {
	t.Helper()
	require.NoError(t, smtp.SendMail(r.smtp, nil, "bounce@ac-exemple.fr", to, []byte(data)))
}

type page struct {
	status int
	header http.Header
	body   string
}

func (r running) get(t *testing.T, path string) page {
	t.Helper()
	response, err := http.Get(r.http.URL + path)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return page{status: response.StatusCode, header: response.Header, body: string(body)}
}

func (r running) list(t *testing.T) (messages []map[string]any) {
	t.Helper()
	answer := r.get(t, "/messages.json")
	require.Equal(t, http.StatusOK, answer.status)
	require.NoError(t, json.Unmarshal([]byte(answer.body), &messages))
	return messages
}

func TestMessageIsDecodedWhole(t *testing.T) {
	r := run(t, t.TempDir())
	r.send(t, []string{"roux@ac-exemple.fr", "cachee@ac-exemple.fr"}, multipart)

	messages := r.list(t)
	require.Len(t, messages, 1)
	m := messages[0]
	require.Equal(t, "okey@ac-exemple.fr", m["from"])
	require.Equal(t, []any{"roux@ac-exemple.fr", "cachee@ac-exemple.fr"}, m["to"])
	require.Equal(t, "Une clef pour le collège", m["subject"])
	require.Equal(t, "2026-11-24T09:12:00+01:00", m["date"])
	require.Equal(t, "Léa demande une clef : http://127.0.0.1:8080/valider/abc.", strings.TrimSpace(m["text"].(string)))
	require.Contains(t, m["html"], "<p>Léa demande une clef</p>")
	require.Len(t, m, 7, "id, from, to, subject, date, text, html")
}

func TestEmptyInboxIsAnEmptyList(t *testing.T) {
	require.JSONEq(t, `[]`, run(t, t.TempDir()).get(t, "/messages.json").body)
}

func TestNewestFirstAndAcrossARestart(t *testing.T) {
	dir := t.TempDir()
	first := run(t, dir)
	for _, subject := range []string{"un", "deux", "trois"} {
		first.send(t, []string{"a@b.fr"}, "Subject: "+subject+"\r\n\r\nbonjour\r\n")
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "99999999999999999999-abc.eml.new"), []byte("Sub"), 0o600))
	second := run(t, dir)
	second.send(t, []string{"a@b.fr"}, "Subject: quatre\r\n\r\nbonjour\r\n")

	var subjects []any
	for _, m := range second.list(t) {
		subjects = append(subjects, m["subject"])
	}
	require.Equal(t, []any{"quatre", "trois", "deux", "un"}, subjects)
}

func TestHTMLMailRunsNothing(t *testing.T) {
	r := run(t, t.TempDir())
	r.send(t, []string{"roux@ac-exemple.fr"}, multipart)
	id := r.box.List("")[0].ID

	mail := r.get(t, "/messages/"+id+"/html")
	require.Contains(t, mail.body, "Léa demande une clef")
	policy := mail.header.Get("Content-Security-Policy")
	require.Contains(t, policy, "sandbox")
	require.NotContains(t, policy, "allow-scripts")
	require.Contains(t, policy, "default-src 'none'")

	around := r.get(t, "/messages/"+id)
	require.Contains(t, around.body, `sandbox="allow-popups allow-popups-to-escape-sandbox"`)
	require.NotContains(t, around.body, "<script>")
	require.Contains(t, around.body, `href="http://127.0.0.1:8080/valider/abc"`)
	require.Equal(t, "no-referrer", around.header.Get("Referrer-Policy"))
}

func TestAttachmentComesBackUnchanged(t *testing.T) {
	r := run(t, t.TempDir())
	r.send(t, []string{"roux@ac-exemple.fr"}, multipart)
	id := r.box.List("")[0].ID
	require.Contains(t, r.get(t, "/messages/"+id).body, "commande décembre.xlsx")

	attached := r.get(t, "/messages/"+id+"/attachments/0")
	require.Equal(t, "PK\x03\x04", attached.body)
	require.Contains(t, attached.header.Get("Content-Disposition"), "attachment")
	for _, none := range []string{"/attachments/1", "/attachments/-1", "/attachments/x"} {
		require.Equal(t, http.StatusNotFound, r.get(t, "/messages/"+id+none).status, none)
	}
}

func TestWhatIsNoMailIsShownAsItCame(t *testing.T) {
	r := run(t, t.TempDir())
	r.send(t, []string{"a@b.fr"}, "Content-Type: multipart/mixed; boundary=never\r\n\r\ncassé\r\n")
	require.Len(t, r.list(t), 1)
	require.Equal(t, http.StatusOK, r.get(t, "/").status)
}

func TestSubjectsAreEscapedAndSearched(t *testing.T) {
	r := run(t, t.TempDir())
	r.send(t, []string{"a@b.fr"}, "Subject: <b>gras</b>\r\n\r\nbonjour\r\n")
	r.send(t, []string{"c@d.fr"}, "Subject: autre\r\n\r\nbonjour\r\n")
	found := r.get(t, "/?q=gras+a@b.fr").body
	require.Contains(t, found, "&lt;b&gt;gras")
	require.NotContains(t, found, "autre")
}

func TestUnknownMessagesAreNotFound(t *testing.T) {
	r := run(t, t.TempDir())
	for _, path := range []string{"/messages/none", "/messages/none/html", "/messages/none/source", "/messages/..%2fx/source", "/nowhere"} {
		require.Equal(t, http.StatusNotFound, r.get(t, path).status, path)
	}
}

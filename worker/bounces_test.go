package worker_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/config"
	"okey/mail"
	"okey/worker"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The worker takes what comes back from its first moment: while the database is away, relays keep it.
func TestTheWorkerTakesBouncesWhateverIsAway(t *testing.T) {
	returns, metrics, nobody := freeAddress(t), freeAddress(t), freeAddress(t)
	cfg, err := config.Load(map[string]string{
		"OKEY_DATABASE_URL": "postgres://okey:x@" + nobody + "/okey?sslmode=disable", "OKEY_METRICS": metrics,
		"OKEY_LINK_KEYS": config.NewKeyring().Reveal(), "OKEY_AUDIT_KEYS": config.NewKeyring().Reveal(),
		"OKEY_BOUNCE_ADDRESS": "retours@ac-exemple.fr", "OKEY_BOUNCE_LISTEN": "smtp://" + returns,
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx, cfg) }()

	var client *smtp.Client
	require.Eventually(t, func() bool {
		client, err = smtp.Dial(returns)
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	address, err := mail.NewBounceAddress(cfg.BounceAddress, cfg.LinkKeys)
	require.NoError(t, err)
	for to, code := range map[string]int{address.Of(uuid.New()): 451, "retours@ac-exemple.fr": 550} {
		var refused *smtp.SMTPError
		require.ErrorAs(t, client.SendMail("", []string{to}, strings.NewReader("Subject: Absente\r\n\r\nJe reviens.\r\n")), &refused)
		assert.Equal(t, code, refused.Code, to)
		require.NoError(t, client.Reset())
	}
	response, err := http.Get(fmt.Sprintf("http://%s/metrics", metrics))
	require.NoError(t, err)
	defer response.Body.Close()
	figures, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Contains(t, string(figures), `okey_bounces_total{outcome="forged"} 1`)
	stop()
	assert.NoError(t, <-ended)
	_, err = smtp.Dial(returns)
	assert.Error(t, err, "nothing listens any more")
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

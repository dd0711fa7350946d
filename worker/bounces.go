package worker

import (
	"context"
	"log/slog"
	"net"

	"okey/bounces"
	"okey/config"
	"okey/mail"
	"okey/sql"

	"github.com/prometheus/client_golang/prometheus"
)

// takeBounces takes in what comes back of mails until ctx ends, where the settings say where from. Engine and database may be away: whoever
// has something keeps it then. A taken port is no reason to stop the work: another worker on the same machine has it.
func takeBounces(ctx context.Context, cfg config.Config, address mail.BounceAddress, store *sql.Store, registry prometheus.Registerer) {
	taker := bounces.NewTaker(store, address, registry)
	if cfg.BounceIMAP.Host != "" {
		go bounces.NewReader(taker, bounces.Mailbox(cfg.BounceIMAP), cfg.BounceDoneFolder).Run(ctx)
	}
	if cfg.BounceListen == "" {
		return
	}
	where := cfg.Bounces()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", where.Address)
	if err != nil {
		slog.Warn("what comes back is not taken in here: set OKEY_BOUNCE_LISTEN to a free address", "address", where.Address, "error", err)
		return
	}
	go func() {
		if err := taker.Serve(ctx, listener, where.Protocol == "lmtp"); err != nil {
			slog.Error("what comes back is no longer taken in", "error", err)
		}
	}()
}

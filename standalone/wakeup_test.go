package main

import (
	"context"
	stdsql "database/sql"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"okey/okey"
)

// holdGifts makes each commit of a gift wait for a lock: the server has all that it needs, and whoever sent the commit does not know yet.
const holdGifts = `
	CREATE FUNCTION hold_gift() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$;
	CREATE CONSTRAINT TRIGGER hold_gift AFTER UPDATE OF wake_up_owed ON request DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW WHEN (NEW.wake_up_owed AND NOT OLD.wake_up_owed) EXECUTE FUNCTION hold_gift()`

// A worker is killed while the gift of a key commits: the database keeps the gift, and nobody is left who knows whom to wake.
func TestAWorkerKilledBetweenGiftAndWakeUpLosesNoWakeUp(t *testing.T) {
	s := newStack(t, "--no-okey")
	s.env["OKEY_URL"] = s.runServer()
	worker := s.mortalWorker()
	s.keys("00480001")
	s.until("ali", okey.HandedOver, "00480001")
	waiting := s.until("lea", okey.AwaitingStock, "")

	admin, held := s.holdGifts()
	s.recorded("roux", "/keys/00480001/changes", fields{"reason": "return_to_stock", "comment": "rendue"})
	s.counts(admin, 1, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)
	require.NoError(t, worker.Process.Kill())
	_ = worker.Wait() // "signal: killed", as meant
	require.NoError(t, held.Close())
	s.counts(admin, 1, `SELECT count(*) FROM request WHERE wake_up_owed AND stage = 'awaiting_stock'`)

	s.mortalWorker()
	s.awaitStage(waiting, okey.AwaitingCharter)
	s.counts(admin, 0, `SELECT count(*) FROM request WHERE wake_up_owed`)
}

// An import gives a key while the engine is out of its reach, and all of OKEY is killed then.
func TestAGiftMadeWhileTheEngineIsAwayIsTakenAfterItsReturn(t *testing.T) {
	s := newStack(t)
	waiting := s.until("lea", okey.AwaitingStock, "")
	engineAt := s.env["TEMPORAL_ADDRESS"]
	s.env["TEMPORAL_ADDRESS"] = "127.0.0.1:1"
	s.keys("00480001")
	s.env["TEMPORAL_ADDRESS"] = engineAt
	require.Equal(t, string(okey.AwaitingStock), s.stage(waiting), "nobody could tell it")
	s.restart()
	s.repair()
	s.awaitStage(waiting, okey.AwaitingCharter)
}

// mortalWorker runs `bin/okey worker` until it is killed, at the end of the test at the latest.
func (s *stack) mortalWorker() *exec.Cmd {
	s.t.Helper()
	c := exec.Command(binary(s.t), "worker")
	c.Env = s.environment("OKEY_METRICS=")
	require.NoError(s.t, c.Start())
	s.t.Cleanup(func() {
		if c.ProcessState == nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	})
	return c
}

// holdGifts returns the owner's connection, and the one whose end lets gifts through.
func (s *stack) holdGifts() (*stdsql.DB, *stdsql.Conn) {
	s.t.Helper()
	admin, ctx := s.ownersDatabase(), context.Background()
	_, err := admin.ExecContext(ctx, holdGifts)
	require.NoError(s.t, err)
	held, err := admin.Conn(ctx)
	require.NoError(s.t, err)
	_, err = held.ExecContext(ctx, `SELECT pg_advisory_lock(4711)`)
	require.NoError(s.t, err)
	return admin, held
}

// counts waits until a question has this answer.
func (s *stack) counts(admin *stdsql.DB, want int, question string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		var n int
		return admin.QueryRowContext(context.Background(), question).Scan(&n) == nil && n == want
	}, patience, 20*time.Millisecond, question)
}

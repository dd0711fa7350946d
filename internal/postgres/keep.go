package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// pauses are how long a server that ended by itself is left before it is started again: as many times in a row, then it is given up.
var pauses = []time.Duration{0, time.Second, 3 * time.Second, 10 * time.Second, 30 * time.Second}

// settled is how long a server must have stood for the next fall to be a first one again.
const settled = 10 * time.Minute

var errStopped = errors.New("the cluster was stopped")

// Keep starts the server again where it ends without being told to: a kill, a crash, a disk that was full for a moment. It returns when ctx
// ends or the cluster is stopped (nil), or with the error of the last attempt.
func (c *Cluster) Keep(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		began := time.Now()
		select {
		case <-ctx.Done():
			return nil
		case <-c.Done():
		}
		if c.stopped() {
			return nil
		}
		if time.Since(began) > settled {
			attempt = 0
		}
		slog.Error("PostgreSQL ended by itself", "said", c.lastWords(), "log", c.LogFile())
		err := c.revive(ctx, &attempt)
		if err == nil {
			continue
		}
		if !errors.Is(err, errStopped) && ctx.Err() == nil {
			return err
		}
		return nil
	}
}

// revive tries until the server stands or the pauses are used up.
func (c *Cluster) revive(ctx context.Context, attempt *int) error {
	var last error
	for ; *attempt < len(pauses); *attempt++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pauses[*attempt]):
		}
		if last = c.restart(ctx); last == nil {
			slog.Info("PostgreSQL was started again", "attempt", *attempt+1)
			return nil
		}
		if errors.Is(last, errStopped) {
			return last
		}
	}
	if last == nil {
		last = errors.New(Explain(c.lastWords()))
	}
	return fmt.Errorf("PostgreSQL s'arrête à chaque fois qu'OKEY le relance : %w (voyez %s)", last, c.LogFile())
}

// restart starts the server once more on the same directory and port.
func (c *Cluster) restart(ctx context.Context) error {
	if err := stopOrphan(c.dataDir()); err != nil {
		return err
	}
	c.mu.Lock()
	if c.ending {
		c.mu.Unlock()
		return errStopped
	}
	c.done = make(chan struct{})
	err := c.launch()
	if err != nil {
		close(c.done)
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err := c.awaitReady(ctx); err != nil {
		_ = c.command.Process.Kill()
		<-c.Done()
		return err
	}
	return nil
}

func (c *Cluster) stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending
}

// causes are what PostgreSQL says in English of a directory that it can't work with, and what to do, in French.
var causes = []struct{ said, means string }{
	{"No space left on device", "le disque est plein : libérez de la place, puis relancez"},
	{"has wrong ownership", "le dossier appartient à un autre : rendez-le à son propriétaire (chown -R), ou recopiez-le avec « cp -a »"},
	{"has invalid permissions", "les droits du dossier sont trop larges : « chmod 700 » sur le dossier data de PostgreSQL"},
	{"has group or world access", "les droits du dossier sont trop larges : « chmod 700 » sur le dossier data de PostgreSQL"},
	{"Permission denied", "un fichier ne peut être lu : rendez le dossier à son propriétaire (chown -R), ou recopiez-le avec « cp -a »"},
	{"Read-only file system", "le disque est en lecture seule"},
	{"pg_control", "un fichier du dossier manque ou est abîmé : remettez la dernière sauvegarde"},
	{"could not locate a valid checkpoint", "un fichier du dossier manque ou est abîmé : remettez la dernière sauvegarde"},
	{"WAL directory", "un dossier de la base manque : remettez la dernière sauvegarde"},
	{"No such file or directory", "un fichier du dossier manque : remettez la dernière sauvegarde"},
	{"could not bind", "son port est pris par un autre programme"},
}

// Explain says in French what PostgreSQL's last words mean, followed by them; what is not known stays as it was said.
func Explain(words string) string {
	for _, cause := range causes {
		if strings.Contains(words, cause.said) {
			return cause.means + ". PostgreSQL a dit : " + words
		}
	}
	return words
}

// longLog is when the log of the runs before is put aside.
const longLog = 10 << 20

// openLog goes on with the log: why the last run ended stands in it.
func (c *Cluster) openLog() (*os.File, error) {
	if info, err := os.Stat(c.LogFile()); err == nil && info.Size() > longLog {
		if err := os.Rename(c.LogFile(), c.LogFile()+".1"); err != nil {
			return nil, fmt.Errorf("put the server's log aside: %w", err)
		}
	}
	log, err := os.OpenFile(c.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	if info, err := log.Stat(); err == nil {
		c.logFrom = info.Size()
	}
	return log, nil
}

// guarded are what a restart changes.
type guarded struct {
	mu      sync.Mutex
	ending  bool  // Stop was called: nothing is started any more
	logFrom int64 // where the log of the present run begins
}

package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Stop ends the server: sessions are broken off, what was committed is kept. It may be called more than once.
func (c *Cluster) Stop() error {
	c.stopping.Do(func() {
		c.mu.Lock()
		c.ending = true
		c.mu.Unlock()
		if c.command == nil {
			return
		}
		// SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one, mended by recovery at the next start.
		_ = c.command.Process.Signal(syscall.SIGINT) // it may be gone already: done tells
		select {
		case <-c.Done():
		case <-time.After(stopLimit):
			_ = c.command.Process.Signal(syscall.SIGQUIT)
			<-c.Done()
		}
		c.watchdog.dismiss()
	})
	if c.command == nil || c.exit == nil {
		return nil
	}
	return fmt.Errorf("stop postgres: %w", c.exit)
}

// stopOrphan ends the server that a killed process left on the data directory. postmaster.pid may be stale and its
// number given to somebody else's process since, so nothing is signalled that is not this directory's server.
func stopOrphan(dataDir string) error {
	pid, err := postmasterPID(dataDir)
	if err != nil || pid == 0 || !serves(pid, dataDir) {
		return err
	}
	deadline := time.After(stopLimit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	signal := syscall.SIGINT
	for {
		if err := syscall.Kill(pid, signal); errors.Is(err, syscall.ESRCH) {
			return nil
		} else if err != nil {
			return err
		}
		select {
		case <-deadline:
			signal = syscall.SIGQUIT
		case <-tick.C:
			if !serves(pid, dataDir) {
				return nil
			}
		}
	}
}

func postmasterPID(dataDir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dataDir, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && pid > 1 {
		return pid, nil
	}
	return 0, nil // half written: its server never came to life
}

// serves tells whether the process is the server of the data directory: a server's working directory is always its
// data directory.
func serves(pid int, dataDir string) bool {
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	real, err := filepath.EvalSymlinks(dataDir)
	if err != nil {
		return false
	}
	if runtime.GOOS == "linux" {
		cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
		return err == nil && cwd == real
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, "lsof", "-a", "-p", strconv.Itoa(pid), "-d", "cwd", "-Fn").Output()
	return err == nil && strings.Contains(string(out), "\nn"+real+"\n")
}

func locale() string {
	if runtime.GOOS == "darwin" {
		return "en_US.UTF-8"
	}
	return "C.UTF-8" // sorts by code point, yet knows É from é
}

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// service is `bin/okey NAME` as a supervisor keeps it: killed and frozen by the test, started again by the test.
type service struct {
	t    *testing.T
	name string
	path string
	env  []string
	log  string

	mu      sync.Mutex
	command *exec.Cmd
	ended   chan struct{}
	killed  bool // by the test, or at its end
}

func (s *stack) newService(name string, changes ...string) *service {
	s.t.Helper()
	p := &service{
		t: s.t, name: name, path: binary(s.t), env: s.environment(append([]string{"OKEY_METRICS="}, changes...)...),
		log: filepath.Join(s.t.TempDir(), name+".log"),
	}
	s.t.Cleanup(p.kill)
	require.NoError(s.t, p.start())
	return p
}

func (p *service) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(p.path, p.name)
	command.Env, command.Stdout, command.Stderr = p.env, log, log
	if err := command.Start(); err != nil {
		return err
	}
	p.command, p.ended, p.killed = command, make(chan struct{}), false
	go p.watch(p.command, p.ended)
	return nil
}

// watch holds a program to running until it is killed, whatever happens around it.
func (p *service) watch(command *exec.Cmd, ended chan struct{}) {
	err := command.Wait()
	p.mu.Lock()
	killed := p.killed
	p.mu.Unlock()
	close(ended)
	if !killed {
		p.t.Errorf("okey %s ended by itself: %v\n%s", p.name, err, p.lastWords())
	}
}

func (p *service) kill() {
	p.mu.Lock()
	if p.command == nil {
		p.mu.Unlock()
		return
	}
	p.killed = true
	_ = p.command.Process.Kill()
	ended := p.ended
	p.mu.Unlock()
	<-ended
}

func (p *service) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.NoError(p.t, p.command.Process.Signal(s), p.name)
}

func (p *service) said() string {
	text, err := os.ReadFile(p.log)
	assert.NoError(p.t, err)
	return string(text)
}

func (p *service) lastWords() string {
	said := []byte(p.said())
	if len(said) > 4000 {
		said = said[bytes.IndexByte(said[len(said)-4000:], '\n')+len(said)-4000:]
	}
	return string(said)
}

// awaitReady returns once the server says that it lacks nothing.
func (tr *trial) awaitReady() {
	require.Eventually(tr.t, func() bool { return answers(tr.ctx, tr.base+"/readyz") }, patience, 50*time.Millisecond, "readyz")
}

func (tr *trial) postmaster() int {
	text, err := os.ReadFile(filepath.Join(tr.dir, "postgres", "data", "postmaster.pid"))
	if !assert.NoError(tr.t, err) {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	assert.NoError(tr.t, err)
	return pid
}

// backends are the processes of PostgreSQL that serve OKEY.
func (tr *trial) backends() []int {
	var pids []int
	rows, err := tr.admin.QueryContext(tr.ctx, `SELECT pid FROM pg_stat_activity WHERE usename = $1 ORDER BY pid`, okeyRole)
	if !assert.NoError(tr.t, err) {
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var pid int
		assert.NoError(tr.t, rows.Scan(&pid))
		pids = append(pids, pid)
	}
	assert.NoError(tr.t, rows.Err())
	return pids
}

// busiest is a process of PostgreSQL in the midst of a transaction of OKEY's, with its locks; any other where none is for a second.
func (tr *trial) busiest() []int {
	const question = `SELECT pid, state IN ('active', 'idle in transaction') AS busy FROM pg_stat_activity
		WHERE usename = $1 AND state IS NOT NULL ORDER BY busy DESC, state_change DESC LIMIT 1`
	tick, enough := time.NewTicker(5*time.Millisecond), time.After(time.Second)
	defer tick.Stop()
	for {
		var pid int
		var busy bool
		err := tr.admin.QueryRowContext(tr.ctx, question, okeyRole).Scan(&pid, &busy)
		if !assert.NoError(tr.t, err) {
			return nil
		}
		select {
		case <-enough:
			return []int{pid}
		case <-tick.C:
			if busy {
				return []int{pid}
			}
		}
	}
}

// send signals processes of PostgreSQL; one that has ended meanwhile is none.
func (tr *trial) send(signal syscall.Signal, pids ...int) {
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); pid > 1 && err != syscall.ESRCH {
			assert.NoError(tr.t, err)
		}
	}
}

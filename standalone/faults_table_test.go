package main

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"okey/internal/postbox"
)

// fault is one way to be hit. begin returns what ends it.
type fault struct {
	name    string
	touches string                           // two faults that touch the same are not made together
	once    bool                             // it is over as it begins: what it broke comes back by itself
	long    bool                             // it takes minutes until it is over: for the long form, and there alone
	needs   func(*testing.T) (whyNot string) // what must be made for it before the run: for the long form
	begin   func(*trial) (end func())
}

// faults is the table: wires first, then programs, then the relay, then clocks.
func faults() []fault {
	return slices.Concat(wireFaults(), programFaults(), relayFaults(), clockFaults())
}

// wireFaults are cut, silent, slow and lost lines, the server's, the worker's or both.
func wireFaults() []fault {
	var all []fault
	for _, what := range []string{"database", "temporal", "smtp"} {
		for _, whose := range [][]string{{"server"}, {"worker"}, {"server", "worker"}} {
			if what == "smtp" && !slices.Equal(whose, []string{"worker"}) {
				continue // the worker alone sends mail
			}
			name := "-" + whose[0]
			if len(whose) > 1 {
				name = "-both"
			}
			all = append(all,
				wireFault(what+"-cut"+name, what, whose, (*wire).cut),
				wireFault(what+"-silent"+name, what, whose, (*wire).silence),
				wireFault(what+"-slow"+name, what, whose, (*wire).slow),
			)
			if what != "smtp" && len(whose) == 1 {
				lost := wireFault(what+"-lost"+name, what, whose, (*wire).lose)
				lost.long = true
				all = append(all, lost)
			}
		}
	}
	return all
}

func wireFault(name, what string, whose []string, hit func(*wire)) fault {
	return fault{name: name, touches: what, begin: func(tr *trial) func() {
		var hurt []*wire
		for _, program := range whose {
			hurt = append(hurt, tr.wires[program+" "+what])
		}
		for _, w := range hurt {
			hit(w)
		}
		return func() {
			for _, w := range hurt {
				w.mend()
			}
		}
	}}
}

func programFaults() []fault {
	server := func(tr *trial) *service { return tr.server }
	worker := func(tr *trial) *service { return tr.worker }
	return []fault{
		{name: "server-killed", touches: "server", begin: killed(server)},
		{name: "server-frozen", touches: "server", begin: frozen(server)},
		{name: "worker-killed", touches: "worker", begin: killed(worker)},
		{name: "worker-frozen", touches: "worker", begin: frozen(worker)},
		{name: "postgres-frozen", touches: "database", begin: func(tr *trial) func() {
			pids := tr.backends()
			tr.send(syscall.SIGSTOP, pids...)
			return func() { tr.send(syscall.SIGCONT, pids...) }
		}},
		{name: "postgres-one-frozen", touches: "database", begin: func(tr *trial) func() {
			pids := tr.busiest()
			tr.send(syscall.SIGSTOP, pids...)
			return func() { tr.send(syscall.SIGCONT, pids...) }
		}},
		{name: "postgres-one-killed", touches: "database", once: true, begin: func(tr *trial) func() {
			tr.send(syscall.SIGKILL, tr.busiest()...) // the others are ended by the postmaster, as after a crash
			return func() {}
		}},
		{name: "postmaster-killed", touches: "database", once: true, begin: func(tr *trial) func() {
			tr.send(syscall.SIGKILL, tr.postmaster())
			return func() {}
		}},
		{name: "standalone-killed", touches: "database", long: true, begin: func(tr *trial) func() {
			tr.program.kill(tr.t)
			return func() { tr.program = start(tr.t, tr.dir, "--no-okey", "--no-demo") }
		}},
		{name: "disk-full", touches: "database", long: true, needs: ownDisk, begin: (*trial).fillDisk},
	}
}

func killed(whom func(*trial) *service) func(*trial) func() {
	return func(tr *trial) func() {
		p := whom(tr)
		p.kill()
		return func() {
			if err := p.start(); err != nil {
				tr.t.Errorf("start okey %s again: %v", p.name, err)
			}
		}
	}
}

func frozen(whom func(*trial) *service) func(*trial) func() {
	return func(tr *trial) func() {
		p := whom(tr)
		p.signal(syscall.SIGSTOP)
		return func() { p.signal(syscall.SIGCONT) }
	}
}

func relayFaults() []fault {
	refuses := func(code int, status smtp.EnhancedCode) func(*trial) func() {
		return func(tr *trial) func() {
			tr.relay.RefuseAs(postbox.Everyone, code, status)
			return func() { tr.relay.Refuse(postbox.Everyone, 0) }
		}
	}
	atDot := func(f func(tr *trial, hangUp func())) func(*trial) func() {
		return func(tr *trial) func() {
			tr.relay.AtDot(func(hangUp func()) { f(tr, hangUp) })
			return func() { tr.relay.AtDot(nil) }
		}
	}
	return []fault{
		{name: "relay-451", touches: "relay", begin: refuses(451, smtp.EnhancedCode{4, 3, 0})},
		{name: "relay-552-5.2.2", touches: "relay", begin: refuses(552, smtp.EnhancedCode{5, 2, 2})},
		{name: "relay-550", touches: "relay", begin: refuses(550, smtp.EnhancedCode{5, 1, 1})},
		{name: "relay-slow-at-dot", touches: "relay", begin: atDot(func(tr *trial, _ func()) { <-time.After(tr.form.dot) })},
		{name: "relay-drops-after-data", touches: "relay", begin: atDot(func(_ *trial, hangUp func()) { hangUp() })},
	}
}

package sql

import (
	"strings"
	"syscall"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of tcp(7), which package syscall does not name: how long, in milliseconds, what was sent may stay
// unacknowledged. Keepalives say nothing while something is under way.
const tcpUserTimeout = 18

func limitUnanswered(kind, _ string, raw syscall.RawConn) error {
	if !strings.HasPrefix(kind, "tcp") {
		return nil
	}
	var wrong error
	err := raw.Control(func(fd uintptr) {
		wrong = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unanswered.Milliseconds()))
	})
	if err == nil {
		err = wrong
	}
	return err
}

package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// watchdog is a shell that waits on a pipe whose other end only this process holds. End of file without a word means
// that this process is gone: then the server is killed and its folder removed.
type watchdog struct {
	pipe    *os.File
	command *exec.Cmd
}

const watchdogScript = `read word && exit 0
kill -QUIT "$1"
while kill -0 "$1" 2>/dev/null; do sleep 0.1; done
rm -rf "$2"`

func watch(pid int, dir string) (*watchdog, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("watch over the server: %w", err)
	}
	defer read.Close()
	command := exec.Command("/bin/sh", "-c", watchdogScript, "sh", strconv.Itoa(pid), dir)
	command.Stdin = read
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		write.Close()
		return nil, fmt.Errorf("watch over the server: %w", err)
	}
	return &watchdog{pipe: write, command: command}, nil
}

// dismiss sends the watchdog home: the server was stopped in good order.
func (w *watchdog) dismiss() {
	if w == nil {
		return
	}
	_, _ = w.pipe.WriteString("done\n") // a watchdog that is gone needs no dismissal
	_ = w.pipe.Close()
	_ = w.command.Wait()
}

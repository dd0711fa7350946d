package main

import (
	"context"
	little "encoding/binary"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// jump is by how much a clock is wrong for a while, as before the first answer of a time server.
const jump = time.Hour

// clockFile names the file that tells a program with a clock of its own by how many seconds it is wrong.
const clockFile = "OKEY_FAULTS_CLOCK"

// jumped is what the standard library's package time has besides, in the programs of a run with jumping clocks.
const jumped = `package time

import (
	"sync"
	"syscall"
)

var jumps = sync.OnceValue(func() []byte {
	path, found := syscall.Getenv("` + clockFile + `")
	if !found {
		return make([]byte, 8) // a command, whose clock is right
	}
	file, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		panic("` + clockFile + `: " + err.Error())
	}
	shared, err := syscall.Mmap(file, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic("` + clockFile + `: " + err.Error())
	}
	return shared
})

func jumped() (seconds int64) {
	for i, b := range jumps() {
		seconds |= int64(b) << (8 * i)
	}
	return seconds
}
`

// clocked is whether programs have clocks of their own.
var clocked bool

// ownClocks has this run's programs read the time from clocks of their own: the machine's is everybody's, and a program without a C library
// can't be shown another from outside. It takes a build of all that they are made of.
func ownClocks(t *testing.T) (why string) {
	t.Helper()
	if clocked {
		return ""
	}
	dir := t.TempDir()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	library := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	source, err := os.ReadFile(filepath.Join(library, "time.go"))
	require.NoError(t, err)
	const reads = "sec, nsec, mono := runtimeNow()\n"
	if strings.Count(string(source), reads) != 1 {
		return "time.Now of this Go is another than the one that is known here"
	}
	overlay := map[string]string{}
	for name, text := range map[string]string{"time.go": strings.Replace(string(source), reads, reads+"\tsec += jumped()\n", 1), "jumped.go": jumped} {
		overlay[filepath.Join(library, name)] = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600))
	before := binary(t)
	path := filepath.Join(dir, "okey")
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", path, "./cmd/okey")
	build.Dir = ".."
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	product.path, clocked = path, true
	t.Cleanup(func() { product.path, clocked = before, false })
	return ""
}

// clock gives a program a clock of its own, which is right at first.
func (tr *trial) clock(program string) (setting string) {
	path := filepath.Join(tr.t.TempDir(), "clock")
	tr.clocks[program] = path
	tr.turn(program, 0)
	return clockFile + "=" + path
}

func (tr *trial) turn(program string, by time.Duration) {
	wrong := little.LittleEndian.AppendUint64(nil, uint64(int64(by.Seconds())))
	file, err := os.OpenFile(tr.clocks[program], os.O_CREATE|os.O_WRONLY, 0o600) // not made anew: the program has it in its memory
	if !assert.NoError(tr.t, err) {
		return
	}
	_, err = file.Write(wrong)
	assert.NoError(tr.t, err)
	assert.NoError(tr.t, file.Close())
}

// serverIsWrong holds the server's answer, where it gives one, to the time that it was given.
func (tr *trial) serverIsWrong(by time.Duration) {
	ctx, cancel := context.WithTimeout(tr.ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, tr.base+"/healthz", nil)
	require.NoError(tr.t, err)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return // another fault has it
	}
	defer answer.Body.Close()
	said, err := http.ParseTime(answer.Header.Get("Date"))
	assert.NoError(tr.t, err)
	assert.InDelta(tr.t, by.Minutes(), time.Until(said).Minutes(), 1, "the server's clock")
}

// clockFaults are clocks of the server's, the worker's or both that jump ahead or behind, and back.
func clockFaults() []fault {
	var all []fault
	for _, wrong := range []struct {
		name string
		by   time.Duration
	}{{"ahead", jump}, {"behind", -jump}} {
		for name, whose := range map[string][]string{"server": {"server"}, "worker": {"worker"}, "both": {"server", "worker"}} {
			turn := func(tr *trial, by time.Duration) {
				for _, program := range whose {
					tr.turn(program, by)
				}
			}
			begin := func(tr *trial) func() {
				turn(tr, wrong.by)
				if slices.Contains(whose, "server") {
					tr.serverIsWrong(wrong.by)
				}
				return func() { turn(tr, 0) }
			}
			all = append(all, fault{name: "clock-" + wrong.name + "-" + name, touches: "clock", needs: ownClocks, begin: begin})
		}
	}
	slices.SortFunc(all, func(a, b fault) int { return strings.Compare(a.name, b.name) }) // a seed means one schedule
	return all
}

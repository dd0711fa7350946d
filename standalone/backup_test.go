package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// standaloneCommand runs one of okey-standalone's commands to its end.
func standaloneCommand(t *testing.T, dir string, arguments ...string) (said string, err error) {
	t.Helper()
	c := command(t, dir, arguments...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	require.NoError(t, c.Start())
	runs := time.AfterFunc(patience, func() { _ = c.Process.Signal(syscall.SIGTERM) }) // it runs, where it was to refuse
	defer runs.Stop()
	err = c.Wait()
	return out.String(), err
}

// keepAsking has people ask, heads answer and people sign until told to stop, and returns the requests that were answered for, in that order.
func (s *stack) keepAsking(ctx context.Context, people []string, done *atomic.Int64) (requests []string) {
	for ctx.Err() == nil {
		for _, person := range people {
			id := s.ask(person)
			s.signal("roux", id, okey.PrincipalDecision, fields{"decision": "approve", "comment": ""})
			s.signal(person, id, okey.Withdrawal, fields{"comment": ""})
			requests = append(requests, id)
			done.Add(1)
		}
	}
	return requests
}

// What a backup has, taken while people work, a new folder goes on with: what was answered before it began is there, journal, signatures and
// engine agree, and open requests go on.
func TestABackupTakenUnderLoadGoesOnElsewhere(t *testing.T) {
	s := newStack(t)
	s.keys("8300000001", "8300000002")
	open := s.until("lea", okey.AwaitingHandover, "")
	waits := s.ask("noa")
	file := filepath.Join(t.TempDir(), "okey.tar.gz")

	for _, person := range []string{"ali", "eva", "roux"} {
		s.token(person) // before they are used side by side
	}
	ctx, stop := context.WithCancel(t.Context())
	var before, during atomic.Int64
	var asked []string
	var load sync.WaitGroup
	load.Go(func() { asked = s.keepAsking(ctx, []string{"ali", "eva"}, &during) })
	require.Eventually(t, func() bool { return during.Load() >= 4 }, patience, 20*time.Millisecond, "there is no load")
	before.Store(during.Load())
	said, err := standaloneCommand(t, s.dir, "backup", file)
	require.NoError(t, err, said)
	assert.Contains(t, said, "Sauvegarde faite : "+file)
	after := during.Load()
	stop()
	load.Wait()
	t.Logf("%d requests before the backup, %d while it was taken", before.Load(), after-before.Load())
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode(), "it has the secrets")
	s.stop(t)

	there := filepath.Join(t.TempDir(), "data")
	said, err = standaloneCommand(t, there, "restore", file)
	require.NoError(t, err, said)
	r := &stack{program: start(t, there, "--no-demo"), t: t, tokens: map[string]string{}}
	for i, id := range asked {
		if int64(i) < before.Load() {
			assert.Equal(t, string(okey.Withdrawn), r.stage(id), "request %d, answered before the backup began", i)
		}
	}
	advice := r.advice()
	assert.Contains(t, advice, "chaîne intacte")
	assert.NotContains(t, advice, "✗", "nothing is wrong with it")
	assert.Equal(t, string(okey.HandedOver), r.applied("roux", open, okey.Handover, fields{"serial": "8300000001"}).text("stage"))
	// The other key may be kept for one of those who were asking at the very moment.
	assert.Contains(t, []string{string(okey.AwaitingCharter), string(okey.AwaitingStock)},
		r.applied("roux", waits, okey.PrincipalDecision, fields{"decision": "approve", "comment": ""}).text("stage"))
}

// As root, PostgreSQL would be handed a folder that its owner could not use any more.
func TestAFolderOfSomebodyElseIsRefusedBeforeItIsTouched(t *testing.T) {
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		dir = "/usr" // whoever is nobody special finds one of root's
	} else {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "postgres", "data"), 0o700))
		require.NoError(t, os.Chown(dir, 65534, 65534))
	}
	for _, arguments := range [][]string{{"--no-demo"}, {"backup", filepath.Join(t.TempDir(), "okey.tar.gz")}} {
		said, err := standaloneCommand(t, dir, arguments...)
		require.Error(t, err)
		assert.Contains(t, said, "lancez cette commande sous son nom")
	}
	assert.NoFileExists(t, filepath.Join(dir, "lock"))
}

func TestABackupOfAStoppedHouseIsTakenAsWell(t *testing.T) {
	s := newStack(t)
	s.keys("8300000001")
	request := s.ask("lea")
	s.stop(t)
	file := filepath.Join(t.TempDir(), "okey.tar.gz")
	said, err := standaloneCommand(t, s.dir, "backup", file)
	require.NoError(t, err, said)
	said, err = standaloneCommand(t, s.dir, "backup", file)
	require.Error(t, err)
	assert.Contains(t, said, file+" existe déjà")
	said, err = standaloneCommand(t, s.dir, "backup", filepath.Join(s.dir, "okey.tar.gz"))
	require.Error(t, err, "it would be part of itself")
	assert.Contains(t, said, "est dans le dossier à sauvegarder")
	there := filepath.Join(t.TempDir(), "data")
	said, err = standaloneCommand(t, there, "restore", file)
	require.NoError(t, err, said)
	r := &stack{program: start(t, there, "--no-demo"), t: t, tokens: map[string]string{}}
	assert.Equal(t, string(okey.AwaitingDecision), r.stage(request))
}

// What is wrong with a backup is said before anything is kept of it.
func TestABackupThatIsNotWholeIsRefused(t *testing.T) {
	s := newStack(t)
	s.stop(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "okey.tar.gz")
	said, err := standaloneCommand(t, s.dir, "backup", file)
	require.NoError(t, err, said)
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	refused := func(name string, content []byte, words string) {
		t.Helper()
		bad := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(bad, content, 0o600))
		there := filepath.Join(dir, name+".data")
		said, err := standaloneCommand(t, there, "restore", bad)
		require.Error(t, err, name)
		assert.Contains(t, said, words, name)
		assert.NoDirExists(t, there, name)
		assert.NoDirExists(t, there+".part", name)
	}
	refused("cut", whole[:len(whole)/2], "n'est pas une sauvegarde entière")
	refused("none", []byte("bonjour"), "n'est pas une sauvegarde entière")
	refused("flipped", flipped(t, dir, file), "la sauvegarde est abîmée")
	refused("climbing", archive(t, "../climbed"), "n'est pas une sauvegarde entière")
	assert.NoFileExists(t, filepath.Join(dir, "climbed"))

	said, err = standaloneCommand(t, s.dir, "restore", file)
	require.Error(t, err)
	assert.Contains(t, said, "n'est pas vide")
	said, err = standaloneCommand(t, filepath.Join(dir, "nowhere"), "backup", filepath.Join(dir, "of-nothing"))
	require.Error(t, err)
	assert.Contains(t, said, "n'a pas de base")
	assert.NoFileExists(t, filepath.Join(dir, "of-nothing"))
}

// flipped is the backup with one byte of a table changed, and all sums of the archive right.
func flipped(t *testing.T, dir, file string) []byte {
	t.Helper()
	at := filepath.Join(dir, "flipping")
	require.NoError(t, os.Mkdir(at, 0o700))
	run := func(name string, arguments ...string) {
		t.Helper()
		said, err := exec.Command(name, arguments...).CombinedOutput()
		require.NoError(t, err, "%s", said)
	}
	run("tar", "xzf", file, "-C", at)
	table, err := filepath.Glob(filepath.Join(at, "postgres/data/base/*/1259"))
	require.NoError(t, err)
	require.NotEmpty(t, table)
	f, err := os.OpenFile(table[0], os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteAt([]byte{0xff, 0x00, 0xff}, 100)
	require.NoError(t, err)
	run("tar", "czf", file+".flipped", "-C", at, ".")
	content, err := os.ReadFile(file + ".flipped")
	require.NoError(t, err)
	return content
}

// archive is one with a single empty file of that name.
func archive(t *testing.T, name string) []byte {
	t.Helper()
	var made bytes.Buffer
	zip := gzip.NewWriter(&made)
	out := tar.NewWriter(zip)
	require.NoError(t, out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600}))
	require.NoError(t, errors.Join(out.Close(), zip.Close()))
	return made.Bytes()
}

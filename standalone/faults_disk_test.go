package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ballast fills the disk that a trial has for itself.
const ballast = "ballast"

// ownDisk gives what is kept in this run a small disk of its own, and says why not where that can't be: another's disk is never filled.
func ownDisk(t *testing.T) (why string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return "only root may make a small disk for it"
	}
	dir := filepath.Dir(private(t))
	said, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1g,mode=711", "tmpfs", dir).CombinedOutput()
	if err != nil {
		return "no small disk can be made here: " + string(said)
	}
	before := folder
	t.Cleanup(func() {
		folder = before
		said, err := exec.Command("umount", dir).CombinedOutput()
		require.NoError(t, err, "%s", said)
	})
	folder = dir
	return ""
}

// fillDisk takes the last byte.
func (tr *trial) fillDisk() func() {
	path := filepath.Join(folder, ballast)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if !assert.NoError(tr.t, err) {
		return func() {}
	}
	block := make([]byte, 1<<20)
	for len(block) > 0 {
		if _, err := file.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
	assert.NoError(tr.t, file.Close())
	return func() { assert.NoError(tr.t, os.Remove(path)) }
}

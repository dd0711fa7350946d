package postgres

import "syscall"

// room is what a folder in memory must have free before tests use it: their clusters need some 300 MB.
const room = 1 << 30

// Memory is a folder in memory for what tests throw away, "" where there is none with room: os.MkdirTemp takes either. A database is a
// thousand files, which a disk takes ten times as long to make and remove.
func Memory() string {
	const dir = "/dev/shm"
	var at syscall.Statfs_t
	if err := syscall.Statfs(dir, &at); err != nil || at.Bavail*uint64(at.Bsize) < room {
		return ""
	}
	return dir
}

// Copying is the end of a CREATE DATABASE ... TEMPLATE that costs the least: where there is a choice, the default writes every page to the
// log, too, and leaves the cache of the catalogue behind.
func (c *Cluster) Copying() string {
	if c.binaries.Major < 15 {
		return ""
	}
	return " STRATEGY FILE_COPY"
}

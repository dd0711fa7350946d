package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
)

// account is who the server runs as, where that is not ourselves: PostgreSQL refuses to run as root.
type account struct{ uid, gid int }

func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("read the ids of user %s: %w", name, err)
		}
		return &account{uid: uid, gid: gid}, nil
	}
	return nil, errors.New("PostgreSQL ne peut pas tourner en tant que root, et cette machine n'a ni utilisateur postgres ni utilisateur " +
		"nobody")
}

// own hands a file of the cluster to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// attributes put the process in a session of its own, out of reach of the terminal's Ctrl-C: the database stops last.
func (a *account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setsid: true}
	if a != nil {
		attributes.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid), Groups: []uint32{}}
	}
	return attributes
}

// seesThroughDescriptor tells whether the account's programs reach the cluster's folder through an inherited descriptor
// rather than by its path. The folder may stand under one that only root may enter (/root, a 0700 temporary folder).
func (a *account) seesThroughDescriptor() bool { return a != nil && runtime.GOOS == "linux" }

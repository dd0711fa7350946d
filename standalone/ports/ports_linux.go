// Package ports keeps ports of this machine for parts that begin to listen a little later.
// It knows nothing of OKEY.
package ports

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
)

// Keep keeps a port (0: any free one) of an IP address for as long as this process lives, and returns ip:port. Who names the port can
// listen there, once; a connection or a program that takes any free port is not given it. Without that, the port of a part that still
// starts was now and then somebody else's when the part came to listen.
//
// Its way is bind(2) without listen(2): with SO_REUSEADDR, which Go sets wherever it listens, only a socket that listens is in the way.
func Keep(address string) (string, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return "", fmt.Errorf("keep a port: %w", err)
	}
	family, name := syscall.AF_INET6, syscall.Sockaddr(&syscall.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()})
	if at.Addr().Is4() {
		family, name = syscall.AF_INET, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("keep the port of %s: %w", address, os.NewSyscallError("socket", err))
	}
	if err := bind(fd, name); err != nil {
		_ = syscall.Close(fd) // nothing was kept
		return "", fmt.Errorf("keep the port of %s: %w", address, err)
	}
	port := int(at.Port())
	if port == 0 {
		if port, err = portOf(fd); err != nil {
			return "", err
		}
	}
	return net.JoinHostPort(at.Addr().String(), strconv.Itoa(port)), nil
}

func bind(fd int, name syscall.Sockaddr) error {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return os.NewSyscallError("bind", syscall.Bind(fd, name))
}

func portOf(fd int) (int, error) {
	name, err := syscall.Getsockname(fd)
	switch name := name.(type) {
	case *syscall.SockaddrInet4:
		return name.Port, nil
	case *syscall.SockaddrInet6:
		return name.Port, nil
	}
	return 0, fmt.Errorf("which port was kept: %w", os.NewSyscallError("getsockname", err))
}

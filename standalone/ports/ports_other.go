//go:build !linux

package ports

import (
	"fmt"
	"net"
)

// Keep finds the port and keeps nothing: elsewhere a port that is bound can't be listened at by another socket.
func Keep(address string) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

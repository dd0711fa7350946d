package radius

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"layeh.com/radius"
)

// exchange sends a request to one server and waits for its answer. What is wrongly signed is passed over, for anybody may have sent it: the
// right answer may still come. Where none does, the error says what was wrong with the last.
func (s Settings) exchange(ctx context.Context, to Server, request func(secret []byte) (*radius.Packet, error)) (*radius.Packet, error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	secret := []byte(s.Secret)
	if to.TLS {
		secret = []byte(secretOfTLS)
	}
	p, err := request(secret)
	if err != nil {
		return nil, err
	}
	wire, err := sign(p)
	if err != nil {
		return nil, err
	}
	conn, err := s.dial(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if to.TLS {
		return overTLS(conn, wire, secret)
	}
	return overUDP(ctx, conn, wire, secret)
}

func (s Settings) dial(ctx context.Context, to Server) (net.Conn, error) {
	if !to.TLS {
		return new(net.Dialer).DialContext(ctx, "udp", to.Address)
	}
	return (&tls.Dialer{Config: s.TLS}).DialContext(ctx, "tcp", to.Address)
}

func overUDP(ctx context.Context, conn net.Conn, wire, secret []byte) (*radius.Packet, error) {
	wrong := errors.New("it was silent")
	var incoming [radius.MaxPacketLength]byte
	for ctx.Err() == nil {
		if _, err := conn.Write(wire); err != nil {
			return nil, fmt.Errorf("send: %w", err)
		}
		sent := time.Now()
		for ctx.Err() == nil && time.Since(sent) < again {
			if err := conn.SetReadDeadline(sent.Add(again)); err != nil {
				return nil, err
			}
			n, err := conn.Read(incoming[:])
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil { // nobody listens there
				return nil, fmt.Errorf("receive: %w", err)
			}
			p, err := verified(incoming[:n], wire, secret)
			if err == nil {
				return p, nil
			}
			wrong = err
		}
	}
	return nil, wrong
}

func overTLS(conn net.Conn, wire, secret []byte) (*radius.Packet, error) {
	if _, err := conn.Write(wire); err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(conn, head); err != nil {
		return nil, fmt.Errorf("receive: %w", err)
	}
	length := int(binary.BigEndian.Uint16(head[2:]))
	if length < 20 || length > radius.MaxPacketLength {
		return nil, errors.New("it sent what is no RADIUS packet")
	}
	incoming := make([]byte, length)
	copy(incoming, head)
	if _, err := io.ReadFull(conn, incoming[len(head):]); err != nil {
		return nil, fmt.Errorf("receive: %w", err)
	}
	return verified(incoming, wire, secret)
}

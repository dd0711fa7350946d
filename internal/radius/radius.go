// Package radius asks an academy's authentication server whether it accepts a password: a client of RADIUS (RFC 2865), over UDP or within
// TLS (RadSec, RFC 6614). Each request carries a Message-Authenticator, first of its attributes, and an answer without a right one is none
// (RFC 2869, 5.14; CVE-2024-3596, "Blast-RADIUS"). Nothing here writes a password or a user's name into a log or an error.
package radius

import (
	"context"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // RFC 2865 and RFC 2869 want it
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"
)

// Server is one of those that are asked in turn.
type Server struct {
	Address string // host:port
	TLS     bool   // RadSec, over TCP
}

// Settings say which servers are asked, and as whom.
type Settings struct {
	Servers []Server
	Secret  string      // shared with those that are asked over UDP; within TLS it is "radsec" (RFC 6614, 2.3)
	TLS     *tls.Config // of RadSec
	NAS     string      // NAS-Identifier (RFC 2865, 5.32)
	Timeout time.Duration
}

// Verdict is what a server says of a password.
type Verdict int

// The verdicts.
const (
	Accept Verdict = iota + 1
	Reject
	Challenge // it wants another password, such as the next code: see Answer.State
)

// Answer is what a server has said.
type Answer struct {
	Verdict Verdict
	Server  int    // which of Settings.Servers
	State   []byte // of a challenge: goes with the next password to that same server (RFC 2865, 5.24)
	Message string // Reply-Message, for the person
}

// ErrAway is that no server has answered, or none as it must.
var ErrAway = errors.New("no RADIUS server has answered")

var errUnsigned = errors.New("its answer has no Message-Authenticator (CVE-2024-3596): have it sent always")

// Timeout is how long one server has for its answer, where Settings say nothing.
const Timeout = 4 * time.Second

// again is how long to wait before the same request is sent once more over UDP: the server knows it for the same by its identifier and
// authenticator, and a code is not used up twice (RFC 5080, 2.2.2).
const again = 1500 * time.Millisecond

// secretOfTLS is everybody's within TLS, which protects instead.
const secretOfTLS = "radsec"

// longestPassword is what User-Password holds (RFC 2865, 5.2).
const longestPassword = 128

// Ask has the servers judge a password, in turn until one answers. An error is ErrAway, or that the context has ended.
func (s Settings) Ask(ctx context.Context, user, password string) (Answer, error) {
	return s.ask(ctx, user, password, nil, s.all())
}

// Follow answers a challenge: only the server that gave it knows what it was about.
func (s Settings) Follow(ctx context.Context, user, password string, challenge Answer) (Answer, error) {
	if challenge.Server < 0 || challenge.Server >= len(s.Servers) {
		return Answer{}, ErrAway // it is no longer in the settings
	}
	return s.ask(ctx, user, password, challenge.State, []int{challenge.Server})
}

func (s Settings) all() []int {
	servers := make([]int, len(s.Servers))
	for i := range servers {
		servers[i] = i
	}
	return servers
}

func (s Settings) ask(ctx context.Context, user, password string, state []byte, servers []int) (Answer, error) {
	if len(password) > longestPassword {
		return Answer{Verdict: Reject, Server: servers[0]}, nil
	}
	for _, i := range servers {
		got, err := s.exchange(ctx, s.Servers[i], func(secret []byte) (*radius.Packet, error) {
			return s.accessRequest(secret, user, password, state)
		})
		if ctx.Err() != nil {
			return Answer{}, fmt.Errorf("ask a RADIUS server: %w", ctx.Err())
		}
		if err == nil {
			var answer Answer
			if answer, err = read(got); err == nil {
				answer.Server = i
				return answer, nil
			}
		}
		slog.WarnContext(ctx, "a RADIUS server has not answered as it must", "server", s.Servers[i].Address, "error", err)
	}
	return Answer{}, ErrAway
}

// Alive asks one server whether it is there (Status-Server, RFC 5997). Not every server answers that, so an error leaves open whether it
// would judge a password.
func (s Settings) Alive(ctx context.Context, server Server) error {
	_, err := s.exchange(ctx, server, func(secret []byte) (*radius.Packet, error) {
		p := radius.New(radius.CodeStatusServer, secret)
		return p, errors.Join(rfc2869.MessageAuthenticator_Set(p, make([]byte, md5.Size)), s.name(p))
	})
	if errors.Is(err, errUnsigned) { // which an answer to this need not have, for it lets nobody in (RFC 5997, 3)
		return nil
	}
	return err
}

func (s Settings) accessRequest(secret []byte, user, password string, state []byte) (*radius.Packet, error) {
	p := radius.New(radius.CodeAccessRequest, secret)
	err := errors.Join(
		rfc2869.MessageAuthenticator_Set(p, make([]byte, md5.Size)), // first: what a forger could add comes after it
		rfc2865.UserName_SetString(p, user),
		rfc2865.UserPassword_SetString(p, password),
		rfc2865.ServiceType_Set(p, rfc2865.ServiceType_Value_AuthenticateOnly),
		s.name(p),
	)
	if err == nil && state != nil {
		err = rfc2865.State_Set(p, state)
	}
	if err != nil {
		return nil, errors.New("what was typed does not fit into a RADIUS request") // the library's words may hold it
	}
	return p, nil
}

func (s Settings) name(p *radius.Packet) error { return rfc2865.NASIdentifier_SetString(p, s.NAS) }

// read takes an answer apart whose signatures are right.
func read(p *radius.Packet) (Answer, error) {
	answer := Answer{Message: rfc2865.ReplyMessage_GetString(p)}
	switch p.Code { //nolint:exhaustive // what else there is answers other questions
	case radius.CodeAccessAccept:
		answer.Verdict = Accept
	case radius.CodeAccessReject:
		answer.Verdict = Reject
	case radius.CodeAccessChallenge:
		answer.Verdict, answer.State = Challenge, rfc2865.State_Get(p)
		if len(answer.State) == 0 {
			return Answer{}, errors.New("a challenge without State can't be answered")
		}
	default:
		return Answer{}, fmt.Errorf("it answered with a packet of code %d", p.Code)
	}
	return answer, nil
}

// sign encodes a request with its Message-Authenticator, which covers the packet with sixteen zeros in its place.
func sign(p *radius.Packet) ([]byte, error) {
	unsigned, err := p.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode a RADIUS request: %w", err)
	}
	if err := rfc2869.MessageAuthenticator_Set(p, authenticator(unsigned, p.Secret)); err != nil {
		return nil, err
	}
	return p.MarshalBinary()
}

func authenticator(packet, secret []byte) []byte {
	mac := hmac.New(md5.New, secret)
	mac.Write(packet)
	return mac.Sum(nil)
}

// verified parses what has come, if it is the answer to the request: its identifier, Response Authenticator (RFC 2865, 3) and
// Message-Authenticator, which is reckoned with the request's authenticator (RFC 2869, 5.14), are right.
func verified(wire, request, secret []byte) (*radius.Packet, error) {
	p, err := radius.Parse(wire, secret)
	if err != nil {
		return nil, errors.New("it sent what is no RADIUS packet")
	}
	if p.Identifier != request[1] {
		return nil, errors.New("it answered another request")
	}
	wire = wire[:int(wire[2])<<8|int(wire[3])] // what follows the packet is padding
	if !radius.IsAuthenticResponse(wire, request, secret) {
		return nil, errors.New("its answer is not signed with the secret that OKEY was given")
	}
	var given []byte
	for _, a := range p.Attributes {
		if a.Type == rfc2869.MessageAuthenticator_Type {
			if given != nil || len(a.Attribute) != md5.Size {
				return nil, errors.New("its answer has a malformed Message-Authenticator")
			}
			given = a.Attribute
		}
	}
	if given == nil {
		return nil, errUnsigned
	}
	sum := append([]byte(nil), given...)
	copy(given, make([]byte, md5.Size))
	copy(p.Authenticator[:], request[4:20])
	unsigned, err := p.MarshalBinary()
	if err != nil || !hmac.Equal(sum, authenticator(unsigned, secret)) {
		return nil, errors.New("its answer has a wrong Message-Authenticator")
	}
	return p, nil
}

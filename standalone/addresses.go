package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"okey/standalone/ports"
)

// address is one place to listen at. It is held from the very start, so that nothing is started where something is taken.
type address struct {
	host     string       // as it was written, for URLs
	listener net.Listener // nil where another program listens
	at       string       // ip:port
}

// addresses are all but PostgreSQL's, which an orphan of our own may still hold.
type addresses struct {
	http, inbox, temporal, temporalUI, idp, smtp *address
	postgresHost                                 string
	postgresPort                                 int
}

// reserve holds every address or none. The error names each flag that is in the way, with what to write instead.
func reserve(f flags) (*addresses, error) {
	kept := rememberedPorts(f.Data)
	a := &addresses{}
	var wrong []error
	for _, want := range []struct {
		flag, name, value string
		to                **address
	}{
		{"--http", "http", f.HTTP, &a.http},
		{"--inbox", "inbox", f.Inbox, &a.inbox},
		{"--temporal", "temporal", f.Temporal, &a.temporal},
		{"--temporal-ui", "temporal-ui", f.TemporalUI, &a.temporalUI},
		{"--idp", "idp", f.IDP, &a.idp},
		{"", "smtp", "127.0.0.1:0", &a.smtp},
	} {
		if f.Production && (want.to == &a.inbox || want.to == &a.idp || want.to == &a.smtp) {
			continue // the academy has its own
		}
		get := hold
		if want.name == "http" && !f.Okey {
			get = leave
		}
		held, err := get(want.flag, want.value, kept[want.name])
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		*want.to = held
		kept[want.name] = held.port()
	}
	host, port, err := parse("--postgres", f.Postgres)
	if err != nil {
		wrong = append(wrong, err)
	}
	a.postgresHost, a.postgresPort = host, port
	if len(wrong) > 0 {
		return nil, errors.Join(append(wrong, a.release())...)
	}
	return a, rememberPorts(f.Data, kept)
}

func hold(flag, value, last string) (*address, error) {
	ip, port, err := parse(flag, value)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(value) // parse has just done it
	if port == 0 && last != "" {
		if listener, err := net.Listen("tcp", net.JoinHostPort(ip, last)); err == nil {
			return &address{host: host, listener: listener, at: listener.Addr().String()}, nil
		}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(ip, strconv.Itoa(port)))
	if err != nil {
		return nil, taken(flag, value, err)
	}
	return &address{host: host, listener: listener, at: listener.Addr().String()}, nil
}

// leave names an address that another program will listen at, or listens at already.
func leave(flag, value, last string) (*address, error) {
	ip, port, err := parse(flag, value)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(value) // parse has just done it
	switch {
	case port != 0:
		last = strconv.Itoa(port)
	case last == "":
		free, err := hold(flag, value, "")
		if err != nil {
			return nil, err
		}
		free.vacate()
		last = free.port()
	}
	return &address{host: host, at: net.JoinHostPort(ip, last)}, nil
}

func taken(flag, value string, err error) error {
	host, port, _ := net.SplitHostPort(value) // it was parsed before
	other, _ := strconv.Atoi(port)
	return fmt.Errorf("%s %s : cette adresse %s. Libérez-la, ou choisissez-en une autre, par exemple %s %s",
		flag, value, reason(err), flag, net.JoinHostPort(host, strconv.Itoa(other+1)))
}

func reason(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "est déjà occupée"
	case errors.Is(err, syscall.EACCES):
		return "est réservée à l'administrateur"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "n'existe pas sur cette machine"
	}
	return "ne peut être utilisée : " + err.Error()
}

// parse takes loopback addresses only: the inbox, the provider and the engine ask nobody who they are.
func parse(flag, value string) (ip string, port int, err error) {
	host, portText, err := net.SplitHostPort(value)
	if err != nil {
		return "", 0, fmt.Errorf("%s %s : écrivez une adresse et un port, par exemple %s 127.0.0.1:0", flag, value, flag)
	}
	if port, err = strconv.Atoi(portText); err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("%s %s : le port est un nombre de 0 à 65535", flag, value)
	}
	if host == "localhost" {
		return "127.0.0.1", port, nil
	}
	if parsed := net.ParseIP(host); parsed == nil || !parsed.IsLoopback() {
		return "", 0, fmt.Errorf(
			"%s %s : okey-standalone n'écoute que sur cette machine, 127.0.0.1 ou localhost, car on s'y connecte sans mot de passe",
			flag,
			value,
		)
	}
	return host, port, nil
}

func (a *address) port() string {
	_, port, _ := net.SplitHostPort(a.at) // a listener's own address
	return port
}

func (a *address) url() string { return "http://" + net.JoinHostPort(a.host, a.port()) }

// take hands the listener over.
func (a *address) take() net.Listener { return a.listener }

// vacate frees the address for a part that listens by itself, soon: until then nobody is given its port who does not name it.
func (a *address) vacate() string {
	_ = a.listener.Close()  // a second time is harmless
	_, _ = ports.Keep(a.at) // what is taken meanwhile the part says that listens there
	return a.at
}

// release frees what no part has taken over.
func (a *addresses) release() error {
	for _, held := range []*address{a.http, a.inbox, a.temporal, a.temporalUI, a.idp, a.smtp} {
		if held != nil && held.listener != nil {
			_ = held.listener.Close() // its part may have closed it
		}
	}
	return nil
}

// A port that was any free one stays the same across restarts where it can: links in mails lead there.
func rememberedPorts(dir string) map[string]string {
	ports := map[string]string{}
	text, err := os.ReadFile(portsFile(dir))
	if err != nil {
		return ports // a first start
	}
	for line := range strings.Lines(string(text)) {
		if name, port, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			ports[name] = port
		}
	}
	return ports
}

func rememberPorts(dir string, ports map[string]string) error {
	var text strings.Builder
	for _, name := range []string{"http", "inbox", "temporal", "temporal-ui", "idp", "smtp"} {
		fmt.Fprintf(&text, "%s=%s\n", name, ports[name])
	}
	if err := writeWhole(portsFile(dir), text.String()); err != nil {
		return fmt.Errorf("remember the ports: %w", err)
	}
	return nil
}

func portsFile(dir string) string { return filepath.Join(dir, "ports") }

package config

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
)

// SMTPURL is where mail is handed in. It prints without its password.
type SMTPURL struct {
	Host     string
	Port     int
	TLS      bool // from the first byte (smtps); otherwise STARTTLS where the relay offers it
	User     string
	Password string
}

// ParseSMTPURL reads smtp://[user:password@]host[:port] or smtps://...; without a port 25 and 465. The error is in
// French and does not repeat the text.
func ParseSMTPURL(text string) (SMTPURL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return SMTPURL{}, errors.New("n'est pas une adresse smtp:// ou smtps://")
	}
	if u.Hostname() == "" {
		return SMTPURL{}, errors.New("ne dit pas sur quelle machine est le relais")
	}
	if (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return SMTPURL{}, errors.New("ne doit rien avoir après le port")
	}
	relay := SMTPURL{Host: u.Hostname(), Port: 25, TLS: u.Scheme == "smtps", User: u.User.Username()}
	relay.Password, _ = u.User.Password()
	if relay.TLS {
		relay.Port = 465
	}
	if text := u.Port(); text != "" {
		relay.Port, err = strconv.Atoi(text)
		if err != nil || relay.Port < 1 || relay.Port > 65535 {
			return SMTPURL{}, errors.New("a un port hors de 1 à 65535")
		}
	}
	return relay, nil
}

// String is the relay without user and password.
func (s SMTPURL) String() string {
	scheme := "smtp"
	if s.TLS {
		scheme = "smtps"
	}
	return fmt.Sprintf("%s://%s:%d", scheme, s.Host, s.Port)
}

// GoString keeps the password out of %#v too.
func (s SMTPURL) GoString() string { return s.String() }

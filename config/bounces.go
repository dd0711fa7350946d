package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// IMAPURL is a mailbox. It prints without its user and password.
type IMAPURL struct {
	Host     string
	Port     int
	TLS      bool // from the first byte (imaps); otherwise STARTTLS, but on this very machine
	User     string
	Password string
	Folder   string
}

// ParseIMAPURL reads imaps://user:password@host[:port][/folder] or imap://...; without a port 993 and 143, without a folder INBOX. The
// error is in French and does not repeat the text.
func ParseIMAPURL(text string) (IMAPURL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "imap" && u.Scheme != "imaps") {
		return IMAPURL{}, errors.New("n'est pas une adresse imap:// ou imaps://")
	}
	box := IMAPURL{Host: u.Hostname(), Port: 143, TLS: u.Scheme == "imaps", User: u.User.Username(), Folder: "INBOX"}
	box.Password, _ = u.User.Password()
	if box.TLS {
		box.Port = 993
	}
	if folder := strings.Trim(u.Path, "/"); folder != "" {
		box.Folder = folder
	}
	if box.Host == "" || box.User == "" || box.Password == "" {
		return IMAPURL{}, errors.New("ne dit pas l'utilisateur, le mot de passe et la machine")
	}
	if text := u.Port(); text != "" {
		if box.Port, err = strconv.Atoi(text); err != nil || box.Port < 1 || box.Port > 65535 {
			return IMAPURL{}, errors.New("a un port hors de 1 à 65535")
		}
	}
	return box, nil
}

// String is the mailbox without user and password.
func (u IMAPURL) String() string {
	scheme := "imap"
	if u.TLS {
		scheme = "imaps"
	}
	return fmt.Sprintf("%s://%s:%d/%s", scheme, u.Host, u.Port, u.Folder)
}

// GoString keeps the password out of %#v too.
func (u IMAPURL) GoString() string { return u.String() }

// ListenURL is where something listens, by a protocol.
type ListenURL struct{ Protocol, Address string }

// Bounces is BounceListen; zero where it is empty.
func (c *Config) Bounces() ListenURL {
	protocol, address, _ := strings.Cut(c.BounceListen, "://")
	return ListenURL{protocol, address}
}

// bounceLocal is what may stand before the + of a bounce address: a mark has 42 letters, and a local part 64 (RFC 5321, 4.5.3.1.1).
var bounceLocal = regexp.MustCompile(`^[A-Za-z0-9._-]{1,21}$`)

func (c *Config) examineBounces() {
	const name = "OKEY_BOUNCE_ADDRESS"
	listen := c.Bounces()
	if c.BounceListen != "" && (listen.Address == "" || listen.Protocol != "lmtp" && listen.Protocol != "smtp") {
		c.refuse("OKEY_BOUNCE_LISTEN", c.BounceListen, "n'est pas de la forme lmtp://hôte:port ou smtp://hôte:port",
			"Écrivez par exemple lmtp://0.0.0.0:2424.")
	} else {
		c.examineAddress("OKEY_BOUNCE_LISTEN", listen.Address)
	}
	taken := c.BounceListen != "" || c.BounceIMAP.Host != "" || named(c.wrong, "OKEY_BOUNCE_IMAP_URL")
	switch parsed, err := mail.ParseAddress(c.BounceAddress); {
	case c.BounceAddress == "" && taken:
		c.refuse(name, "", "manque : sans elle, rien de ce qui revient n'est reconnu", helps[name])
	case c.BounceAddress == "":
	case err != nil || parsed.Address != c.BounceAddress || !bounceLocal.MatchString(before(c.BounceAddress, "@")):
		c.refuse(name, c.BounceAddress, "n'est pas une adresse de retour : une adresse seule, 21 signes au plus avant @, sans « + »",
			"Écrivez par exemple retours@ac-exemple.fr.")
	case !taken:
		c.refuse(name, c.BounceAddress, "est donné, mais personne n'y lirait ce qui revient",
			"Donnez aussi OKEY_BOUNCE_LISTEN ou OKEY_BOUNCE_IMAP_URL.")
	}
}

func before(text, separator string) string {
	head, _, _ := strings.Cut(text, separator)
	return head
}

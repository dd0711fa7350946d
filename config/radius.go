package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"okey/okey"
)

// RadiusServer is one of the academy's authentication servers.
type RadiusServer struct {
	Address string // host:port
	TLS     bool   // RadSec (RFC 6614)
}

// String is the server as an operator writes it.
func (s RadiusServer) String() string {
	if s.TLS {
		return radsec + s.Address
	}
	return s.Address
}

const radsec = "radsec://"

// How RadiusUser and RadiusPassword are written.
const (
	RadiusUserUID      = "uid"
	RadiusUserMail     = "courriel"
	RadiusPINAndCode   = "pin-code"
	RadiusCodeAlone    = "code"
	radiusPort         = "1812" // RFC 2865, 3
	radsecPort         = "2083" // RFC 6614, 2.1
	shortRadiusSecret  = 16     // RFC 2865, 3: at least as large as a well-chosen password
	longestRadiusValue = 253    // what an attribute holds
)

// HasRadius tells whether there is an authentication server that a key may be tried with.
func (c *Config) HasRadius() bool { return len(c.RadiusServers) > 0 }

// Radius are the servers, in the order in which they are asked.
func (c *Config) Radius() []RadiusServer {
	servers := make([]RadiusServer, 0, len(c.RadiusServers))
	for _, text := range c.RadiusServers {
		if server, err := parseRadius(text); err == nil {
			servers = append(servers, server)
		}
	}
	return servers
}

func parseRadius(text string) (RadiusServer, error) {
	address, within := strings.CutPrefix(text, radsec)
	server := RadiusServer{Address: address, TLS: within}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), radiusPort
		if within {
			port = radsecPort
		}
		server.Address = net.JoinHostPort(host, port)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 || host == "" || strings.ContainsAny(host, "/@?#[] ") {
		return server, fmt.Errorf("%q is no address of a RADIUS server", text)
	}
	return server, nil
}

// examineRadius holds the settings of RADIUS against their forms, and reads the certificates. Without a server nothing of it counts.
func (c *Config) examineRadius() {
	c.RadiusTLS = nil
	if !c.HasRadius() {
		return
	}
	plain, within := false, false
	for _, text := range c.RadiusServers {
		server, err := parseRadius(text)
		if err != nil {
			c.refuse("OKEY_RADIUS_SERVERS", text, "n'est pas l'adresse d'un serveur RADIUS",
				"Écrivez par exemple radius1.ac-exemple.fr:1812 ou radsec://radius1.ac-exemple.fr:2083.")
		}
		plain, within = plain || !server.TLS, within || server.TLS
	}
	if plain && len(c.RadiusSecret) < shortRadiusSecret {
		what := "manque"
		if c.RadiusSecret != "" {
			what = fmt.Sprintf("est trop court : %d signes au moins", shortRadiusSecret)
		}
		c.wrong = append(c.wrong, Problem{Name: "OKEY_RADIUS_SECRET", Secret: true, What: what, Do: helps["OKEY_RADIUS_SECRET"]})
	}
	if c.RadiusUser != RadiusUserUID && c.RadiusUser != RadiusUserMail {
		c.refuse("OKEY_RADIUS_USER", c.RadiusUser, "n'est ni uid ni courriel", "Écrivez uid ou courriel.")
	}
	if c.RadiusPassword != RadiusPINAndCode && c.RadiusPassword != RadiusCodeAlone {
		c.refuse("OKEY_RADIUS_PASSWORD", c.RadiusPassword, "n'est ni pin-code ni code", "Écrivez pin-code ou code.")
	}
	if c.RadiusNAS == "" || len(c.RadiusNAS) > longestRadiusValue {
		c.refuse("OKEY_RADIUS_NAS", c.RadiusNAS, "n'est pas un nom de 1 à 253 signes", "Écrivez par exemple okey.")
	}
	if within {
		c.RadiusTLS = &tls.Config{MinVersion: tls.VersionTLS12}
		c.RadiusTLS.RootCAs = c.roots("OKEY_RADIUS_CA_FILE", c.RadiusCAFile)
		c.readRadiusCertificate()
	}
}

// roots are the certificates of a file; nil where none is named.
func (c *Config) roots(name, file string) *x509.CertPool {
	if file == "" {
		return nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		c.refuse(name, file, "ne peut être lu ("+Cause(err)+")", "Vérifiez le chemin et les droits du fichier.")
		return nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		c.refuse(name, file, "ne contient aucun certificat", "Donnez un fichier PEM (-----BEGIN CERTIFICATE-----).")
	}
	return roots
}

func (c *Config) readRadiusCertificate() {
	const name = "OKEY_RADIUS_CERTIFICATE_FILE"
	if c.RadiusCertificateFile == "" {
		c.refuse(name, "", "manque : RadSec veut savoir qui demande", helps[name])
		return
	}
	content, err := os.ReadFile(c.RadiusCertificateFile)
	if err != nil {
		c.refuse(name, c.RadiusCertificateFile, "ne peut être lu ("+Cause(err)+")", "Vérifiez le chemin et les droits du fichier.")
		return
	}
	own, err := tls.X509KeyPair(content, content)
	if err != nil {
		c.refuse(name, c.RadiusCertificateFile, "ne contient pas un certificat et sa clef privée",
			"Donnez un fichier PEM : le certificat, puis sa clef privée.")
		return
	}
	c.RadiusTLS.Certificates = []tls.Certificate{own}
}

// counterProof is a setting of server and worker, though the server alone has authentication servers: Check holds the two together.
const counterProof = "OKEY_COUNTER_PROOF"

// counterProofs are the choices that it leaves; counterProofEntry is the form of one.
var (
	counterProofs     = []string{string(okey.CounterProofOff), string(okey.CounterProofOffered), string(okey.CounterProofRequired)}
	counterProofEntry = regexp.MustCompile(`^([a-z-]+=)?(` + strings.Join(counterProofs, "|") + `)$`)
)

func (c *Config) examineCounterProof() {
	var named []string
	for _, entry := range c.CounterProof {
		if !counterProofEntry.MatchString(entry) {
			c.refuse(counterProof, entry, "n'est pas un choix",
				"Écrivez l'un de ceux-ci : "+strings.Join(counterProofs, ", ")+". Ou un par académie, comme nice=off.")
			continue
		}
		if _, err := okey.ParseCounterProofs([]string{entry}); err != nil {
			c.refuse(counterProof, entry, "nomme une académie inconnue", "Écrivez-la comme dans ses adresses : nice pour ac-nice.fr.")
		}
		name, _, one := strings.Cut(entry, "=")
		if !one {
			name = "toutes les autres"
		}
		if slices.Contains(named, name) {
			c.refuse(counterProof, entry, "donne deux fois un choix pour "+name, "Gardez l'un des deux.")
		}
		named = append(named, name)
	}
}

// provesKeys tells whether keys are tried at a counter anywhere.
func (c *Config) provesKeys() bool {
	return slices.ContainsFunc(c.CounterProof, func(entry string) bool {
		return entry != "off" && !strings.HasSuffix(entry, "=off")
	})
}

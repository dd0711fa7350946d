// Package ldaptest gives tests a real LDAP directory: OpenLDAP's slapd with an academy's attributes, under TLS that its own authority
// vouches for, on this machine, until the test ends. It knows nothing of OKEY.
package ldaptest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Where everything is in the directory of a test, and the account that reads it.
const (
	Suffix = "dc=ac-nice,dc=fr"
	Staff  = "ou=personnels," + Suffix
	Reader = "uid=okey,ou=applications," + Suffix
	Secret = "lecture seule"

	admin = "cn=admin," + Suffix
)

// Entry is one entry: its name, without that of Staff, and its attributes.
type Entry struct {
	RDN    string
	Values map[string][]string
}

// Server is a slapd that runs.
type Server struct {
	LDAPS, LDAP string // addresses: TLS from the start, and StartTLS
	Roots       *x509.CertPool
	RootsFile   string

	t testing.TB
}

// Start runs a slapd with the entries under Staff. Limits are those of the account that reads, as slapd.conf writes them; empty: none.
func Start(t testing.TB, limits string, entries ...Entry) *Server {
	t.Helper()
	dir := t.TempDir()
	s := &Server{t: t, RootsFile: filepath.Join(dir, "ca.pem")}
	s.certify(dir)
	if limits == "" {
		limits = "size=unlimited"
	}
	conf := filepath.Join(dir, "slapd.conf")
	write(t, conf, fmt.Sprintf(configuration, schemas(t), dir, limits))
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal("ldaptest:", err)
	}
	load := exec.CommandContext(t.Context(), program(t, "slapadd"), "-f", conf, "-q")
	load.Stdin = strings.NewReader(tree + ldif(entries))
	if said, err := load.CombinedOutput(); err != nil {
		t.Fatalf("ldaptest: load the entries: %v\n%s", err, said)
	}
	for attempts := 0; !s.run(conf); attempts++ { // somebody else may have taken a port between its choice and slapd's start
		if attempts == 4 {
			t.Fatal("ldaptest: slapd ended each time, see above")
		}
	}
	return s
}

const configuration = `
%[1]s
attributetype ( 1.3.6.1.4.1.32473.1.1 NAME 'FrEduFonctAdm' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.32473.1.2 NAME 'FrEduRneResp' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.32473.1.3 NAME 'FrEduRne' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.32473.1.4 NAME 'FrEduResDel' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.32473.2.1 NAME 'FrEduAgent' SUP top STRUCTURAL
	MAY ( uid $ cn $ sn $ givenName $ mail $ description $ userPassword $ FrEduFonctAdm $ FrEduRneResp $ FrEduRne $ FrEduResDel ) )
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile %[2]s/server.pem
TLSCertificateKeyFile %[2]s/server.key
database mdb
suffix "` + Suffix + `"
rootdn "` + admin + `"
rootpw "` + Secret + `"
directory %[2]s/db
maxsize 268435456
dbnosync
limits dn.exact="` + Reader + `" %[3]s
access to attrs=userPassword by anonymous auth
access to * by dn.exact="` + Reader + `" tls_ssf=1 read by anonymous auth by * none
`

const tree = `dn: ` + Suffix + `
objectClass: dcObject
objectClass: organization
dc: ac-nice
o: Académie

dn: ou=applications,` + Suffix + `
objectClass: organizationalUnit
ou: applications

dn: ` + Reader + `
objectClass: FrEduAgent
uid: okey
sn: OKEY
userPassword: ` + Secret + `

dn: ` + Staff + `
objectClass: organizationalUnit
ou: personnels

`

// ldif writes entries (RFC 2849), every value in base 64: what odd ones hold is no matter.
func ldif(entries []Entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "dn:: %s\n", base64.StdEncoding.EncodeToString([]byte(e.dn())))
		for _, name := range slices.Sorted(maps.Keys(e.whole())) {
			for _, value := range e.whole()[name] {
				fmt.Fprintf(&b, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (e Entry) dn() string { return e.RDN + "," + Staff }

// whole are the attributes with the class of the entry: a person, unless it says otherwise.
func (e Entry) whole() map[string][]string {
	if e.Values["objectClass"] != nil {
		return e.Values
	}
	whole := maps.Clone(e.Values)
	whole["objectClass"] = []string{"FrEduAgent"}
	return whole
}

// run starts slapd at two free ports and waits until it listens; false where it ends instead.
func (s *Server) run(conf string) bool {
	s.t.Helper()
	s.LDAPS, s.LDAP = "ldaps://"+address(s.t), "ldap://"+address(s.t)
	var said bytes.Buffer
	slapd := exec.Command(program(s.t, "slapd"), "-f", conf, "-h", s.LDAP+" "+s.LDAPS, "-d", "0")
	slapd.Stdout, slapd.Stderr = &said, &said
	if err := slapd.Start(); err != nil {
		s.t.Fatal("ldaptest:", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = slapd.Wait()
		close(ended)
	}()
	s.t.Cleanup(func() {
		_ = slapd.Process.Kill()
		<-ended
	})
	within, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	for {
		conn, err := s.dial()
		if err == nil {
			_ = conn.Close()
			return true
		}
		select {
		case <-ended:
			s.t.Logf("ldaptest: slapd ended\n%s", said.String())
			return false
		case <-within.Done():
			s.t.Fatalf("ldaptest: slapd does not answer: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) dial() (*ldap.Conn, error) {
	return ldap.DialURL(s.LDAPS, ldap.DialWithTLSConfig(&tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12}))
}

// Admin does work as the owner of the directory.
func (s *Server) Admin(work func(*ldap.Conn) error) {
	s.t.Helper()
	conn, err := s.dial()
	if err == nil {
		defer func() { _ = conn.Close() }()
		if err = conn.Bind(admin, Secret); err == nil {
			err = work(conn)
		}
	}
	if err != nil {
		s.t.Fatalf("ldaptest: change the directory: %v", err)
	}
}

// Add adds entries.
func (s *Server) Add(entries ...Entry) {
	s.t.Helper()
	s.Admin(func(conn *ldap.Conn) error {
		for _, e := range entries {
			add := ldap.NewAddRequest(e.dn(), nil)
			for name, values := range e.whole() {
				add.Attribute(name, values)
			}
			if err := conn.Add(add); err != nil {
				return err
			}
		}
		return nil
	})
}

// Remove removes the entries of these names.
func (s *Server) Remove(rdns ...string) {
	s.t.Helper()
	s.Admin(func(conn *ldap.Conn) error {
		for _, rdn := range rdns {
			if err := conn.Del(ldap.NewDelRequest(rdn+","+Staff, nil)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Set gives an entry these values of an attribute.
func (s *Server) Set(rdn, attribute string, values ...string) {
	s.t.Helper()
	s.Admin(func(conn *ldap.Conn) error {
		change := ldap.NewModifyRequest(rdn+","+Staff, nil)
		change.Replace(attribute, values)
		return conn.Modify(change)
	})
}

// certify makes an authority, and a certificate of this machine that it has signed.
func (s *Server) certify(dir string) {
	s.t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ldaptest"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	own := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: authority.NotBefore,
		NotAfter: authority.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	root, signing := s.sign(authority, authority, nil)
	certificate, key := s.sign(own, authority, signing)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal("ldaptest:", err)
	}
	write(s.t, s.RootsFile, encode("CERTIFICATE", root))
	write(s.t, filepath.Join(dir, "server.pem"), encode("CERTIFICATE", certificate))
	write(s.t, filepath.Join(dir, "server.key"), encode("PRIVATE KEY", der))
	s.Roots = x509.NewCertPool()
	s.Roots.AppendCertsFromPEM([]byte(encode("CERTIFICATE", root)))
}

// sign makes a certificate with a key of its own; by itself where nobody else's is given.
func (s *Server) sign(what, by *x509.Certificate, with *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal("ldaptest:", err)
	}
	if with == nil {
		with = key
	}
	der, err := x509.CreateCertificate(rand.Reader, what, by, &key.PublicKey, with)
	if err != nil {
		s.t.Fatal("ldaptest:", err)
	}
	return der, key
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal("ldaptest:", err)
	}
}

// address is a free one of this machine.
func address(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal("ldaptest:", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// schemas include the attributes that every directory has.
func schemas(t testing.TB) string {
	t.Helper()
	for _, dir := range []string{"/etc/ldap/schema", "/etc/openldap/schema", "/opt/homebrew/etc/openldap/schema"} {
		if _, err := os.Stat(dir + "/core.schema"); err == nil {
			return "include " + dir + "/core.schema\ninclude " + dir + "/cosine.schema\ninclude " + dir + "/inetorgperson.schema"
		}
	}
	t.Fatal("ldaptest: OpenLDAP's schemas are missing: tools/need slapd")
	return ""
}

// program finds one of OpenLDAP's, which stand where users do not look.
func program(t testing.TB, name string) string {
	t.Helper()
	const brew = "/opt/homebrew/opt/openldap/"
	for _, dir := range []string{"/usr/sbin/", "/usr/local/sbin/", brew + "libexec/", brew + "sbin/"} {
		if _, err := os.Stat(dir + name); err == nil {
			return dir + name
		}
	}
	t.Fatalf("ldaptest: %s is missing: tools/need slapd", name)
	return ""
}

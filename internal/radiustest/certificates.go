package radiustest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certify makes an authority (ca.pem), and certificates that it has signed: of this machine (server.pem, server.key) and of OKEY (okey.pem,
// okey.key).
func Certify(t testing.TB, dir string) *x509.CertPool {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "radiustest"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	signing := newKey(t)
	root := signed(t, authority, authority, signing, signing)
	keep(t, dir, "ca.pem", "CERTIFICATE", root)
	for number, name := range []string{"server", "okey"} {
		key := newKey(t)
		keep(t, dir, name+".pem", "CERTIFICATE", signed(t, &x509.Certificate{
			SerialNumber: big.NewInt(int64(number + 2)), Subject: pkix.Name{CommonName: name}, NotBefore: authority.NotBefore,
			NotAfter: authority.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}, authority, key, signing))
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal("radiustest:", err)
		}
		keep(t, dir, name+".key", "PRIVATE KEY", der)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}))
	return roots
}

// Own is OKEY's certificate of those that Certify has made.
func Own(t testing.TB, dir string) tls.Certificate {
	t.Helper()
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, "okey.pem"), filepath.Join(dir, "okey.key"))
	if err != nil {
		t.Fatal("radiustest:", err)
	}
	return own
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal("radiustest:", err)
	}
	return key
}

func signed(t testing.TB, what, by *x509.Certificate, of, with *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, what, by, &of.PublicKey, with)
	if err != nil {
		t.Fatal("radiustest:", err)
	}
	return der
}

func keep(t testing.TB, dir, name, kind string, der []byte) {
	t.Helper()
	content := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal("radiustest:", err)
	}
}

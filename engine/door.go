package engine

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// doorLife is how long the certificates of the engine's door last: as long as the door, so that none ends unseen one night.
const doorLife = 10 * 365 * 24 * time.Hour

// DoorFiles names the certificates and keys of NewDoor, as docker-compose.yml does.
var DoorFiles = []string{
	"engine_ca", "engine_server_cert", "engine_server_key", "engine_client_cert", "engine_client_key", "engine_ui_cert", "engine_ui_key",
}

// NewDoor makes the certificates by which engine, OKEY and Temporal's UI know each other, in PEM, by the names of DoorFiles. The first
// three go together, and the authority's own key is kept nowhere: all are made anew, or none. The UI's is its own authority, so that it
// opens the frontend, where rights are asked for, and not the door of the programs.
func NewDoor(now time.Time) (map[string]string, error) {
	authority, err := newPair("okey authority", now, nil, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
	if err != nil {
		return nil, err
	}
	server, err := newPair("temporal", now, authority, func(c *x509.Certificate) {
		c.DNSNames = []string{"temporal", "localhost"}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} // its services speak to each other, too
	})
	if err != nil {
		return nil, err
	}
	client, err := newPair("okey", now, authority, forClients)
	if err != nil {
		return nil, err
	}
	ui, err := newPair("temporal-ui", now, nil, func(c *x509.Certificate) {
		forClients(c)
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"engine_ca": authority.cert, "engine_server_cert": server.cert, "engine_server_key": server.key, "engine_client_cert": client.cert,
		"engine_client_key": client.key, "engine_ui_cert": ui.cert, "engine_ui_key": ui.key,
	}, nil
}

func forClients(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }

// pair is a certificate with its key, and both as PEM.
type pair struct {
	made      *x509.Certificate
	private   *ecdsa.PrivateKey
	cert, key string
}

// newPair makes a certificate that the authority signs, or it itself where there is none.
func newPair(name string, now time.Time, authority *pair, say func(*x509.Certificate)) (*pair, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of %s: %w", name, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) //nolint:mnd // of 20 octets at most (RFC 5280, 4.1.2.2)
	if err != nil {
		return nil, fmt.Errorf("number the certificate of %s: %w", name, err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(doorLife),
	}
	say(template)
	by, signer := template, private
	if authority != nil {
		by, signer = authority.made, authority.private
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, private.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of %s: %w", name, err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read the certificate of %s back: %w", name, err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("write the key of %s: %w", name, err)
	}
	return &pair{made: made, private: private, cert: inPEM("CERTIFICATE", der), key: inPEM("PRIVATE KEY", secret)}, nil
}

func inPEM(kind string, content []byte) string {
	var text bytes.Buffer
	_ = pem.Encode(&text, &pem.Block{Type: kind, Bytes: content}) // a buffer takes all
	return text.String()
}

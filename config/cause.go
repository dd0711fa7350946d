package config

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// causes are what the machine and the network answer most, in the order in which they are looked for.
var causes = []struct {
	err  error
	said string
}{
	{fs.ErrNotExist, "il n'existe pas"},
	{fs.ErrPermission, "accès refusé"},
	{fs.ErrExist, "il existe déjà"},
	{syscall.EISDIR, "c'est un dossier"},
	{syscall.ENOTDIR, "une partie de ce chemin n'est pas un dossier"},
	{syscall.ENOSPC, "le disque est plein"},
	{syscall.EROFS, "ce disque ne se laisse que lire"},
	{syscall.ENAMETOOLONG, "ce nom est trop long"},
	{syscall.EMFILE, "trop de fichiers sont ouverts"},
	{syscall.EIO, "le disque ne répond pas bien"},
	{syscall.ECONNREFUSED, "rien n'écoute à cette adresse"},
	{syscall.ECONNRESET, "la connexion a été coupée"},
	{syscall.EPIPE, "la connexion a été coupée"},
	{syscall.EHOSTUNREACH, "cette machine ne peut être atteinte"},
	{syscall.ENETUNREACH, "ce réseau ne peut être atteint"},
	{syscall.EADDRINUSE, "cette adresse est déjà prise"},
	{syscall.EADDRNOTAVAIL, "cette adresse n'est pas à cette machine"},
	{context.DeadlineExceeded, "pas de réponse à temps"},
	{os.ErrDeadlineExceeded, "pas de réponse à temps"},
	{context.Canceled, "interrompu"},
	{io.ErrUnexpectedEOF, "la lecture s'est arrêtée trop tôt"},
	{io.EOF, "la lecture s'est arrêtée trop tôt"},
}

// flattened are causes of which some libraries keep the words alone.
var flattened = []struct{ words, said string }{
	{"connection refused", "rien n'écoute à cette adresse"},
	{"no such host", "ce nom ne désigne aucune machine"},
	{"deadline exceeded", "pas de réponse à temps"},
	{"i/o timeout", "pas de réponse à temps"},
	{"certificate", "son certificat n'est pas reconnu"},
}

// Cause says in a few French words why something failed. Where it knows no words, it gives the error's own on one line: they are for the
// operator's terminal, and for no page.
func Cause(err error) string {
	for _, c := range causes {
		if errors.Is(err, c.err) {
			return c.said
		}
	}
	var (
		name      *net.DNSError
		network   net.Error
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name):
		return "le nom « " + name.Name + " » ne désigne aucune machine"
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid):
		return "son certificat n'est pas reconnu"
	case errors.As(err, &record):
		return "ce qui répond ne parle pas TLS"
	case errors.As(err, &network) && network.Timeout():
		return "pas de réponse à temps"
	}
	for _, f := range flattened {
		if strings.Contains(err.Error(), f.words) {
			return f.said
		}
	}
	return "détail technique : " + strings.Join(strings.Fields(err.Error()), " ")
}

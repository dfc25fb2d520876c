package sshd

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/towline-dev/towline/internal/secret"
)

// Type is a type of key.
type Type string

// The types of keys that OpenSSH makes.
const (
	ED25519 Type = "ed25519"
	ECDSA   Type = "ecdsa"
	RSA     Type = "rsa"
)

// Key is a pair of keys.
type Key struct {
	Public  ssh.PublicKey
	Signer  ssh.Signer
	Private crypto.Signer

	tb testing.TB
}

// NewKey makes a pair.
func NewKey(tb testing.TB, kind Type) Key {
	tb.Helper()
	var private crypto.Signer
	var err error
	switch kind {
	case ECDSA:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RSA:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		tb.Fatal(err)
	}
	return Key{Public: signer.PublicKey(), Signer: signer, Private: private, tb: tb}
}

// PEM gives the private key in OpenSSH's format, encrypted where there is a passphrase.
func (k Key) PEM(passphrase string) secret.String {
	k.tb.Helper()
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(k.Private, "test")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(k.Private, "test", []byte(passphrase))
	}
	if err != nil {
		k.tb.Fatal(err)
	}
	return secret.New(string(pem.EncodeToMemory(block)))
}

// Sign makes a certificate for another key, of ssh.UserCert or ssh.HostCert, that
// holds for the names and never ends. change may make it a bad one.
func (k Key) Sign(kind uint32, key ssh.PublicKey, names []string, change ...func(*ssh.Certificate)) *ssh.Certificate {
	k.tb.Helper()
	certificate := &ssh.Certificate{
		Key: key, CertType: kind, KeyId: "test", ValidPrincipals: names, ValidBefore: ssh.CertTimeInfinity,
		Permissions: ssh.Permissions{Extensions: map[string]string{"permit-pty": ""}},
	}
	if kind == ssh.HostCert {
		certificate.Extensions = nil
	}
	for _, f := range change {
		f(certificate)
	}
	if err := certificate.SignCert(rand.Reader, k.Signer); err != nil {
		k.tb.Fatal(err)
	}
	return certificate
}

// KnownHosts is a line of known_hosts for each key of the host at host:port.
func KnownHosts(address string, keys ...ssh.PublicKey) []byte {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		address = "[" + host + "]:" + port
	}
	var lines strings.Builder
	for _, key := range keys {
		lines.WriteString(address + " " + string(ssh.MarshalAuthorizedKey(key)))
	}
	return []byte(lines.String())
}

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/registry/registrytest"
)

// authority makes certificates, and is a self-signed one itself.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	a.cert, a.key = a.issue("ca", a.cert, nil)
	return a
}

// issue writes NAME.crt and NAME.key; without a parent key it is signed by itself.
func (a *authority) issue(name string, c *x509.Certificate, parent *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if parent == nil {
		parent = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), parent)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	writeFile(a.t, a.file(name+".crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(a.t, a.file(name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made, key
}

func (a *authority) leaf(name string, usage x509.ExtKeyUsage) {
	a.t.Helper()
	a.issue(name, &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{usage},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}, a.key)
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// A registry of a private authority that asks for client certificates.
func TestScanWithCertificates(t *testing.T) {
	a := newAuthority(t)
	a.leaf("server", x509.ExtKeyUsageServerAuth)
	a.leaf("client", x509.ExtKeyUsageClientAuth)
	store := registrytest.NewServer(registrytest.Options{})
	if err := store.PushTags("acme/hello", "1.0.0", "1.1.0"); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(a.file("server.crt"), a.file("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(a.cert)
	server := httptest.NewUnstartedServer(store)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	host := server.Listener.Addr().String()
	writeFile(t, a.file("empty"), "")

	tests := []struct{ name, fields, fails string }{
		{name: "both", fields: "caFile: " + a.file("ca.crt") + ", certFile: " + a.file("client.crt") + ", keyFile: " + a.file("client.key")},
		{name: "no client certificate", fields: "caFile: " + a.file("ca.crt"), fails: "certificate required"},
		{name: "no authority", fields: "certFile: " + a.file("client.crt") + ", keyFile: " + a.file("client.key"), fails: "unknown authority"},
		{name: "another's key", fields: "certFile: " + a.file("client.crt") + ", keyFile: " + a.file("server.key"), fails: "private key does not match"},
		{name: "an empty authority", fields: "caFile: " + a.file("empty"), fails: "holds no PEM certificate"},
		{name: "a missing authority", fields: "caFile: " + a.file("none"), fails: "no such file"},
		{name: "a missing certificate", fields: "certFile: " + a.file("none") + ", keyFile: " + a.file("none"), fails: "no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out := scanned(t, host+"/acme/hello", `- {host: "`+host+`", `+tt.fields+"}\n", nil)
			if tt.fails == "" {
				wantChoice(t, code, out)
				return
			}
			if code != exitFailed || !strings.Contains(out, tt.fails) {
				t.Errorf("the scan exits with %d, want %q in:\n%s", code, tt.fails, out)
			}
		})
	}
}

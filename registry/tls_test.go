package registry_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/registry"
)

// authority is a private CA, made for one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	cert := a.issue(t, "ca.test")
	a.key, _ = cert.PrivateKey.(*ecdsa.PrivateKey)
	a.cert = cert.Leaf
	a.pool.AddCert(a.cert)
	return a
}

// issue makes a certificate for servers and clients of that name; the first is the CA's own.
func (a *authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA:        a.cert == nil, BasicConstraintsValid: true,
	}
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// internet is some HTTPS servers by host name, each at an address that looks like the given one.
type internet struct {
	ca    *authority
	sites map[string]site
}

type site struct{ real, looks string }

func newInternet(t *testing.T) *internet {
	t.Helper()
	return &internet{ca: newAuthority(t), sites: map[string]site{}}
}

func (n *internet) add(t *testing.T, host, looks string, h http.Handler) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{n.ca.issue(t, host)}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	n.sites[host] = site{real: server.Listener.Addr().String(), looks: looks}
}

// transport reaches the servers of that internet alone.
func (n *internet) transport() *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, _ := strings.Cut(address, ":")
		to, found := n.sites[host]
		if !found {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, network, to.real)
		return at{conn, &net.TCPAddr{IP: net.ParseIP(to.looks), Port: 443}}, err
	}}
}

func (n *internet) client(t *testing.T, change func(*registry.HostConfig)) *registry.Client {
	t.Helper()
	host := registry.HostConfig{TLS: &tls.Config{RootCAs: n.ca.pool, MinVersion: tls.VersionTLS12}, QPS: 1e6}
	if change != nil {
		change(&host)
	}
	client, _ := newClient(t, "reg.test", func(c *registry.Config) {
		c.Keychain, c.Transport, c.Retries = secretKeys(), n.transport(), -1
		c.Hosts = map[string]registry.HostConfig{"reg.test": host}
	})
	return client
}

// at is a connection that claims another peer.
type at struct {
	net.Conn
	remote net.Addr
}

func (a at) RemoteAddr() net.Addr { return a.remote }

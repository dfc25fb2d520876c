package gitrepo_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io/fs"
	"math/big"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// noSSH is for repositories that are never reached.
func noSSH(context.Context) (gitrepo.SSH, error) { return gitrepo.SSH{}, errors.New("no key") }

// client makes a certificate for a client that signs itself.
func client(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "towline"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestClientCertificates(t *testing.T) {
	trusted, other := client(t), client(t)
	pool := x509.NewCertPool()
	pool.AddCert(trusted.Leaf)
	server := gitrepotest.NewMutualTLS(t, pool)
	url := server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	for name, test := range map[string]struct {
		certificate func() (*tls.Certificate, error)
		want        error
	}{
		"the right one":       {func() (*tls.Certificate, error) { return trusted, nil }, nil},
		"another":             {func() (*tls.Certificate, error) { return other, nil }, gitrepo.ErrAuth},
		"none":                {nil, gitrepo.ErrAuth},
		"one that is missing": {func() (*tls.Certificate, error) { return nil, fs.ErrNotExist }, fs.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			repo := open(t, url, func(c *gitrepo.Config) { c.Auth.CA, c.Auth.ClientCertificate = server.CA(), test.certificate })
			if _, err := repo.Fetch(t.Context(), "main"); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	t.Run("a renewed one", func(t *testing.T) {
		current := other
		repo := open(t, url, func(c *gitrepo.Config) {
			c.Auth.CA, c.Auth.ClientCertificate = server.CA(), func() (*tls.Certificate, error) { return current, nil }
		})
		if _, err := repo.Fetch(t.Context(), "main"); !errors.Is(err, gitrepo.ErrAuth) {
			t.Errorf("the old one: %v", err)
		}
		current = trusted
		if _, err := repo.Fetch(t.Context(), "main"); err != nil {
			t.Errorf("the new one: %v", err)
		}
	})
}

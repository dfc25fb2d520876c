package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// keyDir is the folder of certificates and keys, made by ensureKeys.
type keyDir string

func (d keyDir) file(name string) string { return filepath.Join(string(d), name) }

// pair is an authority that others are signed by.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// identity is somebody whom the API server knows by a client certificate.
type identity struct {
	name string // of the files
	user string
	org  string // the user's group, if any
}

func identities() []identity {
	return []identity{
		{name: "admin", user: "admin", org: "system:masters"},
		{name: "controller-manager", user: "system:kube-controller-manager"},
		{name: "scheduler", user: "system:kube-scheduler"},
		{name: "viewer", user: "viewer"}, // may do what a test binds it to, and else nothing
	}
}

// ensureKeys makes the certificates, and a kubeconfig for each identity, unless
// an earlier start did.
func ensureKeys(dir, server string) (keyDir, error) {
	keys := keyDir(filepath.Join(dir, "pki"))
	_, err := os.Stat(keys.file("complete"))
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if err := os.MkdirAll(string(keys), 0o700); err != nil {
		return "", err
	}
	if err := keys.makeServerKeys(); err != nil {
		return "", err
	}
	ca, err := keys.authority("ca")
	if err != nil {
		return "", err
	}
	if err := keys.issue("apiserver", serverTemplate(), ca); err != nil {
		return "", err
	}
	for _, id := range identities() {
		if err := keys.issue(id.name, clientTemplate(id.user, id.org), ca); err != nil {
			return "", err
		}
		if err := keys.writeKubeconfig(filepath.Join(dir, id.name+".kubeconfig"), server, id.name); err != nil {
			return "", err
		}
	}
	return keys, os.WriteFile(keys.file("complete"), nil, 0o600)
}

// makeServerKeys makes what only the API server itself uses: the authority and
// client of the front proxy, and the key that signs ServiceAccount tokens.
func (d keyDir) makeServerKeys() error {
	front, err := d.authority("front-ca")
	if err != nil {
		return err
	}
	if err := d.issue("front", clientTemplate("front-proxy-client", ""), front); err != nil {
		return err
	}
	key, err := d.newKey("sa")
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	return d.write("sa.pub", "PUBLIC KEY", public)
}

func serverTemplate() *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc.cluster.local",
		},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)},
	}
}

func clientTemplate(user, org string) *x509.Certificate {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: user},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if org != "" {
		template.Subject.Organization = []string{org}
	}
	return template
}

// authority makes a self-signed certificate that may sign others.
func (d keyDir) authority(name string) (pair, error) {
	key, err := d.newKey(name)
	if err != nil {
		return pair{}, err
	}
	template := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "towline-test-" + name},
		IsCA:     true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	cert, err := d.sign(name, template, template, key, key)
	return pair{cert: cert, key: key}, err
}

// issue makes a key and its certificate, signed by an authority.
func (d keyDir) issue(name string, template *x509.Certificate, ca pair) error {
	key, err := d.newKey(name)
	if err != nil {
		return err
	}
	_, err = d.sign(name, template, ca.cert, key, ca.key)
	return err
}

func (d keyDir) sign(name string, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	template.KeyUsage |= x509.KeyUsageDigitalSignature
	template.BasicConstraintsValid = true
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	if err := d.write(name+".crt", "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func (d keyDir) newKey(name string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, d.write(name+".key", "EC PRIVATE KEY", der)
}

func (d keyDir) write(name, kind string, der []byte) error {
	return os.WriteFile(d.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

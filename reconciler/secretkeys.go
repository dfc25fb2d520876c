package reconciler

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/giturl"
	"github.com/towline-dev/towline/internal/secret"
)

// The keys of a Secret that a source is read with; the names are Flux's.
const (
	keyUsername     = "username"
	keyPassword     = "password"
	keyBearer       = "bearerToken"
	keyIdentity     = "identity"
	keyKnownHosts   = "known_hosts"
	keyApp          = "githubAppID"
	keyInstallation = "githubAppInstallationID"
	keyAppKey       = "githubAppPrivateKey"
	keyAppURL       = "githubAppBaseURL"
	keyCA           = "ca.crt"
	keyCertificate  = "tls.crt"
	keyKey          = "tls.key"
	keyProxy        = "proxy"
)

// secretKeys lists them in the order in which an identity is made of them.
func secretKeys() []string {
	return []string{
		keyUsername, keyPassword, keyBearer, keyIdentity, keyKnownHosts, keyApp, keyInstallation, keyAppKey, keyAppURL,
		keyCA, keyCertificate, keyKey, keyProxy,
	}
}

// App is an installation of a GitHub App, as a Secret names it.
type App struct {
	ID, InstallationID int64
	PrivateKey         secret.String // PEM
	// BaseURL is the root of the API; "" for where the repository's host has it.
	BaseURL string
	// RepositoryURL is the address of the repository that is to be read.
	RepositoryURL string
	// Transport reaches the API; nil for the usual way.
	Transport http.RoundTripper
}

// AppTokens gives what Git signs in with as an App: a user name, and a source of tokens
// that renews them by itself. It calls nobody.
type AppTokens func(App) (username string, token func(context.Context) (secret.String, error), err error)

// secretData is a Secret that is read for one repository.
type secretData struct {
	data map[string][]byte
	url  string
	apps AppTokens
}

// fromSecret makes credentials of a Secret's data. Errors name keys and never values.
func fromSecret(data map[string][]byte, url string, apps AppTokens) (credentials, error) {
	s := secretData{data, url, apps}
	if !s.any(secretKeys()...) {
		return credentials{}, fmt.Errorf("it has none of the keys %s", strings.Join(secretKeys(), ", "))
	}
	auth := gitrepo.Auth{CA: data[keyCA], Proxy: secret.New(strings.TrimSpace(s.text(keyProxy)))}
	err := errors.Join(s.certificate(&auth), s.check(&auth))
	if err != nil {
		return credentials{}, err
	}
	if u, err := giturl.Parse(url); err == nil && u.Scheme == "ssh" {
		err = s.ssh(&auth)
		return credentials{auth, s.identity()}, err
	}
	err = s.http(&auth)
	return credentials{auth, s.identity()}, err
}

func (s secretData) any(keys ...string) bool {
	for _, key := range keys {
		if len(s.data[key]) > 0 {
			return true
		}
	}
	return false
}

func (s secretData) all(keys ...string) bool {
	for _, key := range keys {
		if len(s.data[key]) == 0 {
			return false
		}
	}
	return true
}

func (s secretData) text(key string) string { return string(s.data[key]) }

// identity tells credentials apart.
func (s secretData) identity() string {
	hash := sha256.New()
	for _, key := range secretKeys() {
		// The length keeps "ab"+"c" and "a"+"bc" apart.
		hash.Write(append(strconv.AppendInt(nil, int64(len(s.data[key])), 10), ':'))
		hash.Write(s.data[key])
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// certificate reads the pair that we show to a server that asks for one.
func (s secretData) certificate(auth *gitrepo.Auth) error {
	if !s.any(keyCertificate, keyKey) {
		return nil
	}
	if !s.all(keyCertificate, keyKey) {
		return errors.New("it has one of tls.crt and tls.key (hint: both are needed)")
	}
	pair, err := tls.X509KeyPair(s.data[keyCertificate], s.data[keyKey])
	if err != nil {
		return errors.New("its tls.crt and tls.key aren't a certificate and the key of it, in PEM")
	}
	auth.ClientCertificate = func() (*tls.Certificate, error) { return &pair, nil }
	return nil
}

// check finds out now what is wrong with the authority and the proxy.
func (s secretData) check(auth *gitrepo.Auth) error {
	if _, err := auth.HTTPTransport(); err != nil {
		return fmt.Errorf("its ca.crt or proxy: %w", err)
	}
	return nil
}

// ssh reads a key for SSH and by what the host is known. Without the latter any host
// could be given the key's signature and serve manifests of its own.
func (s secretData) ssh(auth *gitrepo.Auth) error {
	switch {
	case !s.any(keyIdentity):
		return errors.New("an ssh address needs the key identity in it, an SSH private key")
	case !s.any(keyKnownHosts):
		return errors.New("an ssh address needs the key known_hosts in it (hint: the output of ssh-keyscan HOST, compared with what the host publishes)")
	}
	identity := gitrepo.SSH{
		PrivateKey: secret.New(s.text(keyIdentity)), Passphrase: secret.New(s.text(keyPassword)), KnownHosts: s.data[keyKnownHosts],
	}
	if err := identity.Check(); err != nil {
		return fmt.Errorf("its identity and known_hosts: %w", err)
	}
	auth.SSH = func(context.Context) (gitrepo.SSH, error) { return identity, nil }
	return nil
}

// http reads what http and https are signed in with, which may be nothing.
func (s secretData) http(auth *gitrepo.Auth) error {
	ways := 0
	app := s.any(keyApp, keyInstallation, keyAppKey)
	for _, given := range []bool{app, s.any(keyBearer), s.any(keyPassword, keyUsername)} {
		if given {
			ways++
		}
	}
	switch {
	case s.any(keyIdentity):
		return errors.New("it has a key for SSH, and the address isn't an ssh one (hint: ssh://git@HOST/OWNER/REPOSITORY)")
	case ways > 1:
		return errors.New("it holds more than one way to sign in (hint: keep one of username and password, bearerToken, and githubApp…)")
	case app:
		return s.app(auth)
	case s.any(keyUsername) && !s.any(keyPassword):
		return errors.New("it has a username and no password (hint: a token is a password)")
	}
	auth.Username, auth.Password = s.text(keyUsername), secret.New(s.text(keyPassword))
	auth.Bearer = secret.New(strings.TrimSpace(s.text(keyBearer)))
	return nil
}

// app has Git sign in as a GitHub App.
func (s secretData) app(auth *gitrepo.Auth) error {
	if s.apps == nil {
		return errors.New("this reconciler can't sign in as a GitHub App")
	}
	if !s.all(keyApp, keyInstallation, keyAppKey) {
		return fmt.Errorf("a GitHub App needs %s, %s and %s", keyApp, keyInstallation, keyAppKey)
	}
	id, err := s.number(keyApp)
	installation, err2 := s.number(keyInstallation)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	transport, err := auth.HTTPTransport()
	if err != nil {
		return err
	}
	auth.Username, auth.Token, err = s.apps(App{
		ID: id, InstallationID: installation, PrivateKey: secret.New(s.text(keyAppKey)),
		BaseURL: strings.TrimSpace(s.text(keyAppURL)), RepositoryURL: s.url, Transport: transport,
	})
	if err != nil {
		return fmt.Errorf("its GitHub App: %w", err)
	}
	return nil
}

func (s secretData) number(key string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(s.text(key)), 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("its %s isn't a number", key)
	}
	return n, nil
}

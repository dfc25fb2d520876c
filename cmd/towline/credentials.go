package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"

	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/secret"
)

// maxCredential bounds a file that holds a credential, in bytes.
const maxCredential = 1 << 20

// wireAuth makes what Git signs in with. All files are read here, so that what is wrong
// with them is told at the start, and those that are renewed while the bot runs are read
// again whenever they are needed: tokens, keys, known_hosts and client certificates. The
// authority and the proxy are read once.
func wireAuth(p process, a config.Auth) (auth gitrepo.Auth, err error) {
	auth.Username = a.Username
	if err := wireToken(p, a, &auth); err != nil {
		return gitrepo.Auth{}, err
	}
	if a.CAFile != "" {
		if auth.CA, err = os.ReadFile(a.CAFile); err != nil {
			return gitrepo.Auth{}, err
		}
	}
	if c := a.ClientCertificate; c != nil {
		auth.ClientCertificate = func() (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("reading the client certificate %s: %w", c.CertFile, err)
			}
			return &pair, nil
		}
		if _, err := auth.ClientCertificate(); err != nil {
			return gitrepo.Auth{}, err
		}
	}
	auth.Proxy = secret.New(a.Proxy)
	if a.ProxyFile != "" {
		if auth.Proxy, err = readSecret(a.ProxyFile, "auth.proxyFile"); err != nil {
			return gitrepo.Auth{}, err
		}
	}
	if a.SSH == nil {
		return auth, nil
	}
	auth.SSH = func(context.Context) (gitrepo.SSH, error) { return readIdentity(p, *a.SSH) }
	identity, err := readIdentity(p, *a.SSH)
	if err == nil {
		err = identity.Check()
	}
	if err != nil {
		return gitrepo.Auth{}, fmt.Errorf("auth.ssh: %w", err)
	}
	return auth, nil
}

// wireToken gives the token that the configuration points at, or none where it points
// at nothing. A place that is named and empty is an error, so that a missing Secret
// doesn't become an anonymous request.
func wireToken(p process, a config.Auth, auth *gitrepo.Auth) error {
	switch {
	case a.TokenEnv != "":
		token := p.getenv(a.TokenEnv)
		if token == "" {
			return fmt.Errorf("the environment variable %s, named by auth.tokenEnv, is empty", a.TokenEnv)
		}
		auth.Token = func(context.Context) (secret.String, error) { return secret.New(token), nil }
	case a.TokenFile != "":
		auth.Token = func(context.Context) (secret.String, error) { return readSecret(a.TokenFile, "auth.tokenFile") }
		_, err := auth.Token(context.Background())
		return err
	}
	return nil
}

func readIdentity(p process, s config.SSHAuth) (identity gitrepo.SSH, err error) {
	identity.User = s.User
	if identity.KnownHosts, err = readBounded(s.KnownHostsFile); err != nil {
		return gitrepo.SSH{}, err
	}
	if s.Agent {
		if identity.AgentSocket = p.getenv("SSH_AUTH_SOCK"); identity.AgentSocket == "" {
			return gitrepo.SSH{}, errors.New("agent is true, and SSH_AUTH_SOCK names no agent")
		}
		return identity, nil
	}
	if err := checkMode(s.PrivateKeyFile); err != nil {
		return gitrepo.SSH{}, err
	}
	key, err := readBounded(s.PrivateKeyFile)
	if err != nil {
		return gitrepo.SSH{}, err
	}
	identity.PrivateKey = secret.New(string(key))
	if s.PassphraseFile != "" {
		if identity.Passphrase, err = readSecret(s.PassphraseFile, "passphraseFile"); err != nil {
			return gitrepo.SSH{}, err
		}
	}
	if s.CertificateFile != "" {
		identity.Certificate, err = readBounded(s.CertificateFile)
	}
	return identity, err
}

// checkMode refuses a key that everybody on the machine can read. Its group may: a Pod
// that doesn't run as root reads a Secret by its fsGroup.
func checkMode(file string) error {
	info, err := os.Stat(file)
	if err != nil || runtime.GOOS == "windows" { // its files have no such bits
		return err
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		return fmt.Errorf("%s holds a private key that others can read, its mode is %#o (hint: chmod 600; for a Secret's volume defaultMode: 0440)", file, mode)
	}
	return nil
}

// readSecret reads a file that holds one secret, without the blanks around it.
func readSecret(file, named string) (secret.String, error) {
	data, err := readBounded(file)
	if err != nil {
		return secret.String{}, err
	}
	text := bytes.TrimSpace(data)
	if len(text) == 0 {
		return secret.String{}, fmt.Errorf("the file %s, named by %s, is empty", file, named)
	}
	return secret.New(string(text)), nil
}

func readBounded(file string) (data []byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	data, err = io.ReadAll(io.LimitReader(f, maxCredential+1))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil && len(data) > maxCredential {
		err = fmt.Errorf("%s has more than %d bytes", file, maxCredential)
	}
	return data, err
}

// apiTransport is how a forge's API is reached: as Git is, or by the transport that all
// share where nothing is asked for.
func apiTransport(auth gitrepo.Auth) (http.RoundTripper, error) {
	if len(auth.CA) == 0 && auth.ClientCertificate == nil && auth.Proxy.IsZero() {
		return nil, nil
	}
	return auth.HTTPTransport()
}

package sshclient

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/towline-dev/towline/internal/secret"
)

// Identity is who we are to a host, and by what we know the host.
type Identity struct {
	// User signs in where the repository's URL names none. Default: git.
	User string
	// PrivateKey is a key in OpenSSH's or PEM format.
	PrivateKey secret.String
	// Passphrase decrypts PrivateKey. Default: it isn't encrypted.
	Passphrase secret.String
	// Certificate is the OpenSSH certificate (KEY-cert.pub) of PrivateKey. Default:
	// none. The bare key is offered after it.
	Certificate []byte
	// AgentSocket is the socket of an agent whose keys are used in place of
	// PrivateKey.
	AgentSocket string
	// KnownHosts is the content of a known_hosts file. There is no default.
	KnownHosts []byte
}

// Check tells what is wrong with an identity without connecting to anything.
func (i Identity) Check() error {
	if _, err := ParseKnownHosts(i.KnownHosts); err != nil {
		return err
	}
	if i.AgentSocket != "" {
		return nil
	}
	_, err := i.keys()
	return err
}

// Equal tells whether two identities are the same, so that what signed in with one
// serves the other.
func (i Identity) Equal(other Identity) bool {
	return i.User == other.User && i.PrivateKey == other.PrivateKey && i.Passphrase == other.Passphrase &&
		bytes.Equal(i.Certificate, other.Certificate) && i.AgentSocket == other.AgentSocket && bytes.Equal(i.KnownHosts, other.KnownHosts)
}

// signers gives the keys to show, and what to call when they aren't needed any more.
func (i Identity) signers(ctx context.Context) (found []ssh.Signer, done func(), err error) {
	if i.AgentSocket == "" {
		found, err = i.keys()
		return found, func() {}, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", i.AgentSocket)
	if err != nil {
		return nil, nil, fmt.Errorf("reaching the SSH agent: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // an agent may wait for a person
	done = func() { stop(); _ = conn.Close() }
	held, err := agent.NewClient(conn).Signers()
	if err == nil && len(held) == 0 {
		err = errors.New("it holds no key")
	}
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("asking the SSH agent for keys: %w", err)
	}
	for _, signer := range held {
		if signer, err = modern(signer); err != nil {
			done()
			return nil, nil, err
		}
		found = append(found, signer)
	}
	return found, done, nil
}

func (i Identity) keys() ([]ssh.Signer, error) {
	if i.PrivateKey.IsZero() {
		return nil, errors.New("there is neither a private key nor an agent to sign in with")
	}
	signer, err := i.parseKey()
	if err != nil {
		return nil, err
	}
	if len(i.Certificate) == 0 {
		return []ssh.Signer{signer}, nil
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(i.Certificate)
	if err != nil {
		return nil, fmt.Errorf("reading the SSH certificate: %w", err)
	}
	certificate, ok := public.(*ssh.Certificate)
	if !ok {
		return nil, errors.New("the SSH certificate is a bare public key (hint: it stands in KEY-cert.pub)")
	}
	certified, err := ssh.NewCertSigner(certificate, signer)
	if err != nil {
		return nil, fmt.Errorf("the SSH certificate isn't the private key's: %w", err)
	}
	return []ssh.Signer{certified, signer}, nil
}

func (i Identity) parseKey() (ssh.Signer, error) {
	key := []byte(i.PrivateKey.Reveal())
	var signer ssh.Signer
	var err error
	if i.Passphrase.IsZero() {
		signer, err = ssh.ParsePrivateKey(key)
	} else {
		signer, err = ssh.ParsePrivateKeyWithPassphrase(key, []byte(i.Passphrase.Reveal()))
	}
	var missing *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &missing):
		return nil, errors.New("the private key is encrypted, and no passphrase is given")
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, errors.New("the private key's passphrase is wrong")
	case err != nil:
		return nil, fmt.Errorf("reading the private key: %w", err)
	}
	return modern(signer)
}

// modern keeps RSA keys from signing with SHA-1, which the library still does for
// hosts that don't say what they take.
func modern(signer ssh.Signer) (ssh.Signer, error) {
	if signer.PublicKey().Type() != ssh.KeyAlgoRSA {
		return signer, nil
	}
	algorithms, ok := signer.(ssh.AlgorithmSigner)
	if !ok {
		return nil, fmt.Errorf("the key %s can sign with SHA-1 only", describe(signer.PublicKey()))
	}
	return ssh.NewSignerWithAlgorithms(algorithms, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
}

package gitsign

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// sshNamespace keeps a signature of a commit from serving for anything else; it is
// git's (gpg-interface.c).
const sshNamespace = "git"

// minRSABits is the least that forges and current OpenSSH take.
const minRSABits = 2048

type sshKey struct{ signer ssh.Signer }

func newSSH(cfg Config) (scheme, error) {
	raw, err := parseSSH([]byte(cfg.Key.Reveal()), []byte(cfg.Passphrase.Reveal()))
	if err != nil {
		return nil, err
	}
	if key, ok := raw.(*rsa.PrivateKey); ok && key.N.BitLen() < minRSABits {
		return nil, fmt.Errorf("it is an RSA key of %d bits (hint: %d at least, or ssh-keygen -t ed25519)", key.N.BitLen(), minRSABits)
	}
	signer, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		return nil, fmt.Errorf("it isn't a key that can sign: %w", err)
	}
	kinds := []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSA}
	if kind := signer.PublicKey().Type(); !slices.Contains(kinds, kind) {
		return nil, fmt.Errorf("it is of the type %s (hint: use ed25519, ecdsa or rsa)", kind)
	}
	return sshKey{signer}, nil
}

// parseSSH reads the private key. A passphrase that isn't needed does no harm.
func parseSSH(key, passphrase []byte) (any, error) {
	raw, err := ssh.ParseRawPrivateKey(key)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		if len(passphrase) == 0 {
			return nil, errors.New("it is encrypted (hint: name its passphraseFile)")
		}
		raw, err = ssh.ParseRawPrivateKeyWithPassphrase(key, passphrase)
	}
	switch {
	case err == nil:
		return raw, nil
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, errors.New("the passphrase is wrong")
	}
	if _, _, _, _, public := ssh.ParseAuthorizedKey(key); public == nil {
		return nil, errors.New("it is a public key (hint: name the file without .pub)")
	}
	return nil, fmt.Errorf("it isn't an SSH private key that a program can use (hint: keys on a security token, sk-…, can't sign here): %w", err)
}

// sign gives an SSHSIG signature over SHA-512, as ssh-keygen -Y sign does.
func (k sshKey) sign(payload []byte) ([]byte, error) {
	signature, err := sshsig.Sign(bytes.NewReader(payload), k.signer, sshsig.HashSHA512, sshNamespace)
	if err != nil {
		return nil, err
	}
	return sshsig.Armor(signature), nil
}

func (k sshKey) verify(payload, armored []byte) error {
	signature, err := sshsig.Unarmor(armored)
	if err != nil {
		return err
	}
	return sshsig.Verify(bytes.NewReader(payload), signature, k.signer.PublicKey(), signature.HashAlgorithm, sshNamespace)
}

func (k sshKey) fingerprint() string { return ssh.FingerprintSHA256(k.signer.PublicKey()) }

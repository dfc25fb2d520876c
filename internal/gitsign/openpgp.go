package gitsign

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

type pgpKey struct {
	entity *openpgp.Entity
	now    func() time.Time
}

func newOpenPGP(cfg Config) (scheme, error) {
	entity, err := parseOpenPGP([]byte(cfg.Key.Reveal()))
	if err != nil {
		return nil, err
	}
	k := pgpKey{entity, cfg.Now}
	if err := k.unlock([]byte(cfg.Passphrase.Reveal())); err != nil {
		return nil, err
	}
	if err := k.usable(); err != nil {
		return nil, err
	}
	if cfg.Email != "" && !slices.Contains(k.emails(), strings.ToLower(cfg.Email)) {
		return nil, fmt.Errorf("its user IDs don't have the committer's address %s (hint: set committer to one of: %s)",
			cfg.Email, strings.Join(k.emails(), ", "))
	}
	return k, nil
}

func parseOpenPGP(data []byte) (*openpgp.Entity, error) {
	read := openpgp.ReadKeyRing
	if bytes.Contains(data, []byte("-----BEGIN PGP ")) {
		read = openpgp.ReadArmoredKeyRing
	}
	ring, err := read(bytes.NewReader(data))
	switch {
	case err != nil:
		return nil, fmt.Errorf("it isn't an OpenPGP key (hint: gpg --armor --export-secret-keys ADDRESS): %w", err)
	case len(ring) != 1:
		return nil, fmt.Errorf("the file holds %d keys (hint: export the bot's alone)", len(ring))
	case ring[0].PrivateKey == nil:
		return nil, errors.New("it is a public key (hint: gpg --armor --export-secret-keys ADDRESS)")
	}
	return ring[0], nil
}

// unlock decrypts the private parts for as long as the process lives.
func (k pgpKey) unlock(passphrase []byte) error {
	locked := k.entity.PrivateKey.Encrypted
	for _, sub := range k.entity.Subkeys {
		locked = locked || sub.PrivateKey != nil && sub.PrivateKey.Encrypted
	}
	if !locked {
		return nil
	}
	if len(passphrase) == 0 {
		return errors.New("it is encrypted (hint: name its passphraseFile)")
	}
	if err := k.entity.DecryptPrivateKeys(passphrase); err != nil {
		return fmt.Errorf("the passphrase doesn't open it: %w", err)
	}
	return nil
}

// usable says what keeps the key from signing now. Keys expire while a bot runs.
func (k pgpKey) usable() error {
	now := k.now()
	self, identity := k.entity.PrimarySelfSignature()
	switch {
	case k.entity.Revoked(now) || identity != nil && identity.Revoked(now):
		return errors.New("it has been revoked (hint: make a new key)")
	case self == nil:
		return errors.New("it has no valid user ID")
	case k.entity.PrimaryKey.KeyExpired(self, now):
		return errors.New("it has expired (hint: gpg --quick-set-expire, then export it again, and give the forge the new public key)")
	}
	key, ok := k.entity.SigningKey(now)
	switch {
	case !ok:
		return errors.New("neither it nor a subkey of it can sign now: they are expired, revoked, or for other uses")
	case key.PrivateKey == nil || key.PrivateKey.Dummy():
		return fmt.Errorf("the private part of its signing key %X isn't in the file (hint: export it from where it is)", key.PublicKey.Fingerprint)
	}
	return nil
}

// emails gives the addresses of the user IDs that weren't revoked, sorted, in lower case.
func (k pgpKey) emails() []string {
	found := map[string]bool{}
	for _, identity := range k.entity.Identities {
		if identity.UserId != nil && identity.UserId.Email != "" && !identity.Revoked(k.now()) {
			found[strings.ToLower(identity.UserId.Email)] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func (k pgpKey) config() *packet.Config {
	return &packet.Config{DefaultHash: crypto.SHA512, Time: k.now}
}

func (k pgpKey) sign(payload []byte) ([]byte, error) {
	if err := k.usable(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&out, k.entity, bytes.NewReader(payload), k.config()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (k pgpKey) verify(payload, armored []byte) error {
	block, err := armor.Decode(bytes.NewReader(armored))
	if err != nil {
		return fmt.Errorf("reading the signature: %w", err)
	}
	if block.Type != openpgp.SignatureType {
		return fmt.Errorf("reading the signature: it is a %q", block.Type)
	}
	_, _, err = openpgp.VerifyDetachedSignature(openpgp.EntityList{k.entity}, bytes.NewReader(payload), block.Body, k.config())
	return err
}

func (k pgpKey) fingerprint() string { return fmt.Sprintf("%X", k.entity.PrimaryKey.Fingerprint) }

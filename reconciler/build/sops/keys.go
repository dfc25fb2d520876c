package sops

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"filippo.io/age"
	agearmor "filippo.io/age/armor"
	"github.com/ProtonMail/go-crypto/openpgp"
	pgparmor "github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"

	"github.com/towline-dev/towline/reconciler/build"
)

// Keys open files. They are safe for concurrent use.
type Keys struct {
	identities []age.Identity
	ring       openpgp.EntityList
	sum        string
}

var _ build.Decrypter = (*Keys)(nil)

// NewKeys reads the values of a Secret: those of keys that end in .agekey are age
// identities, one a line, and those of keys that end in .asc armoured OpenPGP private
// keys without a passphrase. Others are passed over; it is an error where there is none.
func NewKeys(secretData map[string][]byte) (build.Decrypter, error) {
	k := &Keys{}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(secretData)) {
		data := secretData[name]
		var err error
		switch path.Ext(name) {
		case ".agekey":
			err = k.addAge(data)
		case ".asc":
			err = k.addOpenPGP(data)
		default:
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading key %q: %w", name, err)
		}
		_, _ = fmt.Fprintf(sum, "%d %d ", len(name), len(data)) // a hash takes everything
		sum.Write([]byte(name))
		sum.Write(data)
	}
	if len(k.identities) == 0 && len(k.ring) == 0 {
		return nil, errors.New("no key that opens SOPS files: age identities belong into keys that end in .agekey, OpenPGP private keys into those that end in .asc")
	}
	k.sum = hex.EncodeToString(sum.Sum(nil))
	return k, nil
}

// Key is a hash of the keys.
func (k *Keys) Key() string { return k.sum }

func (k *Keys) addAge(data []byte) error {
	identities, err := age.ParseIdentities(bytes.NewReader(data))
	if err != nil {
		return errors.New("it isn't a list of age identities, AGE-SECRET-KEY-…, one a line") // the error may quote the key
	}
	k.identities = append(k.identities, identities...)
	return nil
}

func (k *Keys) addOpenPGP(data []byte) error {
	blocks := strings.SplitAfter(string(data), "-----END PGP PRIVATE KEY BLOCK-----")
	for i, text := range blocks {
		if i > 0 && strings.TrimSpace(text) == "" {
			continue
		}
		block, err := pgparmor.Decode(strings.NewReader(text))
		if err != nil {
			return errors.New("it isn't an armoured OpenPGP key (hint: gpg --armor --export-secret-keys FINGERPRINT)")
		}
		ring, err := openpgp.ReadKeyRing(block.Body)
		if err != nil {
			return fmt.Errorf("it isn't an OpenPGP key: %w", err)
		}
		for _, entity := range ring {
			if err := usable(entity); err != nil {
				return err
			}
		}
		k.ring = append(k.ring, ring...)
	}
	return nil
}

func usable(entity *openpgp.Entity) error {
	name := fmt.Sprintf("%X", entity.PrimaryKey.Fingerprint)
	if entity.PrivateKey == nil {
		return fmt.Errorf("%s is a public key (hint: gpg --armor --export-secret-keys %s)", name, name)
	}
	for _, sub := range entity.Subkeys {
		if sub.PrivateKey != nil && sub.PrivateKey.Encrypted {
			return fmt.Errorf("%s is locked by a passphrase, for which nobody can be asked", name)
		}
	}
	if entity.PrivateKey.Encrypted {
		return fmt.Errorf("%s is locked by a passphrase, for which nobody can be asked", name)
	}
	return nil
}

// maxDataKey bounds what an encrypted data key may grow to; it has 32 bytes.
const maxDataKey = 1 << 10

// dataKey opens the key of a file with the first of our keys that can.
func (k *Keys) dataKey(m *metadata) ([]byte, error) {
	to, err := m.recipients()
	if err != nil {
		return nil, err
	}
	var broken []error
	for _, r := range to.Age {
		key, err := k.openAge(r.Enc)
		if err == nil {
			return sized(key)
		}
		if _, noMatch := errors.AsType[*age.NoIdentityMatchError](err); !noMatch && len(k.identities) > 0 {
			broken = append(broken, fmt.Errorf("the data key for %s: %w", r.Recipient, err))
		}
	}
	for _, r := range to.PGP {
		key, err := k.openOpenPGP(r.Enc)
		if err == nil {
			return sized(key)
		}
		if !errors.Is(err, pgperrors.ErrKeyIncorrect) {
			broken = append(broken, fmt.Errorf("the data key for OpenPGP %s: %w", r.Fingerprint, err))
		}
	}
	if len(broken) > 0 {
		return nil, errors.Join(broken...)
	}
	return nil, fmt.Errorf("none of the keys opens it; it is encrypted for %s", to)
}

func sized(key []byte) ([]byte, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("the data key has %d bytes instead of 32", len(key))
	}
	return key, nil
}

func (k *Keys) openAge(enc string) ([]byte, error) {
	if len(k.identities) == 0 {
		return nil, errors.New("no age identities")
	}
	plain, err := age.Decrypt(agearmor.NewReader(strings.NewReader(enc)), k.identities...)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(plain, maxDataKey))
}

func (k *Keys) openOpenPGP(enc string) ([]byte, error) {
	block, err := pgparmor.Decode(strings.NewReader(enc))
	if err != nil {
		return nil, fmt.Errorf("reading the armour: %w", err)
	}
	message, err := openpgp.ReadMessage(block.Body, k.ring, nil, nil)
	if err != nil {
		return nil, err
	}
	if !message.IsEncrypted {
		return nil, errors.New("it isn't encrypted at all")
	}
	return io.ReadAll(io.LimitReader(message.UnverifiedBody, maxDataKey))
}

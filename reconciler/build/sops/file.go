package sops

import (
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
)

// errMAC says that the values are authentic one by one, but not as a whole.
var errMAC = errors.New("its MAC doesn't match: values were added, removed or reordered since it was encrypted")

// macSeed begins the MAC of files in which it covers encrypted values only, so that
// one kind of MAC never passes for the other. It is SHA-256("sops").
const macSeed = "8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69"

// opener decrypts the values of one file in their order.
type opener struct {
	meta      *metadata
	key       []byte
	encrypted rule
	sum       hash.Hash
}

func (k *Keys) opener(m *metadata) (*opener, error) {
	encrypted, err := m.rule()
	if err != nil {
		return nil, err
	}
	key, err := k.dataKey(m)
	if err != nil {
		return nil, err
	}
	o := &opener{meta: m, key: key, encrypted: encrypted, sum: sha512.New()}
	if m.MACOnlyEncrypted {
		seed, err := hex.DecodeString(macSeed)
		if err != nil {
			return nil, err
		}
		o.sum.Write(seed)
	}
	return o, nil
}

// leaf gives the plain value at a path.
func (o *opener) leaf(path []string, value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	encrypted := o.encrypted(path)
	if encrypted {
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("opening %s: it isn't encrypted, but must be by the file's rule", place(path))
		}
		var err error
		if value, err = open(text, o.key, strings.Join(path, ":")+":"); err != nil {
			return nil, fmt.Errorf("opening %s: %w", place(path), err)
		}
	}
	if _, isComment := value.(comment); isComment || o.meta.MACOnlyEncrypted && !encrypted {
		return value, nil
	}
	form, err := canonical(value)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", place(path), err)
	}
	o.sum.Write(form)
	return value, nil
}

// verify holds the MAC against all that went through leaf.
func (o *opener) verify() error {
	modified, err := o.meta.modified()
	if err != nil {
		return err
	}
	want, err := open(o.meta.MAC, o.key, modified)
	if err != nil {
		return fmt.Errorf("opening sops.mac: %w", err)
	}
	text, ok := want.(string)
	if got := fmt.Sprintf("%X", o.sum.Sum(nil)); !ok || subtle.ConstantTimeCompare([]byte(text), []byte(got)) != 1 {
		return errMAC
	}
	return nil
}

func place(path []string) string { return brief(strings.Join(path, ".")) }
